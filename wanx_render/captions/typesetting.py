"""Words as lines on a frame: how large, where broken, where placed, and drawn with Pillow.

Nothing is ever drawn outside the safe area. What is too long is first made smaller, a word that is
too wide is broken, and what does not fit at the smallest size is for the rules to refuse.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, partial
from unicodedata import normalize

from PIL import Image, ImageColor, ImageDraw

from wanx_render.captions.fonts import Font
from wanx_render.captions.lettering import (
    NARROW,
    Lettering,
    has_leftward,
    in_context,
    is_leftward,
    language_of,
    marked,
    options,
)
from wanx_render.captions.linebreaks import wrapped
from wanx_render.catalog.safe_areas import Margins, safe_area
from wanx_render.geometry import Box, Size

# Raised whenever words are drawn in another way: it is part of the name of whatever shows them.
DRAWING_VERSION = 2

MOST_LINES = 4  # before words are made smaller
MOST = 6  # before they are made much smaller
_SMALLEST = Fraction(28, 1000)  # of the frame's shorter side: 30 pixels of 1080
_LEAST_PIXELS = 8
_WHOLE = Fraction(3, 4)  # a word is made smaller down to this before it is broken
_PITCH = Fraction(145, 100)  # from line to line, in ems
_WIDEST_PITCH = Fraction(170, 100)  # some fonts leave room for marks that are hardly ever seen
BOX_ALPHA, OUTLINE_ALPHA = 160, 235  # of colours that do not say their own
_NARROWEST = 24  # letters to three ems: no text of more than a line or two is narrower


@dataclass(frozen=True, slots=True)
class Style:
    """How words look. Colours are names or #RRGGBB; ``none`` for no outline or no box."""

    size: Fraction = Fraction(58, 1000)  # of the frame's shorter side
    colour: str = "white"
    outline: str = "black"
    position: str = "bottom"  # or middle, top
    box: str = "none"
    safe_area: str = ""  # the platform whose controls are avoided
    language: str = (
        ""  # of all words; else each line's own, and where that cannot be seen ``usual``
    )
    usual: str = ""


PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A frame that words are set on; ``font`` may stand for the packaged ones."""

    size: Size
    font: Font
    style: Style = PLAIN

    @property
    def margins(self) -> Margins:
        """What is kept free at each edge."""
        return safe_area(self.size, self.style.safe_area)

    @property
    def base(self) -> int:
        """The em that was asked for, in pixels."""
        return max(round(min(self.size.width, self.size.height) * self.style.size), _LEAST_PIXELS)

    @property
    def floor(self) -> int:
        """The smallest em that can be read, in pixels."""
        smallest = round(min(self.size.width, self.size.height) * _SMALLEST)
        return min(max(smallest, _LEAST_PIXELS), self.base)

    def padding(self, pixels: int) -> int:
        """What is left between words and the edge of what they may cover: outline or box."""
        return pixels // 3 if self.style.box != "none" else max(pixels // 12, 1)

    def room(self, pixels: int) -> int:
        """How wide a line may be; words stand in the middle of the frame."""
        side = max(self.margins.left, self.margins.right)
        return max(self.size.width - 2 * side - 2 * self.padding(pixels), 1)

    def most_lines(self, pixels: int) -> int:
        """How many lines fit between the margins."""
        height = self.size.height - self.margins.top - self.margins.bottom
        return int((height - 2 * self.padding(pixels)) / self.pitch(pixels))

    def pitch(self, pixels: int) -> int:
        """From line to line, in pixels."""
        ascent, descent = self.font.at(pixels).getmetrics()
        return max(round(pixels * _PITCH), min(ascent + descent, round(pixels * _WIDEST_PITCH)))


@dataclass(frozen=True, slots=True)
class Setting:
    """A text as lines of an em of so many pixels, and whether that can still be read."""

    lines: tuple[str, ...]
    pixels: int
    fits: bool
    leftward: bool = False  # whether it is read from right to left


def fits(text: str, on: Sheet) -> bool:
    """Whether the text can be set on the sheet without becoming too small to read."""
    # Most texts are so short that this needs no setting: each line at least a third full.
    characters, limit = _surely(on)
    if sum(len(paragraph) // characters + 1 for paragraph in text.splitlines()) <= limit:
        return True
    if len(text) > characters * limit * _NARROWEST:
        return False
    lines, _ = _lines(marked_text(text), on, on.floor)
    return len(lines) <= limit


@lru_cache(maxsize=64)
def _surely(on: Sheet) -> tuple[int, int]:
    """How many characters surely fit on a line, and how many lines on the sheet, at the floor."""
    return max(on.room(on.floor) // (on.floor * 3), 1), on.most_lines(on.floor)


def setting(text: str, on: Sheet) -> Setting:
    """The text on few lines, as large as was asked for where that can be.

    Smaller for more than four lines or a word that is too wide; then such words are broken, then
    there are as many lines as fit. What does not fit is set smaller than the eye can read.
    """
    return replace(_setting(marked_text(text), on), leftward=is_leftward(text))


def _setting(text: str, on: Sheet) -> Setting:
    for pixels in _steps(on.base, on.floor):
        lines, cuts = _lines(text, on, pixels)
        limit = min(MOST_LINES, on.most_lines(pixels))
        if len(lines) <= limit and not cuts:
            return Setting(tuple(lines), pixels, True)
        if pixels < on.base * _WHOLE:
            break
    for limit, least in ((MOST_LINES, max(round(on.base * _WHOLE), on.floor)), (MOST, on.floor)):
        for pixels in _steps(on.base, least):
            lines, _ = _lines(text, on, pixels)
            if len(lines) <= min(limit, on.most_lines(pixels)):
                return Setting(tuple(lines), pixels, True)
    for pixels in _steps(on.floor, 1):
        lines, _ = _lines(text, on, pixels)
        if len(lines) <= on.most_lines(pixels) or pixels == 1:
            return Setting(tuple(lines), pixels, pixels == on.floor)
    raise AssertionError("the last step is one pixel")


def marked_text(text: str) -> str:
    """The text with narrow signs marked, paragraph by paragraph, and no blanks around it."""
    plain = normalize("NFC", text.strip()).replace("\t", " ")
    return "\n".join(marked(paragraph.strip()) for paragraph in plain.splitlines())


def _steps(start: int, end: int) -> Iterator[int]:
    """Ems from ``start`` down to ``end``, each a tenth smaller."""
    while start > end:
        yield start
        start = max(start * 9 // 10, end)
    yield end


def _lines(text: str, on: Sheet, pixels: int) -> tuple[list[str], int]:
    """The lines of all paragraphs, each in its language, and how many words were broken."""
    lines, cuts = list[str](), 0
    for paragraph in text.split("\n"):
        lettering = _lettering(paragraph, on)
        width = partial(lettering.width, pixels=pixels)
        wrapped_lines, cuts_here = wrapped(paragraph, lettering.language, width, on.room(pixels))
        lines += wrapped_lines
        cuts += cuts_here
    return lines, cuts


def _lettering(line: str, on: Sheet) -> Lettering:
    return Lettering(on.font, language_of(line, on.style.language) or on.style.usual)


def draw(text: str, on: Sheet) -> Image.Image:
    """``text`` on a clear picture of the frame's size."""
    image = Image.new("RGBA", (on.size.width, on.size.height))
    layout = setting(text, on)
    pitch = on.pitch(layout.pixels)
    left, top, right, bottom = _block(layout, on)
    canvas = ImageDraw.Draw(image)
    if on.style.box != "none":
        padding = on.padding(layout.pixels)
        canvas.rounded_rectangle(
            (left - padding, top - padding, right + padding, bottom + padding),
            padding, colour(on.style.box, BOX_ALPHA),
        )  # fmt: skip
    ascent = pitch - round(pitch * DESCENT)
    lines = in_context(layout.lines) if layout.leftward else layout.lines
    for number, line in enumerate(lines):
        _draw_line(canvas, line, on, layout, top + pitch * number + ascent)
    return image


