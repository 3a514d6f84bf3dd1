"""``render`` of many lists: one account, one budget, one summary, one exit code, one index page."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanx_render import ffmpeg
from wanx_render.account import Account
from wanx_render.asking import Asker
from wanx_render.batch import Work, render_all
from wanx_render.bench import Bench, LocalBench
from wanx_render.capabilities import Catalog
from wanx_render.clock import RealClock
from wanx_render.collect import Collector
from wanx_render.commands.base import World
from wanx_render.commands.folder import held, opened, pool
from wanx_render.commands.lists import (
    Choice,
    Item,
    chosen,
    fingerprint,
    index_of,
    items,
    only_named,
    read_all,
)
from wanx_render.commands.outcome import Outcome, files_of, outcome_of, stand_still, write_index
from wanx_render.commands.render import (
    RenderOptions,
    Session,
    confirm,
    hold,
    program_version,
    render,
    writable,
)
from wanx_render.commands.report import Source, after_run
from wanx_render.commands.service import Service, access, dashscope, mock
from wanx_render.commands.telling import gathered, shown, warner
from wanx_render.commands.whole import write_whole
from wanx_render.commands.workplace import Workplace, Works, at_work
from wanx_render.common import CommonBench, RowBench
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.events import Emit, Event
from wanx_render.home import Home
from wanx_render.journal import Journal
from wanx_render.load import Batch
from wanx_render.manifest import Manifest
from wanx_render.needs import insist
from wanx_render.plan import Take
from wanx_render.pricing import Total, total
from wanx_render.purse import Purse
from wanx_render.render import Desk
from wanx_render.reports import terminal
from wanx_render.shotlist import Money
from wanx_render.standing import identities
from wanx_render.watch import Watch

if TYPE_CHECKING:
    from wanx_render.backends.dashscope import Access

# What is told of each of many lists; the rest would be thousands of lines.
_TOLD = ("start", "failed", "broken", "warning", "uncertain", "list")
_FEW = 3


@dataclass(frozen=True)
class Prospect:
    """A list before the run: what of it is to be asked for, or that it is finished as it stands."""

    item: Item
    mark: str  # changes with anything that its deliverables come of
    finished: Outcome | None = None
    new: Mapping[str, Money | None] = field(default_factory=dict)  # prices, by what is asked for
    counts: Mapping[str, int] = field(default_factory=dict)  # retakes
    takes: int = 0
    asks: bool = False
    owed: bool = False
    pieces: frozenset[str] = frozenset()  # segments and sounds that it used when it was left


def render_files(options: RenderOptions, files: tuple[Path, ...], world: World) -> int:
    """Make everything that the files ask for: one list as ever, or many under one roof."""
    batches, catalog = read_all(files, options.catalog)
    if len(batches) == 1 and not batches[0].tabular and not (options.rows or options.shard):
        alone = replace(options, file=files[0])
        return render(alone, world, (batches[0].lists[0], catalog))
    return render_many(options, batches, catalog, world)


def render_many(
    options: RenderOptions, batches: list[Batch], catalog: Catalog, world: World
) -> int:
    """Make everything the lists ask for; the exit code, the worst of all."""
    every = items(batches, options.out)
    some = chosen(every, Choice(options.only, options.rows, options.shard))
    backend, region = _one_service(some, options)
    program = ffmpeg.find(world.environ)
    for item in some:
        insist(program, item.loaded.shots.shots, item.loaded.shots.deliverables)
    where = _workplace(options, world)
    asked_at = None
    if backend != "mock":
        asked_at = access(catalog, region, world.environ, options.base_url)
    folders = list(dict.fromkeys(item.home for item in some))
    with ExitStack() as stack:
        for folder in folders:
            writable(folder)
            stack.enter_context(held(folder))
        journals = {folder: stack.enter_context(opened(folder)) for folder in folders}
        run = Run(options, catalog, program, journals, world)
        prospects = run.survey(some, every)
        cost = run.within_budgets(prospects)
        new = len({key for each in prospects for key in each.new})
        if new and backend != "mock" and not options.yes:
            confirm(cost, new, world)
        run.note_retakes(prospects)
        emit = run.report(len(some))
        emit(run.opening(prospects, cost, backend))
        for batch in batches:
            for warning in gathered(batch.warnings):
                emit(Event("warning", warning, list=str(batch.file)))
        executor = stack.enter_context(pool(where.at_once))
        works = stack.enter_context(at_work(where, folders[0], program, executor, warner(emit)))
        run.bench = _benches(works, folders)
        service = _reach(catalog, asked_at, world, run, executor, folders)
        page = index_of(batches, options.out, folders)
        try:
            asyncio.run(run.carry_out(prospects, service, executor, emit))
        finally:
            near = [item for item in every if item.home in journals]
            cost_text = write_index(page, near, journals, {}, mock=backend == "mock")
            run.write_manifests(every, folders)
    return run.close(prospects, page, cost_text, backend)


def _one_service(some: list[Item], options: RenderOptions) -> tuple[str, str]:
    """The backend and region of all lists. Raises BadInput where they differ."""
    found = {
        (options.backend or item.loaded.shots.backend, item.loaded.shots.region): item
        for item in some
    }
    if len(found) > 1:
        told = "; ".join(
            f"{item.loaded.file}: {name}, {where}" for (name, where), item in found.items()
        )
        raise BadInput(
            Diagnostic(
                "lists-differ",
                f"lists that run together have one backend and one region ({told})",
                hint="give --backend, or render them one after the other",
            )
        )
    if not found:
        raise BadInput(Diagnostic("rows-unknown", "no row falls into this share", hint="--shard"))
    return next(iter(found))


def _workplace(options: RenderOptions, world: World) -> Workplace:
    """Where the finisher's calls run. Raises BadInput for what only one list can."""
    where = Workplace.of(options.executor, options.store, world.environ)
    if where.bucket:
        what = f"--out {options.store} takes one list at a time"
        hint = "give --out a folder that all machines share, or render each list by itself"
        raise BadInput(Diagnostic("lists-local", what, hint=hint))
    return where


