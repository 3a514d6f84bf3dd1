"""The shortest walk through the board in a real browser; ``test_page.py`` has the long ones."""

import sqlite3
from pathlib import Path

import pytest

from tests.support.boards import CHROMIUM, board, render_all, until_idle, watched
from tests.support.media import facts
from tests.support.process import project


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_a_list_is_rendered_by_a_click_and_its_take_is_shown(tmp_path: Path) -> None:
    folder = project(tmp_path / "work")
    with watched(tmp_path) as seen, board(folder) as served:
        page = seen.page(served.address)
        assert page.inner_text("#shot-name") == "one"
        render_all(page)
        until_idle(page)
        page.wait_for_selector("video")
        assert seen.said == []
        assert seen.hosts == {served.origin.removeprefix("http://")}
    out = folder / "renders" / "small"
    with sqlite3.connect(out / "journal.sqlite") as journal:
        assert journal.execute("SELECT count(*) FROM attempt").fetchone() == (1,)
    assert facts(out / "film.mp4").frames == 90
