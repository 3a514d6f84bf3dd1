"""What a media file holds, as ffmpeg reports it: probed by its packets, or decoded from end to end.

There is no ffprobe in the wheel, so packets are listed with ``-c copy -f framecrc`` (about 25 ms),
and the stream lines are read from ffmpeg's log.
"""

import io
import os
import re
import struct
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from wanx_render import files, integrity
from wanx_render.errors import FfmpegError
from wanx_render.geometry import Box, Size
from wanx_render.media import ai_labels, colour_tags, container, ffmpeg
from wanx_render.media.ai_labels import NO_PROVENANCE, Provenance
from wanx_render.media.colour_tags import Tags
from wanx_render.media.ffmpeg import BOUNDED, SOUND_FORMATS, STRICT, WHITELIST, Ffmpeg, file_url

# A line for each packet. Left to itself ffmpeg sends each line at once, and waking up for every one
# cost us five times what reading them does.
_LISTED = ("-flush_packets", "0", "-f", "framecrc", "-")
_HASHED = ("-flush_packets", "0", "-f", "framehash", "-hash", "md5", "-")


@dataclass(frozen=True, slots=True)
class Picture:
    """The video stream of a file: pixels, exact rate, frames, and how they are tagged."""

    codec: str
    profile: str
    pixel_format: str
    colour: str
    size: Size
    sample_aspect: Fraction
    rate: Fraction
    frames: int
    uniform: bool  # every frame lasts equally long
    ticks: tuple[int, ...]  # when each frame is shown
    tick: Fraction  # in seconds
    duration: Fraction
    tags: Tags
    start: Fraction = Fraction(0)  # of the first frame, in seconds from the file's beginning

    @property
    def times(self) -> tuple[Fraction, ...]:
        """When each frame is shown, in seconds."""
        return tuple(tick * self.tick for tick in self.ticks)


