"""What people and programs are shown of a run: its events, how it begins, and what came of it.

The one place where it counts how many lists there are: one is shown take by take, of several only
what matters.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from wanx_render.catalog.pricing import Total
from wanx_render.clock import RealClock
from wanx_render.diagnostics import Diagnostic, listed
from wanx_render.errors import WanxError
from wanx_render.events import Emit, Event
from wanx_render.manifest import Manifest, TakeRecord
from wanx_render.money import Money, show_written, write_sum, write_sums
from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import Plan
from wanx_render.reports import terminal
from wanx_render.reports.terminal import Stage
from wanx_render.session.approval import limit_of
from wanx_render.session.carry_out import Display, Ended, Run
from wanx_render.session.environment import Environment
from wanx_render.session.outcome import Outcome, failures
from wanx_render.session.outlook import Outlook
from wanx_render.session.selection import ListInFolder, RenderOptions
from wanx_render.session.survey import Prospect, Survey

# What is shown of each of several lists; the rest would be thousands of lines.
_OF_MANY = ("start", "failed", "broken", "warning", "uncertain", "list")
_FEW = 3


@dataclass(frozen=True)
class Closing:
    """What is known when a run is over, besides what came of its lists."""

    run: Run
    prospects: Sequence[Prospect]
    page: Path | str = ""  # over several lists
    cost_folders: str = ""  # all that their folders ever paid
    cost_films: str = ""  # what the clips cost that are there
    unsent: Sequence[str] = ()  # of the whole: no list's fault


class Summary(Display, Protocol):
    """How a run is shown from beginning to end."""

    def start(self, prospects: Sequence[Prospect], cost: Total) -> None:
        """Show what the run is about to do."""

    def warn(self, text: str, file: Path | None = None) -> None:
        """Show a warning, about a list where there is a ``file``."""

    def close(self, closing: Closing) -> int:
        """Show what came out, results on stdout; the exit code."""


@contextmanager
def summary_of(
    survey: Survey,
    options: RenderOptions,
    environment: Environment,
    outlook: Outlook | None,
    pace: int,
) -> Iterator[Summary]:
    """How this run is shown; ``pace`` is that of the service's clock."""
    if not survey.selection.alone or outlook is None:
        yield ManyLists(survey, options, environment)
        return
    limit = None if options.free else limit_of(outlook.plan.budget, options.max_cost)
    stage = Stage(outlook.plan, RealClock(), limit, pace)
    with _emit_for(environment, stage, as_json=options.as_json) as emit:
        yield OneList(survey, options, environment, stage, emit)


@contextmanager
def _emit_for(environment: Environment, stage: Stage, *, as_json: bool) -> Iterator[Emit]:
    """Where events go: JSON on stdout; else a live display where there is a terminal, or lines."""
    if as_json:
        yield terminal.json_lines(environment.stdout, stage.clock)
    elif terminal.can_draw(environment.stderr, environment.environ):
        # A run without a terminal does without what draws on it.
        from wanx_render.reports.live import live

        with live(environment.stderr, stage) as emit:
            yield emit
    else:
        yield terminal.plain(environment.stderr)


# -- one list ----------------------------------------------------------------------------------


