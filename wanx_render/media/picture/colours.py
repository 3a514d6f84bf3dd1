"""The colours of pictures: in sRGB, 8 bits a channel, by their profiles."""

import io
import sys

from PIL import Image, ImageChops, ImageCms


def is_transparent(image: Image.Image) -> bool:
    """Whether anything of the picture is not opaque."""
    if not image.has_transparency_data:
        return False
    alpha = eight_bits(image).convert("RGBA").getchannel("A")
    return alpha.getextrema() != (255, 255)


def srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """``image`` as RGB in sRGB, or as RGBA where not all of it is opaque."""
    image = eight_bits(image)
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


def eight_bits(image: Image.Image) -> Image.Image:
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
