"""The how-tos of docs/CONTRIBUTING.md as data: what each adds to which file, and how it is checked.

A how-to is a section `### Add ...` or `### Change ...`. An edit is a paragraph before a block: "New
`path`:", "In `path`, after `line`:", "before", "instead of", or "In `path`, at the end:"; a `line`
is the beginning of exactly one line of the file, in double backticks where it has single ones.
"Copy `path` to `path`." needs no block. A block of `sh` shows the result: its commands succeed, or
end as `# exits:` says, and print what `# prints:` says.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.support.places import ROOT

PAGE = ROOT / "docs" / "CONTRIBUTING.md"
_EDIT = re.compile(
    r"^(?P<verb>New|In) `(?P<path>[^`]+)`"
    r"(?:, (?P<where>after|before|instead of|at the end)(?: (?P<line>`[^`\n]+`|``.+?``))?)?:\n\n"
    r"```\w+\n(?P<text>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
_COPY = re.compile(r"^Copy `([^`]+)` to `([^`]+)`\.", re.MULTILINE)
_CHECK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Edit:
    """One block of a how-to: a new file, or lines of a file that is there."""

    path: str
    where: str  # "" for a new file, "copy" for one that is like ``line``
    line: str
    text: str

    def apply(self, root: Path) -> None:
        target = root / self.path
        if self.where == "copy":
            shutil.copyfile(root / self.line, target)
            return
        if not self.where:
            assert not target.exists(), f"{self.path} exists already"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.text, encoding="utf-8")
            return
        lines = target.read_text(encoding="utf-8").splitlines(keepends=True)
        first, last = self._span(lines)
        lines[first:last] = [self._spaced]
        target.write_text("".join(lines), encoding="utf-8")

    @property
    def _spaced(self) -> str:
        """The text with the blank lines that its kind of file wants around it."""
        if self.where == "at the end" and self.path.endswith(".py"):
            return f"\n\n{self.text}"
        return f"{self.text}\n" if self.text.startswith("###") else self.text

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
    exits: int

    @property
    def existing(self) -> dict[str, int]:
        """The lines that it writes into each file that is there already."""
        lines: dict[str, int] = {}
        new = {edit.path for edit in self.edits if edit.where in ("", "copy")}
        for edit in self.edits:
            if edit.path not in new and is_code(edit.path):
                lines[edit.path] = lines.get(edit.path, 0) + len(edit.text.splitlines())
        return lines


def is_code(path: str) -> bool:
    return path.split("/")[0] in ("wanx_render", "mock_server")


def recipes() -> list[Recipe]:
    sections = re.split(
        r"^### (?=Add |Change )", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )[1:]
    return [recipe_of(section) for section in sections]


def recipe_of(section: str) -> Recipe:
    title, _, body = section.partition("\n")
    copies = [Edit(target, "copy", source, "") for source, target in _COPY.findall(body)]
    edits = tuple(
        Edit(
            m["path"],
            "" if m["verb"] == "New" else m["where"],
            (m["line"] or "").strip("` "),
            m["text"],
        )
        for m in _EDIT.finditer(body)
    )
    lines = [line for block in _CHECK.findall(_EDIT.sub("", body)) for line in block.splitlines()]
    prints = tuple(line.partition(":")[2].strip() for line in lines if line.startswith("# prints:"))
    commands = tuple(line for line in lines if line and not line.startswith("#"))
    exits = next((int(line.partition(":")[2]) for line in lines if line.startswith("# exits:")), 0)
    return Recipe(title, (*copies, *edits), commands, prints, exits)
