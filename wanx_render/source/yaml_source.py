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
from wanx_render.language import NOTHING, Message, tr
from wanx_render.source.yaml_core import CORE, MERGE, STR, VALUES, CoreLoader, Writer, short_tag

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

    def raw(self, path: Path) -> str:
        """A plain value as it is written, over all its lines; nothing for any other."""
        node = self.nodes[path]
        if not isinstance(node, ScalarNode) or node.style:
            return ""
        return self.text[node.start_mark.index : node.end_mark.index]

    def text_at(self, path: Path) -> str:
        """The text of a single value; nothing where ``path`` leads to none."""
        node = self.nodes.get(path)
        return str(node.value) if isinstance(node, ScalarNode) else ""

    def in_brackets(self, path: Path) -> bool:
        """Whether a value is an item of ``[...]`` or ``{...}``."""
        return bool(getattr(self.nodes.get(path[:-1]), "flow_style", False))

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
    if place := _overflow(text):
        raise BadInput(_too_deep(_span_at(name, text, place)))
    if text.count(",") + text.count("\n") > MAX_SEPARATORS:
        message = tr("the file has more than {limit} lines and commas", limit=f"{MAX_SEPARATORS:,}")
        raise BadInput(Diagnostic("yaml-too-large", message, Span(name, 1, 1)))
    node = _node(text, name)
    if node is None:
        raise BadInput(
            Diagnostic(
                "file-empty",
                tr("the file is empty"),
                Span(name, 1, 1),
                tr("write a list with `wanx-render init`"),
            )
        )
    if "*" in text:
        _count_values(node, name, {})
    walk = _Walk(name)
    value = walk.value(node, ())
    if walk.problems:
        raise BadInput(*in_order(walk.problems))
    return Source(name, text, value, walk.nodes, walk.keys)


def _count_values(node: Node, name: str, counts: dict[int, int]) -> int:
    """How many values a node stands for once aliases are expanded; ``counts`` by node.

    A node is counted once however many aliases lead to it, so that a few lines which stand for
    millions of values are refused before they are read. Raises BadInput.
    """
    if id(node) in counts:
        return counts[id(node)]
    counts[id(node)] = 1  # for an alias inside its own anchor, which is refused later
    parts: list[Node] = []
    if isinstance(node, SequenceNode):
        parts = node.value
    elif isinstance(node, MappingNode):
        parts = [item for _, item in node.value]
    count = 1 + sum(_count_values(part, name, counts) for part in parts)
    if count > MAX_NODES:
        limit = f"{MAX_NODES:,}"
        message = tr("the file has more than {limit} values once aliases are expanded", limit=limit)
        raise BadInput(Diagnostic("yaml-too-large", message, _span(name, node)))
    counts[id(node)] = count
    return count


def _node(text: str, name: str) -> Node | None:
    """The root of the parsed text, or None where it holds nothing. Raises BadInput."""
    try:
        loader = CoreLoader(text)
        try:
            root: Node | None = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise BadInput(_syntax(error, name, text)) from None
    except yaml.reader.ReaderError as error:
        message = tr("YAML does not allow the character U+{code:04X}", code=_code(error))
        span = _span_at(name, text, error.position)
        raise BadInput(Diagnostic("yaml-character", message, span, tr("delete it"))) from None
    except RecursionError:
        raise BadInput(_too_deep(Span(name, 1, 1))) from None
    return root


