"""A Dask cluster as an executor: calls go out, and whatever becomes of the cluster they come to an
end.

The only module that knows Dask. A worker is given calls only after it has shown that it would make
the same bytes and sees the store; one that comes later shows it as it comes, and one that finds
itself unfit gets no more. A call whose worker dies is done by another; one that kills them all,
also when it is tried alone, fails alone. Without scheduler, or without workers for too long, what
is left is done here.
"""

import asyncio
import logging
import pickle
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, TypeVar
from uuid import uuid4

import distributed
from distributed.client import ClosedClientError
from distributed.comm.core import CommClosedError
from distributed.core import Status
from distributed.diagnostics.plugin import WorkerPlugin
from distributed.scheduler import KilledWorker
from distributed.security import Security
from distributed.utils import sync

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, ClusterError, Unfit, WanxError
from wanx_render.language import NOTHING, Message, tr, verbatim
from wanx_render.workers.remote_jobs import Order, trouble

T = TypeVar("T")
Say = Callable[[Message], None]

RETRIES = 3  # of a call that raised, for trouble of machine, network or store
PATIENCE = 300.0  # seconds without a worker before what is left is done here
_SOON = 10.0  # seconds without a worker before it is said
_MUCH = 1e9  # calls at once: the worker's threads are the limit
_GONE = tr("the scheduler is gone")
_ANSWERS = 20.0  # seconds for the scheduler
_FILM = 60.0  # seconds for the workers, which may be busy, to make their test film
_SILENCE = 60.0  # seconds without an answer of the scheduler: it is taken for gone


class Fitness(WorkerPlugin):
    """Marks each worker that may be given calls, also one that comes or returns later."""

    def __init__(self, mark: str, order: Order, probe: str) -> None:
        self.name = f"wanx-{uuid4().hex}"
        self._mark, self._order, self._probe = mark, order, probe

    async def setup(self, worker: Any) -> None:
        # A run beside this one, or one that was killed and left its plugin, looks before or after.
        async with worker.__dict__.setdefault("wanx_looks", asyncio.Lock()):
            await self._look(worker)

    async def _look(self, worker: Any) -> None:
        # A scheduler looks for waiting calls when a worker begins to run, not when it gets a mark.
        if worker.status != Status.running:
            return
        worker.status = Status.paused
        try:
            reason = await asyncio.to_thread(trouble, self._order, self._probe)
            if reason:
                _report(worker, self._mark, reason)
            else:
                await worker.set_resources(**{self._mark: _MUCH})
        finally:
            worker.status = Status.running


def _report(worker: Any, mark: str, reason: Message) -> None:
    """Let the runs with this mark know that a worker is not used."""
    worker.log_event(mark, pickle.dumps((worker.contact_address, reason)))


def _on_worker(mark: str, call: Callable[..., T], *given: Any) -> T:
    """The call, on a worker; one that shows this machine to be unfit is the last it gets."""
    try:
        return call(*given)
    except Unfit as error:
        worker: Any = distributed.get_worker()
        # Before the call is tried again, or it comes back to the worker that fails fastest. The
        # worker keeps its own count: what waits there must be begun to be given back.
        resources = {**worker.state.total_resources, mark: 0}
        at_scheduler = worker.scheduler.set_resources
        sync(worker.loop, at_scheduler, resources=resources, worker=worker.contact_address)
        _report(worker, mark, error.sentence)
        raise


@dataclass(frozen=True, slots=True)
class _Call:
    """One call, and who waits for it."""

    outer: "Future[Any]"
    call: Callable[..., Any]
    given: tuple[Any, ...]
    alone: bool = False


