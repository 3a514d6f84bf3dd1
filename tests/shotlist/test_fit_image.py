"""``fit_image`` as people write it."""

from decimal import Decimal
from fractions import Fraction

import pytest
from pydantic import ValidationError

from wanx_render.geometry import Aspect, Focus
from wanx_render.shotlist.inputs import FitImage
from wanx_render.shotlist.model import GeneratedShot


def _read(value):
    fields = {"id": "a", "model": "m", "image": "a.png", "fit_image": value}
    return GeneratedShot.model_validate(fields).fit_image


@pytest.mark.parametrize("value", ["off", False, None])
def test_off_means_that_the_picture_is_sent_as_it_is(value):
    assert _read(value) is None


def test_a_word_or_an_aspect_means_a_crop_around_the_centre():
    assert _read("match") == FitImage(aspect="match")
    assert _read("18:32") == FitImage(aspect=Aspect(9, 16), fit="crop")


def test_a_colour_is_one_colour_by_any_name():
    assert _read({"background": "white"}) == _read({"background": "#fff"})
    assert _read({"background": "white"}).background == "#ffffff"


def test_a_mapping_may_leave_the_aspect_out():
    value = _read({"focus": [Decimal("0.25"), 0], "fit": "pad"})
    assert (value.aspect, value.fit, value.focus) == (
        None,
        "pad",
        Focus(Fraction(1, 4), Fraction(0)),
    )


@pytest.mark.parametrize(
    "value", ["vertical", True, 9, {"aspect": "auto"}, {"focus": {"from": [0, 0], "to": [1, 1]}}]
)
def test_what_is_neither_is_refused(value):
    with pytest.raises(ValidationError):
        _read(value)
