"""What becomes of an attempt, step by step: each is on the disk before the next begins."""

import json
from datetime import datetime, timedelta

from wanx_render.backends.base import AT_MOCK, Failed, Recipient, Succeeded
from wanx_render.language import tr
from wanx_render.media.picture import prepared_record
from wanx_render.planning.attempt import State
from wanx_render.planning.sql.journal_file import JournalFile, insert
from wanx_render.task import TaskRequest

# How long after its first byte a create call may still be accepted by a service that lags.
LONGEST_CALL = timedelta(minutes=2)


class AttemptSteps(JournalFile):
    """The steps of attempts."""

    def intend(
        self,
        key: str,
        label: str,
        request: TaskRequest,
        now: datetime,
        *,
        recipient: Recipient = AT_MOCK,
    ) -> int:
        """Commit that ``request`` is about to be sent to ``recipient``; the attempt's id."""
        record = json.dumps(request.record(), ensure_ascii=False, sort_keys=True)
        prepared = prepared_record.record_of(request)
        with self._write() as db:
            return insert(
                db, "INTO attempt",
                key=key, state="submitting", label=label, request=record,
                scope=recipient.scope, endpoint=recipient.endpoint or None,
                model=request.model, asked_at=now.isoformat(),
                prepared=json.dumps(prepared, sort_keys=True) if prepared else None,
            )  # fmt: skip

    def asked(self, label: str, key: str) -> None:
        """The take called ``label`` asks for ``key``, which another take may have asked for."""
        query = "SELECT 1 FROM asked WHERE label = ? AND key = ?"
        if self._db.execute(query, (label, key)).fetchone():
            return  # a look is cheaper than a commit
        with self._write() as db:
            insert(db, "OR IGNORE INTO asked", label=label, key=key)

    def sending(self, attempt: int, now: datetime) -> None:
        """The first byte of the request is about to leave: from here on it may be accepted."""
        self._set(attempt, sent_at=now.isoformat())

    def submitted(self, attempt: int, task_id: str, request_id: str) -> None:
        self._set(attempt, state="submitted", task_id=task_id, request_id=request_id)

    def asked_again(self, attempt: int, now: datetime) -> None:
        """Nothing was accepted so far; the same request is about to be sent once more."""
        self._set(attempt, asked_at=now.isoformat(), sent_at=None)

    def uncertain(self, attempt: int, now: datetime, code: str = "", message: str = "") -> None:
        """The create call ended without saying whether it was accepted."""
        self._set(
            attempt, state="uncertain", answered_at=now.isoformat(), code=code, message=message
        )

    def adopted(self, attempt: int, task_id: str) -> None:
        """A task of the service's list turned out to be the attempt's."""
        # How its answer was lost is of no more use.
        self._set(attempt, state="submitted", task_id=task_id, adopted=1, code=None, message=None)

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
        answer = {"answered_at": now.isoformat()} if now else {}
        self._set(attempt, state=state, code=code or None, message=message or None, **answer)

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

    def interrupted(self, scope: str, now: datetime) -> None:
        """What a killed run left: what was never sent is free, what was being sent is in doubt.

        Only for the process that holds the folder: nobody else may be sending.
        """
        with self._write() as db:
            db.execute(
                "UPDATE attempt SET state = 'released', message = ?"
                " WHERE state = 'submitting' AND sent_at IS NULL AND scope = ?",
                (tr("it was never sent"), scope),
            )
            for row in db.execute(
                "SELECT id, sent_at FROM attempt WHERE state = 'submitting' AND scope = ?", (scope,)
            ).fetchall():
                sent_at = datetime.fromisoformat(row["sent_at"])
                latest = sent_at + LONGEST_CALL
                # A clock that is slow until the service has answered proves no earlier end.
                answered_at = min(now, latest) if now >= sent_at else latest
                db.execute(
                    "UPDATE attempt SET state = 'uncertain', answered_at = ?, message = ?"
                    " WHERE id = ?",
                    (answered_at.isoformat(), tr("stopped while sending"), row["id"]),
                )
