"""The picture of the rooms is drawn from the code: floors, windows, dots and words."""

import sys
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.places import ROOT

sys.path.append(str(ROOT / "benchmarks"))  # last: tests have modules of the same names
import rooms
from house import House

SVG = "{http://www.w3.org/2000/svg}"
FILES = {
    "tests/project/test_layers.py": 'FLOORS = (("cli",), ("tasks", "reports"), ("ground",))\n',
    "wanx_render/__init__.py": '"""What all use. The rest."""\n',
    "wanx_render/cli.py": '"""Argv in."""\nfrom wanx_render.tasks import submit, poll\n',
    "wanx_render/errors.py": "",
    "wanx_render/tasks/__init__.py": '"""Sent <once>."""\n',
    "wanx_render/tasks/submit.py": "from wanx_render.errors import Refused\n",
    "wanx_render/tasks/poll.py": "from wanx_render.tasks import submit\n",
    "wanx_render/reports/__init__.py": '"""What people see: text & pages. And more."""\n',
    "wanx_render/reports/live.py": "",
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return House(tmp_path)


def test_floors_are_the_rows_of_the_layer_test_and_imports_count_between_rooms(
    house: House,
) -> None:
    floors = rooms.floors(house)
    assert [[room.name for room in level] for level in floors] == [
        ["cli"],
        ["tasks", "reports"],
        ["ground"],
    ]
    (cli,), (tasks, reports), _ = floors
    assert (cli.modules, tasks.modules, reports.modules) == (1, 2, 1)
    assert (dict(cli.uses), dict(tasks.uses)) == ({"tasks": 2}, {"ground": 1})
    assert reports.summary == "What people see: text & pages"


def test_the_picture_has_a_window_for_each_module_and_a_dot_for_each_use(house: House) -> None:
    text = rooms.picture(rooms.floors(house))
    root = ElementTree.fromstring(text)  # noqa: S314
    by_class = [node.get("class") for node in root.iter()]
    assert by_class.count("window") == 5
    assert by_class.count("dot") == 2
    words = [node.text for node in root.iter(f"{SVG}text")]
    assert {"tasks", "Sent <once>", "What people see: text & pages"} <= set(words)
    assert text == rooms.picture(rooms.floors(house))


def test_the_list_replaces_the_one_of_the_page(house: House) -> None:
    page = f"# Page\n\n{rooms.BEGIN}\nold\n{rooms.END}\nafter\n"
    lines = rooms.page(page, rooms.floors(house)).splitlines()
    assert lines[0] == "# Page"
    assert "| `tasks` | 2 | Sent <once>. |" in lines
    assert lines[-1] == "after"
    assert "old" not in lines


@cache
def ours() -> House:
    return House(ROOT)


def test_what_a_room_is_for_fits_into_its_box() -> None:
    for level in rooms.floors(ours()):
        for room in level:
            lines = rooms.lines_of(room, rooms.width_of(level))
            assert " ".join(lines) == room.summary, f"shorten the first sentence of {room.name}"


def test_the_picture_and_the_page_show_the_rooms_of_today() -> None:
    for path, text in rooms.drawn(ours()).items():
        assert path.read_text("utf-8") == text, "run: uv run python benchmarks/rooms.py"
