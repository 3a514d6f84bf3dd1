"""A shot that asks a model in a wrong way is answered with what to write instead."""

from pathlib import Path

import pytest
from PIL import Image

from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput
from wanx_render.validation.load import load

LIST = """\
version: 1
project: ways
defaults: {{prompt: A ship, resolution: 720P}}
shots:
  - {{id: start, model: wan2.6-t2v}}
  - {{id: other, {shot}}}
deliverables: [9:16]
"""


def _hints(folder: Path, catalog: Catalog, text: str) -> dict[str, str]:
    Image.new("RGB", (800, 800)).save(folder / "amy.png")
    (folder / "list.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refusal:
        load(folder / "list.yaml", catalog)
    return {str(p.message): str(p.hint) for p in refusal.value.diagnostics}


@pytest.mark.parametrize(
    ("shot", "message", "hint"),
    [
        ("model: wan2.7-r2v", "this shot has no 'references'",
         "say who or what is seen, such as references: [amy.png]"),
        ("model: wan2.6-i2v", "this shot has no 'image'",
         "use image, clip or still: a first frame, own footage or a picture; "
         "wan2.6-t2v, wan2.2-t2v-plus or wan2.5-t2v-preview need none"),
        ("model: wan2.5-t2i-preview", "'wan2.5-t2i-preview' is not a known model",
         "it makes pictures: use image: {model: wan2.5-t2i-preview, prompt: WORDS}"),
        ("model: wan2.6-i2v, image: {prompt: A cat}", "this image has no 'model'",
         "name a picture model, which makes the first frame; see wanx-render models"),
        ("model: wan2.6-t2v, image: amy.png", "wan2.6-t2v does not take image",
         "it takes a prompt, optionally with a sound file; "
         "models that take this: wan2.6-i2v, wan2.6-i2v-flash, wan2.2-i2v-flash"),
        ('model: wan2.6-i2v, image: "{model: wan2.7-image}"',
         "the picture '{model: wan2.7-image}' does not exist", "remove the quotation marks"),
        ("model: wan2.7-i2v, continue: start", "the video 'start' does not exist",
         "use {shot: start} for the shot of this name"),
        ("model: wan2.6-i2v, continue: {shot: start}", "continue is not supported by wan2.6-i2v",
         "use image: {shot: ID, frame: last}, or wan2.7-i2v"),
        ("model: wan2.6-t2v-us", "wan2.6-t2v-us is not available in beijing",
         "use region: virginia; or wan2.6-t2v, wan2.2-t2v-plus, wan2.5-t2v-preview"),
        ("model: wan3.0-video, duration: 40", "duration 40 is not supported by wan3.0-video",
         "use 2 to 30"),
        ("model: wan2.7-r2v, references: amy.png", "references must be a list",
         "write a list: [amy.png]"),
    ],
)  # fmt: skip
def test_the_hint_names_what_the_model_needs(
    tmp_path: Path, catalog: Catalog, shot: str, message: str, hint: str
) -> None:
    assert _hints(tmp_path, catalog, LIST.format(shot=shot))[message] == hint


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("ratio", "did you mean 'aspect'?"), ("提示词", "did you mean 'prompt'?"),
        ("Reference-URLs", "did you mean 'references'?"), ("style", "say it in the prompt"),
        ("size", "use resolution and aspect; size belongs to deliverables"),
        ("promt", "did you mean 'prompt'?"),
    ],
)  # fmt: skip
def test_a_key_is_known_by_its_meaning(
    tmp_path: Path, catalog: Catalog, key: str, hint: str
) -> None:
    text = LIST.format(shot=f"model: wan2.6-t2v, {key}: 3")
    assert _hints(tmp_path, catalog, text)[f"unknown key '{key}'"] == hint


def test_a_region_is_known_by_its_chinese_name(tmp_path: Path, catalog: Catalog) -> None:
    text = LIST.format(shot="model: wan2.6-t2v") + "region: 新加坡\n"
    (hint,) = _hints(tmp_path, catalog, text).values()
    assert hint == "did you mean 'singapore'?"


def test_a_full_width_comma_between_references_is_named(tmp_path: Path, catalog: Catalog) -> None:
    shot = "model: wan2.7-r2v, references: {amy: amy.png，gift: amy.png}"
    said = _hints(tmp_path, catalog, LIST.format(shot=shot))
    assert list(said.values()) == ["type a comma and a space"]


def test_an_aspect_is_called_as_people_write_it(tmp_path: Path, catalog: Catalog) -> None:
    text = LIST.format(shot="model: wan2.6-t2v, aspect: 21:9")
    hints = _hints(tmp_path, catalog, text)
    assert hints["aspect 21:9 is not supported by wan2.6-t2v"] == "use 16:9, 9:16, 1:1, 4:3 or 3:4"
