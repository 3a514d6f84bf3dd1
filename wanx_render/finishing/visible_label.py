"""The label of AI-generated content that is seen: its size, its place, its picture, and a check.

GB 45438-2025 asks for words at the beginning of a video, for at least two seconds; in a picture the
words are at least 5 % of the shorter side high, and secondary sources apply that to video too.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import ceil
from pathlib import Path
from statistics import StatisticsError, correlation

from PIL import Image, ImageDraw

from wanx_render.captions.fonts import Font, chinese, lacking
from wanx_render.catalog.safe_areas import safe_area
from wanx_render.geometry import Box, Size, even_up
from wanx_render.language import NOTHING, Message, joined, tr
from wanx_render.shotlist.model import Corner, Deliverable
from wanx_render.timing import frames_in

# Both are also in the catalog, as the rule cn-visible.
LEAST_HEIGHT = Fraction(5, 100)  # of the frame's shorter side; of a capital letter
LEAST_SECONDS = 2
SECONDS = 3  # how long a label at the beginning is seen; a player may cover the first moments
_STROKE = 12  # the dark edge is one part of so many of the font's size
_SURE = 200  # alpha above which a pixel of the frame is a pixel of the label
_ALIKE = 0.7  # correlation with what was drawn; without the label it is about 0


@dataclass(frozen=True, slots=True)
class DrawnLabel:
    """A label over a piece or a whole film, and the ``frames`` from ``start`` on that show it.

    ``pixels`` is the font's size; ``box`` is where its picture lies in the frame.
    """

    text: str
    pixels: int
    box: Box
    start: int
    frames: int

    def within(self, start: int, frames: int) -> "DrawnLabel | None":
        """What of it is seen in these frames, counted from their first."""
        first, last = max(self.start, start), min(self.start + self.frames, start + frames)
        if first >= last:
            return None
        return replace(self, start=first - start, frames=last - first)

    def picture(self) -> Image.Image:
        """The words on a clear ground, as large as the box: white with a dark edge."""
        image = Image.new("RGBA", (self.box.width, self.box.height))
        stroke = _stroke(self.pixels)
        left, top, *_ = _extent(self.text, chinese(), self.pixels)
        ImageDraw.Draw(image).multiline_text(
            (-left, -top), self.text, (255, 255, 255, 255), chinese().at(self.pixels),
            spacing=self.pixels // 4, stroke_width=stroke, stroke_fill=(16, 16, 16, 235),
        )  # fmt: skip
        return image


def problem_with(text: str) -> Message:
    """Why ``text`` cannot be drawn, or nothing."""
    missing = lacking(text, chinese())[:5]
    letters = [f"{letter} (U+{ord(letter):04X})" for letter in missing]
    return (
        tr("the font has no {letters}", letters=joined(letters, tr(", "))) if letters else NOTHING
    )


def placed(
    text: str, corner: Corner, size: Size, frames: int, *, platform: str = ""
) -> DrawnLabel | None:
    """The label ``text`` in a ``corner`` of the safe area of a frame of ``size`` pixels.

    It is seen for ``frames`` frames from the first on. None where the words do not fit there at
    the height that is required.
    """
    pixels = _font_size(min(size.width, size.height))
    left, top, right, bottom = _extent(text, chinese(), pixels)
    width, height = even_up(right - left), even_up(bottom - top)
    margins = safe_area(size, platform)
    room = Size(
        size.width - margins.left - margins.right, size.height - margins.top - margins.bottom
    )
    if width > room.width or height > room.height:
        return None
    x = margins.left if corner.endswith("left") else size.width - margins.right - width
    y = margins.top if corner.startswith("top") else size.height - margins.bottom - height
    box = Box(x - x % 2, y - y % 2, width, height)  # whole pixels of colour, which are two wide
    return DrawnLabel(text, pixels, box, 0, frames)


def shown(deliverable: Deliverable, size: Size, rate: Fraction, whole: int) -> DrawnLabel | None:
    """What the label of a deliverable draws over its ``whole`` frames at ``rate`` a second.

    Nothing where it has no words; nothing where they do not fit, see ``placed``.
    """
    label = deliverable.label
    if label is None or not label.words:
        return None
    beginning = min(frames_in(Fraction(SECONDS), rate), whole)
    frames = whole if label.at == "always" else beginning
    return placed(label.words, label.corner, size, frames, platform=deliverable.safe_area or "")


@lru_cache(maxsize=64)
def _font_size(shorter: int) -> int:
    """The smallest size of the font, in pixels, whose capitals are as high as required."""
    least = ceil(LEAST_HEIGHT * shorter)
    pixels = max(least, 8)
    while _height_of_a_capital(pixels) < least:
        pixels += 1
    return pixels


def _height_of_a_capital(pixels: int) -> float:
    _, top, _, bottom = chinese().at(pixels).getbbox("I")
    return bottom - top


def _stroke(pixels: int) -> int:
    return max(pixels // _STROKE, 1)


@lru_cache(maxsize=64)
def _extent(text: str, font: Font, pixels: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the words with their edge, from where they are drawn."""
    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    box = draw.multiline_textbbox(
        (0, 0), text, font.at(pixels), spacing=pixels // 4, stroke_width=_stroke(pixels)
    )
    left, top, right, bottom = box
    return int(left // 1), int(top // 1), ceil(right), ceil(bottom)


def picture_path(target: Path) -> Path:
    """Where the picture of a label stands, while ``target`` is made."""
    return target.with_name(f".{target.name}.label.png")


def save(label: DrawnLabel, target: Path) -> list[Path]:
    """Draw the label beside ``target``; the paths of what was written."""
    path = picture_path(target)
    label.picture().save(path, "PNG", compress_level=1)
    return [path]


def looked_at(label: DrawnLabel) -> tuple[int, ...]:
    """The frames of a finished film in which a check looks for its label."""
    last = label.start + label.frames - 1
    return tuple(dict.fromkeys((label.start, (label.start + last) // 2, last)))


def is_seen(label: DrawnLabel, luma: bytes) -> bool:
    """Whether ``luma``, one byte for each pixel of the label's box in a frame, shows the label."""
    pixels = label.picture()
    alpha, light = pixels.getchannel("A").tobytes(), pixels.convert("L").tobytes()
    if len(luma) != len(light):
        return False
    pairs = [(a, b) for a, b, sure in zip(light, luma, alpha, strict=True) if sure >= _SURE]
    return _alike(pairs)


def _alike(pairs: Iterable[tuple[int, int]]) -> bool:
    label, film = zip(*pairs, strict=True)
    try:
        return correlation(label, film) >= _ALIKE
    except StatisticsError:  # one plain colour
        return False
