import json
import os
import shutil
import sqlite3
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.ground.test_task import REQUEST
from wanx_render.backends.base import Recipient
from wanx_render.errors import BadInput, Broken
from wanx_render.planning.journal import Journal
from wanx_render.planning.sql import schema
from wanx_render.planning.sql.attempt_steps import LONGEST_CALL
from wanx_render.task import InputMedia

NOW = datetime(2026, 1, 1, tzinfo=UTC)
S = Recipient("s")


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
    assert db.execute("PRAGMA user_version").fetchone()[0] == len(schema.MIGRATIONS)
    assert db.execute("PRAGMA application_id").fetchone()[0] == 0x57616E58
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    db.close()


# -- who may read it -------------------------------------------------------------------------------


def modes(path: Path) -> set[int]:
    return {stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob(path.name + "*")}


@pytest.mark.parametrize("umask", [0o022, 0o000, 0o077])
def test_a_journal_and_its_side_files_are_its_owner_s_alone(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        journal = Journal(path)
        journal.intend("key", "x take 1", REQUEST, NOW)
        assert len(list(path.parent.glob("journal.sqlite*"))) == 3  # with -wal and -shm
        assert modes(path) == {0o600}
        journal.close()
    finally:
        os.umask(before)
    assert modes(path) == {0o600}


def test_a_journal_that_others_could_read_is_tightened(path: Path) -> None:
    first = Journal(path)
    first.intend("key", "x take 1", REQUEST, NOW)
    for file in path.parent.glob("journal.sqlite*"):
        file.chmod(0o644)
    copy = path.with_name("again")
    copy.mkdir()
    for file in path.parent.glob("journal.sqlite*"):
        shutil.copy(file, copy / file.name)
    first.close()
    for file in copy.iterdir():
        file.chmod(0o644)
    journal = Journal(copy / "journal.sqlite")
    assert journal.attempts() == 1
    assert modes(copy / "journal.sqlite") == {0o600}
    journal.close()


# -- whose file it is ------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir() if p.is_file()}


def newer(path: Path, *, wal: bool) -> None:
    """A journal of a later program, its version in the file or in the write-ahead log alone."""
    Journal(path).close()
    db = sqlite3.connect(path, isolation_level=None)
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
    else:
        db.execute("PRAGMA journal_mode = DELETE")
    db.execute("CREATE TABLE later (x)")
    db.execute("PRAGMA user_version = 9999")
    if not wal:
        db.close()
        return
    kept = path.with_name("kept")
    kept.mkdir()
    for file in path.parent.glob("journal.sqlite*"):
        if not file.name.endswith("-shm"):
            shutil.copy(file, kept / file.name)
    db.close()


def test_a_later_program_s_journal_is_refused_and_stays_as_it_is(path: Path) -> None:
    newer(path, wal=False)
    before = contents(path.parent)
    with pytest.raises(BadInput) as stopped:
        Journal(path)
    assert stopped.value.diagnostics[0].code == "journal-newer"
    assert "9999" in stopped.value.diagnostics[0].message
    assert contents(path.parent) == before


def test_a_later_program_s_journal_is_refused_also_where_only_its_log_says_so(path: Path) -> None:
    newer(path, wal=True)
    folder = path.with_name("kept")
    before = contents(folder)
    assert before["journal.sqlite-wal"][0]
    with pytest.raises(BadInput) as stopped:
        Journal(folder / "journal.sqlite")
    assert stopped.value.diagnostics[0].code == "journal-newer"
    after = contents(folder)
    for name in ("journal.sqlite", "journal.sqlite-wal"):
        assert after[name][0] == before[name][0], name


def foreign(path: Path, kind: str) -> None:
    if kind == "text":
        path.write_text("these are my notes about the film\n" * 10)
    elif kind == "zeros":
        path.write_bytes(bytes(8192))
    elif kind == "short":
        path.write_bytes(b"SQLite")
    elif kind == "random":
        path.write_bytes(os.urandom(5000))
    else:
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE photos (x)")
        db.execute("PRAGMA user_version = 3")
        if kind == "with an owner":
            db.execute("PRAGMA application_id = 1234")
        db.close()


@pytest.mark.parametrize("kind", ["text", "zeros", "short", "random", "of nobody", "with an owner"])
def test_another_program_s_file_is_refused_and_stays_as_it_is(path: Path, kind: str) -> None:
    foreign(path, kind)
    path.with_name("journal.sqlite-wal").write_bytes(b"a log of theirs")
    before = contents(path.parent)
    with pytest.raises(BadInput) as stopped:
        Journal(path)
    assert stopped.value.diagnostics[0].code == "journal-foreign"
    assert contents(path.parent) == before


def test_an_adopted_task_no_longer_says_how_its_answer_was_lost(path: Path) -> None:
    journal = Journal(path)
    number = journal.intend("k", "x take 1", REQUEST, NOW)
    journal.uncertain(number, NOW, "NoAnswer", "no answer")
    journal.adopted(number, "task-1")
    adopted = journal.attempt(number)
    assert adopted
    assert (adopted.state, adopted.task_id) == ("submitted", "task-1")
    assert (adopted.code, adopted.message) == (None, None)


def test_a_damaged_journal_is_a_sentence(path: Path) -> None:
    journal = Journal(path)
    for number in range(50):
        journal.intend(str(number), "x take 1", REQUEST, NOW)
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + os.urandom(len(whole) - 100))
    with pytest.raises(Broken, match="cannot use the journal"):
        Journal(path)


