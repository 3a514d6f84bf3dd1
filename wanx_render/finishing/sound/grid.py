"""Where a film's sound is divided: after every 32 seconds, counted in packets of the encoder.

A part is encoded with what comes before and after it: the rate control of ffmpeg's ``twoloop``
needs up to 19 seconds to settle (decision 0046), and each packet overlaps with the next. Those
packets are left out where parts are joined. The grid depends on the length of the film alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from wanx_render.timing import AAC_PACKET, SAMPLE_RATE

# Raised whenever what is here changes.
GRID_VERSION = 2
# Packets are counted from one that only primes a decoder, and ends where the sound begins.
_PRIMING = 1
_LONG = 60 * SAMPLE_RATE
# 1.6 s, the least in which both packets and the meter's tenths of a second are whole.
STEP = 75
PART = 20 * STEP
LAST = 7 * STEP  # at least: a clip of 10 s at the end is heard in the last part alone
RUN_UP = 12 * STEP
RUN_OUT = 4
# Samples before and after a join in which both parts must have the same mix.
_MARKED = (12 * AAC_PACKET, 3 * AAC_PACKET)


@dataclass(frozen=True, slots=True)
class SoundWindow:
    """A part of a film's sound, and what of the mix is encoded for it."""

    first: int  # packet of the film
    packets: int | None  # None: to the end
    begin: int  # samples of the film that are encoded
    end: int

    @property
    def before(self) -> int:
        """How many packets of run-up are encoded before the first of the part."""
        return self.first - self.begin // AAC_PACKET

    @property
    def listened(self) -> int:
        """Samples behind ``begin`` where listening begins: a step before the part."""
        return max(self.before - STEP, 0) * AAC_PACKET

    @property
    def marks(self) -> tuple[tuple[int, int], ...]:
        """Samples behind ``begin``, from and to, around the part's beginning and its end.

        Those around the end are those around the beginning of the next part.
        """
        ends = [self.first] if self.packets is None else [self.first, self.first + self.packets]
        return tuple((at - _MARKED[0] - self.begin, at + _MARKED[1] - self.begin)
                     for at in (end * AAC_PACKET for end in ends))  # fmt: skip

    def own(self, samples: int) -> tuple[int, int]:
        """The samples, from and to, of a film of ``samples`` that are in this part's packets."""
        first = max(self.first - _PRIMING, 0) * AAC_PACKET
        last = None if self.packets is None else self.first + self.packets - _PRIMING
        return first, samples if last is None else min(last * AAC_PACKET, samples)

    def owns(self, sample: int) -> bool:
        """Whether what ends with this sample of the film is heard in this part's packets."""
        after_first = not self.first or sample > (self.first - _PRIMING) * AAC_PACKET
        last = self.packets is None or sample <= (self.first + self.packets - _PRIMING) * AAC_PACKET
        return after_first and last


def windows(samples: int) -> Iterator[SoundWindow]:
    """The parts of a sound of so many samples; one for all of it where it is shorter than 48 s.

    Of a film of more than a minute the last part has 11 seconds: it is what is left to be encoded
    when the last clip lands. The part before it has between half and one and a half of the length
    of the others; in a shorter film the last part has.
    """
    packets = _PRIMING - (-samples // AAC_PACKET)
    is_long = samples > _LONG
    last = (packets - LAST) // STEP * STEP if is_long else packets
    count = max((last + PART // 2) // PART, 1)
    firsts = [number * PART for number in range(count)] + [last] * is_long
    for first, following in zip_longest(firsts, firsts[1:]):
        begin = max(first - RUN_UP, 0) * AAC_PACKET
        if following is None:
            yield SoundWindow(first, None, begin, samples)
        else:
            end = min((following + RUN_OUT) * AAC_PACKET, samples)
            yield SoundWindow(first, following - first, begin, end)
