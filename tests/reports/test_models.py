"""``models``: the matrix, one model, two side by side, and the figures that are in doubt."""

import io
import json
import re
from datetime import date
from typing import Any

import pytest
from rich.cells import cell_len

from wanx_render.actions.models import ModelsOptions, models
from wanx_render.catalog.abilities import PictureArea
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput
from wanx_render.language import using
from wanx_render.reports.models.example_requests import examples
from wanx_render.reports.models.overview import GROUPS
from wanx_render.reports.models.values import value_shown
from wanx_render.session.environment import Environment

TODAY = date(2026, 11, 26)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(*words: str, today: date = TODAY, stale: bool = False, wide: bool = True) -> str:
    out = io.StringIO() if wide else Terminal()
    environment = Environment({}, out, io.StringIO())
    assert models(ModelsOptions(today, words, stale), environment) == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())


def as_data(*words: str, today: date = TODAY, stale: bool = False) -> Any:
    out = io.StringIO()
    options = ModelsOptions(today, words, stale, as_json=True)
    assert models(options, Environment({}, out, io.StringIO())) == 0
    return json.loads(out.getvalue())


def test_the_matrix_shows_every_model_in_a_group(catalog: Catalog) -> None:
    text = printed()
    assert all(name in text for name in (*catalog.models, *catalog.pictures))
    for model in catalog.models.values():
        assert any(group.has(model) for group in GROUPS), model.name
    groups = {str(group.title): group for group in GROUPS}
    assert groups["From text alone"].has(catalog.models["wan3.0-video"])
    assert not groups["From text alone"].has(catalog.models["wan2.6-r2v"])
    assert re.search(r"wan2.2-i2v-flash +480 720 1080 +5 +30 +none +B +0.10-0.48\? +-", text)
    assert re.search(r"wanx2.1-kf2v-plus .* - +-", text)
    assert re.search(r"wan2.7-t2v-2026-06-12 .* B +0.60-1.00\? +-", text)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("words", "stale"),
    [
        ((), False),
        ((), True),
        (("wan3.0-video",), False),
        (("diff", "wan2.7-t2v", "wan2.6-t2v"), False),
    ],
)
def test_it_fits_a_terminal_of_80_columns(
    words: tuple[str, ...], stale: bool, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with using(language):  # type: ignore[arg-type]  # one of two
        lines = printed(*words, stale=stale, wide=False).splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert len(lines) < (90 if not words and not stale else 400)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in "".join(lines)) is (language == "zh")


def test_one_model_shows_both_sides_of_a_conflict_and_its_requests() -> None:
    lines = printed("wan2.5-i2v-preview").splitlines()
    index = next(n for n, line in enumerate(lines) if re.match(r"fps +24 +official-2025-11", line))
    assert re.match(r"  elsewhere +30 +official-2025-12", lines[index + 1])
    assert any(line.startswith("official-2025-11: Official image-to-video") for line in lines)
    assert "POST /services/aigc/video-generation/video-synthesis" in lines
    text = printed("wan2.1-i2v-turbo")
    assert "wanx2.1-i2v-turbo: Wan 2.1 fast" in text
    assert "at most 5." in printed("wan2.7-r2v")
    assert "720P 0.10, 1080P 0.15 USD" in printed("wan2.7-i2v-2026-04-25")
    assert "price singapore" not in printed("wan2.7-t2v-2026-06-12")  # Beijing alone has it


def test_the_matrix_as_data_holds_models_pictures_and_sources(catalog: Catalog) -> None:
    record = as_data()
    assert [model["name"] for model in record["models"]] == list(catalog.models)
    assert [model["name"] for model in record["pictures"]] == list(catalog.pictures)
    assert record["sources"]["official-2025-11"]["read"] == "2025-11-01"
    (snapshot,) = as_data("wan2.7-t2v-2026-06-12")["models"]
    assert [price["region"] for price in snapshot["prices"]] == ["beijing"]
    (model,) = as_data("wan2.7-image")["pictures"]
    assert [price["per_picture"] for price in model["prices"]] == ["0.20", "0.03"]


