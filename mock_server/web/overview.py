"""What the page shows, as one document: accounts with their money, tasks, requests and faults.

A page that asks with the tag of what it has is answered with the time alone while nothing changed.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from starlette.requests import Request

from mock_server.service.ledger import PAID, TaskCharge, charge_of, exact
from mock_server.service.request_log import LoggedRequest, entry_record
from mock_server.service.service import MockService
from mock_server.service.tasks import TaskLife
from mock_server.web.parameters import account_in
from mock_server.wire.body import encode
from mock_server.wire.errors import ErrorAnswer
from wanx_render.backends.base import status_of
from wanx_render.backends.simulator import Task

_TASKS, _REQUESTS = 200, 60
_REMEMBERED = 50_000


class PageOverview:
    """The document of the page, and the whole of one request."""

    def __init__(self, service: MockService) -> None:
        self._service = service
        self._charges: dict[str, TaskCharge] = {}  # by the id of the task: a charge never changes
        self._made: set[str] = set()  # tasks whose clips are here, and stay

    def read(self, request: Request, _: Any) -> Any:
        account, service = account_in(request), self._service
        lives = service.tasks.all()
        own = [life for life in lives if account in (None, life[0].account)]
        entries = service.request_log.matching(account)
        document = {
            "clock": service.clock.mode,
            "seed": service.options.seed,
            "accounts": self._accounts(lives),
            "tasks": [self._task(*life) for life in own[-_TASKS:]],
            "of": len(own),
            "requests": [_line(entry) for entry in entries[-_REQUESTS:]],
            "faults": faults_in_force(service),
        }
        tag = hashlib.sha256(encode(document)).hexdigest()[:16]
        now = {"now": service.clock.now().isoformat(timespec="milliseconds"), "tag": tag}
        return now if request.query_params.get("have") == tag else {**now, **document}

    def request(self, request: Request, _: Any) -> Any:
        """One entry of the request log, with its body."""
        number = request.path_params["number"]
        for entry in reversed(self._service.request_log.entries):
            if entry.number == number:
                return entry_record(entry)
        raise ErrorAnswer(404, "NotFound", "There is no such request.")

    def _charge(self, task: Task) -> TaskCharge:
        charge = self._charges.get(task.task_id)
        if charge is None:
            if len(self._charges) > _REMEMBERED:
                self._charges.clear()
            charge = self._charges[task.task_id] = charge_of(task, self._service.catalog)
        return charge

    def _accounts(self, lives: Iterable[TaskLife]) -> list[dict[str, Any]]:
        """Accounts by name, each with its money and how far its time is ahead."""
        totals: dict[str, _AccountTotals] = {}
        for task, state in lives:
            total = totals.setdefault(task.account, _AccountTotals())
            total.add(status_of(state), self._charge(task))
        ahead = self._service.clock.ahead
        return [
            {
                "name": name,
                "ahead": ahead[name].total_seconds() if name in ahead else 0,
                **total.record(),
            }
            for name, total in sorted(totals.items())
        ]

    def _task(self, task: Task, state: Any) -> dict[str, Any]:
        request, status, charge = task.request, status_of(state), self._charge(task)
        size = f"{request.size}" if request.size else request.resolution
        return {
            "id": task.task_id,
            "account": task.account,
            "model": request.model,
            "form": " ".join(filter(None, (size, request.ratio))),
            "seconds": request.duration,
            "prompt": request.prompt,
            "status": status,
            "started": task.started.isoformat(timespec="milliseconds"),
            "ended": task.ended.isoformat(timespec="milliseconds"),
            "code": task.fate.code if task.fate and status == "FAILED" else "",
            "amount": exact(charge.amount(status)),
            "currency": charge.currency,
            "price_known": charge.price is not None,
            "pictures": task.results if request.is_picture else 0,
            "made": status == "SUCCEEDED" and self._is_made(task),
        }

    def _is_made(self, task: Task) -> bool:
        if task.task_id not in self._made:
            request = self._service.scenarios.sized(task.request, task.account)
            if self._service.clips.is_made(request.key("emulator")):
                self._made.add(task.task_id)
        return task.task_id in self._made


class _AccountTotals:
    """What one account asked for, and what it is charged."""

    def __init__(self) -> None:
        self._states = {"tasks": 0, "going": 0, "succeeded": 0, "failed": 0}
        self._amounts: dict[str, Decimal] = {}
        self._paid: dict[str, int] = {}

    def add(self, status: str, charge: TaskCharge) -> None:
        names = {"PENDING": "going", "RUNNING": "going", "SUCCEEDED": "succeeded"}
        names["FAILED"] = "failed"
        self._states["tasks"] += 1
        if name := names.get(status):
            self._states[name] += 1
        before = self._amounts.get(charge.currency, Decimal(0))
        self._amounts[charge.currency] = before + charge.amount(status)
        if status in PAID:
            self._paid[charge.key] = self._paid.get(charge.key, 0) + 1

    def record(self) -> dict[str, Any]:
        amounts = {currency: f"{amount:.2f}" for currency, amount in self._amounts.items()}
        repeated = sum(count > 1 for count in self._paid.values())
        return {**self._states, "amounts": amounts, "paid_twice": repeated}


def faults_in_force(service: MockService) -> list[dict[str, Any]]:
    """The fault plan, and how often each of its faults struck."""
    counts: dict[Any, int] = {}
    for (fault, _account), times in service.plan.struck.items():
        counts[fault] = counts.get(fault, 0) + times
    return [{**fault.record(), "struck": counts.get(fault, 0)} for fault in service.plan.faults]


def _line(entry: LoggedRequest) -> dict[str, Any]:
    """An entry of the request log without its body."""
    return {
        "number": entry.number,
        "time": entry.time.isoformat(timespec="milliseconds"),
        "account": entry.account,
        "operation": entry.operation,
        "method": entry.method,
        "path": entry.path,
        "status": entry.status,
        "code": entry.code,
        "fault": entry.fault,
        "task_id": entry.task_id,
        "notes": [asdict(note) for note in entry.notes],
    }
