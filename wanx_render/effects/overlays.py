"""Pictures over a film or a shot, such as a logo: where they are, and how they are drawn.

ffmpeg is given planes of YUV with alpha that are made here: so the colours are the same on every
version of it. Colour is averaged by alpha, so that no dark rim is around what is transparent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import ffmpeg as graph
from PIL import Image

from wanx_render.catalog.safe_areas import Margins, safe_area
from wanx_render.geometry import Box, Size
from wanx_render.media import images
from wanx_render.media.ffmpeg import BT709, file_url
from wanx_render.shotlist.model import Overlay
from wanx_render.timing import frames_in, nearest

# Raised whenever what is drawn changes, so that what was drawn before is not taken for it.
OVERLAY_VERSION = 1
# From red, green and blue to BT.709 in limited range, each of 8 bits.
_TO_YUV = (
    0.182586, 0.614231, 0.062007, 16,
    -0.100644, -0.338572, 0.439216, 128,
    0.439216, -0.398942, -0.040274, 128,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DrawnOverlay:
    """A picture over a piece, a shot or a whole film, and the ``frames`` from ``start`` on that
    show it; ``box`` is where it is in the frame."""

    path: Path
    sha256: str
    box: Box
    opacity: Fraction
    start: int
    frames: int
    drawing: int = OVERLAY_VERSION

    def within(self, start: int, frames: int) -> "DrawnOverlay | None":
        """What of it is seen in these frames, counted from their first."""
        first, last = max(self.start, start), min(self.start + self.frames, start + frames)
        if first >= last:
            return None
        return replace(self, start=first - start, frames=last - first)

    @property
    def canvas(self) -> Box:
        """The box in whole pixels of colour, which are two wide and two high."""
        x, y = self.box.x - self.box.x % 2, self.box.y - self.box.y % 2
        right, below = self.box.x + self.box.width, self.box.y + self.box.height
        return Box(x, y, right + right % 2 - x, below + below % 2 - y)

    def picture(self) -> Image.Image:
        """The picture with its alpha, as large as it is drawn. Raises BadPicture."""
        source = images.with_alpha(images.read_bytes(self.path))
        size = (self.box.width, self.box.height)
        scaled = source if source.size == size else source.resize(size, Image.Resampling.LANCZOS)
        if self.opacity < 1:
            opacity = float(self.opacity)
            levels = [nearest(Fraction(level) * self.opacity) for level in range(256)]
            scaled.putalpha(scaled.getchannel("A").point(levels if opacity else [0] * 256))
        return scaled


def within(overlays: Iterable[DrawnOverlay], start: int, frames: int) -> tuple[DrawnOverlay, ...]:
    """What of ``overlays`` is seen in these frames, counted from their first."""
    parts = (overlay.within(start, frames) for overlay in overlays)
    return tuple(part for part in parts if part)


def drawn(overlay: Overlay, box: Box, file: tuple[Path, str], rate: Fraction) -> DrawnOverlay:
    """An overlay that is seen in ``box``, of a ``file`` and what names its bytes."""
    path, identity = file
    start = frames_in(overlay.start, rate)
    frames = _ENDLESS if overlay.end is None else frames_in(overlay.end, rate) - start
    return DrawnOverlay(path, identity, box, overlay.opacity, start, frames)


_ENDLESS = 2**31


# -- places --------------------------------------------------------------------------------------


def placed(overlay: Overlay, picture: Size, frame: Size, platform: str = "") -> Box | None:
    """Where a picture is in a ``frame``, inside the safe area of a ``platform``.

    None where it has no room there.
    """
    size = drawn_size(overlay, picture, frame)
    margins = _margins(overlay, frame, platform)
    room = room_in(frame, platform)
    if size.width > room.width or size.height > room.height:
        return None
    left, right = margins.left, frame.width - margins.right - size.width
    top, bottom = margins.top, frame.height - margins.bottom - size.height
    middle = (frame.width - size.width) // 2, (frame.height - size.height) // 2
    x = left if "left" in overlay.at else right if "right" in overlay.at else middle[0]
    y = top if "top" in overlay.at else bottom if "bottom" in overlay.at else middle[1]
    corner = room.x + room.width - size.width, room.y + room.height - size.height
    x, y = max(min(x, corner[0]), room.x), max(min(y, corner[1]), room.y)
    return Box(x, y, size.width, size.height)


def drawn_size(overlay: Overlay, picture: Size, frame: Size) -> Size:
    """How large a picture is drawn: as wide as the list says, and as high as it is itself."""
    width = max(nearest(frame.width * overlay.width), 1)
    return Size(width, max(nearest(Fraction(width * picture.height, picture.width)), 1))


def room_in(frame: Size, platform: str = "") -> Box:
    """Where overlays may be: the safe area of a platform, or all of the frame."""
    if not platform:
        return Box(0, 0, frame.width, frame.height)
    safe = safe_area(frame, platform)
    return Box(
        safe.left, safe.top,
        frame.width - safe.left - safe.right, frame.height - safe.top - safe.bottom,
    )  # fmt: skip


def _margins(overlay: Overlay, frame: Size, platform: str) -> Margins:
    """How far from each edge of the frame a picture is that is at that edge."""
    own = nearest(min(frame.width, frame.height) * overlay.margin)
    if not platform:
        return Margins(own, own, own, own)
    safe = safe_area(frame, platform)
    sides = (safe.top, safe.right, safe.bottom, safe.left)
    return Margins(*(max(own, side) for side in sides))


# -- drawing -------------------------------------------------------------------------------------


def paths_over(overlays: Iterable[DrawnOverlay], target: Path) -> list[Path]:
    """Where the planes of overlays over the words of ``target`` are, while it is made."""
    return _paths(overlays, target, "over")


def paths_in_shot(overlays: Iterable[DrawnOverlay], base: Path) -> list[Path]:
    """Where the planes of a shot's overlays are, by the name that its files go by."""
    return _paths(overlays, base, "shot")


