"""Exact time: seconds, frames and samples as integers and fractions; no clock.

A timeline is counted in frames of the deliverable, sound in samples of 48 kHz; both come from here.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from wanx_render.language import tr

SAMPLE_RATE = 48_000
AAC_PACKET = 1024  # samples of a packet of sound

# Bounded, so that no text makes a number that takes long to calculate with.
_RATE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6}|/[1-9][0-9]{0,5})?")

# What people write for the NTSC rates, and what they mean.
_NTSC = {
    Fraction("23.976"): Fraction(24000, 1001),
    Fraction("23.98"): Fraction(24000, 1001),
    Fraction("29.97"): Fraction(30000, 1001),
    Fraction("59.94"): Fraction(60000, 1001),
}


def show_duration(seconds: float | Fraction, *, tenths: bool = False) -> str:
    """A length of time for people, in every language: ``0:42``, ``12:05`` or ``1:02:05``."""
    whole = int(max(seconds, 0) if tenths else max(round(seconds), 0))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{text}.{int(seconds * 10) % 10}" if tenths else text


def parse_rate(text: str) -> Fraction:
    """Frames a second from ``30``, ``30000/1001`` or ``29.97``; ValueError outside 1..120."""
    if not _RATE.fullmatch(text.strip()):
        raise ValueError(
            tr("{text!r} is not a valid frame rate such as 30 or 30000/1001", text=text[:40])
        )
    rate = Fraction(text.strip())
    rate = _NTSC.get(rate, rate)
    if not 1 <= rate <= 120:
        raise ValueError(tr("frame rate {text} is not between 1 and 120", text=text))
    return rate


FASTEST_RATE = 120
_USUAL = (
    Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30),
    Fraction(48), Fraction(50), Fraction(60000, 1001), Fraction(60), Fraction(120),
)  # fmt: skip
_NEAR = Fraction(1, 200)  # half of a per cent: clocks of cameras, and times in milliseconds


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """When each frame of a video is shown: integers in order, and what one of them is in seconds.

    Integers, because each clip that comes is asked about each of its frames, and Fraction reduces
    at each step.
    """

    ticks: tuple[int, ...]
    tick: Fraction

    def __len__(self) -> int:
        return len(self.ticks)

    @property
    def span(self) -> Fraction:
        """Seconds from the first frame to the last."""
        return (self.ticks[-1] - self.ticks[0]) * self.tick if self.ticks else Fraction(0)


def commonest_rate(times: FrameTimes) -> Fraction:
    """Frames a second at the commonest interval between ``times``.

    Intervals within a fifth of it count as the same, for containers round them. A rate within half
    a per cent of a usual one is that one; any other is exact where all intervals are equal, and a
    whole number where they are not. 25 where there is but one time.
    """
    steps = Counter(b - a for a, b in pairwise(times.ticks) if b > a)
    if not steps or not times.tick:
        return Fraction(25)
    common = max(steps, key=lambda step: (steps[step], step))
    alike = {step: n for step, n in steps.items() if abs(step - common) * 5 <= common}
    ticks = sum(step * n for step, n in alike.items())
    rate = sum(alike.values()) / (ticks * times.tick)
    usual = min(_USUAL, key=lambda each: abs(each - rate))
    if abs(usual - rate) <= usual * _NEAR:
        return usual
    return rate if len(steps) == 1 else Fraction(max(nearest(rate), 1))


def mean_rate(times: FrameTimes, rate: Fraction) -> Fraction | None:
    """The rate that frames come at in the mean; None where each has its place at ``rate``."""
    if is_steady(times, rate):
        return None
    return Fraction(len(times) - 1) / (times.span or 1)


def is_steady(times: FrameTimes, rate: Fraction) -> bool:
    """Whether frame number n comes nearest to n / ``rate`` seconds after the first, for all n."""
    frames = times.tick * rate  # that a tick lasts
    over, first = 2 * frames.denominator, times.ticks[0] if times.ticks else 0
    return all(
        (2 * (tick - first) * frames.numerator + frames.denominator) // over == n
        for n, tick in enumerate(times.ticks)
    )


def nearest(value: Fraction) -> int:
    """Round half up; Python's own round() sends halves to even: every other one would be lost."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def frames_in(seconds: Fraction, rate: Fraction) -> int:
    """How many frames ``seconds`` hold at ``rate``, to the nearest frame."""
    # In integers: a long list asks this for every shot, and Fraction reduces at each step.
    over = seconds.denominator * rate.denominator
    return (2 * seconds.numerator * rate.numerator + over) // (2 * over)


def samples_in(frames: int, rate: Fraction) -> int:
    """How many 48 kHz samples ``frames`` at ``rate`` last, to the nearest sample."""
    return nearest(frames * SAMPLE_RATE / rate)


def timecode(frames: int, rate: Fraction) -> str:
    """``HH:MM:SS:FF``, counted in the nearest whole number of frames a second (non-drop)."""
    seconds, rest = divmod(frames, nearest(rate))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}:{rest:02}"


def line_at(points: Sequence[tuple[int, Fraction]], at: int) -> Fraction:
    """The value at ``at`` of a line through ``points``, which are in order of their first numbers.

    It is level before the first and after the last of them; ``points`` may not be empty.
    """
    number = bisect_right(points, at, key=lambda point: point[0])
    if number in (0, len(points)):
        return points[number - bool(number)][1]
    (begin, first), (end, last) = points[number - 1 : number + 1]
    return first + (last - first) * Fraction(at - begin, end - begin)


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of a clip that is used: from ``start`` on, ``frames`` of the clip's own frames.

    It is played ``speed`` times as fast as it was made; then its last frame stands for ``hold``
    seconds.
    """

    start: int
    frames: int
    speed: Fraction = Fraction(1)
    hold: Fraction = Fraction(0)


def cut_of(start: Fraction | None, end: Fraction | None, seconds: Fraction, rate: Fraction) -> Cut:
    """The cut that trims given in seconds make of a clip of ``seconds`` at ``rate``.

    Both ends are rounded to the clip's own frames and held inside it; at least one frame remains.
    """
    total = frames_in(seconds, rate)
    first = min(frames_in(start or Fraction(0), rate), total - 1)
    last = total if end is None else min(frames_in(end, rate), total)
    return Cut(first, max(last - first, 1))


def played_frames(cut: Cut, clip_rate: Fraction, rate: Fraction) -> int:
    """How many frames at ``rate`` the cut plays for, to the nearest frame, at least one."""
    if clip_rate == rate and cut.speed == 1:
        return max(cut.frames, 1)
    return max(frames_in(Fraction(cut.frames) / (clip_rate * cut.speed), rate), 1)


def conformed_frames(cut: Cut, clip_rate: Fraction, rate: Fraction) -> int:
    """How many frames at ``rate`` the cut fills, with what is held after it."""
    return played_frames(cut, clip_rate, rate) + frames_in(cut.hold, rate)