def _span_at(name: str, text: str, offset: int) -> Span:
    before = text[:offset]
    return Span(name, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


# The C parser calls itself for each level and ends the process at some 30,000 of them.
_MANY = 4_000
_OPEN = re.compile(r"[\[{\]}]")
_DASHES = re.compile(r"(?:[-?:][ \t]+){4000}")


def _overflow(text: str) -> int:
    """Where brackets or dashes are nested so deep that parsing could end the process; else 0.

    Brackets in quoted text count too; nobody's prompts leave thousands of them open.
    """
    depth = 0
    for bracket in _OPEN.finditer(text):
        # Never below zero: closing brackets in a comment shall not hide what comes after it.
        depth = depth + 1 if bracket[0] in "[{" else max(depth - 1, 0)
        if depth > _MANY:
            return bracket.start()
    dashes = _DASHES.search(text)
    return dashes.end() if dashes else 0


def text_of(file: FilePath, name: str, max_bytes: int = MAX_BYTES) -> str:
    """The text of ``file``, UTF-8 and of at most so many bytes. Raises BadInput."""
    return decoded(bytes_of(file, name, max_bytes), name)


def decoded(raw: bytes, name: str) -> str:
    """The text of a file's bytes, which must be UTF-8. Raises BadInput."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(_not_utf8(raw, error, name)) from None


def bytes_of(file: FilePath, name: str, max_bytes: int = MAX_BYTES) -> bytes:
    """What ``file`` holds, of at most so many bytes. Raises BadInput."""
    if file.is_dir():
        message = tr("{name} is a folder, not a file", name=name)
        raise BadInput(Diagnostic("file-unreadable", message))
    try:
        with file.open("rb") as stream:
            raw = stream.read(max_bytes + 1)
    except FileNotFoundError:
        message = tr("{name} does not exist", name=name)
        raise BadInput(Diagnostic("file-unreadable", message)) from None
    except OSError as error:
        message = tr("cannot read {name}: {reason}", name=name, reason=error.strerror)
        raise BadInput(Diagnostic("file-unreadable", message)) from None
    if len(raw) > max_bytes:
        limit = max_bytes // 1024 // 1024
        message = tr("{name} is larger than {limit} MiB", name=name, limit=limit)
        raise BadInput(Diagnostic("file-too-large", message))
    return raw


def _not_utf8(raw: bytes, error: UnicodeDecodeError, name: str) -> Diagnostic:
    before = raw[: error.start]
    line_start = before.rfind(b"\n") + 1
    column = len(before[line_start:].decode("utf-8-sig", "replace")) + 1
    span = Span(name, before.count(b"\n") + 1, column)
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        message = tr("the file is UTF-16 text, not UTF-8")
    else:
        message = tr("the file is not UTF-8 text: byte {byte:#04x}", byte=raw[error.start])
    return Diagnostic("file-not-utf8", message, span, tr("save it as UTF-8"))


_UNCLOSED = tr("this quotation mark is never closed")
# What libyaml says, what that means, and what to do. Its own words are for those who wrote it.
# True: it points at what is open, in its context; else at where it stopped.
_MEANT: tuple[tuple[str, bool, Message, Message], ...] = (
    ("could not find expected ':'", True, tr("this line is no 'key: value' and no list item"),
     tr("write 'key: value', or put a text of several lines in quotation marks")),
    ("mapping values are not allowed", False, tr("unexpected ':' in a value"),
     tr("put the value in quotation marks, or check the indentation")),
    ("did not find expected ',' or '}'", True, tr("a ',' or '}}' is missing after this '{{'"),
     tr("close it, separate keys by commas, and quote values that contain {{ }} [ ] or ,")),
    ("did not find expected ',' or ']'", True, tr("a ',' or ']' is missing after this '['"),
     tr("close it, separate items by commas, and quote values that contain {{ }} [ ] or ,")),
    ("did not find expected key", False, tr("unexpected text after a value"),
     tr("check the quotation marks and the indentation here and in the line above")),
    ("did not find expected '-' indicator", False, tr("expected a list item"),
     tr("begin it with '- ', and indent all items alike")),
    ("unexpected end of stream", True, _UNCLOSED,
     tr("close it at the end of the text")),
    ("unexpected document indicator", True, _UNCLOSED,
     tr("close it at the end of the text")),
    ("hexdecimal number", False, tr("'\\' in double quotes begins an escape such as \\n"),
     tr("use single quotes, or / in paths")),
    ("unknown escape character", False, tr("'\\' in double quotes begins an escape such as \\n"),
     tr("use single quotes, or / in paths")),
    ("character that cannot start any token", False, tr("a value cannot begin with this"),
     tr("put the value in quotation marks")),
    ("block sequence entries are not allowed", False, tr("a list item cannot be on this line"),
     tr("begin '- ' on a line of its own")),
    ("expected alphabetic or numeric character", False, tr("'*' and '&' begin a YAML alias"),
     tr("put the value in quotation marks; begin a list item with '- '")),
    ("but found another document", False, tr("the file has a second document"),
     tr("remove '---'; a file holds one list")),
    ("<document start>", False, tr("unexpected text after the end of the list"),
     tr("check the indentation: keys of one mapping begin in the same column")),
    ("expected node content", False, tr("a value is missing here, or a bracket is not closed"),
     tr("check the brackets and commas")),
    ("comment or line break", False, tr("unexpected text after '|' or '>'"),
     tr("begin the text in the next line")),
    ("directive", False, tr("a line that begins with '%' is a YAML directive"),
     tr("put the text in quotation marks")),
    ("incompatible YAML document", False, tr("this version of YAML is not supported"),
     tr("remove the line; YAML 1.2 is read")),
    ("tag", False, tr("'!' begins a YAML tag"), tr("put the value in quotation marks")),
)  # fmt: skip


def _syntax(error: yaml.MarkedYAMLError, name: str, text: str) -> Diagnostic:
    problem = error.problem or ""
    mark = error.problem_mark or error.context_mark
    span = Span(name, mark.line + 1, mark.column + 1) if mark else Span(name, 1, 1)
    lines = text.splitlines()
    here = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip("\t -"))] or "tab character" in problem:
        message = tr("a tab in the indentation; YAML allows spaces only")
        place = Span(name, span.line, max(here.find("\t") + 1, 1))
        return Diagnostic("yaml-tab", message, place, tr("indent with spaces"))
    if "undefined alias" in problem:
        alias = here[span.column - 1 :].split()[0] if here[span.column - 1 :].split() else "*"
        message = tr("{alias} has no anchor before it", alias=alias.rstrip(",]}"))
        hint = tr("put a text that begins with '*' in quotation marks")
        return Diagnostic("yaml-alias", message, span, hint)
    for words, in_context, message, hint in _MEANT:
        if words in problem:
            if in_context and error.context_mark:
                span = Span(name, error.context_mark.line + 1, error.context_mark.column + 1)
            code = "yaml-quotes" if message is _UNCLOSED else "yaml-syntax"
            return Diagnostic(code, message, span, hint)
    message = tr("this is not valid YAML: {reason}", reason=problem.removeprefix("found "))
    return Diagnostic("yaml-syntax", message, span, tr("check this line and the one above"))


def _code(error: yaml.reader.ReaderError) -> int:
    character = error.character
    return character if isinstance(character, int) else ord(character[:1])


def _too_deep(span: Span) -> Diagnostic:
    message = tr("the file is nested deeper than {limit} levels", limit=MAX_DEPTH)
    return Diagnostic("yaml-too-deep", message, span)


@dataclass
class _Walk:
    """Turns nodes into values once, noting places and every problem on the way."""

    name: str
    problems: list[Diagnostic] = field(default_factory=list)
    nodes: dict[Path, Node] = field(default_factory=dict)
    keys: dict[Path, Node] = field(default_factory=dict)
    open: list[int] = field(default_factory=list)

    def span(self, node: Node) -> Span:
        return _span(self.name, node)

    def refuse(self, code: str, message: Message, node: Node, hint: Message = NOTHING) -> None:
        self.problems.append(Diagnostic(code, message, self.span(node), hint))

    def value(self, node: Node, path: Path) -> Any:
        if len(self.open) > MAX_DEPTH:
            raise BadInput(_too_deep(self.span(node)))
        if id(node) in self.open:
            self.refuse("yaml-alias", tr("an alias refers to its own anchor"), node)
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
            self.refuse("yaml-tag", tr("unknown tag {tag}", tag=short_tag(node.tag)), node)
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        if node.tag != CORE + "map":
            self.refuse("yaml-tag", tr("unknown tag {tag}", tag=short_tag(node.tag)), node)
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
            self.refuse("yaml-key", tr("a key must be a plain word"), key)
        elif key.value in into:
            first = self.span(self.keys[(*path, key.value)])
            message = tr("duplicate key {key!r} (first at {place})", key=key.value, place=first)
            self.refuse("duplicate-key", message, key, tr("remove one of the two"))
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
                self.refuse("yaml-merge", tr("<< needs a mapping or a list of mappings"), part)
                continue
            result = {**value, **result}
        return result

    def scalar(self, node: ScalarNode) -> Hashable:
        text = str(node.value)
        reader = VALUES.get(node.tag)
        if reader is None:
            self.refuse("yaml-tag", tr("unknown tag {tag}", tag=short_tag(node.tag)), node)
            return None
        try:
            return reader(text)
        except (ValueError, InvalidOperation):
            message = tr("{text!r} is not a valid {tag}", text=text[:40], tag=short_tag(node.tag))
            self.refuse("yaml-value", message, node)
            return None
