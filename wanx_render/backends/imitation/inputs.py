"""What goes with a request, as pictures to be drawn: frames, references, and stand-ins for them."""

import hashlib
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from wanx_render.errors import FfmpegError
from wanx_render.geometry import Size
from wanx_render.media import decoding, images
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.task import InputMedia, Reference, TaskRequest


def picture_of(medium: InputMedia, size: Size) -> Image.Image:
    """A picture as the service sees it; of ``size`` where only the service could fetch it."""
    if medium.prepared is not None and medium.prepared.is_file():
        return images.upright(images.read_bytes(medium.prepared))
    if medium.path is not None:
        return images.upright(images.read_bytes(medium.path))
    if medium.url and medium.url.startswith("data:"):
        return images.upright(images.decode_data_uri(medium.url))
    return placeholder(size, medium.identity)


def placeholder(size: Size, identity: str) -> Image.Image:
    """A soft gradient in place of a picture that only the service could fetch."""
    tone = hashlib.sha256(identity.encode()).digest()
    corners = Image.new("RGB", (2, 2))
    corners.putdata([tuple(60 + byte // 2 for byte in tone[i : i + 3]) for i in (0, 3, 6, 9)])
    return corners.resize((size.width, size.height), Image.Resampling.BICUBIC)


def thumbnails(program: Ffmpeg, request: TaskRequest, side: int, most: int) -> list[Image.Image]:
    """The first references of a request, as squares of ``side`` pixels."""
    return [_thumbnail(program, entry, side) for entry in request.references[:most]]


def _thumbnail(program: Ffmpeg, reference: Reference, side: int) -> Image.Image:
    medium, size = reference.media, Size(side, side)
    match reference.kind:
        case "image":
            image = picture_of(medium, size)
        case "video":
            image = _first_frame(program, medium.prepared or medium.path) or placeholder(
                size, medium.identity
            )
        case "sound":
            image = _waves(size, medium.identity)
    return ImageOps.fit(image.convert("RGB"), (side, side), Image.Resampling.LANCZOS)


def _first_frame(program: Ffmpeg, path: Path | None) -> Image.Image | None:
    try:
        return decoding.first_frame(program, path) if path and path.is_file() else None
    except FfmpegError:
        return None


def _waves(size: Size, identity: str) -> Image.Image:
    """Bars that stand for a sound."""
    image = placeholder(size, identity)
    draw, heights = ImageDraw.Draw(image), (3, 6, 9, 5, 8, 4)
    step = size.width / (2 * len(heights) + 1)
    for number, height in enumerate(heights):
        x, half = step * (2 * number + 1), size.height * height // 24
        draw.rectangle((x, size.height // 2 - half, x + step, size.height // 2 + half), "white")
    return image
