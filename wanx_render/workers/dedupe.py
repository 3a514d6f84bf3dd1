"""Workers that all rows of a table share: a piece that several of them need is made once.

The first that needs it makes it, the others wait. Where that comes to nothing, the next one tries,
so that a list fails by its own calls alone; what failed for two is given up, or ten thousand would
try. Which pieces each list uses is noted for its owner, who drops the rest when all are done.
"""

import asyncio
from collections.abc import Coroutine, Sequence, Set
from pathlib import Path

from wanx_render.errors import Broken, Damaged, StoreError, WanxError
from wanx_render.finishing.jobs import BeginCall, JoinCall, Joined, SegmentCall, SoundCall
from wanx_render.finishing.sound.stems import StemFiles, StemsCall
from wanx_render.language import tr
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.workers.base import Workers

_TRIES = 2  # of a piece by itself


class SharedWorkers:
    """What the rows of one table share: the workers, their pieces, and those in the making."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self._making: dict[Path, asyncio.Task[None]] = {}
        self._failed: dict[Path, tuple[int, WanxError]] = {}  # how often by itself, and why

    async def segments(self, calls: tuple[SegmentCall, ...]) -> None:
        """Make those of ``calls`` that are not there, or wait for them. Raises WanxError."""
        while missing := [call for call in calls if not self.workers.has(call.target)]:
            self._give_up([call.target for call in missing])
            own_calls = tuple(call for call in missing if call.target not in self._making)
            # What was in a call that failed goes alone: it may be that one, or another.
            own_calls = next(
                ((call,) for call in own_calls if call.target in self._failed), own_calls
            )
            work = self.workers.segments(own_calls) if own_calls else None
            await self._made([call.target for call in missing], [c.target for c in own_calls], work)

    async def sound(self, call: SoundCall) -> None:
        """Make a sound if it is not there, or wait for it. Raises WanxError."""
        while not self.workers.has(call.target):
            self._give_up([call.target])
            is_own = call.target not in self._making
            work = self.workers.sound(call) if is_own else None
            await self._made([call.target], [call.target], work)

    async def _made(
        self,
        wanted: Sequence[Path],
        targets: Sequence[Path],
        work: Coroutine[object, object, None] | None,
    ) -> None:
        """Carry ``work`` out, which makes ``targets``; without one, wait for who makes the rest."""
        if work is None:
            await asyncio.wait({self._making[path] for path in wanted})
            return
        task = asyncio.ensure_future(work)
        self._making.update(dict.fromkeys(targets, task))
        task.add_done_callback(lambda _: self._over(targets, task))
        # A list that is stopped does not take the piece away from those who wait for it.
        await asyncio.shield(task)

    def _over(self, targets: Sequence[Path], task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        for target in targets:
            del self._making[target]
            if isinstance(error, WanxError) and not isinstance(error, StoreError | Damaged):
                before, _ = self._failed.get(target, (0, error))
                self._failed[target] = before + (len(targets) == 1), error

    def _give_up(self, wanted: Sequence[Path]) -> None:
        """Raise Broken where one of them failed so often that it would fail again."""
        for path in wanted:
            times, error = self._failed.get(path, (0, None))
            if error and times >= _TRIES:
                raise Broken(
                    tr(
                        "{reason}; it failed for {times} lists and is not tried again",
                        reason=error.sentence,
                        times=times,
                    )
                )


class ListWorkers:
    """The workers of one list; ``used`` becomes the names of the pieces it uses."""

    def __init__(self, common: SharedWorkers, used: set[str]) -> None:
        self._common = common
        self._workers = common.workers
        self._used = used

    @property
    def program(self) -> Ffmpeg:
        return self._workers.program

    @property
    def pieces(self) -> Path:
        return self._workers.pieces

    def has(self, path: Path) -> bool:
        return self._workers.has(path)

    async def segments(self, calls: tuple[SegmentCall, ...]) -> None:
        await self._common.segments(calls)

    async def sound(self, call: SoundCall) -> None:
        await self._common.sound(call)

    async def begin(self, call: BeginCall) -> None:
        await self._workers.begin(call)

    async def give_up(self, target: Path) -> None:
        await self._workers.give_up(target)

    async def deliverable(self, call: JoinCall) -> Joined:
        return await self._workers.deliverable(call)

    async def stems(self, call: StemsCall) -> StemFiles:
        return await self._workers.stems(call)

    async def stands(self, path: Path, sha256: str) -> bool:
        return await self._workers.stands(path, sha256)

    def note(self, used: Set[str]) -> None:
        self._used |= used

    async def sweep(self, used: Set[str], among: Set[str] | None = None) -> None:
        """Only note what is used: other rows may be at work with the rest."""
        del among
        self.note(used)
