"""The offline backend: the simulator for what tasks do, ffmpeg for the clips they make.

A service outlives the clients that crash: the tasks are kept in a file, so that a run that was
interrupted finds them again, as it would at the real service.
"""

import asyncio
import json
import shutil
import tempfile
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from wanx_render import ffmpeg
from wanx_render.backends.base import Accepted, Submission, Succeeded, TaskState
from wanx_render.backends.simulator import Simulator, Task
from wanx_render.backends.slate import ClipCall, make_clip
from wanx_render.capabilities import Catalog
from wanx_render.geometry import Size, predicted_size
from wanx_render.task import Media, TaskRequest

_ACCOUNT = "local"

# Where only the service could fetch the first frame, its shape is not known here.
_ASSUMED = Size(1280, 720)


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
            now=datetime.fromisoformat(record["now"]),
            tasks=tuple(_task(each) for each in record["tasks"]),
            labels=dict(record["labels"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return Memory()


def _task(record: dict[str, Any]) -> Task:
    times = ("submitted", "started", "ended")
    read = {name: datetime.fromisoformat(record[name]) for name in times}
    asked = record["request"]
    media = {name: _media(asked[name]) for name in ("image", "last_image", "sound_file")}
    return Task(**{**record, **read, "request": TaskRequest(**{**asked, **media})})


def _media(record: dict[str, Any] | None) -> Media | None:
    if record is None:
        return None
    path, size = record["path"], record["size"]
    return Media(
        record["identity"], path and Path(path), record["url"], Size(**size) if size else None
    )


class MockBackend:
    """Imitates the service in this process; costs nothing, needs no network."""

    name = "mock"

    def __init__(
        self,
        simulator: Simulator,
        catalog: Catalog,
        program: ffmpeg.Ffmpeg,
        executor: Executor,
        file: Path,
    ) -> None:
        self._simulator = simulator
        self._catalog = catalog
        self._program = program
        self._executor = executor
        self._file = file
        memory = recall(file)
        self._labels = dict(memory.labels)
        simulator.restore(memory.tasks)

    async def submit(self, submission: Submission) -> Accepted:
        accepted = self._simulator.submit(_ACCOUNT, submission.request)
        self._labels[accepted.task_id] = submission.label
        self._remember()
        return accepted

    def _remember(self) -> None:
        tasks = [asdict(task) for task in self._simulator.tasks()]
        record = {"now": self._simulator.now(), "tasks": tasks, "labels": self._labels}
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(record, default=str, ensure_ascii=False), encoding="utf-8")
        part.replace(self._file)

    async def poll(self, task_id: str) -> TaskState:
        return self._simulator.state(_ACCOUNT, task_id)

    async def cancel(self, task_id: str) -> bool:
        cancelled = self._simulator.cancel(_ACCOUNT, task_id)
        self._remember()
        return cancelled

    async def list(self) -> tuple[TaskState, ...]:
        return self._simulator.list(_ACCOUNT)

    async def download(self, task: Succeeded, target: Path) -> None:
        known = self._simulator.task(_ACCOUNT, task.task_id)
        if known is None:
            raise LookupError(task.task_id)
        request = known.request
        folder = Path(tempfile.mkdtemp(prefix="wanx-slate-"))
        call = ClipCall(
            request=request,
            label=self._labels[task.task_id],
            size=predicted_size(
                request.image.size or _ASSUMED, self._catalog.tier_area(request.resolution)
            ),
            rate=Fraction(self._catalog.models[request.model].fps.value),
            folder=folder,
            target=target,
        )
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._executor, make_clip, self._program, call)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
