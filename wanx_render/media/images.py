"""First-frame pictures: a file or data URI in, its upright size, bytes and fingerprint out.

Pictures are read with care: the header first, sides bounded before a pixel is decoded. What a file
is its first bytes say, and whether it is whole its pixels. A plain picture is sent byte for byte;
what the service would refuse or misread is repaired first (``sendable``).
"""

import base64
import hashlib
import io
import stat
import struct
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image, ImageChops, ImageCms, UnidentifiedImageError, features

from wanx_render.files import sha256_of
from wanx_render.geometry import Size
from wanx_render.language import NOTHING, Message, joined, tr
from wanx_render.media import image_bytes, signatures
from wanx_render.preparation import Preparation

FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
# Pillow may be built without it.
READABLE = (*FORMATS, *(("AVIF",) if features.check("avif") else ()))
MAX_PIXELS = Image.MAX_IMAGE_PIXELS or 89_000_000  # Pillow's own bound, 89 million
MAX_FILE_BYTES = 64 * 1024 * 1024


REPAIRED_BYTES = 9 * 1024 * 1024  # the most that a repaired picture has; all models take it
_QUALITIES = (95, 90, 80, 60)

# What is put right in a picture before it is sent.
Repair = Literal[
    "several",  # it holds further pictures (MPO); the first is sent
    "exif",  # its EXIF data is damaged and left out; the picture is not turned
    "turned",  # by its EXIF orientation
    "animated",  # its first picture is sent
    "depth",  # more than 8 bits a channel
    "palette",  # or a single bit
    "cmyk",
    "opaque",  # an alpha channel that hides nothing
    "format",  # one that is read here but not taken by the service
]
_WITHOUT_ENCODING: frozenset[Repair] = frozenset(("several", "exif"))  # of a JPEG


class BadPicture(ValueError):
    """The picture cannot be used; ``sentence`` says why, ``hint`` what to do.

    The sentence has no subject: "is empty".
    """

    def __init__(self, sentence: Message, hint: Message = NOTHING) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


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
    def sent_as(self) -> str:
        """The format of what is sent."""
        if not self.repairs or self.format == "JPEG":
            return self.format
        return "PNG"


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
    with _opened(data, small=True) as (image, size):
        orientation = _orientation(image)
        transparent = _is_transparent(image)
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
    return _encoded(upright(data), "JPEG" if picture.format == "JPEG" else "PNG")


def prepared(data: bytes, preparation: Preparation, most_bytes: int) -> bytes:
    """What is sent of the picture in ``data``: the part and size that ``preparation`` says.

    Upright, in sRGB, 8 bits a channel, at most ``most_bytes``. Raises BadPicture.
    """
    del most_bytes
    window = preparation.window
    box = (window.x, window.y, window.x + window.width, window.y + window.height)
    size = (preparation.sent.width, preparation.sent.height)
    return _encoded(upright(data).resize(size, Image.Resampling.LANCZOS, box), "PNG")


def upright(data: bytes) -> Image.Image:
    """The picture as RGB, turned as its EXIF says; in sRGB where it is repaired. Raises BadPicture.

    Its pixels are those that ``sendable`` encodes.
    """
    with _opened(data) as (image, _):
        orientation = _orientation(image)
        repairs = _repairs(image, data, orientation, transparent=True)
        picture = _turned(image, orientation)
        if _WITHOUT_ENCODING.issuperset(repairs):
            return picture.convert("RGB")
        return _srgb(picture, image.info.get("icc_profile")).convert("RGB")


def with_alpha(data: bytes) -> Image.Image:
    """The picture as RGBA: upright, in sRGB, of its first frame. Raises BadPicture."""
    with _opened(data) as (image, _):
        picture = _srgb(_turned(image, _orientation(image)), image.info.get("icc_profile"))
        return picture.convert("RGBA")


def pixels(data: bytes) -> str:
    """What the picture in ``data`` looks like, as a SHA-256 in hex. Raises BadPicture.

    Of its first frame: upright, in sRGB with 8 bits, with alpha where any of it is not opaque; so
    neither the file's format, nor its metadata, nor how it is packed matters, but every pixel does.
    """
    with _opened(data) as (image, _):
        picture = _srgb(_turned(image, _orientation(image)), image.info.get("icc_profile"))
    digest = hashlib.sha256(f"{picture.width}x{picture.height} {picture.mode} ".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


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
        "exif": not _exif_is_sound(image),
        "turned": orientation != 1,
        "animated": several and image.format != "MPO",
        "depth": wide or image.mode.startswith(("I", "F")),
        "palette": image.mode in ("1", "P", "PA"),
        "cmyk": image.mode == "CMYK",
        "opaque": alpha and not transparent,
        "format": image.format not in (*FORMATS, "MPO"),
    }
    return tuple(repair for repair, is_needed in needs.items() if is_needed)


def _is_transparent(image: Image.Image) -> bool:
    """Whether anything of the picture is not opaque."""
    if not image.has_transparency_data:
        return False
    alpha = _eight_bits(image).convert("RGBA").getchannel("A")
    return alpha.getextrema() != (255, 255)


