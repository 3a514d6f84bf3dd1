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
from typing import Any

from wanx_render.catalog.capabilities import Catalog
from wanx_render.clock import RealClock
from wanx_render.diagnostics import Diagnostic, without_secrets
from wanx_render.errors import WanxError
from wanx_render.events import Emit, Event
from wanx_render.language import Message, plural, recorded, tr, verbatim
from wanx_render.manifest import Manifest
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.planning.journal import Journal
from wanx_render.planning.planned import Take
from wanx_render.reports.states import LISTS, left_with
from wanx_render.reports.storyboard_files import PictureSource, after_run
from wanx_render.run.context import RunContext
from wanx_render.run.orchestrator import render
from wanx_render.session.connection import Service
from wanx_render.session.outcome import Outcome, files_of, outcome_of
from wanx_render.session.selection import ListInFolder
from wanx_render.session.survey import Prospect, Surveyed, by_home, program_version
from wanx_render.tasks.budget import SpendingLimit
from wanx_render.tasks.clip_store import ClipStore
from wanx_render.tasks.tools import Tools
from wanx_render.tasks.wiring import Wiring
from wanx_render.workers.base import LocalWorkers, Workers
from wanx_render.workers.dedupe import ListWorkers, SharedWorkers

WINDOW = 48  # lists at work; enough to keep every model's places taken


@dataclass(frozen=True)
class Means:
    """What a run works with."""

    service: Service
    program: Ffmpeg
    executor: Executor
    workers: Callable[[Path], Workers]  # of a home

    @classmethod
    def here(cls, service: Service, program: Ffmpeg, executor: Executor) -> "Means":
        """Everything is encoded on this machine."""
        return cls(service, program, executor, lambda home: LocalWorkers(program, executor, home))

    def tools(self, catalog: Catalog) -> Tools:
        return Tools(
            backend=self.service.backend, catalog=catalog, clock=self.service.clock,
            wall=RealClock(), program=self.program, executor=self.executor,
            chance=random.Random(),  # noqa: S311  # for pauses alone
        )  # fmt: skip


