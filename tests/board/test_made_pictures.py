"""First frames that a model makes, on the board: seen, chosen and made before any clip."""

import asyncio
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.support.rooms import Do, Work, in_a_room
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room
from wanx_render.session.environment import Environment
from wanx_render.session.selection import RenderOptions

LIST = """\
version: 1
project: made
defaults: {model: wan2.2-i2v-flash, resolution: 480P}
shots:
  - {id: wake, image: {model: qwen-image, prompt: A cat, takes: 2, seed: 7}, prompt: it wakes}
  - {id: leap, image: {shot: wake, frame: last}, prompt: it leaps}
deliverables: [{name: tall, aspect: 9:16, size: 90x160}]
"""


@pytest.fixture
def do(tmp_path: Path, environ: dict[str, str]) -> Iterator[Do]:
    file = tmp_path / "list.yaml"
    file.write_text(LIST)

    def run(work: Work) -> None:
        environment = Environment(environ, StringIO(), StringIO())
        in_a_room(Holding(RenderOptions((file,)), environment), work)

    yield run


def cards(room: Room) -> dict[str, dict[str, Any]]:
    return {card["id"]: card for card in room.state()["shots"]}


async def over(room: Room) -> None:
    async with asyncio.timeout(30):
        while room.state()["about"]["run"]:
            await asyncio.sleep(0.05)


def test_a_picture_is_shown_before_its_shot(do: Do) -> None:
    async def work(room: Room, _: Holding) -> None:
        shown = cards(room)
        assert list(shown) == ["wake.image", "wake", "leap"]
        picture = shown["wake.image"]
        assert (picture["made_for"], picture["tier"]) == ("wake", "928x1664")
        assert [take["state"] for take in picture["takes"]] == ["new", "new"]
        assert (shown["wake"]["of_picture"], shown["wake"]["first_of"]) == ("wake.image", None)
        assert (shown["leap"]["of_picture"], shown["leap"]["first_of"]) == (None, "wake")
        assert room.state()["about"]["pictures"]["takes"] == 2
        quote = await room.act("quote", {"what": "pictures"})
        assert quote["price"] == "0.50 CNY"
        assert quote["takes"] == ["wake.image take 1", "wake.image take 2"]
        assert quote["after"]["shots"] == ["wake", "leap"]

    do(work)


def test_pictures_are_made_alone_and_chosen(do: Do) -> None:
    async def work(room: Room, holding: Holding) -> None:
        await room.act("run", {"what": "pictures", "price": "0.50 CNY"})
        await over(room)
        shown = cards(room)
        takes = shown["wake.image"]["takes"]
        assert [(t["state"], t["width"], t["height"]) for t in takes] == [("done", 928, 1664)] * 2
        assert (shown["wake"]["takes"][0]["state"], shown["wake"]["picture"]) == (
            "new", takes[0]["poster"],
        )  # fmt: skip
        assert room.state()["about"]["pictures"]["takes"] == 0
        name = takes[1]["still"].rpartition("/")[2]
        assert room.clip(name)
        assert await room.picture("made", name)
        await room.act("choose", {"shot": "wake.image", "take": 2})
        shown = cards(room)
        assert (shown["wake.image"]["pick"], shown["wake.image"]["chosen"]) == (2, True)
        assert "wake.image" in holding.selection.lists[0].loaded.picks.file.read_text()
        async with asyncio.timeout(10):
            while cards(room)["wake"]["picture"] != takes[1]["poster"]:
                await asyncio.sleep(0.05)
        with pytest.raises(KeyError):
            await room.act("focus", {"shot": "wake.image", "focus": [500, 500]})

    do(work)
