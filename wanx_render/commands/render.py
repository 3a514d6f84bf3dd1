"""``render``: clock, processes, folder and journal are made here and handed down."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import Total
from wanx_render.clock import RealClock
from wanx_render.commands.plan import hold_to, open_saved
from wanx_render.commands.report import Source, after_run
from wanx_render.diagnostics import Diagnostic, without_secrets
from wanx_render.errors import NeedsPerson
from wanx_render.events import Emit, Event
from wanx_render.manifest import Manifest
from wanx_render.media import ffmpeg
from wanx_render.planning.forecast import forecast
from wanx_render.planning.journal import Attempt, Journal
from wanx_render.planning.plan import Plan, Take
from wanx_render.planning.take_status import Standing, lost
from wanx_render.reports.terminal import Stage
from wanx_render.run.orchestrator import Desk
from wanx_render.run.orchestrator import render as run_plan
from wanx_render.session.connection import Service, access, dashscope, mock
from wanx_render.session.destination import Workplace, at_work
from wanx_render.session.environment import Environment
from wanx_render.session.folder import folder_of, held, opened, pool, writable
from wanx_render.session.outlook import Folder, look, make_plan, warnings
from wanx_render.session.restore import regain
from wanx_render.session.selection import read, refuse_unknown
from wanx_render.session.summary import close, gathered, report, start, warner
from wanx_render.tasks.account import Ambiguous
from wanx_render.validation.load import Loaded
from wanx_render.validation.needs import insist

if TYPE_CHECKING:
    from wanx_render.backends.dashscope import Access


@dataclass(frozen=True)
class RenderOptions:
    """What ``render`` was asked for."""

    file: Path | None
    backend: str | None = None
    out: Path | None = None
    plan: Path | None = None
    only: tuple[str, ...] = ()
    max_cost: Decimal | None = None
    as_json: bool = False
    catalog: Path | None = None
    yes: bool = False
    base_url: str | None = None
    retake: tuple[str, ...] = ()
    cascade: bool = True
    executor: str | None = None
    store: str | None = None  # a URL, where files go elsewhere than into the render folder
    rows: str | None = None  # of a table
    shard: str | None = None
    free: bool = False  # finish what is there, ask the service for nothing
    result_hosts: tuple[str, ...] = ()  # that results may be fetched from, besides the service's
    on_ambiguous: Ambiguous = "ask"


def render(
    options: RenderOptions, environment: Environment, found: tuple[Loaded, Catalog] | None = None
) -> int:
    """Make everything the shot list asks for; the exit code. ``found`` is the list, if read."""
    approved = open_saved(options.plan) if options.plan else None
    file = options.file or Path(approved["list"] if approved else "")
    loaded, catalog = found or read(file, options.catalog)
    made = make_plan(loaded, catalog, options.backend)
    refuse_unknown("--only", options.only, made)
    refuse_unknown("--retake", options.retake, made)
    program = ffmpeg.find(environment.environ)
    insist(program, (each.shot for each in made.shots), made.deliverables, made.media)
    where = Workplace.of(options.executor, options.store, environment.environ)
    asked_at = who_asks(options, made, catalog, environment)
    folder = render_folder(options, loaded)
    with held(folder), opened(folder, environment.say) as journal, ExitStack() as stack:
        where.tried(folder)
        place = where.place(folder)
        session = Session.of(options, loaded, catalog, folder=folder, journal=journal)
        back = regain(session.lost(journal), place)
        if back and place.bucket:
            session = Session.of(options, loaded, catalog, folder=folder, journal=journal)
        made, new = session.made, session.new
        if approved:
            hold_to(approved, loaded, forecast(made, session.standings, catalog))
        limit = None if options.free else within_budget(session)
        if new and not options.free and made.world != "mock" and not (options.yes or approved):
            confirm(made.cost(new), len(new), environment, back)
        executor = stack.enter_context(pool(where.at_once))
        service = reach(session, asked_at, environment, program=program, executor=executor)
        stage = Stage(made, RealClock(), limit, service.clock.pace)
        emit = stack.enter_context(report(environment, stage, as_json=options.as_json))
        emit(start(made, new, folder, limit))
        for warning in (*back, *gathered(warnings(loaded, made))):
            emit(Event("warning", warning))
        works = stack.enter_context(at_work(where, folder, program, executor, warner(emit)))
        for basis, takes in session.counts.items():
            journal.retake(basis, takes)
        desk = session.desk(service, journal, program, executor, emit)
        desk = replace(desk, limit=limit, bench=works.bench(place), asks=not options.free)
        manifest = asyncio.run(run(session, desk, service))
        after_run(manifest, Source(folder, program, loaded.media), executor, emit)
        unsent = place.publish(folder, manifest)
        for told in unsent:
            emit(Event("broken", told))
    code = close(manifest, desk, environment, place, file=options.file, as_json=options.as_json)
    return code or (1 if unsent else 0)


@dataclass(frozen=True)
class Session:
    """A list held against its folder: all that a run would do, before anything is sent."""

    options: RenderOptions
    loaded: Loaded
    catalog: Catalog
    folder: Path
    made: Plan
    standings: tuple[Standing, ...]
    counts: dict[str, int]  # for ``Journal.retake``, of the retakes that were asked for
    attempts: int  # how many create calls the folder ever intended

    @classmethod
    def of(
        cls,
        options: RenderOptions,
        loaded: Loaded,
        catalog: Catalog,
        *,
        folder: Path,
        journal: Journal,
    ) -> "Session":
        outlook = look(
            loaded, catalog, Folder(folder, journal),
            backend=options.backend, retake=options.retake, cascade=options.cascade,
        )  # fmt: skip
        made, standings, counts = outlook.plan, outlook.standings, outlook.counts
        return cls(options, loaded, catalog, folder, made, standings, counts, journal.attempts())

    @property
    def new(self) -> tuple[Take, ...]:
        """The takes that would be asked for and paid."""
        only = self.options.only
        return tuple(
            each.take
            for each in self.standings
            if each.state == "new" and (not only or each.take.shot in only)
        )

    def lost(self, journal: Journal) -> list[Attempt]:
        """The clips that were paid, are gone from the folder, and would be paid again."""
        return [a for _, a in lost(self.standings, journal, self.folder, self.made.world)]

    @property
    def asks(self) -> bool:
        """Whether a run has to do with the service at all."""
        return any(each.state != "cached" for each in self.standings)

    def desk(
        self,
        service: Service,
        journal: Journal,
        program: ffmpeg.Ffmpeg,
        executor: Executor,
        emit: Emit,
    ) -> Desk:
        """What the orchestrator works with; no limit is set."""
        return Desk(
            plan=self.made,
            backend=service.backend,
            journal=journal,
            catalog=self.catalog,
            program=program,
            executor=executor,
            clock=service.clock,
            wall=RealClock(),
            folder=self.folder,
            emit=emit,
            only=frozenset(self.options.only),
            cascade=self.options.cascade,
            insisted=frozenset(self.options.retake),
            on_ambiguous=self.options.on_ambiguous,
            warnings=tuple(_noted(each) for each in self.loaded.warnings),
        )


def _noted(warning: Diagnostic) -> str:
    """A warning for the record: by its line, for the list may lie elsewhere tomorrow."""
    line = f"line {warning.span.line}: " if warning.span and warning.span.line else ""
    return without_secrets(f"{line}{warning.message}")


def who_asks(
    options: RenderOptions, made: Plan, catalog: Catalog, environment: Environment
) -> "Access | None":
    """Who asks and where, for a backend that needs a key."""
    if made.world == "mock":
        return None
    hosts = options.result_hosts
    return access(catalog, made.region, environment.environ, options.base_url, hosts)


def reach(
    session: Session,
    asked_at: "Access | None",
    environment: Environment,
    *,
    program: ffmpeg.Ffmpeg,
    executor: Executor,
) -> Service:
    """The backend of a session and its clock."""
    if asked_at is None:
        return mock(session.catalog, program, executor, session.folder, session.attempts)
    return dashscope(session.catalog, asked_at, environment.environ, session.folder)


async def run(session: Session, desk: Desk, service: Service) -> Manifest:
    """Carry the session out; the backend is closed whatever happens."""
    try:
        if session.asks and desk.asks:
            await service.open(desk.catalog)
        return await run_plan(desk, program_version())
    finally:
        await service.backend.close()


def confirm(cost: Total, takes: int, environment: Environment, told: Sequence[str] = ()) -> None:
    """Nothing is spent for real before a person types the price. Raises NeedsPerson.

    ``told`` is what they should know of it.
    """
    for each in told:
        environment.say(f"warning: {each}")
    price = f"{cost.amount:.2f} {cost.currency}"
    if environment.stdin is None or not environment.stdin.isatty():
        raise NeedsPerson(
            f"this would spend {cost} on {takes} takes; "
            "give --yes, or an approved plan (plan --out, render --plan)"
        )
    environment.stderr.write(f"{takes} takes at {cost}. Type {price} to spend it: ")
    environment.stderr.flush()
    if environment.stdin.readline().split() != price.split():
        raise NeedsPerson("not confirmed; nothing was sent")


def within_budget(session: Session) -> Decimal | None:
    """Stop before anything is sent where the run would cost more than allowed; the limit.

    Raises NeedsPerson.
    """
    options, loaded, cost = session.options, session.loaded, session.made.cost(session.new)
    limits: list[Decimal] = []
    if loaded.shots.budget:
        money = loaded.shots.budget.max_cost
        hold(cost, "the list's budget", money.amount, money.currency)
        limits.append(money.amount)
    if options.max_cost is not None:
        hold(cost, "--max-cost", options.max_cost, cost.currency)
        limits.append(options.max_cost)
    return min(limits, default=None)


def hold(cost: Total, name: str, amount: Decimal, currency: str) -> None:
    limit = f"{name} of {amount:.2f} {currency}"
    if currency != cost.currency:
        raise NeedsPerson(
            f"{limit} cannot be compared with prices in {cost.currency}; "
            f"write it in {cost.currency}"
        )
    if cost.unknown:
        raise NeedsPerson(
            f"the run costs {cost}, so {limit} cannot be kept; "
            "give the price in a catalog file (--catalog), or remove the budget"
        )
    if cost.amount > amount:
        raise NeedsPerson(f"the run would cost {cost}, over {limit}; nothing was sent")


def render_folder(options: RenderOptions, loaded: Loaded) -> Path:
    """Where everything of this list goes; made if it is not there. Raises BadInput."""
    folder = folder_of(loaded, options.out)
    writable(folder)
    return folder


def program_version() -> str:
    return f"wanx-render {version('wanx-render')}"