class Run:
    """One run over the lists of a survey; ``emit`` is called for all that happens, list by list."""

    def __init__(
        self,
        surveyed: Surveyed,
        means: Means,
        emit: Emit,
        *,
        withdrawn: Callable[[Take], bool] = lambda _: False,
        storyboards: bool = True,
    ) -> None:
        """``withdrawn`` says which takes a person no longer wants."""
        self.surveyed = surveyed
        self.survey, self.selection = surveyed.survey, surveyed.selection
        self.options = surveyed.selection.options
        self.means = means
        self.emit = emit
        self.storyboards = storyboards
        self.outcomes: dict[str, Outcome] = {}
        self.changed: set[Path] = set()  # homes of which something was rendered
        self.last: Manifest | None = None  # of the list that ended last
        self.limit = SpendingLimit(self.options.max_cost)  # of all lists together
        self._wiring = Wiring(
            means.tools(self.selection.catalog),
            list(self.survey.journals.values()),
            self.options.on_ambiguous,
            withdrawn,
        )
        self._stores: dict[Path, ClipStore] = {}
        self._shared: dict[Path, SharedWorkers] = {}
        self._unused: dict[Path, set[str]] = {}  # pieces that lists ceased to use
        self._errors: list[Exception] = []

    async def carry_out(self) -> None:
        """Render what is not finished; owed clips first, since they expire.

        The backend is closed whatever happens. Raises what stopped the only list, and bugs.
        """
        service, lists = self.means.service, self.surveyed.lists
        self.outcomes = {
            prospect.item.name: prospect.finished for prospect in lists if prospect.finished
        }
        left = sorted(
            (prospect for prospect in lists if not prospect.finished), key=lambda it: not it.owed
        )
        try:
            if not self.options.free and any(prospect.asks for prospect in left):
                await service.open(self.selection.catalog)
            self._wiring.account.begin()  # by the service's clock, which its first answer shows
            self._stores = self._open_stores(left)
            await self._render_all(left)
            for home in self.changed:
                await self._sweep(home)
        finally:
            await service.backend.close()
        if self._errors:  # the other lists went on, and what they brought is kept
            raise self._errors[0]

    # -- the clip stores ---------------------------------------------------------------------------

    def _open_stores(self, prospects: Sequence[Prospect]) -> dict[Path, ClipStore]:
        """A store for each journal, all with one account and one limit over theirs."""
        groups = by_home(prospects)
        return {
            home: self._store(groups.get(home, []), home, journal)
            for home, journal in self.survey.journals.items()
        }

    def _store(self, prospects: Sequence[Prospect], folder: Path, journal: Journal) -> ClipStore:
        shots = prospects[0].item.loaded.shots if prospects else None
        budget = shots.budget.max_cost.amount if shots and shots.budget else None

        def emit(take: Take, event: Event) -> None:
            project = shots.project if shots else ""
            name = f"{project}/{take.row}" if take.row else project
            self.emit(replace(event, list=name))

        media = [media for prospect in prospects for media in prospect.media]
        return self._wiring.store(folder, journal, SpendingLimit(budget, self.limit), media, emit)

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
        pieces: set[str] = set()
        context = self._context(prospect, pieces)
        manifest: Manifest | None = None
        try:
            manifest = await render(context, program_version())
        except (WanxError, OSError) as error:
            self._stopped(context, error, _sentence(error), ends=self.selection.alone)
        except Exception as error:  # noqa: BLE001  # one list's failure stays its own
            bug = verbatim(f"{type(error).__name__}: {error}")
            self._stopped(context, error, bug, ends=True)
        events = await asyncio.to_thread(self._publish, context, prospect.item, manifest)
        for event in events:
            context.emit(event)
        unsent = [event.text for event in events if event.kind == "broken"]
        self._note(prospect, context, manifest, pieces, unsent)

    def _stopped(
        self, context: RunContext, error: Exception, message: Message, *, ends: bool
    ) -> None:
        """A list cannot be carried out; ``ends``: the command says it when it ends by it."""
        if ends:
            self._errors.append(error)
        if not self.selection.alone:
            context.emit(Event("broken", message))

    def _context(self, prospect: Prospect, used: set[str]) -> RunContext:
        """What the orchestrator works with; ``used`` becomes the pieces that the list uses."""
        item = prospect.item
        item.folder.mkdir(exist_ok=True)
        outlook = prospect.outlook or self.survey.outlook(item, noted=True)
        return RunContext(
            plan=outlook.plan,
            folder=item.folder,
            tools=self._wiring.tools,
            account=self._wiring.account,
            store=self._stores[item.home],
            other_stores=tuple(self._stores.values()),
            workers=ListWorkers(self._shared_workers(item.home), used),
            emit=lambda event: self.emit(replace(event, list=item.name)),
            only=item.only,
            submits=not self.options.free,
            cascade=self.options.cascade,
            insisted=prospect.retaken,
            warnings=tuple(_noted(warning) for warning in item.loaded.warnings),
            judge=self.options.judge,
        )

    def _publish(
        self, context: RunContext, item: ListInFolder, manifest: Manifest | None
    ) -> list[Event]:
        """Write the storyboard and fill the bucket; what is to be said of it."""
        events: list[Event] = []
        if manifest is None:
            return events
        if self.storyboards:
            source = PictureSource(item.folder, self.means.program, context.plan.media, item.home)
            after_run(manifest, source, self.means.executor, events.append)
        place = self.survey.places.get(item.home)
        unsent = place.publish(item.folder, manifest) if place else ()
        return [*events, *(Event("broken", recorded(reason)) for reason in unsent)]

    def _note(
        self,
        prospect: Prospect,
        context: RunContext,
        manifest: Manifest | None,
        used: set[str],
        unsent: Sequence[str],
    ) -> None:
        """Note how the list was left, and show it."""
        item = prospect.item
        outcome = outcome_of(context, manifest, item.home, unsent)
        record = self._record(prospect, outcome, manifest)
        record["pieces"] = self._pieces(prospect, used, complete=not (outcome.code or item.only))
        try:
            context.journal.left(item.row, record)
        except WanxError as error:  # a full disk: what was done stays, and the list is not finished
            outcome = replace(outcome, code=outcome.code or 1)
            self._stopped(context, error, error.sentence, ends=self.selection.alone)
        self.outcomes[item.name], self.last = outcome, manifest
        self.changed.add(item.home)
        context.emit(self._ended(item, outcome))

    def _ended(self, item: ListInFolder, outcome: Outcome) -> Event:
        facts = {
            "exit_code": outcome.code,
            "cost": outcome.cost,
            "folder": str(item.folder),
            "deliverables": [str(path) for path in self.survey.delivered(item, outcome)],
            "failed": list(outcome.failed),
        }
        text = plural(
            "{state} ({done} of {n} list done)",
            "{state} ({done} of {n} lists done)",
            len(self.surveyed.lists),
            state=recorded(LISTS[left_with(outcome.code)].event),
            done=len(self.outcomes),
        )
        return Event("list", text, facts=facts)

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

    def _shared_workers(self, home: Path) -> SharedWorkers:
        if home not in self._shared:
            self._shared[home] = SharedWorkers(self.means.workers(home))
        return self._shared[home]

    def _pieces(self, prospect: Prospect, used: set[str], *, complete: bool) -> list[str]:
        """What is to be kept for a list from now on; one that failed keeps what it had too."""
        if complete:
            self._unused.setdefault(prospect.item.home, set()).update(prospect.pieces - used)
            return sorted(used)
        return sorted(used | prospect.pieces)

    async def _sweep(self, home: Path) -> None:
        """Drop the pieces that no list uses any more; a run over some only what they used."""
        selection = self.selection
        left = self.survey.journals[home].rows()
        rows = {item.row for item in selection.entries if item.home == home}
        names = rows if selection.whole else left.keys()
        pieces = {name for row in names for name in left.get(row, {}).get("pieces", ())}
        among = None if selection.whole else self._unused.get(home, set())
        await self._shared[home].workers.sweep(pieces, among)


def _by_turns(prospects: Sequence[Prospect]) -> Iterator[Prospect]:
    """One of each home, then the next of each: a short list does not wait for a long one."""
    for turn in zip_longest(*by_home(prospects).values()):
        yield from (prospect for prospect in turn if prospect)


def _noted(warning: Diagnostic) -> str:
    """A warning for the record: by its line, because the list may be moved."""
    text = warning.message
    if warning.span and warning.span.line:
        text = tr("line {n}: {message}", n=warning.span.line, message=text)
    return without_secrets(text)


def _sentence(error: WanxError | OSError) -> Message:
    """Why a list cannot be carried out."""
    if isinstance(error, WanxError):
        return error.sentence
    reason = error.strerror or str(error)
    return tr("{name}: {reason}", name=error.filename or tr("a file"), reason=reason)
