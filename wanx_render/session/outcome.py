"""How each of many lists was left: noted in the journal, seen at once by the next run, shown."""

import hashlib
import os
import posixpath
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanx_render.files import seen_from, write_atomically
from wanx_render.geometry import Size
from wanx_render.language import Message, joined, tr
from wanx_render.language import recorded as recorded_text
from wanx_render.manifest import (
    DeliverableRecord,
    Manifest,
    PictureRecord,
    ShotRecord,
    TakeRecord,
)
from wanx_render.money import write_sums
from wanx_render.planning.journal import Journal
from wanx_render.reports.states import left_with, needs_person, recorded_state
from wanx_render.session.selection import Entry, RenderOptions, SkippedList
from wanx_render.validation.load import no_collector

if TYPE_CHECKING:
    from wanx_render.reports.index import Command, Film
    from wanx_render.reports.index import ListOnPage as Card
    from wanx_render.run.context import RunContext


SKIPPED = 2  # what a run of a list alone ends in that has problems


@dataclass(frozen=True, slots=True)
class FilmOutcome:
    """A film of a list, also of earlier runs; paths start at the folder of the whole."""

    name: str
    path: str
    size: tuple[int, int] | None = None
    aspect: str = ""
    seconds: str = ""
    poster: str | None = None
    stale: str = ""  # why the list no longer gives this film

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> "FilmOutcome":
        """What the ``record`` of an outcome says of one film."""
        return cls(**{**record, "size": _pair(record.get("size"))})


def _pair(numbers: Sequence[int] | None) -> tuple[int, int] | None:
    """Two numbers of a record, which has them as a list."""
    return (numbers[0], numbers[1]) if numbers else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one list; paths start at the folder of the whole."""

    code: int  # what a run of this list alone would have ended in
    cost: str
    deliverables: Mapping[str, str]  # paths by name
    failed: tuple[str, ...] = ()
    picture: str | None = None  # where there is no film
    shape: tuple[int, int] | None = None  # of that picture, about
    films: tuple[FilmOutcome, ...] = ()  # those of earlier runs too
    finished_at: str = ""
    complete: bool = True

    @property
    def state(self) -> str:
        """How the index page shows the list: one of ``LISTS``."""
        if self.code:
            return left_with(self.code)
        if any(film.stale for film in self.films):
            return "stale"
        return "done" if self.complete else "incomplete"

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> "Outcome":
        """What ``record`` made, also of an older or newer program."""
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in record.items() if name in known}
        values["failed"] = tuple(record["failed"])
        values["films"] = tuple(map(FilmOutcome.read, record.get("films", ())))
        values["shape"] = _pair(record.get("shape"))
        return cls(**values)


def begun(before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is noted of a row before a run; it stays where the run never comes to it."""
    return {**(before or {"mark": "", "files": []}), "begun": True}


def left_out(before: Mapping[str, Any] | None, reasons: Sequence[str]) -> dict[str, Any]:
    """What is noted of a row that is left out; what it has of earlier runs stays known."""
    record = {"files": [], **(before or {}), "mark": ""}
    record.pop("begun", None)
    earlier = record.get("outcome")
    outcome = Outcome.read(earlier) if earlier else Outcome(SKIPPED, "", {})
    record["outcome"] = replace(outcome, code=SKIPPED, failed=tuple(reasons)).record()
    return record


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
    frame = next((take for take in takes if take.first_frame), None)
    picture = seen_from(home, folder / frame.first_frame) if frame and frame.first_frame else None
    films = tuple(_film(film, seen_from(home, folder)) for film in manifest.deliverables)
    made = {film.name for film in manifest.made}
    return Outcome(
        code=4 if person else 1 if reasons else 0,
        cost=manifest.cost,
        deliverables={film.name: film.path for film in films if film.name in made},
        failed=reasons,
        picture=None if films else picture,
        shape=_shape(frame) if frame else None,
        films=films,
        finished_at=manifest.finished_at,
        complete=manifest.complete,
    )


def _film(record: DeliverableRecord, folder: str) -> FilmOutcome:
    def under(path: str) -> str:
        return posixpath.normpath(posixpath.join(folder, path))

    return FilmOutcome(
        name=record.name,
        path=under(record.path),
        size=(record.width, record.height),
        aspect=record.aspect,
        seconds=record.duration,
        poster=under(record.poster.path) if record.poster else None,
        stale=joined(map(recorded_text, record.stale), tr("; ")) if record.stale else "",
    )


