"""A saved plan of many lists: exactly what was approved, in whole or in part, or nothing."""

import json
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from PIL import Image

from tests.support.programs import PROGRAMS
from wanx_render.actions.plan import PlanOptions, plan
from wanx_render.errors import BadInput, NeedsApproval
from wanx_render.session.environment import Environment
from wanx_render.session.render import render
from wanx_render.session.selection import RenderOptions

LIST = """\
version: 1
project: shop
matrix: {from: rows.csv}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, image: a.png}
shots:
  - {id: one, prompt: "a ${name}", trim: {end: 1}}
  - {id: two, prompt: the brand, image: {shot: one, frame: last}, trim: {end: 1}}
deliverables:
  - {aspect: 9:16, size: 90x160}
"""


class Shelf:
    """A table, a plan of it that is saved, and what comes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.list, self.saved = folder, folder / "list.yaml", folder / "p.plan"
        Image.new("RGB", (450, 800), "#884422").save(folder / "a.png")
        self.list.write_text(LIST, encoding="utf-8")
        (folder / "rows.csv").write_text("name\nCup\nHat\n", encoding="utf-8")
        self.said = ""

    def plan(self, *more: Path, **chosen: str) -> int:
        files = (self.list, *more)
        options = PlanOptions(files, save=self.saved, detailed=True, **chosen)  # type: ignore[arg-type]
        return plan(options, self._world())

    def render(self, **options: object) -> int:
        environment = self._world()
        asked = RenderOptions(plan=self.saved, **options)  # type: ignore[arg-type]
        code = render(asked, environment)
        self.said = environment.stderr.getvalue()  # type: ignore[attr-defined]
        return code

    def _world(self) -> Environment:
        return Environment({"WANX_FFMPEG": str(PROGRAMS["wheel"].path)}, StringIO(), StringIO())

    def made(self) -> list[str]:
        return sorted(path.parent.name for path in self.folder.glob("renders/*/*/9x16.mp4"))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.mark.proof
def test_a_table_is_rendered_as_approved_also_in_parts_and_again(shelf: Shelf) -> None:
    assert shelf.plan() == 6
    record = json.loads(shelf.saved.read_text())
    assert record["kind"] == "wanx-render plan"
    assert set(record["takes"]) == {"shop/Cup", "shop/Hat"}
    assert shelf.render(rows="1") == 0
    assert shelf.made() == ["Cup"]
    # The second shot's request is known only now; what was made costs nothing and harms nothing.
    assert shelf.render() == 0
    assert shelf.made() == ["Cup", "Hat"]
    assert shelf.render() == 0
    assert "2 finished, 0 takes to generate" in shelf.said
    assert shelf.plan() == 0  # all is there
    next((shelf.folder / "renders/shop/clips").glob("*.mp4")).unlink()
    with pytest.raises(NeedsApproval, match="is new since the approval"):
        shelf.render()


@pytest.mark.proof
def test_only_what_was_chosen_is_approved(shelf: Shelf) -> None:
    shelf.plan(rows="2")
    with pytest.raises(NeedsApproval, match="shop/Cup/one take 1 is new"):
        shelf.render(rows="1-2")
    assert not shelf.made()
    with pytest.raises(BadInput, match="holds no row"):
        shelf.render(shard="2/2")
    assert shelf.render(shard="1/2") == 0
    assert shelf.made() == ["Hat"]


def cell(shelf: Shelf) -> None:
    (shelf.folder / "rows.csv").write_text("name\nCup\nHut\n", encoding="utf-8")


def comment(shelf: Shelf) -> None:
    shelf.list.write_text(LIST + "# a word\n", encoding="utf-8")


def picture(shelf: Shelf) -> None:
    Image.new("RGB", (450, 800), "#222222").save(shelf.folder / "a.png")


def choice(shelf: Shelf) -> None:
    (shelf.folder / "list.Cup.picks.yaml").write_text("shots:\n  one: {focus: [0.2, 0.5]}\n")


@pytest.mark.parametrize(
    ("change", "named"),
    [(cell, r"rows\.csv"), (comment, r"list\.yaml"), (picture, r"a\.png"),
     (choice, r"list\.Cup\.picks\.yaml")],
)  # fmt: skip
def test_whatever_changed_is_named_and_nothing_is_sent(
    shelf: Shelf, change: Callable[[Shelf], None], named: str
) -> None:
    shelf.plan()
    change(shelf)
    with pytest.raises(NeedsApproval, match=f"nothing was sent: .*{named}") as caught:
        shelf.render()
    assert caught.value.exit_code == 4
    assert not list(shelf.folder.glob("renders/shop/clips/*"))


def test_another_price_or_catalog_is_refused(shelf: Shelf) -> None:
    shelf.plan()
    record = json.loads(shelf.saved.read_text())
    for take in record["takes"]["shop/Hat"]:
        record["takes"]["shop/Hat"][take] = "0.01 CNY"
    record["catalog"] = "another"
    shelf.saved.write_text(json.dumps(record))
    expected = (
        "the catalog has changed; the price of shop/Hat/one take 1 was 0.01 CNY and is 0.72 CNY"
    )
    with pytest.raises(NeedsApproval, match=expected):
        shelf.render()
    shelf.saved.write_text(json.dumps({**record, "backend": "dashscope"}))
    with pytest.raises(NeedsApproval, match="the backend was dashscope and is mock"):
        shelf.render()


def test_a_limit_still_holds(shelf: Shelf) -> None:
    shelf.plan()
    with pytest.raises(NeedsApproval, match="over --max-cost"):
        shelf.render(max_cost=Decimal("0.10"))


def test_several_lists_are_approved_together(shelf: Shelf) -> None:
    other = shelf.folder / "other.yaml"
    other.write_text(LIST.replace("shop", "other"), encoding="utf-8")
    shelf.plan(other)
    assert len(json.loads(shelf.saved.read_text())["takes"]) == 4
    other.write_text(LIST.replace("shop", "other").replace("brand", "firm"), encoding="utf-8")
    with pytest.raises(NeedsApproval, match=r"other\.yaml has changed"):
        shelf.render()


@pytest.mark.parametrize("damage", ["[]", '{"kind": []}', '{"kind": "wanx-render plan of lists"}'])
def test_what_is_no_saved_plan_is_refused(shelf: Shelf, damage: str) -> None:
    shelf.saved.write_text(damage)
    with pytest.raises(BadInput, match="is not a saved plan"):
        shelf.render()


@pytest.mark.proof
def test_a_list_that_is_approved_alone_is_rendered_as_ever(shelf: Shelf) -> None:
    text = LIST.replace("matrix: {from: rows.csv}\n", "").replace("${name}", "cup")
    shelf.list.write_text(text, encoding="utf-8")
    shelf.plan()
    assert json.loads(shelf.saved.read_text())["kind"] == "wanx-render plan"
    with pytest.raises(BadInput, match="the plan of one list, which has no rows"):
        shelf.render(rows="1")
    assert shelf.render() == 0
    assert render(RenderOptions((shelf.list,)), shelf._world()) == 0
