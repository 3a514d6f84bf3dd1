"""Picture files opened by Pillow: every way of failing is a ``BadPicture`` with a way out.

Sides are bounded before a pixel is decoded. What a file is its first bytes say, and whether it is
whole its pixels.
"""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec

from PIL import Image, UnidentifiedImageError

from wanx_render.geometry import Size
from wanx_render.language import NOTHING, Message, joined, tr
from wanx_render.media import image_bytes, signatures

FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
# Pillow may be built without AVIF; what reads it is a large library, which waits for such a file.
READABLE = (*FORMATS, "GIF", *(("AVIF",) if find_spec("PIL._avif") else ()))
MAX_PIXELS = Image.MAX_IMAGE_PIXELS or 89_000_000  # Pillow's own bound, 89 million


class BadPicture(ValueError):
    """The picture cannot be used; ``sentence`` says why, ``hint`` what to do.

    The sentence has no subject: "is empty".
    """

    def __init__(self, sentence: Message, hint: Message = NOTHING) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


@contextmanager
def opened(data: bytes, *, small: bool = False) -> Iterator[tuple[Image.Image, Size]]:
    """An opened and fully decoded picture and its size. Raises BadPicture.

    ``small``: a JPEG may come at an eighth of its size. All of its data is read as ever, and what
    is damaged is found, but its pixels, half of the cost and more, are not decoded.
    """
    if not data:
        raise BadPicture(tr("is empty"))
    try:
        with warnings.catch_warnings():
            # What Pillow warns of is metadata; damaged pixels are exceptions, sizes are checked.
            warnings.simplefilter("ignore")
            yield _loaded(data, small)
    except BadPicture:
        raise
    except Image.DecompressionBombError:
        raise BadPicture(_TOO_MANY_PIXELS) from None
    except UnidentifiedImageError:
        raise _unidentified(data) from None
    except _DAMAGED as error:
        message = tr("is damaged or cut off: {reason}", reason=str(error))
        raise BadPicture(message, _AGAIN) from None


_DAMAGED = (OSError, ValueError, SyntaxError, struct.error, EOFError)
_BARE = "wanx: without its metadata"


def has_damaged_metadata(image: Image.Image) -> bool:
    """Whether the picture could only be opened without some of its metadata."""
    return _BARE in image.info


def _loaded(data: bytes, small: bool) -> tuple[Image.Image, Size]:
    """The picture, by its pixels alone where its metadata is damaged."""
    try:
        return _decoded(data, small)
    except BadPicture:
        raise
    except _DAMAGED:
        for bare in image_bytes.without_metadata(data):
            with suppress(*_DAMAGED):
                image, size = _decoded(bare, small)
                image.info[_BARE] = True
                return image, size
        raise


def _decoded(data: bytes, small: bool) -> tuple[Image.Image, Size]:
    image = Image.open(io.BytesIO(data), formats=_readers(data))
    if image.width * image.height > MAX_PIXELS:
        raise BadPicture(_TOO_MANY_PIXELS)
    size = Size(*image.size)
    if small:
        image.draft(None, (size.width // 8, size.height // 8))
    image.load()
    return image, size


def _readers(data: bytes) -> tuple[str, ...]:
    """The formats that ``data`` may be read as."""
    if signatures.is_heif(data) and _heif_is_read():
        return (*READABLE, "HEIF")
    return READABLE


@cache
def _heif_is_read() -> bool:
    """Whether HEIC can be read here: where the extra ``heic`` is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener(thumbnails=False)
    return True


def _unidentified(data: bytes) -> BadPicture:
    """Why no reader takes ``data``: another format, by its name, or none at all."""
    formats = joined(FORMATS, tr(", "))
    kind, advice = signatures.named(data)
    is_read = "AVIF" in READABLE if kind == signatures.AVIF else _readers(data) != READABLE
    if is_read:
        return BadPicture(_NO_HEADER, _AGAIN)
    if kind:
        return BadPicture(tr("is {kind}; expected {formats}", kind=kind, formats=formats), advice)
    if data.startswith(_BEGINNINGS):
        return BadPicture(_NO_HEADER, _AGAIN)
    message = tr("is not a picture of a known format ({formats})", formats=formats)
    return BadPicture(message, tr("save it as PNG or JPEG"))


_TOO_MANY_PIXELS = tr("has more than {n} million pixels", n=MAX_PIXELS // 1_000_000)
_NO_HEADER = tr("is damaged or cut off: its header cannot be read")
_AGAIN = tr("save or download it again")
_BEGINNINGS = (b"\xff\xd8", b"\x89PNG", b"BM", b"RIFF")


def exif_is_sound(image: Image.Image) -> bool:
    """Whether the picture has no EXIF data that is damaged."""
    blob = image.info.get("exif", b"")
    return image_bytes.exif_is_sound(blob) if isinstance(blob, bytes) else True


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1, not turned, where EXIF data is missing or damaged."""
    if not exif_is_sound(image):
        return 1
    try:
        value = image.getexif().get(0x0112, 1)
    except (OSError, ValueError, SyntaxError, struct.error):
        return 1
    return value if value in _TURNS else 1


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """The picture upright."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image
