"""The slate that test clips carry: where it is, and whether a frame has one."""

from dataclasses import dataclass
from statistics import StatisticsError, correlation

from PIL import Image, ImageDraw

from wanx_render.captions import fonts
from wanx_render.geometry import Size

TITLE = "MOCK"
FILL = (14, 20, 30, 216)


@dataclass(frozen=True, slots=True)
class SlatePanel:
    """A rectangle in pixels of the clip, and the height of a line of small text."""

    x: int
    y: int
    width: int
    height: int
    unit: int

    @property
    def bottom(self) -> int:
        return self.y + self.height


def place(size: Size) -> SlatePanel:
    """At the top of what every centred crop from 9:16 to 16:9 shows, above captions at the bottom.

    A wide clip has room enough to leave the captions that are at the top free as well.
    """
    inner = min(size.width, size.height * 9 // 16), min(size.height, size.width * 9 // 16)
    width = min(inner[0] * 84, inner[1] * 110) // 100 // 2 * 2
    unit = max(width // 24, 9)
    height = unit * 15 // 4 * 2
    x = (size.width - width) // 4 * 2
    above = inner[1] * 2 // 9 if size.width > size.height else inner[1] // 8
    y = ((size.height - inner[1]) // 2 + above) // 2 * 2
    return SlatePanel(x, y, width, height, unit)


def find(frame: Image.Image) -> SlatePanel | None:
    """The slate of a frame, or None where there is none; its title is looked for."""
    where = place(Size(*frame.size))
    reference = title(where)
    x, y = where.x + where.unit, where.y + where.unit * 5 // 8
    cut = frame.convert("L").crop((x, y, x + reference.width, y + reference.height))
    return where if agreement(reference, cut) > 0.8 else None


def title(where: SlatePanel) -> Image.Image:
    """The slate's first word as it is drawn, white on black."""
    font = fonts.chinese().at(where.unit * 6 // 5)
    box = font.getbbox(TITLE)
    image = Image.new("L", (int(box[2]) + 1, int(box[3]) + 1))
    ImageDraw.Draw(image).text((0, 0), TITLE, 255, font)
    return image


def agreement(first: Image.Image, second: Image.Image) -> float:
    """The correlation of two grey pictures of one size, -1 to 1."""
    try:
        return correlation(first.tobytes(), second.tobytes())
    except StatisticsError:  # one plain colour
        return 0.0
