"""When tasks end, found out with few queries: by what is known of their run times.

A task is asked about at the time by which one in five of those still running would have ended;
the run times are the documented bounds first and those seen in this run later. Where dozens of
tasks run, one list of the service says for all which of them to ask about.
"""

import asyncio
import math
from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wanx_render.backends.base import (
    Backend,
    Canceled,
    Failed,
    Pending,
    Running,
    Succeeded,
    TaskState,
    Unknown,
    home_of,
)
from wanx_render.catalog.capabilities import Catalog
from wanx_render.clock import Clock
from wanx_render.errors import ServiceError
from wanx_render.events import ReportProgress
from wanx_render.planning.attempt import Attempt

FIRST_POLL = 5.0  # shows at once what was accepted only to fail
PENDING_POLLS = (FIRST_POLL, 15.0, 30.0, 60.0)  # while it waits in a queue; the last from then on
SHORTEST, LONGEST = 2.0, 60.0  # between two queries for one task
OVERDUE_POLL = 15.0  # what the official text advises; for tasks that take longer than any known
OVERDUE_SHARE = 60  # and a sixtieth of the time that they run already, up to LONGEST
CALM, HURRIED = 0.2, 0.1  # the share of tasks that may have ended unseen
SAMPLES = 20  # from so many seen run times on, the documented bounds are forgotten
CROWD = 6  # from so many tasks on, the list is asked instead of each
LIST_POLL = 15.0
LIST_REACH = timedelta(hours=23, minutes=30)
LIST_PAD = timedelta(minutes=2)  # clocks differ, and times on the wire are whole seconds
# How far behind the service its list is, nobody measured. A task that runs is asked about by itself
# when nearly all of its like have ended, at the latest after so many seconds. One that waits for a
# place, which takes longer and says less, after three times as many, or as it has waited.
LATE, LATEST = 0.95, 300.0
LIST_FAILED = timedelta(minutes=5)  # for so long each task is asked about by itself
# UNKNOWN proves nothing: the list is asked too. A run ends, with the task left open, when both
# have lost it, twice and so far apart, or after so long without a word.
MISSING_APART = timedelta(minutes=10)
UNKNOWN_WAIT = timedelta(minutes=30)
# No task was ever seen to wait or run for so long. The run ends, the task stays open.
STUCK_WAIT = timedelta(hours=3)
LONGEST_UNKNOWN_POLL = 60.0

Ended = Succeeded | Failed | Canceled | Unknown
_STATUS = {Pending: "PENDING", Running: "RUNNING"}


