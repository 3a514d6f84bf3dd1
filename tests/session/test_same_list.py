"""The same list under several names is one list."""

import json
from pathlib import Path

import pytest

from tests.support.process import project, wanx


def records(folder: Path, *arguments: str) -> list[dict[str, object]]:
    done = wanx(folder, *arguments, "--json")
    assert done.code == 0, done.text
    return [json.loads(line) for line in done.out.splitlines()]


@pytest.mark.proof
def test_a_list_given_by_five_names_is_rendered_once(tmp_path: Path) -> None:
    folder = project(tmp_path / "work")
    (folder / "link.yaml").symlink_to("list.yaml")
    (tmp_path / "door").symlink_to("work")
    names = ("list.yaml", "./list.yaml", str(folder / "list.yaml"), "link.yaml",
             "../door/list.yaml")  # fmt: skip
    events = records(folder, *names)
    assert events[-1]["event"] == "summary"
    assert events[-1]["takes"] == {"succeeded": 1}
    assert (folder / "renders/small/film.mp4").is_file()
    assert not (folder / "renders/index.html").exists()  # which only several lists have


@pytest.mark.proof
def test_several_lists_are_each_taken_once(tmp_path: Path) -> None:
    project(tmp_path)
    text = (tmp_path / "list.yaml").read_text(encoding="utf-8")
    (tmp_path / "other.yaml").write_text(text.replace("small", "other"), encoding="utf-8")
    done = wanx(tmp_path, "other.yaml", "list.yaml", "./other.yaml")
    assert done.code == 0, done.text
    films = [line for line in done.out.decode().split() if line.endswith(".mp4")]
    assert sorted(films) == ["renders/other/film.mp4", "renders/small/film.mp4"]


@pytest.mark.proof
@pytest.mark.parametrize("command", ["plan", "validate", "report"])
def test_other_commands_take_it_once_too(command: str, tmp_path: Path) -> None:
    project(tmp_path)
    wanx(tmp_path, "list.yaml")
    once = wanx(tmp_path, command, "list.yaml")
    assert wanx(tmp_path, command, "list.yaml", "./list.yaml") == once


def test_copies_are_lists_of_their_own(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "copy.yaml").write_bytes((tmp_path / "list.yaml").read_bytes())
    done = wanx(tmp_path, "list.yaml", "copy.yaml")
    assert (done.code, "project-twice" in done.text) == (2, True)
