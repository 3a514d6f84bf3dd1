"""Which tasks have ended since one last looked: by account, as each has its own time."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from heapq import heappop, heappush

from wanx_render.backends.simulator import Task


class DueTasks:
    """Tasks whose end is waited for; any thread may add some."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: dict[str, list[tuple[datetime, str]]] = {}  # by account, earliest first
        self._tasks: dict[str, Task] = {}  # as they were seen last

    def watch(self, task: Task) -> None:
        """Wait for the end of a task, or for its new end where it has another life now."""
        with self._lock:
            self._tasks[task.task_id] = task
            heappush(self._ends.setdefault(task.account, []), (task.ended, task.task_id))

    def drop(self, task: Task) -> None:
        """Wait for its end no more."""
        with self._lock:
            self._tasks.pop(task.task_id, None)

    def ended(self, now: Callable[[str], datetime]) -> list[Task]:
        """The tasks that have ended by the time of their account; each is named once."""
        with self._lock:
            return [task for account in [*self._ends] for task in self._ended(account, now)]

    def next_of_each(self) -> list[Task]:
        """Of each account the task that ends first."""
        with self._lock:
            return [task for account in [*self._ends] if (task := self._first(account))]

    def _ended(self, account: str, now: Callable[[str], datetime]) -> Iterator[Task]:
        time = now(account)
        while (task := self._first(account)) and task.ended <= time:
            yield self._tasks.pop(task.task_id)

    def _first(self, account: str) -> Task | None:
        """The task of an account that ends first; what has another end by now is passed over."""
        ends = self._ends.get(account, [])
        while ends:
            end, task_id = ends[0]
            task = self._tasks.get(task_id)
            if task and task.ended == end:
                return task
            heappop(ends)
        self._ends.pop(account, None)
        return None

    def forget(self, account: str | None) -> None:
        """Forget the tasks of an account, or all."""
        with self._lock:
            self._ends = {k: v for k, v in self._ends.items() if account not in (None, k)}
            self._tasks = {
                task_id: task
                for task_id, task in self._tasks.items()
                if account not in (None, task.account)
            }
