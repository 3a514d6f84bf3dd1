"""Where a line of words may be broken: ICU's rules (UAX #14), and a few that captions need beyond.

Chinese and Japanese are broken strictly: no line begins with a closing mark, a small kana or a sign
of repetition, none ends with an opening mark. Thai and other scripts without blanks are broken
between words of ICU's dictionaries, Korean between its own words. An address and a number with its
unit stay whole as long as they fit on a line.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Set
from functools import lru_cache
from itertools import accumulate

Width = Callable[[str], float]  # how wide a line of these words is, in pixels

# ICU takes its rules by locale: `lb=strict` is CSS's `line-break: strict`, `lw=phrase` keeps words.
_LOCALES = {"ja": "ja@lb=strict", "ko": "ko@lb=strict;lw=phrase"}
_OTHERS = "zh@lb=strict"

# What joins or divides never begins a line in Chinese (GB/T 15834, 5.1.5); UAX #14 lets some. What
# closes does not either, which UAX #14 allows behind a blank.
_NEVER_FIRST = frozenset("～〜·・‧／，。、：；！？…‥％）〕］｝〉》」』】〙〗〟”’")

_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|www\.)[!-~]+|[\w.+-]+@[A-Za-z0-9.-]+")
# Where an address is broken, what is best first.
_WITHIN_A_WORD = 0.45  # what it costs to end a line there, as a part of the room
_SEPARATORS = (
    re.compile(r"(?<=/)(?!/)"),
    re.compile(r"(?<=[?&#=;,@])"),
    re.compile(r"(?<=[._:%+~-])(?!$)"),
)

_SHORT_QUOTATION = re.compile(
    "[“‘「『《〈（【〔][^“‘「『《〈（【〔”’」』》〉）】〕]{1,4}[”’」』》〉）】〕]"
)

_QUANTITY = re.compile(
    r"[0-9][0-9.,:]*[-–~～][0-9][0-9.,:]*|"
    r"[0-9][0-9.,]*[ \u00a0\u2009\u202f]?(?:"
    r"(?:[kKMGTmcdnµμ]?(?:m[²³]?|g|l|L|s|W|V|A|J|N|Pa|Hz|B|Ah|Wh)|bit|px|fps|rpm|min|h|kcal|dpi"
    r"|inch|mph|°[CF]?|[℃℉%‰€$£])(?![^\W\d_])"
    r"|[十百千万亿萬億兆]*(?:公斤|千克|毫克|毫升|毫米|厘米|公里|千米|英寸|平方米|小时|小時|分钟|分鐘"
    r"|美元|港元|港币|日元|欧元|像素|時間|分間|秒間|年間|ドル|ユーロ"
    r"|[元块角年月日号號时時点點分秒天周週岁歲歳个個只隻条條张張件台部次位名人口斤克吨噸米寸尺升度层層楼樓折倍"
    r"円本枚冊回階杯匹卷章集页頁级級版款%％])|[十百千万亿萬億兆]+"
    r"|[십백천만억]*[원년월일시분초개명회권])"
)


def pieces(paragraph: str, language: str = "") -> list[str]:
    """What stays together of a paragraph, each piece with the blanks behind it."""
    if not paragraph:
        return []
    from icu4py.breakers import LineBreaker  # a twentieth of a second: only where words are drawn

    # Its positions count UTF-16 units, so the parts themselves are taken.
    parts = LineBreaker(paragraph, _LOCALES.get(language[:2], _OTHERS))
    result, start = list[str](), 0
    inside = _inside(paragraph)
    for end in accumulate(map(len, parts)):
        if end not in inside and paragraph[end : end + 1] not in _NEVER_FIRST:
            result.append(paragraph[start:end])
            start = end
    return result


def _inside(text: str) -> set[int]:
    """Where ICU may allow a break that is not wanted: in characters, addresses and quantities."""
    within = {at for pattern in (_ADDRESS, _QUANTITY) for match in pattern.finditer(text)
              for at in range(match.start() + 1, match.end())}  # fmt: skip
    return within | set(range(len(text))).difference(accumulate(map(len, graphemes(text))))


def graphemes(text: str) -> list[str]:
    """What a reader takes for one character: a letter with its marks, a family of emoji."""
    from icu4py.breakers import CharacterBreaker

    return list(CharacterBreaker(text, "en")) if text else []


def wrapped(text: str, language: str, width: Width, room: float) -> tuple[list[str], int]:
    """``text`` as lines no wider than ``room``, and how many words had to be broken for that.

    As few lines as possible, and none much longer than the others: never one word alone at the
    end. Only a single character that is wider than the room is left as it is. ``width`` must add
    up over words.
    """
    lines, cuts = list[str](), 0
    for paragraph in text.strip().split("\n"):
        parts = list[str]()
        for piece in pieces(paragraph.strip(), language):
            fragments = _divided(piece, width, room)
            cuts += len(fragments) > 1
            parts += fragments
        lines += _even(parts, _words_ending(paragraph.strip(), language), width, room) or [""]
    return lines, cuts


@lru_cache(maxsize=1024)
def _words_ending(paragraph: str, language: str) -> frozenset[int]:
    """Where words end, by ICU's dictionaries for Chinese and Japanese; a short quotation is one."""
    if not paragraph:
        return frozenset()
    from icu4py.breakers import WordBreaker

    ends = accumulate(map(len, WordBreaker(paragraph, language[:2] or "zh")))
    within = {
        at for match in _SHORT_QUOTATION.finditer(paragraph)
        for at in range(match.start() + 1, match.end())
    }  # fmt: skip
    return frozenset(ends) - within


