"""Virtual time: an event loop whose clock stands while anything works and jumps when all wait.

Whatever sleeps, sleeps on the loop; a run of hours takes as long as its work. Work on threads goes
through a ``Counted`` pool, so that time never passes beside a running ffmpeg.
"""

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
START = datetime(2026, 1, 1, tzinfo=UTC)
_STUCK = 60.0  # real seconds without any event: nothing will ever happen again


class Counted(ThreadPoolExecutor):
    """A pool that knows how many of its calls have not been heard of by the loop yet."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.busy = 0
        self._lock = threading.Lock()

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        try:
            loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        self._add(1)
        future = super().submit(call, *args, **kwargs)

        def done(_: Future[Any]) -> None:
            # Counted down by the loop itself, in the same turn in which it hears of the result.
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(self._add, -1)
            else:
                self._add(-1)

        future.add_done_callback(done)
        return future

    def _add(self, number: int) -> None:
        with self._lock:
            self.busy += number


class _Selector(selectors.DefaultSelector):
    loop: "Loop"

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if any(pool.busy for pool in self.loop.pools):
            return super().select(_STUCK)
        if timeout is None:
            ready = super().select(_STUCK)
            assert ready, "everything waits, and nothing will ever wake it"
            return ready
        self.loop.passed += timeout
        return []


class Loop(asyncio.SelectorEventLoop):
    """``passed`` is how many seconds went by on it."""

    passed = 0.0

    def __init__(self, *pools: Counted, passed: float = 0.0) -> None:
        selector = _Selector()
        selector.loop = self
        self.pools = pools
        self.passed = passed
        super().__init__(selector)
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.passed


class Time:
    """A clock for the program and the emulator at once; it keeps its time between runs."""

    pace = 1

    def __init__(self, *pools: Counted) -> None:
        self.pools = pools
        self.passed = 0.0

    def now(self) -> datetime:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return START + timedelta(seconds=self.passed)
        seconds = loop.passed if isinstance(loop, Loop) else self.passed
        return START + timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0))

    def pass_by(self, seconds: float) -> None:
        self.passed += seconds

    def new_loop(self) -> Loop:
        return Loop(*self.pools, passed=self.passed)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` to its end in virtual time."""
        loop = self.new_loop()
        loop.set_default_executor(self.pools[0])
        try:
            return loop.run_until_complete(work)
        finally:
            self.passed = loop.passed
            _cancel_rest(loop)
            loop._default_executor = None  # the pool outlives the loop
            loop.close()


def _cancel_rest(loop: Loop) -> None:
    rest = asyncio.all_tasks(loop)
    for task in rest:
        task.cancel()
    if rest:
        loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))


class ManualClock:
    """A clock that jumps: waiting moves it on."""

    pace = 1

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        # Let others run first, so that two sleepers interleave.
        wake = self._now + timedelta(seconds=max(seconds, 0))
        await asyncio.sleep(0)
        self._now = max(self._now, wake)
