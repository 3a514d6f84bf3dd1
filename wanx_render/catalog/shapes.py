"""The frames that a model can be asked for outright, where no picture decides them.

Some models take a size in pixels, others a ratio beside the tier.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from wanx_render.catalog.abilities import Model
from wanx_render.geometry import Aspect, Size, predicted_size
from wanx_render.preparation import least_share


@dataclass(frozen=True, slots=True)
class Shape:
    """A frame that is asked for by its size or by its ratio, and the clip that it gives."""

    clip: Size
    size: Size | None  # as it is asked for
    ratio: str  # the same

    @property
    def name(self) -> str:
        return self.ratio or str(self.size)


def shapes_of(model: Model, tier: str, area: int) -> tuple[Shape, ...]:
    """What ``model`` can be asked for in a tier of ``area`` pixels, the default first."""
    sizes = model.sizes.value.get(tier, ()) if model.sizes else ()
    return _shapes(model.ratios.value if model.ratios else (), sizes, area)


@lru_cache(maxsize=256)
def _shapes(ratios: tuple[str, ...], sizes: tuple[str, ...], area: int) -> tuple[Shape, ...]:
    choices = tuple(size_of(size) for size in sizes)
    if not ratios:
        return tuple(Shape(size, size, "") for size in choices)
    return tuple(
        Shape(_clip(Aspect.parse(ratio), choices, area), None, ratio)
        for ratio in ratios
        if not _is_word(ratio)
    )


def size_of(text: str) -> Size:
    """``1280x720`` as a size; ValueError for anything else."""
    width, _, height = text.replace("*", "x").partition("x")
    return Size(int(width), int(height))


def _is_word(ratio: str) -> bool:
    return not ratio[:1].isdigit()


def _clip(aspect: Aspect, sizes: tuple[Size, ...], area: int) -> Size:
    """The clip of a ratio: of the documented sizes the one of its shape, else by the area."""
    return _nearest(sizes, aspect) or predicted_size(aspect.size(1), area)


def _nearest(sizes: Iterable[Size], aspect: Aspect) -> Size | None:
    shares = {size: least_share(size, (aspect,)) for size in sizes}
    near = [size for size, share in shares.items() if share >= _SAME_SHAPE]
    return max(near, key=shares.__getitem__, default=None)


_SAME_SHAPE = Fraction(95, 100)  # sides are rounded: 1104x832 stands for 4:3


_USUAL = tuple(map(Aspect.parse, ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "9:21")))


def usual(clip: Size) -> Aspect:
    """The aspect that a size stands for: a usual one but for rounded sides, or its own."""
    near = [aspect for aspect in _USUAL if _nearest((clip,), aspect)]
    own = Aspect.of(clip.width, clip.height)
    return max(near, key=lambda aspect: least_share(clip, (aspect,)), default=own)


def of_aspect(shapes: Iterable[Shape], aspect: Aspect) -> Shape | None:
    """The shape that has this aspect but for rounded sides; None where there is none."""
    by_clip = {shape.clip: shape for shape in shapes}
    of_ratio = [shape for shape in by_clip.values() if shape.ratio == aspect.usual]
    if of_ratio:  # whatever is lost to the rounded sides of a small tier
        return of_ratio[0]
    nearest = _nearest(by_clip, aspect)
    return by_clip[nearest] if nearest else None


def following(model: Model) -> str:
    """The word for a ratio that follows the first frame; empty where a model has none."""
    return next(filter(_is_word, model.ratios.value), "") if model.ratios else ""


@lru_cache(maxsize=4096)
def best(shapes: tuple[Shape, ...], aims: tuple[Aspect, ...]) -> Shape:
    """The shape of which each of ``aims`` keeps most; of equally good ones the first."""
    return max(shapes, key=lambda shape: least_share(shape.clip, aims)) if aims else shapes[0]


def clip_of(size: Size | None, ratio: str, shapes: Iterable[Shape], area: int) -> Size | None:
    """The clip of what a request asked for, also where the model has no such shape any more."""
    clip = next(
        (shape.clip for shape in shapes if (shape.size, shape.ratio) == (size, ratio)), None
    )
    if clip or size:
        return clip or size
    return (
        None if not ratio or _is_word(ratio) else predicted_size(Aspect.parse(ratio).size(1), area)
    )
