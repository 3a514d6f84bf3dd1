"""The orchestrator: a plan in, clips and deliverables out, each shot on its own way.

It knows the backend protocol, never a vendor. A take goes: cached, or asked for, awaited, fetched;
its segments begin the moment it lands. One take that fails leaves the others alone.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from wanx_render.backends.base import Backend, Canceled, Failed, Succeeded, Unknown
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import impossible
from wanx_render.clock import Clock
from wanx_render.errors import (
    Broken,
    Refused,
    Throttled,
    UnknownHost,
    Unreachable,
    WanxError,
)
from wanx_render.events import Emit, Event, Kind, Tell
from wanx_render.files import write_atomically
from wanx_render.finishing.segment import ClipMedia, Quirks
from wanx_render.geometry import Size
from wanx_render.manifest import DeliverableRecord, Manifest, deliverables_in
from wanx_render.media import ffmpeg, probe
from wanx_render.media.ai_labels import recorded
from wanx_render.media.colour_tags import Tags
from wanx_render.media.stereo import channels_of
from wanx_render.money import Money, show_amount, write_sum, write_sums
from wanx_render.planning.journal import Attempt, Journal
from wanx_render.planning.origins import Origins, last_frame_path, pixels_of
from wanx_render.planning.plan import Plan, PlannedShot, Take
from wanx_render.planning.take_status import kept
from wanx_render.run.finisher import Finisher
from wanx_render.run.results import RunFacts, TakeClip, TakeResult, has_clip, manifest_of
from wanx_render.task import InputMedia
from wanx_render.tasks.account import Account, Ambiguous
from wanx_render.tasks.budget import SpendingLimit
from wanx_render.tasks.clip_store import ClipStore, damage, lend, set_aside, whose
from wanx_render.tasks.collect import UNKNOWN, Collector
from wanx_render.tasks.outcome import TakeFailure, hours_left, permission, words
from wanx_render.tasks.polling import Ended, Poller
from wanx_render.tasks.recognition import ClipJudge, pictures_by_identity
from wanx_render.tasks.submit import EXPIRED, Submitter
from wanx_render.timing import FASTEST_RATE, commonest_rate, mean_rate
from wanx_render.workers.base import LocalWorkers, Workers

T = TypeVar("T")
AGAIN = 2  # how often a request is sent once more in a run whose task failed by the service's fault
AGAIN_PAUSE = 15.0  # seconds before the first of these, twice as long before the next
MOVES_MONEY = ("submitted", "clip", "failed")


@dataclass(frozen=True)
class RunContext:
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
    insisted: frozenset[str] = frozenset()  # shots that are sent again whatever became of them
    on_ambiguous: Ambiguous = "ask"  # what a request is that may have been accepted
    limit: Decimal | None = None  # the most this run may spend
    warnings: tuple[str, ...] = ()  # of the list, for the record
    chance: random.Random = field(default_factory=random.Random)  # for pauses alone
    bench: Workers | None = None  # where segments and deliverables are made; else here
    account: Account | None = None  # what lists that run together share; else this run's own
    home: ClipStore | None = None  # where the clips are, where that is not the folder itself
    siblings: Sequence[
        ClipStore
    ] = ()  # the homes of the other lists, which may have the same clips

    @property
    def clips(self) -> Path:
        """The folder that holds ``clips`` and what belongs to them."""
        return self.home.folder if self.home else self.folder


async def render(desk: RunContext, program_version: str) -> Manifest:
    """Run the plan to its end and write the manifest."""
    bench = desk.bench or LocalWorkers(desk.program, desk.executor, desk.folder)
    finisher = Finisher(desk.plan, bench, desk.folder, desk.emit)
    crew = _Crew(desk, finisher)
    results = await crew.run()
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
    run = RunFacts(
        desk.folder, program_version, desk.program.version,
        desk.wall.now().isoformat(timespec="seconds"), desk.warnings,
        write_sum(Money(crew.spent, desk.plan.currency)), _folder_cost(desk),
    )  # fmt: skip
    manifest = manifest_of(desk.plan, results, delivered, run)
    write_atomically(desk.folder / "manifest.json", manifest.text())
    if crew.bugs:  # the others went on, and what they brought is kept
        raise crew.bugs[0]
    return manifest


def _folder_cost(desk: RunContext) -> str:
    return write_sums(desk.journal.paid() or {desk.plan.currency: Decimal(0)})


def _missing(shots: list[str]) -> str:
    return f"{', '.join(shots)} {'has' if len(shots) == 1 else 'have'} no clip"


class _Crew:
    """The takes of one run, all at work at once."""

    def __init__(self, desk: RunContext, finisher: Finisher) -> None:
        self.desk = desk
        self.finisher = finisher
        self.takes: dict[tuple[str, int], asyncio.Task[TakeResult]] = {}
        self.bugs: list[Exception] = []
        self.spent = Decimal(0)  # billed to tasks that this run's takes waited for and sent
        self.account = desk.account or Account(
            desk.backend, desk.catalog, desk.clock, [desk.journal], desk.on_ambiguous, desk.wall
        )
        self.home = desk.home or self._own_home()
        self.purse = self.home.purse
        self.origins = Origins(desk.journal, desk.clips)

    def _own_home(self) -> ClipStore:
        desk, purse = self.desk, SpendingLimit(self.desk.limit)
        sent = pictures_by_identity(desk.plan.media.values(), desk.journal, desk.clips)
        judge = ClipJudge(
            desk.backend, desk.catalog, desk.program, desk.executor, desk.folder, sent
        )  # fmt: skip
        asker = Submitter(
            self.account, desk.journal, purse, desk.chance, self._tell, judge, desk.withdrawn
        )  # fmt: skip
        watch = Poller(desk.backend, desk.catalog, desk.clock)
        collector = Collector(
            desk.backend, desk.journal, desk.catalog, watch, desk.program, desk.executor,
            desk.folder, desk.wall,
        )  # fmt: skip
        return ClipStore(desk.folder, desk.journal, purse, asker, collector)

    async def run(self) -> dict[tuple[str, int], TakeResult]:
        if self.desk.account is None:
            self.account.begin()
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
        self, shot: PlannedShot, take: Take, work: Callable[[Take], Awaitable[TakeResult]]
    ) -> TakeResult:
        """One take from beginning to end; what goes wrong with it stays with it."""
        try:
            result = await work(await self._ready(take))
            if isinstance(result, TakeClip) and take.number == shot.shot.pick:
                self.finisher.clip_landed(shot, result.media)
        except UnknownHost as error:
            self.account.halt(error)
            result = self._unknown_host(take, error)
        except WanxError as error:
            result = self._fault_of(take, error)
        except OSError as error:  # a full disk, a folder that became read-only
            message = f"{error.strerror or error}: {error.filename or take.label}"
            result = TakeFailure(take, "failed", "CannotWrite", message)
            # Nothing more is paid for that could not be kept.
            self.account.halt(Unreachable("CannotWrite", message))
        except Exception as error:  # noqa: BLE001  # one take's failure stays its own
            self.bugs.append(error)
            result = TakeFailure(take, "failed", "Bug", f"{type(error).__name__}: {error}")
        if isinstance(result, TakeFailure) and result.state != "skipped":
            message = f"{result.code}: {result.message}"
            self._tell(take, "failed", f"{message} ({result.advice})" if result.advice else message)
            key = result.take.request.key(self.desk.plan.backend)
            return replace(result, attempt=self.desk.journal.last_at(key))
        return result

    def _fault_of(self, take: Take, error: WanxError) -> TakeFailure:
        code, advice = getattr(error, "code", type(error).__name__), ""
        if isinstance(error, Refused | Throttled):
            advice = self.desk.catalog.meaning(error.code, error.message).advice
        return TakeFailure(take, "failed", code, words(error), advice=advice)

    def _unknown_host(self, take: Take, error: UnknownHost) -> TakeFailure:
        """A clip that is paid and waits where nobody permitted to fetch it from."""
        attempt = self.desk.journal.last_at(take.request.key(self.desk.plan.backend))
        expires = attempt.expires_at if attempt else None
        left = hours_left(expires, self.desk.wall.now()) if expires else ""
        return TakeFailure(
            take, "unresolved", error.code, f"{error}{left}",
            attempt.task_id if attempt else None, permission(error), host=error.host,
        )  # fmt: skip

    async def _ready(self, take: Take) -> Take:
        """The take with its first frame, waiting for the shot it comes from."""
        if take.waits_for is None:
            return take
        desk = self.desk
        if not desk.cascade and (before := kept(take, desk.journal, desk.clips, desk.plan.backend)):
            return before
        source = next(s for s in self.desk.plan.shots if s.shot.id == take.waits_for)
        self._tell(take, "waiting", f"for the last frame of {take.waits_for}")
        result = await asyncio.shield(self.takes[(take.waits_for, source.shot.pick)])
        if isinstance(result, TakeFailure):
            raise Broken(f"its first frame is the last of {take.waits_for}, which has no clip")
        return take.with_first_frame(await self._last_frame(take, result))

    async def _last_frame(self, take: Take, source: TakeClip) -> InputMedia:
        """The last frame of a clip as the first one of ``take``, as a file that can be sent."""
        media = source.media
        frame = self.origins.first_frame(take, source.attempt, self.desk.plan.backend)
        path = last_frame_path(self.desk.clips, media.sha256)
        damaged = await self._work(
            probe.last_frame, self.desk.program, media.path, media.frames, media.size, path
        )
        if damaged:
            message = (
                f"the last frame of {media.path.name} was damaged in .cache/frames; made again"
            )
            self.desk.emit(Event("warning", message))
        return replace(frame, path=path, size=media.size)

    async def _if_cached(self, take: Take) -> TakeResult:
        key = take.request.key(self.desk.plan.backend)
        return await self._cached(take, key) or TakeFailure(take, "skipped", "", "not asked for")

    async def _made(self, take: Take) -> TakeResult:
        """The clip of ``take``: from the cache, from a task that still runs, or from a new one."""
        key = take.request.key(self.desk.plan.backend)
        # Two takes that ask for the very same thing are one request, asked for and paid once.
        async with self.account.lock(key):
            await self._note_pixels(take)
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

    async def _note_pixels(self, take: Take) -> None:
        """What the pictures of a request show, so that they are known in other bytes too."""
        request, journal = take.request, self.desk.journal
        for media in (request.image, request.last_image):
            if media and media.identity.startswith("sha256:"):
                if journal.pixels_known(media.identity):
                    continue
                value = await self._work(pixels_of, media)
                if value:
                    journal.picture(media.identity, value)

    async def _fetched(self, take: Take, key: str, home: ClipStore) -> TakeFailure | None:
        """Ask for the clip, or wait for the task that makes it, and fetch it; else why not.

        A failure of the service's own passes: the request is sent again, a few times.
        """
        owed, lane = home.journal.owed_for(key), self.account.lane(take.request.model)
        async with lane.place(self.home.name, taken=bool(owed and owed.task_id)):
            attempt = await self._asked(take, key, home)
            if isinstance(attempt, TakeFailure):
                return attempt
            ended = await self._ended(take, key, attempt, home)
            for again in range(AGAIN):
                if not self._passes(ended):
                    break
                await self._say_again(take, ended, again)
                attempt = await self._asked(take, key, home)
                if isinstance(attempt, TakeFailure):
                    return attempt
                ended = await self._ended(take, key, attempt, home)
        if not isinstance(ended, Succeeded):
            return self._fault(take, ended)
        await home.collector.fetch(attempt, ended)
        return None

    async def _asked(self, take: Take, key: str, home: ClipStore) -> Attempt | TakeFailure:
        return await home.asker.ask(take, key, insisted=take.shot in self.desk.insisted)

    async def _ended(self, take: Take, key: str, attempt: Attempt, home: ClipStore) -> Ended:
        lane = self.account.lane(take.request.model)
        with self.account.at_work():
            way = self._way(take, attempt.task_id)
            try:
                return await home.collector.end(attempt, way, lambda: lane.last_ones)
            finally:
                self._settle(take, key, attempt, home)

    def _passes(self, ended: Ended) -> bool:
        """Whether a task failed for a reason of the service's own, which passes."""
        if not isinstance(ended, Failed):
            return False
        return self.desk.catalog.meaning(ended.code, ended.message).kind in ("service", "busy")

    async def _say_again(self, take: Take, ended: Ended, again: int) -> None:
        pause = AGAIN_PAUSE * 2**again
        if isinstance(ended, Failed):
            message = (
                f"{ended.code}: {ended.message}; not billed, sent again in {pause:.0f} s "
                f"({again + 2} of {AGAIN + 1})"
            )
            self._tell(take, "warning", message)
        await self.desk.clock.sleep(pause)

    def _settle(self, take: Take, key: str, asked: Attempt, home: ClipStore) -> None:
        """Hold the bill against the price that was reserved."""
        attempt = home.journal.attempt(asked.id)
        bill = attempt.bill if attempt else None
        if home.purse.settle(key, bill) and bill:
            self.spent += bill.amount
        if attempt and (odd := impossible(attempt.usage or {})):
            names = ", ".join(odd)
            self._tell(take, "warning", f"the service gave impossible figures, set aside: {names}")
        if bill and take.price and bill.amount != take.price.amount:
            cost, price = (show_amount(m.amount, exactly=True) for m in (bill, take.price))
            self._tell(take, "warning", f"billed {cost}, planned {price}")

    def _fault(self, take: Take, ended: Ended) -> TakeFailure:
        """Why a task that ended has no clip."""
        match ended:
            case Failed(code=code, message=message):
                advice = self.desk.catalog.meaning(code, message).advice
                return TakeFailure(take, "failed", code, message, ended.task_id, advice)
            case Canceled():
                return TakeFailure(
                    take, "canceled", "Canceled", "the task was cancelled", ended.task_id
                )
            case Unknown(expired=True):
                return TakeFailure(take, "lost", "Expired", EXPIRED, ended.task_id)
            case Unknown() | Succeeded():
                return TakeFailure(take, "unresolved", "Unknown", UNKNOWN, ended.task_id)

    async def _cached(self, take: Take, key: str, *, said: bool = True) -> TakeClip | None:
        attempt = self.desk.journal.clip_for(key)
        if attempt is None or attempt.clip_name is None or attempt.clip_sha256 is None:
            return None
        path = self.desk.clips / "clips" / attempt.clip_name
        if problem := await self._work(damage, path, attempt.clip_sha256):
            aside = await self._work(set_aside, path, self.desk.clips)
            where = f", set aside as {aside}" if aside else ""
            self._tell(take, "warning", f"its clip {attempt.clip_name} {problem}{where}")
            self.desk.journal.forget_clip(attempt.clip_sha256)
            return None
        media = await self._probed(attempt, attempt.clip_sha256, path)
        told = f"{media.size}, {media.rate} fps, {media.frames} frames"
        self._tell(take, "cached" if said else "clip", told)
        if not said and (other := _unlike(take, media)):
            self._tell(take, "warning", other)
        return TakeClip(take, attempt, media)

    async def _probed(self, attempt: Attempt, sha256: str, path: Path) -> ClipMedia:
        """What the clip is; looked at once, and again where its size is not what it was."""
        facts = attempt.clip_facts
        # Earlier versions noted less.
        known = facts and facts.keys() >= {"provenance", "starts", "tags", "native", "channels"}
        if not facts or not known or path.stat().st_size != attempt.clip_bytes:
            probed = await self._work(probe.probe, self.desk.program, path)
            picture, sound = probed.picture, probed.sound
            rate = min(commonest_rate(picture.times), Fraction(FASTEST_RATE))
            native = mean_rate(picture.times, rate)
            facts = {
                "width": picture.size.width, "height": picture.size.height,
                "rate": str(rate), "frames": picture.frames,
                "native": None if native is None else str(native),
                "sound": sound is not None, "tags": asdict(picture.tags),
                "provenance": probed.provenance.record(),
                "starts": [str(picture.start), str(sound.start if sound else 0)],
                "channels": channels_of(sound.layout if sound else ""),
            }  # fmt: skip
            self.desk.journal.probed(sha256, facts)
        return ClipMedia(
            path=path,
            sha256=sha256,
            size=Size(facts["width"], facts["height"]),
            rate=Fraction(facts["rate"]),
            frames=facts["frames"],
            has_sound=facts["sound"],
            provenance=recorded(facts["provenance"]),
            picture_start=Fraction(facts["starts"][0]),
            sound_start=Fraction(facts["starts"][1]),
            channels=facts["channels"],
            tags=Tags(**facts["tags"]),
            quirks=Quirks(native=Fraction(facts["native"]) if facts["native"] else None),
        )

    async def _work(self, call: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.desk.executor, call, *arguments)

    def _tell(self, take: Take, kind: Kind, text: str = "", task_id: str | None = None) -> None:
        spent = str(self.purse.used) if kind in MOVES_MONEY else None
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


def _unlike(take: Take, media: ClipMedia) -> str:
    """What of a clip is not as predicted; the deliverables are exact all the same."""
    came, expected = f"{media.size}", f"{take.size or media.size}"
    if media.rate != take.rate:
        came, expected = f"{came} at {media.rate} fps", f"{expected} at {take.rate} fps"
    return "" if came == expected else f"its clip is {came}; {expected} was expected"
