"""Was it accepted? A create call whose answer was lost is searched for in the service's own list.

A task is taken for ours only when everything that is known of it fits: model, time, prompt,
seconds, tier, and of its clip the size and the first frame against the picture that was sent. What
does not fit is another's; what cannot be decided is doubtful, and a person decides. That nothing is
found proves nothing, since nobody knows how late the list is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal, Protocol

from wanx_render.backends.base import (
    Backend,
    Canceled,
    Failed,
    Listed,
    Pending,
    Running,
    Succeeded,
    Unknown,
    home_of,
)
from wanx_render.backends.cleaning import Cleaner
from wanx_render.catalog.pricing import USAGE_SECONDS
from wanx_render.clock import Clock
from wanx_render.errors import ServiceError, Unreachable
from wanx_render.language import NOTHING, Message, joined, recorded, tr
from wanx_render.planning.attempt import Attempt

# Clocks differ, and the ``Date`` of an answer is a whole second.
WINDOW_PAD = timedelta(seconds=120)
# How long a lost request is searched for, at least; longer while other takes are on their way
# anyway. How late the real list may be was never measured in public.
SEARCH = timedelta(minutes=2)
LONGEST_SEARCH = timedelta(minutes=30)
# A request that was refused in the service's own form was most likely not accepted.
REFUSED_SEARCH = timedelta(seconds=60)
PAUSES = (5.0, 10.0, 15.0, 30.0, 60.0, 120.0)  # between readings; the last from then on
# The list reaches back 24 hours; with the pads a little less of it is safe.
LIST_REACH = timedelta(hours=23, minutes=30)
GIVE_UP = timedelta(minutes=45)  # candidates that do not end
_ONCE = timedelta(0)

_CUT_AT_LEAST = 500  # characters; the service cuts longer prompts without a word

Verdict = Literal["same", "other", "doubtful"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a task is the one that was asked for, and why."""

    verdict: Verdict
    reason: Message = NOTHING


class Judge(Protocol):
    """Compares the clip of a task with the picture that was sent."""

    async def clip(self, attempt: Attempt, task: Succeeded, doubt: Message) -> Judgement:
        """Fetch and compare; a clip in doubt is kept aside. Raises ServiceError.

        Where there is a ``doubt`` already, the clip can only show that it is another's.
        """
        ...


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search ended with: a task that is ours, nothing, or a reason to ask a person."""

    task_id: str | None = None
    doubt: Message = NOTHING

    @property
    def nothing(self) -> bool:
        return self.task_id is None and not self.doubt

    def question(self, attempt: Attempt) -> Message:
        """What a person is asked where no task turned out to be that of ``attempt``."""
        if self.doubt:
            return self.doubt
        if attempt.state == "unresolved":  # asked before, and nothing new was learnt
            return recorded(attempt.message or "")
        return tr(
            "its answer was lost ({reason}) and it was not in the service's list for {minutes} "
            "minutes; it may still be accepted and paid",
            reason=recorded(attempt.message) if attempt.message else tr("no answer"),
            minutes=int(SEARCH.total_seconds() // 60),
        )


@dataclass(frozen=True)
class Search:
    """What one search works with."""

    backend: Backend
    clock: Clock
    judge: Judge
    owned: Callable[[], frozenset[str]]  # the tasks whose owner is known
    rivals: Callable[[], Sequence[Attempt]]  # all requests in doubt, and those on their way
    busy: Callable[[], bool] = lambda: False  # whether the run goes on for other takes anyway


def words_fit(attempt: Attempt, task: Succeeded) -> Judgement:
    """What the answer of a query says: prompt, seconds and tier."""
    request = attempt.request
    prompt = Cleaner().prose(str(request.get("prompt") or "")) or ""
    if task.original_prompt and not same_prompt(task.original_prompt, prompt):
        return Judgement("other", tr("it has another prompt"))
    if difference := _other_figure(request, task.usage):
        return Judgement("other", difference)
    if not prompt:
        return Judgement("doubtful", tr("it has no prompt to compare"))
    if not task.original_prompt:
        return Judgement("doubtful", tr("the service does not report its prompt"))
    return Judgement("same")


def same_prompt(shown: str, prompt: str) -> bool:
    """The service cuts overlong prompts without a word, so what it shows may be a beginning."""
    return shown == prompt or (len(shown) >= _CUT_AT_LEAST and prompt.startswith(shown))


def _other_figure(request: dict[str, Any], usage: dict[str, Any]) -> Message:
    """What the usage shows other than requested, or nothing."""
    seconds, duration = int(request["duration"]), _number(usage, *USAGE_SECONDS)
    if duration not in (None, seconds):
        return tr("it has {actual} s instead of {expected} s", actual=duration, expected=seconds)
    tier, actual = str(request["resolution"]), _number(usage, "SR")
    digits = tier.removesuffix("P")
    if digits.isdecimal() and actual not in (None, int(digits)):
        return tr("its tier is {actual}P instead of {expected}", actual=actual, expected=tier)
    return NOTHING


def _number(usage: dict[str, Any], *names: str) -> int | None:
    for name in names:
        value = usage.get(name)
        if isinstance(value, str) and value.removesuffix("P").isdecimal():
            value = int(value.removesuffix("P"))
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return round(value)
    return None


@dataclass
class _Findings:
    """What is known of the tasks in the window of one request."""

    rows: dict[str, Listed] = field(default_factory=dict)
    judged: dict[str, Judgement] = field(default_factory=dict)
    unread: bool = False  # the list did not answer

    @property
    def open(self) -> list[str]:
        return [task_id for task_id in self.rows if task_id not in self.judged]

    def of(self, verdict: Verdict) -> list[str]:
        judgements = self.judged.items()
        return [task_id for task_id, judgement in judgements if judgement.verdict == verdict]


async def search(attempt: Attempt, using: Search, patience: timedelta = SEARCH) -> SearchResult:
    """Look for the task of ``attempt``, with growing pauses, for at least ``patience``.

    ``patience`` counts from the answer that was lost; without any the list is read once. As long as
    a task that might be ours runs, its end is waited for.
    """
    backend = home_of(using.backend, attempt.recipient) or using.backend
    using, clock, findings = replace(using, backend=backend), using.clock, _Findings()
    start, number = clock.now(), 0
    # Times of the service are compared with each other only: its clock may be set while we wait.
    before = backend.now() - (attempt.answered_at or backend.now())
    while clock.now() - start < GIVE_UP:
        if is_far(attempt, backend):
            return SearchResult(doubt=tr("the service's list no longer reaches back to it"))
        try:
            await _look(attempt, findings, using)
        except Unreachable:
            findings.unread = True
        except ServiceError as error:
            message = tr("cannot read the service's list: {reason}", reason=error.sentence)
            return SearchResult(doubt=message)
        outcome = _outcome(attempt, findings, using)
        if outcome and not outcome.nothing:
            return outcome
        if outcome and _long_enough(before + (clock.now() - start), patience, using):
            return outcome
        await clock.sleep(PAUSES[min(number, len(PAUSES) - 1)])
        number += 1
    if findings.unread:
        return SearchResult(doubt=tr("cannot read the service's list"))
    tasks = joined(findings.open, tr(", "))
    return SearchResult(doubt=tr("tasks that may be this one have not ended: {tasks}", tasks=tasks))


async def settle(attempt: Attempt, using: Search) -> SearchResult:
    """Look for a request whose answer was lost: at length the first time, then once a run.

    Nothing is found where the list no longer reaches back to a request that was looked for before.
    """
    again = attempt.state == "unresolved"
    if again and is_far(attempt, using.backend):
        return SearchResult()
    return await search(attempt, using, _ONCE if again else SEARCH)


def is_far(attempt: Attempt, backend: Backend) -> bool:
    """Whether the service's list no longer reaches back to a request."""
    return backend.now() - attempt.asked_at > LIST_REACH


