"""Small pictures of clips and first frames, named by the bytes they are made of and made once.

A clip's are by-products of the decoding that every fetched clip goes through anyway: beside it they
cost a few milliseconds, alone they cost a decoding of their own. Each is sealed: one that changed
on disk is made again, which a JPEG by itself would not show.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PIL import Image

from wanx_render import files, integrity
from wanx_render.errors import FfmpegError
from wanx_render.geometry import Size
from wanx_render.language import tr
from wanx_render.media import ffmpeg
from wanx_render.media.colour_tags import is_small
from wanx_render.media.images import BadPicture, upright

SIDE = 320  # pixels of the longer side; smaller pictures are left as they are
QUALITY = 6  # of ffmpeg's JPEG: about 10 kB each
LARGEST = 14_000  # bytes; what is larger, grain for one, is encoded again, less exactly
WHICH = ("first", "middle", "last")


def frame_numbers(frames: int) -> tuple[int, int, int]:
    """The first, one in the middle and the last of ``frames``, counted from 0.

    The one in the middle is a little early: test clips of odd seconds flash halfway.
    """
    return 0, frames // 2 - min(frames // 16, 3), max(frames - 1, 0)


def path_of(folder: Path, sha256: str, position: str) -> Path:
    """Where the picture is kept under the render folder; ``position`` is one of ``WHICH``."""
    return folder / ".cache" / "thumbs" / f"{sha256[:32]}-{position}.jpg"


def kept(folder: Path, sha256: str) -> tuple[Path, ...]:
    """The first, middle and last frame of the clip with these bytes; empty where one is missing,
    or is not whole."""
    paths = tuple(path_of(folder, sha256, position) for position in WHICH)
    return paths if all(map(integrity.is_whole, paths)) else ()


def kept_picture(folder: Path, identity: str) -> Path | None:
    """What ``picture`` made for a first frame earlier, where it is there and whole."""
    path = path_of(folder, identity.removeprefix("sha256:"), "picture")
    return path if integrity.is_whole(path) else None


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How a video is read: as which containers besides mp4, and by which colour matrix."""

    containers: str = ""
    matrix: str = "bt709"

    @classmethod
    def own(cls, containers: str, size: Size) -> "DecodingOptions":
        """Of own footage: as it is tagged; ffmpeg takes what is not tagged for BT.601."""
        return cls(containers, "auto" if is_small(size) else "bt709")

    def input(self, clip: Path) -> tuple[str, ...]:
        """ffmpeg's arguments that read ``clip`` so."""
        wider = ("-protocol_whitelist", "file", "-format_whitelist", self.containers)
        return (*(wider if self.containers else ffmpeg.WHITELIST), "-i", ffmpeg.file_url(clip))


OF_SERVICE = DecodingOptions()


def make(
    program: ffmpeg.Ffmpeg,
    folder: Path,
    clip: Path,
    sha256: str,
    frames: int,
    reading: DecodingOptions = OF_SERVICE,
) -> tuple[Path, ...]:
    """The first, middle and last of the ``frames`` of ``clip``, made where they are not kept.

    Raises FfmpegError where the clip cannot be decoded so far.
    """
    if paths := kept(folder, sha256):
        return paths
    sketch = Sketch.of(folder, frames)
    try:
        ffmpeg.run(program, (*reading.input(clip), *sketch.arguments(reading.matrix)))
        sketch.keep(folder, sha256)
    finally:
        sketch.discard()
    return kept(folder, sha256)


