"""How music makes room for what is said over it: a gain over time, from where something is heard.

A fixed depth, begun before the voice and held over its pauses, as a person at a fader would: a
compressor follows every syllable, and music pumps. The gain depends on nothing but the samples.
"""

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

from wanx_render.timing import SAMPLE_RATE, line_at, nearest

KEY_RATE = 8000  # samples a second of what is listened to
GAIN_RATE = 1000  # values a second of the gain
GAIN_LEAD = 100  # values before its beginning: what resamples it begins in silence
DEPTH = 12  # dB
LOOK_AHEAD, HOLD, RELEASE = 0.2, 0.5, 0.8  # seconds
_BIN = KEY_RATE // 100  # a hundredth of a second
_LEAST = 3  # bins in a row that make a sound, and not a click
_FULL = 32768

Span = tuple[float, float]  # from one second to another


def spans(key: Sequence[int], *, floor: float, below: float = math.inf) -> Iterator[Span]:
    """Where something is heard in ``key``, 16-bit samples at ``KEY_RATE``.

    Louder than ``floor`` (dBFS, mean magnitude of a hundredth of a second), and at most ``below``
    dB softer than the loudest twentieth part of all.
    """
    sums = [0, *accumulate(map(abs, key))]
    levels = [(sums[at + _BIN] - sums[at]) / _BIN for at in range(0, len(key) - _BIN + 1, _BIN)]
    least = _FULL * 10 ** (floor / 20)
    loud = sorted(level for level in levels if level > least)
    if not loud:
        return
    least = max(least, loud[len(loud) * 19 // 20] * 10 ** (-below / 20))
    begin = None
    for number, level in enumerate([*levels, 0]):
        if level > least and begin is None:
            begin = number
        elif level <= least and begin is not None:
            if number - begin >= _LEAST:
                yield begin / 100, number / 100
            begin = None


def gains(voices: Iterable[Span], seconds: float) -> "array[float]":
    """The gain of the music, from 0 to 1 and ``GAIN_RATE`` times a second, under ``voices``.

    It begins ``GAIN_LEAD`` values before the film does.
    """
    down = [0.0] * (math.ceil(seconds * GAIN_RATE) + 1)  # dB
    for begin, end in voices:
        first, last = round(begin * GAIN_RATE), round((end + HOLD) * GAIN_RATE)
        _lower(down, first, last, DEPTH)
        ahead, after = round(LOOK_AHEAD * GAIN_RATE), round(RELEASE * GAIN_RATE)
        for step in range(1, ahead):
            _lower(down, first - step, first - step + 1, DEPTH * (1 - step / ahead))
        for step in range(after):
            _lower(down, last + step, last + step + 1, DEPTH * (1 - step / after))
    return array("f", (10 ** (-value / 20) for value in [down[0]] * GAIN_LEAD + down))


def _lower(down: list[float], first: int, last: int, depth: float) -> None:
    for at in range(max(first, 0), min(last, len(down))):
        down[at] = max(down[at], depth)


Points = list[tuple[int, Fraction]]  # samples of 48 kHz, and dB; straight lines between them


def curve(voices: Iterable[Span], begin: int, end: int) -> Points:
    """The gain of the music from sample ``begin`` to ``end``: what ``gains`` gives, as few points.

    ``voices`` count in seconds from sample 0.
    """
    turns = list(_turns(voices)) or [(begin, Fraction(0))]
    ends = [(at, line_at(turns, at)) for at in (begin, end)]
    return [ends[0], *(turn for turn in turns if begin < turn[0] < end), ends[1]]


def _turns(voices: Iterable[Span]) -> Iterator[tuple[int, Fraction]]:
    """Where the gain begins to fall or to rise, or ends it."""
    held = list(_held(voices))
    if not held:
        return
    ahead, release = (_milliseconds(seconds) for seconds in (LOOK_AHEAD, RELEASE))
    yield _turn(held[0][0] - ahead, 0)
    yield _turn(held[0][0], DEPTH)
    for (_, last), (first, _) in pairwise(held):
        yield _turn(last, DEPTH)
        if first - last >= ahead + release:
            yield _turn(last + release, 0)
            yield _turn(first - ahead, 0)
        else:  # it falls again before it has risen
            share = Fraction(first - last, ahead + release)
            yield _turn(last + share * release, DEPTH * (1 - share))
        yield _turn(first, DEPTH)
    yield _turn(held[-1][1], DEPTH)
    yield _turn(held[-1][1] + release, 0)


def _held(voices: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """Milliseconds from and to which the music is at its softest, in order, without overlaps."""
    begin, end = None, 0
    for first, last in sorted((_milliseconds(a), _milliseconds(b + HOLD)) for a, b in voices):
        if begin is not None and first > end:
            yield begin, end
            begin = None
        begin, end = (first, last) if begin is None else (begin, max(end, last))
    if begin is not None:
        yield begin, end


def _milliseconds(seconds: float) -> int:
    return round(seconds * GAIN_RATE)


def _turn(milliseconds: Fraction | int, depth: Fraction | int) -> tuple[int, Fraction]:
    return nearest(Fraction(milliseconds) * SAMPLE_RATE / GAIN_RATE), -Fraction(depth)
