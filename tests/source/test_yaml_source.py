import re
import time
from decimal import Decimal
from pathlib import Path

import pytest

from wanx_render.errors import BadInput
from wanx_render.source.yaml_source import MAX_BYTES, parse, read


def problem(text: str) -> tuple[str, int, int]:
    with pytest.raises(BadInput) as caught:
        parse(text, "a.yaml")
    first = caught.value.diagnostics[0]
    assert first.span
    return first.code, first.span.line, first.span.column


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        ("9:16", "9:16"),
        ("3:4", "3:4"),
        ("12:30:45", "12:30:45"),
        ("no", "no"),
        ("on", "on"),
        ("2026-01-02", "2026-01-02"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("0.30", Decimal("0.30")),
        ("1e3", Decimal("1e3")),
        ("-5", -5),
        ("true", True),
        ("~", None),
        ("null", None),
        ("'5'", "5"),
        ("1080x1920", "1080x1920"),
    ],
)
def test_scalars_are_read_as_yaml_1_2(scalar: str, expected: object) -> None:
    value = parse(f"key: {scalar}\n", "a.yaml").value["key"]
    assert value == expected
    assert type(value) is type(expected)


def test_every_value_and_key_has_its_place() -> None:
    source = parse("a: 1\nshots:\n  - id: wake\n    image: x.png\n", "a.yaml")
    place = source.place(("shots", 0, "image"))
    assert (place.line, place.column, place.length) == (4, 12, 5)
    assert source.key(("shots", 0, "image")).column == 5
    assert source.place(("shots", 0, "nothing")) == source.place(("shots", 0))


def test_merge_keys_are_laid_under_the_mapping_s_own() -> None:
    text = "base: &b {x: 1, y: 2}\nitem:\n  <<: *b\n  y: 3\n"
    source = parse(text, "a.yaml")
    assert source.value["item"] == {"x": 1, "y": 3}
    assert source.place(("item", "y")).line == 4
    assert source.place(("item", "x")).line == 1


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1),
        ("a: !!python/object:os.system x\n", "yaml-tag", 1, 4),
        ("a: !thing x\n", "yaml-tag", 1, 4),
        ("a:\n\t- b\n", "yaml-tab", 2, 1),
        ("a: [1, 2\nb: 3\n", "yaml-syntax", 1, 4),
        ("a: *nowhere\n", "yaml-alias", 1, 4),
        ("a: &x [*x]\n", "yaml-alias", 1, 4),
        ("? [a, b]\n: 1\n", "yaml-key", 1, 3),
        ("", "file-empty", 1, 1),
        ("# only a comment\n", "file-empty", 1, 1),
        ("a: !!int word\n", "yaml-value", 1, 4),
        ("a: 1\n---\nb: 2\n", "yaml-syntax", 2, 1),
    ],
)
def test_what_is_wrong_is_reported_with_its_place(
    text: str, code: str, line: int, column: int
) -> None:
    assert problem(text) == (code, line, column)


def test_all_duplicates_are_reported_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        parse("a: 1\na: 2\nb: {c: 1, c: 2}\n", "a.yaml")
    assert len(caught.value.diagnostics) == 2


def test_an_alias_bomb_is_refused_in_bounded_time() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 12):
        levels.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]")
    began = time.process_time()
    assert problem("\n".join(levels))[0] == "yaml-too-large"
    assert time.process_time() - began < 0.5


def test_aliases_that_lead_to_themselves_or_on_and_on_are_counted_once() -> None:
    assert problem("a: &a [*a]")[0] == "yaml-alias"
    chain = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 1000))]
    assert problem("\n".join(chain))[0] == "yaml-too-deep"


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 60 + "]" * 60,
        "a: " + "[" * 200_000,
        "- " * 200_000,
        "? " * 200_000,
        "# " + "]" * 100_000 + "\n" + "[" * 60_000,
    ],
    ids=["closed", "brackets", "dashes", "questions", "hidden"],
)
def test_deep_nesting_is_refused(text: str) -> None:
    """A hundred thousand open brackets would end the process inside the C parser."""
    assert problem(text)[0] == "yaml-too-deep"


