"""The front door: a YAML file in, its checked shot lists with their pictures out, or every problem.

One list comes of a file, or one for each row of its table.
"""

import gc
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic, Span, in_order
from wanx_render.errors import BadInput
from wanx_render.language import plural, tr
from wanx_render.shotlist import picks, reading
from wanx_render.shotlist.inputs import CHAIN_TAG, LIST_TAG, MADE_TAG, NAMED_TAG, PATH_TAG
from wanx_render.shotlist.model import (
    SOURCES,
    AnyShot,
    Deliverable,
    GeneratedShot,
    Matrix,
    ShotList,
    keys_of,
    kind_of,
    picture_of,
    typed_keys,
    whole_keys,
)
from wanx_render.shotlist.names import normal
from wanx_render.shotlist.picks import Picks
from wanx_render.shotlist.problems import Places, Problems, RowPlaces, means
from wanx_render.shotlist.tables.rows import Filling, Fillings, Row, fillings
from wanx_render.shotlist.tables.variables import Templates
from wanx_render.source import yaml_source
from wanx_render.source.yaml_source import Source
from wanx_render.validation.assets import AssetReader
from wanx_render.validation.context import Scene
from wanx_render.validation.rows.alike import AlikeRows, RowKind
from wanx_render.validation.rows.compact import CompactList, compact
from wanx_render.validation.rows.lists import CheckedRow, Lists, Loaded, picked_for
from wanx_render.validation.rows.merging import Merging

# Of a table, what a hint would change is calculated for so many rows: a warning that all rows
# share is said once, with the figures of the first.
FIGURED_ROWS = 20


@dataclass(frozen=True)
class BadRow:
    """A row of a table that cannot be rendered, and every problem that keeps it from that."""

    row: Row
    problems: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Batch:
    """All that a file stands for: one list, or one for each row of its table.

    ``bad`` are rows that are left out, ``errors`` their problems as people are shown them.
    """

    file: Path
    lists: Lists
    texts: Mapping[str, str]
    warnings: tuple[Diagnostic, ...] = ()
    bad: tuple[BadRow, ...] = ()
    errors: tuple[Diagnostic, ...] = ()

    @property
    def tabular(self) -> bool:
        """Whether the file has a table."""
        return self.lists.rows[0].row is not None


def load(file: Path, catalog: Catalog) -> Loaded:
    """Read, check and look at everything ``file`` names; of a table, the list of its first row.

    Raises BadInput with all problems found; its ``texts`` attribute holds the file's text for
    snippets. A relative path in messages is the one the user gave.
    """
    return load_all(file, catalog).lists[0]


def load_all(
    file: Path, catalog: Catalog, *, keep_going: bool = False, text: str | None = None
) -> Batch:
    """Every list that ``file`` stands for. Raises BadInput with all problems of all rows.

    ``keep_going``: rows with problems are left out, where there are others. ``text`` is what the
    file is to hold, instead of what it holds.
    """
    with no_collector():
        return _load(file, text, catalog, keep_going=keep_going, rows=_all_rows)


def load_first(file: Path, catalog: Catalog) -> Batch:
    """The list of ``file``; of a table the first row without problems, as ``keep_going`` has it.

    Rows after that one are not checked. Raises BadInput where there is none.
    """
    with no_collector():
        return _load(file, None, catalog, keep_going=True, rows=_up_to_a_good_row)


