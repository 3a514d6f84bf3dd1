"""YAML 1.2 core: what a text without quotation marks means, and how exact numbers are written.

``9:16`` is a string (YAML 1.1 says 556), ``no`` is a string, ``010`` is ten, dates are strings.
Numbers with a point are exact (Decimal).
"""

import re
from collections.abc import Callable, Hashable
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml
from yaml.nodes import Node, ScalarNode, SequenceNode

CORE = "tag:yaml.org,2002:"
MERGE = CORE + "merge"


class CoreLoader(yaml.CSafeLoader):
    """The C parser with the resolvers of the YAML 1.2 core schema, plus ``<<``."""

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:
        """The tag of a node that has none of its own; called for every node, so kept short."""
        if kind is ScalarNode:
            if implicit[0] and value is not None:
                for tag, pattern in _RESOLVERS.get(value[:1], ()):
                    if pattern.match(value):
                        return tag
            return STR
        return _SEQ if kind is SequenceNode else _MAP


STR, _SEQ, _MAP = CORE + "str", CORE + "seq", CORE + "map"
_RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
    ("merge", r"<<", ["<"]),
):
    for _character in _first:
        _RESOLVERS.setdefault(_character, []).append(
            (CORE + _tag, re.compile(rf"(?:{_pattern})\Z"))
        )


class Writer(yaml.SafeDumper):
    """Writes exact decimals as the numbers they are."""


Writer.add_representer(
    Decimal, lambda writer, number: writer.represent_scalar(CORE + "float", f"{number:f}")
)


def plain(text: str) -> Any:
    """What ``text`` means where it stands in a list by itself, without quotation marks."""
    for tag, pattern in _RESOLVERS.get(text[:1], ()):
        if pattern.match(text):
            try:
                return VALUES[tag](text)
            except (ValueError, InvalidOperation):
                return text
    return text


def _integer(text: str) -> int:
    bare = text.lower()
    if bare.startswith("0o"):
        return int(bare[2:], 8)
    if bare.startswith("0x"):
        return int(bare[2:], 16)
    return int(text)


def _number(text: str) -> Decimal:
    bare = text.lower().replace(".inf", "Infinity").replace(".nan", "NaN")
    number = Decimal(bare)
    # 1e999999999 is a short text and, as a whole number, a gigabyte.
    if number.is_finite() and (abs(number.adjusted()) > 30 or len(text) > 60):
        raise ValueError(text)
    return number


# How the text of each of YAML's own tags is read.
VALUES: dict[str, Callable[[str], Hashable]] = {
    CORE + "str": str,
    CORE + "null": lambda _: None,
    CORE + "bool": lambda text: text.lower() == "true",
    CORE + "int": _integer,
    CORE + "float": _number,
    MERGE: str,
}


def short_tag(tag: str) -> str:
    return "!!" + tag.removeprefix(CORE) if tag.startswith(CORE) else tag
