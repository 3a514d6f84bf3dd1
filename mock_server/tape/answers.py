"""Answers of a replay: with times of now, links that lead to the replay, and files."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mock_server.tape.cassette import CassetteEntry, TapedAnswer, TapeFolder
from mock_server.tape.content import with_pictures
from mock_server.tape.headers import Pairs, byte_pairs
from mock_server.tape.links import is_link, local_link
from mock_server.tape.secrets import IN_QUERY, REMOVED
from mock_server.tape.times import LINK_LIFE, http_date, moved
from mock_server.wire.downloads import byte_range
from mock_server.wire.hosts import is_storage
from wanx_render.clock import CLOCK_HEADER

_NOT_SENT = frozenset((
    "content-length", "content-encoding", "transfer-encoding", "date", "vary", CLOCK_HEADER,
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class MadeAnswer:
    """An answer as it is sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True, slots=True)
class AnswerMaker:
    """Makes answers for clients that reach the replay at ``origin``.

    With ``by_name`` they reach it through the proxy by the names of the vendor's storage too.
    """

    origin: str
    folder: TapeFolder
    by_name: bool = False

    def text(self, entry: CassetteEntry, tag: str, shift: timedelta) -> MadeAnswer:
        """An answer with its times moved by ``shift``; its links have the client's ``tag``."""
        content, now = entry.answer.content, datetime.now(UTC)
        body = b""
        if content.kind == "json":
            value = with_pictures(moved(content.value, shift, now), self.folder)
            value = self._localised(value, tag, now)
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            body = text.encode("utf-8", "replace")
        elif content.kind == "text":
            body = str(content.value).encode("utf-8", "replace")
        # Nothing is worth waiting for: what comes next is on the cassette.
        own = [("date", http_date(now)), (CLOCK_HEADER, "auto")]
        pairs = [*self._headers(entry.answer, tag, now), *own]
        return _made(entry.answer.status, pairs, body)

    def file(self, answer: TapedAnswer, data: bytes, range_header: str) -> MadeAnswer:
        """A file, or the part of it that the header ``Range`` asks for."""
        pairs = self._headers(answer, "", datetime.now(UTC))
        part = byte_range(range_header, len(data))
        if answer.status != 200 or part is None:
            return _made(answer.status, pairs, data)
        start, end = part
        pairs.append(("content-range", f"bytes {start}-{end - 1}/{len(data)}"))
        return _made(206, pairs, data[start:end])

    def _headers(self, answer: TapedAnswer, tag: str, now: datetime) -> Pairs:
        pairs = []
        for name, value in answer.headers.items():
            if name == "location":
                pairs.append((name, self._link(value, tag, now)))
            elif name not in _NOT_SENT and value != REMOVED:
                pairs.append((name, value))
        return pairs

    def _localised(self, value: Any, tag: str, now: datetime, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._localised(item, tag, now, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self._localised(item, tag, now, name) for item in value]
        return self._link(value, tag, now) if is_link(name, value) else value

    def _link(self, address: str, tag: str, now: datetime) -> str:
        """A link that leads here and ends a day from now, as one of the service does."""
        if not address.lower().startswith(("http://", "https://")):
            return address
        until = str(int((now + LINK_LIFE).timestamp()))
        fresh = re.sub(rf"(?i)([?&]Expires=){IN_QUERY}", rf"\g<1>{until}", address)
        host = fresh.partition("://")[2].partition("/")[0]
        if not (self.by_name and is_storage(host.lower())):
            return local_link(self.origin, tag, fresh)
        return re.sub(rf"(?i)([?&]OSSAccessKeyId=){IN_QUERY}", rf"\g<1>replay-{tag}", fresh)


def _made(status: int, pairs: Pairs, body: bytes) -> MadeAnswer:
    if status in (204, 304):  # these have no body
        body = b""
    return MadeAnswer(
        status, [*byte_pairs(pairs), (b"content-length", str(len(body)).encode())], body
    )
