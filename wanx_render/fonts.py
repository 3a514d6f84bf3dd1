"""A font that has Chinese, from the wheel this program depends on or from the system."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import noto_cjk_sans_otc
from PIL import ImageFont

# The collection holds one face a language; the shapes of the simplified Chinese one are wanted.
_WANTED = ("Noto Sans CJK SC", "Noto Sans SC")


@dataclass(frozen=True, slots=True)
class Font:
    """A font file and the face in it."""

    path: Path
    face: int

    @property
    def family(self) -> str:
        """What the typeface is called."""
        return str(self.at(16).getname()[0])

    def at(self, pixels: int) -> ImageFont.FreeTypeFont:
        return _at(self.path, self.face, pixels)


@cache
def _at(path: Path, face: int, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), pixels, index=face)


@cache
def chinese() -> Font:
    """The font for slates. OSError where the wheel's font is missing."""
    path = Path(noto_cjk_sans_otc.__file__).parent / "NotoSansCJK-Regular.ttc"
    return Font(path, next(_faces(path), 0))


def _faces(path: Path) -> Iterator[int]:
    for face in range(10):
        try:
            family = ImageFont.truetype(str(path), 16, index=face).getname()[0]
        except OSError:
            return
        if family in _WANTED:
            yield face


def named(path: Path) -> Font:
    """The font file at ``path``. OSError where it is none."""
    font = Font(path, 0)
    font.at(24)
    return font


def lacking(text: str, font: Font) -> list[str]:
    """The characters of ``text`` that the font cannot draw, each once."""
    seen = dict.fromkeys(each for each in text if not each.isspace())
    return [each for each in seen if not _has(font, each)]


def showable(text: str, font: Font) -> str:
    """``text`` with every character the font cannot draw named instead, as U+1F600; never a box."""
    return "".join(
        each if each.isspace() or _has(font, each) else f"U+{ord(each):04X}" for each in text
    )


@cache
def _has(font: Font, character: str) -> bool:
    if not character.isprintable():
        return False
    face = font.at(24)
    missing = face.getmask("\U0010fffe")  # a code that no font may draw
    mask = face.getmask(character)
    return (mask.size, bytes(mask)) != (missing.size, bytes(missing))
