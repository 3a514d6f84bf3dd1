"""Bodies of requests, never more of them than is allowed."""

from collections.abc import AsyncGenerator

from starlette.requests import ClientDisconnect, Request

from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.provenance import ERRORS, rests_on


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
                raise ErrorAnswer(413, "BadRequest.TooLarge", "The request is too large.")
            yield chunk
    except ClientDisconnect:
        raise ErrorAnswer(400, "BadRequest", "The request ended early.") from None