def _exif_is_sound(image: Image.Image) -> bool:
    blob = image.info.get("exif", b"")
    return image_bytes.exif_is_sound(blob) if isinstance(blob, bytes) else True


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1, not turned, where EXIF data is missing or damaged."""
    if not _exif_is_sound(image):
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


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def _encoded(picture: Image.Image, kind: Literal["JPEG", "PNG"]) -> bytes:
    """The picture as a file of at most ``REPAIRED_BYTES``: PNG, or as good a JPEG as fits."""
    if kind == "PNG":
        data = _saved(picture, "PNG")
        if len(data) <= REPAIRED_BYTES:
            return data
    for quality in _QUALITIES:
        data = _saved(picture, "JPEG", quality=quality, subsampling=0)
        if len(data) <= REPAIRED_BYTES:
            return data
    raise BadPicture(tr("is too large to convert"), tr("save it as JPEG, or smaller"))


def _saved(picture: Image.Image, kind: str, **options: int) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, icc_profile=None, **options)
    return stream.getvalue()


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """``image`` as RGB in sRGB, or as RGBA where not all of it is opaque."""
    image = _eight_bits(image)
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
    elif image.mode not in ("L", "CMYK"):
        image = image.convert("RGB")
    colours = _converted(image.convert("RGB") if alpha else image, profile)
    if alpha and alpha.getextrema() != (255, 255):
        colours.putalpha(alpha)
    return colours


def _eight_bits(image: Image.Image) -> Image.Image:
    """``image``, of 16 bits a pixel the upper 8: Pillow by itself would cut all above 255."""
    if not image.mode.startswith("I"):
        return image
    values = image.convert("I").tobytes()  # four bytes each
    upper = values[1::4] if sys.byteorder == "little" else values[2::4]
    grey = Image.frombytes("L", image.size, upper)
    key = image.info.get("transparency")
    if isinstance(key, int):
        opaque = bytes(0 if value == key else 255 for value in memoryview(values).cast("i"))
        grey.putalpha(Image.frombytes("L", image.size, opaque))
    return grey


def _converted(image: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB by the colour profile; as it is where that is sRGB itself, broken or of another kind."""
    plain = image.convert("RGB")
    if not profile:
        return plain
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            image.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
        if image.mode == "RGB" and _changes_little(transform):
            return plain
        return ImageCms.applyTransform(image, transform) or plain
    except (ImageCms.PyCMSError, OSError, ValueError):
        return plain


def _changes_little(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether the profile is sRGB by another name: its many makers round it differently."""
    steps = range(0, 256, 17)
    colours = Image.new("RGB", (len(steps) ** 2, len(steps)))
    colours.putdata([(red, green, blue) for red in steps for green in steps for blue in steps])
    result = ImageCms.applyTransform(colours, transform)
    if result is None:
        return True
    extrema = ImageChops.difference(colours, result).getextrema()
    return all(isinstance(band, tuple) and band[1] <= _ROUNDING for band in extrema)


_ROUNDING = 2  # levels


@contextmanager
def _opened(data: bytes, *, small: bool = False) -> Iterator[tuple[Image.Image, Size]]:
    """An opened and fully decoded picture and its size; every way of failing is a BadPicture.

    ``small``: a JPEG may come at an eighth of its size. All of its data is read as ever, and what
    is damaged is found, but its pixels, half of the cost and more, are not decoded.
    """
    if not data:
        raise BadPicture(tr("is empty"))
    try:
        with warnings.catch_warnings():
            # What Pillow warns of is metadata; damaged pixels are exceptions, sizes are checked.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=READABLE) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise BadPicture(_TOO_MANY_PIXELS)
                size = Size(*image.size)
                if small:
                    image.draft(None, (size.width // 8, size.height // 8))
                image.load()
                yield image, size
    except BadPicture:
        raise
    except Image.DecompressionBombError:
        raise BadPicture(_TOO_MANY_PIXELS) from None
    except UnidentifiedImageError:
        raise _unidentified(data) from None
    except (OSError, ValueError, SyntaxError, struct.error, EOFError) as error:
        message = tr("is damaged or cut off: {reason}", reason=str(error))
        raise BadPicture(message, _AGAIN) from None


def _unidentified(data: bytes) -> BadPicture:
    """Why no reader takes ``data``: another format, by its name, or none at all."""
    formats = joined(FORMATS, tr(", "))
    kind, advice = signatures.named(data)
    if kind:
        return BadPicture(tr("is {kind}; expected {formats}", kind=kind, formats=formats), advice)
    if data.startswith(_BEGINNINGS):
        return BadPicture(tr("is damaged or cut off: its header cannot be read"), _AGAIN)
    message = tr("is not a picture of a known format ({formats})", formats=formats)
    return BadPicture(message, tr("save it as PNG or JPEG"))


_TOO_MANY_PIXELS = tr("has more than {n} million pixels", n=MAX_PIXELS // 1_000_000)
_AGAIN = tr("save or download it again")
_BEGINNINGS = (b"\xff\xd8", b"\x89PNG", b"BM", b"RIFF")
