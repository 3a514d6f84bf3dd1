"""Tags of a media container: ffmpeg's metadata text, and boxes of an mp4 that ffmpeg skips."""

import os
import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from wanx_render.errors import FfmpegError
from wanx_render.language import tr

_SPECIAL = re.compile(r"([\\=;#\n])")
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # C2PA specification, "uuid" in ISO BMFF
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # XMP specification, part 3
_MOST_XMP = 1024 * 1024  # bytes
_JUMBF = b"jumb"


def read_tags(text: str) -> tuple[tuple[str, str], ...]:
    """The tags of a text in ffmpeg's format ``ffmetadata``: of the file, then of its streams.

    Chapters are left out.
    """
    tags: list[tuple[str, str]] = []
    section = ""
    # A line break behind a backslash belongs to a value.
    for line in re.findall(r"(?:\\.|[^\\\n])+", text, re.DOTALL):
        if line.startswith("[") and line.endswith("]"):
            section = line
        elif not line.startswith((";", "#")) and section != "[CHAPTER]":
            name, equals, value = _divided(line)
            if equals:
                tags.append((_plain(name), _plain(value)))
    return tuple(tags)


def _divided(line: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"((?:\\.|[^\\=])*)(=)(.*)", line, re.DOTALL)
    return (match[1], match[2], match[3]) if match else (line, "", "")


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def write_tags(tags: Iterable[tuple[str, str]]) -> str:
    """The tags of a file as a text in the format ``ffmetadata``."""
    lines = (f"{_escaped(name)}={_escaped(value)}\n" for name, value in tags)
    return ";FFMETADATA1\n" + "".join(lines)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def readable(value: str) -> bool:
    """Whether ffmpeg reads the value of a tag from such a text as it is.

    It ends a value at a carriage return, and takes a backslash at the end of a line for an escape
    of the line break even where the backslash is escaped itself (seen in 9.0.2).
    """
    return "\r" not in value and not re.search(r"\\(\n|\Z)", value)


def provenance_boxes(path: Path) -> tuple[bool, str]:
    """Whether the mp4 at ``path`` holds C2PA content credentials, and its XMP packet or nothing.

    Both are boxes at the top level. A file that is not an mp4, or is cut off, has what is found
    before that shows. OSError where it cannot be read.
    """
    credentials, xmp = False, ""
    with path.open("rb") as stream:
        for kind, size in top_level(stream):
            head = stream.read(16) if kind == b"uuid" else b""
            credentials = credentials or head == _C2PA or kind == _JUMBF
            if head == _XMP and size - 16 <= _MOST_XMP:
                xmp = stream.read(size - 16).decode("utf-8", "replace")
    return credentials, xmp


def boxes(path: Path) -> tuple[str, ...]:
    """The names of the top-level boxes of an mp4, in order. Raises FfmpegError where it is cut."""
    names: list[str] = []
    end = 0
    with path.open("rb") as stream:
        for kind, size in top_level(stream):
            names.append(kind.decode("latin-1"))
            end = stream.tell() + size
    if end != path.stat().st_size:
        raise FfmpegError(tr("{file} is cut off or is not an mp4 file", file=path.name))
    return tuple(names)


def top_level(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Kind and content's size of each box at the top level; the stream stands at the content."""
    end = stream.seek(0, os.SEEK_END)
    at = 0
    while at + 8 <= end:
        stream.seek(at)
        size, kind = struct.unpack(">I4s", stream.read(8))
        if size == 1:
            size = int.from_bytes(stream.read(8), "big")
        elif size == 0:
            size = end - at
        content = stream.tell()
        if size < content - at or at + size > end:
            return
        yield kind, at + size - content
        at += size