@contextmanager
def no_collector() -> Iterator[None]:
    """Reading a list makes many objects and no cycles; walking them again and again while they
    grow would take half of the time for a list of thousands of shots."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _load(
    file: Path, text: str | None, catalog: Catalog, *, keep_going: bool, rows: "_Rows"
) -> Batch:
    name = str(file)
    source, slips = reading.read(file, name, text)
    try:
        checked = _check(file, source, slips, catalog, rows)
        return checked.batch(keep_going=keep_going)
    except BadInput as problem:
        problem.texts = {name: source.text, **problem.texts}
        raise


def _check(
    file: Path, source: Source, slips: tuple[Diagnostic, ...], catalog: Catalog, rows: "_Rows"
) -> "_Checked":
    if not isinstance(source.value, dict):
        message = tr("a shot list must be a mapping of keys")
        raise BadInput(Diagnostic("type-wrong", message, Places(source).of(())))
    folder = file.resolve().parent
    table = fillings(source, _matrix(source, folder), folder)
    templates = Templates(source, *_kinds_of_keys(source))
    template_problems = (*table.problems, *templates.problems(table.known, table.columns))
    assets = AssetReader(folder)
    fixed = _FixedParts(Merging(source.value, templates.by_path))
    alike = AlikeRows(templates.by_path)
    checker = _Checker(file, source, templates, assets, catalog, fixed, alike)
    results = list(rows(table, checker))
    table = replace(table, rows=table.rows[: len(results)])
    texts = {source.file: source.text, **table.texts, **_picks_texts(results)}
    texts |= checker.assets.texts
    whole = (*slips, *table.warnings, *_keys_in(texts), *template_problems)
    return _Checked(checker, table, results, texts, whole, template_problems)


_PICTURES = ("image", "last_image", "still")  # keys under which most pictures are named
# Which rows of a table are checked, from the first on.
_Rows = Callable[[Fillings, "_Checker"], Iterable["_Result"]]


def _all_rows(table: Fillings, checker: "_Checker") -> "Iterator[_Result]":
    templates = checker.templates
    if templates.have(_PICTURES):
        rows = (filling.values for filling in table.rows if filling.readable)
        texts = (text for values in rows for text in templates.texts(_PICTURES, values))
        checker.assets.see_ahead(texts)
    return map(checker.check, table.rows)


def _up_to_a_good_row(table: Fillings, checker: "_Checker") -> "Iterator[_Result]":
    for filling in table.rows:
        result = checker.check(filling)
        yield result
        if _all_well((*filling.problems, *result.problems)):
            return


@dataclass(frozen=True)
class _Checked:
    """What was found in a list and in each of its rows."""

    checker: "_Checker"
    table: Fillings
    results: "list[_Result]"
    texts: Mapping[str, str]
    of_list: tuple[Diagnostic, ...]  # problems that no row can do without
    of_templates: tuple[Diagnostic, ...]  # those of them that others follow from

    def batch(self, *, keep_going: bool) -> Batch:
        """The lists of all rows, or of those without problems. Raises BadInput."""
        problems = self._problems()
        bad = () if _all_well(problems) else tuple(self._bad_rows())
        if not (keep_going and bad and self._can_do_without(bad)) and not _all_well(problems):
            refusal = BadInput(*problems)
            refusal.texts = dict(self.texts)
            raise refusal
        warnings = tuple(problem for problem in problems if problem.severity == "warning")
        errors = tuple(problem for problem in problems if problem.severity == "error")
        rows = tuple(self._rows({entry.row.number for entry in bad}))
        if len(rows) == 1 and not self.table.columns:
            rows = (replace(rows[0], warnings=problems),)
        lists = Lists(self.checker.file, rows, self.checker.assets, self.texts)
        return Batch(self.checker.file, lists, self.texts, warnings, bad, errors)

    def _problems(self) -> tuple[Diagnostic, ...]:
        """Every problem and warning, in order."""
        of_rows = (problem for filling in self.table.rows for problem in filling.problems)
        findings = _without(self.of_templates, _said_once(self.results, self.table))
        return in_order([*self.of_list, *of_rows, *findings])

    def _bad_rows(self) -> Iterator[BadRow]:
        for result, filling in zip(self.results, self.table.rows, strict=True):
            problems = (*filling.problems, *result.problems)
            errors = in_order(problem for problem in problems if problem.severity == "error")
            if errors and filling.row:
                yield BadRow(filling.row, errors)

    def _can_do_without(self, bad: tuple[BadRow, ...]) -> bool:
        return _all_well(self.of_list) and len(bad) < len(self.results)

    def _rows(self, without: Set[int]) -> Iterator[CheckedRow]:
        """The lists of all rows but those of these numbers."""
        for result, filling in zip(self.results, self.table.rows, strict=True):
            is_bad = filling.row is not None and filling.row.number in without
            if result.shots is None or not result.picks_are_read or is_bad:
                continue
            yield CheckedRow(result.shots, filling.row, result.picks, result.problems)


def _all_well(problems: Iterable[Diagnostic]) -> bool:
    return all(problem.severity == "warning" for problem in problems)


def _kinds_of_keys(source: Source) -> tuple[frozenset[str], frozenset[str]]:
    """The keys of other values than text, and of whole numbers, where variables need them."""
    return (typed_keys(), whole_keys()) if "${" in source.text else (frozenset(), frozenset())


def _picks_texts(results: Iterable["_Result"]) -> dict[str, str]:
    """The text of each row's picks file, by its name."""
    sources = (result.picks.read for result in results if result.picks)
    return {source.file: source.text for source in sources if source}


