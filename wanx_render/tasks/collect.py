"""From a task that is known to its clip on the disk: wait, note how it ended, fetch, store.

The one way that ``render`` and ``rescue`` go; the journal knows each step before anyone else does.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from wanx_render.backends.base import Backend, Canceled, Failed, Succeeded, Unknown
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import billed
from wanx_render.clock import Clock
from wanx_render.events import Tell
from wanx_render.media import ffmpeg
from wanx_render.planning.journal import Attempt, Journal
from wanx_render.tasks.download import Expected, fetch
from wanx_render.tasks.polling import Ended, Poller
from wanx_render.tasks.submit import EXPIRED
from wanx_render.timing import frames_in

UNKNOWN = (
    "the service does not say how the task ended; it is kept, and may still come: "
    "run the same command again later"
)


@dataclass(frozen=True)
class Collector:
    """Everything a clip is collected with, handed in from outside."""

    backend: Backend
    journal: Journal
    catalog: Catalog
    watch: Poller
    program: ffmpeg.Ffmpeg
    executor: Executor
    folder: Path
    wall: Clock  # what people read

    async def collect(self, attempt: Attempt, tell: Tell) -> Ended:
        """How the task ended; where it succeeded its clip is stored.

        Raises Refused, Unreachable, UnknownHost, Broken or FfmpegError; what was noted so far stays
        noted.
        """
        ended = await self.end(attempt, tell)
        if isinstance(ended, Succeeded):
            await self.fetch(attempt, ended)
        return ended

    async def end(
        self,
        attempt: Attempt,
        tell: Tell,
        hurried: Callable[[], bool] = lambda: True,
    ) -> Ended:
        """Wait until the task has ended, and note how.

        Raises Refused or Unreachable, and UnknownHost for a result that nobody may fetch yet.
        """
        ended = await self.watch.end(attempt, tell, hurried)
        match ended:
            case Succeeded():
                bill = billed(attempt.request, ended.usage, self.catalog)
                cost = (str(bill.amount), bill.currency) if bill else None
                # By the clock that people read: "hours left" is about their day.
                expires = self.wall.now() + (ended.expires - self.backend.now())
                self.journal.succeeded(attempt.id, ended, cost, expires)
                self.backend.check_result(ended.url)
                tell("succeeded")
            case Failed():
                self.journal.failed(attempt.id, ended)
            case Canceled():
                self.journal.ended(attempt.id, "failed", "Canceled", "the task was cancelled")
            case Unknown(expired=True):
                self.journal.ended(attempt.id, "lost", "Expired", EXPIRED)
            case Unknown():
                pass  # it proves nothing: the task stays as it is
        return ended

    async def fetch(self, attempt: Attempt, task: Succeeded) -> None:
        """Download, decode every frame, and only then give the clip its name.

        Raises Unreachable, Broken or FfmpegError.
        """
        stored = await fetch(
            self.backend, task, self._expected(attempt),
            program=self.program, executor=self.executor, folder=self.folder,
        )  # fmt: skip
        self.journal.stored(
            attempt.id, stored.sha256, stored.name, stored.bytes, now=self.backend.now()
        )

    def _expected(self, attempt: Attempt) -> Expected:
        model = self.catalog.models.get(attempt.model)
        seconds = Fraction(attempt.request["duration"])
        frames = frames_in(seconds, Fraction(model.fps.value)) if model else 0
        return Expected(attempt.label.replace(" take ", "-t").replace("/", "-"), frames)
