"""How much may be asked of one model: one create call at a time, so many tasks at the service.

The window of tasks begins at what the model runs at once and a little more. Each refusal for haste
halves it, and each accepted task lets it grow again by its share (additive increase, multiplicative
decrease: other programs may use the same account).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from wanx_render.catalog.abilities import Model, PictureModel

LOOKAHEAD = 2  # tasks kept waiting at the service, so that a slow poll costs no time
_ONE_CUT = timedelta(seconds=5)  # refusals closer together than this are one and the same sign


class RateLimiter:
    """What one model may be asked for, shared by all takes of a run that ask it."""

    def __init__(self, model: Model | PictureModel) -> None:
        self.create_lock = asyncio.Lock()  # its holder may send a create call
        self.gap = 1 / model.creates_per_second.value
        self._most = model.running_at_once.value + LOOKAHEAD
        self._window = float(self._most)
        self._inside = 0
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}  # by list; the first is next
        self._cut: datetime | None = None

    @property
    def window(self) -> int:
        """How many tasks may be at the service now."""
        return int(self._window)

    @property
    def queue_empty(self) -> bool:
        """Whether nobody waits for a place any more: how soon a task's end is seen now counts."""
        return not self._queues

    @asynccontextmanager
    async def slot(self, group: str = "", *, running: bool = False) -> AsyncIterator[None]:
        """A place at the service, in order of asking; ``running`` for a task that is there already.

        Such a task is never kept waiting: its clip may be about to expire. Several lists, each a
        ``group``, get a place by turns, so that a long one does not keep a short one waiting.
        """
        if not running:
            await self._turn(group)
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            self._call_next()

    async def _turn(self, group: str) -> None:
        if not self._queues and self._inside < self.window:
            return
        ticket = asyncio.get_running_loop().create_future()
        self._queues.setdefault(group, deque()).append(ticket)
        try:
            await ticket
        finally:
            if ticket.done() and not ticket.cancelled():
                self._inside -= 1  # it was held for us between the call and our waking up
            else:
                self._leave(group, ticket)

    def _leave(self, group: str, ticket: asyncio.Future[None]) -> None:
        queue = self._queues.get(group, deque())
        if ticket in queue:
            queue.remove(ticket)
        if not queue:
            self._queues.pop(group, None)

    def _call_next(self) -> None:
        while self._queues and self._inside < self.window:
            group = next(iter(self._queues))
            queue = self._queues.pop(group)
            ticket = queue.popleft()
            if queue:
                self._queues[group] = queue  # at the end: the other lists come first now
            if not ticket.done():
                ticket.set_result(None)
                self._inside += 1

    def accepted(self) -> None:
        """A task was taken: the window grows by one for each windowful."""
        self._window = min(self._most, self._window + 1 / self._window)
        self._call_next()

    def throttled(self, now: datetime) -> None:
        """The service asked for patience."""
        if self._cut is None or now - self._cut >= _ONE_CUT:
            self._cut = now
            self._window = max(1.0, self._window / 2)
