"""Changes of values, and what they make of a value; where it is in a text is not known here."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from wanx_render.source.writing import same
from wanx_render.source.yaml_source import Path


class _Nothing(Enum):
    KEEP = 0
    REMOVE = 1


@dataclass(frozen=True)
class Set:
    """Give the value at ``path``, which may be a new key of a mapping."""

    path: Path
    value: Any


@dataclass(frozen=True)
class Remove:
    """Remove the key or the item at ``path``."""

    path: Path


@dataclass(frozen=True)
class Insert:
    """Insert an item before the one at ``path``; one past the last appends it."""

    path: Path
    value: Any


Change = Set | Remove | Insert


@dataclass
class DesiredChange:
    """What is to become of a value and of what is in it."""

    value: Any = _Nothing.KEEP
    inner: dict[str | int, "DesiredChange"] = field(default_factory=dict)
    inserts: dict[int, list[Any]] = field(default_factory=dict)

    def add(self, change: Change) -> None:
        match change:
            case Set(path, value):
                self._at(path).value = value
            case Remove(path):
                self._at(path).value = _Nothing.REMOVE
            case Insert((*path, int(number)), value):
                self._at(tuple(path)).inserts.setdefault(number, []).append(value)
            case Insert(path):
                raise ValueError(path)

    def _at(self, path: Path) -> "DesiredChange":
        wish = self
        for part in path:
            wish = wish.inner.setdefault(part, DesiredChange())
        return wish

    @property
    def is_removal(self) -> bool:
        return self.value is _Nothing.REMOVE

    def of(self, old: Any) -> Any:
        """What becomes of ``old``. A mapping that is wished for where one was is taken key by key,
        a list of the same length item by item, so that what stays the same is left alone."""
        if self.value is not _Nothing.KEEP:
            self.inner = _differences(old, self.value)
            return self.value
        if not self.inner and not self.inserts:
            return old
        return self._of_list(old) if isinstance(old, list) else self._of_mapping(old or {})

    def _of_mapping(self, old: dict[str, Any]) -> dict[str, Any]:
        new = dict(old)
        for key, wish in self.inner.items():
            if wish.is_removal:
                new.pop(str(key), None)
            else:
                new[str(key)] = wish.of(old.get(str(key)))
        return new

    def _of_list(self, old: list[Any]) -> list[Any]:
        new = []
        for number, item in enumerate([*old, None]):
            new += self.inserts.get(number, [])
            wish = self.inner.get(number)
            if number < len(old) and not (wish and wish.is_removal):
                new.append(wish.of(item) if wish else item)
        return new


def _differences(old: Any, new: Any) -> dict[str | int, DesiredChange]:
    """What differs between two mappings or two lists of one length, as wishes."""
    wishes: dict[str | int, DesiredChange] = {}
    if isinstance(old, dict) and isinstance(new, dict):
        wishes = {key: DesiredChange(_Nothing.REMOVE) for key in old if key not in new}
        for key, item in new.items():
            if key not in old or not same(old[key], item):
                wishes[key] = _wish_for(old.get(key), item)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, item) in enumerate(zip(old, new, strict=True)):
            if not same(before, item):
                wishes[number] = _wish_for(before, item)
    return wishes


def _wish_for(old: Any, new: Any) -> DesiredChange:
    return DesiredChange(new, _differences(old, new))