class OneList:
    """The run of one list, take by take."""

    def __init__(
        self,
        survey: Survey,
        options: RenderOptions,
        environment: Environment,
        stage: Stage,
        emit: Emit,
    ) -> None:
        self._item = survey.selection.chosen[0]
        self._place = survey.places.get(self._item.home)
        self._options = options
        self._environment = environment
        self._stage = stage
        self._emit = emit
        self._ended: Ended | None = None

    def event(self, event: Event) -> None:
        self._emit(replace(event, list=None))

    def stopped(self, item: ListInFolder, error: Exception) -> None:
        """The command says it when it ends by it."""

    def ended(self, ended: Ended) -> None:
        self._ended = ended

    def start(self, prospects: Sequence[Prospect], cost: Total) -> None:
        (prospect,) = prospects
        plan, limit = self._stage.plan, self._stage.limit
        facts = {
            "project": plan.project,
            "backend": plan.backend,
            "shots": len(plan.shots),
            "takes": len(plan.takes),
            "to_make": len(prospect.takes),
            "deliverables": len(plan.deliverables),
            "cost": str(cost.amount),
            "currency": cost.currency,
            "unknown_prices": cost.unknown,
            "limit": str(limit) if limit is not None else None,
            "folder": str(self._item.folder),
        }
        self._emit(Event("start", opening(plan, len(prospect.takes), cost), facts=facts))

    def warn(self, text: str, file: Path | None = None) -> None:
        del file  # there is one
        self._emit(Event("warning", text))

    def close(self, closing: Closing) -> int:
        if self._ended is None or self._ended.manifest is None:
            raise LookupError("a list that was not carried out has no summary")
        ended, manifest = self._ended, self._ended.manifest
        outcome = closing.run.outcomes[self._item.name]
        if self._options.as_json:
            record = self._record(manifest, outcome)
            line = terminal.json_line(record, RealClock().now())
            self._environment.stdout.write(line)
            return outcome.code
        for deliverable in manifest.deliverables:
            self._environment.stdout.write(f"{shown(self._shown(deliverable.path))}\n")
        for line in self._lines(manifest, ended.context.plan):
            self._environment.say(line)
        return outcome.code

    def _shown(self, name: str) -> Path | str:
        return self._place.shown(name) if self._place else self._item.folder / name

    def _record(self, manifest: Manifest, outcome: Outcome) -> dict[str, object]:
        totals, states = Totals.of(manifest), [take.state for _, take in _takes(manifest)]
        return {
            "event": "summary",
            "project": manifest.project,
            "backend": manifest.backend,
            "complete": manifest.complete,
            "cost": totals.film,
            "cost_run": totals.run,
            "cost_folder": totals.folder,
            "exit_code": outcome.code,
            "folder": str(self._item.folder),
            "manifest": str(self._item.folder / "manifest.json"),
            "shots": len(manifest.shots),
            "takes": {state: states.count(state) for state in sorted(set(states))},
            "deliverables": [str(self._shown(each.path)) for each in manifest.deliverables],
            "failed": list(outcome.failed),
        }

    def _lines(self, manifest: Manifest, plan: Plan) -> Iterator[str]:
        """What is said at the end: what failed and what to do about it, and the money."""
        mock = "MOCK: " if manifest.backend == "mock" else ""
        totals, takes = Totals.of(manifest), [take for _, take in _takes(manifest)]
        if failed := failures(manifest):
            yield f"{mock}{len(failed)} of {len(plan.takes)} takes failed{_listed(failed)}"
            yield from _next_steps(takes, self._item.loaded.file)
        elif broken := manifest.broken:
            number = f"{len(broken)} of {len(plan.deliverables)}"
            yield f"{mock}{number} deliverables failed{_listed(broken)}"
        elif missing := sum(take.state == "skipped" for take in takes):
            yield f"{mock}{missing} of {len(takes)} takes are not made yet"
        else:
            yield f"{mock}done: {totals}, {shown(self._shown('manifest.json'))}"
            return
        yield f"{mock}{totals}"


def opening(plan: Plan, new: int, cost: Total) -> str:
    """What a run of one list is about to do, in one line."""
    counts = (
        f"{len(plan.shots)} shots, {len(plan.takes)} takes, {new} to make, "
        f"{len(plan.deliverables)} deliverables, {cost}"
    )
    mock = "MOCK, play money, " if plan.backend == "mock" else ""
    return f"{plan.project}: {mock}{counts}"


@dataclass(frozen=True)
class Totals:
    """Money, three times: of this run, of this film's clips, of all that the folder ever paid."""

    run: str
    film: str
    folder: str

    @classmethod
    def of(cls, manifest: Manifest) -> "Totals":
        return cls(manifest.cost_run, manifest.cost, manifest.cost_folder)

    def __str__(self) -> str:
        run, film, folder = (show_written(text) for text in (self.run, self.film, self.folder))
        return f"{run} this run, {film} this film, {folder} this folder ever"


def _next_steps(takes: Sequence[TakeRecord], file: Path) -> Iterator[str]:
    """What a person does next about the takes that have no clip, by what is in their way."""
    codes = {take.code for take in takes if take.state not in ("succeeded", "skipped")}
    hosts = sorted({take.host for take in takes if take.host})
    for host in hosts:
        yield f"if you trust {host}: wanx-render rescue {file} --result-host {host}"
    if "ResultHost" in codes and not hosts:
        yield "the address of a clip cannot be used; `wanx-render tasks link TASK` prints it whole"
    if codes & {"Unresolved", "OtherAccount", "Expired"}:
        yield f"some requests need your decision: wanx-render resolve {file}"
    if "Unknown" in codes:
        yield "the service does not know some tasks for now; run the same command again later"
    if codes - _PERSON_ONLY:
        yield "the other clips are kept; run the same command again to try these once more"


# Codes that another run of the same command does not change.
_PERSON_ONLY = {"ResultHost", "Unresolved", "OtherAccount", "Expired", "Unknown", "OverBudget"}


# -- several lists -----------------------------------------------------------------------------


