"""Which pictures are one picture in other bytes, and which shapes clips were asked for in."""

import json
from collections.abc import Set
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
        # What attempts up to this one were asked with. None is ever removed, or asks otherwise.
        self._read_up_to = 0
        self._identities: set[str] = set()
        self._shapes: dict[str, list[AskedShape]] = {}  # by model, the newest first

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

    def pictures_asked(self) -> Set[str]:
        """The identities of all frames and references that attempts were made with.

        Of a prepared one that of its source.
        """
        self._read_requests()
        return self._identities

    def shapes_asked(self, model: str) -> list[AskedShape]:
        """The shapes that clips of ``model`` were asked for in outright, the newest first."""
        self._read_requests()
        return self._shapes.get(model, [])

    def _read_requests(self) -> None:
        """Look at the requests of attempts that are new."""
        rows = self._db.execute(
            "SELECT id, model, request FROM attempt WHERE id > ? ORDER BY id", (self._read_up_to,)
        )
        for number, model, text in rows.fetchall():
            request = json.loads(text)
            references = (reference[1] for reference in request.get("references") or ())
            names = (request.get("image"), request.get("last_image"), *references)
            self._identities |= {source_of(name) for name in names if name}
            self._note_shape(model, request.get("size"), request.get("ratio"))
            self._read_up_to = number

    def _note_shape(self, model: str, size: str | None, ratio: str | None) -> None:
        if size is None and ratio is None:
            return
        shape = (size_of(size) if size else None, ratio or "")
        shapes = self._shapes.setdefault(model, [])
        if shape in shapes:
            shapes.remove(shape)
        shapes.insert(0, shape)