def _shape(take: TakeRecord) -> tuple[int, int] | None:
    """The shape of a take's first frame: a clip has that of its picture."""
    if take.width and take.height:
        return take.width, take.height
    match = re.fullmatch(r"(\d+)x(\d+)", take.predicted or "")
    return (int(match[1]), int(match[2])) if match else None


def _made(manifest: Manifest) -> tuple[PictureRecord | ShotRecord, ...]:
    """All that has takes."""
    return (*manifest.pictures, *manifest.shots)


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
        for shot in _made(manifest)
        for take in shot.takes
        if not recorded_state(take.state).as_asked
    ]


def as_asked(manifest: Manifest, context: "RunContext") -> bool:
    """Whether everything asked for is there; with --only, other shots may be missing."""
    if not context.only:
        return manifest.complete
    complete = all(
        take.state == "succeeded"
        for shot in _made(manifest)
        if shot.id in context.only
        for take in shot.takes
    )
    missing = any(take.state == "skipped" for take in manifest.takes)
    return complete and (missing or len(manifest.made) == len(context.plan.deliverables))


def _picture(context: "RunContext", home: Path) -> str | None:
    """The first picture of the list that is a file."""
    requests = (shot.picked.request for shot in context.plan.generated)
    paths = (picture.path for request in requests for picture in request.pictures)
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
    for shot in _made(manifest):
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


Link = Callable[[Entry, str], str | None]  # of a path that starts at the list's home


def beside(page: Path) -> Link:
    """How a page on this disk leads to the files of a list."""
    folders: dict[Path, str] = {}

    def link(item: Entry, path: str) -> str | None:
        if item.home is None:
            return None
        if item.home not in folders:
            folders[item.home] = seen_from(page.parent, item.home)
        if os.path.isabs(path):  # noqa: PTH117  # of ten thousand rows
            return path
        folder = folders[item.home]
        if path.startswith("../"):
            return posixpath.normpath(posixpath.join(folder, path))
        return path if folder == "." else f"{folder}/{path}"

    return link


def inside(projects: bool) -> Link:
    """How a page in the bucket does, where lists have folders by their ``projects``, or it is one.

    Only what lies in a render folder is there.
    """

    def link(item: Entry, path: str) -> str | None:
        name = posixpath.normpath(path)
        if os.path.isabs(name) or name.startswith("../"):  # noqa: PTH117
            return None
        return f"{item.project}/{name}" if projects else name

    return link


Amounts = Mapping[str, Decimal]  # by currency


def paid_sum(journals: Mapping[Path, Journal], *, kept: bool = False) -> str:
    """What was ever paid from these folders; ``kept``: for the clips that are there."""
    return write_sums(_added(journal.paid(kept=kept) for journal in journals.values()))


