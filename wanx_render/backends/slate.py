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
from wanx_render.backends.imitation import continuation
from wanx_render.backends.imitation.continuation import Head
from wanx_render.backends.imitation.inputs import picture_of, placeholder, thumbnails
from wanx_render.backends.imitation.outcome import clip_size
from wanx_render.captions import fonts
from wanx_render.captions.fonts import Font
from wanx_render.catalog.capabilities import Catalog
from wanx_render.geometry import Size
from wanx_render.media import ffmpeg
from wanx_render.task import TaskRequest
from wanx_render.timing import SAMPLE_RATE, frames_in, samples_in

FLASH_FRAMES = 2
BEEP_SECONDS = Fraction(1, 12)
MOST_REFERENCES = 4  # that the slate has room for
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
    frames = frames_in(Fraction(call.request.duration), call.rate)
    head = continuation.head_of(program, call.request.first_clip, call.size, call.rate, frames)
    drift = _drift(call, frames - (head.frames if head else 0))
    work = Work(call.folder, head)
    if call.request.watermark:
        _watermark(call.size).save(work.watermark, compress_level=1)
    _still(program, call, drift, head).save(work.still, compress_level=1)
    _slate(program, call).save(work.slate, compress_level=1)
    ffmpeg.run(program, clip_arguments(call, drift, work))
    return call.target


