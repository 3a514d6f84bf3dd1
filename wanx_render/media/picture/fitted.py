"""A picture as it is sent: its window scaled, in bars, or over a blurred copy of itself."""

import hashlib

from PIL import Image, ImageColor, ImageMath

from wanx_render.geometry import Size
from wanx_render.language import tr
from wanx_render.media.picture.colours import eight_bits, is_transparent, srgb
from wanx_render.media.picture.opening import BadPicture
from wanx_render.preparation import WHITE, Preparation

LANCZOS = Image.Resampling.LANCZOS


def fitted(image: Image.Image, profile: bytes | None, preparation: Preparation) -> Image.Image:
    """The upright ``image`` as ``preparation`` says: RGB in sRGB, of the size that is sent.

    Raises BadPicture where the picture is smaller than the preparation knows it.
    """
    window, inner = preparation.window, preparation.inner.size
    right, lower = window.x + window.width, window.y + window.height
    if right > image.width or lower > image.height:
        raise BadPicture(tr("is another picture now"))
    part = eight_bits(image)
    if window.size != Size(*image.size):
        part = part.crop((window.x, window.y, right, lower))
    if is_transparent(part):
        part = over(srgb(part, profile), preparation.background or WHITE)
        profile = None
    elif part.mode not in ("L", "CMYK"):
        part = part.convert("RGB")
    if part.size != (inner.width, inner.height):
        part = part.resize((inner.width, inner.height), LANCZOS)
    return _framed(srgb(part, profile), preparation)


def over(picture: Image.Image, background: str) -> Image.Image:
    """The picture over a colour, as RGB."""
    behind = Image.new("RGBA", picture.size, ImageColor.getrgb(background))
    return Image.alpha_composite(behind, picture.convert("RGBA")).convert("RGB")


def _framed(picture: Image.Image, preparation: Preparation) -> Image.Image:
    sent, inner = preparation.sent, preparation.inner
    match preparation.fit:
        case "crop":
            return picture
        case "pad":
            colour = ImageColor.getrgb(preparation.background or WHITE)
            frame = Image.new("RGB", (sent.width, sent.height), colour)
        case "blur":
            frame = _blurred(picture, sent)
    frame.paste(picture, (inner.x, inner.y))
    return frame


def _blurred(picture: Image.Image, sent: Size) -> Image.Image:
    """A blurred, darkened enlargement that fills ``sent``, as the fit ``blur`` of a deliverable.

    In floating point up to the last step, and then dithered: in 8 bits its slow gradients would be
    steps that a model takes for edges.
    """
    small = _covering(picture, Size(max(sent.width // 8, 1), max(sent.height // 8, 1)))
    noise = _noise(sent)
    channels = [_smooth(channel.convert("F")) for channel in small.split()]
    bands = [
        ImageMath.lambda_eval(
            lambda values: values["channel"] + values["noise"],
            channel=channel.resize((sent.width, sent.height), Image.Resampling.BICUBIC),
            noise=noise,
        ).convert("L")
        for channel in _darkened(channels)
    ]
    return Image.merge("RGB", bands)


def _covering(picture: Image.Image, size: Size) -> Image.Image:
    """The middle of the picture, in the aspect of ``size``, scaled to it."""
    scale = max(size.width / picture.width, size.height / picture.height)
    width = min(size.width / scale, picture.width)
    height = min(size.height / scale, picture.height)
    x, y = (picture.width - width) / 2, (picture.height - height) / 2
    box = (x, y, x + width, y + height)
    return picture.resize((size.width, size.height), Image.Resampling.BOX, box)


def _smooth(channel: Image.Image) -> Image.Image:
    """A channel blurred: Pillow blurs 8 bits only, but scales floating point down and up.

    Twice, the second time less: what is left of the grid of the first is smoothed away.
    """
    for part in (8, 4):
        tiny = (max(channel.width // part, 1), max(channel.height // part, 1))
        coarse = channel.resize(tiny, Image.Resampling.BILINEAR)
        channel = coarse.resize(channel.size, Image.Resampling.BICUBIC)
    return channel


_DARKER, _PALER = 0.62, 0.85  # of lightness and colour


def _darkened(channels: list[Image.Image]) -> list[Image.Image]:
    red, green, blue = channels
    grey = ImageMath.lambda_eval(
        lambda values: values["r"] * 0.2126 + values["g"] * 0.7152 + values["b"] * 0.0722,
        r=red, g=green, b=blue,
    )  # fmt: skip
    return [
        ImageMath.lambda_eval(
            lambda values: values["c"] * _PALER + values["y"] * (_DARKER - _PALER),
            c=channel,
            y=grey,
        )
        for channel in channels
    ]


_TILE = 64


def _noise(size: Size) -> Image.Image:
    """The same noise every time, 0 to 1: a value between two levels becomes either of them."""
    pattern = hashlib.shake_256(b"dither").digest(_TILE * _TILE)
    tile = Image.frombytes("L", (_TILE, _TILE), pattern)
    noise = Image.new("L", (size.width, size.height))
    for x in range(0, size.width, _TILE):
        for y in range(0, size.height, _TILE):
            noise.paste(tile, (x, y))
    values = noise.convert("F")
    return values.point(lambda value: value * (1 / 256) + 0.0)
