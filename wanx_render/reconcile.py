"""Was it accepted? A create call whose answer was lost is held against the service's own list.

Nothing is guessed: each task of the list that might be ours is looked at until it explains itself.
A task that succeeded shows the prompt it was asked for; one that failed or was cancelled is never
billed, whoever's it was. What cannot be explained is left to a person.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from wanx_render.backends.base import (
    Backend,
    Canceled,
    Failed,
    Listed,
    Succeeded,
    TaskState,
)
from wanx_render.clock import Clock
from wanx_render.errors import ServiceError, Unreachable
from wanx_render.journal import Attempt, Journal

# Clocks differ, and the ``Date`` of an answer is a whole second.
WINDOW_PAD = timedelta(seconds=120)
# How long the list may lag behind; an empty list means nothing before.
SETTLE = timedelta(seconds=60)
LIST_GAP = 15.0
# The list reaches back 24 hours; with the pads a little less of it is safe.
LIST_REACH = timedelta(hours=23, minutes=30)
GIVE_UP = timedelta(minutes=45)

Verdict = Literal["adopt", "release", "person", "wait"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found out: the task that is ours, surely none (None), or why nobody can tell."""

    task_id: str | None
    unresolved: str = ""


def decide(prompt: str, candidates: Iterable[TaskState], *, settled: bool) -> tuple[Verdict, str]:
    """The verdict over the tasks that might be ours, and the id of the one that is.

    ``settled``: the list has been read long enough after the call that no task can be missing.
    """
    states = tuple(candidates)
    ours = [s for s in states if isinstance(s, Succeeded) and _same(s.original_prompt, prompt)]
    open_ = [s for s in states if not isinstance(s, Succeeded | Failed | Canceled)]
    if open_ or not settled:
        return "wait", ""
    if not ours:
        return "release", ""
    if len(ours) == 1 and prompt:
        return "adopt", ours[0].task_id
    return "person", ""  # several fit; or there is no prompt that could confirm one


def _same(told: str, prompt: str) -> bool:
    """The service cuts overlong prompts without a word, so what it tells may be a beginning."""
    return told == prompt or (len(told) >= 500 and prompt.startswith(told))


async def reconcile(
    backend: Backend, clock: Clock, attempt: Attempt, ours: frozenset[str]
) -> Outcome:
    """Find out what became of ``attempt``; ``ours`` are the tasks whose owner is known.

    Takes a minute where nothing was accepted, and as long as the candidates run where some might
    be ours.
    """
    prompt = str(attempt.request.get("prompt") or "")
    began = backend.now()
    ended = attempt.answered_at or began
    start, end = attempt.asked_at - WINDOW_PAD, ended + WINDOW_PAD
    quiet = 0  # how often in a row the list showed nothing new after it settled
    seen: dict[str, Listed] = {}
    while backend.now() - began < GIVE_UP:
        if backend.now() - start > LIST_REACH:
            return Outcome(None, "it is too long ago: the service's list no longer reaches back")
        try:
            rows = await backend.list(start, min(end, backend.now()))
            new = {r.task_id: r for r in rows if _fits(r, attempt, ours) and r.task_id not in seen}
            seen |= new
            late = backend.now() >= ended + SETTLE
            quiet = quiet + 1 if late and not new else 0
            states = [await backend.poll(task_id) for task_id in seen]
        except Unreachable:
            await clock.sleep(LIST_GAP)
            continue
        except ServiceError as error:
            return Outcome(None, f"the service's list cannot be read: {error}")
        verdict, task_id = decide(prompt, states, settled=quiet >= 2)
        match verdict:
            case "adopt":
                return Outcome(task_id)
            case "release":
                return Outcome(None)
            case "person":
                return Outcome(None, _several(states))
            case _:
                await clock.sleep(LIST_GAP)
    return Outcome(None, "tasks that might be this one do not end, or the list cannot be read")


def _fits(row: Listed, attempt: Attempt, ours: frozenset[str]) -> bool:
    return row.model == attempt.model and row.task_id not in ours


def _several(states: list[TaskState]) -> str:
    ids = ", ".join(state.task_id for state in states if isinstance(state, Succeeded))
    return f"more than one task might be it, or none can be told by its prompt: {ids}"


async def settle(
    backend: Backend,
    journal: Journal,
    clock: Clock,
    model: str,
    owned: Callable[[], frozenset[str]] | None = None,
) -> None:
    """Find out what became of a create call of this model that is in doubt, if there is one.

    ``owned`` are the tasks whose owner is known, where there are more than this journal's.
    """
    doubtful = journal.in_doubt(backend.scope, model)
    if doubtful is None:
        return
    if doubtful.state == "submitting":  # the program that sent it is gone
        journal.uncertain(doubtful.id, backend.now(), "", "stopped while submitting")
        doubtful = replace(doubtful, state="uncertain", answered_at=backend.now())
    ours = owned() if owned else journal.task_ids()
    outcome = await reconcile(backend, clock, doubtful, ours)
    if outcome.unresolved:
        journal.ended(doubtful.id, "unresolved", "Unresolved", outcome.unresolved)
    elif outcome.task_id:
        journal.adopted(doubtful.id, outcome.task_id)
    else:
        journal.ended(doubtful.id, "released", message="surely not accepted")
