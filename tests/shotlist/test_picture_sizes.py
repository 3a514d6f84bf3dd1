"""The size in which a model is asked for a first frame: what suits the deliverables best."""

from typing import Any

import pytest

from wanx_render.catalog.abilities import PictureArea
from wanx_render.catalog.capabilities import packaged
from wanx_render.geometry import Aspect, Size, predicted_size
from wanx_render.preparation import Limits
from wanx_render.shotlist.inputs import MadePicture
from wanx_render.shotlist.model import Deliverable
from wanx_render.shotlist.picture_sizes import may_be, size_of
from wanx_render.shotlist.preparing import Preparing

AREA = 921_600  # of 720P
LIMITS = Limits(360, 2000, None)
WIDE_CHOICE = PictureArea(area=(262_144, 2_073_600), multiple=16, sides=(512, 1440))
LARGE = PictureArea(area=(1_638_400, 2_073_600), multiple=16)
FIVE = ("1328x1328", "1664x928", "928x1664", "1472x1104", "1104x1472")


def films(*aspects: str, fit: str = "crop") -> list[Deliverable]:
    return [Deliverable.model_validate({"aspect": a, "fit": fit}) for a in aspects]


def asked(sizes: Any, *aspects: str, fit: str = "crop", **wish: Any) -> str:
    picture = MadePicture.model_validate({"model": "m", "prompt": "p", **wish})
    size = size_of(picture, sizes, Preparing(None, (), AREA, LIMITS), films(*aspects, fit=fit))
    return str(size)


@pytest.mark.parametrize(
    ("sizes", "aspects", "size"),
    [
        (WIDE_CHOICE, ["9:16"], "720x1280"),  # the clip itself
        (WIDE_CHOICE, ["16:9"], "1280x720"),
        (WIDE_CHOICE, ["1:1"], "960x960"),
        (LARGE, ["9:16"], "1008x1792"),  # the smallest of exactly this aspect that is allowed
        (FIVE, ["9:16"], "928x1664"),
        (FIVE, ["1:1"], "1328x1328"),
        (FIVE, ["9:16", "16:9"], "1328x1328"),  # each keeps as much of a square
    ],
)
def test_one_suits_the_deliverables_best(sizes: Any, aspects: list[str], size: str) -> None:
    assert asked(sizes, *aspects) == size


def test_what_is_written_comes_first() -> None:
    assert asked(FIVE, "9:16", aspect="16:9") == "1664x928"
    assert asked(FIVE, "9:16", size="1472x1104") == "1472x1104"
    assert asked(FIVE, "9:16", size="720x1280") == "None"
    assert asked(WIDE_CHOICE, "9:16", size="722x1280") == "None"
    assert asked(WIDE_CHOICE, "9:16", aspect="1:20") == "None"


def test_where_none_crops_the_first_decides() -> None:
    assert asked(WIDE_CHOICE, "9:16", "16:9", fit="pad") == "720x1280"


def test_crops_lose_less_of_every_model_of_today_than_of_a_square() -> None:
    """9:16 and 3:4 of a clip between them: at least 85 % each where the model takes any size."""
    for model in packaged().pictures.values():
        width, height = map(int, asked(model.sizes.value, "9:16", "3:4").split("x"))
        assert may_be(Size(width, height), model.sizes.value)
        clip = predicted_size(Size(width, height), AREA)
        kept = [
            min(clip.width * aspect.height, clip.height * aspect.width) ** 2
            / (clip.area * aspect.height * aspect.width)
            for aspect in (Aspect(9, 16), Aspect(3, 4))
        ]
        floor = 0.85 if isinstance(model.sizes.value, PictureArea) else 0.7
        assert min(kept) > floor, model.name
