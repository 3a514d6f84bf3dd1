"""Exact picture geometry: aspects, sizes and boxes in, sizes and boxes out; integers only.

It stands at the bottom of the house because every promise of an exact frame is settled here.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, gcd, isqrt
from typing import Literal

from wanx_render.language import tr

TILE = 16  # the models' sides are multiples of 16 (VAE stride 8, patch 2)

# Bounded, so that no text makes a number that takes long to calculate with.
_ASPECT = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,5})?) ?[:/] ?([0-9]{1,5}(?:\.[0-9]{1,5})?)")
_BOX = re.compile(r"([0-9]{1,6})x([0-9]{1,6})\+([0-9]{1,6})\+([0-9]{1,6})")

Fit = Literal["crop", "pad", "blur"]


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def area(self) -> int:
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels: its upper left corner and its size."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> "Box":
        """Read ``816x1088+0+8``, as records have it; ValueError for anything else."""
        parts = _BOX.fullmatch(text)
        if not parts:
            raise ValueError(tr("{text!r} is not a valid box", text=text[:40]))
        width, height, x, y = map(int, parts.groups())
        return cls(x, y, width, height)

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}+{self.x}+{self.y}"


@dataclass(frozen=True, slots=True)
class Aspect:
    """A ratio of width to height, always in lowest terms: ``Aspect.of(18, 32)`` is 9:16."""

    width: int
    height: int

    @classmethod
    def of(cls, width: int, height: int) -> "Aspect":
        """Reduce ``width:height``; both at least 1, else ValueError."""
        if width < 1 or height < 1:
            raise ValueError(tr("{text!r} is not a valid aspect", text=f"{width}:{height}"))
        divisor = gcd(width, height)
        return cls(width // divisor, height // divisor)

    @classmethod
    def parse(cls, text: str) -> "Aspect":
        """Read ``9:16``, ``2.39:1`` or ``16/9``; ValueError for anything else."""
        parts = _ASPECT.fullmatch(text.strip())
        if not parts or not Fraction(parts[1]) or not Fraction(parts[2]):
            raise ValueError(
                tr("{text!r} is not a valid aspect such as 9:16 or 2.39:1", text=text[:40])
            )
        ratio = Fraction(parts[1]) / Fraction(parts[2])
        return cls.of(ratio.numerator, ratio.denominator)

    def __str__(self) -> str:
        return f"{self.width}:{self.height}"

    @property
    def usual(self) -> str:
        """As people write it: what is 7:3 in lowest terms is called 21:9 everywhere."""
        return {(7, 3): "21:9", (3, 7): "9:21"}.get((self.width, self.height), str(self))

    def matches(self, size: Size) -> bool:
        """Whether ``size`` has this ratio exactly, in integers."""
        return size.width * self.height == size.height * self.width

    def size(self, unit: int) -> Size:
        return Size(self.width * unit, self.height * unit)


@dataclass(frozen=True, slots=True)
class Focus:
    """The point a crop keeps in view, as fractions of width and height in 0..1."""

    x: Fraction = Fraction(1, 2)
    y: Fraction = Fraction(1, 2)


CENTRE = Focus()


@dataclass(frozen=True, slots=True)
class Move:
    """A focus that goes from one point to another while the shot lasts."""

    start: Focus
    end: Focus


Gaze = Focus | Move  # what a crop looks at


@lru_cache(maxsize=4096)
def predicted_size(image: Size, tier_area: int) -> Size:
    """The clip a model makes of ``image`` at a tier of ``tier_area`` pixels.

    The tier fixes the area and the image the aspect; each side is rounded down to a multiple of 16
    on its own. Exact integers, because the floating form loses 16 px where a side falls on a
    multiple of 16. The only official example is 750x1000 at 720P giving 816x1104.
    """
    width = TILE * isqrt(tier_area * image.width // (TILE * TILE * image.height))
    height = TILE * isqrt(tier_area * image.height // (TILE * TILE * image.width))
    return Size(max(width, TILE), max(height, TILE))


def _even_down(value: int) -> int:
    return value - value % 2


def even_up(value: int) -> int:
    return value + value % 2


def crop_unit(source: Size, aspect: Aspect) -> int:
    """The largest even k for which ``aspect`` times k fits inside ``source``; 0 where none does."""
    return _even_down(min(source.width // aspect.width, source.height // aspect.height))


# A padded or blurred picture may be enlarged so much for its sides to touch those of the frame,
ENLARGED = Fraction(101, 100)
# and bars that would be so thin, both together, are cut off the picture instead: they come of sides
# rounded to multiples of 16, and nobody wants them.
SLIVERS = Fraction(3, 100)


def _is_near(source: Size, aspect: Aspect) -> bool:
    """Whether ``source`` has the aspect but for slivers."""
    across, down = source.width * aspect.height, source.height * aspect.width
    return max(across, down) <= min(across, down) * (1 + SLIVERS)


def pad_unit(source: Size, aspect: Aspect) -> int:
    """The k of the default frame for a padded or blurred picture, even; 0 where there is none.

    The picture fills it from side to side. It is as large as the picture, up to 1 % larger, or else
    the next smaller one.
    """
    sides = Fraction(source.width, aspect.width), Fraction(source.height, aspect.height)
    flush = min(sides) if _is_near(source, aspect) else max(sides)
    larger = even_up(ceil(flush))
    return larger if larger <= flush * ENLARGED else _even_down(floor(flush))


def fit_unit(source: Size, aspect: Aspect, fit: Fit) -> int:
    """The k of the default frame of ``source`` under ``fit``; a crop enlarges nothing."""
    return crop_unit(source, aspect) if fit == "crop" else pad_unit(source, aspect)


def largest_exact(sources: tuple[Size, ...], aspect: Aspect, fit: Fit) -> Size:
    """The largest exact, even frame of ``aspect`` that enlarges none of ``sources``.

    A padded or blurred picture may be enlarged by 1 %, to be flush with two sides of the frame.
    ValueError where a source is too small to hold even the smallest such frame.
    """
    unit = min(fit_unit(source, aspect, fit) for source in sources)
    if unit < 2:
        raise ValueError(
            tr("{size} is too small for an exact {aspect}", size=min(sources), aspect=aspect)
        )
    return aspect.size(unit)


def _offset(room: int, focus: Fraction, side: int, whole: int) -> int:
    """Where a window of ``side`` starts in ``whole`` so that ``focus`` is in its middle."""
    offset = round(focus * whole) - side // 2
    return _even_down(min(max(offset, 0), room))


@lru_cache(maxsize=4096)
def crop_box(source: Size, aspect: Aspect, focus: Focus = CENTRE) -> Box:
    """The largest exact crop of ``source``, with even sides and offsets, around ``focus``.

    ValueError where the source is too small.
    """
    frame = largest_exact((source,), aspect, "crop")
    return Box(
        x=_offset(source.width - frame.width, focus.x, frame.width, source.width),
        y=_offset(source.height - frame.height, focus.y, frame.height, source.height),
        width=frame.width,
        height=frame.height,
    )


def crop_boxes(source: Size, aspect: Aspect, gaze: Gaze) -> tuple[Box, ...]:
    """Where the crop stands, or where it begins and where it ends."""
    points = (gaze.start, gaze.end) if isinstance(gaze, Move) else (gaze,)
    return tuple(crop_box(source, aspect, point) for point in points)


_TO = " to "


def crop_text(source: Size, aspect: Aspect, gaze: Gaze) -> str:
    """The crop in words: its box, or the two between which it moves."""
    return _TO.join(map(str, crop_boxes(source, aspect, gaze)))


def boxes_in(text: str) -> tuple[Box, ...]:
    """The boxes that ``crop_text`` put into words. ValueError for anything else."""
    return tuple(map(Box.parse, text.split(_TO)))


def seen_box(source: Size, frame: Size) -> Box:
    """What a padded or blurred frame shows of ``source``: all, but for what would leave slivers.

    Even offsets; of what is cut, both sides are even too.
    """
    if not _is_near(source, Aspect.of(frame.width, frame.height)):
        return Box(0, 0, source.width, source.height)
    scale = max(Fraction(frame.width, source.width), Fraction(frame.height, source.height))
    width = min(source.width, nearest_even(frame.width / scale))
    height = min(source.height, nearest_even(frame.height / scale))
    if Size(width, height) == source:
        return Box(0, 0, width, height)
    width, height = _even_down(width), _even_down(height)
    return Box(
        x=_even_down((source.width - width) // 2),
        y=_even_down((source.height - height) // 2),
        width=width,
        height=height,
    )


def inset_box(source: Size, frame: Size) -> Box:
    """Where the picture of ``source`` is, scaled to fit and centred, inside ``frame``.

    Even sides and offsets. It touches two sides of the frame, or all four where only slivers would
    be left (``seen_box``). The other side is rounded to the nearest even number, so the picture is
    stretched by at most one pixel of that side.
    """
    if _is_near(source, Aspect.of(frame.width, frame.height)):
        return Box(0, 0, frame.width, frame.height)
    scale = min(Fraction(frame.width, source.width), Fraction(frame.height, source.height))
    width, height = nearest_even(source.width * scale), nearest_even(source.height * scale)
    return Box(
        x=_even_down((frame.width - width) // 2),
        y=_even_down((frame.height - height) // 2),
        width=width,
        height=height,
    )


def nearest_even(value: Fraction) -> int:
    return max(2, 2 * round(value / 2))


@lru_cache(maxsize=4096)
def enlargement(source: Size, frame: Size, aspect: Aspect, fit: Fit) -> Fraction:
    """How much ``fit`` enlarges ``source`` to fill ``frame``: 1 is not at all, 2 is twice."""
    if fit == "crop":
        return Fraction(frame.width, largest_exact((source,), aspect, "crop").width)
    visible, inner = seen_box(source, frame), inset_box(source, frame)
    return max(Fraction(inner.width, visible.width), Fraction(inner.height, visible.height))


def is_enlarged(factor: Fraction, fit: Fit) -> bool:
    """Whether an ``enlargement`` is worth a word: more than a flush picture may be enlarged by."""
    return factor > (1 if fit == "crop" else ENLARGED)


@lru_cache(maxsize=4096)
def cropped_away(source: Size, aspect: Aspect) -> Fraction:
    """The part of the picture that an exact crop loses, 0..1."""
    return 1 - Fraction(largest_exact((source,), aspect, "crop").area, source.area)
