"""Passes requests on to a service, answers as it answers, and writes both on a cassette.

The client's key goes to the service alone: never to the cassette, and never with a download.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from mock_server.faults.wire_faults import connection_of, no_linger
from mock_server.tape.asgi import (
    host_of,
    may_call,
    refuse,
    reply,
    request_body,
    target_of,
)
from mock_server.tape.cassette import (
    CassetteWriter,
    Ending,
    TapedAnswer,
    TapedContent,
    TapedRequest,
    TapeFolder,
)
from mock_server.tape.content import BodyTaper, omitted
from mock_server.tape.headers import (
    Pairs,
    byte_pairs,
    learn_from_headers,
    passed_on,
    taped_headers,
)
from mock_server.tape.links import KnownLinks, address_of, rewritten
from mock_server.tape.secrets import SecretRemover
from mock_server.tls.served_hosts import is_vendors
from mock_server.web.guard import is_loopback
from mock_server.wire.hosts import is_storage

_LARGEST_ANSWER = 2 * 1024 * 1024  # of text: more is passed on, but not looked at
_CLIENTS = 16
_CODINGS = ("gzip", "deflate")
_END_SECONDS = 5.0  # until the end of a connection is known
_AFTER_CLIENT_LEFT = 120.0  # seconds that an answer nobody waits for is given
_UNREACHABLE = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.InvalidURL,
    httpx.UnsupportedProtocol,
)  # fmt: skip
_TEXTS = ("json", "xml", "text/", "javascript")
log = logging.getLogger("wanx.mock")


@dataclass(frozen=True, slots=True)
class TapedCall:
    """A request on its way: as it came, as it goes on, and when it came."""

    scope: Scope
    send: Send
    request: httpx.Request
    is_link: bool
    began: float


class Recorder:
    """The ASGI application of one recording."""

    def __init__(self, to: str, origin: str, tape: CassetteWriter, folder: TapeFolder) -> None:
        parts = urlsplit(to)
        self._service = f"{parts.scheme}://{parts.netloc}"
        self._tape = tape
        self._links = KnownLinks(origin)
        self._remover = SecretRemover()
        self._taper = BodyTaper(self._remover, folder)
        self._largest = folder.largest
        self._clients = clients_for(parts.hostname or "")

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not may_call(scope):
            return await refuse(send, 421, "This recorder answers to localhost only.")
        target = address_of(target_of(scope))[1]
        is_link = "://" in target
        address = self._links.whole(target) if is_link else self._service + target
        if address is None or target.startswith("/_mock"):
            return await refuse(send, 404, "No recorded answer has this address.")
        try:
            body = await request_body(scope, receive)
        except (ClientDisconnect, ValueError):
            return await refuse(send, 413, "The request is too large to be recorded.")
        call = self._call(scope, send, address, body)
        departure = asyncio.create_task(_until_gone(receive))
        try:
            await self._pass_on(call, departure)
        finally:
            departure.cancel()

    def _call(self, scope: Scope, send: Send, address: str, body: bytes) -> TapedCall:
        is_link = "://" in address_of(target_of(scope))[1]
        without = ("host", "content-length", *(("authorization", "cookie") if is_link else ()))
        learn_from_headers(scope["headers"], self._remover)
        self._remover.learn_pairs(scope["query_string"].decode("latin-1"))
        headers = [
            (name, _readable(value) if name.lower() == "accept-encoding" else value)
            for name, value in passed_on(scope["headers"], *without)
        ]
        request = httpx.Request(scope["method"], address, headers=headers, content=body or None)
        return TapedCall(scope, send, request, is_link, time.monotonic())

    async def _pass_on(self, call: TapedCall, departure: "asyncio.Task[None]") -> None:
        """Send the request on, and its answer back. What breaks there breaks here."""
        port = (call.scope.get("client") or ("", 0))[1]
        client = self._clients[port % len(self._clients)]
        asking = asyncio.create_task(client.send(call.request, stream=True))
        try:
            await asyncio.wait({asking, departure}, return_when=asyncio.FIRST_COMPLETED)
            async with asyncio.timeout(_AFTER_CLIENT_LEFT if departure.done() else None):
                answer = await asking
        except _UNREACHABLE as error:
            log.warning("cannot reach %s: %s", call.request.url.host, error)
            return await refuse(call.send, 502, "The recorder cannot reach the service.")
        except (httpx.HTTPError, TimeoutError) as error:
            return await self._lost(call, error, TapedAnswer(0), departure)
        except asyncio.CancelledError:  # the recording ends
            asking.cancel()
            await self._record(call, TapedAnswer(0, ending="unseen"))
            raise
        return await self._pass_back(call, answer, departure)

    async def _pass_back(
        self, call: TapedCall, answer: httpx.Response, departure: "asyncio.Task[None]"
    ) -> None:
        try:
            await self._answer(call, answer, departure)
        except httpx.HTTPError as error:
            headers = taped_headers(answer.headers.raw, self._remover)
            cut = omitted("the connection ended within it", answer.num_bytes_downloaded)
            await self._lost(call, error, TapedAnswer(answer.status_code, headers, cut), departure)
        finally:
            await answer.aclose()

    async def _lost(
        self,
        call: TapedCall,
        error: Exception,
        answer: TapedAnswer,
        departure: "asyncio.Task[None]",
    ) -> None:
        ending: Ending = "close" if isinstance(error, httpx.RemoteProtocolError) else "reset"
        final = TapedAnswer(answer.status, answer.headers, answer.content, ending)
        await self._record(call, final)
        wire = connection_of(call.scope)
        if wire is None:
            raise error
        if ending == "reset":
            no_linger(wire)
        wire.abort()
        await asyncio.wait({departure}, timeout=_END_SECONDS)

    async def _answer(
        self, call: TapedCall, answer: httpx.Response, departure: "asyncio.Task[None]"
    ) -> None:
        if not _is_readable(answer):
            return await self._flow(call, answer, answer.aiter_raw(), departure, largest=0)
        kind = answer.headers.get("content-type", "").lower()
        is_text = any(text in kind for text in _TEXTS) or not kind
        if not is_text or call.request.method == "HEAD":
            is_coded = "content-encoding" in answer.headers
            coming = answer.aiter_bytes() if is_coded else answer.aiter_raw()
            return await self._flow(call, answer, coming, departure, largest=self._largest)
        pieces, size, rest = [], 0, answer.aiter_bytes()
        async for piece in rest:
            pieces.append(piece)
            size += len(piece)
            if size > _LARGEST_ANSWER:
                return await self._flow(call, answer, _chained(pieces, rest), departure, largest=0)
        return await self._send_text(call, answer, b"".join(pieces), departure)

    async def _send_text(
        self, call: TapedCall, answer: httpx.Response, body: bytes, departure: "asyncio.Task[None]"
    ) -> None:
        """An answer that can hold links: they lead through the recorder."""
        learn_from_headers(answer.headers.raw, self._remover)
        kind = answer.headers.get("content-type", "")
        content = self._taped(body, kind)
        await self._record(call, self._taped_answer(answer, content, departure))
        if "json" in kind.lower():
            body = rewritten(body, self._link_for(call.scope))
        headers = self._headers(call, answer, "content-length", "content-encoding")
        await reply(call.send, answer.status_code, headers, body)

    async def _flow(
        self, call: TapedCall, answer: httpx.Response, pieces: AsyncIterator[bytes],
        departure: "asyncio.Task[None]", *, largest: int,
    ) -> None:  # fmt: skip
        """A body as it comes; the cassette has it, up to ``largest`` bytes, once it is whole."""
        is_decoded = "content-encoding" in answer.headers and _is_readable(answer)
        encoding_names = ("content-length", "content-encoding") if is_decoded else ()
        start = {"status": answer.status_code,
                 "headers": byte_pairs(self._headers(call, answer, *encoding_names))}  # fmt: skip
        await call.send({"type": "http.response.start", **start})
        buffer, size = [], 0
        async for piece in pieces:
            size += len(piece)
            buffer.append(piece)
            if size > largest:
                buffer.clear()
            if departure.done():
                break
            await call.send({"type": "http.response.body", "body": piece, "more_body": True})
        if departure.done() and str(size) != answer.headers.get("content-length"):
            content = omitted("the client left", size)
        elif size > largest:
            why = "it is too large" if _is_readable(answer) else "it cannot be read"
            content = omitted(why, size)
        else:
            content = self._kept(b"".join(buffer))
        await self._record(call, self._taped_answer(answer, content, departure))
        await call.send({"type": "http.response.body", "body": b"", "more_body": False})

    def _link_for(self, scope: Scope) -> Callable[[str], str]:
        """How a client that calls so reaches a link: by its own name, where the proxy is that."""
        by_name = is_vendors(host_of(scope))

        def link(address: str) -> str:
            if by_name and is_storage(address.partition("://")[2].partition("/")[0].lower()):
                return self._links.learn(address)
            return self._links.localised(address)

        return link

    def _headers(self, call: TapedCall, answer: httpx.Response, *without: str) -> Pairs:
        """The headers of an answer, for the client; a redirect leads through the recorder."""
        pairs, link = passed_on(answer.headers.raw, *without), self._link_for(call.scope)
        return [
            (name, link(value) if _is_redirect(name, value) else value) for name, value in pairs
        ]

    def _taped_answer(
        self, answer: httpx.Response, content: TapedContent, departure: "asyncio.Task[None]"
    ) -> TapedAnswer:
        headers = taped_headers(answer.headers.raw, self._remover)
        return TapedAnswer(
            answer.status_code, headers, content, "unseen" if departure.done() else ""
        )

    def _taped(self, body: bytes, kind: str) -> TapedContent:
        try:
            return self._taper.content(body, kind)
        except OSError as error:
            return _not_kept(error, len(body))

    def _kept(self, data: bytes) -> TapedContent:
        try:
            return self._taper.file(data)
        except OSError as error:
            return _not_kept(error, len(data))

    async def _record(self, call: TapedCall, answer: TapedAnswer) -> None:
        """Write an exchange. A cassette that cannot be written costs no client its answer."""
        scope, seconds = call.scope, time.monotonic() - call.began
        try:
            content = await self._taper.form(call.request.content, call.request.headers)
            url = self._remover.text(address_of(target_of(scope))[1])
            headers = taped_headers(scope["headers"], self._remover)
            request = TapedRequest(scope["method"], url, headers, content)
            self._tape.add(request, answer, datetime.now(UTC), seconds)
        except OSError as error:
            log.error("the cassette cannot be written: %s", error.strerror)


def clients_for(host: str) -> list[httpx.AsyncClient]:
    """Clients that wait as long as their own client does, and change nothing by themselves.

    They share the work, since each looks at all of its connections at every request.
    """
    trusts = not is_loopback(host)
    context = httpx.create_ssl_context(trust_env=trusts)
    timeout = httpx.Timeout(None, connect=30.0)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=16)
    return [
        httpx.AsyncClient(
            timeout=timeout, limits=limits, verify=context, trust_env=trusts,
            follow_redirects=False,
        )
        for _ in range(_CLIENTS)
    ]  # fmt: skip


async def _until_gone(receive: Receive) -> None:
    with contextlib.suppress(Exception):
        while (await receive())["type"] != "http.disconnect":
            pass


async def _chained(pieces: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    async for piece in rest:
        yield piece


def _is_redirect(name: str, value: str) -> bool:
    return name.lower() == "location" and value.lower().startswith(("http://", "https://"))


def _readable(accepted: str) -> str:
    """Of the content encodings that a client accepts those that the recorder can read."""
    names = (part.partition(";")[0].strip().lower() for part in accepted.split(","))
    return ", ".join(name for name in names if name in _CODINGS) or "identity"


def _is_readable(answer: httpx.Response) -> bool:
    return answer.headers.get("content-encoding", "identity").lower() in (*_CODINGS, "identity")


def _not_kept(error: OSError, size: int) -> TapedContent:
    log.error("a file of the cassette cannot be written: %s", error.strerror)
    return omitted("it could not be written", size)
