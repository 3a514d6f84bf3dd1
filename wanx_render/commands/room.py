"""The board's room: a list and its folder, one run at a time, and everything a person may do there.

The truth is in the list, the picks file, the journal and the manifest; nothing is kept here that a
restart would lose.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanx_render import ffmpeg, picks
from wanx_render import manifest as manifests
from wanx_render.backends.base import Backend, Pending, Running
from wanx_render.board import view
from wanx_render.board.app import Declined
from wanx_render.board.feed import Feed
from wanx_render.board.view import Ledger, Live, Scene
from wanx_render.capabilities import Catalog
from wanx_render.clock import RealClock
from wanx_render.commands.base import World, read, warnings
from wanx_render.commands.folder import held, opened
from wanx_render.commands.render import (
    RenderOptions,
    Session,
    opening,
    reach,
    run,
    who_asks,
    within_budget,
)
from wanx_render.commands.service import Service
from wanx_render.diagnostics import clean, concise, without_secrets
from wanx_render.errors import BadInput, FolderBusy, NeedsPerson, ServiceError, WanxError
from wanx_render.events import Event
from wanx_render.geometry import Focus
from wanx_render.journal import Attempt, Journal
from wanx_render.manifest import Manifest
from wanx_render.picks import Choice
from wanx_render.plan import PlannedShot, Take
from wanx_render.reports.terminal import line

if TYPE_CHECKING:
    from wanx_render.backends.dashscope import Access

LOOK = 1.0  # seconds between two looks at the files that others may change
SETTLE = 0.25  # seconds in which several events become one new look at the journal
LINES = 100  # of the log
_QUIET = frozenset({"polled"})  # told of each time the service is asked


@dataclass
class _Running:
    """A run of this process."""

    what: str
    opening: str
    service: Service
    first: int  # attempts with a higher number are this run's
    prices: Mapping[str, Decimal]  # by what is asked for
    limit: Decimal | None
    withdrawn: set[str] = field(default_factory=set)
    stopped: bool = False

    def takes_back(self, take: Take) -> bool:
        return self.stopped or take.label in self.withdrawn


class Room:
    """One list on the board."""

    def __init__(
        self,
        options: RenderOptions,
        world: World,
        *,
        folder: Path,
        executor: Executor,
        epoch: str,
    ) -> None:
        self.feed = Feed(epoch)
        self._options = options
        self._world = world
        self._folder = folder
        self._executor = executor
        self._stack = ExitStack()
        self._journal: Journal = self._stack.enter_context(opened(folder))
        self._live: dict[tuple[str, int], Live] = {}
        self._log: deque[str] = deque(maxlen=LINES)
        self._problems: list[str] = []
        self._warnings: list[str] = []
        self._stopped: str | None = None  # why the last run here did not come to its end
        self._running: _Running | None = None
        self._task: asyncio.Task[Manifest] | None = None
        self._elsewhere = False
        self._wall = RealClock()
        self._shown: dict[str, dict[str, Any]] = {}
        self._about: dict[str, Any] = {}
        self._soon: asyncio.TimerHandle | None = None
        self._writing = asyncio.Lock()
        self._starting = asyncio.Lock()
        self._seen = self._stamps()
        loaded, catalog = read(self._list, options.catalog)
        self._asked_at: Access | None = None
        self._session = self._held_against(loaded, catalog)
        self._asked_at = who_asks(options, self._session.made, catalog, world)
        self._manifest = self._read_manifest()
        self._warn()
        self._look()

    @property
    def _list(self) -> Path:
        if self._options.file is None:
            raise LookupError("a board needs a list")
        return self._options.file

    def _held_against(self, loaded: Any, catalog: Catalog, **more: Any) -> Session:
        options = replace(self._options, **more)
        return Session.of(options, loaded, catalog, folder=self._folder, journal=self._journal)

    # What is shown

    def state(self) -> dict[str, Any]:
        """Everything a tab needs that knows nothing yet."""
        self._look()
        return {"about": self._about, "shots": list(self._shown.values())}

    def _scene(self) -> Scene:
        session = self._session
        standings: dict[str, list[Any]] = {each.shot.id: [] for each in session.made.shots}
        for each in session.standings:
            standings[each.take.shot].append(each)
        return Scene(
            plan=session.made,
            standings={name: tuple(each) for name, each in standings.items()},
            ledger=Ledger.of(self._journal.every()),
            picks=session.loaded.picks,
            catalog=session.catalog,
            live=self._live,
            now=self._running.service.backend.now() if self._running else self._wall.now(),
        )

    def _look(self) -> None:
        """Make every view anew, and tell the tabs what became other."""
        scene = self._scene()
        shots = {each.shot.id: view.shot(scene, each) for each in scene.plan.shots}
        about = self._view_of_run(scene)
        if list(shots) != list(self._shown):
            self._shown, self._about = shots, about
            self.feed.publish("state", {"about": about, "shots": list(shots.values())})
            return
        for name, record in shots.items():
            if _lasting(record) != _lasting(self._shown[name]):
                self.feed.publish("shot", record)
        if about != self._about:
            self.feed.publish("about", about)
        self._shown, self._about = shots, about

    def _view_of_run(self, scene: Scene) -> dict[str, Any]:
        session, running = self._session, self._running
        cost = session.made.cost(session.new)
        budget = self._budget()
        return {
            "project": session.made.project,
            "file": self._list.name,
            "folder": str(self._folder),
            "mock": session.made.world == "mock",
            "run": running.what if running else "elsewhere" if self._elsewhere else None,
            "opening": running.opening if running else "",
            "pace": running.service.clock.pace if running else 1,
            "to_make": {"takes": len(session.new), "price": str(cost)},
            "paid": f"{scene.ledger.paid:.2f} {session.made.currency}",
            "budget": f"{budget:.2f}" if budget is not None else None,
            "spent": f"{self._spent(scene.ledger):.2f}",
            "currency": session.made.currency,
            "deliverables": view.deliverables(scene, self._manifest),
            "debts": view.debts(scene),
            "problems": [*([self._stopped] if self._stopped else []), *self._problems],
            "warnings": self._warnings,
            "log": list(self._log)[-30:],
        }

    def _budget(self) -> Decimal | None:
        written = self._session.loaded.shots.budget
        limits = [written.max_cost.amount] if written else []
        limits += [self._options.max_cost] if self._options.max_cost is not None else []
        return min(limits, default=None)

    def _spent(self, ledger: Ledger) -> Decimal:
        """What this run was billed, or will be for what it has sent."""
        running = self._running
        if running is None:
            return Decimal(0)
        spent = Decimal(0)
        for each in ledger.last.values():
            if each.id <= running.first:
                continue
            if each.amount:
                spent += Decimal(each.amount)
            elif each.state in ("submitting", "submitted", "uncertain", "unresolved"):
                spent += running.prices.get(each.key, Decimal(0))
        return spent

    # What others change

    async def watch(self) -> None:
        """Look at the files from time to time, for as long as the board is open."""
        while True:
            await asyncio.sleep(LOOK)
            stamps = self._stamps()
            if stamps != self._seen:
                before, self._seen = self._seen, stamps
                await self._changed(listed=before[:2] != stamps[:2])

    def _stamps(self) -> tuple[tuple[int, int], ...]:
        paths = (
            self._list,
            picks.beside(self._list),
            self._folder / "manifest.json",
            self._folder / "journal.sqlite-wal",
        )
        return tuple(_stamp(path) for path in paths)

    async def _changed(self, *, listed: bool) -> None:
        if self._running is None:
            self._elsewhere = self._is_held()
        if listed:
            await self._reload()
        else:
            self._restand()
        self._manifest = self._read_manifest()
        self._look()

    def _is_held(self) -> bool:
        """Whether another program works in the folder."""
        try:
            with held(self._folder):
                return False
        except FolderBusy:
            return True

    async def _reload(self) -> None:
        """Read the list again; where it has become wrong, say so and keep what there was."""
        try:
            loaded, catalog = await asyncio.to_thread(read, self._list, self._options.catalog)
            session = self._held_against(loaded, catalog)
        except BadInput as problem:
            self._problems = [concise(each) for each in problem.diagnostics][:20]
            return
        self._session = session
        self._problems = []
        self._warn()

    def _warn(self) -> None:
        found = warnings(self._session.loaded, self._session.made)
        self._warnings = [concise(each) for each in found][:20]

    def _restand(self) -> None:
        """See again how every take stands."""
        self._session = self._held_against(self._session.loaded, self._session.catalog)

    def _read_manifest(self) -> Manifest | None:
        try:
            return manifests.read(self._folder / "manifest.json")
        except BadInput:
            return None

    # Files

    def clip(self, name: str) -> Path | None:
        """A clip that the journal knows by this very name."""
        known = any(each.clip_name == name for each in self._journal.every("succeeded"))
        return self._folder / "clips" / name if known else None

    def deliverable(self, name: str) -> Path | None:
        """The file of a deliverable that the manifest records."""
        made = self._manifest.deliverables if self._manifest else ()
        found = next((each for each in made if each.name == name), None)
        return self._folder / f"{found.name}.mp4" if found else None

    async def picture(self, kind: str, name: str) -> Path | None:
        """The first frame of a shot, where it is a file."""
        if kind != "frame":
            return None
        image = self._planned(name).shot.image
        media = self._session.loaded.media.get(image) if isinstance(image, str) else None
        return media.path if media else None

    # What a person does

    async def act(self, what: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the page asks for. Raises KeyError for what there is not, WanxError else."""
        acts: dict[str, Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]] = {
            "choose": self._choose,
            "reject": self._reject,
            "focus": self._focus,
            "quote": self._quote,
            "run": self._start,
            "cancel": self._cancel,
        }
        return await acts[what](asked)

    async def _choose(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        shot, number = self._take_of(asked)

        def choice(before: Choice) -> Choice:
            rejected = tuple(each for each in before.rejected if each != number)
            return replace(before, pick=number, rejected=rejected)

        return await self._write(shot, choice)

    async def _reject(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Reject a take, or take that back; a rejected take is not picked if there is another."""
        shot, number = self._take_of(asked)
        planned = self._planned(shot)

        def choice(before: Choice) -> Choice:
            if number in before.rejected:
                rest = tuple(each for each in before.rejected if each != number)
                return replace(before, rejected=rest)
            rejected = tuple(sorted({*before.rejected, number}))
            pick = None if before.pick == number else before.pick
            if planned.shot.pick == number:
                left = (t.number for t in planned.takes if t.number not in rejected)
                pick = next(left, None)
            return Choice(pick, rejected, before.focus)

        return await self._write(shot, choice)

    async def _focus(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        shot = self._planned(asked.get("shot")).shot.id
        point = asked.get("focus")
        if point is None:
            return await self._write(shot, lambda before: replace(before, focus=None))
        if not (isinstance(point, list) and len(point) == 2 and all(map(_is_thousandth, point))):
            raise Declined("a focus is two whole numbers from 0 to 1000")
        focus = Focus(Fraction(point[0], 1000), Fraction(point[1], 1000))
        return await self._write(shot, lambda before: replace(before, focus=focus))

    async def _write(self, shot: str, change: Callable[[Choice], Choice]) -> dict[str, Any]:
        """Put one choice into the picks file, as it stands there now."""
        async with self._writing:
            ids = tuple(each.shot.id for each in self._session.made.shots)
            now, wrong = picks.read(self._list, ids)
            if wrong:
                raise Declined(f"mend the picks file first: {concise(wrong[0])}")
            after = now.having(shot, change(now.of(shot)))
            if after.shots != now.shots:
                await asyncio.to_thread(picks.write, after)
                await self._reload()
                self._seen = self._stamps()
                self._look()
        return {"ok": True}

    def _planned(self, shot: Any) -> PlannedShot:
        for planned in self._session.made.shots:
            if planned.shot.id == shot:
                return planned
        raise KeyError(shot)

    def _take_of(self, asked: Mapping[str, Any]) -> tuple[str, int]:
        planned = self._planned(asked.get("shot"))
        number = asked.get("take")
        if not isinstance(number, int) or not 1 <= number <= len(planned.takes):
            raise KeyError(number)
        return planned.shot.id, number

    # Runs

    async def _quote(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What a run would ask for and cost; nothing is sent."""
        session = self._wanted(asked)
        try:
            within_budget(session)
        except NeedsPerson as error:
            return {**_priced(session), "refused": str(error)}
        return _priced(session)

    def _wanted(self, asked: Mapping[str, Any]) -> Session:
        """The session of what the page asks for: all that is missing, or one more take."""
        loaded, catalog = self._session.loaded, self._session.catalog
        match asked.get("what"):
            case "render":
                return self._held_against(loaded, catalog)
            case "reroll":
                shot = self._planned(asked.get("shot")).shot.id
                return self._held_against(loaded, catalog, only=(shot,), retake=(shot,))
            case "rebuild":
                return self._held_against(loaded, catalog, cascade=False)
            case _:
                raise KeyError("what")

    async def _start(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a run. What costs must be confirmed by its exact price; a rebuild asks nothing."""
        async with self._starting:
            if self._running:
                raise Declined("one run at a time: wait for the one that is on, or cancel it")
            await self._reload()
            if self._problems:
                raise Declined(f"mend the list first: {self._problems[0]}")
            free = asked.get("what") == "rebuild"
            with ExitStack() as stack:
                stack.enter_context(held(self._folder))
                session = self._wanted(asked)
                priced = _priced(session)
                if not free and session.new and asked.get("price") != priced["price"]:
                    raise Declined("confirm the exact price: nothing was sent", **priced)
                limit = None if free else within_budget(session)
                await self._begin(session, limit, free=free, stack=stack)
                stack.pop_all()
        return {"ok": True}

    async def _begin(
        self, session: Session, limit: Decimal | None, *, free: bool, stack: ExitStack
    ) -> None:
        program = await asyncio.to_thread(ffmpeg.find, self._world.environ)
        for basis, takes in session.counts.items():
            self._journal.retake(basis, takes)
        service = reach(
            session, self._asked_at, self._world, program=program, executor=self._executor
        )
        world = session.made.world
        prices = {
            each.request.key(world): each.price.amount for each in session.made.takes if each.price
        }
        what = "rebuild" if free else "reroll" if session.options.retake else "render"
        told = "rebuilding the deliverables, at no cost" if free else ""
        running = _Running(
            what,
            told or opening(session.made, session.new),
            service,
            max((each.id for each in self._journal.every()), default=0),
            prices,
            limit,
        )
        desk = replace(
            session.desk(service, self._journal, program, self._executor, self._note),
            limit=limit, asks=not free, withdrawn=running.takes_back,
        )  # fmt: skip
        self._running, self._stopped = running, None
        self._note(Event("start", running.opening))
        self._task = asyncio.create_task(run(session, desk, service))
        self._task.add_done_callback(lambda task: self._ended(task, stack.pop_all()))

    def _ended(self, task: "asyncio.Task[Manifest]", stack: ExitStack) -> None:
        """The run is over, however: let the folder go and show what is there."""
        stack.close()
        self._running = None
        self._live.clear()
        if not task.cancelled() and (error := task.exception()):
            self._log.append(f"stopped: {_why(error)}")
            self._stopped = f"the run stopped: {_why(error)}"
        self._seen = self._stamps()
        self._manifest = self._read_manifest()
        self._restand()
        self._look()

    def _note(self, event: Event) -> None:
        """Hear of one thing that happened; several in a moment are shown together."""
        if event.shot and event.take:
            name = (event.shot, event.take)
            now = self._running.service.backend.now() if self._running else None
            live = Live.after(self._live.get(name), event, now)
            if live:
                self._live[name] = live
            else:
                self._live.pop(name, None)
        if event.kind not in _QUIET:
            self._log.append(clean(without_secrets(line(event))))
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SETTLE, self._settle)

    def _settle(self) -> None:
        self._soon = None
        if self._running:
            self._restand()
            self._look()

    # Cancelling

    async def _cancel(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Cancel one take or all; the answer says what the service really did."""
        wanted: str | None = None
        if "shot" in asked:
            shot, number = self._take_of(asked)
            wanted = f"{shot} take {number}"
        told = self._take_back(wanted)
        open_ones = [
            each
            for each in self._journal.every("submitted")
            if wanted is None or each.label == wanted
        ]
        if open_ones:
            told += await self._cancel_all(open_ones)
        if not told:
            told = ["nothing is on its way"]
        self._log.extend(clean(each) for each in told)
        self._restand()
        self._look()
        return {"told": told}

    def _take_back(self, wanted: str | None) -> list[str]:
        """Keep what was not sent from being sent."""
        running = self._running
        if running is None:
            return []
        open_labels = {each.label for each in self._journal.every("submitted", "submitting")}
        unsent = [
            f"{shot} take {number}"
            for (shot, number), live in self._live.items()
            if live.state in ("waiting", "slowed")
        ]
        if wanted is None:
            running.stopped = True
            return ["nothing more is sent"]
        if wanted in open_labels and wanted not in unsent:
            return []
        running.withdrawn.add(wanted)
        return [f"{wanted}: taken back before it was sent"]

    async def _cancel_all(self, attempts: list[Attempt]) -> list[str]:
        if self._running:
            backend = self._running.service.backend
            return [await _cancelled(backend, each) for each in attempts]
        program = await asyncio.to_thread(ffmpeg.find, self._world.environ)
        service = reach(
            self._session, self._asked_at, self._world, program=program, executor=self._executor
        )
        try:
            await service.open(self._session.catalog)
            told = []
            for each in attempts:
                told.append(await _cancelled(service.backend, each))
                if told[-1].endswith(_DONE) and not self._is_held():
                    self._journal.ended(each.id, "failed", "Canceled", "the task was cancelled")
            return told
        finally:
            await service.backend.close()

    async def close(self) -> None:
        """Stop what is on its way here; the service goes on, and the next run takes it up."""
        self.feed.close()
        if self._task and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        self._stack.close()


_DONE = "cancelled at the service; it is not billed"


async def _cancelled(backend: Backend, attempt: Attempt) -> str:
    """Ask the service to cancel, and say what it says."""
    task_id = attempt.task_id or ""
    try:
        if await backend.cancel(task_id):
            return f"{attempt.label}: {_DONE}"
        state = await backend.poll(task_id)
    except ServiceError as error:
        return f"{attempt.label}: not cancelled: {error}"
    if isinstance(state, Running):
        return (
            f"{attempt.label}: it runs already; the service cannot stop it, and it will be billed"
        )
    if isinstance(state, Pending):
        return f"{attempt.label}: not cancelled, though it still waits; try again"
    return f"{attempt.label}: too late, it has ended ({type(state).__name__.lower()})"


def _priced(session: Session) -> dict[str, Any]:
    """The price of a session as it must be confirmed, and what it is for."""
    return {
        "price": str(session.made.cost(session.new)),
        "takes": [each.label for each in session.new],
        "typed": session.made.world != "mock" and bool(session.new),
    }


def _lasting(record: Mapping[str, Any]) -> dict[str, Any]:
    """A shot's view without what time alone changes."""
    passing = ("age", "left", "hours")
    takes = [{k: v for k, v in each.items() if k not in passing} for each in record["takes"]]
    return {**record, "takes": takes}


def _is_thousandth(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000


def _stamp(path: Path) -> tuple[int, int]:
    try:
        known = path.stat()
    except OSError:
        return 0, 0
    return known.st_mtime_ns, known.st_size


def _why(error: BaseException) -> str:
    """What stopped a run, in words; of several at once the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    told = str(error) if isinstance(error, WanxError) else f"a bug: {type(error).__name__}: {error}"
    return clean(without_secrets(told))
