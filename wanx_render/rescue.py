"""Fetch what was paid for and is not here yet, whatever the list says; ask for nothing new."""

import asyncio
from dataclasses import dataclass, replace

from wanx_render.backends.base import Canceled, Failed, Succeeded, Unknown
from wanx_render.clock import Clock
from wanx_render.collect import Collector
from wanx_render.errors import WanxError
from wanx_render.events import Emit, Event, Kind
from wanx_render.journal import Attempt
from wanx_render.reconcile import settle


@dataclass(frozen=True, slots=True)
class Tally:
    """How many clips came, and how many attempts are left as they were."""

    fetched: int
    left: int


async def rescue(collector: Collector, clock: Clock, emit: Emit) -> Tally:
    """Settle what is in doubt, wait for what runs, fetch what is done."""
    backend, journal = collector.backend, collector.journal
    doubtful = {
        attempt.model
        for attempt in journal.every("submitting", "uncertain")
        if attempt.scope == backend.scope
    }
    for model in sorted(doubtful):
        await settle(backend, journal, clock, model)
    owed = [attempt for attempt in journal.owed() if attempt.scope == backend.scope]
    ends = await asyncio.gather(*(_fetched(collector, attempt, emit) for attempt in owed))
    unresolved = len(journal.every("unresolved"))
    return Tally(sum(ends), len(ends) - sum(ends) + unresolved)


async def _fetched(collector: Collector, attempt: Attempt, emit: Emit) -> bool:
    """Whether the clip of ``attempt`` is here now."""
    shot, _, take = attempt.label.rpartition(" take ")
    number = int(take) if take.isdecimal() else None

    event = Event("polled", shot=shot, take=number, task_id=attempt.task_id)

    def way(kind: Kind, polls: int | None = None, seconds_left: float | None = None) -> None:
        emit(replace(event, kind=kind, polls=polls, seconds_left=seconds_left))

    def tell(kind: Kind, text: str) -> None:
        emit(replace(event, kind=kind, text=text))

    try:
        ended = await collector.collect(attempt, way)
    except WanxError as error:
        tell("failed", str(error))
        return False
    match ended:
        case Succeeded():
            stored = collector.journal.attempt(attempt.id)
            tell("clip", (stored.clip_name if stored else None) or "")
        case Failed(code=code, message=message):
            tell("failed", f"{code}: {message}; not billed")
        case Canceled():
            tell("failed", "the task was cancelled; not billed")
        case Unknown():
            tell("failed", "the service does not know the task; it has expired")
    return isinstance(ended, Succeeded)
