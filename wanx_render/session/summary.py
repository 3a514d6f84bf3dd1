"""What people and programs are shown of a run: its events, how it begins, and what came of it.

The one place where it counts how many lists there are: one is shown take by take, of several only
what matters.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from wanx_render import diagnostics
from wanx_render.clock import RealClock
from wanx_render.diagnostics import Diagnostic, in_order, listed
from wanx_render.events import Emit, Event
from wanx_render.language import NOTHING, Message, joined, plural, recorded, tr, verbatim
from wanx_render.manifest import Manifest, TakeRecord
from wanx_render.money import Money, show_money, show_written, write_sum
from wanx_render.reports import terminal
from wanx_render.reports.states import EVENTS, out_of_date, recorded_state
from wanx_render.reports.terminal import Stage
from wanx_render.session.approval import limit_of
from wanx_render.session.carry_out import Run
from wanx_render.session.environment import Environment
from wanx_render.session.outcome import failures
from wanx_render.session.selection import FAILED, Selection, SkippedList
from wanx_render.session.survey import Surveyed

_FEW = 3


# -- while it runs -----------------------------------------------------------------------------


@contextmanager
def emit_for(surveyed: Surveyed, environment: Environment, pace: int) -> Iterator[Emit]:
    """Where events go; ``pace`` is that of the service's clock."""
    as_json = surveyed.selection.options.as_json
    if not surveyed.selection.alone:
        yield _emit_for_many(surveyed, environment)
        return
    stage = Stage(surveyed.only.plan, RealClock(), _limit(surveyed), pace)
    with _emit_for_one(environment, stage, as_json=as_json) as emit:
        yield lambda event: None if event.kind == "list" else emit(replace(event, list=None))


@contextmanager
def _emit_for_one(environment: Environment, stage: Stage, *, as_json: bool) -> Iterator[Emit]:
    """JSON on stdout; else a live display where there is a terminal, or lines."""
    if as_json:
        yield terminal.json_lines(environment.stdout, stage.clock)
    elif terminal.can_draw(environment.stderr, environment.environ):
        # A run without a terminal does without what draws on it.
        from wanx_render.reports.live import live

        with live(environment.stderr, stage) as emit:
            yield emit
    else:
        yield terminal.plain(environment.stderr)


def _emit_for_many(surveyed: Surveyed, environment: Environment) -> Emit:
    """JSON on stdout, or lines; of many lists only what counts."""
    if surveyed.selection.options.as_json:
        return terminal.json_lines(environment.stdout, RealClock())
    plain, few = terminal.plain(environment.stderr), len(surveyed.lists) <= _FEW

    def emit(event: Event) -> None:
        # What is skipped was shown before the run, with all its problems.
        if EVENTS[event.kind].of_many or (few and event.kind != "skipped"):
            plain(event)

    return emit


def start(surveyed: Surveyed) -> Event:
    """What a run is about to do."""
    selection, cost, limit = surveyed.selection, surveyed.cost, _limit(surveyed)
    price = {"cost": str(cost.amount), "currency": cost.currency, "unknown_prices": cost.unknown}
    if selection.alone:
        plan = surveyed.only.plan
        facts: dict[str, object] = {
            "project": plan.project,
            "backend": plan.backend,
            "shots": len(plan.shots),
            "takes": len(plan.takes),
            "to_make": len(surveyed.only.new),
            "deliverables": len(plan.deliverables),
            **price,
            "limit": str(limit) if limit is not None else None,
            "folder": str(selection.chosen[0].folder),
        }
        return Event("start", opening(surveyed), facts=facts)
    lists, to_make = len(surveyed.lists), len(surveyed.requests)
    finished = sum(prospect.finished is not None for prospect in surveyed.lists)
    counts = {"lists": lists, "finished": finished, "to_make": to_make}
    if skipped := len(selection.skipped):
        counts["skipped"] = skipped
    parts = [
        tr("{n} finished", n=finished),
        plural("{n} take to generate", "{n} takes to generate", to_make),
        cost.shown,
    ]
    parts += [tr("{n} skipped", n=skipped)] if skipped else []
    name = plural("{n} list", "{n} lists", lists)
    facts = {"backend": selection.backend, **counts, **price}
    return Event("start", _opening(name, selection.backend, parts), facts=facts)


def say_skipped(selection: Selection, environment: Environment) -> None:
    """Show every problem of the lists that are left out, before anything is spent."""
    if not selection.skipped:
        return
    problems = in_order(problem for item in selection.skipped for problem in item.problems)
    for problem in problems:
        environment.say(verbatim(diagnostics.full(problem, selection.texts)))
    environment.say(_skipped(selection))


