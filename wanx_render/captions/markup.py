"""Mark-up in the words of a cue: known tags are taken out, what still looks like one is named.

SRT has no standard; players take the tags of HTML that SubRip wrote and override codes of ASS.
Everything else between ``<`` and ``>`` is text: ``x<y and 3 > 2`` stays whole. All patterns take
linear time.
"""

import html
import re

_TAGS = frozenset(
    (
        "a",
        "b",
        "big",
        "br",
        "c",
        "center",
        "del",
        "div",
        "em",
        "font",
        "i",
        "ins",
        "lang",
        "p",
        "rt",
    )
    + ("ruby", "s", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "v")
)
_WITH_WORDS = {"font", "v", "lang"}  # what follows the name is free text: <v Mary Jane>
_TAG = re.compile(r"<([^<>]*)>")
_UNCLOSED_FONT = re.compile(r"""<font(?:\s+\w+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'))+\s*(?!>)""", re.I)
_ATTRIBUTE = re.compile(r"[\w:-]+\s*=")
_MOMENT = re.compile(r"\d[\d:]*:\d\d(?:\.\d+)?")  # when a word is sung: <00:01.50>
_OVERRIDE = re.compile(r"\{(\\[^{}]*)\}")
_CURLY = re.compile(r"\{/?[bius]\}")  # of SubRip
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_ALIGNED = re.compile(r"\\an([1-9])|\\a(\d{1,2})(?!\d)")
_PLACED = re.compile(r"\\(?:pos|move|org)\s*\([^()]*\)?")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
# What pages and messengers leave around figures: zero-width characters and marks of direction.
UNSEEN = dict.fromkeys([0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF])

# What in cleaned text still looks like mark-up.
LEFTOVER = re.compile(
    r"</?[A-Za-z][\w.:-]{0,30}(?:\s+[\w:-]{1,30}\s*=[^<>]{0,200})?\s*/?>"  # a tag of any name
    r"|<[!?]|</?(?:font|span)\b|\{\\[A-Za-z]|\{[yYcCfFsSoOPH]:[^{}]{1,40}\}"  # cut off; of MicroDVD
    r"|\[(?:/|(?=\w+=))(?:b|i|u|s|color|size|font|url)(?:=[^\[\]]{0,40})?\]"  # of a forum
    r"|\\N|&#?\w{2,30};"
)
TIME = re.compile(r"\d{1,3}[:：]\d{1,2}[:：]\d{1,2}[,.，]\d{1,3}|\d[:：]\d{1,2}[^\n]{0,20}-->")

# What UTF-8 looks like that was read as GBK or Windows-1252 and saved again: lost characters, then
# Chinese and Japanese, then Latin letters with accents.
_HIGH = re.escape(bytes(range(0x80, 0xC0)).decode("cp1252", "ignore"))
DAMAGE = re.compile(f"锟斤拷|ï¿½|(?:[ã-é][{_HIGH}]{{2}}){{2}}|Ã[\xa0-\xbf]")


def without(text: str) -> str:
    """``text`` without known tags and override codes, with characters for entities."""
    text = _UNCLOSED_FONT.sub("", _TAG.sub(_replacement, text))
    text = _ENTITY.sub(
        lambda entity: html.unescape(entity[0]), _CURLY.sub("", _OVERRIDE.sub("", text))
    )
    lines = (line.strip() for line in _CONTROL.sub("", text).split("\n"))
    return "\n".join(line for line in lines if line)


def _replacement(tag: re.Match[str]) -> str:
    inner = tag[1].strip().strip("/").strip()
    if _MOMENT.fullmatch(inner):
        return ""
    name, *rest = inner.split(None, 1) or [""]
    name = name.split(".", 1)[0].lower()
    if name not in _TAGS or (rest and name not in _WITH_WORDS and not _ATTRIBUTE.match(rest[0])):
        return tag[0]
    if name == "br":
        return "\n"
    if name == "rt":  # how the word before it is read
        return ")" if tag[1].lstrip().startswith("/") else "("
    return ""


def at_top(text: str) -> bool:
    """Whether an override code (``{\\an8}``, or ``{\\a6}`` of SSA) places the text at the top."""
    codes = "".join(_OVERRIDE.findall(text))
    alignment = _ALIGNED.search(codes)
    if not alignment:
        return False
    return alignment[1] in "789" if alignment[1] else int(alignment[2]) in (5, 6, 7)


def unkept_place(text: str) -> str:
    """An override code of a place that captions cannot have, or nothing."""
    for codes in _OVERRIDE.findall(text):
        if place := _PLACED.search(codes):
            return place[0]
        alignment = _ALIGNED.search(codes)
        if alignment and (alignment[1] in ("4", "5", "6") or alignment[2] in ("9", "10", "11")):
            return alignment[0]
    return ""
