"""The one way of a run: selection, survey, approval, carrying out, summary."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, Broken
from wanx_render.events import Event
from wanx_render.language import Message, recorded, tr
from wanx_render.media import ffmpeg
from wanx_render.money import Money, write_sum, write_sums
from wanx_render.run.clips.footage import FootageMaker
from wanx_render.run.table_manifest import write_table_manifest
from wanx_render.session.approval import SavedPlan, check_budgets, confirm, hold_to, open_saved
from wanx_render.session.carry_out import Means, Run
from wanx_render.session.connection import access_for, reach
from wanx_render.session.destination import Destination, Place, at_work, usable
from wanx_render.session.environment import Environment
from wanx_render.session.folder import held, opened, pool, writable
from wanx_render.session.outcome import Index, beside, inside, paid_sum
from wanx_render.session.outlook import without_label
from wanx_render.session.selection import RenderOptions, Selection
from wanx_render.session.summary import (
    SharedResults,
    close,
    emit_for,
    gathered,
    say_skipped,
    skip_record,
    skips,
    start,
)
from wanx_render.session.survey import Survey, Surveyed
from wanx_render.shotlist.model import ClipShot, GeneratedShot
from wanx_render.validation.needs import insist

if TYPE_CHECKING:
    from wanx_render.backends.line import Access

_WHOLE = ("manifest.json",)  # of a table's folder, over its rows


def render(options: RenderOptions, environment: Environment) -> int:
    """Make everything that the files ask for, or a saved plan; the exit code, the worst of all."""
    if not options.plan:
        return run_selection(Selection.of(options), environment)
    plan = open_saved(options.plan)
    files, keep_going = tuple(map(Path, plan.lists)), options.keep_going or plan.keep_going
    options = replace(options, files=files, keep_going=keep_going)
    selection = Selection.of(replace(options, only=(), rows=None, shard=None))
    if selection.is_one_file and (options.rows or options.shard):
        message = tr("{file} is the plan of one list, which has no rows", file=options.plan)
        hint = tr("leave --rows and --shard out")
        raise BadInput(Diagnostic("rows-unknown", message, hint=hint))
    less = replace(
        selection.options,
        only=options.only or plan.choice.only,
        rows=options.rows or plan.choice.rows,
        shard=options.shard or plan.choice.shard,
    )
    return run_selection(selection.with_options(less), environment, plan)


def run_selection(
    selection: Selection, environment: Environment, saved: SavedPlan | None = None
) -> int:
    """Make everything that these lists ask for; the exit code."""
    selection.require_one_service()
    say_skipped(selection, environment)
    options, program = selection.options, ffmpeg.find(environment.environ)
    for item in selection.chosen:
        shots = item.loaded.shots
        insist(program, shots.shots, shots.deliverables, item.loaded.media)
    destination = Destination.of(options.executor, options.store, environment.environ)
    places = _places(destination, selection)
    access = None
    if _generates(selection):
        access = access_for(
            selection.catalog, selection.backend, selection.region, options, environment.environ
        )
    with ExitStack() as stack:
        for home in selection.homes:
            writable(home)
            stack.enter_context(held(home))
        journals = {
            home: stack.enter_context(opened(home, environment.say)) for home in selection.homes
        }
        if destination.bucket:
            for place in places.values():
                with usable(place.published.store):
                    place.published.look()  # asked once what it holds
        survey = Survey(selection, journals, places, program.version).result()
        if not survey.finished:
            destination.tried(selection.homes[0])
            _look_at_footage(program, selection, environment)
        _approve(survey, saved, environment)
        way = _Way(program, destination, access, environment)
        run, whole = way.carry_out(survey, stack)
    return close(run, whole, environment)


def _generates(selection: Selection) -> bool:
    """Whether the service is needed: not for lists of own footage alone."""
    shots = (shot for item in selection.chosen for shot in item.loaded.shots.shots)
    return any(isinstance(shot, GeneratedShot) for shot in shots)


def _look_at_footage(
    program: ffmpeg.Ffmpeg, selection: Selection, environment: Environment
) -> None:
    """Decode all own footage before anything is spent. Raises BadInput."""
    for item in selection.chosen:
        maker = FootageMaker(program, item.home)
        for shot in item.loaded.shots.shots:
            if not isinstance(shot, ClipShot):
                continue
            file = item.loaded.media[shot.clip]
            if not maker.is_known(file):  # it takes a while where a video is long
                environment.say(tr("checking {file}", file=shot.clip[:100]))
            try:
                maker.check(file)
            except Broken as error:
                raise BadInput(Diagnostic("clip-unreadable", error.sentence)) from None


def _places(destination: Destination, selection: Selection) -> dict[Path, Place]:
    """Where the files of each home go: in a bucket, several lists each have a folder of their own.

    Raises BadInput where two would have the same.
    """
    projects = {item.home: item.project for item in selection.chosen}
    homes = {project: home for home, project in projects.items()}
    for home, project in projects.items():
        if destination.bucket and homes[project] != home:
            message = tr(
                "{first} and {second} would both go to {target}",
                first=home, second=homes[project], target=f"{destination.bucket}/{project}",
            )  # fmt: skip
            hint = tr("give each list its own project")
            raise BadInput(Diagnostic("project-twice", message, hint=hint))
    several = selection.several_files
    return {home: destination.place(home, p if several else "") for home, p in projects.items()}


def _approve(surveyed: Surveyed, saved: SavedPlan | None, environment: Environment) -> None:
    """Hold the run to its saved plan, its budgets and a typed price. Raises NeedsApproval."""
    selection = surveyed.selection
    if saved:
        hold_to(saved, selection, surveyed.takes)
    if selection.options.free:
        return
    check_budgets(surveyed)
    may_spend = selection.backend == "mock" or selection.options.yes or saved
    if surveyed.requests and not may_spend:
        confirm(surveyed, environment)


@dataclass(frozen=True)
class _Way:
    """Where and with what a run is carried out."""

    program: ffmpeg.Ffmpeg
    destination: Destination
    access: "Access | None"  # None for the mock
    environment: Environment

    def carry_out(self, surveyed: Surveyed, stack: ExitStack) -> tuple[Run, SharedResults | None]:
        """Run it to its end, and write what belongs to several lists together."""
        survey, program = surveyed.survey, self.program
        executor = stack.enter_context(pool(self.destination.at_once))
        service = reach(
            surveyed.selection.catalog, self.access, self.environment.environ, survey.journals,
            program=program, executor=executor,
        )  # fmt: skip
        pace = service.clock.pace
        emit = stack.enter_context(emit_for(surveyed, self.environment, pace))
        emit(start(surveyed))
        for event in skips(surveyed.selection):
            emit(event)
        for warning in _warnings(surveyed):
            emit(warning)
        means = Means.here(service, program, executor)
        if not surveyed.finished:  # else there is nothing to be made anywhere

            def warn(text: Message) -> None:
                emit(Event("warning", text))

            first = surveyed.selection.homes[0]
            makers = stack.enter_context(at_work(self.destination, first, program, executor, warn))
            means = replace(means, workers=lambda home: makers(survey.places[home]))
        surveyed.note_retakes()
        surveyed.note_rows()
        surveyed.note_picks()
        run = Run(surveyed, means, emit)
        if surveyed.selection.alone:
            asyncio.run(run.carry_out())
            return run, None
        try:
            asyncio.run(run.carry_out())
        finally:
            index = _write_index(run)
        whole = self._whole(run, index)
        for reason in whole.unsent:
            emit(Event("broken", recorded(reason)))
        return run, whole

    def _whole(self, run: Run, index: Index) -> SharedResults:
        """What belongs to all lists together, in the bucket too where there is one."""
        page: Path | str = run.selection.index_page
        unsent: list[str] = []
        if bucket := self.destination.bucket:
            page, unsent = f"{bucket}/index.html", _put_whole(self.destination, index, run.survey)
        return SharedResults(page, index.cost, paid_sum(run.survey.journals, kept=True), unsent)


def _warnings(surveyed: Surveyed) -> Iterator[Event]:
    """What is worth warning of, each with the list that it is about."""
    selection = surveyed.selection
    for message in surveyed.messages:
        yield Event("warning", message)
    for batch in selection.batches:
        stale = [
            warning
            for prospect in surveyed.lists
            if prospect.item.file == batch.file
            for warning in prospect.warnings
        ]
        labels = without_label(batch.lists, selection.backend)
        for text in gathered((*batch.warnings, *stale, *labels)):
            yield Event("warning", text, list=str(batch.file))


def _write_index(run: Run) -> Index:
    """Write the page over all lists of the homes at work, and the tables' manifests."""
    selection, journals = run.selection, run.survey.journals
    near = [item for item in selection.entries if item.home is None or item.home in journals]
    spent = write_sum(Money(run.limit.billed, selection.currency))
    mock = selection.backend == "mock"
    index = Index.of(near, journals, {}, options=run.options, mock=mock, run_cost=spent)
    index.write(selection.index_page, beside(selection.index_page))
    for home, journal in journals.items():
        rows = [item for item in selection.lists if item.home == home and item.row]
        skipped = [item for item in selection.left_out if item.home == home]
        is_current = home not in run.changed and (home / "manifest.json").exists()
        if not rows or (is_current and not skipped):
            continue
        left = journal.rows()
        ever = write_sums(journal.paid())
        head = {
            "project": rows[0].project,
            "complete": not skipped and all(left.get(item.row, {}).get("mark") for item in rows),
            "cost": ever,
            "cost_run": spent,
            "cost_folder": ever,
            "skipped": [skip_record(item) for item in skipped],
        }
        write_table_manifest(home, [(item.row, item.folder) for item in rows], head)
    return index


def _put_whole(destination: Destination, index: Index, survey: Survey) -> list[str]:
    """Put the page over all lists into the bucket, and the tables' manifests; what failed."""
    places, several = survey.places, survey.selection.several_files
    tables = {item.home for item in index.lists if item.row}
    unsent = [reason for home in places if home in tables for reason in places[home].put(_WHOLE)]
    first = next(iter(places.values()))
    root, link = destination.place(first.folder) if several else first, inside(projects=several)
    page = first.folder / ".cache" / "index.html"
    index.write(page, link)
    reason = root.offer(page, "index.html", index.identity(link))
    return [*unsent, reason] if reason else unsent
