"""The tests' side door, ``/_mock``: routes of the admin side, and what they take and answer."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_server.faults.reading import BadFault, read_plan
from mock_server.scenarios.reading import BadScenario, read_scenarios
from mock_server.service import snapshots
from mock_server.service.clocks import BadTime
from mock_server.service.ledger import ledger
from mock_server.service.request_log import entry_record
from mock_server.service.service import MockService
from mock_server.service.store import BadState
from mock_server.web.admin_tasks import TaskAdmin
from mock_server.web.guard import AccessGuard
from mock_server.web.overview import PageOverview, faults_in_force
from mock_server.web.page_files import page_routes
from mock_server.web.parameters import account_in, newest
from mock_server.web.request_body import body_of
from mock_server.wire.body import encode
from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.openapi import description
from mock_server.wire.provenance import RULES
from wanx_render.language import tr

_BODY_LIMIT = 256 * 1024 * 1024

Handler = Callable[[Request, Any], Any]


def routes(service: MockService, guard: AccessGuard) -> list[Route]:
    """The routes of the admin side, and of the page."""
    clock, faults, tasks = _ClockAdmin(service), _FaultAdmin(service), TaskAdmin(service)
    state, log, overview = _StateAdmin(service), _LogAdmin(service), PageOverview(service)
    scenarios = _ScenarioAdmin(service)
    handlers: dict[str, dict[str, Handler]] = {
        "health": {"GET": state.health},
        "ledger": {"GET": log.ledger},
        "requests": {"GET": log.requests},
        "requests/{number:int}": {"GET": overview.request},
        "overview": {"GET": overview.read},
        "clock": {"GET": clock.read, "POST": clock.move},
        "faults": {
            "GET": faults.read, "PUT": faults.replace, "POST": faults.add, "DELETE": faults.clear,
        },
        "webhooks": {"GET": lambda *_: service.notices.record()},
        "scenarios": {"GET": scenarios.read, "PUT": scenarios.replace},
        "tasks": {"GET": tasks.read_all},
        "tasks/{task_id}": {"GET": tasks.read, "POST": tasks.change},
        "reset": {"POST": state.reset},
        "state": {"GET": state.read, "PUT": state.replace},
        "coverage": {"GET": _coverage},
        "openapi.json": {"GET": lambda *_: description(service.catalog.forms)},
    }  # fmt: skip
    return [
        *(_route(f"/_mock/{path}", methods, guard) for path, methods in handlers.items()),
        *page_routes(service, guard),
    ]


def _route(path: str, handlers: dict[str, Handler], guard: AccessGuard) -> Route:
    async def endpoint(request: Request) -> Response:
        guard.check_admin(request)
        method = "GET" if request.method == "HEAD" else request.method
        body = await _body(request) if method in ("POST", "PUT") else None
        try:
            answer = handlers[method](request, body)
        except (BadFault, BadScenario, BadTime, BadState) as error:
            raise ErrorAnswer(400, "InvalidParameter", str(error)) from None
        return Response(encode(answer), 200, {"Cache-Control": "no-store"}, "application/json")

    return Route(path, endpoint, methods=[*handlers])


async def _body(request: Request) -> Any:
    """The JSON body; None where there is none. Raises ErrorAnswer."""
    data = await body_of(request, _BODY_LIMIT)
    try:
        return json.loads(data) if data.strip() else None
    except (ValueError, RecursionError):
        raise ErrorAnswer(400, "InvalidParameter", "The body is not valid JSON.") from None


def _coverage(_: Request, __: Any) -> Any:
    return {"rules": [asdict(rule) for rule in RULES]}


class _StateAdmin:
    """Health, snapshots, and forgetting."""

    def __init__(self, service: MockService) -> None:
        self._service = service

    def health(self, _: Request, __: Any) -> Any:
        service = self._service
        return {
            "status": "ok",
            "clock": service.clock.mode,
            "now": service.clock.now().isoformat(),
            "seed": service.options.seed,
            "refuse": service.options.refuse,
            "checks": service.options.checks,
            "errors": service.options.errors,
            "limits": service.call_limits.enabled,
            "tasks": len(service.tasks.all()),
        }

    def reset(self, request: Request, body: Any) -> Any:
        account = body.get("account") if isinstance(body, dict) else None
        self._service.reset(account if isinstance(account, str) else account_in(request))
        return self.health(request, None)

    def read(self, _: Request, __: Any) -> Any:
        return snapshots.snapshot(self._service)

    def replace(self, request: Request, body: Any) -> Any:
        if not isinstance(body, dict):
            raise BadState(tr("not a snapshot of this server"))
        snapshots.restore(self._service, body)
        return self.health(request, None)


class _LogAdmin:
    """What happened: requests and charges."""

    def __init__(self, service: MockService) -> None:
        self._service = service

    def ledger(self, request: Request, _: Any) -> Any:
        lives = self._service.tasks.all(account_in(request))
        document = ledger(lives, self._service.catalog)
        document["submissions"] = newest(request, document["submissions"])
        return document

    def requests(self, request: Request, _: Any) -> Any:
        operation = request.query_params.get("operation")
        entries = self._service.request_log.matching(account_in(request), operation)
        return {"requests": [entry_record(entry) for entry in newest(request, entries)]}


class _ClockAdmin:
    """The time, for all or for one account."""

    def __init__(self, service: MockService) -> None:
        self._service = service

    def read(self, request: Request, _: Any) -> Any:
        return self._time(account_in(request))

    def move(self, request: Request, body: Any) -> Any:
        body = body if isinstance(body, dict) else {}
        account = body.get("account", account_in(request))
        if account is not None and not isinstance(account, str):
            raise BadTime(tr("account must be a name"))
        if set(body) - {"account"} == {"advance"}:
            self._service.advance(_seconds(body["advance"]), account)
        elif set(body) - {"account"} == {"set"}:
            self._service.set_time(_moment(body["set"]), account)
        else:
            raise BadTime(
                tr(
                    "expected {first} or {second}",
                    first='{"advance": SECONDS}',
                    second='{"set": "2026-01-02T03:04:05Z"}',
                )
            )
        return self._time(account)

    def _time(self, account: str | None) -> Any:
        clock = self._service.clock
        return {"mode": clock.mode, "now": clock.now(account).isoformat()}


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise BadTime(tr("advance must be a number of seconds"))
    return float(min(value, 1e12))


def _moment(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadTime(tr("set must be a time such as 2026-01-02T03:04:05Z")) from None


class _ScenarioAdmin:
    """What becomes of which tasks that are accepted from now on."""

    def __init__(self, service: MockService) -> None:
        self._service = service

    def read(self, _: Request, __: Any) -> Any:
        scenarios = self._service.scenarios.scenarios
        return {"scenarios": [scenario.record() for scenario in scenarios]}

    def replace(self, request: Request, body: Any) -> Any:
        self._service.scenarios.scenarios = read_scenarios(body)
        return self.read(request, None)


class _FaultAdmin:
    """The fault plan."""

    def __init__(self, service: MockService) -> None:
        self._service = service

    def read(self, _: Request, __: Any) -> Any:
        return {"faults": faults_in_force(self._service)}

    def replace(self, request: Request, body: Any) -> Any:
        self._service.set_faults(read_plan(_without_counts(body)))
        return self.read(request, None)

    def add(self, request: Request, body: Any) -> Any:
        """Faults behind the others; of the ``account`` of the query where they name none."""
        faults, account = read_plan(_without_counts(body)), account_in(request)
        if account is not None:
            faults = tuple(fault.for_account(account) for fault in faults)
        self._service.add_faults(faults)
        return self.read(request, None)

    def clear(self, request: Request, _: Any) -> Any:
        """All faults, those of an ``account``, or the one at ``place`` of the list, from 0."""
        place = request.query_params.get("place")
        if place is None:
            self._service.clear_faults(account_in(request))
        else:
            self._service.remove_fault(_place(place, len(self._service.plan.faults)))
        return self.read(request, None)


def _place(text: str, count: int) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or int(text) >= count:
        raise ErrorAnswer(404, "NotFound", "There is no such fault.")
    return int(text)


def _without_counts(body: Any) -> Any:
    """What GET answers can be sent back."""
    faults = body.get("faults") if isinstance(body, dict) and "faults" in body else body
    if not isinstance(faults, list):
        return faults
    return [
        {k: v for k, v in item.items() if k != "struck"} if isinstance(item, dict) else item
        for item in faults
    ]
