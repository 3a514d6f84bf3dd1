"""The promise against the file: what a deliverable must be, held against what decoding it shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from wanx_render import ffmpeg
from wanx_render.encoding import promised
from wanx_render.plan import Frame
from wanx_render.timing import SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Check:
    """One promise: what was expected and what was found."""

    name: str
    expected: str
    found: str

    @property
    def holds(self) -> bool:
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class Finding:
    """Everything learnt about a finished file."""

    checks: tuple[Check, ...]
    probe: ffmpeg.Probe
    frame_digest: tuple[str, ...]
    loudness: str | None = None  # LUFS; None for silence
    notices: tuple[str, ...] = ()  # what may be meant so, and may not

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)


def verify(
    program: ffmpeg.Ffmpeg,
    path: Path,
    frame: Frame,
    frames: int,
    loudness: Decimal | None = None,
    *,
    sounding: bool = False,
    also: Sequence[str] = (),
) -> Finding:
    """Decode the finished file and check each promise of it. Raises FfmpegError if it is broken.

    ``sounding``: something must be heard in it. ``also`` are outputs of the same decoding.
    """
    heard = ffmpeg.loudness(program, path)
    probe = ffmpeg.probe(program, path)
    decoded = ffmpeg.decode(program, path, watch=True, also=also)
    picture, sound = probe.picture, probe.sound
    gap = abs((sound.duration if sound else Fraction(0)) - picture.duration)
    order = [box for box in ffmpeg.boxes(path) if box in ("moov", "mdat")]
    checks: tuple[Check, ...] = (
        Check("size", str(frame.size), str(picture.size)),
        Check("even sides", "yes", _yes(not (picture.size.width % 2 or picture.size.height % 2))),
        Check("aspect", str(frame.aspect), _aspect(frame, picture)),
        Check("square pixels", "1", str(picture.sample_aspect)),
        Check("frame rate", str(frame.rate), str(picture.rate)),
        Check("constant rate", "yes", _yes(picture.uniform)),
        Check("frames", str(frames), str(picture.frames)),
        Check("frames decoded", str(frames), str(decoded.frames)),
        Check("video codec", promised(frame), _video(picture)),
        Check("audio codec", f"aac {SAMPLE_RATE} stereo", _audio(sound)),
        Check("sound as long as picture", "within a frame", _within(gap, frame.rate)),
        Check("index in front", "moov mdat", " ".join(order)),
    )
    if loudness is not None:
        checks = (*checks, *_loud(loudness, heard))
    if sounding:
        checks = (*checks, Check("sound", "heard", "silence" if heard.peak_is_low else "heard"))
    told = None if heard.integrated is None else str(heard.integrated)
    return Finding(checks, probe, decoded.digest, told, tuple(_notices(decoded)))


def _notices(decoded: ffmpeg.Decoded) -> Iterator[str]:
    """Stretches that a viewer would take for a fault."""
    seen = (("black", decoded.black), ("still", decoded.frozen), ("silent", decoded.silent))
    for word, stretches in seen:
        for start, end in stretches:
            yield f"{word} from {start:.2f} to {end:.2f} s"


def _loud(wanted: Decimal, heard: ffmpeg.Loudness) -> tuple[Check, ...]:
    """Silence cannot be made loud; everything else shall be, and nowhere too much."""
    if heard.integrated is None:
        return (Check("loudness", "silence", "silence"),)
    near = abs(heard.integrated - wanted) <= 1
    peak = heard.peak if heard.peak is not None else Decimal(0)
    target = f"{wanted} LUFS"
    return (
        Check("loudness", target, target if near else f"{heard.integrated} LUFS"),
        Check("true peak", "at most -1 dBTP", "at most -1 dBTP" if peak <= -1 else f"{peak} dBTP"),
    )


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _aspect(frame: Frame, picture: ffmpeg.Picture) -> str:
    exact = frame.aspect.matches(picture.size)
    return str(frame.aspect) if exact else f"{picture.size.width}:{picture.size.height}"


def _video(picture: ffmpeg.Picture) -> str:
    return f"{picture.codec} {picture.profile} {picture.pixel_format} {picture.colour}"


def _audio(sound: ffmpeg.Sound | None) -> str:
    return f"{sound.codec} {sound.rate} {sound.layout}" if sound else "none"


def _within(gap: Fraction, rate: Fraction) -> str:
    return "within a frame" if gap <= 1 / rate else f"{float(gap * 1000):.1f} ms apart"
