"""First-frame pictures: a file or data URI in, its upright size, bytes and fingerprint out.

Pictures are read with care: the header first, sides bounded before a pixel is decoded. What a file
is its first bytes say, and whether it is whole its pixels. A plain picture is sent byte for byte;
what the service would refuse or misread is repaired first (``sendable``).
"""

import base64
import hashlib
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from wanx_render.files import sha256_of
from wanx_render.geometry import Size
from wanx_render.language import tr
from wanx_render.media import image_bytes
from wanx_render.media.picture.colours import is_transparent, srgb
from wanx_render.media.picture.encoding import Kind, encoded
from wanx_render.media.picture.fitted import fitted
from wanx_render.media.picture.opening import FORMATS as FORMATS
from wanx_render.media.picture.opening import MAX_PIXELS as MAX_PIXELS
from wanx_render.media.picture.opening import READABLE as READABLE
from wanx_render.media.picture.opening import BadPicture as BadPicture
from wanx_render.media.picture.opening import (
    exif_is_sound,
    has_damaged_metadata,
    opened,
    orientation_of,
    turned,
)
from wanx_render.preparation import Preparation

MAX_FILE_BYTES = 64 * 1024 * 1024
REPAIRED_BYTES = 9 * 1024 * 1024  # the most that a repaired picture has; all models take it

