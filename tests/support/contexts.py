"""What a single list is rendered with, where a test says only what it is about."""

import random
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor
from decimal import Decimal
from pathlib import Path

from tests.support.places import CLIPS
from wanx_render.backends.base import Backend, Succeeded
from wanx_render.backends.imitation.outcome import clip_size
from wanx_render.backends.mock import MockBackend
from wanx_render.catalog.capabilities import Catalog
from wanx_render.clock import Clock
from wanx_render.events import Emit
from wanx_render.files import sha256, sha256_of
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import Plan
from wanx_render.planning.planned import Take
from wanx_render.run.context import RunContext
from wanx_render.tasks.account import Ambiguous
from wanx_render.tasks.budget import SpendingLimit
from wanx_render.tasks.tools import Tools
from wanx_render.tasks.wiring import Wiring
from wanx_render.workers.base import LocalWorkers, Workers


class SharedClips(MockBackend):
    """The mock, which makes equal clips once in a session: one ffmpeg makes equal bytes of them."""

    async def download(self, task: Succeeded, target: Path) -> None:
        made = CLIPS / f"mock-{self._name_of(task)}"
        if not made.exists():
            await super().download(task, target)
            with tempfile.NamedTemporaryFile(dir=CLIPS, delete=False) as copy:
                shutil.copyfile(target, copy.name)
            Path(copy.name).replace(made)
        shutil.copyfile(made, target)

    def _name_of(self, task: Succeeded) -> str:
        """By all that a clip depends on."""
        accepted = self._simulator.task("local", task.task_id)
        assert accepted
        request = accepted.request
        files = [file for _, medium in request.media for file in (medium.path, medium.prepared)]
        model = self._catalog.models.get(request.model)
        form = (clip_size(request, self._catalog), model.fps) if model else None
        media = [sha256(file) for file in files if file and file.is_file()]
        label = self._labels[task.task_id]
        return sha256_of(repr((request.record(), media, label, form, self._program)).encode())


def run_context(
    *,
    plan: Plan,
    backend: Backend,
    journal: Journal,
    catalog: Catalog,
    program: Ffmpeg,
    executor: Executor,
    clock: Clock,
    wall: Clock,
    folder: Path,
    emit: Emit,
    only: frozenset[str] = frozenset(),
    submits: bool = True,
    withdrawn: Callable[[Take], bool] = lambda _: False,
    cascade: bool = True,
    insisted: frozenset[str] = frozenset(),
    on_ambiguous: Ambiguous = "ask",
    limit: Decimal | None = None,
    warnings: tuple[str, ...] = (),
    chance: random.Random | None = None,
    workers: Workers | None = None,
) -> RunContext:
    tools = Tools(
        backend=backend, catalog=catalog, clock=clock, wall=wall, program=program,
        executor=executor, chance=chance or random.Random(),
    )  # fmt: skip
    wiring = Wiring(tools, [journal], on_ambiguous, withdrawn)
    media = plan.media.values()
    store = wiring.store(folder, journal, SpendingLimit(limit), media, lambda _, event: emit(event))
    wiring.account.begin()
    return RunContext(
        plan=plan,
        folder=folder,
        tools=tools,
        account=wiring.account,
        store=store,
        other_stores=(),
        workers=workers or LocalWorkers(program, executor, folder),
        emit=emit,
        only=only,
        submits=submits,
        cascade=cascade,
        insisted=insisted,
        warnings=warnings,
    )
