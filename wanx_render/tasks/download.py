"""A task's result into the clip store: downloaded, every frame decoded, and only then named.

Whatever ends the program on the way leaves a part file and no half clip.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from wanx_render import files
from wanx_render.backends.base import Succeeded
from wanx_render.errors import Broken, FfmpegError
from wanx_render.language import NOTHING, Message, tr
from wanx_render.marks.faults import measured
from wanx_render.marks.samples import SamplesOutput
from wanx_render.media import decoding, images
from wanx_render.media.decoding import Decoded
from wanx_render.media.images import BadPicture
from wanx_render.media.probe import Probe
from wanx_render.media.stereo import channels_of
from wanx_render.media.thumbnails import Sketch
from wanx_render.tasks.tools import Tools
from wanx_render.timing import FASTEST_RATE, commonest_rate, mean_rate

Facts = dict[str, Any]
TRIES = 3  # a clip that came damaged may come whole the next time


@dataclass(frozen=True, slots=True)
class Stored:
    """A clip that stands whole in the folder ``clips``."""

    sha256: str
    name: str
    bytes: int
    facts: Mapping[str, Any] | None  # what it is, for the journal, where that was seen


async def fetch(tools: Tools, task: Succeeded, folder: Path, *, stem: str, frames: int) -> Stored:
    """Fetch the clip of ``task`` as ``clips/STEM-HASH.mp4``, with its small pictures.

    ``frames`` is how many it should have. Raises Unreachable or Broken where it does not come,
    FfmpegError where it cannot be decoded.
    """
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    with files.part_of(clips / task.task_id) as part:
        sketch = Sketch.of(folder, frames)

        def examine() -> tuple[Decoded, Facts | None]:
            with SamplesOutput.beside() as output:
                outputs = (*sketch.arguments(), *output.arguments)
                result = decoding.examine(tools.program, part, also=outputs)
                if result.probe is None:
                    return result.decoded, None
                facts = video_facts(result.probe)
                return result.decoded, facts | faults_in(output, result.log, facts)

        try:
            clip, facts = await _whole(tools, task, part, examine)
            sha256 = files.sha256(part)
            if clip.frames == frames:
                sketch.keep(folder, sha256)
        finally:
            sketch.discard()
        result = Stored(sha256, f"{stem}-{sha256[:8]}.mp4", part.stat().st_size, facts)
        files.place(part, clips / result.name)
    return result


async def fetch_picture(tools: Tools, task: Succeeded, folder: Path, *, stem: str) -> Stored:
    """Fetch the picture of ``task`` as ``clips/STEM-HASH.png``, or with the suffix it has.

    Raises Unreachable or Broken where it does not come, or is no picture.
    """
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    with files.part_of(clips / task.task_id) as part:
        data = await _whole_picture(tools, task, part)
        sha256, suffix = files.sha256_of(data), images.suffixes(data)[0]
        result = Stored(sha256, f"{stem}-{sha256[:8]}{suffix}", len(data), picture_facts(data))
        files.place(part, clips / result.name)
    return result


async def _whole_picture(tools: Tools, task: Succeeded, part: Path) -> bytes:
    """Download the picture as ``part`` until it can be decoded, or was tried often enough."""
    problem: Message = NOTHING
    for _ in range(TRIES):
        part.unlink(missing_ok=True)
        await tools.backend.download(replace(task, picture=True), part)
        data = part.read_bytes()
        try:
            await tools.work(picture_facts, data)
            return data
        except BadPicture as error:
            problem = error.sentence
    raise Broken(tr("the picture of the task {problem}", problem=problem))


def video_facts(result: Probe) -> dict[str, Any]:
    """What a clip is, for the journal."""
    picture, sound = result.picture, result.sound
    rate = min(commonest_rate(picture.times), Fraction(FASTEST_RATE))
    native = mean_rate(picture.times, rate)
    return {
        "width": picture.size.width,
        "height": picture.size.height,
        "rate": str(rate),
        "frames": picture.frames,
        "native": None if native is None else str(native),
        "sound": sound is not None,
        "tags": asdict(picture.tags),
        "provenance": result.provenance.record(),
        "starts": [str(picture.start), str(sound.start if sound else 0)],
        "channels": channels_of(sound.layout if sound else ""),
    }


def faults_in(output: SamplesOutput, log: str, facts: Facts) -> Facts:
    """What the samples of a clip show, for the journal; nothing where there are none.

    A mark is a notice: no clip is refused because it could not be measured.
    """
    try:
        return measured(output.read(log, Fraction(facts["rate"])))
    except (OSError, ValueError):
        return {}


def picture_facts(data: bytes) -> dict[str, Any]:
    """What a picture is, for the journal; all of it is decoded. Raises BadPicture."""
    picture = images.inspect(data)
    return {
        "width": picture.size.width,
        "height": picture.size.height,
        "format": picture.format,
        "repaired": bool(picture.repairs),
        "transparent": picture.transparent,
    }


async def _whole(
    tools: Tools, task: Succeeded, part: Path, examine: Callable[[], tuple[Decoded, Facts | None]]
) -> tuple[Decoded, Facts | None]:
    """Download the clip as ``part`` until it can be decoded, or was tried often enough."""
    for _ in range(TRIES - 1):
        await tools.backend.download(task, part)
        try:
            return await tools.work(examine)
        except FfmpegError:
            part.unlink(missing_ok=True)
    await tools.backend.download(task, part)
    return await tools.work(examine)
