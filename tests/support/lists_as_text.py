"""Lists in every style that people write them in, drawn at random, with what they mean.

The writer is the tests' own: what a text means is known before anything reads it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import permutations
from typing import Any

from hypothesis import strategies as st

from wanx_render.source.changes import Change, Insert, Remove, Set

Path = tuple[str | int, ...]

WORDS = ("cat", "roof", "猫", "屋顶", "it's", "a: b", "9:16", "#1", '"q"', "x, y", "{z}", "no", "5")
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)
SCALARS = st.one_of(
    TEXTS,
    st.integers(-5, 99),
    st.booleans(),
    st.none(),
    st.decimals(min_value=0, max_value=9, places=2),
)
KEYS = st.sampled_from(("prompt", "caption", "trim", "focus", "duration", "audio", "键", "x y"))
SMALL = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(KEYS, SCALARS, max_size=3)
)
MAPPINGS = st.dictionaries(KEYS, SMALL, min_size=1, max_size=5)
LISTS = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "defaults": MAPPINGS,
        "shots": st.lists(MAPPINGS, min_size=1, max_size=4),
        "deliverables": st.lists(st.one_of(st.just("3:4"), MAPPINGS), min_size=1, max_size=3),
    }
)


@dataclass
class ListText:
    """A list as text, and its value; ``notes`` are its comments with the path they are within."""

    text: str
    value: dict[str, Any]
    notes: list[tuple[str, Path]] = field(default_factory=list)

    @property
    def comments(self) -> list[str]:
        return [comment for comment, _ in self.notes]

    def comments_within(self, change: Change) -> Counter[str]:
        """The comments that may go with a change: those within what it removes or replaces, which
        is its parent where that has nothing else."""
        path = change.path if not isinstance(change, Insert) else (*change.path[:-1], -1)
        deep = isinstance(change, Remove) or isinstance(self.at(path[:-1]), list)
        above = path[:-1] if isinstance(change, Remove) and len(self.at(path[:-1])) < 4 else path
        size = len(above if deep else path)
        return Counter(note for note, place in self.notes if place[:size] == path[:size])

    def at(self, path: Path) -> Any:
        value: Any = self.value
        for part in path:
            value = value[part]
        return value

    def apply(self, change: Change, value: Any) -> None:
        """Make a change in ``value``."""
        *above, last = change.path
        for part in above:
            value = value[part]
        match change:
            case Set(_, new):
                value[last] = new
            case Remove():
                del value[last]
            case Insert(_, new):
                value.insert(last, new)

    def changes(self) -> st.SearchStrategy[list[Change]]:
        """Some changes that don't get in each other's way."""
        sets = st.builds(Set, st.sampled_from(list(_paths(self.value, ()))), SMALL)
        several = st.lists(sets, min_size=2, max_size=4).filter(_apart)
        return st.one_of(st.tuples(self._change()).map(list), several)

    def _change(self) -> st.SearchStrategy[Change]:
        paths = st.sampled_from(list(_paths(self.value, ())))
        mappings = [path for path in _paths(self.value, ()) if isinstance(self.at(path), dict)]
        lists = [path for path in _paths(self.value, ()) if isinstance(self.at(path), list)]
        return st.one_of(
            st.builds(Set, paths, SMALL),
            st.builds(Set, st.tuples(st.sampled_from(mappings), KEYS).map(_joined), SMALL),
            st.builds(Remove, paths),
            st.sampled_from(lists).flatmap(self._insert),
        )

    def _insert(self, path: Path) -> st.SearchStrategy[Change]:
        places = st.integers(0, len(self.at(path)))
        return st.builds(lambda place, value: Insert((*path, place), value), places, SMALL)


def _apart(changes: list[Set]) -> bool:
    """Whether no change is within another, or of the same value."""
    pairs = permutations([change.path for change in changes], 2)
    return not any(one == other[: len(one)] for one, other in pairs)


def _joined(pair: tuple[Path, str]) -> Path:
    return (*pair[0], pair[1])


def _paths(value: Any, path: Path) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    below = [deeper for part, item in inner for deeper in _paths(item, (*path, part))]
    return ([path] if path else []) + below


@st.composite
def list_texts(draw: Callable[..., Any]) -> ListText:
    """A list written in styles drawn at random."""
    value = draw(LISTS)
    writer = _Writer(draw)
    lines = writer.block(value, 0, ())
    newline = draw(st.sampled_from(("\n", "\n", "\r\n")))
    text = newline.join(lines) + draw(st.sampled_from((newline, "", newline * 2)))
    return ListText(text, value, writer.notes)


class _Writer:
    def __init__(self, draw: Callable[..., Any]) -> None:
        self._draw = draw
        self.notes: list[tuple[str, Path]] = []
        self._anchors: list[tuple[str, Any]] = []

    def _one(self, *of: Any) -> Any:
        return self._draw(st.sampled_from(of))

    def _note(self, path: Path) -> str:
        self.notes.append((f"# note {len(self.notes)}", path))
        return self.notes[-1][0]

    def _above(self, indent: int, path: Path) -> list[str]:
        """Lines before an entry: none, a blank one, or a comment."""
        kind = self._one("", "", "", "blank", "comment")
        if kind == "comment":
            return [" " * indent + self._note((*path[:-1], "above"))]
        return [""] if kind else []

    def _behind(self, path: Path) -> str:
        return self._one("", "", "  ") and "  " + self._note(path)

    def block(self, value: Any, indent: int, path: Path) -> list[str]:
        lines: list[str] = []
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in entries:
            place = (*path, key)
            lines += self._above(indent, place)
            head = " " * indent + (f"{self.key(key)}:" if isinstance(value, dict) else "-")
            lines += self._entry(head, item, indent, place)
        return lines

    def _entry(self, head: str, item: Any, indent: int, path: Path) -> list[str]:
        alias = next((name for name, known in self._anchors if known == item), None)
        if alias and self._one(True, False):
            return [f"{head} *{alias}{self._behind(path)}"]
        anchor = ""
        if item and self._one(*[False] * 9, True):
            anchor = f" &a{len(self._anchors)}"
        if isinstance(item, dict | list) and item and self._one(True, True, False):
            deeper = indent + self._one(2, 4)
            if (
                head.endswith("-")
                and isinstance(item, dict)
                and not anchor
                and self._one(True, True, False)
            ):
                deeper = indent + 2
                lines = self.block(item, deeper, path)
                # Comments above the first key cannot stand behind the dash.
                if lines[0].strip() and not lines[0].lstrip().startswith("#"):
                    return [head + lines[0][len(head) :], *lines[1:]]
                return [head, *lines]
            lines = [f"{head}{anchor}{self._behind(path)}", *self.block(item, deeper, path)]
        else:
            lines = self._scalar(f"{head}{anchor}", item, indent, path)
        if anchor:
            self._anchors.append((anchor[2:], item))
        return lines

    def _scalar(self, head: str, item: Any, indent: int, path: Path) -> list[str]:
        deep = " " * (indent + self._one(2, 3))
        if isinstance(item, str) and not item.startswith("#") and " " in item:
            style = self._one("", "", "", "|-", ">-", "double")
            words = item.split(" ")
            half = len(words) // 2
            first, second = " ".join(words[:half]), " ".join(words[half:])
            if style == "|-":
                return [f"{head} |-{self._behind(path)}", deep + item]
            if style == ">-":
                return [f"{head} >-", deep + first, deep + second]
            if style == "double" and '"' not in item:
                return [f'{head} "{first}', f'{deep}{second}"{self._behind(path)}']
        return [f"{head} {self.flow(item)}{self._behind(path)}"]

    def key(self, key: Any) -> str:
        return str(key) if self._one(True, True, False) else f'"{key}"'

    def flow(self, value: Any) -> str:
        gap = self._one("", "", " ")
        if isinstance(value, dict):
            pairs = ", ".join(f"{self.key(key)}: {self.flow(item)}" for key, item in value.items())
            return "{" + gap + pairs + gap + "}"
        if isinstance(value, list):
            return "[" + gap + ", ".join(map(self.flow, value)) + gap + "]"
        if isinstance(value, str):
            return self._quoted(value)
        if isinstance(value, Decimal):
            return f"{value:f}"
        return "null" if value is None else str(value).lower()

    def _quoted(self, text: str) -> str:
        if text.replace(" ", "").isalpha() and text not in ("no",) and self._one(True, False):
            return text
        if self._one(True, False):
            return "'" + text.replace("'", "''") + "'"
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
