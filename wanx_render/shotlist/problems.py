"""Where things of a list stand, and what is wrong with a part of it, in our own words."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, get_args

from pydantic import BaseModel

from wanx_render import yaml_source
from wanx_render.diagnostics import Diagnostic, Span, did_you_mean
from wanx_render.language import NOTHING, Message
from wanx_render.shotlist.model import (
    FOR_ALL,
    AiLabel,
    Budget,
    CaptionStyle,
    Deliverable,
    LastFrame,
    Matrix,
    Shot,
    ShotList,
)
from wanx_render.shotlist.variables import Template
from wanx_render.yaml_source import Source


class Places:
    """Where things stand, knowing that a shot's value may come from ``defaults``, and some of a
    deliverable from the list."""

    def __init__(self, read: Source) -> None:
        self.read = read

    def of(self, path: yaml_source.Path) -> Span:
        return self.read.place(self._written(path))

    def key(self, path: yaml_source.Path) -> Span:
        return self.read.key(self._written(path))

    def _written(self, path: yaml_source.Path) -> yaml_source.Path:
        """``("shots", 3, "model")`` is at ``("defaults", "model")`` where the shot has none."""
        if len(path) >= 3 and path[0] == "shots" and path[:3] not in self.read:
            fallback = ("defaults", *path[2:])
            if fallback[:2] in self.read:
                return fallback
        # A key that the deliverable has not may be that of all deliverables.
        if len(path) >= 3 and path[0] == "deliverables" and path[2] in FOR_ALL:
            fallback = path[2:]
            if path[:4] not in self.read and fallback[:2] in self.read:
                return fallback
        return path


class RowPlaces(Places):
    """Where things stand for one row of a table: what came out of a cell stands in that cell."""

    def __init__(
        self,
        read: Source,
        templates: Mapping[yaml_source.Path, Template],
        cell: Callable[[str], Span | None],
    ) -> None:
        super().__init__(read)
        self._templates = templates
        self._cell = cell

    def of(self, path: yaml_source.Path) -> Span:
        place = super().of(path)
        path = self._written(path)
        while path and path not in self.read:
            path = path[:-1]
        template = self._templates.get(path)
        cells = (self._cell(name) for name in template.names) if template else ()
        cell = next(filter(None, cells), None)
        return replace(cell, via=place) if cell else place


class Problems:
    """All that is wrong or doubtful in a list, handed down while it is read and checked."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._all: list[Diagnostic] = []

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._all)

    def error(
        self, code: str, message: Message, at: yaml_source.Path, hint: Message = NOTHING
    ) -> None:
        """Add what keeps the list from being run; ``at`` is the path of a value."""
        self._all.append(Diagnostic(code, message, self.places.of(at), hint))

    def explain(self, problem: Any, at: yaml_source.Path) -> None:
        """Add one of pydantic's findings, in our own words."""
        self._all.append(explain(problem, at, self.places))

    def extend(self, problems: Iterable[Diagnostic]) -> None:
        self._all.extend(problems)


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "tuple_type": "a list",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "dict_type": "a mapping of keys",
}


def explain(problem: Any, path: yaml_source.Path, places: Places) -> Diagnostic:
    """A diagnostic for one of pydantic's findings; its own words are never shown."""
    last = str(path[-1]) if path else "the shot list"
    if path and isinstance(path[-1], int):
        last = f"this {str(path[0]).removesuffix('s')}"
    kind, context = problem["type"], problem.get("ctx") or {}
    if kind == "missing":
        where = "the shot list" if len(path) == 1 else f"this {str(path[0]).removesuffix('s')}"
        if len(path) > 3:
            where = f"this {path[-2]}"
        return Diagnostic("missing-key", f"{where} has no {last!r}", places.of(path[:-1]))
    if kind == "extra_forbidden":
        keys = sorted(_known_keys(path[:-1]))
        hint = did_you_mean(last, keys) or f"known keys: {', '.join(keys)}"
        return Diagnostic("unknown-key", f"unknown key {last!r}", places.key(path), hint)
    span = places.of(path)
    if kind == "wanx":
        if context["code"] == "size-not-exact":
            span = places.of((*path, "size"))
        return Diagnostic(context["code"], problem["msg"], span, context["hint"])
    if kind in _EXPECTED:
        return Diagnostic("type-wrong", f"{last} must be {_EXPECTED[kind]}", span)
    if kind == "literal_error":
        return Diagnostic("value-unknown", f"{last} must be {context['expected']}", span)
    if kind == "too_short":
        return Diagnostic("list-empty", f"{last} must hold at least one", span)
    bounds = {"greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}"}
    if kind in bounds:
        limit = bounds[kind].format(**context)
        return Diagnostic("value-out-of-range", f"{last} must be {limit}", span)
    return Diagnostic("value-invalid", f"{last} is not valid here", span)


_BY_PLACE: tuple[tuple[str, type[BaseModel]], ...] = (
    ("shots", Shot),
    ("deliverables", Deliverable),
    ("budget", Budget),
    ("label", AiLabel),
    ("caption_style", CaptionStyle),
    ("matrix", Matrix),
)


def _known_keys(path: yaml_source.Path) -> set[str]:
    """The keys allowed in the mapping at ``path``."""
    if not path:
        return {*ShotList.model_fields, "defaults", "vars", "matrix"}
    model: type[BaseModel] | None = dict(_BY_PLACE).get(str(path[0]))
    for part in path[1:]:
        if model and isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            model = LastFrame if part == "image" else _mapping_in(annotation)
    return {field.alias or key for key, field in model.model_fields.items()} if model else set()


def _mapping_in(annotation: Any) -> type[BaseModel] | None:
    """The class of a mapping among the types that a field may have."""
    kinds = (annotation, *get_args(annotation))
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
