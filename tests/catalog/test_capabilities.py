import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from timeit import timeit

import pytest

from wanx_render.catalog import capabilities
from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog, packaged
from wanx_render.catalog.doubts import SERVICE, entries
from wanx_render.catalog.figures import Figure
from wanx_render.catalog.user_file import with_user_file
from wanx_render.errors import BadInput
from wanx_render.source import yaml_source

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
    every = list(entries(catalog))
    assert {"wan3.0-video", "qwen-image", SERVICE, "region tokyo"} <= {e.owner for e in every}
    for entry in every:
        assert entry.source in catalog.sources, entry
        assert all(other.source in catalog.sources for other in entry.others), entry
    assert all(price.source in catalog.sources for price in catalog.prices)
    assert all(form.source in catalog.sources for form in catalog.forms.values())
    for source in catalog.sources.values():
        assert source.date
        assert source.read
        assert source.read.isoformat() >= source.date[:7]  # nobody reads a page before it is there


def test_every_source_is_used(catalog: Catalog) -> None:
    used = {entry.source for entry in entries(catalog)}
    used |= {other.source for entry in entries(catalog) for other in entry.others}
    used |= {form.source for form in catalog.forms.values()}
    used |= {region.source for region in catalog.service.regions.values()}
    used |= {label.source for label in catalog.labels}
    assert set(catalog.sources) - used == set()


def test_what_other_sources_say_differs_from_what_is_in_force(catalog: Catalog) -> None:
    for entry in entries(catalog):
        for other in entry.others:
            assert other.value != entry.value or other.note, entry


# Models of which no source gives a price anywhere, written by hand.
UNPRICED = {"wanx2.1-kf2v-plus", "wan2.6-i2v-us", "wan2.6-t2v-us", "wan2.6-r2v-flash"}


def test_every_tier_of_every_model_has_an_area_and_a_price_in_beijing(catalog: Catalog) -> None:
    for model in catalog.models.values():
        for tier in model.tiers.value:
            assert catalog.tier_area(tier) > 0
            price = catalog.price_per_second(model.name, "beijing", tier)
            assert (price is None) is (model.name in UNPRICED)


def test_every_price_is_of_a_model_in_a_region_that_has_it(catalog: Catalog) -> None:
    for price in catalog.prices:
        entry = catalog.entry(price.model)
        assert price.region in entry.region_names.value
        assert price.currency == catalog.service.regions[price.region].currency
        assert bool(price.per_second) is (price.per_picture is None)
        if isinstance(entry, Model):
            assert set(price.per_second) == set(entry.tiers.value), price


def test_a_snapshot_costs_what_its_model_costs_and_a_sibling_does_not(catalog: Catalog) -> None:
    snapshot = catalog.price_per_second("wan2.7-i2v-2026-04-25", "singapore", "720P")
    assert snapshot == (Decimal("0.10"), "USD")
    assert catalog.price_per_second("wan2.6-r2v", "beijing", "720P") == (Decimal("0.60"), "CNY")
    assert catalog.price_per_second("wan2.6-r2v-flash", "beijing", "720P") is None
    assert catalog.price_per_picture("wan2.7-image", "singapore") == (Decimal("0.03"), "USD")
    assert catalog.price_per_picture("wan2.7-image-pro", "singapore") is None


def test_where_prices_disagree_the_last_row_counts(catalog: Catalog) -> None:
    rows = [p for p in catalog.prices if (p.model, p.region) == ("wan3.0-video", "singapore")]
    assert [row.per_second["720P"] for row in rows] == [Decimal("0.06"), Decimal("0.10")]
    assert catalog.price_per_second("wan3.0-video", "singapore", "720P") == (Decimal("0.10"), "USD")


def test_every_region_form_and_combination_is_known(catalog: Catalog) -> None:
    for entry in (*catalog.models.values(), *catalog.pictures.values()):
        assert set(entry.region_names.value) <= set(catalog.service.regions)
        form = catalog.form(entry)
        assert form.makes == ("video" if isinstance(entry, Model) else "picture")
        if isinstance(entry, Model):
            assert entry.roles <= set(form.places), entry.name
            counts = entry.counts.value if entry.counts else {}
            assert set(counts) <= entry.roles | {"references"}
            needs = {"size": entry.sizes, "ratio": entry.ratios, "shot_type": entry.shot_types}
            for name, figure in needs.items():
                assert figure or name not in catalog.parameters(entry), (entry.name, name)


# Of the captured answers: both kinds of wanx2.1 name a video_ratio, wan2.2 names the tier as SR.
USAGE = {
    "wanx2.1-i2v-turbo": "2.1", "wanx2.1-kf2v-plus": "2.1", "wan2.2-i2v-flash": "2.2",
    "wan2.2-kf2v-flash": "2.2-kf2v", "wan2.5-i2v-preview": "2.2", "wan2.6-i2v-flash": "2.6-flash",
    "wan2.6-r2v": "2.6-sized", "happyhorse-1.1-t2v": "2.7", "wan3.0-video": "3.0",
}  # fmt: skip


def test_a_model_answers_with_the_usage_of_its_family(catalog: Catalog) -> None:
    assert {name: catalog.models[name].usage.value for name in USAGE} == USAGE


# From the official reference of Wan 2.7: these six, and nothing else.
SIX = (
    {"first_frame"},
    {"first_frame", "soundtrack"},
    {"first_frame", "last_frame"},
    {"first_frame", "last_frame", "soundtrack"},
    {"first_clip"},
    {"first_clip", "last_frame"},
)


