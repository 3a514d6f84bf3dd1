"""``vars`` and ``matrix`` of a list: the rows it stands for, each with its values and its name.

A list without ``matrix`` is one row without a name.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wanx_render.diagnostics import Diagnostic, Span, did_you_mean, in_order, listed
from wanx_render.errors import BadInput
from wanx_render.language import NOTHING, tr
from wanx_render.shotlist import names as row_names
from wanx_render.shotlist import paths
from wanx_render.shotlist.model import Matrix
from wanx_render.shotlist.tables import table
from wanx_render.shotlist.tables.table import Scalar, Table, TableRow
from wanx_render.shotlist.tables.variables import Template, template
from wanx_render.source.yaml_source import Source

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


@dataclass(frozen=True, slots=True)
class Filling:
    """What the variables of a list stand for in one row: ``common`` in all of them, and ``cells``.

    ``table`` has its place; ``problems`` are those of the row itself.
    """

    common: Mapping[str, Scalar]
    row: Row | None = None
    table: Table | None = None
    cells: TableRow | None = None
    problems: tuple[Diagnostic, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether its cells can be checked."""
        return self.cells is None or not self.cells.problems

    @property
    def values(self) -> dict[str, Scalar]:
        """What every variable stands for."""
        return {**self.common, **(self.cells.cells if self.cells else {})}

    def cell(self, column: str) -> Span | None:
        """The place of what stands for a column."""
        if self.table is None or self.cells is None or column not in self.table.columns:
            return None
        return self.table.place(self.cells, column)


@dataclass(frozen=True)
class Fillings:
    """Every row of a list, in order; ``texts`` holds the table for snippets.

    ``problems`` are those of the pattern that names the rows, ``warnings`` are about how the table
    was read. Neither keeps anything from being checked.
    """

    rows: tuple[Filling, ...]
    known: Mapping[str, Scalar]
    columns: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()


def variables(source: Source) -> dict[str, Scalar]:
    """``vars`` as written. Raises BadInput."""
    value = source.value.get("vars")
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = tr("vars must be a mapping of names to values")
        raise BadInput(Diagnostic("type-wrong", message, source.place(("vars",))))
    problems = [
        Diagnostic(
            "type-wrong",
            tr("variable {name!r} must be text, a number, true or false", name=name),
            source.place(("vars", name)),
        )
        for name, item in value.items()
        if not isinstance(item, Scalar)
    ]
    if problems:
        raise BadInput(*in_order(problems))
    return dict(value)


def fillings(source: Source, matrix: Matrix | None, folder: Path) -> Fillings:
    """What the variables of the list stand for, row by row; ``folder`` is the list's.

    Raises BadInput with all problems of the table.
    """
    values = variables(source)
    if matrix is None:
        return Fillings((Filling(values),), values)
    grid = _inline(source) if matrix.source is None else _from_file(source, matrix.source, folder)
    texts = {} if matrix.source is None else {grid.rows[0].span.file: grid.text}
    common = {**values, **dict.fromkeys(grid.columns)}
    pattern, unknown = _pattern(source, matrix, grid, values)
    names = _names(pattern, grid, values)
    of_names = {} if unknown else dict(_bad_names(names, grid))
    rows = tuple(
        Filling(
            common, Row(number, name, row.span), grid, row,
            (*row.problems, *of_names.get(number, ())),
        )
        for number, (row, name) in enumerate(zip(grid.rows, names, strict=True), start=1)
    )  # fmt: skip
    columns = frozenset(grid.columns)
    return Fillings(rows, common, columns, texts, tuple(unknown), grid.warnings)


def _from_file(source: Source, path: str, folder: Path) -> Table:
    label = str(Path(source.file).parent / path)
    file = folder / path
    try:
        return table.read(file, label)
    except BadInput as problem:
        if all(diagnostic.code == "file-unreadable" for diagnostic in problem.diagnostics):
            span = source.place(("matrix", "from"))
            message = problem.diagnostics[0].message
            hint = NOTHING if file.exists() else paths.hint(folder, path)
            raise BadInput(Diagnostic("table-unreadable", message, span, hint)) from None
        raise


