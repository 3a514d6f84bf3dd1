"""What speaks against the figures of a catalog: the age of their sources, and other sources.

Every figure of the models, pictures and the service, and every price, is one ``CatalogEntry``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog, Price
from wanx_render.catalog.figures import Data, Figure, Variant
from wanx_render.language import NOTHING, Message

STALE_DAYS = 90  # after which a source is no proof of what the service does today
SERVICE = "service"  # what figures that hold for every model belong to


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One figure of the catalog, by what it belongs to and its own name."""

    owner: str  # a model, or ``SERVICE``
    name: str
    value: Any
    source: str
    note: Message = NOTHING
    others: tuple[Variant[Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A figure in conflict, or one whose source was read too long ago; ``days`` None: undated."""

    entry: CatalogEntry
    days: int | None
    is_stale: bool

    @property
    def is_disputed(self) -> bool:
        return bool(self.entry.others)


def doubts(catalog: Catalog, today: date) -> Iterator[Doubt]:
    """The figures that are older than ``STALE_DAYS`` or in conflict, in the catalog's order."""
    for entry in entries(catalog):
        days = age(catalog, entry.source, today)
        is_stale = days is not None and days > STALE_DAYS
        if is_stale or entry.others:
            yield Doubt(entry, days, is_stale)


def age(catalog: Catalog, source: str, today: date) -> int | None:
    """For how many days nobody has looked at what ``source`` says; None where no day is known."""
    day = catalog.sources[source].read
    return (today - day).days if day else None


def entries(catalog: Catalog) -> Iterator[CatalogEntry]:
    """Every figure and price of the catalog."""
    for model in catalog.models.values():
        yield from entries_of(model, catalog)
    for picture_model in catalog.pictures.values():
        yield from entries_of(picture_model, catalog)
    yield from _of_service(catalog)


def _of_service(catalog: Catalog) -> Iterator[CatalogEntry]:
    service = catalog.service
    yield from _figures(SERVICE, service)
    yield from _figures(SERVICE, service.gateway)
    for tier, area in service.tier_areas.items():
        yield _entry(SERVICE, f"tier_areas {tier}", area)
    for kind, address in service.addresses.items():
        yield from _figures(f"addresses {kind}", address)
    for name, region in service.regions.items():
        yield from _figures(f"region {name}", region)


def entries_of(model: Model | PictureModel, catalog: Catalog) -> Iterator[CatalogEntry]:
    """The figures of one model, and its prices by region."""
    yield from _figures(model.name, model)
    yield from prices_of(model.name, catalog)


def prices_of(owner: str, catalog: Catalog) -> Iterator[CatalogEntry]:
    """The price in force of each region, with those of other sources as variants."""
    for region in catalog.entry(owner).region_names.value:
        if prices := list(catalog.prices_of(owner, region)):
            price, *older = prices
            others = tuple(
                _variant(row)
                for row in older
                if row.model == price.model and _amounts(row) != _amounts(price)
            )
            yield CatalogEntry(owner, f"price {region}", price, price.source, price.note, others)


def _variant(price: Price) -> Variant[Any]:
    return Variant[Any](value=price, source=price.source, note=price.note)


def _figures(owner: str, record: Data) -> Iterator[CatalogEntry]:
    for name in type(record).model_fields:
        value = getattr(record, name)
        if isinstance(value, Figure):
            yield _entry(owner, name, value)


def _entry(owner: str, name: str, figure: Figure[Any]) -> CatalogEntry:
    return CatalogEntry(owner, name, figure.value, figure.source, figure.note, figure.variants)


def _amounts(price: Price) -> tuple[Any, ...]:
    return price.currency, price.per_second, price.silent_per_second, price.per_picture
