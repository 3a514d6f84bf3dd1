"""A deliverable without a size: the smallest clip decides, and what is unusually small is named."""

from pathlib import Path

import pytest
from PIL import Image

from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic
from wanx_render.validation.load import load

HEAD = """version: 1
project: p
defaults: {model: wan2.2-i2v-flash, resolution: 720P, duration: 5}
shots:
"""
SHAPES = {
    "tall": (750, 1000),
    "wide": (1280, 720),
    "wider": (1600, 720),
    "square": (800, 800),
    "taller": (900, 1300),
}


def warned(
    folder: Path, catalog: Catalog, shots: dict[str, str], deliverable: str
) -> list[Diagnostic]:
    lines = []
    for number, (name, shape) in enumerate(shots.items()):
        size, _, tier = shape.partition(" ")
        Image.new("RGB", SHAPES[size], (number, 80, 90)).save(folder / f"{name}.png")
        more = f", resolution: {tier}" if tier else ""
        lines.append(f"  - {{id: {name}, image: {name}.png, prompt: hi{more}}}\n")
    path = folder / "list.yaml"
    path.write_text(f"{HEAD}{''.join(lines)}deliverables: [{deliverable}]\n")
    return [
        warning for warning in load(path, catalog).warnings if warning.code == "deliverable-shrunk"
    ]


@pytest.mark.parametrize(
    ("shots", "deliverable", "message"),
    [
        (
            {"a": "tall", "b": "wide"}, "9:16",
            "9x16 is only 396x704 because of b; without it: 612x1088",
        ),
        (
            {"a": "tall", "b": "wide", "c": "wider", "d": "tall"}, "9:16",
            "9x16 is only 360x640 because of b, c; without them: 612x1088",
        ),
        (
            {"a": "tall", "b": "tall 480P", "c": "tall"}, "{aspect: 9:16, fit: blur}",
            "9x16 is only 540x960 because of b; without it: 810x1440",
        ),
        ({"a": "tall", "b": "square"}, "9:16", "9x16 is only 540x960 because of b; without it: "),
    ],
)  # fmt: skip
def test_the_shot_that_shrinks_the_film_is_named(
    tmp_path: Path, catalog: Catalog, shots: dict[str, str], deliverable: str, message: str
) -> None:
    (warning,) = warned(tmp_path, catalog, shots, deliverable)
    assert warning.message.startswith(message)
    assert warning.severity == "warning"
    assert "9:16" in warning.hint and "size: " in warning.hint


@pytest.mark.parametrize(
    ("shots", "deliverable"),
    [
        ({"a": "tall", "b": "wide"}, "{aspect: 9:16, size: 360x640}"),
        ({"a": "tall", "b": "tall"}, "9:16"),
        ({"a": "wide"}, "9:16"),
        ({"a": "wide", "b": "wide", "c": "tall"}, "9:16"),  # most are as small: nothing stands out
        ({"a": "tall", "b": "taller"}, "9:16"),  # 612x1088 and 576x1024, within what is usual
    ],
)
def test_nothing_is_said_where_no_shot_is_unusual(
    tmp_path: Path, catalog: Catalog, shots: dict[str, str], deliverable: str
) -> None:
    found = warned(tmp_path, catalog, shots, deliverable)
    assert [warning.message for warning in found] == []


def test_a_large_title_card_is_no_reason_for_a_warning(tmp_path: Path, catalog: Catalog) -> None:
    Image.new("RGB", (750, 1000)).save(tmp_path / "a.png")
    Image.new("RGB", (1080, 1440)).save(tmp_path / "card.png")
    Image.new("RGB", (300, 400)).save(tmp_path / "small.png")
    text = (
        "version: 1\nproject: cards\ndefaults: {model: wan2.5-i2v-preview, resolution: 720P}\n"
        "shots:\n  - {id: card, still: card.png, duration: 2}\n"
        "  - {id: one, image: a.png, prompt: x}\n  - {id: two, image: a.png, prompt: y}\n"
        "deliverables:\n  - 3:4\n"
    )
    (tmp_path / "list.yaml").write_text(text)
    loaded = load(tmp_path / "list.yaml", catalog)
    assert "deliverable-shrunk" not in [problem.code for problem in loaded.warnings]
    (tmp_path / "list.yaml").write_text(text.replace("card.png", "small.png"))
    loaded = load(tmp_path / "list.yaml", catalog)
    (problem,) = [p for p in loaded.warnings if p.code == "deliverable-shrunk"]
    assert "because of card" in problem.message
