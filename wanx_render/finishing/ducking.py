"""How music makes room for what is said over it: a gain over time, from where something is heard.

A fixed depth, begun before the voice and held over its pauses, as a person at a fader would: a
compressor follows every syllable, and music pumps. The gain depends on nothing but the samples.
"""

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

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
