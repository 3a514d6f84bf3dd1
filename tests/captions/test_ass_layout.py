"""Long lines of ASS files: broken as captions are, judged by what libass then draws."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.media import frames, yuv
from wanx_render.captions import ass, fonts
from wanx_render.captions.ass_layout import fitted, too_tall
from wanx_render.captions.drawing import Captions
from wanx_render.finishing.jobs import make_segment
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut

HEAD = """\
[Script Info]
ScriptType: v4.00+
PlayResX: 270
PlayResY: 480

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Alignment, MarginL, MarginR, MarginV
Style: Top,Arial,18,&H00FFFFFF,0,8,15,15,20
Style: Big,Arial,34,&H00FFFFFF,-1,5,10,10,0
Style: Low,Arial,20,&H00FFFFFF,0,2,15,15,30

[Events]
Format: Layer, Start, End, Style, Text
"""
LONG = "店里新到的围巾（《长夜》同款）很暖和【限量】，周末一起去看“灯会”吧～～～好吗"
SIZE = Size(270, 480)


def script(*lines: str, size: Size = SIZE) -> ass.Script:
    events = "".join(f"Dialogue: 0,0:00:00.00,0:00:01.00,{line}\n" for line in lines)
    font = fonts.chinese()
    return fitted(ass.read(HEAD + events, font.family), size, font)


def texts(made: ass.Script) -> list[str]:
    """The text of each line, without typefaces."""
    return [re.sub(r"\{\\fn[^}]*\}", "", line.written.split(",", 4)[4]) for line in made.lines]


def test_effects_breaks_and_words_are_all_kept() -> None:
    long, short, shape, own = texts(
        script(
            f"Low,{{\\an8}}{LONG[:20]}{{\\i1}}{LONG[20:]}",
            "Low,short {\\b1}line\\hhere",
            "Big,{\\p1}m 0 0 l 9000 0 9000 90{\\p0}",
            "Low,one\\Ntwo two",
        )
    )
    assert long.count("\\N") == 2
    assert re.sub(r"\{[^}]*\}|\\N", "", long) == LONG
    assert "{\\an8}" in long
    assert "{\\i1}" in long
    assert short == "short {\\b1}line\\hhere"
    assert shape == "{\\p1}m 0 0 l 9000 0 9000 90{\\p0}"
    assert own == "one\\Ntwo two"


def test_letters_have_the_typeface_of_their_script() -> None:
    (line,) = script("Low,Don’t “说” 直角だ").lines
    assert "{\\fnNoto Sans}Don’t {\\fnNoto Sans CJK JP}“说” 直角だ" in line.written
    (line,) = script("Low,{\\rBig}说{\\fscx50}OK").lines
    assert line.written.endswith("{\\rBig}说{\\fscx50}{\\fnNoto Sans}OK")


def test_lines_that_move_or_are_outside_on_purpose_are_left() -> None:
    for effect in ("{\\move(0,0,99,99)}", "{\\frz30}", "{\\an4\\pos(999,9)}"):
        assert "\\N" not in texts(script(f"Low,{effect}{LONG}"))[0]
    moved = texts(script(f"Low,{{\\an2\\pos(135,30)}}{LONG}", f"Low,{{\\an7\\pos(9,470)}}{LONG}"))
    assert moved[0].startswith("{\\an2\\pos(135,60)}")  # three lines of 20
    assert moved[1].startswith("{\\an7\\pos(9,420)}")
    beside = texts(script(f"Low,{{\\an4\\pos(180,9)}}{LONG}"))[0]
    assert beside.count("\\N") > texts(script(f"Low,{LONG}"))[0].count("\\N")
    (edge,) = texts(script("Low,{\\an4\\pos(268,9)}Words"))
    x, y = map(float, edge.removeprefix("{\\an4\\pos(").partition(")")[0].split(","))
    assert 150 < x < 240
    assert y == 10  # half a line below the upper edge


def test_margins_that_leave_no_room_are_not_kept() -> None:
    crowded = HEAD.replace("15,15,30", "200,200,30")
    events = f"Dialogue: 0,0:00:00.00,0:00:01.00,Low,{LONG}\n"
    made = fitted(ass.read(crowded + events, "x"), SIZE, fonts.chinese())
    assert texts(made)[0].count("\\N") == 2


def test_what_becomes_higher_than_the_frame_is_named() -> None:
    assert not too_tall(script(f"Big,{LONG}"), SIZE)
    assert len(too_tall(script(f"Big,{LONG * 5}", "Low,x"), SIZE)) == 1


@pytest.mark.parametrize("size", [SIZE, Size(240, 320)], ids=str)
def test_nothing_is_drawn_at_the_edges(size: Size, program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mov"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", f"color=black:s={size}:r=30:d=0.1", "-c:v", "libx264", "-f", "mov",
         "-pix_fmt", "yuv420p", "-y", str(clip)),
    )  # fmt: skip
    address = "https://shop.example/summer/sale/collection-of-linen?code=12345678901234567890"
    made = script(
        f"Low,{LONG}", f"Top,see {address}", f"Big,{{\\b1\\fs40}}キャット{LONG[:9]}", size=size
    )
    words = Captions((), fonts.chinese(), "packaged", made.text())
    take = ClipMedia(clip, "ab", size, Fraction(30), 3, has_sound=False)
    frame = Frame(size, Fraction(30), "crop", "black", "draft")
    segment = Segment(take, Cut(0, 3), Focus(), frame, 0, 3, captions=words)
    make_segment(program, segment, tmp_path / "s.mov")
    picture = next(frames(tmp_path / "s.mov"))
    rows = range(0, size.height, 2)
    edges = [*range(8), *range(size.width - 8, size.width)]
    assert max(yuv(picture, x, y)[0] for x in edges for y in rows) < 40
    assert max(yuv(picture, size.width // 2, y)[0] for y in rows) > 120
