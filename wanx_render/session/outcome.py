"""How each of many lists was left: noted in the journal, seen at once by the next run, shown."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanx_render.files import seen_from, write_atomically
from wanx_render.language import Message, tr
from wanx_render.language import recorded as recorded_text
from wanx_render.manifest import Manifest
from wanx_render.money import write_sums
from wanx_render.planning.journal import Journal
from wanx_render.reports.states import left_with, needs_person, recorded_state
from wanx_render.session.selection import ListInFolder

if TYPE_CHECKING:
    from wanx_render.reports.index import Entry
    from wanx_render.run.context import RunContext


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one list; paths start at the folder of the whole."""

    code: int  # what a run of this list alone would have ended in
    cost: str
    deliverables: Mapping[str, str]  # paths by name
    failed: tuple[str, ...] = ()
    picture: str | None = None
    stale: Mapping[str, str] = field(default_factory=dict)  # paths of films of earlier runs

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> "Outcome":
        return cls(**{**record, "failed": tuple(record["failed"])})


def outcome_of(
    context: "RunContext", manifest: Manifest | None, home: Path, unsent: Sequence[str] = ()
) -> Outcome:
    """What came of the list of ``context``; without a manifest it could not be carried out.

    ``unsent`` says which files did not get to the bucket.
    """
    if manifest is None:
        return Outcome(1, "", {}, (tr("the list could not be rendered"),), _picture(context, home))
    outcome = recorded(manifest, context.folder, home)
    code = (1 if unsent else 0) if as_asked(manifest, context) else outcome.code or 1
    return replace(outcome, code=code, failed=(*outcome.failed, *unsent))


def recorded(manifest: Manifest, folder: Path, home: Path) -> Outcome:
    """What came of a list by the manifest in ``folder``, whatever was asked for then."""
    takes = manifest.takes
    person = needs_person([take.state for take in takes], [take.code for take in takes])
    reasons = (*failures(manifest), *manifest.broken)
    paths = {film.name: seen_from(home, folder / film.path) for film in manifest.deliverables}
    made = {film.name for film in manifest.made}
    pictures = [
        deliverable.poster.path for deliverable in manifest.deliverables if deliverable.poster
    ]
    pictures += [take.first_frame for take in takes if take.first_frame]
    picture = seen_from(home, folder / pictures[0]) if pictures else None
    return Outcome(
        code=4 if person else 1 if reasons else 0,
        cost=manifest.cost,
        deliverables={name: path for name, path in paths.items() if name in made},
        failed=reasons,
        picture=picture,
        stale={name: path for name, path in paths.items() if name not in made},
    )


def failures(manifest: Manifest) -> list[Message]:
    """Which takes have no clip, and why."""
    return [
        tr(
            "{shot} take {n}: {code}: {message}",
            shot=shot.id,
            n=take.take,
            code=take.code,
            message=recorded_text(take.message or ""),
        )
        for shot in manifest.shots
        for take in shot.takes
        if not recorded_state(take.state).as_asked
    ]


def as_asked(manifest: Manifest, context: "RunContext") -> bool:
    """Whether everything asked for is there; with --only, other shots may be missing."""
    if not context.only:
        return manifest.complete
    complete = all(
        take.state == "succeeded"
        for shot in manifest.shots
        if shot.id in context.only
        for take in shot.takes
    )
    missing = any(take.state == "skipped" for take in manifest.takes)
    return complete and (missing or len(manifest.made) == len(context.plan.deliverables))


def _picture(context: "RunContext", home: Path) -> str | None:
    """The first picture of the list that is a file."""
    paths = (shot.picked.request.image.path for shot in context.plan.generated)
    path = next((candidate for candidate in paths if candidate), None)
    return seen_from(home, path) if path else None


# -- whether a finished list still stands ----------------------------------------------------------


def files_of(manifest: Manifest, folder: Path, home: Path, *, elsewhere: bool) -> list[list[Any]]:
    """Every file here that a finished list consists of, with its size and time.

    ``elsewhere``: its deliverables are in the bucket; whatever has their names here is older.
    """
    paths = [folder / "manifest.json"]
    for deliverable in manifest.deliverables:
        paths += [folder / f"{deliverable.name}.srt", folder / f"{deliverable.name}.ass"]
        if not elsewhere:
            paths.append(folder / deliverable.path)
    for shot in manifest.shots:
        paths += [folder / take.clip for take in shot.takes if take.clip]
    records: list[list[Any]] = []
    for path in paths:
        if path.exists():
            status = path.stat()
            records.append([seen_from(home, path), status.st_size, status.st_mtime_ns])
    return records