@dataclass(frozen=True, slots=True)
class Sound:
    """The audio stream of a file; ``samples`` is what is heard, without encoder priming."""

    codec: str
    rate: int
    layout: str
    samples: int
    start: Fraction = Fraction(0)  # of what is heard, in seconds from the file's beginning

    @property
    def duration(self) -> Fraction:
        return Fraction(self.samples, self.rate)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a media file holds, read without decoding it."""

    picture: Picture
    sound: Sound | None
    provenance: Provenance = NO_PROVENANCE


_VIDEO = re.compile(
    r"Stream #0:\d+.*?: Video: (?P<codec>\w+)(?: \(lib[^)]*\))?(?: \((?P<profile>[^)]*)\))?.*?, "
    r"(?P<format>\w+)(?:\((?P<tags>.*?)\))?, \d+x\d+"
)
_AUDIO = re.compile(
    r"Stream #0:\d+.*?: Audio: (?P<codec>\w+)[^,]*, (?P<rate>\d+) Hz, (?P<layout>[^,]+)"
)


def read(program: Ffmpeg, path: Path) -> tuple[Probe, str]:
    """What an mp4 holds, and the list of all its packets with their hashes. Raises FfmpegError."""
    out, log = ffmpeg.ask(
        program,
        (
            *STRICT, *WHITELIST, "-i", file_url(path),
            "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", *_HASHED,
        ),
        timeout=900,
    )  # fmt: skip
    listing = out.decode("utf-8", "replace")
    return _probed(listing, log, path), listing


def probe(program: Ffmpeg, path: Path) -> Probe:
    """What the mp4 or mov at ``path`` holds. Raises FfmpegError where it is neither, or has no
    picture."""
    with _tags_beside() as (arguments, file):
        out, log = ffmpeg.ask(
            program,
            (
                *WHITELIST, "-i", file_url(path),
                "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", *_LISTED, *arguments,
            ),
            timeout=120,
        )  # fmt: skip
        provenance = _provenance(file, path)
    return replace(_probed(out.decode("utf-8", "replace"), log, path), provenance=provenance)


def tags(program: Ffmpeg, path: Path) -> tuple[tuple[str, str], ...]:
    """The tags of the mp4 or mov at ``path``, names and values. Raises FfmpegError."""
    out = ffmpeg.run(
        program, (*WHITELIST, "-i", file_url(path), "-f", "ffmetadata", "-"), timeout=120
    )
    return container.read_tags(out)


@contextmanager
def _tags_beside() -> Iterator[tuple[tuple[str, ...], Path]]:
    """Arguments of one more output: the file's tags, as text in the file that comes with them.

    ffmpeg's log has them too, but cuts each at 255 characters.
    """
    with tempfile.TemporaryDirectory(prefix="wanx-tags-") as name:
        file = Path(name) / "tags"
        streams = ("-map", "0:v:0", "-map", "0:a:0?", "-c", "copy")
        yield (*streams, "-f", "ffmetadata", file_url(file)), file


def _provenance(file: Path, path: Path) -> Provenance:
    """What the video at ``path`` says of its origin; its tags are in ``file``."""
    # Not as text: line breaks within a value stay what they are.
    tags = container.read_tags(file.read_bytes().decode("utf-8", "replace"))
    credentials, xmp = container.provenance_boxes(path)
    return ai_labels.provenance_of((*tags, ("xmp", xmp)), credentials=credentials)


def _probed(listing: str, log: str, path: Path) -> Probe:
    head = log.split("Output #0", 1)[0]
    video, audio = _VIDEO.search(head), _AUDIO.search(head)
    if not video:
        raise FfmpegError(f"{path.name} has no picture that can be read")
    return Probe(_picture(listing, video), _sound(listing, audio) if audio else None)


def _picture(listing: str, line: re.Match[str]) -> Picture:
    packets = _packets(listing, 0)
    base = _header(listing, "tb 0")
    durations = {duration for _, duration in packets}
    starts = sorted(start for start, _ in packets)
    uniform = len({b - a for a, b in pairwise(starts)}) <= 1
    length = sum(duration for _, duration in packets)
    width, height = _header_text(listing, "dimensions 0").split("x")
    tags = (line["tags"] or "").replace(" ", "").split(",")
    return Picture(
        codec=line["codec"],
        profile=line["profile"] or "",
        pixel_format=line["format"],
        colour=next((tag for tag in tags if tag.startswith(("bt", "smpte", "gbr"))), "unknown"),
        size=Size(int(width), int(height)),
        sample_aspect=_header(listing, "sar 0") or Fraction(1),
        rate=Fraction(len(packets), 1) / (length * base) if length else Fraction(0),
        ticks=tuple(starts),
        tick=base,
        frames=len(packets),
        uniform=uniform and len(durations) <= 1,
        duration=length * base,
        start=starts[0] * base if starts else Fraction(0),
        tags=colour_tags.parsed(line["format"], line["tags"]),
    )


def _sound(listing: str, line: re.Match[str]) -> Sound:
    packets = _packets(listing, 1)
    rate, base = int(line["rate"]), _header(listing, "tb 1")
    audible = [(start, duration) for start, duration in packets if start >= 0]
    samples = sum(duration for _, duration in audible) * base * rate
    start = audible[0][0] * base if audible else Fraction(0)
    return Sound(line["codec"], rate, line["layout"].strip(), int(samples), start)


_DISCARD = 4  # beside KEY (1), of packets that an edit list leaves out
_PACKET = r", +-?\d+, +(-?\d+), +(\d+), +\d+, +\w+(?:, F=0x(\w+))?"


def _packets(listing: str, stream: int) -> list[tuple[int, int]]:
    """Start and duration of each packet of ``stream`` that is shown or heard, in its time base."""
    found = re.findall(rf"^{stream}{_PACKET}", listing, re.MULTILINE)
    visible = (packet for packet in found if not int(packet[2] or "0", 16) & _DISCARD)
    return [(int(start), int(duration)) for start, duration, _ in visible]


def _header_text(listing: str, name: str) -> str:
    found = re.search(rf"^#{name}: (.+)$", listing, re.MULTILINE)
    return found[1].strip() if found else ""


def _header(listing: str, name: str) -> Fraction:
    text = _header_text(listing, name)
    return Fraction(text) if re.fullmatch(r"\d+/[1-9]\d*", text) else Fraction(0)


def tags_of(log: str) -> Tags | None:
    """The colour tags of the video stream that ffmpeg's ``log`` speaks of first."""
    line = _VIDEO.search(log)
    return colour_tags.parsed(line["format"], line["tags"]) if line else None


@dataclass(frozen=True, slots=True)
class Survey:
    """What decoding all of an unknown video shows; upright, as its metadata turns it."""

    log: str
    size: Size
    sample_aspect: Fraction
    times: tuple[Fraction, ...]  # of each frame, in seconds from the first
    end: Fraction  # seconds from the first frame to the end of the last
    has_sound: bool
    provenance: Provenance = NO_PROVENANCE
    start: Fraction = Fraction(0)  # of the picture, in seconds from the file's beginning
    sound_start: Fraction = Fraction(0)
    layout: str = ""  # of the sound's channels, by ffmpeg's name


