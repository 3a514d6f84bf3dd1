"""What was paid, by row, model and day, as a table for a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TextIO

from wanx_render.backends.wire import BEIJING
from wanx_render.money import write_amount
from wanx_render.planning.attempt import Attempt

COLUMNS = ("project", "row", "model", "day", "service", "clips", "seconds", "amount", "currency")


@dataclass(frozen=True, slots=True, order=True)
class SumKey:
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


class Spending:
    """The sums of several journals; empty where nothing was billed."""

    def __init__(self) -> None:
        self._sums: dict[SumKey, Sum] = {}

    def __bool__(self) -> bool:
        return bool(self._sums)

    def add(self, project: str, attempts: Iterable[Attempt]) -> None:
        """Add the attempts of a project's journal."""
        for key, attempt in _keyed(project, attempts):
            total = self._sums.setdefault(key, Sum())
            total.clips += 1
            total.seconds += int(attempt.request.get("duration") or 0)
            total.amount += Decimal(attempt.amount or 0)

    def write(self, stream: TextIO) -> None:
        """Write them as CSV."""
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for key, total in sorted(self._sums.items()):
            table.writerow(
                [
                    key.project, key.row, key.model, key.day, key.service,
                    total.clips, total.seconds, write_amount(total.amount), key.currency,
                ]
            )  # fmt: skip


def _keyed(project: str, attempts: Iterable[Attempt]) -> Iterator[tuple[SumKey, Attempt]]:
    """The attempts that were billed, each with the line it belongs to."""
    for attempt in attempts:
        if attempt.amount is not None:
            day = (attempt.ended_at or attempt.asked_at).astimezone(BEIJING).date().isoformat()
            service = attempt.scope.partition(" ")[0]
            currency = attempt.currency or ""
            yield SumKey(project, attempt.take.row, attempt.model, day, service, currency), attempt
