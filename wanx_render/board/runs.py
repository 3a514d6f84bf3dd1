"""Runs from the board: one at a time, confirmed by the exact price; and cancelling."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from wanx_render.backends.base import Backend, Pending, Running
from wanx_render.board.app import Declined
from wanx_render.board.holding import Holding
from wanx_render.board.view import Ledger, Live
from wanx_render.diagnostics import clean, without_secrets
from wanx_render.errors import NeedsApproval, ServiceError, WanxError
from wanx_render.events import Event
from wanx_render.media import ffmpeg
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.plan import Take
from wanx_render.planning.take_name import TakeName
from wanx_render.reports.terminal import line
from wanx_render.session.approval import check_budgets
from wanx_render.session.carry_out import Means, Run
from wanx_render.session.connection import Service, reach
from wanx_render.session.folder import held
from wanx_render.session.summary import opening
from wanx_render.session.survey import Surveyed

Asked = Mapping[str, Any]
LINES = 100  # of the log
_QUIET = frozenset({"polled"})  # sent at each query of the service
_OPEN = ("submitting", "submitted", "uncertain", "unresolved")


@dataclass
class Current:
    """The run that is on."""

    what: str
    opening: str
    service: Service
    first: int  # attempts with a higher number are this run's
    prices: Mapping[str, Decimal]  # by what is asked for
    withdrawn: set[TakeName] = field(default_factory=set)
    stopped: bool = False

    def takes_back(self, take: Take) -> bool:
        return self.stopped or take.name in self.withdrawn

    def spent(self, ledger: Ledger) -> Decimal:
        """What this run was billed, or will be for what it has sent."""
        total = Decimal(0)
        for attempt in ledger.last.values():
            if attempt.id > self.first and attempt.amount:
                total += Decimal(attempt.amount)
            elif attempt.id > self.first and attempt.state in _OPEN:
                total += self.prices.get(attempt.key, Decimal(0))
        return total


class Runs:
    """The runs of one list; ``news`` is called when something happened, ``over`` after a run."""

    def __init__(
        self,
        holding: Holding,
        executor: Executor,
        *,
        news: Callable[[], None],
        over: Callable[[], None],
    ) -> None:
        self._holding = holding
        self._executor = executor
        self._news = news
        self._over = over
        self._starting = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.current: Current | None = None
        self.live: dict[tuple[str, int], Live] = {}
        self.log: deque[str] = deque(maxlen=LINES)
        self.stopped: str | None = None  # why the last run did not come to its end

    def now(self) -> datetime | None:
        """The service's time, while a run is on."""
        return self.current.service.backend.now() if self.current else None

    async def quote(self, asked: Asked) -> dict[str, Any]:
        """What a run would ask for and cost; nothing is sent."""
        survey = self._surveyed(asked)
        try:
            check_budgets(survey)
        except NeedsApproval as error:
            return {**_priced(survey), "refused": str(error)}
        return _priced(survey)

    def _surveyed(self, asked: Asked) -> Surveyed:
        """What the page asks for: all that is missing, one more take, or the deliverables alone."""
        match asked.get("what"):
            case "render":
                return self._holding.surveyed()
            case "reroll":
                shot = self._holding.planned(asked.get("shot")).shot.id
                return self._holding.surveyed(only=(shot,), retake=(shot,))
            case "rebuild":
                return self._holding.surveyed(cascade=False, free=True)
            case _:
                raise KeyError("what")

    async def start(self, asked: Asked) -> dict[str, Any]:
        """Begin a run. What costs must be confirmed by its exact price; a rebuild asks nothing.

        Raises Declined, NeedsApproval, FolderBusy or KeyError.
        """
        async with self._starting:
            if self.current:
                raise Declined("one run at a time: wait for the one that is on, or cancel it")
            await self._holding.reload()
            if self._holding.problems:
                raise Declined(f"mend the list first: {self._holding.problems[0]}")
            with ExitStack() as stack:
                stack.enter_context(held(self._holding.folder))
                survey = self._surveyed(asked)
                if not survey.selection.options.free:
                    price = _priced(survey)
                    if price["takes"] and asked.get("price") != price["price"]:
                        raise Declined("confirm the exact price: nothing was sent", **price)
                    check_budgets(survey)
                task = await self._begin(str(asked.get("what")), survey)
                folder = stack.pop_all()  # it stays ours until the run is over
            task.add_done_callback(lambda task: self._ended(task, folder))
        return {"ok": True}

    async def _begin(self, what: str, surveyed: Surveyed) -> "asyncio.Task[None]":
        service, program = await self._service()
        surveyed.note_retakes()
        current = self._current(what, surveyed, service)
        means = Means.here(service, program, self._executor)
        run = Run(surveyed, means, self._note, withdrawn=current.takes_back)
        self.current, self.stopped = current, None
        self._note(Event("start", current.opening))
        self._task = asyncio.create_task(run.carry_out())
        return self._task

    def _current(self, what: str, surveyed: Surveyed, service: Service) -> Current:
        plan, free = surveyed.only.plan, surveyed.selection.options.free
        prices = {
            take.request.key(plan.backend): take.price.amount for take in plan.takes if take.price
        }
        text = "rebuilding the deliverables, at no cost" if free else opening(surveyed)
        first = max((attempt.id for attempt in self._holding.journal.every()), default=0)
        return Current(what, text, service, first, prices)

    async def _service(self) -> tuple[Service, ffmpeg.Ffmpeg]:
        holding = self._holding
        environ = holding.environment.environ
        program = await asyncio.to_thread(ffmpeg.find, environ)
        service = reach(
            holding.selection.catalog, holding.access, environ, {holding.folder: holding.journal},
            program=program, executor=self._executor,
        )  # fmt: skip
        return service, program

    def _ended(self, task: "asyncio.Task[None]", folder: ExitStack) -> None:
        """The run is over, however: let the folder go and show what is there."""
        folder.close()
        self.current = None
        self.live.clear()
        if not task.cancelled() and (error := task.exception()):
            self.stopped = f"the run stopped: {_why(error)}"
            self.log.append(self.stopped)
        self._over()

    def _note(self, event: Event) -> None:
        """Hear of one thing that happened; that the list ended, the task says."""
        if event.kind == "list":
            return
        if event.shot and event.take:
            name = (event.shot, event.take)
            live = Live.after(self.live.pop(name, None), event, self.now())
            if live:
                self.live[name] = live
        if event.kind not in _QUIET:
            self.log.append(clean(without_secrets(line(replace(event, list=None)))))
        self._news()

    async def cancel(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Cancel one take or all; the answer says what the service really did."""
        take: Take | None = None
        if "shot" in asked:
            planned_shot, number = self._holding.take_of(asked)
            take = planned_shot.takes[number - 1]
        answers = self._take_back(take)
        open_ones = [
            attempt
            for attempt in self._holding.journal.every("submitted")
            if take is None or attempt.take == take.name
        ]
        if open_ones:
            answers += await self._cancel_all(open_ones)
        if not answers:
            answers = ["nothing is on its way"]
        self.log.extend(map(clean, answers))
        self._holding.restand()
        self._news()
        return {"told": answers}

    def _take_back(self, take: Take | None) -> list[str]:
        """Keep what was not sent from being sent: one take, or all."""
        running = self.current
        if running is None:
            return []
        if take is None:
            running.stopped = True
            return ["nothing more is sent"]
        live = self.live.get((take.shot, take.number))
        is_unsent = live is not None and live.state in ("waiting", "slowed")
        open_ones = self._holding.journal.every("submitted", "submitting")
        if not is_unsent and any(attempt.take == take.name for attempt in open_ones):
            return []
        running.withdrawn.add(take.name)
        return [f"{take.label}: taken back before it was sent"]

    async def _cancel_all(self, attempts: list[Attempt]) -> list[str]:
        if self.current:
            backend = self.current.service.backend
            return [await cancelled(backend, attempt) for attempt in attempts]
        holding = self._holding
        if holding.outlook.plan.backend == "mock" and holding.is_held():
            raise Declined("the mock lives in the program that runs here now: cancel there")
        service, _ = await self._service()
        try:
            await service.open(holding.selection.catalog)
            answers = []
            for attempt in attempts:
                answers.append(await cancelled(service.backend, attempt))
                if answers[-1].endswith(_DONE) and not holding.is_held():
                    self._holding.journal.ended(
                        attempt.id, "failed", "Canceled", "the task was cancelled"
                    )
            return answers
        finally:
            await service.backend.close()

    async def close(self) -> None:
        """Stop what is on its way here; the service goes on, and the next run takes it up."""
        if self._task and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])


_DONE = "cancelled at the service; it is not billed"


async def cancelled(backend: Backend, attempt: Attempt) -> str:
    """Ask the service to cancel, and say what it says."""
    task_id = attempt.task_id or ""
    try:
        if await backend.cancel(task_id):
            return f"{attempt.label}: {_DONE}"
        state = await backend.poll(task_id)
    except ServiceError as error:
        return f"{attempt.label}: not cancelled: {error}"
    if isinstance(state, Running):
        return (
            f"{attempt.label}: it runs already; the service cannot stop it, and it will be billed"
        )
    if isinstance(state, Pending):
        return f"{attempt.label}: not cancelled, though it still waits; try again"
    return f"{attempt.label}: too late, it has ended ({type(state).__name__.lower()})"


def _priced(surveyed: Surveyed) -> dict[str, Any]:
    """The price of a run as it must be confirmed, and what it is for."""
    new = surveyed.only.new
    return {
        "price": str(surveyed.cost),
        "takes": [take.label for take in new],
        "typed": surveyed.selection.backend != "mock" and bool(new),
    }


def _why(error: BaseException) -> str:
    """What stopped a run, in words; of several at once the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    message = (
        str(error) if isinstance(error, WanxError) else f"a bug: {type(error).__name__}: {error}"
    )
    return clean(without_secrets(message))
