"""The orchestrator: a plan in, clips and deliverables out, each shot on its own way.

It knows the backend protocol, never a vendor. A take goes: cached, or intended, submitted, polled,
downloaded, checked, stored; its segments begin the moment it lands. One take that fails leaves the
others alone. A create call whose outcome is in doubt is never sent again before that is found out.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import TypeVar

from wanx_render import ffmpeg
from wanx_render.backends.base import (
    Backend,
    Canceled,
    Failed,
    Pending,
    Running,
    Submission,
    Succeeded,
    Unknown,
)
from wanx_render.capabilities import Catalog
from wanx_render.clock import Clock
from wanx_render.conform import Take as Media
from wanx_render.errors import (
    Broken,
    Refused,
    ServiceError,
    Throttled,
    Uncertain,
    Unsent,
    WanxError,
)
from wanx_render.events import Emit, Event, Kind
from wanx_render.fetch import fetch
from wanx_render.finish import Finisher
from wanx_render.geometry import Size
from wanx_render.journal import Attempt, Journal
from wanx_render.manifest import (
    DeliverableRecord,
    Manifest,
    ShotRecord,
    TakeRecord,
    deliverables_in,
)
from wanx_render.plan import Plan, PlannedShot, Take
from wanx_render.reconcile import settle
from wanx_render.standing import last_frame_path, still
from wanx_render.task import Media as Picture

T = TypeVar("T")

_OTHER_ACCOUNT = (
    "it was asked for with another key or address, which alone can tell what became of it: "
    "use that again"
)
_STOPS = ("key", "money", "quota")  # kinds of refusal after which no other request can succeed

POLL_SECONDS = 15  # what the official text advises
FIRST_POLL_SECONDS = 5  # tells at once what was accepted only to fail
FORGOTTEN_AFTER = 8  # polls in a row that say UNKNOWN, before the day is over
UNSENT_TRIES = 8
DOUBT_TRIES = 3  # a service that answers no create call with sense is not asked for ever
LOOKAHEAD = 2  # tasks kept waiting at the service, so that a slow poll costs no time


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


@dataclass(frozen=True, slots=True)
class Clip:
    """A take that has its clip on the disk, probed."""

    take: Take
    attempt: Attempt
    media: Media


@dataclass(frozen=True, slots=True)
class Fault:
    """A take that has none, and why."""

    take: Take
    state: str
    code: str
    message: str
    task_id: str | None = None
    advice: str = ""


Result = Clip | Fault


async def render(desk: Desk, program_version: str) -> Manifest:
    """Run the plan to its end and write the manifest."""
    finisher = Finisher(desk.plan, desk.program, desk.executor, desk.folder, desk.emit)
    crew = _Crew(desk, finisher)
    results = await crew.run()
    delivered: tuple[DeliverableRecord | Broken, ...] = ()
    missing = [shot.shot.id for shot in desk.plan.shots if not _has_clip(shot, results)]
    if missing:
        await finisher.settle()
        desk.emit(Event("warning", f"no deliverable was made: {_missing(missing)}"))
    else:
        delivered = await finisher.finish(deliverables_in(desk.folder / "manifest.json"))
    for each in delivered:
        if isinstance(each, Broken):
            desk.emit(Event("broken", str(each)))
    manifest = _manifest(desk, results, delivered, program_version)
    _write(desk.folder / "manifest.json", manifest.text())
    return manifest


def _missing(shots: list[str]) -> str:
    return f"{', '.join(shots)} {'has' if len(shots) == 1 else 'have'} no clip"


class _Crew:
    """The takes of one run, all at work at once."""

    def __init__(self, desk: Desk, finisher: Finisher) -> None:
        self.desk = desk
        self.finisher = finisher
        self.lanes: dict[str, _Lane] = {}
        self.takes: dict[tuple[str, int], asyncio.Task[Result]] = {}
        self.by_key: dict[str, asyncio.Lock] = {}
        self.halted: Refused | None = None  # why nothing more is submitted in this run

    async def run(self) -> dict[tuple[str, int], Result]:
        async with asyncio.TaskGroup() as group:
            for shot in self.desk.plan.shots:
                if self.desk.only and shot.shot.id not in self.desk.only:
                    work = self._if_cached
                else:
                    work = self._made
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
            result = Fault(take, "failed", error.code, _words(error), advice=advice)
        except WanxError as error:
            code = getattr(error, "code", type(error).__name__)
            result = Fault(take, "failed", code, _words(error))
        except OSError as error:  # a full disk, a folder that became read-only
            told = f"{error.strerror or error}: {error.filename or take.label}"
            result = Fault(take, "failed", "CannotWrite", told)
        if isinstance(result, Fault) and result.state != "skipped":
            told = f"{result.code}: {result.message}"
            self._tell(take, "failed", f"{told} ({result.advice})" if result.advice else told)
        return result

    async def _ready(self, take: Take) -> Take:
        """The take with its first frame, waiting for the shot it comes from."""
        if take.waits_for is None:
            return take
        before = next(s for s in self.desk.plan.shots if s.shot.id == take.waits_for)
        self._tell(take, "waiting", f"for the last frame of {take.waits_for}")
        result = await asyncio.shield(self.takes[(take.waits_for, before.shot.pick)])
        if isinstance(result, Fault):
            raise Broken(f"its first frame is the last of {take.waits_for}, which has no clip")
        return take.with_first_frame(await self._last_frame(result.media))

    async def _last_frame(self, media: Media) -> Picture:
        path = last_frame_path(self.desk.folder, media.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            await self._work(ffmpeg.last_frame, self.desk.program, media.path, media.frames, path)
        return still(path)

    async def _if_cached(self, take: Take) -> Result:
        key = take.request.key(self.desk.plan.world)
        return await self._cached(take, key) or Fault(take, "skipped", "", "not asked for")

    async def _made(self, take: Take) -> Result:
        """The clip of ``take``: from the cache, from a task that still runs, or from a new one."""
        key = take.request.key(self.desk.plan.world)
        # Two takes that ask for the very same thing are one request, asked for and paid once.
        async with self.by_key.setdefault(key, asyncio.Lock()):
            cached = await self._cached(take, key)
            if cached:
                return cached
            async with self._lane(take).places:
                asked = await self._asked(take, key)
                if isinstance(asked, Fault):
                    return asked
                attempt, task_id = asked.id, asked.task_id or ""
                ended = await self._awaited(take, asked, task_id)
            if isinstance(ended, Fault):
                return ended
            await self._fetched(take, attempt, ended)
            landed = await self._cached(take, key, said=False)
        if landed is None:
            raise Broken(f"the clip of {take.label} vanished after it was stored")
        return landed

    async def _cached(self, take: Take, key: str, *, said: bool = True) -> Clip | None:
        attempt = self.desk.journal.clip_for(key)
        if attempt is None or attempt.clip_name is None or attempt.clip_sha256 is None:
            return None
        path = self.desk.folder / "clips" / attempt.clip_name
        if not path.is_file():
            self._tell(take, "warning", f"its clip {attempt.clip_name} is gone")
            self.desk.journal.forget_clip(attempt.clip_sha256)
            return None
        probe = await self._work(ffmpeg.probe, self.desk.program, path)
        picture = probe.picture
        media = Media(
            path=path,
            sha256=attempt.clip_sha256,
            size=picture.size,
            rate=picture.rate,
            frames=picture.frames,
            has_sound=probe.sound is not None,
        )
        told = f"{picture.size}, {picture.rate} fps, {picture.frames} frames"
        self._tell(take, "cached" if said else "clip", told)
        return Clip(take, attempt, media)

    async def _asked(self, take: Take, key: str) -> Attempt | Fault:
        """The attempt whose task will make the clip: of an earlier run, or a new one."""
        journal, lane = self.desk.journal, self._lane(take)
        before = journal.owed_for(key)
        if before and before.scope != self.desk.backend.scope:
            return Fault(take, "unresolved", "OtherAccount", _OTHER_ACCOUNT, before.task_id)
        if before and before.task_id:
            self._tell(take, "resumed", task_id=before.task_id)
            return before
        async with lane.door:
            await self._settle(take)
            before = journal.owed_for(key)
            if before and before.task_id:
                self._tell(take, "resumed", task_id=before.task_id)
                return before
            if before:
                return Fault(take, "unresolved", "Unresolved", before.message or "")
            if self.halted:
                return Fault(take, "failed", self.halted.code, "not sent: " + self.halted.message)
            await self.desk.backend.prepare(Submission(take.request, take.label))
            return await self._submit(take, key)

    async def _submit(self, take: Take, key: str, doubts: int = 0) -> Attempt | Fault:
        """Send the request until it is surely accepted, surely refused, or in doubt."""
        desk, lane, wait, unsent = self.desk, self._lane(take), 1.0, 0
        attempt = desk.journal.intend(
            key, take.label, take.request, desk.backend.now(), scope=desk.backend.scope
        )
        while True:
            try:
                accepted = await desk.backend.submit(Submission(take.request, take.label))
            except (Throttled, Unsent) as error:
                told = error.retry_after if isinstance(error, Throttled) else None
                unsent += isinstance(error, Unsent)
                if unsent >= UNSENT_TRIES:
                    desk.journal.ended(attempt, "released", error.code, error.message)
                    raise
                pause = told or wait
                self._tell(take, "throttled", f"{error.code}, again in {pause:.0f} s")
                await desk.clock.sleep(pause)
                wait = min(wait * 2, 30)
                desk.journal.asked_again(attempt, desk.backend.now())
            except Refused as error:
                desk.journal.ended(attempt, "refused", error.code, error.message)
                if desk.catalog.meaning(error.code).kind in _STOPS:
                    self.halted = error
                raise
            except Uncertain as error:
                desk.journal.uncertain(attempt, desk.backend.now(), error.code, _words(error))
                self._tell(take, "uncertain", f"{_words(error)}; asking the service's own list")
                return await self._after_doubt(take, key, error, doubts + 1)
            else:
                desk.journal.submitted(attempt, accepted.task_id, accepted.request_id)
                self._tell(take, "submitted", task_id=accepted.task_id)
                await desk.clock.sleep(lane.gap)
                return _known(desk.journal.owed_for(key))

    async def _after_doubt(
        self, take: Take, key: str, error: Uncertain, doubts: int
    ) -> Attempt | Fault:
        await self._settle(take)
        found = self.desk.journal.owed_for(key)
        if found is None and doubts >= DOUBT_TRIES:
            raise error
        if found is None:  # surely not accepted
            return await self._submit(take, key, doubts)
        if found.task_id:
            self._tell(take, "submitted", "found in the service's list", found.task_id)
            return found
        return Fault(take, "unresolved", "Unresolved", found.message or "")

    async def _awaited(self, take: Take, asked: Attempt, task_id: str) -> Succeeded | Fault:
        """Poll until the task ends; the journal knows how before anyone else does."""
        desk, journal, attempt = self.desk, self.desk.journal, asked.id
        last: type[object] | None = None
        unknown, waits = 0, self._poll_waits(take)
        while True:
            state = await desk.backend.poll(task_id)
            if type(state) is not last and isinstance(state, Pending | Running):
                kind: Kind = "pending" if isinstance(state, Pending) else "running"
                self._tell(take, kind, task_id=task_id)
            last = type(state)
            match state:
                case Pending() | Running():
                    unknown = 0
                    await desk.clock.sleep(next(waits))
                case Succeeded():
                    cost = (str(take.price.amount), take.price.currency) if take.price else None
                    journal.succeeded(attempt, state, cost)
                    self._tell(take, "succeeded", task_id=task_id)
                    return state
                case Failed(code=code, message=message):
                    journal.ended(attempt, "failed", code, message)
                    advice = desk.catalog.meaning(code).advice
                    return Fault(take, "failed", code, message, task_id, advice)
                case Canceled():
                    journal.ended(attempt, "failed", "Canceled", "the task was cancelled")
                    return Fault(take, "canceled", "Canceled", "the task was cancelled", task_id)
                case Unknown() if unknown < FORGOTTEN_AFTER and self._is_young(asked):
                    unknown += 1  # a service that lags, or one that lost its memory for a moment
                    await desk.clock.sleep(POLL_SECONDS)
                case Unknown():
                    message = "the service no longer knows the task; run again to ask anew"
                    journal.ended(attempt, "lost", "Unknown", message)
                    return Fault(take, "lost", "Unknown", message, task_id)

    def _poll_waits(self, take: Take) -> Iterator[float]:
        """Once soon, for what fails at once; then when the model's shortest time is over."""
        shortest, _ = self.desk.catalog.models[take.request.model].task_seconds.value
        yield FIRST_POLL_SECONDS
        yield max(shortest - FIRST_POLL_SECONDS, POLL_SECONDS)
        yield from repeat(POLL_SECONDS)

    def _is_young(self, attempt: Attempt) -> bool:
        hours = self.desk.catalog.service.result_hours.value
        return self.desk.backend.now() - attempt.asked_at < timedelta(hours=hours)

    async def _fetched(self, take: Take, attempt: int, task: Succeeded) -> None:
        """Download, decode every frame, and only then give the clip its name."""
        desk = self.desk
        stem = f"{take.shot}-t{take.number}"
        stored = await fetch(
            desk.backend, task, stem,
            program=desk.program, executor=desk.executor, folder=desk.folder,
        )  # fmt: skip
        desk.journal.stored(attempt, stored.sha256, stored.name, stored.bytes)

    async def _settle(self, take: Take) -> None:
        """Before this model is asked for anything: is an earlier call of it in doubt?"""
        desk = self.desk
        await settle(desk.backend, desk.journal, desk.clock, take.request.model)

    async def _work(self, call: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.desk.executor, call, *arguments)

    def _lane(self, take: Take) -> "_Lane":
        name = take.request.model
        if name not in self.lanes:
            model = self.desk.catalog.models[name]
            self.lanes[name] = _Lane(
                door=asyncio.Lock(),
                places=asyncio.Semaphore(model.running_at_once.value + LOOKAHEAD),
                gap=1 / model.creates_per_second.value,
            )
        return self.lanes[name]

    def _tell(self, take: Take, kind: Kind, text: str = "", task_id: str | None = None) -> None:
        self.desk.emit(Event(kind, text, take.shot, take.number, task_id=task_id))


