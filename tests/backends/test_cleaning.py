"""Text from outside is safe once it is in: judged by what a terminal, UTF-8 and JSON can take."""

import json
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wanx_render.backends.cleaning import (
    LONGEST_PROMPT,
    LONGEST_TEXT,
    Cleaner,
    identifier,
    one_line,
    parsed,
)

KEY = "sk-5f0c1d2e3b4a59687766554433221100"
CLEANER = Cleaner(KEY)
# What ends a line for str.splitlines, a terminal or a log viewer.
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
_ANY = st.text(st.characters(exclude_categories=[]))  # lone surrogates too


def is_harmless(text: str) -> bool:
    """Whether a text is one line that every output can take."""
    text.encode()  # no lone surrogate
    odd = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return not any(unicodedata.category(c) in odd for c in text) and len(text.splitlines()) <= 1


# -- text ------------------------------------------------------------------------------------------


@given(text=_ANY)
@example("a\ud800b")
@example("a\x00b\x1b[2J\x07\x7f\x9b")
@example(LINE_ENDS)
@example(BIDI)
@example("\ufeff\u200b\u2060\U000e0041\ufffe\U0010ffff")
def test_no_text_breaks_a_line_a_terminal_or_an_encoding(text: str) -> None:
    cleaned = CLEANER.text(text)
    assert is_harmless(cleaned)
    assert len(cleaned) <= LONGEST_TEXT
    assert is_harmless(one_line(text))


@given(text=_ANY)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = CLEANER.text(text)
    assert CLEANER.text(once) == once


@pytest.mark.parametrize("end", LINE_ENDS)
def test_a_line_end_becomes_a_mark(end: str) -> None:
    cleaned = CLEANER.text(f"one{end}two")
    assert cleaned.splitlines() == [cleaned]
    assert cleaned.startswith("one")
    assert cleaned.endswith("two")
    assert len(cleaned) == 7


@pytest.mark.parametrize(
    "text",
    [
        "一只猫在草地上奔跑！（“快”）",
        "全角\N{IDEOGRAPHIC SPACE}空格",
        "no\N{NO-BREAK SPACE}break\N{NARROW NO-BREAK SPACE}thin\N{THIN SPACE}",
        "url error, please check url！",
        "🐈 café naïve Ünï ﷽",
        "",
    ],
)
def test_text_that_is_only_foreign_stays_as_it_is(text: str) -> None:
    assert CLEANER.text(text) == text
    assert CLEANER.prose(text) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (429, "429"),
        (1.5, "1.5"),
        (float("nan"), ""),
        (10**14, "100000000000000"),
        (10**200, ""),
        (True, ""),
        (None, ""),
        ([], ""),
        ({"a": 1}, ""),
        (b"bytes", ""),
    ],
)
def test_what_is_no_text_is_a_number_or_nothing(value: Any, text: str) -> None:
    assert CLEANER.text(value) == text


def test_a_number_that_python_refuses_to_print_is_none() -> None:
    assert CLEANER.text(10**6000) == ""
    assert CLEANER.facts({"n": 10**6000}) == {"n": None}


def test_lengths_are_bounded_with_a_mark() -> None:
    cleaned = CLEANER.text("猫" * 5000)
    assert (len(cleaned), cleaned[-1]) == (LONGEST_TEXT, "…")
    assert CLEANER.text("猫" * LONGEST_TEXT) == "猫" * LONGEST_TEXT
    prompt = CLEANER.prose("x" * 100_000)
    assert prompt is not None
    assert len(prompt) == LONGEST_PROMPT


@pytest.mark.parametrize(
    "text",
    ["x" * 200_000, "-" * 200_000, "猫" * 200_000, "token" * 40_000, "sk-" * 60_000,
     "bearer " * 30_000, " " * 200_000, "=" * 200_000, "signature=" * 20_000],
    ids=lambda text: text[:5],
)  # fmt: skip
def test_a_long_text_takes_no_long_time(text: str) -> None:
    # Linear: some hundredths of a second each. By the square of the length it would be hours.
    began = time.process_time()
    CLEANER.text(text)
    CLEANER.prose(text)
    assert time.process_time() - began < 5


