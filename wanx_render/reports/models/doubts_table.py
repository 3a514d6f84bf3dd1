"""The figures that are in doubt, as people read them and as data."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.doubts import STALE_DAYS, CatalogEntry, Doubt
from wanx_render.language import joined, plural, shown, tr, verbatim
from wanx_render.reports.models.one_model import Row, figures_table, rows_of
from wanx_render.reports.models.values import figure_shown, plain
from wanx_render.reports.plan_table import console_for


def show_doubts(doubts: Sequence[Doubt], catalog: Catalog, stream: TextIO) -> None:
    """First what sources disagree on, then what is old, by source; like figures are together."""
    console = console_for(stream)
    conflicts = [doubt for doubt in doubts if doubt.is_disputed]
    stale = [doubt for doubt in doubts if doubt.is_stale]
    if conflicts:
        console.print(Text(shown(tr("Sources disagree")), style="bold"))
        _print_disputed(conflicts, console)
    if stale:
        title = tr("Not checked for more than {n} days", n=STALE_DAYS)
        console.print(Text(shown(title), style="bold"))
        _print_stale(stale, catalog, console)
    first = plural("{n} figure in conflict", "{n} figures in conflict", len(conflicts))
    second = plural("{n} too old", "{n} too old", len(stale))
    console.print(Text(shown(tr("{first}, {second}", first=first, second=second))))


def _print_disputed(doubts: Iterable[Doubt], console: Console) -> None:
    """Each conflict with both sides of it, then the models that have it."""

    def rows(owners: list[str], figure: tuple[Row, ...]) -> Iterator[Row]:
        yield from figure
        yield shown(tr("  of")), shown(joined(map(verbatim, owners), tr(", "))), "", ""

    groups = alike(doubt.entry for doubt in doubts)
    console.print(figures_table((rows(*group) for group in groups), console))
    console.print()


def alike(entries: Iterable[CatalogEntry]) -> Iterator[tuple[list[str], tuple[Row, ...]]]:
    """Figures that read the same for several models, once: the names of these, and the rows."""
    by_text: dict[tuple[Row, ...], list[str]] = {}
    for entry in entries:
        by_text.setdefault(tuple(rows_of(entry)), []).append(entry.owner)
    for rows, owners in by_text.items():
        yield owners, rows


def _print_stale(doubts: Iterable[Doubt], catalog: Catalog, console: Console) -> None:
    by_source: dict[str, dict[str, list[str]]] = {}
    days: dict[str, int] = {}
    for doubt in doubts:
        entry = doubt.entry
        days[entry.source] = doubt.days or 0
        by_source.setdefault(entry.source, {}).setdefault(entry.name, []).append(entry.owner)
    for source, figures in sorted(by_source.items(), key=lambda item: -days[item[0]]):
        age = plural("{n} day", "{n} days", days[source])
        title = catalog.sources[source].title
        line = tr("{source}, {age}: {title}", source=source, age=age, title=title)
        console.print(Text(shown(line)))
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, owners in figures.items():
            table.add_row(
                Text(f"  {figure_shown(name)}"),
                Text(shown(joined(map(verbatim, owners), tr(", ")))),
            )
        console.print(table)
    console.print()


def doubt_record(doubt: Doubt, catalog: Catalog) -> dict[str, Any]:
    """A doubt as data."""
    entry, read = doubt.entry, catalog.sources[doubt.entry.source].read
    return {
        "of": entry.owner,
        "figure": entry.name,
        "value": plain(entry.value),
        "source": entry.source,
        "read": read.isoformat() if read else None,
        "days": doubt.days,
        "stale": doubt.is_stale,
        "others": [
            {"value": plain(other.value), "source": other.source, "note": str(other.note)}
            for other in entry.others
        ],
    }
