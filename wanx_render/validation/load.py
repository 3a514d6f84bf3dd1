"""The front door: a YAML file in, its checked shot lists with their pictures out, or every problem.

One list comes of a file, or one for each row of its table.
"""

import gc
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from wanx_render import yaml_source
from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic, Span, in_order
from wanx_render.errors import BadInput
from wanx_render.shotlist import picks
from wanx_render.shotlist.model import (
    CHAIN_TAG,
    FOR_ALL,
    PATH_TAG,
    Deliverable,
    Matrix,
    Shot,
    ShotList,
    typed_keys,
)
from wanx_render.shotlist.picks import Picks
from wanx_render.shotlist.problems import Places, RowPlaces, explain
from wanx_render.shotlist.rows import Filling, Fillings, Row, fillings
from wanx_render.shotlist.variables import OUTSIDE, Templates
from wanx_render.task import InputMedia
from wanx_render.validation import registry
from wanx_render.validation.assets import AssetReader
from wanx_render.validation.context import Scene
from wanx_render.yaml_source import Source


@dataclass(frozen=True)
class Loaded:
    """A shot list that can be run, the folder its paths start at, and what is worth warning of.

    ``row`` tells which row of a table it was made of.
    """

    file: Path
    shots: ShotList
    folder: Path
    media: Mapping[str, InputMedia]  # every picture and sound, by the words the list names it with
    texts: Mapping[str, str]
    picks: Picks  # what was chosen on the board; its points of focus are in the shots already
    warnings: tuple[Diagnostic, ...] = field(default=())
    row: Row | None = None


@dataclass(frozen=True)
class Batch:
    """All that a file stands for: one list, or one for each row of its table."""

    file: Path
    lists: tuple[Loaded, ...]
    texts: Mapping[str, str]
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def tabular(self) -> bool:
        """Whether the file has a table."""
        return self.lists[0].row is not None


def load(file: Path, catalog: Catalog) -> Loaded:
    """Read, check and look at everything ``file`` names; of a table, the list of its first row.

    Raises BadInput with all problems found; its ``texts`` attribute holds the file's text for
    snippets. A relative path in messages is the one the user gave.
    """
    return load_all(file, catalog).lists[0]


def load_all(file: Path, catalog: Catalog) -> Batch:
    """Every list that ``file`` stands for. Raises BadInput with all problems of all rows."""
    with _no_collector():
        return _load(file, str(file), catalog)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Reading a list makes many objects and no cycles; walking them again and again while they
    grow would take half of the time for a list of thousands of shots."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _load(file: Path, name: str, catalog: Catalog) -> Batch:
    read = yaml_source.read(file, name)
    try:
        return _checked(file, read, catalog)
    except BadInput as problem:
        problem.texts = {name: read.text, **problem.texts}
        raise


def _checked(file: Path, read: Source, catalog: Catalog) -> Batch:
    if not isinstance(read.value, dict):
        told = "a shot list must be a mapping of keys"
        raise BadInput(Diagnostic("type-wrong", told, Places(read).of(())))
    folder = file.resolve().parent
    filled = fillings(read, _matrix(read), folder)
    templates = Templates(read, typed_keys() if "${" in read.text else frozenset())
    wrong = (*filled.problems, *templates.problems(filled.known, filled.columns))
    checker = _Checker(file, read, templates, AssetReader(folder), catalog)
    checked = [checker.check(each) for each in filled.rows]
    chosen = {c.picks.read.file: c.picks.read.text for c in checked if c.picks and c.picks.read}
    texts = {read.file: read.text, **filled.texts, **chosen, **checker.looker.texts}
    findings = _without(wrong, _told_once(checked, filled))
    everything = in_order([*_keys_in(texts), *wrong, *findings])
    if any(d.severity == "error" for d in everything):
        refusal = BadInput(*everything)
        refusal.texts = texts
        raise refusal
    lists = tuple(
        Loaded(
            file, _focused(each.whole, each.picks), folder, checker.looker.media(each.whole),
            texts, each.picks, each.found, filling.row,
        )
        for each, filling in zip(checked, filled.rows, strict=True)
        if each.whole and each.picks
    )  # fmt: skip
    if len(lists) == 1 and not filled.columns:
        lists = (replace(lists[0], warnings=everything),)
    return Batch(file, lists, texts, everything)


def _focused(whole: ShotList, chosen: Picks) -> ShotList:
    """The list with the points of focus that were chosen on the board."""
    points = {name: each.focus for name, each in chosen.shots.items() if each.focus}
    if not points:
        return whole
    shots = tuple(
        shot.model_copy(update={"focus": points[shot.id]}) if shot.id in points else shot
        for shot in whole.shots
    )
    return whole.model_copy(update={"shots": shots})