def skips(selection: Selection) -> Iterator[Event]:
    """An event for each list that is left out."""
    for item in selection.skipped:
        facts = {name: value for name, value in skip_record(item).items() if name != "list"}
        yield Event("skipped", joined(item.reasons, tr("; ")), list=item.name, facts=facts)


def skip_record(item: SkippedList) -> dict[str, object]:
    """A list that is left out, with its place in the table and its problems."""
    return {
        "list": item.name,
        "row": item.row or None,
        "number": item.number or None,
        "file": str(item.file),
        "problems": [diagnostics.as_json(problem) for problem in item.problems],
    }


def _skipped(selection: Selection) -> Message:
    """How many lists are left out, and which."""
    total = len(selection.chosen) + len(selection.skipped)
    names = listed([item.row or item.name for item in selection.skipped], 8)
    if all(item.row for item in selection.skipped):
        return plural(
            "{skipped} of {n} row is skipped because of errors: {names}",
            "{skipped} of {n} rows are skipped because of errors: {names}",
            total, skipped=len(selection.skipped), names=names,
        )  # fmt: skip
    return plural(
        "{skipped} of {n} list is skipped because of errors: {names}",
        "{skipped} of {n} lists are skipped because of errors: {names}",
        total, skipped=len(selection.skipped), names=names,
    )  # fmt: skip


def opening(surveyed: Surveyed) -> Message:
    """What a run of one list is about to do, in one line."""
    plan = surveyed.only.plan
    parts = [
        plural("{n} shot", "{n} shots", len(plan.shots)),
        plural("{n} take", "{n} takes", len(plan.takes)),
        tr("{n} to generate", n=len(surveyed.only.new)),
        plural("{n} deliverable", "{n} deliverables", len(plan.deliverables)),
        surveyed.cost.shown,
    ]
    return _opening(plan.project, plan.backend, parts)


def _opening(name: str, backend: str, parts: Iterable[Message]) -> Message:
    text = tr("{subject}: {text}", subject=name, text=joined(parts, tr(", ")))
    return tr("MOCK, play money: {text}", text=text) if backend == "mock" else text


def on_mock(text: Message, *, mock: bool) -> Message:
    """The sentence, marked where nothing of it is real."""
    return tr("MOCK: {text}", text=text) if mock else text


def trust(file: Path, host: str) -> Message:
    """How a person permits to download from a host."""
    return tr(
        "If you trust it: wanx-render rescue {file} --result-host {host}", file=file, host=host
    )


def _limit(surveyed: Surveyed) -> Decimal | None:
    """The most that a run of one list may spend."""
    options = surveyed.selection.options
    if options.free or not surveyed.selection.alone:
        return None
    return limit_of(surveyed.only.plan.budget, options.max_cost)


def gathered(warnings: Iterable[Diagnostic]) -> Iterator[Message]:
    """Each warning once, at its first place: what is in `defaults` is met at every shot."""
    places: dict[Message, list[Diagnostic]] = {}
    for warning in warnings:
        places.setdefault(warning.message, []).append(warning)
    for message, (first, *repeats) in places.items():
        place = verbatim(str(first.span)) if first.span else NOTHING
        if place and repeats:
            place = plural(
                "{place} and {n} more place",
                "{place} and {n} more places",
                len(repeats),
                place=place,
            )
        yield tr("{subject}: {text}", subject=place, text=message) if place else message


# -- when it is over ---------------------------------------------------------------------------


@dataclass(frozen=True)
class SharedResults:
    """What belongs to several lists together."""

    page: Path | str  # the index page
    cost_folders: str  # all that their folders ever paid
    cost_films: str  # what the clips cost that are there
    unsent: Sequence[str]  # what did not get to the bucket


def close(run: Run, whole: SharedResults | None, environment: Environment) -> int:
    """Show what came out, results on stdout; the exit code. ``whole`` is there for several."""
    ends = [(prospect.item, run.outcomes[prospect.item.name]) for prospect in run.surveyed.lists]
    paths = [path for item, outcome in ends for path in run.survey.delivered(item, outcome)]
    codes = {outcome.code for _, outcome in ends}
    codes |= {1} if (whole and whole.unsent) or run.selection.skipped else set()
    code = next((worst for worst in (4, 1) if worst in codes), 0)
    if run.options.as_json:
        record = _record_of_many(run, whole) if whole else _record_of_one(run)
        results: dict[str, object] = {
            "exit_code": code,
            "deliverables": [str(path) for path in paths],
        }
        results |= {"billed_above_plan": str(sum(run.limit.above, Decimal(0)))}
        record = {"event": "summary", "backend": run.selection.backend, **record, **results}
        environment.stdout.write(terminal.json_line(record, RealClock().now()))
        return code
    for path in paths:
        environment.stdout.write(f"{shown(path)}\n")
    for line in _lines_of_many(run, whole) if whole else _lines_of_one(run):
        environment.say(line)
    if run.means.service.backend.is_emulated:
        environment.say(tr("The emulator answered: this is play money."))
    return code


