"""Many lists under way together: one account and one budget over their homes, and what came."""

import random
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from wanx_render.catalog.pricing import Total, sums
from wanx_render.clock import RealClock
from wanx_render.commands.render import program_version
from wanx_render.commands.report import Source, after_run
from wanx_render.events import Emit, Event
from wanx_render.manifest import Manifest
from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import Take
from wanx_render.reports import terminal
from wanx_render.run.batch import Work, render_all
from wanx_render.run.orchestrator import Desk
from wanx_render.session.connection import Service
from wanx_render.session.environment import Environment
from wanx_render.session.outcome import Outcome, files_of, outcome_of
from wanx_render.session.selection import Item
from wanx_render.session.summary import shown
from wanx_render.session.survey import Prospect, Survey
from wanx_render.session.table_manifest import write_whole
from wanx_render.task import Media
from wanx_render.tasks.account import Account
from wanx_render.tasks.budget import Purse
from wanx_render.tasks.clip_store import Home
from wanx_render.tasks.collect import Collector
from wanx_render.tasks.polling import Watch
from wanx_render.tasks.recognition import ClipJudge, pictures_by_identity
from wanx_render.tasks.submit import Asker
from wanx_render.workers.base import Bench, LocalBench
from wanx_render.workers.dedupe import CommonBench, RowBench

# What is told of each of many lists; the rest would be thousands of lines.
_TOLD = ("start", "failed", "broken", "warning", "uncertain", "list")
_FEW = 3


