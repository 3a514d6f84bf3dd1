from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.figures import Figure
from wanx_render.catalog.user_file import with_user_file
from wanx_render.errors import BadInput

# Written by hand from the official text of November 2025: tiers, durations, fps, sound.
OFFICIAL = {
    "wan2.5-i2v-preview": ({"480P", "720P", "1080P"}, {5, 10}, 24, True),
    "wan2.2-i2v-flash": ({"480P", "720P", "1080P"}, {5}, 30, False),
    "wan2.2-i2v-plus": ({"480P", "1080P"}, {5}, 30, False),
    "wanx2.1-i2v-plus": ({"720P"}, {5}, 30, False),
    "wanx2.1-i2v-turbo": ({"480P", "720P"}, {3, 4, 5}, 30, False),
}


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_catalog_says_what_the_official_text_says(name: str, catalog: Catalog) -> None:
    tiers, durations, fps, sound = OFFICIAL[name]
    model = catalog.models[name]
    assert set(model.tiers.value) == tiers
    assert set(model.durations.value) == durations
    assert model.fps.value == Fraction(fps)
    assert (model.sound.value != "none") is sound


def _figures(model: object) -> dict[str, Figure[object]]:
    fields = {name: getattr(model, name) for name in type(model).model_fields}  # type: ignore[attr-defined]
    return {name: value for name, value in fields.items() if isinstance(value, Figure)}


def test_every_figure_rests_on_a_known_source(catalog: Catalog) -> None:
    groups = [*catalog.models.values(), catalog.service]
    for group in groups:
        for figure in _figures(group).values():
            assert figure.source in catalog.sources
            assert all(variant.source in catalog.sources for variant in figure.variants)
    assert all(price.source in catalog.sources for price in catalog.prices)
    assert all(source.date for source in catalog.sources.values())


def test_every_tier_of_every_model_has_an_area_and_a_price_in_beijing(catalog: Catalog) -> None:
    for model in catalog.models.values():
        for tier in model.tiers.value:
            assert catalog.tier_area(tier) > 0
            if model.name != "wanx2.1-kf2v-plus":  # no source gives its price
                assert catalog.price_per_second(model.name, "beijing", tier)


def test_prices_are_exact_and_unknown_ones_stay_unknown(catalog: Catalog) -> None:
    assert catalog.price_per_second("wan2.5-i2v-preview", "beijing", "720P") == (
        Decimal("0.60"),
        "CNY",
    )
    assert catalog.price_per_second("wan2.2-i2v-plus", "singapore", "480P") is None


def test_a_model_is_found_by_its_name_in_a_region(catalog: Catalog) -> None:
    found = catalog.model("wan2.1-i2v-turbo")
    assert found
    assert found.name == "wanx2.1-i2v-turbo"
    assert catalog.model("wan9") is None


def test_a_user_s_file_overrides_one_figure_and_leaves_the_rest(
    catalog: Catalog, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "models:\n  wan2.5-i2v-preview: {fps: 30}\n"
        "prices:\n"
        "  - model: wan2.2-i2v-plus\n    region: singapore\n    currency: USD\n"
        "    per_second: {480P: 0.02}\n"
    )
    mine = with_user_file(catalog, file)
    changed = mine.models["wan2.5-i2v-preview"]
    assert changed.fps.value == 30
    assert changed.fps.source == "user"
    assert changed.durations == catalog.models["wan2.5-i2v-preview"].durations
    assert mine.price_per_second("wan2.2-i2v-plus", "singapore", "480P") == (
        Decimal("0.02"),
        "USD",
    )


def test_a_user_s_file_adds_a_whole_model(catalog: Catalog, tmp_path: Path) -> None:
    known = catalog.models["wan2.2-i2v-flash"]
    lines = ["models:", "  house-model:"]
    for name, figure in _figures(known).items():
        if name == "fps":
            lines.append("    fps: 25")
        else:
            value = figure.model_dump(mode="json")["value"]
            lines.append(f"    {name}: {{value: {_flow(value)}, source: user}}")
    file = tmp_path / "mine.yaml"
    file.write_text("\n".join(lines) + "\n")
    assert with_user_file(catalog, file).models["house-model"].fps.value == 25


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return (
        f"'{value}'"
        if value in ("2.2", "2.1")
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


@pytest.mark.parametrize(
    "text",
    [
        "models: {wan2.5-i2v-preview: {fps: fast}}\n",
        "models: {new: {fps: 30}}\n",
        "- a\n",
        "models: [a]\n",
        "models: {a: 5}\n",
        "prices: {a: 1}\n",
        "modles: {}\n",
        "models: {wan2.5-i2v-preview: {durations: []}}\n",
    ],
)
def test_a_wrong_user_s_file_is_refused_with_its_place(
    text: str, catalog: Catalog, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(BadInput) as caught:
        with_user_file(catalog, file)
    assert {d.code for d in caught.value.diagnostics} == {"catalog-invalid"}
    assert all(d.span and d.span.line for d in caught.value.diagnostics)
