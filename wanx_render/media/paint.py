"""Written colours: one reader for shot lists and for options.

A colour is a name of CSS (Pillow's list, of W3C CSS Color 4) or ``#`` and hexadecimal digits,
as in CSS. Every tool gets digits: ffmpeg and Pillow do not know the same names.
"""

import re

from PIL import ImageColor

from wanx_render.diagnostics import did_you_mean
from wanx_render.language import Message, joined, tr

NAMES = tuple(ImageColor.colormap)
_DIGITS = re.compile("(?:#|0x)([0-9a-f]+)")
_BARE = re.compile("[0-9a-f]{6}|[0-9a-f]{3}")
# What people write for the names; only ever a hint.
_CHINESE = {
    "黑": "black", "白": "white", "红": "red", "绿": "green", "蓝": "blue", "黄": "yellow",
    "灰": "gray", "橙": "orange", "粉": "pink", "紫": "purple", "棕": "brown", "金": "gold",
}  # fmt: skip


class BadColour(ValueError):
    """This is not a colour; ``hint`` says what to write."""

    def __init__(self, sentence: Message, hint: Message) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


def read(text: str, *, alpha: bool = False, also: tuple[str, ...] = ()) -> str:
    """The colour ``text`` in one form: its name, or ``#RRGGBB``, in small letters.

    Short digits are written out (``#fff`` is ``#ffffff``). ``alpha``: with two more digits for how
    dense it is, 00 to FF. ``also`` are further words that are taken. Raises BadColour.
    """
    word = text.strip().lower()
    if word in also:
        return word
    plain = re.sub("[ _-]", "", word)
    if plain in ImageColor.colormap:
        return plain
    digits = _DIGITS.fullmatch(word)
    if digits and len(digits[1]) in ((3, 4, 6, 8) if alpha else (3, 6)):
        short = len(digits[1]) in (3, 4)
        return "#" + "".join(digit * (2 if short else 1) for digit in digits[1])
    message = tr("{value!r} is not a valid colour", value=text[:40])
    raise BadColour(message, _hint(word, alpha, also))


def rgb(text: str) -> tuple[int, int, int]:
    """The colour's red, green and blue, 0 to 255. Raises BadColour."""
    red, green, blue = ImageColor.getrgb(read(text))[:3]
    return red, green, blue


def for_ffmpeg(text: str) -> str:
    """The colour as ffmpeg's filters take it: ``0xRRGGBB``. Raises BadColour."""
    red, green, blue = rgb(text)
    return f"0x{red:02x}{green:02x}{blue:02x}"


def _hint(word: str, alpha: bool, also: tuple[str, ...]) -> Message:
    suggestion = _CHINESE.get(word.removesuffix("色"))
    if _BARE.fullmatch(word):
        suggestion = f"#{word}"
    if suggestion:
        return tr("did you mean {name!r}?", name=suggestion)
    digits = _DIGITS.fullmatch(word)
    if digits and len(digits[1]) in (4, 8) and not alpha:
        return tr("leave the last digits out: it cannot be transparent here")
    if close := did_you_mean(word[:40], (*NAMES, *also)):
        return close
    if also:
        names = joined(also, tr(", "))
        return tr(
            'use a name such as black, "#RRGGBB" in quotation marks, or: {names}', names=names
        )
    return tr('use a name such as black or white, or "#RRGGBB" in quotation marks')
