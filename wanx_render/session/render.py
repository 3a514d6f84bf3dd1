"""The one way of a run: selection, survey, approval, carrying out, summary."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_render.catalog.pricing import Total
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.events import Event
from wanx_render.media import ffmpeg
from wanx_render.money import write_sums
from wanx_render.planning.journal import Journal
from wanx_render.run.table_manifest import write_table_manifest
from wanx_render.session.approval import SavedPlan, check_budgets, confirm, hold_to, open_saved
from wanx_render.session.carry_out import Means, Run
from wanx_render.session.connection import access_for, reach
from wanx_render.session.destination import Destination, Place, at_work, usable
from wanx_render.session.environment import Environment
from wanx_render.session.folder import held, opened, pool, writable
from wanx_render.session.outcome import Index, beside, inside
from wanx_render.session.outlook import without_label
from wanx_render.session.selection import Choice, RenderOptions, Selection
from wanx_render.session.summary import Closing, Summary, gathered, kept_cost, summary_of
from wanx_render.session.survey import Prospect, Survey
from wanx_render.validation.needs import insist

if TYPE_CHECKING:
    from wanx_render.backends.dashscope import Access

_WHOLE = ("manifest.json",)  # of a table's folder, over its rows


def render(options: RenderOptions, environment: Environment) -> int:
    """Make everything that the files ask for, or a saved plan; the exit code, the worst of all."""
    if not options.plan:
        return render_selection(Selection.of(options, options.out), options, environment)
    saved = open_saved(options.plan)
    files = tuple(map(Path, saved.lists))
    selection = Selection.of(replace(options, files=files, rows=None, shard=None), options.out)
    if selection.is_one_file and (options.rows or options.shard):
        message = f"{options.plan} is the plan of one list, which has no rows"
        hint = "leave --rows and --shard out"
        raise BadInput(Diagnostic("rows-unknown", message, hint=hint))
    less = Choice(
        options.only or saved.choice.only,
        options.rows or saved.choice.rows,
        options.shard or saved.choice.shard,
    )
    return render_selection(selection.choosing(less), options, environment, saved)


def render_selection(
    selection: Selection,
    options: RenderOptions,
    environment: Environment,
    saved: SavedPlan | None = None,
) -> int:
    """Make everything that these lists ask for; the exit code."""
    backend, region = one_service(selection, options.backend)
    retakes = selection.retakes(options.retake)
    program = ffmpeg.find(environment.environ)
    for item in selection.chosen:
        wanted = item.loaded.shots
        insist(program, wanted.shots, wanted.deliverables, item.loaded.media)
    destination = Destination.of(options.executor, options.store, environment.environ)
    places = _places(destination, selection)
    access = access_for(selection.catalog, backend, region, options, environment.environ)
    with ExitStack() as stack:
        journals = _open(selection.homes, stack, environment)
        if destination.bucket:
            _look(places)
        survey = Survey(selection, options, retakes, journals, places, program.version)
        prospects, restored = _surveyed(survey)
        if not all(prospect.finished for prospect in prospects):
            destination.tried(selection.homes[0])
        if saved:
            takes = {prospect.item.name: prospect.takes for prospect in prospects}
            hold_to(saved, selection, backend, takes)
        cost = survey.cost(prospects)
        if not options.free:
            check_budgets(prospects, cost, options, selection)
            requests = {key for prospect in prospects for key in prospect.prices}
            if requests and backend != "mock" and not (options.yes or saved):
                confirm(cost, len(requests), environment, restored)
        means = _Means(program, destination, access, environment)
        job = _Job(survey, options, prospects, restored, cost)
        summary, closing = _carry_out(job, means, stack)
    return summary.close(closing)


def one_service(selection: Selection, backend: str | None) -> tuple[str, str]:
    """The backend and region of all lists. Raises BadInput where they differ."""
    services = {
        (backend or item.loaded.shots.backend, item.loaded.shots.region): item
        for item in selection.chosen
    }
    if len(services) > 1:
        differing = "; ".join(
            f"{item.loaded.file}: {name}, {region}" for (name, region), item in services.items()
        )
        raise BadInput(
            Diagnostic(
                "lists-differ",
                f"lists that run together have one backend and one region ({differing})",
                hint="give --backend, or render them one after the other",
            )
        )
    return next(iter(services))


def _places(destination: Destination, selection: Selection) -> dict[Path, Place]:
    """Where the files of each home go: in a bucket, several lists each have a folder of their own.

    Raises BadInput where two would have the same.
    """
    projects = {item.home: item.project for item in selection.chosen}
    homes = {project: home for home, project in projects.items()}
    for home, project in projects.items():
        if destination.bucket and homes[project] != home:
            message = f"{home} and {homes[project]} would both go to {destination.bucket}/{project}"
            hint = "give each list a project of its own"
            raise BadInput(Diagnostic("project-twice", message, hint=hint))
    several = selection.several_files
    return {home: destination.place(home, p if several else "") for home, p in projects.items()}


def _open(homes: Sequence[Path], stack: ExitStack, environment: Environment) -> dict[Path, Journal]:
    """The journals of the folders, which are this process's until ``stack`` is closed."""
    for home in homes:
        writable(home)
        stack.enter_context(held(home))
    return {home: stack.enter_context(opened(home, environment.say)) for home in homes}


