"""What first frames that a model makes cost, with the videos that begin with them."""

from decimal import Decimal

import pytest
from hypothesis import given, settings

from tests.planning.test_kept_clips import WANTED, Wanted, folder
from wanx_render.catalog.capabilities import packaged
from wanx_render.planning.plan import Plan, make
from wanx_render.shotlist.model import ShotList


def plan(*picks: int) -> Plan:
    """Shots that say the same, and begin with takes of one picture."""
    picture = {"prompt": "a roof", "model": "wan2.5-t2i-preview", "takes": 2}
    video = {"model": "wanx2.1-i2v-turbo", "resolution": "480P", "duration": 3, "prompt": "a cat"}
    shots = [
        {**video, "id": f"s{number}", "image": {**picture, "pick": pick}}
        for number, pick in enumerate(picks)
    ]
    value = {"version": 1, "project": "money", "shots": shots, "deliverables": ["9:16"]}
    return make(ShotList.model_validate(value), "mock", {}, packaged())


@pytest.mark.parametrize(("picks", "videos"), [((1,), 1), ((1, 1), 1), ((1, 2), 2), ((2, 1, 2), 2)])
def test_videos_of_two_takes_of_a_picture_are_paid_apart(
    picks: tuple[int, ...], videos: int
) -> None:
    made = plan(*picks)
    assert made.cost(made.takes).amount == 2 * Decimal("0.20") + videos * Decimal("0.72")


@settings(max_examples=15, deadline=None)
@given(first=WANTED, then=WANTED)
def test_however_deliverables_change_no_picture_and_none_of_its_clips_is_asked_for_again(
    first: list[Wanted], then: list[Wanted]
) -> None:
    """Also where another picture has its size or aspect written."""
    picture = {"prompt": "a roof", "model": "wan2.5-t2i-preview"}
    with folder() as here:
        here.shots = [
            {"id": "roof", "image": {**picture, "takes": 2}, "prompt": "a cat"},
            {"id": "own", "image": {**picture, "aspect": "3:4"}, "prompt": "a cat"},
            {"id": "on", "image": {"shot": "roof"}, "prompt": "it goes"},
        ]
        here.run(first)
        assert {status.state for status in here.statuses(then)} == {"cached"}
        assert here.run(then) == 0