# -- prompts ---------------------------------------------------------------------------------------


def test_a_prompt_keeps_its_lines_and_nothing_else_odd() -> None:
    assert CLEANER.prose("one\r\ntwo\n\nthree") == "one\ntwo\n\nthree"
    odd = CLEANER.prose("a\x00b\u2028c\ud800d\re")
    assert odd is not None
    assert len(odd.splitlines()) == 1
    odd.encode()
    for value in (None, 5, [], {}, b"x"):
        assert CLEANER.prose(value) is None


@given(text=_ANY)
def test_every_line_of_a_prompt_is_harmless(text: str) -> None:
    prompt = CLEANER.prose(text)
    assert prompt is not None
    assert all(is_harmless(line) for line in prompt.split("\n"))
    assert len(prompt) <= LONGEST_PROMPT


# -- secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f"Incorrect API key provided: {KEY}.",
        f"x{KEY}y",
        KEY.upper(),
        KEY.swapcase(),
        f"Bearer {KEY}",
        f"Authorization: Bearer {KEY}",
        f"{{'headers': {{'Authorization': 'Bearer {KEY}'}}}}",
        f"https://x/?api_key={KEY}&a=1",
        f"a\x00{KEY}\x00b",
        f"一只猫{KEY}一只狗",
        f"{KEY}{KEY}",
        f"_{KEY}_",
        "请求头 " + KEY + "！",
    ],
)
def test_the_key_is_blotted_out_wherever_it_stands(text: str) -> None:
    nested = {"usage": {"debug": {"note": text}}, text: 1}
    found = [
        CLEANER.text(text),
        CLEANER.prose(text) or "",
        json.dumps(CLEANER.facts(nested)),
        json.dumps(CLEANER.facts(nested["usage"])),
    ]
    for cleaned in found:
        assert KEY.lower() not in cleaned.lower()
        assert KEY[3:].lower() not in cleaned.lower()


@given(before=_ANY, after=_ANY, upper=st.booleans())
def test_the_key_is_blotted_out_of_any_text(before: str, after: str, upper: bool) -> None:
    echoed = KEY.upper() if upper else KEY
    for cleaned in (CLEANER.text(before + echoed + after), CLEANER.prose(before + echoed + after)):
        assert cleaned is not None
        assert KEY.lower() not in cleaned.lower()


def test_a_key_that_is_cut_at_the_end_leaves_no_half() -> None:
    # The cut comes after the blotting: no half of a key may stand before the mark.
    for room in range(len(KEY) + 2):
        cleaned = CLEANER.text("x" * (LONGEST_TEXT - room) + " " + KEY)
        assert KEY[:8] not in cleaned


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key sk-ffffffffffffffffffffffff is not yours", "sk-ffffffffffffffffffffffff"),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.e30.abcdef", "eyJhbGciOiJIUzI1NiJ9"),
        ("bearer  abcdefghij", "abcdefghij"),
        ("https://h/x.mp4?Expires=1&Signature=a%2Bb%2Fc%3D&x=1", "a%2Bb%2Fc%3D"),
        ("https://h/x.mp4?OSSAccessKeyId=LTAI5tAbCdEf&x=1", "LTAI5tAbCdEf"),
        ("security-token=CAISabcdefg", "CAISabcdefg"),
        ("x-oss-signature=0123456789abcdef", "0123456789abcdef"),
        ("api_key=abcdef123456", "abcdef123456"),
        ("password=hunter22", "hunter22"),
    ],
)
def test_tokens_and_signatures_of_others_are_blotted_out(text: str, secret: str) -> None:
    assert secret not in CLEANER.text(text)
    assert secret not in (CLEANER.prose(text) or "")
    assert secret not in json.dumps(CLEANER.facts({"a": text, text: 1}))
    assert secret not in Cleaner().text(text)


def test_an_odd_key_is_taken_letter_by_letter() -> None:
    odd = Cleaner("a+b.c*(d")
    assert odd.text("xa+b.c*(dx") == "x***x"
    assert odd.text("aXb.c*(d") == "aXb.c*(d"
    assert Cleaner("").text("word") == "word"
    assert Cleaner("cat").text("a cat") == "a cat"  # too short to be a key


