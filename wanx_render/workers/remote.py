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
from wanx_render.errors import Damaged, StoreError, WanxError
from wanx_render.finishing.jobs import BeginCall, JoinCall, Joined, SegmentCall, SoundCall
from wanx_render.finishing.sound.stems import StemFiles, StemsCall, others, stem_path
from wanx_render.language import joined, tr
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.workers import remote_jobs
from wanx_render.workers.base import SEGMENTS
from wanx_render.workers.inputs import StoreInputs
from wanx_render.workers.store import SharedFolder
from wanx_render.workers.upload_index import UploadIndex

T = TypeVar("T")


class RemoteWorkers:
    """Other machines, and the store that holds what the folder of ``index`` holds."""

    def __init__(self, program: Ffmpeg, executor: Executor, index: UploadIndex) -> None:
        self.program = program
        self._executor = executor
        self._store = index.store
        self._root = index.folder
        self._index = index
        self.pieces = self._root / SEGMENTS
        self._inputs = StoreInputs(program, index)
        self._made = self._inputs.name(self._root / ".cache" / "deliverables")
        self._there = index.names(self._inputs.name(self.pieces))

    def has(self, path: Path) -> bool:
        return path.name in self._there

    async def segments(self, calls: tuple[SegmentCall, ...]) -> None:
        order, pieces = await self._inputs.order(tuple(call.piece for call in calls))
        names = tuple(self._inputs.name(call.target) for call in calls)
        wishes = tuple(call.wish for call in calls)
        await self._run(remote_jobs.segments, order, pieces, names, wishes)
        self._there.update(call.target.name for call in calls)

    async def sound(self, call: SoundCall) -> None:
        order, data = await self._inputs.order(replace(call, target=call.segments[0]))
        try:
            await self._run(remote_jobs.sound, order, data, self._inputs.name(call.target))
        except WanxError as error:
            await asyncio.to_thread(self._look_again, call.segments, error)
            raise
        self._there.add(call.target.name)

    async def begin(self, call: BeginCall) -> None:
        pass  # a call goes to whatever machine is free: none has what another began

    async def give_up(self, target: Path) -> None:
        pass

    async def deliverable(self, call: JoinCall) -> Joined:
        order, data = await self._inputs.order(replace(call, target=call.segments[0]))
        final = self._inputs.name(call.target)
        key = files.sha256_of(repr((data, final)).encode())
        name = f"{self._made}/{key[:32]}.mp4"
        try:
            output = await self._run(remote_jobs.deliverable, order, data, name)
        except WanxError as error:
            await asyncio.to_thread(self._look_again, (*call.segments, *call.sounds), error)
            raise
        await asyncio.to_thread(self._place, name, final, output.sha256)
        return output

    async def stems(self, call: StemsCall) -> StemFiles:
        order, data = await self._inputs.order(replace(call, target=call.segments[0]))
        key = files.sha256_of(repr((data, self._inputs.name(call.target))).encode())
        name = f"{self._made}/{key[:32]}.mp4"
        try:
            output = await self._run(remote_jobs.stems, order, data, name)
        except WanxError as error:
            await asyncio.to_thread(self._look_again, call.segments, error)
            raise
        await asyncio.to_thread(self._place_stems, call, name, output)
        return output

    def _place_stems(self, call: StemsCall, name: str, output: StemFiles) -> None:
        for stem, sha256 in zip(call.stems, output.hashes, strict=True):
            made = stem_path(Path(name), stem.kind).as_posix()
            self._place(made, self._inputs.name(stem_path(call.target, stem.kind)), sha256)
        for path in others(call):
            self._store.remove(self._inputs.name(path))

    def _look_again(self, pieces: Iterable[Path], error: WanxError) -> None:
        """Know no more of pieces that are gone: a call found them damaged, or somebody took them.

        Raises Damaged where there are any and ``error`` was not that already.
        """
        with suppress(StoreError):
            missing = {path.name for path in pieces if not self._store.has(self._inputs.name(path))}
            self._there.difference_update(missing)
            if missing and not isinstance(error, Damaged):
                names = joined(sorted(missing), tr(", "))
                message = tr("missing from {store}: {names}", store=self._store, names=names)
                raise Damaged(message) from error

    def _place(self, name: str, to: str, sha256: str) -> None:
        self._store.move(name, to)
        self._index.keep(to, sha256)

    async def stands(self, path: Path, sha256: str) -> bool:
        return await asyncio.to_thread(self._stands, self._inputs.name(path), sha256)

    def _stands(self, name: str, sha256: str) -> bool:
        """By the store's mark; a file in a folder can change and keep it, so that one is read."""
        if not self._index.stands(name, sha256):
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
        segments = self._inputs.name(self.pieces)
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
