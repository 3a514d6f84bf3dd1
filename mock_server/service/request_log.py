"""The requests that came in and what was answered, for tests to assert on."""

import hashlib
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from mock_server.wire.notes import RequestNote

_MOST = 20_000
_LONG = 300


@dataclass(frozen=True, slots=True)
class LoggedRequest:
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
    notes: tuple[RequestNote, ...] = ()  # differences from what documents allow


class RequestLog:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self.entries: deque[LoggedRequest] = deque(maxlen=_MOST)
        self.count = 0
        self._start = time.monotonic()

    def wall(self) -> float:
        return round(time.monotonic() - self._start, 4)

    def add(self, entry: LoggedRequest) -> None:
        self.entries.append(entry)

    def number(self) -> int:
        self.count += 1
        return self.count

    def matching(
        self, account: str | None = None, operation: str | None = None
    ) -> list[LoggedRequest]:
        return [
            entry
            for entry in self.entries
            if account in (None, entry.account) and operation in (None, entry.operation)
        ]

    def forget(self, account: str | None = None) -> None:
        rest = [] if account is None else [e for e in self.entries if e.account != account]
        self.entries = deque(rest, maxlen=_MOST)


def entry_record(entry: LoggedRequest) -> dict[str, Any]:
    """An entry of the log as JSON data."""
    return {**asdict(entry), "time": entry.time.isoformat(timespec="milliseconds")}


@lru_cache(1024)
def fingerprint(key: str | None) -> str | None:
    """A secret's hash: it shows which keys are equal, and no more."""
    if not key:
        return None
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:12]


def shorten(value: Any, depth: int = 0) -> Any:
    """A body as the log keeps it: long texts (Base64 pictures) cut, with their length."""
    if isinstance(value, str):
        return value if len(value) <= _LONG else f"{value[:60]}... ({len(value)} characters)"
    if depth >= 6:
        return "..."
    if isinstance(value, Mapping):
        return {str(k)[:60]: shorten(v, depth + 1) for k, v in list(value.items())[:40]}
    if isinstance(value, list):
        return [shorten(v, depth + 1) for v in value[:40]]
    return value
