"""A wrong value of a key names what was written, and how to write it."""

from pathlib import Path

import pytest
from PIL import Image

from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput
from wanx_render.validation.load import load

LIST = """\
version: 1
project: hints
shots:
  - {{id: a, still: a.png, duration: 2{shot}}}
  - {{id: b, model: wan2.2-i2v-flash, prompt: x, image: a.png{generated}}}
deliverables:
  - {{aspect: 9:16{deliverable}}}
"""


@pytest.mark.parametrize(
    ("part", "keys", "message", "hint"),
    [
        ("shot", "overlay: {at: top}", "this item of overlay has no 'image'", ""),
        ("shot", "overlay: a.png", "'a.png' is not a valid overlay", "{image: logo.png}"),
        ("shot", "overlay: {image: a.png, width: 14%}", "'14%' is not a number", "as 0.14"),
        ("shot", "overlay: {image: a.png, opacity: 90}", "'90' is not a number", "as 0.9"),
        ("shot", "overlay: {image: a.png, width: 200}", "'200' is not a number", ""),
        ("generated", "fit_image: {aspect: 'off'}", "'off' is not a valid aspect", "leave aspect"),
        ("generated", "fit_image: {focus: [50, 40]}", "focus must be two", "as [0.5, 0.3]"),
        ("deliverable", "fade_in: 0,5", "unknown key '5'", "decimals with a point"),
        ("deliverable", "fit: corp", "fit must be one of crop, pad, blur", "mean 'crop'?"),
        ("deliverable", "fit: zoom", "fit must be one of crop, pad, blur", "'zoom' is none of"),
    ],
)
def test_a_hint_says_how_to_write_the_value(
    tmp_path: Path, catalog: Catalog, part: str, keys: str, message: str, hint: str
) -> None:
    more = {"shot": "", "generated": "", "deliverable": "", part: f", {keys}"}
    (tmp_path / "list.yaml").write_text(LIST.format(**more))
    with pytest.raises(BadInput) as refusal:
        load(tmp_path / "list.yaml", catalog)
    said = {str(p.message): str(p.hint) for p in refusal.value.diagnostics}
    own = next(text for text in said if text.startswith(message))
    assert said[own].endswith(hint) if hint.startswith("as") else hint in said[own]
    assert bool(said[own]) == bool(hint)


@pytest.mark.parametrize(
    ("key", "variable"),
    [("workspace", "DASHSCOPE_WORKSPACE"), ("api_key", "DASHSCOPE_API_KEY")],
)
def test_what_goes_with_the_person_is_not_in_a_list(
    key: str, variable: str, tmp_path: Path, catalog: Catalog
) -> None:
    text = LIST.format(shot="", generated="", deliverable="")
    (tmp_path / "list.yaml").write_text(f"{text}{key}: abc\n")
    with pytest.raises(BadInput) as refusal:
        load(tmp_path / "list.yaml", catalog)
    said = {str(p.message): str(p.hint) for p in refusal.value.diagnostics}
    assert said[f"unknown key '{key}'"] == f"set {variable} in the environment or in .env"


def test_a_label_in_the_corner_of_a_logo_is_a_warning(tmp_path: Path, catalog: Catalog) -> None:
    Image.new("RGB", (1280, 720)).save(tmp_path / "a.png")
    text = (
        "version: 1\nproject: corners\nlabel: AI\nshots: [{id: a, still: a.png, duration: 3}]\n"
        "deliverables: [{aspect: 16:9, overlay: {image: a.png, width: 0.1, at: CORNER}}]\n"
    )
    for corner, codes in (("top-left", ["label-among-overlays"]), ("top-right", [])):
        (tmp_path / "list.yaml").write_text(text.replace("CORNER", corner))
        warnings = load(tmp_path / "list.yaml", catalog).warnings
        assert [warning.code for warning in warnings] == codes
        assert all(str(warning.hint) == "use corner: top-right" for warning in warnings)


