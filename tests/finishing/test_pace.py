"""A clip played slower or faster, and held: exact lengths, sound with the picture, pitch kept."""

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.media import beeps, facts, flashes
from wanx_render.finishing.jobs import make_segment
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut, conformed_frames, frames_in, played_frames

FRAME = Frame(Size(90, 160), Fraction(30), "crop", "black")
rates = st.sampled_from([Fraction(24), Fraction(25), Fraction(30), Fraction(30000, 1001)])


@given(st.integers(1, 500), rates, rates, st.fractions("1/2", 2, max_denominator=100))
def test_lengths_are_calculated_exactly(
    frames: int, clip_rate: Fraction, rate: Fraction, speed: Fraction
) -> None:
    played = played_frames(Cut(0, frames, speed), clip_rate, rate)
    assert abs(played - frames * rate / clip_rate / speed) <= Fraction(1, 2) or played == 1
    held = conformed_frames(Cut(0, frames, speed, Fraction(3, 4)), clip_rate, rate)
    assert held - played == frames_in(Fraction(3, 4), rate)


@pytest.fixture
def clip(each_program: ffmpeg.Ffmpeg, tmp_path: Path) -> ClipMedia:
    """Four seconds; a flash and a beep of 440 Hz in the middle of each."""
    path = tmp_path / "clip.mov"
    flash = "drawbox=c=white:t=fill:enable='lt(mod(n+12,24),2)',format=yuv420p"
    tone = "aevalsrc=0.4*sin(2*PI*440*t)*lt(mod(t+0.5\\,1)\\,0.25):s=48000:d=4"
    ffmpeg.run(
        each_program,
        ("-f", "lavfi", "-i", "color=c=0x304050:s=90x160:r=24:d=4", "-f", "lavfi", "-i", tone,
         "-vf", flash, "-c:v", "libx264", "-qp", "10", "-c:a", "pcm_s16le", "-f", "mov", "-y",
         str(path)),
    )  # fmt: skip
    return ClipMedia(path, "ab", Size(90, 160), Fraction(24), 96, has_sound=True)


def pitch(samples: tuple[int, ...], at: float) -> float:
    """Hertz, by how often the sign changes in a twentieth of a second."""
    some = samples[int(at * 48000) : int(at * 48000) + 2400]
    return sum((a < 0) != (b < 0) for a, b in pairwise(some)) / 2 / 0.05


@pytest.mark.parametrize(
    "speed", [Fraction(1, 2), Fraction(4, 5), Fraction(3, 2), Fraction(2)], ids=str
)
def test_sound_stays_with_the_picture_and_keeps_its_pitch(
    each_program: ffmpeg.Ffmpeg, clip: ClipMedia, tmp_path: Path, speed: Fraction
) -> None:
    target = tmp_path / "segment.mov"
    segment = Segment.whole(clip, Cut(0, 96, speed), Focus(), FRAME)
    make_segment(each_program, segment, target)
    seen = facts(target)
    assert seen.frames == segment.frames == 120 / speed
    assert seen.steps == {Fraction(1, 30)}
    assert len(seen.samples) == seen.frames * 1600
    light, sound = flashes(seen), beeps(seen)
    wanted = [(second + Fraction(1, 2)) / speed for second in range(4)]
    assert len(light) == len(sound) == 4
    for flash, beep, place in zip(light, sound, wanted, strict=True):
        assert abs(flash - place) <= Fraction(1, 30)
        assert abs(beep - place) <= Fraction(1, 30)
        assert math.isclose(pitch(seen.samples, float(beep) + 0.02), 440, rel_tol=0.05)


def test_a_held_frame_stands_in_silence_for_exactly_its_time(
    each_program: ffmpeg.Ffmpeg, clip: ClipMedia, tmp_path: Path
) -> None:
    """The cut ends in the middle of a beep: what is held has none of it."""
    target = tmp_path / "segment.mov"
    cut = Cut(2, 41, Fraction(1), Fraction(7, 10))  # 2/24 to 43/24 s; a beep from 1.5 to 1.75 s
    segment = Segment.whole(clip, cut, Focus(), FRAME)
    make_segment(each_program, segment, target)
    seen = facts(target)
    assert seen.frames == 51 + 21
    assert len(seen.samples) == 72 * 1600
    assert max(map(abs, seen.samples[51 * 1600 :])) < 8
    assert max(map(abs, seen.samples[45 * 1600 : 47 * 1600])) > 4000
    last = seen.luma[51:]
    assert max(last) - min(last) < 1


def test_a_held_part_can_be_cut_out_of_a_shot(
    program: ffmpeg.Ffmpeg, clip: ClipMedia, tmp_path: Path
) -> None:
    """A transition that begins while the frame is held."""
    cut = Cut(0, 24, Fraction(1), Fraction(1))
    part = Segment(clip, cut, Focus(), FRAME, 40, 20)
    make_segment(program, part, tmp_path / "part.mov")
    seen = facts(tmp_path / "part.mov")
    assert (seen.frames, len(seen.samples)) == (20, 20 * 1600)
    assert max(map(abs, seen.samples)) < 8
