"""Which part of a picture is sent, and how large: settled in exact numbers before it is paid for.

The service takes the shape of a clip from its first frame and rounds both sides of the clip down to
multiples of 16. So all shapes of a small range give one size of clip (``Shapes``), and of a picture
the largest part whose shape is in that range is sent. Where one clip serves several deliverables,
the shapes are compared by the deliverable that keeps least of the clip (``best_aspect``).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from math import ceil, floor, isqrt

from wanx_render.geometry import (
    CENTRE,
    SLIVERS,
    TILE,
    Aspect,
    Box,
    Fit,
    Focus,
    Size,
    crop_unit,
    predicted_size,
)
from wanx_render.language import tr

WHITE = "#ffffff"
FREELY_ENLARGED = Fraction(3, 2)  # above that a picture is enlarged only where the user wants it


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model accepts: sides in pixels, and the long side as a multiple of the short one."""

    shortest: int
    longest: int
    ratio: Fraction | None = None

    @property
    def steepest(self) -> Fraction:
        """The long side of a picture that is accepted, as a multiple of its short one, at most."""
        by_sides = Fraction(self.longest, self.shortest)
        return by_sides if self.ratio is None else min(by_sides, self.ratio)

    def accept(self, size: Size) -> bool:
        """Whether a picture of this size is accepted."""
        long, short = max(size.width, size.height), min(size.width, size.height)
        is_flat = self.ratio is not None and long > short * self.ratio
        return self.shortest <= short and long <= self.longest and not is_flat


