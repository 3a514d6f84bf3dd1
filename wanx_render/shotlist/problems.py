"""Where things of a list stand, and what is wrong with a part of it, in our own words."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from wanx_render.diagnostics import Diagnostic, Span, did_you_mean, listed
from wanx_render.language import NOTHING, Message, joined, tr, verbatim
from wanx_render.shotlist import key_names
from wanx_render.shotlist.inputs import LastFrame, MadePicture, ReferenceFile
from wanx_render.shotlist.model import (
    FOR_ALL,
    SOURCES,
    AiLabel,
    Budget,
    CaptionStyle,
    Deliverable,
    Matrix,
    ShotList,
    keys_of,
    kind_of,
)
from wanx_render.shotlist.tables.variables import Template
from wanx_render.shotlist.values import in_ascii
from wanx_render.source import yaml_source
from wanx_render.source.yaml_source import Source


class Places:
    """Where things stand, knowing that a shot's value may come from ``defaults``, and some of a
    deliverable from the list."""

    def __init__(self, read: Source) -> None:
        self.read = read

    def of(self, path: yaml_source.Path) -> Span:
        return self.read.place(self._written(path))

    def key(self, path: yaml_source.Path) -> Span:
        return self.read.key(self._written(path))

    def holds(self, path: yaml_source.Path) -> bool:
        """Whether anything is written there, or in ``defaults``."""
        return self._written(path) in self.read

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
        # One overlay stands for a list of it.
        if len(path) > 3 and path[2:4] == ("overlay", 0) and path[:4] not in self.read:
            return (*path[:3], *path[4:])
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

    def explain(self, problems: Sequence[tuple[yaml_source.Path, Any]]) -> None:
        """Add pydantic's findings and their paths, in our own words.

        A key that is only misspelt is unknown, and not missing too.
        """
        unknown = [path for path, problem in problems if problem["type"] == "extra_forbidden"]
        for path, problem in problems:
            if problem["type"] == "missing" and self._is_misspelt(path, unknown):
                continue
            self._all.append(explain(problem, path, self.places))

    def _is_misspelt(self, missing: yaml_source.Path, unknown: Iterable[yaml_source.Path]) -> bool:
        """Whether the hint of an unknown key of the same mapping names the missing one."""
        keys = _known_keys(missing[:-1], self.places)
        return any(
            path[:-1] == missing[:-1] and means(str(path[-1]), str(missing[-1]), keys)
            for path in unknown
        )

    def extend(self, problems: Iterable[Diagnostic]) -> None:
        self._all.extend(problems)


_TEXT, _WHOLE, _NUMBER = tr("text"), tr("a whole number"), tr("a number")
_TRUTH, _LIST, _MAPPING = tr("true or false"), tr("a list"), tr("a mapping of keys")
_EXPECTED = {
    "string_type": _TEXT,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "tuple_type": _LIST,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dict_type": _MAPPING,
}
_ITEMS = {"shots": tr("this shot"), "deliverables": tr("this deliverable")}
_ITEM, _WHOLE_LIST = tr("this item"), tr("the shot list")


def explain(problem: Any, path: yaml_source.Path, places: Places) -> Diagnostic:
    """A diagnostic for one of pydantic's findings; its own words are never shown."""
    if path[-1:] == ("[key]",):  # pydantic's way to name a key instead of its value
        path = path[:-1]
    kind, last = problem["type"], str(path[-1]) if path else ""
    if kind == "missing":
        message = tr("{where} has no {key!r}", where=_where(path[:-1]), key=last)
        return Diagnostic("missing-key", message, places.of(path[:-1]), _source_hint(path))
    if kind == "extra_forbidden":
        if conflict := _of_other_shot(path, places):
            return conflict
        hint = _of_known_keys(last, path, places)
        return Diagnostic(
            "unknown-key", tr("unknown key {key!r}", key=last), places.key(path), hint
        )
    context = problem.get("ctx") or {}
    if kind == "wanx":
        inner = (*path, "size") if context["code"] == "size-not-exact" else path
        return Diagnostic(context["code"], context["message"], places.of(inner), context["hint"])
    code, message = _of_value(kind, context, _subject(path))
    hint = _in_ascii(path, places) or _one_of(problem, context) or _as_list(problem)
    return Diagnostic(code, message, places.of(path), hint)


