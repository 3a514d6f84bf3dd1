"""What calls on other machines read: put into the store once, before a call needs it."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from wanx_render import files
from wanx_render.captions.fonts import chinese
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.workers import remote_jobs
from wanx_render.workers.base import SEGMENTS
from wanx_render.workers.makers import makers_with
from wanx_render.workers.remote_jobs import Order, moved, paths_in
from wanx_render.workers.store import SharedFolder
from wanx_render.workers.upload_index import UploadIndex

T = TypeVar("T")

_INPUTS = ".cache/inputs"
_ATONCE = 4  # files on their way to the store


class StoreInputs:
    """The files of one render folder, and others its lists name, in the store."""

    def __init__(self, program: Ffmpeg, index: UploadIndex) -> None:
        self._program = program
        self._index = index
        self._store = index.store
        self._root = index.folder
        self._sent: dict[Path, asyncio.Future[tuple[str, str]]] = {}
        self._gate = asyncio.Semaphore(_ATONCE)

    def name(self, path: Path) -> str:
        """What a file of the render folder is called in the store."""
        return path.relative_to(self._root).as_posix()

    async def order(self, data: T) -> tuple[Order, T]:
        """``data`` with names of the store for paths, every file of which is in the store."""
        paths = list(paths_in(data))
        names = dict(zip(paths, await self._in_store(paths), strict=True))
        hashes = tuple(sorted((name, sha256) for name, sha256 in names.values() if sha256))
        order = Order(self._store, makers_with(self._program), hashes)
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
        if path.parent == self._root / SEGMENTS:
            return self.name(path), ""
        async with self._gate:
            return await asyncio.to_thread(self._put, path)

    def _put(self, path: Path) -> tuple[str, str]:
        sha256 = files.sha256(path)
        if path.is_relative_to(self._root):
            name = self.name(path)
            if isinstance(self._store, SharedFolder) and self._store.path == self._root:
                return name, sha256
        else:
            name = f"{_INPUTS}/{sha256}{path.suffix}"
        self._index.offer(path, name, sha256)
        return name, sha256


def _failed(work: "asyncio.Future[tuple[str, str]]") -> bool:
    """Whether it is over and came to nothing; another list may try once more."""
    return work.done() and (work.cancelled() or work.exception() is not None)
