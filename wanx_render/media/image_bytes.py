"""Picture files as bytes: the first picture of a JPEG alone, pixels alone, whether EXIF is sound.

Phones put further pictures behind the first one (MPO: CIPA DC-007), and say so in an APP2 segment.
Of damaged EXIF data Pillow only warns, through a state of the process.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator

_EXIF, _SECOND_PICTURES = b"\xe1Exif\0\0", b"\xe2MPF\0"
# In the coded data 0xFF is followed by 0x00 or by a restart marker; anything else ends the scan.
_END_OF_SCAN = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
_ALONE = (0x01, *range(0xD0, 0xD9))  # markers without a length
_SOS, _EOI = 0xDA, 0xD9


def first_picture(data: bytes, *, keep_exif: bool = True) -> bytes:
    """The first picture of a JPEG file as a file of its own: pixels and profiles as they are.

    What says that there are further pictures, and what comes after the first one's end, is left
    out; its EXIF data too unless ``keep_exif``. ``data`` that is no whole JPEG comes back as it is.
    """
    left_out = (_SECOND_PICTURES,) if keep_exif else (_SECOND_PICTURES, _EXIF)
    return _jpeg(data, lambda body: not body.startswith(left_out)) or data


def without_metadata(data: bytes) -> Iterator[bytes]:
    """A PNG or JPEG file with fewer and fewer of the parts that are not pixels.

    Readers refuse a file for a damaged part that says nothing of its pixels.
    """
    if data.startswith(b"\x89PNG"):
        for kinds in (("tRNS", "iCCP", "eXIf"), ("tRNS",), ()):
            yield _png(data, frozenset(kind.encode() for kind in kinds))
    elif bare := _jpeg(data, _is_of_the_pixels):
        yield bare


def _jpeg(data: bytes, is_kept: Callable[[bytes], bool]) -> bytes:
    """A JPEG of the segments that are kept, by marker and content; empty where it is not whole."""
    segments, at = [data[:2]], 2
    while data.startswith(b"\xff\xd8") and (match := _END_OF_SCAN.match(data, at)):
        marker, start = match[1][0], match.end()
        if marker == _EOI:
            return b"".join([*segments, b"\xff\xd9"])
        end = start if marker in _ALONE else start + int.from_bytes(data[start : start + 2], "big")
        body = data[start - 1 : start] + data[start + 2 : end]
        if marker == _SOS:
            scan_end = _END_OF_SCAN.search(data, end)
            end = scan_end.start() if scan_end else len(data)
        if is_kept(body):
            segments.append(b"\xff" + data[start - 1 : end])
        at = end
    return b""


def _is_of_the_pixels(body: bytes) -> bool:
    """Whether a segment is needed to show the picture: its colours and how it is turned too."""
    is_metadata = 0xE0 <= body[0] <= 0xEF or body[0] == 0xFE
    is_adobe = body.startswith(b"\xeeAdobe") and len(body) >= 13  # says how colours are held
    return not is_metadata or is_adobe or body.startswith((b"\xe2ICC_PROFILE\0", _EXIF))


def _png(data: bytes, kept: frozenset[bytes]) -> bytes:
    """A PNG of its pixels alone, and of the ``kept`` kinds of chunk where they are whole."""
    chunks, at = [data[:8]], 8
    while at + 8 <= len(data):
        (length,), kind = struct.unpack_from(">L", data, at), data[at + 4 : at + 8]
        end = at + 12 + length
        check = zlib.crc32(data[at + 4 : end - 4]).to_bytes(4, "big")
        if kind in _PIXELS or (kind in kept and data[end - 4 : end] == check):
            chunks.append(data[at:end])
        at = end
    return b"".join(chunks)


_PIXELS = (b"IHDR", b"PLTE", b"IDAT", b"IEND")


_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # bytes
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


def exif_is_sound(data: bytes) -> bool:
    """Whether the first directory of EXIF data is whole and all of its values are inside it.

    The form is that of TIFF 6.0, section 2. ``data`` is an APP1 segment's, with or without its
    heading.
    """
    while data.startswith(b"Exif\0\0"):
        data = data[6:]
    order = _ORDERS.get(data[:4])
    if order is None:
        return not data  # none at all is nothing wrong
    try:
        (start,) = struct.unpack_from(f"{order}L", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        struct.unpack_from(f"{order}L", data, start + 2 + 12 * count)  # the next directory
        entries = [
            struct.unpack_from(f"{order}HHLL", data, start + 2 + 12 * number)
            for number in range(count)
        ]
    except struct.error:
        return False
    sizes = [(_SIZES.get(kind, 0) * length, offset) for _, kind, length, offset in entries]
    apart = [(size, offset) for size, offset in sizes if size > 4]
    return all(offset + size <= len(data) for size, offset in apart)
