"""The money a run may spend: reserved before each request, settled when the bill is known."""

from decimal import Decimal

from wanx_render.language import Message, tr
from wanx_render.money import Money, show_amount


class SpendingLimit:
    """A limit, and what of it is used up. Without a limit everything fits.

    What is spent under a list's limit is spent under the ``overall`` limit of its run too.
    """

    def __init__(
        self, limit: Decimal | None = None, overall: "SpendingLimit | None" = None
    ) -> None:
        self.limit = limit
        self._overall = overall
        self._reserved: dict[str, Decimal] = {}
        self._billed = Decimal(0)
        self._above: dict[str, Decimal] = {}

    @property
    def above(self) -> tuple[Decimal, ...]:
        """By how much each bill that was higher than its price was above it."""
        return tuple(self._above.values())

    @property
    def billed(self) -> Decimal:
        """What was billed so far."""
        return self._billed

    @property
    def used(self) -> Decimal:
        """What is billed, and what may still be."""
        return self._billed + sum(self._reserved.values())

    @property
    def summary(self) -> Message:
        """How much of the nearest limit is used up."""
        if self.limit is None and self._overall:
            return self._overall.summary
        used, limit = show_amount(self.used), show_amount(self.limit or Decimal(0))
        return tr("{used} of {limit} is already spent or reserved", used=used, limit=limit)

    def reserve(self, key: str, price: Money | None) -> bool:
        """Set the price of the request ``key`` aside; False, and nothing done, if it does not fit.

        An unknown price fits only where there is no limit.
        """
        if self.limit is not None and (price is None or self.used + price.amount > self.limit):
            return False
        if self._overall and not self._overall.reserve(key, price):
            return False
        self._reserved[key] = price.amount if price else Decimal(0)
        return True

    def settle(self, key: str, billed: Money | None) -> bool:
        """The request ``key`` cost ``billed`` in the end; None: nothing. Whether it is this run's.

        What was reserved in an earlier run is not this run's money.
        """
        if self._overall and key in self._reserved:
            self._overall.settle(key, billed)
        reserved = self._reserved.pop(key, None)
        if reserved is None:
            return False
        if billed:
            self._billed += billed.amount
            if 0 < reserved < billed.amount:
                self._above[key] = billed.amount - reserved
        return True
