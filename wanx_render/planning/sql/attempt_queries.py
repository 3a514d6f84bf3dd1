"""What is known of attempts: what may still come, what is in doubt, what was paid."""

import json
from decimal import Decimal
from typing import Any, get_args

from wanx_render.planning.attempt import Attempt, State
from wanx_render.planning.sql.journal_file import JournalFile
from wanx_render.planning.take_name import TakeName


class AttemptQueries(JournalFile):
    """Questions about attempts."""

    def attempt(self, number: int) -> Attempt | None:
        return self._one("attempt.id = ?", number)

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
        where = "state = 'submitted' OR (state = 'succeeded' AND clip IS NULL)"
        return tuple(self._attempts(f"{where} ORDER BY attempt.id"))

    def last_at(self, key: str) -> Attempt | None:
        """The newest attempt at the request ``key``, however it stands."""
        return self._one("key = ? ORDER BY attempt.id DESC", key)

    def holds(self, key: str, label: str, row: str) -> bool:
        """Whether the take called ``label``, in ``row`` of a table, has the clip of ``key``.

        Or may still get it. Any take of its row may have asked: shots are renamed.
        """
        ends = "('failed', 'refused', 'released')"
        where = f"SELECT label FROM attempt WHERE key = ? AND state NOT IN {ends}"  # noqa: S608
        labels = [row["label"] for row in self._db.execute(where, (key,))]
        if not labels:
            return False
        is_own = any(TakeName.read(name).row == row for name in labels)
        query = "SELECT 1 FROM asked WHERE label = ? AND key = ?"
        return is_own or self._db.execute(query, (label, key)).fetchone() is not None

    def asked_by(self, label: str, key: str) -> bool:
        """Whether the take called ``label`` asked for ``key`` under that name."""
        query = (
            "SELECT 1 FROM attempt WHERE key = ?1 AND label = ?2"
            " UNION SELECT 1 FROM asked WHERE label = ?2 AND key = ?1"
        )
        return self._db.execute(query, (key, label)).fetchone() is not None

    def preparations_of(self, source: str) -> tuple[dict[str, Any], ...]:
        """How the picture ``source`` was prepared for requests, each way once, newest first."""
        rows = self._db.execute(
            "SELECT prepared FROM attempt WHERE prepared IS NOT NULL"
            " AND json_extract(prepared, '$.source') = ? GROUP BY prepared ORDER BY max(id) DESC",
            (source,),
        )
        return tuple(json.loads(row["prepared"]) for row in rows)

    def latest(self, label: str) -> Attempt | None:
        """The newest attempt at the take called ``label``, whatever it asked for."""
        return self._one("label = ? ORDER BY attempt.id DESC", label)

    def in_doubt(self, scope: str) -> tuple[Attempt, ...]:
        """The attempts of which nobody knows whether they were accepted, or not yet."""
        where = "scope = ? AND sent_at IS NOT NULL"
        states = "('submitting', 'uncertain', 'unresolved')"
        return tuple(self._attempts(f"{where} AND state IN {states} ORDER BY attempt.id", scope))

    def every(self, *states: State) -> tuple[Attempt, ...]:
        """All attempts in one of ``states`` (or in any, where none is given), oldest first."""
        states = states or get_args(State)
        marks = ", ".join("?" for _ in states)
        return tuple(self._attempts(f"state IN ({marks}) ORDER BY attempt.id", *states))

    def task_ids(self) -> frozenset[str]:
        """Every task that an attempt of this journal owns."""
        rows = self._db.execute("SELECT task_id FROM attempt WHERE task_id IS NOT NULL")
        return frozenset(row[0] for row in rows)

    def with_task(self, task_id: str) -> Attempt | None:
        """The attempt that a task is of."""
        return self._one("task_id = ?", task_id)

    def paid(self, *, kept: bool = False) -> dict[str, Decimal]:
        """What this folder ever paid, by currency; with ``kept`` only for clips that are here."""
        rows = self._db.execute(
            "SELECT currency, amount, count(*) FROM attempt WHERE amount IS NOT NULL"
            " AND (clip IS NOT NULL OR NOT ?) GROUP BY currency, amount",
            (kept,),
        )
        sums: dict[str, Decimal] = {}
        for currency, amount, count in rows:
            sums[currency] = sums.get(currency, Decimal(0)) + Decimal(amount) * count
        return sums

    def paid_by_row(self) -> dict[str, dict[str, Decimal]]:
        """What this folder ever paid for each row of a table, by currency."""
        rows = self._db.execute(
            "SELECT label, currency, amount FROM attempt WHERE amount IS NOT NULL"
        )
        sums: dict[str, dict[str, Decimal]] = {}
        for label, currency, amount in rows:
            of_row = sums.setdefault(TakeName.read(label).row, {})
            of_row[currency] = of_row.get(currency, Decimal(0)) + Decimal(amount)
        return sums

    def attempts(self) -> int:
        """How many create calls were ever intended."""
        return int(self._db.execute("SELECT count(*) FROM attempt").fetchone()[0])
