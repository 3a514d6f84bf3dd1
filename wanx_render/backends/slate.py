"""Test clips: a request and its first frame in, an mp4 of the model's exact size and length out.

The picture drifts by even pixels at one speed (no jitter), so that crop and focus can be judged; a
slate names shot, take, model, frame and prompt; where the model has sound, a flash and a beep mark
the middle of every second, so that lip-sync can be measured. One ffmpeg binary gives the same bytes
for the same request: one thread, no metadata, nothing drawn from chance.
"""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg as graph
from PIL import Image, ImageDraw, ImageOps

from wanx_render.backends import panel
from wanx_render.backends.imitation.outcome import clip_size
from wanx_render.captions import fonts
from wanx_render.captions.fonts import Font
from wanx_render.catalog.capabilities import Catalog
from wanx_render.geometry import Size
from wanx_render.media import ffmpeg, images
from wanx_render.task import TaskRequest
from wanx_render.timing import SAMPLE_RATE, frames_in, samples_in

FLASH_FRAMES = 2
BEEP_SECONDS = Fraction(1, 12)
_DRIFT_LIMIT = Fraction(1, 9)  # of the side it moves along

_INK, _DIM = (255, 255, 255, 255), (205, 214, 226, 255)


@dataclass(frozen=True, slots=True)
class ClipCall:
    """All that is needed to make one test clip, as plain data."""

    request: TaskRequest
    label: str
    size: Size
    rate: Fraction
    folder: Path  # for work files; it exists and is this call's own
    target: Path


def clip_call(
    catalog: Catalog, request: TaskRequest, *, label: str, folder: Path, target: Path
) -> ClipCall:
    """The clip that ``request`` gives by the catalog's rules for size and rate."""
    size = clip_size(request, catalog)
    rate = Fraction(catalog.models[request.model].fps.value)
    return ClipCall(request, label, size, rate, folder, target)


