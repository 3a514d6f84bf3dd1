"""A task's result into the clip store: downloaded, every frame decoded, and only then named.

Whatever ends the program on the way leaves a part file and no half clip.
"""

import asyncio
import os
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from wanx_render import ffmpeg
from wanx_render.backends.base import Backend, Succeeded
from wanx_render.errors import FfmpegError

TRIES = 3  # a clip that came damaged may come whole the next time


@dataclass(frozen=True, slots=True)
class Stored:
    """A clip that stands whole in the folder ``clips``."""

    sha256: str
    name: str
    bytes: int


async def fetch(
    backend: Backend,
    task: Succeeded,
    stem: str,
    *,
    program: ffmpeg.Ffmpeg,
    executor: Executor,
    folder: Path,
) -> Stored:
    """Fetch the clip of ``task`` as ``clips/STEM-HASH.mp4``.

    Raises Unreachable or Broken where it does not come, FfmpegError where it cannot be decoded.
    """
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    part = clips / f".{task.task_id}.part"
    loop = asyncio.get_running_loop()
    for number in range(1, TRIES + 1):
        part.unlink(missing_ok=True)
        await backend.download(task, part)
        try:
            await loop.run_in_executor(executor, ffmpeg.decode, program, part)
            break
        except FfmpegError:
            part.unlink(missing_ok=True)
            if number == TRIES:
                raise
    with part.open("rb") as stream:
        sha256 = file_digest(stream, "sha256").hexdigest()
        os.fsync(stream.fileno())
    stored = Stored(sha256, f"{stem}-{sha256[:8]}.mp4", part.stat().st_size)
    part.replace(clips / stored.name)
    _sync(clips)
    return stored


def _sync(folder: Path) -> None:
    """Make the new name last; Windows has no such call and needs none."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
