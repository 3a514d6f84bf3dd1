"""A flash and its beep belong together: the check that says so, and that it can fail."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.tiers import sample
from wanx_render.errors import Broken
from wanx_render.finishing import av_sync
from wanx_render.finishing.av_sync import Mark, mark
from wanx_render.finishing.jobs import JoinCall, make_deliverable, make_segment
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.finishing.timeline import Body
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut, conformed_frames

FRAME = Frame(Size(90, 160), Fraction(30), "crop", "black", "draft")
RATE = FRAME.rate
WHOLE = Cut(0, 72)


def clip(
    program: ffmpeg.Ffmpeg, path: Path, *, late: float = 0, picture: str = "0x304050"
) -> ClipMedia:
    """Three seconds at 24 fps as the simulator makes them; the beeps ``late`` seconds late."""
    flash = "drawbox=color=white@0.6:t=fill:enable='lt(mod(n+12,24),2)',format=yuv420p"
    tone = f"aevalsrc=0.35*sin(2*PI*1000*t)*lt(mod(t+0.5-{late}\\,1)\\,0.0833):s=48000:d=3"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", f"color={picture}:s=90x160:r=24:d=3", "-f", "lavfi", "-i", tone,
         "-vf", flash, "-c:v", "libx264", "-c:a", "aac", "-f", "mp4", "-y", str(path)),
    )  # fmt: skip
    return ClipMedia(path, "ab", Size(90, 160), Fraction(24), 72, has_sound=True)


def joined(program: ffmpeg.Ffmpeg, take: ClipMedia, folder: Path, cut: Cut = WHOLE) -> JoinCall:
    segment = Segment.whole(take, cut, Focus(), FRAME)
    make_segment(program, segment, folder / "a.mov")
    place = mark(Body(0, 0, segment.frames, 0), cut, take.rate, RATE)
    assert place
    later = Mark(*(frame + segment.frames for frame in (place.first, place.flash, place.last)))
    pieces = (folder / "a.mov",) * 2
    target = folder / "out.mp4"
    return JoinCall("out", pieces, FRAME, 2 * segment.frames, target, marks=(place, later))


@pytest.mark.parametrize(
    "cut",
    sample(2, [Cut(0, 72), Cut(7, 60), Cut(0, 72, Fraction(1, 2)), Cut(3, 60, Fraction(2)),
     Cut(0, 40, Fraction(5, 4), Fraction(1))]),
    ids=["whole", "trimmed", "slow", "fast", "held"],
)  # fmt: skip
def test_a_flash_and_its_beep_are_within_a_frame(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path, cut: Cut
) -> None:
    call = joined(each_program, clip(each_program, tmp_path / "c.mp4"), tmp_path, cut)
    last = make_deliverable(each_program, call).checks[-1]
    assert (last.name, last.holds) == ("flash and beep", True)


@pytest.mark.parametrize("late", [-0.1, 0.06, 0.15])
def test_sound_that_is_not_with_its_picture_fails_the_deliverable(
    program: ffmpeg.Ffmpeg, tmp_path: Path, late: float
) -> None:
    call = joined(program, clip(program, tmp_path / "c.mp4", late=late), tmp_path)
    with pytest.raises(Broken, match=rf"flash and beep: \{late * 1000:+.0f} ms apart"):
        make_deliverable(program, call)
    assert not call.target.exists()


def test_a_finished_file_whose_sound_was_shifted_is_noticed(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    call = joined(each_program, clip(each_program, tmp_path / "c.mp4"), tmp_path)
    make_deliverable(each_program, call)
    shifted = tmp_path / "shifted.mp4"
    ffmpeg.run(
        each_program,
        ("-i", str(call.target), "-c:v", "copy", "-af", "adelay=80:all=1", "-y", str(shifted)),
    )
    (check,) = av_sync.checks(each_program, shifted, call.marks, RATE)
    assert not check.holds
    assert check.found == "+80 ms apart"


def test_what_is_missing_is_named_and_what_cannot_be_seen_is_left_out(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    call = joined(program, clip(program, tmp_path / "c.mp4"), tmp_path)
    make_deliverable(program, call)
    for name, options, found in (
        ("mute", ("-c:v", "copy", "-af", "volume=0"), "no beep"),
        ("dark", ("-vf", "lutyuv=y=60", "-c:a", "copy"), "no flash"),
    ):
        ffmpeg.run(program, ("-i", str(call.target), *options, "-y", str(tmp_path / f"{name}.mp4")))
        (check,) = av_sync.checks(program, tmp_path / f"{name}.mp4", call.marks, RATE)
        assert check.found == found
    white = joined(program, clip(program, tmp_path / "w.mp4", picture="white"), tmp_path)
    made = make_deliverable(program, white)
    assert "flash and beep" not in [check.name for check in made.checks]


@pytest.mark.parametrize("speed", [Fraction(1, 2), Fraction(1), Fraction(7, 5), Fraction(2)])
@pytest.mark.parametrize("start", [0, 11, 12, 13, 30])
def test_a_mark_lies_in_the_body_and_at_a_flash(start: int, speed: Fraction) -> None:
    cut = Cut(start, 72 - start, speed, Fraction(1, 2))
    frames = conformed_frames(cut, Fraction(24), RATE)
    for skip, taken in ((0, frames), (10, frames - 20), (0, 12), (frames - 10, 10)):
        found = mark(Body(0, skip, taken, 200), cut, Fraction(24), RATE)
        if found is None:
            assert taken < frames
            continue
        assert 200 <= found.first < found.flash < found.last <= 200 + taken
        clip_seconds = (found.flash - 200 + skip) / RATE * speed + Fraction(start, 24)
        assert abs(clip_seconds % 1 - Fraction(1, 2)) <= Fraction(1, 24)


def test_a_rate_that_may_pass_over_a_flash_is_not_held_to_it() -> None:
    assert mark(Body(0, 0, 20, 0), Cut(0, 48), Fraction(24), Fraction(10)) is None
