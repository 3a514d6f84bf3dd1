"""The clips of a folder: which attempts left them, and what they are."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from wanx_render.planning.attempt import Attempt, Rebuilt
from wanx_render.planning.sql.journal_file import SELECT, JournalFile, attempt_of


class ClipTable(JournalFile):
    """Clips, and the attempts that left them."""

    def clip_for(self, key: str) -> Attempt | None:
        """The newest attempt at the request ``key`` that left a clip."""
        return self._one("key = ? AND clip IS NOT NULL ORDER BY attempt.id DESC", key)

    def clips_of(self, label: str) -> Iterator[Attempt]:
        """The attempts at the take called ``label`` that left a clip, newest first."""
        rows = self._db.execute(
            f"{SELECT} WHERE label = ? AND clip IS NOT NULL ORDER BY attempt.id DESC", (label,)
        ).fetchall()
        return (attempt_of(row) for row in rows)

    def with_clip_at(self, model: str, prompt: str) -> Iterator[Attempt]:
        """The attempts at this model and prompt whose clip is here or may come, newest first."""
        rows = self._db.execute(
            f"{SELECT} WHERE model = ? AND json_extract(request, '$.prompt') = ?"
            " AND (clip IS NOT NULL OR task_id IS NOT NULL) ORDER BY attempt.id DESC",
            (model, prompt),
        ).fetchall()
        return (attempt_of(row) for row in rows)

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
