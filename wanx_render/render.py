"""The orchestrator: a plan in, clips and deliverables out, each shot on its own way.

It knows the backend protocol, never a vendor. A take goes: cached, or asked for, awaited, fetched;
its segments begin the moment it lands. One take that fails leaves the others alone.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from wanx_render import ffmpeg, probing
from wanx_render.account import Account
from wanx_render.asking import Asker
from wanx_render.backends.base import Backend, Canceled, Failed, Succeeded, Unknown
from wanx_render.bench import Bench, LocalBench
from wanx_render.capabilities import Catalog
from wanx_render.clock import Clock
from wanx_render.collect import FORGOTTEN, Collector
from wanx_render.conform import Take as Media
from wanx_render.errors import Broken, Refused, Unreachable, WanxError
from wanx_render.events import Emit, Event, Kind, Tell
from wanx_render.finish import Finisher
from wanx_render.geometry import Size
from wanx_render.home import Home, lend, whose
from wanx_render.journal import Attempt, Journal
from wanx_render.manifest import DeliverableRecord, Manifest, deliverables_in
from wanx_render.plan import Plan, PlannedShot, Take
from wanx_render.purse import Purse
from wanx_render.results import Clip, Fault, Result, Run, has_clip, manifest_of, words
from wanx_render.shotlist import Money
from wanx_render.standing import kept, last_frame_path, still
from wanx_render.task import Media as Picture
from wanx_render.watch import Ended, Watch

T = TypeVar("T")
_MOVES_MONEY = ("submitted", "clip", "failed")


@dataclass(frozen=True)
class Desk:
    """Everything a run works with, handed in from outside."""

    plan: Plan
    backend: Backend
    journal: Journal
    catalog: Catalog
    program: ffmpeg.Ffmpeg
    executor: Executor
    clock: Clock  # the service's: the mock's runs faster than real
    wall: Clock  # what people read
    folder: Path
    emit: Emit
    only: frozenset[str] = frozenset()
    asks: bool = True  # whether anything may be asked of the service; else only what is there
    withdrawn: Callable[[Take], bool] = lambda _: False  # takes that a person no longer wants
    cascade: bool = True  # whether a shot is asked for anew because its first frame changed
    limit: Decimal | None = None  # the most this run may spend
    warnings: tuple[str, ...] = ()  # of the list, for the record
    chance: random.Random = field(default_factory=random.Random)  # for pauses alone
    bench: Bench | None = None  # where segments and deliverables are made; else here
    account: Account | None = None  # what lists that run together share; else this run's own
    home: Home | None = None  # where the clips are, where that is not the folder itself
    siblings: Sequence[Home] = ()  # the homes of the other lists, which may have the same clips

    @property
    def clips(self) -> Path:
        """The folder that holds ``clips`` and what belongs to them."""
        return self.home.folder if self.home else self.folder


async def render(desk: Desk, program_version: str) -> Manifest:
    """Run the plan to its end and write the manifest."""
    bench = desk.bench or LocalBench(desk.program, desk.executor, desk.folder)
    finisher = Finisher(desk.plan, bench, desk.folder, desk.emit)
    results = await _Crew(desk, finisher).run()
    delivered: tuple[DeliverableRecord | Broken, ...] = ()
    missing = [shot.shot.id for shot in desk.plan.shots if not has_clip(shot, results)]
    if missing:
        await finisher.settle()
        desk.emit(Event("warning", f"no deliverable was made: {_missing(missing)}"))
    else:
        delivered = await finisher.finish(deliverables_in(desk.folder / "manifest.json"))
    for each in delivered:
        if isinstance(each, Broken):
            desk.emit(Event("broken", str(each)))
    run = Run(
        desk.folder, program_version, desk.program.version,
        desk.wall.now().isoformat(timespec="seconds"), desk.warnings,
    )  # fmt: skip
    manifest = manifest_of(desk.plan, results, delivered, run)
    _write(desk.folder / "manifest.json", manifest.text())
    return manifest


def _missing(shots: list[str]) -> str:
    return f"{', '.join(shots)} {'has' if len(shots) == 1 else 'have'} no clip"


class _Crew:
    """The takes of one run, all at work at once."""

    def __init__(self, desk: Desk, finisher: Finisher) -> None:
        self.desk = desk
        self.finisher = finisher
        self.takes: dict[tuple[str, int], asyncio.Task[Result]] = {}
        self.account = desk.account or Account(
            desk.backend, desk.catalog, desk.clock, [desk.journal]
        )
        self.home = desk.home or self._own_home()
        self.purse = self.home.purse

    def _own_home(self) -> Home:
        desk, purse = self.desk, Purse(self.desk.limit)
        asker = Asker(
            self.account, desk.journal, purse, desk.chance, self._tell, desk.withdrawn
        )  # fmt: skip
        watch = Watch(desk.backend, desk.catalog, desk.clock)
        collector = Collector(
            desk.backend, desk.journal, desk.catalog, watch, desk.program, desk.executor,
            desk.folder,
        )  # fmt: skip
        return Home(desk.folder, desk.journal, purse, asker, collector)

    async def run(self) -> dict[tuple[str, int], Result]:
        async with asyncio.TaskGroup() as group:
            for shot in self.desk.plan.shots:
                wanted = not self.desk.only or shot.shot.id in self.desk.only
                work = self._made if wanted and self.desk.asks else self._if_cached
                for take in shot.takes:
                    self.takes[(shot.shot.id, take.number)] = group.create_task(
                        self._take(shot, take, work)
                    )
        return {name: task.result() for name, task in self.takes.items()}

    async def _take(
        self, shot: PlannedShot, take: Take, work: Callable[[Take], Awaitable[Result]]
    ) -> Result:
        """One take from beginning to end; what goes wrong with it stays with it."""
        try:
            result = await work(await self._ready(take))
            if isinstance(result, Clip) and take.number == shot.shot.pick:
                self.finisher.clip_landed(shot, result.media)
        except Refused as error:
            advice = self.desk.catalog.meaning(error.code).advice
            result = Fault(take, "failed", error.code, words(error), advice=advice)
        except WanxError as error:
            code = getattr(error, "code", type(error).__name__)
            result = Fault(take, "failed", code, words(error))
        except OSError as error:  # a full disk, a folder that became read-only
            told = f"{error.strerror or error}: {error.filename or take.label}"
            result = Fault(take, "failed", "CannotWrite", told)
            # Nothing more is paid for that could not be kept.
            self.account.halted = self.account.halted or Unreachable("CannotWrite", told)
        if isinstance(result, Fault) and result.state != "skipped":
            told = f"{result.code}: {result.message}"
            self._tell(take, "failed", f"{told} ({result.advice})" if result.advice else told)
            key = result.take.request.key(self.desk.plan.world)
            return replace(result, attempt=self.desk.journal.last_at(key))
        return result

    async def _ready(self, take: Take) -> Take:
        """The take with its first frame, waiting for the shot it comes from."""
        if take.waits_for is None:
            return take
        desk = self.desk
        if not desk.cascade and (before := kept(take, desk.journal, desk.clips, desk.plan.world)):
            return before
        source = next(s for s in self.desk.plan.shots if s.shot.id == take.waits_for)
        self._tell(take, "waiting", f"for the last frame of {take.waits_for}")
        result = await asyncio.shield(self.takes[(take.waits_for, source.shot.pick)])
        if isinstance(result, Fault):
            raise Broken(f"its first frame is the last of {take.waits_for}, which has no clip")
        return take.with_first_frame(await self._last_frame(result.media))

    async def _last_frame(self, media: Media) -> Picture:
        path = last_frame_path(self.desk.clips, media.sha256)
        damaged = await self._work(
            probing.last_frame, self.desk.program, media.path, media.frames, media.size, path
        )
        if damaged:
            message = (
                f"the last frame of {media.path.name} was damaged in .cache/frames; made again"
            )
            self.desk.emit(Event("warning", message))
        return still(path)

    async def _if_cached(self, take: Take) -> Result:
        key = take.request.key(self.desk.plan.world)
        return await self._cached(take, key) or Fault(take, "skipped", "", "not asked for")

    async def _made(self, take: Take) -> Result:
        """The clip of ``take``: from the cache, from a task that still runs, or from a new one."""
        key = take.request.key(self.desk.plan.world)
        # Two takes that ask for the very same thing are one request, asked for and paid once.
        async with self.account.lock(key):
            cached = await self._cached(take, key)
            if cached:
                return cached
            home = whose(key, self.home, self.desk.siblings)
            if home is self.home or not home.journal.clip_for(key):
                fault = await self._fetched(take, key, home)
                if fault:
                    return fault
            if home is not self.home:
                lend(key, home, self.home)
            landed = await self._cached(take, key, said=False)
        if landed is None:
            raise Broken(f"the clip of {take.label} vanished after it was stored")
        return landed

    async def _fetched(self, take: Take, key: str, home: Home) -> Fault | None:
        """Ask for the clip, or wait for the task that makes it, and fetch it; else why not."""
        owed, lane = home.journal.owed_for(key), self.account.lane(take.request.model)
        async with lane.place(self.home.name, taken=bool(owed and owed.task_id)):
            asked = await home.asker.ask(take, key)
            if isinstance(asked, Fault):
                return asked
            ended = await home.collector.end(
                asked,
                self._way(take, asked.task_id),
                lambda: lane.last_ones,
            )
        self._settle(take, key, asked, home)
        if not isinstance(ended, Succeeded):
            return self._fault(take, ended)
        await home.collector.fetch(asked, ended)
        return None

    def _settle(self, take: Take, key: str, asked: Attempt, home: Home) -> None:
        """Hold the bill against the price that was reserved."""
        told = home.journal.attempt(asked.id)
        bill = None
        if told and told.amount is not None and told.currency is not None:
            bill = Money(amount=Decimal(told.amount), currency=told.currency)
        home.purse.settle(key, bill)
        if bill and take.price and bill.amount != take.price.amount:
            self._tell(take, "warning", f"billed {bill.amount}, planned {take.price.amount}")

    def _fault(self, take: Take, ended: Ended) -> Fault:
        """Why a task that ended has no clip."""
        match ended:
            case Failed(code=code, message=message):
                advice = self.desk.catalog.meaning(code).advice
                return Fault(take, "failed", code, message, ended.task_id, advice)
            case Canceled():
                return Fault(take, "canceled", "Canceled", "the task was cancelled", ended.task_id)
            case Unknown() | Succeeded():
                return Fault(take, "lost", "Unknown", FORGOTTEN, ended.task_id)

    async def _cached(self, take: Take, key: str, *, said: bool = True) -> Clip | None:
        attempt = self.desk.journal.clip_for(key)
        if attempt is None or attempt.clip_name is None or attempt.clip_sha256 is None:
            return None
        path = self.desk.clips / "clips" / attempt.clip_name
        if not path.is_file():
            self._tell(take, "warning", f"its clip {attempt.clip_name} is gone")
            self.desk.journal.forget_clip(attempt.clip_sha256)
            return None
        media = await self._probed(attempt, attempt.clip_sha256, path)
        told = f"{media.size}, {media.rate} fps, {media.frames} frames"
        self._tell(take, "cached" if said else "clip", told)
        if not said and (other := _unlike(take, media)):
            self._tell(take, "warning", other)
        return Clip(take, attempt, media)

    async def _probed(self, attempt: Attempt, sha256: str, path: Path) -> Media:
        """What the clip is; looked at once, and again where its size is not what it was."""
        facts = attempt.clip_facts
        if facts is None or path.stat().st_size != attempt.clip_bytes:
            probe = await self._work(probing.probe, self.desk.program, path)
            picture = probe.picture
            facts = {
                "width": picture.size.width, "height": picture.size.height,
                "rate": str(picture.rate), "frames": picture.frames,
                "sound": probe.sound is not None,
            }  # fmt: skip
            self.desk.journal.probed(sha256, facts)
        return Media(
            path=path,
            sha256=sha256,
            size=Size(facts["width"], facts["height"]),
            rate=Fraction(facts["rate"]),
            frames=facts["frames"],
            has_sound=facts["sound"],
        )

    async def _work(self, call: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.desk.executor, call, *arguments)

    def _tell(self, take: Take, kind: Kind, text: str = "", task_id: str | None = None) -> None:
        spent = str(self.purse.used) if kind in _MOVES_MONEY else None
        self.desk.emit(Event(kind, text, take.shot, take.number, task_id=task_id, spent=spent))

    def _way(self, take: Take, task_id: str | None) -> Tell:
        def tell(kind: Kind, polls: int | None = None, seconds_left: float | None = None) -> None:
            self.desk.emit(
                Event(
                    kind, "", take.shot, take.number, task_id=task_id,
                    polls=polls, seconds_left=seconds_left,
                )
            )  # fmt: skip

        return tell


def _unlike(take: Take, media: Media) -> str:
    """What of a clip is not as predicted; the deliverables are exact all the same."""
    came, expected = f"{media.size}", f"{take.size or media.size}"
    if media.rate != take.rate:
        came, expected = f"{came} at {media.rate} fps", f"{expected} at {take.rate} fps"
    return "" if came == expected else f"its clip is {came}; {expected} was expected"


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
