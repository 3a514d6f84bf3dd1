"""On the board: shots of words, and shots that refer to people and things."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from tests.support.rooms import Do
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room

LIST = """\
version: 1
project: seen
defaults: {resolution: 720P, duration: 2}
shots:
  - {id: sea, model: wan2.6-t2v, prompt: A ship at sea}
  - id: amy
    model: wan3.0-video
    prompt: "{bag} is carried by {amy} to {tune}"
    references: {amy: red.png, bag: blue.png, tune: {sound: "https://example.com/a"}}
deliverables: [9:16]
"""


def test_references_are_seen_with_what_the_model_calls_them(
    do: Do, file: Path, picture: Callable[..., Path]
) -> None:
    for name, colour in (("red", "#ff0000"), ("blue", "#0000ff")):
        Image.new("RGB", (320, 320), colour).save(file.with_name(f"{name}.png"))
    file.write_text(LIST, encoding="utf-8")

    async def work(room: Room, _: Holding) -> None:
        sea, amy = room.state()["shots"]
        assert (sea["picture"], sea["references"], sea["asked"]) == (None, [], "720x1280")
        assert (amy["asked"], amy["prompt"]) == ("9:16", "Image 1 is carried by Image 2 to Audio 1")
        rows = [(entry["name"], entry["called"]) for entry in amy["references"]]
        assert rows == [("bag", "Image 1"), ("amy", "Image 2"), ("tune", "Audio 1")]
        assert amy["references"][2]["picture"] is None
        for number, colour in enumerate([(0, 0, 255), (255, 0, 0)]):
            address = amy["references"][number]["picture"]
            assert address.startswith(f"/pictures/reference/amy%3A{number}?v=")
            path = await room.picture("reference", f"amy:{number}")
            assert path
            pixel: Any = Image.open(path).convert("RGB").getpixel((20, 20))
            assert all(abs(a - b) < 20 for a, b in zip(pixel, colour, strict=True))
        for other in ("amy:2", "amy:3", "amy:x", "amy", "sea:0", "nobody:0", "../red.png:0"):
            assert await room.picture("reference", other) is None

    do(work)