def _benches(works: Works, homes: list[Path]) -> Callable[[Executor, Path], Bench]:
    """A bench for each home, all at the same works."""
    sent = {home: works.published(home) for home in homes}
    return lambda _, home: works.bench(home, sent[home])


def _reach(
    catalog: Catalog,
    asked_at: "Access | None",
    world: World,
    run: "Run",
    executor: Executor,
    folders: list[Path],
) -> Service:
    if asked_at is None:
        attempts = sum(journal.attempts() for journal in run.journals.values())
        return mock(catalog, run.program, executor, folders, attempts)
    return dashscope(catalog, asked_at, world.environ, folders[0])


@dataclass
class Run:
    """One run over many lists."""

    options: RenderOptions
    catalog: Catalog
    program: ffmpeg.Ffmpeg
    journals: Mapping[Path, Journal]
    world: World
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    storyboards: bool = True
    changed: set[Path] = field(default_factory=set)  # homes of which something was rendered
    bench: Callable[[Executor, Path], Bench] | None = None  # for each home; else here
    benches: dict[Path, CommonBench] = field(default_factory=dict)
    rows: dict[Path, set[str]] = field(default_factory=dict)  # of each home, chosen or not
    whole: bool = True  # whether all of them were chosen
    stale: dict[Path, set[str]] = field(default_factory=dict)  # pieces that rows ceased to use

    # -- before anything is sent ---------------------------------------------------------------

    def survey(self, some: list[Item], every: list[Item]) -> list[Prospect]:
        """How every list stands."""
        retakes: dict[str, frozenset[str]] = {}
        if self.options.retake:
            found = only_named("--retake", every, self.options.retake)
            retakes = {each.name: each.only or _shots(each) for each in found}
        left = {folder: journal.rows() for folder, journal in self.journals.items()}
        self.whole = len(some) == len(every)
        for item in every:
            self.rows.setdefault(item.home, set()).add(_row_name(item))
        return [self._prospect(item, left[item.home], retakes.get(item.name)) for item in some]

    def _prospect(
        self, item: Item, left: Mapping[str, Any], retake: frozenset[str] | None
    ) -> Prospect:
        mark = fingerprint(item.loaded, self._versions(item.home))
        before = left.get(_row_name(item))
        unchanged = before and before["mark"] == mark and retake is None and not item.only
        if before and unchanged and stand_still(before["files"], item.home):
            return Prospect(item, mark, Outcome.read(before["outcome"]))
        session = self._session(item, retake)
        known = identities(session.made, session.standings)
        new = {known[(take.shot, take.number)]: take.price for take in session.new}
        owed = any(each.state == "resumed" for each in session.standings)
        pieces = frozenset(before.get("pieces", ())) if before else frozenset[str]()
        return Prospect(
            item, mark, None, new, session.counts, len(session.standings), session.asks, owed,
            pieces,
        )  # fmt: skip

    def _versions(self, home: Path) -> dict[str, Any]:
        backend = self.options.backend
        return {
            "backend": backend or "",
            "program": program_version(),
            "ffmpeg": self.program.version,
            "retakes": sorted(self.journals[home].retakes().items()),
            "cascade": self.options.cascade,
        }

    def _session(self, item: Item, retake: frozenset[str] | None = None) -> Session:
        options = replace(self.options, only=tuple(item.only), retake=tuple(retake or ()))
        return Session.of(
            options, item.loaded, self.catalog, folder=item.home, journal=self.journals[item.home]
        )

    def within_budgets(self, prospects: list[Prospect]) -> Total:
        """Hold every list's budget and the run's; what it will cost. Raises NeedsPerson."""
        currency = self.catalog.service.regions[prospects[0].item.loaded.shots.region].currency
        whole: dict[str, Money | None] = {}
        for home, each in _by_home(prospects).items():
            prices: dict[str, Money | None] = {}
            for prospect in each:
                prices |= prospect.new
            if budget := each[0].item.loaded.shots.budget:
                money = budget.max_cost
                cost = total(prices.values(), currency)
                hold(cost, f"the budget of {home.name}", money.amount, money.currency)
            whole |= prices
        cost = total(whole.values(), currency)
        if self.options.max_cost is not None:
            hold(cost, "--max-cost", self.options.max_cost, currency)
        return cost

    def note_retakes(self, prospects: list[Prospect]) -> None:
        for each in prospects:
            for basis, takes in each.counts.items():
                self.journals[each.item.home].retake(basis, takes)

    # -- the run -----------------------------------------------------------------------------------

    def report(self, lists: int) -> Emit:
        """Where events go: JSON on stdout, or lines; of many lists only what counts."""
        if self.options.as_json:
            return terminal.json_lines(self.world.stdout, RealClock())
        plain = terminal.plain(self.world.stderr)
        if lists <= _FEW:
            return plain
        return lambda event: plain(event) if event.kind in _TOLD else None

    def opening(self, prospects: list[Prospect], cost: Total, backend: str) -> Event:
        finished = sum(each.finished is not None for each in prospects)
        to_make = len({key for each in prospects for key in each.new})
        mocked = "MOCK, play money, " if backend == "mock" else ""
        told = (
            f"{len(prospects)} lists: {mocked}{finished} finished, {to_make} takes to make, {cost}"
        )
        facts = {
            "backend": backend,
            "lists": len(prospects),
            "finished": finished,
            "to_make": to_make,
            "cost": str(cost.amount),
            "currency": cost.currency,
            "unknown_prices": cost.unknown,
        }
        return Event("start", told, facts=facts)

    async def carry_out(
        self, prospects: list[Prospect], service: Service, executor: Executor, emit: Emit
    ) -> None:
        """Render what is not finished; owed clips first, since they expire."""
        self.outcomes = {e.item.name: e.finished for e in prospects if e.finished}
        open_ = [each for each in prospects if not each.finished]
        open_.sort(key=lambda each: not each.owed)
        homes = self._homes(service, executor, emit, open_)
        try:
            if any(each.asks for each in open_):
                await service.open(self.catalog)
            works = [self._work(each, homes, service, executor, emit) for each in open_]
            await render_all(works, program_version())
            for home in self.changed:
                await self._sweep(home)
        finally:
            await service.backend.close()

    def _homes(
        self, service: Service, executor: Executor, emit: Emit, prospects: list[Prospect]
    ) -> dict[Path, Home]:
        """A home for each file, all with one account, one watch and one purse over theirs."""
        backend, clock = service.backend, service.clock
        self.account = Account(backend, self.catalog, clock, list(self.journals.values()))
        watch, whole = Watch(backend, self.catalog, clock), Purse(self.options.max_cost)
        chance = random.Random()  # noqa: S311  # for pauses alone
        budgets = {p.item.home: p.item.loaded.shots.budget for p in prospects}
        projects = {p.item.home: p.item.loaded.shots.project for p in prospects}

        def home(folder: Path, journal: Journal) -> Home:
            project, budget = projects.get(folder, ""), budgets.get(folder)
            purse = Purse(budget.max_cost.amount if budget else None, whole)

            def tell(take: Take, kind: Any, text: str, task_id: str | None) -> None:
                name = f"{project}/{take.row}" if take.row else project
                emit(Event(kind, text, take.shot, take.number, task_id=task_id, list=name))

            asker = Asker(self.account, journal, purse, chance, tell)
            collector = Collector(
                backend, journal, self.catalog, watch, self.program, executor, folder
            )
            return Home(folder, journal, purse, asker, collector, folder.name)

        return {folder: home(folder, journal) for folder, journal in self.journals.items()}

    def _work(
        self,
        prospect: Prospect,
        homes: Mapping[Path, Home],
        service: Service,
        executor: Executor,
        emit: Emit,
    ) -> Work:
        item = prospect.item
        home = homes[item.home]
        used: set[str] = set()

        def start() -> Desk:
            item.folder.mkdir(exist_ok=True)
            desk = self._session(item).desk(service, home.journal, self.program, executor, emit)
            return replace(
                desk,
                folder=item.folder,
                account=self.account,
                home=home,
                siblings=tuple(homes.values()),
                bench=RowBench(self._common(executor, item.home), used),
            )

        def done(desk: Desk, manifest: Manifest | None) -> None:
            outcome = outcome_of(desk, manifest, item.home)
            complete = outcome.code == 0 and not item.only
            files = files_of(manifest, item.folder, item.home) if manifest and complete else []
            mark = prospect.mark if complete and not prospect.counts else ""
            pieces = self._pieces(prospect, used, complete=complete)
            record = {"mark": mark, "files": files, "outcome": outcome.record(), "pieces": pieces}
            home.journal.left(_row_name(item), record)
            self.outcomes[item.name] = outcome
            self.changed.add(item.home)
            emit(_finished(item, outcome, len(self.outcomes)))

        def after(desk: Desk, manifest: Manifest) -> list[Event]:
            told: list[Event] = []
            source = Source(item.folder, self.program, desk.plan.media, item.home)
            if self.storyboards:
                after_run(manifest, source, executor, told.append)
            return told

        return Work(item.name, home.name, start, done, after)

    def write_manifests(self, every: list[Item], folders: list[Path]) -> None:
        """One manifest over all rows of each table of which something was rendered."""
        for home in folders:
            rows = [each for each in every if each.home == home and each.loaded.row]
            if not rows or (home not in self.changed and (home / "manifest.json").exists()):
                continue
            left = self.journals[home].rows()
            done = [left.get(_row_name(each), {}).get("mark") for each in rows]
            spent = self.journals[home].spent().items()
            cost = ", ".join(f"{amount:.2f} {currency}" for currency, amount in spent)
            write_whole(home, rows, all(done), cost)

    # -- segments and sounds, which the rows of a table share --------------------------------------

    def _common(self, executor: Executor, home: Path) -> CommonBench:
        if home not in self.benches:
            make = self.bench or (lambda where, folder: LocalBench(self.program, where, folder))
            self.benches[home] = CommonBench(make(executor, home))
        return self.benches[home]

    def _pieces(self, prospect: Prospect, used: set[str], *, complete: bool) -> list[str]:
        """What is to be kept for a list from now on; one that failed keeps what it had too."""
        if complete:
            self.stale.setdefault(prospect.item.home, set()).update(prospect.pieces - used)
            return sorted(used)
        return sorted(used | prospect.pieces)

    async def _sweep(self, home: Path) -> None:
        """Drop the pieces that no row uses any more; a run over some rows only what they used."""
        left = self.journals[home].rows()
        rows = self.rows[home] if self.whole else left.keys()
        used = {name for row in rows for name in left.get(row, {}).get("pieces", ())}
        among = None if self.whole else self.stale.get(home, set())
        await self.benches[home].bench.sweep(used, among)

    # -- afterwards ----------------------------------------------------------------------------

    def close(self, prospects: list[Prospect], page: Path, cost: str, backend: str) -> int:
        """Say what came out, results on stdout; the exit code."""
        found = [(each.item, self.outcomes[each.item.name]) for each in prospects]
        codes = {outcome.code for _, outcome in found}
        code = next((each for each in (4, 1) if each in codes), 0)
        failed = [item.name for item, outcome in found if outcome.code]
        paths = [item.home / path for item, o in found for path in o.deliverables.values()]
        if self.options.as_json:
            record = {
                "event": "summary",
                "backend": backend,
                "complete": code == 0,
                "lists": len(found),
                "cost": cost,
                "exit_code": code,
                "index": str(page),
                "deliverables": [str(path) for path in paths],
                "failed": failed,
            }
            self.world.stdout.write(terminal.json_line(record, RealClock().now()))
            return code
        for path in paths:
            self.world.stdout.write(f"{shown(path)}\n")
        mocked = "MOCK: " if backend == "mock" else ""
        if failed:
            names = ", ".join(failed[:8]) + (f" and {len(failed) - 8} more" if failed[8:] else "")
            self.world.tell(f"{mocked}{len(failed)} of {len(found)} lists failed: {names}")
            self.world.tell("what there is is kept; run the same command again for the rest")
        else:
            self.world.tell(f"{mocked}{len(found)} lists done, {cost} in all")
        self.world.tell(f"the index page is {shown(page)}")
        return code


def _shots(item: Item) -> frozenset[str]:
    return frozenset(shot.id for shot in item.loaded.shots.shots)


def _row_name(item: Item) -> str:
    """By what the journal of its home knows a list; a table's rows each have their own name."""
    return item.loaded.row.name if item.loaded.row else ""


def _by_home(prospects: Iterable[Prospect]) -> dict[Path, list[Prospect]]:
    found: dict[Path, list[Prospect]] = {}
    for each in prospects:
        found.setdefault(each.item.home, []).append(each)
    return found


def _finished(item: Item, outcome: Outcome, number: int) -> Event:
    words = {0: "done", 1: "failed", 4: "needs a person"}
    facts = {
        "exit_code": outcome.code,
        "cost": outcome.cost,
        "folder": str(item.folder),
        "deliverables": [str(item.home / path) for path in outcome.deliverables.values()],
        "failed": list(outcome.failed),
    }
    return Event("list", f"{words[outcome.code]}, {number} so far", list=item.name, facts=facts)
