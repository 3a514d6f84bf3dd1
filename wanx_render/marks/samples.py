"""A clip as it is measured: every frame small and grey, and the sound as it is heard.

Both are one more output of a decoding that goes on anyway: an AVI, which may have no sound, and
whose raw frames and samples are found without a decoder.
"""

import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from PIL import Image

from wanx_render.media import decoding, ffmpeg
from wanx_render.media.decoding import Stretch

SIDE = 96  # pixels of a small frame's width and height, whatever the clip's
SILENCE_LEVEL = -60  # dBFS; what is lower counts as silent
SILENCE_SECONDS = Decimal("0.5")  # the shortest silence that is looked for
_FRAME_BYTES = SIDE * SIDE
_VIDEO, _SOUND = b"00", b"01"  # what the chunks of each stream begin with


@dataclass(frozen=True, slots=True)
class Samples:
    """What is measured of a clip. A frame is ``SIDE`` by ``SIDE`` levels of 0 to 255."""

    frames: tuple[Image.Image, ...]
    rate: Fraction  # frames a second
    sound: bytes = b""  # signed samples of 16 bits, the channels in turn; empty: the clip has none
    channels: int = 1
    sample_rate: int = 48_000
    loudness: Decimal | None = None  # LUFS of all of it; None: nothing loud enough is heard
    silences: tuple[Stretch, ...] = ()  # in seconds

    @property
    def seconds(self) -> float:
        """How long the picture lasts."""
        return float(len(self.frames) / self.rate)

    def at(self, frame: int) -> float:
        """The second at which a frame begins, counted from 0."""
        return float(frame / self.rate)


@dataclass(frozen=True, slots=True)
class SamplesOutput:
    """An output of an ffmpeg that decodes a clip for whatever purpose: the clip's samples."""

    folder: Path

    @classmethod
    @contextmanager
    def beside(cls) -> Iterator["SamplesOutput"]:
        """An output into a folder that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="wanx-samples-") as name:
            yield cls(Path(name))

    @property
    def arguments(self) -> tuple[str, ...]:
        """To stand behind the input and the other outputs; ffmpeg's log must not be shortened."""
        small = f"scale={SIDE}:{SIDE}:flags=area:out_range=pc,format=gray"
        meter = f"silencedetect=n={SILENCE_LEVEL}dB:d={SILENCE_SECONDS},ebur128=framelog=verbose"
        return (
            "-map", "0:v:0", "-map", "0:a:0?", "-vf", small, "-af", meter,
            "-fps_mode", "passthrough", "-c:v", "rawvideo", "-c:a", "pcm_s16le",
            "-f", "avi", "-y", ffmpeg.file_url(self._file),
        )  # fmt: skip

    @property
    def _file(self) -> Path:
        return self.folder / "samples.avi"

    def read(self, log: str, rate: Fraction) -> Samples:
        """The samples that ffmpeg wrote of a clip of ``rate`` frames a second.

        Raises ValueError or OSError where it wrote none.
        """
        data = self._file.read_bytes()
        chunks = list(_chunks(data))
        frames = [chunk for name, chunk in chunks if name[:2] == _VIDEO and chunk]
        if not frames or any(len(frame) != _FRAME_BYTES for frame in frames):
            raise ValueError("the small frames are not as they were asked for")
        sound = b"".join(chunk for name, chunk in chunks if name[:2] == _SOUND)
        channels, sample_rate = _sound_format(data)
        seconds = len(sound) / (2 * channels * sample_rate)
        return Samples(
            frames=tuple(Image.frombytes("L", (SIDE, SIDE), frame) for frame in frames),
            rate=rate,
            sound=sound,
            channels=channels,
            sample_rate=sample_rate,
            loudness=decoding.loudness_of_log(log).integrated if sound else None,
            silences=decoding.silences_of_log(log, seconds) if sound else (),
        )


def samples_of(program: ffmpeg.Ffmpeg, path: Path, rate: Fraction) -> Samples:
    """The samples of the mp4 at ``path``, of ``rate`` frames a second, by a decoding of their own.

    Raises FfmpegError, ValueError or OSError.
    """
    with SamplesOutput.beside() as output:
        source = (*ffmpeg.BOUNDED, *ffmpeg.WHITELIST, "-i", ffmpeg.file_url(path))
        _, log = ffmpeg.ask(program, ("-nostats", *source, *output.arguments), timeout=900)
        return output.read(log, rate)


# An AVI is chunks of a name, a length and as many bytes, padded to an even number; lists hold
# others.
# https://learn.microsoft.com/en-us/windows/win32/directshow/avi-riff-file-reference
def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of all streams, in turn."""
    position = 0
    while position + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        if name in (b"RIFF", b"LIST"):
            position += 12
            continue
        if name[:2].isdigit():
            yield name, data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2


def _sound_format(data: bytes) -> tuple[int, int]:
    """How many channels the sound has, and samples a second; one at 48 kHz where there is none."""
    header = data[: data.find(b"movi")]
    stream = header.find(b"auds")
    at = header.find(b"strf", stream)
    if stream < 0 or at < 0:
        return 1, 48_000
    channels, sample_rate = struct.unpack_from("<HI", header, at + 10)
    return channels, sample_rate
