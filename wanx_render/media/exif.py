"""Whether EXIF data can be trusted: what Pillow only warns of, through a state of the process."""

import struct

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # bytes
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


def is_sound(data: bytes) -> bool:
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
