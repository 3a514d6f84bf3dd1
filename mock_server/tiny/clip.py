"""The tiny clip or picture that a request gives."""

import hashlib
import io
from fractions import Fraction
from pathlib import Path

from PIL import Image, ImageOps

from mock_server.tiny.mosaic import Colour, MosaicVideo
from mock_server.tiny.mp4 import mp4
from wanx_render.backends.imitation.outcome import clip_size
from wanx_render.catalog.capabilities import Catalog
from wanx_render.geometry import Size
from wanx_render.task import TaskRequest

VERSION = 1  # another one, wherever other bytes are made for the same request
_PICTURE = Size(1024, 1024)  # where a request leaves the size to the service
# Brightness, blue and red of BT.709 in the video range, each a row of four.
_BT709 = (
    0.18259, 0.61423, 0.06201, 16,
    -0.10064, -0.33857, 0.43922, 128,
    0.43922, -0.39894, -0.04027, 128,
)  # fmt: skip


def tiny_clip(request: TaskRequest, catalog: Catalog) -> bytes:
    """An MP4 of the right size, rate and length: a mosaic of the first frame, which stands still.

    A request without a picture has one colour. Where the model has sound, it is silence.
    """
    size = clip_size(request, catalog)
    rate = Fraction(catalog.models[request.model].fps.value)
    video = MosaicVideo(size.width, size.height, rate, ())
    squares = _squares(_first_frame(request), (video.columns, video.rows))
    video = MosaicVideo(size.width, size.height, rate, squares)
    sound = request.sound in ("auto", "file")
    return mp4(video, round(request.duration * rate), sound=sound)


def tiny_picture(request: TaskRequest, number: int) -> bytes:
    """A PNG of the right size in one colour."""
    size = request.size or _PICTURE
    content = io.BytesIO()
    image = Image.new("RGB", (size.width, size.height), _colour(f"{request.key('')} {number}"))
    image.save(content, "PNG", compress_level=1)
    return content.getvalue()


def _first_frame(request: TaskRequest) -> Image.Image:
    path = request.image.path if request.image else None
    if path is None:
        identity = request.image.identity if request.image else f"{request.prompt} {request.seed}"
        return Image.new("RGB", (1, 1), _colour(identity))
    return _read(path)


def _read(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.draft("RGB", (image.width // 8, image.height // 8))  # a JPEG is read in little time
        upright = ImageOps.exif_transpose(image)
        return upright.convert("RGB")


def _colour(identity: str) -> tuple[int, int, int]:
    """A colour of the middle range, by the hash of a text."""
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).digest()
    return 60 + digest[0] % 140, 60 + digest[1] % 140, 60 + digest[2] % 140


def _squares(image: Image.Image, grid: tuple[int, int]) -> tuple[Colour, ...]:
    """The colours of a grid over the picture, which is cut to its shape."""
    small = ImageOps.fit(image, grid, Image.Resampling.BOX).convert("RGB", _BT709)
    return tuple(zip(*(band.tobytes() for band in small.split()), strict=True))
