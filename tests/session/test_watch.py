"""``render --watch``: what a save brings about, and what it never does without leave."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from PIL import Image

from tests.support.screen import screen
from wanx_render.session.environment import Environment
from wanx_render.session.selection import RenderOptions
from wanx_render.session.watch_saves import Watching, named, prints

LIST = """\
version: 1
project: small
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: first}
deliverables:
  - {aspect: 9:16, size: 90x160}
"""


class Enough(Exception):
    """The steps end."""


class Desk:
    """Somebody at an editor and a terminal; each step happens while the program waits."""

    def __init__(self, folder: Path, environ: dict[str, str], *, yes: bool = False) -> None:
        self.folder, self.file = folder, folder / "list.yaml"
        Image.new("RGB", (450, 800), "#884422").save(folder / "a.png")
        self.write(LIST)
        self.out, self.err = StringIO(), StringIO()
        self.steps: list[Callable[[], str | None]] = []
        options = RenderOptions((self.file,), yes=yes)
        environment = Environment(environ, self.out, self.err)
        self.watching = Watching(options, environment, self.sleep, self.answer)
        self.ticks = 0

    def write(self, text: str) -> None:
        """As editors save: a new file in the place of the old one."""
        part = self.folder / ".list.swp"
        part.write_text(text, encoding="utf-8")
        part.replace(self.file)

    def change(self, old: str, new: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.write(text.replace(old, new))

    def sleep(self, seconds: float) -> None:
        """Time passes; after a while of it the next step is done."""
        assert 0 < seconds <= 1
        self.ticks += 1
        if self.ticks % 3 == 0:
            if not self.steps:
                raise Enough
            self.steps.pop(0)()

    def answer(self) -> str | None:
        """What is typed: only where the next step is to type."""
        if not self.asked or not self.steps or self.steps[0].__name__ != "typed":
            return None
        return self.steps.pop(0)()

    @property
    def asked(self) -> bool:
        return bool(re.search(r"Type [0-9.]+ CNY to spend it: $", self.err.getvalue()))

    def output(self, *steps: Callable[[], str | None]) -> str:
        """All that was said until the steps were done and nothing more happened."""
        self.steps = list(steps)
        with pytest.raises(Enough):
            self.watching.run()
        return self.err.getvalue()

    def asked_for(self) -> int:
        manifest = self.folder / "renders" / "small" / "manifest.json"
        if not manifest.exists():
            return 0
        shots = json.loads(manifest.read_text())["shots"]
        return sum(take["state"] == "succeeded" for shot in shots for take in shot["takes"])


def typing(text: str) -> Callable[[], str]:
    def typed() -> str:
        return text

    return typed


@pytest.fixture
def desk(tmp_path: Path, environ: dict[str, str]) -> Desk:
    return Desk(tmp_path, environ)


def test_nothing_is_spent_before_the_price_is_typed(desk: Desk) -> None:
    output = desk.output(typing("0.71 CNY"))
    assert "MOCK, play money: 1 take costs 0.72 CNY" in output
    assert "not confirmed; nothing was sent" in output
    assert desk.asked_for() == 0
    assert not list((desk.folder / "renders" / "small" / "clips").iterdir())


def test_what_is_free_is_made_at_once_and_what_costs_is_asked_for(desk: Desk) -> None:
    output = desk.output(
        typing("0.72 CNY"),
        lambda: desk.change("90x160", "180x320"),
        lambda: desk.change("prompt: first", "prompt: first, takes: 2"),
        typing("no"),
    )
    assert desk.asked_for() == 1
    assert output.count("one take 1: submitted") == 1
    assert "9x16: delivered, 90x160" in output
    assert "9x16: delivered, 180x320" in output
    asked = output.rpartition("delivered")[2]  # finished first, then asked for the second take
    assert "Type 0.72 CNY to spend it: not confirmed" in asked
    assert "1 of 2 takes are not generated yet" in asked


@pytest.mark.proof
def test_a_save_takes_the_question_back(desk: Desk) -> None:
    output = desk.output(lambda: desk.change("duration: 3", "duration: 4"), typing("0.96 CNY"))
    assert "Type 0.72 CNY to spend it: \nsaved again; nothing was sent" in output
    assert "Type 0.96 CNY" in output
    assert desk.asked_for() == 1


def test_problems_are_reported_and_the_next_save_is_waited_for(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    desk = Desk(tmp_path, environ, yes=True)
    half = LIST[: LIST.index("deliverables")].rstrip()[:-5]
    output = desk.output(
        lambda: desk.write(half),
        lambda: desk.write(LIST.replace("a.png", "b.png")),
        lambda: Image.new("RGB", (450, 800), "#224488").save(desk.folder / "b.png"),
    )
    assert re.search(r"list\.yaml:\d+:\d+: error\[yaml", output)
    assert "error[image-missing]" in output
    assert output.count("one take 1: submitted") == 2  # the picture that came was enough
    assert output.count("watching") == 4


@pytest.mark.proof
def test_a_save_during_a_run_is_not_missed(tmp_path: Path, environ: dict[str, str]) -> None:
    desk = Desk(tmp_path, environ, yes=True)
    write = desk.err.write

    def writes(text: str) -> int:
        if "joining" in text and "180x320" not in desk.file.read_text():
            desk.change("90x160", "180x320")
        return write(text)

    desk.err.write = writes  # type: ignore[method-assign]  # an editor at just that moment
    output = desk.output()
    assert "delivered, 90x160" in output
    assert "delivered, 180x320" in output


@pytest.mark.proof
def test_choices_and_pictures_are_watched_too(tmp_path: Path, environ: dict[str, str]) -> None:
    desk = Desk(tmp_path, environ, yes=True)
    picks = tmp_path / "list.picks.yaml"
    output = desk.output(
        lambda: picks.write_text("version: 1\nshots:\n  one: {focus: [0.1, 0.9]}\n") and None,
        lambda: Image.new("RGB", (450, 800), "#118811").save(desk.folder / "a.png"),
    )
    assert output.count("watching") == 3
    assert output.count("one take 1: submitted") == 2


@pytest.mark.proof
def test_a_budget_still_lets_through_what_is_free(desk: Desk) -> None:
    output = desk.output(
        typing("0.72 CNY"),
        lambda: desk.change("90x160", "180x320"),
        lambda: desk.change("project: small", "project: small\nbudget: {max_cost: 0.5 CNY}"),
        lambda: desk.change("prompt: first", "prompt: first, takes: 2"),
    )
    assert "delivered, 180x320" in output
    assert "error: the run costs 0.72 CNY, over the list's budget" in output
    assert desk.asked_for() == 1


def test_a_list_names_its_files_even_where_it_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "list.yaml"
    file.write_text(
        "shots:\n  - {id: 7, image: a.png, audio: b.wav, prompt: c.png, x: d.png}\n"
        "  - {id: e, clip: e.mkv, look: f.cube, overlay: {image: g.png}}\n  - {still: h.png}\n"
    )
    names = {path.name for path in named(file)}
    assert names == {"a.png", "b.wav", "e.mkv", "f.cube", "g.png", "h.png"}
    file.write_text("shots: [")
    assert list(named(file)) == []
    assert list(named(tmp_path / "none.yaml")) == []


def test_a_file_that_was_replaced_by_an_equal_one_is_a_save(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    before = prints([file])
    twin = tmp_path / "b"
    twin.write_text("1")
    os.utime(twin, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    twin.replace(file)
    assert prints([file]) != before
    file.unlink()
    assert prints([file]) == {file: None}


@pytest.mark.proof
@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_watching_on_a_real_terminal(tmp_path: Path) -> None:
    Image.new("RGB", (450, 800), "#884422").save(tmp_path / "a.png")
    (tmp_path / "list.yaml").write_text(LIST)
    with screen(tmp_path, 80, 24) as tty:
        tty.type(f"clear; {sys.executable} -m wanx_render render list.yaml --watch; echo code=$?")
        tty.wait(lambda text: "Type 0.72 CNY to spend it:" in text)
        tty.type("0.72 CNY")
        tty.wait(lambda text: "watching list.yaml" in text)
        (tmp_path / "list.yaml").write_text(LIST.replace("90x160", "180x320"))
        tty.wait(lambda text: "180x320" in text and text.count("watching list.yaml") == 2)
        tty.press("C-c")
        end = tty.wait(lambda text: "code=130" in text)
        assert tty.shows_cursor
    assert "Traceback" not in end
    assert "Fatal" not in end
