"""What may be a name: any letters and digits, and nothing that a disk or a reader would mix up."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from wanx_render.shotlist.names import MOST_BYTES, FileName, Name, alike, shortened

OWN, REFERENCE = TypeAdapter(FileName), TypeAdapter(Name)


def refusal(name: str) -> tuple[str, str]:
    """The sentence and the hint with which a name is refused."""
    with pytest.raises(ValidationError) as caught:
        OWN.validate_python(name)
    problem = caught.value.errors(include_url=False)[0]
    assert problem["ctx"]["code"] == "name-invalid"
    return problem["msg"], problem["ctx"]["hint"]


@pytest.mark.parametrize(
    "name",
    [
        "天台之恋", "女主_近景-2", "ひらがな", "カタカナー", "서울", "Übung", "Ελλάδα", "Москва",
        "שלום", "हिन्दी", "ภาษาไทย", "٣", "人々", "〇一", "𠮷野家", "9x16",
        "a.b", "v1.2", "a" * MOST_BYTES, "山" * 66,
    ],
)  # fmt: skip
def test_letters_and_digits_of_any_script_are_a_name(name: str) -> None:
    assert OWN.validate_python(name) == name


def test_a_name_is_kept_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "Café-がく")
    assert decomposed != "Café-がく"
    assert OWN.validate_python(decomposed) == "Café-がく"
    assert REFERENCE.validate_python(decomposed) == "Café-がく"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b", "' '"), ("女主 近景", "' '"), ("a/b", "'/'"), ("..\\a", "'\\\\'"), ("a:b", "':'"),
        ("a*", "'*'"), ("a?", "'?'"), ('a"', "'\"'"), ("<a", "'<'"), ("a>", "'>'"), ("a|b", "'|'"),
        ("a\tb", "U+0009"), ("a\x00", "U+0000"), ("a\x7f", "U+007F"), ("a　b", "U+3000"),
        ("a\u00a0b", "U+00A0 (no-break space)"), ("a\u200b", "U+200B (zero width space)"),
        ("a\u202eb", "U+202E"), ("ㅤ", "U+3164"), ("葛\U000e0100", "U+E0100"), ("猫🎉", "'🎉'"),
        ("❤️", "'❤'"), ("\ue000", "U+E000"), ("\u0378", "U+0378"), ("a，b", "'，'"), ("a{b}", "'{'"),
    ],
)  # fmt: skip
def test_what_is_no_letter_is_refused_by_name(name: str, shown: str) -> None:
    message, hint = refusal(name)
    assert message.startswith(f"a name cannot contain {shown}")
    assert "letters and digits of any script, -, _ and ." in hint


def test_a_name_that_would_do_is_offered() -> None:
    assert refusal("女主 近景（二）")[1].endswith("such as 女主-近景-二")
    assert "such as" not in refusal("../..")[1]


@pytest.mark.parametrize("name", ["con", "NUL", "com1", "Lpt9.txt", "com²", "ＣＯＮ", "aux.猫"])
def test_devices_of_windows_are_refused(name: str) -> None:
    assert refusal(name)[0].endswith("is reserved on Windows")


def test_ends_beginnings_and_lengths_are_refused() -> None:
    assert refusal("猫.") == ("'猫.' ends in a dot", "write 猫; Windows drops the dot")
    assert refusal("-a")[0] == "'-a' begins with '-'"
    assert refusal("\u0301a")[0].startswith("'\u0301a' begins with")
    assert refusal("  ")[0] == refusal("")[0] == "the name is empty"
    assert "201 bytes" in refusal("山" * 67)[0]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Tall", "tall"), ("Straße", "STRASSE"), ("Ａ1", "a1"), ("ｶﾞｸ", "ガク"), ("①", "1"),
        (unicodedata.normalize("NFD", "Café"), "café"), ("Ǆ", "ǆ"),
    ],
)  # fmt: skip
def test_names_that_differ_in_looks_or_case_only_are_alike(name: str, other: str) -> None:
    assert alike(name) == alike(other)


def test_other_names_are_not_alike() -> None:
    names = ["山", "屮", "a", "а", "0", "o", "あ", "ア", "é", "e"]
    assert len({alike(name) for name in names}) == len(names)


@given(st.text())
def test_what_is_taken_is_a_file_name_of_its_own_folder(text: str) -> None:
    try:
        name = OWN.validate_python(text)
    except ValidationError:
        return
    assert not set(name) & set('<>:"/\\|?*\0 ')
    assert name.isprintable()
    assert unicodedata.is_normalized("NFC", name)
    assert len(f"{name}-t999-00000000.mp4".encode()) <= 255
    assert OWN.validate_python(name) == name


def test_text_is_shortened_between_characters() -> None:
    assert shortened("山川", 4) == "山"
    assert shortened("ab", 4) == "ab"