def make_clip(program: ffmpeg.Ffmpeg, call: ClipCall) -> Path:
    """Make the clip at ``call.target``; raises FfmpegError."""
    drift = _drift(call)
    still, slate = call.folder / "still.png", call.folder / "slate.png"
    if call.request.watermark:
        _watermark(call.size).save(_watermark_path(still), compress_level=1)
    _still(call, drift).save(still, compress_level=1)
    _slate(call).save(slate, compress_level=1)
    ffmpeg.run(program, clip_arguments(call, drift, still, slate))
    return call.target


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the picture moves over the clip, along one side, in whole pixels."""

    x: int
    y: int
    backwards: bool


def _drift(call: ClipCall) -> Drift:
    """A pixel a frame along the longer side, within a ninth of it; which way is the request's.

    In steps of two: there chroma moves by whole pixels too, so that nothing is resampled.
    """
    frames = frames_in(Fraction(call.request.duration), call.rate)
    along = max(call.size.width, call.size.height)
    distance = min(frames, int(along * _DRIFT_LIMIT)) // 2 * 2
    backwards = hashlib.sha256(_identity(call.request).encode()).digest()[0] % 2 == 1
    wide = call.size.width >= call.size.height
    return Drift(distance if wide else 0, 0 if wide else distance, backwards)


def clip_arguments(call: ClipCall, drift: Drift, still: Path, slate: Path) -> list[str]:
    """The ffmpeg arguments that make the clip from its two pictures."""
    frames = frames_in(Fraction(call.request.duration), call.rate)
    rate = str(call.rate)
    picture = graph.input(ffmpeg.file_url(still), f="png_pipe", framerate=rate).video
    picture = picture.filter(
        "scale", out_color_matrix="bt709", out_range="tv", flags="accurate_rnd"
    )
    picture = picture.filter("format", "yuv420p").filter("setparams", **ffmpeg.BT709)
    picture = picture.filter("loop", loop=-1, size=1, start=0)  # converted once, shown many times
    picture = picture.filter("crop", call.size.width, call.size.height, *_path(drift, frames))
    if call.request.sound in ("auto", "file"):
        picture = picture.filter("drawbox", color="white@0.6", t="fill", enable=_flash(call.rate))
    where = panel.place(call.size)
    picture = picture.overlay(
        graph.input(ffmpeg.file_url(slate), f="png_pipe"), x=where.x, y=where.y, format="yuv420"
    )
    picture = _counter(picture, call.size)
    if call.request.watermark:
        words = graph.input(ffmpeg.file_url(_watermark_path(still)), f="png_pipe")
        picture = picture.overlay(words, x=0, y=0, format="yuv420")
    picture = picture.filter("format", "yuv420p").filter("setparams", **ffmpeg.BT709)
    picture = picture.filter("trim", end_frame=frames).filter("setsar", "1")
    streams = [picture, *_sound(call, frames)]
    output = graph.output(*streams, ffmpeg.file_url(call.target), **_encoding(call))
    return list(output.overwrite_output().compile()[1:])


def _path(drift: Drift, frames: int) -> tuple[str, str]:
    """Where the window stands at frame n: even pixels, never backwards."""

    def along(distance: int) -> str:
        offset = f"2*floor(n*{distance // 2}/{frames})"
        return f"{distance}-{offset}" if drift.backwards else offset

    return along(drift.x), along(drift.y)


def _flash(rate: Fraction) -> str:
    """At the middle of each second, so that first and last frames stay clean."""
    return f"lt(mod(n+{rate}/2,{rate}),{FLASH_FRAMES})"


def _counter(picture: Any, size: Size) -> Any:
    place, font = panel.place(size), fonts.chinese()
    unit = place.unit
    return picture.filter(
        "drawtext",
        fontfile=str(font.path),
        text="%{eif:n:d:4}",
        fontsize=unit,
        fontcolor="white",
        x=f"{place.x + place.width - unit}-text_w",
        y=place.y + unit * 3 // 4,
    )


def _sound(call: ClipCall, frames: int) -> list[Any]:
    samples = samples_in(frames, call.rate)
    match call.request.sound:
        case "silent" | "none":
            return []
        case "auto":
            tone = f"0.35*sin(2*PI*1000*t)*lt(mod(t+0.5,1),{float(BEEP_SECONDS)})"
            sound = graph.input(
                f"aevalsrc=exprs={_quoted(tone)}:s={SAMPLE_RATE}:c=mono", f="lavfi"
            ).audio.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
        case "file" if call.request.sound_file and call.request.sound_file.path:
            sound = graph.input(ffmpeg.file_url(call.request.sound_file.path)).audio
            sound = sound.filter("aresample", SAMPLE_RATE)
            sound = sound.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
            sound = sound.filter("apad")
        case "file":
            sound = graph.input(f"anullsrc=r={SAMPLE_RATE}:cl=stereo", f="lavfi").audio
    return [sound.filter("atrim", end_sample=samples)]


def _quoted(expression: str) -> str:
    return expression.replace("\\", "\\\\").replace(",", "\\,").replace(":", "\\:")


def _encoding(call: ClipCall) -> dict[str, Any]:
    encoding: dict[str, Any] = {
        "c:v": "libx264",
        "preset": "veryfast",
        "crf": 20,
        "pix_fmt": "yuv420p",
        "threads": 1,
        "video_track_timescale": call.rate.numerator * 512,
        "map_metadata": -1,
        "fflags": "+bitexact",
        "flags": "+bitexact",
        "movflags": "+faststart",
        "f": "mp4",
    }
    if call.request.sound in ("auto", "file"):
        encoding |= {"c:a": "aac", "b:a": "128k"}
    return encoding


def _still(call: ClipCall, drift: Drift) -> Image.Image:
    """The first frame, scaled to cover the clip's size and the way it drifts."""
    sides = (call.size.width + drift.x, call.size.height + drift.y)
    return ImageOps.fit(_first_frame(call), sides, Image.Resampling.LANCZOS)


