"""Labels of AI-generated content in picture files: in XMP, in EXIF data, in the texts of a PNG."""

import io
import struct
import warnings
from collections.abc import Iterator

from PIL import Image, UnidentifiedImageError

from wanx_render.media.ai_labels import NO_PROVENANCE, Provenance, provenance_of

_DESCRIPTION, _EXIF, _COMMENT = 0x010E, 0x8769, 0x9286  # tags of EXIF
_CHARSETS = {b"ASCII\0\0\0": "ascii", b"UNICODE\0": "utf-16", b"JIS\0\0\0\0\0": "iso2022_jp"}
_UNREADABLE = (
    UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError,
    TypeError, KeyError, struct.error,
)  # fmt: skip


def provenance(data: bytes) -> Provenance:
    """What the picture file ``data`` says of its origin; nothing where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata
            with Image.open(io.BytesIO(data)) as image:
                tags = list(_tags(image))
    except _UNREADABLE:
        return NO_PROVENANCE
    # C2PA stands in JUMBF boxes, whatever segment or chunk of the file holds them.
    return provenance_of(tags, credentials=b"jumb" in data and b"c2pa" in data)


def _tags(image: Image.Image) -> Iterator[tuple[str, str]]:
    for name, value in image.info.items():
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        if isinstance(text, str) and name != "exif":
            yield ("xmp" if "xmp" in str(name).lower() else str(name)), text
    exif = image.getexif()
    yield "description", str(exif.get(_DESCRIPTION, ""))
    comment = exif.get_ifd(_EXIF).get(_COMMENT, "")
    yield "comment", _commented(comment) if isinstance(comment, bytes) else str(comment)


def _commented(value: bytes) -> str:
    """The text of a UserComment, whose first eight bytes name its characters."""
    charset = _CHARSETS.get(value[:8])
    text = value[8:] if charset or not value[:8].strip(b"\0") else value
    return text.decode(charset or "utf-8", "replace").strip("\0 ")
