"""What first frames that a model makes cost, with the videos that begin with them."""

from decimal import Decimal

import pytest

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
