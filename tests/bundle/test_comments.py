"""Files of comments: what is read, what is refused, and that merging is a law."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanx_render.bundle import comments
from wanx_render.bundle.comments import BadComments, Comment, Comments, add, kept, read

ONE: dict[str, Any] = {
    "id": "0a1b2c3d4e", "at": "2026-11-27T10:00:00.000Z", "name": "李明", "text": "太暗了",
    "shot": "wake", "clip": "00112233445566ff", "take": 2, "ms": 1200, "film": "9x16",
    "film_ms": 3200,
}  # fmt: skip


def file(*entries: dict[str, Any], **changes: Any) -> str:
    record = {"format": "wanx-render comments", "version": 1, "project": "roof", "row": ""}
    return json.dumps({**record, "comments": list(entries), **changes}, ensure_ascii=False)


def test_what_a_page_saves_is_read_field_by_field() -> None:
    result = read("\ufeff" + file(ONE) + "\n")
    assert result.project == "roof"
    assert result.comments == {ONE["id"]: Comment(**ONE)}


REFUSED = {
    "no JSON": ("{", "not a file of comments"),
    "another JSON": ('{"comments": []}', "not a file of comments"),
    "a list": ("[1]", "not a file of comments"),
    "deep": ("[" * 100_000, "not a file of comments"),
    "a newer version": (file(ONE, version=2), "version 2; this program reads 1"),
    "a true version": (file(ONE, version=True), "version True"),
    "a time below zero": (file({**ONE, "ms": -1}), "damaged at comments.0.ms"),
    "a time of no number": (file({**ONE, "ms": "1"}), "damaged at comments.0.ms"),
    "a fraction": (file({**ONE, "ms": 1.5}), "damaged at comments.0.ms"),
    "NaN": (file(ONE).replace("1200", "NaN"), "damaged at comments.0.ms"),
    "an id that is a path": (file({**ONE, "id": "../../etc"}), "damaged at comments.0.id"),
    "an id with a line break": (file({**ONE, "id": "0a1b2c3d\n"}), "damaged at comments.0.id"),
    "no name": (file({**ONE, "name": "  "}), "damaged at comments.0.name"),
    "a long text": (file({**ONE, "text": "w" * 2001}), "damaged at comments.0.text"),
    "no date": (file({**ONE, "at": "yesterday"}), "damaged at comments.0.at"),
    "too large": (file(ONE, more="w" * 1_000_001), "larger than 1 MB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_such_file_is_refused_with_words(name: str) -> None:
    text, reason = REFUSED[name]
    with pytest.raises(BadComments) as caught:
        read(text)
    assert reason in caught.value.sentence


def test_characters_that_act_on_a_page_or_terminal_are_blotted_out() -> None:
    text = "<script>alert(1)</script>\u202eevil\x1b[31m\nsecond line"
    entry = read(file({**ONE, "text": text, "name": "a\u2066b"})).comments[ONE["id"]]
    assert entry.text == "<script>alert(1)</script>\ufffdevil\ufffd[31m\nsecond line"
    assert entry.name == "a\ufffdb"


def test_comments_of_another_project_or_row_are_refused_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "list.comments.json"
    with pytest.raises(BadComments, match="project 'roof'; this board shows 'sea'"):
        add(path, file(ONE), "sea")
    with pytest.raises(BadComments, match="open the board with --only a"):
        add(path, file(ONE, row="a"), "roof", "b")
    assert not path.exists()


def test_a_file_that_is_taken_in_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.comments.json"
    assert add(path, file(ONE), "roof")[1] == 1
    before = path.read_bytes()
    assert add(path, file(ONE), "roof")[1] == 0
    assert path.read_bytes() == before
    assert add(path, before.decode(), "roof")[1] == 0  # what a colleague's board keeps


def test_a_comment_that_was_changed_later_is_open_again(tmp_path: Path) -> None:
    path = tmp_path / "list.comments.json"
    add(path, file(ONE), "roof")
    comments.mark(path, ONE["id"], "roof", done=True)
    now = kept(path, "roof")
    assert now.is_done(now.comments[ONE["id"]])
    add(path, file({**ONE, "at": "2026-11-28T10:00:00.000Z", "text": "还是太暗"}), "roof")
    now = kept(path, "roof")
    assert now.comments[ONE["id"]].text == "还是太暗"
    assert not now.is_done(now.comments[ONE["id"]])


def test_a_kept_file_that_is_damaged_is_named_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "list.comments.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(BadComments, match=r"list\.comments\.json: this is not a file"):
        add(path, file(ONE), "roof")
    assert path.read_text(encoding="utf-8") == "{"


entries = st.builds(
    Comment,
    id=st.sampled_from(["0a0a0a0a", "0b0b0b0b", "0c0c0c0c"]),
    at=st.sampled_from(["2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"]),
    name=st.sampled_from(["A", "B"]),
    text=st.sampled_from(["one", "two"]),
    ms=st.none() | st.integers(0, 2),
)
files = st.lists(st.lists(entries, max_size=4), max_size=4)


@given(files, st.randoms())
def test_the_order_and_number_of_files_change_nothing(batches: list[Any], chance: Any) -> None:
    def merged(order: list[Any]) -> Comments:
        result = Comments("roof")
        for batch in order:
            result = result.merged(batch)
        return result

    shuffled = [*batches, *batches]
    chance.shuffle(shuffled)
    assert merged(shuffled).text() == merged(batches).text()
