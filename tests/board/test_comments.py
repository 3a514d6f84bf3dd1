"""Comments of clients on the board."""

import json
from typing import Any

import pytest

from tests.support.rooms import Do
from wanx_render.board.app import Declined, Malformed
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room

AT = "2026-11-27T10:00:00.000Z"


def file(*comments: dict[str, Any], project: str = "roomy") -> str:
    record = {"format": "wanx-render comments", "version": 1, "project": project}
    return json.dumps({**record, "comments": list(comments)}, ensure_ascii=False)


def comment(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"{number:08x}", "at": AT, "name": "Li", "text": f"no {number}", **fields}


def shot(room: Room, name: str) -> dict[str, Any]:
    return next(record for record in room.state()["shots"] if record["id"] == name)


def test_comments_are_shown_at_their_shots_and_marked_as_done(do: Do) -> None:
    async def work(room: Room, holding: Holding) -> None:
        text = file(
            comment(1, shot="wake", ms=1200, clip="00" * 8),
            comment(2, shot="gone"),
            comment(3),
        )
        answer = await room.act("comments", {"text": text})
        assert answer["n"] == 3
        assert holding.list.with_name("list.comments.json").exists()
        (said,) = shot(room, "wake")["comments"]
        assert (said["seconds"], said["take"], said["about"]) == (
            1.2,
            None,
            "about an earlier clip",
        )
        whole = room.state()["about"]["comments"]
        assert [(entry["text"], entry["shot"]) for entry in whole] == [
            ("no 2", "gone"),
            ("no 3", None),
        ]
        await room.act("done", {"id": "00000001", "done": True})
        assert shot(room, "wake")["comments"][0]["done"]
        again = await room.act("comments", {"text": text})
        assert (again["n"], again["text"]) == (0, "these comments are here already")
        assert shot(room, "wake")["comments"][0]["done"]

    do(work)


def test_what_is_not_of_this_list_is_declined(do: Do) -> None:
    async def work(room: Room, holding: Holding) -> None:
        with pytest.raises(Declined, match="another"):
            await room.act("comments", {"text": file(comment(1), project="another")})
        with pytest.raises(Declined, match="not a file of comments"):
            await room.act("comments", {"text": "<html>"})
        with pytest.raises(Malformed):
            await room.act("comments", {"text": 3})
        with pytest.raises(KeyError):
            await room.act("done", {"id": "00000009", "done": True})
        assert not holding.list.with_name("list.comments.json").exists()

    do(work)


def test_a_damaged_file_is_a_problem_of_the_board(do: Do) -> None:
    async def work(room: Room, holding: Holding) -> None:
        holding.list.with_name("list.comments.json").write_text("{", encoding="utf-8")
        problems = [str(problem) for problem in room.state()["about"]["problems"]]
        assert any("list.comments.json" in problem for problem in problems)

    do(work)