def survey(program: Ffmpeg, path: Path, containers: str) -> Survey:
    """Decode a video that may be anything of ``containers``. Raises FfmpegError on damage."""
    with _tags_beside() as (arguments, file):
        out, log = ffmpeg.ask(
            program,
            (
                *STRICT, *BOUNDED, "-protocol_whitelist", "file", "-format_whitelist", containers,
                "-i", file_url(path), "-map", "0:v:0", "-map", "0:a:0?",
                "-fps_mode", "passthrough", "-c:v", "wrapped_avframe", *_LISTED, *arguments,
            ),
            timeout=900,
        )  # fmt: skip
        provenance = _provenance(file, path)
    listing = out.decode("utf-8", "replace")
    base, packets = _header(listing, "tb 0"), _packets(listing, 0)
    dimensions = _header_text(listing, "dimensions 0").split("x")
    width, height = map(int, dimensions) if len(dimensions) == 2 else (0, 0)
    sounds = _packets(listing, 1)
    first = packets[0][0] if packets else 0
    times = tuple((start - first) * base for start, _ in packets)
    step = (times[-1] / (len(times) - 1)) if len(times) > 1 else Fraction(1, 25)
    return Survey(
        log=log.split("Output #0", 1)[0],
        size=Size(width, height),
        sample_aspect=_header(listing, "sar 0"),
        times=times,
        end=times[-1] + step if times else Fraction(0),
        has_sound=bool(sounds),
        provenance=provenance,
        start=_start(log, first * base, step),
        sound_start=sounds[0][0] * _header(listing, "tb 1") if sounds else Fraction(0),
        layout=audio["layout"].strip() if (audio := _AUDIO.search(log)) else "",
    )


_STARTS = re.compile(
    r"Duration: [^\n]*start: (-?[\d.]+).*?Stream #0:\d+[^\n]*?: Video: [^\n]*start (-?[\d.]+)", re.S
)


def _start(log: str, counted: Fraction, step: Fraction) -> Fraction:
    """When the picture begins: to the microsecond where the log says it, else ``counted``.

    The list of decoded frames counts in steps of a frame.
    """
    match = _STARTS.search(log.split("Output #0", 1)[0])
    exact = Fraction(match[2]) - Fraction(match[1]) if match else counted
    return exact if abs(exact - counted) < step else counted


