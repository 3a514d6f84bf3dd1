"""Words set on frames: judged by the pixels that are drawn."""

from fractions import Fraction
from pathlib import Path

import fontpkg_noto_sans_arabic
import fontpkg_noto_sans_thai
import pytest
from PIL import Image

from tests.tiers import sample
from wanx_render.captions import fonts
from wanx_render.captions.drawing import problem_with, replaced
from wanx_render.captions.lettering import Lettering, common_language, language_of, marked
from wanx_render.captions.typesetting import Sheet, Style, draw, fits, setting
from wanx_render.catalog.safe_areas import safe_area
from wanx_render.geometry import Size

ADDRESS = "https://shop.example/summer/sale/collection-of-linen?code=12345678901234567890"
COMPOUND = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetzentwurfsfassung"
HARD = {
    "address": ADDRESS,
    "address in Chinese": f"网址{ADDRESS}，欢迎",
    "compound": COMPOUND,
    "one letter": "m" * 300,
    "chinese": "店里新到的围巾（《长夜》同款）很暖和【限量】，周末一起去看“灯会”吧～～～好吗" * 3,
    "japanese": "コーヒーをゆっくり、「飲む」佐々木さん〜今日はキャットフードです！",
    "korean": "안녕하세요오늘은정말좋은날씨입니다산책하러가요" * 2,
    "devanagari": "राष्ट्रीयस्वतंत्रताआंदोलनकेमहानायक" * 3,
    "tabs and decomposed": "\tcafe\u0301\t" * 9 + "か\u3099" * 9,
    "many lines": "\n".join("一二三"),
    "marks": "a" + "\u0301" * 3 + "e" * 60,
}
SIZES = (Size(1080, 1920), Size(480, 640), Size(640, 360), Size(90, 160), Size(640, 80))


@pytest.mark.parametrize("size", sample(2, SIZES), ids=str)
@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_no_word_leaves_the_safe_area(text: str, size: Size) -> None:
    for style in (Style(), Style(position="top", box="black", outline="none", safe_area="shorts")):
        box = draw(text, Sheet(size, fonts.chinese(), style)).getbbox()
        margins = safe_area(size, style.safe_area)
        assert box is not None
        assert box[0] >= margins.left - 1
        assert box[2] <= size.width - margins.right + 1
        assert box[1] >= margins.top - 1
        assert box[3] <= size.height - margins.bottom + 1


def test_a_word_is_made_smaller_before_it_is_broken_and_never_small_without_need() -> None:
    sheet = Sheet(Size(480, 640), fonts.chinese())
    slightly = setting("Unternehmenskommunikation!", sheet)
    assert slightly.lines == ("Unternehmenskommunikation!",)
    assert sheet.base * 3 / 4 <= slightly.pixels < sheet.base
    assert setting(COMPOUND, sheet).pixels == sheet.base
    assert setting("Hallo", sheet).pixels == sheet.base


def test_what_cannot_be_read_any_more_does_not_fit() -> None:
    sheet = Sheet(Size(1080, 1920), fonts.chinese())
    assert fits("字" * 500, sheet)
    assert not fits("字" * 1200, sheet)
    small = Sheet(Size(120, 160), fonts.chinese())
    for count in range(1, 90, 8):
        assert fits("字词" * count, small) == setting("字词" * count, small).fits
    assert not fits("字" * 1_000_000, sheet)
    assert not fits("\n".join("字" * 60), sheet)
    assert fits("words " * 100, sheet)


def widths(line: str, language: str = "") -> dict[str, float]:
    """How wide each part of a line is at an em of 100."""
    runs = Lettering(fonts.chinese(), language).runs(marked(line))
    return {run.text: run.width(100) for run in runs}


def test_signs_in_latin_text_are_narrow_and_in_chinese_text_full_width() -> None:
    narrow = Lettering(fonts.chinese())
    for text in ("Don’t", "“yes”", "wait…", "‘n’", "the dogs’ bowl"):
        assert {run.font for run in narrow.runs(marked(text))} == {fonts.latin()}, text
    for text in ("“灯会”", "好……", "他说“OK”就走", "《长夜》", "达·芬奇"):
        runs = narrow.runs(marked(text))
        signs = [run for run in runs if set(run.text) & set("“”…《》·")]
        assert {run.font for run in signs} == {fonts.chinese()}, text
    assert widths("他说“OK”")["他说“"] == 300
    assert widths("iPhone’s 价")["iPhone’s "] < 430


