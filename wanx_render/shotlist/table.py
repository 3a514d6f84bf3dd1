"""A table in, its rows with the place of every cell out: CSV, a JSON list of objects, JSON lines.

A cell of CSV is text; JSON keeps its numbers (exact), ``true`` and ``null``. A row whose cells are
all empty is none: spreadsheets leave such rows at the end.
"""

import csv
import io
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from wanx_render.diagnostics import Diagnostic, Span, in_order
from wanx_render.errors import BadInput
from wanx_render.language import tr
from wanx_render.source import yaml_source

Scalar = str | int | Decimal | bool | None

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 100_000
_DELIMITERS = ",;\t"
# What no text of a list may hold either; a line end or tab in a cell is fine.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its cells by column, and where it begins."""

    cells: dict[str, Scalar]  # checked to be no more than scalars before anyone sees them
    span: Span


@dataclass(frozen=True)
class Table:
    """The rows of a table; ``place`` gives the place of a cell."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    text: str
    place: Callable[[TableRow, str], Span]


def read(file: Path, name: str) -> Table:
    """The table in ``file``, called ``name`` in messages. Raises BadInput with all problems."""
    text = yaml_source.text_of(file, name, MAX_BYTES).replace("\r\n", "\n").replace("\r", "\n")
    try:
        table = _json(text, name) if _is_json(file, text) else _csv(text, name)
        if not table.rows:
            raise BadInput(Diagnostic("table-empty", tr("the table has no rows"), Span(name, 1, 1)))
        if len(table.rows) > MAX_ROWS:
            message = tr("the table has more than {limit} rows", limit=f"{MAX_ROWS:,}")
            raise BadInput(
                Diagnostic("table-unreadable", message, Span(name, 1, 1), tr("split it"))
            )
        if problems := tuple(_bad_cells(table)):
            raise BadInput(*in_order(problems))
    except BadInput as problem:
        problem.texts = {name: text}
        raise
    return table


def _is_json(file: Path, text: str) -> bool:
    suffix = file.suffix.lower()
    if suffix in (".csv", ".tsv", ".txt"):
        return False
    return suffix in (".json", ".jsonl", ".ndjson") or text.lstrip()[:1] in ("[", "{")


def _bad_cells(table: Table) -> Iterator[Diagnostic]:
    for row in table.rows:
        cells: dict[str, object] = {**row.cells}
        for column, cell in cells.items():
            if not isinstance(cell, Scalar):
                message = tr(
                    "cell {column!r} is not text, a number, true, false or null", column=column
                )
                yield Diagnostic("table-cell", message, table.place(row, column))
            elif isinstance(cell, str) and (match := _CONTROL.search(cell)):
                message = tr(
                    "cell {column!r} contains the character U+{code:04X}, which is not allowed",
                    column=column, code=ord(match[0]),
                )  # fmt: skip
                yield Diagnostic("table-cell", message, table.place(row, column))


# -- CSV -------------------------------------------------------------------------------------------


def _csv(text: str, name: str) -> Table:
    head = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=head.count)
    problems: list[Diagnostic] = []
    records = list(_records(text, name, delimiter, problems))
    if not records:
        raise BadInput(
            Diagnostic("table-empty", tr("the table has no header line"), Span(name, 1, 1))
        )
    (first, header), rows = records[0], records[1:]
    columns = tuple(column.strip() for column in header)
    problems += _bad_header(columns, Span(name, first, 1))
    cell_rows: list[TableRow] = []
    for line, cells in rows:
        while len(cells) > len(columns) and not cells[-1]:
            cells.pop()
        if len(cells) != len(columns):
            message = tr(
                "this row has {cells} cells, the header {columns}",
                cells=len(cells), columns=len(columns),
            )  # fmt: skip
            hint = tr("put a cell that contains the separator in quotation marks")
            problems.append(Diagnostic("table-row", message, Span(name, line, 1), hint))
            continue
        cell_rows.append(TableRow(dict(zip(columns, cells, strict=True)), Span(name, line, 1)))
    if problems:
        raise BadInput(*in_order(problems))
    starts = _line_starts(text)

    def place(row: TableRow, column: str) -> Span:
        if column not in row.cells:
            return row.span
        at, length = _cell(text, starts[row.span.line - 1], delimiter, columns.index(column))
        line = text.count("\n", 0, at) + 1
        return Span(name, line, at - starts[line - 1] + 1, length)

    return Table(columns, tuple(cell_rows), text, place)


def _records(
    text: str, name: str, delimiter: str, problems: list[Diagnostic]
) -> Iterator[tuple[int, list[str]]]:
    """Each record that holds anything, with the line it begins at."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for record in reader:
            if any(record):
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        message = tr("this is not valid CSV: {reason}", reason=error)
        problems.append(Diagnostic("table-unreadable", message, Span(name, line, 1)))


