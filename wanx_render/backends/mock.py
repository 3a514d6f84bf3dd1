"""The offline backend: the simulator for what tasks do, ffmpeg for the clips they make.

A service outlives the clients that crash: the tasks are kept in a file, so that a run that was
interrupted finds them again, as it would at the real service.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from wanx_render.backends.base import (
    AT_MOCK,
    Accepted,
    Listed,
    Recipient,
    Submission,
    Succeeded,
    TaskState,
    quiet,
    status_of,
)
from wanx_render.backends.imitation.picture import make_picture
from wanx_render.backends.simulator import Simulator, Task
from wanx_render.backends.slate import clip_call, make_clip
from wanx_render.catalog.capabilities import Catalog
from wanx_render.files import write_atomically
from wanx_render.media import ffmpeg

_ACCOUNT = "local"


@dataclass(frozen=True)
class Memory:
    """What the mock's service remembers: its time, its tasks, and what people call them."""

    now: datetime | None = None
    tasks: tuple[Task, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)


def recall(file: Path) -> Memory:
    """What an earlier run left in ``file``; nothing where there is none or it cannot be read."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return Memory(
            now=datetime.fromisoformat(record["now"]).astimezone(UTC),
            tasks=tuple(Task.from_record(task) for task in record["tasks"]),
            labels=dict(record["labels"]),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        return Memory()
    except RecursionError:  # nested without an end
        return Memory()


class MockBackend:
    """Imitates the service in this process; costs nothing, needs no network."""

    name = "mock"
    recipient = AT_MOCK
    is_emulated = False  # the mock is said to be one by its name

    def __init__(
        self,
        simulator: Simulator,
        catalog: Catalog,
        program: ffmpeg.Ffmpeg,
        executor: Executor,
        *files: Path,
    ) -> None:
        """``files`` keep the memory: one for each folder that the run's lists are in."""
        self._simulator = simulator
        self._catalog = catalog
        self._program = program
        self._executor = executor
        self._files = files
        memories = [recall(file) for file in files]
        self._labels = {id: label for memory in memories for id, label in memory.labels.items()}
        tasks = {task.task_id: task for memory in memories for task in memory.tasks}
        simulator.restore(tuple(tasks.values()))

    def serving(self, recipient: Recipient) -> "MockBackend | None":
        return self if recipient == AT_MOCK else None

    def now(self) -> datetime:
        return self._simulator.now()

    def pause(self, seconds: float, number: int) -> float:  # noqa: ARG002  # the protocol's form
        return seconds

    async def open(self) -> None:
        """It always answers."""

    async def close(self) -> None:
        """There is no connection."""

    async def prepare(self, submission: Submission) -> None:
        """Nothing has to be uploaded."""

    async def submit(self, submission: Submission, sending: Callable[[], None] = quiet) -> Accepted:
        sending()
        acceptance = self._simulator.submit(_ACCOUNT, submission.request)
        self._labels[acceptance.task_id] = submission.label
        self._remember()
        return acceptance

    def _remember(self) -> None:
        tasks = [task.record() for task in self._simulator.tasks()]
        record = {"now": self._simulator.now(), "tasks": tasks, "labels": self._labels}
        text = json.dumps(record, default=str, ensure_ascii=False)
        for file in self._files:
            write_atomically(file, text, durable=False)

    async def poll(self, task_id: str) -> TaskState:
        return self._simulator.state(_ACCOUNT, task_id)

    async def cancel(self, task_id: str) -> bool:
        was_waiting = self._simulator.cancel(_ACCOUNT, task_id)
        self._remember()
        return was_waiting

    async def list(self, start: datetime, end: datetime) -> tuple[Listed, ...]:
        return tuple(
            Listed(task.task_id, status_of(self._simulator.truth(task)), task.request.model, at)
            for task in self._simulator.tasks()
            if start <= (at := task.submitted) <= end
        )

    def check_result(self, url: str) -> None:  # the protocol's form
        """The mock's results are made here."""

    async def download(self, task: Succeeded, target: Path) -> None:
        accepted_task = self._simulator.task(_ACCOUNT, task.task_id)
        if accepted_task is None:
            raise LookupError(task.task_id)
        request, label = accepted_task.request, self._labels[task.task_id]
        loop = asyncio.get_running_loop()
        if request.is_picture:
            data = await loop.run_in_executor(self._executor, make_picture, request, label)
            target.write_bytes(data)
            return
        folder = Path(tempfile.mkdtemp(prefix="wanx-slate-"))
        call = clip_call(self._catalog, request, label=label, folder=folder, target=target)
        try:
            await loop.run_in_executor(self._executor, make_clip, self._program, call)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
