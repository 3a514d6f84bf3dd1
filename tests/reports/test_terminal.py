"""What a run shows: lines, JSON, and the display on a terminal as it really looks."""

import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image
from rich.cells import cell_len
from rich.console import Console

from tests.support.places import ROOT
from tests.support.screen import screen
from tests.support.virtual import ManualClock
from wanx_render.catalog.capabilities import Catalog
from wanx_render.events import Event, Kind
from wanx_render.planning import plan
from wanx_render.planning.plan import Plan
from wanx_render.reports import terminal
from wanx_render.reports.live import Board, scrolled
from wanx_render.reports.terminal import Stage
from wanx_render.timing import show_duration
from wanx_render.validation.load import load

LIST = """\
version: 1
project: small
budget: {max_cost: 60 CNY}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
SHOTS
deliverables:
  - {name: vertical, aspect: 9:16, size: 90x160}
  - {name: poster, aspect: 3:4, size: 90x120}
"""
HOSTILE = "\x1b[2J\x1b]0;owned\x07 \r\nshot nine: done \u202egnp.elif 一只猫在屋顶醒来"


def written(folder: Path, shots: int = 2) -> Path:
    Image.new("RGB", (450, 800), "#884422").save(folder / "a.png")
    lines = [f"  - {{id: shot-{n}, image: a.png, prompt: 猫 {n}}}" for n in range(1, shots + 1)]
    (folder / "list.yaml").write_text(LIST.replace("SHOTS", "\n".join(lines)))
    return folder / "list.yaml"


@pytest.fixture
def planned(tmp_path: Path, catalog: Catalog) -> Callable[[int], Plan]:
    def make(shots: int) -> Plan:
        loaded = load(written(tmp_path, shots), catalog)
        return plan.make(loaded.shots, "mock", loaded.media, catalog)

    return make


class Show:
    """A board on a terminal of a given size, without the terminal."""

    def __init__(self, made: Plan, *, pace: int = 1, limit: str | None = "60") -> None:
        self.clock = ManualClock()
        money = Decimal(limit) if limit else None
        self.board = Board(Stage(made, self.clock, money, pace))

    def note(self, kind: Kind, shot: str = "shot-1", **fields: object) -> None:
        take = None if "deliverable" in fields and "take" not in fields else 1
        event = Event(kind, shot=shot if take else None, take=take)
        self.board.note(replace(event, **fields))  # type: ignore[arg-type]  # any field

    def lines(self, width: int = 80, height: int = 24) -> list[str]:
        console = Console(
            file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None
        )
        console.print(self.board)
        return str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]  # StringIO


def test_a_line_for_each_take_at_work_shows_state_age_rest_and_polls(
    planned: Callable[[int], Plan],
) -> None:
    show = Show(planned(3))
    show.note("submitted", spent="0.72")
    show.note("pending", polls=1, seconds_left=120.0)
    show.note("waiting", shot="shot-3", text="for the last frame of shot-1")
    show.clock.advance(30)
    show.note("running", shot="shot-2", polls=2, seconds_left=90.0)
    show.clock.advance(15)
    head, *rows = show.lines()
    assert head.split() == [
        "MOCK", *re.findall("━+", head), "0%", "0/3", "clips", "0/2", "files", "0:45",
        "0.72", "of", "60.00", "CNY",
    ]  # fmt: skip
    assert [re.split(r"\s{2,}", row.strip()) for row in rows] == [
        ["shot-2 take 1", "running", "0:15", "about 1:15 left", "2 queries"],
        ["shot-1 take 1", "queued", "0:45", "then about 2:00", "1 query"],
        ["shot-3 take 1", "waiting", "0:45", "for the last frame of shot-1"],
    ]


def test_a_look_at_a_task_changes_its_count_and_its_rest_alone(
    planned: Callable[[int], Plan],
) -> None:
    show = Show(planned(1), pace=60)
    show.note("running", polls=1, seconds_left=600.0)
    show.clock.advance(4)
    assert "about 0:06 left" in show.lines()[1]
    show.note("polled", polls=2, seconds_left=30.0)
    row = show.lines()[1]
    assert "running" in row
    assert "almost done" in row
    assert "2 queries" in row
    show.note("polled", polls=3)
    assert "longer than usual" in show.lines()[1]


@pytest.mark.parametrize("width", [20, 40, 63, 64, 80, 200])
@pytest.mark.parametrize("height", [5, 12, 50])
def test_the_display_never_leaves_the_screen(
    planned: Callable[[int], Plan], width: int, height: int
) -> None:
    show = Show(planned(30), limit="123456")
    for number in range(1, 31):
        kind: Kind = "running" if number % 3 else "waiting"
        show.note(kind, f"shot-{number}", polls=number, seconds_left=9999.0, text=HOSTILE)
    lines = show.lines(width, height)
    assert len(lines) < height
    assert max(cell_len(line) for line in lines) <= width
    assert ("  and " in lines[-1]) == (height < 50)
    if height == 12 and width == 80:
        assert lines[-1] == "  and 11 running, 10 waiting"
        assert all("running" in line for line in lines[1:-1])


