"""One picture laid over another: moved, zoomed, stretched and turned until they agree best."""

import math
from collections.abc import Iterable, Iterator, Sequence
from operator import mul

from PIL import Image, ImageChops, ImageFilter

from wanx_render.tasks.likeness.grid import scaled

Overlay = tuple[float, float, float, float, float]
"""Shift along x and y (parts of a side), log of the zoom, log of the stretch, turn (radians)."""

_NONE: Overlay = (0.0, 0.0, 0.0, 0.0, 0.0)
_FARTHEST: Overlay = (0.12, 0.12, 0.25, 0.7, 0.06)


def _matrix(overlay: Overlay, source: tuple[int, int], target: tuple[int, int]) -> Sequence[float]:
    """Which pixel of ``source`` is seen at a pixel of ``target``, as Pillow's AFFINE wants it."""
    x, y, zoom, stretch, turn = overlay
    across, down = math.exp(zoom + stretch), math.exp(zoom - stretch)
    tilt_x, tilt_y = -turn * source[1] / source[0], turn * source[0] / source[1]
    return (
        across * source[0] / target[0],
        tilt_x * source[0] / target[1],
        source[0] * (0.5 + x - across / 2 - tilt_x / 2),
        tilt_y * source[1] / target[0],
        down * source[1] / target[1],
        source[1] * (0.5 + y - down / 2 - tilt_y / 2),
    )


def laid_over(
    picture: Image.Image, overlay: Overlay, size: tuple[int, int]
) -> tuple[Image.Image, Image.Image]:
    """``picture`` as the frame should show it, and 255 where it has something to show."""
    matrix = _matrix(overlay, picture.size, size)
    affine, bicubic = Image.Transform.AFFINE, Image.Resampling.BICUBIC
    whole = Image.new("L", picture.size, 255)
    return picture.transform(size, affine, matrix, bicubic), whole.transform(size, affine, matrix)


class _Level:
    """A pair of pictures at one size, and how badly they agree under an overlay."""

    def __init__(
        self, sent: Image.Image, shown: Image.Image, visible: Image.Image, side: int
    ) -> None:
        self._sent, self._shown = _features(scaled(sent, side)), _features(scaled(shown, side))
        self._visible = visible.resize(self._shown.size, Image.Resampling.NEAREST)
        self._pixels = self._shown.width * self._shown.height * 3

    def cost(self, overlay: Overlay) -> float:
        matrix = _matrix(overlay, self._sent.size, self._shown.size)
        overlaid = self._sent.transform(
            self._shown.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR,
            fillcolor=(128, 128, 128),
        )  # fmt: skip
        counts = ImageChops.difference(overlaid, self._shown).histogram(self._visible)
        return float(sum(map(mul, counts, _COSTS))) / self._pixels

    def descend(self, start: Overlay, scale: float, last: float) -> tuple[float, Overlay]:
        """The best overlay near ``start``; steps begin at ``scale`` and are halved to ``last``."""
        best, overlay = self.cost(start), start
        for _ in range(_ROUNDS):
            if scale < last:
                break
            before = best
            for index, step in enumerate(_STEPS):
                for distance in (step * scale, -step * scale):
                    candidate = _moved(overlay, index, distance)
                    cost = self.cost(candidate)
                    if cost < best * 0.9995 - 0.0005:
                        best, overlay = cost, candidate
                        break
            if best == before:
                scale /= 2
        return best, overlay


_ROUNDS = 40  # of a descent; most end after ten
_STEPS: Overlay = (0.012, 0.012, 0.02, 0.014, 0.012)
# What a difference costs: fine detail, coarse detail and brightness. Past a bound all is alike,
# so that a slate, a stamp or a flash does not pull the overlay away.
_COSTS = [min(v, 80) for v in range(256)] * 2 + [min(v, 60) * 0.3 for v in range(256)]


def _features(picture: Image.Image) -> Image.Image:
    """Brightness against its near and its far surroundings, and brightness itself."""
    luma = picture.convert("L")
    near = ImageChops.subtract(luma, luma.filter(ImageFilter.GaussianBlur(2.5)), 0.4, 128)
    far = ImageChops.subtract(luma, luma.filter(ImageFilter.GaussianBlur(6)), 0.7, 128)
    return Image.merge("RGB", (near, far, luma))


def _moved(overlay: Overlay, index: int, distance: float) -> Overlay:
    """``overlay`` with one of its parts changed, no farther than is looked for."""
    x, y, zoom, stretch, turn = (
        max(-limit, min(limit, value + (distance if index == part else 0)))
        for part, (value, limit) in enumerate(zip(overlay, _FARTHEST, strict=True))
    )
    return x, y, zoom, stretch, turn


def align(sent: Image.Image, shown: Image.Image, visible: Image.Image) -> Overlay:
    """Where ``sent`` must be laid to agree with ``shown``: looked for from coarse to fine."""
    coarse = _Level(sent, shown, visible, 48)
    candidates = sorted((coarse.cost(start), start) for start in _starts(sent.size, shown.size))
    middle = _Level(sent, shown, visible, 96)
    results = [middle.descend(start, 1, 0.25) for start in [_NONE, *_apart(candidates, 3)]]
    _, best = min(results)
    _, best = _Level(sent, shown, visible, 192).descend(best, 0.25, 0.06)
    _, best = _Level(sent, shown, visible, 384).descend(best, 0.06, 0.015)
    return best


def _starts(sent: tuple[int, int], shown: tuple[int, int]) -> Iterator[Overlay]:
    """Windows of a picture: stretched to the frame or covering it, near or far, here and there."""
    ratio = math.log(shown[0] * sent[1] / shown[1] / sent[0]) / 2
    for zoom, stretch in {(0.0, 0.0), (-abs(ratio), ratio)}:
        for near in (1.0, 0.96, 0.92, 0.88):
            reach = math.ceil((1 - near) / 2 / 0.025) + 1
            for x in range(-reach, reach + 1):
                for y in range(-reach, reach + 1):
                    yield x * 0.022, y * 0.022, zoom + math.log(near), stretch, 0.0


def _apart(tried: Iterable[tuple[float, Overlay]], count: int) -> list[Overlay]:
    """The first ``count`` that are not near one another."""
    result: list[Overlay] = []
    for _, overlay in tried:
        if all(max(abs(overlay[i] - near[i]) for i in (0, 1, 2)) > 0.03 for near in result):
            result.append(overlay)
        if len(result) == count:
            break
    return result
