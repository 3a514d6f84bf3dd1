"""Choices on the board: undoing them and doing them again, and long lists."""

import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.rooms import Do, seen
from wanx_render.board import choices
from wanx_render.board.app import Declined
from wanx_render.board.history import MOST, History, Step
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room
from wanx_render.geometry import Focus
from wanx_render.shotlist.picks import Choice


def picks_text(holding: Holding) -> str:
    path = holding.list.with_name("list.picks.yaml")
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.fixture(params=[False, True], ids=["short list", "long list"])
def pace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A list that is read again before a choice is answered, and one that is read after it."""
    monkeypatch.setattr(choices, "QUICK", -1.0 if request.param else 60.0)
    yield


def shot_of(room: Room, name: str) -> dict[str, Any]:
    return next(shot for shot in room.state()["shots"] if shot["id"] == name)


@pytest.mark.usefixtures("pace")
def test_picks_rejections_and_focus_are_undone_in_turn_and_done_again(do: Do) -> None:
    async def work(room: Room, holding: Holding) -> None:
        start = shot_of(room, "wake")
        await room.act("choose", {"shot": "wake", "take": 2})
        await room.act("focus", {"shot": "wake", "focus": [100, 900]})
        await room.act("reject", {"shot": "wake", "take": 2})
        end = shot_of(room, "wake")
        assert (end["pick"], end["rejected"], end["focus"]) == (1, [2], [100, 900])
        assert room.state()["about"]["undo"] == "wake: take 2 rejected"
        texts = [(await room.act("undo", {}))["text"] for _ in range(3)]
        assert texts == [
            "Undone: wake: take 2 rejected", "Undone: wake: focus moved",
            "Undone: wake: take 2 chosen",
        ]  # fmt: skip
        await seen(room, lambda state: state["shots"][0] == start)
        assert "wake" not in picks_text(holding)
        with pytest.raises(Declined, match="nothing to undo"):
            await room.act("undo", {})
        redone = [(await room.act("redo", {}))["text"] for _ in range(3)]
        assert redone[0] == "Redone: wake: take 2 chosen"
        assert shot_of(room, "wake") == end
        with pytest.raises(Declined, match="nothing to redo"):
            await room.act("redo", {})

    do(work)


@pytest.mark.usefixtures("pace")
def test_an_undo_outlives_the_board_and_ends_at_a_new_choice(do: Do) -> None:
    async def choose(room: Room, _: Holding) -> None:
        await room.act("choose", {"shot": "wake", "take": 2})
        await room.act("choose", {"shot": "wake", "take": 1})
        await room.act("undo", {})

    async def later(room: Room, holding: Holding) -> None:
        about = room.state()["about"]
        assert (about["undo"], about["redo"]) == ("wake: take 2 chosen", "wake: take 1 chosen")
        await room.act("reject", {"shot": "leap", "take": 1})
        assert room.state()["about"]["redo"] is None
        await room.act("undo", {})
        answer = await room.act("undo", {})
        assert (answer["shot"], answer["text"]) == ("wake", "Undone: wake: take 2 chosen")
        assert "pick" not in picks_text(holding)

    do(choose)
    do(later)


@pytest.mark.usefixtures("pace")
def test_a_choice_changed_by_hand_is_not_undone(do: Do) -> None:
    async def work(room: Room, holding: Holding) -> None:
        await room.act("choose", {"shot": "wake", "take": 2})
        path = holding.list.with_name("list.picks.yaml")
        path.write_text("shots: {wake: {pick: 1, focus: [0.1, 0.9]}}", encoding="utf-8")
        with pytest.raises(Declined, match="wake was changed elsewhere; nothing was undone"):
            await room.act("undo", {})
        assert "pick: 1, focus: [0.1, 0.9]" in picks_text(holding)
        await seen(room, lambda state: state["about"]["undo"] is None)

    do(work)


def test_what_follows_a_choice_on_a_long_list_is_shown_a_moment_later(
    do: Do,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choices, "QUICK", -1.0)
    text = file.read_text(encoding="utf-8").replace(
        "id: leap", "id: leap, image: {shot: wake, frame: last}"
    )
    file.write_text(text, encoding="utf-8")

    async def work(room: Room, holding: Holding) -> None:
        before = holding.selection
        await room.act("choose", {"shot": "wake", "take": 2})
        assert shot_of(room, "wake")["pick"] == 2  # at once
        await room.act("focus", {"shot": "wake", "focus": [100, 900]})
        now = shot_of(room, "wake")
        assert (now["pick"], now["focus"], now["chosen"]) == (2, [100, 900], True)
        assert holding.selection.batches is before.batches  # nothing was read yet
        await seen(room, lambda state: holding.selection.batches is not before.batches)
        assert shot_of(room, "wake") == now

    do(work)


@pytest.mark.proof
def test_a_choice_in_a_list_of_1000_shots_takes_less_than_100_ms(do: Do, file: Path) -> None:
    head, _, rest = file.read_text(encoding="utf-8").partition("  - {id: wake")
    shots = "".join(f"  - {{id: shot-{n}, takes: 2, prompt: a boat {n}}}\n" for n in range(1000))
    rest = rest.partition("deliverables")[2].replace(", focus: {leap: [0.2, 0.5]}", "")
    file.write_text(f"{head}{shots}deliverables{rest}", encoding="utf-8")

    async def work(room: Room, _: Holding) -> None:
        start = time.process_time()  # of this process alone, whatever else the machine does
        for number in range(20):
            await room.act("choose", {"shot": f"shot-{number}", "take": 2})
        for _ in range(5):
            await room.act("undo", {})
        assert (time.process_time() - start) / 25 < 0.1
        assert shot_of(room, "shot-14")["pick"] == 2
        assert shot_of(room, "shot-15")["pick"] == 1

    do(work)


def test_a_history_is_bounded_and_a_spoilt_one_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "list.choices.json"
    history = History(path)
    for number in range(MOST + 5):
        history.add(Step("wake", Choice(pick=number + 1), Choice(pick=number + 2)))
    count = 0
    while history.last:
        history.undone()
        count += 1
    assert count == MOST
    for spoilt in ("", "{}", "[]", '{"done": 3, "steps": []}', '{"done": 0, "steps": [["a"]]}'):
        path.write_text(spoilt, encoding="utf-8")
        assert (History(path).last, History(path).next) == (None, None)


def test_moves_of_one_point_are_one_step(tmp_path: Path) -> None:
    history = History(tmp_path / "list.choices.json")
    points = [None, *(Choice(focus=Focus(Fraction(x, 10), Fraction(1, 3))) for x in (1, 2, 3))]
    for before, after in pairwise(points):
        history.add(Step("wake", before or Choice(), after), joined=True)
    history = History(tmp_path / "list.choices.json")
    assert history.last == Step("wake", Choice(), points[-1])
    history.undone()
    assert history.last is None
