"""Where lines may be broken, judged by what may stand at their ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanx_render.captions.linebreaks import graphemes, pieces, wrapped

# JIS X 4051 and GB/T 15834: never first, never last on a line.
NEVER_FIRST = "，。！？；：、）》〉】］〕」』”’…〜～・·ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々％"
NEVER_LAST = "（《〈【［〔「『“‘"


def width(line: str) -> int:
    """In half-width cells."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in line)


def lines(text: str, room: int, language: str = "") -> list[str]:
    return wrapped(text, language, width, room)[0]


@pytest.mark.parametrize("room", range(8, 40, 3))
@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("店里新到的围巾（《长夜》同款）很暖和【限量】，周末一起去看“灯会”吧～～～好吗", ""),
        ("你好 ，世界 。这是（ 一个 ）测试 ！", ""),
        ("他说：“你好，‘世界’！”〔注〕列奥纳多·达·芬奇〉走了……好的。", ""),
        ("コーヒーをゆっくり、「飲む」佐々木さん〜今日はキャット・フードです！", "ja"),
        ("きゃっと（ちょっと）待って『ヴァイオリン』を聴いた。", "ja"),
    ],
)
def test_no_line_begins_or_ends_with_a_mark_that_may_not(
    text: str, language: str, room: int
) -> None:
    made = lines(text, room, language)
    assert "".join("".join(made).split()) == "".join(text.split())
    assert all(width(line) <= room for line in made)
    assert [line for line in made if line[0] in NEVER_FIRST or line[-1] in NEVER_LAST] == []


def test_words_and_numbers_with_units_stay_whole() -> None:
    text = "售价12.5元，重3 kg，只要¥199.00起；3.5 mm，20 %，2024年11月，1200万元，30 fps"
    whole = ("12.5元", "3 kg", "¥199.00", "3.5 mm", "20 %", "2024年", "11月", "1200万元", "30 fps")
    joined = pieces(text)
    assert [unit for unit in whole if not any(unit in piece for piece in joined)] == []
    assert pieces("15 Pro") == ["15 ", "Pro"]


def test_lines_end_between_words_where_that_costs_little() -> None:
    assert lines("人工智能正在改变我们的生活方式和工作习惯", 22) == [
        "人工智能正在改变我们", "的生活方式和工作习惯",
    ]  # fmt: skip
    assert lines("一只猫醒了，看着远处的灯火", 16) == ["一只猫醒了，", "看着远处的灯火"]
    assert lines("我们的新品“首发”，只要199元起", 20) == ["我们的新品“首发”，", "只要199元起"]


def test_an_address_is_broken_at_its_separators_and_only_where_it_must_be() -> None:
    address = "https://shop.example/summer/sale/collection-of-linen?code=12345678901234567890"
    assert lines(f"see {address} now", 100) == [f"see {address} now"]
    assert lines(f"看{address}，好", 90) == [f"看{address}，好"]
    made = lines(address, 30)
    assert made[:2] == ["https://shop.example/summer/", "sale/collection-of-linen?code="]
    assert "".join(made) == address
    assert all(width(line) <= 30 for line in made)


def test_scripts_without_blanks_are_broken_between_words() -> None:
    assert lines("ภาษาไทยไม่มีช่องว่างระหว่างคำ", 12) == ["ภาษาไทยไม่มี", "ช่องว่าง", "ระหว่างคำ"]
    assert lines("안녕하세요 오늘은 정말", 10, "ko") == ["안녕하세요", "오늘은", "정말"]


WORDS = st.text(st.sampled_from("aé字ーกำ👨‍👩‍👧、（”. /?日ｱ\u0301मिष्क्लمح"), max_size=40)


@given(WORDS, st.integers(4, 30))
def test_every_word_fits_and_none_is_lost(text: str, room: int) -> None:
    made = lines(text, room)
    assert "".join("".join(made).split()) == "".join(text.split())
    for line in made:
        assert width(line) <= room or len(graphemes(line)) == 1
    ends = {len("".join(graphemes("".join(made))[:n])) for n in range(len(text) + 1)}
    at = 0
    for line in made:
        at += len(line)
        assert at in ends