def _paths(overlays: Iterable[DrawnOverlay], base: Path, kind: str) -> list[Path]:
    return [
        base.with_name(f".{base.name}.{kind}{number}.yuva") for number, _ in enumerate(overlays)
    ]


def save(overlay: DrawnOverlay, path: Path) -> None:
    """Draw an overlay as planes at ``path``. Raises BadPicture."""
    path.write_bytes(_planes(replace(overlay, start=0, frames=1)))


@lru_cache(maxsize=8)
def _planes(overlay: DrawnOverlay) -> bytes:
    """The picture on its canvas as planes of YUV 4:2:0 and of alpha.

    Kept, because all pieces of a film show the same.
    """
    canvas = overlay.canvas
    picture = Image.new("RGBA", (canvas.width, canvas.height))
    picture.paste(overlay.picture(), (overlay.box.x - canvas.x, overlay.box.y - canvas.y))
    alpha = picture.getchannel("A")
    luma, *colours = picture.convert("RGB").convert("RGB", _TO_YUV).split()
    half = (canvas.width // 2, canvas.height // 2)
    # Pillow weighs each pixel by its alpha where it resizes a picture that has one.
    whole = Image.merge("RGBA", (luma, *colours, alpha)).resize(half, Image.Resampling.BOX)
    planes = (luma, whole.getchannel("G"), whole.getchannel("B"), alpha)
    return b"".join(plane.tobytes() for plane in planes)


_LOOKED_AT = 4000  # pixels of an overlay, at most
_DENSE = 128  # alpha from which on a pixel of the film is mostly one of the overlay
_NEAR = 24  # levels; an encoder changes sharp edges
_ENOUGH = 0.8  # of the pixels


def looked_at(
    overlay: DrawnOverlay, others: Iterable[Box], whole: int, ends: tuple[int, int]
) -> int | None:
    """The frame of a finished film in which a check looks for an overlay: the middle of its time.

    None where it cannot be compared: in a fade, under ``others``, or too thin. ``ends``: how many
    frames fade in and out.
    """
    first = max(overlay.start, ends[0])
    last = min(overlay.start + overlay.frames, whole - ends[1]) - 1
    is_covered = any(_meet(overlay.canvas, other) for other in others)
    return None if is_covered or first > last or not _dense(overlay) else (first + last) // 2


def is_seen(overlay: DrawnOverlay, luma: bytes) -> bool:
    """Whether ``luma``, 0 to 255 for each pixel of the overlay's canvas in a frame, shows it.

    Where it is not wholly dense any colour may be behind it.
    """
    if len(luma) != overlay.canvas.width * overlay.canvas.height:
        return False
    lines = [
        light * alpha / 255 - _NEAR <= film <= light * alpha / 255 + 255 - alpha + _NEAR
        for light, alpha, film in ((*pixel, luma[at]) for at, pixel in _dense(overlay))
    ]
    return sum(lines) >= _ENOUGH * len(lines)


def _dense(overlay: DrawnOverlay) -> list[tuple[int, tuple[float, int]]]:
    """Places of some dense pixels of the canvas, with their luma (0 to 255) and alpha."""
    area = overlay.canvas.width * overlay.canvas.height
    planes = _planes(replace(overlay, start=0, frames=1))
    light, alpha = planes[:area], planes[-area:]
    places = [at for at in range(0, area, area // _LOOKED_AT + 1) if alpha[at] >= _DENSE]
    return [(at, ((light[at] - 16) * 255 / 219, alpha[at])) for at in places]


def _meet(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def laid_over(picture: Any, overlay: DrawnOverlay, path: Path, frames: int) -> Any:
    """A stream of ``frames`` pictures with an overlay, whose planes are at ``path``, over them."""
    canvas = overlay.canvas
    planes = graph.input(
        file_url(path), f="rawvideo", pix_fmt="yuva420p", s=f"{canvas.width}x{canvas.height}"
    )
    over = planes.filter("setparams", **BT709)
    last = overlay.start + overlay.frames - 1
    is_whole = overlay.start == 0 and overlay.frames == frames
    when = {} if is_whole else {"enable": f"between(n,{overlay.start},{last})"}
    return picture.overlay(over, x=canvas.x, y=canvas.y, format="yuv420", alpha="straight", **when)
