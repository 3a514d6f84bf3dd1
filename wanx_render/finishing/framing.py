"""How a clip's picture comes to fill a frame: cropped, padded or blurred; the pure part.

A stream of the clip's upright pictures in, one of the frame's exact size out. A crop that stands
still is a plain window; one that moves does so by parts of a pixel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wanx_render.frame import Frame
from wanx_render.geometry import (
    Box,
    Gaze,
    Move,
    Size,
    crop_box,
    crop_boxes,
    inset_box,
    seen_box,
)
from wanx_render.media import paint

SCALER = "lanczos+accurate_rnd"


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at: pictures of ``source``, and where the crop looks over ``frames``."""

    source: Size
    gaze: Gaze
    frames: int


Grade = Callable[[Any], Any]  # of a stream


def fitted(stream: Any, view: View, frame: Frame, grade: Grade | None = None) -> Any:
    """The stream in the size of ``frame``, as its fit says; ``grade`` gives the picture its look.

    Bars keep the colour that the list says.
    """
    graded = grade or _as_it_is
    match frame.fit:
        case "crop":
            return graded(_cropped(stream, view, frame))
        case "pad":
            return _padded(stream, view.source, frame, graded)
        case "blur":
            return graded(_blurred(stream, view, frame))


def _as_it_is(stream: Any) -> Any:
    return stream


def _cropped(stream: Any, view: View, frame: Frame) -> Any:
    boxes = crop_boxes(view.source, frame.aspect, view.gaze)
    if boxes[0] == boxes[-1]:
        stream = _windowed(stream, boxes[0], view.source)
    else:
        stream = _moving(stream, boxes[0], boxes[-1], view)
    return scaled(stream, boxes[0].size, frame.size)


def _moving(stream: Any, first: Box, last: Box, view: View) -> Any:
    """A window that goes from one box to another, and stands still in both ends.

    A crop moves by whole pixels of chroma, which is seen as a tremble. So the picture is shifted
    by what is missing, nought to two pixels, and then cut at an even place: each frame is off by
    less than a tenth of a pixel. Only the part that the window passes over is shifted.
    """
    around = _around(first, last, view.source)
    stream = _windowed(stream, around, view.source)
    ways = [
        (first.x - around.x, last.x - around.x),
        (first.y - around.y, last.y - around.y),
    ]
    # perspective counts frames from one, crop from nought.
    right, down = (_rest(_eased(*way, "(in-1)", view.frames)) for way in ways)
    stream = stream.filter(
        "perspective",
        x0=right, y0=down, x1=f"W+{right}", y1=down, x2=right, y2=f"H+{down}",
        x3=f"W+{right}", y3=f"H+{down}",
        sense="source", eval="frame", interpolation="cubic",
    )  # fmt: skip
    x, y = (_even_part(_eased(*way, "n", view.frames)) for way in ways)
    return stream.filter("crop", first.width, first.height, x, y)


def _around(first: Box, last: Box, source: Size) -> Box:
    """What both boxes lie in, and two pixels more where there are any, for the interpolation."""
    x, y = max(min(first.x, last.x) - 2, 0), max(min(first.y, last.y) - 2, 0)
    right = min(max(first.x, last.x) + first.width + 2, source.width)
    below = min(max(first.y, last.y) + first.height + 2, source.height)
    return Box(x, y, right - x, below - y)


def _eased(start: int, end: int, frame: str, frames: int) -> str:
    """Where the window stands: slow at both ends, fastest in the middle, never back."""
    if start == end:
        return str(start)
    part = f"clip({frame}/{max(frames - 1, 1)},0,1)"
    return f"({start}+({end - start})*pow({part},2)*(3-2*{part}))"


def _even_part(place: str) -> str:
    return place if place.isdigit() else f"2*floor({place}/2)"


def _rest(place: str) -> str:
    return "0" if place.isdigit() else f"({place}-2*floor({place}/2))"


def _padded(stream: Any, source: Size, frame: Frame, graded: Grade) -> Any:
    inner = inset_box(source, frame.size)
    stream = graded(_whole(stream, source, frame))
    if inner.size == frame.size:
        return stream
    return stream.filter(
        "pad",
        frame.size.width,
        frame.size.height,
        inner.x,
        inner.y,
        color=paint.for_ffmpeg(frame.background),
    )


def _whole(stream: Any, source: Size, frame: Frame) -> Any:
    """The picture in the size that it has in a padded or blurred frame."""
    box = seen_box(source, frame.size)
    return scaled(_windowed(stream, box, source), box.size, inset_box(source, frame.size).size)


def _blurred(stream: Any, view: View, frame: Frame) -> Any:
    """The whole picture over a blurred, darkened copy of itself that fills the frame.

    The copy is blurred at an eighth of the size, where it costs a third less than at full size and
    differs by less than the eye can see (48 dB); in whole numbers, because gblur's result hangs on
    the number of threads and disturbed x264 beside it (12 of 40 runs). It does not move.

    It is blurred in 10 bits, and dithered to 8 in the pass that scales it up: in 8 bits its slow
    gradients are steps as wide as eight pixels, which the eye and x264 take for blocks.
    """
    source = view.source
    inner = inset_box(source, frame.size)
    if inner.size == frame.size:
        return _whole(stream, source, frame)
    parts = stream.filter_multi_output("split", 2)
    small = Size(_even(frame.size.width // 8), _even(frame.size.height // 8))
    still = view.gaze.start if isinstance(view.gaze, Move) else view.gaze
    behind = _windowed(parts[0], crop_box(source, frame.aspect, still), source)
    behind = behind.filter("scale", small.width, small.height, flags="area")
    behind = behind.filter("format", "yuv420p10le")
    behind = behind.filter("boxblur", lr=_radius(small), lp=3, cr=_radius(small), cp=3)
    behind = behind.filter(
        "lutyuv", y="64+(val-64)*0.62", u="512+(val-512)*0.85", v="512+(val-512)*0.85"
    )
    behind = behind.filter("scale", frame.size.width, frame.size.height, flags="bicubic")
    # The scaler dithers by itself only where it goes from more bits to 8.
    behind = behind.filter("format", "yuv420p").filter("setsar", "1")
    front = _whole(parts[1], source, frame).filter("setsar", "1")
    return behind.overlay(front, x=inner.x, y=inner.y, format="yuv420")


def _radius(size: Size) -> int:
    """Three boxes of it look like one bell; boxblur wants less than half of a chroma side."""
    return max(min(5, min(size.width, size.height) // 4 - 1), 0)


def _even(value: int) -> int:
    return max(2, value - value % 2)


def _windowed(stream: Any, box: Box, source: Size) -> Any:
    if box.size == source:
        return stream
    return stream.filter("crop", box.width, box.height, box.x, box.y)


def scaled(stream: Any, size: Size, to: Size) -> Any:
    """The stream scaled by the best scaler, where it must be at all."""
    if size == to:
        return stream
    return stream.filter("scale", to.width, to.height, flags=SCALER)