def _known(attempt: Attempt | None) -> Attempt:
    if attempt is None:
        raise Broken("the journal forgot an attempt that was just written")
    return attempt


def _words(error: WanxError) -> str:
    """What a service said, with the request id that its support asks for."""
    if not isinstance(error, ServiceError):
        return str(error)
    return error.message + (f" (request {error.request_id})" if error.request_id else "")


@dataclass(frozen=True)
class _Lane:
    """What may be asked of one model: one create call at a time, how fast, how much at once."""

    door: asyncio.Lock
    places: asyncio.Semaphore
    gap: float


def _has_clip(shot: PlannedShot, results: dict[tuple[str, int], Result]) -> bool:
    return isinstance(results[(shot.shot.id, shot.shot.pick)], Clip)


def _manifest(
    desk: Desk,
    results: dict[tuple[str, int], Result],
    delivered: tuple[DeliverableRecord | Broken, ...],
    program_version: str,
) -> Manifest:
    plan = desk.plan
    records = tuple(each for each in delivered if isinstance(each, DeliverableRecord))
    return Manifest(
        project=plan.project,
        backend=plan.world,
        region=plan.region,
        program=program_version,
        ffmpeg=desk.program.version,
        finished_at=desk.wall.now().isoformat(timespec="seconds"),
        complete=len(records) == len(plan.deliverables)
        and all(isinstance(result, Clip) for result in results.values()),
        cost=_spent(results, plan.currency),
        shots=tuple(_shot_record(shot, results) for shot in plan.shots),
        deliverables=records,
    )


