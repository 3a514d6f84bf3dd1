"""How a YAML text is laid out: where each value begins and ends as it is written.

``yaml_source`` knows what a value means and where messages point; here is what an edit of the text
needs besides: aliases as they are written, the end of a block, what is in brackets.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from wanx_render.source.yaml_core import CoreLoader


@dataclass(slots=True)
class Part:
    """A stretch of the text. Its anchor and tag begin at ``begin``, the rest at ``start``."""

    begin: int
    start: int
    end: int
    anchor: str


@dataclass(slots=True)
class ScalarPart(Part):
    """A single value; ``style`` is its quotation mark, ``|``, ``>`` or nothing."""

    value: str
    style: str


@dataclass(slots=True)
class AliasPart(Part):
    """``*name``."""


@dataclass(slots=True)
class SequencePart(Part):
    """Items; ``flow`` where they are in brackets."""

    flow: bool
    items: list["AnyPart"] = field(default_factory=list)


@dataclass(slots=True)
class MappingPart(Part):
    """Keys with their values, as written: ``<<`` is one of them."""

    flow: bool
    pairs: list[tuple["AnyPart", "AnyPart"]] = field(default_factory=list)

    def own(self) -> dict[str, tuple["AnyPart", "AnyPart"]]:
        """The pairs by their keys."""
        return {key.value: (key, item) for key, item in self.pairs if isinstance(key, ScalarPart)}


AnyPart = ScalarPart | AliasPart | SequencePart | MappingPart

_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:[ \t]+|(?=[\s,\[\]{}])|$))*")
_BREAK = re.compile(r"\r\n|\n|\r")
_TRAILING = re.compile(r"(?:\r\n|\n|\r)(?:[ \t]*(?:\r\n|\n|\r))*[ \t]*$")


def layout(text: str) -> AnyPart:
    """The layout of a text that ``yaml_source.parse`` reads."""
    return _Reader(text).root()


def line_end(text: str, place: int) -> int:
    """Where the line of ``place`` ends, before its line break."""
    line = _BREAK.search(text, place)
    return line.start() if line else len(text)


def line_start(text: str, place: int) -> int:
    return max(text.rfind("\n", 0, place), text.rfind("\r", 0, place)) + 1


def column(text: str, place: int) -> int:
    """The column of ``place``, from 0."""
    return place - line_start(text, place)


def line_break(text: str) -> str:
    """The line break that the text uses."""
    first = _BREAK.search(text)
    return first[0] if first else "\n"


class _Reader:
    """Builds the layout of the parser's events."""

    def __init__(self, text: str) -> None:
        self._text = text
        events: Iterator[Any] = yaml.parse(text, Loader=CoreLoader)
        self._events = (event for event in events if not isinstance(event, _FRAME))

    def root(self) -> AnyPart:
        return self._part(next(self._events))

    def _part(self, event: Any) -> AnyPart:
        begin, end = event.start_mark.index, event.end_mark.index
        anchor = event.anchor or ""
        if isinstance(event, yaml.AliasEvent):
            return AliasPart(begin, begin, end, anchor)
        match = _PROPERTIES.match(self._text, begin)
        start = match.end() if match and (anchor or event.tag) else begin
        if isinstance(event, yaml.ScalarEvent):
            style = event.style or ""
            if style in ("|", ">"):
                end = self._block_end(start, end)
            return ScalarPart(begin, min(start, end), end, anchor, str(event.value), style)
        flow = bool(event.flow_style)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(SequencePart(begin, start, end, anchor, flow))
        return self._pairs(MappingPart(begin, start, end, anchor, flow))

    def _block_end(self, start: int, end: int) -> int:
        """The end of a block text: without the line break after it, and the blank lines that are
        none of it."""
        text = self._text[start:end]
        header = text[: line_end(text, 0)]
        if "+" in header.partition("#")[0]:
            last = [match for match in _BREAK.finditer(text) if match.end() == len(text)]
            return start + (last[-1].start() if last else len(text))
        trailing = _TRAILING.search(text)
        return start + (trailing.start() if trailing else len(text))

    def _items(self, part: SequencePart) -> SequencePart:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            part.items.append(self._part(event))
        part.end = _end(event) if part.flow else _last_end(part, part.items)
        return part

    def _pairs(self, part: MappingPart) -> MappingPart:
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._part(event)
            part.pairs.append((key, self._part(next(self._events))))
        values = [item for _, item in part.pairs]
        part.end = _end(event) if part.flow else _last_end(part, values)
        return part


_FRAME = (
    yaml.StreamStartEvent,
    yaml.DocumentStartEvent,
    yaml.DocumentEndEvent,
    yaml.StreamEndEvent,
)


def _end(event: Any) -> int:
    return int(event.end_mark.index)


def _last_end(part: Part, inner: list[AnyPart]) -> int:
    """The end of a block: the parser's own is where the next thing begins."""
    return inner[-1].end if inner else part.start
