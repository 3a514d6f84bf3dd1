"""What a request costs, as exact money; an unknown price stays unknown and is never zero."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

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
