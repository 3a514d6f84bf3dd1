"""The board's server in every state that a list can be in: what each action does then.

The table holds on the mock and on the DashScope backend against the emulator alike.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.support.emulator import serving
from tests.support.shop import PACE, Shop
from wanx_render.board.app import app
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room
from wanx_render.session.environment import Environment
from wanx_render.session.selection import RenderOptions

LIST = """\
version: 1
project: truth
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, trim: {end: 0.5}}
shots:
  - {id: one, image: a.png, prompt: first, takes: 2}
  - {id: two, image: {shot: one, frame: last}, prompt: second}
  - {id: other, image: b.png, prompt: fourth}
deliverables:
  - {name: tall, aspect: 9:16, size: 90x160, quality: draft}
"""


@dataclass
class Desk:
    """A person at the board of one folder, over its server."""

    file: Path
    environ: dict[str, str]
    backend: str
    client: httpx.AsyncClient = field(init=False)
    holding: Holding = field(init=False)
    room: Room = field(init=False)

    @asynccontextmanager
    async def open(self) -> Any:
        environment = Environment(self.environ, StringIO(), StringIO())
        self.holding = Holding(RenderOptions((self.file,), backend=self.backend), environment)
        with ThreadPoolExecutor(2) as executor:
            self.room = room = Room(self.holding, executor, "e1")
            transport = httpx.ASGITransport(app=app(room))
            try:
                async with httpx.AsyncClient(transport=transport, base_url="http://b") as client:
                    self.client = client
                    yield self
            finally:
                await room.close()

    async def look(self) -> dict[str, Any]:
        return dict((await self.client.get("/api/state")).json())

    async def post(self, act: str, **asked: Any) -> dict[str, Any]:
        answer = await self.client.post(f"/api/{act}", json=asked)
        return {"status": answer.status_code, **answer.json()}

    async def run(self, **asked: Any) -> dict[str, Any]:
        """Confirm a run at the price that is quoted, and wait for its end."""
        quote = await self.post("quote", **asked)
        answer = await self.post("run", **asked, price=quote["price"])
        while answer["status"] == 200 and (await self.look())["about"]["run"]:
            await asyncio.sleep(0.02)
        return {**quote, **answer}

    def write(self, before: str, after: str) -> None:
        """Another program changes the list."""
        text = self.file.read_text(encoding="utf-8")
        assert before in text
        self.file.write_text(text.replace(before, after), encoding="utf-8")

    def clip(self, shot: str) -> Path:
        (path,) = (self.file.parent / "renders/truth/clips").glob(f"{shot}-t1-*.mp4")
        return path

    async def reload(self) -> None:
        """What the board does of itself, when it looks at its files."""
        await self.holding.reload()
        self.holding.restand()

    async def seen(self) -> str:
        """The shots' states and the film's, by their first letters, and what is picked of one."""
        state = await self.look()
        shots = "".join(shot["truth"]["state"][0] for shot in state["shots"])
        (film,) = state["about"]["deliverables"]
        player = "+" if film["made"] else "-"
        if film["made"]:
            poster = await self.client.get(film["made"]["poster"])
            assert poster.headers["content-type"] == "image/jpeg"
        why = len(film["why"])
        return f"{shots}.{film['state'][0]}{player}{why}.{state['shots'][0]['pick']}"


Act = Callable[[Desk], Any]


async def current(desk: Desk) -> None:
    pass


async def picked(desk: Desk) -> None:
    await desk.post("choose", shot="one", take=2)


async def focused(desk: Desk) -> None:
    await desk.post("focus", shot="other", focus=[100, 900])


async def captioned(desk: Desk) -> None:
    desk.write("prompt: fourth", "prompt: fourth, caption: Hello")
    await desk.reload()


async def reworded(desk: Desk) -> None:
    desk.write("prompt: second", "prompt: another")
    await desk.reload()


async def gone(desk: Desk) -> None:
    desk.clip("other").unlink()
    await desk.reload()


async def damaged(desk: Desk) -> None:
    path = desk.clip("other")
    path.write_bytes(path.read_bytes()[:-9])
    await desk.reload()


async def failed(desk: Desk) -> None:
    desk.write("prompt: fourth", "prompt: '[[mock: fail=InvalidImage.Format]] x'")
    await desk.reload()
    await desk.run(what="render")


async def blocked(desk: Desk) -> None:
    desk.write("prompt: fourth", "prompt: '[[mock: fail=DataInspectionFailed]] x'")
    await desk.reload()
    await desk.run(what="render")


STATES = (current, picked, focused, captioned, reworded, gone, damaged, failed, blocked)


async def nothing(desk: Desk) -> dict[str, Any]:
    return {"status": 200}


async def pick(desk: Desk) -> dict[str, Any]:
    return await desk.post("choose", shot="one", take=2)


async def focus(desk: Desk) -> dict[str, Any]:
    return await desk.post("focus", shot="one", focus=[200, 200])


async def reject(desk: Desk) -> dict[str, Any]:
    return await desk.post("reject", shot="one", take=1)


async def rebuild(desk: Desk) -> dict[str, Any]:
    return await desk.run(what="rebuild")


async def on_purpose(desk: Desk) -> dict[str, Any]:
    return await desk.run(what="rebuild", stale=True)


async def render(desk: Desk) -> dict[str, Any]:
    return await desk.run(what="render")


async def reroll(desk: Desk) -> dict[str, Any]:
    return await desk.run(what="reroll", shot="one")


async def edit(desk: Desk) -> dict[str, Any]:
    asked = {"shot": "other", "changes": {"prompt": "kinder words"}}
    shown = await desk.post("edit", **asked)
    return await desk.post("save", **asked, token=shown["token"])


async def change(desk: Desk) -> dict[str, Any]:
    desk.write("quality: draft", "quality: draft, fit: pad")
    await desk.reload()
    return {"status": 200}


async def undo(desk: Desk) -> dict[str, Any]:
    return await desk.post("undo")


ACTIONS = (nothing, pick, focus, reject, rebuild, on_purpose, render, reroll, edit, change, undo)
HEAD, *ROWS = (
    line for line in Path(__file__).with_name("states.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
)  # fmt: skip
TABLE = {
    name: dict(zip(HEAD.split(), cells, strict=True))
    for name, *cells in (row.split() for row in ROWS)
}


def test_the_table_has_every_state_and_every_action() -> None:
    assert list(TABLE) == [state.__name__ for state in STATES]
    assert HEAD.split() == [action.__name__ for action in ACTIONS]


# Both behave alike: CI tries every other state on the service, .ci/proofs all on both.
WHOLE = os.environ.get("WALKS") == "whole"
BACKENDS = ["mock", "dashscope"] if WHOLE else ["dashscope"]
STATES_TRIED = STATES if WHOLE else STATES[::2]


@pytest.fixture(scope="module", params=BACKENDS)
def finished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """The list rendered whole on one backend; nobody changes it."""
    folder = tmp_path_factory.mktemp(request.param)
    for name, colour in (("a.png", "#884422"), ("b.png", "#224488")):
        Image.new("RGB", (300, 400), colour).save(folder / name)
    (folder / "list.yaml").write_text(LIST, encoding="utf-8")
    with serving("--clock", f"x{PACE}", "--no-limits") as (origin, _):
        environ = Shop(folder, origin, "board-states").environment
        desk = Desk(folder / "list.yaml", environ, request.param)
        asyncio.run(_rendered(desk))
        yield desk


async def _rendered(desk: Desk) -> None:
    async with desk.open():
        quote = await desk.run(what="render")
        assert quote["status"] == 200
        assert quote["price"] == "2.88 CNY"
        assert await desk.seen() == TABLE["current"]["nothing"]


@pytest.fixture
def desk(finished: Desk, tmp_path: Path) -> Desk:
    """A copy of the finished list."""
    shutil.copytree(finished.file.parent, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path / "list.yaml", finished.environ, finished.backend)


async def shown(desk: Desk, expected: str) -> str:
    """What the board shows, as soon as it is what is expected."""
    state = await desk.seen()
    for _ in range(200):
        if state == expected:
            break
        await asyncio.sleep(0.05)  # a choice in a long list is shown before what follows of it
        state = await desk.seen()
    return state


@pytest.mark.proof
@pytest.mark.parametrize("state", STATES_TRIED, ids=lambda state: state.__name__)
def test_each_action_in_each_state_does_what_the_table_says(
    desk: Desk, tmp_path: Path, state: Act
) -> None:
    async def cell(action: Act) -> str:
        expected = TABLE[state.__name__][action.__name__]
        async with desk.open():
            await state(desk)
            declined = "!" if (await action(desk))["status"] == 409 else ""
            first = await shown(desk, expected.removeprefix("!"))
        async with desk.open():  # a board that is started again shows the same
            assert await desk.seen() == first
        return declined + first

    whole = desk.file.parent
    results = {}
    for action in ACTIONS:
        desk.file = shutil.copytree(whole, tmp_path / f"of-{action.__name__}", ignore=_copies) / (
            "list.yaml"
        )
        results[action.__name__] = asyncio.run(cell(action))
    assert results == TABLE[state.__name__]


def _copies(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith("of-")]


@pytest.mark.proof
def test_a_rebuild_with_stale_clips_names_them_with_their_price_and_asks(desk: Desk) -> None:
    reason = "it begins with the last frame of take 1 of one, and take 2 is picked"
    text = f"two is to be made, 0.72 CNY ({reason})"

    async def work() -> None:
        async with desk.open():
            await picked(desk)
            quote = await desk.post("quote", what="rebuild")
            assert quote["stale"] == [{"shot": "two", "text": text}]
            assert (quote["lacking"], quote["amount"]) == ([], "0.72 CNY")
            film = desk.file.parent / "renders/truth/tall.mp4"
            before = film.read_bytes()
            refused = await desk.run(what="rebuild")
            assert refused["error"] == f"clips are out of date: {text}"
            assert film.read_bytes() == before
            assert (await desk.run(what="rebuild", stale=True))["status"] == 200
            assert film.read_bytes() != before
            (shown,) = (await desk.look())["about"]["deliverables"]
            assert shown["why"] == [text]

    asyncio.run(work())


@pytest.mark.proof
def test_a_stale_clip_is_shown_with_the_seed_it_was_made_with(desk: Desk) -> None:
    async def work() -> None:
        async with desk.open():
            before = (await desk.look())["shots"][1]["takes"][0]
            await reworded(desk)
            after = (await desk.look())["shots"][1]["takes"][0]
            assert (before["state"], after["state"]) == ("done", "stale")
            assert after["clip"] == before["clip"]
            assert after["seed"] == before["seed"]

    asyncio.run(work())


@pytest.mark.proof
def test_a_reroll_of_the_first_of_a_chain_shows_what_the_whole_costs(desk: Desk) -> None:
    async def work() -> None:
        async with desk.open():
            quote = await desk.post("quote", what="reroll", shot="one")
            assert (quote["price"], quote["takes"]) == ("0.72 CNY", ["one take 3"])
            after = {"shots": ["two"], "amount": "0.72 CNY", "whole": "1.44 CNY"}
            assert quote["after"] == after
            other = await desk.post("quote", what="reroll", shot="other")
            assert other["after"] is None

    asyncio.run(work())


@pytest.mark.proof
def test_a_take_just_bought_is_chosen_whatever_was_picked_and_can_be_undone(desk: Desk) -> None:
    async def work() -> None:
        desk.write("takes: 2", "takes: 2, pick: 1")
        async with desk.open():
            await picked(desk)
            assert (await desk.run(what="reroll", shot="one"))["status"] == 200
            assert await shown(desk, "csc.s+2.3") == "csc.s+2.3"
            assert "pick: 3" in desk.file.with_name("list.picks.yaml").read_text("utf-8")
            assert (await desk.post("undo"))["status"] == 200
            assert await shown(desk, "csc.s+2.2") == "csc.s+2.2"

    asyncio.run(work())