def _matrix(source: Source, folder: Path) -> Matrix | None:
    """``matrix`` as written, or None where there is none. Raises BadInput."""
    if source.value.get("matrix") is None:
        return None
    problems = Problems(Places(source))
    matrix = _Parts(problems, folder, _FixedParts(Merging({}, ()))).one(
        "matrix", Matrix, source.value["matrix"]
    )
    if matrix is None:
        raise BadInput(*in_order(problems))
    return matrix


def _without(
    template_problems: tuple[Diagnostic, ...], problems: Iterable[Diagnostic]
) -> Iterator[Diagnostic]:
    """What was found, but for what follows from a variable that could not be filled in."""
    places = {problem.span for problem in template_problems}
    yield from (problem for problem in problems if problem.span not in places)


def _said_once(results: list["_Result"], table: Fillings) -> Iterator[Diagnostic]:
    """The problems of all rows. One that is in the list itself is said once, with its rows.

    The place of a problem in a cell shows which row it is about. Warnings that differ in words
    only, such as figures, are one.
    """
    if len(results) == 1:
        yield from results[0].problems
        return
    cases: dict[Any, list[tuple[Diagnostic, Row]]] = {}
    for result, filling in zip(results, table.rows, strict=True):
        counts: Counter[Any] = Counter()
        for problem in dict.fromkeys(result.problems):
            place = (problem.code, problem.span)
            counts[place] += 1
            name = (place, counts[place]) if problem.severity == "warning" else problem
            if filling.row:
                cases.setdefault(name, []).append((problem, filling.row))
    for alike in cases.values():
        yield _of_rows(alike, len(results))


def _of_rows(alike: list[tuple[Diagnostic, Row]], rows: int) -> Diagnostic:
    """A problem that some rows share, with the name of the first of them where it needs one."""
    problem, row = alike[0]
    of_all = len({case_problem for case_problem, _ in alike}) == 1 and len(alike) == rows
    if of_all or (problem.span and problem.span.via):
        return problem
    message = tr(
        "{message} (row {row}, {place})", message=problem.message, row=row.name, place=row.span
    )
    if len(alike) > 1:
        message = plural(
            "{message} (row {row}, {place}, and {n} more row)",
            "{message} (row {row}, {place}, and {n} more rows)",
            len(alike) - 1, message=problem.message, row=row.name, place=row.span,
        )  # fmt: skip
    return replace(problem, message=message)


@dataclass(frozen=True, slots=True)
class _Result:
    """The list of one row where it is whole, and what is wrong or worth a warning.

    ``picks`` is what was chosen on the board; None where nothing was.
    """

    shots: CompactList | ShotList | None
    problems: tuple[Diagnostic, ...]
    picks: Picks | None = None
    picks_are_read: bool = True


