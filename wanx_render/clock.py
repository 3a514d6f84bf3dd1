"""Time as an argument: real, faster than real, or by hand; only ``commands`` chooses which."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


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
