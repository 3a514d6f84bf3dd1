"""Pictures as files of at most so many bytes: PNG, or a JPEG that is as good as fits."""

import io
from typing import Literal

from PIL import Image

from wanx_render.language import tr
from wanx_render.media.picture.opening import BadPicture

Kind = Literal["JPEG", "PNG"]
_FAST, _SMALL = 2, 6  # levels of PNG: a quarter of the time for a tenth more bytes
_BEST, _WORST = 95, 60  # qualities of JPEG


def encoded(picture: Image.Image, kind: Kind, most_bytes: int) -> bytes:
    """The picture as a file without metadata; the same pixels are the same bytes.

    JPEG where PNG does not fit, in the best quality that does. Raises BadPicture where none does.
    """
    if kind == "PNG":
        data = _saved(picture, "PNG", compress_level=_FAST)
        if most_bytes < len(data) <= most_bytes * 4 // 3:
            data = _saved(picture, "PNG", compress_level=_SMALL)
        if len(data) <= most_bytes:
            return data
    data = _jpeg(picture, _BEST)
    if len(data) <= most_bytes:
        return data
    return _best_jpeg(picture, most_bytes)


def _best_jpeg(picture: Image.Image, most_bytes: int) -> bytes:
    """By halves: a quality fits, and one above it does not."""
    best, low, high = b"", _WORST, _BEST
    while low < high:
        quality = (low + high) // 2
        data = _jpeg(picture, quality)
        if len(data) <= most_bytes:
            best, low = data, quality + 1
        else:
            high = quality
    if not best:
        raise BadPicture(tr("is too large to convert"), tr("save it as JPEG, or smaller"))
    return best


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    return _saved(picture, "JPEG", quality=quality, subsampling=0)


def _saved(picture: Image.Image, kind: Kind, **options: int) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, icc_profile=None, exif=b"", **options)
    return stream.getvalue()