def _spent(results: dict[tuple[str, int], Result], currency: str) -> str:
    """What the clips of this list cost, whenever they were paid."""
    clips = {r.attempt.id: r.attempt for r in results.values() if isinstance(r, Clip)}
    amount = sum((Decimal(attempt.amount or 0) for attempt in clips.values()), Decimal(0))
    return f"{amount:.2f} {currency}"


def _shot_record(shot: PlannedShot, results: dict[tuple[str, int], Result]) -> ShotRecord:
    takes = (_take_record(results[(take.shot, take.number)]) for take in shot.takes)
    return ShotRecord(shot.shot.id, shot.shot.pick, tuple(takes))


def _take_record(result: Result) -> TakeRecord:
    take = result.take
    predicted = _text(take.size)
    if isinstance(result, Fault):
        return TakeRecord(
            take=take.number,
            state=result.state,
            request=take.request.record(),
            task_id=result.task_id,
            code=result.code or None,
            message=result.message,
            predicted=predicted,
        )
    attempt, media = result.attempt, result.media
    return TakeRecord(
        take=take.number,
        state="succeeded",
        request=take.request.record(),
        task_id=attempt.task_id,
        actual_prompt=attempt.actual_prompt,
        usage=attempt.usage,
        cost=f"{attempt.amount} {attempt.currency}" if attempt.amount else None,
        clip=f"clips/{attempt.clip_name}",
        sha256=media.sha256,
        width=media.size.width,
        height=media.size.height,
        predicted=predicted,
        fps=str(media.rate),
        frames=media.frames,
        sound=media.has_sound,
    )


def _text(size: Size | None) -> str | None:
    return str(size) if size else None


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
