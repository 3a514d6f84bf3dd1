"""What was asked and paid for: SQLite, the only truth about tasks; the only module that speaks SQL.

An intent is committed before the request leaves, the task id as soon as it is known. One process
writes (the render folder is locked); every commit is on the disk before anything goes on.
"""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

from wanx_render.backends.base import Failed, Succeeded
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, Broken
from wanx_render.money import Money
from wanx_render.task import TaskRequest

APPLICATION_ID = 0x57616E58  # "WanX"

# submitting: the request may be on its way (surely not before ``sent_at``). uncertain: whether it
# was accepted is being found out. unresolved: a person decides. released: surely not accepted, or
# given up by a person. lost: its day is over and it may be paid. The others end or go on.
State = Literal[
    "submitting", "uncertain", "unresolved", "released",
    "submitted", "succeeded", "failed", "lost", "refused",
]  # fmt: skip

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
    # One create call at a time for each model: at most one outcome can be in doubt.
    """
    CREATE TABLE attempt_2 (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN
            ('submitting', 'uncertain', 'unresolved', 'released',
             'submitted', 'succeeded', 'failed', 'lost', 'refused')),
        label TEXT NOT NULL,
        request TEXT NOT NULL,
        scope TEXT NOT NULL,
        model TEXT NOT NULL,
        asked_at TEXT NOT NULL,
        answered_at TEXT,
        task_id TEXT UNIQUE,
        adopted INTEGER NOT NULL DEFAULT 0,
        request_id TEXT,
        ended_at TEXT,
        expires_at TEXT,
        code TEXT,
        message TEXT,
        actual_prompt TEXT,
        usage TEXT,
        amount TEXT,
        currency TEXT,
        clip TEXT REFERENCES clip (sha256),
        CHECK (task_id IS NOT NULL OR state NOT IN ('submitted', 'succeeded'))
    ) STRICT;
    INSERT INTO attempt_2 (id, key, state, label, request, scope, model, asked_at, task_id,
                           request_id, ended_at, code, message, actual_prompt, usage, amount,
                           currency, clip)
        SELECT id, key, state, label, request, 'mock', json_extract(request, '$.model'), asked_at,
               task_id, request_id, ended_at, code, message, actual_prompt, usage, amount,
               currency, clip
        FROM attempt;
    UPDATE attempt_2 SET state = 'unresolved' WHERE state = 'submitting' AND id NOT IN
        (SELECT max(id) FROM attempt_2 WHERE state = 'submitting' GROUP BY model);
    DROP TABLE attempt;
    ALTER TABLE attempt_2 RENAME TO attempt;
    CREATE INDEX attempt_key ON attempt (key);
    CREATE UNIQUE INDEX attempt_open ON attempt (key)
        WHERE state IN ('submitting', 'uncertain', 'unresolved', 'submitted');
    CREATE UNIQUE INDEX attempt_in_doubt ON attempt (scope, model)
        WHERE state IN ('submitting', 'uncertain');
    """,
    # How many takes of a shot there are, where --retake asked for more than the list does.
    """
    CREATE TABLE retake (
        basis TEXT PRIMARY KEY,
        takes INTEGER NOT NULL CHECK (takes > 1)
    ) STRICT;
    """,
    # What a clip was probed to be; it never changes, and looking costs a process each time.
    """
    ALTER TABLE clip ADD COLUMN facts TEXT;
    """,
    # A plan looks for what each take was asked for last.
    """
    CREATE INDEX attempt_label ON attempt (label);
    """,
    # When the service began, and when the clip was here: what a report shows of a run's time.
    """
    ALTER TABLE attempt ADD COLUMN started_at TEXT;
    ALTER TABLE attempt ADD COLUMN fetched_at TEXT;
    """,
    # How each row of a table was left, so that a finished one need not be looked into again.
    """
    CREATE TABLE row (
        name TEXT PRIMARY KEY,
        record TEXT NOT NULL
    ) STRICT;
    """,
    # When the first byte of a request left, and where its result is. Several create calls may be
    # in doubt at once: each explains itself by its own picture.
    """
    DROP INDEX attempt_in_doubt;
    ALTER TABLE attempt ADD COLUMN sent_at TEXT;
    ALTER TABLE attempt ADD COLUMN url TEXT;
    UPDATE attempt SET sent_at = asked_at WHERE state NOT IN ('released', 'refused');
    """,
    # Which pictures are one picture in other bytes: the first of them is what all count as.
    """
    CREATE TABLE picture (
        identity TEXT PRIMARY KEY,
        pixels TEXT NOT NULL,
        same_as TEXT NOT NULL
    ) STRICT;
    CREATE INDEX picture_pixels ON picture (pixels);
    """,
)
VERSION = len(_MIGRATIONS)
# How long after its first byte a create call may still be accepted by a service that lags.
LONGEST_CALL = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One create call and what became of it."""

    id: int
    key: str
    state: State
    label: str
    scope: str
    model: str
    asked_at: datetime
    answered_at: datetime | None
    task_id: str | None
    code: str | None
    message: str | None
    expires_at: datetime | None
    actual_prompt: str | None
    usage: dict[str, Any] | None
    amount: str | None
    currency: str | None
    request: dict[str, Any]
    clip_name: str | None
    clip_sha256: str | None
    clip_bytes: int | None = None
    clip_facts: dict[str, Any] | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    fetched_at: datetime | None = None
    sent_at: datetime | None = None
    url: str | None = field(default=None, repr=False)  # whole: whoever has it can fetch the clip

    @property
    def bill(self) -> Money | None:
        """What it cost, where that is known."""
        return Money(Decimal(self.amount), self.currency or "") if self.amount else None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a manifest records of one paid clip, for a journal that was lost."""

    key: str
    label: str
    scope: str
    request: dict[str, Any]
    asked_at: str
    task_id: str
    sha256: str
    name: str
    bytes: int
    amount: str | None
    currency: str | None
    actual_prompt: str | None
    usage: dict[str, Any]