DESCENT = Fraction(1, 4)  # of the pitch: what is below the baseline


def _block(layout: Setting, on: Sheet) -> tuple[int, int, int, int]:
    """What the lines cover: left, top, right, bottom."""
    width = max(round(_lettering(line, on).width(line, layout.pixels)) for line in layout.lines)
    height = on.pitch(layout.pixels) * len(layout.lines)
    low, high = on.margins.top, on.size.height - on.margins.bottom - height
    padding = on.padding(layout.pixels)
    places = {"top": low + padding, "middle": (low + high) // 2, "bottom": high - padding}
    top = max(places[on.style.position], 0)
    left = (on.size.width - width) // 2
    return left, top, left + width, top + height


@dataclass(frozen=True, slots=True)
class Placement:
    """Words as ``draw`` sets them: lines, the em in pixels, and the box that the lines cover."""

    text: str
    pixels: int
    box: Box


def placement(text: str, on: Sheet) -> Placement:
    """Where ``text`` is on the sheet, for programs that set it themselves."""
    layout = setting(text, on)
    left, top, right, bottom = _block(layout, on)
    lines = (line.replace(NARROW, "").strip() for line in layout.lines)
    box = Box(left, top, right - left, bottom - top)
    return Placement("\n".join(lines), layout.pixels, box)


def _draw_line(
    canvas: ImageDraw.ImageDraw, line: str, on: Sheet, layout: Setting, baseline: int
) -> None:
    pixels = layout.pixels
    lettering = _lettering(line, on)
    x = (on.size.width - lettering.width(line, pixels)) / 2
    direction = None
    if has_leftward(line):
        direction = "rtl" if layout.leftward else "ltr"
    has_outline = on.style.outline != "none"
    stroke = max(pixels // 12, 1) if has_outline else 0
    edge = colour(on.style.outline, OUTLINE_ALPHA) if has_outline else None
    for run in lettering.runs(line):
        canvas.text(
            (x, baseline), run.text, colour(on.style.colour), run.font.at(pixels), anchor="ls",
            stroke_width=stroke, stroke_fill=edge,
            **options(run.features, run.language, direction),
        )  # fmt: skip
        x += run.width(pixels)


def colour(name: str, alpha: int = 255) -> tuple[int, int, int, int]:
    """Red, green, blue and alpha of a name, #RRGGBB or #RRGGBBAA. ValueError for any other."""
    channels = ImageColor.getcolor(name, "RGBA")
    if not isinstance(channels, tuple) or len(channels) != 4:
        raise ValueError(f"{name} is not a colour")
    red, green, blue, own_alpha = channels
    return red, green, blue, own_alpha if len(name) == 9 else alpha
