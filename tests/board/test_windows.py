"""The crop that prepares a first frame, moved on the board: what it keeps, and what it costs."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.rooms import LIST, Do
from wanx_render.board.app import Declined, Malformed
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room

WIDE = LIST.replace("image: a.png}", "image: wide.png, fit_image: match}").replace(
    "max_cost: 1", "max_cost: 9"
)


@pytest.fixture
def wide(file: Path, picture: Callable[..., Path]) -> Path:
    """The list with a picture that is too wide for its deliverable."""
    picture("wide.png", (1600, 900))
    file.write_text(WIDE, encoding="utf-8")
    return file


async def rendered(room: Room) -> None:
    """Render all that is missing."""
    quote = await room.act("quote", {"what": "render"})
    await room.act("run", {"what": "render", "price": quote["price"]})
    while room.state()["about"]["run"]:
        await asyncio.sleep(0.05)


@pytest.mark.usefixtures("wide")
def test_a_window_follows_the_point_and_shows_what_is_kept(do: Do) -> None:
    async def work(room: Room, _: Holding) -> None:
        assert room.state()["shots"][0]["fitted"] is True
        middle = await room.act("window", {"shot": "wake"})
        assert (middle["size"], middle["aspect"], middle["moves"]) == ([1600, 900], "15:26", "x")
        assert middle["chosen"] is False
        left, top, width, height = middle["window"]
        assert top < 0.02
        assert height > 0.97
        assert left == pytest.approx((1 - width) / 2, abs=0.002)
        (tall,) = middle["deliverables"]
        assert float(tall["keeps"]) > 97 > 35 > float(tall["before"])
        assert tall["box"][2] * tall["box"][3] == pytest.approx(
            width * height * float(tall["keeps"]) / 100, rel=0.01
        )
        right = await room.act("window", {"shot": "wake", "focus": [1000, 0]})
        assert right["window"][0] == pytest.approx(1 - width, abs=0.001)
        assert right["deliverables"][0]["keeps"] == tall["keeps"]
        assert (await room.act("window", {"shot": "wake"})) == middle  # nothing was chosen

    do(work)


@pytest.mark.usefixtures("wide")
def test_a_crop_is_chosen_free_of_charge_before_anything_is_paid(do: Do, file: Path) -> None:
    async def work(room: Room, holding: Holding) -> None:
        await room.act("crop", {"shot": "wake", "focus": [250, 500]})
        assert "image_focus: [0.25, 0.5]" in file.with_name("list.picks.yaml").read_text("utf-8")
        window = await room.act("window", {"shot": "wake"})
        assert (window["focus"], window["chosen"]) == ([250, 500], True)
        preparation = holding.planned("wake").picked.request.image.preparation
        assert preparation
        assert preparation.window.x / 1600 == pytest.approx(window["window"][0])
        assert room.state()["about"]["undo"] == "wake: crop of the first frame moved"
        await room.act("undo", {})
        assert (await room.act("window", {"shot": "wake"}))["chosen"] is False

    do(work)


@pytest.mark.usefixtures("wide")
def test_what_makes_paid_clips_stale_is_confirmed_by_its_price(do: Do, file: Path) -> None:
    picks = file.with_name("list.picks.yaml")

    async def work(room: Room, _: Holding) -> None:
        await rendered(room)
        asked = {"shot": "wake", "focus": [250, 500]}
        for price in (None, "0.72 CNY", 1.44):
            with pytest.raises(Declined, match="nothing was changed") as caught:
                await room.act("crop", {**asked, "price": price})
            assert caught.value.record["price"] == "1.44 CNY"
            assert caught.value.record["takes"] == ["wake take 1", "wake take 2"]
        assert not picks.exists()
        await room.act("crop", {**asked, "price": "1.44 CNY"})
        assert (await room.act("quote", {"what": "render"}))["price"] == "1.44 CNY"
        await room.act("undo", {})
        assert (await room.act("quote", {"what": "render"}))["takes"] == []  # paid, and current

    do(work)


def test_only_a_cropped_first_frame_has_a_window(do: Do, file: Path) -> None:
    async def work(room: Room, _: Holding) -> None:
        assert room.state()["shots"][0]["fitted"] is False
        for act in ("window", "crop"):
            with pytest.raises(Declined, match="is not cropped: see fit_image"):
                await room.act(act, {"shot": "wake", "focus": [1, 1]})
        for point in ([0, 1001], [0.5, 0.5], "left"):
            with pytest.raises(Malformed):
                await room.act("crop", {"shot": "wake", "focus": point})
        with pytest.raises(KeyError):
            await room.act("window", {"shot": "nobody"})

    do(work)


@pytest.mark.parametrize("line", ["fit_image: {aspect: 9:16, fit: pad}", "fit_image: off"])
def test_a_choice_outlives_a_list_that_crops_no_more(do: Do, wide: Path, line: str) -> None:
    wide.write_text(WIDE.replace("fit_image: match", line), encoding="utf-8")
    choice: dict[str, Any] = {"shots": {"wake": {"image_focus": [0.2, 0.5]}}}
    wide.with_name("list.picks.yaml").write_text(str(choice), encoding="utf-8")

    async def work(room: Room, _: Holding) -> None:
        assert room.state()["shots"][0]["fitted"] is False
        assert room.state()["about"]["problems"] == []

    do(work)