class ManyLists:
    """The run of several lists, or of a table's rows: a line for each, and what went wrong."""

    def __init__(self, survey: Survey, options: RenderOptions, environment: Environment) -> None:
        self._survey = survey
        self._options = options
        self._environment = environment
        self._number = 0  # of lists that have ended
        first = survey.selection.chosen[0].loaded.shots
        self._backend = options.backend or first.backend
        self._currency = survey.selection.catalog.service.regions[first.region].currency
        self._emit = self._emit_for(len(survey.selection.chosen))

    def _emit_for(self, lists: int) -> Emit:
        """Where events go: JSON on stdout, or lines; of many lists only what counts."""
        if self._options.as_json:
            return terminal.json_lines(self._environment.stdout, RealClock())
        plain = terminal.plain(self._environment.stderr)
        if lists <= _FEW:
            return plain
        return lambda event: plain(event) if event.kind in _OF_MANY else None

    @property
    def _mock(self) -> str:
        return "MOCK: " if self._backend == "mock" else ""

    def event(self, event: Event) -> None:
        self._emit(event)

    def stopped(self, item: ListInFolder, error: Exception) -> None:
        text = (
            str(error)
            if isinstance(error, WanxError | OSError)
            else f"{type(error).__name__}: {error}"
        )
        self._emit(Event("broken", text, list=item.name))

    def ended(self, ended: Ended) -> None:
        item, outcome = ended.item, ended.outcome
        self._number += 1
        words = {0: "done", 1: "failed", 4: "needs a person"}
        facts = {
            "exit_code": outcome.code,
            "cost": outcome.cost,
            "folder": str(item.folder),
            "deliverables": [str(path) for path in self._delivered(item, outcome)],
            "failed": list(outcome.failed),
        }
        text = f"{words[outcome.code]}, {self._number} so far"
        self._emit(Event("list", text, list=item.name, facts=facts))

    def start(self, prospects: Sequence[Prospect], cost: Total) -> None:
        finished = sum(prospect.finished is not None for prospect in prospects)
        self._number = finished
        to_make = len({key for prospect in prospects for key in prospect.prices})
        mock = "MOCK, play money, " if self._backend == "mock" else ""
        text = f"{len(prospects)} lists: {mock}{finished} finished, {to_make} takes to make, {cost}"
        facts = {
            "backend": self._backend,
            "lists": len(prospects),
            "finished": finished,
            "to_make": to_make,
            "cost": str(cost.amount),
            "currency": cost.currency,
            "unknown_prices": cost.unknown,
        }
        self._emit(Event("start", text, facts=facts))

    def warn(self, text: str, file: Path | None = None) -> None:
        self._emit(Event("warning", text, list=str(file) if file else None))

    def close(self, closing: Closing) -> int:
        ends = [(each.item, closing.run.outcomes[each.item.name]) for each in closing.prospects]
        codes = {outcome.code for _, outcome in ends} | ({1} if closing.unsent else set())
        code = next((worst for worst in (4, 1) if worst in codes), 0)
        failed = [item.name for item, outcome in ends if outcome.code]
        paths = [path for item, outcome in ends for path in self._delivered(item, outcome)]
        if self._options.as_json:
            record = {
                "event": "summary",
                "backend": self._backend,
                "complete": code == 0,
                "lists": len(ends),
                "cost": closing.cost_folders,
                "cost_run": self._sum(closing.run.limit.billed),
                "cost_folder": closing.cost_folders,
                "exit_code": code,
                "index": str(closing.page),
                "deliverables": [str(path) for path in paths],
                "failed": [*failed, *closing.unsent],
            }
            self._environment.stdout.write(terminal.json_line(record, RealClock().now()))
            return code
        for path in paths:
            self._environment.stdout.write(f"{shown(path)}\n")
        for line in self._lines(closing, failed):
            self._environment.say(line)
        return code

    def _lines(self, closing: Closing, failed: Sequence[str]) -> Iterator[str]:
        """What is said at the end: which lists failed, the money, and where the page is."""
        number, mock = len(closing.prospects), self._mock
        if failed:
            yield f"{mock}{len(failed)} of {number} lists failed: {listed(failed, 8)}"
            yield "what there is is kept; run the same command again for the rest"
        else:
            yield f"{mock}{number} lists done"
        written = (self._sum(closing.run.limit.billed), closing.cost_films, closing.cost_folders)
        run, films, ever = map(show_written, written)
        yield f"{mock}{run} this run, {films} these films, {ever} these folders ever"
        yield f"the index page is {shown(closing.page)}"

    def _sum(self, amount: Decimal) -> str:
        return write_sum(Money(amount, self._currency))

    def _delivered(self, item: ListInFolder, outcome: Outcome) -> list[Path | str]:
        """Where the deliverables of a list stand."""
        place = self._survey.places.get(item.home)
        names = outcome.deliverables.values()
        return [place.shown(name) if place else item.home / name for name in names]


def kept_cost(journals: Mapping[Path, Journal]) -> str:
    """What all clips cost that are in the folders."""
    amounts: dict[str, Decimal] = {}
    for journal in journals.values():
        for currency, amount in journal.paid(kept=True).items():
            amounts[currency] = amounts.get(currency, Decimal(0)) + amount
    return write_sums(amounts)


# -- both --------------------------------------------------------------------------------------


def gathered(warnings: Iterable[Diagnostic]) -> Iterator[str]:
    """Each warning once, at its first place: what stands in `defaults` is met at every shot."""
    places: dict[str, list[Diagnostic]] = {}
    for warning in warnings:
        places.setdefault(warning.message, []).append(warning)
    for message, (first, *more) in places.items():
        also = f" and at {len(more)} more" if more else ""
        yield f"{first.span}{also}: {message}" if first.span else message


def shown(path: Path | str) -> str:
    """``path`` from the working folder where that is shorter; a URL as it is."""
    if isinstance(path, str):
        return path
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _takes(manifest: Manifest) -> list[tuple[str, TakeRecord]]:
    return [(shot.id, take) for shot in manifest.shots for take in shot.takes]


def _listed(sentences: Iterable[str]) -> str:
    return "".join(f"\n  {sentence}" for sentence in sentences)