def _long_enough(passed: timedelta, patience: timedelta, using: Search) -> bool:
    if patience != SEARCH:
        return passed >= patience
    return passed >= patience and (passed >= LONGEST_SEARCH or not using.busy())


async def _look(attempt: Attempt, findings: _Findings, using: Search) -> None:
    """Read the list, and look at each task that has not explained itself yet.

    Raises ServiceError.
    """
    backend = using.backend
    end = min((attempt.answered_at or backend.now()) + WINDOW_PAD, backend.now())
    rows = await backend.list(attempt.asked_at - WINDOW_PAD, end)
    owned = using.owned()
    findings.rows |= {row.task_id: row for row in rows if _fits(row, attempt, owned)}
    findings.unread = False
    for task_id in findings.open:
        state = await backend.poll(task_id)
        match state:
            case Succeeded():
                row = findings.rows[task_id]
                findings.judged[task_id] = await _judged(attempt, state, row, using)
            case Failed() | Canceled():  # never billed, whichever request it was for
                findings.judged[task_id] = Judgement("other", tr("not billed"))
            case Pending() | Running() | Unknown():
                pass  # it may still be ours


async def _judged(attempt: Attempt, task: Succeeded, row: Listed, using: Search) -> Judgement:
    words = words_fit(attempt, task)
    if words.verdict == "other":
        return words
    unnamed = NOTHING if row.model else tr("the list gives its model an unknown name")
    return await using.judge.clip(attempt, task, words.reason or unnamed)


def _fits(row: Listed, attempt: Attempt, owned: frozenset[str]) -> bool:
    """A model that we do not know by the list's name may be ours under a new one."""
    return row.model in (attempt.model, "") and row.task_id not in owned


def _outcome(attempt: Attempt, findings: _Findings, using: Search) -> SearchResult | None:
    """What follows from all that is known now; None while a task might still be ours."""
    if findings.open or findings.unread:
        return None
    matches, doubtful = findings.of("same"), findings.of("doubtful")
    if doubtful:
        reasons = (
            tr("task {task}: {reason}", task=name, reason=findings.judged[name].reason)
            for name in doubtful
        )
        tasks = joined(reasons, tr("; "))
        return SearchResult(doubt=tr("it may be one of these: {tasks}", tasks=tasks))
    if len(matches) > 1:
        tasks = joined(matches, tr(", "))
        return SearchResult(doubt=tr("more than one task matches: {tasks}", tasks=tasks))
    if not matches:
        return SearchResult()
    row = findings.rows[matches[0]]
    rivals = [rival for rival in using.rivals() if _is_rival(rival, attempt, row)]
    if any(rival.state == "submitting" for rival in rivals):
        return None  # its answer comes soon, and with it whose the task is
    if rivals:
        takes = joined((rival.take.title for rival in rivals), tr(", "))
        doubt = tr("task {task} matches this take and {takes}", task=matches[0], takes=takes)
        return SearchResult(doubt=doubt)
    return SearchResult(task_id=matches[0])


def _is_rival(other: Attempt, attempt: Attempt, row: Listed) -> bool:
    """Whether a task that fits one request could be the other one's just as well."""
    names = ("model", "prompt", "image", "last_image", "duration", "resolution", "size", "ratio")
    end = (other.answered_at or other.asked_at + LONGEST_SEARCH) + WINDOW_PAD
    in_time = other.asked_at - WINDOW_PAD <= row.submitted <= end
    like = all(other.request.get(name) == attempt.request.get(name) for name in names)
    return other.id != attempt.id and in_time and like