class ClusterExecutor(Executor):
    """Calls on the workers of one scheduler; ``here`` does them where the cluster is lost."""

    def __init__(
        self,
        client: Any,
        fitness: Fitness,
        mark: str,
        *,
        here: Executor,
        say: Say,
        patience: float,
        unfit: set[str],
    ) -> None:
        self._client, self._fitness, self._mark = client, fitness, mark
        self._unfit = unfit  # the addresses of workers that were reported
        client.subscribe_topic(mark, self._heard)
        self._here, self._say, self._patience = here, say, patience
        self._there = client.get_executor(pure=False, retries=RETRIES, resources={mark: 1})
        self._lost, self._closed = threading.Event(), threading.Event()
        self._is_silent = False  # the scheduler, whom nothing is asked any more
        self._lock = threading.Lock()
        self._out = 0  # calls that may be at work
        self._accused: deque[_Call] = deque()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def submit(self, call: Callable[..., T], /, *given: Any) -> "Future[T]":  # type: ignore[override]  # only positions are sent
        work = _Call(Future(), call, given)
        with self._lock:
            self._out += 1
        self._go(work)
        return work.outer

    def _go(self, work: "_Call") -> None:
        if not self._lost.is_set():
            try:
                inner = self._there.submit(_on_worker, self._mark, work.call, *work.given)
            except (ClosedClientError, RuntimeError, OSError):
                self._lose(_GONE)
            else:
                work.outer.add_done_callback(
                    lambda outer: inner.cancel() if outer.cancelled() else None
                )
                inner.add_done_callback(lambda done: self._ended(done, work))
                return
        self._do_here(work)

    def _ended(self, inner: "Future[Any]", work: "_Call") -> None:
        """What became of a call on the cluster becomes of the call."""
        if work.outer.cancelled():
            self._over()
        elif inner.cancelled() or isinstance(inner.exception(), CommClosedError):
            self._lose(_GONE)
            self._do_here(work)
        elif isinstance(inner.exception(), KilledWorker) and not work.alone:
            # Dask accuses whatever its workers held when they died, the innocent too.
            self._accused.append(replace(work, alone=True))
            self._over()
        else:
            _settle(work.outer, inner)
            self._over()

    def _over(self) -> None:
        """A call is out no more. Those accused of killing are tried again alone, one by one."""
        with self._lock:
            self._out -= 1
            if self._out or not self._accused:
                return
            work = self._accused.popleft()
            self._out += 1
        self._go(work)

    def _do_here(self, work: "_Call") -> None:
        if self._closed.is_set():
            work.outer.cancel()
            self._over()
            return
        inner = self._here.submit(work.call, *work.given)

        def ended(done: "Future[Any]") -> None:
            _settle(work.outer, done)
            self._over()

        inner.add_done_callback(ended)

    def _lose(self, why: Message) -> None:
        """From now on everything is done here; said once."""
        with self._lock:
            if self._lost.is_set() or self._closed.is_set():
                return
            self._lost.set()
        self._say(tr("{reason}: the rest is encoded on this machine", reason=why))

    def _watch(self) -> None:
        """Notice a cluster that nobody works in; Dask would wait for ever."""
        without, was_reported, fit = 0.0, False, 0
        while not self._closed.wait(1) and not self._lost.is_set():
            if self._client.status != "running":
                continue  # its calls come back cancelled
            began = time.monotonic()
            try:
                fit = self._workers()
            except (OSError, CommClosedError):  # a TimeoutError is one
                if time.monotonic() - began >= self._silence:
                    self._fall_silent()
            if fit:
                without, was_reported = 0.0, False
                continue
            without += 1
            if without >= min(_SOON, self._patience) and not was_reported:
                was_reported = True
                seconds = self._patience
                self._say(tr("no usable worker; waiting {seconds:.0f} s for one", seconds=seconds))
            if without >= self._patience:
                self._lose(tr("no worker came"))
                self._there.shutdown(wait=False)  # what is out comes back, to be done here

    @property
    def _silence(self) -> float:
        """Seconds without an answer that are borne."""
        return min(_SILENCE, self._patience)

    def _fall_silent(self) -> None:
        """The scheduler keeps its connection and says nothing: it hangs, or the network does."""
        self._is_silent = True
        self._lose(tr("the scheduler does not answer"))
        self._there.shutdown(wait=False)

    def _workers(self) -> int:
        """How many can be given calls. Raises OSError."""
        scheduler = self._client.scheduler
        known = self._client.sync(scheduler.identity, n_workers=-1, callback_timeout=self._silence)
        marks = (worker["resources"].get(self._mark, 0) for worker in known["workers"].values())
        return sum(mark > 0 for mark in marks)

    def _heard(self, event: tuple[Any, bytes]) -> None:
        """A worker is not used, or not any more; each is reported once."""
        worker, reason = pickle.loads(event[1])  # noqa: S301  workers run our code as we run theirs
        if worker not in self._unfit:
            self._unfit.add(worker)
            self._say(tr("worker {worker} is not used: {reason}", worker=worker, reason=reason))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster as it was; what is still out is cancelled unless ``wait``."""
        if not self._lost.is_set():
            self._there.shutdown(wait=wait and not cancel_futures)
        self._closed.set()
        self._watcher.join(5)
        if self._client.status == "running" and not self._is_silent:
            with suppress(OSError, CommClosedError, ClosedClientError, ValueError):
                self._client.sync(
                    self._client._unregister_worker_plugin,
                    name=self._fitness.name,
                    callback_timeout=_ANSWERS,
                )
        self._client.close(5)


def connect(
    address: str,
    order: Order,
    probe: str,
    *,
    here: Executor,
    say: Say,
    patience: float = PATIENCE,
) -> ClusterExecutor:
    """An executor on the cluster at ``address``. Raises BadInput where it cannot be used.

    ``probe`` names a file of the store that every worker must see.
    """
    # What Dask logs of lost connections is said here in a sentence.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    client = _client(address)
    try:
        reasons = client.sync(_reasons, client, order, probe)
        for worker, reason in reasons.items():
            if reason:
                say(tr("worker {worker} is not used: {reason}", worker=worker, reason=reason))
        if reasons and all(reasons.values()):
            first = next(iter(reasons.values()))
            raise _unusable(
                tr("no worker of {address} can be used: {reason}", address=address, reason=first),
                tr(
                    "install the same wanx-render and ffmpeg on every worker; "
                    "give --out a folder that all of them see, or a bucket"
                ),
            )
        mark = f"wanx-{sha256(repr(order).encode()).hexdigest()[:12]}"
        fitness = Fitness(mark, order, probe)
        unfit = {worker for worker, reason in reasons.items() if reason}
        executor = ClusterExecutor(
            client, fitness, mark, here=here, say=say, patience=patience, unfit=unfit
        )
        with suppress(TimeoutError):  # of a worker that hangs; the others have it
            client.sync(
                client._register_worker_plugin,
                plugin=fitness, name=fitness.name, idempotent=False, callback_timeout=_FILM,
            )  # fmt: skip
    except (OSError, CommClosedError, ImportError) as error:
        client.close(5)
        raise _unusable(
            tr("cannot use the cluster at {address}: {reason}", address=address, reason=error),
            tr("is wanx-render installed on every worker?"),
        ) from None
    except BadInput:
        client.close(5)
        raise
    return executor


async def _trouble(order: Order, probe: str) -> Message:
    """Asked in a thread: meanwhile the worker goes on saying that it is alive."""
    return await asyncio.to_thread(trouble, order, probe)


async def _reasons(client: Any, order: Order, probe: str) -> dict[str, Message]:
    """Why each worker is not used, or nothing; one that hangs keeps nobody waiting."""

    async def ask(worker: str) -> Message:
        run = client._run(_trouble, order, probe, workers=[worker], on_error="return")
        try:
            answers = await asyncio.wait_for(run, _FILM)
        except TimeoutError:
            return tr("it does not answer")
        return _reason(answers.get(worker, NOTHING))

    known = await asyncio.wait_for(client.scheduler.identity(n_workers=-1), _ANSWERS)
    workers = list(known["workers"])
    return dict(zip(workers, await asyncio.gather(*map(ask, workers)), strict=True))


def _client(address: str) -> Any:
    connect: Any = distributed.Client  # neither it nor Security has types
    secure: Any = Security
    security = secure(require_encryption=True) if address.startswith("tls:") else None
    try:
        return connect(
            address, security=security, timeout=_ANSWERS, set_as_default=False, name="wanx-render"
        )
    except (OSError, ValueError, TypeError) as error:
        words = " ".join(str(error).split())[:200]
        raise _unusable(
            tr("no scheduler answers at {address}: {reason}", address=address, reason=words),
            tr("start one with dask scheduler, or leave out --executor"),
        ) from None


def _reason(answer: object) -> Message:
    """Why a worker is not used; it may have answered with an error."""
    if isinstance(answer, CommClosedError):  # the scheduler gave up a worker that is silent
        return tr("it does not answer")
    return answer if isinstance(answer, Message) else verbatim(str(answer))


def _unusable(message: Message, hint: Message) -> BadInput:
    return BadInput(Diagnostic("executor-unusable", message, hint=hint))


def _settle(outer: "Future[Any]", inner: "Future[Any]") -> None:
    """Pass on how a call ended to what waits for it."""
    if inner.cancelled():
        outer.cancel()
    elif not outer.set_running_or_notify_cancel():
        return
    elif error := inner.exception():
        outer.set_exception(_sentence(error))
    else:
        outer.set_result(inner.result())


def _sentence(error: BaseException) -> BaseException:
    """What a shot can fail with; the others go on."""
    if isinstance(error, WanxError):
        return error
    if isinstance(error, KilledWorker):
        return ClusterError(tr("every worker that tried it was killed, even alone"))
    text = " ".join(str(error).split())[:300]
    name = type(error).__name__
    return ClusterError(tr("a worker failed: {error}: {reason}", error=name, reason=text))
