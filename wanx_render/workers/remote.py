"""Workers on other machines: calls that name files of a store, through a cluster's executor.

Clips and other inputs are put into the store once, before the first call that needs them. A
deliverable is made under a name of its content and only then takes the name people know, so that a
call that is done twice, or late, harms nothing.
"""

import asyncio
from collections.abc import Callable, Iterable, Set
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from wanx_render import files
from wanx_render.captions.fonts import chinese
from wanx_render.errors import Damaged, StoreError, WanxError
from wanx_render.finishing.jobs import JoinCall, Joined, SegmentCall, SoundCall
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.workers import remote_jobs
from wanx_render.workers.base import SEGMENTS
from wanx_render.workers.remote_jobs import Order, moved, paths_in
from wanx_render.workers.store import SharedFolder
from wanx_render.workers.upload_index import Published

T = TypeVar("T")

_INPUTS = ".cache/inputs"
_ATONCE = 4  # files on their way to the store


class RemoteWorkers:
    """Other machines, and the store that holds what the folder of ``published`` holds."""

    def __init__(self, program: Ffmpeg, executor: Executor, published: Published) -> None:
        self.program = program
        self._executor = executor
        self._store = published.store
        self._root = published.folder
        self._published = published
        self.pieces = self._root / SEGMENTS
        self._made = self._name(self._root / ".cache" / "deliverables")
        self._there = published.names(self._name(self.pieces))
        self._sent: dict[Path, asyncio.Future[tuple[str, str]]] = {}
        self._gate = asyncio.Semaphore(_ATONCE)

    def _name(self, path: Path) -> str:
        """What a file of the render folder is called in the store."""
        return path.relative_to(self._root).as_posix()

    def has(self, path: Path) -> bool:
        return path.name in self._there

    async def segments(self, calls: tuple[SegmentCall, ...]) -> None:
        order, pieces = await self._ordered(tuple(call.piece for call in calls))
        names = tuple(self._name(call.target) for call in calls)
        wishes = tuple(call.wish for call in calls)
        await self._run(remote_jobs.segments, order, pieces, names, wishes)
        self._there.update(call.target.name for call in calls)

    async def sound(self, call: SoundCall) -> None:
        order, data = await self._ordered(replace(call, target=call.segments[0]))
        try:
            await self._run(remote_jobs.sound, order, data, self._name(call.target))
        except WanxError as error:
            await asyncio.to_thread(self._look_again, call.segments, error)
            raise
        self._there.add(call.target.name)

    async def deliverable(self, call: JoinCall) -> Joined:
        order, data = await self._ordered(replace(call, target=call.segments[0]))
        final = self._name(call.target)
        key = files.sha256_of(repr((data, final)).encode())
        name = f"{self._made}/{key[:32]}.mp4"
        try:
            output = await self._run(remote_jobs.deliverable, order, data, name)
        except WanxError as error:
            pieces = (*call.segments, *([call.sound] if call.sound else []))
            await asyncio.to_thread(self._look_again, pieces, error)
            raise
        await asyncio.to_thread(self._place, name, final, output.sha256)
        return output

    def _look_again(self, pieces: Iterable[Path], error: WanxError) -> None:
        """Know no more of pieces that are gone: a call found them damaged, or somebody took them.

        Raises Damaged where there are any and ``error`` was not that already.
        """
        with suppress(StoreError):
            missing = {path.name for path in pieces if not self._store.has(self._name(path))}
            self._there.difference_update(missing)
            if missing and not isinstance(error, Damaged):
                raise Damaged(f"{', '.join(sorted(missing))}: gone from {self._store}") from error

    def _place(self, name: str, to: str, sha256: str) -> None:
        self._store.move(name, to)
        self._published.keep(to, sha256)

    async def stands(self, path: Path, sha256: str) -> bool:
        return await asyncio.to_thread(self._stands, self._name(path), sha256)

    def _stands(self, name: str, sha256: str) -> bool:
        """By the store's mark; a file in a folder can change and keep it, so that one is read."""
        if not self._published.stands(name, sha256):
            return False
        if not isinstance(self._store, SharedFolder):
            return True
        return files.sha256(self._store.path / name) == sha256

    def note(self, used: Set[str]) -> None:
        pass

    async def sweep(self, used: Set[str], among: Set[str] | None = None) -> None:
        """Drop segments no longer used, and what calls left that were cut short.

        What cannot be dropped now is dropped by the next run.
        """
        with suppress(StoreError):
            await asyncio.to_thread(self._swept, used, among)

    def _swept(self, used: Set[str], among: Set[str] | None) -> None:
        segments = self._name(self.pieces)
        there = self._store.names(segments)
        stale = (there if among is None else there & among) - used
        for folder, names in ((segments, stale), (self._made, self._store.names(self._made))):
            for name in names:
                self._store.remove(f"{folder}/{name}")

    async def _run(self, call: Callable[..., T | WanxError], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._executor, call, *arguments)
        if isinstance(answer, WanxError):
            raise answer
        return answer

    async def _ordered(self, data: T) -> tuple[Order, T]:
        """``data`` with names of the store for paths, every file of which is in the store."""
        paths = list(paths_in(data))
        names = dict(zip(paths, await self._in_store(paths), strict=True))
        hashes = tuple(sorted((name, sha256) for name, sha256 in names.values() if sha256))
        order = Order(self._store, remote_jobs.makers_with(self.program), hashes)
        return order, moved(data, lambda path: Path(names[path][0]))

    async def _in_store(self, paths: Iterable[Path]) -> list[tuple[str, str]]:
        for path in paths:
            if path not in self._sent or _failed(self._sent[path]):
                self._sent[path] = asyncio.ensure_future(self._send(path))
        return list(await asyncio.gather(*(asyncio.shield(self._sent[path]) for path in paths)))

    async def _send(self, path: Path) -> tuple[str, str]:
        """The name and hash of a file in the store, which holds it from now on."""
        if path == chinese().path:
            return remote_jobs.PACKAGED_FONT.as_posix(), ""
        if path.parent == self.pieces:
            return self._name(path), ""
        async with self._gate:
            return await asyncio.to_thread(self._put, path)

    def _put(self, path: Path) -> tuple[str, str]:
        sha256 = files.sha256(path)
        if path.is_relative_to(self._root):
            name = self._name(path)
            if isinstance(self._store, SharedFolder) and self._store.path == self._root:
                return name, sha256
        else:
            name = f"{_INPUTS}/{sha256}{path.suffix}"
        self._published.offer(path, name, sha256)
        return name, sha256


def _failed(work: "asyncio.Future[tuple[str, str]]") -> bool:
    """Whether it is over and came to nothing; another list may try once more."""
    return work.done() and (work.cancelled() or work.exception() is not None)