def test_a_cleaner_does_not_show_its_key() -> None:
    assert KEY not in repr(CLEANER) + str(CLEANER)


# -- facts -----------------------------------------------------------------------------------------


def test_usage_is_kept_as_plain_values() -> None:
    usage = {"duration": 5, "SR": 720, "ratio": "16:9", "size": 1.5, "audio": True}
    assert CLEANER.facts(usage) == usage
    assert CLEANER.facts({"a": {"b": {"c": {"d": 1}}}}) == {"a": {"b": {"c": {}}}}
    assert CLEANER.facts({"list": [1], "none": None}) == {"list": None, "none": None}
    for value in (None, "x", 5, [1], True):
        assert CLEANER.facts(value) == {}


@given(
    value=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _ANY),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_ANY, inner)),
        max_leaves=30,
    )
)
def test_whatever_usage_is_it_can_be_stored_and_shown(value: Any) -> None:
    facts = CLEANER.facts({"usage": value})
    json.dumps(facts, allow_nan=False).encode()
    json.dumps(facts, ensure_ascii=False).encode()


def test_ten_thousand_keys_are_few_and_a_deep_nest_is_shallow() -> None:
    many = CLEANER.facts({f"key-{n}": n for n in range(10_000)})
    assert len(many) <= 100
    nest: dict[str, Any] = {}
    for _ in range(10_000):
        nest = {"a": nest}
    assert len(json.dumps(CLEANER.facts(nest))) < 100


# -- ids -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["0385dc79-5ff8-4d82-bcb6-1f0e9d1b9c0b", "llm-task_7.b:2", "A", "a" * 128],
)
def test_an_id_as_a_service_gives_it_stays(value: str) -> None:
    assert identifier(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "a b", "a/b", "../../etc", "a\r\nX-Evil: 1", "a\n", "\na", "a\x00", "a?b=c", "a#b",
        "a%2fb", "é", "任务", "a\ud800", "a" * 129, ".hidden", "-rf", None, 5, 5.0, True, ["a"], {},
    ],
)  # fmt: skip
def test_what_is_no_id_is_none(value: Any) -> None:
    assert identifier(value) == ""


# -- JSON ------------------------------------------------------------------------------------------


@given(data=st.binary())
@example(b"\xff\xfe\x00")
@example(b'{"a": 1')
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"a": ' + b"9" * 10_000 + b"}")
@example(b'{"a": 1e999999}')
@example(b'{"a": -1e999999}')
@example(b'{"a": NaN, "b": Infinity, "c": -Infinity}')
@example(b'{"a": "\\ud800"}')
@example(b"\xef\xbb\xbf{}")
@example(b"{}\x00")
@example("{}".encode("utf-16"))
@example("{}".encode("utf-32"))
@example(b"")
@example(b"null")
def test_any_bytes_are_an_object_or_an_empty_one(data: bytes) -> None:
    value = parsed(data)
    assert isinstance(value, dict)
    json.dumps(value, allow_nan=False)


@given(
    value=st.dictionaries(
        _ANY,
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(-(10**13), 10**14), _ANY),
            lambda inner: st.lists(inner, max_size=3),
        ),
    )
)
def test_a_plain_object_comes_as_it_is(value: dict[str, Any]) -> None:
    assert parsed(json.dumps(value).encode()) == value


def test_numbers_are_bounded() -> None:
    text = b'{"big": 123456789012345678901234567890, "real": 1e300, "nan": NaN, "inf": Infinity}'
    assert parsed(text) == {"big": None, "real": None, "nan": None, "inf": None}
    assert parsed(b'{"ms": 1790244529873, "x": 1.25, "minus": -7}') == {
        "ms": 1790244529873, "x": 1.25, "minus": -7,
    }  # fmt: skip


@given(number=st.one_of(st.integers(), st.floats(allow_nan=True)))
def test_no_number_that_comes_in_is_large_or_none(number: float) -> None:
    value = parsed(json.dumps({"n": number}).encode())["n"]
    assert value is None or abs(value) <= 10**15
