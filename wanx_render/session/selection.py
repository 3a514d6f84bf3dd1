"""The lists of a command: every row of every file, those that were chosen, and where each goes."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wanx_render.catalog import capabilities
from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic, did_you_mean, in_order
from wanx_render.errors import BadInput
from wanx_render.planning.plan import Plan
from wanx_render.session.folder import folder_of, resolved
from wanx_render.shotlist.rows import numbers, shard
from wanx_render.validation.load import Batch, Loaded, load, load_all


@dataclass(frozen=True)
class Choice:
    """Which of the rows are meant, as options say it."""

    only: tuple[str, ...] = ()  # shots, rows, or ROW/SHOT
    rows: str | None = None
    shard: str | None = None


@dataclass(frozen=True)
class Item:
    """One list of a run: a row of a table, or a file without one."""

    loaded: Loaded
    home: Path  # the folder with the journal and the clips; a table's rows share it
    only: frozenset[str] = frozenset()  # the shots that are asked for; empty for all

    @property
    def name(self) -> str:
        """What it is called in a run of many."""
        project = self.loaded.shots.project
        return f"{project}/{self.row}" if self.row else project

    @property
    def row(self) -> str:
        """The name of its row, by which its journal knows it; empty where it is none."""
        return self.loaded.row.name if self.loaded.row else ""

    @property
    def folder(self) -> Path:
        """Where its deliverables go."""
        return self.home / self.row


def read_all(files: Iterable[Path], catalog_file: Path | None) -> tuple[list[Batch], Catalog]:
    """Every file, checked. Raises BadInput with the problems of all of them."""
    catalog = capabilities.with_user_file(capabilities.packaged(), catalog_file)
    batches: list[Batch] = []
    problems: list[Diagnostic] = []
    texts: dict[str, str] = {}
    for file in files:
        try:
            batches.append(load_all(file, catalog))
        except BadInput as problem:
            problems += problem.diagnostics
            texts |= problem.texts
    if problems:
        refusal = BadInput(*in_order(problems))
        refusal.texts = texts
        raise refusal
    return batches, catalog


def read(file: Path, catalog_file: Path | None) -> tuple[Loaded, Catalog]:
    """The checked shot list and the catalog it was checked against. Raises BadInput.

    Also for a list with a table, of which only some commands make sense as a whole.
    """
    catalog = capabilities.with_user_file(capabilities.packaged(), catalog_file)
    loaded = load(file, catalog)
    if loaded.row:
        folder = folder_of(loaded, None)
        raise BadInput(
            Diagnostic(
                "table-not-here",
                f"{file} stands for many lists, and this command takes one",
                hint=f"give the folder of a row where a folder will do: {folder / loaded.row.name}",
            )
        )
    return loaded, catalog


def items(batches: list[Batch], out: Path | None) -> list[Item]:
    """Every list with its folder. Raises BadInput where two files would share one."""
    made: list[Item] = []
    seen: dict[Path, Path] = {}
    for batch in batches:
        first = batch.lists[0]
        project = first.shots.project
        home = resolved(out or first.folder / "renders" / project)
        if out and len(batches) > 1:
            home = resolved(out / project)
        if seen.setdefault(home, batch.file) != batch.file:
            raise BadInput(
                Diagnostic(
                    "project-twice",
                    f"{seen[home]} and {batch.file} would share the render folder {home}",
                    hint="give each list a project of its own",
                )
            )
        made += (Item(each, home) for each in batch.lists)
    return made


def index_of(batches: list[Batch], out: Path | None, homes: list[Path]) -> Path:
    """Where the index page goes: over the rows of one table, or over the folders of the lists."""
    if len(batches) == 1:
        return homes[0] / "index.html"
    return (out or batches[0].lists[0].folder / "renders").resolve() / "index.html"


def chosen(every: list[Item], choice: Choice) -> list[Item]:
    """The lists that are meant. Raises BadInput where an option names what there is not."""
    found = only_named("--only", _rows(every, choice.rows), choice.only)
    if choice.shard is None:
        return found
    share = shard(choice.shard)
    if share is None:
        raise _wrong("--shard", choice.shard, "write it as 2/5: the second of five shares")
    number, count = share
    return [each for index, each in enumerate(found) if index % count == number - 1]


def _rows(every: list[Item], text: str | None) -> list[Item]:
    if text is None:
        return every
    wanted = numbers(text)
    if wanted is None:
        raise _wrong("--rows", text, "write it as 1-100,250; rows count from 1, below the header")
    found = [each for each in every if each.loaded.row and each.loaded.row.number in wanted]
    if not found:
        most = max((each.loaded.row.number for each in every if each.loaded.row), default=0)
        hint = f"there are {most} rows" if most else "these lists have no table"
        raise _wrong("--rows", text, hint)
    return found


def only_named(option: str, every: list[Item], names: tuple[str, ...]) -> list[Item]:
    """The lists in which ``names`` are, as shots, as rows or as ROW/SHOT. Raises BadInput."""
    if not names:
        return every
    used: set[str] = set()
    found: list[Item] = []
    for item in every:
        row = item.row
        ids = {shot.id for shot in item.loaded.shots.shots}
        called = {**{each: each for each in ids}, **{f"{row}/{each}": each for each in ids}}
        mine = [name for name in names if name in called or (row and name == row)]
        used.update(mine)
        whole = any(name not in called for name in mine)
        if mine:
            only = frozenset() if whole else frozenset(called[name] for name in mine)
            found.append(Item(item.loaded, item.home, only))
    for name in names:
        if name not in used:
            known = {shot.id for item in every for shot in item.loaded.shots.shots}
            known |= {item.row for item in every if item.row}
            hint = did_you_mean(name, known)
            told = f"{option} {name}: there is no such shot or row in the lists"
            raise BadInput(Diagnostic("shot-unknown", told, hint=hint))
    return found


def _wrong(option: str, text: str, hint: str) -> BadInput:
    return BadInput(
        Diagnostic("rows-unknown", f"{option} {text}: no row is meant by it", hint=hint)
    )


def fingerprint(loaded: Loaded, parts: Mapping[str, Any]) -> str:
    """A hash of all that a list's deliverables come of, and of ``parts``, such as versions."""
    inputs = sorted((name, media.identity) for name, media in loaded.media.items())
    record = (
        repr(loaded.shots),
        inputs,
        sorted(loaded.picks.picked.items()),
        sorted(parts.items()),
    )
    return hashlib.sha256(repr(record).encode("utf-8", "surrogatepass")).hexdigest()


def manifest_of(file: Path, folder: Path | None, catalog_file: Path | None) -> Path:
    """Where the manifest of a list is; ``file`` may also be the manifest, or its folder.

    Raises BadInput where the list cannot be read.
    """
    if file.is_dir():
        return file / "manifest.json"
    if file.suffix == ".json":
        return file
    loaded, _ = read(file, catalog_file)
    return folder_of(loaded, folder) / "manifest.json"


def refuse_unknown(option: str, names: Iterable[str], made: Plan) -> None:
    """Raise BadInput where ``option`` names a shot that the list does not have."""
    known = [shot.shot.id for shot in made.shots]
    for name in names:
        if name not in known:
            raise BadInput(
                Diagnostic(
                    "shot-unknown",
                    f"{option} {name}: there is no such shot in the list",
                    hint=did_you_mean(name, known) or f"its shots: {', '.join(known)}",
                )
            )
