"""Two models side by side: each figure in which they differ, with the sources of both."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from rich.table import Table
from rich.text import Text

from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.doubts import CatalogEntry, entries_of
from wanx_render.language import shown, tr
from wanx_render.reports.models.values import figure_shown, plain, value_shown
from wanx_render.reports.plan_table import console_for

_Pair = tuple[Model | PictureModel, Model | PictureModel]


@dataclass(frozen=True, slots=True)
class ModelDifference:
    """A figure that two models do not share; None where one of them has no such figure."""

    name: str
    first: CatalogEntry | None
    second: CatalogEntry | None


def differences(models: _Pair, catalog: Catalog) -> Iterator[ModelDifference]:
    """The figures in which two models differ, in the order of the first one's."""
    first, second = (_by_name(model, catalog) for model in models)
    for name in dict.fromkeys((*first, *second)):
        one, other = first.get(name), second.get(name)
        if _value(one) != _value(other):
            yield ModelDifference(name, one, other)


def _by_name(model: Model | PictureModel, catalog: Catalog) -> dict[str, CatalogEntry]:
    return {entry.name: entry for entry in entries_of(model, catalog)}


def _value(entry: CatalogEntry | None) -> str:
    """What counts: of names in regions the regions alone, of prices the amounts."""
    if entry is None:
        return ""
    if entry.name == "region_names":
        return value_shown("regions", tuple(entry.value))
    return value_shown(entry.name, entry.value)


def show_differences(models: _Pair, catalog: Catalog, stream: TextIO) -> None:
    """A row for each figure, with the value and the source of both models."""
    console = console_for(stream)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for number, heading in enumerate((shown(tr("figure")), *(model.name for model in models))):
        table.add_column(heading, no_wrap=number == 0, overflow="fold")
    rows = list(differences(models, catalog))
    for row in rows:
        table.add_row(figure_shown(row.name), Text(_cell(row.first)), Text(_cell(row.second)))
    console.print(table if rows else Text(shown(tr("no figure differs"))))


def _cell(entry: CatalogEntry | None) -> str:
    if entry is None:
        return "-"
    return shown(tr("{value} ({source})", value=_value(entry), source=entry.source))


def difference_record(difference: ModelDifference) -> dict[str, Any]:
    """A difference as data."""
    return {
        "figure": difference.name,
        "values": [
            {"value": plain(entry.value), "source": entry.source, "note": str(entry.note)}
            if entry
            else None
            for entry in (difference.first, difference.second)
        ],
    }