@dataclass(frozen=True, slots=True)
class Fitting:
    """How the user wants a picture to be sent; ``aspect`` None: in its own."""

    aspect: Aspect | None = None
    fit: Fit = "crop"
    focus: Focus = CENTRE
    background: str | None = None  # as #rrggbb, so that one colour has one name


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is sent of one upright picture, for one tier."""

    aspect: Aspect | None  # that the sent picture was asked to have; None: its own
    fit: Fit
    focus: Focus
    background: str | None  # behind bars and what is transparent; None where nothing shows it
    window: Box  # the part of the upright source that is used
    sent: Size  # size of the picture that is sent

    @property
    def name(self) -> str:
        """What stands for the preparation in a request's identity; empty: the whole picture.

        It says what was wanted and not how large that is: limits of a model may change, and what
        was paid for stays.
        """
        if self.aspect is None:
            return f"over {self.background}" if self.background else ""
        words = [str(self.aspect), self.fit]
        if self.fit == "crop":
            words.append(f"{self.focus.x},{self.focus.y}")
        if self.background:
            words.append(f"over {self.background}")
        return " ".join(words)

    @property
    def inner(self) -> Box:
        """Where the window is in the sent picture: all of it, or between bars, centred."""
        if self.fit == "crop":
            return Box(0, 0, self.sent.width, self.sent.height)
        across = Fraction(self.sent.width, self.window.width)
        down = Fraction(self.sent.height, self.window.height)
        width = min(self.sent.width, max(1, round(self.window.width * min(across, down))))
        height = min(self.sent.height, max(1, round(self.window.height * min(across, down))))
        return Box(
            x=(self.sent.width - width) // 2,
            y=(self.sent.height - height) // 2,
            width=width,
            height=height,
        )

    @property
    def enlargement(self) -> Fraction:
        """How much the picture is enlarged: 1 is not at all, 2 is twice; below 1, reduced."""
        inner = self.inner
        return min(
            Fraction(inner.width, self.window.width), Fraction(inner.height, self.window.height)
        )

    def loss(self, source: Size) -> Fraction:
        """The part of the picture that is not sent, 0..1."""
        return 1 - Fraction(self.window.size.area, source.area)


@dataclass(frozen=True, slots=True)
class Shapes:
    """A range of shapes, width over height: of each the same size of clip is made."""

    low: Fraction
    high: Fraction
    with_low: bool  # whether the bound itself is one of them
    with_high: bool

    def __bool__(self) -> bool:
        is_point = self.low == self.high and self.with_low and self.with_high
        return self.low < self.high or is_point

    def __contains__(self, shape: Fraction) -> bool:
        above = shape >= self.low if self.with_low else shape > self.low
        return above and (shape <= self.high if self.with_high else shape < self.high)

    def widths(self, height: int) -> range:
        """The widths that go with a height."""
        least, most = self.low * height, self.high * height
        first = ceil(least) if self.with_low else floor(least) + 1
        return range(max(first, 1), floor(most) + 1 if self.with_high else ceil(most))

    def heights(self, width: int) -> range:
        """The heights that go with a width."""
        return Shapes(1 / self.high, 1 / self.low, self.with_high, self.with_low).widths(width)


def shapes_of(clip: Size, area: int, limits: Limits) -> Shapes:
    """The shapes of which a tier of ``area`` pixels makes ``clip``: ``predicted_size`` inverted."""
    lows = [
        (1 / limits.steepest, True),
        (Fraction(area, (clip.height + TILE) ** 2), False),
        *([(Fraction(clip.width**2, area), True)] if clip.width > TILE else []),
    ]
    highs = [
        (limits.steepest, True),
        (Fraction((clip.width + TILE) ** 2, area), False),
        *([(Fraction(area, clip.height**2), True)] if clip.height > TILE else []),
    ]
    low, with_low = max(lows, key=lambda bound: (bound[0], not bound[1]))
    high, with_high = min(highs)
    return Shapes(low, high, with_low, with_high)


def prepare(
    source: Size, fitting: Fitting, area: int, limits: Limits, *, transparent: bool = False
) -> Preparation:
    """What is sent of an upright picture of size ``source`` for a tier of ``area`` pixels.

    Of an aspect, the clip is the one that exactly this aspect gives. The pixels stay as they are
    where the limits allow it; else they are scaled, and the clip's size stays.
    Raises ValueError where no part of the picture, and no size of it, can be sent.
    """
    return _prepared(source, fitting, area, limits, transparent)


@lru_cache(maxsize=4096)
def _prepared(
    source: Size, fitting: Fitting, area: int, limits: Limits, transparent: bool
) -> Preparation:
    aspect = fitting.aspect or Aspect.of(source.width, source.height)
    shapes = shapes_of(predicted_size(aspect.size(1), area), area, limits)
    placed = _placed(source, aspect, shapes, fitting.fit, limits)
    if placed is None:
        raise ValueError(
            tr(
                "no part of {size} can be sent as {aspect}; the model accepts sides of {low} to "
                "{high} pixels, and a long side of at most {ratio} times the short one",
                size=source, aspect=aspect, low=limits.shortest, high=limits.longest,
                ratio=f"{float(limits.steepest):.3g}",
            )
        )  # fmt: skip
    if fitting.aspect is None or placed.is_whole(source):
        background = fitting.background or WHITE if transparent else None
        window = Box(0, 0, source.width, source.height)
        return Preparation(None, "crop", CENTRE, background, window, placed.sent)
    focus = _felt(fitting.focus, source, aspect) if placed.fit == "crop" else CENTRE
    shown = transparent or placed.fit == "pad"
    return Preparation(
        aspect=aspect,
        fit=placed.fit,
        focus=focus,
        background=fitting.background or WHITE if shown else None,
        window=_window(source, placed.window, focus),
        sent=placed.sent,
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    window: Size  # of the source
    sent: Size
    fit: Fit

    def is_whole(self, source: Size) -> bool:
        return self.fit == "crop" and self.window == source


def _placed(
    source: Size, aspect: Aspect, shapes: Shapes, fit: Fit, limits: Limits
) -> _Placed | None:
    """How much of ``source`` is sent in one of ``shapes``, and how large; None: not at all."""
    if not shapes:
        return None
    shape = Fraction(source.width, source.height)
    is_near = shapes.low <= shape * (1 + SLIVERS) and shape <= shapes.high * (1 + SLIVERS)
    if fit == "crop" or is_near:  # bars as thin as that are cut off instead
        window = largest_window(source, shapes)
        sent = window and _scaled(window, shapes, limits)
        return _Placed(window, sent, "crop") if window and sent else None
    canvas = _canvas(source, aspect, shapes)
    sent = canvas and _scaled(canvas, shapes, limits)
    return _Placed(source, sent, fit) if sent else None


def largest_window(source: Size, shapes: Shapes) -> Size | None:
    """The largest part of ``source`` that has one of ``shapes``; None where there is none."""
    best = None
    tallest = min(source.height, shapes.heights(source.width).stop - 1)
    for height in range(tallest, 0, -1):
        widths = shapes.widths(height)
        width = min(source.width, widths.stop - 1)
        if best and height * min(source.width, ceil(height * shapes.high)) <= best.area:
            break  # smaller ones have no more pixels
        if width >= widths.start and (best is None or width * height > best.area):
            best = Size(width, height)
    return best


def _canvas(source: Size, aspect: Aspect, shapes: Shapes) -> Size | None:
    """The smallest picture of ``aspect`` around ``source``: its bars are on two sides only.

    It may be a few pixels wider or higher than ``source``, which is then enlarged by as much.
    """
    is_wide = source.width * aspect.height > source.height * aspect.width
    side = source.width if is_wide else source.height
    sides = (_of_side(aspect.size(1), shapes, longer, is_wide) for longer in range(side, 2 * side))
    return next((size for size in sides if size), None)


def _scaled(size: Size, shapes: Shapes, limits: Limits) -> Size | None:
    """``size`` itself, or the nearest within the limits that still has one of ``shapes``."""
    if limits.accept(size):
        return size
    is_wide = size.width > size.height
    if max(size.width, size.height) > limits.longest:
        sides, by_width = range(limits.longest, limits.shortest - 1, -1), is_wide
    else:
        sides, by_width = range(limits.shortest, limits.longest + 1), not is_wide
    scaled = (_of_side(size, shapes, side, by_width) for side in sides)
    return next((other for other in scaled if other and limits.accept(other)), None)


def _of_side(size: Size, shapes: Shapes, side: int, by_width: bool) -> Size | None:
    """``size`` scaled to a width or a height: the other side is rounded so that the shape fits."""
    if by_width:
        choices, other = shapes.heights(side), Fraction(side * size.height, size.width)
    else:
        choices, other = shapes.widths(side), Fraction(side * size.width, size.height)
    if not choices:
        return None
    nearest = min(max(round(other), choices.start), choices.stop - 1)
    return Size(side, nearest) if by_width else Size(nearest, side)


def _felt(focus: Focus, source: Size, aspect: Aspect) -> Focus:
    """``focus`` in the direction in which the crop can follow it, and the middle in the other.

    In that one only the few pixels are cut that make sides fit together, so a change there is no
    other picture.
    """
    across, down = source.width * aspect.height, source.height * aspect.width
    if across > down:
        return Focus(focus.x, CENTRE.y)
    return Focus(CENTRE.x, focus.y) if down > across else CENTRE


def _window(source: Size, window: Size, focus: Focus) -> Box:
    def offset(side: int, whole: int, point: Fraction) -> int:
        return min(max(round(point * whole - Fraction(side, 2)), 0), whole - side)

    return Box(
        x=offset(window.width, source.width, focus.x),
        y=offset(window.height, source.height, focus.y),
        width=window.width,
        height=window.height,
    )


def best_aspect(
    source: Size, area: int, crops: Sequence[Aspect], fit: Fit, limits: Limits
) -> Aspect | None:
    """The aspect in which a picture is sent so that deliverables which crop keep most of the clip.

    It maximises the smallest share of the clip that one of ``crops`` keeps; of equally good ones,
    it loses least of the picture, and adds the thinnest bars. None, the picture's own aspect, where
    no deliverable crops, or no clip is large enough for all of them.
    """
    wanted = tuple(sorted(set(crops), key=_simplicity))
    return _best_aspect(source, area, wanted, fit, limits) if wanted else None


@lru_cache(maxsize=4096)
def _best_aspect(
    source: Size, area: int, crops: tuple[Aspect, ...], fit: Fit, limits: Limits
) -> Aspect | None:
    for equally_good in _ranked(area, crops, limits):
        options = []
        for _, shapes in equally_good:
            aspect = _named(shapes, crops)
            if placed := _placed(source, aspect, shapes, fit, limits):
                bars = Fraction(placed.sent.area, placed.window.area) if fit != "crop" else 0
                options.append((-placed.window.area, bars, _simplicity(aspect), aspect))
        if options:
            return min(options)[-1]
    return None


@lru_cache(maxsize=256)
def _ranked(
    area: int, crops: tuple[Aspect, ...], limits: Limits
) -> tuple[tuple[tuple[Size, Shapes], ...], ...]:
    """Every size of clip that a tier makes, with the shapes of pictures that give it: the best for
    ``crops`` first, equally good ones together."""
    shapes = dict(_clips(area, limits))
    shares = {clip: least_share(clip, crops) for clip in shapes}
    useful = sorted((clip for clip in shares if shares[clip]), key=lambda clip: -shares[clip])
    return tuple(
        tuple((clip, shapes[clip]) for clip in clips)
        for _, clips in groupby(useful, key=shares.__getitem__)
    )


def clips_by_share(
    area: int, crops: tuple[Aspect, ...], limits: Limits
) -> tuple[tuple[tuple[Size, Shapes], ...], ...]:
    """Every size of clip that a tier makes, with the shapes that give it: the best for ``crops``
    first, equally good ones together."""
    return _ranked(area, tuple(sorted(set(crops), key=_simplicity)), limits)


def least_share(clip: Size, crops: Iterable[Aspect]) -> Fraction:
    """The smallest share of a clip that an exact crop to one of ``crops`` keeps, 0..1.

    It is 1 where nothing crops, or nothing that could be read.
    """
    areas = (aspect.size(crop_unit(clip, aspect)).area for aspect in crops)
    return Fraction(min(areas, default=clip.area), clip.area)


def _clips(area: int, limits: Limits) -> Iterator[tuple[Size, Shapes]]:
    """Every size of clip that a tier makes of a picture that a model accepts, and its shapes."""
    tile = TILE * TILE
    for across in range(1, isqrt(floor(area * limits.steepest)) // TILE + 1):
        low = max(Fraction(tile * across**2, area) if across > 1 else 0, 1 / limits.steepest)
        high = min(Fraction(tile * (across + 1) ** 2, area), limits.steepest)
        if low > high:
            continue
        least, most = isqrt(floor(area / (tile * high))), isqrt(floor(area / (tile * low)))
        for down in range(max(least, 1), max(most, 1) + 1):
            clip = Size(TILE * across, TILE * down)
            if shapes := shapes_of(clip, area, limits):
                yield clip, shapes


_USUAL = tuple(map(Aspect.parse, ("1:1", "9:16", "16:9", "3:4", "4:3", "4:5", "5:4", "2:3", "3:2")))


@lru_cache(maxsize=4096)
def _named(shapes: Shapes, crops: tuple[Aspect, ...]) -> Aspect:
    """The aspect that a range of shapes is called by: a deliverable's, a usual one, the simplest.

    Any of them gives the same picture and the same clip.
    """
    usual = (aspect for aspect in (*crops, *_USUAL) if _shape(aspect) in shapes)
    return next(usual, None) or _simplest(shapes)


def _simplest(shapes: Shapes) -> Aspect:
    """The aspect of the smallest height, and then width, that is one of ``shapes``."""
    height = 1
    while not (widths := shapes.widths(height)):
        height += 1
    return Aspect.of(widths.start, height)


def _shape(aspect: Aspect) -> Fraction:
    return Fraction(aspect.width, aspect.height)


def _simplicity(aspect: Aspect) -> tuple[int, int]:
    return aspect.width + aspect.height, aspect.width
