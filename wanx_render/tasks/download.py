"""A task's result into the clip store: downloaded, every frame decoded, and only then named.

Whatever ends the program on the way leaves a part file and no half clip.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from wanx_render import files
from wanx_render.backends.base import Backend, Succeeded
from wanx_render.errors import FfmpegError
from wanx_render.media import decoding, ffmpeg
from wanx_render.media.thumbnails import Sketch

TRIES = 3  # a clip that came damaged may come whole the next time


@dataclass(frozen=True, slots=True)
class Stored:
    """A clip that stands whole in the folder ``clips``."""

    sha256: str
    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What a clip will be called, and how many frames it should have."""

    stem: str
    frames: int


async def fetch(
    backend: Backend,
    task: Succeeded,
    expected: Expected,
    *,
    program: ffmpeg.Ffmpeg,
    executor: Executor,
    folder: Path,
) -> Stored:
    """Fetch the clip of ``task`` as ``clips/STEM-HASH.mp4``, with its small pictures.

    Raises Unreachable or Broken where it does not come, FfmpegError where it cannot be decoded.
    """
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    with files.part_of(clips / task.task_id) as part:
        sketch = Sketch.of(folder, expected.frames)

        def decode() -> decoding.Decoded:
            return decoding.decode(program, part, also=sketch.arguments())

        try:
            clip = await _whole(backend, task, part, executor=executor, decode=decode)
            sha256 = files.sha256(part)
            if clip.frames == expected.frames:
                sketch.keep(folder, sha256)
        finally:
            sketch.discard()
        result = Stored(sha256, f"{expected.stem}-{sha256[:8]}.mp4", part.stat().st_size)
        files.place(part, clips / result.name)
    return result


async def _whole(
    backend: Backend,
    task: Succeeded,
    part: Path,
    *,
    executor: Executor,
    decode: Callable[[], decoding.Decoded],
) -> decoding.Decoded:
    """Download the clip as ``part`` until it can be decoded, or was tried often enough."""
    loop = asyncio.get_running_loop()
    for _ in range(TRIES - 1):
        await backend.download(task, part)
        try:
            return await loop.run_in_executor(executor, decode)
        except FfmpegError:
            part.unlink(missing_ok=True)
    await backend.download(task, part)
    return await loop.run_in_executor(executor, decode)
