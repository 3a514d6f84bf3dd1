"""``${name}`` in the strings of a list: found once, filled in for each row of a table.

Filling happens on values that were read already and is never read as YAML again, so a cell may hold
quotation marks, line ends or anything else. ``$${`` stands for ``${`` itself.

Cells are taken as spreadsheets write them: blanks around a value do not count, nor does the width
of figures and signs, and ``3.0`` is a whole number. Prose is left as it is, because it is sent.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wanx_render.diagnostics import Diagnostic, did_you_mean, listed
from wanx_render.language import Message, tr
from wanx_render.shotlist.tables.table import Scalar, blank, stripped
from wanx_render.shotlist.values import in_ascii
from wanx_render.source import yaml_core
from wanx_render.source.yaml_source import Path, Source

OUTSIDE = ("vars", "matrix")  # keys whose strings are taken as they are
_MARK = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_PROSE = ("prompt", "negative_prompt", "caption", "label", "visible")  # keys of words for people
_WORDS = ("model", "resolution", "aspect", "size", "fit")  # keys whose words are ASCII
_WHOLLY = {"overlay": "image"}  # mappings that an empty cell leaves out, by the key it is under
_WHOLE = re.compile(r"([-+]?[0-9]+)\.0+")


@dataclass(frozen=True, slots=True)
class Template:
    """A string with variables: ``texts`` are what stands before, between and after them."""

    texts: tuple[str, ...]
    names: tuple[str, ...]
    open: bool = False  # whether a ``${`` is never closed

    @property
    def whole(self) -> bool:
        """Whether it is one variable and nothing else."""
        return len(self.names) == 1 and self.texts == ("", "")

    def text(self, values: Mapping[str, Scalar], *, bare: bool = False) -> str:
        """The string with what stands for each name; an unknown one is left as it is.

        ``bare``: without the blanks around a value.
        """
        parts = [self.texts[0]]
        for name, after in zip(self.names, self.texts[1:], strict=True):
            text = written(values[name]) if name in values else f"${{{name}}}"
            parts += (stripped(text) if bare else text, after)
        return "".join(parts)


def template(text: str) -> Template:
    """``text`` taken apart."""
    texts, names, open_ = [""], [], False
    at = 0
    for mark in _MARK.finditer(text):
        texts[-1] += text[at : mark.start()]
        at = mark.end()
        if mark[1] is not None:
            names.append(mark[1].strip())
            texts.append("")
        else:
            open_ = open_ or mark[0] == "${"
            texts[-1] += "${"
    texts[-1] += text[at:]
    return Template(tuple(texts), tuple(names), open_)


def written(value: Scalar) -> str:
    """A value as text, as it would be written in a list."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


class Templates:
    """Every string of a list that holds variables."""

    def __init__(
        self, source: Source, typed: frozenset[str], whole: frozenset[str] = frozenset()
    ) -> None:
        """``typed`` are the keys whose values may be other than text, ``whole`` whole numbers."""
        self._read = source
        self._typed = typed
        self._whole = whole
        top = source.value if isinstance(source.value, dict) else {}
        self.by_path = {
            path: template(text)
            for key, value in top.items()
            if key not in OUTSIDE
            for path, text in _strings(value, (key,))
            if "${" in text
        }
        self._tree: dict[str | int, Any] = {}
        for path, parts in self.by_path.items():
            branch = self._tree
            for part in path[:-1]:
                branch = branch.setdefault(part, {})
            branch[path[-1]] = parts

    def problems(self, names: Mapping[str, Any], columns: frozenset[str]) -> Iterator[Diagnostic]:
        """What is wrong with them; ``names`` are all that are known, ``columns`` the table's."""
        for path, mark in self.by_path.items():
            place = self._read.place(path)
            if mark.open:
                message = tr("a ${{ is never closed")
                hint = tr("write ${{name}}, or $${{ for the text ${{")
                yield Diagnostic("variable-unclosed", message, place, hint)
            for name in mark.names:
                if name not in names:
                    yield Diagnostic(
                        "variable-unknown",
                        tr("unknown variable or column {name!r}", name=name),
                        place,
                        did_you_mean(name, names) or _known(name, names),
                    )
                elif name in columns and path[0] not in ("defaults", "shots", "deliverables"):
                    yield Diagnostic(
                        "column-outside-shots",
                        tr("{key} cannot use the column {name!r}", key=path[0], name=name),
                        place,
                        tr("columns can be used in defaults, shots and deliverables"),
                    )

    def have(self, keys: Collection[str]) -> bool:
        """Whether one of them is under one of ``keys``."""
        return any(path[-1] in keys for path in self.by_path)

    def texts(self, keys: Collection[str], values: Mapping[str, Scalar]) -> Iterator[str]:
        """The strings with variables under one of ``keys``, filled in."""
        for path, mark in self.by_path.items():
            if path[-1] in keys:
                yield mark.text(values, bare=True)

    def fill(self, values: Mapping[str, Scalar]) -> Any:
        """The list's value with everything filled in."""
        return self._filled(self._read.value, self._tree, values, "")

    def _filled(
        self, value: Any, tree: Mapping[str | int, Any], values: Mapping[str, Scalar], key: str
    ) -> Any:
        if not tree:
            return value
        copy, left_out = value.copy(), []
        for part, branch in tree.items():
            inner = part if isinstance(part, str) else key
            if not isinstance(branch, Template):
                copy[part] = self._filled(copy[part], branch, values, inner)
                if copy[part] is None:
                    left_out.append(part)
            elif isinstance(part, str) and branch.whole and _is_blank(branch, values, part):
                if _WHOLLY.get(key) == part:
                    return None
                left_out.append(part)  # an empty cell: the key is left out
            else:
                copy[part] = self._one(branch, values, inner)
        for part in reversed(left_out):
            del copy[part]
        return copy

    def _one(self, mark: Template, values: Mapping[str, Scalar], key: str) -> Scalar:
        name = mark.names[0] if mark.names else ""
        if mark.whole and key in self._typed and name in values:
            return self._typed_value(values[name], key)
        text = mark.text(values, bare=key not in _PROSE)
        return in_ascii(text) if key in _WORDS else text

    def _typed_value(self, value: Scalar, key: str) -> Scalar:
        """What a cell means as a number or as true or false; text where it is none of these."""
        text = in_ascii(stripped(value)) if isinstance(value, str) else str(value)
        if key in self._whole and (number := _WHOLE.fullmatch(text)):
            return int(number[1])
        plain: Scalar = yaml_core.plain(text) if isinstance(value, str) else value
        return plain


def _is_blank(mark: Template, values: Mapping[str, Scalar], key: str) -> bool:
    """Whether nothing is to stand under ``key``. A prompt of blanks alone is sent as it is."""
    name = mark.names[0]
    if name not in values:
        return False
    return values[name] in (None, "") if key in _PROSE[:2] else blank(values[name])


def _known(name: str, names: Mapping[str, Any]) -> Message:
    if name in ("HOME", "USERPROFILE", "PWD"):
        return tr("variables of the system are not read; begin a path in your home with ~/")
    if not names:
        return tr("write it under vars, or write $${{ for the text ${{")
    return tr("known: {names}", names=listed(names, 12))


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every string under ``value``, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index))
