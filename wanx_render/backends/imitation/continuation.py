"""The beginning of a test clip that continues another one: that clip's own frames and sound.

What follows begins with its last frame and moves on, so that a film can be watched across the
joint.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg as graph
from PIL import Image

from wanx_render.errors import FfmpegError
from wanx_render.geometry import Size
from wanx_render.media import ffmpeg, probe
from wanx_render.media.ffmpeg import BOUNDED, BT709, Ffmpeg, file_url
from wanx_render.task import InputMedia
from wanx_render.timing import SAMPLE_RATE, nearest, samples_in

_AS_MP4 = {"protocol_whitelist": "file", "f": "mov"}


@dataclass(frozen=True, slots=True)
class Head:
    """A clip that is shown first: so many frames of it, at ``rate`` and in ``size``."""

    path: Path
    frames: int
    rate: Fraction
    size: Size
    has_sound: bool


def head_of(
    program: Ffmpeg, clip: InputMedia | None, size: Size, rate: Fraction, frames: int
) -> Head | None:
    """What a clip of ``frames`` frames begins with; None where there is no clip to be read."""
    path = (clip.prepared or clip.path) if clip else None
    if path is None or not path.is_file():
        return None
    try:
        seconds = probe.head(program, path, "mov").seconds
        sound = probe.probe(program, path).sound
    except FfmpegError:
        return None
    count = min(max(nearest(seconds * rate), 1), frames - 1)
    return Head(path, count, rate, size, sound is not None)


def picture(head: Head) -> Any:
    """Its frames as a stream of a graph."""
    stream = graph.input(file_url(head.path), **_AS_MP4).video
    width, height = head.size.width, head.size.height
    stream = stream.filter(
        "scale", width, height, force_original_aspect_ratio="increase",
        out_color_matrix="bt709", out_range="tv", flags="bicubic+accurate_rnd",
    )  # fmt: skip
    stream = stream.filter("crop", width, height).filter("fps", str(head.rate))
    stream = stream.filter("format", "yuv420p").filter("setparams", **BT709)
    # The last frame is held where the clip is a little short.
    stream = stream.filter("tpad", stop_mode="clone", stop=head.frames)
    return stream.filter("trim", end_frame=head.frames).filter("setsar", "1")


def sound(head: Head) -> Any:
    """Its sound, as long as its frames; silence where it has none."""
    samples = samples_in(head.frames, head.rate)
    if not head.has_sound:
        silence = graph.input(f"anullsrc=r={SAMPLE_RATE}:cl=stereo", f="lavfi").audio
        return silence.filter("atrim", end_sample=samples)
    stream = graph.input(file_url(head.path), **_AS_MP4).audio
    stream = stream.filter("aresample", SAMPLE_RATE)
    stream = stream.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
    return stream.filter("apad").filter("atrim", end_sample=samples)


def last_frame(program: Ffmpeg, head: Head, folder: Path) -> Image.Image:
    """The last of its frames. Raises FfmpegError."""
    target = folder / "last.png"
    stream = picture(head).filter("select", f"eq(n,{head.frames - 1})")
    stream = stream.filter("scale", in_color_matrix="bt709", flags="bicubic+accurate_rnd")
    stream = stream.filter("format", "rgb24")
    output = graph.output(stream, file_url(target), f="image2", vframes=1, update=1)
    ffmpeg.run(program, (*BOUNDED, *output.overwrite_output().compile()[1:]))
    with Image.open(target, formats=("PNG",)) as image:
        return image.convert("RGB")


def extended(image: Image.Image, right: int, down: int, *, before: bool) -> Image.Image:
    """``image`` with mirrored strips of so many pixels behind it, or ``before`` it."""
    width, height = image.size
    whole = Image.new("RGB", (width + right, height + down))
    x, y = (right, down) if before else (0, 0)
    whole.paste(image, (x, y))
    if right:
        strip = (0, 0, right, height) if before else (width - right, 0, width, height)
        mirrored = image.crop(strip).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        whole.paste(mirrored, (0 if before else width, y))
    if down:
        strip = (0, 0, width, down) if before else (0, height - down, width, height)
        mirrored = image.crop(strip).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        whole.paste(mirrored, (x, 0 if before else height))
    return whole
