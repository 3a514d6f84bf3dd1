"""How many lists stand before a run: what of each is to be asked for, and what it may cost."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import Total, total
from wanx_render.commands.render import RenderOptions, Session, hold, program_version
from wanx_render.media import ffmpeg
from wanx_render.money import Money
from wanx_render.planning.journal import Attempt, Journal
from wanx_render.planning.take_status import identities
from wanx_render.session.approval import priced
from wanx_render.session.destination import Place
from wanx_render.session.outcome import Outcome, stand_still
from wanx_render.session.restore import regain
from wanx_render.session.selection import Item, fingerprint, only_named


@dataclass(frozen=True)
class Prospect:
    """A list before the run: what of it is to be asked for, or that it is finished as it stands."""

    item: Item
    mark: str  # changes with anything that its deliverables come of
    finished: Outcome | None = None
    new: Mapping[str, Money | None] = field(default_factory=dict)  # prices, by what is asked for
    takes: Mapping[str, Money | None] = field(default_factory=dict)  # the same, by take
    counts: Mapping[str, int] = field(default_factory=dict)  # retakes
    asks: bool = False
    owed: bool = False
    pieces: frozenset[str] = frozenset()  # segments and sounds that it used when it was left
    lost: tuple[Attempt, ...] = ()  # clips that were paid and are gone from here


@dataclass(frozen=True)
class Survey:
    """Lists held against their folders, and against the bucket where there is one."""

    options: RenderOptions
    catalog: Catalog
    program: ffmpeg.Ffmpeg
    journals: Mapping[Path, Journal]
    places: Mapping[Path, Place] = field(default_factory=dict)  # by home; else files stay here

    def of(self, some: list[Item], every: list[Item]) -> list[Prospect]:
        """How every list stands."""
        retakes: dict[str, frozenset[str]] = {}
        if self.options.retake:
            found = only_named("--retake", every, self.options.retake)
            retakes = {each.name: each.only or _shots(each) for each in found}
        left = {folder: journal.rows() for folder, journal in self.journals.items()}
        return [self._prospect(item, left[item.home], retakes.get(item.name)) for item in some]

    def regained(self, prospects: list[Prospect]) -> Iterator[str]:
        """Fetch the paid clips that the bucket has and the folders no longer; what to say of it.

        Raises StoreError.
        """
        for home, each in by_home(prospects).items():
            if home in self.places:
                yield from regain((a for p in each for a in p.lost), self.places[home])

    def _prospect(
        self, item: Item, left: Mapping[str, Any], retake: frozenset[str] | None
    ) -> Prospect:
        mark = fingerprint(item.loaded, self._versions(item.home))
        before = left.get(item.row)
        unchanged = before and before["mark"] == mark and retake is None and not item.only
        if before and unchanged and self._stands(item.home, before):
            return Prospect(item, mark, Outcome.read(before["outcome"]))
        session = self.session(item, retake)
        lost = session.lost(self.journals[item.home]) if item.home in self.places else ()
        known = identities(session.made, session.standings)
        return Prospect(
            item=item,
            mark=mark,
            new={known[(take.shot, take.number)]: take.price for take in session.new},
            takes=priced(session.new),
            counts=session.counts,
            asks=session.asks,
            owed=any(each.state == "resumed" for each in session.standings),
            pieces=frozenset(before.get("pieces", ()) if before else ()),
            lost=tuple(lost),
        )

    def _stands(self, home: Path, before: Mapping[str, Any]) -> bool:
        """Whether all that was left of a list is where this run would put it."""
        if not stand_still(before["files"], home):
            return False
        place = self.places.get(home)
        if place and place.bucket:
            return place.published.hold(before.get("put", ()))
        here = {name for name, _, _ in before["files"]}
        return here.issuperset(before["outcome"]["deliverables"].values())

    def _versions(self, home: Path) -> dict[str, Any]:
        backend = self.options.backend
        return {
            "backend": backend or "",
            "program": program_version(),
            "ffmpeg": self.program.version,
            "retakes": sorted(self.journals[home].retakes().items()),
            "cascade": self.options.cascade,
        }

    def session(self, item: Item, retake: frozenset[str] | None = None) -> Session:
        options = replace(self.options, only=tuple(item.only), retake=tuple(retake or ()))
        return Session.of(
            options, item.loaded, self.catalog, folder=item.home, journal=self.journals[item.home]
        )

    def within_budgets(self, prospects: list[Prospect]) -> Total:
        """Hold every list's budget and the run's; what it will cost. Raises NeedsPerson."""
        currency = self.catalog.service.regions[prospects[0].item.loaded.shots.region].currency
        whole: dict[str, Money | None] = {}
        for home, each in by_home(prospects).items():
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


def _shots(item: Item) -> frozenset[str]:
    return frozenset(shot.id for shot in item.loaded.shots.shots)


def by_home(prospects: Iterable[Prospect]) -> dict[Path, list[Prospect]]:
    found: dict[Path, list[Prospect]] = {}
    for each in prospects:
        found.setdefault(each.item.home, []).append(each)
    return found
