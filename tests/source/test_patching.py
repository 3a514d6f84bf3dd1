"""Changes of values in a text: what they touch, and that the rest stays as it is."""

import copy
import difflib
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.lists_as_text import ListText, list_texts
from tests.support.places import ROOT
from wanx_render.errors import BadInput
from wanx_render.source.changes import Change, Insert, Remove, Set
from wanx_render.source.patching import patched, unified
from wanx_render.source.yaml_source import parse


def after(text: str, *changes: Change) -> str:
    return patched(parse(text, "list.yaml"), changes).text


def refused(text: str, *changes: Change) -> str:
    with pytest.raises(BadInput) as caught:
        after(text, *changes)
    (problem,) = caught.value.diagnostics
    assert problem.code == "patch-refused"
    return str(problem.message)


CASES: dict[str, tuple[str, Change, str]] = {
    "a plain text": ("a: old  # c\n", Set(("a",), "new"), "a: new  # c\n"),
    "single quotes": ("a: 'it''s'\n", Set(("a",), "don't: #"), "a: 'don''t: #'\n"),
    "double quotes": ('a: "x\\ty" # c\n', Set(("a",), 'say "hi"\n'), 'a: "say \\"hi\\"\\n" # c\n'),
    "a text that needs quotes": ("a: old\n", Set(("a",), "x: y"), 'a: "x: y"\n'),
    "a text that looks like a number": ("a: old\n", Set(("a",), "5"), 'a: "5"\n'),
    "an aspect": ("a: 3:4\n", Set(("a",), "9:16"), "a: 9:16\n"),
    "a number": ("a: 5 # s\n", Set(("a",), Decimal("4.60")), "a: 4.60 # s\n"),
    "nothing there": ("a:\nb: 1\n", Set(("a",), 3), "a: 3\nb: 1\n"),
    "nothing there, but a comment": ("a: # c\nb: 1\n", Set(("a",), 3), "a: 3 # c\nb: 1\n"),
    "several lines for one": (
        "a: old # c\nb: 1\n",
        Set(("a",), "x\ny"),
        "a: |- # c\n  x\n  y\nb: 1\n",
    ),
    "literal text": (
        "a: | # c\n   x\n   y\n\nb: 1\n",
        Set(("a",), "z\n\nw\n"),
        "a: | # c\n   z\n\n   w\n\nb: 1\n",
    ),
    "folded text": (
        "a: >-\n  one\n  two\nb: 1\n",
        Set(("a",), "three four"),
        "a: >-\n  three four\nb: 1\n",
    ),
    "text that keeps its line ends": (
        "a: |+\n  x\n\n\nb: 1\n",
        Set(("a",), "y\n\n"),
        "a: |+\n  y\n\nb: 1\n",
    ),
    "plain over two lines": (
        "a: one\n  two # c\nb: 1\n",
        Set(("a",), "short one"),
        "a: short one # c\nb: 1\n",
    ),
    "CRLF": ("a: 1\r\nb:\r\n  c: 2\r\n", Set(("b", "d"), 3), "a: 1\r\nb:\r\n  c: 2\r\n  d: 3\r\n"),
    "no line end": ("a: 1", Set(("b",), 2), "a: 1\nb: 2"),
    "a comment at the end stays there": (
        "a: 1 # one\n# end\n",
        Set(("b",), 2),
        "a: 1 # one\nb: 2\n# end\n",
    ),
    "a new key in braces": ("{a: 1 } # c\n", Set(("b",), 2), "{a: 1, b: 2 } # c\n"),
    "a new key in empty braces": ("a: {} # c\n", Set(("a", "b"), 2), "a: {b: 2} # c\n"),
    "braces over lines": (
        "{\n  a: 1, # one\n  b: 2 # two\n}\n",
        Set(("c",), 3),
        "{\n  a: 1, # one\n  b: 2, # two\n  c: 3\n}\n",
    ),
    "a comma too many": (
        "{\n  a: 1,\n  b: 2, # two\n}\n",
        Set(("c",), 3),
        "{\n  a: 1,\n  b: 2, # two\n  c: 3,\n}\n",
    ),
    "an alias gets a value of its own": (
        "a: &x {s: 1}\nb: *x # c\n",
        Set(("b", "e"), 2),
        "a: &x {s: 1}\nb: {s: 1, e: 2} # c\n",
    ),
    "a merged key": (
        "a: &x {s: 1}\nb:\n  <<: *x\n",
        Set(("b", "s"), 2),
        "a: &x {s: 1}\nb:\n  <<: *x\n  s: 2\n",
    ),
    "an anchor that nobody uses": ("a: &x old\n", Set(("a",), "new"), "a: &x new\n"),
    "blanks at the end of a block text are a part of it": (
        "a: >-\n  one\n  two   \n\nb: |\n  x  \n",
        Set(("a",), "three"),
        "a: >-\n  three\n\nb: |\n  x  \n",
    ),
    "a key without a value in braces": ("{a, b: 1}\n", Set(("a",), 2), "{a: 2, b: 1}\n"),
    "a block becomes a text of two lines": (
        "a:\n  b: 1 # b\nd: 3\n",
        Set(("a",), "x\ny"),
        'a: "x\\ny" # b\nd: 3\n',
    ),
    "a block becomes a value": (
        "a: # c\n  b: 1\n  c: 2\nd: 3\n",
        Set(("a",), "off"),
        "a: off # c\nd: 3\n",
    ),
    "braces become a value": ("a: {b: 1} # c\n", Set(("a",), "off"), "a: off # c\n"),
    "one key of a mapping": (
        "a:\n  b: 1 # b\n  c: 2 # c\n",
        Set(("a",), {"b": 1, "c": 3}),
        "a:\n  b: 1 # b\n  c: 3 # c\n",
    ),
    "a key less": ("a: {b: 1, c: 2, d: 3}\n", Set(("a",), {"b": 1, "d": 3}), "a: {b: 1, d: 3}\n"),
    "the first key in braces": ("{b: 1, c: 2}\n", Remove(("b",)), "{c: 2}\n"),
    "the last key in braces": ("{b: 1, c: 2}\n", Remove(("c",)), "{b: 1}\n"),
    "the only key": ("a:\n  b: 1\nc: 2\n", Remove(("a", "b")), "a: {}\nc: 2\n"),
    "a line": ("a: 1\nb: 2 # c\n# d\nc: 3\n", Remove(("b",)), "a: 1\n# d\nc: 3\n"),
    "the first line": ("a: 1\nb: 2\n", Remove(("a",)), "b: 2\n"),
    "a key behind a dash": ("- a: 1\n  b: 2\n", Remove((0, "a")), "- b: 2\n"),
    "an item": (
        "a:\n  # x\n  - x\n  - y # y\n  - z\n",
        Remove(("a", 1)),
        "a:\n  # x\n  - x\n  - z\n",
    ),
    "an item in brackets": ("[x, y, z]\n", Remove((1,)), "[x, z]\n"),
    "the only item": ("a: [x]\n", Remove(("a", 0)), "a: []\n"),
    "a new item": (
        "a:\n- x: 1 # c\n# d\n- x: 2\n",
        Insert(("a", 1), {"x": 3, "y": "z"}),
        "a:\n- x: 1 # c\n- x: 3\n  y: z\n# d\n- x: 2\n",
    ),
    "a new item behind what somebody commented out": (
        "a:\n- x: 1\n  # y: 2\n  # z: 3\n# d\n- x: 2\n",
        Insert(("a", 1), {"x": 3}),
        "a:\n- x: 1\n  # y: 2\n  # z: 3\n- x: 3\n# d\n- x: 2\n",
    ),
    "a new first item": ("a:\n  # x\n  - x\n", Insert(("a", 0), "w"), "a:\n  # x\n  - w\n  - x\n"),
    "a new last item": (
        "a:\n  - {x: 1}\n\n  - {x: 2}\n",
        Insert(("a", 2), {"x": 3}),
        "a:\n  - {x: 1}\n\n  - {x: 2}\n\n  - {x: 3}\n",
    ),
    "a new item in brackets": ("a: [x, y]\n", Insert(("a", 1), "z"), "a: [x, z, y]\n"),
    "a new item in empty brackets": ("a: []\n", Insert(("a", 0), "z"), "a: [z]\n"),
    "Chinese": ("提示: 一只猫 # 注释\n", Set(("提示",), "两只猫：跑"), "提示: 两只猫：跑 # 注释\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_only_the_place_that_changes_is_written(case: str) -> None:
    text, change, expected = CASES[case]
    assert after(text, change) == expected


def test_several_changes_are_made_at_once() -> None:
    text = "shots:\n  - id: a # first\n    focus: [0.5, 0.3]\n  - {id: b}\n"
    changes = (
        Set(("shots", 0, "focus", 1), Decimal("0.4")),
        Set(("shots", 0, "x"), 1),
        Set(("shots", 0, "y"), "two"),
        Set(("shots", 1, "trim", "end"), 3),
        Insert(("shots", 2), {"id": "c"}),
    )
    assert after(text, *changes) == (
        "shots:\n  - id: a # first\n    focus: [0.5, 0.4]\n    x: 1\n    y: two\n"
        "  - {id: b, trim: {end: 3}}\n  - {id: c}\n"
    )


def test_what_would_change_something_else_is_refused() -> None:
    shared = "a: &x {s: 1}\nb: *x\nc:\n  <<: *x\n"
    assert "anchor" in refused(shared, Set(("a", "s"), 2))
    assert "anchor" in refused(shared, Remove(("c", "s")))
    assert "anchor" in refused("a: &x 1\nb: *x\n", Remove(("a",)))


def test_what_yaml_cannot_hold_is_refused() -> None:
    assert "cannot hold" in refused("a: 1\n", Set(("a",), "\ud800"))


BEFORE = [
    "a: old\n",
    "a: 'old'\n",
    'a: "old"\n',
    "a: |\n  old\n",
    "a: >\n  old\n  er\n",
    "a: one\n  two\n",
    "{a: old}\n",
    "{a: 'old', b: 1}\n",
    "- a: old\n",
    "a: 'one\n    two' # c\nb: |\n  x\n",
]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "null",
        "~",
        "no",
        "1e3",
        "- x",
        "# x",
        "a #b",
        "x:",
        "'",
        '"',
        "\\",
        "\t",
        "a\tb",
        "\n",
        "a\n",
        "\na",
        " a",
        "a ",
        "a\n\n b",
        "a  b",
        "\u2028",
        "\x85",
        "\ufeff",
        "\x00",
        "\x7f",
        "\u3000猫",
        "“猫”",
        "：",
        "${x}",
        "{a}",
        "[a",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "...",
        "---",
        "<<",
        "=",
        "\U0001f408",
        "a, b",
        "a\r\nb",
        "x" * 300 + " y" * 100,
    ],
)
def test_any_text_can_be_set_whatever_stands_there(text: str) -> None:
    for before in BEFORE:
        path = (0, "a") if before.startswith("-") else ("a",)
        new = parse(after(before, Set(path, text)), "list.yaml")
        value = new.value[0] if before.startswith("-") else new.value
        assert value["a"] == text
        assert ("# c" in new.text) == ("# c" in before)


