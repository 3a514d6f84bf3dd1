"""How a value is written at a place in a YAML text: its quotation marks, block text, brackets.

Each way of writing is read again before it is used, so that what cannot be written in one way is
written in the next.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from wanx_render.errors import BadInput
from wanx_render.source.yaml_source import parse


class Unwritable(Exception):
    """A value that no YAML text can hold."""


@dataclass(frozen=True, slots=True)
class Site:
    """The place where a value is to stand: within brackets or not, the column of the key or dash
    before it, and how the text there was written."""

    flow: bool
    column: int
    newline: str = "\n"
    style: str = ""
    indent: int = 0  # of the text's further lines; 0: two more than ``column``
    width: int = 0  # of its longest line, where it has several

    @property
    def inner(self) -> int:
        return max(self.indent, self.column + 1) if self.indent else self.column + 2


@dataclass(frozen=True, slots=True)
class Writing:
    """A value as text: ``head`` follows its key, ``tail`` begins on the next line."""

    head: str
    tail: str = ""

    def __str__(self) -> str:
        return self.head + self.tail


def written(value: Any, site: Site) -> Writing:
    """``value`` as it is written at ``site``. Raises Unwritable."""
    if isinstance(value, str):
        return _text(value, site)
    if isinstance(value, dict):
        pairs = (f"{key_text(key)}: {written(item, _IN_FLOW)}" for key, item in value.items())
        return Writing("{" + ", ".join(pairs) + "}")
    if isinstance(value, list):
        return Writing("[" + ", ".join(str(written(item, _IN_FLOW)) for item in value) + "]")
    return Writing(_plain_scalar(value))


def key_text(key: str) -> str:
    """A key as it is written. Raises Unwritable."""
    for text in (key, _double(key)):
        if _reads(f"{text}: 1", {key: 1}) and _reads(f"{{{text}: 1}}", {key: 1}):
            return text
    raise Unwritable(key)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to a reader: ``1`` is ``1.0``, and not ``true``."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if _is_number(one) and _is_number(other):
        return bool(one == other) or str(one) == str(other)  # NaN is not equal to itself
    return type(one) is type(other) and bool(one == other)


_IN_FLOW = Site(flow=True, column=0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _plain_scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value:f}"
    if isinstance(value, int):
        return str(value)
    raise Unwritable(repr(value))


def _text(text: str, site: Site) -> Writing:
    for writing in _ways(text, site):
        if _stands(writing, text, site):
            return writing
    raise Unwritable(text)


def _ways(text: str, site: Site) -> Iterator[Writing]:
    """Ways to write ``text``, the best one first: as it was written, else so that it reads well."""
    if site.style == "'":
        yield from _wrapped(_single(text), site)
    if site.style == "" and _is_plain(text):
        yield from _wrapped(text, site)
    if site.style == ">" and not site.flow:
        yield from _folded(text, site)
    if site.style == "|" or (site.style in ("", ">") and "\n" in text and not site.flow):
        yield from _literal(text, site)
    yield from _wrapped(_double(text), site)


def _stands(writing: Writing, text: str, site: Site) -> bool:
    """Whether ``writing`` is read as ``text`` where it is to stand."""
    if site.flow:
        return _reads(f"[{writing}]", [text]) and _reads(f"{{k: {writing}}}", {"k": text})
    return _reads(" " * site.column + f"k: {writing}{site.newline}", {"k": text})


def _reads(text: str, value: Any) -> bool:
    try:
        return same(parse(text, "").value, value)
    except (BadInput, UnicodeEncodeError):
        return False


_WORD = re.compile(r"[^\W_]|[./~_]")


def _is_plain(text: str) -> bool:
    """Whether ``text`` looks like a text without quotation marks: what begins with another sign
    could be taken for a slip of typing."""
    return bool(_WORD.match(text)) and not any(map(_is_odd, text))


def _is_odd(character: str) -> bool:
    return character != " " and unicodedata.category(character) in ("Zs", "Cf", "Cc", "Zl", "Zp")


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _double(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if unicodedata.category(character) not in ("Cc", "Zl", "Zp", "Cn", "Cs") and code != 0xFEFF:
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else character


def _wrapped(text: str, site: Site) -> Iterator[Writing]:
    """``text`` over several lines where it was on several before, else on one."""
    if site.width and "\n" not in text:
        indent = " " * (site.indent or site.inner)
        lines = _filled(text, max(site.width - len(indent), 20))
        yield Writing(lines[0] + "".join(site.newline + indent + line for line in lines[1:]))
    if "\n" not in text:
        yield Writing(text)


def _filled(text: str, width: int) -> list[str]:
    """``text`` in lines of about ``width``, broken at single blanks."""
    lines = [""]
    for word in re.split(r"(?<=\S) (?=\S)", text):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if len(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _literal(text: str, site: Site) -> Iterator[Writing]:
    yield from _block("|", text, text.rstrip("\n").split("\n"), site)


def _folded(text: str, site: Site) -> Iterator[Writing]:
    lines: list[str] = []
    for number, paragraph in enumerate(text.rstrip("\n").split("\n")):
        lines += [""] if number else []
        lines += _filled(paragraph, max((site.width or 80) - site.inner, 20))
    yield from _block(">", text, lines, site)


def _block(sign: str, text: str, lines: list[str], site: Site) -> Iterator[Writing]:
    """A block text of these lines; none where there is nothing to write."""
    body = text.rstrip("\n")
    if not body or any(map(_is_odd, body.replace("\n", ""))):
        return
    extra = len(text) - len(body)
    chomp = ("-", "")[extra] if extra < 2 else "+"
    digit = str(site.inner - site.column) if body[0] in " \n" else ""
    indent = site.newline + " " * site.inner
    tail = "".join(indent + line if line else site.newline for line in lines)
    yield Writing(sign + digit + chomp, tail + site.newline * max(extra - 1, 0))