_OPEN: Counter[Path] = Counter()  # the journals that this process has open

_SELECT = (
    "SELECT attempt.*, clip.name AS clip_name, clip.bytes AS clip_bytes, clip.facts AS clip_facts"
    " FROM attempt"
    " LEFT JOIN clip ON clip.sha256 = attempt.clip"
)


class Journal:
    """The journal of one render folder."""

    def __init__(self, path: Path) -> None:
        """Open or make the journal, for its owner alone.

        Raises BadInput for a later program's journal or another program's file, which stays as it
        is, and Broken where the journal cannot be used.
        """
        self.path = path.resolve()
        self._asked: tuple[int, frozenset[str]] = (0, frozenset())  # as of so many attempts
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
            raise Broken(f"the journal {path} cannot be used: {error}") from None

        _OPEN[self.path] += 1

    def close(self) -> None:
        self._db.close()
        _OPEN[self.path] -= 1

    def clip_for(self, key: str) -> Attempt | None:
        """The newest attempt at the request ``key`` that left a clip."""
        return self._one("key = ? AND clip IS NOT NULL ORDER BY attempt.id DESC", key)

    def open_for(self, key: str) -> Attempt | None:
        """The attempt at ``key`` that may still be running at the service."""
        return self._one(
            "key = ? AND state IN ('submitting', 'uncertain', 'unresolved', 'submitted')", key
        )

    def owed_for(self, key: str) -> Attempt | None:
        """The attempt at ``key`` whose clip may still come: open, or made and not yet fetched."""
        return self.open_for(key) or self._one(
            "key = ? AND state = 'succeeded' AND clip IS NULL ORDER BY attempt.id DESC", key
        )

    def owed(self) -> tuple[Attempt, ...]:
        """Every attempt whose task is known and whose clip is not here, oldest first."""
        rows = self._db.execute(
            f"{_SELECT} WHERE state = 'submitted' OR (state = 'succeeded' AND clip IS NULL)"
            " ORDER BY attempt.id"
        ).fetchall()
        return tuple(_attempt(row) for row in rows)

    def last_at(self, key: str) -> Attempt | None:
        """The newest attempt at the request ``key``, however it stands."""
        return self._one("key = ? ORDER BY attempt.id DESC", key)

    def attempt(self, number: int) -> Attempt | None:
        return self._one("attempt.id = ?", number)

    def in_doubt(self, scope: str) -> tuple[Attempt, ...]:
        """The attempts of which nobody knows whether they were accepted, or not yet."""
        rows = self._db.execute(
            f"{_SELECT} WHERE scope = ? AND sent_at IS NOT NULL"
            " AND state IN ('submitting', 'uncertain', 'unresolved') ORDER BY attempt.id",
            (scope,),
        ).fetchall()
        return tuple(_attempt(row) for row in rows)

    def interrupted(self, scope: str, now: datetime) -> None:
        """What a killed run left: what was never sent is free, what was being sent is in doubt.

        Only for whoever holds the folder: nobody else may be sending.
        """
        with self._write() as db:
            db.execute(
                "UPDATE attempt SET state = 'released', message = 'it was never sent'"
                " WHERE state = 'submitting' AND sent_at IS NULL AND scope = ?",
                (scope,),
            )
            for row in db.execute(
                "SELECT id, sent_at FROM attempt WHERE state = 'submitting' AND scope = ?", (scope,)
            ).fetchall():
                answered = min(now, datetime.fromisoformat(row["sent_at"]) + LONGEST_CALL)
                db.execute(
                    "UPDATE attempt SET state = 'uncertain', answered_at = ?,"
                    " message = 'stopped while sending' WHERE id = ?",
                    (answered.isoformat(), row["id"]),
                )

    def task_ids(self) -> frozenset[str]:
        """Every task that an attempt of this journal owns."""
        rows = self._db.execute("SELECT task_id FROM attempt WHERE task_id IS NOT NULL")
        return frozenset(row[0] for row in rows)

    def link_of(self, task_id: str) -> str | None:
        """The whole link to the result of a task, where it was noted."""
        attempt = self._one("task_id = ?", task_id)
        return attempt.url if attempt else None

    def every(self, *states: State) -> tuple[Attempt, ...]:
        """All attempts in one of ``states`` (or in any, where none is given), oldest first."""
        states = states or get_args(State)
        marks = ", ".join("?" for _ in states)
        rows = self._db.execute(
            f"{_SELECT} WHERE state IN ({marks}) ORDER BY attempt.id",  # only question marks
            states,
        ).fetchall()
        return tuple(_attempt(row) for row in rows)

    def latest(self, label: str) -> Attempt | None:
        """The newest attempt at the take called ``label``, whatever it asked for."""
        return self._one("label = ? ORDER BY attempt.id DESC", label)

    def clips_of(self, label: str) -> Iterator[Attempt]:
        """The attempts at the take called ``label`` that left a clip, newest first."""
        rows = self._db.execute(
            f"{_SELECT} WHERE label = ? AND clip IS NOT NULL ORDER BY attempt.id DESC", (label,)
        ).fetchall()
        return (_attempt(row) for row in rows)

    def retakes(self) -> dict[str, int]:
        """How many takes were asked for by ``--retake``, by the basis of the shot."""
        rows = self._db.execute("SELECT basis, takes FROM retake").fetchall()
        return {row["basis"]: row["takes"] for row in rows}

    def retake(self, basis: str, takes: int) -> None:
        """The shot of this basis has so many takes from now on."""
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO retake VALUES (?, ?)", (basis, takes))

    def rows(self) -> dict[str, dict[str, Any]]:
        """How each row was left when it was last rendered, by its name."""
        return {
            row["name"]: json.loads(row["record"])
            for row in self._db.execute("SELECT name, record FROM row").fetchall()
        }

    def left(self, name: str, record: Mapping[str, Any]) -> None:
        """Note how the row ``name`` was left."""
        with self._write() as db:
            text = json.dumps(record, ensure_ascii=False, sort_keys=True)
            db.execute("INSERT OR REPLACE INTO row VALUES (?, ?)", (name, text))

    def paid(self, *, kept: bool = False) -> dict[str, Decimal]:
        """What this folder ever paid, by currency; with ``kept`` only for clips that are here."""
        rows = self._db.execute(
            "SELECT currency, amount FROM attempt WHERE amount IS NOT NULL"
            " AND (clip IS NOT NULL OR NOT ?)",
            (kept,),
        )
        sums: dict[str, Decimal] = {}
        for row in rows:
            currency = row["currency"]
            sums[currency] = sums.get(currency, Decimal(0)) + Decimal(row["amount"])
        return sums

    def attempts(self) -> int:
        """How many create calls were ever intended."""
        return int(self._db.execute("SELECT count(*) FROM attempt").fetchone()[0])

    def intend(
        self, key: str, label: str, request: TaskRequest, now: datetime, *, scope: str = "mock"
    ) -> int:
        """Commit that ``request`` is about to be sent; the attempt's id.

        ``scope`` says which service and account are asked; only they can tell what became of it.
        """
        record = json.dumps(request.record(), ensure_ascii=False, sort_keys=True)
        with self._write() as db:
            cursor = db.execute(
                "INSERT INTO attempt (key, state, label, request, scope, model, asked_at)"
                " VALUES (?, 'submitting', ?, ?, ?, ?, ?)",
                (key, label, record, scope, request.model, now.isoformat()),
            )
        return int(cursor.lastrowid or 0)

    def sending(self, attempt: int, now: datetime) -> None:
        """The first byte of the request is about to leave: from here on it may be accepted."""
        self._set(attempt, sent_at=now.isoformat())

    def submitted(self, attempt: int, task_id: str, request_id: str) -> None:
        self._set(attempt, state="submitted", task_id=task_id, request_id=request_id)

    def asked_again(self, attempt: int, now: datetime) -> None:
        """Nothing was accepted so far; the same request is about to be sent once more."""
        self._set(attempt, asked_at=now.isoformat(), sent_at=None)

    def uncertain(self, attempt: int, now: datetime, code: str = "", message: str = "") -> None:
        """The create call ended without telling whether it was accepted."""
        self._set(
            attempt, state="uncertain", answered_at=now.isoformat(), code=code, message=message
        )

    def adopted(self, attempt: int, task_id: str) -> None:
        """A task of the service's list turned out to be the attempt's."""
        self._set(attempt, state="submitted", task_id=task_id, adopted=1)

    def succeeded(
        self,
        attempt: int,
        task: Succeeded,
        cost: tuple[str, str] | None,
        expires: datetime | None = None,
    ) -> None:
        """The task is done and billed; ``expires`` is when its result ends by our own clock."""
        self._set(
            attempt,
            state="succeeded",
            started_at=task.started.isoformat(),
            ended_at=task.ended.isoformat(),
            expires_at=(expires or task.expires).isoformat(),
            actual_prompt=task.actual_prompt,
            usage=json.dumps(task.usage, sort_keys=True),
            url=task.url,
            amount=cost[0] if cost else None,
            currency=cost[1] if cost else None,
        )

    def ended(
        self,
        attempt: int,
        state: State,
        code: str = "",
        message: str = "",
        now: datetime | None = None,
    ) -> None:
        """The attempt failed, was refused or was lost; ``now`` is when an answer said so."""
        answered = {"answered_at": now.isoformat()} if now else {}
        self._set(attempt, state=state, code=code or None, message=message or None, **answered)

    def failed(self, attempt: int, task: Failed) -> None:
        """The service gave up, and says when."""
        self._set(
            attempt,
            state="failed",
            code=task.code or None,
            message=task.message or None,
            started_at=task.started.isoformat() if task.started else None,
            ended_at=task.ended.isoformat() if task.ended else None,
        )

    def stored(
        self, attempt: int, sha256: str, name: str, size: int, *, now: datetime | None = None
    ) -> None:
        """The clip of ``attempt`` stands whole under ``name``."""
        with self._write() as db:
            db.execute(
                "INSERT OR IGNORE INTO clip (sha256, name, bytes) VALUES (?, ?, ?)",
                (sha256, name, size),
            )
            db.execute(
                "UPDATE attempt SET clip = ?, fetched_at = ? WHERE id = ?",
                (sha256, now.isoformat() if now else None, attempt),
            )

    def borrowed(self, attempt: Attempt, note: str) -> None:
        """The clip of an attempt of another journal is here too; it cost nothing here."""
        with self._write() as db:
            db.execute(
                "INSERT OR IGNORE INTO clip (sha256, name, bytes, facts) VALUES (?, ?, ?, ?)",
                (
                    attempt.clip_sha256,
                    attempt.clip_name,
                    attempt.clip_bytes,
                    json.dumps(attempt.clip_facts, sort_keys=True) if attempt.clip_facts else None,
                ),
            )
            db.execute(
                "INSERT OR REPLACE INTO attempt (key, state, label, request, scope, model,"
                " asked_at, task_id, code, message, actual_prompt, usage, clip)"
                " VALUES (?, 'succeeded', ?, ?, ?, ?, ?, ?, 'Borrowed', ?, ?, ?, ?)",
                (
                    attempt.key,
                    attempt.label,
                    json.dumps(attempt.request, ensure_ascii=False, sort_keys=True),
                    attempt.scope,
                    attempt.model,
                    attempt.asked_at.isoformat(),
                    attempt.task_id,
                    note,
                    attempt.actual_prompt,
                    json.dumps(attempt.usage, sort_keys=True) if attempt.usage else None,
                    attempt.clip_sha256,
                ),
            )

    def same_pictures(self) -> dict[str, str]:
        """What each picture counts as, by identity, where several are one in other bytes."""
        rows = self._db.execute("SELECT identity, same_as FROM picture WHERE identity <> same_as")
        return {row["identity"]: row["same_as"] for row in rows.fetchall()}

    def pixels_known(self, identity: str) -> bool:
        """Whether the pixels of this picture were noted."""
        found = self._db.execute("SELECT 1 FROM picture WHERE identity = ?", (identity,))
        return found.fetchone() is not None

    def picture(self, identity: str, pixels: str) -> str:
        """Note what the pixels of a picture are; the identity that it counts as from now on.

        A picture that something was asked with keeps its own name: by that it was paid.
        """
        with self._write() as db:
            first = db.execute(
                "SELECT same_as FROM picture WHERE pixels = ? ORDER BY rowid LIMIT 1", (pixels,)
            ).fetchone()
            asked = db.execute(
                "SELECT 1 FROM attempt WHERE json_extract(request, '$.image') = ?1"
                " OR json_extract(request, '$.last_image') = ?1 LIMIT 1",
                (identity,),
            ).fetchone()
            same_as: str = first["same_as"] if first and not asked else identity
            db.execute(
                "INSERT OR IGNORE INTO picture VALUES (?, ?, ?)", (identity, pixels, same_as)
            )
        return same_as

    def same_picture(self, identity: str, same_as: str) -> None:
        """Note that ``identity`` is the picture that was paid for as ``same_as``, by its origin."""
        with self._write() as db:
            row = (identity, f"origin:{identity}", same_as)
            db.execute("INSERT OR IGNORE INTO picture VALUES (?, ?, ?)", row)

    def with_clip_at(self, model: str, prompt: str) -> Iterator[Attempt]:
        """The attempts at this model and prompt whose clip is here or may come, newest first."""
        rows = self._db.execute(
            f"{_SELECT} WHERE model = ? AND json_extract(request, '$.prompt') = ?"
            " AND (clip IS NOT NULL OR task_id IS NOT NULL) ORDER BY attempt.id DESC",
            (model, prompt),
        ).fetchall()
        return (_attempt(row) for row in rows)

    def pictures_asked(self) -> frozenset[str]:
        """The identities of all first and last frames that attempts were made with."""
        count = self.attempts()
        if self._asked[0] != count:
            self._asked = count, self._read_pictures_asked()
        return self._asked[1]

    def _read_pictures_asked(self) -> frozenset[str]:
        rows = self._db.execute(
            "SELECT DISTINCT json_extract(request, '$.image') AS name FROM attempt"
            " UNION SELECT DISTINCT json_extract(request, '$.last_image') FROM attempt"
        )
        return frozenset(row["name"] for row in rows.fetchall() if row["name"])

    def rebuilt(self, row: Rebuilt) -> None:
        """A paid clip that a manifest records; once, however many manifests do."""
        with self._write() as db:
            db.execute(
                "INSERT OR IGNORE INTO clip (sha256, name, bytes) VALUES (?, ?, ?)",
                (row.sha256, row.name, row.bytes),
            )
            db.execute(
                "INSERT OR IGNORE INTO attempt (key, state, label, request, scope, model, asked_at,"
                " sent_at, task_id, message, actual_prompt, usage, amount, currency, clip)"
                " VALUES (?, 'succeeded', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    row.key,
                    row.label,
                    json.dumps(row.request, ensure_ascii=False, sort_keys=True),
                    row.scope,
                    str(row.request.get("model")),
                    row.asked_at,
                    row.asked_at,
                    row.task_id,
                    "from manifest.json",
                    row.actual_prompt,
                    json.dumps(row.usage, sort_keys=True),
                    row.amount,
                    row.currency,
                    row.sha256,
                ),
            )

    def probed(self, sha256: str, facts: Mapping[str, Any]) -> None:
        """What the clip with these bytes is, so that it need not be looked at again."""
        with self._write() as db:
            record = json.dumps(facts, sort_keys=True)
            db.execute("UPDATE clip SET facts = ? WHERE sha256 = ?", (record, sha256))

    def forget_clip(self, sha256: str) -> None:
        """The clip's file is gone or damaged: its attempts no longer count as having one."""
        with self._write() as db:
            db.execute("UPDATE attempt SET clip = NULL WHERE clip = ?", (sha256,))
            db.execute("DELETE FROM clip WHERE sha256 = ?", (sha256,))

    def _set(self, attempt: int, **values: str | int | None) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        with self._write() as db:
            db.execute(
                f"UPDATE attempt SET {columns} WHERE id = ?",  # noqa: S608  # our own column names
                (*values.values(), attempt),
            )

    def _one(self, where: str, *values: str | int) -> Attempt | None:
        row = self._db.execute(
            f"{_SELECT} WHERE {where} LIMIT 1",
            values,
        ).fetchone()
        return _attempt(row) if row else None

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
            raise Broken(f"the journal cannot be written: {error}") from None

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:  # said in the write-ahead log alone
            raise _newer(self.path, version)
        for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
            self._db.executescript(
                # A table that others refer to is made anew: checked whole at the end instead.
                f"PRAGMA foreign_keys = OFF; BEGIN; {script} PRAGMA user_version = {number};"
                f" PRAGMA application_id = {APPLICATION_ID}; COMMIT; PRAGMA foreign_keys = ON;"
            )


def _attempt(row: sqlite3.Row) -> Attempt:
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
    )


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
        raise Broken(f"the journal {path} cannot be read: {error.strerror}") from None
    if not head:
        return
    version, owner = (int.from_bytes(head[at : at + 4], "big") for at in (60, 68))
    if not head.startswith(_MAGIC) or owner not in (0, APPLICATION_ID) or (not owner and version):
        raise BadInput(
            Diagnostic(
                "journal-foreign",
                f"{path} is not a journal of wanx-render; nothing was read or written",
                hint="move it away, or choose another folder with --out",
            )
        )
    if version > VERSION:
        raise _newer(path, version)


def _newer(path: Path, version: int) -> BadInput:
    return BadInput(
        Diagnostic(
            "journal-newer",
            f"{path} was written by a later wanx-render (format {version}; this one knows"
            f" {VERSION}); nothing was read or written",
            hint="use that version again, or choose another folder with --out",
        )
    )


def _for_owner_only(path: Path) -> None:
    """The file, readable by its owner alone: it holds addresses of results and task ids."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise Broken(f"the journal {path} cannot be opened: {error.strerror}") from None
    for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with suppress(OSError):  # not ours to change, or on a disk that has no modes
            name.chmod(0o600)