@settings(max_examples=30, deadline=None)
@given(list_texts(), st.data())
def test_a_change_gives_exactly_the_wished_value_and_keeps_the_rest(
    written: ListText, data: st.DataObject
) -> None:
    check(written, data)


# All of them in .ci/proofs.
MANY = 1000 if "FUZZ" in os.environ else 400


@pytest.mark.proof
@settings(max_examples=MANY, deadline=None)
@given(list_texts(), st.data())
def test_many_changes_of_many_lists(written: ListText, data: st.DataObject) -> None:
    check(written, data)


def check(written: ListText, data: st.DataObject) -> None:
    """One change of a list does what it should, or is refused because of an anchor."""
    changes = data.draw(written.changes())
    expected = copy.deepcopy(written.value)
    kept = Counter(written.comments)
    for change in changes:
        kept -= written.comments_within(change)
        written.apply(change, expected)
    try:
        new = patched(parse(written.text, "list.yaml"), changes)
    except BadInput:
        assert "&" in written.text
        return
    assert new.value == expected
    assert kept <= Counter(re.findall(r"# note \d+", new.text))
    assert ("\r\n" in new.text) == ("\r\n" in written.text)
    assert not re.search(r"(?<!\r)\n", new.text) or "\r\n" not in written.text


def single_values(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for part, item in inner:
        if isinstance(item, dict | list):
            yield from single_values(item, (*path, part))
        else:
            yield (*path, part)


@pytest.mark.parametrize("name", ["hello", "short-drama", "products"])
def test_each_value_of_an_example_can_be_changed_without_touching_another(name: str) -> None:
    text = (ROOT / "specs" / f"{name}.yaml").read_text(encoding="utf-8")
    source = parse(text, name)
    for path in single_values(source.value):
        new = patched(source, [Set(path, "猫")]).text
        lines = difflib.ndiff(text.splitlines(), new.splitlines())
        node = source.nodes[path]
        height = node.end_mark.line - node.start_mark.line + 1
        assert 1 <= sum(line.startswith("- ") for line in lines) <= height, path
        assert re.findall(r"\s(#.*)", new) == re.findall(r"\s(#.*)", text), path


FILES = {
    "plain.yaml": "a: 1\r\nb: 2\r\n",
    "two words.yaml": "a: 1\nb: 2",
    "分镜.yaml": "\ufeffa: 1\nb: 2\n# c\u2028\n",
}


@pytest.mark.parametrize("program", [["patch", "-p0"], ["git", "apply", "-p0"]])
def test_other_programs_apply_the_difference(tmp_path: FilePath, program: list[str]) -> None:
    for name, text in FILES.items():
        file = tmp_path / name
        file.write_bytes(text.encode())
        new = text.replace("a: 1", "a: 一").replace("b: 2", "b: 2\nc: 3")
        diff = unified(text, new, name)
        subprocess.run(program, input=diff.encode(), cwd=tmp_path, check=True, timeout=20)
        assert file.read_bytes() == new.encode(), name
        assert unified(text, text, name) == ""