def _look(places: Mapping[Path, Place]) -> None:
    """Ask the bucket once what it holds. Raises BadInput where it does not say."""
    for place in places.values():
        with usable(place.published.store):
            place.published.look()


def _surveyed(survey: Survey) -> tuple[list[Prospect], list[str]]:
    """How every list stands once the clips are back that the bucket has, and messages about it."""
    prospects = survey.prospects()
    restored = list(survey.restored(prospects))
    if restored and any(place.bucket for place in survey.places.values()):
        return survey.prospects(), restored
    return prospects, restored


@dataclass(frozen=True)
class _Means:
    """Where and with what a run is carried out."""

    program: ffmpeg.Ffmpeg
    destination: Destination
    access: "Access | None"  # None for the mock
    environment: Environment


@dataclass(frozen=True)
class _Job:
    """A run that is approved."""

    survey: Survey
    options: RenderOptions
    prospects: Sequence[Prospect]
    restored: Sequence[str]  # messages about clips that came back from the bucket
    cost: Total

    @property
    def finished(self) -> bool:
        return all(prospect.finished for prospect in self.prospects)


def _carry_out(job: _Job, means: _Means, stack: ExitStack) -> tuple[Summary, Closing]:
    """Run it to its end; how it is shown, and what is still to be shown once all is closed."""
    survey, options, program = job.survey, job.options, means.program
    executor = stack.enter_context(pool(means.destination.at_once))
    service = reach(
        survey.selection.catalog, means.access, means.environment.environ, survey.journals,
        program=program, executor=executor,
    )  # fmt: skip
    outlook, pace = job.prospects[0].outlook, service.clock.pace
    summary = stack.enter_context(summary_of(survey, options, means.environment, outlook, pace))
    summary.start(job.prospects, job.cost)
    for text, file in _warnings(job):
        summary.warn(text, file)
    tools = Means.here(service, program, executor)
    if not job.finished:  # else there is nothing to be made anywhere
        first = survey.selection.homes[0]
        works = stack.enter_context(
            at_work(means.destination, first, program, executor, summary.warn)
        )
        tools = replace(tools, workers=lambda home: works.workers(survey.places[home]))
    survey.note_retakes(job.prospects)
    run = Run(survey, options, tools, summary)
    if survey.selection.alone:
        asyncio.run(run.carry_out(job.prospects))
        return summary, Closing(run, job.prospects)
    try:
        asyncio.run(run.carry_out(job.prospects))
    finally:
        page = survey.selection.index_page(options.out)
        index = _write_index(run, page, mock=means.access is None)
    unsent: list[str] = []
    if bucket := means.destination.bucket:
        unsent = _put_whole(means.destination, index, survey)
    for reason in unsent:
        summary.event(Event("broken", reason))
    at = f"{bucket}/index.html" if bucket else page
    return summary, Closing(run, job.prospects, at, index.cost, kept_cost(survey.journals), unsent)


def _warnings(job: _Job) -> Iterator[tuple[str, Path | None]]:
    """What is worth warning of, each with the list that it is about."""
    selection = job.survey.selection
    for text in job.restored:
        yield text, None
    stale = [warning for prospect in job.prospects for warning in prospect.warnings]
    for batch in selection.batches:
        backend = job.options.backend or batch.lists[0].shots.backend
        unlabelled = without_label(batch.lists, backend)
        for text in gathered((*batch.warnings, *stale, *unlabelled)):
            yield text, batch.file
        stale = []


def _write_index(run: Run, page: Path, *, mock: bool) -> Index:
    """Write the page over all lists of the homes at work, and the tables' manifests."""
    selection, journals = run.survey.selection, run.survey.journals
    near = [item for item in selection.lists if item.home in journals]
    index = Index.of(near, journals, {}, mock=mock)
    index.write(page, beside(page))
    for home, journal in journals.items():
        rows = [item for item in near if item.home == home and item.row]
        if not rows or (home not in run.changed and (home / "manifest.json").exists()):
            continue
        left = journal.rows()
        complete = all(left.get(item.row, {}).get("mark") for item in rows)
        write_table_manifest(
            home, [(item.row, item.folder) for item in rows], rows[0].project,
            complete=complete, cost=write_sums(journal.paid()),
        )  # fmt: skip
    return index


def _put_whole(destination: Destination, index: Index, survey: Survey) -> list[str]:
    """Put the page over all lists into the bucket, and the tables' manifests; what failed."""
    places, several = survey.places, survey.selection.several_files
    tables = {item.home for item in index.every if item.row}
    unsent = [reason for home in places if home in tables for reason in places[home].put(_WHOLE)]
    first = next(iter(places.values()))
    root, link = destination.place(first.folder) if several else first, inside(projects=several)
    page = first.folder / ".cache" / "index.html"
    index.write(page, link)
    reason = root.offer(page, "index.html", index.identity(link))
    return [*unsent, reason] if reason else unsent
