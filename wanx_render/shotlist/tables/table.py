"""A table in, its rows with the place of every cell out: CSV, a JSON list of objects, JSON lines.

A cell of CSV is text; JSON keeps its numbers (exact), ``true`` and ``null``. A row whose cells are
all blank is none, and a column without a name and without cells is none: spreadsheets leave such
rows and columns at the end. What is wrong with one row is kept with it; the others can be used.
"""

import csv
import io
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from wanx_render.diagnostics import Diagnostic, Span, clean, in_order
from wanx_render.errors import BadInput
from wanx_render.language import Message, joined, tr
from wanx_render.source import charsets, yaml_source

Scalar = str | int | Decimal | bool | None

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 100_000
_DELIMITERS = ",;\t"
# The first line that Excel writes and reads, before the header.
_SEPARATOR_LINE = re.compile(r'\s*"?sep=([,;\t|])"?[,;\t| ]*', re.IGNORECASE)
_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how xlsx, ods and xls begin
_BLANK = " \t\n\u200b\u200c\u200d\u2060\ufeff"  # beside what Python strips
# What no text of a list may hold either; a line end or tab in a cell is fine.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its cells by column, where it begins, and what keeps it from being used."""

    cells: dict[str, Scalar]  # checked to be no more than scalars before anyone uses them
    span: Span
    problems: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Table:
    """The rows of a table; ``place`` gives the place of a cell.

    ``warnings`` are about how the file was read.
    """

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    text: str
    place: Callable[[TableRow, str], Span]
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def problems(self) -> tuple[Diagnostic, ...]:
        """What is wrong with its rows."""
        return in_order(problem for row in self.rows for problem in row.problems)


def blank(cell: object) -> bool:
    """Whether a cell holds nothing that one can see."""
    return cell is None or (isinstance(cell, str) and not stripped(cell))


def stripped(text: str) -> str:
    """``text`` without blanks of any kind around it."""
    while (shorter := text.strip().strip(_BLANK)) != text:
        text = shorter
    return text


def read(file: Path, name: str) -> Table:
    """The table in ``file``, called ``name`` in messages. Raises BadInput where it is none."""
    source = _decoded(yaml_source.bytes_of(file, name, MAX_BYTES), name)
    text = source.text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        table = _json(text, name) if _is_json(file, text) else _csv(text, name)
        if not table.rows:
            raise BadInput(Diagnostic("table-empty", tr("the table has no rows"), Span(name, 1, 1)))
        if len(table.rows) > MAX_ROWS:
            message = tr("the table has more than {limit} rows", limit=f"{MAX_ROWS:,}")
            raise BadInput(
                Diagnostic("table-unreadable", message, Span(name, 1, 1), tr("split it"))
            )
    except BadInput as problem:
        problem.texts = {name: text}
        raise
    table = replace(table, rows=tuple(_checked(row, table, source) for row in table.rows))
    return replace(table, warnings=(_encoding(source, table, name),)) if source.guessed else table


_SAVE = tr("save the table as 'CSV UTF-8 (Comma delimited)' in Excel, or as UTF-8 elsewhere")


def _decoded(data: bytes, name: str) -> charsets.DecodedText:
    """The text of a table, in whichever encoding a spreadsheet wrote. Raises BadInput."""
    if data.startswith(_WORKBOOK):
        message = tr("{name} is a workbook, not a table in text", name=name)
        raise BadInput(Diagnostic("table-unreadable", message, Span(name, 1, 1), _SAVE))
    try:
        return charsets.decode(data)
    except charsets.UnknownEncoding as problem:
        message = tr("cannot read {name}: {reason}", name=name, reason=problem.args[0])
        raise BadInput(Diagnostic("table-unreadable", message, Span(name, 1, 1), _SAVE)) from None


def _encoding(source: charsets.DecodedText, table: Table, name: str) -> Diagnostic:
    """That the encoding was guessed; the first cells let people see whether that is right."""
    cells = [str(cell) for row in table.rows[:20] for cell in row.cells.values()]
    texts = [clean(cell).replace("\n", " ")[:20] for cell in (*table.columns, *cells)]
    samples = [text for text in texts if not text.isascii()]
    message = tr(
        "the table is not UTF-8; read as {encoding}: {cells}",
        encoding=source.encoding, cells=joined(samples[:3], tr(", ")),
    )  # fmt: skip
    hint = tr("if these words are wrong, {save}", save=_SAVE)
    return Diagnostic("table-encoding", message, Span(name, 1, 1), hint, "warning")


