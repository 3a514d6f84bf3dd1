"""Asks the questions of probes and follows the tasks that come of them to their end.

A task that a probe is given could not be made into a clip, so it fails by itself; one that has not
failed after a while is cancelled. As soon as one may be billed all the same, nothing more is
created.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wanx_render.backends.cleaning import Cleaner, identifier, parsed
from wanx_render.backends.raw import RawAnswer, RawCall, RawService
from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.clock import Clock
from wanx_render.conformance.answers import Followed, ProbeExchange, output_of
from wanx_render.conformance.bodies import call_of
from wanx_render.conformance.probe import Aspect, ServiceProbe

# Seconds of the service's clock.
_BETWEEN_CREATES, _BETWEEN_READS, _BEFORE_A_BURST = 1.0, 0.1, 2.0
_PATIENCE = 30  # polls, a second apart: wrong values were seen to fail after 16 s
_LONGEST = 120  # polls of a task that runs and cannot be cancelled
_LISTED = 30
_BUSY_TRIES, _BUSY_PAUSE = 3, 10.0

Keep = Callable[[ServiceProbe, Model | None, RawCall, list[RawAnswer]], None]


@dataclass(kw_only=True)
class Asker:
    """One service, asked as one account."""

    service: RawService
    catalog: Catalog
    region: str
    key: str = field(repr=False)
    clock: Clock
    cleaner: Cleaner
    keep: Keep
    tasks: list[Followed] = field(default_factory=list)  # every task that was accepted
    headers: dict[int, set[str]] = field(default_factory=dict)  # that answers had, by status

    @property
    def in_doubt(self) -> tuple[Followed, ...]:
        """Tasks of which it is not certain that they cost nothing."""
        return tuple(task for task in self.tasks if task.may_be_billed)

    async def ask(self, probe: ServiceProbe, model: Model | None) -> ProbeExchange | None:
        """The question as it was answered; None where it is not asked because of the risk."""
        question = probe.question
        creates = question.call in ("create", "nowhere")
        if creates and self.in_doubt:
            return None
        call = call_of(question, model, self.catalog, self.region, self.key)
        pause = _BEFORE_A_BURST if question.times > 1 else _BETWEEN_READS
        await self.clock.sleep(_BETWEEN_CREATES if creates else pause)
        begun = self.clock.now()
        answers = await self._answers(call, question.times)
        exchange = ProbeExchange(answers, (self.clock.now() - begun).total_seconds())
        task_id = identifier(output_of(answers[0]).get("task_id")) if creates else ""
        if creates and answers[0].status == 200 and not task_id:
            self.tasks.append(Followed("?"))  # accepted, and nobody can say what becomes of it
        if task_id:
            exchange.followed = Followed(task_id)
            self.tasks.append(exchange.followed)
            aspects = {check.aspect for check in probe.checks}
            await self._follow(exchange.followed, aspects)
        polls = exchange.followed.answers if exchange.followed else []
        for answer in answers:
            self.headers.setdefault(answer.status, set()).update(answer.headers)
        self.keep(probe, model, call, [*answers, *polls[-1:]])
        return exchange

    async def _answers(self, call: RawCall, times: int) -> list[RawAnswer]:
        if times > 1:
            return list(await asyncio.gather(*(self.service.ask(call) for _ in range(times))))
        answer = await self.service.ask(call)
        for _ in range(_BUSY_TRIES):
            if answer.status != 429:  # which proves that nothing was created
                break
            await self.clock.sleep(_BUSY_PAUSE)
            answer = await self.service.ask(call)
        return [answer]

    async def _follow(self, task: Followed, aspects: set[Aspect]) -> None:
        """Wait until a task has failed; cancel it where it does not."""
        if "listed" in aspects:
            await self._wait_for_row(task)
        await self._poll(task, _PATIENCE, running=_LONGEST)
        if not task.has_ended:
            await self._cancel(task)
            await self._poll(task, _PATIENCE, running=_LONGEST)
        elif "cancelled" in aspects:
            await self._cancel(task)
        if "row" in aspects:
            task.row = await self._row(task)

    async def _poll(self, task: Followed, patience: int, *, running: int) -> None:
        """Ask for its state until it has ended, a second apart; longer while it runs."""
        number = 0
        while number < (running if task.status == "RUNNING" else patience):
            task.answers.append(await self._asked("GET", f"/tasks/{task.task_id}"))
            if task.has_ended:
                return
            number += 1
            await self.clock.sleep(1)

    async def _cancel(self, task: Followed) -> None:
        task.cancelled = await self._asked("POST", f"/tasks/{task.task_id}/cancel")

    async def _wait_for_row(self, task: Followed) -> None:
        """Note after how many seconds the list of tasks has it."""
        begun = self.clock.now()
        while (after := (self.clock.now() - begun).total_seconds()) <= _LISTED:
            if await self._row(task):
                task.listed_after = after
                return
            await self.clock.sleep(1)

    async def _row(self, task: Followed) -> Mapping[str, Any]:
        """Its row in the list; empty where there is none."""
        query = {"page_no": "1", "page_size": "100"}
        answer = await self.service.ask(RawCall("GET", "/tasks", query, key=self.key))
        rows = parsed(answer.content).get("data")
        listed = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return next((row for row in listed if row.get("task_id") == task.task_id), {})

    async def _asked(self, method: str, path: str) -> RawAnswer:
        return await self.service.ask(RawCall(method, path, key=self.key))
