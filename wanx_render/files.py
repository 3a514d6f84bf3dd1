"""Files that are written whole or not at all, and the hash of one.

Whatever is written gets a part beside its target first, under a name that nothing else has, and
takes the target's name when it is whole. Part names are given here only, so that a sweep can
recognise what a killed process left.
"""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PART_NAME = 40  # characters of the name in that of its part: a name may hold 255 bytes in all
_PART = re.compile(r"\..+\.[0-9a-f]{12}\.part(\..+)?", re.DOTALL)


def part_name(path: Path) -> Path:
    """A hidden name beside ``path`` for what will become it; never the same one twice.

    What is needed only while the part is made is called like the part, with a suffix more.
    """
    return path.with_name(f".{path.name[:_PART_NAME]}.{secrets.token_hex(6)}.part")


def is_part(name: str) -> bool:
    """Whether a file of this name is a part, or belongs to one."""
    return _PART.fullmatch(name) is not None


@contextmanager
def part_of(path: Path) -> Iterator[Path]:
    """A part for ``path``, to be filled and placed; it is removed where it was not placed."""
    part = part_name(path)
    try:
        yield part
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def place(part: Path, target: Path, *, durable: bool = True) -> None:
    """Give a finished file its name, in place of whatever file has it.

    After a power cut ``target`` is the old file or all of the new one; with ``durable`` false
    nothing waits for the disk, and it may be empty: for what is checked when read or easily made
    again. Raises OSError.
    """
    if durable:
        _sync(part)
    part.replace(target)
    if durable:
        sync_folder(target.parent)


def place_folder(part: Path, target: Path) -> None:
    """Give a finished folder its name, in place of whatever folder has it. Raises OSError."""
    old = part_name(target)
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def write_atomically(
    path: Path,
    data: bytes | str | Iterable[str],
    *,
    mode: int | None = None,
    durable: bool = True,
) -> None:
    """Write ``data`` to ``path``; a reader, also after a power cut, sees all of it or the old file.

    Text is written as UTF-8 with ``\\n`` as it is (what UTF-8 cannot hold as ``\\udcXX``); pieces
    of text one by one. ``mode`` are the permissions, by default those of any new file. ``durable``
    as for ``place``. Raises OSError; nothing of ``path`` is changed then and no part is left.
    """
    with part_of(path) as part:
        try:
            _write(part, data, mode)
        except OSError as error:
            error.filename = str(path)  # the part's name means nothing to a person
            raise
        place(part, path, durable=durable)


def _write(part: Path, data: bytes | str | Iterable[str], mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(part, flags, 0o666 if mode is None else mode), "wb") as stream:
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(stream.fileno(), mode)  # whatever the umask
        for piece in (data,) if isinstance(data, bytes | str) else data:
            stream.write(piece if isinstance(piece, bytes) else _utf8(piece))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _sync(path: Path) -> None:
    # Windows syncs only what is open for writing; elsewhere a file may be read only.
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def link(source: Path, target: Path) -> None:
    """``source`` under another name too, without copying it where that can be. Raises OSError."""
    try:
        target.hardlink_to(source)
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(source, target)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power cut, where the system has a way to."""
    with suppress(OSError):  # Windows opens no folder; some network file systems sync none
        _sync(folder)


def seen_from(folder: Path, path: Path) -> str:
    """How a file is named from ``folder``, with ``/``; by its whole path on another drive."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def sha256(path: Path, start: int = 0) -> str:
    """The SHA-256 of a file from byte ``start`` on, in hexadecimal digits.

    It is read in bounded memory. Raises OSError.
    """
    with path.open("rb") as stream:
        stream.seek(start)
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of(data: bytes) -> str:
    """The SHA-256 of bytes, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