# What is put right in a picture before it is sent.
Repair = Literal[
    "several",  # it holds further pictures (MPO); the first is sent
    "metadata",  # some of it is damaged and left out
    "exif",  # its EXIF data is damaged and left out; the picture is not turned
    "turned",  # by its EXIF orientation
    "animated",  # its first picture is sent
    "depth",  # more than 8 bits a channel
    "palette",  # or a single bit
    "cmyk",
    "opaque",  # an alpha channel that hides nothing
    "format",  # one that is read here but not taken by the service
]
# What changes more than that, and so needs a word of the user (``fit_image``).
Wish = Literal[
    "alpha",  # what is transparent is drawn over a background
    "gif",  # few colours, most often an animation; its first picture is sent
]
_WITHOUT_ENCODING: frozenset[Repair] = frozenset(("several", "exif"))  # of a JPEG


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of a picture: its upright size in pixels, and what its bytes are."""

    sha256: str
    size: Size
    format: str  # of the file, by its first bytes
    bytes: int  # of what is sent; of a repaired picture the most it can be
    transparent: bool
    repairs: tuple[Repair, ...] = ()

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """What the user has to agree to before the picture is sent."""
        is_gif: tuple[Wish, ...] = ("gif",) if self.format == "GIF" else ()
        return (*(("alpha",) if self.transparent else ()), *is_gif)

    @property
    def sent_as(self) -> str:
        """The format of what is sent."""
        if not self.repairs:
            return self.format
        return _kind(self.format)


def read_bytes(path: Path) -> bytes:
    """The bytes of a picture file. Raises BadPicture."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadPicture(tr("is a folder, not a picture"))
        if not stat.S_ISREG(status.st_mode):
            raise BadPicture(tr("is a device or a pipe, not a picture"))
        if status.st_size > MAX_FILE_BYTES:
            raise BadPicture(tr("is larger than {n} MiB", n=MAX_FILE_BYTES // 1024 // 1024))
        return path.read_bytes()
    except BadPicture:
        raise
    except FileNotFoundError:
        raise BadPicture(tr("does not exist")) from None
    except OSError as error:
        raise BadPicture(tr("cannot be read: {reason}", reason=error.strerror)) from None
    except ValueError:
        raise BadPicture(tr("has a name that is not valid for a file")) from None


_SUFFIXES = {
    b"\xff\xd8\xff": (".jpg", ".jpeg", ".jpe", ".jfif"),
    b"\x89PNG\r\n\x1a\n": (".png",),
    b"BM": (".bmp", ".dib"),
}


def suffixes(data: bytes) -> tuple[str, ...]:
    """The suffixes that a file with these first bytes may have; none where it is no picture."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return (".webp",)
    return next((endings for head, endings in _SUFFIXES.items() if data.startswith(head)), ())


def decode_data_uri(uri: str) -> bytes:
    """The bytes of ``data:image/...;base64,...``. Raises BadPicture."""
    head, comma, body = uri.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        raise BadPicture(tr("must be of the form data:image/TYPE;base64,DATA"))
    try:
        return base64.b64decode(body, validate=True)
    except ValueError:
        raise BadPicture(tr("is not valid Base64")) from None


def inspect(data: bytes) -> Picture:
    """What is known of the picture in ``data``; all of it is decoded. Raises BadPicture."""
    with opened(data, small=True) as (image, size):
        orientation = orientation_of(image)
        transparent = is_transparent(image)
        repairs = _repairs(image, data, orientation, transparent=transparent)
        return Picture(
            sha256=sha256_of(data),
            size=Size(size.height, size.width) if orientation in (5, 6, 7, 8) else size,
            format=_format(image),
            bytes=_bytes_sent(data, repairs),
            transparent=transparent,
            repairs=repairs,
        )


def sendable(data: bytes) -> bytes:
    """What is sent of the picture in ``data``: itself, or a repaired JPEG or PNG.

    Repaired means upright, in sRGB, 8 bits a channel, and at most ``REPAIRED_BYTES``; a JPEG whose
    pixels need no repair keeps them bit for bit. Raises BadPicture.
    """
    picture = inspect(data)
    if not picture.repairs:
        return data
    if _keeps_its_pixels(data, picture.repairs):
        return _alone(data, picture.repairs)
    return encoded(upright(data), _kind(picture.format), REPAIRED_BYTES)


def prepared(data: bytes, preparation: Preparation, most_bytes: int) -> bytes:
    """What is sent of the picture in ``data``: the part and size that ``preparation`` says.

    Upright, in sRGB, 8 bits a channel, without metadata, at most ``most_bytes``: PNG where the
    source has lost nothing yet and it fits, else JPEG. Where there is nothing to prepare, as
    ``sendable``. Raises BadPicture.
    """
    if not preparation.name and preparation.sent == preparation.window.size:
        data_sent = sendable(data)
        if len(data_sent) <= most_bytes:
            return data_sent
    with opened(data) as (image, _):
        picture = turned(image, orientation_of(image))
        kind: Kind = "PNG" if _is_lossless(image, data) else "JPEG"
        return encoded(
            fitted(picture, image.info.get("icc_profile"), preparation), kind, most_bytes
        )


def _is_lossless(image: Image.Image, data: bytes) -> bool:
    """Whether the file's format has lost nothing of the picture."""
    if image.format == "WEBP":
        return re.search(rb"VP8L.{4}\x2f", data, re.DOTALL) is not None  # its chunk's beginning
    return image.format in ("PNG", "BMP", "GIF")


def upright(data: bytes) -> Image.Image:
    """The picture as RGB, turned as its EXIF says; in sRGB where it is repaired. Raises BadPicture.

    Its pixels are those that ``sendable`` encodes.
    """
    with opened(data) as (image, _):
        orientation = orientation_of(image)
        repairs = _repairs(image, data, orientation, transparent=True)
        picture = turned(image, orientation)
        if _WITHOUT_ENCODING.issuperset(repairs):
            return picture.convert("RGB")
        return srgb(picture, image.info.get("icc_profile")).convert("RGB")


def with_alpha(data: bytes) -> Image.Image:
    """The picture as RGBA: upright, in sRGB, of its first frame. Raises BadPicture."""
    with opened(data) as (image, _):
        picture = srgb(turned(image, orientation_of(image)), image.info.get("icc_profile"))
        return picture.convert("RGBA")


def pixels(data: bytes) -> str:
    """What the picture in ``data`` looks like, as a SHA-256 in hex. Raises BadPicture.

    Of its first frame: upright, in sRGB with 8 bits, with alpha where any of it is not opaque; so
    neither the file's format, nor its metadata, nor how it is packed matters, but every pixel does.
    """
    with opened(data) as (image, _):
        picture = srgb(turned(image, orientation_of(image)), image.info.get("icc_profile"))
    digest = hashlib.sha256(f"{picture.width}x{picture.height} {picture.mode} ".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


def _kind(name: str) -> Kind:
    """The format of a copy: what photographs are saved in has lost something already."""
    return "JPEG" if name in ("JPEG", "AVIF", "HEIF") else "PNG"


def _format(image: Image.Image) -> str:
    """MPO is the name of a plug-in: by its first bytes the file is a JPEG."""
    return "JPEG" if image.format == "MPO" else str(image.format)


def _keeps_its_pixels(data: bytes, repairs: tuple[Repair, ...]) -> bool:
    """Whether the picture is a JPEG that only segments are taken out of."""
    return data.startswith(b"\xff\xd8") and _WITHOUT_ENCODING.issuperset(repairs)


def _alone(data: bytes, repairs: tuple[Repair, ...]) -> bytes:
    return image_bytes.first_picture(data, keep_exif="exif" not in repairs)


def _bytes_sent(data: bytes, repairs: tuple[Repair, ...]) -> int:
    """How many bytes are sent; of a picture that is encoded again, the most it may have."""
    if not repairs:
        return len(data)
    return len(_alone(data, repairs)) if _keeps_its_pixels(data, repairs) else REPAIRED_BYTES


def _repairs(
    image: Image.Image, data: bytes, orientation: int, *, transparent: bool
) -> tuple[Repair, ...]:
    """What must be put right in an opened picture before it is sent."""
    several = getattr(image, "n_frames", 1) > 1
    wide = image.format == "PNG" and data[24] == 16  # bits a channel, in the header
    alpha = "A" in image.getbands() or "transparency" in image.info
    needs: dict[Repair, bool] = {
        "several": several and image.format == "MPO",
        "metadata": has_damaged_metadata(image),
        "exif": not exif_is_sound(image),
        "turned": orientation != 1,
        "animated": several and image.format != "MPO",
        "depth": wide or image.mode.startswith(("I", "F")),
        "palette": image.mode in ("1", "P", "PA"),
        "cmyk": image.mode == "CMYK",
        "opaque": alpha and not transparent,
        "format": image.format not in (*FORMATS, "MPO"),
    }
    return tuple(repair for repair, is_needed in needs.items() if is_needed)
