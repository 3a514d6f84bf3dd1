"""The tests' side door, ``/_mock``: evidence, time, faults, memory; and the live page at ``/``."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_server.basis import RULES
from mock_server.clocks import BadTime
from mock_server.evidence import entry_record, ledger
from mock_server.faults import BadFault, Fault, read_plan
from mock_server.guard import Guard
from mock_server.openapi import description
from mock_server.reading import body_of
from mock_server.service import Service
from mock_server.store import BadState
from mock_server.wire import Problem, encode, status_of
from wanx_render.backends.base import TaskState
from wanx_render.backends.simulator import Fate, Task

_BODY_LIMIT = 256 * 1024 * 1024
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_FILES = {"/": "index.html", "/_mock/page.js": "page.js", "/_mock/page.css": "page.css"}
_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}

Handler = Callable[[Request, Any], Any]


def routes(service: Service, guard: Guard) -> list[Route]:
    """The routes of the admin side."""
    side = _Side(service)

    def route(path: str, **handlers: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            guard.admin(request)
            method = "GET" if request.method == "HEAD" else request.method
            body = await _body(request) if method in ("POST", "PUT") else None
            try:
                answer = handlers[method](request, body)
            except (BadFault, BadTime, BadState) as error:
                raise Problem(400, "InvalidParameter", str(error)) from None
            return Response(encode(answer), 200, {"Cache-Control": "no-store"}, "application/json")

        return Route(path, endpoint, methods=[*handlers])

    def page(path: str, name: str) -> Route:
        text = (resources.files("mock_server") / "page" / name).read_text(encoding="utf-8")

        async def endpoint(request: Request) -> Response:
            guard.admin(request)
            return Response(text, 200, _PAGE_HEADERS, _TYPES[name.rpartition(".")[2]])

        return Route(path, endpoint, methods=["GET"])

    return [
        route("/_mock/health", GET=side.health),
        route("/_mock/ledger", GET=side.ledger),
        route("/_mock/requests", GET=side.requests),
        route("/_mock/clock", GET=side.clock, POST=side.move_clock),
        route("/_mock/faults", GET=side.faults, PUT=side.put_faults, POST=side.add_faults,
              DELETE=side.clear_faults),
        route("/_mock/tasks", GET=side.tasks),
        route("/_mock/tasks/{task_id}", GET=side.task, POST=side.change_task),
        route("/_mock/reset", POST=side.reset),
        route("/_mock/state", GET=side.state, PUT=side.put_state),
        route("/_mock/coverage", GET=side.coverage),
        route("/_mock/openapi.json", GET=side.openapi),
        *(page(path, name) for path, name in _FILES.items()),
    ]  # fmt: skip


async def _body(request: Request) -> Any:
    """The JSON body; None where there is none. Raises Problem."""
    data = await body_of(request, _BODY_LIMIT)
    try:
        return json.loads(data) if data.strip() else None
    except (ValueError, RecursionError):
        raise Problem(400, "InvalidParameter", "The body is not valid JSON.") from None


class _Side:
    """One method per route and verb."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def health(self, _: Request, __: Any) -> Any:
        service = self.service
        return {
            "status": "ok",
            "clock": service.clock.mode,
            "now": service.clock.now().isoformat(),
            "seed": service.options.seed,
            "refuse": service.options.refuse,
            "limits": service.limits,
            "tasks": len(service.tasks()),
        }

    def ledger(self, request: Request, _: Any) -> Any:
        found = self.service.tasks(_account(request))
        told = ledger(found, self.service.catalog)
        limit = _limit(request)
        if limit:
            told["submissions"] = told["submissions"][-limit:]
        return told

    def requests(self, request: Request, _: Any) -> Any:
        operation = request.query_params.get("operation")
        entries = self.service.journal.matching(_account(request), operation)
        limit = _limit(request)
        return {"requests": [entry_record(e) for e in (entries[-limit:] if limit else entries)]}

    def clock(self, request: Request, _: Any) -> Any:
        now = self.service.clock.now(_account(request))
        return {"mode": self.service.clock.mode, "now": now.isoformat()}

    def move_clock(self, request: Request, body: Any) -> Any:
        body = body if isinstance(body, dict) else {}
        account = body.get("account", _account(request))
        if account is not None and not isinstance(account, str):
            raise BadTime("account must be a name")
        if set(body) - {"account"} == {"advance"}:
            self.service.advance(_seconds(body["advance"]), account)
        elif set(body) - {"account"} == {"set"}:
            self.service.set_time(_moment(body["set"]), account)
        else:
            raise BadTime('give {"advance": SECONDS} or {"set": "2026-01-02T03:04:05Z"}')
        now = self.service.clock.now(account)
        return {"mode": self.service.clock.mode, "now": now.isoformat()}

    def faults(self, _: Request, __: Any) -> Any:
        plan = self.service.plan
        struck: dict[Fault, int] = {}
        for (fault, _account), times in plan.struck.items():
            struck[fault] = struck.get(fault, 0) + times
        return {
            "faults": [{**fault.record(), "struck": struck.get(fault, 0)} for fault in plan.faults]
        }

    def put_faults(self, request: Request, body: Any) -> Any:
        self.service.set_faults(read_plan(_without_counts(body)))
        return self.faults(request, None)

    def add_faults(self, request: Request, body: Any) -> Any:
        added = read_plan(_without_counts(body))
        self.service.add_faults(added)
        return self.faults(request, None)

    def clear_faults(self, request: Request, _: Any) -> Any:
        self.service.clear_faults(_account(request))
        return self.faults(request, None)

    def tasks(self, request: Request, _: Any) -> Any:
        found = self.service.tasks(_account(request))
        limit = _limit(request)
        return {"tasks": [_task_record(*each) for each in (found[-limit:] if limit else found)]}

    def task(self, request: Request, _: Any) -> Any:
        return _task_record(*self._found(request))

    def change_task(self, request: Request, body: Any) -> Any:
        """Make a task PENDING, RUNNING, SUCCEEDED, FAILED, CANCELED or UNKNOWN from now on."""
        task, _ = self._found(request)
        body = body if isinstance(body, dict) else {}
        now = self.service.clock.now(task.account)
        code, message = body.get("code", "InternalError.Algo"), body.get("message", "")
        if not isinstance(code, str) or not isinstance(message, str):
            raise Problem(400, "InvalidParameter", "code and message must be strings.")
        changed = _changed(task, now, str(body.get("status")), Fate("fail", code, message))
        self.service.simulator(task.account).put(changed)
        return self.task(request, None)

    def reset(self, request: Request, body: Any) -> Any:
        account = body.get("account") if isinstance(body, dict) else None
        self.service.reset(account if isinstance(account, str) else _account(request))
        return self.health(request, None)

    def state(self, _: Request, __: Any) -> Any:
        return self.service.snapshot()

    def put_state(self, request: Request, body: Any) -> Any:
        if not isinstance(body, dict):
            raise BadState("that is no snapshot of this server")
        self.service.restore(body)
        return self.health(request, None)

    def coverage(self, _: Request, __: Any) -> Any:
        return {"rules": [{"area": r.area, "behaviour": r.behaviour, "basis": r.basis,
                           "source": r.source, "place": r.place} for r in RULES]}  # fmt: skip

    def openapi(self, _: Request, __: Any) -> Any:
        return description()

    def _found(self, request: Request) -> tuple[Task, TaskState]:
        found = self.service.find(request.path_params["task_id"])
        if found is None:
            raise Problem(404, "NotFound", "There is no such task.")
        return found