def _matrix(read: Source) -> Matrix | None:
    """``matrix`` as written, or None where there is none. Raises BadInput."""
    if read.value.get("matrix") is None:
        return None
    parts = _Parts(Places(read))
    matrix = parts.one("matrix", Matrix, read.value["matrix"])
    if matrix is None:
        raise BadInput(*in_order(parts.problems))
    return matrix


def _without(wrong: tuple[Diagnostic, ...], found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """What was found, but for what follows from a variable that could not be filled in."""
    places = {each.span for each in wrong}
    yield from (each for each in found if each.span not in places)


def _told_once(checked: list["_Result"], filled: Fillings) -> Iterator[Diagnostic]:
    """What was found in the rows; what stands in the list itself is told once, and of which rows.

    A finding at a cell of the table tells by its place which row it is about. Warnings that differ
    in words only, such as figures, are one.
    """
    if len(checked) == 1:
        yield from checked[0].found
        return
    alike: dict[Any, list[tuple[Diagnostic, Row]]] = {}
    for result, filling in zip(checked, filled.rows, strict=True):
        seen: Counter[Any] = Counter()
        for each in dict.fromkeys(result.found):
            place = (each.code, each.span)
            seen[place] += 1
            name = (place, seen[place]) if each.severity == "warning" else each
            if filling.row:
                alike.setdefault(name, []).append((each, filling.row))
    for cases in alike.values():
        each, row = cases[0]
        same = len({other for other, _ in cases}) == 1 and len(cases) == len(checked)
        if same or (each.span and each.span.via):
            yield each
        else:
            others = f", and {len(cases) - 1} rows more" if len(cases) > 1 else ""
            yield replace(each, message=f"{each.message} (row {row.name}, {row.span}{others})")


@dataclass(frozen=True, slots=True)
class _Result:
    """The list of one row where it is whole, its picks, and what is wrong or worth a warning."""

    whole: ShotList | None
    found: tuple[Diagnostic, ...]
    picks: Picks | None = None


@dataclass(frozen=True)
class _Checker:
    """Checks a list row by row; what was looked at for one row is known for the others."""

    file: Path
    read: Source
    templates: Templates
    looker: AssetReader
    catalog: Catalog

    def check(self, filling: Filling) -> _Result:
        places = RowPlaces(self.read, self.templates.by_path, filling.cell)
        try:
            written = _merged(self.templates.fill(filling.values), places)
        except BadInput as problem:
            return _Result(None, problem.diagnostics)
        parts = _Parts(places)
        shots = parts.valid("shots", Shot, written.get("shots"))
        deliverables = parts.valid("deliverables", Deliverable, written.get("deliverables"))
        whole = parts.whole(written, shots, deliverables)
        unseen = self.looker.look(shots, places)
        unheard = self.looker.listen(shots, deliverables, places)
        unread = self.looker.read(deliverables, places)
        scene = Scene(
            shots=shots,
            deliverables=deliverables,
            region=whole.region if whole else "beijing",
            ids=_ids(written.get("shots")),
            catalog=self.catalog,
            folder=self.looker.folder,
            pictures=self.looker.pictures,
            sounds=self.looker.sounds,
            subtitles=self.looker.subtitles,
            place=places.of,
            backend=whole.backend if whole else "mock",
            highest=self.looker.highest,
            loudest=self.looker.loudest,
        )
        chosen, stray = picks.read(_picked_for(self.file, filling.row), scene.ids)
        found = (*parts.problems, *unseen, *unheard, *unread, *registry.findings(scene), *stray)
        return _Result(whole, found, chosen)


def _picked_for(file: Path, row: Row | None) -> Path:
    """The name that the picks of a row go by: each row has choices of its own."""
    return file.with_name(f"{file.stem}.{row.name}{file.suffix}") if row else file


def _ids(shots: Any) -> tuple[str, ...]:
    """The ids of all shots as written, also of those that have problems."""
    listed = shots if isinstance(shots, list) else []
    return tuple(str(shot["id"]) for shot in listed if isinstance(shot, dict) and "id" in shot)


P = TypeVar("P", bound=BaseModel)


class _Parts:
    """Validates the list piece by piece, so that one bad shot does not hide what the rules say of
    the others."""

    def __init__(self, places: "Places") -> None:
        self.places = places
        self.problems: list[Diagnostic] = []

    def valid(self, key: str, kind: type[P], items: Any) -> dict[int, P]:
        """The items that are well-formed, by their index."""
        found: dict[int, P] = {}
        for index, item in enumerate(items if isinstance(items, list) else ()):
            try:
                found[index] = kind.model_validate(item)
            except ValidationError as error:
                self._note(error, (key, index))
                if (known := _without_unknown_keys(item, error)) is not None:
                    found[index] = kind.model_validate(known)
        return found

    def one(self, key: str, kind: type[P], item: Any) -> P | None:
        """The mapping under ``key``, where it is well-formed."""
        try:
            return kind.model_validate(item)
        except ValidationError as error:
            self._note(error, (key,))
            return None

    def whole(
        self,
        written: dict[str, Any],
        shots: Mapping[int, Shot],
        deliverables: Mapping[int, Deliverable],
    ) -> ShotList | None:
        """The whole list of its valid parts, or None."""
        parts: dict[str, Any] = {"shots": shots, "deliverables": deliverables}
        given = {
            key: list(parts[key].values()) if key in parts and isinstance(item, list) else item
            for key, item in written.items()
        }
        try:
            return ShotList.model_validate(given)
        except ValidationError as error:
            # A list that lost all its items to other problems is not an empty list.
            self._note(error, (), lambda p: p["type"] == "too_short" and written[p["loc"][0]])
            return None

    def _note(
        self,
        error: ValidationError,
        under: yaml_source.Path,
        passing: Callable[[Any], Any] = lambda _: False,
    ) -> None:
        for problem in error.errors(include_url=False, include_input=False):
            if not passing(problem):
                path = (*under, *(part for part in problem["loc"] if part not in _TAGS))
                self.problems.append(explain(problem, path, self.places))


_TAGS = (PATH_TAG, CHAIN_TAG)


def _without_unknown_keys(item: Any, error: ValidationError) -> dict[str, Any] | None:
    """``item`` without its unknown keys, where they are all that is wrong with it.

    A misspelt key, above all one in ``defaults``, shall not hide what the rules say of the rest.
    """
    problems = error.errors(include_url=False, include_input=False)
    unknown = {p["loc"][0] for p in problems if p["type"] == "extra_forbidden"}
    if len(unknown) < len(problems) or any(len(p["loc"]) > 1 for p in problems):
        return None
    return {key: value for key, value in item.items() if key not in unknown}


def _merged(value: dict[str, Any], places: Places) -> dict[str, Any]:
    """The list's value with ``defaults`` laid under every shot, and what is for all deliverables
    under each of them."""
    defaults, shots = value.get("defaults"), value.get("shots")
    if defaults is None:
        defaults = {}
    if not isinstance(defaults, dict):
        raise BadInput(
            Diagnostic("type-wrong", "defaults must be a mapping", places.of(("defaults",)))
        )
    if "id" in defaults:
        raise BadInput(
            Diagnostic(
                "unknown-key",
                "defaults cannot hold an id: each shot has its own",
                places.key(("defaults", "id")),
            )
        )
    if isinstance(shots, list):
        shots = [{**defaults, **shot} if isinstance(shot, dict) else shot for shot in shots]
    apart = ("defaults", *OUTSIDE)
    merged = {key: item for key, item in value.items() if key not in apart}
    if "shots" in value:
        merged["shots"] = shots
    common = {key: value[key] for key in FOR_ALL if key in value}
    if common and isinstance(value.get("deliverables"), list):
        merged["deliverables"] = [_under(common, item) for item in value["deliverables"]]
    return merged


def _under(common: dict[str, Any], written: Any) -> Any:
    """A deliverable as written, with what the list says for all of them laid under it."""
    if isinstance(written, str):
        written = {"aspect": written}
    if not isinstance(written, dict):
        return written
    both = {**common, **written}
    for key, short in (("caption_style", ""), ("label", "visible")):
        first, second = common.get(key), written.get(key)
        if short and isinstance(first, str) and first != "none":
            first = {short: first}
        if isinstance(first, dict) and isinstance(second, dict):
            both[key] = {**first, **second}
    return both


_KEY = re.compile(r"\bsk-[A-Za-z0-9]{16,}")


def _keys_in(texts: Mapping[str, str]) -> list[Diagnostic]:
    """A shot list is passed around; a key in it would be too."""
    return [
        Diagnostic(
            "key-in-file",
            "an API key stands in the file",
            Span(file, number, found.start() + 1, len(found[0])),
            "take it out, and make a new one where the file was shared; "
            "the key comes from DASHSCOPE_API_KEY",
        )
        for file, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := _KEY.search(line))
    ]
