"""Microseconds, in which drafts count. Moments are rounded, never lengths, so that what abuts
in the timeline abuts in the draft, however many lengths come before it."""

from dataclasses import dataclass
from fractions import Fraction

from wanx_render.timing import nearest

SECOND = 1_000_000


def moment(seconds: Fraction) -> int:
    """``seconds`` to the nearest microsecond."""
    return nearest(seconds * SECOND)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A stretch of time in microseconds."""

    start: int
    end: int

    @classmethod
    def of(cls, start: Fraction, end: Fraction) -> "TimeRange":
        """Between two moments in seconds; at least one microsecond long."""
        first = moment(start)
        return cls(first, max(moment(end), first + 1))

    @property
    def length(self) -> int:
        return self.end - self.start

    def within(self, end: int) -> "TimeRange":
        """The same length, or less of it, that ends no later than ``end``."""
        last = min(self.end, end)
        return TimeRange(min(self.start, last - 1), last)
