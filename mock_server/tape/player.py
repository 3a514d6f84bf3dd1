"""Answers clients from a cassette, without the service it was recorded from."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from mock_server.faults.wire_faults import ConnectionCut, connection_of, no_linger
from mock_server.tape.answers import AnswerMaker, MadeAnswer
from mock_server.tape.asgi import host_of, may_call, refuse, request_body, target_of
from mock_server.tape.cassette import (
    BadCassette,
    Cassette,
    CassetteEntry,
    TapedAnswer,
    TapedContent,
    TapedRequest,
)
from mock_server.tape.content import BodyTaper
from mock_server.tape.headers import taped_headers
from mock_server.tape.links import address_of, tag_of
from mock_server.tape.matching import TapedDifference, match_key, nearest
from mock_server.tape.secrets import SecretRemover
from mock_server.tape.sessions import ReplaySession, ReplaySessions, Sequences
from mock_server.tls.served_hosts import is_vendors

_MOST_UNMATCHED = 1000
_MOST_KEYS = 20_000
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class UnmatchedRequest:
    """A request that is not on the cassette, and the recorded one that is nearest to it."""

    method: str
    url: str
    nearest: int | None
    differences: tuple[TapedDifference, ...] = ()

    def sentence(self) -> str:
        start = f"{self.method} {self.url} was not recorded"
        if self.nearest is None:
            return f"{start}; the cassette is empty."
        sentences = "; ".join(difference.sentence() for difference in self.differences[:_SHOWN])
        rest = len(self.differences) - _SHOWN
        remainder = f"; and {rest} more" if rest > 0 else ""
        return f"{start}. Nearest is exchange {self.nearest}: {sentences}{remainder}."


class Player:
    """The ASGI application of one replay. With ``once``, no create is answered again."""

    def __init__(self, cassette: Cassette, origin: str, *, once: bool = False) -> None:
        self.cassette = cassette
        self.unmatched: deque[UnmatchedRequest] = deque(maxlen=_MOST_UNMATCHED)
        self.answered = 0
        self._once = once
        self._maker = AnswerMaker(origin, cassette.folder)
        self._sequences = Sequences(cassette)
        self._sessions = ReplaySessions()
        self._taper = BodyTaper(SecretRemover())
        self._keys: dict[tuple[str, str], str] = {}  # of requests without a body

    def rewind(self) -> None:
        """Begin again for every client."""
        self._sessions.forget()
        self.unmatched.clear()
        self.answered = 0

    async def close(self) -> None:
        """Nothing is held that has to be closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if not may_call(scope):
            return await refuse(send, 421, "This replay answers to localhost only.")
        if scope["path"].startswith("/_tape/"):
            return await self._control(scope, send, headers)
        target = target_of(scope)
        session = self._session(target, headers)
        key = self._keys.get((scope["method"], target))
        request = None
        if key is None:
            try:
                request = await self._request(scope, receive, headers)
                key = self._key(request, target)
            except (ClientDisconnect, ValueError, RecursionError):
                return await refuse(send, 413, "The request is too large to be compared.")
        if key not in self._sequences.entries:
            return await self._not_recorded(send, request or TapedRequest(scope["method"], target))
        return await self._replay(scope, receive, send, session, key)

    def _session(self, target: str, headers: Mapping[bytes, bytes]) -> ReplaySession:
        """A client is known by its key, and where it sends none by the link it was given."""
        tag = tag_of(target)
        session = self._sessions.of_tag(tag) if tag else None
        return session or self._sessions.of_key(headers.get(b"authorization", b""))

    async def _request(
        self, scope: Scope, receive: Receive, headers: Mapping[bytes, bytes]
    ) -> TapedRequest:
        """What came, as a cassette has it. Raises ValueError or ClientDisconnect."""
        data = await request_body(scope, receive)
        names = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        if names.get("authorization"):
            self._taper.remover.learn_header(names["authorization"])
        content = await self._taper.form(data, names) if data else TapedContent()
        url = self._taper.remover.text(address_of(target_of(scope))[1])
        header_values = taped_headers(scope["headers"], self._taper.remover)
        return TapedRequest(scope["method"], url, header_values, content)

    def _key(self, request: TapedRequest, target: str) -> str:
        key = match_key(request)
        if request.method == "HEAD" and key not in self._sequences.entries:
            key = match_key(TapedRequest("GET", request.url))
        is_read = request.method in ("GET", "HEAD") and request.content.kind == "nothing"
        if is_read and key in self._sequences.entries:
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            self._keys[request.method, target] = key
        return key

    async def _not_recorded(self, send: Send, request: TapedRequest) -> None:
        candidate = nearest(self.cassette.entries, request)
        number = candidate[0].number if candidate else None
        differences = tuple(candidate[1]) if candidate else ()
        miss = UnmatchedRequest(request.method, request.url, number, differences)
        self.unmatched.append(miss)
        records = [difference.record() for difference in differences[:50]]
        nearest_one = {"exchange": number, "differences": records}
        await refuse(send, 501, miss.sentence(), nearest=nearest_one)

    async def _replay(
        self, scope: Scope, receive: Receive, send: Send, session: ReplaySession, key: str
    ) -> None:
        now = datetime.now(UTC)
        entry = session.next_entry(key, self._sequences, now, once=self._once)
        if entry is None:
            miss = UnmatchedRequest(scope["method"], target_of(scope), None)
            self.unmatched.append(miss)
            return await refuse(send, 501, "The cassette has this request less often.")
        self.answered += 1
        if entry.answer.ending:
            return await _break(scope, receive, entry.answer)
        range_header = dict(scope["headers"]).get(b"range", b"").decode("latin-1")
        try:
            if entry.answer.content.kind in ("file", "omitted"):
                answer = await self._file(entry, key, range_header)
            else:
                answer = self._text(entry, session, by_name=is_vendors(host_of(scope)))
        except (OSError, BadCassette):
            answer = "The folder of the cassette does not have this file."
        if isinstance(answer, str):
            return await refuse(send, 501, answer)
        body = b"" if scope["method"] == "HEAD" else answer.body
        start = {"status": answer.status, "headers": answer.headers}
        await send({"type": "http.response.start", **start})
        return await send({"type": "http.response.body", "body": body, "more_body": False})

    def _text(self, entry: CassetteEntry, session: ReplaySession, *, by_name: bool) -> MadeAnswer:
        """The answer of an exchange; made once for a client. Raises BadCassette or OSError."""
        answer: MadeAnswer | None = session.answers.get((id(entry), by_name))
        if answer is None:
            shift = session.shift_of(entry, datetime.now(UTC))
            maker = replace(self._maker, by_name=by_name)
            answer = session.answers[id(entry), by_name] = maker.text(entry, session.tag, shift)
        return answer

    async def _file(self, entry: CassetteEntry, key: str, range_header: str) -> MadeAnswer | str:
        """A recorded file, or the part of it that ``Range`` asks for."""
        if entry.answer.status == 206:
            entry = self._same_range(entry, key, range_header)
        content = entry.answer.content
        if content.kind != "file":
            why = content.value.get("why", "") if isinstance(content.value, dict) else ""
            return f"The cassette does not have this file: {why}."
        path = self.cassette.folder.file(content.value)
        data = await asyncio.to_thread(path.read_bytes)
        return self._maker.file(entry.answer, data, range_header)

    def _same_range(self, entry: CassetteEntry, key: str, range_header: str) -> CassetteEntry:
        """Of the recorded answers of a link the one that fits a range best."""
        entries = self._sequences.entries[key]
        complete = [candidate for candidate in entries if candidate.answer.status == 200]
        exact = [
            candidate
            for candidate in entries
            if candidate.request.headers.get("range", "") == range_header
        ]
        return next(iter([*exact, *complete]), entry)

    async def _control(self, scope: Scope, send: Send, headers: Mapping[bytes, bytes]) -> None:
        """What tests ask of the replay itself."""
        if b"origin" in headers or headers.get(b"sec-fetch-site", b"none") != b"none":
            return await refuse(send, 404, "Other sites may not call this.")
        if (scope["method"], scope["path"]) == ("POST", "/_tape/rewind"):
            self.rewind()
        elif (scope["method"], scope["path"]) != ("GET", "/_tape/report"):
            return await refuse(send, 404, "There is GET /_tape/report and POST /_tape/rewind.")
        report = {
            "exchanges": len(self.cassette.entries),
            "answered": self.answered,
            "unmatched": [miss.sentence() for miss in self.unmatched],
        }
        body = json.dumps(report, ensure_ascii=False).encode("utf-8", "replace")
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        return await send({"type": "http.response.body", "body": body, "more_body": False})


async def _break(scope: Scope, receive: Receive, answer: TapedAnswer) -> None:
    """End as the recorded connection did, without an answer."""
    wire = connection_of(scope)
    if wire is None:
        raise ConnectionCut("never" if answer.ending == "unseen" else "reset", 0)
    match answer.ending:
        case "reset":
            no_linger(wire)
            wire.abort()
        case "close":
            wire.close()
        case "unseen" | "":
            pass  # the client leaves when it has waited long enough
    while (await receive())["type"] != "http.disconnect":
        pass
