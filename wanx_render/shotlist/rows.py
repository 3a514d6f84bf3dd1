"""``vars`` and ``matrix`` of a list: the rows it stands for, each with its values and its name.

A list without ``matrix`` is one row without a name.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wanx_render.diagnostics import Diagnostic, Span, did_you_mean, in_order
from wanx_render.errors import BadInput
from wanx_render.shotlist import table
from wanx_render.shotlist.model import RESERVED, Matrix
from wanx_render.shotlist.table import Scalar, Table
from wanx_render.shotlist.variables import Template, template
from wanx_render.yaml_source import Source

NAME_COLUMNS = ("name", "id", "sku")  # the first of them that there is names the rows
# What is in the folder of a whole table.
_TAKEN = re.compile(
    r"(?:clips|index\.html|manifest\.json|journal\.sqlite.*)(?:\..*)?", re.IGNORECASE
)
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its number from 1, the name of its folder, where it stands."""

    number: int
    name: str
    span: Span


@dataclass(frozen=True)
class Filling:
    """What the variables of a list stand for in one row; ``cell`` tells where a column stands."""

    values: Mapping[str, Scalar]
    row: Row | None = None
    cell: Callable[[str], Span | None] = lambda _: None


@dataclass(frozen=True)
class Fillings:
    """Every row of a list, in order; ``texts`` holds the table for snippets.

    ``problems`` are those of the rows' names, which keep nothing from being checked.
    """

    rows: tuple[Filling, ...]
    known: Mapping[str, Scalar]
    columns: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Diagnostic, ...] = ()


def variables(read: Source) -> dict[str, Scalar]:
    """``vars`` as written. Raises BadInput."""
    value = read.value.get("vars")
    if value is None:
        return {}
    if not isinstance(value, dict):
        told = "vars must be a mapping of names to values"
        raise BadInput(Diagnostic("type-wrong", told, read.place(("vars",))))
    problems = [
        Diagnostic(
            "type-wrong",
            f"the variable {name!r} must be text, a number, true or false",
            read.place(("vars", name)),
        )
        for name, each in value.items()
        if not isinstance(each, Scalar)
    ]
    if problems:
        raise BadInput(*in_order(problems))
    return dict(value)


def fillings(read: Source, matrix: Matrix | None, folder: Path) -> Fillings:
    """What the variables of the list stand for, row by row; ``folder`` is the list's.

    Raises BadInput with all problems of the table.
    """
    named = variables(read)
    if matrix is None:
        return Fillings((Filling(named),), named)
    found = _inline(read) if matrix.source is None else _from_file(read, matrix.source, folder)
    texts = {} if matrix.source is None else {found.rows[0].span.file: found.text}
    known = {**named, **dict.fromkeys(found.columns)}
    pattern, unknown = _pattern(read, matrix, found, named)
    names = _names(pattern, found, named)
    problems = tuple(unknown) or tuple(_bad_names(names, found))
    blank = dict.fromkeys(found.columns)
    rows = tuple(
        Filling({**named, **blank, **row.cells}, Row(number, name, row.span), _cells(found, row))
        for number, (row, name) in enumerate(zip(found.rows, names, strict=True), start=1)
    )
    return Fillings(rows, known, frozenset(found.columns), texts, problems)


def _cells(found: Table, row: table.Row) -> Callable[[str], Span | None]:
    return lambda column: found.place(row, column) if column in found.columns else None


def _from_file(read: Source, named: str, folder: Path) -> Table:
    shown = str(Path(read.file).parent / named)
    try:
        return table.read(folder / named, shown)
    except BadInput as problem:
        if all(each.code == "file-unreadable" for each in problem.diagnostics):
            where = read.place(("matrix", "from"))
            told = f"{problem.diagnostics[0].message}"
            raise BadInput(
                Diagnostic("table-unreadable", told, where, "paths start at the list's folder")
            ) from None
        raise


