"""A planted fault is marked with its place and strength; its twin without the fault is not."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.marks import planted
from tests.marks.planted import Cutter
from wanx_render.manifest import MarkRecord
from wanx_render.marks.faults import faults_of
from wanx_render.marks.samples import samples_of
from wanx_render.media import ffmpeg


@pytest.fixture
def cutter(program: ffmpeg.Ffmpeg, tmp_path: Path) -> Cutter:
    return Cutter(program, tmp_path)


def marks(cutter: Cutter, clip: Path) -> list[MarkRecord]:
    """All but that it has no sound."""
    found = faults_of(samples_of(cutter.program, clip, Fraction(planted.RATE)))
    return [mark for mark in found if mark != MarkRecord("silent")]


@pytest.mark.parametrize("sound", [planted.NOISE, planted.LOUD])
def test_a_moving_clip_with_sound_has_no_faults(cutter: Cutter, sound: str) -> None:
    assert marks(cutter, cutter.clip("clean", sound=sound)) == []


@pytest.mark.parametrize("graph", [planted.FREEZE, planted.GRAINY_FREEZE])
def test_a_stretch_that_stands_is_frozen_from_its_first_frame_on(
    cutter: Cutter, graph: str
) -> None:
    (mark,) = marks(cutter, cutter.clip("frozen", graph=graph))
    assert mark.kind == "frozen"
    assert mark.frame is not None and abs(mark.frame - 29) <= 8  # what is coded coarsely settles
    assert abs(float(mark.seconds or 0) - 43 / 24) < 0.5


def test_a_cut_is_marked_at_the_first_frame_behind_it(cutter: Cutter) -> None:
    (mark,) = marks(cutter, cutter.clip("cut", graph=planted.CUT, second=2))
    assert (mark.kind, mark.frame, mark.start) == ("cut", 40, "1.67")


@pytest.mark.parametrize("graph", [planted.DISSOLVE])
def test_a_dissolve_is_no_hard_cut(cutter: Cutter, graph: str) -> None:
    assert marks(cutter, cutter.clip("dissolve", graph=graph, second=2)) == []


def test_a_flash_is_no_cut_and_no_flicker(cutter: Cutter) -> None:
    assert marks(cutter, cutter.clip("flash", graph=planted.FLASH)) == []


@pytest.mark.parametrize(("graph", "rate"), [(planted.FLICKER, 12), (planted.SLOW_FLICKER, 24 / 5)])
def test_brightness_that_swings_is_flicker(cutter: Cutter, graph: str, rate: float) -> None:
    (mark,) = marks(cutter, cutter.clip("flicker", graph=graph))
    assert mark.kind == "flicker"
    assert float(mark.seconds or 0) > 2.5
    assert float(mark.value or 0) == pytest.approx(rate, rel=0.15)


@pytest.mark.parametrize(
    ("graph", "sides"),
    [(planted.BARS, {"top": 7.5, "bottom": 7.5}), (planted.SLIVER, {"left": 3.3})],
)
def test_black_borders_are_marked_with_their_side_and_share(
    cutter: Cutter, graph: str, sides: dict[str, float]
) -> None:
    found = {mark.about: mark for mark in marks(cutter, cutter.clip("bars", graph=graph))}
    assert found.keys() == sides.keys()
    for side, percent in sides.items():
        assert found[side].kind == "border"
        assert abs(float(found[side].value or 0) - percent) <= 1.5


@pytest.mark.parametrize(("sound", "kind"), [(planted.CLIPPED, "clipped"), (planted.GAP, "silent")])
def test_sound_that_is_cut_off_or_stops_is_marked(cutter: Cutter, sound: str, kind: str) -> None:
    (mark,) = marks(cutter, cutter.clip("sound", sound=sound))
    assert mark.kind == kind


def test_a_clip_without_sound_is_silent_as_a_whole(cutter: Cutter) -> None:
    clip = cutter.clip("mute")
    found = faults_of(samples_of(cutter.program, clip, Fraction(planted.RATE)))
    assert found == (MarkRecord("silent"),)