Stretch = tuple[float, float]  # from one second to another


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came out of decoding a whole file, every error fatal."""

    frames: int
    samples: int
    digest: tuple[str, ...]  # a checksum of each decoded frame


def decode(program: Ffmpeg, path: Path, *, also: Sequence[str] = ()) -> Decoded:
    """Decode all of ``path`` strictly. Raises FfmpegError on the first damage.

    A truncated file with its index in front opens and plays with exit code 0; only this shows it.
    ``also`` are outputs that ffmpeg shall write of the same decoding.
    """
    out, _ = ffmpeg.ask(
        program,
        (
            "-v", "error", *STRICT, *BOUNDED, *WHITELIST, "-i", file_url(path),
            "-map", "0:v:0", "-map", "0:a:0?", "-fps_mode", "passthrough", *_LISTED, *also,
        ),
        timeout=900,
    )  # fmt: skip
    listing = out.decode("utf-8", "replace")
    frames = re.findall(r"^0, .*, (0x[0-9a-f]{8})", listing, re.MULTILINE)
    samples = sum(duration for _, duration in _packets(listing, 1))
    return Decoded(len(frames), samples, tuple(frames))


def boxes(path: Path) -> tuple[str, ...]:
    """The names of the top-level boxes of an mp4, in order. Raises FfmpegError where it is cut."""
    names: list[str] = []
    end = path.stat().st_size
    with path.open("rb") as stream:
        while stream.tell() < end:
            start = stream.tell()
            head = stream.read(8)
            if len(head) < 8:
                raise FfmpegError(f"{path.name} is cut off")
            size, name = struct.unpack(">I4s", head)
            if size == 1:
                size = int.from_bytes(stream.read(8), "big")
            elif size == 0:
                size = end - start
            names.append(name.decode("latin-1"))
            if size < 8 or start + size > end:
                raise FfmpegError(f"{path.name} is cut off or is not an mp4 file")
            stream.seek(start + size, os.SEEK_SET)
    return tuple(names)


@dataclass(frozen=True, slots=True)
class Loudness:
    """What EBU R128 says of a sound; None where nothing is loud enough to be measured."""

    integrated: Decimal | None  # LUFS
    peak: Decimal | None  # dBTP

    @property
    def peak_is_low(self) -> bool:
        """Whether nothing at all is heard; a short sound is, though it has no loudness yet."""
        return self.peak is None or self.peak < -70


@dataclass(frozen=True, slots=True)
class Heard:
    """What decoding all of a sound shows."""

    packets: str  # the list of its packets, with their hashes
    loudness: Loudness
    silent: tuple[Stretch, ...]
    fidelity: float | None = None  # dB of signal to distortion below 4 kHz, where compared


COMPARED_RATE = 8000  # samples a second in which a sound is compared with what it was made of
_SILENCE = "silencedetect=n=-60dB:d=1"


def listen(program: Ffmpeg, path: Path, *, peaks: bool, mix: Path | None = None) -> Heard:
    """Decode all of the sound of ``path``. Raises FfmpegError on the first damage.

    ``peaks``: also between the samples, which costs as much as all the rest. ``mix``: a WAV at
    ``COMPARED_RATE`` of what it was encoded from, to compare it with.
    """
    meter = f"ebur128=framelog=verbose:peak={'true' if peaks else 'sample'}"
    reference: tuple[str, ...] = ()
    filters: tuple[str, ...] = ("-map", "0:a:0", "-af", f"{_SILENCE},{meter}", "-f", "null", "-")
    if mix:
        reference = ("-protocol_whitelist", "file", "-f", "wav", "-i", file_url(mix))
        parts = f"[0:a:0]asplit[a][b];[a]{_SILENCE},{meter}[heard]"
        comparison = f"[b]aresample={COMPARED_RATE}[low];[1:a][low]asdr[compared]"
        filters = (
            "-filter_complex_threads", "1", "-filter_complex", f"{parts};{comparison}",
            "-map", "[heard]", "-f", "null", "-", "-map", "[compared]", "-f", "null", "-",
        )  # fmt: skip
    out, log = ffmpeg.ask(
        program,
        (
            *STRICT, "-threads", "1", *WHITELIST, "-i", file_url(path), *reference,
            "-map", "0:a:0", "-c", "copy", *_HASHED, *filters,
        ),
        timeout=900,
    )  # fmt: skip
    listing = out.decode("utf-8", "replace")
    end = sum(duration for start, duration in _packets(listing, 0) if start >= 0)
    seconds = float(end * _header(listing, "tb 0"))
    return Heard(listing, _metered(log), _silent(log, seconds), _fidelity(log))


def _fidelity(log: str) -> float | None:
    """The worse channel's ratio of signal to distortion; None where nothing was compared."""
    found = [float(ratio) for ratio in re.findall(r"SDR ch\d+: (-?(?:[\d.]+|inf)) dB", log)]
    return min(found, default=None)


def _silent(log: str, end: float) -> tuple[Stretch, ...]:
    """What silencedetect found; it may name the beginning alone of what lasts to the end."""
    starts = [max(float(at), 0.0) for at in re.findall(r"silence_start: (-?[\d.]+)", log)]
    ends = [float(at) for at in re.findall(r"silence_end: ([\d.]+)", log)]
    return tuple(zip_longest(starts, ends, fillvalue=end))


def highest(program: Ffmpeg, path: Path, start: Fraction, seconds: Fraction) -> float | None:
    """The highest sample of a sound file in dBFS, of ``seconds`` from ``start`` on.

    The file begins again where it ends. None where nothing is in that part. Raises FfmpegError.
    """
    part = f"atrim=start={float(start):.6f}:end={float(start + seconds):.6f}"
    _, log = ffmpeg.ask(
        program,
        (
            *STRICT, "-protocol_whitelist", "file", "-format_whitelist", SOUND_FORMATS,
            "-stream_loop", "-1", "-i", file_url(path), "-map", "0:a:0",
            "-af", f"{part},volumedetect", "-f", "null", "-",
        ),
        timeout=120,
    )  # fmt: skip
    found = re.search(r"max_volume: (-?[\d.]+) dB", log)
    return float(found[1]) if found else None


