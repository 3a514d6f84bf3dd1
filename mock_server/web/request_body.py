"""Bodies of requests, never more of them than is allowed."""

import re
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from starlette.requests import ClientDisconnect, Request

from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.provenance import BODIES, ERRORS, rests_on
from wanx_render.catalog.capabilities import Gateway

_DATA_URI = re.compile(r"data:[^,]{0,99};base64,", re.IGNORECASE)


@rests_on("official text", ERRORS, "A body that is too large is refused with BadRequest.TooLarge")
async def body_of(request: Request, limit: int) -> bytes:
    """The body. Raises ErrorAnswer where it is larger than ``limit`` bytes or does not all come."""
    chunks = [chunk async for chunk in bounded(request, limit)]
    return b"".join(chunks)


async def bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body's pieces; the same errors."""
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large()
            yield chunk
    except ClientDisconnect:
        raise ErrorAnswer(400, "BadRequest", "The request ended early.") from None


@rests_on("official text", BODIES, "Data in Base64: 20 MiB an item, 16 MiB decoded with the rest")
def check_size(body: Any, size: int, gateway: Gateway) -> None:
    """Refuse a JSON body of ``size`` bytes that the gateway does not take. Raises ErrorAnswer."""
    decoded = size
    for item, content in _data_uris(body):
        if item > gateway.item_bytes.value:
            raise _too_large()
        decoded -= content - content * 3 // 4
    if decoded > gateway.body_bytes.value:
        raise _too_large()


def _data_uris(body: Any) -> Iterator[tuple[int, int]]:
    """How long each data URI of a body is, and what of it is Base64."""
    values = [body]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values.extend(value.values())
        elif isinstance(value, list):
            values.extend(value)
        elif isinstance(value, str) and (beginning := _DATA_URI.match(value)):
            yield len(value), len(value) - beginning.end()


def _too_large() -> ErrorAnswer:
    return ErrorAnswer(413, "BadRequest.TooLarge", "The request is too large.")
