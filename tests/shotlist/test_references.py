"""References in a list: how they are written, what kind a file is, and where a fault is."""

from pathlib import Path

import pytest
from PIL import Image

from wanx_render.catalog.capabilities import packaged
from wanx_render.errors import BadInput
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.shotlist.paths import kind_by_name
from wanx_render.shotlist.references import references_of
from wanx_render.validation.load import load, load_all

HEAD = """\
version: 1
project: words
defaults: {model: wan3.0-video, resolution: 720P}
"""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("amy.png", "image"), ("AMY", "image"), ("walk.MP4", "video"), ("voice.Wav", "sound"),
        ("https://example.com/walk.mov?a=b.png#c.wav", "video"),
        ("https://example.com/get?file=walk.mp4", "image"),
        ("data:video/mp4;base64,AA", "video"), ("data:audio/wav;base64,AA", "sound"),
        ("data:image/png;base64,AA", "image"),
    ],
)  # fmt: skip
def test_a_file_alone_is_of_the_kind_that_its_name_says(name: str, kind: str) -> None:
    assert kind_by_name(name) == kind
    shot = GeneratedShot.model_validate({"id": "a", "model": "m", "references": [name]})
    assert [(entry.kind, entry.file) for entry in references_of(shot)] == [(kind, name)]


def test_a_mapping_says_the_kind_whatever_the_name_is() -> None:
    files = [{"video": "a.png"}, {"sound": "b"}, {"image": "c.mp4"}]
    shot = GeneratedShot.model_validate({"id": "a", "model": "m", "references": files})
    assert [entry.kind for entry in references_of(shot)] == ["video", "sound", "image"]


def test_cells_of_a_table_fill_references_aspects_and_prompts(tmp_path: Path) -> None:
    for name in ("one", "two"):
        Image.new("RGB", (300, 300)).save(tmp_path / f"{name}.png")
    (tmp_path / "rows.csv").write_text("photo,ratio,words\none.png,9:16,A cat\ntwo.png,1:1,A dog\n")
    text = f"""{HEAD}matrix: rows.csv
shots:
  - {{id: a, references: {{it: "${{photo}}"}}, aspect: "${{ratio}}", prompt: "${{words}} {{it}}"}}
deliverables: [9:16]
"""
    (tmp_path / "list.yaml").write_text(text)
    shots = [entry.shots.shots[0] for entry in load_all(tmp_path / "list.yaml", packaged()).lists]
    assert [str(shot.aspect) for shot in shots] == ["9:16", "1:1"]
    assert [references_of(shot)[0].file for shot in shots] == ["one.png", "two.png"]
    assert [shot.prompt for shot in shots] == ["A cat {it}", "A dog {it}"]


@pytest.mark.parametrize(
    ("references", "line", "column"),
    [
        ("[none.png]", 5, 41),
        ("{amy: none.png}", 5, 46),
        ("{amy: {image: none.png}}", 5, 46),
        ("[{picture: none.png}]", 5, 42),
        ("{amy: {image: a.png, video: b.mp4}}", 5, 46),
        ("7", 5, 40),
        ("[7]", 5, 41),
    ],
)
def test_a_fault_in_references_has_its_place(
    references: str, line: int, column: int, tmp_path: Path
) -> None:
    lines = f"shots:\n  - {{id: a, prompt: A cat, references: {references}}}\n"
    (tmp_path / "list.yaml").write_text(f"{HEAD}{lines}deliverables: [9:16]\n")
    with pytest.raises(BadInput) as refused:
        load(tmp_path / "list.yaml", packaged())
    places = [(d.span.line, d.span.column) for d in refused.value.diagnostics if d.span]
    assert (line, column) in places


def test_defaults_may_hold_references_that_a_shot_leaves_out(tmp_path: Path) -> None:
    Image.new("RGB", (300, 300)).save(tmp_path / "amy.png")
    text = HEAD.replace("720P}", "720P, references: [amy.png]}") + (
        "shots:\n  - {id: a, prompt: A cat}\n  - {id: b, prompt: A dog, references: []}\n"
        "deliverables: [9:16]\n"
    )
    (tmp_path / "list.yaml").write_text(text)
    first, second = load(tmp_path / "list.yaml", packaged()).shots.shots
    assert isinstance(first, GeneratedShot)
    assert isinstance(second, GeneratedShot)
    assert (len(references_of(first)), len(references_of(second))) == (1, 0)
