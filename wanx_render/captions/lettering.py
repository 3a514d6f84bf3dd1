"""Which font each part of a line is drawn in, and how wide it then is.

Chinese, Japanese and Korean are drawn in the face of their language, other letters in a Latin one.
Quotation marks, dots and dashes belong to both: between Latin words they are narrow, in Chinese
they are as wide as a character. Unicode has a mark for the narrow form (U+FE00 behind the sign,
StandardizedVariants.txt); it is set here once for a paragraph, and looked at in every line of it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from typing import Any

from wanx_render.captions import fonts
from wanx_render.captions.fonts import Font

NARROW = "\N{VARIATION SELECTOR-1}"
_SHARED = "‘’“”…‥—·―"
_FULL = 0.75  # of an em: a quotation mark that is wider is a full-width one

_KANA = re.compile("[ぁ-ゖァ-ヺｦ-ﾝ]")
_HANGUL = re.compile("[ᄀ-ᇿ㄰-㆏가-힣]")
_PAIR = re.compile("“[^“”]*”|‘[^‘’]*’(?!\\w)")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_⺀-￯])’(?=[^\W\d_⺀-￯])")


def language_of(paragraph: str, language: str = "") -> str:
    """The language whose forms and line breaks suit a paragraph: ``language``, else by its letters.

    Kana are Japanese and Hangul is Korean, whatever else there is; nothing for other letters.
    """
    if language:
        return language
    if _KANA.search(paragraph):
        return "ja"
    return "ko" if _HANGUL.search(paragraph) else ""


def common_language(texts: list[str]) -> str:
    """The language of texts that belong together: what most of those with such letters are in.

    A line of nothing but Chinese characters is Japanese where the others are.
    """
    eastern = [language_of(text) for text in texts if any(map(_is_wide, text))]
    for language in ("ja", "ko"):
        if eastern.count(language) * 2 > len(eastern):
            return language
    return ""


def marked(paragraph: str) -> str:
    """``paragraph`` with the signs that stand in Latin text marked as narrow."""
    narrow = {
        at
        for at, sign in enumerate(paragraph)
        if sign in _SHARED and not _beside_wide(paragraph, at, at)
    }
    for pair in _PAIR.finditer(paragraph):
        first, last = pair.start(), pair.end() - 1
        wide = any(map(_is_wide, pair[0])) or _beside_wide(paragraph, first, last)
        narrow = narrow - {first, last} if wide else narrow | {first, last}
    narrow |= {match.start() for match in _APOSTROPHE.finditer(paragraph)}
    return "".join(
        sign + NARROW if at in narrow and not paragraph.startswith(NARROW, at + 1) else sign
        for at, sign in enumerate(paragraph)
    )


def _beside_wide(text: str, first: int, last: int) -> bool:
    """Whether what stands before ``first`` is Chinese; where nothing does, what is after ``last``.

    Only letters count.
    """
    before = (sign for sign in reversed(text[:first]) if sign.isalnum())
    after = (sign for sign in text[last + 1 :] if sign.isalnum())
    beside = next(before, None) or next(after, None)
    return beside is not None and _is_wide(beside)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def has_wide(text: str) -> bool:
    """Whether any of it is as wide as a Chinese character."""
    return any(map(_is_wide, text))


def is_leftward(text: str) -> bool:
    """Whether the text is read from right to left: its first letter says so (UAX #9, P2)."""
    strong = (unicodedata.bidirectional(sign) for sign in text)
    return next((kind != "L" for kind in strong if kind in ("L", "R", "AL")), False)


def in_context(lines: Iterable[str]) -> Iterator[str]:
    """Lines of a text that is read from right to left, each as the whole text would order it.

    A number after a Latin word belongs to it (UAX #9, W7), also where it begins the next line: an
    unseen mark stands for the word.
    """
    strong = "R"
    for line in lines:
        yield "\N{LEFT-TO-RIGHT MARK}" + line if strong == "L" else line
        kinds = (unicodedata.bidirectional(sign) for sign in reversed(line))
        strong = next((kind for kind in kinds if kind in ("L", "R", "AL")), strong)


def has_leftward(text: str) -> bool:
    """Whether any of it is read from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(s) in ("R", "AL") for s in text)


@dataclass(frozen=True, slots=True)
class TextRun:
    """A part of a line in one font, with the font's features that are wanted."""

    text: str
    font: Font
    features: tuple[str, ...] = ()
    language: str = ""

    def width(self, pixels: int) -> float:
        """How wide it is, in pixels, with an em of ``pixels``."""
        words = _words(self.text)
        return sum(_width(w, self.font, self.features, self.language, pixels) for w in words)


Kind = tuple[Font, tuple[str, ...], str]  # a font, its features that are wanted, a language


@dataclass(frozen=True, slots=True)
class Lettering:
    """The fonts for one text: ``font``, and the packaged ones for what it lacks."""

    font: Font
    language: str = ""

    def runs(self, line: str) -> list[TextRun]:
        """The parts of a line, from left to right."""
        return [TextRun(text, *kind) for kind, text in self._grouped(_shown(line))]

    def _grouped(self, line: str) -> "Iterator[tuple[Kind, str]]":
        pairs = zip(self.kinds(line), line, strict=True)
        for kind, group in groupby(pairs, key=lambda pair: pair[0]):
            if text := "".join(sign for _, sign in group if sign != NARROW):
                yield kind, text

    def kinds(self, line: str) -> "list[Kind]":
        """What each character of a line is drawn in."""
        if has_leftward(line):  # the order of its parts is not that of its letters
            return [(self.font, (), "")] * len(line)
        kinds: list[Kind] = []
        for at, sign in enumerate(line):
            joins = kinds and (unicodedata.category(sign)[0] == "M" or fonts.is_unseen(sign))
            narrow = line.startswith(NARROW, at + 1)
            kinds.append(kinds[-1] if joins else self._kind(sign, narrow))
        return kinds

    def _kind(self, sign: str, narrow: bool) -> "Kind":
        """What a character is drawn in: font, features, language."""
        wide = _is_wide(sign) or (sign in _SHARED and not narrow)
        own = sign.isspace() or fonts.has(self.font, sign)
        if wide and sign in _SHARED and not fonts.has(self.font, "一"):
            own = False  # a sign of Chinese text, whose characters this font lacks
        if fonts.is_packaged(self.font) or not own:
            eastern = fonts.cjk(self.language)
            first, second = (eastern, fonts.latin()) if wide else (fonts.latin(), eastern)
            font = first if fonts.has(first, sign) or sign.isspace() else second
            return font, (), self.language if font == eastern else ""
        if narrow and sign in _SHARED:
            font, features = _narrow(self.font, sign)
            return font, features, ""
        return self.font, (), self.language if wide else ""

    def width(self, line: str, pixels: int) -> float:
        """How wide a line is, in pixels, with an em of ``pixels``."""
        return sum(run.width(pixels) for run in self.runs(line))


def _shown(line: str) -> str:
    """A line without signs that only say where it may break."""
    hyphen = "-" if line.endswith("\N{SOFT HYPHEN}") else ""
    invisible = "\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}\N{WORD JOINER}\N{ZERO WIDTH NO-BREAK SPACE}"
    return line.translate(dict.fromkeys(map(ord, invisible))) + hyphen


def _words(text: str) -> list[str]:
    """Parts whose widths add up to that of the whole; characters for Chinese."""
    return re.findall(r"[⺀-鿿豈-﫿＀-￯]|[^\s⺀-鿿豈-﫿＀-￯]+|\s+", text)


@cache
def _narrow(font: Font, sign: str) -> tuple[Font, tuple[str, ...]]:
    """The font and features that draw a sign no wider than Latin text wants it."""
    wide = font.at(100).getlength(sign) > 100 * _FULL
    if not wide or sign in "—―":
        return font, ()
    if fonts.shapes() and font.at(100).getlength(sign, features=["pwid"]) <= 100 * _FULL:
        return font, ("pwid",)
    return fonts.latin(), ()


@lru_cache(maxsize=20_000)
def _width(word: str, font: Font, features: tuple[str, ...], language: str, pixels: int) -> float:
    return float(font.at(pixels).getlength(word, **options(features, language)))


def options(
    features: tuple[str, ...], language: str, direction: str | None = None
) -> dict[str, Any]:
    """What Pillow is given to shape a run; nothing where it cannot."""
    if not fonts.shapes():
        return {}
    return {
        "features": list(features) or None,
        "language": language or None,
        "direction": direction,
    }
