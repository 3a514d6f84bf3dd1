"""``render`` of many lists: one account, one budget, one summary, one exit code, one index page."""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import Total
from wanx_render.commands.plan import SAVED, open_saved
from wanx_render.commands.render import RenderOptions, confirm, render
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.events import Event
from wanx_render.media import ffmpeg
from wanx_render.session.approval import chosen_in, hold_to_all
from wanx_render.session.carry_out import Run
from wanx_render.session.connection import Service, access, dashscope, mock
from wanx_render.session.destination import Place, Workplace, at_work, usable
from wanx_render.session.environment import Environment
from wanx_render.session.folder import held, opened, pool, writable
from wanx_render.session.outcome import Index, beside, inside
from wanx_render.session.outlook import without_label
from wanx_render.session.selection import Choice, Item, chosen, index_of, items, read_all
from wanx_render.session.summary import gathered, warner
from wanx_render.session.survey import Prospect, Survey
from wanx_render.validation.load import Batch
from wanx_render.validation.needs import insist

if TYPE_CHECKING:
    from wanx_render.backends.dashscope import Access

_WHOLE = ("manifest.json",)  # of a table's folder, over its rows


def render_files(options: RenderOptions, files: tuple[Path, ...], environment: Environment) -> int:
    """Make everything that the files ask for: one list as ever, or many under one roof."""
    batches, catalog = read_all(files, options.catalog)
    if len(batches) == 1 and not batches[0].tabular and not (options.rows or options.shard):
        alone = replace(options, file=files[0])
        return render(alone, environment, (batches[0].lists[0], catalog))
    return render_many(options, batches, catalog, environment)


def render_saved(options: RenderOptions, environment: Environment) -> int:
    """Make what a saved plan holds fast and nothing else; of many lists it may be a part."""
    approved = open_saved(options.plan or Path())
    if approved["kind"] == SAVED:
        if options.rows or options.shard:
            told = f"{options.plan} is the plan of one list, which has no rows"
            raise BadInput(Diagnostic("rows-unknown", told, hint="leave --rows and --shard out"))
        return render(options, environment)
    batches, catalog = read_all(map(Path, approved["lists"]), options.catalog)
    whole = chosen_in(approved)
    options = replace(
        options,
        only=options.only or whole.only,
        rows=options.rows or whole.rows,
        shard=options.shard or whole.shard,
    )
    return render_many(options, batches, catalog, environment, approved)


def render_many(
    options: RenderOptions,
    batches: list[Batch],
    catalog: Catalog,
    environment: Environment,
    approved: Mapping[str, Any] | None = None,
) -> int:
    """Make everything the lists ask for; the exit code, the worst of all."""
    every = items(batches, options.out)
    some = chosen(every, Choice(options.only, options.rows, options.shard))
    backend, region = _one_service(some, options)
    program = ffmpeg.find(environment.environ)
    for item in some:
        wanted = item.loaded.shots
        insist(program, wanted.shots, wanted.deliverables, item.loaded.media)
    where = Workplace.of(options.executor, options.store, environment.environ)
    places = _places(where, some, several=len(batches) > 1)
    asked_at = None
    if backend != "mock":
        asked_at = access(
            catalog, region, environment.environ, options.base_url, options.result_hosts
        )
    first = next(iter(places))
    with ExitStack() as stack:
        for folder in places:
            writable(folder)
            stack.enter_context(held(folder))
        journals = {
            folder: stack.enter_context(opened(folder, environment.say)) for folder in places
        }
        if where.bucket:
            _look(places)
        survey = Survey(options, catalog, program, journals, places)
        prospects, back = _foreseen(survey, some, every)
        open_ = not all(each.finished for each in prospects)
        if open_:
            where.tried(first)
        cost = survey.within_budgets(prospects)
        if approved:
            takes = {each.item.name: each.takes for each in prospects}
            hold_to_all(approved, batches, catalog, backend, takes)
        elif backend != "mock" and not options.yes:
            _confirm(cost, prospects, environment, back)
        survey.note_retakes(prospects)
        run = Run(survey, every, environment)
        emit = run.report(len(some))
        emit(run.opening(prospects, cost, backend))
        for event in _warnings(batches, back, backend):
            emit(event)
        executor = stack.enter_context(pool(where.at_once))
        if open_:  # else there is nothing to be made anywhere
            works = stack.enter_context(at_work(where, first, program, executor, warner(emit)))
            run.bench = lambda _, home: works.bench(places[home])
        service = _reach(catalog, asked_at, environment, survey, executor)
        page = index_of(batches, options.out, list(places))
        try:
            asyncio.run(run.carry_out(prospects, service, executor, emit))
        finally:
            index = _page_over(run, page, mock=backend == "mock")
        if where.bucket:
            run.unsent = _put_whole(where, index, places, several=len(batches) > 1)
        for told in run.unsent:
            emit(Event("broken", told))
        at = f"{where.bucket}/index.html" if where.bucket else page
        return run.close(prospects, at, index.cost, backend)  # what was paid is in the journals


