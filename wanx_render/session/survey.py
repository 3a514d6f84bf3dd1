"""How the lists of a run stand before it: what of each is to be asked for, and what that costs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanx_render.catalog.pricing import Total, total
from wanx_render.diagnostics import Diagnostic
from wanx_render.language import Message, plural
from wanx_render.money import Money
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.planned import Take
from wanx_render.session.outcome import Outcome, begun, left_out, stand_still
from wanx_render.session.outlook import Outlook, look, stale_picks
from wanx_render.session.restore import restore
from wanx_render.session.selection import ListInFolder, Selection, by_number, fingerprint
from wanx_render.shotlist import picks
from wanx_render.task import InputMedia

if TYPE_CHECKING:
    from wanx_render.session.destination import Place

FEW = 20  # lists; of so many the whole outlook is kept, of more it is made again when it is needed


@dataclass(frozen=True)
class Prospect:
    """A list before the run: what of it is to be asked for, or that it is finished as it is."""

    item: ListInFolder
    mark: str  # changes with anything that its deliverables come of
    finished: Outcome | None = None
    prices: Mapping[str, Money | None] = field(default_factory=dict)  # of new requests
    takes: Mapping[str, Money | None] = field(default_factory=dict)  # the same, by take
    models: frozenset[str] = frozenset()  # that would be asked for something new
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
    journals: Mapping[Path, Journal]  # by home; none where nothing was rendered
    places: Mapping[Path, "Place"] = field(default_factory=dict)  # by home; else files stay here
    ffmpeg: str = ""  # its version

    def outlook(self, item: ListInFolder, *, noted: bool = False) -> Outlook:
        """All that a run would do with one list; ``noted``: the journal has its retakes by now.

        Asked for once more then, they would be takes that nobody approved.
        """
        retakes = {} if noted else self.selection.retakes
        retake = retakes.get(item.name, frozenset())
        return look(
            self._with_newest(item, retake), self.selection.catalog, self.journals.get(item.home),
            backend=self.selection.options.backend, cascade=self.selection.options.cascade,
            retake=retake,
        )  # fmt: skip

    def _with_newest(self, item: ListInFolder, retake: frozenset[str]) -> ListInFolder:
        """The list with the takes picked that are being bought, where the board picked others.

        In a run over a table the picks of its rows stay; the board of one row changes them.
        """
        loaded, always = item.loaded, self.selection.options.picks_new_takes
        shots = [shot for shot in retake if always or shot in loaded.picks.picked]
        if not shots or (loaded.row and not self.selection.row_alone):
            return item
        return replace(item, changed=replace(loaded, picks=loaded.picks.with_newest(shots)))

    def delivered(self, item: ListInFolder, outcome: Outcome) -> list[Path | str]:
        """Where the deliverables of a list are."""
        place = self.places.get(item.home)
        names = outcome.deliverables.values()
        return [place.shown(name) if place else item.home / name for name in names]

    def outlooks(self) -> Iterator[Outlook]:
        """That of each chosen list; one at a time, for there may be ten thousand."""
        return (self.outlook(item) for item in self.selection.chosen)

    def result(self) -> "Surveyed":
        """How every chosen list stands, once the clips are back that the bucket has.

        Raises StoreError.
        """
        lists = self._prospects()
        messages = list(self._of_retakes(lists))
        messages += [
            message
            for home, group in by_home(lists).items()
            if home in self.places
            for message in restore(
                (a for prospect in group for a in prospect.lost), self.places[home]
            )
        ]
        if messages and any(place.bucket for place in self.places.values()):
            lists = self._prospects()
        return Surveyed(self, lists, messages)

    def _of_retakes(self, lists: Sequence[Prospect]) -> Iterator[Message]:
        """What ``--retake`` costs where it means a shot in several rows."""
        for name, rows in self.selection.wide_retakes():
            prices = {
                key: price for p in lists if p.item.row in rows for key, price in p.prices.items()
            }
            cost = total(prices.values(), self.selection.currency).shown
            yield wide_retake(name, rows, cost)

    def _prospects(self) -> list[Prospect]:
        left = {home: journal.rows() for home, journal in self.journals.items()}
        return [self._prospect(item, left[item.home]) for item in self.selection.chosen]

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
            models=frozenset(take.request.model for take in outlook.new),
            retaken=outlook.retaken,
            counts=outlook.counts,
            media=tuple(outlook.plan.media.values()),
            asks=outlook.asks,
            owed=any(status.state == "resumed" for status in outlook.statuses),
            pieces=frozenset(before.get("pieces", ()) if before else ()),
            warnings=stale_picks(item.loaded, outlook.plan),
            lost=outlook.lost(self.journals[item.home]) if item.home in self.places else (),
            outlook=outlook if len(self.selection.chosen) <= FEW else None,
        )

    def _is_finished(self, item: ListInFolder, mark: str, before: Mapping[str, Any]) -> bool:
        """Whether a list is as its last run left it, and all of it is where this one would put it.

        ``before`` is what the journal noted of it then.
        """
        if before["mark"] != mark or item.name in self.selection.retakes or item.only:
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
            "backend": self.selection.options.backend or "",
            "program": program_version(),
            "ffmpeg": self.ffmpeg,
            "retakes": sorted(self.journals[home].retakes().items()),
            "cascade": self.selection.options.cascade,
        }


@dataclass(frozen=True)
class Surveyed:
    """What a run would do with its lists, and what that would cost."""

    survey: Survey
    lists: Sequence[Prospect]
    messages: Sequence[Message] = ()  # about retakes, and clips that came back from the bucket

    @property
    def selection(self) -> Selection:
        return self.survey.selection

    @property
    def finished(self) -> bool:
        return all(prospect.finished for prospect in self.lists)

    @cached_property
    def requests(self) -> Mapping[str, Money | None]:
        """The prices of what would be asked for; what several lists ask for alike is paid once."""
        return {key: price for prospect in self.lists for key, price in prospect.prices.items()}

    @cached_property
    def cost(self) -> Total:
        return total(self.requests.values(), self.selection.currency)

    @property
    def takes(self) -> Mapping[str, Mapping[str, Money | None]]:
        """The prices of the takes that would be asked for, by list and take."""
        return {prospect.item.name: prospect.takes for prospect in self.lists}

    @property
    def only(self) -> Outlook:
        """All that a run of one list would do."""
        outlook = self.lists[0].outlook
        if outlook is None:
            raise LookupError("the outlook of one list is always kept")
        return outlook

    def note_retakes(self) -> None:
        """Note how many takes there are from now on, which are wanted of shots."""
        for prospect in self.lists:
            for basis, takes in prospect.counts.items():
                self.survey.journals[prospect.item.home].retake(basis, takes)

    def note_picks(self) -> None:
        """Pick what is bought, where another take was picked on the board. Raises OSError."""
        for outlook in (prospect.outlook for prospect in self.lists):
            if outlook is None or not outlook.bought:
                continue
            after = outlook.item.loaded.picks
            for shot, take in outlook.bought.items():
                choice = after.of(shot)
                rejections = tuple(number for number in choice.rejected if number != take)
                after = after.having(shot, replace(choice, pick=take, rejected=rejections))
            picks.write(after)

    def note_rows(self) -> None:
        """Note in the journals which rows this run means to render, and which it leaves out."""
        for home, journal in self.survey.journals.items():
            rows = [p for p in self.lists if p.item.home == home and p.item.row]
            skipped = [item for item in self.selection.skipped if item.home == home]
            if not (rows or skipped):
                continue
            left = journal.rows()
            records = {p.item.row: begun(left.get(p.item.row)) for p in rows if not p.finished}
            records |= {i.row: left_out(left.get(i.row), i.reasons) for i in skipped}
            journal.begin(records, [by_number(p.item.number) for p in rows])


def wide_retake(name: str, rows: Sequence[str], cost: Message) -> Message:
    """That ``--retake`` means a shot in several rows, what that costs, and how to name one."""
    return plural(
        "--retake {name} is a shot of {n} row; the run costs {cost}; for one row: "
        "--retake {row}/{name}",
        "--retake {name} is a shot of {n} rows; the run costs {cost}; for one row: "
        "--retake {row}/{name}",
        len(rows), name=name, cost=cost, row=rows[0],
    )  # fmt: skip


def by_home(lists: Iterable[Prospect]) -> dict[Path, list[Prospect]]:
    """Those whose folder is the same, which are the rows of one table."""
    groups: dict[Path, list[Prospect]] = {}
    for prospect in lists:
        groups.setdefault(prospect.item.home, []).append(prospect)
    return groups


def priced(takes: Iterable[Take]) -> dict[str, Money | None]:
    """The prices of takes of one list, by their names."""
    return {f"{take.shot} take {take.number}": take.price for take in takes}


@cache
def program_version() -> str:
    return f"wanx-render {version('wanx-render')}"


Unpaid = Mapping[tuple[str, str], Take]  # what would be paid, by the list and the take's name


def unpaid(outlooks: Iterable[Outlook]) -> Unpaid:
    """The takes of some lists that would be paid for."""
    return {
        (outlook.item.name, take.name.title): take for outlook in outlooks for take in outlook.new
    }


def paid_again(
    before: Unpaid, after: Unpaid, selection: Selection
) -> tuple[tuple[Take, ...], Total]:
    """The takes that a change of the lists makes stale, and what making them again costs."""
    takes = tuple(take for name, take in after.items() if name not in before)
    prices = {take.request.key(selection.backend): take.price for take in takes}
    return takes, total(prices.values(), selection.currency)
