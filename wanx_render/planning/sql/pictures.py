"""Which pictures are one picture in other bytes."""

from pathlib import Path

from wanx_render.planning.sql.attempt_queries import AttemptQueries
from wanx_render.task import source_of


class PictureTable(AttemptQueries):
    """Pictures, by identity."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._identities: tuple[int, frozenset[str]] = (0, frozenset())  # of so many attempts

    def same_pictures(self) -> dict[str, str]:
        """What each picture counts as, by identity, where several are one in other bytes."""
        rows = self._db.execute("SELECT identity, same_as FROM picture WHERE identity <> same_as")
        return {row["identity"]: row["same_as"] for row in rows.fetchall()}

    def pixels_known(self, identity: str) -> bool:
        """Whether the pixels of this picture were noted."""
        row = self._db.execute("SELECT 1 FROM picture WHERE identity = ?", (identity,)).fetchone()
        return row is not None

    def picture(self, identity: str, pixels: str) -> str:
        """Note what the pixels of a picture are; the identity that it counts as from now on.

        A picture that something was asked with keeps its own name: by that it was paid.
        """
        with self._write() as db:
            first = db.execute(
                "SELECT same_as FROM picture WHERE pixels = ? ORDER BY rowid LIMIT 1", (pixels,)
            ).fetchone()
            was_sent = db.execute(
                "SELECT 1 FROM attempt WHERE json_extract(request, '$.image') = ?1"
                " OR json_extract(request, '$.last_image') = ?1"
                " OR json_extract(request, '$.image') LIKE ?1 || ' %'"
                " OR json_extract(request, '$.last_image') LIKE ?1 || ' %' LIMIT 1",
                (identity,),
            ).fetchone()
            same_as: str = first["same_as"] if first and not was_sent else identity
            db.execute(
                "INSERT OR IGNORE INTO picture VALUES (?, ?, ?)", (identity, pixels, same_as)
            )
        return same_as

    def same_picture(self, identity: str, same_as: str) -> None:
        """Note that ``identity`` is the picture that was paid for as ``same_as``, by its origin."""
        with self._write() as db:
            row = (identity, f"origin:{identity}", same_as)
            db.execute("INSERT OR IGNORE INTO picture VALUES (?, ?, ?)", row)

    def pictures_asked(self) -> frozenset[str]:
        """The identities of all first and last frames that attempts were made with.

        Of a prepared one that of its source.
        """
        count = self.attempts()
        if self._identities[0] != count:
            self._identities = count, self._read_identities()
        return self._identities[1]

    def _read_identities(self) -> frozenset[str]:
        rows = self._db.execute(
            "SELECT DISTINCT json_extract(request, '$.image') AS name FROM attempt"
            " UNION SELECT DISTINCT json_extract(request, '$.last_image') FROM attempt"
        )
        return frozenset(source_of(row["name"]) for row in rows.fetchall() if row["name"])