def test_small_own_footage_is_not_called_a_first_frame(tmp_path: Path, catalog: Catalog) -> None:
    for name, size in (("a.png", (320, 180)), ("b.png", (1280, 720))):
        Image.new("RGB", size).save(tmp_path / name)
    stills = "shots: [{id: a, still: a.png, duration: 1}, {id: b, still: b.png, duration: 1}]"
    text = f"version: 1\nproject: small\n{stills}\ndeliverables: [16:9]\n"
    (tmp_path / "list.yaml").write_text(text)
    (warning,) = load(tmp_path / "list.yaml", catalog).warnings
    assert warning.code == "deliverable-shrunk"
    assert "use footage or pictures that are larger" in str(warning.hint)


@pytest.mark.parametrize(
    ("shot", "key"),
    [
        ("{id: a, imgae: a.png, prompt: x}", "image"),
        ("{id: a, stil: a.png, duration: 2}", "still"),
        ("{id: a, 图片: a.png, prompt: x}", "image"),
        ("{id: a, contineu: {shot: b}, prompt: x}", "continue"),
        ("{id: a, model: wan2.7-r2v, refrences: [a.png], prompt: x}", "references"),
        ("{id: a, model: wan2.6-t2v, promt: x}", "prompt"),
        ("{idd: a, image: a.png, prompt: x}", "id"),
        ("{id: a, image: {model: wan2.7-image, promt: x}, prompt: x}", "prompt"),
    ],
)
def test_a_misspelt_key_is_the_only_error(
    tmp_path: Path, catalog: Catalog, shot: str, key: str
) -> None:
    Image.new("RGB", (450, 800)).save(tmp_path / "a.png")
    (tmp_path / "list.yaml").write_text(
        "version: 1\nproject: hints\n"
        "defaults: {model: wan2.7-i2v, resolution: 720P, duration: 3}\n"
        f"shots:\n  - {shot}\n  - {{id: b, image: a.png, prompt: x}}\n"
        "deliverables: [9:16]\n",
        encoding="utf-8",
    )
    with pytest.raises(BadInput) as stopped:
        load(tmp_path / "list.yaml", catalog)
    errors = [problem for problem in stopped.value.diagnostics if problem.severity == "error"]
    assert [(problem.code, problem.hint) for problem in errors] == [
        ("unknown-key", f"did you mean {key!r}?")
    ]


def test_a_key_that_is_missing_beside_an_unknown_one_is_named(
    tmp_path: Path, catalog: Catalog
) -> None:
    text = LIST.format(shot="", generated="", deliverable="").replace("aspect: 9:16", "colour: x")
    (tmp_path / "list.yaml").write_text(text, encoding="utf-8")
    Image.new("RGB", (450, 800)).save(tmp_path / "a.png")
    with pytest.raises(BadInput) as stopped:
        load(tmp_path / "list.yaml", catalog)
    messages = [str(problem.message) for problem in stopped.value.diagnostics]
    assert "this deliverable has no 'aspect'" in messages


def test_a_made_picture_waits_for_a_deliverable_that_cannot_be_read(
    tmp_path: Path, catalog: Catalog
) -> None:
    (tmp_path / "list.yaml").write_text(
        "version: 1\nproject: hints\n"
        "defaults: {model: wan2.7-i2v, resolution: 720P, duration: 3}\n"
        "shots:\n"
        "  - {id: a, image: {model: wan2.7-image, prompt: x}, prompt: x}\n"
        "  - {id: b, continue: {shot: a}, duration: 5, prompt: y}\n"
        "deliverables: [{aspect: 9;16}]\n",
        encoding="utf-8",
    )
    with pytest.raises(BadInput) as stopped:
        load(tmp_path / "list.yaml", catalog)
    assert [problem.code for problem in stopped.value.diagnostics] == ["aspect-invalid"]
