"""Events as text: a flushed line each where there is no terminal, or one JSON object each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, TextIO

from wanx_render.clock import Clock
from wanx_render.diagnostics import one_line
from wanx_render.events import Emit, Event
from wanx_render.language import NOTHING, Message, joined, shown, tr
from wanx_render.planning.plan import Plan
from wanx_render.reports.states import EVENTS

_FIELDS = tuple(
    (field.name, field.default) for field in fields(Event) if field.name not in ("kind", "facts")
)


@dataclass(frozen=True)
class Stage:
    """The run that a display is of."""

    plan: Plan
    clock: Clock  # what people read
    limit: Decimal | None = None  # what the run may spend
    pace: int = 1  # so many seconds of the service pass in one of ``clock``


def can_draw(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether ``stream`` is a terminal on which lines can be drawn over."""
    utf8 = (stream.encoding or "").lower().replace("-", "") == "utf8"
    return stream.isatty() and utf8 and environ.get("TERM") != "dumb"


def subject(event: Event, *, short: bool = False) -> Message:
    """What an event is about: ``wake take 1`` (``short``: ``wake t1``), ``vertical wake``."""
    shot = f"{event.row}/{event.shot}" if event.row else event.shot
    parts = [event.list or "", event.deliverable or "", shot or ""]
    if event.take is not None:
        parts.append(tr("t{n}", n=event.take) if short else tr("take {n}", n=event.take))
    return joined((part for part in parts if part), " ")


def sentence(event: Event) -> Message:
    """One event as a sentence: ``wake take 1: submitted, task 8a3f``."""
    if event.kind == "start":
        return event.text
    name, text = subject(event), EVENTS[event.kind].word
    if event.list and event.text.startswith(f"{event.list}:"):  # a warning's place names it
        name = NOTHING
    task = tr("task {id}", id=event.task_id) if event.task_id else NOTHING
    if not name:
        return tr("{subject}: {text}", subject=text, text=event.text or task)
    for detail in filter(None, (event.text, task)):
        text = tr("{first}, {second}", first=text, second=detail) if text else detail
    return tr("{subject}: {text}", subject=name, text=text)


def line(event: Event) -> str:
    """One event as one line of plain text; nothing in it moves a cursor or begins a line."""
    return one_line(shown(sentence(event)))


def plain(stream: TextIO) -> Emit:
    """A report that writes one flushed line for each event, but none for each look at a task."""

    def emit(event: Event) -> None:
        if event.kind != "polled":
            stream.write(line(event) + "\n")
            stream.flush()

    return emit


def json_lines(stream: TextIO, clock: Clock) -> Emit:
    """A report that writes one JSON object for each event."""

    def emit(event: Event) -> None:
        stream.write(json_line(record(event), clock.now()))
        stream.flush()

    return emit


def record(event: Event) -> dict[str, Any]:
    """An event's own fields, JSON-ready; docs/events.md is its schema."""
    known_fields = {
        name: value
        for name, empty in _FIELDS
        if (value := getattr(event, name)) is not None and value != empty
    }
    return {"event": event.kind, **known_fields, **event.facts}


def json_line(record: dict[str, Any], now: datetime) -> str:
    with_time = {"time": now.isoformat(timespec="milliseconds"), **record}
    return json.dumps(with_time, ensure_ascii=False) + "\n"