# -- journals of older programs --------------------------------------------------------------------


def of_version(path: Path, version: int) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    for number, script in enumerate(schema.MIGRATIONS[:version], 1):
        db.executescript(f"{script} PRAGMA user_version = {number};")
    return db


def attempt(db: sqlite3.Connection, version: int, key: str, state: str, **more: str) -> None:
    """A row as a program of that format wrote it; its request was sent."""
    row = {"key": key, "state": state, "label": "one take 1", "asked_at": NOW.isoformat(), **more}
    row["request"] = json.dumps(REQUEST.record(), ensure_ascii=False)
    if version > 1:
        row |= {"scope": "mock", "model": REQUEST.model}
    if version > 7:
        row["sent_at"] = NOW.isoformat()
    marks = ", ".join("?" * len(row))
    insert = f"INSERT INTO attempt ({', '.join(row)}) VALUES ({marks})"  # noqa: S608  # our names
    db.execute(insert, tuple(row.values()))


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_a_journal_of_every_older_format_keeps_what_was_paid(path: Path, version: int) -> None:
    db = of_version(path, version)
    db.execute("INSERT INTO clip (sha256, name, bytes) VALUES ('aa', 'one-t1-aa.mp4', 10)")
    attempt(db, version, "k", "succeeded", task_id="t", amount="0.72", currency="CNY", clip="aa")
    attempt(db, version, "k2", "submitting")
    attempt(db, version, "k3", "submitted", task_id="t3")
    attempt(db, version, "k4", "failed", task_id="t4")
    attempt(db, version, "k5", "refused")
    db.close()
    journal = Journal(path)
    paid = journal.clip_for("k")
    assert paid
    assert (paid.clip_name, paid.amount, paid.task_id) == ("one-t1-aa.mp4", "0.72", "t")
    assert journal.paid() == {"CNY": Decimal("0.72")}
    assert sum((paid["CNY"] for paid in journal.paid_by_row().values()), Decimal(0)) == Decimal(
        "0.72"
    )
    assert [attempt.state for attempt in journal.every()] == [
        "succeeded", "submitting", "submitted", "failed", "refused",
    ]  # fmt: skip
    # What an older program left on its way may have been sent, and is in doubt.
    journal.interrupted("mock", NOW + timedelta(hours=1))
    left = journal.open_for("k2")
    assert left
    assert left.state == "uncertain"
    assert journal._db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert journal._db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    journal.close()


def test_a_migration_that_was_killed_is_done_again(path: Path) -> None:
    db = of_version(path, 3)
    db.execute("BEGIN")
    db.execute("ALTER TABLE clip ADD COLUMN facts TEXT")  # and nobody commits
    for file in list(path.parent.glob("journal.sqlite*")):
        shutil.copy(file, path.with_name("copy-" + file.name))
    db.close()
    Journal(path.with_name("copy-journal.sqlite")).close()


