"""The capability matrix as people read it: functions of the catalog, written to stdout."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wanx_render.catalog.capabilities import Catalog, Figure, Model, Price
from wanx_render.money import show_amount


def _console(stream: TextIO) -> Console:
    console = Console(file=stream, highlight=False)
    if not stream.isatty():
        console.width = 160
    return console


def show_all(catalog: Catalog, stream: TextIO) -> None:
    """One row for each model; a weaker source than an official one is marked."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    columns = ("model", "tiers", "seconds", "fps", "sound", "frames", "regions", "price a second")
    for name in columns:
        table.add_column(name, no_wrap=name == "model")
    for model in catalog.models.values():
        table.add_row(*(Text(cell) for cell in _row(model, catalog)))
    console = _console(stream)
    console.print(table)
    console.print(
        Text(
            "? rests on a weaker source than an official document; "
            "`wanx-render models NAME` names the sources"
        )
    )


def _row(model: Model, catalog: Catalog) -> tuple[str, ...]:
    tiers = sorted(model.tiers.value, key=catalog.tier_area)
    prices = [p for p in catalog.prices if p.model == model.name]
    return (
        model.name,
        " ".join(tiers) + _mark(model.tiers, catalog),
        _seconds(model.durations.value) + _mark(model.durations, catalog),
        str(model.fps.value) + _mark(model.fps, catalog),
        model.sound.value + _mark(model.sound, catalog),
        "first and last" if model.takes_last_image else "first",
        " ".join(model.region_names.value),
        "; ".join(_price(price, catalog) for price in prices) or "unknown",
    )


def _price(price: Price, catalog: Catalog) -> str:
    amounts = [show_amount(a, exactly=True) for a in sorted(set(price.per_second.values()))]
    span = amounts[0] if len(amounts) == 1 else f"{amounts[0]}-{amounts[-1]}"
    weak = "" if catalog.sources[price.source].kind == "official" else "?"
    return f"{span} {price.currency}{weak}"


def _seconds(values: tuple[int, ...]) -> str:
    lengths = sorted(values)
    if len(lengths) > 3 and lengths == list(range(lengths[0], lengths[-1] + 1)):
        return f"{lengths[0]}-{lengths[-1]}"
    return " ".join(str(value) for value in lengths)


def _mark(figure: Figure[Any], catalog: Catalog) -> str:
    return "" if catalog.sources[figure.source].kind == "official" else "?"


def show_one(model: Model, catalog: Catalog, stream: TextIO) -> None:
    """Every figure of one model with its source, its date, and what other documents say."""
    console = _console(stream)
    console.print(Text(f"{model.name}: {model.title}"))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("figure", "value", "source", "date", "remarks"):
        table.add_column(name, no_wrap=name in ("figure", "date"))
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
        console.print(Text(f"{source}: {evidence.title} ({evidence.kind}, {evidence.date})"))


def _figure(name: str, figure: Figure[Any], catalog: Catalog) -> tuple[str, ...]:
    remarks = [figure.note] if figure.note else []
    for variant in figure.variants:
        date = catalog.sources[variant.source].date
        remarks.append(f"{variant.source} ({date}) says {_shown(variant.value)}")
    date = catalog.sources[figure.source].date
    return name, _shown(figure.value), figure.source, date, "; ".join(remarks)


def _price_row(price: Price, catalog: Catalog) -> tuple[str, ...]:
    amounts = _by_tier(price.per_second)
    if price.silent_per_second:
        amounts += f"; silent {_by_tier(price.silent_per_second)}"
    date = catalog.sources[price.source].date
    return f"price {price.region}", f"{amounts} {price.currency}", price.source, date, price.note


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
