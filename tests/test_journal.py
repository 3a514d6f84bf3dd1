import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from test_task import REQUEST

from wanx_render import journal as journals
from wanx_render.journal import Journal

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def test_an_intent_is_on_the_disk_before_anything_is_known(path: Path) -> None:
    journal = Journal(path)
    journal.intend("key", "wake take 1", REQUEST, NOW)
    again = Journal(path).open_for("key")
    assert again
    assert again.state == "submitting"
    assert again.task_id is None


def test_one_request_has_at_most_one_open_attempt(path: Path) -> None:
    journal = Journal(path)
    first = journal.intend("key", "wake take 1", REQUEST, NOW)
    with pytest.raises(sqlite3.IntegrityError):
        journal.intend("key", "wake take 1", REQUEST, NOW)
    journal.ended(first, "failed", "InternalError", "oh")
    journal.intend("key", "wake take 1", REQUEST, NOW)


def test_a_task_id_belongs_to_one_attempt(path: Path) -> None:
    journal = Journal(path)
    journal.submitted(journal.intend("a", "x", REQUEST, NOW), "task", "request")
    second = journal.intend("b", "y", REQUEST, NOW)
    with pytest.raises(sqlite3.IntegrityError):
        journal.submitted(second, "task", "request")
    again = journal.open_for("b")
    assert again
    assert again.state == "submitting"


def test_a_stored_clip_is_found_by_its_request(path: Path) -> None:
    journal = Journal(path)
    attempt = journal.intend("key", "wake take 1", REQUEST, NOW)
    journal.submitted(attempt, "task", "request")
    assert journal.clip_for("key") is None
    journal.stored(attempt, "aa" * 32, "wake-t1-aaaaaaaa.mp4", 10)
    found = Journal(path).clip_for("key")
    assert found
    assert found.clip_name == "wake-t1-aaaaaaaa.mp4"
    assert found.clip_sha256 == "aa" * 32
    journal.forget_clip("aa" * 32)
    assert journal.clip_for("key") is None


def test_a_state_that_is_not_one_is_refused_by_the_database(path: Path) -> None:
    journal = Journal(path)
    attempt = journal.intend("key", "x", REQUEST, NOW)
    with pytest.raises(sqlite3.IntegrityError):
        journal.ended(attempt, "dreaming")  # type: ignore[arg-type]


def test_the_file_says_whose_it_is(path: Path) -> None:
    Journal(path).close()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone()[0] == len(journals._MIGRATIONS)
    assert db.execute("PRAGMA application_id").fetchone()[0] == 0x57616E58
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    db.close()
