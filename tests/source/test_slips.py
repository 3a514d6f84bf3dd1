"""What another keyboard, a chat or a web page leaves in a list: each sign at its own place."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.shotlist.model import every_key
from wanx_render.shotlist.reading import read
from wanx_render.source import slips


def problems(tmp_path: Path, text: str) -> tuple[Diagnostic, ...]:
    """What is said of a text; its warnings where it can be read."""
    file = tmp_path / "a.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        return read(file, "a.yaml")[1]
    except BadInput as problem:
        assert problem.texts == {"a.yaml": text}
        return problem.diagnostics


def places(tmp_path: Path, text: str) -> list[str]:
    return [
        f"{found.span.line}:{found.span.column} {found.code}"
        for found in problems(tmp_path, text)
        if found.span
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shots:\n  - id: a\n    prompt：猫\n    caption: 好\n", ["3:11 yaml-sign"]),
        ("version：1\nproject：p\n", ["1:8 yaml-sign", "2:8 yaml-sign"]),
        ("shots：\n  - id: a\n", ["1:6 yaml-sign"]),
        ("shots:\n  - id：a\n    seed：1\n", ["2:7 yaml-sign", "3:9 yaml-sign"]),
        ("shots:\n  - {id: a， prompt: hi}\n", ["2:11 yaml-sign"]),
        ("shots:\n  - {id：a，seed：1}\n", ["2:8 yaml-sign", "2:10 yaml-sign", "2:15 yaml-sign"]),
        ("focus: [0.5，0.3]\n", ["1:12 yaml-sign"]),
        ("deliverables: [9:16、3:4]\n", ["1:20 yaml-sign"]),
        ("shots:\n  - ｛id: a, seed: 1｝\n", ["2:5 yaml-sign", "2:20 yaml-sign"]),
        ("shots:\n－ id: a\n", ["2:1 yaml-sign"]),
        ("shots:\n  • id: a\n", ["2:3 yaml-sign"]),
        ("shots:\n  * id: a\n", ["2:3 yaml-sign"]),
        ("＃ 注释\nversion: 1\n", ["1:1 yaml-sign"]),
        ("prompt: ｜\n  text\n", ["1:9 yaml-sign"]),
        ("prompt: 猫\n  caption：好\n", ["2:10 yaml-sign"]),
        ("image: “a.png”\n", ["1:8 yaml-quotes"]),
        ("“version”: 1\n", ["1:1 yaml-quotes"]),
        ("prompt: “a: b”\n", ["1:9 yaml-quotes"]),
        ('prompt: "A cat\nimage: "a.png"\nseed: 1\n', ["1:9 yaml-quotes"]),
        ("prompt: 'A cat\nimage: a.png\n", ["1:9 yaml-quotes"]),
        ("a: 1\nprompt: \"it's\n  two lines\nimage: b\n", ["2:9 yaml-quotes"]),
        ("shots:\n\u00a0\u00a0- {id: a}\nx: 1\n", ["2:1 yaml-blank"]),
        ("shots:\n  - id:\u00a0a\n    seed: 1\n", ["2:8 yaml-blank"]),
        ("shots:\n  - id:\u3000a\n", ["2:8 yaml-blank"]),
        ("shots:\n  -\u3000id: a\n", ["2:4 yaml-blank"]),
        ("\u200bversion: 1\n", ["1:1 yaml-blank"]),
        ("```yaml\nversion: 1\n```\n", ["1:1 yaml-fence", "3:1 yaml-fence"]),
        ("Here you are:\n~~~\nseed：1\n~~~\nGood luck: it's done!\n",
         ["2:1 yaml-fence", "3:5 yaml-sign", "4:1 yaml-fence"]),
        ("version: 1\n```\n", ["2:1 yaml-fence"]),
        ("shots:\n  - id: a\n\tseed: 1\n", ["3:1 yaml-tab"]),
        ("shots:\n  - id: a\n  \tseed: 1\n    x: [\n", ["3:3 yaml-tab"]),
        ("s: {id: ${sku}, seed: 1}\n", ["1:9 yaml-syntax"]),
        ("prompt:cat\nseed: 1\n", ["1:7 yaml-syntax"]),
        ("a: 1\nfocus: [\nseed: 1\n", ["2:8 yaml-syntax"]),
        ("shots:\n  - {id: a\n  - {id: b}\n", ["2:5 yaml-syntax"]),
    ],
)  # fmt: skip
def test_a_slip_is_named_at_its_sign(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert places(tmp_path, text) == expected
    assert all(found.hint for found in problems(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "prompt: 镜头：猫，“老”狗；『好』｛一｝\n",
        "prompt: |\n  seed：1，“好”\n  ```\n  - id：a\nseed: 1\n",
        "prompt: \"id：a，prompt：b\"\ncaption: '“好”'\n",
        "shots:\n  - {id: a, prompt: 猫，狗，style：anime}\n",
        "prompt: 猫 # 注释：好，“x”\n",
        "vars: {价格（元）: 9，9}\n",
        "prompt: 他说“好”，走了\n",
        "prompt: ［开场］猫\n",
        "caption: 家👨\u200d👩\u200d👧\n",
        "deliverables: [9：16, 3：4]\n",
    ],
)
def test_what_a_text_is_meant_to_hold_is_no_slip(tmp_path: Path, text: str) -> None:
    assert places(tmp_path, text) == []


def test_nothing_of_them_hides_another_fault(tmp_path: Path) -> None:
    text = "prompt: 镜头：猫，“老”狗\ncaption: |\n  image：a\nseed: a: b\n"
    assert places(tmp_path, text) == ["4:8 yaml-syntax"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prompt: “hi there”\n", "1:9 yaml-quotes"),
        ("prompt: ＂hi＂\n", "1:9 yaml-quotes"),
        ("prompt: hi\u200b\n", "1:11 yaml-blank"),
        ("prompt: \u3000hi\n", "1:9 yaml-blank"),
    ],
)
def test_what_may_be_meant_is_a_warning(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = problems(tmp_path, text)
    assert places(tmp_path, text) == [expected]
    assert found.severity == "warning"


def test_a_list_full_of_them_is_not_a_page_of_messages(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "shots：\n" + "  - id：a\n" * 500)) == 20


@given(st.text(alphabet="a:：,，-－|'\"“”{}[]｛｝\n\t \u00a0\u200b#＃`~$猫ids", max_size=60))
def test_every_text_is_read_or_refused_at_a_place(tmp_path_factory, text: str) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(text, encoding="utf-8", newline="")
    try:
        read(file, "any.yaml")
    except BadInput as problem:
        assert all(found.span and found.span.line for found in problem.diagnostics)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[1]," * 20_000,
        "a: " + '"x" ' * 20_000,
        "a: [" + "，" * 50_000,
        "{" + "id：a，" * 20_000,
    ],
    ids=["brackets", "quotes", "commas", "keys"],
)
def test_one_long_line_takes_no_time_by_the_square_of_its_length(text: str) -> None:
    began = time.process_time()
    slips.in_text(text + "\n", "a.yaml", every_key())
    assert time.process_time() - began < 5
