"""How the lists of a run stand before it: what of each is to be asked for, and what that costs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeVar

from wanx_render.catalog.pricing import Total, total
from wanx_render.diagnostics import Diagnostic
from wanx_render.money import Money
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import Take
from wanx_render.session.destination import Place
from wanx_render.session.outcome import Outcome, stand_still
from wanx_render.session.outlook import Outlook, look, stale_picks
from wanx_render.session.restore import restore
from wanx_render.session.selection import ListInFolder, ListOptions, Selection, fingerprint
from wanx_render.task import InputMedia

FEW = 20  # lists; of so many the whole outlook is kept, of more it is made again when it is needed


@dataclass(frozen=True)
class Prospect:
    """A list before the run: what of it is to be asked for, or that it is finished as it is."""

    item: ListInFolder
    mark: str  # changes with anything that its deliverables come of
    finished: Outcome | None = None
    prices: Mapping[str, Money | None] = field(default_factory=dict)  # of new requests
    takes: Mapping[str, Money | None] = field(default_factory=dict)  # the same, by take
    retaken: frozenset[str] = frozenset()  # shots of which one more take is wanted
    counts: Mapping[str, int] = field(default_factory=dict)  # of takes, for the journal
    media: tuple[InputMedia, ...] = ()  # pictures and sounds, by the identity they were sent with
    asks: bool = False
    owed: bool = False  # whether clips of earlier tasks are to be fetched
    pieces: frozenset[str] = frozenset()  # segments and sounds that it used when it was left
    lost: tuple[Attempt, ...] = ()  # clips that were paid and are gone from here
    warnings: tuple[Diagnostic, ...] = ()  # about takes that were picked
    outlook: Outlook | None = None


@dataclass(frozen=True)
class Survey:
    """The chosen lists, their folders, and the bucket where there is one.

    A list that is as its last run left it is not looked at, unless it is the only one: then every
    clip and deliverable of it is checked.
    """

    selection: Selection
    options: ListOptions
    retakes: Mapping[str, frozenset[str]]  # the shots of which one more take is wanted, by list
    journals: Mapping[Path, Journal]  # by home; none where nothing was rendered
    places: Mapping[Path, Place] = field(default_factory=dict)  # by home; else files stay here
    ffmpeg: str = ""  # its version

    def outlook(self, item: ListInFolder) -> Outlook:
        """All that a run would do with one list."""
        return look(
            item, self.selection.catalog, self.journals.get(item.home),
            backend=self.options.backend, cascade=self.options.cascade,
            retake=self.retakes.get(item.name, frozenset()),
        )  # fmt: skip

    def outlooks(self) -> Iterator[Outlook]:
        """That of each chosen list; one at a time, for there may be ten thousand."""
        return (self.outlook(item) for item in self.selection.chosen)

    def prospects(self) -> list[Prospect]:
        """How every chosen list stands."""
        left = {home: journal.rows() for home, journal in self.journals.items()}
        return [self._prospect(item, left[item.home]) for item in self.selection.chosen]

    def restored(self, prospects: Iterable[Prospect]) -> Iterator[str]:
        """Fetch the paid clips that the bucket has and the folders no longer; messages about it.

        Raises StoreError.
        """
        for home, group in by_home(prospects).items():
            if home in self.places:
                yield from restore((a for each in group for a in each.lost), self.places[home])

    def cost(self, prospects: Iterable[Prospect]) -> Total:
        """What all of them will cost; what several ask for alike is paid once."""
        region = self.selection.chosen[0].loaded.shots.region
        prices = {key: price for each in prospects for key, price in each.prices.items()}
        return total(prices.values(), self.selection.catalog.service.regions[region].currency)

    def note_retakes(self, prospects: Iterable[Prospect]) -> None:
        for each in prospects:
            for basis, takes in each.counts.items():
                self.journals[each.item.home].retake(basis, takes)

    def _prospect(self, item: ListInFolder, left: Mapping[str, Any]) -> Prospect:
        mark = fingerprint(item.loaded, self._versions(item.home))
        before = left.get(item.row)
        if before and not self.selection.alone and self._is_finished(item, mark, before):
            return Prospect(item, mark, Outcome.read(before["outcome"]))
        outlook = self.outlook(item)
        return Prospect(
            item=item,
            mark=mark,
            prices=outlook.prices,
            takes=priced(outlook.new),
            retaken=outlook.retaken,
            counts=outlook.counts,
            media=tuple(outlook.plan.media.values()),
            asks=outlook.asks,
            owed=any(standing.state == "resumed" for standing in outlook.standings),
            pieces=frozenset(before.get("pieces", ()) if before else ()),
            warnings=stale_picks(item.loaded, outlook.plan),
            lost=outlook.lost(self.journals[item.home]) if item.home in self.places else (),
            outlook=outlook if len(self.selection.chosen) <= FEW else None,
        )

    def _is_finished(self, item: ListInFolder, mark: str, before: Mapping[str, Any]) -> bool:
        """Whether a list is as its last run left it, and all of it is where this one would put it.

        ``before`` is what the journal noted of it then.
        """
        if before["mark"] != mark or item.name in self.retakes or item.only:
            return False
        if not stand_still(before["files"], item.home):
            return False
        place = self.places.get(item.home)
        if place and place.bucket:
            return place.published.hold(before.get("put", ()))
        here = {name for name, _, _ in before["files"]}
        return here.issuperset(before["outcome"]["deliverables"].values())

    def _versions(self, home: Path) -> dict[str, Any]:
        return {
            "backend": self.options.backend or "",
            "program": program_version(),
            "ffmpeg": self.ffmpeg,
            "retakes": sorted(self.journals[home].retakes().items()),
            "cascade": self.options.cascade,
        }


class Priced(Protocol):
    """A list, and the prices of what would be asked for."""

    @property
    def item(self) -> ListInFolder: ...

    @property
    def prices(self) -> Mapping[str, Money | None]: ...


P = TypeVar("P", bound=Priced)


def by_home(lists: Iterable[P]) -> dict[Path, list[P]]:
    """Those whose folder is the same, which are the rows of one table."""
    groups: dict[Path, list[P]] = {}
    for each in lists:
        groups.setdefault(each.item.home, []).append(each)
    return groups


def priced(takes: Iterable[Take]) -> dict[str, Money | None]:
    """The prices of takes of one list, by their names."""
    return {f"{take.shot} take {take.number}": take.price for take in takes}


def program_version() -> str:
    return f"wanx-render {version('wanx-render')}"
