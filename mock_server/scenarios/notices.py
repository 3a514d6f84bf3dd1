"""Notices of finished tasks at the emulator's own time, where a webhook wants them."""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from mock_server.scenarios.due_tasks import DueTasks
from mock_server.scenarios.task_events import sends_event, task_event
from mock_server.scenarios.webhook import Webhook
from wanx_render.backends.simulator import Task
from wanx_render.catalog.capabilities import Catalog

_BETWEEN_JUMPS = 0.5  # real seconds: a client that polls sees each state before


class AccountTime(Protocol):
    """The clock of a service, with a time for each account."""

    @property
    def pace(self) -> float: ...

    def now(self, account: str | None = None) -> datetime: ...

    def awaited(self, event: datetime | None, account: str) -> None: ...


class Notices:
    """Watches tasks and sends a notice when one is finished; without a webhook it does nothing."""

    def __init__(self, url: str, catalog: Catalog, clock: AccountTime) -> None:
        self._catalog, self._clock = catalog, clock
        self._due = DueTasks()
        self._jumped = time.monotonic()
        self._webhook = Webhook(url, self._finished, clock.pace) if url else None

    def watch(self, task: Task) -> None:
        """Wait for the end of a task, or its other end where it has another life."""
        if self._webhook and sends_event(task):
            self._due.watch(task)
        elif self._webhook:
            self._due.drop(task)

    def resume(self, tasks: Iterable[Task]) -> None:
        """Wait for the tasks of an earlier server that have not ended."""
        for task in tasks:
            if task.ended > self._clock.now(task.account):
                self.watch(task)

    def forget(self, account: str | None) -> None:
        """Wait no more for the tasks of an account, or for any."""
        self._due.forget(account)

    def record(self) -> dict[str, Any]:
        """What was sent, as JSON data."""
        nothing: dict[str, Any] = {"url": None, "waiting": 0, "dropped": 0, "deliveries": []}
        return self._webhook.record() if self._webhook else nothing

    def close(self) -> None:
        """Send nothing more."""
        if self._webhook:
            self._webhook.close()

    def _finished(self) -> list[dict[str, Any]]:
        """The events of tasks that have ended since the last call."""
        self._jump()
        return [task_event(task, self._catalog) for task in self._due.ended(self._clock.now)]

    def _jump(self) -> None:
        """Let the automatic clock go to the next event, as if the webhook polled."""
        if time.monotonic() - self._jumped < _BETWEEN_JUMPS:
            return
        self._jumped = time.monotonic()
        for task in self._due.next_of_each():
            is_waiting = self._clock.now(task.account) < task.started
            self._clock.awaited(task.started if is_waiting else task.ended, task.account)
