"""A change of a list's file: what a shot's or deliverable's key becomes, and when it is written."""

import stat
from pathlib import Path
from typing import Any

import pytest

from wanx_render.errors import BadInput
from wanx_render.shotlist.reading import ListFile
from wanx_render.source.patching import FilePatch

LIST = """\
version: 1
vars: {place: roof}
matrix: {rows: [{animal: cat}, {animal: dog}]}
defaults:
  prompt: A ${animal}
  trim: {start: 1}
shots:
  - &first
    id: 醒来
    caption: at the ${place}
    duration: 5
  - {id: 'leap', prompt: 'It costs $${x}'}
  - <<: *first
    id: next
deliverables: [9:16, {aspect: 3:4}]
"""


def read(folder: Path, text: str = LIST) -> ListFile:
    file = folder / "list.yaml"
    file.write_bytes(text.encode())
    return ListFile.read(file, "list.yaml")


def on_shot(file: ListFile, shot: str, key: str, value: Any) -> FilePatch:
    return file.patch(file.on_shot(file.shot(shot), key, value))


def changed(patch: FilePatch) -> list[str]:
    return [line for line in patch.diff.splitlines()[2:] if line[0] in "+-"]


def reason(file: ListFile, shot: str, key: str, value: Any) -> str:
    with pytest.raises(BadInput) as caught:
        on_shot(file, shot, key, value)
    (problem,) = caught.value.diagnostics
    return str(problem.message)


def test_a_value_is_set_on_the_shot_itself(tmp_path: Path) -> None:
    file = read(tmp_path)
    assert changed(on_shot(file, "leap", "trim", {"start": 1, "end": 2})) == [
        "-  - {id: 'leap', prompt: 'It costs $${x}'}",
        "+  - {id: 'leap', prompt: 'It costs $${x}', trim: {start: 1, end: 2}}",
    ]
    assert changed(on_shot(file, "next", "duration", 3)) == ["+    duration: 3"]
    assert changed(on_shot(file, "next", "trim", None)) == ["+    trim: {}"]
    assert changed(on_shot(file, "next", "duration", None)) == ["+    duration: null"]
    assert changed(on_shot(file, "leap", "trim", {"start": 1})) == []
    with pytest.raises(KeyError):
        file.shot("nobody")


def test_a_text_with_the_sign_of_a_variable_is_read_back_as_it_is(tmp_path: Path) -> None:
    file = read(tmp_path)
    assert changed(on_shot(file, "leap", "prompt", "It costs ${x}")) == []
    assert "prompt: 'now $${y}'" in changed(on_shot(file, "leap", "prompt", "now ${y}"))[1]


def test_what_a_variable_fills_is_refused(tmp_path: Path) -> None:
    file = read(tmp_path)
    assert reason(file, "醒来", "prompt", "x") == "prompt comes from the column 'animal'"
    assert reason(file, "next", "caption", "x") == "caption comes from the variable 'place'"
    assert "anchor" in reason(file, "醒来", "duration", 3)


def test_a_deliverable_that_is_an_aspect_becomes_a_mapping(tmp_path: Path) -> None:
    file = read(tmp_path)
    patch = file.patch([*file.on_deliverable(0, "fps", 30), *file.on_deliverable(1, "fps", 25)])
    new = "+deliverables: [{aspect: 9:16, fps: 30}, {aspect: 3:4, fps: 25}]"
    assert changed(patch)[1] == new
    assert changed(file.patch(file.on_deliverable(1, "aspect", "3:4"))) == []


def test_a_file_keeps_its_mark_its_line_ends_and_its_permissions(tmp_path: Path) -> None:
    file = read(tmp_path, "\ufeffversion: 1\r\nshots:\r\n- id: a\r\n")
    file.file.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(file.file)
    linked = ListFile.read(link, "link.yaml")
    on_shot(linked, "a", "prompt", "猫").save()
    assert file.file.read_bytes().decode() == (
        "\ufeffversion: 1\r\nshots:\r\n- id: a\r\n  prompt: 猫\r\n"
    )
    assert stat.S_IMODE(file.file.stat().st_mode) == 0o640
    assert link.is_symlink()


def test_a_file_that_changed_since_is_left_alone(tmp_path: Path) -> None:
    file = read(tmp_path)
    patch = on_shot(file, "leap", "duration", 3)
    assert patch.token != on_shot(file, "leap", "duration", 4).token
    file.file.write_text("version: 2\n")
    with pytest.raises(BadInput) as caught:
        patch.save()
    assert caught.value.diagnostics[0].code == "list-changed"
    assert file.file.read_text() == "version: 2\n"


def test_a_file_that_may_not_be_written_is_left_alone(tmp_path: Path) -> None:
    file = read(tmp_path)
    patch = on_shot(file, "leap", "duration", 3)
    file.file.chmod(0o444)
    with pytest.raises(BadInput, match=r"cannot write list\.yaml: Permission denied") as caught:
        patch.save()
    assert caught.value.diagnostics[0].code == "list-unwritable"
    assert file.file.read_bytes() == LIST.encode()
