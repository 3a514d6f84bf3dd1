"""The plan as people read it: a function of the forecast, written to stdout."""

from decimal import Decimal
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wanx_render.diagnostics import clean
from wanx_render.forecast import DeliverableForecast, Forecast, TakeForecast


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


def summary(forecast: Forecast) -> str:
    """The last line: how much is to be made, for how much, and how long it takes at least."""
    if not forecast.to_make:
        return f"{len(forecast.takes)} takes, nothing to make, 0.00 {forecast.currency}"
    plus = f" plus {forecast.unknown_prices} of unknown price" if forecast.unknown_prices else ""
    if Decimal(forecast.cascade_cost):
        plus += f", {forecast.cascade_cost} of it only because first frames change"
    return (
        f"{len(forecast.takes)} takes, {forecast.to_make} to make: {forecast.cost} "
        f"{forecast.currency}{plus}; the service takes {_span(forecast.at_least_seconds)} "
        f"to {_span(forecast.at_most_seconds)}"
    )


def _span(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _takes(forecast: Forecast) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("shot", "take", "state", "model", "tier", "s", "fps", "clip", "price", "why"):
        right = name in ("take", "s", "fps", "price")
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "why")
    for take in forecast.takes:
        table.add_row(*(Text(clean(cell)) for cell in _take(take)))
    return table


def _take(take: TakeForecast) -> tuple[str, ...]:
    size = f"{take.width}x{take.height}" if take.width else "unknown"
    price = f"{take.price} {take.currency}" if take.price is not None else "unknown"
    number = f"{take.take}*" if take.picked else f"{take.take} "
    why = f"{take.reason}; picked by picks.yaml" if take.chosen else take.reason
    return (
        take.shot, number, take.state, take.model, take.resolution, str(take.seconds), take.fps,
        size, price, why,
    )  # fmt: skip


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
        box = f"crop {part.box}, loses {part.lost_percent} %" if part.box else "whole picture"
        table.add_row(Text(f"  {part.shot}"), Text(box), Text(f"scaled {part.enlarged:.2f}"))
    return table
