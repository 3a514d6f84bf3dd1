"""Fades at the ends of a film: exact frames, also where several pieces share one."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effects.test_overlays import clip, segment
from tests.support.media import frames, yuv
from wanx_render.effects.fades import DrawnFade, Ends, ends_of
from wanx_render.finishing.jobs import make_segment
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.media import ffmpeg
from wanx_render.shotlist.model import Fade

GREY = "0xB4B4B4"


def luma(path: Path) -> list[int]:
    return [yuv(frame, 90, 160)[0] for frame in frames(path)]


def faded_luma(begin: int, end: int, colour: int, grey: int) -> list[int]:
    """What 30 frames are that fade in over ``begin`` of them and out over ``end``."""
    parts = [
        min(number / begin if begin else 1, (29 - number) / end if end else 1, 1)
        for number in range(30)
    ]
    return [round(colour + (grey - colour) * part) for part in parts]


@pytest.mark.parametrize(("through", "colour"), [("black", 16), ("white", 235)])
def test_fades_are_exact_to_the_frame(
    through: str, colour: int, program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    take = clip(program, tmp_path / "clip.mov", GREY)
    ends = Ends(30, 10, 12, through, through)  # type: ignore[arg-type]
    plain, path = tmp_path / "plain.mov", tmp_path / "film.mov"
    make_segment(program, segment(take), plain)
    make_segment(program, _with(take, ends.within(0, 30)), path)
    (grey,) = set(luma(plain))
    values = luma(path)
    assert values == pytest.approx(faded_luma(10, 12, colour, grey), abs=1)
    assert values[0] == values[29] == colour
    assert set(values[10:18]) == {grey}


def _with(take: ClipMedia, fades: tuple[DrawnFade, ...]) -> Segment:
    return replace(segment(take), fades=fades)


@pytest.mark.parametrize("kind", ["in", "out"])
def test_pieces_share_a_fade_without_a_step(
    kind: str, program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    """A fade of 60 frames over two pieces of 30: each continues the other."""
    take = clip(program, tmp_path / "clip.mov", GREY)
    ends = Ends(60, 60, 0) if kind == "in" else Ends(60, 0, 60)
    values = []
    for start in (0, 30):
        path = tmp_path / f"{start}.mov"
        make_segment(program, _with(take, ends.within(start, 30)), path)
        values += luma(path)
    parts = [number / 60 if kind == "in" else (59 - number) / 60 for number in range(60)]
    assert values == pytest.approx([round(16 + 154 * part) for part in parts], abs=2)


@given(
    st.integers(1, 400), st.integers(0, 200), st.integers(0, 200),
    st.lists(st.integers(1, 60), min_size=1, max_size=12),
)  # fmt: skip
def test_only_the_pieces_at_the_ends_know_of_fades(
    whole: int, begin: int, end: int, lengths: list[int]
) -> None:
    begin, end = min(begin, whole), min(end, whole - min(begin, whole))
    ends = Ends(whole, begin, end)
    start = 0
    for length in lengths:
        stop = min(start + length, whole)
        if start >= stop:
            break
        fades = {fade.kind for fade in ends.within(start, stop - start)}
        assert ("in" in fades) == (begin > start)
        assert ("out" in fades) == (end > whole - stop)
        start = stop


def test_fades_are_whole_frames_and_never_longer_than_the_film() -> None:
    half, long = Fade.model_validate({"duration": Fraction(1, 2)}), Fade(duration=Fraction(9))
    assert ends_of(half, None, 300, Fraction(24)) == Ends(300, 12, 0)
    assert ends_of(half, long, 60, Fraction(30)) == Ends(60, 15, 45)
    assert ends_of(None, None, 60, Fraction(30)).within(0, 60) == ()
