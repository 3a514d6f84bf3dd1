"""What a request costs, as exact money; an unknown price stays unknown and is never zero."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from wanx_render.capabilities import Catalog
from wanx_render.shotlist import Money
from wanx_render.task import TaskRequest


def price(request: TaskRequest, catalog: Catalog) -> Money | None:
    """Seconds times the tier's price a second, or None where no source gives one."""
    found = catalog.price_per_second(
        request.model, request.region, request.resolution, silent=request.sound == "silent"
    )
    if found is None:
        return None
    amount, currency = found
    return Money(amount=amount * request.duration, currency=currency)


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of prices, of which some may be unknown."""

    amount: Decimal
    currency: str
    unknown: int = 0

    def __str__(self) -> str:
        known = f"{self.amount:.2f} {self.currency}"
        if not self.unknown:
            return known
        plural = "s" if self.unknown > 1 else ""
        return f"{known} plus {self.unknown} take{plural} of unknown price"


def total(prices: Iterable[Money | None], currency: str) -> Total:
    """The sum of ``prices``, all in ``currency`` (a run has one region, so one currency)."""
    amount, unknown = Decimal(0), 0
    for each in prices:
        if each is None:
            unknown += 1
        else:
            amount += each.amount
    return Total(amount, currency, unknown)


def billed(asked: Mapping[str, Any], usage: Mapping[str, Any], catalog: Catalog) -> Money | None:
    """What a task that succeeded costs, by what the service says it made.

    ``asked`` is the record of the request, which fills in what the usage does not tell. The names
    in the usage differ from model to model (official text, one example for each generation).
    """
    names = ("output_video_duration", "video_duration", "duration")
    seconds = _whole(*(usage.get(name) for name in names), asked["duration"])
    tier = f"{usage['SR']}P" if _whole(usage.get("SR")) else asked["resolution"]
    audio = usage.get("audio")
    silent = asked["sound"] == "silent" if not isinstance(audio, bool) else not audio
    found = catalog.price_per_second(asked["model"], asked["region"], tier, silent=silent)
    if found is None:
        return None
    return Money(
        amount=found[0] * seconds * (_whole(usage.get("video_count")) or 1), currency=found[1]
    )


def _whole(*values: object) -> int:
    """The first of ``values`` that is a whole number above zero, or 0."""
    numbers = (value for value in values if isinstance(value, int) and not isinstance(value, bool))
    return next((number for number in numbers if number > 0), 0)
