"""Several files read together: what can be rendered of them, and what is wrong with the rest."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wanx_render.catalog import capabilities, user_file
from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic, in_order
from wanx_render.errors import BadInput
from wanx_render.validation.load import Batch, load_all, load_first


@dataclass(frozen=True)
class BadFile:
    """A file of which nothing can be rendered, and why."""

    file: Path
    problems: tuple[Diagnostic, ...]
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Batches:
    """What files hold, in their order."""

    good: tuple[Batch, ...]
    bad: tuple[BadFile, ...]
    catalog: Catalog


def read_each(
    files: Iterable[Path], catalog_file: Path | None, *, keep_going: bool = False
) -> Batches:
    """Every file, checked. Raises BadInput with the problems of all of them.

    ``keep_going``: files and rows with problems are left out, where there are others.
    """
    read = partial(load_all, keep_going=keep_going)
    return _read(files, catalog_file, read, keep_going=keep_going)


def read_first_rows(files: Iterable[Path], catalog_file: Path | None) -> Batches:
    """The files, and of their tables the first row without problems, for what all rows share.

    Files of which there is nothing are left out. Raises BadInput where none is left.
    """
    return _read(files, catalog_file, load_first, keep_going=True)


def _read(
    files: Iterable[Path],
    catalog_file: Path | None,
    read: Callable[[Path, Catalog], Batch],
    *,
    keep_going: bool,
) -> Batches:
    catalog = user_file.with_user_file(capabilities.packaged(), catalog_file)
    good: list[Batch] = []
    bad: list[BadFile] = []
    for file in files:
        try:
            good.append(read(file, catalog))
        except BadInput as problem:
            bad.append(BadFile(file, problem.diagnostics, problem.texts))
    if bad and not (keep_going and good):
        raise refusal(bad)
    return Batches(tuple(good), tuple(bad), catalog)


def refusal(bad: Iterable[BadFile]) -> BadInput:
    """The problems of several files as one."""
    problems: list[Diagnostic] = []
    texts: dict[str, str] = {}
    for entry in bad:
        problems += entry.problems
        texts |= entry.texts
    problem = BadInput(*in_order(problems))
    problem.texts = texts
    return problem