def test_a_file_of_millions_of_values_is_refused_before_it_is_parsed() -> None:
    began = time.process_time()
    assert problem("a: [" + "1," * 2_600_000 + "1]")[0] == "yaml-too-large"
    assert time.process_time() - began < 1


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    def code(path: Path) -> str:
        with pytest.raises(BadInput) as caught:
            read(path, path.name)
        return caught.value.diagnostics[0].code

    (tmp_path / "latin.yaml").write_bytes("a: é\n".encode("latin-1"))
    (tmp_path / "zero.yaml").write_bytes(b"a: \x00\n")
    (tmp_path / "large.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    assert code(tmp_path / "latin.yaml") == "file-not-utf8"
    assert code(tmp_path / "zero.yaml") == "yaml-character"
    assert code(tmp_path / "large.yaml") == "file-too-large"
    assert code(tmp_path / "missing.yaml") == "file-unreadable"
    assert code(tmp_path) == "file-unreadable"


def test_byte_order_marks_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffa: 9:16\r\nb: 猫\r\n".encode())
    source = read(path, "a.yaml")
    assert source.value == {"a": "9:16", "b": "猫"}
    assert source.place(("b",)).line == 2


LIBYAML = re.compile(
    "found |did not find|could not find|mapping values|block sequence|token|scanning|parsing|URI"
)


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c\n", "a: {b: 1\nc: 2\n", "a: [1, 2\n", "- a\nb: 1\n", "a: 1\n b: 2\n",
        "  a: 1\nb: 2\n", 'a: "x\n', "a: 'x\n", 'a: "C:\\x"\n', 'a: "C:\\Users"\n',
        'a: "\\q"\n', "a: `b`\n", "a: @b\n", "%a\n", "a: %b\n", "a: - b\n", "a: !x! b\n",
        "a: !e!x b\n", "a: *\n", "a: &\n", "a:\n\t- b\n", "a: 1\n\tb: 2\n", "a: 1\n---\nb: 2\n",
        "a: 1\n...\nb\n", "a: 1\nb\nc: 2\n", "a: |x\n", "{a: ${x}}\n", 'a: "x" y\n', "]\n",
        "a: }\n", "a: [1,,2]\n", "%YAML 2.0\n---\na: 1\n", "!<\n", "a: *b\n",
        'a: "x\n---\nb"\n', "key: |\n  x\n y: 1\n", "a: >5x\n",
    ],
)  # fmt: skip
def test_the_parser_s_own_words_are_never_shown(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text, "a.yaml")
    (found,) = caught.value.diagnostics
    assert found.span and found.span.line
    assert found.hint
    assert not LIBYAML.search(found.message), found.message


def test_a_duplicate_key_names_both_places() -> None:
    with pytest.raises(BadInput, match=r"duplicate key 'a' \(first at a\.yaml:1:1\)"):
        parse("a: 1\nb: 2\na: 3\n", "a.yaml")


def test_an_unclosed_quotation_mark_points_at_its_beginning() -> None:
    assert problem('a: 1\nb: "x\nc: 3\n') == ("yaml-quotes", 2, 4)


def test_a_wrong_byte_is_named_with_its_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "gbk.yaml").write_bytes("a: 猫\nb: ".encode() + "你好".encode("gbk"))
    (tmp_path / "utf16.yaml").write_bytes("a: 1\n".encode("utf-16"))
    with pytest.raises(BadInput, match="is not UTF-8 text: byte 0xc4") as caught:
        read(tmp_path / "gbk.yaml", "gbk.yaml")
    assert str(caught.value.diagnostics[0].span) == "gbk.yaml:2:4"
    with pytest.raises(BadInput, match="is UTF-16 text"):
        read(tmp_path / "utf16.yaml", "utf16.yaml")
