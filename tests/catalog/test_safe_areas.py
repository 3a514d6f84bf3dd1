"""What apps cover of a frame: figures with their sources, for frames of any shape."""

from typing import get_args

import pytest

from wanx_render.catalog.safe_areas import Margins, about, platforms, safe_area
from wanx_render.geometry import Size
from wanx_render.shotlist.values import Platform


@pytest.mark.parametrize("platform", platforms())
def test_every_figure_has_its_source_or_is_called_an_assumption(platform: str) -> None:
    known = about(platform)
    assert ("source" in known and "read" in known) != ("assumed" in known)
    assert known["doubt"]
    assert safe_area(Size(1080, 1920), platform).bottom == known["margins"]["bottom"]
    assert safe_area(Size(540, 960), platform).top * 2 == pytest.approx(
        known["margins"]["top"], abs=2
    )


def test_bars_beside_a_wider_frame_cost_no_margin() -> None:
    """A 4:3 frame is 810 of 1920 pixels high on such a screen, with 555 above and below it."""
    wide = safe_area(Size(1080, 810), "tiktok")
    assert wide == Margins(top=41, right=180, bottom=41, left=120)
    assert safe_area(Size(1080, 1440), "tiktok").bottom == 500 - 240


def test_every_platform_can_be_named_in_a_list() -> None:
    assert set(get_args(Platform)) == set(platforms())


def test_without_a_platform_there_are_margins_too_and_an_unknown_one_is_an_error() -> None:
    assert safe_area(Size(1080, 1920)) == Margins(top=192, right=135, bottom=403, left=135)
    with pytest.raises(KeyError):
        safe_area(Size(1080, 1920), "myspace")
