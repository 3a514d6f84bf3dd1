"""The board says which clip a shot continues, and how long its own part is."""

from io import StringIO
from pathlib import Path

from tests.support.places import ROOT
from tests.support.rooms import in_a_room
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room
from wanx_render.session.environment import Environment
from wanx_render.session.selection import RenderOptions

LIST = f"""\
version: 1
project: on
defaults: {{model: wan2.7-i2v, resolution: 720P, duration: 3, prompt: It goes on}}
shots:
  - {{id: wake, image: {ROOT / "specs" / "frames" / "rooftop.jpg"}}}
  - {{id: leap, continue: {{shot: wake, seconds: 3}}}}
deliverables: [3:4]
"""


def test_a_continued_shot_names_its_source_and_its_own_seconds(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    file = tmp_path / "list.yaml"
    file.write_text(LIST)

    async def work(room: Room, _: Holding) -> None:
        leap = next(card for card in room.state()["shots"] if card["id"] == "leap")
        assert (leap["continues"], leap["first_of"], leap["seconds"]) == ("wake", None, 3)

    in_a_room(Holding(RenderOptions((file,)), Environment(environ, StringIO(), StringIO())), work)
