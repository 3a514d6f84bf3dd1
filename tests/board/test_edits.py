"""Edits on the board: shown as a difference, saved on a word, never where the file is another."""

import asyncio
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.support.rooms import Do, Work, in_a_room
from wanx_render.board.app import Declined, Malformed
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room
from wanx_render.cli import main
from wanx_render.errors import BadInput
from wanx_render.language import shown
from wanx_render.session.environment import Environment
from wanx_render.session.selection import RenderOptions

LIST = """\
# A short one
version: 1
project: edited
vars: {place: a roof}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, image: a.png, trim: {start: 0.2}}

shots:
  - id: wake   # the cat
    prompt: 'A cat wakes'  # at dusk
    duration: 3
  - {id: leap, prompt: "It leaps from ${place}", duration: 3}
deliverables: [9:16]
"""


@pytest.fixture
def file(tmp_path: Path, picture: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    picture("a.png", (300, 400))
    monkeypatch.chdir(tmp_path)
    Path("list.yaml").write_text(LIST, encoding="utf-8")
    return Path("list.yaml")


@pytest.fixture
def do(file: Path, environ: dict[str, str]) -> Do:
    """Runs something in the room of the list."""

    def run(work: Work) -> None:
        environment = Environment(environ, StringIO(), StringIO())
        in_a_room(Holding(RenderOptions((file,)), environment), work)

    return run


def added(diff: str) -> list[str]:
    return [line[1:] for line in diff.splitlines() if line[0] == "+" and line[:3] != "+++"]


def test_what_can_be_edited_is_known_before(do: Do) -> None:
    async def work(room: Room, _: Holding) -> None:
        answer = await room.act("edit", {"shot": "wake"})
        assert answer["values"] == {
            "prompt": "A cat wakes", "caption": "", "duration": 3,
            "trim": {"start": 0.2, "end": None},
        }  # fmt: skip
        assert (answer["file"], answer["rows"], answer["fixed"]) == ("list.yaml", None, {})
        assert answer["durations"] == [3, 4, 5]
        assert "diff" not in answer
        fixed = (await room.act("edit", {"shot": "leap"}))["fixed"]
        assert list(fixed) == ["prompt"]
        assert shown(fixed["prompt"]) == ("list.yaml:11:24: prompt comes from the variable 'place'")

    do(work)


def test_an_edit_is_shown_with_its_price_and_saved_on_a_word(do: Do, file: Path) -> None:
    changes = {"prompt": "A cat's dream: it flies", "trim": {"start": 0.2, "end": 2.5}}
    asked = {"shot": "wake", "changes": changes}

    async def work(room: Room, holding: Holding) -> None:
        answer = await room.act("edit", asked)
        assert added(answer["diff"]) == [
            "    prompt: 'A cat''s dream: it flies'  # at dusk",
            "    trim: {start: 0.2, end: 2.5}",
        ]
        assert answer["problems"] == answer["warnings"] == []
        assert file.read_text(encoding="utf-8") == LIST
        assert await room.act("save", {**asked, "token": answer["token"]}) == {"ok": True}
        text = file.read_text(encoding="utf-8")
        assert text == LIST.replace("'A cat wakes'", "'A cat''s dream: it flies'").replace(
            "    duration: 3\n", "    duration: 3\n    trim: {start: 0.2, end: 2.5}\n"
        )
        assert room.state()["shots"][0]["prompt"] == "A cat's dream: it flies"

    do(work)


def test_what_an_edit_makes_stale_has_its_price(do: Do) -> None:
    async def work(room: Room, holding: Holding) -> None:
        await room.act("run", {"what": "render", "price": "1.44 CNY"})
        while room.state()["about"]["run"]:
            await asyncio.sleep(0.05)
        text = {"shot": "wake", "changes": {"prompt": "Another cat"}}
        cost = (await room.act("edit", text))["cost"]
        assert (cost["takes"], shown(cost["amount"])) == (["wake take 1"], "0.72 CNY")
        words = {"shot": "wake", "changes": {"caption": "Miaow"}}
        assert (await room.act("edit", words))["cost"] == {"takes": [], "amount": None}

    do(work)


def test_a_list_that_changed_meanwhile_is_not_overwritten(do: Do, file: Path) -> None:
    asked = {"shot": "wake", "changes": {"caption": "Hello"}}

    async def work(room: Room, _: Holding) -> None:
        token = (await room.act("edit", asked))["token"]
        other = LIST.replace("A cat wakes", "A dog wakes")
        file.write_text(other, encoding="utf-8")
        for wrong in (token, None, "x"):
            with pytest.raises(Declined) as caught:
                await room.act("save", {**asked, "token": wrong})
            assert "Hello" in caught.value.record["diff"]
        assert file.read_text(encoding="utf-8") == other
        await room.act("save", {**asked, "token": caught.value.record["token"]})
        assert "A dog wakes" in file.read_text(encoding="utf-8")

    do(work)


@pytest.mark.parametrize(
    ("shot", "changes", "reason"),
    [
        ("leap", {"prompt": "new"}, "variable 'place'"),
        ("wake", {"duration": 20}, "duration"),
        ("wake", {"trim": {"start": 2, "end": 1}}, "trim.end"),
        ("wake", {"prompt": "\ud800"}, "cannot hold"),
    ],
)
def test_an_edit_that_cannot_be_is_answered_with_why(
    do: Do, file: Path, shot: str, changes: dict[str, Any], reason: str
) -> None:
    asked = {"shot": shot, "changes": changes}

    async def work(room: Room, _: Holding) -> None:
        answer = await room.act("edit", asked)
        assert answer["token"] is None
        assert any(reason in shown(problem) for problem in answer["problems"])
        with pytest.raises((Declined, BadInput)):
            await room.act("save", {**asked, "token": "x"})

    do(work)
    assert file.read_text(encoding="utf-8") == LIST


@pytest.mark.parametrize(
    "changes",
    ["x", [], {"id": "x"}, {"prompt": 1}, {"prompt": None}, {"duration": 2.5}, {"duration": True},
     {"trim": [1, 2]}, {"trim": {"middle": 1}}, {"trim": {"end": "2"}}, {"trim": {"end": -1}},
     {"trim": 3}],
)  # fmt: skip
def test_what_is_no_edit_is_malformed(do: Do, changes: Any) -> None:
    async def work(room: Room, _: Holding) -> None:
        with pytest.raises(Malformed):
            await room.act("edit", {"shot": "wake", "changes": changes})

    do(work)


def test_what_is_the_same_already_is_no_change(do: Do, file: Path) -> None:
    async def work(room: Room, _: Holding) -> None:
        same = {"prompt": "A cat wakes", "trim": {"start": 0.2, "end": None}, "duration": 3}
        answer = await room.act("edit", {"shot": "wake", "changes": same})
        assert (answer["diff"], answer["token"], answer["problems"]) == ("", None, [])

    do(work)


def test_a_value_from_the_defaults_is_written_on_the_shot(do: Do, file: Path) -> None:
    async def work(room: Room, _: Holding) -> None:
        asked = {"shot": "wake", "changes": {"trim": None, "duration": 4}}
        answer = await room.act("edit", asked)
        assert added(answer["diff"]) == ["    duration: 4", "    trim: {}"]
        await room.act("save", {**asked, "token": answer["token"]})
        assert (await room.act("edit", {"shot": "wake"}))["values"]["trim"]["start"] == 0

    do(work)


TABLE = """\
version: 1
project: animals
matrix: {rows: [{name: cat}, {name: dog}]}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, image: a.png}
shots:
  - {id: wake, prompt: "The ${name} wakes"}
  - {id: leap, prompt: It leaps}
  - {id: rest, prompt: "The ${name} rests", caption: Good night}
deliverables: [9:16]
"""


def test_an_edit_of_a_table_says_how_many_rows_it_concerns(
    file: Path, environ: dict[str, str]
) -> None:
    file.write_text(TABLE, encoding="utf-8")
    environment = Environment(environ, StringIO(), StringIO())

    async def work(room: Room, _: Holding) -> None:
        answer = await room.act("edit", {"shot": "wake"})
        assert (answer["rows"], answer["values"]["prompt"]) == (2, "The cat wakes")
        assert "column 'name'" in shown(answer["fixed"]["prompt"])
        asked = {"shot": "leap", "changes": {"prompt": "It flies"}}
        answer = await room.act("edit", asked)
        assert answer["cost"]["takes"] == []  # nothing is paid yet
        await room.act("save", {**asked, "token": answer["token"]})
        assert file.read_text(encoding="utf-8") == TABLE.replace("It leaps", "It flies")

    in_a_room(Holding(RenderOptions((file,), only=("cat",)), environment), work)


def test_an_edit_of_a_table_has_the_price_of_all_its_rows(
    file: Path, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(TABLE, encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["render", "list.yaml", "--yes"])
    environment = Environment(environ, StringIO(), StringIO())

    async def work(room: Room, _: Holding) -> None:
        asked = {"shot": "rest", "changes": {"duration": 4}}
        cost = (await room.act("edit", asked))["cost"]
        assert cost["takes"] == ["cat/rest take 1", "dog/rest take 1"]
        assert shown(cost["amount"]) == "1.92 CNY"
        asked = {"shot": "leap", "changes": {"duration": 4}}
        cost = (await room.act("edit", asked))["cost"]
        assert len(cost["takes"]) == 2
        assert shown(cost["amount"]) == "0.96 CNY"  # both rows ask for the same, which is paid once

    in_a_room(Holding(RenderOptions((file,), only=("cat",)), environment), work)
