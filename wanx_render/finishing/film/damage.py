"""Pieces that are not what was made: dropped, so that they are made again."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from wanx_render import integrity
from wanx_render.diagnostics import listed
from wanx_render.errors import Broken, Damaged
from wanx_render.language import tr


def insist_on(pieces: Iterable[Path]) -> None:
    """Drop what is not whole. Raises Damaged where anything is not."""
    if broken_paths := [path for path in dict.fromkeys(pieces) if not integrity.is_whole(path)]:
        raise damaged(broken_paths)


def damaged(pieces: Sequence[Path]) -> Broken:
    """Damaged, that says which pieces are; they are gone, so that they are made again.

    Broken where they could not be removed.
    """
    for path in pieces:
        try:
            integrity.drop(path)
        except OSError as error:
            message = tr(
                "{file} is damaged and cannot be removed: {reason}",
                file=str(path), reason=error.strerror,
            )  # fmt: skip
            return Broken(message)
    files_named = listed((path.name for path in pieces), 1)
    return Damaged(tr("changed in the cache after it was made: {files}", files=files_named))
