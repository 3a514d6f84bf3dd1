"""Frames that clips lack: repeated, mixed or made along what moves; never more or fewer of them."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.media import facts, frames
from wanx_render.finishing.segment import ClipMedia, Segment, pieces_arguments
from wanx_render.frame import Frame
from wanx_render.geometry import CENTRE, Size
from wanx_render.media import ffmpeg
from wanx_render.shotlist.model import Deliverable, Motion
from wanx_render.timing import Cut
from wanx_render.validation.needs import unmet

RATE = Fraction(24)
STEP = 6  # of luma, from one frame to the next


@pytest.fixture(scope="module")
def ramp(program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> ClipMedia:
    """A second of 24 frames, each brighter than the one before."""
    path = tmp_path_factory.mktemp("ramp") / "ramp.mp4"
    graph = f"color=s=64x64:r=24:d=1,format=yuv420p,geq=lum='40+N*{STEP}':cb=128:cr=128"
    ffmpeg.run(
        program, ("-f", "lavfi", "-i", graph, "-c:v", "libx264", "-qp", "0", "-y", str(path))
    )
    return ClipMedia(path, "ab", Size(64, 64), RATE, 24, has_sound=False)


@pytest.mark.parametrize("rate", ["30", "20"])
@pytest.mark.parametrize("speed", ["1", "1/2"])
@pytest.mark.parametrize("motion", ["repeat", "blend", "flow"])
def test_every_frame_is_there_and_shows_its_own_moment(
    program: ffmpeg.Ffmpeg, tmp_path: Path, ramp: ClipMedia, motion: Motion, speed: str, rate: str
) -> None:
    frame = Frame(Size(64, 64), Fraction(rate), "crop", "black", "master", motion=motion)
    cut = Cut(2, 20, Fraction(speed), hold=Fraction(1, 5))
    segment = Segment.whole(ramp, cut, CENTRE, frame)
    ffmpeg.run(program, pieces_arguments([(segment, tmp_path / "piece.mov")]))
    seen = facts(tmp_path / "piece.mov")
    assert seen.frames == segment.frames
    assert seen.steps == {1 / frame.rate}
    last = 40 + 21 * STEP
    pace = RATE * cut.speed / frame.rate  # of the clip's frames in each of the deliverable's
    near = STEP if motion == "repeat" else 2.5
    for number, luma in enumerate(seen.luma[: segment.played]):
        moment = min(40 + float(2 + number * pace) * STEP, last)
        assert abs(luma - moment) <= near, (number, luma, moment)
    assert abs(seen.luma[-1] - last) <= 2.5, "the clip's last frame is held"


def test_a_clip_of_one_frame_has_nothing_in_between(
    program: ffmpeg.Ffmpeg, tmp_path: Path, ramp: ClipMedia
) -> None:
    for motion in ("blend", "flow"):
        frame = Frame(Size(64, 64), Fraction(30), "crop", "black", motion=motion)
        segment = Segment.whole(ramp, Cut(5, 1, hold=Fraction(1, 10)), CENTRE, frame)
        path = tmp_path / f"{motion}.mov"
        ffmpeg.run(program, pieces_arguments([(segment, path)]))
        assert len(list(frames(path))) == segment.frames == 4


def test_motion_counts_where_it_is_set_and_rates_differ(ramp: ClipMedia, tmp_path: Path) -> None:
    program = ffmpeg.Ffmpeg(tmp_path, "1", (1, 1, 1), "PATH")
    plain = Frame(Size(64, 64), RATE, "crop", "black")
    flowing = Frame(Size(64, 64), RATE, "crop", "black", motion="flow")
    same = [Segment.whole(ramp, Cut(0, 24), CENTRE, frame) for frame in (plain, flowing)]
    arguments = [pieces_arguments([(segment, tmp_path / "a.mov")]) for segment in same]
    assert arguments[0] == arguments[1]
    assert same[0].key(program) != same[1].key(program)


def test_an_ffmpeg_without_the_filter_is_named(
    program: ffmpeg.Ffmpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg, "has_filter", lambda _, name: name != "minterpolate")
    wanted = Deliverable.model_validate({"aspect": "9:16", "motion": "flow"})
    (problem,) = unmet(program, (), (wanted,))
    assert problem.code == "filter-missing"
    assert "motion: flow" in problem.message
