"""What happened, for tests to assert on: the journal of requests, and the ledger of charges."""

import hashlib
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from mock_server.basis import OFFICIAL, rests_on
from mock_server.wire import status_of
from wanx_render.backends.base import TaskState
from wanx_render.backends.simulator import Task
from wanx_render.catalog.capabilities import Catalog

_KEPT = 20_000
_LONG = 300


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that came in, and what was answered."""

    number: int
    time: datetime  # of the service's clock
    wall: float  # seconds since the server started, by the machine's clock
    account: str | None
    operation: str
    method: str
    path: str
    key: str | None  # a hash of the API key that was sent; the key itself is never kept
    status: int
    code: str | None
    fault: str | None
    task_id: str | None
    prompt: str | None
    body: Any


class Journal:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=_KEPT)
        self.count = 0
        self._start = time.monotonic()

    def wall(self) -> float:
        return round(time.monotonic() - self._start, 4)

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def number(self) -> int:
        self.count += 1
        return self.count

    def matching(self, account: str | None = None, operation: str | None = None) -> list[Entry]:
        return [
            entry
            for entry in self.entries
            if account in (None, entry.account) and operation in (None, entry.operation)
        ]

    def forget(self, account: str | None = None) -> None:
        kept = [] if account is None else [e for e in self.entries if e.account != account]
        self.entries = deque(kept, maxlen=_KEPT)


def entry_record(entry: Entry) -> dict[str, Any]:
    """A journal's entry as JSON data."""
    return {**asdict(entry), "time": _iso(entry.time)}


@lru_cache(1024)
def fingerprint(key: str | None) -> str | None:
    """A secret's hash: equal keys can be told to be equal, and no more."""
    if not key:
        return None
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:12]


def shortened(value: Any, depth: int = 0) -> Any:
    """A body as the journal keeps it: long texts (Base64 pictures) cut, their length told."""
    if isinstance(value, str):
        return value if len(value) <= _LONG else f"{value[:60]}... ({len(value)} characters)"
    if depth >= 6:
        return "..."
    if isinstance(value, Mapping):
        return {str(k)[:60]: shortened(v, depth + 1) for k, v in list(value.items())[:40]}
    if isinstance(value, list):
        return [shortened(v, depth + 1) for v in value[:40]]
    return value


@rests_on("official text", OFFICIAL, "Only tasks that succeed are charged, by second and tier")
def ledger(tasks: Iterable[tuple[Task, TaskState]], catalog: Catalog) -> dict[str, Any]:
    """Every accepted submission and what it was charged; money as exact decimal text."""
    rows, totals = [], dict[str, Decimal]()
    succeeded = 0
    for task, state in tasks:
        asked, status = task.request, status_of(state)
        found = catalog.price_per_second(
            asked.model, asked.region, asked.resolution, silent=asked.sound == "silent"
        )
        currency = catalog.service.regions[asked.region].currency
        amount = Decimal(0)
        if status == "SUCCEEDED":
            succeeded += 1
            amount = found[0] * asked.duration if found else amount
        totals[currency] = totals.get(currency, Decimal(0)) + amount
        rows.append(
            {
                "account": task.account,
                "task_id": task.task_id,
                "model": catalog.models[asked.model].region_names.value[asked.region],
                "prompt": asked.prompt,
                "seed": asked.seed,
                "status": status,
                "amount": f"{amount:.4f}".rstrip("0").rstrip(".") if amount else "0",
                "currency": currency,
                "price_known": found is not None,
                "submitted": _iso(task.submitted),
                "request": asked.key("emulator")[:16],
            }
        )
    amounts = {currency: f"{amount:.2f}" for currency, amount in totals.items()}
    told = {"submissions": len(rows), "succeeded": succeeded, "amounts": amounts}
    return {"submissions": rows, "totals": told}


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