# What goes with the person who runs a list and not with the list, and the variable that holds it.
_OF_THE_PERSON = {
    "workspace": "DASHSCOPE_WORKSPACE",
    "workspace_id": "DASHSCOPE_WORKSPACE",
    "api_key": "DASHSCOPE_API_KEY",
}


def _of_known_keys(key: str, path: yaml_source.Path, places: Places) -> Message:
    """Which key was meant, or that a comma in a number made a key of what follows it."""
    if key.isdecimal() and places.read.in_brackets(path):
        return tr("write decimals with a point, such as 0.5")
    if name := _OF_THE_PERSON.get(key.lower()):
        return tr("set {name} in the environment or in .env", name=name)
    if " " in key and places.read.in_brackets(path):
        return tr("put the text in quotes: inside {{...}} a comma ends it")
    keys = sorted(_known_keys(path[:-1], places))
    return _instead(key, keys) or tr("known keys: {keys}", keys=listed(keys, len(keys)))


def _instead(key: str, keys: Sequence[str]) -> Message:
    """What to write instead of an unknown key, by its meaning or its spelling, or nothing."""
    return key_names.hint(key, keys) or did_you_mean(key, keys)


def means(unknown: str, key: str, keys: Iterable[str]) -> bool:
    """Whether the hint of an unknown key is that ``key``, one of the known ``keys``, is meant."""
    return _instead(unknown, sorted(keys)) == tr("did you mean {name!r}?", name=key)


def _of_value(kind: str, context: Mapping[str, Any], subject: Message) -> tuple[str, Message]:
    """The code and sentence of what pydantic finds wrong with a value."""
    if kind in _EXPECTED:
        return "type-wrong", _must_be(subject, _EXPECTED[kind])
    if kind == "literal_error":
        names = _names(context)
        if len(names) == 1:
            message = tr("{key} must be {value}", key=subject, value=names[0])
        else:
            among = listed(names, len(names))
            message = tr("{key} must be one of {names}", key=subject, names=among)
        return "value-unknown", message
    if kind == "too_short":
        return "list-empty", tr("{key} must have at least one item", key=subject)
    if kind == "greater_than_equal":
        message = tr("{key} must be at least {limit}", key=subject, limit=context["ge"])
        return "value-out-of-range", message
    if kind == "less_than_equal":
        message = tr("{key} must be at most {limit}", key=subject, limit=context["le"])
        return "value-out-of-range", message
    return "value-invalid", tr("{key} has no valid value", key=subject)


def _names(context: Mapping[str, Any]) -> list[str]:
    """The values that a key may have, where it has a choice of them."""
    return re.findall(r"[^\s',]+(?=')|^\d+$", str(context.get("expected", "")))


def _one_of(problem: Any, context: Mapping[str, Any]) -> Message:
    """The name that was meant where another was written, or that the value is what is wrong."""
    value, names = str(problem.get("input", ""))[:40], _names(context)
    if problem["type"] != "literal_error" or not value:
        return NOTHING
    return did_you_mean(value.lower(), names) or tr("{value!r} is none of them", value=value)


def _as_list(problem: Any) -> Message:
    """How to write one name where a list of them is expected."""
    value = problem.get("input")
    if problem["type"] != "tuple_type" or not isinstance(value, str) or len(value) > _SHORT:
        return NOTHING
    return tr("write a list: [{value}]", value=value)


_SHORT = 60


def _must_be(subject: Message, expected: Message) -> Message:
    if expected is _TRUTH:
        return tr("{key} must be {value}", key=subject, value=expected)
    if subject in (*_ITEMS.values(), _ITEM):
        return tr("{item} must be {expected}", item=subject, expected=expected)
    return tr("{key} must be {expected}", key=subject, expected=expected)


def _subject(path: yaml_source.Path) -> Message:
    """What the sentence is about: the last key, or the item of a list."""
    if path and isinstance(path[-1], str):
        return verbatim(path[-1])
    if len(path) > 2:
        return _where(path)
    return _ITEMS.get(str(path[0]), _ITEM) if path else _WHOLE_LIST


