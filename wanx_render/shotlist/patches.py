"""A list's file and a change of it: shown as a difference, written only where a person says so.

What is changed of a shot is written on the shot itself, also where its value came from ``defaults``
or an anchor. What a variable fills is not: it belongs to the table, or to ``vars``.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wanx_render.diagnostics import Diagnostic, Span
from wanx_render.errors import BadInput
from wanx_render.files import sha256_of, write_atomically
from wanx_render.language import tr
from wanx_render.shotlist.names import normal
from wanx_render.shotlist.variables import template
from wanx_render.source import yaml_source
from wanx_render.source.changes import Change, Remove, Set
from wanx_render.source.patching import patched, unified
from wanx_render.source.writing import same
from wanx_render.source.yaml_source import Source

_BOM = "\ufeff"
# What a shot's key is given to have no value, where a value would come from elsewhere.
_EMPTY: dict[str, Any] = {"trim": {}, "duration": None}


@dataclass(frozen=True)
class ListPatch:
    """What a list's file is to hold instead of what it held when it was read."""

    file: Path
    name: str
    before: bytes
    after: Source

    @property
    def data(self) -> bytes:
        """The file's new content; a byte order mark stays."""
        bom = _BOM if self.before.startswith(_BOM.encode()) else ""
        return (bom + self.after.text).encode()

    @property
    def diff(self) -> str:
        """The change as ``patch -p0`` takes it; nothing where there is none."""
        return unified(self.before.decode(), self.data.decode(), self.name)

    @property
    def token(self) -> str:
        """What names this very change of this very file."""
        return sha256_of(self.before + b"\0" + self.data)[:32]

    def save(self) -> None:
        """Write the file, unless it is another than was read. Raises BadInput."""
        if yaml_source.bytes_of(self.file, self.name) != self.before:
            message = tr("{file} was changed by another program", file=self.name)
            hint = tr("look at the change again, then save it")
            raise BadInput(Diagnostic("list-changed", message, Span(self.name), hint))
        try:
            target = self.file.resolve()
            mode = stat.S_IMODE(target.stat().st_mode)
            if not mode & stat.S_IWUSR:  # another file can take its place all the same
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            write_atomically(target, self.data, mode=mode)
        except OSError as error:
            message = tr("cannot write {file}: {reason}", file=self.name, reason=error.strerror)
            raise BadInput(Diagnostic("list-unwritable", message)) from None


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

    def patch(self, changes: Iterable[Change]) -> ListPatch:
        """The file with these changes. Raises BadInput where they cannot be made."""
        return ListPatch(self.file, self.name, self.data, patched(self.source, changes))

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
