"""What all lists of one run share at the service: rate limiters, locks, why it is halted.

The journals of all of them are known here: a task that one of them owns is nobody else's, and a
task that fits two requests in doubt is taken for neither.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from wanx_render.backends.base import Backend, home_of
from wanx_render.catalog.capabilities import Catalog
from wanx_render.clock import Clock
from wanx_render.errors import ServiceError, UnknownHost, WanxError
from wanx_render.language import tr
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.tasks.rate_limit import RateLimiter
from wanx_render.tasks.reconcile import Judge, Search

MOST_DOUBTS = 5  # create calls in a row without a usable answer, before no more is sent

# What becomes of a request that may have been accepted and is not found: a person decides, or it
# is sent again, which may pay twice.
Ambiguous = Literal["ask", "resubmit"]


@dataclass(kw_only=True)
class Account:
    """One account at one service, for as long as a run lasts."""

    backend: Backend
    catalog: Catalog
    clock: Clock
    wall: Clock  # what people read
    journals: list[Journal]
    on_ambiguous: Ambiguous
    halted: WanxError | None = field(default=None, init=False)  # why nothing more is sent
    # Create calls in a row that ended without a usable answer.
    doubts: int = field(default=0, init=False)
    _at_work: int = field(default=0, init=False)
    _limiters: dict[str, RateLimiter] = field(default_factory=dict, init=False)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict, init=False)

    def limiter(self, model: str) -> RateLimiter:
        if model not in self._limiters:
            self._limiters[model] = RateLimiter(self.catalog.entry(model))
        return self._limiters[model]

    def lock(self, key: str) -> asyncio.Lock:
        """Its holder may ask for the request ``key``: two takes of it are paid once."""
        return self._locks.setdefault(key, asyncio.Lock())

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While a task is awaited, searching for a lost one costs no time."""
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1

    def halt(self, error: WanxError) -> None:
        """Send nothing more in this run; the first reason counts."""
        self.halted = self.halted or error

    def in_doubt(self) -> None:
        """A create call ended without a usable answer."""
        self.doubts += 1
        if self.doubts >= MOST_DOUBTS:
            message = tr("{n} requests in a row had no usable answer", n=self.doubts)
            self.halt(ServiceError("NoAnswer", message))

    def accepted(self) -> None:
        self.doubts = 0

    def owns(self, task_id: str) -> bool:
        """Whether a task is known to be one of this run's lists'."""
        return any(journal.with_task(task_id) for journal in self.journals)

    def begin(self) -> None:
        """Sort out what earlier runs left: what is in doubt, and what nobody may fetch yet."""
        for journal in self.journals:
            journal.interrupted(self.backend.recipient.scope, self.backend.now())
            for attempt in journal.owed():
                self._check(attempt)

    def _check(self, attempt: Attempt) -> None:
        """Where a paid clip waits at an unknown host, nothing more is bought."""
        over = attempt.expires_at is None or attempt.expires_at < self.wall.now()
        home = home_of(self.backend, attempt.recipient)
        if over or not attempt.url or home is None:
            return
        try:
            home.check_result(attempt.url)
        except UnknownHost as error:
            self.halt(error)

    def search(self, judge: Judge) -> Search:
        """What lost requests are searched for with."""
        return Search(
            backend=self.backend,
            clock=self.clock,
            judge=judge,
            owned=self._task_ids,
            rivals=self._rivals,
            busy=lambda: self._at_work > 0,
        )

    def _task_ids(self) -> frozenset[str]:
        return frozenset().union(*(journal.task_ids() for journal in self.journals))

    def _rivals(self) -> tuple[Attempt, ...]:
        scope = self.backend.recipient.scope
        return tuple(attempt for j in self.journals for attempt in j.in_doubt(scope))
