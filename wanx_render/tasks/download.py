"""A task's result into the clip store: downloaded, every frame decoded, and only then named.

Whatever ends the program on the way leaves a part file and no half clip.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wanx_render import files
from wanx_render.backends.base import Succeeded
from wanx_render.errors import FfmpegError
from wanx_render.media import decoding
from wanx_render.media.thumbnails import Sketch
from wanx_render.tasks.tools import Tools

TRIES = 3  # a clip that came damaged may come whole the next time


@dataclass(frozen=True, slots=True)
class Stored:
    """A clip that stands whole in the folder ``clips``."""

    sha256: str
    name: str
    bytes: int


async def fetch(tools: Tools, task: Succeeded, folder: Path, *, stem: str, frames: int) -> Stored:
    """Fetch the clip of ``task`` as ``clips/STEM-HASH.mp4``, with its small pictures.

    ``frames`` is how many it should have. Raises Unreachable or Broken where it does not come,
    FfmpegError where it cannot be decoded.
    """
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    with files.part_of(clips / task.task_id) as part:
        sketch = Sketch.of(folder, frames)

        def decode() -> decoding.Decoded:
            return decoding.decode(tools.program, part, also=sketch.arguments())

        try:
            clip = await _whole(tools, task, part, decode)
            sha256 = files.sha256(part)
            if clip.frames == frames:
                sketch.keep(folder, sha256)
        finally:
            sketch.discard()
        result = Stored(sha256, f"{stem}-{sha256[:8]}.mp4", part.stat().st_size)
        files.place(part, clips / result.name)
    return result


async def _whole(
    tools: Tools, task: Succeeded, part: Path, decode: Callable[[], decoding.Decoded]
) -> decoding.Decoded:
    """Download the clip as ``part`` until it can be decoded, or was tried often enough."""
    for _ in range(TRIES - 1):
        await tools.backend.download(task, part)
        try:
            return await tools.work(decode)
        except FfmpegError:
            part.unlink(missing_ok=True)
    await tools.backend.download(task, part)
    return await tools.work(decode)
