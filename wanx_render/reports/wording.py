"""Words from outside as HTML: what a prompt became, marked; what is invisible, made visible.

Chinese is compared character by character, other scripts word by word.
"""

import base64
import re
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from markupsafe import Markup, escape

# One ideograph or kana; a word; a stretch of spaces; any other single character.
_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+|\s+|."
)
_LONGEST = 3000  # tokens; comparing is quadratic, and what a service answers may be of any length
_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")


def visible(text: str) -> Markup:
    """``text`` with control characters, such as those that turn its direction, shown by name."""
    if text.isprintable():
        return escape(text)
    return Markup("").join(
        Markup('<span class="odd">U+{}</span>').format(f"{ord(character):04X}")
        if odd(character)
        else character
        for character in text
    )


def plain(value: object) -> object:
    """What an attribute or a label may hold: control characters are blotted out."""
    if isinstance(value, Markup) or not isinstance(value, str) or value.isprintable():
        return value
    return "".join("\ufffd" if odd(character) else character for character in value)


def data_uri(data: bytes, kind: str = "image/jpeg") -> Markup:
    """A file as an address that stands in the page."""
    # As markup, for looking through megabytes for what must be escaped would take seconds.
    return Markup(f"data:{kind};base64,") + base64.b64encode(data).decode()  # noqa: S704  # our own


def odd(character: str) -> bool:
    """Whether it would act on the page, or on a terminal, instead of being seen."""
    kind = unicodedata.category(character)
    if kind == "Cf":  # joiners belong to emoji and to some scripts
        return character not in "\u200c\u200d"
    return kind in ("Cc", "Cs", "Zl", "Zp") and character not in "\n\t"


def language(text: str) -> str:
    """The language tag for ``text`` where its script shows it; else nothing."""
    if _KANA.search(text):
        return "ja"
    return "zh-Hans" if _HAN.search(text) else ""


def difference(before: str, after: str) -> Markup:
    """``after`` with what was put in marked as such, and what was left out of ``before``."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if len(old) > _LONGEST or len(new) > _LONGEST:
        return _marked("del", [before]) + _marked("ins", [after])
    return Markup("").join(_parts(old, new))


def _parts(old: Sequence[str], new: Sequence[str]) -> Iterator[Markup]:
    for kind, a, b, c, d in _steps(old, new):
        if kind == "equal":
            yield visible("".join(new[c:d]))
        else:
            yield _marked("del", old[a:b])
            yield _marked("ins", new[c:d])


Step = tuple[str, int, int, int, int]


def _steps(old: Sequence[str], new: Sequence[str]) -> list[Step]:
    """Edits, without islands: what stayed by chance between two changes reads worse than none."""
    steps: list[Step] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        island = kind == "equal" and not "".join(old[a:b]).strip(" \t\n,.;:，。；：、")
        differs = kind != "equal" or (island and a > 0 and b < len(old))
        if differs and steps and steps[-1][0] != "equal":
            _, first, _, begin, _ = steps.pop()
            steps.append(("replace", first, b, begin, d))
        else:
            steps.append((kind if kind == "equal" else "replace", a, b, c, d))
    return steps


def _marked(tag: str, tokens: Sequence[str]) -> Markup:
    text = "".join(tokens)
    return Markup("<{0}>{1}</{0}>").format(tag, visible(text)) if text else Markup("")
