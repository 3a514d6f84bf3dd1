"""The run itself: one account and one budget over the folders of 1..n lists.

So many lists are at work at once, each begun when its turn comes. What a list needs is made when it
begins and let go when it ends, so that ten thousand rows take no more memory than the window does.
"""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

from wanx_render.clock import RealClock
from wanx_render.diagnostics import Diagnostic, without_secrets
from wanx_render.errors import WanxError
from wanx_render.events import Event
from wanx_render.manifest import Manifest
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import Take
from wanx_render.reports.storyboard_files import Source, after_run
from wanx_render.run.orchestrator import MOVES_MONEY, RunContext, render
from wanx_render.session.connection import Service
from wanx_render.session.outcome import Outcome, files_of, outcome_of
from wanx_render.session.selection import ListInFolder, RenderOptions
from wanx_render.session.survey import Prospect, Survey, by_home, program_version
from wanx_render.tasks.account import Account
from wanx_render.tasks.budget import SpendingLimit
from wanx_render.tasks.clip_store import ClipStore
from wanx_render.tasks.collect import Collector
from wanx_render.tasks.polling import Poller
from wanx_render.tasks.recognition import ClipJudge, pictures_by_identity
from wanx_render.tasks.submit import Submitter
from wanx_render.workers.base import LocalWorkers, Workers
from wanx_render.workers.dedupe import ListWorkers, SharedWorkers

WINDOW = 48  # lists at work; enough to keep every model's places taken


@dataclass(frozen=True)
class Ended:
    """A list that was carried out; without a manifest it could not be."""

    item: ListInFolder
    desk: RunContext
    manifest: Manifest | None
    outcome: Outcome


class Display(Protocol):
    """Who is shown what happens."""

    def event(self, event: Event) -> None:
        """Something happened; it names its list."""

    def stopped(self, item: ListInFolder, error: Exception) -> None:
        """A list cannot be carried out; the others go on."""

    def ended(self, ended: Ended) -> None:
        """A list is done."""


@dataclass(frozen=True)
class Means:
    """What a run works with."""

    service: Service
    program: Ffmpeg
    executor: Executor
    bench: Callable[[Path], Workers]  # of a home

    @classmethod
    def here(cls, service: Service, program: Ffmpeg, executor: Executor) -> "Means":
        """Everything is encoded on this machine."""
        return cls(service, program, executor, lambda home: LocalWorkers(program, executor, home))


