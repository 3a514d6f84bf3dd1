"""From a task that is known to its clip on the disk: wait, note how it ended, fetch, store.

The one way that ``render`` and ``rescue`` go; the journal knows each step before anyone else does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from wanx_render.backends.base import Canceled, Failed, Succeeded, Unknown
from wanx_render.catalog.pricing import billed
from wanx_render.events import ReportProgress
from wanx_render.language import tr
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.task import is_of_picture
from wanx_render.tasks.download import Stored, fetch, fetch_picture
from wanx_render.tasks.polling import Ended, Poller
from wanx_render.tasks.submit import EXPIRED
from wanx_render.tasks.tools import Tools
from wanx_render.timing import frames_in

UNKNOWN = tr(
    "the service does not say how the task ended; the task is kept. "
    "Run the same command again later."
)
CANCELLED = tr("the task was cancelled")


@dataclass(frozen=True, kw_only=True)
class Collector:
    """Everything a clip is collected with, handed in from outside."""

    tools: Tools
    poller: Poller
    journal: Journal
    folder: Path

    async def collect(self, attempt: Attempt, report: ReportProgress) -> Ended:
        """How the task ended; where it succeeded its clip is stored.

        Raises Refused, Unreachable, UnknownHost, Broken or FfmpegError; what was noted so far stays
        noted.
        """
        end = await self.end(attempt, report)
        if isinstance(end, Succeeded):
            await self.fetch(attempt, end)
        return end

    async def end(
        self,
        attempt: Attempt,
        report: ReportProgress,
        hurried: Callable[[], bool] = lambda: True,
    ) -> Ended:
        """Wait until the task has ended, and note how.

        Raises Refused or Unreachable, and UnknownHost for a result that nobody may fetch yet.
        """
        end = await self.poller.end(attempt, report, hurried)
        match end:
            case Succeeded():
                bill = billed(attempt.request, end.usage, self.tools.catalog)
                cost = (str(bill.amount), bill.currency) if bill else None
                # By the clock that people read: "hours left" is about their day.
                tools = self.tools.at(attempt.recipient)
                backend, wall = tools.backend, tools.wall
                expires = wall.now() + (end.expires - backend.now())
                self.journal.succeeded(attempt.id, end, cost, expires)
                backend.check_result(end.url)
                report("succeeded")
            case Failed():
                self.journal.failed(attempt.id, end)
            case Canceled():
                self.journal.ended(attempt.id, "failed", "Canceled", CANCELLED)
            case Unknown(expired=True):
                self.journal.ended(attempt.id, "lost", "Expired", EXPIRED)
            case Unknown():
                pass  # it proves nothing: the task stays as it is
        return end

    async def fetch(self, attempt: Attempt, task: Succeeded) -> None:
        """Download, decode every frame, and only then give the clip its name.

        Raises Unreachable, Broken or FfmpegError.
        """
        tools, stem = self.tools.at(attempt.recipient), attempt.take.stem
        if is_of_picture(attempt.request):
            picture = await fetch_picture(tools, task, self.folder, stem=stem)
            self._stored(attempt, picture)
            return
        model = tools.catalog.models.get(attempt.model)
        seconds = Fraction(attempt.request["duration"])
        frames = frames_in(seconds, Fraction(model.fps.value)) if model else 0
        clip = await fetch(tools, task, self.folder, stem=stem, frames=frames)
        self._stored(attempt, clip)

    def _stored(self, attempt: Attempt, clip: Stored) -> None:
        now = self.tools.backend.now()
        self.journal.stored(
            attempt.id, clip.sha256, clip.name, clip.bytes, now=now, facts=clip.facts
        )
