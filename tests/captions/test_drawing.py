"""Words on the picture: every one of them, where it may stand, for exactly its frames."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.support.goldens import is_golden
from tests.support.media import facts, pixels, yuv
from wanx_render.captions import drawing, fonts
from wanx_render.captions.drawing import Captions, Cue
from wanx_render.captions.typesetting import Sheet, draw
from wanx_render.finishing.jobs import make_segment
from wanx_render.finishing.segment import ClipMedia, Segment, pieces_arguments
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.shotlist.model import Deliverable
from wanx_render.timing import Cut

HARD = """50% 'off' "now": a\\b, [x]; 一只猫醒了，看着远处的灯火。夜が明ける前に {\\an8}"""
SIZES = [Size(1080, 1920), Size(540, 720), Size(1920, 1080), Size(90, 160), Size(2520, 1080)]
cues = st.lists(
    st.builds(Cue, st.sampled_from("abc"), st.integers(0, 50), st.integers(1, 30)), max_size=8
)


@given(cues)
def test_words_seen_together_are_one_cue_and_none_is_lost(given: list[Cue]) -> None:
    made = drawing.together(given)
    for frame in range(90):
        wanted = sorted(cue.text for cue in given if cue.start <= frame < cue.end)
        found = [cue.text for cue in made if cue.start <= frame < cue.end]
        assert len(found) <= 1
        assert sorted("".join(found).replace("\n", "")) == wanted


@given(cues, st.lists(st.integers(1, 20), max_size=8))
def test_pieces_show_what_the_whole_shows(given: list[Cue], lengths: list[int]) -> None:
    at, seen = 0, []
    for length in lengths:
        for cue in drawing.within(given, at, length):
            assert 0 <= cue.start < cue.end <= length
            seen += [(cue.text, at + frame) for frame in range(cue.start, cue.end)]
        at += length
    wanted = [(c.text, f) for c in given for f in range(c.start, min(c.end, at))]
    assert sorted(seen) == sorted(wanted)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("text", [HARD, "go", "word " * 40, "字" * 90], ids=range(4))
def test_words_stay_inside_the_safe_area(size: Size, text: str) -> None:
    box = draw(text, Sheet(size, fonts.chinese())).getbbox()
    assert box is not None
    left, top, right, bottom = box
    tall = size.height > size.width
    side = size.width // 10 if not tall else size.width // 8
    assert left >= side - 12
    assert right <= size.width - side + 12
    assert bottom <= size.height * (Fraction(80, 100) if tall else Fraction(93, 100))
    assert top >= 0


def test_what_the_font_lacks_is_named() -> None:
    assert drawing.problem_with(HARD) == ""
    assert "U+1F389" in drawing.problem_with("party 🎉")
    assert drawing.problem_with("two\nlines") == ""


def test_a_cue_is_on_the_picture_for_exactly_its_frames(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mov"
    ffmpeg.run(
        each_program,
        ("-f", "lavfi", "-i", "color=0x204060:s=270x480:r=24:d=2", "-c:v", "libx264", "-qp", "1",
         "-pix_fmt", "yuv420p", "-f", "mov", "-y", str(clip)),
    )  # fmt: skip
    take = ClipMedia(clip, "ab", Size(270, 480), Fraction(24), 48, has_sound=False)
    frame = Frame(Size(270, 480), Fraction(30), "crop", "black")
    words = Captions((Cue(HARD, 10, 20), Cue("二", 40, 5)), fonts.chinese(), "packaged")
    segment = Segment(take, Cut(0, 48), Focus(), frame, 0, 60, captions=words)
    target = tmp_path / "segment.mov"
    make_segment(each_program, segment, target)
    assert facts(target).frames == 60
    lit = []
    plain = yuv(pixels(target, 0), 20, 20)
    for number in range(60):
        picture = pixels(target, number)
        assert all(abs(a - b) <= 2 for a, b in zip(yuv(picture, 20, 20), plain, strict=True))
        rows = range(250, 385, 2)
        if any(yuv(picture, x, y)[0] > 180 for y in rows for x in range(30, 240, 2)):
            lit.append(number)
    assert lit == [*range(10, 30), *range(40, 45)]
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.golden
def test_the_graph_is_the_one_that_was_looked_at() -> None:
    take = ClipMedia(Path("a.mp4"), "aa", Size(816, 1104), Fraction(24), 120, has_sound=True)
    frame = Frame(Size(612, 1088), Fraction(30), "crop", "black")
    words = Captions((Cue("whole", 0, 150), Cue("part", 3, 6)), fonts.chinese(), "packaged")
    segment = Segment(take, Cut(0, 120), Focus(), frame, 0, 150, captions=words)
    arguments = pieces_arguments([(segment, Path("seg.mov"))])
    assert is_golden("segment-captions.txt", "\n".join(arguments) + "\n")


def test_a_key_knows_the_words_and_the_font_but_no_path(program: ffmpeg.Ffmpeg) -> None:
    take = ClipMedia(Path("a.mp4"), "aa", Size(816, 1104), Fraction(24), 120, has_sound=True)
    frame = Frame(Size(612, 1088), Fraction(30), "crop", "black")
    bare = Segment(take, Cut(0, 120), Focus(), frame, 0, 150)

    def key(text: str, path: str, name: str) -> str:
        words = Captions((Cue(text, 0, 5),), fonts.Font(Path(path), 0), name)
        segment = Segment(take, Cut(0, 120), Focus(), frame, 0, 150, captions=words)
        return segment.key(program)

    assert key("a", "x", "f") == key("a", "y", "f")
    assert len({key("a", "x", "f"), key("b", "x", "f"), key("a", "x", "g"), bare.key(program)}) == 4


def test_a_drawn_caption_looks_the_same_each_time(tmp_path: Path) -> None:
    first, again = (draw(HARD, Sheet(Size(270, 480), fonts.chinese())) for _ in range(2))
    assert isinstance(first, Image.Image)
    assert first.tobytes() == again.tobytes()


def test_no_character_is_left_alone_on_the_last_line() -> None:
    text = "光，慢慢地移动，落在琥珀色的瓶子上，像一段没有说完的话"
    words = draw(text, Sheet(Size(540, 960), fonts.chinese()))
    rows = [bool(words.crop((0, y, 540, y + 1)).getbbox()) for y in range(960)]
    starts = [y for y in range(1, 960) if rows[y] and not rows[y - 1]]
    ends = [y for y in range(1, 960) if rows[y - 1] and not rows[y]]
    boxes = [words.crop((0, a, 540, b)).getbbox() for a, b in zip(starts, ends, strict=True)]
    wide = [box[2] - box[0] for box in boxes if box and box[3] > 8]
    assert min(wide) > max(wide) / 2


def test_the_style_of_a_deliverable_is_part_of_what_a_segment_depends_on(
    program: ffmpeg.Ffmpeg,
) -> None:
    take = ClipMedia(Path("a.mp4"), "aa", Size(816, 1104), Fraction(24), 120, has_sound=True)
    frame = Frame(Size(612, 1088), Fraction(30), "crop", "black")

    def key(language: str = "", **written: object) -> str:
        deliverable = Deliverable.model_validate({"aspect": "9:16", **written})
        style = drawing.style_of(deliverable, language)
        words = Captions((Cue("直角", 0, 5),), fonts.chinese(), "packaged", style=style)
        return Segment(take, Cut(0, 120), Focus(), frame, 0, 150, captions=words).key(program)

    styled = (
        key(), key("ja"), key(lang="ja"), key(safe_area="douyin"),
        key(caption_style={"colour": "red"}), key(caption_style={"position": "top"}),
    )  # fmt: skip
    assert len(set(styled)) == len(styled)
    assert key(caption_style={"colour": "white"}) == key()
