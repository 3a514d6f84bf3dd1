"""Events on the terminal: a live display where there is one, else a flushed line each, or JSON."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from wanx_render.clock import Clock
from wanx_render.diagnostics import clean
from wanx_render.events import Emit, Event
from wanx_render.plan import Plan

_SIGNS = {
    "clip": ("✓", "green"),
    "cached": ("✓", "green"),
    "deliverable": ("✓", "green"),
    "failed": ("✗", "red"),
    "broken": ("✗", "red"),
    "warning": ("!", "yellow"),
}
_WORDS = {
    "waiting": "waits",
    "pending": "queued",
    "running": "rendering",
    "succeeded": "fetching",
    "submitted": "submitted",
    "resumed": "resumed",
    "throttled": "slowed down",
    "clip": "clip",
    "cached": "cached",
    "failed": "failed",
    "segment": "fitted",
    "deliverable": "delivered",
    "broken": "failed",
    "warning": "warning",
}
_ENDS = ("clip", "cached", "failed")
_MAX_ROWS = 12


def subject(event: Event) -> str:
    """What an event is about: ``wake take 1``, ``vertical``, ``vertical wake``."""
    parts = [event.deliverable or "", event.shot or ""]
    if event.take is not None:
        parts.append(f"take {event.take}")
    return " ".join(part for part in parts if part)


def line(event: Event) -> str:
    """One event as one line of plain text."""
    if event.kind == "start":
        return event.text
    parts = [subject(event), _WORDS.get(event.kind, event.kind)]
    if event.task_id:
        parts.append(f"task {event.task_id}")
    head = " ".join(part for part in parts if part)
    return f"{head}: {event.text}" if event.text else head


def plain(stream: TextIO) -> Emit:
    """A report that writes one flushed line for each event."""

    def emit(event: Event) -> None:
        stream.write(clean(line(event)) + "\n")
        stream.flush()

    return emit


def json_lines(stream: TextIO, clock: Clock) -> Emit:
    """A report that writes one JSON object for each event."""

    def emit(event: Event) -> None:
        stream.write(json_line({"event": event.kind, **_filled(event)}, clock.now()))
        stream.flush()

    return emit


def json_line(record: dict[str, Any], now: datetime) -> str:
    stamped = {"time": now.isoformat(timespec="milliseconds"), **record}
    return json.dumps(stamped, ensure_ascii=False) + "\n"


def _filled(event: Event) -> dict[str, Any]:
    fields = asdict(event)
    fields.pop("kind")
    return {key: value for key, value in fields.items() if value not in (None, "")}


@contextmanager
def live(stream: TextIO, plan: Plan) -> Iterator[Emit]:
    """A display with an overall bar and a line for each take at work; what is done scrolls by."""
    board, console = _Board(plan), Console(file=stream)
    with Live(board, console=console, refresh_per_second=8, transient=True) as display:

        def emit(event: Event) -> None:
            board.note(event)
            if event.kind == "start":
                display.console.print(Text(clean(line(event))), highlight=False)
            if event.kind in _SIGNS:
                sign, colour = _SIGNS[event.kind]
                told = Text.assemble((f"{sign} ", colour), clean(line(event)))
                display.console.print(told, highlight=False)

        yield emit


class _Board:
    """What the live display shows now."""

    def __init__(self, plan: Plan) -> None:
        self._total = len(plan.takes) * (1 + len(plan.deliverables)) + len(plan.deliverables)
        self._mock = plan.world == "mock"
        self._active: dict[str, str] = {}
        self._done: Counter[str] = Counter()

    def note(self, event: Event) -> None:
        name = subject(event)
        if event.kind in _ENDS or event.kind in ("deliverable", "broken"):
            self._active.pop(name, None)
            self._done["steps"] += 1
        elif event.kind == "segment":
            self._done["steps"] += 1
        elif event.shot:
            self._active[name] = _WORDS.get(event.kind, event.kind)

    def __rich__(self) -> Group:
        rows = Table.grid(padding=(0, 2))
        for name, word in list(self._active.items())[:_MAX_ROWS]:
            rows.add_row(Text(f"  {name}"), Text(word, style="cyan"))
        hidden = len(self._active) - _MAX_ROWS
        if hidden > 0:
            rows.add_row(Text(f"  and {hidden} more"))
        head = Table.grid(padding=(0, 1))
        done = min(self._done["steps"], self._total)
        bar = ProgressBar(total=self._total, completed=done, width=30)
        head.add_row("MOCK" if self._mock else "", bar, f"{done}/{self._total}")
        return Group(head, rows)