def _changed(task: Task, now: datetime, status: str, failure: Fate) -> Task:
    """``task`` with another life: in ``status`` now, and for good where that is an end."""
    day = timedelta(days=365)
    match status:
        case "PENDING":
            return replace(task, started=now + day, ended=now + 2 * day, cancelled=False)
        case "RUNNING":
            return replace(task, started=now, ended=now + day, cancelled=False)
        case "SUCCEEDED":
            started = min(task.started, now)
            return replace(task, started=started, ended=now, fate=None, cancelled=False)
        case "FAILED":
            started = min(task.started, now)
            return replace(task, started=started, ended=now, fate=failure, cancelled=False)
        case "CANCELED":
            return replace(task, cancelled=True)
        case "UNKNOWN":
            past = now - day
            return replace(task, submitted=past, started=past, ended=past)
        case _:
            known = "PENDING, RUNNING, SUCCEEDED, FAILED, CANCELED or UNKNOWN"
            raise Problem(400, "InvalidParameter", f"status must be {known}.")


def _task_record(task: Task, state: TaskState) -> dict[str, Any]:
    return {"status": status_of(state), **task.record()}


def _account(request: Request) -> str | None:
    return request.query_params.get("account") or None


def _limit(request: Request) -> int:
    """How many of the newest to tell; 0 for all."""
    text = request.query_params.get("limit", "0")
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise Problem(400, "InvalidParameter", "limit must be a positive number.")
    return int(text)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise BadTime("advance must be a number of seconds")
    return float(min(value, 1e12))


def _moment(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadTime("set must be a time such as 2026-01-02T03:04:05Z") from None


def _without_counts(body: Any) -> Any:
    """What GET told can be sent back."""
    faults = body.get("faults") if isinstance(body, dict) and "faults" in body else body
    if not isinstance(faults, list):
        return faults
    return [
        {k: v for k, v in each.items() if k != "struck"} if isinstance(each, dict) else each
        for each in faults
    ]
