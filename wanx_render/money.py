"""Money: an exact amount in a currency, and the only places where it becomes text.

``show_`` is what people read, ``write_`` what stands in files and JSON. An amount stays a value
until one of them; text of a file that is to be read by people goes through ``show_written``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from wanx_render.language import Message, joined, tr, verbatim


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and its currency."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return show_money(self)


def show_amount(amount: Decimal, *, exactly: bool = False) -> str:
    """An amount for people, without its currency: ``6.60``; ``exactly`` leaves no digit out."""
    return f"{amount:.{_places(amount) if exactly else 2}f}"


def show_money(money: Money, *, exactly: bool = False) -> Message:
    """``6.60 CNY``."""
    amount = show_amount(money.amount, exactly=exactly)
    if money.currency == "CNY":
        return tr("{amount} CNY", amount=amount)
    return verbatim(f"{amount} {money.currency}")


def show_sums(amounts: Mapping[str, Decimal]) -> Message:
    """Amounts by currency, or ``nothing``."""
    return joined(map(show_money, _by_currency(amounts)), tr(", ")) if amounts else tr("nothing")


def show_written(text: str, *, exactly: bool = False) -> Message:
    """What a file says, such as ``6.60 CNY, 1.00 USD``, as people read it."""
    parts = [read_money(part) for part in text.split(", ")]
    sums = [show_money(part, exactly=exactly) for part in parts if part]
    return joined(sums, tr(", ")) if sums else verbatim(text)


def write_amount(amount: Decimal) -> str:
    """An amount as data: two decimals, or as many as it has; never rounded."""
    return f"{amount:.{_places(amount)}f}"


def write_money(money: Money) -> str:
    """An amount and its currency as data, with every digit it came with."""
    return f"{money.amount} {money.currency}"


def write_sum(money: Money) -> str:
    """A sum as data, rounded to two decimals."""
    return f"{money.amount:.2f} {money.currency}"


def write_sums(amounts: Mapping[str, Decimal]) -> str:
    """Sums by currency as data, or ``nothing``."""
    return ", ".join(map(write_sum, _by_currency(amounts))) or "nothing"


def read_money(text: str) -> Money | None:
    """What ``write_money`` or ``write_sum`` wrote; None for anything else."""
    amount, _, currency = text.partition(" ")
    try:
        return Money(Decimal(amount), currency)
    except InvalidOperation:
        return None


def _by_currency(amounts: Mapping[str, Decimal]) -> list[Money]:
    return [Money(amounts[currency], currency) for currency in sorted(amounts)]


def _places(amount: Decimal) -> int:
    return max(2, -int(amount.normalize().as_tuple().exponent))
