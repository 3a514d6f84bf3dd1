"""Tasks on the admin side: whole lives, and another life for one of them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request

from mock_server.service.service import MockService
from mock_server.service.tasks import TaskLife
from mock_server.web.parameters import account_in, newest
from mock_server.wire.errors import ErrorAnswer
from wanx_render.backends.base import TaskState, status_of
from wanx_render.backends.simulator import Fate, Task


class TaskAdmin:
    """Reads and changes tasks."""

    def __init__(self, service: MockService) -> None:
        self._service = service

    def read_all(self, request: Request, _: Any) -> Any:
        lives = self._service.tasks.all(account_in(request))
        return {"tasks": [_record(*life) for life in newest(request, lives)]}

    def read(self, request: Request, _: Any) -> Any:
        return _record(*self._find(request))

    def change(self, request: Request, body: Any) -> Any:
        """Make a task PENDING, RUNNING, SUCCEEDED, FAILED, CANCELED or UNKNOWN from now on."""
        task, _ = self._find(request)
        body = body if isinstance(body, dict) else {}
        now = self._service.clock.now(task.account)
        code, message = body.get("code", "InternalError.Algo"), body.get("message", "")
        if not isinstance(code, str) or not isinstance(message, str):
            raise ErrorAnswer(400, "InvalidParameter", "code and message must be strings.")
        failure = Fate("fail", code, message)
        other_life = _with_status(task, now, str(body.get("status")), failure)
        self._service.tasks.of(task.account).put(other_life)
        return self.read(request, None)

    def _find(self, request: Request) -> TaskLife:
        tasks = self._service.tasks
        task = tasks.known(request.path_params["task_id"])
        if task is None:
            raise ErrorAnswer(404, "NotFound", "There is no such task.")
        return task, tasks.of(task.account).truth(task)


def _with_status(task: Task, now: datetime, status: str, failure: Fate) -> Task:
    """``task`` with another life: in ``status`` now, and for good where that is an end."""
    year = timedelta(days=365)
    match status:
        case "PENDING":
            return replace(task, started=now + year, ended=now + 2 * year, cancelled=False)
        case "RUNNING":
            return replace(task, started=now, ended=now + year, cancelled=False)
        case "SUCCEEDED":
            start = min(task.started, now)
            return replace(task, started=start, ended=now, fate=None, cancelled=False)
        case "FAILED":
            start = min(task.started, now)
            return replace(task, started=start, ended=now, fate=failure, cancelled=False)
        case "CANCELED":
            return replace(task, cancelled=True)
        case "UNKNOWN":
            past = now - year
            return replace(task, submitted=past, started=past, ended=past)
        case _:
            statuses = "PENDING, RUNNING, SUCCEEDED, FAILED, CANCELED or UNKNOWN"
            raise ErrorAnswer(400, "InvalidParameter", f"status must be {statuses}.")


def _record(task: Task, state: TaskState) -> dict[str, Any]:
    return {"status": status_of(state), **task.record()}
