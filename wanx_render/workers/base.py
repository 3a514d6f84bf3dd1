"""Where segments and deliverables are made and kept: the finisher says what, the workers where.

The local one: calls on plain data through an executor, files in the render folder.
"""

import asyncio
from collections.abc import Callable, Set
from concurrent.futures import Executor
from pathlib import Path
from typing import Protocol, TypeVar

from wanx_render import files, integrity
from wanx_render.finishing.jobs import (
    JoinCall,
    Joined,
    SegmentCall,
    SoundCall,
    make_deliverable,
    make_segments,
    make_sound,
)
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

    async def deliverable(self, call: JoinCall) -> Joined:
        """Join, verify and put in place.

        Raises WanxError, leaving what stood there; Damaged as ``sound`` does.
        """

    async def stands(self, path: Path, sha256: str) -> bool:
        """Whether the deliverable is there as it was made."""

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

    def has(self, path: Path) -> bool:
        return path.is_file()

    async def segments(self, calls: tuple[SegmentCall, ...]) -> None:
        await self._run(make_segments, self.program, calls)

    async def sound(self, call: SoundCall) -> None:
        await self._run(make_sound, self.program, call)

    async def deliverable(self, call: JoinCall) -> Joined:
        return await self._run(make_deliverable, self.program, call)

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

    async def _run(self, call: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, call, *arguments)