def test_the_bar_is_full_when_everything_is_there_and_never_goes_back(
    planned: Callable[[int], Plan],
) -> None:
    show, seen = Show(planned(2)), []
    percent = lambda: int(re.findall(r"(\d+)%", "".join(show.lines()))[0])  # noqa: E731
    for number in (1, 2):
        show.note("clip", f"shot-{number}")
        for name in ("vertical", "poster"):
            show.note("segment", f"shot-{number}", take=None, deliverable=name)
            seen.append(percent())
    assert "fitting" in "".join(show.lines())
    for name in ("vertical", "poster"):
        show.note("joining", deliverable=name)
        assert "joining" in "".join(show.lines())
        show.note("deliverable", deliverable=name)
        seen.append(percent())
    assert seen == sorted(seen)
    assert seen[0] < 30
    assert seen[-1] == 100
    assert "2/2 clips" in "".join(show.lines())
    assert "2/2 files" in "".join(show.lines())


def test_a_narrow_terminal_says_the_same_in_fewer_words(planned: Callable[[int], Plan]) -> None:
    show = Show(planned(2), limit="20")
    show.note("submitted", "rooftop-chase", spent="1.44")
    show.note("running", "rooftop-chase", polls=3, seconds_left=70.0)
    show.note("waiting", "last", text="for the last frame of rooftop-chase")
    _, facts, first, second = show.lines(40)
    assert facts == "0/2 clips  0/2  0:00  1.44 of 20.00 CNY"
    assert first.split() == ["rooftop-chase", "t1", "running", "0:00", "~1:10"]
    assert second.split() == ["last", "t1", "waiting", "0:00"]


def test_without_a_budget_the_cost_stands_alone(planned: Callable[[int], Plan]) -> None:
    show = Show(planned(1), limit=None)
    show.note("submitted", spent="0.72")
    assert show.lines()[0].endswith("0.72 CNY")


@pytest.mark.parametrize("kind", ["clip", "failed", "warning", "broken", "uncertain", "start"])
def test_nothing_that_is_said_moves_the_cursor_or_begins_a_line(kind: Kind) -> None:
    text = scrolled(Event(kind, HOSTILE, "shot", 1))
    assert text is not None
    stream = io.StringIO()
    Console(file=stream, width=200, force_terminal=True).print(text)
    left = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())
    assert len(left.splitlines()) == 1
    assert left.rstrip("\n").isprintable()
    stream = io.StringIO()
    terminal.plain(stream)(Event(kind, HOSTILE, "shot", 1))
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().rstrip("\n").isprintable()
    assert "一只猫" in stream.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (-3, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (725, "12:05"), (3725, "1:02:05")],
)
def test_a_duration_is_written_as_people_do(seconds: float, text: str) -> None:
    assert show_duration(seconds) == text


def test_lines_leave_out_the_looks_at_a_task() -> None:
    stream = io.StringIO()
    emit = terminal.plain(stream)
    emit(Event("running", shot="a", take=1, task_id="t", polls=1))
    emit(Event("polled", shot="a", take=1, task_id="t", polls=2))
    assert stream.getvalue() == "a take 1: running, task t\n"


def test_a_json_line_has_what_is_known_and_nothing_else() -> None:
    stream = io.StringIO()
    emit = terminal.json_lines(stream, ManualClock())
    emit(Event("polled", shot="a", take=1, polls=2, seconds_left=1.5))
    emit(Event("start", "words", facts={"limit": None, "takes": 2}))
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first == {
        "time": "2026-01-01T00:00:00.000+00:00", "event": "polled", "shot": "a", "take": 1,
        "polls": 2, "seconds_left": 1.5,
    }  # fmt: skip
    assert second["limit"] is None
    assert second["takes"] == 2


def test_every_kind_and_field_of_an_event_is_documented() -> None:
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    for kind in get_args(Kind):
        assert f"| `{kind}` |" in text, kind
    for field in ("time", "event", *(f for f in Event.__slots__ if f not in ("kind", "facts"))):
        assert f"`{field}`" in text, field


needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
COMMAND = f"{sys.executable} -m wanx_render list.yaml; echo code=$?"


@needs_tmux
@pytest.mark.parametrize(("columns", "rows"), [(80, 14), (200, 40)])
def test_a_run_on_a_real_terminal(tmp_path: Path, columns: int, rows: int) -> None:
    written(tmp_path)
    with screen(tmp_path, columns, rows) as tty:
        tty.type("clear; " + COMMAND)
        seen = tty.wait(lambda text: "/2 clips" in text and "shot-1 take 1  " in text)
        assert "MOCK" in seen
        end = tty.wait(lambda text: "code=0" in text)
        assert tty.shows_cursor
    assert "✓ shot-1 take 1: done, " in end
    assert "✓ vertical: delivered, 90x160" in end
    assert "/2 clips" not in end  # the display is gone, what was done has scrolled by
    assert "MOCK: done: 2 shots, 2 deliverables, 1.44 CNY this run" in end.replace("\n", "")
    assert max(cell_len(line) for line in end.splitlines()) <= columns


@needs_tmux
def test_ctrl_c_leaves_the_terminal_sane_and_says_how_to_go_on(tmp_path: Path) -> None:
    written(tmp_path, 6)
    with screen(tmp_path, 40, 10, {"NO_COLOR": "1"}) as tty:
        tty.type("clear; " + COMMAND)
        tty.wait(lambda text: "/6 clips" in text and "running" in text)
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", tty.text(styled=True))
        tty.press("C-c")
        end = tty.wait(lambda text: "code=130" in text)
        assert tty.shows_cursor
        assert "Run the same command again" in " ".join(end.split())
        assert "Traceback" not in end
        tty.type("clear; stty -a | tr ';' '\\n'")
        assert re.search(r"(?<!-)\becho\b", tty.wait(lambda text: "echo " in text))