def length(program: Ffmpeg, path: Path, rate: int) -> int:
    """How many samples at ``rate`` all of a sound file has. Raises FfmpegError."""
    _, log = ffmpeg.ask(
        program,
        (
            *STRICT, "-protocol_whitelist", "file", "-format_whitelist", SOUND_FORMATS,
            "-i", file_url(path), "-map", "0:a:0",
            "-af", f"aresample={rate},aformat=channel_layouts=mono,volumedetect", "-f", "null", "-",
        ),
        timeout=120,
    )  # fmt: skip
    # A graph may be made twice before anything goes through it.
    return max(map(int, re.findall(r"n_samples: (\d+)", log)), default=0)


def loudness(program: Ffmpeg, path: Path) -> Loudness:
    """How loud the file at ``path`` is."""
    return metered(
        program,
        (
            *WHITELIST, "-i", file_url(path), "-map", "0:a:0",
            "-af", "ebur128=framelog=verbose:peak=true", "-f", "null", "-",
        ),
    )  # fmt: skip


def metered(program: Ffmpeg, arguments: Sequence[str]) -> Loudness:
    """What the loudness meter says that ``arguments`` end in."""
    _, log = ffmpeg.ask(program, arguments, timeout=600)
    return _metered(log)


def _metered(log: str) -> Loudness:
    loud = re.findall(r"^\s+I:\s+(-?[\d.]+) LUFS", log, re.MULTILINE)
    peaks = re.findall(r"^\s+Peak:\s+(-?[\d.]+) dBFS", log, re.MULTILINE)
    # -70 is the gate: nothing louder was heard.
    loudness = Decimal(loud[-1]) if loud and float(loud[-1]) > -70 else None
    return Loudness(loudness, Decimal(peaks[-1]) if peaks else None)


def brightness(program: Ffmpeg, path: Path, start: Fraction, seconds: Fraction) -> list[float]:
    """The mean luma of each frame from ``start`` seconds on, 0 to 255."""
    out, _ = ffmpeg.ask(
        program,
        (
            *STRICT, *WHITELIST, *_part(start, seconds), "-i", file_url(path), "-map", "0:v:0",
            "-vf", f"scale={_SMALL}:{_SMALL}:flags=area,format=gray", "-f", "rawvideo", "-",
        ),
        timeout=120,
    )  # fmt: skip
    return _means(out)


def timed(
    program: Ffmpeg, path: Path, containers: str, rate: Fraction, end: Fraction
) -> tuple[list[float], memoryview]:
    """Mean luma at ``rate`` and mono sound at 48 kHz of a video, by its own timestamps.

    Both count from the file's beginning, up to ``end`` seconds. Raises FfmpegError.
    """
    with TemporaryDirectory(prefix="wanx-timed-") as name:
        luma, sound = Path(name) / "luma", Path(name) / "sound"
        ffmpeg.run(
            program,
            (
                *STRICT, *BOUNDED, "-protocol_whitelist", "file", "-format_whitelist", containers,
                "-t", f"{float(end):.6f}", "-i", file_url(path),
                "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-vf",
                f"fps={rate}:start_time=0,scale={_SMALL}:{_SMALL}:flags=area,format=gray",
                file_url(luma),
                "-map", "0:a:0", "-af", "aresample=48000:async=1:first_pts=0",
                "-ac", "1", "-ar", "48000", "-f", "s16le", file_url(sound),
            ),
        )  # fmt: skip
        return _means(luma.read_bytes()), _shorts(sound.read_bytes())


_SMALL = 16


def _means(luma: bytes) -> list[float]:
    size = _SMALL * _SMALL
    return [sum(luma[at : at + size]) / size for at in range(0, len(luma) - size + 1, size)]