def _places(where: Workplace, some: list[Item], *, several: bool) -> dict[Path, Place]:
    """Where the files of each home go: in a bucket, several lists each have a folder of their own.

    Raises BadInput where two would have the same.
    """
    projects = {item.home: item.loaded.shots.project for item in some}
    homes = {project: home for home, project in projects.items()}
    for home, project in projects.items():
        if where.bucket and homes[project] != home:
            told = f"{home} and {homes[project]} would both go to {where.bucket}/{project}"
            hint = "give each list a project of its own"
            raise BadInput(Diagnostic("project-twice", told, hint=hint))
    return {home: where.place(home, name if several else "") for home, name in projects.items()}


def _look(places: Mapping[Path, Place]) -> None:
    """Ask the bucket once what it holds. Raises BadInput where it does not say."""
    for place in places.values():
        with usable(place.published.store):
            place.published.look()


def _foreseen(
    survey: Survey, some: list[Item], every: list[Item]
) -> tuple[list[Prospect], list[str]]:
    """How every list stands once the clips are back that the bucket has, and what to say of it."""
    prospects = survey.of(some, every)
    back = list(survey.regained(prospects))
    fetched = back and any(place.bucket for place in survey.places.values())
    return survey.of(some, every) if fetched else prospects, back


def _confirm(
    cost: Total, prospects: list[Prospect], environment: Environment, back: list[str]
) -> None:
    """Have the price typed, if there is anything to pay for. Raises NeedsPerson."""
    new = {key for each in prospects for key in each.new}
    if new:
        confirm(cost, len(new), environment, back)


def _warnings(batches: list[Batch], back: list[str], backend: str) -> Iterator[Event]:
    for told in back:
        yield Event("warning", told)
    for batch in batches:
        for warning in gathered((*batch.warnings, *without_label(batch.lists, backend))):
            yield Event("warning", warning, list=str(batch.file))


def _page_over(run: Run, page: Path, *, mock: bool) -> Index:
    """Write the page over all lists of the homes at work, and the tables' manifests."""
    near = [item for item in run.every if item.home in run.survey.places]
    index = Index.of(near, run.survey.journals, {}, mock=mock)
    index.write(page, beside(page))
    run.write_manifests()
    return index


def _put_whole(
    where: Workplace, index: Index, places: Mapping[Path, Place], *, several: bool
) -> list[str]:
    """Put the page over all lists into the bucket, and the tables' manifests; what failed."""
    tables = {item.home for item in index.every if item.loaded.row}
    unsent = [told for home in places if home in tables for told in places[home].put(_WHOLE)]
    first = next(iter(places.values()))
    root, link = where.place(first.folder) if several else first, inside(projects=several)
    page = first.folder / ".cache" / "index.html"
    index.write(page, link)
    told = root.offer(page, "index.html", index.identity(link))
    return [*unsent, told] if told else unsent


def _one_service(some: list[Item], options: RenderOptions) -> tuple[str, str]:
    """The backend and region of all lists. Raises BadInput where they differ."""
    found = {
        (options.backend or item.loaded.shots.backend, item.loaded.shots.region): item
        for item in some
    }
    if len(found) > 1:
        told = "; ".join(
            f"{item.loaded.file}: {name}, {where}" for (name, where), item in found.items()
        )
        raise BadInput(
            Diagnostic(
                "lists-differ",
                f"lists that run together have one backend and one region ({told})",
                hint="give --backend, or render them one after the other",
            )
        )
    if not found:
        raise BadInput(Diagnostic("rows-unknown", "no row falls into this share", hint="--shard"))
    return next(iter(found))


def _reach(
    catalog: Catalog,
    asked_at: "Access | None",
    environment: Environment,
    survey: Survey,
    executor: Executor,
) -> Service:
    folders = list(survey.journals)
    if asked_at is None:
        attempts = sum(journal.attempts() for journal in survey.journals.values())
        return mock(catalog, survey.program, executor, folders, attempts)
    return dashscope(catalog, asked_at, environment.environ, folders[0])
