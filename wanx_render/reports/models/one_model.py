"""One model with the source of each figure, what other documents say, and example requests."""

import json
from collections.abc import Iterable, Iterator
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.doubts import CatalogEntry, entries_of
from wanx_render.language import Message, joined, shown, tr, verbatim
from wanx_render.reports.models.example_requests import examples
from wanx_render.reports.models.values import figure_shown, value_shown
from wanx_render.reports.plan_table import console_for

_HEADINGS = (tr("figure"), tr("value"), tr("source"), tr("remarks"))
NARROW = 100  # columns
Row = tuple[str, str, str, str]  # a figure, its value, source and remarks


def show_one(model: Model | PictureModel, catalog: Catalog, stream: TextIO) -> None:
    """Every figure of one model with its source, and what other documents say beside it."""
    console = console_for(stream)
    console.print(Text(f"{model.name}: {shown(model.title)}", style="bold"))
    figures = list(entries_of(model, catalog))
    console.print(figures_table(map(rows_of, figures), console))
    console.print()
    if isinstance(model, Model):
        console.print(Text(shown(billing(model))))
    _print_examples(model, catalog, console)
    console.print(Text(shown(tr("Sources")), style="bold"))
    for line in sources_of(figures, catalog):
        console.print(Text(shown(line)))


def figures_table(groups: Iterable[Iterable[Row]], console: Console) -> Table:
    """Rows of figures; where there is little room, source and remarks follow the value."""
    is_wide = console.width >= NARROW
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for number, heading in enumerate(_HEADINGS if is_wide else _HEADINGS[:2]):
        table.add_column(shown(heading), no_wrap=number == 0, overflow="fold")
    for rows in groups:
        for row in rows:
            table.add_row(*map(Text, row if is_wide else _narrow(row)))
    return table


def _narrow(row: Row) -> tuple[str, str]:
    name, value, source, remark = row
    text = shown(tr("{value} ({source})", value=value, source=source)) if source else value
    return name, f"{text}\n{remark}" if remark else text


def rows_of(entry: CatalogEntry) -> Iterator[Row]:
    """The figure in force, then what other sources say."""
    name, value = figure_shown(entry.name), value_shown(entry.name, entry.value)
    yield name, value, entry.source, shown(entry.note)
    for other in entry.others:
        value = value_shown(entry.name, other.value)
        yield shown(tr("  elsewhere")), value, other.source, shown(other.note)


def billing(model: Model) -> Message:
    """Which seconds are billed."""
    if model.billed_seconds is None or model.billed_seconds.value == "output":
        return tr("Billed: the seconds of the clip, of tasks that succeed.")
    if model.input_seconds_cap is None:
        return tr("Billed: the seconds of the clip and of the videos given.")
    return tr(
        "Billed: the seconds of the clip, and of the videos given at most {n}.",
        n=model.input_seconds_cap.value,
    )


def _print_examples(model: Model | PictureModel, catalog: Catalog, console: Console) -> None:
    for example in examples(model, catalog):
        roles = (
            joined(map(verbatim, example.roles), " + ") if example.roles else tr("the prompt alone")
        )
        console.print()
        title = tr("An example request: {roles}", roles=roles)
        console.print(Text(shown(title), style="bold"))
        console.print(Text(f"POST {example.path}"))
        console.print(Text(json.dumps(example.body, ensure_ascii=False)))
    console.print()


def sources_of(entries: Iterable[CatalogEntry], catalog: Catalog) -> Iterator[Message]:
    """Each source once: what it is, how far it goes, and of when it is."""
    names: dict[str, None] = {}
    for entry in entries:
        names |= dict.fromkeys([entry.source, *(other.source for other in entry.others)])
    for name in names:
        evidence = catalog.sources[name]
        yield tr(
            "{source}: {title} ({kind}, {date})",
            source=name, title=evidence.title, kind=KINDS[evidence.kind], date=evidence.date,
        )  # fmt: skip


KINDS = {
    "official": tr("official"), "captured": tr("captured"), "open-code": tr("open source"),
    "third-party": tr("third party"), "inferred": tr("inferred"), "user": tr("your file"),
}  # fmt: skip
