"""What a command is about: the lists of its files, which of them, and the folder of each."""

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic, did_you_mean, in_order
from wanx_render.errors import BadInput
from wanx_render.language import NOTHING, Message, joined, plural, tr
from wanx_render.planning.journal import Journal
from wanx_render.shotlist.model import GeneratedShot, picture_of
from wanx_render.shotlist.names import alike, normal
from wanx_render.shotlist.tables.rows import is_folder_name, numbers, shard
from wanx_render.validation.batches import Batches, read_each, read_first_rows
from wanx_render.validation.load import BadRow, Batch, load_all
from wanx_render.validation.rows.lists import Lists, Loaded

if TYPE_CHECKING:
    from wanx_render.run.clips.judge import JudgeCommand
    from wanx_render.tasks.account import Ambiguous


@dataclass(frozen=True)
class ListChoice:
    """Which of the lists and shots are meant."""

    only: tuple[str, ...] = ()  # shots, rows, or ROW/SHOT
    rows: str | None = None
    shard: str | None = None

    def __bool__(self) -> bool:
        return self != ListChoice()


@dataclass(frozen=True)
class RenderOptions:
    """What a command was asked for that takes lists."""

    files: tuple[Path, ...] = ()
    _: KW_ONLY
    backend: str | None = None
    out: Path | None = None  # the render folder
    catalog: Path | None = None
    only: tuple[str, ...] = ()
    rows: str | None = None
    shard: str | None = None
    retake: tuple[str, ...] = ()
    picks_new_takes: bool = False  # also where the list itself picks one
    cascade: bool = True
    as_json: bool = False
    plan: Path | None = None  # a saved one
    max_cost: Decimal | None = None
    yes: bool = False
    pictures: bool = False  # the first frames that a model makes, and nothing else
    free: bool = False  # finish what is there, ask the service for nothing
    base_url: str | None = None
    result_hosts: tuple[str, ...] = ()  # that results may be fetched from, besides the service's
    on_ambiguous: "Ambiguous" = "ask"
    executor: str | None = None
    store: str | None = None  # a URL, where files go elsewhere than into the render folder
    keep_going: bool = False  # rows and lists with problems are left out
    judge: "JudgeCommand | None" = None  # a person's command that says what is wrong with clips

    @property
    def choice(self) -> ListChoice:
        return ListChoice(self.only, self.rows, self.shard)


@dataclass(frozen=True, slots=True)
class ListInFolder:
    """One list and the folder it is rendered into: a file, or a row of its table.

    It is the one of this ``index`` among ``lists``, or what became of that.
    """

    lists: Lists
    index: int
    home: Path  # the folder with the journal and the clips; a table's rows share it
    only: frozenset[str] = frozenset()  # the shots that are meant; empty for all
    changed: Loaded | None = None

    @property
    def loaded(self) -> Loaded:
        return self.changed or self.lists[self.index]

    @property
    def project(self) -> str:
        return self.lists.first.shots.project

    @property
    def name(self) -> str:
        """Its name among several lists."""
        return f"{self.project}/{self.row}" if self.row else self.project

    @property
    def file(self) -> Path:
        return self.lists.file

    @property
    def row(self) -> str:
        """The name of its row, by which its journal knows it; empty where it is none."""
        row = self.lists.rows[self.index].row
        return row.name if row else ""

    @property
    def number(self) -> int:
        """The number of its row; 0 where it is none."""
        row = self.lists.rows[self.index].row
        return row.number if row else 0

    @property
    def folder(self) -> Path:
        """Where its deliverables go."""
        return self.home / self.row

    @property
    def shots(self) -> frozenset[str]:
        return frozenset(shot.id for shot in self.loaded.shots.shots)

    @property
    def pictures(self) -> frozenset[str]:
        """The names of first frames that a model makes."""
        return frozenset(filter(None, map(picture_of, self.loaded.shots.shots)))

    @property
    def names(self) -> frozenset[str]:
        """Everything that has takes, and own footage."""
        return self.shots | self.pictures

    def with_own_pictures(self) -> "ListInFolder":
        """The same, where a shot that is meant brings the picture it begins with."""
        if not self.only:
            return self
        shots = self.loaded.shots.shots
        own = (picture_of(shot) for shot in shots if shot.id in self.only)
        return replace(self, only=self.only | frozenset(filter(None, own)))


