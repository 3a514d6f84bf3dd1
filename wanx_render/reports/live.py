"""A run on a terminal: an overall bar, and a line for each take at work; finished work scrolls by.

It draws what events say and nothing else, as wide and as high as the terminal is now.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from threading import Event as ThreadEvent
from threading import RLock, Thread
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from wanx_render.diagnostics import display_width, one_line
from wanx_render.events import Emit, Event
from wanx_render.language import NOTHING, Message, joined, plural, shown, tr
from wanx_render.money import Money, show_amount, show_money
from wanx_render.reports.states import EVENTS
from wanx_render.reports.terminal import Stage, line, subject
from wanx_render.timing import show_duration

_REFRESH = 0.25  # seconds
_NARROW = 64  # columns; below, the rows say less
_SHORTEST_BAR, _LONGEST_BAR = 14, 60
_WIDEST_WORD = 11


@contextmanager
def live(stream: TextIO, stage: Stage) -> Iterator[Emit]:
    """A display of one run on the terminal ``stream``; it is gone when the run has ended."""
    board = Board(stage)
    console = Console(file=stream, highlight=False)
    # Rich's own refreshes do not wait for what is printed meanwhile: one that came between left a
    # line of the display on the screen.
    lock, over = RLock(), ThreadEvent()
    with Live(board, console=console, auto_refresh=False, transient=True) as display:

        def emit(event: Event) -> None:
            with lock:
                board.note(event)
                text = scrolled(event)
                if text:
                    display.console.print(text)

        def refresh() -> None:
            while not over.wait(_REFRESH):
                with lock:
                    display.refresh()

        thread = Thread(target=refresh, daemon=True)
        thread.start()
        try:
            yield emit
        finally:
            over.set()
            thread.join()


def scrolled(event: Event) -> Text | None:
    """The line that stays on the screen for an event, if its kind has one."""
    if event.kind == "start":
        return Text(line(event))
    look = EVENTS[event.kind]
    if not look.sign:
        return None
    return Text.assemble((f"{look.sign} ", look.colour), line(replace(event, task_id=None)))


@dataclass(frozen=True, slots=True)
class _Row:
    """A take or a deliverable at work."""

    event: Event
    began: datetime  # when it was first heard of
    heard: datetime


class Board:
    """What the live display shows now; ``note`` takes an event in."""

    def __init__(self, stage: Stage) -> None:
        plan = stage.plan
        self._stage = stage
        self._takes, self._shots = len(plan.takes), len(plan.shots)
        self._began = stage.clock.now()
        self._spent = Decimal(0)
        self._rows: dict[str, _Row] = {}
        self._ended = 0
        self._parts: Counter[str] = Counter()  # fitted ones of each deliverable
        self._open = {deliverable.name for deliverable in plan.deliverables}
        self._deliverables = len(self._open)

    def note(self, event: Event) -> None:
        if event.spent is not None:
            self._spent = Decimal(event.spent)
        name = subject(event)
        if ends := EVENTS[event.kind].ends:
            self._rows.pop(name, None)
            self._ended += ends == "take"
            self._open.discard(event.deliverable or "")
        elif event.kind == "segment":
            self._parts[event.deliverable or ""] += 1
        elif name and event.kind != "warning":
            self._work(name, event)

    def _work(self, name: str, event: Event) -> None:
        now, before = self._stage.clock.now(), self._rows.get(name)
        if before and event.kind == "polled":
            event = replace(event, kind=before.event.kind)
        self._rows[name] = _Row(event, before.began if before else now, now)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        head = list(self._head(width))
        yield from head
        rows = sorted(self._shown(), key=lambda row: EVENTS[row.event.kind].rank)
        space = max(console.size.height - len(head) - 1, 2)
        visible, rest = (rows, []) if len(rows) <= space else (rows[: space - 1], rows[space - 1 :])
        if visible:
            yield self._table(visible, narrow=width < _NARROW)
        if rest:
            words = Counter(shown(_state(row)) for row in rest)
            counts = joined(
                (tr("{n} {state}", n=count, state=word) for word, count in words.items()), tr(", ")
            )
            more = shown(tr("  and {counts}", counts=counts))
            yield Text(more, style="dim", no_wrap=True, overflow="ellipsis")

    def _shown(self) -> list[_Row]:
        """What is at work: takes first; deliverables once every take has come to its end."""
        rows = list(self._rows.values())
        if self._ended < self._takes:
            return rows
        joining = {row.event.deliverable for row in rows}
        now = self._stage.clock.now()
        return rows + [
            _Row(Event("segment", self._fitted(name), deliverable=name), self._began, now)
            for name in sorted(self._open - joining)
        ]

    def _fitted(self, name: str) -> Message:
        parts = self._parts[name]
        return plural("{n} part", "{n} parts", parts) if parts else NOTHING

    def _head(self, width: int) -> Iterator[Table | Text]:
        """The bar and the figures: on one line, or on two where they would squeeze the bar."""
        steps, of = self._steps(), self._takes + self._deliverables * (self._shots + 1)
        files = self._deliverables - len(self._open)
        percent = f"{100 * steps // max(of, 1):3}%"
        clips, films = f"{self._ended}/{self._takes}", f"{files}/{self._deliverables}"
        facts = [
            shown(tr("{counts} clips", counts=clips)),
            shown(tr("{counts} files", counts=films)),
            show_duration(self._since(self._began)),
            shown(self._money()),
        ]
        mock = shown(tr("MOCK")) if self._stage.plan.backend == "mock" else ""
        room = (
            width - display_width(mock) - sum(display_width(fact) + 2 for fact in (percent, *facts))
        )
        roomy = room >= _SHORTEST_BAR
        if not roomy:
            room = width - display_width(mock) - len(percent) - 3
        head = Table.grid(padding=(0, 2 if roomy else 1))
        bar = ProgressBar(total=max(of, 1), completed=steps, width=min(room - 3, _LONGEST_BAR))
        head.add_row(*[Text(mock, style="yellow")] * bool(mock), bar, percent, *facts * roomy)
        yield head
        if not roomy:
            if display_width("  ".join(facts)) > width:
                facts[1] = films
            yield Text("  ".join(facts), no_wrap=True, overflow="ellipsis")

    def _steps(self) -> int:
        """Clips, parts and files that are there; a finished file has all its parts."""
        parts = sum(min(self._parts[name], self._shots) for name in self._open)
        files = self._deliverables - len(self._open)
        return self._ended + parts + files * (self._shots + 1)

    def _money(self) -> Message:
        limit, currency = self._stage.limit, self._stage.plan.currency
        if limit is None:
            return show_money(Money(self._spent, currency))
        most = show_money(Money(limit, currency))
        return tr("{amount} of {limit}", amount=show_amount(self._spent), limit=most)

    def _table(self, rows: list[_Row], *, narrow: bool) -> Table:
        # Columns keep their places while their contents change.
        table = Table.grid(padding=(0, 1 if narrow else 2))
        table.add_column(no_wrap=True, overflow="ellipsis")
        word = 0 if narrow else _WIDEST_WORD
        table.add_column(no_wrap=True, overflow="ellipsis", style="cyan", min_width=word)
        table.add_column(no_wrap=True, justify="right", min_width=4 if narrow else 5)
        table.add_column(no_wrap=True, overflow="ellipsis", min_width=5 if narrow else 18)
        if not narrow:
            table.add_column(no_wrap=True, style="dim")
        for row in rows:
            count = row.event.polls
            polls = plural("{n} query", "{n} queries", count) if count else NOTHING
            table.add_row(
                Text(_name(row, short=narrow)),
                shown(_state(row)),
                show_duration(self._since(row.began)),
                Text(one_line(shown(self._rest(row, short=narrow)))),
                *[shown(polls)] * (not narrow),
            )
        return table

    def _rest(self, row: _Row, *, short: bool) -> Message:
        """How long it may still take, by what is known of such tasks."""
        event = row.event
        if event.polls is None or event.kind not in ("pending", "running"):
            return NOTHING if short else event.text
        if event.seconds_left is None:
            return tr("late") if short else tr("longer than usual")
        left = event.seconds_left / self._stage.pace
        if event.kind == "pending":
            text = show_duration(left)
            return tr("+{left}", left=text) if short else tr("then about {left}", left=text)
        left -= self._since(row.heard)
        if left < 1:
            return tr("~{left}", left="0:00") if short else tr("almost done")
        text = show_duration(left)
        return tr("~{left}", left=text) if short else tr("about {left} left", left=text)

    def _since(self, moment: datetime) -> float:
        return (self._stage.clock.now() - moment).total_seconds()


def _name(row: _Row, *, short: bool) -> str:
    name = one_line(shown(subject(row.event, short=short)))
    return name if short else f"  {name}"


def _state(row: _Row) -> Message:
    return tr("fitting") if row.event.kind == "segment" else EVENTS[row.event.kind].word