@pytest.mark.parametrize("name", ["wan2.7-i2v", "wan2.7-i2v-2026-04-25"])
def test_wan27_takes_the_six_combinations_of_its_page(name: str, catalog: Catalog) -> None:
    model = catalog.models[name]
    roles = ("first_frame", "last_frame", "soundtrack", "first_clip", "reference_image")
    subsets = [set(some) for n in range(6) for some in combinations(roles, n)]
    legal = [some for some in subsets if model.accepts(some)]
    assert sorted(map(sorted, legal)) == sorted(map(sorted, SIX))


def test_each_file_of_the_catalog_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def counted(file: Path) -> object:
        names.append(file.name)
        return yaml_source.parse(file.read_text("utf-8"), file.name).value

    monkeypatch.setattr(yaml_source, "packaged", counted)
    catalog = packaged.__wrapped__()
    folder = Path(capabilities.__file__).parent
    files = [path for kind in ("models", "pictures") for path in (folder / kind).glob("*.yaml")]
    parts = ["codes", "forms", "labels", "prices", "service", "sources"]
    assert sorted(names) == sorted([*(f"{part}.yaml" for part in parts), *(f.name for f in files)])
    assert len(files) == len(catalog.models) + len(catalog.pictures)


def test_reading_the_catalog_is_quick(catalog: Catalog) -> None:
    # Ten models took 8.7 ms in November 2026; half as much again a model, on a machine as fast.
    # A busy machine is given twenty times that: what this finds is a reading that is not linear.
    every = len(catalog.models) + len(catalog.pictures)
    seconds = min(timeit(packaged.__wrapped__, number=1) for _ in range(3))
    assert seconds < 20 * 1.5 * 0.00087 * every


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


def test_a_price_in_another_currency_than_its_region_s_is_unknown(catalog: Catalog) -> None:
    service = catalog.service
    regions = {
        **service.regions,
        "singapore": service.regions["singapore"].model_copy(update={"currency": "CNY"}),
    }
    moved = catalog.model_copy(update={"service": service.model_copy(update={"regions": regions})})
    wanted = ("wan2.6-t2v", "singapore", "720P")
    assert catalog.price_per_second(*wanted) is not None
    assert moved.price_per_second(*wanted) is None


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
        # A budget would add these up as what they are not.
        "prices: [{model: a, region: beijing, currency: USD, per_second: {480P: 0.02}}]\n",
        "prices: [{model: a, region: tokyo, currency: CNY, per_picture: 0.2}]\n",
        "prices: [{model: a, region: beijing, currency: CNY, per_second: {480P: -1}}]\n",
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


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("models: {wan2.5-t2i-preview: {like: wan2.6-t2i}}", "wan2.6-t2i is a picture model",
         "write it under pictures:"),
        ("pictures: {mine: {like: wan2.6-i2v}}", "wan2.6-i2v is a video model",
         "write it under models:"),
        ("models: {mine: {like: wan2.6i2v}}", "'wan2.6i2v' is not a known model",
         "did you mean 'wan2.6-i2v'?"),
        ("prices: [{model: wan2.6-i2v, region: beijing, currency: CNY, per_second: {720p: 1}}]",
         "'720p' is not a tier of wan2.6-i2v", "use 1080P, 720P"),
        ("prices: [{model: wan2.6i2v, region: beijing, currency: CNY, per_second: {720P: 1}}]",
         "'wan2.6i2v' is not a known model", "did you mean 'wan2.6-i2v'?"),
        ("prices: [{model: wan2.6-t2i, region: beijing, currency: CNY, each: 1}]",
         "unknown key 'prices.0.each'",
         "known keys: model, region, currency, per_second, per_picture, silent_per_second, "
         "source, note"),
    ],
)  # fmt: skip
def test_a_slip_in_a_user_s_file_is_answered(
    tmp_path: Path, catalog: Catalog, text: str, message: str, hint: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(BadInput) as caught:
        with_user_file(catalog, file)
    (problem,) = caught.value.diagnostics
    assert (str(problem.message), str(problem.hint)) == (message, hint)


@pytest.mark.parametrize("sibling", ["5", "[1]", "{a: 1}"])
def test_a_sibling_that_is_no_text_is_refused(
    tmp_path: Path, catalog: Catalog, sibling: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"models: {{one: {{like: mine}}, mine: {{like: {sibling}}}, '5': {{}}}}")
    with pytest.raises(BadInput, match="is not a known model"):
        with_user_file(catalog, file)


OWN_REGION = "region_names: {beijing: house}"


def test_models_of_a_user_s_file_may_be_like_each_other_in_any_order(
    tmp_path: Path, catalog: Catalog
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        f"models:\n  first: {{like: second, {OWN_REGION}}}\n"
        f"  second: {{like: wan2.5-i2v-preview, fps: 25, {OWN_REGION}}}\n"
        "  wan2.5-i2v-preview: {durations: [7]}\n"
    )
    models = with_user_file(catalog, file).models
    assert [models[name].fps.value for name in ("first", "second")] == [25, 25]
    assert models["first"].durations.value == (7,)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{one: {like: one}}", ["one"]),
        ("{one: {like: two}, two: {snapshot_of: one}, three: {like: one}}", ["one", "two"]),
        ("{wan2.6-i2v: {like: one}, one: {like: wan2.6-i2v}}", ["wan2.6-i2v", "one"]),
    ],
)
def test_models_that_lead_back_to_themselves_are_refused(
    tmp_path: Path, catalog: Catalog, text: str, names: list[str]
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"models: {text}")
    with pytest.raises(BadInput) as caught:
        with_user_file(catalog, file)
    messages = [str(problem.message) for problem in caught.value.diagnostics]
    assert messages == [f"{name} refers to itself" for name in names]


def test_help_reads_no_catalog() -> None:
    code = (
        "import sys; from wanx_render.cli import main; sys.argv[1:] = ['--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('wanx_render.catalog')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "models" in done.stdout
    assert done.stdout.rstrip().endswith("[]")