@dataclass(frozen=True, slots=True)
class Work:
    """The pictures that a clip is made of, and the clip that it continues."""

    folder: Path
    head: Head | None

    @property
    def still(self) -> Path:
        return self.folder / "still.png"

    @property
    def slate(self) -> Path:
        return self.folder / "slate.png"

    @property
    def watermark(self) -> Path:
        return self.folder / "watermark.png"

    @property
    def continued(self) -> int:
        """The frames that come before what is new."""
        return self.head.frames if self.head else 0


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the picture moves over the clip, along one side, in whole pixels."""

    x: int
    y: int
    backwards: bool


def _drift(call: ClipCall, frames: int) -> Drift:
    """A pixel a frame along the longer side, within a ninth of it; which way is the request's.

    In steps of two: there chroma moves by whole pixels too, so that nothing is resampled.
    """
    along = max(call.size.width, call.size.height)
    distance = min(frames, int(along * _DRIFT_LIMIT)) // 2 * 2
    backwards = hashlib.sha256(_identity(call.request).encode()).digest()[0] % 2 == 1
    wide = call.size.width >= call.size.height
    return Drift(distance if wide else 0, 0 if wide else distance, backwards)


def clip_arguments(call: ClipCall, drift: Drift, work: Work) -> list[str]:
    """The ffmpeg arguments that make the clip from its pictures."""
    frames = frames_in(Fraction(call.request.duration), call.rate)
    picture = _moving(call, drift, work, frames - work.continued)
    if work.head:
        before = continuation.picture(work.head)
        picture = graph.concat(before, picture, v=1, a=0).filter("fps", str(call.rate))
    if call.request.watermark:
        words = graph.input(ffmpeg.file_url(work.watermark), f="png_pipe")
        picture = picture.overlay(words, x=0, y=0, format="yuv420")
    picture = picture.filter("format", "yuv420p").filter("setparams", **ffmpeg.BT709)
    picture = picture.filter("trim", end_frame=frames).filter("setsar", "1")
    streams = [picture, *_sound(call, work, frames)]
    output = graph.output(*streams, ffmpeg.file_url(call.target), **_encoding(call))
    return list(output.overwrite_output().compile()[1:])


def _moving(call: ClipCall, drift: Drift, work: Work, frames: int) -> Any:
    """The still under a window that moves, with slate and counter."""
    rate, before = str(call.rate), work.continued
    picture = graph.input(ffmpeg.file_url(work.still), f="png_pipe", framerate=rate).video
    picture = picture.filter(
        "scale", out_color_matrix="bt709", out_range="tv", flags="accurate_rnd"
    )
    picture = picture.filter("format", "yuv420p").filter("setparams", **ffmpeg.BT709)
    picture = picture.filter("loop", loop=-1, size=1, start=0)  # converted once, shown many times
    picture = picture.filter("crop", call.size.width, call.size.height, *_path(drift, frames))
    if call.request.sound in ("auto", "file"):
        flash = _flash(call.rate, before)
        picture = picture.filter("drawbox", color="white@0.6", t="fill", enable=flash)
    where = panel.place(call.size)
    picture = picture.overlay(
        graph.input(ffmpeg.file_url(work.slate), f="png_pipe"), x=where.x, y=where.y,
        format="yuv420",
    )  # fmt: skip
    picture = _counter(picture, call.size, before)
    if not before:
        return picture
    return picture.filter("format", "yuv420p").filter("trim", end_frame=frames).filter("setsar", 1)


def _path(drift: Drift, frames: int) -> tuple[str, str]:
    """Where the window stands at frame n: even pixels, never backwards."""

    def along(distance: int) -> str:
        offset = f"2*floor(n*{distance // 2}/{frames})"
        return f"{distance}-{offset}" if drift.backwards else offset

    return along(drift.x), along(drift.y)


def _flash(rate: Fraction, before: int) -> str:
    """At the middle of each second, so that first and last frames stay clean."""
    return f"lt(mod(n+{_later(before)}{rate}/2,{rate}),{FLASH_FRAMES})"


def _later(before: int) -> str:
    """What is added to a number of a frame that has ``before`` others in front."""
    return f"{before}+" if before else ""


def _counter(picture: Any, size: Size, before: int) -> Any:
    place, font = panel.place(size), fonts.chinese()
    unit = place.unit
    return picture.filter(
        "drawtext",
        fontfile=str(font.path),
        text="%{eif:" + _later(before) + "n:d:4}",
        fontsize=unit,
        fontcolor="white",
        x=f"{place.x + place.width - unit}-text_w",
        y=place.y + unit * 3 // 4,
    )


def _sound(call: ClipCall, work: Work, frames: int) -> list[Any]:
    samples, head = samples_in(frames, call.rate), work.head
    match call.request.sound:
        case "silent" | "none":
            return []
        case "auto" if head:
            begun = samples_in(head.frames, call.rate)
            own = _beeps().filter("atrim", start_sample=begun, end_sample=samples)
            own = own.filter("asetpts", "PTS-STARTPTS")
            return [graph.concat(continuation.sound(head), own, v=0, a=1)]
        case "auto":
            sound = _beeps()
        case "file" if call.request.sound_file and call.request.sound_file.path:
            sound = graph.input(ffmpeg.file_url(call.request.sound_file.path)).audio
            sound = sound.filter("aresample", SAMPLE_RATE)
            sound = sound.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
            sound = sound.filter("apad")
        case "file":
            sound = graph.input(f"anullsrc=r={SAMPLE_RATE}:cl=stereo", f="lavfi").audio
    return [sound.filter("atrim", end_sample=samples)]


def _beeps() -> Any:
    tone = f"0.35*sin(2*PI*1000*t)*lt(mod(t+0.5,1),{float(BEEP_SECONDS)})"
    source = f"aevalsrc=exprs={_quoted(tone)}:s={SAMPLE_RATE}:c=mono"
    sound = graph.input(source, f="lavfi").audio
    return sound.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")


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


def _still(program: ffmpeg.Ffmpeg, call: ClipCall, drift: Drift, head: Head | None) -> Image.Image:
    """The first frame, scaled to cover the clip's size and the way it drifts.

    After a clip that is continued it is that clip's last frame, with more beside it.
    """
    if head:
        last = continuation.last_frame(program, head, call.folder)
        return continuation.extended(last, drift.x, drift.y, before=drift.backwards)
    sides = (call.size.width + drift.x, call.size.height + drift.y)
    return ImageOps.fit(_first_frame(call), sides, Image.Resampling.LANCZOS)


def _first_frame(call: ClipCall) -> Image.Image:
    image = call.request.image
    if image is None:
        return placeholder(call.size, _identity(call.request))
    return picture_of(image, call.size)


def _identity(request: TaskRequest) -> str:
    """What makes the picture one of its own."""
    return request.image.identity if request.image else f"{request.prompt} {request.seed}"


def _slate(program: ffmpeg.Ffmpeg, call: ClipCall) -> Image.Image:
    place, font = panel.place(call.size), fonts.chinese()
    unit = place.unit
    image = Image.new("RGBA", (place.width, place.height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    request = call.request
    # The slate of a clip that is continued is behind it.
    fill = (*panel.FILL[:3], 255) if request.first_clip else panel.FILL
    draw.rounded_rectangle((0, 0, place.width - 1, place.height - 1), unit // 2, fill=fill)
    draw.text((unit, unit * 5 // 8), f"{panel.TITLE}  {call.label}", _INK, font.at(unit * 6 // 5))
    facts = f"{request.model}  {request.resolution}  {request.duration} s  {call.rate} fps"
    draw.text((unit, unit * 9 // 4), facts, _DIM, font.at(unit * 7 // 8))
    small = thumbnails(program, request, unit * 11 // 4, MOST_REFERENCES)
    room = place.width - 2 * unit - len(small) * unit * 3
    for number, thumbnail in enumerate(small):
        image.paste(thumbnail, (unit + room + number * unit * 3 + unit // 4, unit * 31 // 8))
    text = request.prompt or (f"template {request.template}" if request.template else "no prompt")
    lines = _wrap(fonts.showable(text, font), font, unit, room)
    draw.multiline_text((unit, unit * 31 // 8), lines, _INK, font.at(unit), spacing=unit // 5)
    return image


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
