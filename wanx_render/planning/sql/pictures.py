"""Which pictures are one picture in other bytes, and which shapes clips were asked for in."""

from pathlib import Path

from wanx_render.catalog.shapes import size_of
from wanx_render.geometry import Size
from wanx_render.planning.sql.attempt_queries import AttemptQueries
from wanx_render.task import source_of

AskedShape = tuple[Size | None, str]  # the size or the ratio that was asked for


class PictureTable(AttemptQueries):
    """Pictures, by identity."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._identities: tuple[int, frozenset[str]] = (0, frozenset())  # of so many attempts
        self._shapes: tuple[int, dict[str, list[AskedShape]]] = (0, {})  # the same, by model

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
                " OR json_extract(request, '$.last_image') LIKE ?1 || ' %'"
                " OR EXISTS (SELECT 1 FROM json_each(request, '$.references') AS entry"
                " WHERE json_extract(entry.value, '$[1]') = ?1"
                " OR json_extract(entry.value, '$[1]') LIKE ?1 || ' %') LIMIT 1",
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
        """The identities of all frames and references that attempts were made with.

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
            " UNION SELECT DISTINCT json_extract(entry.value, '$[1]')"
            " FROM attempt, json_each(request, '$.references') AS entry"
        )
        return frozenset(source_of(row["name"]) for row in rows.fetchall() if row["name"])

    def shapes_asked(self, model: str) -> list[AskedShape]:
        """The shapes that clips of ``model`` were asked for in outright, the newest first."""
        count = self.attempts()
        if self._shapes[0] != count:
            self._shapes = count, self._read_shapes()
        return self._shapes[1].get(model, [])

    def _read_shapes(self) -> dict[str, list[AskedShape]]:
        rows = self._db.execute(
            "SELECT model, json_extract(request, '$.size') AS size,"
            " json_extract(request, '$.ratio') AS ratio FROM attempt"
            " WHERE size IS NOT NULL OR ratio IS NOT NULL"
            " GROUP BY model, size, ratio ORDER BY max(id) DESC"
        )
        shapes: dict[str, list[AskedShape]] = {}
        for row in rows:
            size = size_of(row["size"]) if row["size"] else None
            shapes.setdefault(row["model"], []).append((size, row["ratio"] or ""))
        return shapes
