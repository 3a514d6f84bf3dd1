"""JPEG files as segments: the first picture of a file alone, without a byte of its pixels changed.

Phones put further pictures behind the first one (MPO: CIPA DC-007), and say so in an APP2 segment.
"""

import re

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
    segments, at = [data[:2]], 2
    while match := _END_OF_SCAN.match(data, at):
        marker, start = match[1][0], match.end()
        if marker == _EOI:
            return b"".join([*segments, b"\xff\xd9"])
        end = start if marker in _ALONE else start + int.from_bytes(data[start : start + 2], "big")
        body = data[start - 1 : start] + data[start + 2 : end]
        if marker == _SOS:
            found = _END_OF_SCAN.search(data, end)
            end = found.start() if found else len(data)
        if not body.startswith(_SECOND_PICTURES) and (keep_exif or not body.startswith(_EXIF)):
            segments.append(b"\xff" + data[start - 1 : end])
        at = end
    return data
