"""The plan as people read it: a function of the forecast, written to stdout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wanx_render.diagnostics import clean
from wanx_render.money import Money, show_amount, show_money
from wanx_render.planning.forecast import DeliverableForecast, Forecast, TakeForecast
from wanx_render.reports.states import PLANNED


def show(forecast: Forecast, stream: TextIO) -> None:
    """Print the takes, what becomes of them in each deliverable, and the sum."""
    console = Console(file=stream, highlight=False)
    if not stream.isatty():
        console.width = 160
    mock = "MOCK, play money, " if forecast.mock else ""
    console.print(Text(clean(f"{forecast.project}: {mock}{forecast.backend}, {forecast.region}")))
    console.print(_takes(forecast))
    for deliverable in forecast.deliverables:
        console.print(_heading(deliverable))
        console.print(_parts(deliverable))
    console.print(Text(summary(forecast)))
    for warning in forecast.warnings:
        console.print(Text(f"warning: {warning}"))


_MOST = 200


@dataclass(frozen=True, slots=True)
class ListLine:
    """One of many lists; ``shared`` of its new takes are asked for by a list above it already."""

    list: str
    takes: int
    new: int
    shared: int
    resumed: int
    cached: int
    blocked: int
    deliverables: int
    cost: str
    unknown_prices: int
    folder: str


@dataclass(frozen=True, slots=True)
class ListsTotal:
    """Many lists together; what several of them ask for alike counts once."""

    backend: str
    region: str
    mock: bool
    lists: int
    takes: int
    to_make: int
    cost: str
    currency: str
    unknown_prices: int
    at_least_seconds: int
    at_most_seconds: int


def show_many(lines: Sequence[ListLine], whole: ListsTotal, stream: TextIO) -> None:
    """Print a line for each list, and the sum."""
    console = Console(file=stream, highlight=False)
    if not stream.isatty():
        console.width = 160
    mock = "MOCK, play money, " if whole.mock else ""
    console.print(Text(f"{mock}{whole.backend}, {whole.region}"))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("list", "takes", "new", "shared", "resumed", "cached", "blocked", "price"):
        table.add_column(name, justify="left" if name == "list" else "right")
    for line in lines[:_MOST]:
        counts = (line.takes, line.new, line.shared, line.resumed, line.cached, line.blocked)
        cells = [str(count) if count else "" for count in counts]
        table.add_row(Text(clean(line.list)), *cells, _money(line.cost, whole.currency))
    console.print(table)
    if len(lines) > _MOST:
        console.print(Text(f"and {len(lines) - _MOST} more; --rows shows those you name"))
    plus = f" plus {whole.unknown_prices} of unknown price" if whole.unknown_prices else ""
    head = f"{whole.lists} lists, {whole.takes} takes, {whole.to_make} to make: "
    money = f"{_money(whole.cost, whole.currency)}{plus}"
    spans = f"{_span(whole.at_least_seconds)} to {_span(whole.at_most_seconds)}"
    rest = f"; the service takes {spans}" if whole.at_most_seconds else ""
    console.print(Text(head + money + rest))


def summary(forecast: Forecast) -> str:
    """The last line: how much is to be made, for how much, and how long it takes at least."""
    if not forecast.to_make:
        nothing = show_money(Money(Decimal(0), forecast.currency))
        return f"{len(forecast.takes)} takes, nothing to make, {nothing}"
    plus = f" plus {forecast.unknown_prices} of unknown price" if forecast.unknown_prices else ""
    cascade = Decimal(forecast.cascade_cost)
    if cascade:
        part = show_amount(cascade, exactly=True)
        plus += f", {part} of it only because first frames change"
    cost = _money(forecast.cost, forecast.currency)
    return (
        f"{len(forecast.takes)} takes, {forecast.to_make} to make: {cost}{plus}; the service takes "
        f"{_span(forecast.at_least_seconds)} to {_span(forecast.at_most_seconds)}"
    )


def _money(amount: str, currency: str) -> str:
    """An amount as a forecast has it, for people."""
    return show_money(Money(Decimal(amount), currency), exactly=True)


def _span(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table of takes: its heading, and what it says of one take."""

    heading: str
    cell: Callable[[TakeForecast], str]
    right: bool = False
    wrap: bool = False


def _number(take: TakeForecast) -> str:
    return f"{take.take}*" if take.picked else f"{take.take} "


def _clip(take: TakeForecast) -> str:
    return f"{take.width}x{take.height}" if take.width else "unknown"


def _price(take: TakeForecast) -> str:
    return _money(take.price, take.currency) if take.price is not None else "unknown"


def _why(take: TakeForecast) -> str:
    return f"{take.reason}; picked by picks.yaml" if take.chosen else take.reason


COLUMNS = (
    Column("shot", lambda take: take.shot),
    Column("take", _number, right=True),
    Column("state", lambda take: PLANNED[take.state]),
    Column("model", lambda take: take.model),
    Column("tier", lambda take: take.resolution),
    Column("s", lambda take: str(take.seconds), right=True),
    Column("fps", lambda take: take.fps, right=True),
    Column("clip", _clip),
    Column("price", _price, right=True),
    Column("why", _why, wrap=True),
)


def _takes(forecast: Forecast) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in COLUMNS:
        justify: Literal["left", "right"] = "right" if column.right else "left"
        table.add_column(column.heading, justify=justify, no_wrap=not column.wrap)
    for take in forecast.takes:
        table.add_row(*(Text(clean(column.cell(take))) for column in COLUMNS))
    return table


def _heading(made: DeliverableForecast) -> Text:
    size = f"{made.width}x{made.height}" if made.width else "size follows the clips"
    return Text(
        f"\n{made.name}: {size}, {made.aspect}, {made.fit}, {made.fps} fps, "
        f"{made.frames} frames, {made.seconds} s"
    )


def _parts(made: DeliverableForecast) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 2), pad_edge=False, show_header=False)
    for part in made.parts:
        if part.enlarged is None:
            table.add_row(Text(f"  {part.shot}"), Text("not known before its clip is there"))
            continue
        whole = f"whole picture but {part.lost_percent} %" if part.lost_percent else "whole picture"
        box = f"crop {part.box}, loses {part.lost_percent} %" if part.box else whole
        table.add_row(Text(f"  {part.shot}"), Text(box), Text(f"scaled {part.enlarged:.2f}"))
    return table
