"""``report --csv``: what was paid, by row, model and day, as a table for a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from wanx_render.backends.wire import BEIJING
from wanx_render.catalog.pricing import exact
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.planning.journal import Attempt
from wanx_render.session.environment import Environment
from wanx_render.session.folder import opened
from wanx_render.session.selection import items, read_all

COLUMNS = ("project", "row", "model", "day", "service", "clips", "seconds", "amount", "currency")


@dataclass(frozen=True, slots=True, order=True)
class Heading:
    """What one line sums up; the day is Beijing's, as on the vendor's bill."""

    project: str
    row: str
    model: str
    day: str
    service: str
    currency: str


@dataclass
class Sum:
    clips: int = 0
    seconds: int = 0
    amount: Decimal = Decimal(0)


def money(
    files: tuple[Path, ...], folder: Path | None, catalog: Path | None, environment: Environment
) -> int:
    """Write every sum of what the folders of these lists ever paid to stdout."""
    batches, _ = read_all(files, catalog)
    homes = {item.home: item.loaded.shots.project for item in items(batches, folder)}
    sums: dict[Heading, Sum] = {}
    with ExitStack() as stack:
        for home, project in homes.items():
            if (home / "journal.sqlite").exists():
                journal = stack.enter_context(opened(home))
                for heading, attempt in _headed(project, journal.every()):
                    _add(sums.setdefault(heading, Sum()), attempt)
    if not sums:
        message = "nothing was paid yet from these folders"
        raise BadInput(Diagnostic("folder-empty", message, hint="render the list first"))
    table = csv.writer(environment.stdout, lineterminator="\n")
    table.writerow(COLUMNS)
    for heading, total in sorted(sums.items()):
        table.writerow(
            [
                heading.project, heading.row, heading.model, heading.day, heading.service,
                total.clips, total.seconds, exact(total.amount), heading.currency,
            ]
        )  # fmt: skip
    return 0


def _headed(project: str, attempts: Iterable[Attempt]) -> Iterator[tuple[Heading, Attempt]]:
    """The attempts that were billed, each with the line it belongs to."""
    for attempt in attempts:
        if attempt.amount is not None:
            row, _, take = attempt.label.rpartition("/")
            day = (attempt.ended_at or attempt.asked_at).astimezone(BEIJING).date().isoformat()
            service = attempt.scope.partition(" ")[0]
            currency = attempt.currency or ""
            row = row if take else ""
            yield (
                Heading(project, row, attempt.model, day, service, currency),
                attempt,
            )


def _add(total: Sum, attempt: Attempt) -> None:
    total.clips += 1
    total.seconds += int(attempt.request.get("duration") or 0)
    total.amount += Decimal(attempt.amount or 0)
