"""Runs from the board: one at a time, confirmed by the exact price; and cancelling."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from wanx_render.backends.base import Backend, Pending, Running, home_of
from wanx_render.board.app import Declined
from wanx_render.board.holding import Holding, problem_of
from wanx_render.board.quotes import check_rebuild, priced, rebuilt
from wanx_render.board.view import Ledger, Live
from wanx_render.errors import BadInput, NeedsApproval, ServiceError, WanxError
from wanx_render.events import Event
from wanx_render.language import Message, tr
from wanx_render.media import ffmpeg
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.planned import Take
from wanx_render.planning.take_name import TakeName
from wanx_render.reports.terminal import sentence
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
    opening: Message
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
        choose: Callable[[Asked], Awaitable[Any]],
        news: Callable[[], None],
        over: Callable[[], None],
    ) -> None:
        """``choose`` picks a take, as a person does; ``over`` has everything looked at again."""
        self._holding = holding
        self._executor = executor
        self._choose = choose
        self._news = news
        self._over = over
        self._starting = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.current: Current | None = None
        self.live: dict[tuple[str, int], Live] = {}
        self.log: deque[Message] = deque(maxlen=LINES)
        self.stopped: Message | None = None  # why the last run ended early

    def now(self) -> datetime | None:
        """The service's time, while a run is on."""
        return self.current.service.backend.now() if self.current else None

    async def quote(self, asked: Asked) -> dict[str, Any]:
        """What a run would ask for and cost, and what it leaves; nothing is sent."""
        holding = self._holding
        if asked.get("what") == "rebuild":
            await holding.reload()  # a choice may be on its way
            return rebuilt(holding.outlook, holding.selection.catalog)
        survey = self._surveyed(asked)
        try:
            check_budgets(survey)
        except (BadInput, NeedsApproval) as error:
            return {**priced(survey), "refused": error.sentence}
        return priced(survey)

    def _surveyed(self, asked: Asked) -> Surveyed:
        """What the page asks for: all that is missing, one more take, or the deliverables alone."""
        match asked.get("what"):
            case "render":
                return self._holding.surveyed()
            case "pictures":
                return self._holding.surveyed(pictures=True)
            case "reroll":
                shot = self._holding.planned(asked.get("shot")).shot.id
                return self._holding.surveyed(only=(shot,), retake=(shot,), picks_new_takes=True)
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
                raise Declined(tr("a run is on already: wait for its end, or cancel it"))
            await self._holding.reload()
            if self._holding.problems:
                problem = problem_of(self._holding.problems[0])
                raise Declined(tr("fix the list first: {problem}", problem=problem))
            with ExitStack() as stack:
                stack.enter_context(held(self._holding.folder))
                survey = self._surveyed(asked)
                self._check(survey, asked)
                task = await self._begin(str(asked.get("what")), survey)
                folder = stack.pop_all()  # it stays ours until the run is over
            task.add_done_callback(lambda task: self._ended(task, folder))
        return {"ok": True}

    def _check(self, survey: Surveyed, asked: Asked) -> None:
        """Hold a run to what was confirmed. Raises Declined or NeedsApproval."""
        if survey.selection.options.free:
            catalog, on_purpose = survey.selection.catalog, asked.get("stale") is True
            check_rebuild(self._holding.outlook, catalog, on_purpose=on_purpose)
            return
        price = priced(survey)
        if price["takes"] and asked.get("price") != price["price"]:
            raise Declined(tr("confirm the exact price; nothing was sent"), **price)
        check_budgets(survey)

    async def _begin(self, what: str, surveyed: Surveyed) -> "asyncio.Task[None]":
        service, program = await self._service()
        surveyed.note_retakes()
        self._over()  # the takes that are bought are seen from here on
        for shot, take in surveyed.only.bought.items():
            await self._choose({"shot": shot, "take": take})
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
        text = tr("rebuilding the deliverables, at no cost") if free else opening(surveyed)
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
            self.stopped = tr("the run stopped: {reason}", reason=_why(error))
            self.log.append(self.stopped)
        self._over()

    def _note(self, event: Event) -> None:
        """Take in one event; the end of the list is known by its task."""
        if event.kind == "list":
            return
        if event.shot and event.take:
            name = (event.shot, event.take)
            live = Live.after(self.live.pop(name, None), event, self.now())
            if live:
                self.live[name] = live
        if event.kind not in _QUIET:
            self.log.append(sentence(replace(event, list=None)))
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
            answers = [tr("nothing is at work")]
        self.log.extend(answers)
        self._holding.restand()
        self._news()
        return {"answers": answers}

    def _take_back(self, take: Take | None) -> list[Message]:
        """Keep what was not sent from being sent: one take, or all."""
        running = self.current
        if running is None:
            return []
        if take is None:
            running.stopped = True
            return [tr("nothing more is sent")]
        live = self.live.get((take.shot, take.number))
        is_unsent = live is not None and live.state in ("waiting", "slowed")
        open_ones = self._holding.journal.every("submitted", "submitting")
        if not is_unsent and any(attempt.take == take.name for attempt in open_ones):
            return []
        running.withdrawn.add(take.name)
        return [tr("{take}: withdrawn before it was sent", take=take.name.title)]

    async def _cancel_all(self, attempts: list[Attempt]) -> list[Message]:
        if self.current:
            backend = self.current.service.backend
            return [(await cancelled(backend, attempt))[1] for attempt in attempts]
        holding = self._holding
        if holding.outlook.plan.backend == "mock" and holding.is_held():
            raise Declined(tr("the mock is in the program that works here now: cancel there"))
        service, _ = await self._service()
        try:
            await service.open(holding.selection.catalog)
            answers = []
            for attempt in attempts:
                is_done, answer = await cancelled(service.backend, attempt)
                answers.append(answer)
                if is_done and not holding.is_held():
                    self._holding.journal.ended(
                        attempt.id, "failed", "Canceled", tr("the task was cancelled")
                    )
            return answers
        finally:
            await service.backend.close()

    async def close(self) -> None:
        """Stop what is at work here; the service continues, and the next run resumes it."""
        if self._task and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])


async def cancelled(backend: Backend, attempt: Attempt) -> tuple[bool, Message]:
    """Ask the service to cancel; whether it did, and its answer in words."""
    task_id, take = attempt.task_id or "", attempt.take.title
    backend = home_of(backend, attempt.recipient) or backend
    try:
        if await backend.cancel(task_id):
            return True, tr("{take}: cancelled at the service, not billed", take=take)
        state = await backend.poll(task_id)
    except ServiceError as error:
        return False, tr("{take}: not cancelled: {reason}", take=take, reason=error.sentence)
    if isinstance(state, Running):
        return False, tr("{take}: runs already, cannot be stopped and will be billed", take=take)
    if isinstance(state, Pending):
        return False, tr("{take}: not cancelled, still queued; try again", take=take)
    state_name = type(state).__name__.lower()
    return False, tr("{take}: too late, it has ended ({state})", take=take, state=state_name)


def _why(error: BaseException) -> Message:
    """What stopped a run, in words; of several at once the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, WanxError):
        return error.sentence
    return tr("a bug in wanx-render: {error}", error=f"{type(error).__name__}: {error}")
