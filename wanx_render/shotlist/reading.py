"""A file that users write in YAML, read with an eye for the slips that ``slips`` knows; and changes
of what they wrote.

What is changed of a shot is written on the shot itself, also where its value came from ``defaults``
or an anchor. What a variable fills is not: it belongs to the table, or to ``vars``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import tr
from wanx_render.shotlist import paths
from wanx_render.shotlist.model import every_key
from wanx_render.shotlist.names import normal
from wanx_render.shotlist.tables.variables import template
from wanx_render.source import slips, yaml_source
from wanx_render.source.changes import Change, Remove, Set
from wanx_render.source.patching import FilePatch, patched
from wanx_render.source.writing import same
from wanx_render.source.yaml_source import Source


def read(file: Path, name: str, text: str | None = None) -> tuple[Source, tuple[Diagnostic, ...]]:
    """The file, called ``name`` in messages, and what in it is worth a warning; ``text`` is what it
    is to hold, instead of what it holds.

    Raises BadInput: where slips explain why it cannot be read, with these and nothing else.
    """
    text = _text(file, name) if text is None else text
    try:
        source = _parsed(text, name)
        findings = slips.in_values(source, every_key)
        if any(finding.severity == "error" for finding in findings):
            raise BadInput(*findings)
    except BadInput as problem:
        problem.texts = {name: text}
        raise
    return source, findings


def _text(file: Path, name: str) -> str:
    try:
        return yaml_source.text_of(file, name)
    except BadInput as problem:
        (found,) = problem.diagnostics
        if found.code != "file-unreadable" or not (hint := paths.list_hint(file)):
            raise
        raise BadInput(replace(found, hint=hint)) from None


def _parsed(text: str, name: str) -> Source:
    try:
        source = yaml_source.parse(text, name)
    except BadInput as problem:
        if all(found.code in _EXPLAINED for found in problem.diagnostics):
            causes = slips.in_text(text, name, every_key())
            if causes:
                raise BadInput(*causes) from None
        raise
    if not isinstance(source.value, dict) and (causes := slips.in_text(text, name, every_key())):
        raise BadInput(*causes)
    return source


# What a slip can be the cause of; other problems stand for themselves.
_EXPLAINED = ("yaml-syntax", "yaml-tab", "yaml-alias", "yaml-quotes")


# What a shot's key is given to have no value, where a value would come from elsewhere.
_EMPTY: dict[str, Any] = {"trim": {}, "duration": None}


@dataclass(frozen=True)
class ListFile:
    """A list's file as it was read at one moment."""

    file: Path
    name: str
    data: bytes
    source: Source

    @classmethod
    def read(cls, file: Path, name: str) -> "ListFile":
        """Raises BadInput where there is no list to change in it."""
        data = yaml_source.bytes_of(file, name)
        source = yaml_source.parse(yaml_source.decoded(data, name), name)
        if not isinstance(source.value, dict):
            message = tr("a shot list must be a mapping of keys")
            raise BadInput(Diagnostic("type-wrong", message, source.place(())))
        return cls(file, name, data, source)

    def patch(self, changes: Iterable[Change]) -> FilePatch:
        """The file with these changes. Raises BadInput where they cannot be made."""
        return FilePatch(self.file, self.name, self.data, patched(self.source, changes))

    def shot(self, name: str) -> int:
        """Where the shot of this name is in the list. Raises KeyError."""
        for index, shot in enumerate(self._items("shots")):
            if isinstance(shot, dict) and normal(str(shot.get("id"))) == name:
                return index
        raise KeyError(name)

    def _items(self, key: str) -> list[Any]:
        items = self.source.value.get(key)
        return items if isinstance(items, list) else []

    def written(self, index: int, key: str) -> Any:
        """The value of a shot's key as it is written, on the shot or in ``defaults``."""
        shot = self._items("shots")[index]
        defaults = self.source.value.get("defaults")
        return shot.get(key, defaults.get(key) if isinstance(defaults, dict) else None)

    def on_shot(self, index: int, key: str, value: Any) -> Iterator[Change]:
        """The change that gives a shot's key this value, where it has another; a value of None
        takes it away. Raises BadInput where a variable fills it."""
        before = self.written(index, key)
        if problem := self.filled(index, key):
            raise BadInput(problem)
        value, path = _escaped(value), ("shots", index, key)
        if same(before, value):
            return
        if value is not None:
            yield Set(path, value)
        elif before is not None and self._is_only_here(index, key):
            yield Remove(path)
        elif before is not None:
            yield Set(path, _EMPTY.get(key))

    def _is_only_here(self, index: int, key: str) -> bool:
        """Whether nothing gives the shot's key a value but the shot itself."""
        defaults = self.source.value.get("defaults")
        node = self.source.nodes[("shots", index)]
        own = {name.value for name, _ in node.value}
        return key in own and "<<" not in own and key not in (defaults or {})

    def on_deliverable(self, index: int, key: str, value: Any) -> Iterator[Change]:
        """The change that gives a deliverable's key this value; ``- 3:4`` becomes a mapping."""
        item = self._items("deliverables")[index]
        value = _escaped(value)
        if isinstance(item, str):
            yield Set(("deliverables", index), {"aspect": item, key: value})
        elif not same(item.get(key), value):
            yield Set(("deliverables", index, key), value)

    def filled(self, index: int, key: str) -> Diagnostic | None:
        """Why the value of a shot's key cannot be changed here: a variable fills it."""
        for path, text in _strings(self.written(index, key), ("shots", index, key)):
            if names := template(text).names:
                return self._filled_by(names[0], key, path)
        return None

    def _filled_by(self, name: str, key: str, path: yaml_source.Path) -> Diagnostic:
        place = path if path in self.source else ("defaults", *path[2:])
        if name in (self.source.value.get("vars") or {}):
            message = tr("{key} comes from the variable {name!r}", key=key, name=name)
            hint = tr("change it in vars; every shot that uses it changes too")
        else:
            message = tr("{key} comes from the column {name!r}", key=key, name=name)
            hint = tr("change it in the table")
        return Diagnostic("patch-refused", message, self.source.place(place), hint)


def _strings(value: Any, path: yaml_source.Path) -> Iterator[tuple[yaml_source.Path, str]]:
    if isinstance(value, str):
        yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, (*path, key))
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _strings(item, (*path, number))


def _escaped(value: Any) -> Any:
    """A value whose texts are read back as they are: ``${`` stands for a variable."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list) else value
