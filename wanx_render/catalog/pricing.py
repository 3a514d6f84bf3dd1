"""What a request costs, as exact money; an unknown price stays unknown and is never zero."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from wanx_render.catalog.capabilities import Catalog
from wanx_render.language import Message, plural
from wanx_render.money import Money, show_money
from wanx_render.task import TaskRequest


def price(request: TaskRequest, catalog: Catalog) -> Money | None:
    """Seconds times the tier's price a second, or None where no source gives one."""
    rate = catalog.price_per_second(
        request.model, request.region, request.resolution, silent=request.sound == "silent"
    )
    if rate is None:
        return None
    amount, currency = rate
    return Money(amount=amount * request.duration, currency=currency)


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of prices, of which some may be unknown."""

    amount: Decimal
    currency: str
    unknown: int = 0

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> Message:
        """``6.60 CNY``, and how many takes have no known price."""
        amount = show_money(Money(self.amount, self.currency))
        if not self.unknown:
            return amount
        return plural(
            "{amount} plus {n} take of unknown price",
            "{amount} plus {n} takes of unknown price",
            self.unknown,
            amount=amount,
        )


def total(prices: Iterable[Money | None], currency: str) -> Total:
    """The sum of ``prices``, all in ``currency`` (a run has one region, so one currency)."""
    amount, unknown = Decimal(0), 0
    for price in prices:
        if price is None:
            unknown += 1
        else:
            amount += price.amount
    return Total(amount, currency, unknown)


LONGEST_SECONDS, MOST_CLIPS = 600, 16  # of one task; no model makes more


def billed(request: Mapping[str, Any], usage: Mapping[str, Any], catalog: Catalog) -> Money | None:
    """What a task that succeeded costs, by what the service says it made.

    ``request`` is the record of the request, which fills in what the usage does not say or cannot
    be (seconds above 600, a tier that nobody has). The names in the usage differ from model to
    model (official text, one example for each generation).
    """
    names = ("output_video_duration", "video_duration", "duration")
    seconds = _whole(LONGEST_SECONDS, *(usage.get(name) for name in names), request["duration"])
    audio = usage.get("audio")
    silent = request["sound"] == "silent" if not isinstance(audio, bool) else not audio
    model, region = request["model"], request["region"]
    tiers = (f"{_tier(usage.get('SR'))}P", request["resolution"])
    prices = (catalog.price_per_second(model, region, tier, silent=silent) for tier in tiers)
    price = next((price for price in prices if price), None)
    if price is None:
        return None
    clips = _whole(MOST_CLIPS, usage.get("video_count")) or 1
    return Money(amount=price[0] * seconds * clips, currency=price[1])


def _tier(value: object) -> int:
    if isinstance(value, str):
        value = value.upper().removesuffix("P")
    return _whole(10_000, value)


def _whole(largest: int, *values: object) -> int:
    """The first of ``values`` that is a whole number above zero and not above ``largest``, or 0."""
    for value in values:
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= largest:
            return value
    return 0


_BOUNDS = {
    "output_video_duration": LONGEST_SECONDS,
    "video_duration": LONGEST_SECONDS,
    "duration": LONGEST_SECONDS,
    "video_count": MOST_CLIPS,
}


def impossible(usage: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of figures in a usage that cannot be; ``billed`` sets them aside."""
    wrong = tuple(
        n for n, largest in _BOUNDS.items() if n in usage and not _can_be(usage[n], largest)
    )
    return (*wrong, "SR") if "SR" in usage and not _tier(usage["SR"]) else wrong


def _can_be(value: object, largest: int) -> bool:
    """Whether a bill may have such a figure; fractions of a second are rounded by the service."""
    if isinstance(value, float):
        return 0 <= value <= largest
    return value in (0, "0") or bool(_whole(largest, value))
