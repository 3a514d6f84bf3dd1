"""The service's time: real, faster, moved by hand, or jumping to the next event that is polled for.

Every account has its own time on top of the common one, so that a test which lets a day pass does
not expire the tasks of another test.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from wanx_render.clock import RealClock
from wanx_render.language import tr

_START = datetime(2026, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=20_000)
_STEP = timedelta(hours=1)
_HASTE = {"real": 1.0, "manual": 100.0, "auto": 100.0}


class BadTime(ValueError):
    """A clock cannot be set so; the message says why."""


@dataclass
class ServiceClock:
    """``mode`` is real, manual, auto or ``xN`` (N times as fast as real)."""

    mode: str
    base: Callable[[], datetime]
    ahead: dict[str, timedelta] = field(default_factory=dict)
    everyone: timedelta = timedelta(0)
    _jumping: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def pace(self) -> float:
        """How many seconds pass in a real one; a clock that stands counts as a fast one."""
        return float(self.mode[1:]) if self.mode.startswith("x") else _HASTE[self.mode]

    @property
    def stands_still(self) -> bool:
        """Whether time passes only when a call moves it."""
        return self.mode in ("manual", "auto")

    def now(self, account: str | None = None) -> datetime:
        """The time of ``account``, or the common time."""
        own = self.ahead.get(account, timedelta(0)) if account else timedelta(0)
        return self.base() + self.everyone + own

    def advance(self, seconds: float, account: str | None = None) -> datetime:
        """Move time on, for one account or for all. Raises BadTime."""
        if not 0 <= seconds <= _LONGEST.total_seconds():
            raise BadTime(tr("time can only move forward, at most 20,000 days at once"))
        step = timedelta(seconds=seconds)
        if self.now(account) + step > datetime(9000, 1, 1, tzinfo=UTC):
            raise BadTime(tr("the clock ends with the year 8999"))
        if account is None:
            self.everyone += step
        else:
            self.ahead[account] = self.ahead.get(account, timedelta(0)) + step
        return self.now(account)

    def set(self, moment: datetime, account: str | None = None) -> datetime:
        """Move time to ``moment``, which must not be in the past. Raises BadTime."""
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return self.advance((moment - self.now(account)).total_seconds(), account)

    def awaited(self, event: datetime | None, account: str) -> None:
        """A client polls for what will only be at ``event``: the automatic clock goes there.

        Where the event is far off (a stuck task), it takes an hour's step: time still passes.
        """
        if self.mode != "auto" or event is None:
            return
        with self._jumping:  # a webhook waits on a thread of its own
            rest = event - self.now(account)
            if rest > timedelta(0):
                self.advance(min(rest, _STEP).total_seconds(), account)

    def restart(self, now: datetime, ahead: dict[str, timedelta]) -> None:
        """Begin again at ``now``, with accounts that are ahead of it."""
        self.base = make_clock(self.mode, now).base
        self.everyone, self.ahead = timedelta(0), ahead

    def record(self) -> dict[str, Any]:
        """Its time, as JSON data."""
        ahead = {name: step.total_seconds() for name, step in self.ahead.items()}
        return {"now": self.now().isoformat(), "ahead": ahead}


def make_clock(mode: str, start: datetime | None = None) -> ServiceClock:
    """The clock called ``mode``; without ``start``, one that stops begins on 1 January 2026.

    Raises BadTime.
    """
    if mode in ("manual", "auto"):
        moment = start or _START
        return ServiceClock(mode, lambda: moment)
    pace = re.fullmatch(r"x([1-9][0-9]{0,3})", "x1" if mode == "real" else mode)
    if pace is None:
        raise BadTime(
            tr("unknown clock {mode!r}; use real, x60 (any number), manual or auto", mode=mode)
        )
    return ServiceClock(mode, RealClock(int(pace[1]), not_before=start).now)


def read_ahead(record: dict[str, Any]) -> dict[str, timedelta]:
    """How far accounts are ahead, from a clock's record. Raises what bad data raise."""
    return {str(name): timedelta(seconds=value) for name, value in record["ahead"].items()}


def resume_clock(mode: str, start: datetime | None, record: dict[str, Any] | None) -> ServiceClock:
    """A clock that never goes back behind what an earlier server saw. Raises BadTime."""
    if record is None:
        return make_clock(mode, start)
    clock = make_clock(mode, datetime.fromisoformat(record["now"]))
    clock.ahead = read_ahead(record)
    return clock
