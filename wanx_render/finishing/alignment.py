"""Whether picture and sound of a segment are as far apart as in its source, by what is in them.

Only where the two begin more than a frame apart in the source: elsewhere nothing can have moved.
The source is decoded by its own timestamps, without the arithmetic that made the segment.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import sqrt
from pathlib import Path

from wanx_render.finishing.segment import Piece, Segment
from wanx_render.media import decoding, ffmpeg
from wanx_render.timing import SAMPLE_RATE

_LONGEST = 8  # seconds that are compared
_REACH = 2  # seconds to either side that are searched
_BIN = Fraction(1, 100)  # seconds; sound is compared by its level in each
_FLAT = 2  # levels of luma or of 16-bit sound: where nothing changes nothing can be compared
_CLEAR = 0.2  # by how much a correlation must be better to count
_ALIKE = 0.6


def apart(program: ffmpeg.Ffmpeg, piece: Piece, path: Path) -> str | None:
    """Milliseconds by which the sound at ``path`` is later against its picture than in the source.

    None where both begin within a frame, and where too little happens to compare. Raises
    FfmpegError.
    """
    if not isinstance(piece, Segment) or not _comparable(piece) or _changes_light(piece):
        return None
    rate = piece.frame.rate
    seconds = min(Fraction(piece.frames) / rate, Fraction(_LONGEST))
    begin = piece.take.origin + piece.cut.start / piece.take.rate + piece.skip / rate
    source_picture, source_sound = decoding.timed(
        program, piece.take.path, piece.take.quirks.containers, rate, begin + seconds + _REACH
    )
    picture = decoding.brightness(program, path, Fraction(0), seconds)
    sound = _levels(decoding.samples(program, path, Fraction(0), seconds))
    pictures = _shift(picture, source_picture, round(begin * rate), round(_REACH * rate))
    sounds = _shift(sound, _levels(source_sound), round(begin / _BIN), round(_REACH / _BIN))
    if pictures is None or sounds is None:
        return None
    # A segment that shows what comes later in the source shows it too early.
    return str(round(1000 * (pictures / rate - sounds * _BIN)))


def _comparable(segment: Segment) -> bool:
    take = segment.take
    different = abs(take.picture_start - take.sound_start) * take.rate > 1
    return different and segment.heard and segment.cut.speed == 1 and not segment.cut.hold


def _changes_light(segment: Segment) -> bool:
    """Whether its brightness changes where that of its source does not."""
    every = (*segment.overlays, *segment.shot_overlays)
    comes_or_goes = any(overlay.frames < segment.frames for overlay in every)
    return bool(segment.look or segment.fades) or comes_or_goes


def _levels(samples: Sequence[int]) -> list[float]:
    """The mean magnitude of the sound in each hundredth of a second."""
    size = int(SAMPLE_RATE * _BIN)
    sums = [0, *accumulate(map(abs, samples))]
    return [(sums[at + size] - sums[at]) / size for at in range(0, len(samples) - size + 1, size)]


def _shift(result: Sequence[float], source: Sequence[float], middle: int, reach: int) -> int | None:
    """By how many places ``result`` is found later in ``source`` than ``middle``.

    0 where the expected place is as good as any; None where nothing can be compared.
    """
    if not result or max(result) - min(result) < _FLAT:
        return None
    ahead = max(reach - middle, 0)  # what would be before the file's beginning
    source = [*([result[0]] * ahead), *source]
    fits = {
        shift: _correlation(result, source[max(middle + ahead + shift, 0) :])
        for shift in range(-reach, reach + 1)
    }
    best = max(fits, key=lambda shift: (fits[shift], -abs(shift)))
    if fits[best] < _ALIKE:
        return None
    near = max(fits.get(shift, -1.0) for shift in (-1, 0, 1))
    return best if fits[best] - near > _CLEAR else 0


def _correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Pearson's coefficient of the places both have; -1 where they are too few or flat."""
    pairs = list(zip(first, second, strict=False))
    if len(pairs) < len(first) // 2 or len(pairs) < 3:
        return -1.0
    xs, ys = zip(*pairs, strict=True)
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((a - x) ** 2 for a in xs) * sum((b - y) ** 2 for b in ys)
    return sum((a - x) * (b - y) for a, b in pairs) / sqrt(spread) if spread else -1.0
