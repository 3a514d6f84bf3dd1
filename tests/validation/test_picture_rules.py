"""What rules say of pictures, with and without a word of the user."""

from pathlib import Path

import pytest
from PIL import Image

from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput
from wanx_render.validation.load import load

LIST = """\
version: 1
project: pictures
defaults: {{model: wan2.2-i2v-flash, prompt: x}}
shots:
  - {{id: a, image: a.png{more}}}
deliverables: [{aspect}]
"""


def said(folder: Path, catalog: Catalog, more: str = "", aspect: str = "3:4") -> dict[str, str]:
    """The hints of all that is said of a list with the picture ``a.png``, by code."""
    path = folder / "list.yaml"
    path.write_text(LIST.format(more=more, aspect=aspect))
    try:
        problems = load(path, catalog).warnings
    except BadInput as refusal:
        problems = refusal.diagnostics
    return {problem.code: str(problem.hint) for problem in problems}


def draw(folder: Path, size: tuple[int, int], mode: str = "RGB") -> None:
    Image.new(mode, size, (90, 60, 30, 100)[: len(mode)]).save(folder / "a.png")


def test_transparency_needs_a_word(tmp_path: Path, catalog: Catalog) -> None:
    draw(tmp_path, (750, 1000), "RGBA")
    assert "fit_image: {background: white}" in said(tmp_path, catalog)["image-transparent"]
    assert said(tmp_path, catalog, ", fit_image: {background: white}") == {}


@pytest.mark.parametrize(
    ("size", "code"),
    [((300, 400), "image-scaled"), ((3000, 4000), "image-scaled"), ((90, 120), "image-sides")],
)
def test_sides_outside_the_limits_are_scaled_or_refused(
    size: tuple[int, int], code: str, tmp_path: Path, catalog: Catalog
) -> None:
    draw(tmp_path, size)
    assert set(said(tmp_path, catalog)) == {code}
    enlarged = {"image-scaled"} if max(size) < 1000 else set()
    assert set(said(tmp_path, catalog, ", fit_image: match")) == enlarged  # smaller: by the plan


def test_a_crop_that_loses_much_offers_the_line_and_what_it_keeps(
    tmp_path: Path, catalog: Catalog
) -> None:
    draw(tmp_path, (1600, 900))
    assert "fit_image: match, which keeps" in said(tmp_path, catalog, "", "9:16")["crop-loses-much"]
    assert said(tmp_path, catalog, ", fit_image: match", "9:16") == {}


def test_no_part_of_a_picture_has_an_aspect_that_the_model_refuses(
    tmp_path: Path, catalog: Catalog
) -> None:
    draw(tmp_path, (750, 1000))
    assert "fit-image-impossible" in said(tmp_path, catalog, ", fit_image: 20:1")
