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
from wanx_render.shotlist.tables import table
from wanx_render.shotlist.tables.table import Table


def read(tmp_path: Path, text: str, name: str = "t.csv") -> Table:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8", newline="")
    return table.read(file, name)


def problems(tmp_path: Path, text: str, name: str = "t.csv") -> list[str]:
    try:
        diagnostics = read(tmp_path, text, name).problems
    except BadInput as refusal:
        assert refusal.texts
        diagnostics = refusal.diagnostics
    return [f"{diagnostic.span} {diagnostic.code}" for diagnostic in diagnostics]


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
    kept = [row for row in rows if any(cell.strip() for cell in row)]
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


PROMPTS = {
    "gbk": ("白瓷杯缓缓转动", "木梳在木石台上", "GBK (GB18030)"),
    "gb18030": ("镕牌保温杯，热气升腾", "檀木梳放在㐀石上", "GBK (GB18030)"),
    "cp950": ("白瓷杯緩緩轉動", "木梳放在石台上，陽光灑落", "Big5"),
    "cp932": ("白い磁器のカップがゆっくり回る", "木の櫛が石の台に置かれている", "Shift-JIS"),
}


def written(tmp_path: Path, data: bytes) -> Table:
    (tmp_path / "t.csv").write_bytes(data)
    return table.read(tmp_path / "t.csv", "t.csv")


@pytest.mark.parametrize("codec", PROMPTS)
def test_a_table_in_the_encoding_of_excel_is_read_and_says_so(tmp_path: Path, codec: str) -> None:
    *prompts, encoding = PROMPTS[codec]
    text = f"sku,pic,prompt\r\na1,a.png,{prompts[0]}\r\na2,a.png,{prompts[1]}\r\n"
    found = written(tmp_path, text.encode(codec))
    assert [row.cells["prompt"] for row in found.rows] == prompts
    (warning,) = found.warnings
    assert (warning.code, warning.severity) == ("table-encoding", "warning")
    assert encoding in warning.message
    assert prompts[0][:20] in warning.message
    assert "CSV UTF-8" in warning.hint


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_enough(tmp_path: Path, codec: str) -> None:
    found = written(tmp_path, "sku\tprompt\r\na1\t白瓷杯\r\n".encode(codec))
    assert found.columns == ("sku", "prompt")
    assert found.rows[0].cells == {"sku": "a1", "prompt": "白瓷杯"}
    assert not found.warnings


@pytest.mark.parametrize("data", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0\xa1", bytes(range(256))])
def test_a_workbook_is_named_with_the_way_out(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        written(tmp_path, data)
    (problem,) = caught.value.diagnostics
    assert problem.code == "table-unreadable"
    assert "CSV UTF-8" in problem.hint


def test_broken_bytes_are_a_problem_of_their_cell(tmp_path: Path) -> None:
    rows = "".join(f"a{n},白瓷杯缓缓转动\n" for n in range(9)).encode()
    found = written(tmp_path, b"sku,prompt\n" + rows + "b,白".encode()[:-1] + b"\n")
    assert [f"{p.span} {p.code}" for p in found.problems] == ["t.csv:11:3 table-cell"]
    lost_before = written(tmp_path, "sku,prompt\na,wh\ufffdt\n".encode())
    assert not lost_before.problems


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;"])
def test_the_separator_line_of_excel_is_no_header(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, f"{line}\r\nsku;words\r\na1;one, two\r\n")
    assert found.columns == ("sku", "words")
    assert found.rows[0].cells == {"sku": "a1", "words": "one, two"}
    place = found.place(found.rows[0], "words")
    assert (place.line, place.column) == (3, 4)
    assert found.text.split("\n")[2][3:] == "one, two"


def test_blank_rows_and_columns_at_the_end_are_none(tmp_path: Path) -> None:
    text = "sku,words, ,\u3000\na1,one,,\n \u00a0,\u3000,,\n,,,\n"
    found = read(tmp_path, text)
    assert found.columns == ("sku", "words")
    assert [row.cells for row in found.rows] == [{"sku": "a1", "words": "one"}]