def _added(amounts: Iterable[Amounts]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for part in amounts:
        for currency, amount in part.items():
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sums


@dataclass(frozen=True)
class Index:
    """How every list stands, for a page over all of them."""

    lists: Sequence[Entry]
    outcomes: Mapping[str, Outcome]  # what came of each that was ever rendered, by name
    options: RenderOptions  # of the command that writes the page
    mock: bool
    cost: str  # ever paid from their folders
    films_cost: str
    run_cost: str = ""
    paid: Mapping[str, str] = field(default_factory=dict)  # ever, by the state of the list

    @classmethod
    def of(
        cls,
        lists: Sequence[Entry],
        journals: Mapping[Path, Journal],
        known: Mapping[str, Outcome],
        *,
        options: RenderOptions,
        mock: bool,
        run_cost: str = "",
    ) -> "Index":
        """``known``: what came of some, by name; that of the others is in their journals."""
        outcomes = dict(known)
        with no_collector():
            left = {folder: journal.rows() for folder, journal in journals.items()}
            for item in lists:
                before = left.get(item.home, {}).get(item.row) if item.home else None
                if isinstance(item, SkippedList):
                    outcomes[item.name] = Outcome.read(left_out(before, item.reasons)["outcome"])
                elif before and before.get("outcome") and item.name not in outcomes:
                    outcomes[item.name] = Outcome.read(before["outcome"])
                elif before and item.name not in outcomes:  # a run began it and was stopped
                    outcomes[item.name] = Outcome(0, "", {}, complete=False)
        return cls(
            lists, outcomes, options, mock, paid_sum(journals), paid_sum(journals, kept=True),
            run_cost, _paid_by_state(lists, journals, outcomes),
        )  # fmt: skip

    def text(self, link: Link, *, now: str) -> str:
        """The page."""
        from wanx_render.reports.index import Overview, page  # plan shows none

        projects = list(dict.fromkeys(item.project for item in self.lists if item.project))
        about = Overview(
            title=", ".join(projects[:5]) + (" and others" if len(projects) > 5 else ""),
            mock=self.mock,
            finished_at=now,
            run_cost=self.run_cost,
            films_cost=self.films_cost,
            ever_cost=self.cost,
            paid=self.paid,
            commands=tuple(self._commands()),
        )
        with no_collector():
            short = len(projects) == 1
            outcomes = ((item, self.outcomes.get(item.name)) for item in self.lists)
            return page([_entry(*pair, link, short=short) for pair in outcomes], about)

    def _commands(self) -> "Iterator[Command]":
        """What a person runs next."""
        from wanx_render.reports.index import Command

        counts = Counter(_state(self.outcomes.get(item.name)) for item in self.lists)
        files = [str(file) for file in self.options.files]
        options = ["--out", str(self.options.out)] if self.options.out else []
        options += ["--backend", self.options.backend] if self.options.backend else []
        if counts["failed"] + counts["skipped"] + counts["incomplete"]:
            rows = ["--rows", "failed"] if any(item.row for item in self.lists) else []
            purpose = tr("Render what failed or is incomplete")
            yield Command(purpose, _typed("wanx-render", *files, *rows, *options))
        if counts["person"]:
            purpose = tr("Resolve what needs your decision")
            for file in files:
                yield Command(purpose, _typed("wanx-render", "resolve", file))
        if counts["new"] + counts["stale"]:
            purpose = tr("Render everything that is missing or out of date")
            yield Command(purpose, _typed("wanx-render", *files, *options))

    def write(self, path: Path, link: Link) -> None:
        """Write the page, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_atomically(path, self.text(link, now=now), durable=False)

    def identity(self, link: Link) -> str:
        """A hash of what the page shows, whenever and by whichever run it is written."""
        text = replace(self, run_cost="").text(link, now="")
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _state(outcome: Outcome | None) -> str:
    return outcome.state if outcome else "new"


def _paid_by_state(
    lists: Sequence[Entry],
    journals: Mapping[Path, Journal],
    outcomes: Mapping[str, Outcome],
) -> dict[str, str]:
    """What was ever paid for the lists in each state; each clip counts where it was requested."""
    paid = {home: journal.paid_by_row() for home, journal in journals.items()}
    sums: dict[str, list[Amounts]] = {}
    for item in lists:
        if item.home and (amounts := paid.get(item.home, {}).get(item.row)):
            sums.setdefault(_state(outcomes.get(item.name)), []).append(amounts)
    return {state: write_sums(_added(parts)) for state, parts in sums.items()}


def _typed(*words: str) -> str:
    """A command as one types it into a shell."""
    if os.name == "nt":
        return " ".join(f'"{word}"' if re.search(r"[\s&^()]", word) else word for word in words)
    return shlex.join(words)


def _entry(item: Entry, outcome: Outcome | None, link: Link, *, short: bool) -> "Card":
    """A list on the page; ``short``: its name without the project, which all lists share."""
    from wanx_render.reports.index import ListOnPage as Card

    name = item.row if short and item.row else item.name
    shots = () if isinstance(item, SkippedList) else item.loaded.shots.shots
    caption = " · ".join(shot.caption for shot in shots if shot.caption)
    if outcome is None:
        return Card(name, "new", caption=caption)
    board = f"{item.row}/storyboard.html" if item.row else "storyboard.html"
    has_board = os.path.exists(f"{item.home}/{board}")  # noqa: PTH110  # ten thousand are looked at
    return Card(
        name=name,
        state=outcome.state,
        cost=outcome.cost,
        caption=caption,
        finished_at=outcome.finished_at,
        picture=link(item, outcome.picture) if outcome.picture else None,
        shape=Size(*outcome.shape) if outcome.shape else None,
        storyboard=link(item, board) if has_board else None,
        films=tuple(_films(item, outcome, link)),
        failed=outcome.failed,
    )


def _films(item: Entry, outcome: Outcome, link: Link) -> "Iterator[Film]":
    """The films of a list that the page can lead to."""
    from wanx_render.reports.index import Film

    older = (FilmOutcome(name, path) for name, path in outcome.deliverables.items())
    for film in outcome.films or older:
        if path := link(item, film.path):
            yield Film(
                name=film.name,
                path=path,
                size=Size(*film.size) if film.size else None,
                aspect=film.aspect,
                seconds=film.seconds,
                poster=link(item, film.poster) if film.poster else None,
                stale=film.stale,
            )