# -- what a killed run left ------------------------------------------------------------------------


def test_what_was_never_sent_is_free_and_what_was_being_sent_is_in_doubt(path: Path) -> None:
    journal = Journal(path)
    never = journal.intend("never", "a take 1", REQUEST, NOW, recipient=S)
    sent = journal.intend("sent", "b take 1", REQUEST, NOW, recipient=S)
    journal.sending(sent, NOW + timedelta(seconds=1))
    again = journal.intend("again", "c take 1", REQUEST, NOW, recipient=S)
    journal.sending(again, NOW)
    journal.asked_again(again, NOW + timedelta(seconds=30))  # nothing was accepted; not sent again
    there = journal.intend("there", "d take 1", REQUEST, NOW, recipient=S)
    journal.submitted(there, "t", "r")
    other = journal.intend(
        "other", "e take 1", REQUEST, NOW, recipient=Recipient("another account")
    )
    journal.sending(other, NOW)
    assert {attempt.id for attempt in journal.in_doubt("s")} == {sent}
    journal.interrupted("s", NOW + timedelta(hours=5))
    states = {attempt.key: attempt.state for attempt in journal.every()}
    assert states == {
        "never": "released", "sent": "uncertain", "again": "released", "there": "submitted",
        "other": "submitting",
    }  # fmt: skip
    found = journal.open_for("sent")
    assert found
    assert found.answered_at == NOW + timedelta(seconds=1) + LONGEST_CALL
    assert {attempt.id for attempt in journal.in_doubt("s")} == {sent}
    before = journal.every()
    journal.interrupted("s", NOW + timedelta(hours=6))
    assert journal.every() == before
    assert never != sent


def test_a_slow_clock_ends_no_request_before_it_was_sent(path: Path) -> None:
    journal = Journal(path)
    journal.sending(journal.intend("key", "a take 1", REQUEST, NOW, recipient=S), NOW)
    journal.interrupted("s", NOW - timedelta(hours=1))
    attempt = journal.open_for("key")
    assert attempt
    assert attempt.answered_at == NOW + LONGEST_CALL


def test_several_requests_of_one_model_may_be_in_doubt(path: Path) -> None:
    journal = Journal(path)
    for key in ("a", "b", "c"):
        journal.sending(journal.intend(key, f"{key} take 1", REQUEST, NOW, recipient=S), NOW)
    assert len(journal.in_doubt("s")) == 3
    assert journal.in_doubt("another") == ()


# -- one picture in other bytes --------------------------------------------------------------------


def test_pictures_of_the_same_pixels_count_as_the_first(path: Path) -> None:
    journal = Journal(path)
    assert journal.picture("sha256:a", "pixels") == "sha256:a"
    assert journal.picture("sha256:b", "pixels") == "sha256:a"
    assert journal.picture("sha256:c", "others") == "sha256:c"
    assert journal.picture("sha256:b", "pixels") == "sha256:a"
    assert journal.same_pictures() == {"sha256:b": "sha256:a"}
    assert journal.pixels_known("sha256:b")
    assert not journal.pixels_known("sha256:d")
    journal.same_picture("clip:x:last", "sha256:a")
    journal.same_picture("clip:x:last", "sha256:c")  # the first word stays
    assert journal.same_pictures()["clip:x:last"] == "sha256:a"


def test_a_picture_that_was_asked_for_keeps_the_name_it_was_paid_by(path: Path) -> None:
    # Two files of the same pixels, both paid for by an older program under their own names.
    journal = Journal(path)
    assert journal.picture("sha256:a", "pixels") == "sha256:a"
    second = replace(REQUEST, image=InputMedia("sha256:b"), last_image=InputMedia("sha256:c"))
    journal.intend("key", "x take 1", second, NOW)
    assert journal.picture("sha256:b", "pixels") == "sha256:b"
    assert journal.picture("sha256:c", "pixels") == "sha256:c"
    assert journal.same_pictures() == {}
    assert journal.pictures_asked() == {"sha256:b", "sha256:c"}
    assert journal.picture("sha256:d", "pixels") == "sha256:a"
