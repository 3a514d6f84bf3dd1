"""Where segments and deliverables are made and kept: the finisher says what, the workers where.

The local one: calls on plain data through an executor, files in the render folder.
"""

import asyncio
from collections.abc import Callable, Set
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from wanx_render import files, integrity
from wanx_render.errors import Damaged, WanxError
from wanx_render.finishing.film.assembly import Assembly
from wanx_render.finishing.jobs import (
    BeginCall,
    JoinCall,
    Joined,
    SegmentCall,
    SoundCall,
    go_on,
    make_deliverable,
    make_segments,
    make_sound,
)
from wanx_render.finishing.sound.stems import StemFiles, StemsCall, make_stems
from wanx_render.media.ffmpeg import Ffmpeg

T = TypeVar("T")

SEGMENTS = Path(".cache") / "segments"


class Workers(Protocol):
    """What the finisher needs of a place to work; paths are those in the render folder."""

    @property
    def program(self) -> Ffmpeg:
        """The ffmpeg that everything is made with."""

    @property
    def pieces(self) -> Path:
        """The folder of segments and sounds."""

    def has(self, path: Path) -> bool:
        """Whether there is a segment or sound of that name; whether it is whole, its use shows."""

    async def segments(self, calls: tuple[SegmentCall, ...]) -> None:
        """Make segments that share clips, or one. Raises WanxError."""

    async def sound(self, call: SoundCall) -> None:
        """Make a finished sound of segments.

        Raises WanxError; Damaged where some were not whole, which it does not have any more.
        """

    async def begin(self, call: BeginCall) -> None:
        """Join what is there of a deliverable already, where that pays and the disk has room.

        One call at a time for a target; its ``deliverable`` may go on with it. Raises Damaged as
        ``sound`` does, and nothing else.
        """

    async def give_up(self, target: Path) -> None:
        """Drop what was begun of a deliverable, if anything was."""

    async def deliverable(self, call: JoinCall) -> Joined:
        """Join, verify and put in place.

        Raises WanxError, leaving what stood there; Damaged as ``sound`` does.
        """

    async def stems(self, call: StemsCall) -> StemFiles:
        """Make the stems of a deliverable, and put them in place beside it.

        Raises WanxError, leaving what stood there; Damaged as ``sound`` does.
        """

    async def stands(self, path: Path, sha256: str) -> bool:
        """Whether the deliverable, or a stem of it, is there as it was made."""

    def note(self, used: Set[str]) -> None:
        """Those segments and sounds are of use to a list that is not finished."""

    async def sweep(self, used: Set[str], among: Set[str] | None = None) -> None:
        """Drop every segment and sound but those; they cost time to make again, not money.

        ``among``: where it is given, only what is in it is dropped.
        """


class LocalWorkers:
    """This machine and its disk."""

    def __init__(self, program: Ffmpeg, executor: Executor, folder: Path) -> None:
        self.program = program
        self._executor = executor
        self.pieces = integrity.folder(folder / SEGMENTS)
        self._begun: dict[Path, Assembly] = {}  # deliverables that are partly joined
        self._failed: set[Path] = set()  # those that could not be begun

    def has(self, path: Path) -> bool:
        return path.is_file()

    async def segments(self, calls: tuple[SegmentCall, ...]) -> None:
        await self._run(make_segments, self.program, calls)

    async def sound(self, call: SoundCall) -> None:
        await self._run(make_sound, self.program, call)

    async def begin(self, call: BeginCall) -> None:
        if not call.is_long or call.target in self._failed:
            return
        if not call.has_room:  # with what was begun out of the way there may be
            await self.give_up(call.target)
            return
        begun = self._begun.get(call.target)
        if begun is None or not call.continues(begun):
            await self.give_up(call.target)
            begun = self._begun[call.target] = call.assembly()
        try:
            await self._here(go_on, self.program, call, begun)
        except Damaged:
            await self.give_up(call.target)
            raise
        except (WanxError, OSError):  # if it is still so, the join of the whole says what it is
            self._failed.add(call.target)  # a full disk is not filled again with every clip
            await self.give_up(call.target)

    async def give_up(self, target: Path) -> None:
        if begun := self._begun.pop(target, None):
            begun.discard()

    async def deliverable(self, call: JoinCall) -> Joined:
        self._failed.discard(call.target)
        begun = self._begun.pop(call.target, None)
        if begun and call.beginning.continues(begun):
            return await self._here(make_deliverable, self.program, call, begun)
        if begun:
            begun.discard()
        return await self._run(make_deliverable, self.program, call)

    async def stems(self, call: StemsCall) -> StemFiles:
        return await self._run(make_stems, self.program, call)

    async def stands(self, path: Path, sha256: str) -> bool:
        return path.is_file() and files.sha256(path) == sha256

    def note(self, used: Set[str]) -> None:
        pass

    async def sweep(self, used: Set[str], among: Set[str] | None = None) -> None:
        for path in self.pieces.iterdir():
            left_over = path.name.startswith(".")  # of a run that was killed
            stale = among is None or path.name in among or left_over
            if stale and path.name not in used:
                integrity.drop(path)

    async def _here(self, call: Callable[..., T], *arguments: object) -> T:
        """Run a call in this process, which has what was begun: as a job where jobs are threads."""
        if isinstance(self._executor, ThreadPoolExecutor):
            return await self._run(call, *arguments)
        return await asyncio.to_thread(call, *arguments)

    async def _run(self, call: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, call, *arguments)
