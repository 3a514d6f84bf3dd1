"""What a single list is rendered with, where a test says only what it is about."""

import random
from collections.abc import Callable
from concurrent.futures import Executor
from decimal import Decimal
from pathlib import Path

from wanx_render.backends.base import Backend
from wanx_render.catalog.capabilities import Catalog
from wanx_render.clock import Clock
from wanx_render.events import Emit
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