@dataclass(frozen=True)
class _Checker:
    """Checks a list row by row; the files that one row names are known for the others."""

    file: Path
    source: Source
    templates: Templates
    assets: AssetReader
    catalog: Catalog
    fixed: "_FixedParts"
    alike: AlikeRows

    def check(self, filling: Filling) -> _Result:
        if not filling.readable:
            return _Result(None, ())
        places = RowPlaces(self.source, self.templates.by_path, filling.cell)
        try:
            value = self.fixed.merging.merged(self.templates.fill(filling.values), places)
        except BadInput as problem:
            return _Result(None, problem.diagnostics)
        problems = Problems(places)
        parts = _Parts(problems, self.assets.folder, self.fixed)
        shots = parts.shots(value.get("shots"))
        deliverables = parts.valid("deliverables", Deliverable, value.get("deliverables"))
        whole = parts.whole(value, shots, deliverables)
        self.assets.look(shots, problems)
        self.assets.look_over(shots, deliverables, problems)
        self.assets.listen(shots, deliverables, problems)
        self.assets.read(deliverables, problems)
        scene = self._scene(shots, deliverables, whole, _ids(value.get("shots")), places)
        is_early = filling.row is None or filling.row.number <= FIGURED_ROWS
        kind = RowKind(self.fixed.are_all(deliverables), is_early)
        problems.extend(self.alike.findings(scene, kind))
        if filling.row and not self.picked:
            return _Result(self._compact(whole), tuple(problems))
        pictures = filter(None, map(picture_of, shots.values()))
        shot_picks, stray = self._picks(filling.row, (*scene.ids, *pictures))
        problems.extend(stray)
        is_read = shot_picks is not None
        return _Result(self._compact(whole), tuple(problems), shot_picks, is_read)

    def _picks(
        self, row: Row | None, ids: tuple[str, ...]
    ) -> tuple[Picks | None, tuple[Diagnostic, ...]]:
        """What was chosen on the board, and what is wrong with it."""
        try:
            return picks.read(picked_for(self.file, row), ids)
        except BadInput as problem:
            self.assets.texts |= problem.texts
            return None, problem.diagnostics

    def _compact(self, shots: ShotList | None) -> CompactList | ShotList | None:
        """The list of a row in little, by the first that is whole."""
        if shots is None or self.fixed.first is None:
            self.fixed.first = shots
            return shots
        return compact(shots, self.fixed.first)

    @cached_property
    def picked(self) -> bool:
        """Whether anything may have been chosen on the board, for any list beside this one."""
        return picks.may_be_in(self.file.parent)

    def _scene(
        self,
        shots: Mapping[int, AnyShot],
        deliverables: Mapping[int, Deliverable],
        whole: ShotList | None,
        ids: tuple[str, ...],
        places: Places,
    ) -> Scene:
        return Scene(
            shots=shots,
            deliverables=deliverables,
            region=whole.region if whole else "beijing",
            ids=ids,
            catalog=self.catalog,
            folder=self.assets.folder,
            pictures=self.assets.pictures,
            sounds=self.assets.sounds,
            footage=self.assets.footage,
            subtitles=self.assets.subtitles,
            place=places.of,
            backend=whole.backend if whole else "mock",
            highest=self.assets.highest,
            loudest=self.assets.loudest,
        )


def _ids(shots: Any) -> tuple[str, ...]:
    """The ids of all shots as written, also of those that have problems."""
    items = shots if isinstance(shots, list) else []
    return tuple(
        normal(str(shot["id"])) for shot in items if isinstance(shot, dict) and "id" in shot
    )


P = TypeVar("P", bound=BaseModel)


class _FixedParts:
    """Shots and deliverables that no variable is in: what was found of each in the first row."""

    def __init__(self, merging: Merging) -> None:
        self.merging = merging
        self.known: dict[tuple[str, int], tuple[BaseModel | None, tuple[Diagnostic, ...]]] = {}
        self.first: ShotList | None = None  # of the lists that are whole

    def are_all(self, deliverables: Mapping[int, Deliverable]) -> bool:
        """Whether all of these deliverables are the same in every row."""
        return all(("deliverables", index) in self.known for index in deliverables)


