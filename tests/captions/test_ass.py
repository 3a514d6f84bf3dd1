"""ASS subtitles: cleaned of what they may carry, and seen for exactly their time."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.media import facts, frames, yuv
from wanx_render.captions import ass, fonts
from wanx_render.captions.cues import BadSubtitles
from wanx_render.captions.drawing import Captions, problem_with
from wanx_render.finishing.jobs import make_segment
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut

HEAD = """\
[Script Info]
; a note of an editor
Title: secret project
ScriptType: v4.00+
PlayResX: 270
PlayResY: 480
Original Script: file:///etc/passwd

[Aegisub Project Garbage]
Video File: ../../../home/me/private.mp4

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Alignment, MarginL, MarginR, MarginV
Style: Big,Comic Sans MS,60,&H00FFFFFF,-1,5,0,0,0
Style: Low,Arial,30,&H0000FF00,0,2,10,10,20

[Fonts]
fontname: evil.ttf
M5HAK5V3<.&HJ

[Events]
Format: Layer, Start, End, Style, Text
"""
LINES = """\
Comment: 0,0:00:00.00,0:00:09.00,Big,not for anyone
Dialogue: 0,0:00:00.50,0:00:01.00,Big,{\\fnWingdings\\b1}猫 50%, 'a': [b]; c
Dialogue: 1,0:00:01.50,0:00:02.00,Low,{\\p1}m 0 0 l 90 0 90 90{\\p0}二\\Nthree\\hfour
"""


def script(lines: str = LINES) -> ass.Script:
    return ass.read(HEAD + lines, fonts.chinese().family)


def test_only_styles_and_lines_are_left_in_the_one_typeface() -> None:
    text = script().text()
    for gone in ("secret", "passwd", "private", "evil", "Comic", "Arial", "Wingdings", "Comment"):
        assert gone not in text
    assert text.count("Noto Sans CJK SC") == 2
    assert "PlayResX: 270" in text
    assert "{\\b1}猫 50%, 'a': [b]; c" in text
    assert ass.read(text, "x").lines == script().lines


def test_what_must_be_drawn_has_no_effects_and_no_shapes() -> None:
    assert script().words == "猫 50%, 'a': [b]; c\n二\nthree four"
    assert problem_with(script().words) == ""
    party = script("Dialogue: 0,0:00:00.00,0:00:01.00,Big,{\\i1}party🎉\n")
    assert "U+1F389" in problem_with(party.words)


def test_a_part_has_what_is_seen_in_it() -> None:
    whole = script()
    assert len(whole.within(Fraction(0), Fraction(1, 2)).lines) == 0
    assert len(whole.within(Fraction(3, 4), Fraction(2)).lines) == 2
    assert whole.within(Fraction(1), Fraction(2)).lines == whole.lines[1:]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hello", "an ASS file requires"),
        (HEAD.replace("[V4+", "[V4"), "an ASS file requires"),
        (HEAD.replace("Format: Layer", "Farmat: Layer"), "no Format"),
        (HEAD.replace("Fontname", "Face") + LINES, "no Fontname"),
    ],
)
def test_what_is_no_such_script_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(BadSubtitles, match=why):
        ass.read(text, "x")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("0,0:00:00.50", "fewer fields"),
        ("0,soon,0:00:01.00,Big,x", "'soon' is not a time"),
        ("0,0:00:01.00,0:00:01.00,Big,x", "it ends when it starts"),
        ("0,0:00:02.00,0:00:01.00,Big,x", "it ends before it starts"),
    ],
)
def test_a_bad_line_is_left_out_and_named(bad: str, why: str) -> None:
    read = script(f"Dialogue: {bad}\n{LINES}")
    assert read.lines == script().lines
    assert [(notice.code, notice.line, why in notice.message) for notice in read.notices] == [
        ("cue-skipped", 23, True)
    ]


def test_a_line_without_its_colon_is_named_and_small_letters_are_read() -> None:
    read = script(
        "Dialogue 0,0:00:01.00,0:00:02.00,Big,lost\ndialogue: 0,0:00:01.00,0:00:02.00,Big,x\n"
    )
    assert [line.words for line in read.lines] == ["x"]
    assert [(notice.code, "a colon is missing" in notice.message) for notice in read.notices] == [
        ("cue-skipped", True)
    ]


def test_times_are_written_as_libass_reads_them() -> None:
    (line,) = script("Dialogue: 0,00:00:01.500,0:0:2.5,Big,{\\pos(1,2)}<i>x</i>\n").lines
    assert line.written == "Dialogue: 0,0:00:01.50,0:00:02.50,Big,{\\pos(1,2)}<i>x</i>"


def test_a_line_is_seen_for_exactly_its_time_wherever_the_part_begins(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    """In a folder whose name says everything that a filter might take for its own."""
    folder = tmp_path / "it's [a]: b, c; d=e 猫 100%"
    folder.mkdir()
    clip = folder / "clip.mov"
    ffmpeg.run(
        each_program,
        ("-f", "lavfi", "-i", "color=0x204060:s=270x480:r=30:d=2.5", "-c:v", "libx264", "-qp", "1",
         "-pix_fmt", "yuv420p", "-f", "mov", "-y", f"file:{clip}"),
    )  # fmt: skip
    take = ClipMedia(clip, "ab", Size(270, 480), Fraction(30), 75, has_sound=False)
    frame = Frame(Size(270, 480), Fraction(30), "crop", "black", "draft")
    lit: list[int] = []
    for start, length in ((0, 20), (20, 55)):
        words = Captions((), fonts.chinese(), "packaged", script().text(), start)
        segment = Segment(take, Cut(0, 75), Focus(), frame, start, length, captions=words)
        target = folder / f"segment{start}.mov"
        make_segment(each_program, segment, target)
        assert facts(target).frames == length
        for number, picture in enumerate(frames(target)):
            if any(
                yuv(picture, x, y)[0] > 120 for y in range(180, 470, 2) for x in range(0, 270, 2)
            ):
                lit.append(start + number)
    assert lit == [*range(15, 30), *range(45, 60)]
    left = {path.name for path in folder.iterdir()}
    assert left == {"clip.mov", "segment0.mov", "segment20.mov"}


def test_two_different_characters_look_different(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    """The typeface is found in its folder: boxes would all look alike."""
    clip = tmp_path / "clip.mov"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", "color=black:s=270x480:r=30:d=0.2", "-c:v", "libx264", "-f", "mov",
         "-pix_fmt", "yuv420p", "-y", str(clip)),
    )  # fmt: skip
    take = ClipMedia(clip, "ab", Size(270, 480), Fraction(30), 6, has_sound=False)
    frame = Frame(Size(270, 480), Fraction(30), "crop", "black", "draft")
    seen = set()
    for letter in "猫狗夜":
        text = script(f"Dialogue: 0,0:00:00.00,0:00:01.00,Big,{letter}\n").text()
        words = Captions((), fonts.chinese(), "packaged", text)
        segment = Segment(take, Cut(0, 6), Focus(), frame, 0, 6, captions=words)
        make_segment(program, segment, tmp_path / "s.mov")
        seen.add(bytes(next(frames(tmp_path / "s.mov")).planes[0]))
    assert len(seen) == 3
