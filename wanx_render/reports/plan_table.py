"""The plan as people read it: a function of the forecast, written to stdout."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TextIO

from rich.console import Console
from rich.text import Text

from wanx_render.diagnostics import clean, display_width
from wanx_render.language import NOTHING, Message, plural, recorded, shown, tr
from wanx_render.money import Money, show_amount, show_money
from wanx_render.planning.forecast import (
    DeliverableForecast,
    FootageForecast,
    Forecast,
    PartForecast,
    TakeForecast,
)
from wanx_render.reports.grid import GAP, Grid, GridColumn
from wanx_render.reports.picture_lines import (
    PictureRow,
    picture_rows,
    reference_lines,
    retake_lines,
)
from wanx_render.reports.states import FITS, PLANNED, because
from wanx_render.timing import show_duration


def show(forecast: Forecast, stream: TextIO) -> None:
    """Print the takes, what becomes of them in each deliverable, and the sum."""
    console = console_for(stream)
    place = _place(forecast)
    console.print(_text(tr("{subject}: {text}", subject=forecast.project, text=place)))
    if forecast.takes:
        _takes(forecast, console.width).print(console)
    for footage in forecast.footage:
        console.print(_text(_own(footage)))
    if rows := picture_rows(forecast.takes):
        console.print()
        _pictures(rows).print(console)
    for line in (*reference_lines(forecast.takes), *retake_lines(forecast.takes)):
        console.print(_text(line))
    for deliverable in forecast.deliverables:
        console.print(_heading(deliverable))
        _parts(deliverable).print(console)
    console.print(_text(summary(forecast)))
    for film in forecast.films:
        if film.state in ("stale", "broken"):
            console.print(_text(because(film.path or film.name, film.reasons)))
    for warning in forecast.warnings:
        console.print(_text(tr("warning: {message}", message=recorded(warning))))


def console_for(stream: TextIO) -> Console:
    """As wide as the terminal; a file or pipe has room for whole rows."""
    console = Console(file=stream, highlight=False)
    if not stream.isatty():
        console.width = 160
    return console


def _text(message: Message) -> Text:
    """A message in the reader's language, without control characters."""
    return Text(clean(shown(message)))


def _place(whole: "Forecast | ListsTotal") -> Message:
    """Where it runs: backend and region."""
    place = tr("{first}, {second}", first=whole.backend, second=whole.region)
    mock = tr("MOCK, play money")
    return tr("{first}, {second}", first=mock, second=place) if whole.mock else place


_MOST = 200


@dataclass(frozen=True, slots=True)
class ListLine:
    """One of many lists; ``shared`` of its new takes are requested by a list above it already."""

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
    """Many lists together; equal requests of several lists count once."""

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
    console = console_for(stream)
    console.print(_text(_place(whole)))
    grid = Grid([GridColumn(shown(heading), right=heading != "list") for heading in _LISTS])
    for line in lines[:_MOST]:
        counts = (line.takes, line.new, line.shared, line.resumed, line.cached, line.blocked)
        cells = [str(count) if count else "" for count in counts]
        price = shown(_money(line.cost, whole.currency))
        grid.rows.append((clean(line.list), *cells, price))
    grid.print(console)
    if (more := len(lines) - _MOST) > 0:
        console.print(_text(plural("and {n} more: add --rows", "and {n} more: add --rows", more)))
    console.print(_text(_sum_of_lists(whole)))


_LISTS = (
    tr("list"), tr("takes"), tr("new"), tr("shared"), tr("resumed"), tr("cached"), tr("blocked"),
    tr("price"),
)  # fmt: skip


def _sum_of_lists(whole: ListsTotal) -> Message:
    lists = plural("{n} list", "{n} lists", whole.lists)
    takes = plural("{n} take", "{n} takes", whole.takes)
    return tr(
        "{lists}, {takes}, {new} to generate: {cost}{time}",
        lists=lists,
        takes=takes,
        new=whole.to_make,
        cost=_cost(whole),
        time=_time(whole),
    )


