"""Time as an argument: real, faster than real, or by hand; only ``commands`` chooses which."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

# An emulator says with each answer how its clock runs: real, xN (N times as fast), manual or auto,
# which jumps to what is asked about.
CLOCK_HEADER = "x-wanx-mock-clock"
_BY_HAND = 0.5  # real seconds: somebody may move the clock at any moment


class Clock(Protocol):
    """The time now, and a way to wait; ``pace`` seconds of it pass in a real one."""

    pace: int

    def now(self) -> datetime:
        """The time, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait until ``seconds`` of this clock have passed."""
        ...


class RealClock:
    """The machine's own clock, or one that runs ``pace`` times as fast from now on.

    It never starts before ``not_before``: a clock that ran ahead in an earlier run goes on from
    there.
    """

    def __init__(self, pace: int = 1, not_before: datetime | None = None) -> None:
        self.pace = pace
        now = datetime.now(UTC)
        self._start = max(now, not_before) if not_before else now
        self._ticks = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._ticks) * self.pace)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0) / self.pace)


def pause_beside(clock: str, seconds: float, least: float) -> float:
    """Real seconds of a wait of ``seconds``, where the header says ``clock``.

    Never shorter than ``least``, and never longer than without the header.
    """
    pace = re.fullmatch(r"x([1-9][0-9]{0,3})", clock)
    if pace:
        return min(max(seconds / int(pace[1]), least), seconds)
    if clock == "auto":
        return min(least, seconds)
    if clock == "manual":
        return min(max(_BY_HAND, least), seconds)
    return seconds  # real time, and what a later emulator may say
