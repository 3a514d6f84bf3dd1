"""Boxes, of which mp4 and mov files consist (ISO/IEC 14496-12, section 4.2): split and built."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from wanx_render.errors import FfmpegError
from wanx_render.language import tr

# Boxes with nothing in them but other boxes.
_FOLDERS = frozenset((b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl"))


@dataclass(frozen=True, slots=True)
class FileBox:
    """One box: its name, and the bytes behind its head."""

    name: bytes
    content: bytes

    @property
    def inner(self) -> tuple["FileBox", ...]:
        """The boxes in it. Raises FfmpegError where one is cut off."""
        return tuple(split(self.content))

    def find(self, *path: bytes) -> "FileBox | None":
        """The first box at the end of a path of names, or None."""
        box: FileBox | None = self
        for name in path:
            box = next((one for one in box.inner if one.name == name), None) if box else None
        return box

    def get(self, *path: bytes) -> "FileBox":
        """The box at the end of a path of names. Raises FfmpegError where there is none."""
        box = self.find(*path)
        if box is None:
            name = path[-1].decode("latin-1")
            raise FfmpegError(tr("the file has no box {name}", name=name))
        return box

    def __bytes__(self) -> bytes:
        return built(self.name, self.content)


def split(data: bytes, start: int = 0) -> Iterator[FileBox]:
    """The boxes that follow each other in ``data``. Raises FfmpegError where one is cut off."""
    at = start
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        if size < head or at + size > len(data):
            raise FfmpegError(tr("box {name} is cut off", name=name.decode("latin-1")))
        yield FileBox(name, data[at + head : at + size])
        at += size


def built(name: bytes, *contents: bytes) -> bytes:
    """A box with these contents, one behind the other."""
    size = 8 + sum(map(len, contents))
    return b"".join((struct.pack(">I4s", size, name), *contents))


def is_folder(box: FileBox) -> bool:
    """Whether a box holds nothing but other boxes."""
    return box.name in _FOLDERS