def _is_json(file: Path, text: str) -> bool:
    suffix = file.suffix.lower()
    if suffix in (".csv", ".tsv", ".txt"):
        return False
    return suffix in (".json", ".jsonl", ".ndjson") or text.lstrip()[:1] in ("[", "{")


def _checked(row: TableRow, table: Table, source: charsets.DecodedText) -> TableRow:
    """The row with what is wrong with its cells."""
    problems = tuple(
        Diagnostic("table-cell", message, table.place(row, column))
        for column, cell in row.cells.items()
        if (message := _fault(column, cell, lossy=source.lost > 0))
    )
    return replace(row, problems=(*row.problems, *problems)) if problems else row


def _fault(column: str, cell: object, *, lossy: bool) -> Message | None:
    """What is wrong with a cell; ``lossy``: some bytes of the file are not text."""
    if not isinstance(cell, str):
        if isinstance(cell, Scalar):
            return None
        return tr("cell {column!r} is not text, a number, true, false or null", column=column)
    if match := _CONTROL.search(cell):
        return tr(
            "cell {column!r} contains the character U+{code:04X}, which is not allowed",
            column=column, code=ord(match[0]),
        )  # fmt: skip
    if lossy and "\N{REPLACEMENT CHARACTER}" in cell:
        return tr("cell {column!r} contains bytes that are not text", column=column)
    return None


# -- CSV -------------------------------------------------------------------------------------------


def _csv(text: str, name: str) -> Table:
    whole, (text, delimiter) = text, _without_separator_line(text)
    problems: list[Diagnostic] = []
    records = list(_records(text, name, delimiter, problems))
    if not records:
        raise BadInput(
            Diagnostic("table-empty", tr("the table has no header line"), Span(name, 1, 1))
        )
    (first, header), rows = records[0], records[1:]
    columns = tuple(stripped(column) for column in header)
    nameless = {number for number, column in enumerate(columns) if not column}
    empty = {n for n in nameless if all(blank(cells[n]) for _, cells in rows if n < len(cells))}
    problems += _bad_header(columns, empty, Span(name, first, 1))
    if problems:
        raise BadInput(*in_order(problems))
    cell_rows = [_row(columns, cells, Span(name, line, 1)) for line, cells in rows]
    starts = _line_starts(text)

    def place(row: TableRow, column: str) -> Span:
        if column not in row.cells:
            return row.span
        at, length = _cell(text, starts[row.span.line - 1], delimiter, columns.index(column))
        line = text.count("\n", 0, at) + 1
        return Span(name, line, at - starts[line - 1] + 1, length)

    names = tuple(filter(None, columns))
    return Table(names, tuple(cell_rows), whole, place)


def _without_separator_line(text: str) -> tuple[str, str]:
    """The text with a blank line in place of ``sep=;``, and what separates its cells."""
    head, end, rest = text.partition("\n")
    if match := _SEPARATOR_LINE.fullmatch(head):
        return end + rest, match[1]
    return text, max(_DELIMITERS, key=head.count)


def _row(columns: tuple[str, ...], cells: list[str], span: Span) -> TableRow:
    """A row as it is written; one with more or fewer cells than the header cannot be used."""
    while len(cells) > len(columns) and blank(cells[-1]):
        cells.pop()
    by_column: dict[str, Scalar] = {
        column: cell for column, cell in zip(columns, cells, strict=False) if column
    }
    if len(cells) == len(columns):
        return TableRow(by_column, span)
    message = tr(
        "this row has {cells} cells, the header {columns}", cells=len(cells), columns=len(columns)
    )
    hint = tr("put a cell that contains the separator in quotation marks")
    return TableRow(by_column, span, (Diagnostic("table-row", message, span, hint),))


def _records(
    text: str, name: str, delimiter: str, problems: list[Diagnostic]
) -> Iterator[tuple[int, list[str]]]:
    """Each record that holds anything, with the line it begins at."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for record in reader:
            if not all(map(blank, record)):
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        message = tr("this is not valid CSV: {reason}", reason=error)
        problems.append(Diagnostic("table-unreadable", message, Span(name, line, 1)))


def _bad_header(columns: tuple[str, ...], empty: set[int], span: Span) -> Iterator[Diagnostic]:
    """What is wrong with the header; ``empty`` columns have no cell that holds anything."""
    if any(not column and number not in empty for number, column in enumerate(columns)):
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
            problem = Diagnostic("table-row", message, at(offset))
            rows.append(TableRow({}, at(offset), (problem,)))
        elif not all(map(blank, item.values())):
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
