"""Where a picture lies on the canvas of a draft, and how it moves there.

A scale of 1 is the whole picture, as large as the canvas holds. A place is how far the middle of
the picture is from that of the canvas, in halves of the canvas, to the right and up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from wanx_render.geometry import Box, Size, inset_box, seen_box
from wanx_render.timelines.timeline import Clip, Timeline

# A crop moves slowly at both ends, and keyframes are joined by straight lines. With twelve of them
# a place is off by at most 6 / (8 * 12 * 12) of the way: the second derivative of 3p^2 - 2p^3 is 6.
_STEPS = 12


@dataclass(frozen=True, slots=True)
class ClipPlacement:
    """The scale of a picture, and where its middle is."""

    scale: Fraction
    x: Fraction
    y: Fraction


def placed(source: Size, seen: Box, inset: Box, canvas: Size) -> ClipPlacement:
    """How ``seen`` of a picture of ``source`` comes to fill the box ``inset`` of the canvas."""
    factor = Fraction(inset.width, seen.width)
    whole = min(Fraction(canvas.width, source.width), Fraction(canvas.height, source.height))
    across = inset.x + (Fraction(source.width, 2) - seen.x) * factor
    down = inset.y + (Fraction(source.height, 2) - seen.y) * factor
    return ClipPlacement(
        scale=factor / whole,
        x=2 * across / canvas.width - 1,
        y=1 - 2 * down / canvas.height,
    )


def placements(clip: Clip, timeline: Timeline) -> tuple[ClipPlacement, ...]:
    """Where the clip lies; two where it moves from one place to another."""
    canvas = timeline.size
    whole = Box(0, 0, canvas.width, canvas.height)
    if clip.crop:
        return tuple(placed(clip.size, box, whole, canvas) for box in clip.crop)
    seen, inset = seen_box(clip.size, canvas), inset_box(clip.size, canvas)
    return (placed(clip.size, seen, inset, canvas),)


def moved(first: ClipPlacement, last: ClipPlacement, part: Fraction) -> ClipPlacement:
    """Where the picture is after ``part`` (0..1) of its time."""
    way = part * part * (3 - 2 * part)
    return ClipPlacement(
        scale=first.scale + (last.scale - first.scale) * way,
        x=first.x + (last.x - first.x) * way,
        y=first.y + (last.y - first.y) * way,
    )


def stops(begin: Fraction, end: Fraction) -> Iterator[Fraction]:
    """The parts of a move, 0..1, that need a keyframe between two of them, both included."""
    yield begin
    yield from (part for n in range(1, _STEPS) if begin < (part := Fraction(n, _STEPS)) < end)
    yield end
