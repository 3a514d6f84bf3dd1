"""Shots that go over into each other: exact lengths, right pictures, equal power, and a cache."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.goldens import is_golden
from tests.support.media import facts, pixels, yuv
from wanx_render.finishing.jobs import make_segment
from wanx_render.finishing.segment import ClipMedia, Seam, Segment, pieces_arguments
from wanx_render.finishing.timeline import Body, frames_of, timeline
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.media import probe as probing
from wanx_render.shotlist.model import Transition
from wanx_render.timing import Cut

FRAME = Frame(Size(90, 160), Fraction(30), "crop", "black")
KINDS = {
    "dissolve": Transition(type="dissolve"),
    "fade": Transition(type="fade"),
    "fade-white": Transition(type="fade", through="white"),
    "wipe-right": Transition(type="wipe", direction="right"),
    "slide-up": Transition(type="slide", direction="up"),
}


@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(0, 400)), min_size=1, max_size=12),
)
def test_every_frame_of_every_shot_stands_somewhere_once(shots: list[tuple[int, int]]) -> None:
    lengths = [length for length, _ in shots]
    parts = timeline(lengths, [(Transition(type="dissolve"), overlap) for _, overlap in shots])
    at = 0
    seen: list[list[int]] = [[] for _ in lengths]
    for part in parts:
        assert part.start == at
        assert part.frames > 0
        at += part.frames
        seen[part.shot] += range(part.skip, part.skip + part.frames)
        if not isinstance(part, Body):
            seen[part.shot + 1] += range(part.frames)
    assert seen == [list(range(length)) for length in lengths]
    assert frames_of(parts) == at


def take(program: ffmpeg.Ffmpeg, path: Path, colour: str, tone: int, rate: int = 24) -> ClipMedia:
    """Two seconds of one colour (as stored: y, u, v) and one tone."""
    y, u, v = colour.split(",")
    picture = f"color=s=180x320:r={rate}:d=2,format=yuv420p,geq={y}:{u}:{v}"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine={tone}:r=48000:d=2",
         "-c:v", "libx264", "-qp", "1", "-c:a", "pcm_s16le", "-f", "mov", "-y", str(path)),
    )  # fmt: skip
    return ClipMedia(path, colour, Size(180, 320), Fraction(rate), rate * 2, has_sound=True)


def seam(first: ClipMedia, second: ClipMedia, transition: Transition, count: int = 15) -> Seam:
    whole = Segment.whole(first, Cut(0, first.frames), Focus(), FRAME)
    before = Segment(first, whole.cut, Focus(), FRAME, whole.frames - count, count)
    after = Segment(second, Cut(0, second.frames), Focus(), FRAME, 0, count)
    return Seam(before, after, transition)


@pytest.mark.golden
@pytest.mark.parametrize("name", KINDS)
def test_the_graph_is_the_one_that_was_looked_at(name: str) -> None:
    first = ClipMedia(Path("a.mp4"), "aa", Size(816, 1104), Fraction(24), 120, has_sound=True)
    second = ClipMedia(Path("b.mp4"), "bb", Size(624, 832), Fraction(30), 90, has_sound=False)
    arguments = pieces_arguments([(seam(first, second, KINDS[name]), Path("seam.mov"))])
    assert is_golden(f"seam-{name}.txt", "\n".join(arguments) + "\n")


@pytest.mark.parametrize("name", KINDS)
def test_a_seam_has_exactly_its_frames_and_goes_from_one_to_the_other(
    name: str, each_program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    red = take(each_program, tmp_path / "a.mov", "80,90,200", 440)
    blue = take(each_program, tmp_path / "b.mov", "60,200,110", 880, rate=30)
    target = tmp_path / "seam.mov"
    make_segment(each_program, seam(red, blue, KINDS[name]), target)
    assert facts(target).frames == 15
    probe = probing.probe(each_program, target)
    assert probe.sound
    assert probe.sound.samples == 15 * 1600
    first, middle, last = (pixels(target, n) for n in (0, 7, 14))
    centre = (45, 80)
    assert near(yuv(first, *centre), (80, 90, 200), 40)
    assert near(yuv(last, *centre), (60, 200, 110), 40)
    if name == "dissolve":
        assert near(yuv(middle, *centre), (70, 145, 155), 8)
    if name == "fade":
        assert near(yuv(middle, *centre), (16, 128, 128), 14)
    if name == "fade-white":
        assert near(yuv(middle, *centre), (235, 128, 128), 14)
    if name == "wipe-right":
        assert near(yuv(middle, 5, 80), (60, 200, 110), 8)
        assert near(yuv(middle, 85, 80), (80, 90, 200), 8)


def near(found: tuple[int, int, int], wanted: tuple[int, int, int], within: int) -> bool:
    return all(abs(a - b) <= within for a, b in zip(found, wanted, strict=True))


def test_a_clip_goes_over_into_itself(each_program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    same = take(each_program, tmp_path / "a.mov", "80,90,200", 440)
    silent = ClipMedia(same.path, same.sha256, same.size, same.rate, same.frames, has_sound=False)
    for number, clip in enumerate((same, silent)):
        target = tmp_path / f"seam{number}.mov"
        make_segment(each_program, seam(clip, clip, KINDS["dissolve"]), target)
        assert facts(target).frames == 15
