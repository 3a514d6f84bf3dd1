"""The file of a journal: opened for its owner alone, brought up to date, written in transactions.

One process writes (the render folder is locked); every commit is on the disk before anything goes
on. A file of another program, or of a later version, stays as it is.
"""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, Broken
from wanx_render.language import tr
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.sql.schema import APPLICATION_ID, MIGRATIONS, VERSION

_OPEN: Counter[Path] = Counter()  # the journals that this process has open

_SELECT = (
    "SELECT attempt.*, clip.name AS clip_name, clip.bytes AS clip_bytes, clip.facts AS clip_facts"
    " FROM attempt"
    " LEFT JOIN clip ON clip.sha256 = attempt.clip"
)


class JournalFile:
    """The SQLite file that all subjects of a journal share."""

    def __init__(self, path: Path) -> None:
        """Open or make the journal, for its owner alone.

        Raises BadInput for a later program's journal or another program's file, which stays as it
        is, and Broken where the journal cannot be used.
        """
        self.path = path.resolve()
        # A file that SQLite has open in this process must not be opened beside it: closing that
        # would let go of the process's locks (POSIX), as SQLite's documentation warns.
        if not _OPEN[self.path]:
            _refuse_foreign(path)
            _for_owner_only(path)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._db.execute(f"PRAGMA {setting}")
            self._migrate()
        except sqlite3.DatabaseError as error:
            message = tr("cannot use the journal {file}: {reason}", file=path, reason=error)
            raise Broken(message) from None
        _OPEN[self.path] += 1

    def close(self) -> None:
        self._db.close()
        _OPEN[self.path] -= 1

    def _set(self, attempt: int, **values: str | int | None) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        with self._write() as db:
            db.execute(
                f"UPDATE attempt SET {columns} WHERE id = ?",  # noqa: S608  # our own column names
                (*values.values(), attempt),
            )

    def _one(self, where: str, *values: str | int) -> Attempt | None:
        return next(self._attempts(f"{where} LIMIT 1", *values), None)

    def _attempts(self, where: str, *values: str | int) -> Iterator[Attempt]:
        rows = self._db.execute(f"{_SELECT} WHERE {where}", values).fetchall()
        return map(_attempt_of, rows)

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise Broken(tr("cannot write the journal: {reason}", reason=error)) from None

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:  # said in the write-ahead log alone
            raise _newer(self.path, version)
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            self._db.executescript(
                # A table that others refer to is made again: checked whole at the end instead.
                f"PRAGMA foreign_keys = OFF; BEGIN; {script} PRAGMA user_version = {number};"
                f" PRAGMA application_id = {APPLICATION_ID}; COMMIT; PRAGMA foreign_keys = ON;"
            )


def _attempt_of(row: sqlite3.Row) -> Attempt:
    return Attempt(
        id=row["id"],
        key=row["key"],
        state=row["state"],
        label=row["label"],
        scope=row["scope"],
        model=row["model"],
        asked_at=datetime.fromisoformat(row["asked_at"]),
        answered_at=_time(row["answered_at"]),
        task_id=row["task_id"],
        code=row["code"],
        message=row["message"],
        expires_at=_time(row["expires_at"]),
        actual_prompt=row["actual_prompt"],
        usage=json.loads(row["usage"]) if row["usage"] else None,
        amount=row["amount"],
        currency=row["currency"],
        request=json.loads(row["request"]),
        clip_name=row["clip_name"],
        clip_sha256=row["clip"],
        clip_bytes=row["clip_bytes"],
        clip_facts=json.loads(row["clip_facts"]) if row["clip_facts"] else None,
        started_at=_time(row["started_at"]),
        ended_at=_time(row["ended_at"]),
        fetched_at=_time(row["fetched_at"]),
        sent_at=_time(row["sent_at"]),
        url=row["url"],
        endpoint=row["endpoint"] or "",
        prepared=json.loads(row["prepared"]) if row["prepared"] else None,
    )


def insert(db: sqlite3.Connection, into: str, **values: str | int | None) -> int:
    """Insert a row; ``into`` is OR IGNORE or OR REPLACE, where that is meant, and the table."""
    marks = ", ".join("?" for _ in values)
    statement = f"INSERT {into} ({', '.join(values)}) VALUES ({marks})"  # noqa: S608  # our own names
    return int(db.execute(statement, tuple(values.values())).lastrowid or 0)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# -- whose file it is ------------------------------------------------------------------------------

_MAGIC = b"SQLite format 3\x00"


def _refuse_foreign(path: Path) -> None:
    """Look at the file's head, without touching it: SQLite itself may write when it opens.

    Raises BadInput for what is not a journal of this or an earlier program.
    """
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        message = tr("cannot read the journal {file}: {reason}", file=path, reason=error.strerror)
        raise Broken(message) from None
    if not head:
        return
    version, owner = (int.from_bytes(head[at : at + 4], "big") for at in (60, 68))
    if not head.startswith(_MAGIC) or owner not in (0, APPLICATION_ID) or (not owner and version):
        raise BadInput(
            Diagnostic(
                "journal-foreign",
                tr("{file} is not a journal of wanx-render; it was left as it is", file=path),
                hint=tr("move it away, or choose another folder with --out"),
            )
        )
    if version > VERSION:
        raise _newer(path, version)


def _newer(path: Path, version: int) -> BadInput:
    return BadInput(
        Diagnostic(
            "journal-newer",
            tr(
                "{file} was written by a newer wanx-render (format {version}; this one reads"
                " {expected}); it was left as it is",
                file=path,
                version=version,
                expected=VERSION,
            ),
            hint=tr("use that version again, or choose another folder with --out"),
        )
    )


def _for_owner_only(path: Path) -> None:
    """The file, readable by its owner alone: it holds addresses of results and task ids."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        message = tr("cannot open the journal {file}: {reason}", file=path, reason=error.strerror)
        raise Broken(message) from None
    for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with suppress(OSError):  # not ours to change, or on a disk that has no modes
            name.chmod(0o600)
