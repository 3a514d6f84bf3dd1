"""YAML text in, plain values with their places out, and back.

Texts mean what ``yaml_core`` says. Duplicate keys, unknown tags, recursive or too many aliases,
deep nesting and large files are refused with their place.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from decimal import InvalidOperation
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from wanx_render.diagnostics import Diagnostic, Span, in_order
from wanx_render.errors import BadInput
from wanx_render.files import write_atomically
from wanx_render.yaml_core import CORE, MERGE, STR, VALUES, CoreLoader, Writer, short_tag

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

Path = tuple[str | int, ...]

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 40
MAX_SEPARATORS = 300_000  # a list of 20,000 shots has about half of that
MAX_NODES = 1_000_000  # after aliases are expanded


@dataclass(frozen=True)
class Source:
    """A file as read: its text, its value, and where each part of the value stands.

    ``nodes`` maps a path such as ``("shots", 0, "model")`` to the value's node, ``keys`` to the
    node of its key; a span is made of one only when a message needs it.
    """

    file: str
    text: str
    value: Any
    nodes: dict[Path, Node]
    keys: dict[Path, Node]

    def __contains__(self, path: Path) -> bool:
        return path in self.nodes

    def place(self, path: Path) -> Span:
        """Where ``path`` stands, or its nearest parent that is in the file."""
        while path and path not in self.nodes:
            path = path[:-1]
        node = self.nodes.get(path)
        return _span(self.file, node) if node else Span(self.file, 1, 1)

    def key(self, path: Path) -> Span:
        node = self.keys.get(path)
        return _span(self.file, node) if node else self.place(path)


def _span(file: str, node: Node) -> Span:
    start, end = node.start_mark, node.end_mark
    length = end.column - start.column if end.line == start.line else 1
    return Span(file, start.line + 1, start.column + 1, max(length, 1))


def read(file: FilePath, name: str) -> Source:
    """Read the YAML file ``file``, called ``name`` in messages. Raises BadInput."""
    text = text_of(file, name)
    try:
        return parse(text, name)
    except BadInput as problem:
        problem.texts = {name: text}
        raise


def write(file: FilePath, value: Any, head: str = "") -> None:
    """Put ``value`` under ``head`` into ``file``, whole or not at all. Raises OSError."""
    text = yaml.dump(
        value, Dumper=Writer, allow_unicode=True, sort_keys=False, default_flow_style=None
    )
    write_atomically(file, head + text)


def packaged(file: "Traversable") -> Any:
    """The value of a YAML file that comes with the program."""
    return parse(file.read_text(encoding="utf-8"), file.name).value


def parse(text: str, name: str) -> Source:
    """Read YAML text, called ``name`` in messages. Raises BadInput."""
    if _might_overflow(text):
        raise BadInput(_too_deep(Span(name)))
    if text.count(",") + text.count("\n") > MAX_SEPARATORS:
        message = f"the file holds more than {MAX_SEPARATORS:,} lines and commas"
        raise BadInput(Diagnostic("yaml-too-large", message, Span(name)))
    try:
        loader = CoreLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise BadInput(_syntax(error, name, text)) from None
    except yaml.reader.ReaderError as error:
        message = f"the file holds a character that YAML does not allow: U+{_code(error):04X}"
        raise BadInput(Diagnostic("yaml-character", message, Span(name))) from None
    except RecursionError:
        raise BadInput(_too_deep(Span(name))) from None
    if node is None:
        raise BadInput(
            Diagnostic(
                "file-empty",
                "the file is empty: there is no shot list in it",
                Span(name),
                hint="`wanx-render init` writes an example to start from",
            )
        )
    walk = _Walk(name)
    value = walk.value(node, ())
    if walk.problems:
        raise BadInput(*in_order(walk.problems))
    return Source(name, text, value, walk.nodes, walk.keys)


# The C parser calls itself for each level and ends the process at some 30,000 of them.
_MANY = 4_000
_OPEN = re.compile(r"[\[{\]}]")
_DASHES = re.compile(r"(?:[-?:][ \t]+){4000}")


def _might_overflow(text: str) -> bool:
    """Whether brackets or dashes are nested so deep that parsing could end the process.

    Brackets in quoted text count too; nobody's prompts leave thousands of them open.
    """
    depth = 0
    for bracket in _OPEN.finditer(text):
        # Never below zero: closing brackets in a comment shall not hide what comes after it.
        depth = depth + 1 if bracket[0] in "[{" else max(depth - 1, 0)
        if depth > _MANY:
            return True
    return _DASHES.search(text) is not None


def text_of(file: FilePath, name: str, max_bytes: int = MAX_BYTES) -> str:
    """The text of ``file``, UTF-8 and of at most so many bytes. Raises BadInput."""
    if file.is_dir():
        raise BadInput(Diagnostic("file-unreadable", f"{name} is a folder, not a file"))
    try:
        with file.open("rb") as stream:
            raw = stream.read(max_bytes + 1)
    except OSError as error:
        raise BadInput(
            Diagnostic("file-unreadable", f"cannot read {name}: {error.strerror}")
        ) from None
    if len(raw) > max_bytes:
        limit = max_bytes // 1024 // 1024
        raise BadInput(Diagnostic("file-too-large", f"{name} is larger than {limit} MiB"))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadInput(
            Diagnostic(
                "file-not-utf8",
                f"the file is not UTF-8 text: byte {raw[error.start]:#04x}",
                Span(name, line, 1),
                hint="save it as UTF-8",
            )
        ) from None


def _syntax(error: yaml.MarkedYAMLError, name: str, text: str) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    span = Span(name, mark.line + 1, mark.column + 1) if mark else Span(name)
    problem = (error.problem or "it cannot be parsed").removeprefix("found ")
    lines = text.splitlines()
    here = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())] or "'\\t'" in problem:
        column = here.find("\t") + 1
        return Diagnostic(
            "yaml-tab",
            "a tab is used for indentation, which YAML does not allow",
            Span(name, span.line, max(column, 1)),
            hint="indent with spaces",
        )
    if "undefined alias" in problem:
        return Diagnostic("yaml-alias", f"{problem}: no anchor of that name comes before it", span)
    return Diagnostic("yaml-syntax", f"this is not valid YAML: {problem}", span)


def _code(error: yaml.reader.ReaderError) -> int:
    character = error.character
    return character if isinstance(character, int) else ord(character[:1])


def _too_deep(span: Span) -> Diagnostic:
    return Diagnostic("yaml-too-deep", f"the file is nested deeper than {MAX_DEPTH} levels", span)


@dataclass
class _Walk:
    """Turns nodes into values once, noting places and every problem on the way."""

    name: str
    problems: list[Diagnostic] = field(default_factory=list)
    nodes: dict[Path, Node] = field(default_factory=dict)
    keys: dict[Path, Node] = field(default_factory=dict)
    count: int = 0
    open: list[int] = field(default_factory=list)

    def span(self, node: Node) -> Span:
        return _span(self.name, node)

    def refuse(self, code: str, message: str, node: Node, hint: str = "") -> None:
        self.problems.append(Diagnostic(code, message, self.span(node), hint))

    def value(self, node: Node, path: Path) -> Any:
        self.count += 1
        if self.count > MAX_NODES:
            message = f"the file holds more than {MAX_NODES:,} values once aliases are expanded"
            raise BadInput(Diagnostic("yaml-too-large", message, self.span(node)))
        if len(self.open) > MAX_DEPTH:
            raise BadInput(_too_deep(self.span(node)))
        if id(node) in self.open:
            self.refuse("yaml-alias", "an alias refers to what it stands in", node)
            return None
        self.nodes[path] = node
        if isinstance(node, ScalarNode):
            return node.value if node.tag == STR else self.scalar(node)
        self.open.append(id(node))
        value: Any = None
        if isinstance(node, MappingNode):
            value = self.mapping(node, path)
        elif isinstance(node, SequenceNode):
            value = self.sequence(node, path)
        self.open.pop()
        return value

    def sequence(self, node: SequenceNode, path: Path) -> list[Any]:
        if node.tag != CORE + "seq":
            self.refuse("yaml-tag", f"unknown tag {short_tag(node.tag)}", node)
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        if node.tag != CORE + "map":
            self.refuse("yaml-tag", f"unknown tag {short_tag(node.tag)}", node)
        # Merged keys first, so that a key of the mapping's own takes over their place too.
        defaults: dict[str, Any] = {}
        for key, item in node.value:
            if key.tag == MERGE:
                defaults = {**self.merge(item, path), **defaults}
        self.nodes[path] = node
        own: dict[str, Any] = {}
        for key, item in node.value:
            if key.tag != MERGE:
                self.pair(key, item, path, own)
        return {**defaults, **own}

    def pair(self, key: Node, item: Node, path: Path, into: dict[str, Any]) -> None:
        if not isinstance(key, ScalarNode):
            self.refuse("yaml-key", "a key must be a plain word", key)
        elif key.value in into:
            message = f"the key {key.value!r} stands twice in the same mapping"
            self.refuse("duplicate-key", message, key, hint="remove one of the two")
        else:
            self.keys[(*path, key.value)] = key
            into[key.value] = self.value(item, (*path, key.value))

    def merge(self, node: Node, path: Path) -> dict[str, Any]:
        """The value of ``<<``: a mapping, or a list of mappings where the first one wins."""
        parts = node.value if isinstance(node, SequenceNode) else [node]
        result: dict[str, Any] = {}
        for part in parts:
            value = self.value(part, path)
            if not isinstance(value, dict):
                self.refuse("yaml-merge", "<< needs a mapping or a list of mappings", part)
                continue
            result = {**value, **result}
        return result

    def scalar(self, node: ScalarNode) -> Hashable:
        text = str(node.value)
        reader = VALUES.get(node.tag)
        if reader is None:
            self.refuse("yaml-tag", f"unknown tag {short_tag(node.tag)}", node)
            return None
        try:
            return reader(text)
        except (ValueError, InvalidOperation):
            message = f"{text[:40]!r} is not a {short_tag(node.tag)} that can be used"
            self.refuse("yaml-value", message, node)
            return None