def stand_still(files: Sequence[Sequence[Any]], home: Path) -> bool:
    """Whether all of them are there as they were left."""
    for name, size, time in files:
        try:
            status = os.stat(home / name)  # noqa: PTH116  # a thousand rows are looked at
        except OSError:
            return False
        if (status.st_size, status.st_mtime_ns) != (size, time):
            return False
    return bool(files)


# -- the index page --------------------------------------------------------------------------------


Link = Callable[[ListInFolder, Path], str | None]


def beside(page: Path) -> Link:
    """How a page on this disk leads to the files of a list."""
    return lambda _, path: seen_from(page.parent, path)


def inside(projects: bool) -> Link:
    """How a page in the bucket does, where lists have folders by their ``projects``, or it is one.

    Only what lies in a render folder is there.
    """

    def link(item: ListInFolder, path: Path) -> str | None:
        path = Path(os.path.normpath(path))
        if not path.is_relative_to(item.home):
            return None
        name = path.relative_to(item.home).as_posix()
        return f"{item.project}/{name}" if projects else name

    return link


def paid_sum(journals: Mapping[Path, Journal], *, kept: bool = False) -> str:
    """What was ever paid from these folders; ``kept``: for the clips that are there."""
    amounts: dict[str, Decimal] = {}
    for journal in journals.values():
        for currency, amount in journal.paid(kept=kept).items():
            amounts[currency] = amounts.get(currency, Decimal(0)) + amount
    return write_sums(amounts)


@dataclass(frozen=True)
class Index:
    """How every list stands, for a page over all of them."""

    lists: Sequence[ListInFolder]
    outcomes: Mapping[str, Outcome]  # what came of each that was ever rendered, by name
    cost: str  # of all their clips
    mock: bool

    @classmethod
    def of(
        cls,
        lists: Sequence[ListInFolder],
        journals: Mapping[Path, Journal],
        known: Mapping[str, Outcome],
        *,
        mock: bool,
    ) -> "Index":
        """``known``: what came of some, by name; that of the others is in their journals."""
        left = {folder: journal.rows() for folder, journal in journals.items()}
        outcomes = dict(known)
        for item in lists:
            before = left.get(item.home, {}).get(item.row)
            if before and item.name not in outcomes:
                outcomes[item.name] = Outcome.read(before["outcome"])
        return cls(lists, outcomes, paid_sum(journals), mock)

    def text(self, link: Link, *, now: str) -> str:
        """The page."""
        from wanx_render.reports.index import page  # plan shows none

        entries = [_entry(item, self.outcomes.get(item.name), link) for item in self.lists]
        projects = dict.fromkeys(item.project for item in self.lists)
        return page(
            entries,
            title=", ".join(list(projects)[:5]) + (" and others" if len(projects) > 5 else ""),
            cost=self.cost,
            mock=self.mock,
            finished_at=now,
        )

    def write(self, path: Path, link: Link) -> None:
        """Write the page, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_atomically(path, self.text(link, now=now), durable=False)

    def identity(self, link: Link) -> str:
        """A hash of what the page shows, whenever it is written."""
        return hashlib.sha256(self.text(link, now="").encode("utf-8", "replace")).hexdigest()


def _entry(item: ListInFolder, outcome: Outcome | None, link: Link) -> "Entry":
    from wanx_render.reports.index import Entry, Film

    if outcome is None:
        return Entry(item.name, "new")
    board = item.folder / "storyboard.html"
    films = [(name, path, False) for name, path in outcome.deliverables.items()]
    films += [(name, path, True) for name, path in outcome.stale.items()]
    linked = ((name, link(item, item.home / path), is_old) for name, path, is_old in films)
    return Entry(
        name=item.name,
        state=left_with(outcome.code),
        cost=outcome.cost,
        picture=link(item, item.home / outcome.picture) if outcome.picture else None,
        storyboard=link(item, board) if board.exists() else None,
        deliverables=tuple(Film(name, path, is_old) for name, path, is_old in linked if path),
        failed=outcome.failed,
    )