def test_characters_are_drawn_in_the_forms_of_their_language() -> None:
    sheet = {name: Sheet(Size(240, 320), fonts.chinese(), style) for name, style in {
        "": Style(), "ja": Style(language="ja"), "usual": Style(usual="ja"),
        "zh": Style(language="zh"),
    }.items()}  # fmt: skip

    def seen(text: str, name: str = "") -> bytes:
        return draw(text, sheet[name]).tobytes()

    assert seen("直角骨海") != seen("直角骨海", "ja")
    assert seen("直角骨海", "usual") == seen("直角骨海", "ja")
    assert seen("直角骨海の") == seen("直角骨海の", "ja") != seen("直角骨海の", "zh")
    assert [language_of(text) for text in ("直角", "直角だ", "직각 直", "abc")] == [
        "",
        "ja",
        "ko",
        "",
    ]
    assert common_language(["これは", "東京", "それ", "OK"]) == "ja"
    assert common_language(["我们", "东京", "これ", "OK"]) == ""


def test_colours_position_and_size_are_those_of_the_style() -> None:
    def seen(**style: str) -> Image.Image:
        return draw("words", Sheet(Size(240, 320), fonts.chinese(), Style(**style)))  # type: ignore[arg-type]

    red = seen(colour="#FF0000", outline="none")
    assert {colour[:3] for _, colour in red.getcolors() or [] if colour[3] > 200} == {(255, 0, 0)}
    tops = [seen(position=place).getbbox()[1] for place in ("top", "middle", "bottom")]  # type: ignore[index]
    assert tops == sorted(tops)
    assert tops[0] < 320 / 3 < tops[1] < 320 / 2 + 10 < tops[2]
    large = draw("words", Sheet(Size(240, 320), fonts.chinese(), Style(size=Fraction(1, 10))))
    heights = [image.getbbox()[3] - image.getbbox()[1] for image in (seen(), large)]  # type: ignore[index]
    assert heights[1] > heights[0] * 1.4
    boxed = seen(box="#0000FF80")
    assert (boxed.getpixel((120, 250)) or (0,))[2] == 255  # type: ignore[index]


@pytest.fixture(scope="module")
def arabic() -> fonts.Font:
    folder = Path(fontpkg_noto_sans_arabic.__file__).parent
    return fonts.named(folder / "files" / "NotoSansArabic[wdth,wght].ttf")


@pytest.fixture(scope="module")
def thai() -> fonts.Font:
    folder = Path(fontpkg_noto_sans_thai.__file__).parent
    return fonts.named(folder / "files" / "NotoSansThai[wdth,wght].ttf")


def test_a_script_that_no_font_has_is_named(arabic: fonts.Font, thai: fonts.Font) -> None:
    assert "no Thai letters: ก (U+0E01)" in problem_with("กำ OK")
    assert "no Arabic letters" in problem_with("مرحبا", thai)
    assert problem_with("مرحبا بكم 50%", arabic) == ""
    assert "right-to-left line" in problem_with("مرحبا 你好", arabic)
    assert problem_with("مرحبا\n你好", arabic) == problem_with("กำ 你好", thai) == ""
    runs = Lettering(thai).runs(marked("กำ “你”"))
    assert [(run.text, run.font) for run in runs] == [("กำ ", thai), ("“你”", fonts.chinese())]
    assert "Chinese letters: 你 (U+4F60)" in replaced("กำ 你", thai)
    assert problem_with("a\u200d\ufe0f\u2060b") == ""


def test_letters_are_joined_and_read_in_their_direction(arabic: fonts.Font) -> None:
    lettering = Lettering(arabic)
    assert lettering.width("لا", 100) < 0.9 * sum(lettering.width(letter, 100) for letter in "لا")

    def ink(text: str) -> list[int]:
        image = draw(text, Sheet(Size(480, 200), arabic, Style(outline="none"))).getchannel("A")
        height = image.height
        return [sum(image.crop((x, 0, x + 1, height)).tobytes()) for x in range(image.width)]

    # The first word is at the right, what follows it at its left.
    alone = [value for value in ink("ــــــــ") if value]
    line = [value for value in ink("ــــــــ 1111") if value]
    half = len(alone) // 2
    assert sum(line[-half:]) == pytest.approx(sum(alone[-half:]), rel=0.1)
    assert sum(line[:half]) != pytest.approx(sum(alone[-half:]), rel=0.1)


@pytest.mark.parametrize("size", [Size(480, 640), Size(90, 160)], ids=str)
def test_thai_is_broken_between_words_and_stays_in_the_frame(size: Size, thai: fonts.Font) -> None:
    text = "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย น้ำที่นี่ร้อนมาก OK 50% 你好"
    sheet = Sheet(size, thai)
    made = setting(text, sheet)
    assert "".join("".join(made.lines).split()) == "".join(text.split())
    box = draw(text, sheet).getbbox()
    assert box is not None
    assert box[0] >= size.width // 8 - 1
    assert box[2] <= size.width * 7 // 8 + 1
    assert made.lines[0].startswith("กรุงเทพมหานคร") or size.width < 100
