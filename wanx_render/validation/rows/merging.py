"""``defaults`` laid under every shot, and what is for all deliverables under each of them.

A part of a list that no variable is in is the same value in every row of a table. It is merged
once, and its identity shows that it is the one of the row before.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import tr
from wanx_render.shotlist.model import (
    FOR_ALL,
    SOURCES,
    AnyShot,
    ClipShot,
    GeneratedShot,
    StillShot,
    keys_of,
    kind_of,
)
from wanx_render.shotlist.problems import Places
from wanx_render.shotlist.tables.variables import OUTSIDE
from wanx_render.source import yaml_source

_OF_GENERATED = keys_of(GeneratedShot) - keys_of(StillShot)
# What ``defaults`` do not give to shots of the other kinds.
_NOT_FOR: Mapping[type[AnyShot], frozenset[str]] = {
    GeneratedShot: keys_of(StillShot) - keys_of(GeneratedShot),
    ClipShot: (_OF_GENERATED | keys_of(StillShot)) - keys_of(ClipShot),
    StillShot: frozenset({*_OF_GENERATED, "duration"}),
}


_PARTS = ("defaults", "shots", "deliverables")


class Merging:
    """Merges the parts of a list that was written as ``original``."""

    def __init__(self, original: Mapping[str, Any], paths: Iterable[yaml_source.Path]) -> None:
        """``paths`` are those of its strings with variables.

        ``has_fixed_rest``: whether no more than shots and deliverables can differ by rows.
        """
        self._original = original
        self.has_fixed_rest = all(path[0] in _PARTS for path in paths)
        self._items: dict[tuple[str, int], Any] = {}  # merged; of parts without variables

    def is_fixed(self, key: str, index: int, item: Any) -> bool:
        """Whether a merged shot or deliverable is the same in every row."""
        return self._items.get((key, index), self) is item

    def merged(self, value: dict[str, Any], places: Places) -> dict[str, Any]:
        """The list's value with everything merged. Raises BadInput."""
        defaults, shots = _defaults(value, places), value.get("shots")
        merged = {k: item for k, item in value.items() if k != "defaults" and k not in OUTSIDE}
        if isinstance(shots, list):
            is_fixed = value.get("defaults") is self._original.get("defaults")
            merged["shots"] = self._all(
                "shots", shots, lambda shot: _under_shot(defaults, shot), is_fixed
            )
        films = value.get("deliverables")
        if isinstance(films, list):
            common = {key: value[key] for key in FOR_ALL if key in value}
            is_fixed = all(item is self._original[key] for key, item in common.items())
            merged["deliverables"] = self._all(
                "deliverables", films, lambda film: _under(common, film), is_fixed
            )
        return merged

    def _all(
        self, key: str, items: list[Any], merge: Callable[[Any], Any], is_fixed: bool
    ) -> list[Any]:
        """``items`` merged; ``is_fixed``: what is laid under them has no variables."""
        written = self._original[key]
        merged = []
        for index, item in enumerate(items):
            if not (is_fixed and item is written[index]):
                merged.append(merge(item))
                continue
            if (key, index) not in self._items:
                self._items[(key, index)] = merge(item)
            merged.append(self._items[(key, index)])
        return merged


def _under_shot(defaults: dict[str, Any], shot: Any) -> Any:
    """A shot as written, with those of the defaults laid under it that its kind can have."""
    if not isinstance(shot, dict):
        return shot
    has_source = any(key in shot for key in SOURCES)
    kind = kind_of(shot if has_source else {**defaults, **shot})
    apart = {*_NOT_FOR[kind], *(SOURCES if has_source else ())}
    return {**{key: item for key, item in defaults.items() if key not in apart}, **shot}


def _defaults(value: dict[str, Any], places: Places) -> dict[str, Any]:
    defaults = value.get("defaults")
    if defaults is None:
        return {}
    if not isinstance(defaults, dict):
        message = tr("defaults must be a mapping of keys")
        raise BadInput(Diagnostic("type-wrong", message, places.of(("defaults",))))
    if "id" in defaults:
        message = tr("defaults cannot have an id; each shot needs its own")
        raise BadInput(Diagnostic("unknown-key", message, places.key(("defaults", "id"))))
    return defaults


def _under(common: dict[str, Any], deliverable: Any) -> Any:
    """A deliverable as written, with what the list says for all of them laid under it."""
    if not common:
        return deliverable
    if isinstance(deliverable, str):
        deliverable = {"aspect": deliverable}
    if not isinstance(deliverable, dict):
        return deliverable
    item = {**common, **deliverable}
    for key, short in (("caption_style", ""), ("label", "visible")):
        first, second = common.get(key), deliverable.get(key)
        if short and isinstance(first, str) and first != "none":
            first = {short: first}
        if isinstance(first, dict) and isinstance(second, dict):
            item[key] = {**first, **second}
    return item
