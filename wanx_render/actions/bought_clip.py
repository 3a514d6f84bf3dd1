"""Buys what was agreed to, as a run does, and looks at what the service made of it.

A lost answer is searched for and never repeated; what is in the journal is not bought again.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from wanx_render.actions.paid_probes import BACKEND, Purchase
from wanx_render.backends.base import Backend
from wanx_render.backends.raw import RawAnswer, RawCall
from wanx_render.catalog import result_hosts
from wanx_render.catalog.result_hosts import BadAddress
from wanx_render.conformance.asker import Asker
from wanx_render.conformance.clip import (
    ClipSeen,
    clip_findings,
    day_findings,
    host_finding,
    twin_findings,
)
from wanx_render.conformance.probe import ProbeFinding, Question, ServiceProbe
from wanx_render.errors import UnknownHost, WanxError
from wanx_render.events import Event, Kind, ReportProgress
from wanx_render.language import Message, recorded, tr, verbatim
from wanx_render.media import ffmpeg, probe
from wanx_render.money import Money
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.planned import Take
from wanx_render.session.carry_out import Means
from wanx_render.session.connection import Service
from wanx_render.session.folder import held, opened, pool
from wanx_render.tasks.budget import SpendingLimit
from wanx_render.tasks.clip_store import ClipStore, whole_clip
from wanx_render.tasks.outcome import TakeFailure
from wanx_render.tasks.wiring import Wiring

_FIRST_BYTE = {"Range": "bytes=0-0", "Accept-Encoding": "identity"}
_NOT_AGAIN = tr("the clip of an earlier probe is here; it is not bought again")
Say = Callable[[Message], None]


@dataclass
class Bought:
    """What the bought clip showed, and what it cost."""

    findings: list[ProbeFinding] = field(default_factory=list)
    clip: ClipSeen | None = None
    problems: list[Message] = field(default_factory=list)  # why something of it was not seen
    bills: list[Money] = field(default_factory=list)


async def buy(
    wanted: Purchase,
    asker: Asker,
    service: Service,
    program: ffmpeg.Ffmpeg,
    say: Say,
    own_host: str,
) -> Bought:
    """Ask for the clip and its twin, and look at both.

    Results may come from ``own_host`` too: an emulator's. Raises FolderBusy or BadInput.
    """
    with ExitStack() as stack:
        stack.enter_context(held(wanted.folder))
        journal = stack.enter_context(opened(wanted.folder, say))
        executor = stack.enter_context(pool())
        tools = Means.here(service, program, executor).tools(asker.catalog)
        wiring = Wiring(tools, [journal], "ask")
        witness = _Witness(asker, say)
        limit = SpendingLimit(wanted.most.amount)
        store = wiring.store(wanted.folder, journal, limit, wanted.media, witness.note)
        wiring.account.begin()
        return await _Buyer(wanted, asker, store, program, witness, own_host).buy()


@dataclass(frozen=True)
class _Witness:
    """Says what becomes of the takes, and cancels the twin as soon as it is accepted.

    A task that waits may run after a second, and then it is paid.
    """

    asker: Asker
    say: Say
    cancels: dict[str, asyncio.Future[RawAnswer]] = field(default_factory=dict)

    def note(self, take: Take, event: Event) -> None:
        if event.text:
            self.say(tr("{shot}: {text}", shot=take.shot, text=event.text))
        if event.kind == "submitted" and take.shot == "twin" and event.task_id:
            self.cancels[event.task_id] = asyncio.ensure_future(self._cancel(event.task_id))

    async def cancelled(self, task_id: str) -> RawAnswer:
        """The answer to the call that cancels a task, now or since it was accepted."""
        began = self.cancels.get(task_id)
        return await (began or self._cancel(task_id))

    async def _cancel(self, task_id: str) -> RawAnswer:
        key = self.asker.key
        return await self.asker.service.ask(RawCall("POST", f"/tasks/{task_id}/cancel", key=key))


@dataclass(frozen=True)
class _Buyer:
    wanted: Purchase
    asker: Asker
    store: ClipStore
    program: ffmpeg.Ffmpeg
    witness: _Witness
    own_host: str
    bought: Bought = field(default_factory=Bought)

    @property
    def say(self) -> Say:
        return self.witness.say

    @property
    def journal(self) -> Journal:
        return self.store.journal

    @property
    def backend(self) -> Backend:
        return self.store.submitter.backend

    async def buy(self) -> Bought:
        """The clip first; where something of it went wrong, no further task is created."""
        before = self.journal.paid()
        for name, step in (("clip", self._clip), ("twin", self._twin)):
            take = self.wanted.take(name)
            if take is None or self.bought.problems:
                continue
            try:
                await step(take)
            except UnknownHost as error:
                self.bought.problems.append(error.sentence)
                finding = host_finding(take.request.model, error.host, self.asker.catalog)
                self.bought.findings.append(finding)
            except WanxError as error:
                self.bought.problems.append(error.sentence)
        for currency, amount in self.journal.paid().items():
            if new := amount - before.get(currency, Decimal(0)):
                self.bought.bills.append(Money(new, currency))
        return self.bought

    # -- the clip --------------------------------------------------------------------------------

    async def _clip(self, take: Take) -> None:
        attempt = await self._fetched(take)
        if isinstance(attempt, Attempt):
            await self._look(take, attempt)
        else:
            self.bought.problems.append(attempt)

    async def _fetched(self, take: Take) -> Attempt | Message:
        """The attempt whose clip is here, bought where it was not yet; or why there is none."""
        key = take.request.key(BACKEND)
        if known := self._stored(key):
            self.say(_NOT_AGAIN)
            return known
        asked = await self._submitted(take, key)
        if isinstance(asked, TakeFailure):
            return recorded(asked.message)
        end = await self.store.collector.collect(asked, self._progress(take))
        known = self._stored(key)
        state = type(end).__name__.upper()
        return known or tr("the task ended as {state}", state=state)

    def _stored(self, key: str) -> Attempt | None:
        return whole_clip(key, self.journal, self.wanted.folder)

    async def _submitted(self, take: Take, key: str) -> Attempt | TakeFailure:
        self.say(tr("asking for {shot}", shot=take.shot))
        return await self.store.submitter.submit(take, key)

    def _progress(self, take: Take) -> ReportProgress:
        last: list[Kind] = []

        def report(  # the form of ReportProgress
            kind: Kind,
            polls: int | None = None,  # noqa: ARG001
            seconds_left: float | None = None,  # noqa: ARG001
        ) -> None:
            if kind in ("pending", "running") and kind not in last:
                last.append(kind)
                self.say(tr("{shot}: {text}", shot=take.shot, text=kind))

        return report

    async def _look(self, take: Take, attempt: Attempt) -> None:
        """What the clip, its task and its link show; after their day, what is left of both."""
        task = await self._query(attempt)
        part = await self._part(attempt.url or "")
        ended = attempt.ended_at or attempt.asked_at
        hours = self.asker.catalog.service.result_hours.value
        if part and self.backend.now() - ended > timedelta(hours=hours):
            self.bought.findings += day_findings(attempt.model, task, part)
            return
        path = self.wanted.folder / "clips" / (attempt.clip_name or "")
        picture = probe.probe(self.program, path).picture
        clip = ClipSeen(
            request=take.request, task=task, part=part, url=attempt.url or "",
            size=picture.size, rate=picture.rate, own_host=bool(self.own_host),
        )  # fmt: skip
        self.bought.findings += clip_findings(clip, self.asker.catalog)
        self.bought.clip = clip

    async def _query(self, attempt: Attempt) -> RawAnswer:
        call = RawCall("GET", f"/tasks/{attempt.task_id}", key=self.asker.key)
        answer = await self.asker.service.ask(call)
        name = attempt.take.shot
        asked = ServiceProbe(
            name, verbatim(name), Question("query", task=attempt.task_id or ""), ()
        )
        self.asker.keep(asked, None, call, [answer])
        return answer

    async def _part(self, url: str) -> RawAnswer | None:
        """The first byte of the file, from where results may be fetched; None from elsewhere."""
        try:
            address = result_hosts.parse(url)
        except BadAddress:
            return None
        allowed = self.asker.catalog.service.result_hosts.value
        target = result_hosts.to_fetch(address, allowed, self.own_host)
        return await self.asker.service.fetch(target, _FIRST_BYTE) if target else None

    # -- its twin --------------------------------------------------------------------------------

    async def _twin(self, take: Take) -> None:
        """Ask for the twin, which is cancelled as soon as it is accepted, and see how it ended."""
        key = take.request.key(BACKEND)
        if self._stored(key):  # it ran before it could be cancelled
            self.say(_NOT_AGAIN)
            return
        asked = await self._submitted(take, key)
        if isinstance(asked, TakeFailure):
            self.bought.problems.append(recorded(asked.message))
            return
        cancelled = await self.witness.cancelled(asked.task_id or "")
        await self.store.collector.collect(asked, self._progress(take))
        state = await self._query(asked)
        self.bought.findings += twin_findings(asked.model, cancelled, state)
        if self._stored(key):
            message = tr("the twin ran before it could be cancelled: its clip is paid and kept")
            self.bought.problems.append(message)
