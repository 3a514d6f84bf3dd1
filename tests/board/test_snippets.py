"""A picture dropped on the board: its lines for the list, and the clip that would come of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.rooms import LIST, Do
from wanx_render import files
from wanx_render.board.app import Malformed
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room
from wanx_render.catalog.capabilities import packaged
from wanx_render.validation.load import load


def dropped(path: Path, width: int = 750, height: int = 1000, **changes: Any) -> dict[str, Any]:
    """What the page sends of a picture."""
    data = path.read_bytes()
    record = {"name": path.name, "width": width, "height": height, "bytes": len(data)}
    return {**record, "sha256": files.sha256_of(data), "prompt": "描述", **changes}


def test_the_lines_can_be_pasted_and_plan_as_was_predicted(
    do: Do, file: Path, picture: Callable[..., Path]
) -> None:
    (file.parent / "frames").mkdir()
    path = picture("frames/wake.png", (750, 1000))

    async def work(room: Room, holding: Holding) -> None:
        answer = await room.act("snippet", dropped(path))
        assert (answer["path"], answer["size"]) == ("frames/wake.png", "750x1000")
        assert answer["yaml"] == ("  - id: wake-2\n    image: frames/wake.png\n    prompt: 描述\n")
        clip = answer["clip"]
        assert clip == {
            "model": "wanx2.1-i2v-turbo", "tier": "480P", "seconds": 3, "width": 544,
            "height": 720, "price": "0.72 CNY",
        }  # fmt: skip
        pasted = LIST.replace("deliverables:", f"{answer['yaml']}deliverables:")
        file.write_text(pasted.replace("max_cost: 1", "max_cost: 9"), encoding="utf-8")
        assert load(file, packaged()).shots.shots[-1].id == "wake-2"
        await holding.reload()
        (take,) = holding.planned("wake-2").takes
        assert str(take.size) == f"{clip['width']}x{clip['height']}"

    do(work)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("猫 (1).png", "id: 猫-1\n    image: 猫 (1).png"),
        ("#1: a.png", 'id: 1-a\n    image: "#1: a.png"'),
        ("con.png", "id: con-1\n"),
        ("...png", "id: shot\n"),
        ("../../etc/leap.png", "id: leap-2\n    image: leap.png"),
    ],
)
def test_a_picture_from_elsewhere_is_named_only(
    do: Do, file: Path, picture: Callable[..., Path], name: str, line: str
) -> None:
    path = picture("leap.png", (300, 400))

    async def work(room: Room, _: Holding) -> None:
        answer = await room.act("snippet", dropped(path, name=name, sha256="0" * 64))
        assert answer["path"] is None
        assert line in answer["yaml"]

    do(work)


def test_another_picture_of_the_same_name_is_not_taken_for_it(
    do: Do, picture: Callable[..., Path]
) -> None:
    path = picture("b.png", (300, 400))

    async def work(room: Room, _: Holding) -> None:
        assert (await room.act("snippet", dropped(path)))["path"] == "b.png"
        assert (await room.act("snippet", dropped(path, bytes=7)))["path"] is None
        assert (await room.act("snippet", dropped(path, sha256="0" * 64)))["path"] is None

    do(work)


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": 7}, {"width": 0}, {"height": 10**9}, {"bytes": True}]
)
def test_what_is_no_picture_is_refused(do: Do, file: Path, wrong: dict[str, Any]) -> None:
    async def work(room: Room, _: Holding) -> None:
        with pytest.raises(Malformed, match="a name, a size and a hash"):
            await room.act("snippet", dropped(file, **wrong))

    do(work)
