"""What all lists of one run share at the service: lanes, a lock for each request, why it is halted.

The journals of all of them are known here: a task that one of them owns is nobody else's, and a
create call that is in doubt keeps every list from asking the same model for more.
"""

import asyncio
from dataclasses import dataclass, field

from wanx_render.backends.base import Backend
from wanx_render.capabilities import Catalog
from wanx_render.clock import Clock
from wanx_render.errors import ServiceError
from wanx_render.journal import Journal
from wanx_render.lanes import Lane
from wanx_render.reconcile import settle


@dataclass
class Account:
    """One account at one service, for as long as a run lasts."""

    backend: Backend
    catalog: Catalog
    clock: Clock
    journals: list[Journal] = field(default_factory=list)
    halted: ServiceError | None = None  # why nothing more is sent in this run
    _lanes: dict[str, Lane] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    def lane(self, model: str) -> Lane:
        if model not in self._lanes:
            self._lanes[model] = Lane(self.catalog.models[model])
        return self._lanes[model]

    def lock(self, key: str) -> asyncio.Lock:
        """Whoever holds it may ask for the request ``key``: two takes of it are paid once."""
        return self._locks.setdefault(key, asyncio.Lock())

    async def settle(self, model: str) -> None:
        """Find out what became of any create call of this model that is in doubt."""
        for journal in self.journals:
            await settle(self.backend, journal, self.clock, model, self._task_ids)

    def _task_ids(self) -> frozenset[str]:
        return frozenset().union(*(journal.task_ids() for journal in self.journals))
