"""Models that are no longer offered: their clips stay, and nothing new is asked of them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.places import ROOT
from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.figures import Figure
from wanx_render.errors import BadInput
from wanx_render.session.approval import check_offers
from wanx_render.validation.load import load

LIST = """\
version: 1
project: offers
defaults: {{model: {model}, resolution: 720P, image: {image}, prompt: A cat}}
shots:
  - id: a
deliverables: [3:4]
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(model: str) -> Path:
        file = tmp_path / "list.yaml"
        image = ROOT / "specs" / "frames" / "rooftop.jpg"
        file.write_text(LIST.format(model=model, image=image), encoding="utf-8")
        return file

    return write


def ending(catalog: Catalog, name: str, days: int) -> Catalog:
    """The catalogue, in which a model ends in so many days."""
    end = datetime.now(UTC).date() + timedelta(days=days)
    figure = Figure[date](value=end, source="official-2026")
    model: Model = catalog.models[name].model_copy(update={"retires": figure})
    return catalog.model_copy(update={"models": {**catalog.models, name: model}})


@pytest.mark.parametrize(
    ("days", "code"),
    [(-1, "model-retired"), (0, "model-retired"), (29, "model-retiring"), (32, None)],
)
def test_the_end_of_a_model_is_a_warning_a_month_before(
    days: int, code: str | None, catalog: Catalog, written: Callable[[str], Path]
) -> None:
    loaded = load(written("wan2.6-i2v"), ending(catalog, "wan2.6-i2v", days))
    found = [problem for problem in loaded.warnings if problem.code.startswith("model-reti")]
    assert [problem.code for problem in found] == ([code] if code else [])
    assert all("wan2.7-i2v" in problem.hint for problem in found)


def test_nothing_new_is_asked_of_a_model_that_ended(catalog: Catalog) -> None:
    check_offers(["wan2.6-i2v", "wan2.5-i2v-preview"], ending(catalog, "wan2.6-i2v", 1))
    with pytest.raises(BadInput) as problem:
        check_offers(["wan2.6-i2v", "wan2.5-i2v-preview"], ending(catalog, "wan2.6-i2v", 0))
    assert "no longer offered: wan2.6-i2v" in str(problem.value)
