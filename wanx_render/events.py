"""What happens during a run, as values; reports turn them into lines, bars or JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from wanx_render.language import NOTHING, Message

# Each kind and its fields are described in docs/events.md.
Kind = Literal[
    "start", "waiting", "cached", "submitted", "resumed", "throttled", "uncertain", "pending",
    "running", "polled", "unknown", "succeeded", "clip", "failed", "segment", "joining",
    "deliverable", "broken", "warning", "skipped", "list", "summary",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, to a take or to a deliverable, in words."""

    kind: Kind
    text: Message = NOTHING
    shot: str | None = None
    take: int | None = None
    deliverable: str | None = None
    task_id: str | None = None
    list: str | None = None  # which list it is about, where several run together
    polls: int | None = None  # how often the service was asked about the task
    seconds_left: float | None = None  # of the service's clock, by which half such tasks have ended
    spent: str | None = None  # what this run has spent or set aside so far, in the plan's currency
    row: str | None = None  # of a table, where the shot is named beside those of other rows
    facts: Mapping[str, object] = field(default_factory=dict)  # what only this kind has


Emit = Callable[[Event], None]


class ReportProgress(Protocol):
    """How the progress of one task is reported."""

    def __call__(
        self, kind: Kind, polls: int | None = None, seconds_left: float | None = None
    ) -> None: ...
