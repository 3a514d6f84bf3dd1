"""Asking for a clip, which costs money: sent once, and never again while its outcome is in doubt.

An intent is in the journal before the request leaves. An answer that proves neither acceptance nor
refusal is held against the service's own list; what that cannot tell is left to a person.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from wanx_render.account import Account
from wanx_render.backends.base import Backend, Submission
from wanx_render.errors import Broken, Refused, ServiceError, Throttled, Uncertain, Unsent
from wanx_render.events import Kind
from wanx_render.journal import Attempt, Journal
from wanx_render.lanes import Lane
from wanx_render.plan import Take
from wanx_render.purse import Purse
from wanx_render.results import Fault, words

_STOPS = ("key", "money", "quota")  # kinds of refusal after which no other request can succeed
_UNSENT_TRIES = 8
_DOUBT_TRIES = 3  # a service that answers no create call with sense is not asked for ever
_LONGEST_PAUSE = 30.0

Tell = Callable[[Take, Kind, str, str | None], None]


@dataclass
class Asker:
    """Sends the create calls of one run."""

    account: Account
    journal: Journal
    purse: Purse
    chance: random.Random
    tell: Tell
    withdrawn: Callable[[Take], bool] = lambda _: False  # what a person no longer wants

    @property
    def backend(self) -> Backend:
        return self.account.backend

    def lane(self, take: Take) -> Lane:
        return self.account.lane(take.request.model)

    async def ask(self, take: Take, key: str) -> Attempt | Fault:
        """The attempt whose task will make the clip: of an earlier run, or a new one.

        Raises Refused, Unreachable, Unsent or Uncertain.
        """
        before = self.journal.owed_for(key)
        if before and before.scope != self.backend.scope:
            return Fault(take, "unresolved", "OtherAccount", _other_account(before), before.task_id)
        if before and before.task_id:
            self.tell(take, "resumed", "", before.task_id)
            return before
        async with self.lane(take).door:
            await self.account.settle(take.request.model)
            before = self.journal.owed_for(key)
            if before and before.task_id:
                self.tell(take, "resumed", "", before.task_id)
                return before
            if before:
                return Fault(take, "unresolved", "Unresolved", before.message or "")
            return await self._new(take, key)

    async def _new(self, take: Take, key: str) -> Attempt | Fault:
        """Send what was never asked for, if there is money for it."""
        if self.account.halted:
            return Fault(
                take, "failed", self.account.halted.code, "not sent: " + self.account.halted.message
            )
        if self.withdrawn(take):
            return Fault(take, "canceled", "Withdrawn", "not sent: it was taken back in time")
        await self.backend.prepare(Submission(take.request, take.label))
        if not self.purse.reserve(key, take.price):
            told = f"not sent: {self.purse.told}"
            return Fault(take, "failed", "OverBudget", told)
        try:
            return await self._submit(take, key)
        except ServiceError:
            self.purse.settle(key, None)  # surely not accepted: what is in doubt returns
            raise

    async def _submit(self, take: Take, key: str, doubts: int = 0) -> Attempt | Fault:
        """Send the request until it is surely accepted, surely refused, or in doubt."""
        journal, lane, pauses, unsent = self.journal, self.lane(take), 0, 0
        attempt = journal.intend(
            key, take.label, take.request, self.backend.now(), scope=self.backend.scope
        )
        while True:
            try:
                accepted = await self.backend.submit(Submission(take.request, take.label))
            except (Throttled, Unsent) as error:
                if isinstance(error, Throttled):
                    lane.throttled(self.backend.now())
                unsent += isinstance(error, Unsent)
                if unsent >= _UNSENT_TRIES:
                    journal.ended(attempt, "released", error.code, error.message)
                    raise
                pause, pauses = self._pause(error, pauses), pauses + 1
                self.tell(take, "throttled", f"{error.code}, again in {pause:.0f} s", None)
                await self.account.clock.sleep(pause)
                journal.asked_again(attempt, self.backend.now())
            except Refused as error:
                journal.ended(attempt, "refused", error.code, error.message)
                if self.account.catalog.meaning(error.code).kind in _STOPS:
                    self.account.halted = error
                raise
            except Uncertain as error:
                journal.uncertain(attempt, self.backend.now(), error.code, words(error))
                told = f"{words(error)}; asking the service's own list"
                self.tell(take, "uncertain", told, None)
                return await self._after_doubt(take, key, error, doubts + 1)
            else:
                journal.submitted(attempt, accepted.task_id, accepted.request_id)
                lane.accepted()
                self.tell(take, "submitted", "", accepted.task_id)
                await self.account.clock.sleep(lane.gap)
                return _known(journal.owed_for(key))

    def _pause(self, error: ServiceError, pauses: int) -> float:
        """As long as the service says; else longer each time, and never two programs in step."""
        told = error.retry_after if isinstance(error, Throttled) else None
        longest = min(2.0**pauses, _LONGEST_PAUSE)
        return told if told is not None else self.chance.uniform(longest / 2, longest)

    async def _after_doubt(
        self, take: Take, key: str, error: Uncertain, doubts: int
    ) -> Attempt | Fault:
        await self.account.settle(take.request.model)
        found = self.journal.owed_for(key)
        if found is None and doubts >= _DOUBT_TRIES:
            raise error
        if found is None:  # surely not accepted
            return await self._submit(take, key, doubts)
        if found.task_id:
            self.tell(take, "submitted", "found in the service's list", found.task_id)
            return found
        return Fault(take, "unresolved", "Unresolved", found.message or "")


def _other_account(attempt: Attempt) -> str:
    return (
        "it was asked for with another key or address, which alone can tell what became of it: "
        f"use that again, or give it up with `resolve FILE {attempt.id} --release`"
    )


def _known(attempt: Attempt | None) -> Attempt:
    if attempt is None:
        raise Broken("the journal forgot an attempt that was just written")
    return attempt
