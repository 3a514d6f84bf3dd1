"""What the files of a timeline are: the formats of sounds, and the sizes of pictures over the film.

They are read when a timeline is written, so that it says what the files are then, and not what is
usual. A file that is missing or cannot be read is one of which nothing is known.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wanx_render.errors import FfmpegError
from wanx_render.geometry import Size
from wanx_render.media import decoding, images, probe
from wanx_render.media.ffmpeg import SOUND_FORMATS, Ffmpeg
from wanx_render.media.images import BadPicture
from wanx_render.media.stereo import channel_count
from wanx_render.timelines.timeline import UNKNOWN_MEDIA, MediaFormat, SoundFormat, Timeline

VIDEO_FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,mxf"
_AT_ONCE = 4  # each waits for a process most of its time


def facts_of(program: Ffmpeg, folder: Path, timeline: Timeline) -> Mapping[str, MediaFormat]:
    """What the files of a timeline are, by their paths, which start at ``folder``."""
    clips = {clip.media for clip in timeline.clips if clip.sound}
    sounds = {sound.media for sound in timeline.sounds}

    def read(media: str) -> MediaFormat:
        path = folder / media
        if media in clips:
            return MediaFormat(sound=_of_video(program, path))
        if media in sounds:
            return MediaFormat(sound=_of_sound(program, path))
        return MediaFormat(size=_size(path))

    names = list(dict.fromkeys(_names(timeline)))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        facts = zip(names, pool.map(read, names), strict=True)
        return {name: fact for name, fact in facts if fact != UNKNOWN_MEDIA}


def _names(timeline: Timeline) -> Iterator[str]:
    for clip in timeline.clips:
        if clip.sound:
            yield clip.media
    for sound in timeline.sounds:
        yield sound.media
    for overlay in timeline.overlays:
        yield overlay.media


def _of_video(program: Ffmpeg, path: Path) -> SoundFormat | None:
    stream = probe.sound(program, path, VIDEO_FORMATS)
    return _format(stream, stream.samples) if stream else None


def _of_sound(program: Ffmpeg, path: Path) -> SoundFormat | None:
    """Of music and voices, which are decoded: what a file states of its length may be wrong."""
    stream = probe.sound(program, path, SOUND_FORMATS)
    if stream is None:
        return None
    try:
        return _format(stream, decoding.length(program, path, stream.rate))
    except FfmpegError:
        return _format(stream, stream.samples)


def _format(stream: probe.AudioStream, samples: int) -> SoundFormat:
    return SoundFormat(stream.rate, channel_count(stream.layout), samples)


def _size(path: Path) -> Size | None:
    try:
        return images.inspect(images.read_bytes(path)).size
    except (BadPicture, OSError):
        return None
