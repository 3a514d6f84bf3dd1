"""The how-tos of docs/CONTRIBUTING.md as data: what each adds to which file, and how it is checked.

A how-to is a section `### Add ...`. An edit is a sentence that ends in a colon before a block:
"New `path`:", "In `path`, after `line`:", "In `path`, before `line`:", "In `path`, instead of
`line`:" or "In `path`, at the end:". A `line` is the beginning of exactly one line of the file. A
block of `sh` after it checks the result: its commands succeed, and print what `# prints:` says.
"""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT

PAGE = ROOT / "docs" / "CONTRIBUTING.md"
_EDIT = re.compile(
    r"^(?P<verb>New|In) `(?P<path>[^`]+)`"
    r"(?:, (?P<where>after|before|instead of|at the end)(?: `(?P<line>[^`]+)`)?)?:\n\n"
    r"```\w+\n(?P<text>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
_CHECK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Edit:
    """One block of a how-to: a new file, or lines of a file that is there."""

    path: str
    where: str  # "" for a new file
    line: str
    text: str

    def apply(self, root: Path) -> None:
        target = root / self.path
        if not self.where:
            assert not target.exists(), f"{self.path} exists already"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.text, encoding="utf-8")
            return
        lines = target.read_text(encoding="utf-8").splitlines(keepends=True)
        first, last = self._span(lines)
        lines[first:last] = [self.text]
        target.write_text("".join(lines), encoding="utf-8")

    def _span(self, lines: list[str]) -> tuple[int, int]:
        """Which lines the text replaces; an empty span is a place between two lines."""
        if self.where == "at the end":
            return len(lines), len(lines)
        hits = [n for n, line in enumerate(lines) if line.strip().startswith(self.line)]
        assert len(hits) == 1, f"{self.path}: {len(hits)} lines begin with {self.line!r}"
        first = hits[0]
        return {"before": (first, first), "after": (first + 1, first + 1)}.get(
            self.where, (first, first + 1)
        )


@dataclass(frozen=True)
class Recipe:
    """A how-to with its edits and its check."""

    title: str
    edits: tuple[Edit, ...]
    commands: tuple[str, ...]
    prints: tuple[str, ...]

    @property
    def existing(self) -> dict[str, int]:
        """The lines that it writes into each file that is there already."""
        lines: dict[str, int] = {}
        for edit in self.edits:
            if edit.where and is_code(edit.path):
                lines[edit.path] = lines.get(edit.path, 0) + len(edit.text.splitlines())
        return lines


def is_code(path: str) -> bool:
    return path.split("/")[0] in ("wanx_render", "mock_server")


def recipes() -> list[Recipe]:
    sections = re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [recipe_of(section) for section in sections]


def recipe_of(section: str) -> Recipe:
    title, _, body = section.partition("\n")
    edits = tuple(
        Edit(m["path"], "" if m["verb"] == "New" else m["where"], m["line"] or "", m["text"])
        for m in _EDIT.finditer(body)
    )
    lines = [line for block in _CHECK.findall(_EDIT.sub("", body)) for line in block.splitlines()]
    prints = tuple(line.partition(":")[2].strip() for line in lines if line.startswith("# prints:"))
    commands = tuple(line for line in lines if line and not line.startswith("#"))
    return Recipe(textwrap.shorten(title, 60), edits, commands, prints)