def _record_of_one(run: Run) -> dict[str, object]:
    manifest, item = _manifest(run), run.selection.chosen[0]
    states = [take.state for take in manifest.takes]
    return {
        "project": manifest.project,
        "complete": manifest.complete,
        "cost": manifest.cost,
        "cost_run": manifest.cost_run,
        "cost_folder": manifest.cost_folder,
        "folder": str(item.folder),
        "manifest": str(item.folder / "manifest.json"),
        "shots": len(manifest.shots),
        "takes": {state: states.count(state) for state in sorted(set(states))},
        "failed": list(run.outcomes[item.name].failed),
        "stale": {film.name: list(film.stale) for film in manifest.deliverables if film.stale},
    }


def _lines_of_one(run: Run) -> Iterator[Message]:
    """What failed and what to do about it, and the money: of run, film and folder."""
    manifest, item = _manifest(run), run.selection.chosen[0]
    mock = manifest.backend == "mock"
    amounts = (manifest.cost_run, manifest.cost, manifest.cost_folder)
    run_cost, film, folder = map(show_written, amounts)
    totals = tr(
        "{run} this run, {film} this film, {folder} in total",
        run=run_cost, film=film, folder=folder,
    )  # fmt: skip
    if run.options.pictures and not failures(manifest):
        yield from _of_pictures(run, manifest)
        yield on_mock(totals, mock=mock)
        yield from _of_unknown_price(manifest)
        return
    if failed := _failure(run, manifest):
        yield on_mock(failed, mock=mock)
        yield from filter(None, map(out_of_date, manifest.deliverables))
        yield from _next_steps(manifest.takes, item.file)
        yield on_mock(totals, mock=mock)
        yield from _of_unknown_price(manifest)
        yield from _above_plan(run)
        return
    counts = (
        plural("{n} shot", "{n} shots", len(manifest.shots)),
        plural("{n} deliverable", "{n} deliverables", len(manifest.made)),
    )
    text = tr("done: {counts}, {totals}", counts=joined(counts, tr(", ")), totals=totals)
    yield on_mock(text, mock=mock)
    yield from _of_unknown_price(manifest)
    yield from _above_plan(run)
    yield from filter(None, map(out_of_date, manifest.deliverables))


def _of_unknown_price(manifest: Manifest) -> Iterator[Message]:
    """That the totals lack what no source knows the price of; mostly nothing."""
    paid = [take for take in manifest.takes if take.clip]
    count = sum(take.cost is None and take.price is None for take in paid)
    if count:
        yield plural(
            "{n} take has no known price; it is not in the total",
            "{n} takes have no known price; they are not in the total",
            count,
        )


def _above_plan(run: Run) -> Iterator[Message]:
    """What the service billed beyond the prices of the plan; mostly nothing."""
    if amounts := run.limit.above:
        more = show_money(Money(sum(amounts, Decimal(0)), run.selection.currency))
        yield plural(
            "warning: {n} take was billed {more} above the plan",
            "warning: {n} takes were billed {more} above the plan",
            len(amounts), more=more,
        )  # fmt: skip


def _of_pictures(run: Run, manifest: Manifest) -> Iterator[Message]:
    """The pictures that are there now, how to look at them, and how to go on."""
    item = run.selection.chosen[0]
    for picture in manifest.pictures:
        for take in picture.takes:
            if take.clip:
                path = shown((item.folder / take.clip).resolve())
                name = tr("{shot} take {n}", shot=picture.id, n=take.take)
                yield tr("{subject}: {text}", subject=name, text=path)
    file = item.file
    yield tr("To see and choose them: wanx-render board {file}", file=file)
    names = [picture.id for picture in manifest.pictures]
    yield tr(
        "To make another one: wanx-render {file} --pictures --retake {name}",
        file=file, name=names[0] if len(names) == 1 else "ID",
    )  # fmt: skip
    yield tr("To make the videos: wanx-render {file}", file=file)


