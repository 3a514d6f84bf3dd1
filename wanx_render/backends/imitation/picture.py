"""Test pictures: a request to a picture model in, a landscape of the asked size out, as PNG.

Its colours, sun and hills follow from the whole request, so that takes differ and the same request
gives the same bytes; a line at the bottom names shot, take, model and prompt.
"""

import io
import random
from typing import Any

from PIL import Image, ImageDraw

from wanx_render.captions import fonts
from wanx_render.captions.fonts import Font
from wanx_render.files import sha256_of
from wanx_render.geometry import Size
from wanx_render.task import TaskRequest

_USUAL = Size(1024, 1024)  # where a request leaves the size to the service
_INK, _SHADE = (255, 255, 255), (0, 0, 0)


def make_picture(request: TaskRequest, label: str, number: int = 1) -> bytes:
    """The picture that ``request`` gives; ``number`` counts those of one request."""
    size = request.size or _USUAL
    chance = random.Random(sha256_of(f"{request.key('picture')} {number}".encode()))  # noqa: S311
    image = _sky(size, chance)
    draw = ImageDraw.Draw(image)
    _sun(draw, size, chance)
    for depth in range(4):
        _hills(draw, size, chance, depth)
    _words(draw, size, label, request)
    content = io.BytesIO()
    image.save(content, "PNG", compress_level=6)
    return content.getvalue()


def _sky(size: Size, chance: random.Random) -> Image.Image:
    """Two colours, one above the other."""
    ends = Image.new("RGB", (1, 2))
    ends.putdata([_colour(chance, 60, 150), _colour(chance, 160, 235)])
    return ends.resize((size.width, size.height), Image.Resampling.BICUBIC)


def _colour(chance: random.Random, low: int, high: int) -> tuple[int, int, int]:
    return chance.randint(low, high), chance.randint(low, high), chance.randint(low, high)


def _sun(draw: ImageDraw.ImageDraw, size: Size, chance: random.Random) -> None:
    side = min(size.width, size.height)
    radius, x = side // 12, chance.randint(size.width // 4, 3 * size.width // 4)
    y = chance.randint(size.height // 2, size.height * 6 // 10)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 236, 190))


def _hills(draw: ImageDraw.ImageDraw, size: Size, chance: random.Random, depth: int) -> None:
    """A ridge from side to side; the nearer it is, the darker."""
    tone = [max(0, part - 34 * depth) for part in _colour(chance, 110, 150)]
    base = size.height * (56 + 9 * depth) // 100
    step, rise = max(size.width // 6, 1), size.height // 14
    ridge = [
        (x, base + chance.randint(-rise, rise)) for x in range(-step, size.width + 2 * step, step)
    ]
    corners = [(size.width + step, size.height), (-step, size.height)]
    draw.polygon([*ridge, *corners], fill=(tone[0], tone[1], tone[2]))


def _words(draw: ImageDraw.ImageDraw, size: Size, label: str, request: TaskRequest) -> None:
    """Two lines within what crops from 9:16 to 16:9 keep."""
    font, unit = fonts.chinese(), max(min(size.width, size.height) // 22, 10)
    inner = min(size.width, size.height * 9 // 16) * 9 // 10
    bottom = (size.height + min(size.height, size.width * 9 // 16)) // 2 - unit * 2
    lines = (f"{label}  {request.model}", " ".join(request.prompt.split()))
    style: dict[str, Any] = {
        "anchor": "ms",
        "stroke_width": max(unit // 10, 1),
        "stroke_fill": _SHADE,
    }
    for line, place in zip(reversed(lines), (bottom, bottom - unit * 3 // 2), strict=True):
        text = _fitting(fonts.showable(line, font), font, unit, inner)
        draw.text((size.width // 2, place), text, _INK, font.at(unit), **style)


def _fitting(text: str, font: Font, unit: int, width: int) -> str:
    """As much of a line as there is room for."""
    face = font.at(unit)
    if face.getlength(text) <= width:
        return text
    while text and face.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"
