"""A picture as it is sent: its window scaled, in bars, or over a blurred copy of itself."""

from PIL import Image, ImageColor, ImageMath

from wanx_render.geometry import Box, Size
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
            frame = _blurred(picture, sent, inner)
    frame.paste(picture, (inner.x, inner.y))
    return frame


def _blurred(picture: Image.Image, sent: Size, inner: Box) -> Image.Image:
    """A frame of ``sent`` with a blurred, darkened enlargement of the picture around ``inner``.

    As the fit ``blur`` of a deliverable. In floating point up to the last step, and then dithered:
    in 8 bits its slow gradients would be steps that a model takes for edges.
    """
    frame = Image.new("RGB", (sent.width, sent.height))
    small = _covering(picture, Size(max(sent.width // 8, 1), max(sent.height // 8, 1)))
    channels = _darkened([_smooth(channel.convert("F")) for channel in small.split()])
    scale = small.width / sent.width, small.height / sent.height
    for bar in _bars(sent, inner):
        size = bar[2] - bar[0], bar[3] - bar[1]
        part = tuple(side * scale[number % 2] for number, side in enumerate(bar))
        bands = [
            channel.resize(size, Image.Resampling.BICUBIC, part)  # type: ignore[arg-type]
            for channel in channels
        ]
        frame.paste(_dithered(bands), bar[:2])
    return frame


Corners = tuple[int, int, int, int]  # left, upper, right, lower


def _bars(sent: Size, inner: Box) -> list[Corners]:
    """What of a frame the picture leaves free, on two sides."""
    right, lower = inner.x + inner.width, inner.y + inner.height
    bars = [
        (0, 0, sent.width, inner.y),
        (0, lower, sent.width, sent.height),
        (0, inner.y, inner.x, lower),
        (right, inner.y, sent.width, lower),
    ]
    return [bar for bar in bars if bar[0] < bar[2] and bar[1] < bar[3]]


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


def _dithered(bands: list[Image.Image]) -> Image.Image:
    """Bands of floating point in 8 bits: a value between two levels becomes a pattern of both.

    A regular one, because noise would treble a PNG.
    """
    width, height = bands[0].size
    side = len(_BAYER)
    tile = Image.new("F", (side, side))
    tile.putdata([(value + 0.5) / side**2 for row in _BAYER for value in row])
    pattern = Image.new("F", (width, height))
    pattern.paste(tile, (0, 0))
    while side < max(width, height):
        part = pattern.crop((0, 0, side, side))
        for place in ((side, 0), (0, side), (side, side)):
            pattern.paste(part, place)
        side *= 2
    sums = [
        ImageMath.lambda_eval(
            lambda values: values["band"] + values["dots"], band=band, dots=pattern
        )
        for band in bands
    ]
    return Image.merge("RGB", [band.convert("L") for band in sums])


def _bayer(steps: int) -> list[list[int]]:
    """The order in which the dots of a tile light up: neighbours come far from one another."""
    if not steps:
        return [[0]]
    smaller = _bayer(steps - 1)
    upper = [[4 * value for value in row] + [4 * value + 2 for value in row] for row in smaller]
    lower = [[4 * value + 3 for value in row] + [4 * value + 1 for value in row] for row in smaller]
    return upper + lower


_BAYER = _bayer(3)
