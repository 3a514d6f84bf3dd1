"""Makes each piece and each sound once, and again where one turns out to be damaged."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from wanx_render.errors import Damaged
from wanx_render.events import Emit, Event
from wanx_render.finishing.jobs import JoinCall, Joined
from wanx_render.finishing.sound.stems import StemFiles, StemsCall
from wanx_render.language import plural, tr
from wanx_render.run.pieces import PieceJob, batches, piece_path
from wanx_render.run.sound_parts import SoundJob
from wanx_render.workers.base import Workers

T = TypeVar("T")

HEALINGS = 2  # of one deliverable; what is damaged once more has another cause than an old outage
DAMAGED = tr("damaged or outdated pieces in .cache/segments are made again for free")


class PieceMaker:
    """The encoding work of one list."""

    def __init__(self, workers: Workers, emit: Emit) -> None:
        self._workers = workers
        self._emit = emit
        self._work: dict[str, asyncio.Future[None]] = {}  # by the key of a piece or sound
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._warned = False  # whether damaged pieces were mentioned

    @property
    def used(self) -> set[str]:
        """The file names of all pieces and sounds that were needed."""
        return {piece_path(self._workers, key).name for key in self._work}

    def begin(self, jobs: Iterable[PieceJob]) -> None:
        """Start on pieces, each once; those made of the same clips in one call."""
        for batch in batches(job for job in jobs if job.key not in self._work):
            work = asyncio.ensure_future(self._encode(batch))
            self._work.update((job.key, work) for job in batch)

    @property
    def workers(self) -> Workers:
        """Where the work is done."""
        return self._workers

    def work_on(self, keys: Iterable[str]) -> "set[asyncio.Future[None]]":
        """The work that makes pieces and sounds of these keys, as far as it is not done."""
        works = (self._work.get(key) for key in keys)
        return {work for work in works if work and not work.done()}

    def has_made(self, key: str) -> bool:
        """Whether the piece or sound of that key is there, made now or before."""
        work = self._work.get(key)
        return bool(work and work.done() and not work.cancelled() and not work.exception())

    async def make(self, jobs: Sequence[PieceJob]) -> None:
        """Have all of these pieces. Raises WanxError."""
        self.begin(jobs)
        await asyncio.gather(*(self._work[job.key] for job in jobs))

    def begin_sounds(self, jobs: Iterable[SoundJob]) -> None:
        """Start on sounds, each once and as soon as its pieces are there."""
        for job in jobs:
            name = job.call.target.stem
            if name not in self._work:
                work = self._work[name] = asyncio.ensure_future(self._encode_sound(job))
                work.add_done_callback(note_error)

    async def sounds(self, jobs: Sequence[SoundJob]) -> None:
        """Have finished sounds, made once for all deliverables in which the same is heard."""
        self.begin_sounds(jobs)
        await asyncio.gather(*(self._work[job.call.target.stem] for job in jobs))

    async def deliverable(
        self, call: JoinCall, jobs: Sequence[PieceJob], sounds: Sequence[SoundJob]
    ) -> Joined:
        """Join and verify a deliverable of these pieces and this sound. Raises WanxError."""
        return await self._healed(lambda: self._workers.deliverable(call), jobs, sounds)

    async def stems(self, call: StemsCall, jobs: Sequence[PieceJob]) -> StemFiles:
        """Make the stems of a deliverable of these pieces. Raises WanxError."""
        return await self._healed(lambda: self._workers.stems(call), jobs)

    async def settle(self) -> None:
        """Let the work that was begun come to an end, for the next run to find."""
        await asyncio.gather(*self._work.values(), return_exceptions=True)

    async def _encode(self, jobs: Sequence[PieceJob]) -> None:
        missing = [job for job in jobs if not self._workers.has(job.path)]
        if not missing:
            return
        await self._workers.segments(tuple(job.call for job in missing))
        for job in missing:
            text = plural(
                "{n} frame of {size}",
                "{n} frames of {size}",
                job.piece.frames, size=job.piece.frame.size,
            )  # fmt: skip
            self._emit(Event("segment", text, shot=job.shot, deliverable=job.deliverable))

    async def _encode_sound(self, job: SoundJob) -> None:
        call = job.call
        await self.make(job.pieces)
        async with self._turns[call.target.name]:  # several may find it damaged at once
            if not self._workers.has(call.target):
                await self._healed(lambda: self._workers.sound(call), job.pieces)

    async def _healed(
        self,
        work: Callable[[], Awaitable[T]],
        jobs: Sequence[PieceJob],
        sounds: Sequence[SoundJob] = (),
    ) -> T:
        """What ``work`` gives. Pieces it found damaged, which are gone then, are made again for it.

        Raises WanxError, also where they are damaged time after time.
        """
        for _ in range(HEALINGS):
            try:
                return await work()
            except Damaged:
                await self.make_again(jobs, sounds)
        return await work()

    async def make_again(self, jobs: Sequence[PieceJob], sounds: Sequence[SoundJob]) -> None:
        """Make what is gone of pieces and sounds because it was damaged. Raises WanxError."""
        self._warn()
        async with self._turns["segments"]:
            missing = (job for job in jobs if not self._workers.has(job.path))
            await asyncio.gather(*(self._encode(batch) for batch in batches(missing)))
        await asyncio.gather(*map(self._encode_sound, sounds))

    def _warn(self) -> None:
        """Say once for a list that pieces were damaged."""
        if not self._warned:
            self._emit(Event("warning", DAMAGED))
        self._warned = True


def note_error(work: "asyncio.Future[None]") -> None:
    """Its error is raised where it is awaited, if anywhere; nothing else may report it."""
    if not work.cancelled():
        work.exception()
