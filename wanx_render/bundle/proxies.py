"""Proxies: small copies of films and clips that every phone plays, made once and kept.

H.264 main profile, yuv420p, AAC, the index in front. One thread and bit-exact flags, so that the
same film gives the same bytes on every machine with the same ffmpeg.
"""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from wanx_render import integrity
from wanx_render.bundle.budget import MOST, ProxyEncoding
from wanx_render.bundle.content import Media
from wanx_render.media import container, ffmpeg

VERSION = 1  # raised whenever the same target gives another file
_FASTEST = 30  # frames a second; half of them are left out where there are more
_QUALITY = 25  # x264's constant rate factor: fine on a phone
_BT709 = ("-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709",
          "-color_trc", "bt709")  # fmt: skip


@dataclass(frozen=True)
class ProxyMaker:
    """Makes the proxies of one render folder; ``kept`` is where the cache is."""

    program: ffmpeg.Ffmpeg
    folder: Path
    kept: Path

    def all(
        self, media: Sequence[Media], targets: Sequence[ProxyEncoding], executor: Executor
    ) -> list[bytes]:
        """The proxy of each, as mp4. Raises FfmpegError, OSError."""
        return list(executor.map(self.one, media, targets))

    def one(self, media: Media, target: ProxyEncoding) -> bytes:
        """The proxy of ``media``. Raises FfmpegError, OSError."""
        path = self.kept / ".cache" / "proxies" / f"{_key(media, target)}.mp4"
        if not integrity.is_whole(path):
            with integrity.sealed(path) as part:
                self._make(media, target, part)
        return path.read_bytes()[: -integrity.SEAL]

    def _make(self, media: Media, target: ProxyEncoding, part: Path) -> None:
        source = (*_source(media), "-i", ffmpeg.file_url(self.folder / media.path))
        picture = ("-map", "0:v:0", "-vf", _filter(media, target), *_x264(media, target))
        if target.rate is None:
            self._finish(media, source, (*picture, *_sound(target)), part)
            return
        with tempfile.TemporaryDirectory(prefix="wanx-proxy-") as folder:
            log = ("-passlogfile", str(Path(folder) / "passes"))
            first = (*source, *picture, "-pass", "1", *log, "-an", "-f", "null", "-")
            ffmpeg.run(self.program, first)
            second = (*picture, "-pass", "2", *log, *_sound(target))
            self._finish(media, source, second, part)

    def _finish(
        self, media: Media, source: Sequence[str], streams: Sequence[str], part: Path
    ) -> None:
        """One run of ffmpeg into ``part``, with the labels of ``media`` in the container."""
        tags = container.write_tags(media.tags).encode()
        arguments = (
            *source, "-protocol_whitelist", "pipe", "-f", "ffmetadata", "-i", "pipe:0",
            *streams, "-map_metadata", "1", "-map_chapters", "-1",
            "-movflags", "+faststart+use_metadata_tags", "-fflags", "+bitexact",
            "-f", "mp4", "-y", ffmpeg.file_url(part),
        )  # fmt: skip
        ffmpeg.run(self.program, arguments, stdin=tags)


def _key(media: Media, target: ProxyEncoding) -> str:
    """By what a proxy differs from others."""
    reading = media.reading
    parts = [
        VERSION, media.sha256, str(media.start), str(media.seconds), str(media.rate),
        target.rung.side, target.rate, target.rung.sound, media.tags,
        reading.containers, reading.matrix,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _source(media: Media) -> tuple[str, ...]:
    wider = ("-protocol_whitelist", "file", "-format_whitelist", media.reading.containers)
    before = wider if media.reading.containers else ffmpeg.WHITELIST
    start = ("-ss", _decimal(media.start)) if media.start else ()
    return (*before, *start, "-t", _decimal(media.seconds))


def _decimal(seconds: Fraction) -> str:
    """Seconds as ffmpeg reads them: it counts in millionths."""
    return f"{float(seconds):.6f}"


def _rate(media: Media) -> Fraction:
    rate = media.rate
    while rate > _FASTEST:
        rate /= 2
    return rate


def _filter(media: Media, target: ProxyEncoding) -> str:
    size = target.rung.size(media.size)
    matrix = media.reading.matrix
    scale = (
        f"scale={size.width}:{size.height}:flags=area:in_color_matrix={matrix}"
        ":out_color_matrix=bt709:out_range=tv"
    )
    return f"fps={_rate(media)},{scale},setsar=1,format=yuv420p"


def _x264(media: Media, target: ProxyEncoding) -> tuple[str, ...]:
    rate = target.rate
    most = str(MOST if rate is None else rate * 3 // 2)
    amount = ("-crf", str(_QUALITY)) if rate is None else ("-b:v", str(rate))
    each_second = str(max(round(_rate(media)), 1))  # where a player may start after a tap
    return (
        "-c:v", "libx264", "-preset", "fast", "-profile:v", "main", *amount,
        "-maxrate", most, "-bufsize", most, "-g", each_second, "-threads", "1",
        "-flags", "+cgop+bitexact", *_BT709,
    )  # fmt: skip


def _sound(target: ProxyEncoding) -> tuple[str, ...]:
    channels = "2" if target.rung.sound >= 48_000 else "1"
    return (
        "-map", "0:a:0?", "-c:a", "aac", "-b:a", str(target.rung.sound), "-ac", channels,
        "-ar", "48000", "-flags:a", "+bitexact",
    )  # fmt: skip