def _first_frame(call: ClipCall) -> Image.Image:
    image = call.request.image
    if image is None:
        return _placeholder(call.size, _identity(call.request))
    if image.prepared is not None and image.prepared.is_file():
        return images.upright(images.read_bytes(image.prepared))
    if image.path is not None:
        return images.upright(images.read_bytes(image.path))
    if image.url and image.url.startswith("data:"):
        return images.upright(images.decode_data_uri(image.url))
    return _placeholder(call.size, image.identity)


def _identity(request: TaskRequest) -> str:
    """What makes the picture one of its own."""
    return request.image.identity if request.image else request.prompt


def _placeholder(size: Size, identity: str) -> Image.Image:
    """A soft gradient in place of a picture that only the service could fetch."""
    tone = hashlib.sha256(identity.encode()).digest()
    corners = Image.new("RGB", (2, 2))
    corners.putdata([tuple(60 + byte // 2 for byte in tone[i : i + 3]) for i in (0, 3, 6, 9)])
    return corners.resize((size.width, size.height), Image.Resampling.BICUBIC)


def _slate(call: ClipCall) -> Image.Image:
    place, font = panel.place(call.size), fonts.chinese()
    unit = place.unit
    image = Image.new("RGBA", (place.width, place.height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, place.width - 1, place.height - 1), unit // 2, fill=panel.FILL)
    request = call.request
    draw.text((unit, unit * 5 // 8), f"{panel.TITLE}  {call.label}", _INK, font.at(unit * 6 // 5))
    facts = f"{request.model}  {request.resolution}  {request.duration} s  {call.rate} fps"
    draw.text((unit, unit * 9 // 4), facts, _DIM, font.at(unit * 7 // 8))
    text = request.prompt or (f"template {request.template}" if request.template else "no prompt")
    lines = _wrap(fonts.showable(text, font), font, unit, place.width - 2 * unit)
    draw.multiline_text((unit, unit * 31 // 8), lines, _INK, font.at(unit), spacing=unit // 5)
    return image


def _watermark_path(still: Path) -> Path:
    return still.with_name("watermark.png")


def _watermark(size: Size) -> Image.Image:
    """The words that the service draws at the lower right; how large they are there is unknown."""
    image = Image.new("RGBA", (size.width, size.height), (0, 0, 0, 0))
    unit = max(min(size.width, size.height) // 24, 8)
    corner = (size.width - unit, size.height - unit)
    ImageDraw.Draw(image).text(
        corner, "AI生成", (255, 255, 255, 200), fonts.chinese().at(unit), anchor="rd",
        stroke_width=1, stroke_fill=(0, 0, 0, 120),
    )  # fmt: skip
    return image


def _wrap(text: str, font: Font, pixels: int, width: int, lines: int = 2) -> str:
    """``text`` in at most ``lines`` lines of ``width`` pixels; Chinese may break anywhere."""
    face, rows, line = font.at(pixels), list[str](), ""
    for word in _words(" ".join(text.split())[:400]):
        if line and face.getlength(line + word.rstrip()) > width:
            rows.append(line.rstrip())
            line = word.lstrip()
        else:
            line += word
    rows.append(line)
    if len(rows) > lines:
        last = rows[lines - 1]
        while last and face.getlength(last + "…") > width:
            last = last[:-1]
        rows = [*rows[: lines - 1], last.rstrip() + "…"]
    return "\n".join(rows)


def _words(text: str) -> list[str]:
    """Pieces a line may break after: words with their space, Chinese characters one by one."""
    pieces: list[str] = []
    for character in text:
        joins = pieces and not pieces[-1].endswith(" ")
        narrow = character.isascii() and (not pieces or pieces[-1][-1:].isascii())
        if joins and (narrow or character in "，。！？；：、”’）》"):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces
