"""An aspect that a model names is one that can be asked for, in every tier."""

import pytest

from wanx_render.catalog import shapes
from wanx_render.catalog.capabilities import packaged
from wanx_render.geometry import Aspect

CATALOG = packaged()
NAMED = [
    (model.name, tier, ratio)
    for model in CATALOG.models.values()
    if model.ratios
    for tier in model.tiers.value
    for ratio in model.ratios.value
    if ":" in ratio
]


@pytest.mark.parametrize("name", sorted({name for name, _, _ in NAMED}))
def test_every_ratio_of_a_model_is_found_by_its_name(name: str) -> None:
    for _, tier, ratio in (row for row in NAMED if row[0] == name):
        model = CATALOG.models[name]
        choices = shapes.shapes_of(model, tier, CATALOG.tier_area(tier))
        shape = shapes.of_aspect(choices, Aspect.parse(ratio))
        assert shape is not None and shape.ratio == ratio, (tier, ratio)
