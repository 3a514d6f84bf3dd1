"""How large a first frame is asked for that a picture model makes: as the deliverables need it.

What the list says of the picture, the sizes of its model and how its clip is prepared come in; the
size that is asked for goes out.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import isqrt

from wanx_render.catalog.abilities import PictureArea
from wanx_render.geometry import SLIVERS, Aspect, Size, predicted_size
from wanx_render.preparation import Limits, Shapes, clips_by_share, least_share
from wanx_render.shotlist.inputs import MadePicture
from wanx_render.shotlist.model import Deliverable
from wanx_render.shotlist.preparing import Preparing, aims_of

Sizes = PictureArea | tuple[str, ...]


def size_of(
    picture: MadePicture, sizes: Sizes, preparing: Preparing, deliverables: Iterable[Deliverable]
) -> Size | None:
    """The size in which ``picture`` is asked for: the one whose clip keeps most in the deliverables
    that crop, else the nearest to the aspect of the first one.

    None where the model makes no such picture.
    """
    if picture.size:
        return picture.size if may_be(picture.size, sizes) else None
    wanted = (picture.aspect,) if picture.aspect else aims_of(deliverables).every
    if isinstance(sizes, PictureArea):
        best = _best_within(sizes, preparing.area, wanted, preparing.limits)
    else:
        best = _best_of(sizes, preparing.area, wanted)
    return best if best and (picture.aspect is None or _has(best, picture.aspect)) else None


def _has(size: Size, aspect: Aspect) -> bool:
    """Whether a picture has an aspect but for slivers, which a crop takes off."""
    across, down = size.width * aspect.height, size.height * aspect.width
    return max(across, down) <= min(across, down) * (1 + SLIVERS)


def may_be(size: Size, sizes: Sizes) -> bool:
    """Whether a picture of this size can be asked for."""
    if not isinstance(sizes, PictureArea):
        return str(size) in sizes
    low, high = sizes.sides or (1, size.width + size.height)
    is_within = sizes.area[0] <= size.area <= sizes.area[1]
    sides = (size.width, size.height)
    return is_within and all(low <= side <= high and not side % sizes.multiple for side in sides)


@lru_cache(maxsize=256)
def _best_of(sizes: tuple[str, ...], area: int, wanted: tuple[Aspect, ...]) -> Size | None:
    """The one of ``sizes`` whose clip keeps most; of equally good ones the smallest."""
    choices = [Size(*map(int, text.split("x"))) for text in sizes]
    shares = {size: least_share(predicted_size(size, area), wanted) for size in choices}
    best = max(shares.values(), default=0)
    equals = (size for size in choices if shares[size] == best)
    return min(equals, key=lambda size: (size.area, size.width), default=None) if best else None


@lru_cache(maxsize=256)
def _best_within(
    sizes: PictureArea, area: int, wanted: tuple[Aspect, ...], limits: Limits
) -> Size | None:
    """The size of a wide choice: exactly of a wanted aspect where that is as good, and as large as
    its clip where that is allowed."""
    for clips in clips_by_share(area, wanted, limits):
        options = [
            (Aspect.of(size.width, size.height) not in wanted, abs(size.area - clip.area), size)
            for clip, shapes in clips
            for size in _of_shapes(shapes, sizes)
            if limits.accept(size)
        ]
        if options:
            return min(options, key=lambda option: (*option[:2], option[2].width))[-1]
    return None


def _of_shapes(shapes: Shapes, sizes: PictureArea) -> Iterator[Size]:
    """Every size of these shapes that can be asked for."""
    step, (low, high) = sizes.multiple, sizes.area
    tallest = isqrt(int(high / shapes.low)) + 1
    for height in range(step, tallest + 1, step):
        widths = shapes.widths(height)
        first = max(widths.start, -(-low // height))
        for width in range(-(-first // step) * step, min(widths.stop, high // height + 1), step):
            if may_be(size := Size(width, height), sizes):
                yield size
