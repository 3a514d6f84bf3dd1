"""Sending a create call until it is surely accepted, surely refused, or in doubt.

An intent is in the journal before the request leaves, and the moment of leaving too.
"""

import random
from collections.abc import Awaitable, Callable
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
    WanxError,
)
from wanx_render.events import Kind
from wanx_render.language import NOTHING, Message, tr
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.planned import Take
from wanx_render.task import TaskRequest
from wanx_render.tasks.account import Account
from wanx_render.tasks.budget import SpendingLimit
from wanx_render.tasks.outcome import TakeFailure, words
from wanx_render.tasks.rate_limit import RateLimiter

_STOPS = ("key", "money", "quota")  # kinds of refusal after which no other request can succeed
_UNSENT_TRIES = 8
_LONGEST_PAUSE = 30.0
_LONGEST_THROTTLE = timedelta(minutes=10)  # then the service is too busy for this run

Report = Callable[[Take, Kind, Message, str | None], None]


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Sends the create calls of one folder."""

    account: Account
    journal: Journal
    limit: SpendingLimit
    chance: random.Random  # for pauses alone
    report: Report
    withdrawn: Callable[[Take], bool]  # what a person no longer wants
    # A request with the files of what is sent of its pictures.
    pictures: Callable[[TaskRequest], Awaitable[TaskRequest]]

    @property
    def backend(self) -> Backend:
        return self.account.backend

    async def send(self, take: Take, key: str) -> Attempt | TakeFailure:
        """Send what was never asked for, if there is money for it.

        The attempt has no task where the outcome is in doubt. Raises Refused, Throttled,
        Unreachable, Unsent.
        """
        if error := self.account.halted:
            code = getattr(error, "code", type(error).__name__)
            return TakeFailure(take, "failed", code, _not_sent(error))
        if self.withdrawn(take):
            return TakeFailure(take, "canceled", "Withdrawn", tr("not sent: withdrawn in time"))
        take = replace(take, request=await self.pictures(take.request))
        await self.backend.prepare(Submission(take.request, take.label))
        if not self.limit.reserve(key, take.price):
            message = tr("not sent: {reason}", reason=self.limit.summary)
            return TakeFailure(take, "failed", "OverBudget", message)
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
            key, take.label, take.request, self.backend.now(), recipient=self.backend.recipient
        )
        while True:
            try:
                answer = await self._send_once(take, attempt)
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
                text = tr("{code}: {message}", code=error.code, message=words(error))
                self.report(take, "uncertain", text, None)
                return _noted(journal.owed_for(key))
            else:
                return await self._begin(take, key, attempt, answer)

    async def _send_once(self, take: Take, attempt: int) -> Accepted:
        """Raises what the backend raises, and Uncertain for an id that is taken."""
        answer = await self.backend.submit(
            Submission(take.request, take.label),
            lambda: self.journal.sending(attempt, self.backend.now()),
        )
        if self.account.owns(answer.task_id):
            message = tr("the service returned the id of another task: {task}", task=answer.task_id)
            raise Uncertain("TaskTwice", message, answer.request_id)
        return answer

    async def _begin(self, take: Take, key: str, attempt: int, answer: Accepted) -> Attempt:
        limiter = self._limiter(take)
        self.journal.submitted(attempt, answer.task_id, answer.request_id)
        limiter.accepted()
        self.account.accepted()
        self.report(take, "submitted", NOTHING, answer.task_id)
        await self.account.clock.sleep(limiter.gap)
        return _noted(self.journal.owed_for(key))

    async def _wait(self, take: Take, error: ServiceError, pauses: int) -> None:
        """As long as the service says; else longer each time, and never two programs in step."""
        if isinstance(error, Throttled):
            self._limiter(take).throttled(self.backend.now())
        wait = error.retry_after if isinstance(error, Throttled) else None
        longest = min(2.0 ** min(pauses, 10), _LONGEST_PAUSE)
        pause = wait if wait is not None else self.chance.uniform(longest / 2, longest)
        text = tr("{code}, next try in {seconds:.0f} s", code=error.code, seconds=pause)
        self.report(take, "throttled", text, None)
        await self.account.clock.sleep(pause)

    def _limiter(self, take: Take) -> RateLimiter:
        return self.account.limiter(take.request.model)


def _not_sent(error: WanxError) -> Message:
    """Why nothing more is sent in this run."""
    if not isinstance(error, UnknownHost):
        return tr("not sent: {reason}", reason=words(error))
    if error.host:
        return tr("not sent: a paid clip waits at {host}, which is not allowed", host=error.host)
    return tr("not sent: a paid clip waits at an address that cannot be used")


def _noted(attempt: Attempt | None) -> Attempt:
    if attempt is None:
        raise Broken(tr("the journal lost an attempt that was just written"))
    return attempt
