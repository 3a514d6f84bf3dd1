"""What happens during a run, as values; reports turn them into lines, bars or JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "start", "waiting", "cached", "submitted", "resumed", "throttled", "uncertain", "pending",
    "running", "succeeded", "clip", "failed", "segment", "deliverable", "broken", "warning",
    "summary",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, to a take or to a deliverable, in words."""

    kind: Kind
    text: str = ""
    shot: str | None = None
    take: int | None = None
    deliverable: str | None = None
    task_id: str | None = None


Emit = Callable[[Event], None]