class _Parts:
    """Validates the list piece by piece, so that one bad shot does not hide what the rules say of
    the others."""

    def __init__(self, problems: Problems, folder: Path, fixed: _FixedParts) -> None:
        self._problems = problems
        self._context = {"folder": folder}  # in which relative paths start
        self._fixed = fixed

    def shots(self, items: Any) -> dict[int, AnyShot]:
        """The shots that are well-formed, by their index."""
        return self._valid("shots", kind_of, items)

    def valid(self, key: str, kind: type[P], items: Any) -> dict[int, P]:
        """The items that are well-formed, by their index."""
        return self._valid(key, lambda _: kind, items)

    def _valid(self, key: str, kind_for: Callable[[Any], type[P]], items: Any) -> dict[int, P]:
        valid: dict[int, P] = {}
        for index, item in enumerate(items if isinstance(items, list) else ()):
            part = self._known(key, index, kind_for(item), item)
            if part is not None:
                valid[index] = part
        return valid

    def _known(self, key: str, index: int, kind: type[P], item: Any) -> P | None:
        """An item where it is well-formed; one that is the same in every row is read once."""
        if not self._fixed.merging.is_fixed(key, index, item):
            return self._item(key, index, kind, item)
        if (key, index) not in self._fixed.known:
            here, self._problems = self._problems, Problems(self._problems.places)
            first = self._item(key, index, kind, item)
            self._fixed.known[(key, index)] = first, tuple(self._problems)
            self._problems = here
        part, problems = self._fixed.known[(key, index)]
        self._problems.extend(problems)
        return part if isinstance(part, kind) else None

    def _item(self, key: str, index: int, kind: type[P], item: Any) -> P | None:
        try:
            return kind.model_validate(item, context=self._context)
        except ValidationError as error:
            self._note(error, (key, index))
            rest = _without_unknown_keys(item, error)
            if rest is None or (key == "shots" and _hides_beginning(item, rest)):
                return None
            return kind.model_validate(rest, context=self._context)

    def one(self, key: str, kind: type[P], item: Any) -> P | None:
        """The mapping under ``key``, where it is well-formed."""
        try:
            return kind.model_validate(item, context=self._context)
        except ValidationError as error:
            self._note(error, (key,))
            return None

    def whole(
        self,
        value: dict[str, Any],
        shots: Mapping[int, AnyShot],
        deliverables: Mapping[int, Deliverable],
    ) -> ShotList | None:
        """The whole list of its valid parts, or None."""
        first = self._fixed.first if self._fixed.merging.has_fixed_rest else None
        if first is not None and shots and deliverables:
            items = (tuple(shots.values()), tuple(deliverables.values()))
            return first.model_copy(update=dict(zip(("shots", "deliverables"), items, strict=True)))
        parts: dict[str, Any] = {"shots": shots, "deliverables": deliverables}
        of_valid_parts = {
            key: list(parts[key].values()) if key in parts and isinstance(item, list) else item
            for key, item in value.items()
        }
        try:
            return ShotList.model_validate(of_valid_parts)
        except ValidationError as error:
            # A list that lost all its items to other problems is not an empty list.
            self._note(error, (), lambda p: p["type"] == "too_short" and value[p["loc"][0]])
            return None

    def _note(
        self,
        error: ValidationError,
        under: yaml_source.Path,
        passing: Callable[[Any], Any] = lambda _: False,
    ) -> None:
        self._problems.explain(
            [
                ((*under, *(part for part in problem["loc"] if part not in _TAGS)), problem)
                for problem in error.errors(include_url=False)
                if not passing(problem)
            ]
        )


_TAGS = (PATH_TAG, CHAIN_TAG, MADE_TAG, LIST_TAG, NAMED_TAG)


def _without_unknown_keys(item: Any, error: ValidationError) -> dict[str, Any] | None:
    """``item`` without its unknown keys, where they are all that is wrong with it.

    A misspelt key, above all one in ``defaults``, shall not hide what the rules say of the rest.
    """
    problems = error.errors(include_url=False, include_input=False)
    unknown = {p["loc"][0] for p in problems if p["type"] == "extra_forbidden"}
    if len(unknown) < len(problems) or any(len(p["loc"]) > 1 for p in problems):
        return None
    return {key: value for key, value in item.items() if key not in unknown}


def _hides_beginning(shot: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether a misspelt key is the one that says what the shot shows: no rule can judge it then.

    ``known`` is the shot without its unknown keys.
    """
    if any(key in known for key in SOURCES):
        return False
    keys = keys_of(GeneratedShot) | SOURCES.keys()
    return any(
        means(name, key, keys)
        for name in shot.keys() - known.keys()
        for key in (*SOURCES, "references", "prompt")
    )


_KEY = re.compile(r"\bsk-[A-Za-z0-9]{16,}")


def _keys_in(texts: Mapping[str, str]) -> list[Diagnostic]:
    """A shot list is passed around; a key in it would be too."""
    return [
        Diagnostic(
            "key-in-file",
            tr("the file contains an API key"),
            Span(file, number, match.start() + 1, len(match[0])),
            tr("remove it, and revoke it if the file was shared; set DASHSCOPE_API_KEY instead"),
        )
        for file, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := _KEY.search(line))
    ]
