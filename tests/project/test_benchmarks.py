"""The one table of benchmarks: its parts are there, and old figures belong to rows."""

import ast
import re
import sys

import pytest

from tests.support.places import ROOT

sys.path.append(str(ROOT / "benchmarks"))  # last: tests have modules of the same names
import all as table
import rows

SOURCES = {path.stem: path.read_text("utf-8") for path in (ROOT / "benchmarks").glob("*.py")}


@pytest.mark.parametrize("name", table.PARTS)
def test_a_part_is_a_script_that_yields_rows(name: str) -> None:
    tree = ast.parse(SOURCES[table.PARTS[name].module])
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert [argument.arg for argument in functions["rows"].args.args][:1] == ["whole"]


def test_every_old_figure_is_of_a_part_of_the_table_and_has_an_origin() -> None:
    assert rows.before()
    for name, old in rows.before().items():
        assert name.partition("/")[0] in {*table.PARTS, "asking", "plans"}, name
        assert old.value > 0
        assert re.search(r"\w", old.origin)


def test_a_row_is_shown_beside_the_figure_of_the_old_commit() -> None:
    line = rows.shown(rows.Row("start/--help", 1.234, "", "what it is", "at most 4"))
    assert re.fullmatch(r"start/--help +1\.23 +5\.20  what it is  \(at most 4\)", line)
    line = rows.shown(rows.Row("start/new", 1234.5, "ms", "what it is"))
    assert re.fullmatch(r"start/new +1,23[45] ms +-  what it is", line)


def test_ratios_are_of_rounds_so_that_a_slow_one_does_not_count() -> None:
    assert rows.ratio([2, 4, 30], [1, 2, 3]) == 2
    order: list[str] = []
    works = {name: lambda name=name: order.append(name) for name in ("a", "b")}
    rows.in_turn(works, 2)
    assert order == ["a", "b", "a", "b"]


def test_what_is_no_part_is_named(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["all.py", "stat"])
    with pytest.raises(SystemExit):
        table.main()
    assert "no part is called stat; there are " in capsys.readouterr().err
