"""Tables as people save them, with the place of every cell."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanx_render.errors import BadInput
from wanx_render.shotlist import table
from wanx_render.shotlist.table import Table


def read(tmp_path: Path, text: str, name: str = "t.csv") -> Table:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8", newline="")
    return table.read(file, name)


def problems(tmp_path: Path, text: str, name: str = "t.csv") -> list[str]:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, text, name)
    assert caught.value.texts
    return [f"{diagnostic.span} {diagnostic.code}" for diagnostic in caught.value.diagnostics]


def test_what_a_spreadsheet_writes_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, '\ufeffsku,words\r\na,"one, ""two""\r\nthree"\r\nb,蓝色: 杯子\r\n,\r\n')
    assert found.columns == ("sku", "words")
    assert [row.cells["words"] for row in found.rows] == ['one, "two"\nthree', "蓝色: 杯子"]
    assert [row.span.line for row in found.rows] == [2, 4]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_the_headers(tmp_path: Path, separator: str) -> None:
    found = read(tmp_path, separator.join("abc") + "\n" + separator.join("123") + "\n")
    assert found.rows[0].cells == {"a": "1", "b": "2", "c": "3"}


def test_a_cell_is_found_in_its_line(tmp_path: Path) -> None:
    found = read(tmp_path, 'a,b,c\n"x\ny, z",middle,last\n')
    row = found.rows[0]
    places = [found.place(row, column) for column in "abc"]
    assert [(p.line, p.column) for p in places] == [(2, 1), (3, 7), (3, 14)]
    assert places[1].length == len("middle")


CELLS = st.text(st.characters(exclude_categories=("C", "Zl", "Zp"), include_characters='",;\n\t'))


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=5))
def test_whatever_is_written_as_csv_is_read_and_found(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    found = table._csv(text.getvalue(), "t.csv")
    kept = [row for row in rows if any(row)]
    assert [list(row.cells.values()) for row in found.rows] == kept
    lines = text.getvalue().split("\n")
    for row in found.rows:
        for column, cell in row.cells.items():
            place = found.place(row, column)
            here = lines[place.line - 1][place.column - 1 :]
            assert isinstance(cell, str)
            assert here.startswith(('"', cell.split("\n")[0]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["t.csv:1:1 table-empty"]),
        ("a,b\n", ["t.csv:1:1 table-empty"]),
        ("a,a,\n1,2,3\n", ["t.csv:1:1 table-columns", "t.csv:1:1 table-columns"]),
        ("a,b\n1\n2,3,4\n5,6\n", ["t.csv:2:1 table-row", "t.csv:3:1 table-row"]),
        ('a,b\n1,2\n"3,4\n', ["t.csv:3:1 table-unreadable"]),
        ("a,b\n1,\x072\n", ["t.csv:2:3 table-cell"]),
    ],
)
def test_what_is_no_table_is_refused_at_its_line(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    assert problems(tmp_path, text) == expected


def test_json_keeps_its_kinds_and_its_places(tmp_path: Path) -> None:
    rows = (
        '[\n  {"sku": "007", "seconds": 5,\n   "gain": -1.50, "on": true},\n  {"sku": "008"}\n]\n'
    )
    found = read(tmp_path, rows, "t.json")
    assert found.rows[0].cells == {"sku": "007", "seconds": 5, "gain": Decimal("-1.50"), "on": True}
    place = found.place(found.rows[0], "gain")
    assert (place.line, place.column) == (3, 12)
    assert found.place(found.rows[1], "gain").line == 4


def test_json_lines_are_rows(tmp_path: Path) -> None:
    text = "".join(json.dumps({"sku": f"a{n}", "text": "一\n二"}) + "\n" for n in range(3))
    found = read(tmp_path, text, "t.jsonl")
    assert [row.span.line for row in found.rows] == [1, 2, 3]
    assert found.rows[2].cells == {"sku": "a2", "text": "一\n二"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"a": 1},\n {"a": }]', ["t.json:2:8 table-unreadable"]),
        ('[{"a": 1},\n 5]', ["t.json:2:2 table-row"]),
        ('[{"a": [1]}]', ["t.json:1:8 table-cell"]),
        ('[{"a": 1, "a": 2}]', ["t.json:1:2 table-unreadable"]),
        ('[{"a": NaN}]', ["t.json:1:8 table-cell"]),
        ('[{"a": "\\ud800"}]', ["t.json:1:8 table-cell"]),
        ("[" * 100_000, ["t.json:1:2 table-unreadable"]),
        ('[{"a": 1}', ["t.json:1:10 table-unreadable"]),
        ('[{"a": 1} {"a": 2}]', ["t.json:1:11 table-unreadable"]),
    ],
)
def test_what_is_no_json_table_is_refused_at_its_line(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    assert problems(tmp_path, text, "t.json") == expected


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("sku,词\na,杯子\n".encode("gb18030"))
    with pytest.raises(BadInput, match="not UTF-8"):
        table.read(tmp_path / "t.csv", "t.csv")
