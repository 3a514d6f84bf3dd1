"""Asking for a clip, which costs money: sent once, and never again while its outcome is in doubt.

An intent is in the journal before the request leaves, and the moment of leaving too. An answer that
proves neither acceptance nor refusal is searched for in the service's own list while other takes go
on; what the list does not show is left to a person.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from wanx_render.backends.base import Accepted, Backend, Submission
from wanx_render.errors import (
    Broken,
    Refused,
    ServiceError,
    Throttled,
    Uncertain,
    UnknownHost,
    Unsent,
)
from wanx_render.events import Kind
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import Take
from wanx_render.tasks.account import Account
from wanx_render.tasks.budget import SpendingLimit
from wanx_render.tasks.outcome import TakeFailure, words
from wanx_render.tasks.rate_limit import RateLimiter
from wanx_render.tasks.reconcile import REFUSED_SEARCH, Judge, is_far, search, settle

_STOPS = ("key", "money", "quota")  # kinds of refusal after which no other request can succeed
_UNSENT_TRIES = 8
_RESUBMISSIONS = 3  # a service that answers no create call with sense is not asked for ever
_LONGEST_PAUSE = 30.0
_LONGEST_THROTTLE = timedelta(minutes=10)  # then the service is too busy for this run

Report = Callable[[Take, Kind, str, str | None], None]


@dataclass(frozen=True, kw_only=True)
class Submitter:
    """Sends the create calls of one run."""

    account: Account
    journal: Journal
    limit: SpendingLimit
    chance: random.Random  # for pauses alone
    report: Report
    judge: Judge
    withdrawn: Callable[[Take], bool]  # what a person no longer wants

    @property
    def backend(self) -> Backend:
        return self.account.backend

    def _limiter(self, take: Take) -> RateLimiter:
        return self.account.limiter(take.request.model)

    async def submit(
        self, take: Take, key: str, *, insisted: bool = False
    ) -> Attempt | TakeFailure:
        """The attempt whose task will make the clip: of an earlier run, or a new one.

        ``insisted``: a person wants it sent again whatever became of it before. Raises Refused,
        Throttled, Unreachable, Unsent.
        """
        for _ in range(_RESUBMISSIONS):
            outcome = await self._known(take, key, insisted=insisted)
            if outcome:
                return outcome
            async with self._limiter(take).create_lock:
                # Another take may have asked for the same meanwhile.
                attempt = self.journal.owed_for(key) or await self._new(take, key)
            if isinstance(attempt, TakeFailure) or attempt.task_id:
                return attempt
        message = f"{_RESUBMISSIONS} requests had no usable answer"
        return TakeFailure(take, "unresolved", "Unresolved", message)

    async def _known(self, take: Take, key: str, *, insisted: bool) -> Attempt | TakeFailure | None:
        """What an earlier call left of this request; None where it may be sent."""
        before = self.journal.owed_for(key)
        if before and before.scope != self.backend.scope:
            return TakeFailure(
                take, "unresolved", "OtherAccount", _other_account(before), before.task_id
            )
        if before and before.task_id:
            self.report(take, "resumed", "", before.task_id)
            return before
        if before:
            return await self._searched(take, before)
        last = self.journal.last_at(key)
        if last and last.state == "refused" and (outcome := await self._refused_before(take, last)):
            return outcome
        if last is None or insisted:
            return None
        if last.state == "lost":
            return TakeFailure(
                take, "lost", last.code or "Expired", EXPIRED, last.task_id, attempt=last
            )
        meaning = self.account.catalog.meaning(last.code or "", last.message or "")
        if last.state in ("failed", "refused") and meaning.kind == "moderation":
            return TakeFailure(take, "failed", last.code or "", _moderated(last), last.task_id)
        return None

    async def _searched(self, take: Take, attempt: Attempt) -> Attempt | TakeFailure | None:
        """Search for a request whose outcome is unknown; None where it may be sent again."""
        if not is_far(attempt, self.backend):
            self._report_search(take)
        outcome = await settle(attempt, self.account.search(self.judge))
        if outcome.task_id:
            return self._adopted(take, attempt, outcome.task_id)
        if outcome.nothing and self.account.on_ambiguous == "resubmit":
            self._resubmit(take, attempt)
            return None
        return self._unresolved(take, attempt, outcome.question(attempt))

    def _resubmit(self, take: Take, attempt: Attempt) -> None:
        """Free a request that may have been accepted, because a person decided so beforehand."""
        message = "not in the service's list; sent again as --on-ambiguous resubmit asks"
        self.journal.ended(attempt.id, "released", "Resubmitted", message)
        self.report(take, "warning", f"its request is {message}; it may be paid twice", None)

    async def _refused_before(self, take: Take, attempt: Attempt) -> Attempt | TakeFailure | None:
        """Whether a request that was refused was accepted all the same; None where it was not.

        A service may accept a task and answer with a refusal: the list is asked before the same
        request is paid for once more.
        """
        foreign = attempt.scope != self.backend.scope
        if attempt.sent_at is None or foreign or is_far(attempt, self.backend):
            return None
        self._report_search(take)
        outcome = await search(attempt, self.account.search(self.judge), REFUSED_SEARCH)
        if outcome.task_id:
            return self._adopted(take, attempt, outcome.task_id)
        return self._unresolved(take, attempt, outcome.doubt) if outcome.doubt else None

    def _report_search(self, take: Take) -> None:
        self.report(take, "uncertain", "searching the service's list for its task", None)

    def _adopted(self, take: Take, attempt: Attempt, task_id: str) -> Attempt:
        self.journal.adopted(attempt.id, task_id)
        self.report(take, "submitted", "found in the service's list", task_id)
        return replace(attempt, state="submitted", task_id=task_id)

    def _unresolved(self, take: Take, attempt: Attempt, message: str) -> TakeFailure:
        self.journal.ended(attempt.id, "unresolved", "Unresolved", message)
        return TakeFailure(take, "unresolved", "Unresolved", message, attempt=attempt)

    async def _new(self, take: Take, key: str) -> Attempt | TakeFailure:
        """Send what was never asked for, if there is money for it.

        The attempt has no task where the outcome is in doubt.
        """
        if error := self.account.halted:
            code = getattr(error, "code", type(error).__name__)
            reason = f"not sent: {words(error)}"
            if isinstance(error, UnknownHost):
                reason = f"not sent while a paid clip waits at {error.host or 'no known host'}"
            return TakeFailure(take, "failed", code, reason)
        if self.withdrawn(take):
            return TakeFailure(take, "canceled", "Withdrawn", "not sent: it was taken back in time")
        await self.backend.prepare(Submission(take.request, take.label))
        if not self.limit.reserve(key, take.price):
            return TakeFailure(take, "failed", "OverBudget", f"not sent: {self.limit.summary}")
        try:
            return await self._send_until_decided(take, key)
        except ServiceError:
            self.limit.settle(key, None)  # surely not accepted: what is in doubt returns
            raise

    async def _send_until_decided(self, take: Take, key: str) -> Attempt:
        """Send the request until it is surely accepted, surely refused, or in doubt."""
        journal, clock, pauses, unsent = self.journal, self.account.clock, 0, 0
        start = clock.now()
        attempt = journal.intend(
            key, take.label, take.request, self.backend.now(), scope=self.backend.scope
        )
        while True:
            try:
                answer = await self._send(take, attempt)
            except (Throttled, Unsent) as error:
                unsent += isinstance(error, Unsent)
                patient = clock.now() - start < _LONGEST_THROTTLE
                if unsent >= _UNSENT_TRIES or not patient:
                    journal.ended(attempt, "released", error.code, error.message)
                    raise
                await self._wait(take, error, pauses)
                pauses += 1
                journal.asked_again(attempt, self.backend.now())
            except Refused as error:
                journal.ended(attempt, "refused", error.code, error.message, self.backend.now())
                if self.account.catalog.meaning(error.code, error.message).kind in _STOPS:
                    self.account.halt(error)
                raise
            except Uncertain as error:
                journal.uncertain(attempt, self.backend.now(), error.code, words(error))
                self.account.in_doubt()
                self.report(take, "uncertain", f"{error.code}: {words(error)}", None)
                return _noted(journal.owed_for(key))
            else:
                return await self._begin(take, key, attempt, answer)

    async def _send(self, take: Take, attempt: int) -> Accepted:
        """Send once. Raises what the backend raises, and Uncertain for an id that is taken."""
        answer = await self.backend.submit(
            Submission(take.request, take.label),
            lambda: self.journal.sending(attempt, self.backend.now()),
        )
        if self.account.owns(answer.task_id):
            message = f"the service gave the id of another task, {answer.task_id}"
            raise Uncertain("TaskTwice", message, answer.request_id)
        return answer

    async def _begin(self, take: Take, key: str, attempt: int, answer: Accepted) -> Attempt:
        limiter = self._limiter(take)
        self.journal.submitted(attempt, answer.task_id, answer.request_id)
        limiter.accepted()
        self.account.accepted()
        self.report(take, "submitted", "", answer.task_id)
        await self.account.clock.sleep(limiter.gap)
        return _noted(self.journal.owed_for(key))

    async def _wait(self, take: Take, error: ServiceError, pauses: int) -> None:
        """As long as the service says; else longer each time, and never two programs in step."""
        if isinstance(error, Throttled):
            self._limiter(take).throttled(self.backend.now())
        wait = error.retry_after if isinstance(error, Throttled) else None
        longest = min(2.0 ** min(pauses, 10), _LONGEST_PAUSE)
        pause = wait if wait is not None else self.chance.uniform(longest / 2, longest)
        self.report(take, "throttled", f"{error.code}, again in {pause:.0f} s", None)
        await self.account.clock.sleep(pause)


EXPIRED = (
    "expired, possibly paid: its day is over and the service no longer says what became of it; "
    "only you can have it sent again"
)


def _moderated(attempt: Attempt) -> str:
    at = attempt.asked_at.isoformat(sep=" ", timespec="minutes")
    return (
        f"{attempt.message or 'refused'} (on {at[:16]} UTC; not sent again unchanged: change the "
        "prompt or the picture, or give --retake)"
    )


def _other_account(attempt: Attempt) -> str:
    return (
        "it was asked for with another key or address, which alone can say what became of it: "
        f"use that again, or give it up with `resolve FILE {attempt.id} --release`"
    )


def _noted(attempt: Attempt | None) -> Attempt:
    if attempt is None:
        raise Broken("the journal forgot an attempt that was just written")
    return attempt
