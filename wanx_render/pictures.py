"""First-frame pictures: a file or data URI in, its upright size, bytes and fingerprint out.

Pictures are read with care: the header first, sides bounded before a pixel is decoded.
"""

import base64
import hashlib
import io
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageCms, ImageOps, UnidentifiedImageError

from wanx_render.geometry import Size

FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
MAX_PIXELS = Image.MAX_IMAGE_PIXELS or 89_000_000  # Pillow's own bound, 89 million
MAX_FILE_BYTES = 64 * 1024 * 1024


class BadPicture(ValueError):
    """The picture cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of a picture: its upright size in pixels, and what its bytes are."""

    sha256: str
    size: Size
    format: str
    bytes: int
    transparent: bool
    turned: bool  # by its EXIF orientation


def read_bytes(path: Path) -> bytes:
    """The bytes of a picture file. Raises BadPicture."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadPicture("is a folder, not a picture")
        if not stat.S_ISREG(status.st_mode):
            raise BadPicture("is a device or a pipe, not a picture")
        if status.st_size > MAX_FILE_BYTES:
            raise BadPicture(f"is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB")
        return path.read_bytes()
    except BadPicture:
        raise
    except FileNotFoundError:
        raise BadPicture("does not exist") from None
    except OSError as error:
        raise BadPicture(f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise BadPicture("has a name that no file can have") from None


def decode_data_uri(uri: str) -> bytes:
    """The bytes of ``data:image/...;base64,...``. Raises BadPicture."""
    head, comma, body = uri.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        raise BadPicture("must be of the form data:image/TYPE;base64,DATA")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError:
        raise BadPicture("holds text that is not Base64") from None


def inspect(data: bytes) -> Picture:
    """What is known of the picture in ``data``; all of it is decoded. Raises BadPicture."""
    with _opened(data, small=True) as (image, size):
        orientation = image.getexif().get(0x0112, 1)
        turned = orientation in (5, 6, 7, 8)
        return Picture(
            sha256=hashlib.sha256(data).hexdigest(),
            size=Size(size.height, size.width) if turned else size,
            format=str(image.format),
            bytes=len(data),
            transparent="A" in image.getbands() or "transparency" in image.info,
            turned=orientation not in (0, 1),
        )


def upright(data: bytes) -> Image.Image:
    """The picture itself as RGB, turned as its EXIF says. Raises BadPicture."""
    with _opened(data) as (image, _):
        return ImageOps.exif_transpose(image).convert("RGB")


def pixels(data: bytes) -> str:
    """What the picture in ``data`` looks like, as a SHA-256 in hex. Raises BadPicture.

    Of its first frame: upright, in sRGB with 8 bits, with alpha where any of it is not opaque; so
    neither the file's format, nor its metadata, nor how it is packed matters, but every pixel does.
    """
    with _opened(data) as (image, _):
        picture = _srgb(ImageOps.exif_transpose(image), image.info.get("icc_profile"))
    digest = hashlib.sha256(f"{picture.width}x{picture.height} {picture.mode} ".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


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
    values = memoryview(image.convert("I").tobytes()).cast("i")
    grey = Image.frombytes("L", image.size, bytes(value >> 8 & 255 for value in values))
    key = image.info.get("transparency")
    if isinstance(key, int):
        opaque = bytes(0 if value == key else 255 for value in values)
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
    converted = ImageCms.applyTransform(colours, transform)
    if converted is None:
        return True
    extrema = ImageChops.difference(colours, converted).getextrema()
    return all(isinstance(band, tuple) and band[1] <= _ROUNDING for band in extrema)


_ROUNDING = 2  # levels


@contextmanager
def _opened(data: bytes, *, small: bool = False) -> Iterator[tuple[Image.Image, Size]]:
    """An opened and fully decoded picture and its size; every way of failing is a BadPicture.

    ``small``: a JPEG may come at an eighth of its size. All of its data is read as ever, and what
    is damaged is found, but its pixels, half of the cost and more, are not reckoned.
    """
    if not data:
        raise BadPicture("is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise BadPicture(f"has more than {MAX_PIXELS // 1_000_000} million pixels")
                size = Size(*image.size)
                if small:
                    image.draft(None, (size.width // 8, size.height // 8))
                image.load()
                yield image, size
    except BadPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(f"has more than {MAX_PIXELS // 1_000_000} million pixels") from None
    except UnidentifiedImageError:
        known = ", ".join(FORMATS)
        raise BadPicture(f"is not a picture of a known format ({known})") from None
    except (OSError, ValueError, SyntaxError, Warning) as error:
        raise BadPicture(f"is damaged: {error}") from None
