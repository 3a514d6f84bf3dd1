"""What a command is about: the lists of its files, which of them, and the folder of each."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanx_render.catalog import capabilities
from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic, did_you_mean, in_order
from wanx_render.errors import BadInput
from wanx_render.language import Message, joined, plural, tr
from wanx_render.shotlist.names import alike, normal
from wanx_render.shotlist.rows import numbers, shard
from wanx_render.validation.load import Batch, Loaded, load_all

if TYPE_CHECKING:
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
    cascade: bool = True
    as_json: bool = False
    plan: Path | None = None  # a saved one
    max_cost: Decimal | None = None
    yes: bool = False
    free: bool = False  # finish what is there, ask the service for nothing
    base_url: str | None = None
    result_hosts: tuple[str, ...] = ()  # that results may be fetched from, besides the service's
    on_ambiguous: "Ambiguous" = "ask"
    executor: str | None = None
    store: str | None = None  # a URL, where files go elsewhere than into the render folder

    @property
    def choice(self) -> ListChoice:
        return ListChoice(self.only, self.rows, self.shard)


@dataclass(frozen=True)
class ListInFolder:
    """One list and the folder it is rendered into: a file, or a row of its table."""

    loaded: Loaded
    home: Path  # the folder with the journal and the clips; a table's rows share it
    only: frozenset[str] = frozenset()  # the shots that are meant; empty for all

    @property
    def project(self) -> str:
        return self.loaded.shots.project

    @property
    def name(self) -> str:
        """Its name among several lists."""
        return f"{self.project}/{self.row}" if self.row else self.project

    @property
    def row(self) -> str:
        """The name of its row, by which its journal knows it; empty where it is none."""
        return self.loaded.row.name if self.loaded.row else ""

    @property
    def folder(self) -> Path:
        """Where its deliverables go."""
        return self.home / self.row

    @property
    def shots(self) -> frozenset[str]:
        return frozenset(shot.id for shot in self.loaded.shots.shots)


@dataclass(frozen=True)
class Selection:
    """All lists of some files, and those of them that are meant."""

    batches: tuple[Batch, ...]
    catalog: Catalog
    lists: tuple[ListInFolder, ...]
    options: RenderOptions
    chosen: tuple[ListInFolder, ...] = ()

    @classmethod
    def of(cls, options: RenderOptions) -> "Selection":
        """Read every file. Raises BadInput, also where an option names nothing in them."""
        batches, catalog = read_all(options.files, options.catalog)
        lists = tuple(_in_folders(batches, options.out))
        return cls(batches, catalog, lists, options).with_options(options)

    @classmethod
    def of_one(cls, options: RenderOptions) -> "Selection":
        """The one list of the one file. Raises BadInput, also where the file has a table."""
        selection = cls.of(options)
        _refuse_table(selection.batches[0])
        return selection

    def with_options(self, options: RenderOptions) -> "Selection":
        """The same files with other options. Raises BadInput where one names nothing in them."""
        selection = replace(self, options=options)
        selection = replace(selection, chosen=selection._chosen())
        selection._named("--retake", selection.lists, options.retake)
        return selection

    def if_written(self, file: Path, text: str) -> "Selection":
        """The same selection, if this file of it held ``text``. Raises BadInput."""
        batches = tuple(
            load_all(file, self.catalog, text=text) if batch.file == file else batch
            for batch in self.batches
        )
        lists = tuple(_in_folders(batches, self.options.out))
        return replace(self, batches=batches, lists=lists).with_options(self.options)

    @property
    def alone(self) -> bool:
        """Whether it is one file without a table, which people do not see as one of several."""
        return self.is_one_file and not (self.options.rows or self.options.shard)

    @property
    def is_one_file(self) -> bool:
        """Whether there is one file, and it has no table."""
        return len(self.batches) == 1 and not self.batches[0].tabular

    @property
    def several_files(self) -> bool:
        return len(self.batches) > 1

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
        lists = self._named("--retake", self.lists, self.options.retake)
        return {item.name: item.only or item.shots for item in lists}

    @property
    def homes(self) -> tuple[Path, ...]:
        """The render folders of the lists that are meant."""
        return tuple(dict.fromkeys(item.home for item in self.chosen))

    @property
    def whole(self) -> bool:
        """Whether all lists are meant."""
        return len(self.chosen) == len(self.lists)

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
            (self.options.backend or item.loaded.shots.backend, item.loaded.shots.region): item
            for item in self.chosen
        }
        if len(services) > 1:
            differing = joined(
                (
                    f"{item.loaded.file}: {name}, {region}"
                    for (name, region), item in services.items()
                ),
                tr("; "),
            )
            message = tr("the lists differ in backend or region: {lists}", lists=differing)
            hint = tr("give --backend, or render them one after the other")
            raise BadInput(Diagnostic("lists-differ", message, hint=hint))

    def _named(
        self, option: str, lists: Sequence[ListInFolder], names: tuple[str, ...]
    ) -> tuple[ListInFolder, ...]:
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

    def _unknown(self, option: str, name: str, lists: Sequence[ListInFolder]) -> BadInput:
        candidates = dict.fromkeys(shot.id for item in lists for shot in item.loaded.shots.shots)
        candidates |= dict.fromkeys(item.row for item in lists if item.row)
        hint = did_you_mean(name, candidates)
        if self.alone:
            message = tr("{option} {name} matches no shot", option=option, name=name)
            hint = hint or tr("known shots: {names}", names=joined(candidates, tr(", ")))
        else:
            message = tr("{option} {name} matches no shot or row", option=option, name=name)
        return BadInput(Diagnostic("shot-unknown", message, hint=hint))

    def _chosen(self) -> tuple[ListInFolder, ...]:
        """The lists that are meant. Raises BadInput where an option names nothing."""
        matches = self._named("--only", _rows(self.lists, self.options.rows), self.options.only)
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


def read_all(files: Iterable[Path], catalog_file: Path | None) -> tuple[tuple[Batch, ...], Catalog]:
    """Every file, checked. Raises BadInput with the problems of all of them."""
    catalog = capabilities.with_user_file(capabilities.packaged(), catalog_file)
    batches: list[Batch] = []
    problems: list[Diagnostic] = []
    texts: dict[str, str] = {}
    for file in files:
        try:
            batches.append(load_all(file, catalog))
        except BadInput as problem:
            problems += problem.diagnostics
            texts |= problem.texts
    if problems:
        refusal = BadInput(*in_order(problems))
        refusal.texts = texts
        raise refusal
    return tuple(batches), catalog


def _refuse_table(batch: Batch) -> None:
    first = batch.lists[0]
    if first.row:
        folder = folder_of(first, None) / first.row.name
        message = tr("{file} has a table; this command takes one list", file=batch.file)
        hint = tr("where the command takes a folder, give that of a row: {folder}", folder=folder)
        raise BadInput(Diagnostic("table-not-here", message, hint=hint))


def _in_folders(batches: tuple[Batch, ...], out: Path | None) -> list[ListInFolder]:
    """Every list with its folder. Raises BadInput where two files would share one."""
    lists: list[ListInFolder] = []
    owners: dict[tuple[Path, str], Path] = {}
    for batch in batches:
        first = batch.lists[0]
        home = folder_of(first, out)
        if out and len(batches) > 1:
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
        lists += (ListInFolder(shot_list, home) for shot_list in batch.lists)
    return lists


def _rows(lists: Sequence[ListInFolder], text: str | None) -> Sequence[ListInFolder]:
    if text is None:
        return lists
    row_numbers = numbers(text)
    if row_numbers is None:
        message = tr("--rows {text!r} is not a valid selection", text=text)
        hint = tr("write it as 1-100,250; row 1 is below the header")
        raise BadInput(Diagnostic("rows-unknown", message, hint=hint))
    rows = [(item, item.loaded.row.number) for item in lists if item.loaded.row]
    matches = [item for item, number in rows if number in row_numbers]
    if not matches:
        last = max((number for _, number in rows), default=0)
        if not last:
            message = tr("--rows {rows} matches no row; the lists have no table", rows=text)
        else:
            message = plural(
                "--rows {rows} matches no row; the table has {n}",
                "--rows {rows} matches no row; the table has {n}",
                last, rows=text,
            )  # fmt: skip
        raise BadInput(Diagnostic("rows-unknown", message))
    return matches


def _names_in(item: ListInFolder) -> dict[str, str | None]:
    """What names something of a list: its shots, also behind the row; None for the row itself."""
    names: dict[str, str | None] = {item.row: None} if item.row else {}
    for shot in item.shots:
        names[shot] = shot
        if item.row:
            names[f"{item.row}/{shot}"] = shot
    return names


def _match(item: ListInFolder, names: tuple[str, ...]) -> ListInFolder | None:
    """The list with the shots that are named, all of them where its row is; None where none is."""
    own_names = _names_in(item)
    shots = [own_names[name] for name in names if name in own_names]
    if not shots:
        return None
    return replace(item, only=frozenset() if None in shots else frozenset(filter(None, shots)))


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