def _inline(read: Source) -> Table:
    """The rows that stand in the list itself."""
    problems: list[Diagnostic] = []
    made: list[table.Row] = []
    for index, cells in enumerate(read.value["matrix"]["rows"]):
        made.append(table.Row(cells, read.place(("matrix", "rows", index))))
        problems += (
            Diagnostic(
                "table-cell",
                f"the cell {column!r} is neither text, a number, true, false nor null",
                read.place(("matrix", "rows", index, column)),
            )
            for column, cell in cells.items()
            if not isinstance(cell, Scalar)
        )
    if problems:
        raise BadInput(*in_order(problems))
    columns = tuple(dict.fromkeys(column for row in made for column in row.cells))
    index_of = {id(row): index for index, row in enumerate(made)}

    def place(row: table.Row, column: str) -> Span:
        return read.place(("matrix", "rows", index_of[id(row)], column))

    return Table(columns, tuple(made), "", place)


# -- names of rows -----------------------------------------------------------------------------


def _names(pattern: Template | None, found: Table, named: Mapping[str, Scalar]) -> tuple[str, ...]:
    """What the folder of each row is called."""
    blank = {**named, **dict.fromkeys(found.columns)}
    width = len(str(len(found.rows)))
    return tuple(
        slug(pattern.text({**blank, **row.cells})) if pattern else f"row-{number:0{width}}"
        for number, row in enumerate(found.rows, start=1)
    )


def _pattern(
    read: Source, matrix: Matrix, found: Table, named: Mapping[str, Scalar]
) -> tuple[Template | None, list[Diagnostic]]:
    """What names the rows, and what is wrong with it."""
    if matrix.name is None:
        column = next((name for name in NAME_COLUMNS if name in found.columns), None)
        return (template(f"${{{column}}}") if column else None), []
    made, known = template(matrix.name), {*found.columns, *named}
    problems = [
        Diagnostic(
            "variable-unknown",
            f"there is no variable or column {name!r}",
            read.place(("matrix", "name")),
            did_you_mean(name, known) or f"known: {', '.join(sorted(known)[:12])}",
        )
        for name in made.names
        if name not in known
    ]
    return made, problems


def _bad_names(names: tuple[str, ...], found: Table) -> Iterator[Diagnostic]:
    hint = 'choose what names the rows: matrix: {from: ..., name: "${column}"}'
    seen: dict[str, table.Row] = {}
    for name, row in zip(names, found.rows, strict=True):
        if not name or _TAKEN.fullmatch(name) or RESERVED.fullmatch(name):
            told = f"{name!r} cannot be the name of a row's folder" if name else "it has no name"
            yield Diagnostic("row-name-invalid", f"row: {told}", row.span, hint)
        first = seen.setdefault(name.casefold(), row)
        if name and first is not row:
            told = f"the row is called {name}, as the one in line {first.span.line} is"
            yield Diagnostic("row-name-twice", told, row.span, hint)


def slug(text: str) -> str:
    """``text`` as the name of a folder on any disk; letters of every script stay."""
    plain = unicodedata.normalize("NFKC", text)
    kept = "".join(each if each.isalnum() or each in "._-" else "-" for each in plain)
    return re.sub("-{2,}", "-", kept).strip(".-")[:_LONGEST].rstrip(".-")


# -- choosing rows -----------------------------------------------------------------------------


def numbers(text: str) -> frozenset[int] | None:
    """``1-100,250`` as numbers; None where it is not written so."""
    chosen: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"\s*([1-9]\d{0,5})(?:\s*-\s*([1-9]\d{0,5}))?\s*", part)
        if found is None or (found[2] and int(found[2]) < int(found[1])):
            return None
        chosen.update(range(int(found[1]), int(found[2] or found[1]) + 1))
    return frozenset(chosen)


def shard(text: str) -> tuple[int, int] | None:
    """``2/5`` as (2, 5); None where it is not written so."""
    found = re.fullmatch(r"([1-9]\d{0,4})/([1-9]\d{0,4})", text.strip())
    if found is None or int(found[1]) > int(found[2]):
        return None
    return int(found[1]), int(found[2])
