"""The clips of a folder: which attempts left them, and what they are."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanx_render.language import tr
from wanx_render.manifest import TakeRecord
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.sql.journal_file import JournalFile, insert
from wanx_render.planning.take_name import TakeName
from wanx_render.task import key_of

if TYPE_CHECKING:
    import sqlite3


class ClipTable(JournalFile):
    """Clips, and the attempts that left them."""

    def clip_for(self, key: str) -> Attempt | None:
        """The newest attempt at the request ``key`` that left a clip."""
        return self._one("key = ? AND clip IS NOT NULL ORDER BY attempt.id DESC", key)

    def clips_of(self, label: str) -> Iterator[Attempt]:
        """The attempts at the take called ``label`` that left a clip, newest first."""
        return self._attempts("label = ? AND clip IS NOT NULL ORDER BY attempt.id DESC", label)

    def clip_with(self, sha256: str) -> str | None:
        """The name of the clip or picture with these bytes."""
        query = "SELECT name FROM clip WHERE sha256 = ?"
        row = self._db.execute(query, (sha256,)).fetchone()
        return str(row["name"]) if row else None

    def with_clip_at(self, model: str, prompt: str) -> Iterator[Attempt]:
        """The attempts at this model and prompt whose clip is here or may come, newest first."""
        return self._attempts(
            "model = ? AND json_extract(request, '$.prompt') = ?"
            " AND (clip IS NOT NULL OR task_id IS NOT NULL) ORDER BY attempt.id DESC",
            model,
            prompt,
        )

    def stored(
        self,
        attempt: int,
        sha256: str,
        name: str,
        size: int,
        *,
        now: datetime | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """The clip of ``attempt`` stands whole under ``name``; ``facts`` as for ``probed``."""
        with self._write() as db:
            insert(db, "OR IGNORE INTO clip", sha256=sha256, name=name, bytes=size)
            if facts:
                _note_facts(db, sha256, facts)
            db.execute(
                "UPDATE attempt SET clip = ?, fetched_at = ? WHERE id = ?",
                (sha256, now.isoformat() if now else None, attempt),
            )

    def borrowed(self, attempt: Attempt, note: str) -> None:
        """The clip of an attempt of another journal is here too; it cost nothing here."""
        with self._write() as db:
            insert(
                db,
                "OR IGNORE INTO clip",
                sha256=attempt.clip_sha256,
                name=attempt.clip_name,
                bytes=attempt.clip_bytes,
                facts=json.dumps(attempt.clip_facts, sort_keys=True)
                if attempt.clip_facts
                else None,
            )
            insert(
                db,
                "OR REPLACE INTO attempt",
                key=attempt.key,
                state="succeeded",
                label=attempt.label,
                request=json.dumps(attempt.request, ensure_ascii=False, sort_keys=True),
                scope=attempt.scope,
                endpoint=attempt.endpoint or None,
                model=attempt.model,
                asked_at=attempt.asked_at.isoformat(),
                task_id=attempt.task_id,
                code="Borrowed",
                message=note,
                actual_prompt=attempt.actual_prompt,
                usage=json.dumps(attempt.usage, sort_keys=True) if attempt.usage else None,
                clip=attempt.clip_sha256,
                prepared=json.dumps(attempt.prepared, sort_keys=True) if attempt.prepared else None,
            )

    def rebuilt(self, name: TakeName, take: TakeRecord, clip: Path, scope: str) -> None:
        """A paid clip that a manifest records; once, however many manifests do."""
        amount, _, currency = (take.cost or "").partition(" ")
        asked_at = take.asked_at or datetime.now(UTC).isoformat()
        size = clip.stat().st_size
        with self._write() as db:
            insert(db, "OR IGNORE INTO clip", sha256=take.sha256, name=clip.name, bytes=size)
            insert(
                db,
                "OR IGNORE INTO attempt",
                key=key_of(take.request, scope),
                state="succeeded",
                label=str(name),
                request=json.dumps(take.request, ensure_ascii=False, sort_keys=True),
                scope=scope,
                model=str(take.request.get("model")),
                asked_at=asked_at,
                sent_at=asked_at,
                task_id=take.task_id,
                message=tr("restored from manifest.json"),
                actual_prompt=take.actual_prompt,
                usage=json.dumps(take.usage or {}, sort_keys=True),
                amount=amount or None,
                currency=currency or None,
                clip=take.sha256,
                prepared=json.dumps(take.prepared, sort_keys=True) if take.prepared else None,
            )

    def probed(self, sha256: str, facts: Mapping[str, Any]) -> None:
        """What the clip with these bytes is, so that it need not be looked at again."""
        with self._write() as db:
            _note_facts(db, sha256, facts)

    def forget_clip(self, sha256: str) -> None:
        """The clip's file is gone or damaged: its attempts no longer count as having one."""
        with self._write() as db:
            db.execute("UPDATE attempt SET clip = NULL WHERE clip = ?", (sha256,))
            db.execute("DELETE FROM clip WHERE sha256 = ?", (sha256,))


def _note_facts(db: "sqlite3.Connection", sha256: str, facts: Mapping[str, Any]) -> None:
    record = json.dumps(facts, sort_keys=True)
    db.execute("UPDATE clip SET facts = ? WHERE sha256 = ?", (record, sha256))