class Run:
    """One run over the lists of a survey."""

    def __init__(
        self,
        survey: Survey,
        options: RenderOptions,
        means: Means,
        display: Display,
        *,
        withdrawn: Callable[[Take], bool] = lambda _: False,
        storyboards: bool = True,
    ) -> None:
        """``withdrawn`` says which takes a person no longer wants."""
        self.survey = survey
        self.options = options
        self.means = means
        self.display = display
        self.withdrawn = withdrawn
        self.storyboards = storyboards
        self.outcomes: dict[str, Outcome] = {}
        self.changed: set[Path] = set()  # homes of which something was rendered
        self.purse = SpendingLimit(options.max_cost)  # of all lists together
        self._account = Account(
            means.service.backend, survey.selection.catalog, means.service.clock,
            list(survey.journals.values()), options.on_ambiguous,
        )  # fmt: skip
        self._homes: dict[Path, ClipStore] = {}
        self._benches: dict[Path, SharedWorkers] = {}
        self._unused: dict[Path, set[str]] = {}  # pieces that lists ceased to use
        self._errors: list[Exception] = []

    async def carry_out(self, prospects: Sequence[Prospect]) -> None:
        """Render what is not finished; owed clips first, since they expire.

        The backend is closed whatever happens. Raises what stopped the only list, and bugs.
        """
        service = self.means.service
        self.outcomes = {p.item.name: p.finished for p in prospects if p.finished}
        left = sorted((p for p in prospects if not p.finished), key=lambda each: not each.owed)
        try:
            self._account.begin()
            self._homes = self._open_homes(left)
            if not self.options.free and any(prospect.asks for prospect in left):
                await service.open(self.survey.selection.catalog)
            await self._render_all(left)
            for home in self.changed:
                await self._sweep(home)
        finally:
            await service.backend.close()
        if self._errors:  # the other lists went on, and what they brought is kept
            raise self._errors[0]

    # -- the homes ---------------------------------------------------------------------------------

    def _open_homes(self, prospects: Sequence[Prospect]) -> dict[Path, ClipStore]:
        """A home for each journal, all with one account, one watch and one purse over theirs."""
        means = self.means
        watch = Poller(means.service.backend, self.survey.selection.catalog, means.service.clock)
        chance = random.Random()  # noqa: S311  # for pauses alone
        groups = by_home(prospects)
        return {
            home: self._home(groups.get(home, []), home, journal, watch, chance)
            for home, journal in self.survey.journals.items()
        }

    def _home(
        self,
        prospects: Sequence[Prospect],
        folder: Path,
        journal: Journal,
        watch: Poller,
        chance: random.Random,
    ) -> ClipStore:
        backend, catalog = self.means.service.backend, self.survey.selection.catalog
        program, executor = self.means.program, self.means.executor
        shots = prospects[0].item.loaded.shots if prospects else None
        budget = shots.budget.max_cost.amount if shots and shots.budget else None
        purse = SpendingLimit(budget, self.purse)

        def notify(take: Take, kind: Any, text: str, task_id: str | None) -> None:
            project = shots.project if shots else ""
            name = f"{project}/{take.row}" if take.row else project
            spent = str(purse.used) if kind in MOVES_MONEY else None
            self.display.event(
                Event(kind, text, take.shot, take.number, task_id=task_id, list=name, spent=spent)
            )

        media = [media for prospect in prospects for media in prospect.media]
        sent = pictures_by_identity(media, journal, folder)
        judge = ClipJudge(backend, catalog, program, executor, folder, sent)
        asker = Submitter(self._account, journal, purse, chance, notify, judge, self.withdrawn)
        collector = Collector(
            backend, journal, catalog, watch, program, executor, folder, RealClock()
        )  # fmt: skip
        return ClipStore(folder, journal, purse, asker, collector, folder.name)

    # -- the lists ---------------------------------------------------------------------------------

    async def _render_all(self, prospects: Sequence[Prospect]) -> None:
        waiting = _by_turns(prospects)

        async def worker() -> None:
            for prospect in waiting:
                await self._render(prospect)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(WINDOW, len(prospects))):
                group.create_task(worker())

    async def _render(self, prospect: Prospect) -> None:
        """Carry one list out; one that cannot be leaves the others alone."""
        used: set[str] = set()
        desk = self._desk(prospect, used)
        manifest: Manifest | None = None
        try:
            manifest = await render(desk, program_version())
        except (WanxError, OSError) as error:
            self._stopped(prospect.item, error, ends=self.survey.selection.alone)
        except Exception as error:  # noqa: BLE001  # one list's failure stays its own
            self._stopped(prospect.item, error, ends=True)
        events = await asyncio.to_thread(self._publish, desk, prospect.item, manifest)
        for event in events:
            desk.emit(event)
        unsent = [event.text for event in events if event.kind == "broken"]
        self._note(prospect, desk, manifest, used, unsent)

    def _stopped(self, item: ListInFolder, error: Exception, *, ends: bool) -> None:
        if ends:
            self._errors.append(error)
        self.display.stopped(item, error)

    def _desk(self, prospect: Prospect, used: set[str]) -> RunContext:
        """What the orchestrator works with; ``used`` becomes the pieces that the list uses."""
        item, means, home = prospect.item, self.means, self._homes[prospect.item.home]
        item.folder.mkdir(exist_ok=True)
        outlook = prospect.outlook or self.survey.outlook(item)
        display = self.display
        return RunContext(
            plan=outlook.plan,
            backend=means.service.backend,
            journal=home.journal,
            catalog=self.survey.selection.catalog,
            program=means.program,
            executor=means.executor,
            clock=means.service.clock,
            wall=RealClock(),
            folder=item.folder,
            emit=lambda event: display.event(replace(event, list=item.name)),
            only=item.only,
            asks=not self.options.free,
            cascade=self.options.cascade,
            insisted=prospect.retaken,
            on_ambiguous=self.options.on_ambiguous,
            warnings=tuple(_noted(warning) for warning in item.loaded.warnings),
            bench=ListWorkers(self._common_bench(item.home), used),
            account=self._account,
            home=home,
            siblings=tuple(self._homes.values()),
        )

    def _publish(
        self, desk: RunContext, item: ListInFolder, manifest: Manifest | None
    ) -> list[Event]:
        """Write the storyboard and fill the bucket; what is to be said of it."""
        events: list[Event] = []
        if manifest is None:
            return events
        if self.storyboards:
            source = Source(item.folder, self.means.program, desk.plan.media, item.home)
            after_run(manifest, source, self.means.executor, events.append)
        place = self.survey.places.get(item.home)
        unsent = place.publish(item.folder, manifest) if place else ()
        return [*events, *(Event("broken", reason) for reason in unsent)]

    def _note(
        self,
        prospect: Prospect,
        desk: RunContext,
        manifest: Manifest | None,
        used: set[str],
        unsent: Sequence[str],
    ) -> None:
        """Note how the list was left, and show it."""
        item = prospect.item
        outcome = outcome_of(desk, manifest, item.home, unsent)
        record = self._record(prospect, outcome, manifest)
        record["pieces"] = self._pieces(prospect, used, complete=not (outcome.code or item.only))
        desk.journal.left(item.row, record)
        self.outcomes[item.name] = outcome
        self.changed.add(item.home)
        self.display.ended(Ended(item, desk, manifest, outcome))

    def _record(
        self, prospect: Prospect, outcome: Outcome, manifest: Manifest | None
    ) -> dict[str, Any]:
        """How a list was left, for the next run to see whether anything is to be done."""
        item = prospect.item
        record: dict[str, Any] = {"mark": "", "files": [], "outcome": outcome.record()}
        if manifest is None or outcome.code or item.only:
            return record
        place = self.survey.places.get(item.home)
        away = bool(place and place.elsewhere)
        record["files"] = files_of(manifest, item.folder, item.home, elsewhere=away)
        if place and place.bucket:
            record["put"] = place.parts(item.folder, manifest)
        if not prospect.counts:
            record["mark"] = prospect.mark
        return record

    # -- segments and sounds, which the rows of a table share --------------------------------------

    def _common_bench(self, home: Path) -> SharedWorkers:
        if home not in self._benches:
            self._benches[home] = SharedWorkers(self.means.bench(home))
        return self._benches[home]

    def _pieces(self, prospect: Prospect, used: set[str], *, complete: bool) -> list[str]:
        """What is to be kept for a list from now on; one that failed keeps what it had too."""
        if complete:
            self._unused.setdefault(prospect.item.home, set()).update(prospect.pieces - used)
            return sorted(used)
        return sorted(used | prospect.pieces)

    async def _sweep(self, home: Path) -> None:
        """Drop the pieces that no list uses any more; a run over some only what they used."""
        selection = self.survey.selection
        left = self.survey.journals[home].rows()
        rows = {item.row for item in selection.lists if item.home == home}
        kept = rows if selection.whole else left.keys()
        used = {name for row in kept for name in left.get(row, {}).get("pieces", ())}
        among = None if selection.whole else self._unused.get(home, set())
        await self._benches[home].bench.sweep(used, among)


def _by_turns(prospects: Sequence[Prospect]) -> Iterator[Prospect]:
    """One of each home, then the next of each: a short list does not wait for a long one."""
    for turn in zip_longest(*by_home(prospects).values()):
        yield from (prospect for prospect in turn if prospect)


def _noted(warning: Diagnostic) -> str:
    """A warning for the record: by its line, for the list may lie elsewhere tomorrow."""
    line = f"line {warning.span.line}: " if warning.span and warning.span.line else ""
    return without_secrets(f"{line}{warning.message}")