@dataclass(frozen=True, slots=True)
class Sketch:
    """Pictures in the making: an output of ffmpeg now, three named pictures when it has ended."""

    frames: int
    folder: Path
    stem: str

    @classmethod
    def of(cls, folder: Path, frames: int) -> "Sketch":
        """A sketch of a clip of ``frames``, under a name that nothing else has."""
        place = integrity.folder(folder / ".cache" / "thumbs")
        return cls(frames, place, files.part_name(place / "sketch").name)

    def arguments(self, matrix: str = "bt709") -> tuple[str, ...]:
        """The output of ffmpeg that leaves the pictures."""
        pattern = str(self.folder).replace("%", "%%")
        return (
            "-map", "0:v:0", "-vf", f"{_chosen(self._numbers)},{_small(matrix)}",
            "-fps_mode", "passthrough", "-f", "image2", "-c:v", "mjpeg", "-q:v", str(QUALITY),
            "-y", ffmpeg.file_url(Path(pattern) / f"{self.stem}.%d.jpg"),
        )  # fmt: skip

    @property
    def _numbers(self) -> tuple[int, ...]:
        return tuple(sorted(set(frame_numbers(self.frames))))

    def keep(self, folder: Path, sha256: str) -> None:
        """Give the pictures their names, where all of them came."""
        pictures = dict(zip(self._numbers, self._parts(), strict=False))
        if not all(part.is_file() for part in pictures.values()):
            return
        for number, position in zip(frame_numbers(self.frames), WHICH, strict=True):
            data = within(pictures[number].read_bytes())
            integrity.write(path_of(folder, sha256, position), data)

    def discard(self) -> None:
        """Remove what was not kept."""
        for part in self._parts():
            part.unlink(missing_ok=True)

    def _parts(self) -> Sequence[Path]:
        count = len(self._numbers)
        return [self.folder / f"{self.stem}.{number}.jpg" for number in range(1, count + 1)]


# JPEG knows the older matrix and full range only; untagged, a browser would show other colours.
def _small(matrix: str = "bt709") -> str:
    return (
        f"scale=w=min({SIDE}\\,iw):h=min({SIDE}\\,ih):force_original_aspect_ratio=decrease"
        f":flags=area:in_color_matrix={matrix}:out_color_matrix=bt601:out_range=pc,format=yuvj420p"
    )


def _chosen(numbers: Sequence[int]) -> str:
    return "select=" + "+".join(f"eq(n\\,{number})" for number in numbers)


def poster(program: ffmpeg.Ffmpeg, folder: Path, path: Path, sha256: str, frame: int) -> Path:
    """Frame ``frame`` of a deliverable; little is decoded where it is near the beginning.

    Raises FfmpegError.
    """
    target = path_of(folder, sha256, f"poster{frame}")
    if not integrity.is_whole(target):
        with integrity.sealed(target) as part:
            ffmpeg.run(
                program,
                (
                    *ffmpeg.WHITELIST, "-i", ffmpeg.file_url(path), "-map", "0:v:0",
                    "-vf", f"{_chosen([frame])},{_small()}", "-frames:v", "1", "-f", "image2",
                    "-c:v", "mjpeg", "-q:v", str(QUALITY), "-update", "1",
                    "-y", ffmpeg.file_url(part),
                ),
            )  # fmt: skip
    return target


def full_size(
    program: ffmpeg.Ffmpeg,
    path: Path,
    frame: int,
    rate: Fraction,
    target: Path,
    reading: DecodingOptions = OF_SERVICE,
) -> None:
    """Write frame ``frame`` of a clip of ``rate``, counted from 0, as the PNG ``target``.

    Raises FfmpegError where the clip cannot be decoded or has no such frame.
    """
    graph = f"fps={rate},{_chosen([frame])},scale=in_color_matrix={reading.matrix},format=rgb24"
    ffmpeg.run(
        program,
        (
            *reading.input(path), "-map", "0:v:0", "-vf", graph, "-frames:v", "1",
            "-f", "image2", "-c:v", "png", "-update", "1", "-y", ffmpeg.file_url(target),
        ),
    )  # fmt: skip
    if not target.exists():
        raise FfmpegError(tr("{file} has no frame {n}", file=path, n=frame))


def picture(folder: Path, identity: str, data: bytes) -> Path:
    """A first frame's picture, upright; ``identity`` is that of the request, ``sha256:...``.

    Raises BadPicture where ``data`` is none, or is not the picture that was asked with.
    """
    if there := kept_picture(folder, identity):
        return there
    digest = identity.removeprefix("sha256:")
    target = path_of(folder, digest, "picture")
    if files.sha256_of(data) != digest:
        raise BadPicture(tr("is another picture now"))
    image = upright(data)
    image.thumbnail((SIDE, SIDE))
    integrity.write(target, within(_encoded(image, 80)))
    return target


def within(data: bytes) -> bytes:
    """The JPEG in ``data``, as well as it can be in ``LARGEST`` bytes."""
    for quality, smaller in ((75, 1), (60, 1), (45, 1), (30, 1), (30, 2), (30, 2)):
        if len(data) <= LARGEST:
            break
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            data = _encoded(image.reduce(smaller), quality)
    return data


def _encoded(image: Image.Image, quality: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, optimize=True)
    return stream.getvalue()