@dataclass
class Run:
    """One run over many lists."""

    survey: Survey
    every: list[Item]  # of the lists, chosen or not
    environment: Environment
    storyboards: bool = True
    bench: Callable[[Executor, Path], Bench] | None = None  # for each home; else here
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    changed: set[Path] = field(default_factory=set)  # homes of which something was rendered
    benches: dict[Path, CommonBench] = field(default_factory=dict)
    stale: dict[Path, set[str]] = field(default_factory=dict)  # pieces that rows ceased to use
    unsent: list[str] = field(default_factory=list)  # of the whole: no list's fault
    whole: Purse = field(default_factory=Purse)  # of all lists together

    def report(self, lists: int) -> Emit:
        """Where events go: JSON on stdout, or lines; of many lists only what counts."""
        if self.survey.options.as_json:
            return terminal.json_lines(self.environment.stdout, RealClock())
        plain = terminal.plain(self.environment.stderr)
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
                await service.open(self.survey.catalog)
            works = [self._work(each, homes, service, executor, emit) for each in open_]
            await render_all(works, program_version())
            for home in self.changed:
                await self._sweep(home, whole=len(prospects) == len(self.every))
        finally:
            await service.backend.close()

    def _homes(
        self, service: Service, executor: Executor, emit: Emit, prospects: list[Prospect]
    ) -> dict[Path, Home]:
        """A home for each file, all with one account, one watch and one purse over theirs."""
        backend, clock, survey = service.backend, service.clock, self.survey
        self.account = Account(
            backend, survey.catalog, clock, list(survey.journals.values()),
            survey.options.on_ambiguous,
        )  # fmt: skip
        self.account.begin()
        watch, whole = Watch(backend, survey.catalog, clock), Purse(survey.options.max_cost)
        self.whole = whole
        chance = random.Random()  # noqa: S311  # for pauses alone
        budgets = {p.item.home: p.item.loaded.shots.budget for p in prospects}
        projects = {p.item.home: p.item.loaded.shots.project for p in prospects}

        def home(folder: Path, journal: Journal) -> Home:
            project, budget = projects.get(folder, ""), budgets.get(folder)
            purse = Purse(budget.max_cost.amount if budget else None, whole)

            def tell(take: Take, kind: Any, text: str, task_id: str | None) -> None:
                name = f"{project}/{take.row}" if take.row else project
                emit(Event(kind, text, take.shot, take.number, task_id=task_id, list=name))

            media = [m for p in prospects if p.item.home == folder for m in _media(p.item)]
            sent = pictures_by_identity(media, journal, folder)
            judge = ClipJudge(backend, survey.catalog, survey.program, executor, folder, sent)
            asker = Asker(self.account, journal, purse, chance, tell, judge)
            collector = Collector(
                backend,
                journal,
                survey.catalog,
                watch,
                survey.program,
                executor,
                folder,
                RealClock(),
            )
            return Home(folder, journal, purse, asker, collector, folder.name)

        return {folder: home(folder, journal) for folder, journal in survey.journals.items()}

    def _work(
        self,
        prospect: Prospect,
        homes: Mapping[Path, Home],
        service: Service,
        executor: Executor,
        emit: Emit,
    ) -> Work:
        item, survey = prospect.item, self.survey
        home, place = homes[item.home], survey.places.get(item.home)
        used: set[str] = set()

        def start() -> Desk:
            item.folder.mkdir(exist_ok=True)
            session = survey.session(item)
            return replace(
                session.desk(service, home.journal, survey.program, executor, emit),
                folder=item.folder,
                account=self.account,
                home=home,
                siblings=tuple(homes.values()),
                bench=RowBench(self._common(executor, item.home), used),
            )

        def after(desk: Desk, manifest: Manifest) -> list[Event]:
            told: list[Event] = []
            source = Source(item.folder, survey.program, desk.plan.media, item.home)
            if self.storyboards:
                after_run(manifest, source, executor, told.append)
            unsent = place.publish(item.folder, manifest) if place else ()
            return [*told, *(Event("broken", each) for each in unsent)]

        def done(desk: Desk, manifest: Manifest | None, told: list[Event]) -> None:
            unsent = [each.text for each in told if each.kind == "broken"]
            outcome = outcome_of(desk, manifest, item.home, unsent)
            record = self._record(prospect, outcome, manifest)
            complete = outcome.code == 0 and not item.only
            record["pieces"] = self._pieces(prospect, used, complete=complete)
            home.journal.left(item.row, record)
            self.outcomes[item.name] = outcome
            self.changed.add(item.home)
            emit(self._finished(item, outcome))

        return Work(item.name, home.name, start, after, done)

    def _record(
        self, prospect: Prospect, outcome: Outcome, manifest: Manifest | None
    ) -> dict[str, Any]:
        """How a list was left, for the next run to see whether anything is to be done."""
        item = prospect.item
        record: dict[str, Any] = {"mark": "", "files": [], "outcome": outcome.record()}
        if manifest is None or outcome.code or item.only:
            return record
        place = self.survey.places.get(item.home)
        away = bool(place and place.elsewhere)
        record["files"] = files_of(manifest, item.folder, item.home, elsewhere=away)
        if place and place.bucket:
            record["put"] = place.parts(item.folder, manifest)
        if not prospect.counts:
            record["mark"] = prospect.mark
        return record

    # -- segments and sounds, which the rows of a table share --------------------------------------

    def _common(self, executor: Executor, home: Path) -> CommonBench:
        if home not in self.benches:
            bench = self.bench(executor, home) if self.bench else None
            self.benches[home] = CommonBench(
                bench or LocalBench(self.survey.program, executor, home)
            )
        return self.benches[home]

    def _pieces(self, prospect: Prospect, used: set[str], *, complete: bool) -> list[str]:
        """What is to be kept for a list from now on; one that failed keeps what it had too."""
        if complete:
            self.stale.setdefault(prospect.item.home, set()).update(prospect.pieces - used)
            return sorted(used)
        return sorted(used | prospect.pieces)

    async def _sweep(self, home: Path, *, whole: bool) -> None:
        """Drop the pieces that no row uses any more; a run over some rows only what they used."""
        left = self.survey.journals[home].rows()
        rows = {each.row for each in self.every if each.home == home}
        kept = rows if whole else left.keys()
        used = {name for row in kept for name in left.get(row, {}).get("pieces", ())}
        among = None if whole else self.stale.get(home, set())
        await self.benches[home].bench.sweep(used, among)

    # -- afterwards ----------------------------------------------------------------------------

    def write_manifests(self) -> None:
        """One manifest over all rows of each table of which something was rendered."""
        for home, journal in self.survey.journals.items():
            rows = [each for each in self.every if each.home == home and each.loaded.row]
            if not rows or (home not in self.changed and (home / "manifest.json").exists()):
                continue
            left = journal.rows()
            done = [left.get(each.row, {}).get("mark") for each in rows]
            write_whole(home, rows, all(done), sums(journal.paid()))

    def close(self, prospects: list[Prospect], page: Path | str, cost: str, backend: str) -> int:
        """Say what came out, results on stdout; the exit code."""
        found = [(each.item, self.outcomes[each.item.name]) for each in prospects]
        codes = {outcome.code for _, outcome in found} | ({1} if self.unsent else set())
        code = next((each for each in (4, 1) if each in codes), 0)
        failed = [item.name for item, outcome in found if outcome.code]
        paths = [path for item, outcome in found for path in self._delivered(item, outcome)]
        if self.survey.options.as_json:
            record = {
                "event": "summary",
                "backend": backend,
                "complete": code == 0,
                "lists": len(found),
                "cost": cost,
                "cost_run": self._sum(self.whole.billed),
                "cost_folder": cost,
                "exit_code": code,
                "index": str(page),
                "deliverables": [str(path) for path in paths],
                "failed": [*failed, *self.unsent],
            }
            self.environment.stdout.write(terminal.json_line(record, RealClock().now()))
            return code
        for path in paths:
            self.environment.stdout.write(f"{shown(path)}\n")
        mocked = "MOCK: " if backend == "mock" else ""
        if failed:
            names = ", ".join(failed[:8]) + (f" and {len(failed) - 8} more" if failed[8:] else "")
            self.environment.say(f"{mocked}{len(failed)} of {len(found)} lists failed: {names}")
            self.environment.say("what there is is kept; run the same command again for the rest")
        else:
            self.environment.say(f"{mocked}{len(found)} lists done")
        self.environment.say(f"{mocked}{self.totals(cost)}")
        self.environment.say(f"the index page is {shown(page)}")
        return code

    def totals(self, folders: str) -> str:
        """Money, three times: of this run, of all clips that are here, of all ever paid."""
        here: dict[str, Decimal] = {}
        for journal in self.survey.journals.values():
            for currency, amount in journal.paid(kept=True).items():
                here[currency] = here.get(currency, Decimal(0)) + amount
        run = self._sum(self.whole.billed)
        return f"{run} this run, {sums(here)} these films, {folders} these folders ever"

    def _sum(self, amount: Decimal) -> str:
        region = self.every[0].loaded.shots.region
        return f"{amount:.2f} {self.survey.catalog.service.regions[region].currency}"

    def _delivered(self, item: Item, outcome: Outcome) -> list[Path | str]:
        """Where the deliverables of a list stand."""
        place = self.survey.places.get(item.home)
        names = outcome.deliverables.values()
        return [place.shown(name) if place else item.home / name for name in names]

    def _finished(self, item: Item, outcome: Outcome) -> Event:
        words = {0: "done", 1: "failed", 4: "needs a person"}
        facts = {
            "exit_code": outcome.code,
            "cost": outcome.cost,
            "folder": str(item.folder),
            "deliverables": [str(path) for path in self._delivered(item, outcome)],
            "failed": list(outcome.failed),
        }
        told = f"{words[outcome.code]}, {len(self.outcomes)} so far"
        return Event("list", told, list=item.name, facts=facts)


def _media(item: Item) -> Iterable[Media]:
    return item.loaded.media.values()
