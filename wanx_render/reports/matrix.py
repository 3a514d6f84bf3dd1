"""The capability matrix as people read it: functions of the catalog, written to stdout."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TextIO

from rich.table import Table
from rich.text import Text

from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog, Price
from wanx_render.catalog.figures import Figure
from wanx_render.language import Message, shown, tr, verbatim
from wanx_render.money import show_amount
from wanx_render.reports.plan_table import console_for


def show_all(catalog: Catalog, stream: TextIO) -> None:
    """One row for each model; a weaker source than an official one is marked."""
    console = console_for(stream)
    gap = 1 if console.width < _NARROW else 2
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False)
    for heading in _COLUMNS:
        # One region a line where there is no room for two.
        most = _REGION if heading == "regions" and console.width < _NARROW else None
        wraps = heading in _WRAPPED or most is not None
        table.add_column(shown(heading), no_wrap=not wraps, overflow="fold", max_width=most)
    for model in catalog.models.values():
        table.add_row(*map(Text, _row(model, catalog)))
    console.print(table)
    console.print(Text(shown(tr("? not from an official document; see wanx-render models NAME"))))


_NARROW = 100  # columns
_REGION = len("singapore")
_COLUMNS = (
    tr("model"), tr("tiers"), tr("seconds"), tr("fps"), tr("sound"), tr("frames"), tr("regions"),
    tr("price per second"),
)  # fmt: skip
_WRAPPED = ("tiers", "frames", "price per second")
_FIGURES = (tr("figure"), tr("value"), tr("source"), tr("date"), tr("remarks"))


def _row(model: Model, catalog: Catalog) -> tuple[str, ...]:
    tiers = sorted(model.tiers.value, key=catalog.tier_area)
    prices = [p for p in catalog.prices if p.model == model.name]
    return (
        model.name,
        " ".join(tiers) + _mark(model.tiers, catalog),
        _seconds(model.durations.value) + _mark(model.durations, catalog),
        str(model.fps.value) + _mark(model.fps, catalog),
        model.sound.value + _mark(model.sound, catalog),
        shown(tr("first and last") if model.takes_last_image else tr("first")),
        " ".join(model.region_names.value),
        "; ".join(_price(price, catalog) for price in prices) or shown(tr("unknown")),
    )


def _price(price: Price, catalog: Catalog) -> str:
    amounts = [show_amount(a, exactly=True) for a in sorted(set(price.per_second.values()))]
    span = amounts[0] if len(amounts) == 1 else f"{amounts[0]}-{amounts[-1]}"
    cost = (
        tr("{amount} CNY", amount=span) if price.currency == "CNY" else f"{span} {price.currency}"
    )
    weak = "" if catalog.sources[price.source].kind == "official" else "?"
    return f"{shown(cost)}{weak}"


def _seconds(values: tuple[int, ...]) -> str:
    lengths = sorted(values)
    if len(lengths) > 3 and lengths == list(range(lengths[0], lengths[-1] + 1)):
        return f"{lengths[0]}-{lengths[-1]}"
    return " ".join(str(value) for value in lengths)


def _mark(figure: Figure[Any], catalog: Catalog) -> str:
    return "" if catalog.sources[figure.source].kind == "official" else "?"


def show_one(model: Model, catalog: Catalog, stream: TextIO) -> None:
    """Every figure of one model with its source, its date, and what other documents say."""
    console = console_for(stream)
    console.print(Text(f"{model.name}: {shown(model.title)}"))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in _FIGURES:
        table.add_column(shown(heading), no_wrap=heading in ("figure", "date"), overflow="fold")
    sources: dict[str, None] = {}
    for name in type(model).model_fields:
        figure = getattr(model, name)
        if isinstance(figure, Figure):
            sources |= dict.fromkeys([figure.source, *(v.source for v in figure.variants)])
            table.add_row(*(Text(cell) for cell in _figure(name, figure, catalog)))
    for price in catalog.prices:
        if price.model == model.name:
            sources[price.source] = None
            table.add_row(*(Text(cell) for cell in _price_row(price, catalog)))
    console.print(table)
    for source in sources:
        evidence = catalog.sources[source]
        about = tr(
            "{source}: {title} ({kind}, {date})",
            source=source, title=evidence.title, kind=_KINDS[evidence.kind], date=evidence.date,
        )  # fmt: skip
        console.print(Text(shown(about)))


_KINDS = {
    "official": tr("official"), "captured": tr("captured"), "open-code": tr("open source"),
    "third-party": tr("third party"), "inferred": tr("inferred"), "user": tr("your file"),
}  # fmt: skip


def _figure(name: str, figure: Figure[Any], catalog: Catalog) -> tuple[str, ...]:
    remarks = [shown(figure.note)] if figure.note else []
    for variant in figure.variants:
        date = catalog.sources[variant.source].date
        other = tr(
            "{source} ({date}): {value}",
            source=variant.source,
            date=date,
            value=_shown(variant.value),
        )
        remarks.append(shown(other))
    date = catalog.sources[figure.source].date
    return name, _shown(figure.value), figure.source, date, shown(tr("; ")).join(remarks)


def _price_row(price: Price, catalog: Catalog) -> tuple[str, ...]:
    amounts: Message = verbatim(_by_tier(price.per_second))
    if price.silent_per_second:
        silent = _by_tier(price.silent_per_second)
        amounts = tr("{amounts}; silent {silent}", amounts=amounts, silent=silent)
    date = catalog.sources[price.source].date
    name, cost = tr("price {region}", region=price.region), f"{shown(amounts)} {price.currency}"
    return shown(name), cost, price.source, date, shown(price.note)


def _by_tier(amounts: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{tier} {show_amount(a, exactly=True)}" for tier, a in amounts.items())


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    if hasattr(value, "model_dump"):
        return _shown(value.model_dump())
    return str(value)