def _failure(run: Run, manifest: Manifest) -> Message:
    """What is missing, or nothing."""
    plan, takes = run.surveyed.only.plan, manifest.takes
    if reasons := failures(manifest):
        return plural(
            "{failed} of {n} take failed{reasons}",
            "{failed} of {n} takes failed{reasons}",
            len(plan.takes), failed=len(reasons), reasons=_listed(reasons),
        )  # fmt: skip
    if problems := manifest.broken:
        return plural(
            "{failed} of {n} deliverable failed{reasons}",
            "{failed} of {n} deliverables failed{reasons}",
            len(plan.deliverables), failed=len(problems), reasons=_listed(map(recorded, problems)),
        )  # fmt: skip
    if missing := sum(take.state == "skipped" for take in takes):
        return plural(
            "{missing} of {n} take is not generated yet",
            "{missing} of {n} takes are not generated yet",
            len(takes), missing=missing,
        )  # fmt: skip
    return NOTHING


def _next_steps(takes: Sequence[TakeRecord], file: Path) -> Iterator[Message]:
    """What a person does next about the takes that have no clip, by what is in their way."""
    codes = {take.code for take in takes if not recorded_state(take.state).as_asked}
    hosts = sorted({take.host for take in takes if take.host})
    for host in hosts:
        yield trust(file, host)
    if "ResultHost" in codes and not hosts:
        yield tr("The address of a clip is unusable. Print it: wanx-render tasks link TASK")
    if codes & {"Unresolved", "OtherAccount", "Expired"}:
        yield tr("Some requests need your decision: run wanx-render resolve {file}", file=file)
    if "Unknown" in codes:
        yield tr("The service does not know some tasks now. Run the same command again later.")
    if codes - _PERSON_ONLY:
        yield tr("Finished work is kept. Run the same command again to continue.")


# Codes that another run of the same command does not change.
_PERSON_ONLY = {"ResultHost", "Unresolved", "OtherAccount", "Expired", "Unknown", "OverBudget"}


def _record_of_many(run: Run, whole: SharedResults) -> dict[str, object]:
    names, skipped = _failed(run), run.selection.skipped
    return {
        "complete": not (names or whole.unsent or skipped),
        "lists": len(run.outcomes),
        "cost": whole.cost_folders,
        "cost_run": _spent(run),
        "cost_folder": whole.cost_folders,
        "index": str(whole.page),
        "failed": [*names, *whole.unsent],
        "skipped": [skip_record(item) for item in skipped],
    }


def _lines_of_many(run: Run, whole: SharedResults) -> Iterator[Message]:
    """Which lists were skipped or failed, the money, and where the page is."""
    names, mock = _failed(run), run.selection.backend == "mock"
    if run.selection.skipped:
        yield _skipped(run.selection)
    if names:
        failed = plural(
            "{failed} of {n} list failed: {names}",
            "{failed} of {n} lists failed: {names}",
            len(run.outcomes), failed=len(names), names=listed(names, 8),
        )  # fmt: skip
        yield on_mock(failed, mock=mock)
        yield tr("Finished work is kept. Run the same command again to continue.")
    if command := _command_for_the_rest(run, names):
        yield tr("To run only these rows again: {command}", command=command)
    run_cost, films, ever = map(show_written, (_spent(run), whole.cost_films, whole.cost_folders))
    totals = tr(
        "{run} this run, {films} these films, {folder} in total",
        run=run_cost, films=films, folder=ever,
    )  # fmt: skip
    if not names:
        done = plural("{n} list", "{n} lists", len(run.outcomes))
        totals = tr("done: {counts}, {totals}", counts=done, totals=totals)
    yield on_mock(totals, mock=mock)
    yield from _above_plan(run)
    yield tr("index page: {page}", page=shown(whole.page))


def _command_for_the_rest(run: Run, failed: Sequence[str]) -> str:
    """What renders the rows that were skipped or failed; nothing where there are none."""
    selection, options = run.selection, run.options
    if selection.several_files or not (failed or selection.skipped):
        return ""
    words = ["wanx-render", str(selection.batches[0].file), "--rows", FAILED]
    words += ["--backend", options.backend] if options.backend else []
    words += ["--folder", str(options.out)] if options.out else []
    return shlex.join(words)


def _failed(run: Run) -> list[str]:
    names = (prospect.item.name for prospect in run.surveyed.lists)
    return [name for name in names if run.outcomes[name].code]


def _spent(run: Run) -> str:
    return write_sum(Money(run.limit.billed, run.selection.currency))


def shown(path: Path | str) -> str:
    """``path`` from the working folder where that is shorter; a URL as it is."""
    if isinstance(path, str):
        return path
    try:
        return str(path.relative_to(Path.cwd()))
    except (OSError, ValueError):  # the working folder may be gone by now
        return str(path)


def _manifest(run: Run) -> Manifest:
    if run.last is None:
        raise LookupError("a list that was not carried out has no manifest")
    return run.last


def _listed(sentences: Iterable[Message]) -> Message:
    """Each on a line of its own."""
    return joined(("", *sentences), "\n  ")