def summary(forecast: Forecast) -> Message:
    """The last line: how much will be generated, its price, and the time at the service."""
    takes = plural("{n} take", "{n} takes", len(forecast.takes))
    if not forecast.to_make:
        nothing = show_money(Money(Decimal(0), forecast.currency))
        return tr("{takes}, nothing to generate: {cost}", takes=takes, cost=nothing)
    cost = _cost(forecast)
    if forecast.pictures_to_make:
        cost = _with_pictures(forecast, cost)
    if cascade := Decimal(forecast.cascade_cost):
        part = show_amount(cascade, exactly=True)
        cost = tr("{cost}, {part} of it because first frames change", cost=cost, part=part)
    return tr(
        "{takes}, {new} to generate: {cost}{time}",
        takes=takes,
        new=forecast.to_make,
        cost=cost,
        time=_time(forecast),
    )


def _with_pictures(forecast: Forecast, cost: Message) -> Message:
    """The cost, and how much of it is for first frames that come before any video."""
    price = _money(forecast.pictures_cost, forecast.currency)
    if any(take.kind == "picture" and take.price is None for take in forecast.takes):
        price = tr("unknown")
    return plural(
        "{cost} ({n} picture comes first: {price})",
        "{cost} ({n} pictures come first: {price})",
        forecast.pictures_to_make, cost=cost, price=price,
    )  # fmt: skip


def _cost(whole: Forecast | ListsTotal) -> Message:
    cost = _money(whole.cost, whole.currency)
    if not (unknown := whole.unknown_prices):
        return cost
    return plural(
        "{amount} plus {n} take of unknown price",
        "{amount} plus {n} takes of unknown price",
        unknown,
        amount=cost,
    )


def _time(whole: Forecast | ListsTotal) -> Message:
    """The time that the service needs, where anything is to be generated."""
    if not whole.at_most_seconds:
        return NOTHING
    least, most = show_duration(whole.at_least_seconds), show_duration(whole.at_most_seconds)
    return tr("; {least} to {most} at the service", least=least, most=most)


