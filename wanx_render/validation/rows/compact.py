"""Many lists of one kind, kept as the first of them and what the others have differently.

A shot list is some kilobytes of objects; a table may stand for a hundred thousand of them.
"""

from dataclasses import dataclass
from typing import Any

from wanx_render.shotlist.model import AnyShot, Deliverable, ShotList

_PLAIN = (str, int, bool, type(None))  # values of which equal ones are the same


@dataclass(frozen=True, slots=True)
class _Differing:
    """A shot that differs from the one in its place in these fields."""

    names: tuple[str, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CompactList:
    """A shot list as what it has differently from ``first``; None where it is the same."""

    first: ShotList
    shots: tuple[AnyShot | _Differing | None, ...]
    deliverables: tuple[Deliverable, ...] | None

    def whole(self) -> ShotList:
        """The shot list, equal to the one that was made compact in every value."""
        shots = tuple(map(_restored, self.shots, self.first.shots))
        films = self.first.deliverables if self.deliverables is None else self.deliverables
        return self.first.model_copy(update={"shots": shots, "deliverables": films})


def compact(shots: ShotList, first: ShotList) -> CompactList | ShotList:
    """``shots`` in little, where it is a list of the kind of ``first``; else itself."""
    parts = ("shots", "deliverables")
    own, other = shots.__dict__, first.__dict__
    is_alike = len(shots.shots) == len(first.shots) and all(
        _same(own[name], other[name]) for name in own if name not in parts
    )
    if not is_alike or shots.model_fields_set != first.model_fields_set:
        return shots
    pairs = zip(shots.deliverables, first.deliverables, strict=False)
    are_same = len(shots.deliverables) == len(first.deliverables) and all(a is b for a, b in pairs)
    differing = tuple(map(_differing, shots.shots, first.shots))
    return CompactList(first, differing, None if are_same else shots.deliverables)


def _same(value: object, other: object) -> bool:
    if value is other:
        return True
    return type(value) is type(other) and isinstance(value, _PLAIN) and value == other


def _differing(shot: AnyShot, other: AnyShot) -> AnyShot | _Differing | None:
    if shot is other:
        return None
    if type(shot) is not type(other) or shot.model_fields_set != other.model_fields_set:
        return shot
    own, base = shot.__dict__, other.__dict__
    names = [name for name in own if own[name] is not base[name]]
    names = [name for name in names if not _same(own[name], base[name])]
    return _Differing(_shared(tuple(names)), tuple(own[name] for name in names))


_NAMES: dict[tuple[str, ...], tuple[str, ...]] = {}


def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    """The one tuple of these names that all shots hold."""
    return _NAMES.setdefault(names, names)


def _restored(shot: AnyShot | _Differing | None, other: AnyShot) -> AnyShot:
    if shot is None:
        return other
    if isinstance(shot, _Differing):
        return other.model_copy(update=dict(zip(shot.names, shot.values, strict=True)))
    return shot
