"""What a media file holds, as ffmpeg reports it: probed by its packets, or decoded from end to end.

There is no ffprobe in the wheel, so packets are listed with ``-c copy -f framecrc`` (about 25 ms),
and the stream lines are read from ffmpeg's log.
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from wanx_render.errors import FfmpegError
from wanx_render.geometry import Size
from wanx_render.language import tr
from wanx_render.media import ai_labels, colour_tags, container, ffmpeg
from wanx_render.media.ai_labels import NO_PROVENANCE, Provenance
from wanx_render.media.colour_tags import Tags
from wanx_render.media.ffmpeg import BOUNDED, STRICT, WHITELIST, Ffmpeg, file_url
from wanx_render.timing import FrameTimes

# A line for each packet. Left to itself ffmpeg sends each line at once, and waking up for every one
# cost us five times what reading them does.
LISTED = ("-flush_packets", "0", "-f", "framecrc", "-")
HASHED = ("-flush_packets", "0", "-f", "framehash", "-hash", "md5", "-")


@dataclass(frozen=True, slots=True)
class VideoStream:
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
    def times(self) -> FrameTimes:
        """When each frame is shown."""
        return FrameTimes(self.ticks, self.tick)


@dataclass(frozen=True, slots=True)
class AudioStream:
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

    picture: VideoStream
    sound: AudioStream | None
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
            "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", *HASHED,
        ),
        timeout=900,
    )  # fmt: skip
    listing = out.decode("utf-8", "replace")
    return _probed(listing, log, path), listing


def parts(
    program: Ffmpeg, path: Path, starts: Sequence[Fraction], seconds: int
) -> tuple[Probe, str]:
    """What an mp4 holds in ``seconds`` from each of ``starts`` on, as ``read`` gives it of all.

    The Probe is of the first part alone. Each part has two streams in the list, its pictures and
    its sound, with their times in the file; it may begin some packets earlier.
    """
    inputs: list[str] = []
    maps: list[str] = []
    for number, start in enumerate(starts):
        inputs += [*STRICT, *WHITELIST, "-ss", f"{float(start):.6f}", "-t", str(seconds)]
        inputs += ["-i", file_url(path)]
        maps += ["-map", f"{number}:v:0", "-map", f"{number}:a:0"]
    out, log = ffmpeg.ask(program, (*inputs, "-copyts", *maps, "-c", "copy", *HASHED), timeout=900)
    listing = out.decode("utf-8", "replace")
    return _probed(listing, log, path), listing


def probe(program: Ffmpeg, path: Path) -> Probe:
    """What the mp4 or mov at ``path`` holds. Raises FfmpegError where it is neither, or has no
    picture."""
    with ProbeOutputs.beside() as outputs:
        source = (*WHITELIST, "-i", file_url(path))
        _, log = ffmpeg.ask(program, (*source, *outputs.arguments), timeout=120)
        return outputs.read(log, path)


@dataclass(frozen=True, slots=True)
class ProbeOutputs:
    """Outputs of an ffmpeg that reads a video for whatever purpose: they probe it as well."""

    folder: Path

    @classmethod
    @contextmanager
    def beside(cls) -> Iterator["ProbeOutputs"]:
        """Outputs into a folder that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="wanx-probe-") as name:
            yield cls(Path(name))

    @property
    def arguments(self) -> tuple[str, ...]:
        """To stand behind the input and the other outputs; ffmpeg's log must not be shortened."""
        streams = ("-map", "0:v:0", "-map", "0:a:0?", "-c", "copy")
        packets, tags = file_url(self.folder / "packets"), file_url(self.folder / "tags")
        listed = (*LISTED[:-1], packets)
        return (*streams, *listed, *streams, "-f", "ffmetadata", tags)

    def read(self, log: str, path: Path) -> Probe:
        """What ffmpeg wrote of the video at ``path``. Raises FfmpegError where it is none."""
        listing = (self.folder / "packets").read_text("utf-8", "replace")
        provenance = _provenance(self.folder / "tags", path)
        return replace(_probed(listing, log, path), provenance=provenance)


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
        raise FfmpegError(tr("{file} has no picture that can be read", file=path.name))
    return Probe(_picture(listing, video), _sound(listing, audio) if audio else None)


