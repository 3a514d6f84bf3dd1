"""The room of a list of two shots."""

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest

from tests.support.rooms import LIST, Do, Work, in_a_room
from wanx_render.board.holding import Holding
from wanx_render.session.environment import Environment
from wanx_render.session.selection import RenderOptions


@pytest.fixture
def file(tmp_path: Path, picture: Callable[..., Path]) -> Path:
    picture("a.png", (300, 400))
    path = tmp_path / "list.yaml"
    path.write_text(LIST, encoding="utf-8")
    return path


@pytest.fixture
def do(file: Path, environ: dict[str, str]) -> Iterator[Do]:
    """Runs something in the room of the list."""

    def run(work: Work) -> None:
        environment = Environment(environ, StringIO(), StringIO())
        in_a_room(Holding(RenderOptions((file,)), environment), work)

    yield run
