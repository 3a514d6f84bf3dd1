"""Text from outside, made safe once, where it comes in: nothing odd or secret goes further.

Lone surrogates, control characters and line ends become marks, lengths are bounded, keys and
tokens are blotted out, numbers are bounded, and what is no identifier is none.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from unicodedata import category

from wanx_render.diagnostics import without_secrets

LONGEST_TEXT = 1_000  # characters of a code, a message, an id
LONGEST_PROMPT = 25_000  # the longest that any model takes is 20,000
LONGEST_NUMBER = 15  # digits
_LARGEST: int = 10**LONGEST_NUMBER
_MOST_FACTS, _DEEPEST = 40, 3
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_SHORTEST_KEY = 6  # characters; anything shorter looks like an ordinary word


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Cleans what one service says; ``key`` is blotted out wherever it appears."""

    key: str = field(default="", repr=False)

    def text(self, value: Any, longest: int = LONGEST_TEXT) -> str:
        """One line without controls or secrets; empty for what is neither text nor number."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)[:LONGEST_NUMBER] if _is_bounded(value) else ""
        if not isinstance(value, str):
            return ""
        return _cut(one_line(self._blotted(value)), longest)

    def prose(self, value: Any) -> str | None:
        """A prompt, which may have several lines; None for what is no text."""
        if not isinstance(value, str):
            return None
        lines = self._blotted(value).replace("\r\n", "\n").split("\n")
        return _cut("\n".join(one_line(line) for line in lines), LONGEST_PROMPT)

    def facts(self, value: Any, depth: int = 0) -> dict[str, Any]:
        """A mapping of plain values, such as ``usage``; what is not plain becomes None."""
        if not isinstance(value, Mapping) or depth >= _DEEPEST:
            return {}
        record: dict[str, Any] = {}
        for name, item in list(value.items())[:_MOST_FACTS]:
            if isinstance(item, Mapping):
                record[self.text(name)] = self.facts(item, depth + 1)
            elif isinstance(item, int | float):
                record[self.text(name)] = item if _is_bounded(item) else None
            else:
                record[self.text(name)] = self.text(item) if isinstance(item, str) else None
        return record

    def _blotted(self, text: str) -> str:
        if len(self.key) >= _SHORTEST_KEY:
            text = re.sub(re.escape(self.key), "***", text, flags=re.IGNORECASE)
        return without_secrets(text)


def identifier(value: Any) -> str:
    """A task or request id as a service may give it; empty for anything else."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def one_line(text: str) -> str:
    """``text`` with a mark for each control character, line end and lone surrogate."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isprintable() or category(character) == "Zs":  # the blanks of all scripts
        return character
    number = ord(character)
    return chr(0x2400 + number) if number < 32 else "\N{REPLACEMENT CHARACTER}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def parsed(data: bytes) -> dict[str, Any]:
    """A JSON object with bounded numbers, or an empty one where ``data`` is none."""
    try:
        value = json.loads(data, parse_int=_whole, parse_float=_real, parse_constant=_nothing)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= LONGEST_NUMBER else None


def _real(digits: str) -> float | None:
    number = float(digits)
    return number if _is_bounded(number) else None


def _is_bounded(number: float) -> bool:
    """Whether a number can be one of a bill: neither huge nor NaN."""
    return abs(number) < _LARGEST


def _nothing(_: str) -> None:
    """NaN and the infinities are no numbers of a bill."""