def _picture(listing: str, line: re.Match[str]) -> VideoStream:
    packets = packets_of(listing, 0)
    base = header(listing, "tb 0")
    durations = {duration for _, duration in packets}
    starts = sorted(start for start, _ in packets)
    uniform = len({b - a for a, b in pairwise(starts)}) <= 1
    length = sum(duration for _, duration in packets)
    width, height = _header_text(listing, "dimensions 0").split("x")
    tags = (line["tags"] or "").replace(" ", "").split(",")
    return VideoStream(
        codec=line["codec"],
        profile=line["profile"] or "",
        pixel_format=line["format"],
        colour=next((tag for tag in tags if tag.startswith(("bt", "smpte", "gbr"))), "unknown"),
        size=Size(int(width), int(height)),
        sample_aspect=header(listing, "sar 0") or Fraction(1),
        rate=Fraction(len(packets), 1) / (length * base) if length else Fraction(0),
        ticks=tuple(starts),
        tick=base,
        frames=len(packets),
        uniform=uniform and len(durations) <= 1,
        duration=length * base,
        start=starts[0] * base if starts else Fraction(0),
        tags=colour_tags.parsed(line["format"], line["tags"]),
    )


def sound(program: Ffmpeg, path: Path, containers: str) -> AudioStream | None:
    """The first sound of a file that may be anything of ``containers``, by its packets; None where
    it has none that can be read."""
    arguments = (
        *BOUNDED, "-protocol_whitelist", "file", "-format_whitelist", containers,
        "-i", file_url(path), "-map", "0:a:0", "-c", "copy", *LISTED,
    )  # fmt: skip
    try:
        out, log = ffmpeg.ask(program, arguments, timeout=120)
    except FfmpegError:
        return None
    line = _AUDIO.search(log.split("Output #0", 1)[0])
    return _sound(out.decode("utf-8", "replace"), line, 0) if line else None


def _sound(listing: str, line: re.Match[str], stream: int = 1) -> AudioStream:
    packets = packets_of(listing, stream)
    rate, base = int(line["rate"]), header(listing, f"tb {stream}")
    audible = [(start, duration) for start, duration in packets if start >= 0]
    samples = sum(duration for _, duration in audible) * base * rate
    start = audible[0][0] * base if audible else Fraction(0)
    return AudioStream(line["codec"], rate, line["layout"].strip(), int(samples), start)


_DISCARD = 4  # beside KEY (1), of packets that an edit list leaves out
_PACKET = r", +-?\d+, +(-?\d+), +(\d+), +\d+, +\w+(?:, F=0x(\w+))?"


def packets_of(listing: str, stream: int) -> list[tuple[int, int]]:
    """Start and duration of each packet of ``stream`` that is shown or heard, in its time base."""
    packets = re.findall(rf"^{stream}{_PACKET}", listing, re.MULTILINE)
    visible = (packet for packet in packets if not int(packet[2] or "0", 16) & _DISCARD)
    return [(int(start), int(duration)) for start, duration, _ in visible]


def _header_text(listing: str, name: str) -> str:
    match = re.search(rf"^#{name}: (.+)$", listing, re.MULTILINE)
    return match[1].strip() if match else ""


def header(listing: str, name: str) -> Fraction:
    text = _header_text(listing, name)
    return Fraction(text) if re.fullmatch(r"\d+/[1-9]\d*", text) else Fraction(0)


def tags_of(log: str) -> Tags | None:
    """The colour tags of the video stream that ffmpeg's ``log`` speaks of first."""
    line = _VIDEO.search(log)
    return colour_tags.parsed(line["format"], line["tags"]) if line else None


@dataclass(frozen=True, slots=True)
class VideoHead:
    """What can be known of an unknown video without decoding it; upright."""

    size: Size
    sample_aspect: Fraction
    times: FrameTimes
    seconds: Fraction


