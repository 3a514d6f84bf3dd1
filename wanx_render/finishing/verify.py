"""The promise against the file: what a deliverable must be, and what checking it shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from wanx_render.finishing.codecs import decoded_whole, promised
from wanx_render.finishing.decode_record import (
    LEAST,
    DecodeRecord,
    Hearing,
    examine,
    hear,
    stretches,
)
from wanx_render.finishing.film import proof
from wanx_render.finishing.film.proof import Reading
from wanx_render.finishing.mix import CEILING
from wanx_render.frame import Frame
from wanx_render.language import Message, tr, verbatim
from wanx_render.media import container, ffmpeg, probe
from wanx_render.timing import SAMPLE_RATE

_SILENT = Fraction(1)  # seconds, from which on silence is a notice
_UNHEARD = Fraction(20)  # ms; closer than this nobody notices


@dataclass(frozen=True, slots=True)
class Check:
    """One promise: what was expected and what was found."""

    name: str
    expected: str
    found: str

    @property
    def holds(self) -> bool:
        return self.expected == self.found

    @property
    def difference(self) -> Message:
        """What was found, and what was expected instead."""
        return tr(
            "{check}: {found}, expected {expected}",
            check=self.name, found=self.found, expected=self.expected,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Promise:
    """What a finished file shall be."""

    frame: Frame
    frames: int
    loudness: Decimal | None = None  # LUFS
    sounding: bool = False  # whether something is mixed to the clips' own sound
    tags: tuple[tuple[str, str], ...] = ()  # labels of AI-generated content in its container
    faded: tuple[int, int] = (0, 0)  # frames that fade in and out, where black and silence is meant

    def is_meant(self, start: Fraction, end: Fraction, least: Fraction) -> bool:
        """Whether less than ``least`` seconds of a stretch of the film are outside its fades."""
        first, last = (frames / self.frame.rate for frames in self.faded)
        whole = self.frames / self.frame.rate
        return any(self.faded) and min(end, whole - last) - max(start, first) < least


@dataclass(frozen=True, slots=True)
class Verification:
    """Everything learnt about a finished file."""

    checks: tuple[Check, ...]
    probed: probe.Probe
    loudness: str | None = None  # LUFS; None for silence
    notices: tuple[str, ...] = ()  # what may be meant so, and may not
    warnings: tuple[str, ...] = ()  # those of the notices that a person should see at once

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)


def verify(
    program: ffmpeg.Ffmpeg,
    path: Path,
    promise: Promise,
    pieces: Sequence[DecodeRecord] = (),
    hearing: Hearing | None = None,
    reading: Reading | None = None,
) -> Verification:
    """Check each promise on the finished file. Raises FfmpegError if it is broken.

    It is decoded here, unless ``pieces`` and ``hearing`` are records of what it was joined from:
    then each packet must be the one that was checked. ``reading``: where it was read already.
    """
    pieces = pieces or examine(program, [path])
    hearing = hearing or hear(program, path, peaks=promise.loudness is not None)
    reading = reading or proof.whole(program, path, pieces, hearing)
    record, changes = reading.probed, reading.changed
    checks = [*_picture_checks(record, promise, pieces), *_file_checks(record, path)]
    checked, same = tr("as checked"), tr("as decoded")
    pictures = tr("not in part {n}", n=changes[0] + 1) if changes else checked
    checks.append(Check(tr("pictures"), checked, pictures))
    checks.append(
        Check(tr("samples"), same, tr("other samples") if reading.sound_changed else same)
    )
    checks += _aligned(pieces, promise.frame.rate)
    checks += _sound_checks(promise, hearing)
    if promise.tags:
        checks.append(_labelled(promise.tags, probe.tags(program, path)))
    loudness = hearing.loudness.integrated
    warnings = tuple(_warnings(hearing, promise))
    return Verification(
        tuple(checks),
        record,
        None if loudness is None else str(loudness),
        (*_notices(pieces, hearing, promise), *warnings),
        warnings,
    )


def _sound_checks(promise: Promise, hearing: Hearing) -> Iterator[Check]:
    if promise.loudness is not None:
        yield from _loud(promise.loudness, hearing)
    if promise.sounding:
        silent = hearing.loudness.peak_is_low
        sound = _SILENCE if silent and not hearing.lost else _HEARD
        yield Check(tr("sound"), sound, _SILENCE if silent else _HEARD)


_SILENCE, _HEARD = tr("silence"), tr("heard")


def _labelled(tags: Sequence[tuple[str, str]], there: Sequence[tuple[str, str]]) -> Check:
    """Whether the file carries the label that it must, letter by letter."""
    names = ", ".join(name for name, _ in tags)
    missing = [name for name, value in tags if (name, value) not in there]
    lacking = tr("no {tags}", tags=", ".join(missing)) if missing else names
    return Check(tr("label"), names, lacking)


def _picture_checks(
    record: probe.Probe, promise: Promise, pieces: Sequence[DecodeRecord]
) -> Iterator[Check]:
    picture, frame, frames = record.picture, promise.frame, str(promise.frames)
    size = picture.size
    yield Check(tr("size"), str(frame.size), str(size))
    yield Check(tr("even sides"), tr("yes"), _yes(not (size.width % 2 or size.height % 2)))
    yield Check(tr("aspect"), str(frame.aspect), _aspect(frame, picture))
    yield Check(tr("square pixels"), "1", str(picture.sample_aspect))
    yield Check(tr("frame rate"), str(frame.rate), str(picture.rate))
    yield Check(tr("constant rate"), tr("yes"), _yes(picture.uniform))
    yield Check(tr("frame count"), frames, str(picture.frames))
    yield Check(tr("frames checked"), frames, str(sum(len(piece.looks) for piece in pieces)))
    yield _decoded(frame, pieces)
    yield Check(tr("video codec"), promised(frame), _video(picture))


def _decoded(frame: Frame, pieces: Sequence[DecodeRecord]) -> Check:
    """Whether as much of each piece was decoded as its quality and its encoder ask for."""
    everything, keys = tr("every frame"), tr("key frames")
    if not decoded_whole(frame):
        return Check(tr("decoded"), keys, keys)
    lacking = any(piece.decoded != "whole" for piece in pieces)
    return Check(tr("decoded"), everything, keys if lacking else everything)


def _file_checks(record: probe.Probe, path: Path) -> Iterator[Check]:
    picture, sound = record.picture, record.sound
    gap = abs((sound.duration if sound else Fraction(0)) - picture.duration)
    order = [box for box in container.boxes(path) if box in ("moov", "mdat")]
    yield Check(tr("audio codec"), f"aac {SAMPLE_RATE} stereo", _audio(sound))
    yield Check(tr("sound as long as picture"), tr("within a frame"), _within(gap, picture.rate))
    yield Check(tr("index in front"), "moov mdat", " ".join(order))


def _aligned(pieces: Sequence[DecodeRecord], rate: Fraction) -> Iterator[Check]:
    """Whether sound and picture are as far apart as in the sources where that was compared."""
    shifts = [Fraction(piece.apart) for piece in pieces if piece.apart is not None]
    if shifts:
        worst = max(shifts, key=abs)
        holds = abs(worst) <= max(1000 / rate, _UNHEARD)
        same = tr("as in the source")
        apart = same if holds else verbatim(f"{int(worst):+d} ms")
        yield Check(tr("sound against picture"), same, apart)


def _notices(
    pieces: Sequence[DecodeRecord], hearing: Hearing, promise: Promise
) -> Iterator[Message]:
    """What a viewer would take for a fault."""
    for word, start, end in stretches(pieces, promise.frame.rate):
        if promise.is_meant(start, end, LEAST[word]):
            continue
        times = {"start": float(start), "end": float(end)}
        if word == "black":
            yield tr("black from {start:.2f} to {end:.2f} s", **times)
        else:
            yield tr("still from {start:.2f} to {end:.2f} s", **times)
    for first, last in hearing.silent:
        if not promise.is_meant(Fraction(first), Fraction(last), _SILENT):
            yield tr("silent from {start:.2f} to {end:.2f} s", start=first, end=last)


def _warnings(hearing: Hearing, promise: Promise) -> Iterator[str]:
    """What the sound is not, though it was wanted."""
    yield from hearing.notices
    if promise.sounding and hearing.loudness.peak_is_low:
        yield tr("music and voices cannot be heard: silent, too quiet, or after the end")


def _loud(target_loudness: Decimal, hearing: Hearing) -> Iterator[Check]:
    """Silence cannot be made loud; everything else shall be, and nowhere too much.

    What was found to be out of reach is expected as it is; a notice names it.
    """
    loudness = hearing.loudness
    if loudness.integrated is None:
        yield Check(tr("loudness"), _SILENCE, _SILENCE)
        return
    target = f"{target_loudness} LUFS"
    limit = tr("at most {peak} dBTP", peak=CEILING)
    near = abs(loudness.integrated - target_loudness) <= 1
    peak = loudness.peak if loudness.peak is not None else Decimal(0)
    for name, promise, holds, actual in (
        (tr("loudness"), target, near, f"{loudness.integrated} LUFS"),
        (tr("true peak"), limit, peak <= CEILING, f"{peak} dBTP"),
    ):
        is_excused = not holds and name in hearing.excused
        yield Check(name, actual if is_excused else promise, promise if holds else actual)


def _yes(holds: bool) -> Message:
    return tr("yes") if holds else tr("no")


def _aspect(frame: Frame, picture: probe.VideoStream) -> str:
    exact = frame.aspect.matches(picture.size)
    return str(frame.aspect) if exact else f"{picture.size.width}:{picture.size.height}"


def _video(picture: probe.VideoStream) -> str:
    return f"{picture.codec} {picture.profile} {picture.pixel_format} {picture.colour}"


def _audio(sound: probe.AudioStream | None) -> str:
    return f"{sound.codec} {sound.rate} {sound.layout}" if sound else "none"


def _within(gap: Fraction, rate: Fraction) -> Message:
    if gap * rate <= 1:
        return tr("within a frame")
    return tr("{ms:.1f} ms apart", ms=float(gap * 1000))
