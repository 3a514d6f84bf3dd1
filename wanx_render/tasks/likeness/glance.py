"""Whether a frame plainly shows a picture: at a glance, before anything exact is measured.

Both are made small and grey, and the picture is laid over the frame as a service may have cropped
it. A slate of a test clip is passed over. "No" means no more than that it is worth looking closely.
"""

from collections.abc import Iterator

from PIL import Image, ImageChops, ImageStat

from wanx_render.backends import panel
from wanx_render.geometry import Size
from wanx_render.tasks.likeness.grid import scaled

_SIDE = 40  # pixels of both sides of what is compared
_SOURCE_SIDE = 240  # of the picture that windows are cut out of
_ZOOMS = (1.0, 0.95, 0.9, 0.85)  # parts of the picture that the frame may show
_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)  # where in what is cropped
ALIKE_SHARE = 0.9  # of the pixels that must agree,
ALIKE_LEVELS = 22  # within so many levels, once mean brightness is made the same

Window = tuple[float, float, float, float]  # left, top, right, bottom in pixels


def is_plainly(sent: Image.Image, shown: Image.Image, size: Size) -> bool:
    """Whether ``shown``, a frame of a clip of ``size`` at any scale, plainly shows ``sent``."""
    frame = _small(shown.convert("L"), None)
    usable = _without_slate(size)
    source = scaled(sent.convert("L"), _SOURCE_SIDE)
    return any(
        _agree(_small(source, window), frame, usable)
        for window in _windows(source.size, size.width / size.height)
    )


def _small(picture: Image.Image, window: Window | None) -> Image.Image:
    return picture.resize((_SIDE, _SIDE), Image.Resampling.BOX, box=window)


def _without_slate(size: Size) -> Image.Image:
    """255 where a frame of ``size`` has no slate, were it a test clip's."""
    place, mask = panel.place(size), Image.new("L", (_SIDE, _SIDE), 255)
    across, down = _SIDE / size.width, _SIDE / size.height
    left, top = int(place.x * across), int(place.y * down)
    right, bottom = int((place.x + place.width) * across) + 1, int(place.bottom * down) + 1
    mask.paste(0, (left, top, right, bottom))
    return mask


def _windows(size: tuple[int, int], aspect: float) -> Iterator[Window]:
    """Parts of a picture of ``size`` that a frame of ``aspect`` may show; all of it comes first."""
    width, height = size
    yield 0, 0, width, height
    across, down = min(width, height * aspect), min(height, width / aspect)
    for zoom in _ZOOMS:
        free = width - across * zoom, height - down * zoom
        for x in _STEPS if free[0] > 0 else (0.0,):
            for y in _STEPS if free[1] > 0 else (0.0,):
                left, top = free[0] * x, free[1] * y
                yield left, top, left + across * zoom, top + down * zoom


def _agree(sent: Image.Image, shown: Image.Image, usable: Image.Image) -> bool:
    """Whether nearly all pixels agree but for brightness as a whole."""
    change = ImageStat.Stat(shown, usable).mean[0] - ImageStat.Stat(sent, usable).mean[0]
    level = sent.point([min(max(round(value + change), 0), 255) for value in range(256)])
    counts = ImageChops.difference(level, shown).histogram(usable)
    return sum(counts[: ALIKE_LEVELS + 1]) >= ALIKE_SHARE * sum(counts)
