"""The emulator without a socket: an httpx transport; the wire's faults are httpx's errors.

Answers stream: what comes slowly or without end comes so here too.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
from starlette.types import ASGIApp, Message

from mock_server.faults.wire_faults import ConnectionCut
from mock_server.web.app import Emulator

_AHEAD = 8  # messages that wait to be read, before the application waits too


class Transport(httpx.AsyncBaseTransport):
    """``httpx.AsyncClient(transport=Transport(emulator), base_url="http://127.0.0.1")``."""

    def __init__(self, emulator: Emulator) -> None:
        self._app = emulator.asgi

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.ReadTimeout, ReadError or RemoteProtocolError where a fault cuts."""
        exchange = _Exchange(self._app, request, await request.aread())
        try:
            return await exchange.answer()
        except ConnectionCut as cut:
            raise _error(cut, request) from None


class _Exchange:
    """One request and its answer; the application runs while the answer is read."""

    def __init__(self, app: ASGIApp, request: httpx.Request, body: bytes) -> None:
        self._body: bytes | None = body
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._read = asyncio.Event()
        self._disconnected = asyncio.Event()
        self._work = asyncio.create_task(self._run(app(_scope(request), self._receive, self._send)))

    async def _run(self, work: Any) -> None:
        try:
            await work
        finally:
            self._messages.put_nowait({"type": "end"})

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self._messages.put_nowait(message)
        while self._messages.qsize() > _AHEAD and not self._disconnected.is_set():
            self._read.clear()
            await self._read.wait()

    async def _next(self) -> Message:
        message = await self._messages.get()
        self._read.set()
        if self._work.done():
            self._work.result()  # raises what the application raised, also after an answer to it
        return message

    async def answer(self) -> httpx.Response:
        try:
            start = await self._next()
        except BaseException:
            self.close()
            raise
        stream = _Stream(self)
        return httpx.Response(start["status"], headers=start["headers"], stream=stream)

    async def pieces(self) -> AsyncIterator[bytes]:
        while (message := await self._next())["type"] != "end":
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body"):
                return

    def close(self) -> None:
        self._disconnected.set()
        self._read.set()
        self._work.cancel()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._exchange.pieces()

    async def aclose(self) -> None:
        self._exchange.close()


def _scope(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 0),
        "root_path": "",
    }


def _error(cut: ConnectionCut, request: httpx.Request) -> httpx.TransportError:
    if cut.how == "never":
        return httpx.ReadTimeout("no answer came", request=request)
    if cut.how == "reset":
        return httpx.ReadError("the connection was reset", request=request)
    return httpx.RemoteProtocolError("the connection was closed early", request=request)