def _where(path: yaml_source.Path) -> Message:
    """The mapping at ``path``, such as "this shot" or "this trim"."""
    if not path:
        return _WHOLE_LIST
    if len(path) > 2 and isinstance(path[-1], int):
        return tr("this item of {key}", key=path[-2])
    if len(path) > 2:
        return tr("this {key}", key=path[-1])
    return _ITEMS.get(str(path[0]), verbatim(str(path[0])))


def _in_ascii(path: yaml_source.Path, places: Places) -> Message:
    """A hint where a value would do but for signs of another width."""
    text = places.read.text_at(path)
    plain = in_ascii(text)
    return tr("type it as {plain}", plain=plain) if plain != text else NOTHING


_BY_PLACE: tuple[tuple[str, type[BaseModel]], ...] = (
    ("deliverables", Deliverable),
    ("budget", Budget),
    ("label", AiLabel),
    ("caption_style", CaptionStyle),
    ("matrix", Matrix),
)


def _source_hint(path: yaml_source.Path) -> Message:
    """What a shot may have where nothing says what it shows."""
    if len(path) == 3 and path[0] == "shots" and path[2] == "duration":
        return tr("say how long the picture is shown, such as duration: 2.5")
    if path[-2:] == ("image", "model"):
        return tr("name a picture model, which makes the first frame; see wanx-render models")
    return NOTHING


def _of_other_shot(path: yaml_source.Path, places: Places) -> Diagnostic | None:
    """A key that only shots of another kind have, such as the prompt of own footage."""
    if len(path) != 3 or path[0] != "shots":
        return None
    kind, key = _kind_at(path[:2], places), str(path[2])
    own = next(
        (name for name in SOURCES if name != key and (*path[:2], name) in places.read),
        next(name for name, shot in SOURCES.items() if shot is kind),
    )
    others = [name for name, shot in SOURCES.items() if key in keys_of(shot)]
    if not others:
        return None
    if key in SOURCES:
        message = tr("{key} and {other} exclude each other", key=own, other=key)
        hint = tr("a shot has only one of {names}", names=joined(SOURCES, tr(", ")))
        return Diagnostic("shot-sources", message, places.key(path), hint)
    message = tr("a shot with {own} has no {key}", own=own, key=key)
    hint = tr("remove {key}; it belongs to shots with {names}", key=key, names=listed(others))
    return Diagnostic("key-of-other-shot", message, places.key(path), hint)


def _kind_at(path: yaml_source.Path, places: Places) -> type[BaseModel]:
    """The kind of the shot at ``path``; ``defaults`` may hold what it shows."""
    keys = {key: None for key in SOURCES if (*path, key) in places.read}
    return kind_of(keys)


def _known_keys(path: yaml_source.Path, places: Places) -> set[str]:
    """The keys allowed in the mapping at ``path``."""
    if not path:
        return {*ShotList.model_fields, "defaults", "vars", "matrix"}
    model: type[BaseModel] | None = dict(_BY_PLACE).get(str(path[0]))
    if path[0] == "shots":
        model = _kind_at(path[:2], places)
    for part in path[1:]:
        if model and isinstance(part, str) and part in keys_of(model):
            annotation = _field(model, part).annotation
            model = _frame_at(path, places) if part == "image" else _mapping_in(annotation)
            model = ReferenceFile if part == "references" else model
    keys = set(keys_of(model)) if model else set()
    has_source = any((*path, source) in places.read for source in SOURCES)
    if path[0] == "shots" and len(path) == 2 and not has_source:
        keys.update(SOURCES)
    return keys


def _field(model: type[BaseModel], key: str) -> FieldInfo:
    """The field that a list writes as ``key``."""
    return next(f for name, f in model.model_fields.items() if (f.alias or name) == key)


def _frame_at(path: yaml_source.Path, places: Places) -> type[BaseModel]:
    """The kind of first frame at ``path``, by the keys that are written there."""
    is_made = any(places.holds((*path, key)) for key in ("model", "prompt"))
    return MadePicture if is_made and not places.holds((*path, "shot")) else LastFrame


def _mapping_in(annotation: Any) -> type[BaseModel] | None:
    """The class of a mapping among the types that a field may have."""
    kinds = (annotation, *get_args(annotation))
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