def test_a_figure_is_old_ninety_days_after_its_source_was_read() -> None:
    def of_wan30(today: date) -> list[str]:
        doubts = as_data("wan3.0-video", today=today, stale=True)["doubts"]
        return [doubt["figure"] for doubt in doubts if doubt["stale"]]

    # Its page was read on 2026-10-15, its capture on 2026-09-01.
    assert of_wan30(date(2026, 9, 1)) == []
    assert of_wan30(date(2026, 11, 30)) == []
    assert of_wan30(date(2026, 12, 1)) == ["fps", "usage", "price beijing"]
    assert "request_form" not in of_wan30(date(2027, 1, 13))
    assert "request_form" in of_wan30(date(2027, 1, 14))
    # A snapshot has the price of its model, read on 2026-09-16.
    snapshot = as_data("wan2.7-i2v-2026-04-25", today=date(2026, 12, 16), stale=True)["doubts"]
    assert "price singapore" in [doubt["figure"] for doubt in snapshot if doubt["stale"]]


def test_a_conflict_is_named_however_young_its_sources_are() -> None:
    doubts = as_data("wan3.0-video", today=date(2026, 9, 1), stale=True)["doubts"]
    assert {doubt["figure"] for doubt in doubts} == {
        "ratios", "negative_prompt_characters", "price singapore",
    }  # fmt: skip
    price = next(doubt for doubt in doubts if doubt["figure"] == "price singapore")
    assert price["value"]["per_second"]["720P"] == "0.10"
    assert [other["value"]["per_second"]["720P"] for other in price["others"]] == ["0.06"]
    text = printed("wan3.0-video", stale=True)
    assert "3 figures in conflict, 0 too old" in text
    assert re.search(r"elsewhere +480P 0.03, 720P 0.06, 1080P 0.12 USD", text)


def test_figures_that_models_share_are_one_row() -> None:
    text = printed(stale=True)
    row = "wan2.2-i2v-plus, wan2.5-i2v-preview, wanx2.1-i2v-plus, wanx2.1-i2v-turbo"
    assert row in text
    assert re.search(r"official-2025-11, 390 days: Official image-to-video reference", text)


def test_two_models_side_by_side() -> None:
    rows = as_data("diff", "wan2.2-i2v-flash", "wan2.2-i2v-plus")["differences"]
    assert [row["figure"] for row in rows] == ["region_names", "tiers", "price beijing"]
    assert rows[1]["values"][0]["value"] == ["720P", "480P", "1080P"]
    assert rows[1]["values"][1] == {
        "value": ["1080P", "480P"],
        "source": "official-2025-11",
        "note": "the first is the default, by the page of 2026",
    }
    text = printed("diff", "wan2.7-i2v", "wan2.7-i2v-2026-04-25")
    assert re.search(r"launched +- +2026-04-25 \(inferred\)", text)
    assert (
        printed("diff", "wan2.5-i2v-preview", "wan2.5-i2v-preview").strip() == "no figure differs"
    )


@pytest.mark.parametrize(
    ("words", "stale"),
    [
        (("diff",), False),
        (("diff", "wan2.7-i2v"), False),
        (("wan2.7-i2v", "wan2.7-t2v"), False),
        (("diff", "wan2.7-i2v", "wan2.7-t2v", "wan2.7-r2v"), False),
        (("diff", "wan2.7-i2v", "wan2.7-t2v"), True),
    ],
)
def test_other_numbers_of_names_are_refused(words: tuple[str, ...], stale: bool) -> None:
    with pytest.raises(BadInput, match="expected one model, or diff and two models"):
        models(ModelsOptions(TODAY, words, stale), Environment({}, io.StringIO(), io.StringIO()))
    with pytest.raises(BadInput, match="'wan' is not a known model"):
        printed("wan")


