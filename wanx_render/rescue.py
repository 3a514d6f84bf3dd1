"""Fetch what was paid for and is not here yet, whatever the list says; ask for nothing new."""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from wanx_render import ffmpeg
from wanx_render.backends.base import (
    Backend,
    Canceled,
    Failed,
    Pending,
    Running,
    Succeeded,
    Unknown,
)
from wanx_render.capabilities import Catalog
from wanx_render.clock import Clock
from wanx_render.errors import WanxError
from wanx_render.events import Emit, Event, Kind
from wanx_render.fetch import fetch
from wanx_render.journal import Attempt, Journal
from wanx_render.reconcile import settle

POLL_SECONDS = 15


@dataclass(frozen=True)
class Rope:
    """What a rescue works with, handed in from outside."""

    backend: Backend
    journal: Journal
    catalog: Catalog
    program: ffmpeg.Ffmpeg
    executor: Executor
    clock: Clock
    folder: Path
    emit: Emit


@dataclass(frozen=True, slots=True)
class Tally:
    """How many clips came, and how many attempts are left as they were."""

    fetched: int
    left: int


async def rescue(rope: Rope) -> Tally:
    """Settle what is in doubt, wait for what runs, fetch what is done."""
    scope = rope.backend.scope
    doubtful = {a.model for a in rope.journal.every("submitting", "uncertain") if a.scope == scope}
    for model in sorted(doubtful):
        await settle(rope.backend, rope.journal, rope.clock, model)
    owed = [attempt for attempt in rope.journal.owed() if attempt.scope == scope]
    ends = await asyncio.gather(*(_one(rope, attempt) for attempt in owed))
    unresolved = len(rope.journal.every("unresolved"))
    return Tally(sum(ends), len(ends) - sum(ends) + unresolved)


async def _one(rope: Rope, attempt: Attempt) -> bool:
    """Whether the clip of ``attempt`` is here now."""
    try:
        return await _fetched(rope, attempt)
    except WanxError as error:
        _tell(rope, attempt, "failed", str(error))
        return False


async def _fetched(rope: Rope, attempt: Attempt) -> bool:
    task_id = attempt.task_id or ""
    while isinstance(state := await rope.backend.poll(task_id), Pending | Running):
        _tell(rope, attempt, "running" if isinstance(state, Running) else "pending")
        await rope.clock.sleep(POLL_SECONDS)
    match state:
        case Succeeded():
            rope.journal.succeeded(attempt.id, state, _cost(attempt, rope.catalog))
            stem = attempt.label.replace(" take ", "-t")
            stored = await fetch(
                rope.backend, state, stem,
                program=rope.program, executor=rope.executor, folder=rope.folder,
            )  # fmt: skip
            rope.journal.stored(attempt.id, stored.sha256, stored.name, stored.bytes)
            _tell(rope, attempt, "clip", stored.name)
            return True
        case Failed(code=code, message=message):
            rope.journal.ended(attempt.id, "failed", code, message)
            _tell(rope, attempt, "failed", f"{code}: {message}; not billed")
        case Canceled():
            rope.journal.ended(attempt.id, "failed", "Canceled", "the task was cancelled")
            _tell(rope, attempt, "failed", "the task was cancelled; not billed")
        case Unknown():
            _tell(
                rope, attempt, "failed", "the service does not know the task; it may have expired"
            )
    return False


def _cost(attempt: Attempt, catalog: Catalog) -> tuple[str, str] | None:
    asked = attempt.request
    found = catalog.price_per_second(
        asked["model"], asked["region"], asked["resolution"], silent=asked["sound"] == "silent"
    )
    return (str(found[0] * Decimal(asked["duration"])), found[1]) if found else None


def _tell(rope: Rope, attempt: Attempt, kind: Kind, text: str = "") -> None:
    shot, _, take = attempt.label.rpartition(" take ")
    number = int(take) if take.isdecimal() else None
    rope.emit(Event(kind, text, shot, number, task_id=attempt.task_id))
