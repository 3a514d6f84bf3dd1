"""Answers spoilt on the wire: cut in the headers or the body, of a wrong length, slow, never.

ASGI cannot express these, so the server hands its connection into the scope (``WIRE``). Without
one (an app called in this process) the same things are raised as ``ConnectionCut``.
"""

import asyncio
import socket
from typing import Literal, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mock_server.faults.fields import FaultFields

WIRE = "wanx.connection"
How = Literal["reset", "close", "never"]
Part = Literal["nothing", "headers", "body", "all"]


class Connection(Protocol):
    """What is needed of an asyncio transport."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def get_extra_info(self, name: str) -> socket.socket | None: ...


def connection_of(scope: Scope) -> Connection | None:
    """The connection a request came by; None where there is none."""
    wire: Connection | None = (scope.get("extensions") or {}).get(WIRE)
    return wire


class ConnectionCut(Exception):
    """The connection ended as a test asked for, where there is no connection to end."""

    def __init__(self, how: How, sent: int) -> None:
        super().__init__(f"{how} after {sent} bytes")
        self.how = how


class CutResponse(Response):
    """The first bytes of an answer, then the end of the connection."""

    def __init__(self, answer: Response, part: Part, how: How) -> None:
        super().__init__()
        self.start = _start_of(answer, part)
        self.how = how

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        wire = connection_of(scope)
        if wire is None:
            raise ConnectionCut(self.how, len(self.start))
        if self.start:
            wire.write(self.start)
        if self.how == "reset":
            # What is written leaves before the reset; linger 0 makes it a reset and no plain end.
            await asyncio.sleep(0.01)
            no_linger(wire)
            wire.abort()
        elif self.how == "close":
            wire.close()
        while (await receive())["type"] != "http.disconnect":
            pass


def _start_of(answer: Response, part: Part) -> bytes:
    """The bytes of an answer up to the middle of its headers, of its body, or all of it."""
    if part == "nothing":
        return b""
    lines = [f"HTTP/1.1 {answer.status_code} Mock".encode("ascii")]
    lines += [name + b": " + value for name, value in answer.raw_headers]
    head, body = b"\r\n".join(lines) + b"\r\n\r\n", bytes(answer.body)
    match part:
        case "headers":
            return head[: len(head) // 2]
        case "body":
            return head + body[: len(body) // 2]
        case "all":
            return head + body


def no_linger(wire: Connection | asyncio.BaseTransport) -> None:
    """Make the end of a connection a reset."""
    connection = wire.get_extra_info("socket")
    if connection is not None:
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def cut(fault: FaultFields, answer: Response, how: How) -> Response:
    """As much of ``answer`` as the fault's stage lets through, then the end."""
    part = fault.stage if fault.stage in ("headers", "body") else "nothing"
    return CutResponse(answer, part, how)


def sign_in_page(_: FaultFields) -> Response:
    """What the portal of a hotel's network answers in the service's place."""
    page = "<!doctype html><title>Sign in</title><p>Please sign in to use this network.</p>"
    return Response(page, 200, media_type="text/html")


def redirect(fault: FaultFields) -> Response:
    return Response(b"", fault.status or 307, {"Location": fault.location})


def truncate(_: FaultFields, answer: Response) -> Response:
    return _with_body(answer, bytes(answer.body)[: len(answer.body) // 2])


def garble(_: FaultFields, answer: Response) -> Response:
    return _with_body(answer, bytes(range(255, 127, -1)))


def promise_more(_: FaultFields, answer: Response) -> Response:
    """An answer that promises more bytes than come."""
    longer = Response(answer.body, answer.status_code, dict(answer.headers))
    longer.headers["content-length"] = str(len(answer.body) + 100)
    return CutResponse(longer, "all", "close")


def _with_body(answer: Response, body: bytes) -> Response:
    headers = {k: v for k, v in answer.headers.items() if k != "content-length"}
    return Response(body, answer.status_code, headers)


class SlowResponse(Response):
    """An answer whose body trickles over ``seconds``."""

    PIECES = 10

    def __init__(self, answer: Response, seconds: float) -> None:
        super().__init__(answer.body, answer.status_code, dict(answer.headers))
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        body = bytes(self.body)
        step = max(len(body) // self.PIECES, 1)
        for at in range(0, len(body), step):
            await asyncio.sleep(self.seconds / self.PIECES)
            piece = body[at : at + step]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
