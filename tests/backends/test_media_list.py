"""The six combinations of a media list, from a shot list to the body of the create call."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.ground.test_task import REQUEST
from tests.support.places import ROOT
from wanx_render.backends.wire import create_body
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput
from wanx_render.task import InputMedia
from wanx_render.validation.load import load

FRAME = ROOT / "specs" / "frames" / "rooftop.jpg"
VOICE = ROOT / "tests" / "broken" / "media" / "half-a-minute.wav"
NAMES = {
    "image": "first_frame",
    "last_image": "last_frame",
    "sound_file": "driving_audio",
    "first_clip": "first_clip",
}
COMBINATIONS = [
    ["image"],
    ["image", "sound_file"],
    ["image", "last_image"],
    ["image", "last_image", "sound_file"],
    ["first_clip"],
    ["last_image", "first_clip"],
]


@pytest.mark.parametrize("names", COMBINATIONS, ids="+".join)
def test_each_medium_stands_in_the_list_with_its_type(names: list[str], catalog: Catalog) -> None:
    media: dict[str, Any] = {
        name: InputMedia(f"url:https://e.com/{name}", url=f"https://e.com/{name}")
        if name in names
        else None
        for name in NAMES
    }
    sound = "file" if media["sound_file"] else "auto"
    request = replace(REQUEST, model="wan2.7-i2v", **media, sound=sound)
    body = create_body(request, catalog, lambda medium: medium.url or "")
    expected = [{"type": NAMES[name], "url": f"https://e.com/{name}"} for name in names]
    assert body["input"]["media"] == expected
    assert "audio" not in body["parameters"]


def written(folder: Path, keys: str) -> Path:
    file = folder / "list.yaml"
    shot = "  - {id: a, model: wan2.7-i2v, resolution: 720P, prompt: A}"
    file.write_text(
        f"version: 1\nproject: media\nshots:\n  - {{id: e, model: wan2.7-i2v, resolution: 720P, "
        f"prompt: A, image: {FRAME}}}\n{shot[:-1]}, {keys}}}\ndeliverables: [3:4]\n"
    )
    return file


@pytest.mark.parametrize(
    ("keys", "codes"),
    [
        (f"image: {FRAME}, last_image: {FRAME}", set()),
        (f"image: {FRAME}, audio: {VOICE}", {"sound-seconds"}),  # 31 s, of at most 30
        (f"image: {FRAME}, last_image: {FRAME}, audio: {VOICE}, duration: 15", {"sound-seconds"}),
        (f"continue: {{shot: e}}, last_image: {FRAME}", set()),
        (f"continue: {{shot: e}}, audio: {VOICE}", {"combination-unsupported", "sound-seconds"}),
        (f"audio: {VOICE}", {"missing-key", "sound-seconds"}),
        (f"image: {FRAME}, audio: silent", {"silence-unsupported"}),
    ],
)
def test_a_list_takes_just_what_the_model_takes_together(
    keys: str, codes: set[str], catalog: Catalog, tmp_path: Path
) -> None:
    try:
        load(written(tmp_path, keys), catalog)
        errors = set()
    except BadInput as problem:
        errors = {found.code for found in problem.diagnostics if found.severity == "error"}
    assert errors == codes
