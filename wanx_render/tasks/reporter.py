"""What becomes of takes, as events; those that move money say what is spent by then."""

from collections.abc import Callable
from dataclasses import dataclass

from wanx_render.events import Event, Kind, ReportProgress
from wanx_render.language import NOTHING, Message
from wanx_render.planning.planned import Take
from wanx_render.tasks.budget import SpendingLimit

_MOVES_MONEY = ("submitted", "clip", "failed")


@dataclass(frozen=True)
class TakeReporter:
    """Reports the takes that are paid out of one limit."""

    emit: Callable[[Take, Event], None]
    limit: SpendingLimit

    def report(
        self, take: Take, kind: Kind, text: Message = NOTHING, task_id: str | None = None
    ) -> None:
        amount = str(self.limit.used) if kind in _MOVES_MONEY else None
        event = Event(kind, text, take.shot, take.number, task_id=task_id, spent=amount)
        self.emit(take, event)

    def progress(self, take: Take, task_id: str | None) -> ReportProgress:
        """How the progress of the take's task is reported."""

        def report(kind: Kind, polls: int | None = None, seconds_left: float | None = None) -> None:
            event = Event(
                kind, NOTHING, take.shot, take.number, task_id=task_id,
                polls=polls, seconds_left=seconds_left,
            )  # fmt: skip
            self.emit(take, event)

        return report
