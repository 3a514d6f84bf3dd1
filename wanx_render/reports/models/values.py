"""How a figure of the catalog is written for people: one line, with units, whatever it holds."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic_core import to_jsonable_python

from wanx_render.catalog.abilities import PictureArea
from wanx_render.catalog.capabilities import Price
from wanx_render.catalog.figures import Data
from wanx_render.language import Message, joined, shown, tr, verbatim
from wanx_render.money import show_amount

_MEBIBYTE = 1024 * 1024
_WITH_DEFAULT = ("tiers", "ratios", "shot_types")


def value_shown(name: str, value: Any) -> str:
    """The value of the figure called ``name``, in the reader's language."""
    return shown(_value(name, value))


def figure_shown(name: str) -> str:
    """The name of a figure: a key of the catalog, or the price in a region."""
    kind, _, region = name.partition(" ")
    return shown(tr("price {region}", region=region)) if kind == "price" else name


def plain(value: Any) -> Any:
    """A value of the catalog as data for JSON."""
    return to_jsonable_python(value, fallback=str)


def _value(name: str, value: Any) -> Message:
    if value is None:
        return tr("none")
    if name in _WRITERS:
        return _WRITERS[name](value)
    if name in _WITH_DEFAULT and len(value) > 1:
        return tr("{values}; default {value}", values=_list(value), value=str(value[0]))
    if name.endswith("bytes"):
        return verbatim(f"{value / _MEBIBYTE:g} MiB")
    return _plain(value)


def _plain(value: Any) -> Message:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, Price):
        return price_shown(value)
    if isinstance(value, Data):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        return _record({name: part for name, part in fields.items() if part is not None})
    if isinstance(value, Mapping):
        return _record(value)
    if isinstance(value, Fraction | Decimal):
        return verbatim(f"{float(value):g}")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _list(value)
    return verbatim(str(value))


def _record(value: Mapping[str, Any]) -> Message:
    """``key: value`` one after the other; names that are the same in every region once."""
    if value and len(set(map(str, value.values()))) == 1 and len(value) > 1:
        return tr("{value} in {places}", value=_plain(next(iter(value.values()))),
                  places=_list(tuple(value)))  # fmt: skip
    parts = (tr("{subject}: {text}", subject=key, text=_value(key, part))
             for key, part in value.items())  # fmt: skip
    return joined(parts, tr("; "))


def _list(value: Sequence[Any]) -> Message:
    return joined(map(_plain, value), tr(", "))


def _durations(value: Sequence[int]) -> Message:
    """``2-15 s; default 5``."""
    lengths = verbatim(f"{seconds_shown(value, ', ')} s")
    if len(value) == 1:
        return lengths
    return tr("{values}; default {value}", values=lengths, value=str(value[0]))


def seconds_shown(value: Sequence[int], separator: str = " ") -> str:
    """Lengths as a span where it has no gap, or one by one."""
    lengths = sorted(value)
    if len(lengths) > 3 and lengths == list(range(lengths[0], lengths[-1] + 1)):
        return f"{lengths[0]}-{lengths[-1]}"
    return separator.join(str(length) for length in lengths)


def _combination(roles: Sequence[str]) -> Message:
    """Roles as the catalog has them; one with ? may be absent."""
    return joined(map(verbatim, roles), " + ") if roles else tr("the prompt alone")


def _span(value: Sequence[Any]) -> str:
    return f"{value[0]}-{value[1]}"


def price_shown(price: Price) -> Message:
    """What a second costs by tier, or what a picture costs, with the currency."""
    if price.per_picture is not None:
        amounts: Message = verbatim(show_amount(price.per_picture, exactly=True))
    else:
        amounts = verbatim(_by_tier(price.per_second))
    if price.silent_per_second:
        silent = _by_tier(price.silent_per_second)
        amounts = tr("{amounts}; silent {silent}", amounts=amounts, silent=silent)
    if price.currency == "CNY":
        return tr("{amount} CNY", amount=amounts)
    return joined((amounts, verbatim(price.currency)), " ")


def _by_tier(amounts: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{tier} {show_amount(a, exactly=True)}" for tier, a in amounts.items())


def _sizes(value: Any) -> Message:
    """Of a picture model: ``0.3-2.1 MP, sides 512-1440, by 16``, or exact sizes."""
    if not isinstance(value, PictureArea):
        return _plain(value)
    low, high = value.area
    parts: list[Message] = [verbatim(f"{low / 1e6:.1f}-{high / 1e6:.1f} MP")]
    if value.sides:
        parts.append(tr("sides {span}", span=_span(value.sides)))
    if value.multiple > 1:
        parts.append(tr("by {n}", n=value.multiple))
    return joined(parts, tr(", "))


def _counts(value: Mapping[str, Sequence[int]]) -> Message:
    return joined((verbatim(f"{role} {_span(span)}") for role, span in value.items()), tr(", "))


_WRITERS: dict[str, Callable[[Any], Message]] = {
    "durations": _durations,
    "combinations": lambda value: joined(map(_combination, value), tr("; ")),
    "counts": _counts,
    "image_sides": lambda value: verbatim(_span(value)),
    "sizes": _sizes,
    "sides": lambda value: verbatim(_span(value)),
    "seed_range": lambda value: tr("{low} to {high}", low=value[0], high=value[1]),
    "seconds": lambda value: verbatim(f"{_span(value) if isinstance(value, tuple) else value} s"),
    "task_seconds": lambda value: verbatim(f"{_span(value)} s"),
}
