"""The board of one row of a table: its films and choices, in the folder that other rows share."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from tests.support.rooms import in_a_room, seen
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room
from wanx_render.errors import BadInput
from wanx_render.session.environment import Environment
from wanx_render.session.render import render
from wanx_render.session.selection import RenderOptions

TABLE = """\
version: 1
project: shop
matrix: {rows: [{sku: red, words: A red mug}, {sku: blue, words: A blue mug}, {sku: bad}]}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, trim: {end: 0.3}}
shots: [{id: hero, image: a.png, prompt: "${words}", seed: "${sku}"}]
deliverables: [{name: film, aspect: 3:4, size: 90x120, quality: draft}]
"""


@pytest.fixture
def table(tmp_path: Path, picture: Callable[..., Path]) -> Path:
    picture("a.png", (450, 600))
    path = tmp_path / "shop.yaml"
    text = TABLE.replace(', seed: "${sku}"', "").replace(", {sku: bad}", "")
    path.write_text(text, encoding="utf-8")
    return path


def holding(table: Path, environ: dict[str, str], row: str = "red") -> Holding:
    environment = Environment(environ, StringIO(), StringIO())
    return Holding(RenderOptions((table,), only=(row,), keep_going=True), environment)


@pytest.mark.proof
def test_a_row_is_rerolled_without_touching_the_others(
    table: Path, environ: dict[str, str]
) -> None:
    environment = Environment(environ, StringIO(), StringIO())
    assert render(RenderOptions((table,)), environment) == 0
    folder = table.parent / "renders" / "shop"
    blue = (folder / "blue" / "film.mp4").stat().st_mtime_ns

    async def work(room: Room, holding: Holding) -> None:
        about = room.state()["about"]
        assert (about["project"], about["folder"]) == ("shop/red", str(folder / "red"))
        assert [film["state"] for film in about["deliverables"]] == ["current"]
        assert room.deliverable("film") == folder / "red" / "film.mp4"
        price = (await room.act("quote", {"what": "reroll", "shot": "hero"}))["price"]
        assert price == "0.72 CNY"
        await room.act("run", {"what": "reroll", "shot": "hero", "price": price})
        await seen(room, lambda state: state["about"]["run"] is None and _takes(state) == 2)

    in_a_room(holding(table, environ), work)
    assert table.with_name("shop.red.picks.yaml").exists()
    assert not table.with_name("shop.picks.yaml").exists()
    out = StringIO()
    assert render(RenderOptions((table,)), Environment(environ, out, StringIO())) == 0
    assert (folder / "blue" / "film.mp4").stat().st_mtime_ns == blue


def _takes(state: dict[str, list[dict[str, list[object]]]]) -> int:
    return len(state["shots"][0]["takes"])


def test_a_table_needs_one_of_its_rows(table: Path, environ: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refusal:
        holding(table, environ, "hero")
    (problem,) = refusal.value.diagnostics
    assert (problem.code, problem.hint) == ("table-not-here", "add --only red")


def test_rows_with_errors_do_not_keep_the_board_from_another(
    table: Path, environ: dict[str, str]
) -> None:
    table.write_text(TABLE.replace("sku: red,", "sku: 7,"), encoding="utf-8")
    held = holding(table, environ, "7")
    assert [shot.shot.id for shot in held.outlook.plan.shots] == ["hero"]
    held.close()
    with pytest.raises(BadInput):
        holding(table, environ, "bad")