def _money(amount: str, currency: str) -> Message:
    """An amount as a forecast has it, for people."""
    return show_money(Money(Decimal(amount), currency), exactly=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table of takes: its heading, and its text for one take."""

    heading: Message
    cell: Callable[[TakeForecast], str]
    right: bool = False
    wrap: bool = False
    spare: int = 0  # on a narrow terminal the highest are left out first


def _number(take: TakeForecast) -> str:
    return f"{take.take}*" if take.picked else f"{take.take} "


def _clip(take: TakeForecast) -> str:
    return f"{take.width}x{take.height}" if take.width else tr("unknown")


def _seconds(take: TakeForecast) -> str:
    """``2+3``: 2 s of the clip that is continued, and 3 new ones."""
    shown = take.continued_seconds
    return f"{shown}+{take.seconds - shown}" if shown else str(take.seconds or "")


def _price(take: TakeForecast) -> Message:
    return _money(take.price, take.currency) if take.price is not None else tr("unknown")


def _why(take: TakeForecast) -> Message:
    reason = recorded(take.reason)
    return (
        tr("{reason}; picked in {file}", reason=reason, file="picks.yaml")
        if take.chosen
        else reason
    )


def _tier(take: TakeForecast) -> Message | str:
    return tr("picture") if take.kind == "picture" else take.resolution


def _rate(take: TakeForecast) -> str:
    return "" if take.kind == "picture" else take.fps


COLUMNS = (
    Column(tr("shot"), lambda take: take.shot),
    Column(tr("take"), _number, right=True),
    Column(tr("state"), lambda take: PLANNED[take.state]),
    Column(tr("model"), lambda take: take.model, spare=1),
    Column(tr("tier"), _tier, spare=3),
    Column(tr("s"), _seconds, right=True, spare=2),
    Column(tr("fps"), _rate, right=True, spare=5),
    Column(tr("clip"), _clip, spare=4),
    Column(tr("price"), _price, right=True),
    Column(tr("reason"), _why, wrap=True),
)


_SHORTEST = 14  # cells of a column that wraps


def _takes(forecast: Forecast, width: int) -> Grid:
    cells = {column: [_cell(column, take) for take in forecast.takes] for column in COLUMNS}
    columns = _fitting(cells, width)
    return Grid(
        [GridColumn(shown(c.heading), right=c.right, wrap=c.wrap) for c in columns],
        list(zip(*(cells[column] for column in columns), strict=True)),
    )


def _cell(column: Column, take: TakeForecast) -> str:
    return clean(shown(column.cell(take)))


def _fitting(cells: Mapping[Column, Sequence[str]], width: int) -> list[Column]:
    """The columns for which a terminal of this width has room."""
    columns = list(COLUMNS)
    needed = {column: _needed(column, cells[column]) + GAP for column in columns}
    while sum(needed[column] for column in columns) > width + GAP:
        spare = max(columns, key=lambda column: column.spare)
        if not spare.spare:
            break
        columns.remove(spare)
    return columns


def _needed(column: Column, cells: Sequence[str]) -> int:
    longest = max(map(display_width, {shown(column.heading), *cells}))
    return min(longest, _SHORTEST) if column.wrap else longest


def _pictures(rows: Sequence[PictureRow]) -> Grid:
    """What is sent of each first frame, next to the whole picture."""
    grid = Grid([GridColumn(shown(h), wrap=h == _PICTURES[-1]) for h in _PICTURES])
    for row in rows:
        cells = (row.shot, row.source, row.sent, shown(row.lost), shown(row.kept))
        grid.rows.append(tuple(map(clean, cells)))
    return grid


_PICTURES = (
    tr("shot"), tr("picture"), tr("sent"), tr("loses"), tr("kept (without fit_image)"),
)  # fmt: skip


def _own(footage: FootageForecast) -> Message:
    """A shot that is there already, in a line."""
    values = {
        "shot": footage.shot, "file": footage.file, "seconds": float(footage.seconds),
        "size": f"{footage.width}x{footage.height}",
    }  # fmt: skip
    if footage.fps is None:
        return tr("{shot}: still {file}, {size}, {seconds:g} s, nothing to pay", **values)
    return tr(
        "{shot}: own footage {file}, {size}, {fps:g} fps, {seconds:g} s, nothing to pay",
        **values, fps=float(Fraction(footage.fps)),
    )  # fmt: skip


def _heading(deliverable: DeliverableForecast) -> Text:
    size = f"{deliverable.width}x{deliverable.height}" if deliverable.width else tr("size unknown")
    facts = tr(
        "{name}: {size}, {aspect}, {fit}, {fps} fps, {frames}, {seconds} s",
        name=deliverable.name,
        size=size,
        aspect=deliverable.aspect,
        fit=FITS.get(deliverable.fit, deliverable.fit),
        fps=deliverable.fps,
        frames=plural("{n} frame", "{n} frames", deliverable.frames),
        seconds=deliverable.seconds,
    )
    return Text("\n").append_text(_text(facts))


def _parts(deliverable: DeliverableForecast) -> Grid:
    unknown = (tr("unknown until the clip is there"), NOTHING)
    cells = [
        unknown if p.enlarged is None else (_view(p), tr("scale {x:.2f}", x=p.enlarged))
        for p in deliverable.parts
    ]
    are_known = any(part.enlarged is not None for part in deliverable.parts)
    rows = [
        (f"  {part.shot}", *map(shown, texts if are_known else texts[:1]))
        for part, texts in zip(deliverable.parts, cells, strict=True)
    ]
    columns = [GridColumn("")] * (3 if are_known else 2)
    return Grid(columns, [tuple(map(clean, row)) for row in rows], gap=2 * GAP, has_head=False)


def _view(part: PartForecast) -> Message:
    """What a deliverable shows of a clip."""
    if part.box:
        return tr("crop {box}, loses {percent} %", box=part.box, percent=part.lost_percent)
    if part.lost_percent:
        return tr("whole picture except {percent} %", percent=part.lost_percent)
    return tr("whole picture")
