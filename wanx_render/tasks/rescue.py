"""Fetch what was paid for and is not here yet, whatever the list says; ask for nothing new."""

import asyncio
from dataclasses import dataclass, field, replace

from wanx_render.backends.base import Backend, Canceled, Failed, Succeeded, Unknown, home_of
from wanx_render.errors import UnknownHost, WanxError
from wanx_render.events import Emit, Event, Kind
from wanx_render.language import Message, joined, tr, verbatim
from wanx_render.planning.attempt import Attempt
from wanx_render.tasks.account import Account
from wanx_render.tasks.collect import UNKNOWN, Collector
from wanx_render.tasks.outcome import permission, waiting
from wanx_render.tasks.reconcile import Judge, settle
from wanx_render.tasks.submit import EXPIRED, other_account


@dataclass
class Tally:
    """How many clips came, how many attempts are left as they were, and what they wait for."""

    fetched: int = 0
    left: int = 0
    hosts: set[str] = field(default_factory=set)  # that nobody permitted to fetch from


async def rescue(collector: Collector, account: Account, judge: Judge, emit: Emit) -> Tally:
    """Search for what is in doubt, wait for what runs, fetch what is done."""
    backend, journal = collector.tools.backend, collector.journal
    account.begin()
    doubtful = [
        attempt
        for attempt in journal.in_doubt(backend.recipient.scope)
        if not attempt.task_id and home_of(backend, attempt.recipient)
    ]
    await asyncio.gather(*(_settle(collector, account, judge, attempt) for attempt in doubtful))
    tally = Tally()
    ends = await asyncio.gather(
        *(_fetch(collector, task, emit, tally) for task in journal.owed() if _is_of(backend, task))
    )
    tally.fetched = sum(ends)
    tally.left = len(ends) - tally.fetched + len(journal.every("unresolved"))
    return tally


def _is_of(backend: Backend, attempt: Attempt) -> bool:
    """Whether an attempt is the service's and not the mock's, or the reverse."""
    return attempt.scope.partition(" ")[0] == backend.name


async def _settle(collector: Collector, account: Account, judge: Judge, attempt: Attempt) -> None:
    """Find out what became of a request whose answer was lost, or leave it to a person."""
    journal = collector.journal
    outcome = await settle(attempt, account.search(judge))
    if outcome.task_id:
        journal.adopted(attempt.id, outcome.task_id)
    else:
        journal.ended(attempt.id, "unresolved", "Unresolved", outcome.question(attempt))


async def _fetch(collector: Collector, attempt: Attempt, emit: Emit, tally: Tally) -> bool:
    """Whether the clip of ``attempt`` is here now."""
    name, task_id = attempt.take, attempt.task_id
    row, take = name.row or None, name.number
    event = Event("polled", shot=name.shot, take=take, task_id=task_id, row=row)

    def progress(kind: Kind, polls: int | None = None, seconds_left: float | None = None) -> None:
        emit(replace(event, kind=kind, polls=polls, seconds_left=seconds_left))

    def report(kind: Kind, text: Message) -> None:
        emit(replace(event, kind=kind, text=text))

    backend = collector.tools.backend
    if home_of(backend, attempt.recipient) is None:
        report("failed", other_account(attempt, backend))
        return False
    try:
        end = await collector.collect(attempt, progress)
    except UnknownHost as error:
        tally.hosts.add(error.host)
        record = collector.journal.attempt(attempt.id)
        expires = record.expires_at if record else None
        where = waiting(error, expires, collector.tools.wall.now())
        report("failed", joined((where, permission(error)), tr("; ")))
        return False
    except WanxError as error:
        report("failed", error.sentence)
        return False
    match end:
        case Succeeded():
            record = collector.journal.attempt(attempt.id)
            report("clip", verbatim((record.clip_name if record else None) or ""))
        case Failed(code=code, message=message):
            report("failed", tr("{code}: {message}; not billed", code=code, message=message))
        case Canceled():
            report("failed", tr("the task was cancelled; not billed"))
        case Unknown():
            report("failed", EXPIRED if end.expired else UNKNOWN)
    return isinstance(end, Succeeded)
