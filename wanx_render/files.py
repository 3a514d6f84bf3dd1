"""Files that are written whole or not at all."""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PART_NAME = 40  # characters of the name in that of its part: a name may hold 255 bytes in all


def part_name(path: Path) -> Path:
    """A hidden name beside ``path`` for what will become it; never the same one twice."""
    return path.with_name(f".{path.name[:_PART_NAME]}.{secrets.token_hex(6)}.part")


def write_atomically(
    path: Path,
    data: bytes | str | Iterable[str],
    *,
    mode: int | None = None,
    durable: bool = True,
) -> None:
    """Write ``data`` to ``path``; a reader, also after a power cut, sees all of it or the old file.

    Text is written as UTF-8 with ``\\n`` as it is (what UTF-8 cannot hold as ``\\udcXX``); pieces
    of text one by one. ``mode`` are the permissions, by default those of any new file. With
    ``durable`` false nothing waits for the disk: for what is easily made again.
    Raises OSError; nothing of ``path`` is changed then and no part is left.
    """
    part = part_name(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(part, flags, 0o666 if mode is None else mode), "wb") as stream:
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(stream.fileno(), mode)  # whatever the umask
            for piece in (data,) if isinstance(data, bytes | str) else data:
                stream.write(piece if isinstance(piece, bytes) else _utf8(piece))
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power cut, where the system has a way to."""
    with suppress(OSError):  # Windows opens no folder; some network file systems sync none
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