def head(program: Ffmpeg, path: Path, containers: str) -> VideoHead:
    """What a video that may be anything of ``containers`` holds: one frame of it is decoded.

    Raises FfmpegError where it has no picture that can be read.
    """
    source = (
        *BOUNDED, "-protocol_whitelist", "file", "-format_whitelist", containers,
        "-i", file_url(path), "-map", "0:v:0",
    )  # fmt: skip
    first = ("-frames:v", "1", "-c:v", "wrapped_avframe")
    picture, _ = ffmpeg.ask(program, (*source, *first, *LISTED), timeout=120)
    dimensions = _header_text(text := picture.decode("utf-8", "replace"), "dimensions 0")
    copies, _ = ffmpeg.ask(program, (*source, "-c", "copy", *LISTED), timeout=120)
    listing = copies.decode("utf-8", "replace")
    base, packets = header(listing, "tb 0"), sorted(packets_of(listing, 0))
    if not packets or not re.fullmatch(r"[1-9]\d*x[1-9]\d*", dimensions):
        raise FfmpegError(tr("{file} has no picture that can be read", file=path.name))
    (begin, _), (last, duration) = packets[0], packets[-1]
    return VideoHead(
        size=Size(*map(int, dimensions.split("x"))),
        sample_aspect=header(text, "sar 0"),
        times=FrameTimes(tuple(start for start, _ in packets), base),
        seconds=(last + duration - begin) * base,
    )


@dataclass(frozen=True, slots=True)
class VideoSurvey:
    """What decoding all of an unknown video shows; upright, as its metadata turns it."""

    log: str
    size: Size
    sample_aspect: Fraction
    times: FrameTimes
    end: Fraction  # seconds from the first frame to the end of the last
    has_sound: bool
    provenance: Provenance = NO_PROVENANCE
    start: Fraction = Fraction(0)  # of the picture, in seconds from the file's beginning
    sound_start: Fraction = Fraction(0)
    layout: str = ""  # of the sound's channels, by ffmpeg's name


def survey(program: Ffmpeg, path: Path, containers: str) -> VideoSurvey:
    """Decode a video that may be anything of ``containers``. Raises FfmpegError on damage."""
    with _tags_beside() as (arguments, file):
        out, log = ffmpeg.ask(
            program,
            (
                *STRICT, *BOUNDED, "-protocol_whitelist", "file", "-format_whitelist", containers,
                "-i", file_url(path), "-map", "0:v:0", "-map", "0:a:0?",
                "-fps_mode", "passthrough", "-c:v", "wrapped_avframe", *LISTED, *arguments,
            ),
            timeout=900,
        )  # fmt: skip
        provenance = _provenance(file, path)
    listing = out.decode("utf-8", "replace")
    base, packets = header(listing, "tb 0"), packets_of(listing, 0)
    dimensions = _header_text(listing, "dimensions 0").split("x")
    width, height = map(int, dimensions) if len(dimensions) == 2 else (0, 0)
    sounds = packets_of(listing, 1)
    first = packets[0][0] if packets else 0
    times = FrameTimes(tuple(start for start, _ in packets), base)
    step = (times.span / (len(times) - 1)) if len(times) > 1 else Fraction(1, 25)
    return VideoSurvey(
        log=log.split("Output #0", 1)[0],
        size=Size(width, height),
        sample_aspect=header(listing, "sar 0"),
        times=times,
        end=times.span + step if times else Fraction(0),
        has_sound=bool(sounds),
        provenance=provenance,
        start=_start(log, first * base, step),
        sound_start=sounds[0][0] * header(listing, "tb 1") if sounds else Fraction(0),
        layout=audio["layout"].strip() if (audio := _AUDIO.search(log)) else "",
    )


_STARTS = re.compile(
    r"Duration: [^\n]*start: (-?[\d.]+).*?Stream #0:\d+[^\n]*?: Video: [^\n]*start (-?[\d.]+)", re.S
)


def _start(log: str, estimate: Fraction, step: Fraction) -> Fraction:
    """When the picture begins: to the microsecond where the log says it, else ``estimate``.

    The list of decoded frames counts in steps of a frame.
    """
    match = _STARTS.search(log.split("Output #0", 1)[0])
    exact = Fraction(match[2]) - Fraction(match[1]) if match else estimate
    return exact if abs(exact - estimate) < step else estimate
