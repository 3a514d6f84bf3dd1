"""What the sound of a clip shows by itself: that it is silent, or clipped."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wanx_render.marks.samples import Samples

CLIPPED_RUN = 3  # samples in a row at full scale: one peak that touches it is none
CLIPPED_RUNS = 10  # of these within a second

_FULL_SAMPLES = (b"\xff\x7f", b"\x00\x80")  # of 16 bits, little-endian
_FULL = re.compile(rb"(?:\xff\x7f){%d,}|(?:\x00\x80){%d,}" % (CLIPPED_RUN, CLIPPED_RUN))


@dataclass(frozen=True, slots=True)
class ClippedStretch:
    """From one second to another, and how many runs of samples are cut off in it."""

    start: float
    end: float
    runs: int


def clipped(samples: Samples) -> ClippedStretch | None:
    """Where the waveform is cut off at full scale, from the first such second to the last."""
    moments = sorted(
        moment for channel in _channels(samples) for moment in _moments(channel, samples)
    )
    crowded = [
        (moments[first], moments[first + CLIPPED_RUNS - 1])
        for first in range(len(moments) - CLIPPED_RUNS + 1)
        if moments[first + CLIPPED_RUNS - 1] - moments[first] <= 1
    ]
    if not crowded:
        return None
    return ClippedStretch(crowded[0][0], crowded[-1][1], len(moments))


def _channels(samples: Samples) -> Iterator[bytes]:
    values = memoryview(samples.sound).cast("h")
    for channel in range(samples.channels):
        yield values[channel :: samples.channels].tobytes()


def _moments(channel: bytes, samples: Samples) -> Iterator[float]:
    """The second of each run of samples at full scale."""
    if not any(full * CLIPPED_RUN in channel for full in _FULL_SAMPLES):
        return  # most clips: looking for bytes takes a tenth of what looking for a pattern does
    for match in _FULL.finditer(channel):
        if match.start() % 2 == 0:
            yield match.start() / 2 / samples.sample_rate


def silent(samples: Samples, shortest: float) -> Sequence[tuple[float, float]]:
    """Silences of ``shortest`` seconds and more, each from one second to another."""
    return [(start, end) for start, end in samples.silences if end - start >= shortest]