def _inline(source: Source) -> Table:
    """The rows that stand in the list itself."""
    rows: list[TableRow] = []
    for index, cells in enumerate(source.value["matrix"]["rows"]):
        problems = tuple(
            Diagnostic(
                "table-cell",
                tr("cell {column!r} is not text, a number, true, false or null", column=column),
                source.place(("matrix", "rows", index, column)),
            )
            for column, cell in cells.items()
            if not isinstance(cell, Scalar)
        )
        rows.append(TableRow(cells, source.place(("matrix", "rows", index)), problems))
    columns = tuple(dict.fromkeys(column for row in rows for column in row.cells))
    index_of = {id(row): index for index, row in enumerate(rows)}

    def place(row: TableRow, column: str) -> Span:
        return source.place(("matrix", "rows", index_of[id(row)], column))

    return Table(columns, tuple(rows), "", place)


# -- names of rows -----------------------------------------------------------------------------


def _names(pattern: Template | None, grid: Table, values: Mapping[str, Scalar]) -> tuple[str, ...]:
    """What the folder of each row is called."""
    blank = {**values, **dict.fromkeys(grid.columns)}
    width = len(str(len(grid.rows)))
    return tuple(
        slug(pattern.text({**blank, **row.cells})) if pattern else f"row-{number:0{width}}"
        for number, row in enumerate(grid.rows, start=1)
    )


def _pattern(
    source: Source, matrix: Matrix, grid: Table, values: Mapping[str, Scalar]
) -> tuple[Template | None, list[Diagnostic]]:
    """What names the rows, and what is wrong with it."""
    if matrix.name is None:
        column = next((name for name in NAME_COLUMNS if name in grid.columns), None)
        return (template(f"${{{column}}}") if column else None), []
    pattern, names = template(matrix.name), {*grid.columns, *values}
    problems = [
        Diagnostic(
            "variable-unknown",
            tr("unknown variable or column {name!r}", name=name),
            source.place(("matrix", "name")),
            did_you_mean(name, names) or tr("known: {names}", names=listed(sorted(names), 12)),
        )
        for name in pattern.names
        if name not in names
    ]
    return pattern, problems


def _bad_names(names: tuple[str, ...], grid: Table) -> Iterator[tuple[int, tuple[Diagnostic, ...]]]:
    """What is wrong with the names of rows that can be read, by the numbers of the rows."""
    hint = tr('name the rows by a column: matrix: {{from: ..., name: "${{column}}"}}')
    rows_by_name: dict[str, TableRow] = {}
    for number, (name, row) in enumerate(zip(names, grid.rows, strict=True), start=1):
        if row.problems:
            continue
        if not is_folder_name(name):
            message = tr("{name!r} cannot be the name of a row's folder", name=name)
            message = message if name else tr("the row has no name")
            yield number, (Diagnostic("row-name-invalid", message, row.span, hint),)
            continue
        first = rows_by_name.setdefault(row_names.alike(name), row)
        if first is not row:
            message = tr(
                "duplicate row name {name!r} (first at {place})", name=name, place=first.span
            )
            yield number, (Diagnostic("row-name-twice", message, row.span, hint),)


def is_folder_name(name: str) -> bool:
    """Whether a row's folder can be called so, beside what is in the folder of the table."""
    return bool(name) and not _TAKEN.fullmatch(name) and not row_names.is_device(name)


def slug(text: str) -> str:
    """``text`` as the name of a folder on any disk; letters of every script stay."""
    plain = unicodedata.normalize("NFKC", text)
    letters = "".join(letter if row_names.is_part(letter) else "-" for letter in plain)
    whole = re.sub("-{2,}", "-", letters).strip(".-")
    return row_names.shortened(whole[:_LONGEST]).rstrip(".-")


# -- choosing rows -----------------------------------------------------------------------------


def numbers(text: str) -> frozenset[int] | None:
    """``1-100,250`` as numbers; None where it is not written so."""
    choice: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([1-9]\d{0,5})(?:\s*-\s*([1-9]\d{0,5}))?\s*", part)
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            return None
        choice.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return frozenset(choice)


def shard(text: str) -> tuple[int, int] | None:
    """``2/5`` as (2, 5); None where it is not written so."""
    match = re.fullmatch(r"([1-9]\d{0,4})/([1-9]\d{0,4})", text.strip())
    if match is None or int(match[1]) > int(match[2]):
        return None
    return int(match[1]), int(match[2])