class RunTimes:
    """Run times in seconds of one kind of task: what the documents say, then what was seen."""

    def __init__(self, shortest: float, longest: float) -> None:
        ratio = longest / shortest  # between the bounds any factor is as likely as any other
        self._known = [shortest * ratio ** ((n + 0.5) / SAMPLES) for n in range(SAMPLES)]
        self._seen: list[float] = []

    def saw(self, seconds: float) -> None:
        insort(self._seen, seconds)
        if len(self._seen) >= SAMPLES:
            self._known = self._seen

    def wait(self, elapsed: float, share: float, longest: float = LONGEST) -> float:
        """Seconds until ``share`` of the tasks that run for ``elapsed`` seconds have ended."""
        longer = self._known[bisect_right(self._known, elapsed) :]
        if not longer:
            return min(max(OVERDUE_POLL, elapsed / OVERDUE_SHARE), LONGEST)
        due: float = longer[max(0, math.ceil(share * len(longer)) - 1)]
        return min(max(due - elapsed, SHORTEST), longest)

    def left(self, elapsed: float) -> float | None:
        """Seconds until half of the tasks that run for ``elapsed`` seconds have ended.

        None where none is known that took so long.
        """
        first, end = bisect_right(self._known, elapsed), len(self._known)
        return self._known[(first + end) // 2] - elapsed if first < end else None


@dataclass
class _Silence:
    """For how long a service has said UNKNOWN of a task, and when its list lacked it."""

    began: datetime | None = None
    answers: int = 0
    missed: datetime | None = None  # when the list lacked it first
    missing_twice: bool = False

    def read(self, now: datetime, *, listed: bool) -> None:
        """Note what a reading of the list showed."""
        if listed:
            self.missed = None
        elif self.missed is None:
            self.missed = now
        else:
            self.missing_twice = now - self.missed >= MISSING_APART

    def pause(self) -> float:
        """Seconds until the next question; longer each time."""
        self.answers += 1
        return min(OVERDUE_POLL * 2.0 ** min(self.answers - 1, 4), LONGEST_UNKNOWN_POLL)


class Poller:
    """Waits for the ends of tasks; one for a whole run."""

    def __init__(self, backend: Backend, catalog: Catalog, clock: Clock) -> None:
        self._backend = backend
        self._catalog = catalog
        self._clock = clock
        self._times: dict[tuple[str, str, int], RunTimes] = {}
        self._active: dict[str, datetime] = {}  # when each watched task was asked for
        self._last: dict[str, str] = {}  # the status each was last known to have
        self._called: dict[str, asyncio.Event] = {}
        self._homes: dict[str, Backend] = {}  # who is asked about it
        self._listed: set[str] = set()  # what the list named since it was last read
        self._lister: asyncio.Task[None] | None = None
        self._no_list_until: datetime | None = None  # it failed: each asks for itself

    async def end(
        self,
        attempt: Attempt,
        report: ReportProgress,
        hurried: Callable[[], bool] = lambda: True,
    ) -> Ended:
        """How the task of ``attempt`` ended.

        Unknown where the service does not say so for ``UNKNOWN_WAIT``: the task may still come and
        may be paid. It is ``expired`` where its day is over, so that nobody can ask any more, also
        of a task that is said to wait or run even then. One that waits or runs for ``STUCK_WAIT``
        is as good as unknown.

        ``hurried`` says whether somebody waits for this very end. Raises Refused or Unreachable.
        """
        task_id = attempt.task_id or ""
        self._active[task_id] = attempt.asked_at
        self._called[task_id] = asyncio.Event()
        try:
            home = home_of(self._backend, attempt.recipient) or self._backend
            self._homes[task_id] = home
            return await self._ended(attempt, home, report, hurried)
        finally:
            for by_task in (self._active, self._last, self._called, self._homes):
                by_task.pop(task_id, None)
            self._see_to_lister()

    async def _ended(
        self,
        attempt: Attempt,
        backend: Backend,
        report: ReportProgress,
        hurried: Callable[[], bool],
    ) -> Ended:
        task_id = attempt.task_id or ""
        times, polls, silence = self._times_of(attempt), 0, _Silence()
        deadline = self._clock.now() + STUCK_WAIT
        last: type[TaskState] | None = None
        news: TaskState | None = self._assumed(attempt, backend)
        while True:
            state = news or await backend.poll(task_id)
            polls += news is None
            news = None
            is_new, last = type(state) is not last, type(state)
            if isinstance(state, Pending | Running):
                is_old = not self._is_young(attempt, backend)
                if is_old or self._clock.now() >= deadline:
                    return Unknown(task_id, _STATUS[type(state)], expired=is_old)
            match state:
                case Pending():
                    silence = _Silence()
                    report("pending" if is_new else "polled", polls, times.left(0))
                    wait = PENDING_POLLS[min(polls, len(PENDING_POLLS)) - 1]
                    seconds = backend.pause(wait, polls)
                    waited = (backend.now() - attempt.asked_at).total_seconds()
                    late = 3 * max(LATEST, waited)
                    news = await self._until(task_id, state, seconds, deadline, late)
                case Running(started=start):
                    silence = _Silence()
                    seconds = (backend.now() - (start or attempt.asked_at)).total_seconds()
                    report("running" if is_new else "polled", polls, times.left(seconds))
                    share = HURRIED if hurried() else CALM
                    wait = backend.pause(times.wait(seconds, share), polls)
                    late = backend.pause(times.wait(seconds, LATE, LATEST), polls)
                    news = await self._until(task_id, state, wait, deadline, late)
                case Succeeded():
                    times.saw((state.ended - state.started).total_seconds())
                    return state
                case Unknown():
                    report("unknown" if is_new else "polled", polls)
                    if await self._is_lost(attempt, backend, silence):
                        return replace(state, expired=not self._is_young(attempt, backend))
                    await self._clock.sleep(silence.pause())
                case Failed() | Canceled():
                    return state

    def _assumed(self, attempt: Attempt, backend: Backend) -> Pending | None:
        """What a task is that was accepted just now, where a list will say what becomes of it."""
        is_fresh = backend.now() - attempt.asked_at < timedelta(seconds=FIRST_POLL)
        return Pending(attempt.task_id or "") if self._lister and is_fresh else None

    async def _is_lost(self, attempt: Attempt, backend: Backend, silence: "_Silence") -> bool:
        """Whether waiting on for a task that is UNKNOWN makes no sense any more in this run."""
        now, service_now = self._clock.now(), backend.now()
        silence.began = silence.began or now
        if not self._is_young(attempt, backend):
            return silence.answers > 0  # said twice
        if service_now - attempt.asked_at < LIST_REACH:
            try:
                rows = await backend.list(attempt.asked_at - LIST_PAD, service_now)
            except ServiceError:
                rows = None
            if rows is not None:
                silence.read(now, listed=any(row.task_id == attempt.task_id for row in rows))
        return silence.missing_twice or now - silence.began >= UNKNOWN_WAIT

    def _times_of(self, attempt: Attempt) -> RunTimes:
        request = attempt.request
        key = (attempt.model, str(request.get("resolution")), int(request.get("duration") or 0))
        if key not in self._times:
            model = self._catalog.find(attempt.model)
            bounds = model.task_seconds.value if model else (60, 300)
            self._times[key] = RunTimes(*bounds)
        return self._times[key]

    def _is_young(self, attempt: Attempt, backend: Backend) -> bool:
        hours = self._catalog.service.result_hours.value
        return backend.now() - attempt.asked_at < timedelta(hours=hours)

    async def _until(
        self,
        task_id: str,
        state: Pending | Running,
        seconds: float,
        deadline: datetime,
        late: float,
    ) -> Running | None:
        """Wait ``seconds``, or in a crowd until the list says that something became of the task.

        Then no longer than about ``late`` seconds, nor than until ``deadline``, and only while the
        list names it. That a task runs by now needs no asking: the list says it.
        """
        self._last[task_id] = _STATUS[type(state)]
        self._see_to_lister()
        if self._lister is None:
            await self._clock.sleep(seconds)
            return None
        event = self._called[task_id]
        event.clear()
        until = min(deadline, self._clock.now() + timedelta(seconds=late))
        while not event.is_set() and self._clock.now() < until:
            self._listed.discard(task_id)
            await self._first(event, max(seconds, 2 * self._list_pause()))
            if task_id not in self._listed:  # the list has said nothing of it all the while
                break
        runs_now = isinstance(state, Pending) and self._last[task_id] == "RUNNING"
        return Running(task_id, state.submitted, self._homes[task_id].now()) if runs_now else None

    async def _first(self, event: asyncio.Event, seconds: float) -> None:
        """Wait for ``event``, but no longer than ``seconds``."""
        waits = (
            asyncio.ensure_future(event.wait()),
            asyncio.ensure_future(self._clock.sleep(seconds)),
        )
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _see_to_lister(self) -> None:
        failed = self._no_list_until is not None and self._clock.now() < self._no_list_until
        is_crowd = len(self._active) >= CROWD and not failed
        if is_crowd and self._lister is None:
            self._lister = asyncio.ensure_future(self._list())
        elif not is_crowd and self._lister:
            self._lister.cancel()
            self._lister = None
            for event in self._called.values():
                event.set()  # from here on each asks for itself

    def _list_pause(self) -> float:
        """Seconds between two readings of the list."""
        pauses = [home.pause(LIST_POLL, 0) for home in self._homes.values()]
        return min(pauses, default=LIST_POLL)

    async def _list(self) -> None:
        while True:
            await self._clock.sleep(self._list_pause())
            homes = {id(home): home for home in self._homes.values()}
            for home in homes.values():
                await self._read_list(home)

    async def _read_list(self, backend: Backend) -> None:
        """Call those whose state in the list of ``backend`` is another than they know."""
        now = backend.now()
        oldest = max(min(self._active.values(), default=now), now - LIST_REACH)
        try:
            rows = await backend.list(oldest - timedelta(seconds=60), now)
        except ServiceError:
            self._no_list_until = self._clock.now() + LIST_FAILED
            self._see_to_lister()
            return
        for row in rows:
            self._listed.add(row.task_id)
            before = self._last.get(row.task_id)
            if row.task_id in self._called and row.status != before:
                if (before, row.status) == ("PENDING", "RUNNING"):
                    self._last[row.task_id] = row.status
                self._called[row.task_id].set()
