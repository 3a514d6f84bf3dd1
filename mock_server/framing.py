"""True answers in another frame: chunked, compressed, without an end, far too slowly.

What has no end by itself ends after a fault's ``megabytes``, so that nothing pours for ever.
"""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mock_server.cutting import WIRE, Connection, Cut
from mock_server.faults import Fault

_PIECE = 64 * 1024
_MEGABYTE = 1024 * 1024
_PROMISED = 10 * 1024 * _MEGABYTE
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def framed(fault: Fault, whole: Response) -> Response:
    """``whole`` as a fault with one of ``FRAMINGS`` sends it."""
    match fault.effect:
        case "gzip":
            return _encoded(whole, gzip.compress(bytes(whole.body), 6))
        case "bomb":
            return _encoded(whole, _bomb(bytes(whole.body), fault.megabytes))
        case "trickle":
            return Poured(whole, _trickle(bytes(whole.body), fault.seconds), "")
        case "endless":
            return Poured(whole, _endless(bytes(whole.body), fault.megabytes), "")
        case "promised":
            pieces = _endless(bytes(whole.body), fault.megabytes)
            return Poured(whole, pieces, str(_PROMISED))
        case "continue":
            return Continued(fault.megabytes)
        case _:
            return Poured(whole, _pieces(bytes(whole.body)), "")


def _encoded(whole: Response, body: bytes) -> Response:
    left_out = ("content-length", "content-md5")
    headers = {name: text for name, text in whole.headers.items() if name not in left_out}
    return Response(body, whole.status_code, {**headers, "content-encoding": "gzip"})


def _bomb(body: bytes, megabytes: int) -> bytes:
    """A gzip of blanks before ``body``: JSON stays JSON, in a thousandth of the bytes."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    blanks = b" " * _MEGABYTE
    pieces = [squeeze.compress(blanks) for _ in range(megabytes)]
    return b"".join((*pieces, squeeze.compress(body), squeeze.flush()))


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


async def _trickle(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    for number in range(len(body)):
        await asyncio.sleep(seconds)
        yield body[number : number + 1]


async def _endless(body: bytes, megabytes: int) -> AsyncIterator[bytes]:
    """``body``, left open where it is JSON, and ever more of the same."""
    start = body[:-1] + b',"more":"' if body[:1] == b"{" and body[-1:] == b"}" else body
    yield start
    more = b"x" * _PIECE if start is not body else bytes(_PIECE)
    for _ in range(megabytes * _MEGABYTE // _PIECE):
        await asyncio.sleep(0)
        yield more


class Poured(Response):
    """An answer that comes in pieces, ``promised`` bytes long or chunked."""

    def __init__(self, whole: Response, pieces: AsyncIterator[bytes], promised: str) -> None:
        super().__init__(b"", whole.status_code, dict(whole.headers))
        self.pieces = pieces
        for name in ("content-length", "content-md5"):
            if name in self.headers:
                del self.headers[name]
        if promised:
            self.headers["content-length"] = promised

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_gone(receive))
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        try:
            async for piece in self.pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if gone.done():
                    return
            wire: Connection | None = (scope.get("extensions") or {}).get(WIRE)
            if wire is not None and "content-length" in self.headers:
                wire.close()  # fewer bytes than promised
                await gone
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()


async def _gone(receive: Receive) -> None:
    """Returns once the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


class Continued(Response):
    """``100 Continue``, again and again, and never an answer."""

    def __init__(self, megabytes: int) -> None:
        super().__init__()
        self.times = megabytes * _MEGABYTE // len(_CONTINUE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        wire: Connection | None = (scope.get("extensions") or {}).get(WIRE)
        if wire is None:
            raise Cut("never", 0)
        gone = asyncio.create_task(_gone(receive))
        for _ in range(self.times // 100):
            wire.write(_CONTINUE * 100)
            await asyncio.sleep(0.001)
            if gone.done():
                return
        wire.close()
        await gone
