"""Pictures as clips: an animation at its own times, a still picture for as long as is wanted.

Pillow reads them, because it composes the frames of every animated format and knows how long each
is shown; ffmpeg encodes them without loss, so that everything after this works on a video.
"""

import io
import math
import struct
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

from PIL import Image, ImageColor

from wanx_render.geometry import Focus, Size
from wanx_render.language import NOTHING, Message, tr
from wanx_render.media import ffmpeg, images, paint, signatures
from wanx_render.media.ai_labels import Provenance
from wanx_render.media.image_labels import provenance
from wanx_render.media.images import BadPicture
from wanx_render.task import Footage
from wanx_render.timing import frames_in

_HEAD = 4096  # bytes that say what a file is
_FORMATS = images.READABLE
_BEGINNINGS = (b"GIF8", b"\x89PNG\r\n", b"\xff\xd8\xff", b"BM")
STILL_RATE = Fraction(30)  # frames a second of a still picture's clip
_LEAST_RATE = 10  # frames a second; players handle slower videos badly
_MOST_RATE = 60
_LONGEST = 600  # seconds
_LARGEST = 4096  # pixels of a side: more than any deliverable can show
_LARGEST_MOVING = 2560  # of one whose frames all differ
_SHORTEST = 10  # ms: browsers show frames that say less than 20 ms for 100 ms
_USUAL = 100


@dataclass(frozen=True, slots=True)
class Approach:
    """A still picture that is enlarged from ``start`` to ``end`` times while it is shown.

    The points of ``first`` and ``last`` keep their place in the frame at the beginning and at the
    end.
    """

    start: Fraction
    end: Fraction
    first: Focus
    last: Focus


@dataclass(frozen=True, slots=True)
class StillSettings:
    """How a picture is made a clip."""

    hold: Fraction  # seconds that a still picture is shown
    rate: Fraction | None  # frames a second of a still picture
    background: str  # what is behind transparent parts
    approach: Approach | None = None  # of a still picture
    animated: bool = True  # else only its first picture is shown, and held

    @property
    def name(self) -> str:
        """What the video depends on besides the picture."""
        parts = [f"{self.hold} s at {self.rate} on {self.background}"]
        if move := self.approach:
            points = (move.first.x, move.first.y, move.last.x, move.last.y)
            parts.append(f"from {move.start} to {move.end} at {' '.join(map(str, points))}")
        return "; ".join(parts)


def is_picture(path: Path) -> bool:
    """Whether the file is a picture that can be read here, by its first bytes."""
    head = _head(path)
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    avif = "AVIF" in _FORMATS and signatures.named(head)[0] == signatures.AVIF
    return webp or avif or head.startswith(_BEGINNINGS)


def head(path: Path) -> Footage:
    """What the video of an animation will be. Raises BadPicture where it is a still picture."""
    times = _times(images.read_bytes(path))
    if len(times) == 1:
        raise BadPicture(tr("is a still picture"), tr("use still: instead of clip:"))
    rate, counts = ticks(times)
    with Image.open(path, formats=_FORMATS) as image:
        size = Size(*image.size)
    return Footage(size, rate, sum(counts) / rate)


def other_kind(path: Path) -> tuple[Message, Message]:
    """What a file is that is neither video nor a picture read here, and how to convert it."""
    kind, advice = signatures.named(_head(path))
    return (NOTHING, NOTHING) if kind == signatures.VIDEO else (kind, advice)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD)


@dataclass(frozen=True, slots=True)
class Made:
    """The video of a picture; ``moves``: it is an animation."""

    path: Path
    moves: bool
    provenance: Provenance  # of the picture; its video carries none


def make_clip(program: ffmpeg.Ffmpeg, path: Path, wish: StillSettings, target: Path) -> Made:
    """A video of the picture at ``path``, at ``target``; what helps to make it is beside.

    Lossless, but for a still that is slowly enlarged.

    Raises BadPicture where the file is damaged, too long, or a still picture that is not held, and
    FfmpegError where the video cannot be written.
    """
    data = images.read_bytes(path)
    times = _times(data) if wish.animated else [0]
    if len(times) == 1:
        if wish.hold <= 0:
            hint = tr("use --hold SECONDS to show it, such as --hold 3")
            raise BadPicture(tr("is a still picture"), hint)
        rate = wish.rate or STILL_RATE
        counts = [max(frames_in(wish.hold, rate), 1)]
        frames = iter([_still(data, wish.background)])
        if wish.approach:
            frames, counts = _approaching(next(frames), wish.approach, counts[0]), counts[0] * [1]
    else:
        rate, counts = ticks(times)
        frames = _frames(data, wish.background)
    if sum(counts) > _LONGEST * rate:
        raise BadPicture(tr("lasts longer than {n} s", n=_LONGEST), tr("use a shorter one"))
    coder = _FINE if wish.approach else _LOSSLESS
    _encode(program, zip(frames, counts, strict=True), rate, coder, target)
    return Made(target, moves=len(times) > 1, provenance=provenance(data))


