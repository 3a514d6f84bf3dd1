"""What was sent for the lists of ``specs/forms``, beside the fields that the vendor's pages name.

The fields are written down here from those pages, not taken from the catalogue.
"""

import json
from typing import Any

import pytest

from tests.support.places import GOLDEN, SPECS
from wanx_render.catalog.capabilities import packaged

CALLS: list[dict[str, Any]] = [
    call
    for path in sorted((GOLDEN / "wire").glob("*.json"))
    for call in json.loads(path.read_text())
]
VIDEO = "/services/aigc/video-generation/video-synthesis"
COMMON = {"duration", "watermark", "seed"}
TIER = {*COMMON, "resolution", "prompt_extend"}
SIZE = {*COMMON, "size", "prompt_extend"}
# By model: the address, the fields of its input, its parameters.
PAGES: dict[str, tuple[str, set[str], set[str]]] = {
    "wan2.6-i2v": (VIDEO, {"prompt", "img_url", "audio_url"}, TIER),
    "wan2.6-i2v-flash": (VIDEO, {"prompt", "img_url"}, {*TIER, "shot_type", "audio"}),
    "wan2.2-kf2v-flash": (
        "/services/aigc/image2video/video-synthesis",
        {"prompt", "first_frame_url", "last_frame_url"},
        TIER,
    ),
    "wan2.7-i2v": (VIDEO, {"prompt", "media"}, TIER),
    "wan2.7-i2v-2026-04-25": (VIDEO, {"prompt", "media"}, TIER),
    "wan2.6-t2v": (VIDEO, {"prompt"}, SIZE),
    "wan2.7-t2v": (VIDEO, {"prompt"}, {*TIER, "ratio"}),
    "wan3.0-video": (VIDEO, {"prompt", "media"}, {*TIER, "ratio", "audio"}),
    "wan2.6-r2v": (VIDEO, {"prompt", "reference_urls"}, SIZE),
    "happyhorse-1.1-i2v": (VIDEO, {"prompt", "media"}, {*COMMON, "resolution"}),
    "happyhorse-1.1-t2v": (VIDEO, {"prompt"}, {*COMMON, "resolution", "ratio"}),
    "wan2.5-t2i-preview": (
        "/services/aigc/text2image/image-synthesis",
        {"prompt"},
        {"size", "n", "prompt_extend", "watermark", "seed"},
    ),
    "wan2.7-image": (
        "/services/aigc/image-generation/generation",
        {"messages"},
        {"size", "n", "watermark", "seed"},
    ),
}
# What may be together in a list of media, in the order in which it is sent.
MEDIA = {
    ("first_frame",),
    ("first_frame", "last_frame"),
    ("first_frame", "driving_audio"),
    ("first_frame", "last_frame", "driving_audio"),
    ("first_clip",),
    ("first_clip", "last_frame"),
    ("reference_video", "reference_image", "reference_audio"),
}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call["body"]["model"])
def test_a_call_has_the_address_and_the_fields_of_its_page(call: dict[str, Any]) -> None:
    body = call["body"]
    assert set(body) == {"model", "input", "parameters"}
    path, fields, parameters = PAGES[body["model"]]
    assert call["path"] == path
    assert set(body["input"]) <= fields
    assert set(body["parameters"]) <= parameters
    if "media" in body["input"]:
        assert tuple(entry["type"] for entry in body["input"]["media"]) in MEDIA
        assert all(set(entry) == {"type", "url"} for entry in body["input"]["media"])


def test_every_request_form_has_a_list_and_every_list_its_calls() -> None:
    catalog = packaged()
    models = [catalog.model(c["body"]["model"]) or catalog.entry(c["body"]["model"]) for c in CALLS]
    assert {model.request_form.value for model in models} == set(catalog.forms)
    names = {path.stem for path in (GOLDEN / "wire").glob("*.json")}
    assert names == {path.stem for path in (SPECS / "forms").glob("*.yaml")}
