"""Answers spoilt on the wire: cut in the headers or the body, of a wrong length, slow, never.

ASGI cannot express these, so the server hands its connection into the scope (``WIRE``). Without
one (an app called in this process) the same things are raised as ``Cut``.
"""

import asyncio
import socket
from typing import Literal, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mock_server.faults import Fault

WIRE = "wanx.connection"
How = Literal["reset", "close", "never"]


class Connection(Protocol):
    """What is needed of an asyncio transport."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def get_extra_info(self, name: str) -> socket.socket | None: ...


class Cut(Exception):
    """The connection ended as a test asked for, where there is no connection to end."""

    def __init__(self, how: How, sent: int) -> None:
        super().__init__(f"{how} after {sent} bytes")
        self.how, self.sent = how, sent


class CutResponse(Response):
    """The first bytes of an answer, then the end of the connection."""

    def __init__(self, whole: Response | None, keep: str, how: How) -> None:
        super().__init__()
        self.sent = _start_of(whole, keep) if whole else b""
        self.how = how

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        wire: Connection | None = (scope.get("extensions") or {}).get(WIRE)
        if wire is None:
            raise Cut(self.how, len(self.sent))
        if self.sent:
            wire.write(self.sent)
        if self.how == "reset":
            # What is written leaves before the reset; linger 0 makes it a reset and no plain end.
            await asyncio.sleep(0.01)
            no_linger(wire)
            wire.abort()
        elif self.how == "close":
            wire.close()
        while (await receive())["type"] != "http.disconnect":
            pass


def _start_of(whole: Response, keep: str) -> bytes:
    """The bytes of an answer up to the middle of its headers, of its body, or all of it."""
    lines = [f"HTTP/1.1 {whole.status_code} Mock".encode("ascii")]
    lines += [name + b": " + value for name, value in whole.raw_headers]
    head, body = b"\r\n".join(lines) + b"\r\n\r\n", bytes(whole.body)
    match keep:
        case "headers":
            return head[: len(head) // 2]
        case "body":
            return head + body[: len(body) // 2]
        case _:
            return head + body


def no_linger(wire: Connection | asyncio.BaseTransport) -> None:
    """Make the end of a connection a reset."""
    connection = wire.get_extra_info("socket")
    if connection is not None:
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def spoilt(fault: Fault, whole: Response) -> Response:
    """What arrives in place of ``whole``."""
    match fault.effect:
        case "reset" | "close" | "never":
            keep = fault.stage if fault.stage in ("headers", "body") else ""
            return CutResponse(whole if keep else None, keep, fault.effect)
        case "slow":
            return SlowResponse(whole, fault.seconds) if fault.stage == "body" else whole
        case "html":
            return Response(_PORTAL, 200, media_type="text/html")
        case "truncated":
            return _with_body(whole, bytes(whole.body)[: len(whole.body) // 2])
        case "garbage":
            return _with_body(whole, bytes(range(255, 127, -1)))
        case "wrong-length":
            return wrong_length(whole)
        case "redirect":
            return Response(b"", fault.status or 307, {"Location": fault.location})
        case _:
            return whole


_PORTAL = "<!doctype html><title>Sign in</title><p>Please sign in to use this network.</p>"


def _with_body(whole: Response, body: bytes) -> Response:
    kept = {k: v for k, v in whole.headers.items() if k != "content-length"}
    return Response(body, whole.status_code, kept)


def wrong_length(whole: Response) -> Response:
    """An answer that promises more bytes than come."""
    longer = Response(whole.body, whole.status_code, dict(whole.headers))
    longer.headers["content-length"] = str(len(whole.body) + 100)
    return CutResponse(longer, "all", "close")


class SlowResponse(Response):
    """An answer whose body trickles over ``seconds``."""

    PIECES = 10

    def __init__(self, whole: Response, seconds: float) -> None:
        super().__init__(whole.body, whole.status_code, dict(whole.headers))
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
