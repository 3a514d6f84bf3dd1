"""Whether picture and sound are together: a flash and its beep, measured on a finished file.

Simulated clips carry both in the middle of every second. Where a flash is seen and its beep heard
alone, the finished file must have them within a frame of each other.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path

from wanx_render.finishing.timeline import Body
from wanx_render.finishing.verify import Check
from wanx_render.language import tr
from wanx_render.media import decoding, ffmpeg
from wanx_render.timing import SAMPLE_RATE, Cut, played_frames

_FLASH_FRAMES = 2  # of the clip
_BEFORE, _AFTER = Fraction(2, 5), Fraction(1, 5)  # seconds around a flash that are looked at
_BRIGHT = 180  # a picture that bright hides a flash
_RISE, _PEAK = 6, 100  # what counts as a flash in mean luma, and as a beep in 16-bit samples
_CLOSEST = Fraction(1, 50)  # closer than this nobody sees or hears, whatever the rate
# The part of each second of a clip in which it may flash, at 16 frames a second or more; and the
# part in which frames that are mixed of their neighbours may show some of it.
_FLASH, _NEARBY = (Fraction(12, 25), Fraction(16, 25)), (Fraction(2, 5), Fraction(7, 10))


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a flash and its beep shall be, in frames of the deliverable, and where to look."""

    first: int
    flash: int
    last: int


def mark(body: Body, cut: Cut, clip_rate: Fraction, rate: Fraction) -> Mark | None:
    """The first flash that stands alone in the body of a shot, or None."""
    if Fraction(_FLASH_FRAMES) / (clip_rate * cut.speed) < 1 / rate:
        return None  # so short that the rate may pass over it
    before, after = ceil(_BEFORE * rate), ceil(_AFTER * rate)
    frames = min(body.skip + body.frames, played_frames(cut, clip_rate, rate))
    for second in range(ceil(Fraction(cut.start + cut.frames) / clip_rate)):
        seconds = (second + Fraction(1, 2) - cut.start / clip_rate) / cut.speed
        frame = round(seconds * rate)
        if frame - body.skip >= 3 and frame + after <= frames:
            at = body.start + frame - body.skip
            return Mark(max(at - before, body.start), at, at + after)
    return None


def flash_at(moment: Fraction) -> int:
    """What a simulated clip shows at ``moment``: 2 its flash, 1 perhaps some of it, 0 nothing."""
    part = moment % 1
    return sum(begin <= part < end for begin, end in (_FLASH, _NEARBY))


def checks(
    program: ffmpeg.Ffmpeg, path: Path, marks: tuple[Mark, ...], rate: Fraction
) -> tuple[Check, ...]:
    """How far beeps are from their flashes; nothing where no flash can be seen."""
    results = [
        result for mark in marks if (result := _found(program, path, mark, rate)) is not None
    ]
    if not results:
        return ()
    together = tr("within a frame")
    wrong = [result for result in results if isinstance(result, str)]
    worst = max(
        (result for result in results if isinstance(result, Fraction)), key=abs, default=None
    )
    if worst is not None and abs(worst) > max(1 / rate, _CLOSEST):
        wrong.append(tr("{ms:+.0f} ms apart", ms=float(worst * 1000)))
    return (Check(tr("flash and beep"), together, wrong[0] if wrong else together),)


def _found(program: ffmpeg.Ffmpeg, path: Path, mark: Mark, rate: Fraction) -> Fraction | str | None:
    """Seconds from the flash to the beep, what is missing, or None where it cannot be measured."""
    # A little before the frame, or its neighbour may be taken for it.
    start = (mark.first - Fraction(1, 4)) / rate if mark.first else Fraction(0)
    seconds = (mark.last - mark.first) / rate
    light = decoding.brightness(program, path, start, seconds)
    rises = [after - before for before, after in pairwise(light)]
    if not rises or max(rises) < _RISE:
        return None if not light or min(light) > _BRIGHT else tr("no flash")
    flash = (mark.first + rises.index(max(rises)) + 1) / rate
    samples = decoding.samples(program, path, mark.first / rate, seconds)
    peak = max(map(abs, samples), default=0)
    if peak < _PEAK:
        return tr("no beep")
    onset = next(n for n, value in enumerate(samples) if abs(value) > 0.3 * peak)
    return mark.first / rate + Fraction(onset, SAMPLE_RATE) - flash