def ticks(times: list[int]) -> tuple[Fraction, list[int]]:
    """A rate in frames a second, and how many frames each picture is shown.

    ``times`` are milliseconds. The rate is the least of at least 10 at which every picture begins
    exactly when it should; where that is above 60, 60, and each begins at the nearest frame.
    """
    step = math.gcd(*times)
    rate = Fraction(1000, step)
    if rate > _MOST_RATE:
        rate = Fraction(_MOST_RATE)
    rate *= math.ceil(Fraction(_LEAST_RATE) / rate)
    starts = [round(start * rate / 1000) for start in accumulate(times, initial=0)]
    return rate, [after - start for start, after in pairwise(starts)]


def _times(data: bytes) -> list[int]:
    """How long each picture of the file is shown, in milliseconds. Raises BadPicture."""
    with _opened(data) as image:
        times = []
        for number in _numbers(image):
            image.seek(number)
            image.load()  # WebP knows only then
            duration = round(float(image.info.get("duration", 0)))
            times.append(duration if duration > _SHORTEST else _USUAL)
        return times


def _still(data: bytes, background: str) -> Image.Image:
    """A single picture, upright and in RGB. Raises BadPicture."""
    if images.inspect(data).transparent:
        return _over(images.with_alpha(data), background)
    return images.upright(data)


def _frames(data: bytes, background: str) -> Iterator[Image.Image]:
    """The composed pictures of an animation, in RGB. Raises BadPicture."""
    with _opened(data) as image:
        for number in _numbers(image):
            image.seek(number)
            yield _over(image.convert("RGBA"), background)


def _over(picture: Image.Image, background: str) -> Image.Image:
    behind = Image.new("RGBA", picture.size, ImageColor.getrgb(paint.read(background)))
    return Image.alpha_composite(behind, picture).convert("RGB")


def _numbers(image: Image.Image) -> range:
    """The pictures that are shown one after the other.

    A phone's further pictures are not shown, nor is the one that an animated PNG has for programs
    that know no animation.
    """
    if image.format == "MPO":
        return range(1)
    return range(int(getattr(image, "default_image", False)), getattr(image, "n_frames", 1))


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """A picture file opened by Pillow; every way of failing is a BadPicture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of metadata
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                if image.width * image.height > images.MAX_PIXELS:
                    raise BadPicture(tr("has too many pixels"), tr("make it smaller first"))
                yield image
    except BadPicture:
        raise
    except (*_DAMAGED, Image.DecompressionBombError) as error:
        message = tr("is damaged or cut off: {reason}", reason=str(error))
        raise BadPicture(message) from None


_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, struct.error)


def _approaching(picture: Image.Image, approach: Approach, count: int) -> Iterator[Image.Image]:
    """Every frame of a slow enlargement; windows lie between pixels, so that nothing trembles."""
    picture.thumbnail((_LARGEST_MOVING, _LARGEST_MOVING), Image.Resampling.LANCZOS)
    width, height = picture.size
    growth = float(approach.end / approach.start)
    for number in range(count):
        part = number / max(count - 1, 1)
        factor = float(approach.start) * growth**part  # equal steps to the eye
        across = float(approach.first.x) * (1 - part) + float(approach.last.x) * part
        down = float(approach.first.y) * (1 - part) + float(approach.last.y) * part
        left, top = across * (width - width / factor), down * (height - height / factor)
        window = (left, top, left + width / factor, top + height / factor)
        yield picture.resize(picture.size, Image.Resampling.LANCZOS, box=window)


def _encode(
    program: ffmpeg.Ffmpeg,
    pictures: Iterator[tuple[Image.Image, int]],
    rate: Fraction,
    coder: tuple[str, ...],
    target: Path,
) -> None:
    """A video of the pictures, each for its number of frames. Raises FfmpegError."""
    with tempfile.TemporaryDirectory(prefix="pictures-", dir=target.parent) as name:
        folder = Path(name)
        _write(pictures, folder)
        pattern = f"{str(folder).replace('%', '%%')}/picture-%06d.png"
        ffmpeg.run(
            program,
            (
                *ffmpeg.STRICT, *ffmpeg.BOUNDED, "-protocol_whitelist", "file", "-f", "image2",
                "-framerate", str(rate), "-i", f"file:{pattern}", "-vf", _TO_BT709,
                "-c:v", "libx264", *coder, "-f", "mp4", "-y", ffmpeg.file_url(target),
            ),
        )  # fmt: skip


def _write(pictures: Iterator[tuple[Image.Image, int]], folder: Path) -> None:
    """The pictures as files; one that is shown for several frames is linked to."""
    number = 0
    for picture, count in pictures:
        first = folder / f"picture-{number:06d}.png"
        picture.thumbnail((_LARGEST, _LARGEST), Image.Resampling.LANCZOS)
        picture.save(first, compress_level=1)
        for copy in range(number + 1, number + count):
            (folder / f"picture-{copy:06d}.png").symlink_to(first.name)
        number += count


_LOSSLESS = ("-qp", "0", "-preset", "ultrafast")
# Frames that all differ would take 35 MB a second without loss; what this loses is not seen.
_FINE = ("-crf", "6", "-preset", "veryfast")
_TO_BT709 = (
    "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int"
    "+full_chroma_inp,format=yuv444p,setparams="
    + ":".join(f"{name}={value}" for name, value in ffmpeg.BT709.items())
)
