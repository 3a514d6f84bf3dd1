"""Files of a cache that show by themselves whether they are still what was written.

A seal is the last 36 bytes of a file: a SHA-256 over the file's name and all bytes before, and a
mark. Readers of mov and JPEG pass over what comes after their own end. One flipped bit breaks it,
and so does another file of the same kind under this name. What it protects needs no fsync: a file
that a power loss left zeroed or half is not whole, and is made again.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from wanx_render import files

_MARK = b"wnx1"
SEAL = 32 + len(_MARK)  # bytes
_CHUNK = 1 << 20


def seal(path: Path, name: str) -> None:
    """Append a seal to the file at ``path``, which is going to be called ``name``."""
    with path.open("r+b") as stream:
        size = stream.seek(0, os.SEEK_END)
        value = _digest(stream, size, name)
        stream.seek(size)
        stream.write(value + _MARK)


def is_whole(path: Path) -> bool:
    """Whether there is a file at ``path`` that is byte for byte what was sealed under this name.

    False also for a directory, a file that cannot be read, and one without a seal. Reads all of it.
    """
    try:
        with path.open("rb") as stream:
            size = stream.seek(-SEAL, os.SEEK_END)
            value = stream.read()
            return value.endswith(_MARK) and value == _digest(stream, size, path.name) + _MARK
    except OSError:  # also where it is shorter than a seal
        return False


def _digest(stream: BinaryIO, size: int, name: str) -> bytes:
    """A hash of ``name`` and the first ``size`` bytes of ``stream``, in bounded memory."""
    value = hashlib.sha256(name.encode() + b"\0")
    stream.seek(0)
    while size > 0 and (data := stream.read(min(_CHUNK, size))):
        value.update(data)
        size -= len(data)
    return value.digest()


def place(part: Path, target: Path, *, durable: bool = False) -> None:
    """Give a finished file its name in a cache, in place of whatever has it, even a directory.

    ``durable`` is for files without a seal: both outlast a power loss. Raises OSError.
    """
    if target.is_dir() and not target.is_symlink():
        drop(target)
    files.place(part, target, durable=durable)


@contextmanager
def sealed(target: Path) -> Iterator[Path]:
    """A part for a file of a cache; it is sealed and placed where the block ends without an error.

    Raises OSError.
    """
    folder(target.parent)
    with files.part_of(target) as part:
        yield part
        seal(part, target.name)
        place(part, target)


def write(target: Path, data: bytes) -> None:
    """Write ``data`` and its seal as a file of a cache. Raises OSError."""
    folder(target.parent)
    digest = hashlib.sha256(target.name.encode() + b"\0" + data).digest()
    with files.part_of(target) as part:
        part.write_bytes(data + digest + _MARK)
        place(part, target)


def drop(path: Path) -> None:
    """Remove whatever is at ``path`` in a cache: a file, a link (not what it leads to), a folder.

    Folders only inside ``.cache``, where nothing is anybody's but ours. Raises OSError.
    """
    if path.is_dir() and not path.is_symlink() and ".cache" in path.parts[:-1]:
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def folder(path: Path) -> Path:
    """Make a folder of a cache, in place of a file or a dangling link that has its name."""
    if not path.is_dir():
        drop(path)
        path.mkdir(parents=True, exist_ok=True)
    return path
