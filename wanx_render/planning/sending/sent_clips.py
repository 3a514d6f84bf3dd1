"""The end of a clip, as a file of its own: what a model is sent that continues it.

Counted in frames and never copied by key frames, so that the new clip goes on exactly where the
used part of the other one ends. A clip that is sent whole is sent as it is.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import get_args

from wanx_render import files, integrity
from wanx_render.catalog.abilities import MediaFile
from wanx_render.errors import Broken
from wanx_render.finishing import ingest
from wanx_render.finishing.segment import NO_QUIRKS, ClipMedia, Segment, pieces_arguments
from wanx_render.frame import Frame, Quality
from wanx_render.geometry import CENTRE, Size
from wanx_render.language import tr
from wanx_render.media import ffmpeg
from wanx_render.media.colour_tags import Alpha, ColourName
from wanx_render.media.ffmpeg import Ffmpeg, file_url
from wanx_render.shotlist.model import ClipShot
from wanx_render.task import ClipPart, Footage, InputMedia, TaskRequest
from wanx_render.timing import Cut, frames_in

# The best that is small enough is sent.
_QUALITIES: tuple[Quality, ...] = ("master", "standard", "draft")


@dataclass(frozen=True, slots=True)
class SentClips:
    """Makes the files of what is sent of clips, in the cache of one render folder."""

    program: Ffmpeg
    folder: Path

    def with_file(self, request: TaskRequest, limits: MediaFile) -> TaskRequest:
        """The request with the file of the clip that it continues, made if need be.

        Raises Broken, FfmpegError and OSError.
        """
        clip = request.first_clip
        if clip is None or clip.part is None or clip.path is None:
            return request
        source, part = clip.path, clip.part
        media = ingest.look(self.program, source)
        footage = Footage(_size(media.size, limits), part.rate, Fraction(part.seconds))
        clip = replace(clip, footage=footage)
        if _is_sent_whole(media, part, limits):
            self._keep_whole(clip, source, limits)
            return replace(request, first_clip=replace(clip, prepared=source))
        with _ONE_AT_A_TIME:  # two takes may need the same one
            path = self._kept(clip, limits) or self._made(clip, media, limits)
        return replace(request, first_clip=replace(clip, prepared=path))

    def _kept(self, clip: InputMedia, limits: MediaFile) -> Path | None:
        """The file that was made before, where it is whole."""
        paths = sorted(self._cache.glob(f"{_name(clip, limits)}-*.mp4"))
        return next((path for path in paths if _is_whole(path)), None)

    def _keep_whole(self, clip: InputMedia, path: Path, limits: MediaFile) -> None:
        """Keep a clip that is sent whole under the name of its part too: should the answer be lost,
        that is what a task is compared with."""
        name = f"{_name(clip, limits)}-{files.sha256(path)[:24]}{path.suffix}"
        target = integrity.folder(self._cache) / name
        if not target.is_file():
            with files.part_of(target) as part:
                files.link(path, part)
                integrity.place(part, target)

    @property
    def _cache(self) -> Path:
        return self.folder / ".cache" / "frames"

    def _made(self, clip: InputMedia, media: ClipMedia, limits: MediaFile) -> Path:
        if (part := clip.part) is None:
            raise ValueError("only a part of a clip has a file of its own")
        frame = Frame(_size(media.size, limits), part.rate, "pad", "black")
        colours = ingest.in_colours(media, _shot(clip))
        segment = Segment.whole(colours, cut_of_part(part, media), CENTRE, frame)
        name = _name(clip, limits)
        for damaged in integrity.folder(self._cache).glob(f"{name}-*"):
            integrity.drop(damaged)
        for quality in _QUALITIES:
            with files.part_of(self._cache / f"{name}.mp4") as made:
                self._encode(replace(segment, frame=replace(frame, quality=quality)), made)
                if made.stat().st_size > limits.bytes:
                    continue
                target = self._cache / f"{name}-{files.sha256(made)[:24]}.mp4"
                integrity.place(made, target, durable=True)
                return target
        raise Broken(tr("the end of {file} is too large to be sent", file=media.path.name))

    def _encode(self, segment: Segment, target: Path) -> None:
        """The part as an mp4 with AAC sound; the picture is encoded once."""
        piece = target.with_suffix(".mov")
        try:
            ffmpeg.run(self.program, pieces_arguments([(segment, piece)]))
            ffmpeg.run(self.program, _mp4_arguments(piece, target))
        finally:
            with suppress(OSError):
                piece.unlink()


_ONE_AT_A_TIME = threading.Lock()


def cut_of_part(part: ClipPart, media: ClipMedia) -> Cut:
    """The frames of ``media`` that the part is; what it is short of is held at its end."""
    frames = frames_in(Fraction(part.seconds), media.rate)
    end = media.whole
    if part.until is not None:
        end = min(max(frames_in(part.until, media.rate), 1), end)
    return Cut(max(end - frames, 0), frames)


def _is_sent_whole(media: ClipMedia, part: ClipPart, limits: MediaFile) -> bool:
    """Whether the file itself is just what is to be sent."""
    is_plain = media.quirks == replace(NO_QUIRKS, containers=media.quirks.containers)
    frames = frames_in(Fraction(part.seconds), part.rate)
    cut = cut_of_part(part, media)
    return (
        is_plain
        and media.rate == part.rate
        and (cut.start, cut.frames, media.whole) == (0, frames, frames)
        and media.path.suffix.lower().removeprefix(".") in limits.formats
        and media.path.stat().st_size <= limits.bytes
        and _size(media.size, limits) == media.size
    )


def _size(size: Size, limits: MediaFile) -> Size:
    """The size that is sent: smaller than the clip where the model accepts no longer sides."""
    longest = limits.sides[1] if limits.sides else max(size.width, size.height)
    scale = min(Fraction(longest, max(size.width, size.height)), Fraction(1))
    return Size(int(size.width * scale) // 2 * 2, int(size.height * scale) // 2 * 2)


def _shot(clip: InputMedia) -> ClipShot:
    """How the colours of the video are read, as a shot says it."""
    words = clip.read_as.split()
    colours = next((word for word in words if word in get_args(ColourName)), None)
    alpha = next((word for word in words if word in get_args(Alpha)), "straight")
    return ClipShot.model_validate(
        {"id": "sent", "clip": "sent", "colours": colours, "alpha": alpha}
    )


def _name(clip: InputMedia, limits: MediaFile) -> str:
    """What names a part and all that its file follows from."""
    rate = clip.part.rate if clip.part else ""
    words = f"{clip.read_as} {rate} {limits.sides} {limits.bytes}"
    return f"{_prefix(clip.identity)}{files.sha256_of(words.encode())[:8]}"


def _prefix(identity: str) -> str:
    return f"{files.sha256_of(identity.encode())[:24]}-clip-"


def sent_earlier(identity: str, folder: Path) -> Path | None:
    """The file that was sent of the part with this identity, where it is still here."""
    paths = sorted((folder / ".cache" / "frames").glob(f"{_prefix(identity)}*"))
    return next((path for path in paths if _is_whole(path)), None)


def _is_whole(path: Path) -> bool:
    """A file's name ends with a hash of its content."""
    try:
        return files.sha256(path)[:24] == path.stem.rpartition("-")[2]
    except OSError:
        return False


def _mp4_arguments(piece: Path, target: Path) -> Sequence[str]:
    return (
        "-i", file_url(piece), "-map", "0", "-c:v", "copy", "-c:a", "aac", "-b:a", "192k",
        "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact",
        "-movflags", "+faststart", "-f", "mp4", "-y", file_url(target),
    )  # fmt: skip
