"""Times of takes as places on a bar: queue, work, fetching; pauses between runs are cut out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wanx_render.manifest import TakeRecord
from wanx_render.timing import show_duration

WIDTH = 100  # of the drawing, so that places are percents
_PAUSE = timedelta(minutes=20)  # a longer one in which nothing happens is another run
_GAP = 2.0
_MOST_GAPS = 40.0
_LABEL = 14.0
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of a take's time: ``queue``, ``work`` (or ``fail``), ``fetch``."""

    kind: str
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Bar:
    """A span as it is drawn."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the scale."""

    x: float
    label: str
    start: str = ""  # of the beginning of a run: its time, as ISO 8601


def spans(take: TakeRecord) -> tuple[Stretch, ...]:
    """The stretches of a take's time that are known, in order."""
    marks = [_time(at) for at in (take.asked_at, take.started_at, take.ended_at, take.fetched_at)]
    work = "work" if take.state == "succeeded" else "fail"
    stretches, last = [], marks[0]
    for kind, at in zip(("queue", work, "fetch"), marks[1:], strict=True):
        if last and at and at >= last:
            stretches.append(Stretch(kind, last, at))
            last = at
    return tuple(stretches)


def _time(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return at if at and at.tzinfo else None


class Scale:
    """Where each time is on a drawing of ``WIDTH``."""

    def __init__(self, all_spans: Iterable[Stretch]) -> None:
        runs: list[tuple[datetime, datetime]] = []
        for span in sorted(all_spans, key=lambda stretch: stretch.start):
            if runs and span.start - runs[-1][1] < _PAUSE:
                runs[-1] = (runs[-1][0], max(runs[-1][1], span.end))
            else:
                runs.append((span.start, span.end))
        self._runs = runs
        busy = sum((end - start for start, end in runs), timedelta()).total_seconds()
        self._gap = min(_GAP, _MOST_GAPS / len(runs)) if len(runs) > 1 else 0.0
        self._per_second = (WIDTH - self._gap * (len(runs) - 1)) / busy if busy else 0.0

    def x(self, at: datetime) -> float:
        """The place of ``at``, which is within a span."""
        place = 0.0
        for start, end in self._runs:
            if at <= end:
                return round(place + max((at - start).total_seconds(), 0) * self._per_second, 2)
            place += (end - start).total_seconds() * self._per_second + self._gap
        return float(WIDTH)

    def bars(self, stretches: Iterable[Stretch]) -> tuple[Bar, ...]:
        return tuple(
            Bar(
                span.kind,
                self.x(span.start),
                round(max(self.x(span.end) - self.x(span.start), 0.3), 2),
            )
            for span in stretches
        )

    def ticks(self) -> tuple[Tick, ...]:
        """The beginning of each run by date and time, and round distances from it."""
        marks: list[Tick] = []
        for start, end in self._runs:
            begin = self.x(start)
            label = f"{start.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            marks.append(Tick(begin, label, start.isoformat()))
            room = (self.x(end) - begin) / _LABEL
            step = next(
                (s for s in _STEPS if room and (end - start).total_seconds() / s <= room), 0
            )
            at = step
            while step and begin + at * self._per_second + _LABEL / 2 < self.x(end):
                marks.append(Tick(round(begin + at * self._per_second, 2), f"+{show_duration(at)}"))
                at += step
        return tuple(marks)
