"""What is kept of lists: takes that were asked for again or chosen, and how each row was left."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from wanx_render.planning.sql.journal_file import JournalFile


class ListTables(JournalFile):
    """Retakes, choices and rows."""

    def retakes(self) -> dict[str, int]:
        """How many takes were asked for by ``--retake``, by the basis of the shot."""
        rows = self._db.execute("SELECT basis, takes FROM retake").fetchall()
        return {row["basis"]: row["takes"] for row in rows}

    def retake(self, basis: str, takes: int) -> None:
        """The shot of this basis has so many takes from now on."""
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO retake VALUES (?, ?)", (basis, takes))

    def choice(self, basis: str, takes: int) -> int | None:
        """The take that ``pick: auto`` chose for the shot of this basis among so many takes."""
        query = "SELECT take FROM choice WHERE basis = ? AND takes = ?"
        row = self._db.execute(query, (basis, takes)).fetchone()
        return int(row["take"]) if row else None

    def choose(self, basis: str, take: int, takes: int) -> None:
        """``pick: auto`` chose a take for the shot of this basis, among so many takes."""
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO choice VALUES (?, ?, ?)", (basis, take, takes))

    def rows(self) -> dict[str, dict[str, Any]]:
        """How each row was left when it was last rendered, by its name."""
        return {
            row["name"]: json.loads(row["record"])
            for row in self._db.execute("SELECT name, record FROM row").fetchall()
        }

    def begin(self, records: Mapping[str, Mapping[str, Any]], gone: Iterable[str]) -> None:
        """Note how rows stand before a run, all at once; the records called ``gone`` go."""
        texts = {
            name: json.dumps(record, ensure_ascii=False, sort_keys=True)
            for name, record in records.items()
        }
        with self._write() as db:
            db.executemany("DELETE FROM row WHERE name = ?", [(name,) for name in gone])
            db.executemany("INSERT OR REPLACE INTO row VALUES (?, ?)", texts.items())

    def left(self, name: str, record: Mapping[str, Any]) -> None:
        """Note how the row ``name`` was left."""
        with self._write() as db:
            text = json.dumps(record, ensure_ascii=False, sort_keys=True)
            db.execute("INSERT OR REPLACE INTO row VALUES (?, ?)", (name, text))
