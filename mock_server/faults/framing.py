"""True answers in another frame: chunked, compressed, without an end, far too slowly.

What has no end of its own ends after a fault's ``megabytes``, so that nothing runs for ever.
"""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mock_server.faults.fields import FaultFields
from mock_server.faults.wire_faults import ConnectionCut, connection_of

_PIECE = 64 * 1024
_MEGABYTE = 1024 * 1024
_PROMISED = 10 * 1024 * _MEGABYTE
_LENGTHS = ("content-length", "content-md5")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def compress(_: FaultFields, answer: Response) -> Response:
    return _as_gzip(answer, gzip.compress(bytes(answer.body), 6))


def bomb(fault: FaultFields, answer: Response) -> Response:
    return _as_gzip(answer, _after_blanks(bytes(answer.body), fault.megabytes))


def chunk(_: FaultFields, answer: Response) -> Response:
    return StreamedResponse(answer, _pieces(bytes(answer.body)))


def trickle(fault: FaultFields, answer: Response) -> Response:
    return StreamedResponse(answer, _bytewise(bytes(answer.body), fault.seconds))


def pour(fault: FaultFields, answer: Response) -> Response:
    return StreamedResponse(answer, _endless(bytes(answer.body), fault.megabytes))


def promise(fault: FaultFields, answer: Response) -> Response:
    pieces = _endless(bytes(answer.body), fault.megabytes)
    return StreamedResponse(answer, pieces, content_length=str(_PROMISED))


def only_continue(fault: FaultFields, _: Response) -> Response:
    return ContinueResponse(fault.megabytes)


def _as_gzip(answer: Response, body: bytes) -> Response:
    headers = {name: text for name, text in answer.headers.items() if name not in _LENGTHS}
    return Response(body, answer.status_code, {**headers, "content-encoding": "gzip"})


def _after_blanks(body: bytes, megabytes: int) -> bytes:
    """A gzip of blanks before ``body``: JSON stays JSON, in a thousandth of the bytes."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    blanks = b" " * _MEGABYTE
    pieces = [squeeze.compress(blanks) for _ in range(megabytes)]
    return b"".join((*pieces, squeeze.compress(body), squeeze.flush()))


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


async def _bytewise(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    for number in range(len(body)):
        await asyncio.sleep(seconds)
        yield body[number : number + 1]


async def _endless(body: bytes, megabytes: int) -> AsyncIterator[bytes]:
    """``body``, left open where it is JSON, and ever more of the same."""
    start = body[:-1] + b',"more":"' if body[:1] == b"{" and body[-1:] == b"}" else body
    yield start
    filler = b"x" * _PIECE if start is not body else bytes(_PIECE)
    for _ in range(megabytes * _MEGABYTE // _PIECE):
        await asyncio.sleep(0)
        yield filler


class StreamedResponse(Response):
    """An answer that comes in pieces, with a ``content_length`` or chunked."""

    def __init__(
        self, answer: Response, pieces: AsyncIterator[bytes], *, content_length: str = ""
    ) -> None:
        super().__init__(b"", answer.status_code, dict(answer.headers))
        self.pieces = pieces
        for name in _LENGTHS:
            if name in self.headers:
                del self.headers[name]
        if content_length:
            self.headers["content-length"] = content_length

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        disconnect = asyncio.create_task(_disconnect(receive))
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        try:
            async for piece in self.pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if disconnect.done():
                    return
            wire = connection_of(scope)
            if wire is not None and "content-length" in self.headers:
                wire.close()  # fewer bytes than promised
                await disconnect
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            disconnect.cancel()


async def _disconnect(receive: Receive) -> None:
    """Returns once the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class ContinueResponse(Response):
    """``100 Continue``, again and again, and never an answer."""

    def __init__(self, megabytes: int) -> None:
        super().__init__()
        self.times = megabytes * _MEGABYTE // len(_CONTINUE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        wire = connection_of(scope)
        if wire is None:
            raise ConnectionCut("never", 0)
        disconnect = asyncio.create_task(_disconnect(receive))
        for _ in range(self.times // 100):
            wire.write(_CONTINUE * 100)
            await asyncio.sleep(0.001)
            if disconnect.done():
                return
        wire.close()
        await disconnect
