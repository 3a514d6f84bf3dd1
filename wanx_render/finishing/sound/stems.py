"""The stems of a film: what its mix has of each kind of sound, as WAV files that sum to it.

The clips' own sound, the music and the voices, each as long as the film to the sample, with the
gains, fades and ducking that they have there (decision 0056).
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import get_args

from wanx_render import files
from wanx_render.errors import Broken
from wanx_render.finishing import decode_record, mastering
from wanx_render.finishing.film.damage import insist_on
from wanx_render.finishing.jobs import listed
from wanx_render.finishing.join import LevelledMix, stem_arguments, stem_sum_arguments
from wanx_render.finishing.mastering import MixOfSegments
from wanx_render.finishing.mix import Level, Mix, StemKind
from wanx_render.language import tr
from wanx_render.media import ffmpeg
from wanx_render.media.ai_labels import TAG, Label

# Raised whenever what is here or in ``mix`` changes in a way that changes the files.
STEMS_VERSION = 1
KINDS: tuple[StemKind, ...] = get_args(StemKind)
# dBFS; rounding leaves -120 and less, the smallest step of 16 bits is -90.
_FAR = Decimal(-100)
_LONGEST = 8 * 1024  # bytes of a label that is written whole: Windows bounds a command's length


@dataclass(frozen=True, slots=True)
class Stem:
    """One kind of sound, and the label of AI-generated content that its file carries."""

    kind: StemKind
    label: str = ""


@dataclass(frozen=True, slots=True)
class StemsCall:
    """All that is needed to make the stems of a deliverable, as plain data."""

    segments: tuple[Path, ...]
    samples: int
    mix: Mix
    sound: Path | None  # the finished sound, where its level is known of that alone
    target: Path  # the deliverable, which the stems are named after
    stems: tuple[Stem, ...]  # those that something is heard in


@dataclass(frozen=True, slots=True)
class StemFiles:
    """The SHA-256 of each stem, in the order of the call, and how the film differs from them."""

    hashes: tuple[str, ...]
    difference: Decimal  # dBFS at most, between their sum and the mix
    held: Decimal  # dB at most by which the film's limiter lowers the mix


def stem_path(target: Path, kind: StemKind) -> Path:
    """Where a stem of the deliverable ``target`` is."""
    return target.with_name(f"{target.stem}.{kind}.wav")


def make_stems(program: ffmpeg.Ffmpeg, call: StemsCall) -> StemFiles:
    """Write the stems beside the deliverable, once their sum was compared with the mix.

    Raises Damaged where a segment is not what was made, FfmpegError, and Broken where the sum is
    another sound or a file cannot be written; what stood there before is left then.
    """
    insist_on(call.segments)
    with ExitStack() as stack:
        listing = stack.enter_context(listed(call.segments))
        gains = stack.enter_context(files.part_of(call.target.with_suffix(".gains")))
        work = MixOfSegments(program, listing, call.mix, call.samples)
        level = _level(work, call)
        mix, _ = mastering.ducked(mastering.looped(work), gains)
        whole = LevelledMix(listing, mix, call.samples, level)
        parts = []
        for stem in call.stems:
            parts.append(stack.enter_context(files.part_of(stem_path(call.target, stem.kind))))
            ffmpeg.run(program, stem_arguments(whole, stem.kind, parts[-1], _comment(stem.label)))
        result = _compared(program, whole, parts)
        _put(call, parts)
    return result


def _level(work: MixOfSegments, call: StemsCall) -> Level:
    """The level of the film's sound, by its record; encoded once more where that is damaged."""
    if work.mix.loudness is None:
        return Level()
    hearing = decode_record.kept_sound(call.sound) if call.sound else None
    if hearing is None:
        with files.part_of(call.target.with_suffix(".sound")) as part:
            hearing = mastering.encode(work, part)
    return mastering.level_of(hearing)


def _comment(label: str) -> str:
    """A label as the comment of a WAV file, which has no tag of its own for it.

    Of one that is too long for that only its ``Label`` is left.
    """
    if len(label.encode()) > _LONGEST:
        fields = Label(TAG, label).fields or {}
        label = json.dumps({"Label": fields.get("Label", "1")})
    return f"{TAG}={label}" if label else ""


_PEAK = re.compile(r"Peak level dB: (\S+)")
_TRUE_PEAK = re.compile(r"^\s+Peak:\s+(\S+) dBFS", re.MULTILINE)
_SILENT = Decimal(-200)  # dBFS


def _compared(program: ffmpeg.Ffmpeg, work: LevelledMix, parts: Sequence[Path]) -> StemFiles:
    """The stems, compared with their mix. Raises Broken."""
    for part in parts:
        if (length := samples_in_wav(part)) != work.samples:
            raise Broken(tr("a stem has {n} samples, not {wanted}", n=length, wanted=work.samples))
    _, log = ffmpeg.ask(program, stem_sum_arguments(work, parts), timeout=600)
    difference, peak = (_last(pattern, log) for pattern in (_PEAK, _TRUE_PEAK))
    if difference > _FAR:
        raise Broken(tr("the sum of the stems differs from the mix by {db} dBFS", db=difference))
    held = max(peak - work.level.ceiling, Decimal(0)) if work.level.limited else Decimal(0)
    return StemFiles(tuple(map(files.sha256, parts)), difference, round(held, 1))


def _last(pattern: re.Pattern[str], log: str) -> Decimal:
    """The last value of a meter, in dB."""
    values = [Decimal(text) for text in pattern.findall(log)]
    return max(values[-1], _SILENT) if values and values[-1].is_finite() else _SILENT


def samples_in_wav(path: Path) -> int:
    """How many samples a WAV file of stereo floats holds, which end with the file."""
    with path.open("rb") as stream:
        stream.seek(12)
        while head := stream.read(8):
            if head[:4] == b"data":
                return (path.stat().st_size - stream.tell()) // 8
            size = int.from_bytes(head[4:], "little")
            stream.seek(size + size % 2, 1)
    return 0


def _put(call: StemsCall, parts: Sequence[Path]) -> None:
    """The stems in place, and those of an earlier run that the film has no more out of it."""
    paths = [stem_path(call.target, stem.kind) for stem in call.stems]
    for part, path in zip(parts, paths, strict=True):
        try:
            files.place(part, path)
        except OSError as error:
            reason = error.strerror
            raise Broken(tr("cannot write {file}: {reason}", file=path, reason=reason)) from None
    for path in others(call):
        path.unlink(missing_ok=True)


def others(call: StemsCall) -> Iterator[Path]:
    """Where stems would be that the film does not have."""
    kinds = [stem.kind for stem in call.stems]
    return (stem_path(call.target, kind) for kind in KINDS if kind not in kinds)
