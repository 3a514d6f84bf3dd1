"""Has the clip of a request made: submits it, waits for its task to end, and downloads the result.

A failure of the service's own passes: the request is sent again, a few times.
"""

from decimal import Decimal

from wanx_render.backends.base import Canceled, Failed, Succeeded, Unknown
from wanx_render.catalog.pricing import impossible
from wanx_render.language import joined, tr
from wanx_render.money import show_amount
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.planned import Take
from wanx_render.run.context import RunContext
from wanx_render.tasks.clip_store import ClipStore
from wanx_render.tasks.collect import UNKNOWN
from wanx_render.tasks.outcome import TakeFailure
from wanx_render.tasks.polling import Ended
from wanx_render.tasks.reporter import TakeReporter
from wanx_render.tasks.submit import EXPIRED

AGAIN = 2  # how often a request is sent once more in a run whose task failed by the service's fault
AGAIN_PAUSE = 15.0  # seconds before the first of these, twice as long before the next


class TaskRunner:
    """The tasks that the takes of one list wait for."""

    def __init__(self, context: RunContext, reporter: TakeReporter) -> None:
        self._context = context
        self._reporter = reporter
        self.spent = Decimal(0)  # billed to tasks that this run's takes waited for and sent

    async def fetch(self, take: Take, key: str, store: ClipStore) -> TakeFailure | None:
        """Have the clip of ``take`` in ``store``; else why not. Raises WanxError."""
        attempt = store.journal.owed_for(key)
        limiter = self._context.account.limiter(take.request.model)
        running = bool(attempt and attempt.task_id)
        async with limiter.slot(self._context.clips.name, running=running):
            outcome = await self._run(take, key, store)
            for number in range(AGAIN):
                if isinstance(outcome, TakeFailure) or not self._passes(outcome[1]):
                    break
                await self._pause(take, outcome[1], number)
                outcome = await self._run(take, key, store)
        if isinstance(outcome, TakeFailure):
            return outcome
        task, end = outcome
        if not isinstance(end, Succeeded):
            return self._failure(take, end)
        await store.collector.fetch(task, end)
        return None

    async def _run(
        self, take: Take, key: str, store: ClipStore
    ) -> tuple[Attempt, Ended] | TakeFailure:
        """Submit the request, or take up the task that was submitted before; how it ended."""
        attempt = await store.submitter.submit(
            take, key, insisted=take.shot in self._context.insisted
        )
        if isinstance(attempt, TakeFailure):
            return attempt
        limiter = self._context.account.limiter(take.request.model)
        progress = self._reporter.progress(take, attempt.task_id)
        with self._context.account.at_work():
            try:
                end = await store.collector.end(attempt, progress, lambda: limiter.queue_empty)
            finally:
                self._settle(take, key, attempt, store)
        return attempt, end

    def _settle(self, take: Take, key: str, attempt: Attempt, store: ClipStore) -> None:
        """Compare the bill with the price that was reserved."""
        record = store.journal.attempt(attempt.id)
        bill = record.bill if record else None
        if store.limit.settle(key, bill) and bill:
            self.spent += bill.amount
        if record and (names := impossible(record.usage or {})):
            message = tr(
                "the service reported impossible figures, ignored: {names}",
                names=joined(names, tr(", ")),
            )
            self._reporter.report(take, "warning", message)
        if bill and take.price and bill.amount != take.price.amount:
            cost, price = (show_amount(m.amount, exactly=True) for m in (bill, take.price))
            message = tr("billed {cost}, planned {price}", cost=cost, price=price)
            self._reporter.report(take, "warning", message)

    def _passes(self, end: Ended) -> bool:
        """Whether a task failed for a reason of the service's own, which passes."""
        if not isinstance(end, Failed):
            return False
        catalog = self._context.tools.catalog
        return catalog.meaning(end.code, end.message).kind in ("service", "busy")

    async def _pause(self, take: Take, end: Ended, number: int) -> None:
        """Say that the request is sent again, and wait before that; longer each time."""
        pause = AGAIN_PAUSE * 2**number
        if isinstance(end, Failed):
            message = tr(
                "{code}: {message}; not billed, try {n} of {total} in {seconds:.0f} s",
                code=end.code, message=end.message,
                n=number + 2, total=AGAIN + 1, seconds=pause,
            )  # fmt: skip
            self._reporter.report(take, "warning", message)
        await self._context.tools.clock.sleep(pause)

    def _failure(self, take: Take, end: Ended) -> TakeFailure:
        """Why a task that ended has no clip."""
        match end:
            case Failed(code=code, message=message):
                advice = self._context.tools.catalog.meaning(code, message).advice
                return TakeFailure(take, "failed", code, message, end.task_id, advice)
            case Canceled():
                message = tr("the task was cancelled")
                return TakeFailure(take, "canceled", "Canceled", message, end.task_id)
            case Unknown(expired=True):
                return TakeFailure(take, "lost", "Expired", EXPIRED, end.task_id)
            case Unknown() | Succeeded():
                return TakeFailure(take, "unresolved", "Unknown", UNKNOWN, end.task_id)