def _shorts(data: bytes) -> memoryview:
    return memoryview(data[: len(data) // 2 * 2]).cast("h")


def luma(program: Ffmpeg, path: Path, start: Fraction, box: Box) -> bytes:
    """The luma, 0 to 255, of the first frame from ``start`` seconds on, within ``box``."""
    out, _ = ffmpeg.ask(
        program,
        (
            *STRICT, *WHITELIST, "-ss", f"{float(start):.6f}", "-i", file_url(path),
            "-map", "0:v:0", "-frames:v", "1",
            "-vf", f"crop={box.width}:{box.height}:{box.x}:{box.y},format=gray",
            "-f", "rawvideo", "-",
        ),
        timeout=120,
    )  # fmt: skip
    return out


def samples(program: Ffmpeg, path: Path, start: Fraction, seconds: Fraction) -> memoryview:
    """The sound from ``start`` seconds on, mono at 48 kHz, signed 16 bit."""
    out, _ = ffmpeg.ask(
        program,
        (
            *STRICT, *WHITELIST, *_part(start, seconds), "-i", file_url(path), "-map", "0:a:0",
            "-ac", "1", "-ar", "48000", "-f", "s16le", "-",
        ),
        timeout=120,
    )  # fmt: skip
    return _shorts(out)


def _part(start: Fraction, seconds: Fraction) -> tuple[str, ...]:
    return "-ss", f"{float(start):.6f}", "-t", f"{float(seconds):.6f}"


def last_frame(program: Ffmpeg, clip: Path, frames: int, size: Size, target: Path) -> bool:
    """Have the last of the ``frames`` frames of ``clip`` as the PNG ``target``, ``size`` in pixels.

    It is made where there is none that is whole; the answer is whether a damaged one was replaced.
    Raises FfmpegError where the clip cannot be decoded, OSError where nothing can be written.
    """
    if kept_frame(target, size):
        return False
    was_damaged = target.exists()
    integrity.folder(target.parent)
    with files.part_of(target) as part:
        # Counted from the start, not sought: a seek lands on a guess.
        ffmpeg.run(
            program,
            (
                *STRICT, *WHITELIST, "-i", file_url(clip), "-map", "0:v:0",
                "-vf", f"select=eq(n\\,{frames - 1})", "-frames:v", "1",
                "-f", "image2", "-c:v", "png", "-update", "1", "-y", file_url(part),
            ),
        )  # fmt: skip
        value = _value(part.read_bytes())
        # Durable, for the bytes name what a chained shot is paid for.
        integrity.place(part, target, durable=True)
    with files.part_of(_value_beside(target)) as part:
        part.write_bytes(value)
        integrity.place(part, _value_beside(target), durable=True)
    return was_damaged


def kept_frame(path: Path, size: Size | None) -> bool:
    """Whether the PNG at ``path`` is the one that ``last_frame`` wrote; no clip is decoded.

    Its own checksums must be right and its hash the one beside it. Earlier versions wrote no hash:
    then the checksums decide. ``size``: in pixels, where it is known.
    """
    beside = _value_beside(path)
    try:
        data = path.read_bytes()
        value = beside.read_bytes() if os.path.lexists(beside) else None
    except OSError:
        return False
    is_same = value is None or value == _value(data)
    return is_same and _is_png(data, size)


def _value(data: bytes) -> bytes:
    return f"{files.sha256_of(data)}\n".encode()


def _value_beside(path: Path) -> Path:
    """Where the hash of a last frame is. Not in the PNG: its bytes are what a request is known by,
    and must stay what earlier versions wrote."""
    return path.with_suffix(".sha256")


_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"  # what every PNG begins with


def _is_png(data: bytes, size: Size | None) -> bool:
    """Whether ``data`` is one PNG and nothing else, every checksum right. A bit breaks it."""
    at, kind = 8, b""
    while data.startswith(_PNG) and at + 12 <= len(data) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if data[end : end + 4] != struct.pack(">I", zlib.crc32(data[at + 4 : end])):
            return False
        at = end + 4
    if kind != b"IEND" or at != len(data):
        return False
    return size is None or struct.unpack_from(">II", data, 16) == (size.width, size.height)


def first_frame(program: Ffmpeg, clip: Path) -> Image.Image:
    """The first frame of ``clip`` as sRGB, in square pixels and upright.

    A clip without a colour tag is read as BT.709. Raises FfmpegError where the clip has no picture
    or its first frame is damaged.
    """
    matrix = "bt709" if probe(program, clip).picture.colour == "unknown" else "auto"
    out, _ = ffmpeg.ask(
        program,
        (
            "-v", "error", "-threads", "1", *STRICT, *BOUNDED, *WHITELIST, "-i", file_url(clip),
            "-map", "0:v:0", "-vf", f"{_SQUARE_RGB}:in_color_matrix={matrix},format=rgb24",
            "-frames:v", "1", "-f", "image2pipe", "-c:v", "ppm", "-",
        ),
        timeout=120,
    )  # fmt: skip
    try:
        with Image.open(io.BytesIO(out), formats=("PPM",)) as frame:
            return frame.convert("RGB")
    except (OSError, ValueError) as error:
        raise FfmpegError(f"the first frame of {clip.name} cannot be read: {error}") from None


_SQUARE_RGB = "scale=w=trunc(iw*sar+0.5):h=ih:flags=bicubic+accurate_rnd+full_chroma_int"
