"""``plan``: what would be asked for, made and paid; and the saved plan that ``render`` keeps to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import KW_ONLY, asdict, dataclass
from pathlib import Path
from typing import Any

from wanx_render import diagnostics
from wanx_render.actions.suggest import suggest
from wanx_render.catalog.pricing import total
from wanx_render.diagnostics import Diagnostic
from wanx_render.language import Message, tr, verbatim
from wanx_render.money import Money, write_amount
from wanx_render.planning.forecast import (
    Forecast,
    KindOfTask,
    forecast,
    kind_of_task,
    wall_seconds,
)
from wanx_render.planning.rebuild import is_lost
from wanx_render.reports import plan_table
from wanx_render.reports.plan_table import ListLine, ListsTotal
from wanx_render.session.approval import SavedPlan, check_offers
from wanx_render.session.connection import play_money
from wanx_render.session.environment import Environment
from wanx_render.session.folder import opened
from wanx_render.session.outlook import Outlook, stale_picks, truth_now, without_label
from wanx_render.session.restore import where_stored
from wanx_render.session.selection import RenderOptions, Selection
from wanx_render.session.summary import say_skipped, skip_record
from wanx_render.session.survey import FEW, Survey, priced, wide_retake

WORK_TO_PAY_FOR = 6


@dataclass(frozen=True)
class PlanOptions(RenderOptions):
    """What ``plan`` was asked for."""

    _: KW_ONLY
    save: Path | None = None
    detailed: bool = False
    suggest: bool = False


def plan(options: PlanOptions, environment: Environment) -> int:
    """Show the plan of the lists on stdout; nothing is sent. The exit code."""
    selection = Selection.of(options)
    with ExitStack() as stack:
        journals = {
            home: stack.enter_context(opened(home))
            for home in selection.homes
            if (home / "journal.sqlite").exists() or is_lost(home)
        }
        if options.suggest:
            return suggest(selection, journals, environment)
        preview = _Preview(Survey(selection, journals), keeps_takes=options.save is not None)
        for outlook in preview.survey.outlooks():
            check_offers((take.request.model for take in outlook.new), selection.catalog)
            preview.add(outlook)
    say_skipped(selection, environment)
    for warning in preview.warnings():
        environment.say(verbatim(diagnostics.concise(warning)))
    for name, rows in selection.wide_retakes():
        environment.say(tr("warning: {message}", message=preview.retake(name, rows)))
    preview.show(environment, as_json=options.as_json)
    if selection.backend != "mock" and (note := play_money(options, environment.environ)):
        environment.say(note)
    if options.save:
        SavedPlan.of(selection, preview.takes).save(options.save)
        environment.say(
            tr("Saved. Run exactly this plan: wanx-render render --plan {file}", file=options.save)
        )
    if options.detailed and preview.whole.to_make:
        return WORK_TO_PAY_FOR
    return 1 if selection.skipped else 0


@dataclass(frozen=True, slots=True)
class _Request:
    """One request of any list, in as little as the sum of a hundred thousand of them needs."""

    kind: KindOfTask
    price: Money | None
    is_new: bool


class _Preview:
    """What all lists together would ask for; what two of them ask for alike counts once."""

    def __init__(self, survey: Survey, *, keeps_takes: bool = False) -> None:
        """``keeps_takes``: for a plan that is saved."""
        self.survey = survey
        self.keeps_takes = keeps_takes
        self.takes: dict[str, Mapping[str, Money | None]] = {}  # new ones, by list
        selection = survey.selection
        # One list is shown in full; so are a few that were chosen.
        choice = selection.options.choice
        self._alone = selection.alone and not choice
        self._in_full = self._alone or bool(choice and len(selection.chosen) <= FEW)
        self._lines: list[ListLine] = []
        self._full: list[Forecast] = []
        self._stale: list[Diagnostic] = []
        self._requests: dict[str, _Request] = {}
        self._alike: dict[_Request, _Request] = {}  # that equal requests share

    def add(self, outlook: Outlook) -> None:
        """Add a list."""
        item, plan = outlook.item, outlook.plan
        if self.keeps_takes:
            self.takes[item.name] = priced(outlook.new)
        self._lines.append(self._line(outlook))
        for key, status in outlook.requests.items():
            take = status.take
            request = _Request(kind_of_task(take.request), take.price, status.state == "new")
            self._requests.setdefault(key, self._alike.setdefault(request, request))
        self._stale += stale_picks(item.loaded, plan)
        if self._in_full:
            journal = self.survey.journals.get(item.home)
            statuses = where_stored(outlook.statuses, journal, item.home, plan.backend)
            catalog, options = self.survey.selection.catalog, self.survey.selection.options
            truth = truth_now(outlook, catalog) if options.cascade else None
            self._full.append(forecast(plan, statuses, catalog, truth))

    def _line(self, outlook: Outlook) -> ListLine:
        cost = outlook.cost
        states = [status.state for status in outlook.meant]
        return ListLine(
            list=outlook.item.name,
            takes=len(states),
            new=len(outlook.prices),
            shared=len(outlook.prices.keys() & self._requests.keys()),
            resumed=states.count("resumed"),
            cached=states.count("cached"),
            blocked=states.count("blocked"),
            deliverables=len(outlook.plan.deliverables),
            cost=write_amount(cost.amount),
            unknown_prices=cost.unknown,
            folder=str(outlook.item.folder),
        )

    def retake(self, name: str, rows: Sequence[str]) -> Message:
        """What ``--retake`` costs where it means a shot in several rows."""
        prices = (request.price for request in self._requests.values() if request.is_new)
        return wide_retake(name, rows, total(prices, self.survey.selection.currency).shown)

    @property
    def whole(self) -> ListsTotal:
        """All lists together."""
        selection, requests = self.survey.selection, self._requests.values()
        new = [request.price for request in requests if request.is_new]
        cost = total(new, selection.currency)
        kinds = Counter(request.kind for request in requests)
        shortest, longest = wall_seconds(kinds, selection.catalog)
        return ListsTotal(
            backend=selection.backend,
            region=selection.region,
            mock=selection.backend == "mock",
            lists=len(self._lines),
            takes=sum(line.takes for line in self._lines),
            to_make=len(new),
            cost=write_amount(cost.amount),
            currency=cost.currency,
            unknown_prices=cost.unknown,
            at_least_seconds=shortest,
            at_most_seconds=longest,
        )

    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is worth warning of in the lists."""
        backend = self.survey.selection.options.backend
        warnings: list[Diagnostic] = []
        for batch in self.survey.selection.batches:
            warnings += batch.warnings
            warnings += without_label(batch.lists, backend)
        return (*warnings, *self._stale)

    def show(self, environment: Environment, *, as_json: bool) -> None:
        if as_json:
            environment.write_json(self._record())
            return
        for details in self._full:
            plan_table.show(details, environment.stdout)
            if not self._alone:
                environment.stdout.write("\n")
        if not self._alone:
            plan_table.show_many(self._lines, self.whole, environment.stdout)

    def _record(self) -> dict[str, Any]:
        if self._alone:
            return asdict(self._full[0])
        return {
            "version": 1,
            **asdict(self.whole),
            "plans": [asdict(line) for line in self._lines],
            "details": [asdict(details) for details in self._full],
            "skipped": [skip_record(item) for item in self.survey.selection.skipped],
        }