# Written by hand from the forms of the vendor's pages; addresses are those of the examples.
WIRE: dict[str, list[dict[str, Any]]] = {
    "wan2.6-i2v": [
        {"img_url": "first.png", "audio_url": "song.mp3"},
    ],
    "wan2.7-i2v": [
        {
            "media": [
                {"type": "first_frame", "url": "first.png"},
                {"type": "last_frame", "url": "last.png"},
                {"type": "driving_audio", "url": "song.mp3"},
            ]
        },
        {
            "media": [
                {"type": "last_frame", "url": "last.png"},
                {"type": "first_clip", "url": "clip.mp4"},
            ]
        },
    ],
    "wan3.0-video": [
        {},
        {
            "media": [
                {"type": "first_frame", "url": "first.png"},
                {"type": "last_frame", "url": "last.png"},
            ]
        },
        {
            "media": [
                {"type": "reference_image", "url": "person.png"},
                {"type": "reference_video", "url": "person.mp4"},
                {"type": "reference_audio", "url": "voice.mp3"},
            ]
        },
    ],
    "happyhorse-1.0-i2v": [{"media": [{"type": "first_frame", "url": "first.png"}]}],
    "wan2.2-kf2v-flash": [{"first_frame_url": "first.png", "last_frame_url": "last.png"}],
    "wan2.7-t2v": [{"audio_url": "song.mp3"}],
    "wan2.6-r2v": [
        {"reference_urls": ["person.png", "person.mp4"]},
        {"reference_urls": ["person.mp4"]},
    ],
    "wan2.5-t2i-preview": [{}],
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "wan2.6-i2v": {"resolution": "1080P", "shot_type": "single", "prompt_extend": True},
    "wan3.0-video": {"resolution": "1080P", "ratio": "adaptive", "audio": True},
    "happyhorse-1.0-i2v": {"resolution": "1080P", "watermark": False},
    "wan2.7-t2v": {"resolution": "1080P", "ratio": "16:9"},
    "wan2.6-r2v": {"size": "1920*1080", "shot_type": "single"},
    "wan2.5-t2i-preview": {"size": "1280*1280", "n": 1},
}
FORBIDDEN = {
    "wan2.6-i2v": ("ratio", "size", "audio"),
    "wan2.7-t2v": ("size", "shot_type", "audio"),
    "wan2.6-r2v": ("resolution", "ratio", "audio"),
    "happyhorse-1.0-i2v": ("ratio", "prompt_extend"),
    "wan2.7-image": ("prompt_extend",),
}


@pytest.mark.parametrize("name", WIRE)
def test_an_example_is_what_the_vendor_s_page_shows(name: str, catalog: Catalog) -> None:
    shown = list(examples(catalog.entry(name), catalog))
    inputs = [{"prompt": "A cat wakes", **media} for media in WIRE[name]]
    plain = json.loads(
        json.dumps([e.body["input"] for e in shown]).replace("https://example.com/", "")
    )
    assert plain == inputs
    is_kf2v = "image2video" in shown[0].path
    assert is_kf2v is (name == "wan2.2-kf2v-flash")


@pytest.mark.parametrize("name", {**PARAMETERS, **FORBIDDEN})
def test_parameters_are_those_of_the_vendor_s_page(name: str, catalog: Catalog) -> None:
    for example in examples(catalog.entry(name), catalog):
        parameters = example.body["parameters"]
        assert parameters.items() >= PARAMETERS.get(name, {}).items()
        assert not parameters.keys() & set(FORBIDDEN.get(name, ()))


def test_a_conversation_holds_the_words_of_a_picture(catalog: Catalog) -> None:
    (example,) = examples(catalog.pictures["wan2.7-image"], catalog)
    assert example.path == "/services/aigc/image-generation/generation"
    words = {"role": "user", "content": [{"text": "A cat wakes"}]}
    assert example.body["input"] == {"messages": [words]}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("durations", (5, 2, 3, 4, 6), "2-6 s; default 5"),
        ("durations", (5, 10), "5, 10 s; default 5"),
        ("durations", (5,), "5 s"),
        ("image_bytes", 10485760, "10 MiB"),
        ("image_sides", (240, 8000), "240-8000"),
        ("combinations", ((), ("first_frame",)), "the prompt alone; first_frame"),
        ("combinations", (("first_frame", "soundtrack?"),), "first_frame + soundtrack?"),
        ("region_names", {"beijing": "a", "singapore": "a"}, "a in beijing, singapore"),
        ("region_names", {"beijing": "ax", "singapore": "a"}, "beijing: ax; singapore: a"),
        ("retires", None, "none"),
        ("sizes", PictureArea(area=(262144, 2073600), multiple=16), "0.3-2.1 MP, by 16"),
        ("sizes", {"720P": ("1280x720", "720x1280")}, "720P: 1280x720, 720x1280"),
        ("returns_actual_prompt", True, "yes"),
    ],
)  # fmt: skip
def test_values_are_written_for_people(name: str, value: object, text: str) -> None:
    assert value_shown(name, value) == text
