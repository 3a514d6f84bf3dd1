"""The fonts that words are drawn in: those of the wheels this program depends on, or a user's.

Noto Sans CJK holds one face for each way of writing the same characters; Noto Sans beside it has
the Latin, Greek, Cyrillic and Devanagari letters, and quotation marks that are not full-width.
"""

import errno
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from struct import calcsize, unpack

from PIL import ImageFont, features

_CJK = {
    "ja": "Noto Sans CJK JP",
    "ko": "Noto Sans CJK KR",
    "zh-hk": "Noto Sans CJK HK",
    "zh-tw": "Noto Sans CJK TC",
    "zh-hant": "Noto Sans CJK TC",
    "": "Noto Sans CJK SC",
}
_MOST_FACES = 10  # in one collection


@dataclass(frozen=True, slots=True)
class Font:
    """A font file and the face in it."""

    path: Path
    face: int

    @property
    def family(self) -> str:
        """What the typeface is called."""
        return str(self.at(16).getname()[0])

    @property
    def height(self) -> float:
        """Ascent and descent together as Windows counts them, in ems.

        From the tables OS/2 and head of the OpenType specification.
        """
        return _height(self.path, self.face)

    def at(self, pixels: int) -> ImageFont.FreeTypeFont:
        """The font with an em of so many pixels."""
        return _at(self.path, self.face, pixels, ImageFont.Layout.RAQM)


@cache
def _at(path: Path, face: int, pixels: int, layout: ImageFont.Layout) -> ImageFont.FreeTypeFont:
    # Without Raqm, Pillow takes its own layout and says nothing.
    font = ImageFont.truetype(str(path), pixels, index=face, layout_engine=layout)
    # Of a file that it cannot read, Pillow takes one with the same name among the system's fonts.
    if font.path != str(path):
        raise OSError(errno.ENOENT, "no such font, or no such face in it", str(path))
    return font


@cache
def _height(path: Path, face: int) -> float:
    with path.open("rb") as stream:

        def numbers(layout: str, at: int) -> tuple[int, ...]:
            stream.seek(at)
            return unpack(layout, stream.read(calcsize(layout)))

        collection = stream.read(4) == b"ttcf"
        start = numbers(">I", 12 + 4 * face)[0] if collection else 0
        (tables,) = numbers(">H", start + 4)
        entries = (numbers(">4sIII", start + 12 + 16 * number) for number in range(tables))
        places = {bytes(entry[0]): entry[2] for entry in entries}
        try:
            ascent, descent = numbers(">HH", places[b"OS/2"] + 74)
            (em,) = numbers(">H", places[b"head"] + 18)
        except KeyError:  # an old font without one of them
            return sum(_at(path, face, 1000, ImageFont.Layout.BASIC).getmetrics()) / 1000
    return (ascent + descent) / em


@cache
def shapes() -> bool:
    """Whether this Pillow shapes: joins Arabic letters, places marks, knows features of fonts."""
    return bool(features.check("raqm"))


def chinese() -> Font:
    """The font for slates. OSError where the wheel's font is missing."""
    return cjk("")


def cjk(language: str) -> Font:
    """The packaged face with a language's forms of Chinese characters; simplified for others.

    ``language`` is a tag such as ja, ko, zh-Hant or zh-HK. OSError where the font is missing.
    """
    return _cjk(_CJK.get(language.lower()) or _CJK.get(language[:2].lower()) or _CJK[""])


@cache
def _cjk(family: str) -> Font:
    import noto_cjk_sans_otc  # the emulator is also installed without it

    path = Path(noto_cjk_sans_otc.__file__).parent / "NotoSansCJK-Regular.ttc"
    return Font(path, next((face for face, name in _faces(path) if name == family), 0))


def _faces(path: Path) -> Iterator[tuple[int, str]]:
    for face in range(_MOST_FACES):
        try:
            yield face, str(_at(path, face, 16, ImageFont.Layout.BASIC).getname()[0])
        except OSError:
            return


@cache
def latin() -> Font:
    """The packaged face for letters that are not Chinese. OSError where it is missing."""
    import fontpkg_noto_sans  # likewise

    folder = Path(fontpkg_noto_sans.__file__).parent / "files"
    return named(folder / "NotoSans[wdth,wght].ttf")


def is_packaged(font: Font) -> bool:
    """Whether it stands for all the fonts of the wheels, and not for a user's."""
    return font.path == chinese().path


def named(path: Path) -> Font:
    """The font file at ``path``. OSError where it is none."""
    font = Font(path, 0)
    font.at(24)
    return font


@cache
def with_packaged(font: Font) -> tuple[Font, ...]:
    """The font, and those that are taken for what it lacks."""
    return tuple(dict.fromkeys((font, chinese(), latin())))


def lacking(text: str, *drawn_in: Font) -> list[str]:
    """The characters of ``text`` that none of the fonts can draw, each once."""
    known, signs = _known(drawn_in), dict.fromkeys(text)
    for sign in signs.keys() - known.keys():
        known[sign] = sign.isspace() or is_unseen(sign) or any(has(f, sign) for f in drawn_in)
    return [sign for sign in signs if not known[sign]]


@cache
def _known(_fonts: tuple[Font, ...]) -> dict[str, bool]:
    """Whether one of the fonts can draw a character, of all that were asked for yet."""
    return {}


def script_of(character: str) -> str:
    """The script of a letter or of a mark on one, such as Thai; nothing for other signs.

    Unicode's names of letters begin with it.
    """
    if unicodedata.category(character)[0] not in "LM":
        return ""
    first = unicodedata.name(character, "").partition(" ")[0]
    return {"CJK": "Chinese", "COMBINING": ""}.get(first, first.capitalize())


def must_be_shaped(character: str) -> bool:
    """Whether letters beside each other are not enough: read leftward, or marks to be placed."""
    if unicodedata.bidirectional(character) in ("R", "AL"):
        return True
    marks = unicodedata.category(character)[0] == "M" and not is_unseen(character)
    return marks and script_of(character) != ""


def showable(text: str, font: Font) -> str:
    """``text`` with every character the font cannot draw named instead, as U+1F600; never a box."""
    return "".join(
        sign if sign.isspace() or has(font, sign) else f"U+{ord(sign):04X}" for sign in text
    )


def is_unseen(character: str) -> bool:
    """Whether it only joins, divides or chooses the form of others: there is nothing to draw.

    (The characters that UAX #44 calls Default_Ignorable_Code_Point and that occur in words.)
    """
    code = ord(character)
    return (
        code in (0x00AD, 0x034F, 0x061C, 0xFEFF)
        or 0x200B <= code <= 0x200F
        or 0x202A <= code <= 0x202E
        or 0x2060 <= code <= 0x206F
        or 0xFE00 <= code <= 0xFE0F
        or 0xE0100 <= code <= 0xE01EF
    )


@cache
def has(font: Font, character: str) -> bool:
    """Whether the font can draw a character alone."""
    if not character.isprintable():
        return False
    # Shaping would put a circle under a mark that stands alone.
    face = _at(font.path, font.face, 24, ImageFont.Layout.BASIC)
    missing = face.getmask("\U0010fffe")  # a code that no font may draw
    mask = face.getmask(character)
    return (mask.size, bytes(mask)) != (missing.size, bytes(missing))
