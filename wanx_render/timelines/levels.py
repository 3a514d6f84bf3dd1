"""How loud a stretch of sound is in a film: a gain, fades at its ends, and points between.

Everything that changes a level over time goes in: fades, and the gain of music that makes room.
Out come values that an editing program can be given, in decibels and in samples of 48 kHz.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from math import ceil

from wanx_render.timing import line_at, nearest

Points = tuple[tuple[int, Fraction], ...]  # samples, and decibels; straight lines between them

SILENCE = Fraction(-96)  # decibels, where a fade begins or ends
# Decibels between two points at most. A line that is straight in amplitude instead of decibels
# then differs by 0.2 dB: programs are not at one about which of the two they draw.
STEP = 4
_QUIETEST = 60  # decibels below its full level to which a fade is drawn by points


@dataclass(frozen=True, slots=True)
class SoundFade:
    """A fade straight in amplitude between two samples of the film: up from silence, or down."""

    begin: int
    end: int
    up: bool


@dataclass(frozen=True, slots=True)
class Levels:
    """The level of a stretch of sound.

    ``gain`` holds for all of it, in decibels; None is silence. ``fade_in`` and ``fade_out`` are
    samples, never more than it has. ``points`` are added to the gain; they count samples from the
    beginning of the stretch, and there are none where nothing else changes.
    """

    gain: Decimal | None = Decimal(0)
    fade_in: int = 0
    fade_out: int = 0
    points: Points = ()

    @property
    def changes(self) -> bool:
        """Whether it is not the same from beginning to end."""
        return bool(self.points or self.fade_in or self.fade_out)


SILENT = Levels(None)


def levels_between(
    begin: int, end: int, gain: Decimal | None, fades: Sequence[SoundFade] = (), curve: Points = ()
) -> Levels:
    """The level of the samples of a film from ``begin`` to ``end``; ``curve`` counts as they do.

    A fade that begins and ends with the stretch is one of its fades. What of another is in it is
    drawn by points.
    """
    if gain is None or begin >= end:
        return SILENT
    first = next((f for f in fades if f.up and f.begin == begin and f.end <= end), None)
    last = next((f for f in fades if not f.up and f.end == end and f.begin >= begin), None)
    if first and last and first.end > last.begin:
        last = None
    others = (f for f in fades if f not in (first, last) and f.begin < end and f.end > begin)
    curves = [_drawn(fade) for fade in others]
    if curve:
        curves.append(curve)
    return Levels(
        gain,
        first.end - begin if first else 0,
        end - last.begin if last else 0,
        _within(reduce(_added, curves), begin, end) if curves else (),
    )


def _drawn(fade: SoundFade) -> Points:
    """A fade as points, each some decibels from the next."""
    shares = [Fraction(10 ** (-down / 20)) for down in range(_QUIETEST, -1, -(STEP - 1))]
    length = fade.end - fade.begin
    rising = [(nearest(share * length), _decibels(share)) for share in shares]
    if fade.up:
        return ((fade.begin, SILENCE), *((fade.begin + at, level) for at, level in rising))
    falling = ((fade.end - at, level) for at, level in reversed(rising))
    return (*falling, (fade.end, SILENCE))


def _decibels(share: Fraction) -> Fraction:
    return Fraction(Decimal(20) * Decimal(float(share)).log10()).limit_denominator(100)


def _added(first: Points, second: Points) -> Points:
    """Both together: straight lines between the points of either."""
    times = sorted({at for at, _ in (*first, *second)})
    return tuple((at, max(line_at(first, at) + line_at(second, at), SILENCE)) for at in times)


def _within(points: Points, begin: int, end: int) -> Points:
    """What of ``points`` is between two samples, from the first of them on; none if all are 0."""
    inner = [point for point in points if begin < point[0] < end]
    every = [(begin, line_at(points, begin)), *inner, (end, line_at(points, end))]
    if not any(level for _, level in every):
        return ()
    return tuple(_needed((at - begin, level) for at, level in _refined(every)))


def _refined(points: Sequence[tuple[int, Fraction]]) -> Iterator[tuple[int, Fraction]]:
    """The points, and more where one is far from the next."""
    for (begin, first), (end, last) in pairwise(points):
        steps = max(ceil(abs(last - first) / STEP), 1) if min(first, last) > SILENCE else 1
        for step in range(steps):
            share = Fraction(step, steps)
            yield begin + nearest((end - begin) * share), first + (last - first) * share
    yield points[-1]


def _needed(points: Iterable[tuple[int, Fraction]]) -> Iterator[tuple[int, Fraction]]:
    """Without points at the time of the one before, and those in the middle of a level line."""
    kept: list[tuple[int, Fraction]] = []
    for at, level in points:
        if kept and kept[-1] == (at, level):
            continue
        if len(kept) > 1 and kept[-2][1] == kept[-1][1] == level:
            kept.pop()
        kept.append((at, level))
    yield from kept
