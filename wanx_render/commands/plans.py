"""``plan`` of many lists: a line for each, and the whole; nothing is sent."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import exact, total
from wanx_render.commands.plan import WORK_TO_PAY_FOR, PlanOptions, plan, save
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.money import Money
from wanx_render.planning.forecast import Forecast, forecast, wall_seconds
from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import Plan
from wanx_render.planning.rebuild import is_lost
from wanx_render.planning.take_status import Standing, identities
from wanx_render.reports import plan_table
from wanx_render.reports.plan_table import ListLine, Whole
from wanx_render.session.approval import approved, priced
from wanx_render.session.environment import Environment
from wanx_render.session.folder import opened
from wanx_render.session.outlook import Folder, look, without_label
from wanx_render.session.restore import told_where
from wanx_render.session.selection import Choice, Item, chosen, items, only_named, read_all

DETAILED = 20  # so many chosen rows are shown in full


@dataclass(frozen=True)
class PlansOptions:
    """Which of the rows ``plan`` was asked about."""

    only: tuple[str, ...] = ()
    rows: str | None = None
    shard: str | None = None

    @property
    def choose(self) -> bool:
        return bool(self.only or self.rows or self.shard)


def plan_files(
    options: PlanOptions, files: tuple[Path, ...], choice: PlansOptions, environment: Environment
) -> int:
    """Show the plan of one list as ever, or of many; the exit code."""
    batches, catalog = read_all(files, options.catalog)
    if len(batches) == 1 and not batches[0].tabular and not choice.choose:
        return plan(options, environment, (batches[0].lists[0], catalog))
    every = items(batches, options.folder)
    asked_for = Choice(choice.only, choice.rows, choice.shard)
    some = chosen(every, asked_for)
    for batch in batches:
        for warning in (*batch.warnings, *without_label(batch.lists, options.backend)):
            environment.say(f"{warning.span}: warning[{warning.code}]: {warning.message}")
    survey = _Survey(options, catalog)
    with ExitStack() as stack:
        for home in {item.home for item in some}:
            if (home / "journal.sqlite").exists() or is_lost(home):
                survey.journals[home] = stack.enter_context(opened(home))
        retakes = only_named("--retake", every, options.retake) if options.retake else []
        asked = {each.name: tuple(each.only) for each in retakes}
        for item in some:
            survey.look(
                item, asked.get(item.name, ()), full=choice.choose and len(some) <= DETAILED
            )
    code = survey.show(environment)
    if options.save:
        backend = survey.whole().backend
        save(options.save, approved(batches, asked_for, catalog, backend, survey.takes))
        environment.say(f"saved; `wanx-render render --plan {options.save}` runs exactly this")
    return code


class _Survey:
    """Every list held against its journal; what two of them ask for alike counts once."""

    def __init__(self, options: PlanOptions, catalog: Catalog) -> None:
        self.options = options
        self.catalog = catalog
        self.journals: dict[Path, Journal] = {}
        self.lines: list[ListLine] = []
        self.full: list[Forecast] = []
        self.takes: dict[str, dict[str, Money | None]] = {}  # new ones, by list
        self._open: dict[str, Standing] = {}  # by what is asked for
        self._made: Plan | None = None

    def look(self, item: Item, retake: tuple[str, ...], *, full: bool) -> None:
        """Add a list."""

        folder = Folder(item.home, self.journals.get(item.home))
        outlook = look(
            item.loaded, self.catalog, folder,
            backend=self.options.backend, retake=retake, cascade=self.options.cascade,
        )  # fmt: skip
        made, standings, journal = outlook.plan, outlook.standings, folder.journal
        meant = [s for s in standings if not item.only or s.take.shot in item.only]
        known = identities(made, standings)
        keys = {known[(s.take.shot, s.take.number)]: s for s in meant if s.state != "cached"}
        new = {key: s for key, s in keys.items() if s.state == "new"}
        self.takes[item.name] = priced(s.take for s in meant if s.state == "new")
        shared = sum(key in self._open for key in new)
        cost = total((s.take.price for s in new.values()), made.currency)
        states = [s.state for s in meant]
        self.lines.append(
            ListLine(
                list=item.name,
                takes=len(meant),
                new=len(new),
                shared=shared,
                resumed=states.count("resumed"),
                cached=states.count("cached"),
                blocked=states.count("blocked"),
                deliverables=len(made.deliverables),
                cost=exact(cost.amount),
                unknown_prices=cost.unknown,
                folder=str(item.folder),
            )
        )
        for key, each in keys.items():
            self._open.setdefault(key, each)
        self._made = self._made or made
        if full:
            told = told_where(standings, journal, item.home, made.world)
            self.full.append(forecast(made, told, self.catalog))

    def whole(self) -> Whole:
        """All lists together."""
        if self._made is None:
            raise BadInput(Diagnostic("rows-unknown", "no row falls into this share"))
        new = [each for each in self._open.values() if each.state == "new"]
        cost = total((each.take.price for each in new), self._made.currency)
        least, most = wall_seconds(self._open.values(), self.catalog)
        return Whole(
            backend=self._made.world,
            region=self._made.region,
            mock=self._made.world == "mock",
            lists=len(self.lines),
            takes=sum(line.takes for line in self.lines),
            to_make=len(new),
            cost=exact(cost.amount),
            currency=cost.currency,
            unknown_prices=cost.unknown,
            at_least_seconds=least,
            at_most_seconds=most,
        )

    def show(self, environment: Environment) -> int:
        whole = self.whole()
        if self.options.as_json:
            record: dict[str, Any] = {"version": 1, **asdict(whole)}
            record["plans"] = [asdict(each) for each in self.lines]
            record["details"] = [asdict(each) for each in self.full]
            text = json.dumps(record, ensure_ascii=False, indent=2)
            environment.stdout.write(text + "\n")
        else:
            for each in self.full:
                plan_table.show(each, environment.stdout)
                environment.stdout.write("\n")
            plan_table.show_many(self.lines, whole, environment.stdout)
        return WORK_TO_PAY_FOR if self.options.detailed and whole.to_make else 0
