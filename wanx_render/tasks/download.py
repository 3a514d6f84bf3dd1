"""A task's result into the clip store: downloaded, every frame decoded, and only then named.

Whatever ends the program on the way leaves a part file and no half clip.
"""

import asyncio
import os
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from wanx_render.backends.base import Backend, Succeeded
from wanx_render.errors import FfmpegError
from wanx_render.files import sync_folder
from wanx_render.media import ffmpeg, probe
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
    part = clips / f".{task.task_id}.part"
    loop = asyncio.get_running_loop()
    sketch = Sketch.of(folder, part.name, expected.frames)
    try:
        for number in range(1, TRIES + 1):
            part.unlink(missing_ok=True)
            await backend.download(task, part)
            try:
                seen = await loop.run_in_executor(executor, _decode, program, part, sketch)
                break
            except FfmpegError:
                part.unlink(missing_ok=True)
                if number == TRIES:
                    raise
        with part.open("rb") as stream:
            sha256 = file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        if seen.frames == expected.frames:
            sketch.keep(folder, sha256)
    finally:
        sketch.discard()
    stored = Stored(sha256, f"{expected.stem}-{sha256[:8]}.mp4", part.stat().st_size)
    part.replace(clips / stored.name)
    sync_folder(clips)
    return stored


def _decode(program: ffmpeg.Ffmpeg, clip: Path, sketch: Sketch) -> probe.Decoded:
    return probe.decode(program, clip, also=sketch.arguments())