def _even(parts: list[str], words: Set[int], width: Width, room: float) -> list[str]:
    """The parts as the fewest lines, of those with the least sum of squares of what is left free.

    (The measure of Knuth and Plass's "Breaking Paragraphs into Lines", without stretching.) A line
    that ends within a word, and not at one of the places of ``words``, costs some room more.
    """
    within = (room * _WITHIN_A_WORD) ** 2
    costs = [0.0 if end in words else within for end in accumulate(map(len, parts))]
    ends = [0.0, *accumulate(width(part) for part in parts)]
    bare = [width(part.rstrip()) for part in parts]
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]  # lines, free squared, where the last begins
    for end in range(1, len(parts) + 1):
        options = []
        for start in range(end - 1, -1, -1):
            free = room - (ends[end - 1] - ends[start] + bare[end - 1])
            if free < 0 and start < end - 1:
                break
            lines, squares, _ = best[start]
            options.append((lines + 1, squares + free * free + costs[end - 1], start))
        best.append(min(options))
    result, end = list[str](), len(parts)
    while end:
        start = best[end][2]
        result.append("".join(parts[start:end]).rstrip())
        end = start
    return result[::-1]


def _divided(piece: str, width: Width, room: float) -> list[str]:
    """A piece as parts that fit: an address at its separators, then any word between characters."""
    separators = _SEPARATORS if _ADDRESS.search(piece) else ()
    levels: list[Divide] = [*(separator.split for separator in separators), _clusters, graphemes]
    return _filled(piece, levels, width, room)


Divide = Callable[[str], Iterable[str]]


def _filled(text: str, levels: list[Divide], width: Width, room: float) -> list[str]:
    """``text`` as parts that fit, divided as the first of ``levels`` does, where need be finer."""
    if width(text.rstrip()) <= room or not levels:
        return [text]
    parts = [""]
    for part in levels[0](text):
        if width((parts[-1] + part).rstrip()) <= room:
            parts[-1] += part
            continue
        parts += _filled(part, levels[1:], width, room)
    return [part for part in parts if part]


_SMALL_KANA = frozenset("ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ")
_CLOSING, _OPENING = {"Pe", "Pf", "Po", "Lm"}, {"Ps", "Pi"}


def _clusters(text: str) -> Iterator[str]:
    """Characters with the marks that may not begin, or end, a line without them."""
    cluster = ""
    for character in graphemes(text):
        stays = unicodedata.category(character[0]) in _CLOSING or character in _SMALL_KANA
        after_opening = cluster and unicodedata.category(cluster[-1]) in _OPENING
        if cluster and not stays and not after_opening and not character.isspace():
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster
