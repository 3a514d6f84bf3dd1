"""The offline backend: the simulator for what tasks do, ffmpeg for the clips they make."""

import asyncio
import shutil
import tempfile
from concurrent.futures import Executor
from fractions import Fraction
from pathlib import Path

from wanx_render import ffmpeg
from wanx_render.backends.base import Accepted, Submission, Succeeded, TaskState
from wanx_render.backends.simulator import Simulator
from wanx_render.backends.slate import ClipCall, make_clip
from wanx_render.capabilities import Catalog
from wanx_render.geometry import Size, predicted_size

_ACCOUNT = "local"

# Where only the service could fetch the first frame, its shape is not known here.
_ASSUMED = Size(1280, 720)


class MockBackend:
    """Imitates the service in this process; costs nothing, needs no network."""

    name = "mock"

    def __init__(
        self, simulator: Simulator, catalog: Catalog, program: ffmpeg.Ffmpeg, executor: Executor
    ) -> None:
        self._simulator = simulator
        self._catalog = catalog
        self._program = program
        self._executor = executor
        self._labels: dict[str, str] = {}

    async def submit(self, submission: Submission) -> Accepted:
        accepted = self._simulator.submit(_ACCOUNT, submission.request)
        self._labels[accepted.task_id] = submission.label
        return accepted

    async def poll(self, task_id: str) -> TaskState:
        return self._simulator.state(_ACCOUNT, task_id)

    async def cancel(self, task_id: str) -> bool:
        return self._simulator.cancel(_ACCOUNT, task_id)

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
