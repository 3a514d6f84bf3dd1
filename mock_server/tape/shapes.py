"""The shape of an answer: which fields it has, and of which type each is; not its values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ABSENT = "absent"
_NAMES = {bool: "boolean", str: "string", list: "list", dict: "object", type(None): "null"}


@dataclass(frozen=True, slots=True)
class ShapeDifference:
    """One place in which recorded answers and the emulator's differ."""

    exchange: int
    subject: str
    place: str
    recorded: str
    emulated: str
    count: int = 1

    @property
    def kind(self) -> tuple[str, str, str, str]:
        """What equal differences of several exchanges have in common."""
        return (self.subject, self.place, self.recorded, self.emulated)


def type_name(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return _NAMES[type(value)]


def shape_of(value: Any, place: str = "") -> dict[str, set[str]]:
    """The types at each path; all members of a list are at ``*``."""
    shape: dict[str, set[str]] = {}
    for path, name in _fields(value, place):
        shape.setdefault(path, set()).add(name)
    return shape


def _fields(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if place:
        yield place, type_name(value)
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _fields(item, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _fields(item, f"{place}.*" if place else "*")


def differing(recorded: Any, emulated: Any) -> Iterator[tuple[str, str, str]]:
    """Path and types where two bodies differ; below what one lacks nothing more is named."""
    left, right = shape_of(recorded), shape_of(emulated)
    lacking: list[str] = []
    for path in sorted({*left, *right}):
        if any(path.startswith(f"{parent}.") for parent in lacking):
            continue
        recorded_types, emulated_types = left.get(path), right.get(path)
        if recorded_types is None or emulated_types is None:
            lacking.append(path)
        if recorded_types != emulated_types and not (
            recorded_types and emulated_types and recorded_types & emulated_types
        ):
            yield path, _shown(recorded_types), _shown(emulated_types)


def _shown(types: set[str] | None) -> str:
    return " or ".join(sorted(types)) if types else ABSENT