def _bad_header(columns: tuple[str, ...], span: Span) -> Iterator[Diagnostic]:
    if "" in columns:
        yield Diagnostic("table-columns", tr("a column of the header has no name"), span)
    for column in dict.fromkeys(c for c in columns if c and columns.count(c) > 1):
        message = tr("duplicate column {column!r} in the header", column=column)
        yield Diagnostic("table-columns", message, span)


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def _cell(text: str, at: int, delimiter: str, number: int) -> tuple[int, int]:
    """Where the cell ``number`` of the record at offset ``at`` begins, and its length."""
    plain = re.compile(f"[^{delimiter}\r\n]*")
    for left in range(number, -1, -1):
        match = _QUOTED.match(text, at) or plain.match(text, at)
        end = match.end() if match else at
        if not left:
            break
        at = end + 1
    return at, max(len(text[at:end].split("\n", 1)[0]), 1)


# -- JSON ------------------------------------------------------------------------------------------


class _Twice(ValueError):
    """A key that stands twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Twice(tr("duplicate key {key!r}", key=twice))
    return mapping


def _json(text: str, name: str) -> Table:
    starts = _line_starts(text)

    def at(offset: int) -> Span:
        line = bisect_right(starts, offset)
        return Span(name, line, offset - starts[line - 1] + 1)

    rows: list[TableRow] = []
    for offset, item in _items(text, at):
        if not isinstance(item, dict):
            message = tr('a row must be an object, such as {{"sku": "a1"}}')
            raise BadInput(Diagnostic("table-row", message, at(offset)))
        if any(cell not in ("", None) for cell in item.values()):
            rows.append(TableRow(item, at(offset)))
    columns = tuple(dict.fromkeys(column for row in rows for column in row.cells))

    def place(row: TableRow, column: str) -> Span:
        begin = starts[row.span.line - 1] + row.span.column - 1
        key = re.compile(re.escape(json.dumps(column, ensure_ascii=False)) + r"\s*:\s*")
        match = key.search(text, begin)
        return at(match.end()) if column in row.cells and match else row.span

    return Table(columns, tuple(rows), text, place)


def _items(text: str, at: Callable[[int], Span]) -> Iterator[tuple[int, Any]]:
    """The items of a list, or values one after the other, each with its offset."""
    decoder = json.JSONDecoder(parse_float=Decimal, object_pairs_hook=_object)
    offset = _after_blanks(text, 0)
    is_list = text[offset : offset + 1] == "["
    offset = _after_blanks(text, offset + is_list)
    while not (text[offset : offset + 1] == "]" if is_list else offset >= len(text)):
        try:
            item, end = decoder.raw_decode(text, offset)
        except (ValueError, RecursionError) as error:
            raise BadInput(_not_json(error, at(offset))) from None
        yield offset, item
        offset = _after_blanks(text, end)
        if is_list and text[offset : offset + 1] not in (",", "]"):
            message = tr("this is not valid JSON: a comma or ] is missing")
            raise BadInput(Diagnostic("table-unreadable", message, at(offset)))
        if is_list and text[offset] == ",":
            offset = _after_blanks(text, offset + 1)
    if is_list and _after_blanks(text, offset + 1) < len(text):
        message = tr("this is not valid JSON: text follows the list")
        raise BadInput(Diagnostic("table-unreadable", message, at(offset + 1)))


def _after_blanks(text: str, offset: int) -> int:
    while offset < len(text) and text[offset].isspace():
        offset += 1
    return offset


def _not_json(error: Exception, span: Span) -> Diagnostic:
    if isinstance(error, json.JSONDecodeError):
        span = Span(span.file, error.lineno, error.colno)
        message = tr("this is not valid JSON: {reason}", reason=error.msg)
        return Diagnostic("table-unreadable", message, span)
    message = error.args[0] if isinstance(error, _Twice) else tr("cannot read this row")
    return Diagnostic("table-unreadable", message, span)
