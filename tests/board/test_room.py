"""The board's room without a server: what it sees of the files, and what it refuses to do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.support.rooms import LIST, Do, in_a_room, seen
from wanx_render.backends.base import Succeeded
from wanx_render.board.app import Declined, Malformed
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room
from wanx_render.board.serve import board, listening
from wanx_render.board.view import BoardState, Ledger, Live, debts
from wanx_render.errors import BadInput, FolderBusy, NeedsApproval
from wanx_render.planning.plan import make
from wanx_render.session.environment import Environment
from wanx_render.session.folder import held
from wanx_render.session.selection import RenderOptions
from wanx_render.session.survey import Surveyed


class OfRow(Holding):
    """The list as the row `red` of a table, whose folder other rows share."""

    def surveyed(self, **changes: Any) -> Surveyed:
        surveyed = super().surveyed(**changes)
        (prospect,), outlook = surveyed.lists, surveyed.only
        plan, media = outlook.plan, outlook.item.loaded.media
        catalog, shots = surveyed.selection.catalog, outlook.item.loaded.shots
        statuses = (replace(it, take=replace(it.take, row="red")) for it in outlook.statuses)
        plan = make(shots, plan.backend, media, catalog, row="red")
        outlook = replace(outlook, plan=plan, statuses=tuple(statuses))
        return replace(surveyed, lists=[replace(prospect, outlook=outlook)])

    def sent(self, label: str, task_id: str) -> int:
        """Note a request as sent; its attempt."""
        take, now = self.outlook.plan.takes[2], datetime.now(UTC)
        number = self.journal.intend(f"key of {label}", label, take.request, now)
        self.journal.submitted(number, task_id, "request")
        return number


def test_a_list_that_becomes_invalid_is_shown_and_not_run(do: Do, file: Path) -> None:
    async def work(room: Room, holding: Holding) -> None:
        file.write_text(LIST.replace("duration: 3", "duration: 20"), encoding="utf-8")
        await seen(room, lambda state: "duration-unsupported" in str(state["about"]["problems"]))
        assert [shot["id"] for shot in room.state()["shots"]] == ["wake", "leap"]
        with pytest.raises(Declined, match="fix the list first"):
            await room.act("run", {"what": "render", "price": "2.16 CNY"})
        file.write_text(LIST.replace("id: leap", "id: jump").replace("leap:", "jump:"), "utf-8")
        await seen(room, lambda state: state["about"]["problems"] == [])
        assert [shot["id"] for shot in room.state()["shots"]] == ["wake", "jump"]

    do(work)


def test_a_list_that_gets_another_project_keeps_the_boards_folder(do: Do, file: Path) -> None:
    async def work(room: Room, holding: Holding) -> None:
        file.write_text(LIST.replace("project: roomy", "project: renamed"), encoding="utf-8")
        await seen(room, lambda state: state["about"]["project"] == "renamed")
        assert room.state()["about"]["folder"] == str(file.parent / "renders" / "roomy")
        assert (await room.act("quote", {"what": "render"}))["price"] == "2.16 CNY"

    do(work)


def test_picks_written_by_hand_are_seen_and_kept(do: Do, file: Path) -> None:
    path = file.with_name("list.picks.yaml")

    async def work(room: Room, holding: Holding) -> None:
        path.write_text("shots: {wake: {pick: 2, focus: [0.1, 0.9]}}", encoding="utf-8")
        await seen(room, lambda state: state["shots"][0]["pick"] == 2)
        assert room.state()["shots"][0]["focus"] == [100, 900]
        await room.act("reject", {"shot": "leap", "take": 1})
        text = path.read_text(encoding="utf-8")
        assert all(part in text for part in ("pick: 2", "[0.1, 0.9]", "leap", "rejected: [1]"))
        await room.act("focus", {"shot": "wake", "focus": None})
        assert "focus" not in path.read_text(encoding="utf-8")
        path.write_text("shots: {wake: {pick: none}}", encoding="utf-8")
        with pytest.raises(Declined, match=r"fix the picks file first.*list\.picks\.yaml:1:22"):
            await room.act("choose", {"shot": "wake", "take": 1})
        assert path.read_text(encoding="utf-8") == "shots: {wake: {pick: none}}"

    do(work)


def test_a_folder_that_another_program_holds_is_left_alone(do: Do) -> None:
    async def work(room: Room, holding: Holding) -> None:
        holding.options = RenderOptions((holding.list,), max_cost=None)
        with held(holding.folder):
            (holding.folder / "manifest.json").write_text("{}")
            await seen(room, lambda state: state["about"]["run"] == "elsewhere")
            with pytest.raises(FolderBusy):
                await room.act("run", {"what": "rebuild"})
        await seen(room, lambda state: state["about"]["run"] is None)

    do(work)


def test_tasks_of_another_program_are_shown_and_not_cancelled_behind_its_back(do: Do) -> None:
    async def work(room: Room, holding: Holding) -> None:
        take = holding.outlook.plan.takes[2]
        key, now = take.request.key("mock"), datetime.now(UTC)
        number = holding.journal.intend(key, take.label, take.request, now)
        holding.journal.submitted(number, "task", "request")

        def state(view: dict[str, Any]) -> str:
            return str(view["shots"][1]["takes"][0]["state"])

        with held(holding.folder):
            await seen(room, lambda view: state(view) == "submitted")
            with pytest.raises(Declined, match="cancel there"):
                await room.act("cancel", {"shot": "leap", "take": 1})
        await seen(room, lambda view: state(view) == "owed")
        answer = await room.act("cancel", {})
        assert answer["answers"] == ["leap take 1: too late, it has ended (unknown)"]

    do(work)


@pytest.fixture
def red(file: Path, environ: dict[str, str]) -> OfRow:
    return OfRow(RenderOptions((file,)), Environment(environ, StringIO(), StringIO()))


def test_only_the_rows_own_take_is_cancelled(red: OfRow) -> None:
    for number, label in enumerate(("red/leap take 1", "blue/leap take 1", "leap take 1")):
        red.sent(label, f"task-{number}")

    async def work(room: Room, _: Holding) -> None:
        answer = await room.act("cancel", {"shot": "leap", "take": 1})
        assert answer["answers"] == ["red/leap take 1: too late, it has ended (unknown)"]

    in_a_room(red, work)


def test_all_is_cancelled_though_a_waiting_shot_is_no_longer_in_the_list(
    file: Path, environ: dict[str, str]
) -> None:
    chained = LIST.replace("id: leap", "id: leap, image: {shot: wake, frame: last}")
    file.write_text(chained.replace("1 CNY", "9 CNY"), encoding="utf-8")

    async def work(room: Room, holding: Holding) -> None:
        await room.act("run", {"what": "render", "price": "2.16 CNY"})
        await seen(room, lambda state: state["shots"][1]["takes"][0]["state"] == "waiting")
        file.write_text(LIST.replace("id: leap", "id: jump").replace("leap:", "jump:"), "utf-8")
        await holding.reload()
        answer = await room.act("cancel", {})
        assert answer["answers"][0] == "nothing more is sent"

    in_a_room(Holding(RenderOptions((file,)), Environment(environ, StringIO(), StringIO())), work)


def test_a_rows_take_at_work_is_no_debt_and_another_rows_is(red: OfRow) -> None:
    now = datetime.now(UTC)
    for row in ("red", "blue"):
        expires = now + timedelta(hours=6)
        task = Succeeded("t", "https://h/c.mp4", now, now, now, expires, "p", None, {})
        red.journal.succeeded(red.sent(f"{row}/leap take 1", f"task-{row}"), task, None)
    plan, selection = red.outlook.plan, red.selection
    scene = BoardState(
        plan=plan, statuses={}, ledger=Ledger.of(red.journal.every()),
        picks=selection.lists[0].loaded.picks, catalog=selection.catalog,
        live={("leap", 1): Live("fetching")}, now=now, wall=now,
    )  # fmt: skip
    red.close()
    assert debts(scene) == [{"take": "blue/leap take 1", "hours": 6.0}]
    owed = [debt["take"] for debt in debts(replace(scene, live={}))]
    assert owed == ["red/leap take 1", "blue/leap take 1"]


def test_nothing_is_sent_without_the_exact_price_or_past_the_budget(do: Do) -> None:
    async def work(room: Room, holding: Holding) -> None:
        quote = await room.act("quote", {"what": "render"})
        assert quote["price"] == "2.16 CNY"
        assert "over the list's budget of 1.00 CNY" in quote["refused"]
        with pytest.raises(NeedsApproval, match="over the list's budget"):
            await room.act("run", {"what": "render", "price": "2.16 CNY"})
        one = await room.act("quote", {"what": "reroll", "shot": "leap"})
        expected = {
            "price": "0.72 CNY",
            "amount": "0.72 CNY",
            "takes": ["leap take 1"],
            "typed": False,
            "after": None,
        }
        assert one == expected
        for price in (None, "", "0.72", "0.72 USD", 0.72, "2.16 CNY"):
            with pytest.raises(Declined) as caught:
                await room.act("run", {"what": "reroll", "shot": "leap", "price": price})
            assert caught.value.record["price"] == "0.72 CNY"
        assert holding.journal.attempts() == 0
        with held(holding.folder):  # every refusal let the folder go again
            pass

    do(work)


@pytest.mark.parametrize(
    ("what", "asked"),
    [
        ("choose", {"shot": "wake", "take": 3}),
        ("choose", {"shot": "nobody", "take": 1}),
        ("reject", {"shot": "wake", "take": 0}),
        ("focus", {"shot": "nobody", "focus": [1, 1]}),
        ("run", {"what": "everything"}),
        ("quote", {"what": "reroll", "shot": "nobody"}),
        ("__init__", {}),
    ],
)
def test_what_there_is_not_cannot_be_asked_for(do: Do, what: str, asked: dict[str, Any]) -> None:
    async def work(room: Room, holding: Holding) -> None:
        with pytest.raises(KeyError):
            await room.act(what, asked)

    do(work)


@pytest.mark.parametrize("what", ["choose", "reject", "cancel"])
@pytest.mark.parametrize(
    ("shot", "take"),
    [
        ("wake", True), ("wake", 1.0), ("wake", "1"), ("wake", None), ("wake", [1]),
        (["wake"], 1), (None, 1), (True, 1), ({}, 1),
    ],
)  # fmt: skip
def test_a_take_is_a_shots_name_and_a_whole_number(
    do: Do, file: Path, what: str, shot: Any, take: Any
) -> None:
    async def work(room: Room, holding: Holding) -> None:
        with pytest.raises(Malformed):
            await room.act(what, {"shot": shot, "take": take})

    do(work)
    assert not file.with_name("list.picks.yaml").exists()


@pytest.mark.parametrize("point", [[0, 1001], [0.5, 0.5], [1], "middle", [True, 1], [-1, 0]])
def test_a_point_is_two_whole_thousandths(do: Do, file: Path, point: Any) -> None:
    async def work(room: Room, holding: Holding) -> None:
        with pytest.raises(Malformed):
            await room.act("focus", {"shot": "wake", "focus": point})

    do(work)
    assert not file.with_name("list.picks.yaml").exists()


def test_a_deliverables_own_focus_is_shown_with_the_shots(do: Do) -> None:
    async def work(room: Room, holding: Holding) -> None:
        (tall,) = room.state()["about"]["deliverables"]
        assert tall["focus"] == {"leap": [200, 500]}
        assert (tall["made"], tall["fresh"]) == (None, False)

    do(work)


def test_what_keeps_a_board_from_opening_is_reported(file: Path, environ: dict[str, str]) -> None:
    environment = Environment(environ, StringIO(), StringIO())
    with pytest.raises(BadInput) as caught:
        board(RenderOptions((file,), backend="dashscope"), 0, environment)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["key-missing"]
    with listening(0) as taken, pytest.raises(BadInput) as caught:
        board(RenderOptions((file,)), taken.getsockname()[1], environment)
    assert "cannot listen on port" in str(caught.value)
    file.write_text("version: 2", encoding="utf-8")
    with pytest.raises(BadInput):
        board(RenderOptions((file,)), 0, environment)
    assert environment.stdout.getvalue() == ""  # type: ignore[attr-defined]
