"""The state file: one row per task and upload, so that a killed server resumes."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wanx_render.language import tr

_VERSION = 1


class BadState(ValueError):
    """The state file is not one of ours; the message says so."""


class Store:
    """Rows of JSON by kind and id. Written at once: what was answered is on disk."""

    def __init__(self, file: Path | None) -> None:
        try:
            self._db = sqlite3.connect(
                file or ":memory:", isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")  # a killed process loses nothing
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise BadState(
                    tr("{file} was written by another version of this server", file=file)
                )
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS memory "
                "(kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id))"
            )
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
        except sqlite3.Error as error:
            raise BadState(
                tr("cannot use {file} as a state file: {reason}", file=file, reason=error)
            ) from None
        self.kept = file is not None

    def put(self, kind: str, name: str, body: Any) -> None:
        if self.kept:
            self._db.execute(
                "INSERT INTO memory VALUES (?, ?, ?) "
                "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",  # keeps the order
                (kind, name, json.dumps(body)),
            )

    def all(self, kind: str) -> Iterator[tuple[str, Any]]:
        query = "SELECT id, body FROM memory WHERE kind = ? ORDER BY rowid"
        for name, body in self._db.execute(query, (kind,)).fetchall():
            yield name, json.loads(body)

    def clear(self) -> None:
        self._db.execute("DELETE FROM memory")

    def close(self) -> None:
        self._db.close()
