"""Asking for a clip, which costs money: sent once, and never again while its outcome is in doubt.

An answer that proves neither acceptance nor refusal is searched for in the service's own list while
other takes go on; what the list does not show is left to a person.
"""

from dataclasses import dataclass, replace

from wanx_render.backends.base import Backend, home_of
from wanx_render.language import NOTHING, Message, recorded, tr
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.planned import Take
from wanx_render.tasks.account import Account
from wanx_render.tasks.outcome import TakeFailure
from wanx_render.tasks.reconcile import REFUSED_SEARCH, Judge, is_far, search, settle
from wanx_render.tasks.send import Report, Sender

_RESUBMISSIONS = 3  # a service that answers no create call with sense is not asked for ever


@dataclass(frozen=True, kw_only=True)
class Submitter:
    """Asks for the clips of one folder: what earlier calls left comes first."""

    account: Account
    journal: Journal
    report: Report
    judge: Judge
    sender: Sender

    @property
    def backend(self) -> Backend:
        return self.account.backend

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
            async with self.account.limiter(take.request.model).create_lock:
                # Another take may have asked for the same meanwhile.
                attempt = self.journal.owed_for(key) or await self.sender.send(take, key)
            if isinstance(attempt, TakeFailure) or attempt.task_id:
                return attempt
        message = tr("{n} requests had no usable answer", n=_RESUBMISSIONS)
        return TakeFailure(take, "unresolved", "Unresolved", message)

    async def _known(self, take: Take, key: str, *, insisted: bool) -> Attempt | TakeFailure | None:
        """What an earlier call left of this request; None where it may be sent."""
        before = self.journal.owed_for(key)
        if before and home_of(self.backend, before.recipient) is None:
            return TakeFailure(
                take,
                "unresolved",
                "OtherAccount",
                other_account(before, self.backend),
                before.task_id,
            )
        if before and before.task_id:
            self.report(take, "resumed", NOTHING, before.task_id)
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
            advice = tr(
                "change the prompt or the picture, or use --retake {shot}",
                shot=take.name.shot_label,
            )
            message = _moderated(last)
            return TakeFailure(take, "failed", last.code or "", message, last.task_id, advice)
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
        message = tr("not in the service's list; sent again because of --on-ambiguous resubmit")
        self.journal.ended(attempt.id, "released", "Resubmitted", message)
        text = tr("{reason}; it may be paid twice", reason=message)
        self.report(take, "warning", text, None)

    async def _refused_before(self, take: Take, attempt: Attempt) -> Attempt | TakeFailure | None:
        """Whether a request that was refused was accepted all the same; None where it was not.

        A service may accept a task and answer with a refusal: the list is asked before the same
        request is paid for once more.
        """
        foreign = home_of(self.backend, attempt.recipient) is None
        if attempt.sent_at is None or foreign or is_far(attempt, self.backend):
            return None
        self._report_search(take)
        outcome = await search(attempt, self.account.search(self.judge), REFUSED_SEARCH)
        if outcome.task_id:
            return self._adopted(take, attempt, outcome.task_id)
        return self._unresolved(take, attempt, outcome.doubt) if outcome.doubt else None

    def _report_search(self, take: Take) -> None:
        text = tr("searching the service's list for its task")
        self.report(take, "uncertain", text, None)

    def _adopted(self, take: Take, attempt: Attempt, task_id: str) -> Attempt:
        self.journal.adopted(attempt.id, task_id)
        self.report(take, "submitted", tr("found in the service's list"), task_id)
        return replace(attempt, state="submitted", task_id=task_id)

    def _unresolved(self, take: Take, attempt: Attempt, message: Message) -> TakeFailure:
        self.journal.ended(attempt.id, "unresolved", "Unresolved", message)
        return TakeFailure(take, "unresolved", "Unresolved", message, attempt=attempt)


EXPIRED = tr(
    "expired, possibly paid: the service no longer reports this task. "
    "To send it again, run wanx-render resolve FILE"
)


def _moderated(attempt: Attempt) -> Message:
    return tr(
        "not sent again unchanged; the answer of {time} UTC was: {message}",
        time=attempt.asked_at.isoformat(sep=" ", timespec="minutes")[:16],
        message=recorded(attempt.message) if attempt.message else tr("refused"),
    )


def other_account(attempt: Attempt, backend: Backend) -> Message:
    """Why nobody can be asked what became of ``attempt``, and what to do."""
    if attempt.scope == backend.recipient.scope:
        return tr(
            "requested at {address}: use --base-url with that address, "
            "or run wanx-render resolve FILE {id} --release",
            address=attempt.address, id=attempt.id,
        )  # fmt: skip
    return tr(
        "requested with another key: use that again, "
        "or run wanx-render resolve FILE {id} --release",
        id=attempt.id,
    )