@dataclass(frozen=True)
class SkippedList:
    """A row of a table, or a whole file, that is left out because of its problems."""

    file: Path
    problems: tuple[Diagnostic, ...]
    project: str = ""  # of a row
    row: str = ""  # its name; empty for a whole file
    number: int = 0
    home: Path | None = None  # the render folder of its table
    shots: frozenset[str] = frozenset()  # those of the other rows
    only: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Its name among several lists."""
        return f"{self.project}/{self.row}" if self.row else str(self.file)

    @property
    def folder(self) -> Path | None:
        """Where the deliverables of a row go, once it can be rendered."""
        return self.home / self.row if self.home else None

    @property
    def reasons(self) -> tuple[Message, ...]:
        """Its problems as sentences, each with its place."""
        return tuple(
            tr("{subject}: {text}", subject=str(problem.span), text=problem.message)
            if problem.span
            else problem.message
            for problem in self.problems
        )


Entry = ListInFolder | SkippedList


@dataclass(frozen=True)
class Selection:
    """All lists of some files, and those of them that are meant."""

    batches: tuple[Batch, ...]
    catalog: Catalog
    lists: tuple[ListInFolder, ...]
    options: RenderOptions
    chosen: tuple[ListInFolder, ...] = ()
    left_out: tuple[SkippedList, ...] = ()  # because of their problems
    skipped: tuple[SkippedList, ...] = ()  # those of them that are meant
    texts: Mapping[str, str] = field(default_factory=dict)  # that problems point into
    row_alone: bool = False  # whether the only list is one row of a table that has others

    @classmethod
    def of(cls, options: RenderOptions) -> "Selection":
        """Read every file. Raises BadInput, also where an option names nothing in them."""
        read = read_each(options.files, options.catalog, keep_going=options.keep_going)
        lists = tuple(_in_folders(read.good, options.out, several=len(options.files) > 1))
        texts: dict[str, str] = {}
        for names in (*(b.texts for b in read.good), *(b.texts for b in read.bad)):
            texts |= names
        left_out = tuple(_left_out(read, lists))
        selection = cls(read.good, read.catalog, lists, options, left_out=left_out, texts=texts)
        return selection.with_options(options)

    @classmethod
    def of_one(cls, options: RenderOptions) -> "Selection":
        """The one list of the one file, or of the row that ``only`` names. Raises BadInput."""
        selection = cls.of(options)
        batch = selection.batches[0]
        if not batch.tabular:
            return selection
        if len(selection.chosen) == 1 and selection.chosen[0].row in map(normal, options.only):
            return replace(selection, lists=selection.chosen, row_alone=True)
        raise _one_row_needed(batch)

    def with_options(self, options: RenderOptions) -> "Selection":
        """The same files with other options. Raises BadInput where one names nothing in them."""
        selection = replace(self, options=options)
        entries = selection._chosen()
        chosen = tuple(entry for entry in entries if isinstance(entry, ListInFolder))
        skipped = tuple(entry for entry in entries if isinstance(entry, SkippedList))
        if not chosen:
            problem = BadInput(*in_order(p for entry in skipped for p in entry.problems))
            problem.texts = dict(self.texts)
            raise problem
        _refuse_own_footage(
            selection._named("--retake", selection.entries, options.retake), options
        )
        return replace(selection, chosen=chosen, skipped=skipped)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All lists in the order of the files and rows, also those that are left out."""
        if not self.left_out:
            return self.lists
        place = {file: number for number, file in enumerate(self.options.files)}
        entries: tuple[Entry, ...] = (*self.lists, *self.left_out)
        return tuple(sorted(entries, key=lambda entry: (place[entry.file], entry.number)))

    def if_written(self, file: Path, text: str) -> "Selection":
        """The same selection, if this file of it held ``text``. Raises BadInput."""
        batches = tuple(
            load_all(file, self.catalog, keep_going=bool(batch.bad), text=text)
            if batch.file == file
            else batch
            for batch in self.batches
        )
        items = _in_folders(batches, self.options.out, several=self.several_files)
        row = self.lists[0].row if self.row_alone else None
        lists = tuple(item for item in items if row in (None, item.row))
        return replace(self, batches=batches, lists=lists).with_options(self.options)

    def with_all_rows(self) -> "Selection":
        """All rows of the table, where the only list is one of them."""
        if not self.row_alone:
            return self
        lists = tuple(_in_folders(self.batches, self.options.out, several=False))
        whole = replace(self, lists=lists, row_alone=False)
        return whole.with_options(replace(self.options, only=()))

    @property
    def alone(self) -> bool:
        """Whether it is one list, which people do not see as one of several."""
        parts = self.options.rows or self.options.shard
        return self.row_alone or (self.is_one_file and not parts)

    @property
    def is_one_file(self) -> bool:
        """Whether there is one file, and it has no table."""
        return not self.several_files and not self.batches[0].tabular

    @property
    def several_files(self) -> bool:
        return len(self.options.files) > 1

    @property
    def backend(self) -> str:
        """That of all lists, once ``require_one_service`` has seen that it is one."""
        return self.options.backend or self.chosen[0].loaded.shots.backend

    @property
    def region(self) -> str:
        return self.chosen[0].loaded.shots.region

    @property
    def currency(self) -> str:
        return self.catalog.service.regions[self.region].currency

    @cached_property
    def retakes(self) -> Mapping[str, frozenset[str]]:
        """The shots of which one more take is wanted, by list."""
        if not self.options.retake:
            return {}
        lists = self._named("--retake", self.entries, self.options.retake)
        return {item.name: item.only or item.shots for item in lists}

    def wide_retakes(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The words of ``--retake`` that mean a shot in several rows, and these rows."""
        for name in map(normal, self.options.retake):
            rows = tuple(item.row for item in self.chosen if item.row and name in item.names)
            if len(rows) > 1:
                yield name, rows

    @property
    def homes(self) -> tuple[Path, ...]:
        """The render folders of the lists that are meant."""
        return tuple(dict.fromkeys(item.home for item in self.chosen))

    @property
    def whole(self) -> bool:
        """Whether all lists are meant."""
        return len(self.chosen) == len(self.lists) and not self.row_alone

    def label(self, item: ListInFolder, name: str) -> str:
        """What a shot or take of a list is called, with its list where there are several."""
        return name if self.alone else f"{item.name}/{name}"

    @property
    def index_page(self) -> Path:
        """The page over the rows of one table, or over the folders of several lists."""
        if not self.several_files:
            return self.lists[0].home / "index.html"
        folder = self.options.out or self.lists[0].loaded.folder / "renders"
        return folder.resolve() / "index.html"

    def require_one_service(self) -> None:
        """Raise BadInput where the lists have different backends or regions."""
        services = {
            (
                self.options.backend or item.lists.first.shots.backend,
                item.lists.first.shots.region,
            ): item
            for item in self.chosen
        }
        if len(services) > 1:
            differing = joined(
                (f"{item.file}: {name}, {region}" for (name, region), item in services.items()),
                tr("; "),
            )
            message = tr("the lists differ in backend or region: {lists}", lists=differing)
            hint = tr("give --backend, or render them one after the other")
            raise BadInput(Diagnostic("lists-differ", message, hint=hint))

    def _named(
        self, option: str, lists: Sequence[Entry], names: tuple[str, ...]
    ) -> tuple[Entry, ...]:
        """Those with these names, as shots, as rows or as ROW/SHOT. Raises BadInput."""
        if not names:
            return tuple(lists)
        names = tuple(map(normal, names))
        matches = tuple(match for item in lists if (match := _match(item, names)))
        names_there = {name for item in lists for name in _names_in(item)}
        for name in names:
            if name not in names_there:
                raise self._unknown(option, name, lists)
        return matches

    def _unknown(self, option: str, name: str, lists: Sequence[Entry]) -> BadInput:
        shots = (i.loaded.shots.shots for i in lists if isinstance(i, ListInFolder))
        each_shot = [shot for of_list in shots for shot in of_list]
        candidates = dict.fromkeys(shot.id for shot in each_shot)
        candidates |= dict.fromkeys(filter(None, map(picture_of, each_shot)))
        candidates |= dict.fromkeys(item.row for item in lists if item.row)
        hint = did_you_mean(name, candidates)
        if self.alone:
            message = tr("{option} {name} matches no shot", option=option, name=name)
            hint = hint or tr("known shots: {names}", names=joined(candidates, tr(", ")))
        else:
            message = tr("{option} {name} matches no shot or row", option=option, name=name)
        return BadInput(Diagnostic("shot-unknown", message, hint=hint))

    def _chosen(self) -> tuple[Entry, ...]:
        """The lists that are meant. Raises BadInput where an option names nothing."""
        matches = self._named("--only", _rows(self.entries, self.options.rows), self.options.only)
        matches = tuple(map(_with_own_pictures, matches))
        if self.options.pictures:
            matches = _only_pictures(matches)
        if self.options.shard is None:
            return matches
        share = shard(self.options.shard)
        if share is None:
            message = tr("--shard {text!r} is not a valid share", text=self.options.shard)
            hint = tr("write it as 2/5: the second of five parts")
            raise BadInput(Diagnostic("rows-unknown", message, hint=hint))
        number, count = share
        if not (part := matches[number - 1 :: count]):
            message = tr("--shard {share} holds no row", share=self.options.shard)
            raise BadInput(Diagnostic("rows-unknown", message, hint=tr("use fewer parts")))
        return part


def projects(options: RenderOptions) -> Mapping[Path, str]:
    """The render folders of the files, and the project of each; raises BadInput.

    Rows of a table are not checked but for one.
    """
    read = read_first_rows(options.files, options.catalog)
    lists = _in_folders(read.good, options.out, several=len(options.files) > 1)
    return {item.home: item.project for item in lists}


def _with_own_pictures(entry: Entry) -> Entry:
    return entry.with_own_pictures() if isinstance(entry, ListInFolder) else entry


def _only_pictures(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The pictures of the lists that have some. Raises BadInput where none has."""
    lists = (entry for entry in entries if isinstance(entry, ListInFolder))
    meant = ((item, item.pictures & (item.only or item.pictures)) for item in lists)
    chosen = tuple(replace(item, only=pictures) for item, pictures in meant if pictures)
    if not chosen:
        message = tr("--pictures: no shot has a first frame that a model makes")
        hint = tr("write image: {{model: MODEL, prompt: WORDS}}")
        raise BadInput(Diagnostic("pictures-none", message, hint=hint))
    return (*chosen, *(entry for entry in entries if isinstance(entry, SkippedList)))


def _one_row_needed(batch: Batch) -> BadInput:
    """A table where a command takes one list; the first row is an example."""
    row = batch.lists[0].row
    name = row.name if row else ""
    message = tr("{file} has a table; this command takes one of its rows", file=batch.file)
    return BadInput(Diagnostic("table-not-here", message, hint=tr("add --only {row}", row=name)))


def _left_out(read: Batches, lists: Sequence[ListInFolder]) -> Iterator[SkippedList]:
    """What is left out of the files: whole files, and rows of tables."""
    yield from (SkippedList(entry.file, entry.problems) for entry in read.bad)
    for batch in read.good:
        if batch.bad:
            rows = [item for item in lists if item.file == batch.file]
            yield from _skipped(batch.bad, rows)


def _skipped(bad: Sequence[BadRow], rows: Sequence[ListInFolder]) -> Iterator[SkippedList]:
    """The rows that are left out, ``rows`` being the others of their table.

    One without a valid name of its own is called by its number.
    """
    first, taken = rows[0], {alike(item.row) for item in rows}
    for entry in bad:
        name, number = entry.row.name, entry.row.number
        if not is_folder_name(name) or alike(name) in taken:
            name = by_number(number)
        taken.add(alike(name))
        yield SkippedList(
            first.file, entry.problems, first.project, name, number, first.home, first.names
        )


def _in_folders(
    batches: tuple[Batch, ...], out: Path | None, *, several: bool
) -> list[ListInFolder]:
    """Every list with its folder. Raises BadInput where two files would share one."""
    lists: list[ListInFolder] = []
    owners: dict[tuple[Path, str], Path] = {}
    for batch in batches:
        first = batch.lists[0]
        home = folder_of(first, out)
        if out and several:
            home = resolved(out / first.shots.project)
        owner = owners.setdefault((home.parent, alike(home.name)), batch.file)
        if owner != batch.file:
            raise BadInput(
                Diagnostic(
                    "project-twice",
                    tr(
                        "{first} and {second} would share the render folder {folder}",
                        first=owner,
                        second=batch.file,
                        folder=home,
                    ),
                    hint=tr("give each list its own project"),
                )
            )
        lists += (ListInFolder(batch.lists, index, home) for index in range(len(batch.lists)))
    return lists


def _rows(lists: Sequence[Entry], text: str | None) -> Sequence[Entry]:
    """The lists of the rows that ``--rows`` means. Raises BadInput."""
    if text is None:
        return lists
    rows = [item for item in lists if item.number]
    parts = [part.strip() for part in text.split(",")]
    row_numbers = {number for part in parts for number in numbers(part) or ()}
    words = {normal(part) for part in parts if numbers(part) is None}
    if unknown := words - {FAILED} - {item.row for item in rows}:
        hint = did_you_mean(min(unknown), (FAILED, *(item.row for item in rows)))
        hint = hint or tr("write it as 1-100,250; row 1 is below the header")
        raise _no_row(min(unknown), rows, hint)
    failed = _failed(rows) if FAILED in words else frozenset()
    matches = [
        item
        for item in rows
        if item.number in row_numbers or item.row in words or (item.home, item.row) in failed
    ]
    if not matches:
        raise _no_row(text, rows)
    return matches


def _no_row(text: str, rows: Sequence[Entry], hint: Message = NOTHING) -> BadInput:
    """``--rows`` matches none of the rows."""
    last = max((item.number for item in rows), default=0)
    if not last:
        message = tr("--rows {rows} matches no row; the lists have no table", rows=text)
    elif text.strip() == FAILED:
        message = tr("--rows failed matches no row; no row was skipped, failed or left unfinished")
    else:
        message = plural(
            "--rows {rows} matches no row; the table has {n}",
            "--rows {rows} matches no row; the table has {n}",
            last, rows=text,
        )  # fmt: skip
    return BadInput(Diagnostic("rows-unknown", message, hint=hint))


FAILED = "failed"  # the word of ``--rows`` for rows that were skipped, failed or left unfinished


def _failed(rows: Sequence[Entry]) -> frozenset[tuple[Path | None, str]]:
    """The rows that their last run did not finish, by what it noted of them."""
    left = {home: _left(home) for home in {item.home for item in rows if item.home}}
    return frozenset(
        (item.home, item.row)
        for item in rows
        if item.home and _is_unfinished(item, left[item.home])
    )


def _left(home: Path) -> Mapping[str, Any]:
    """How each row was left that was ever rendered."""
    file = home / "journal.sqlite"
    if not file.is_file():
        return _left_by_manifest(home)
    journal = Journal(file)
    try:
        return journal.rows()
    finally:
        journal.close()


def _left_by_manifest(home: Path) -> Mapping[str, Any]:
    """The same where the journal is gone: rows that the table's manifest names as skipped."""
    try:
        skipped = json.loads((home / "manifest.json").read_bytes())["skipped"]
        return {str(entry["row"]): {"begun": True} for entry in skipped}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _is_unfinished(item: Entry, left: Mapping[str, Any]) -> bool:
    """Whether a row was skipped, failed, or begun and not ended.

    One that had no valid name is known by its number until a row of its new name has been rendered.
    """
    record = left.get(item.row) or left.get(by_number(item.number))
    if record is None:
        return False
    outcome = record.get("outcome")
    if record.get("begun") or not record["files"] or not outcome:
        return True
    return bool(outcome["code"]) or not outcome.get("complete", True)


def by_number(number: int) -> str:
    """What the journal calls a row that has no valid name; no row can have this name."""
    return f"#{number}"


def _names_in(item: Entry) -> dict[str, str | None]:
    """What names something of a list: its shots, also behind the row; None for the row itself."""
    names: dict[str, str | None] = {item.row: None} if item.row else {}
    for shot in item.names if isinstance(item, ListInFolder) else item.shots:
        names[shot] = shot
        if item.row:
            names[f"{item.row}/{shot}"] = shot
    return names


def _match(item: Entry, names: tuple[str, ...]) -> Entry | None:
    """The list with the shots that are named, all of them where its row is; None where none is."""
    own_names = _names_in(item)
    shots = [own_names[name] for name in names if name in own_names]
    if not shots:
        return None
    return replace(item, only=frozenset() if None in shots else frozenset(filter(None, shots)))


def _refuse_own_footage(lists: Sequence[Entry], options: RenderOptions) -> None:
    """Raises BadInput where ``--retake`` names a shot that is not generated in any list."""
    for name in map(normal, options.retake):
        shots = [
            shot
            for item in lists
            if isinstance(item, ListInFolder)
            for shot in item.loaded.shots.shots
            if _names_in(item).get(name) in (shot.id, picture_of(shot))
        ]
        if shots and not any(isinstance(shot, GeneratedShot) for shot in shots):
            message = tr("--retake {name}: nothing is generated for own footage", name=name)
            hint = tr("change its file or its keys; that costs nothing")
            raise BadInput(Diagnostic("retake-own-footage", message, hint=hint))


def fingerprint(loaded: Loaded, parts: Mapping[str, Any]) -> str:
    """A hash of all that a list's deliverables come of, and of ``parts``, such as versions."""
    inputs = sorted((name, media.identity) for name, media in loaded.media.items())
    record = (
        repr(loaded.shots),
        inputs,
        sorted(loaded.picks.picked.items()),
        sorted(parts.items()),
    )
    return hashlib.sha256(repr(record).encode("utf-8", "surrogatepass")).hexdigest()


def folder_of(loaded: Loaded, out: Path | None) -> Path:
    """Where everything of a list goes."""
    return resolved(out or loaded.folder / "renders" / loaded.shots.project)


def resolved(folder: Path) -> Path:
    """The folder's whole path. Raises BadInput where no file can be named below it."""
    try:
        whole = folder.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle
        raise unwritable(folder, tr("its links form a circle")) from None
    text = str(whole)
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise unwritable(whole, tr("its name has a control character"))
    if not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text):
        raise unwritable(whole, tr("its name is not valid text"))
    return whole


def unwritable(folder: Path, reason: Message) -> BadInput:
    """The render folder cannot be used."""
    message = tr(
        "cannot write to the render folder {folder}: {reason}", folder=folder, reason=reason
    )
    return BadInput(Diagnostic("folder-unwritable", message, hint=tr("use another --folder")))
