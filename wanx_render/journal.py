"""What was asked and paid for: SQLite, the only truth about tasks; the only module that speaks SQL.

An intent is committed before the request leaves, the task id as soon as it is known. One process
writes (the render folder is locked); every commit is on the disk before anything goes on.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from wanx_render.backends.base import Succeeded
from wanx_render.task import TaskRequest

APPLICATION_ID = 0x57616E58  # "WanX"

State = Literal["submitting", "submitted", "succeeded", "failed", "lost", "refused"]

_MIGRATIONS = (
    """
    CREATE TABLE attempt (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN
            ('submitting', 'submitted', 'succeeded', 'failed', 'lost', 'refused')),
        label TEXT NOT NULL,
        request TEXT NOT NULL,
        asked_at TEXT NOT NULL,
        task_id TEXT UNIQUE,
        request_id TEXT,
        ended_at TEXT,
        code TEXT,
        message TEXT,
        actual_prompt TEXT,
        usage TEXT,
        amount TEXT,
        currency TEXT,
        clip TEXT REFERENCES clip (sha256)
    ) STRICT;
    CREATE INDEX attempt_key ON attempt (key);
    CREATE UNIQUE INDEX attempt_open ON attempt (key) WHERE state IN ('submitting', 'submitted');
    CREATE TABLE clip (
        sha256 TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        bytes INTEGER NOT NULL
    ) STRICT;
    """,
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One create call and what became of it."""

    id: int
    key: str
    state: State
    label: str
    task_id: str | None
    code: str | None
    message: str | None
    actual_prompt: str | None
    usage: dict[str, Any] | None
    amount: str | None
    currency: str | None
    request: dict[str, Any]
    clip_name: str | None
    clip_sha256: str | None


class Journal:
    """The journal of one render folder."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._db.execute(f"PRAGMA {setting}")
        self._migrate()

    def close(self) -> None:
        self._db.close()

    def clip_for(self, key: str) -> Attempt | None:
        """The newest attempt at the request ``key`` that left a clip."""
        return self._one("key = ? AND clip IS NOT NULL ORDER BY attempt.id DESC", key)

    def open_for(self, key: str) -> Attempt | None:
        """The attempt at ``key`` that may still be running at the service."""
        return self._one("key = ? AND state IN ('submitting', 'submitted')", key)

    def latest(self, label: str) -> Attempt | None:
        """The newest attempt at the take called ``label``, whatever it asked for."""
        return self._one("label = ? ORDER BY attempt.id DESC", label)

    def attempts(self) -> int:
        """How many create calls were ever intended."""
        return int(self._db.execute("SELECT count(*) FROM attempt").fetchone()[0])

    def intend(self, key: str, label: str, request: TaskRequest, now: datetime) -> int:
        """Commit that ``request`` is about to be sent; the attempt's id."""
        record = json.dumps(request.record(), ensure_ascii=False, sort_keys=True)
        with self._write() as db:
            cursor = db.execute(
                "INSERT INTO attempt (key, state, label, request, asked_at)"
                " VALUES (?, 'submitting', ?, ?, ?)",
                (key, label, record, now.isoformat()),
            )
        return int(cursor.lastrowid or 0)

    def submitted(self, attempt: int, task_id: str, request_id: str) -> None:
        self._set(attempt, state="submitted", task_id=task_id, request_id=request_id)

    def succeeded(self, attempt: int, task: Succeeded, cost: tuple[str, str] | None) -> None:
        self._set(
            attempt,
            state="succeeded",
            ended_at=task.ended.isoformat(),
            actual_prompt=task.actual_prompt,
            usage=json.dumps(task.usage, sort_keys=True),
            amount=cost[0] if cost else None,
            currency=cost[1] if cost else None,
        )

    def ended(self, attempt: int, state: State, code: str = "", message: str = "") -> None:
        """The attempt failed, was refused or was lost."""
        self._set(attempt, state=state, code=code or None, message=message or None)

    def stored(self, attempt: int, sha256: str, name: str, size: int) -> None:
        """The clip of ``attempt`` stands whole under ``name``."""
        with self._write() as db:
            db.execute("INSERT OR IGNORE INTO clip VALUES (?, ?, ?)", (sha256, name, size))
            db.execute("UPDATE attempt SET clip = ? WHERE id = ?", (sha256, attempt))

    def forget_clip(self, sha256: str) -> None:
        """The clip's file is gone or damaged: its attempts no longer count as having one."""
        with self._write() as db:
            db.execute("UPDATE attempt SET clip = NULL WHERE clip = ?", (sha256,))
            db.execute("DELETE FROM clip WHERE sha256 = ?", (sha256,))

    def _set(self, attempt: int, **values: str | None) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        with self._write() as db:
            db.execute(
                f"UPDATE attempt SET {columns} WHERE id = ?",  # noqa: S608  # our own column names
                (*values.values(), attempt),
            )

    def _one(self, where: str, *values: str) -> Attempt | None:
        row = self._db.execute(
            "SELECT attempt.*, clip.name AS clip_name FROM attempt"  # noqa: S608
            f" LEFT JOIN clip ON clip.sha256 = attempt.clip WHERE {where} LIMIT 1",
            values,
        ).fetchone()
        return _attempt(row) if row else None

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
            self._db.executescript(
                f"BEGIN; {script} PRAGMA user_version = {number};"
                f" PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
            )


def _attempt(row: sqlite3.Row) -> Attempt:
    return Attempt(
        id=row["id"],
        key=row["key"],
        state=row["state"],
        label=row["label"],
        task_id=row["task_id"],
        code=row["code"],
        message=row["message"],
        actual_prompt=row["actual_prompt"],
        usage=json.loads(row["usage"]) if row["usage"] else None,
        amount=row["amount"],
        currency=row["currency"],
        request=json.loads(row["request"]),
        clip_name=row["clip_name"],
        clip_sha256=row["clip"],
    )
