"""What the applications of this room have in common: reading requests, answers and refusals."""

import json
import uuid
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from mock_server.tape.headers import Pairs
from mock_server.tape.links import address_of
from mock_server.tape.secrets import SecretRemover

_LARGEST_REQUEST = 256 * 1024 * 1024
_CODES = {404: "NotFound", 413: "BadRequest.TooLarge", 421: "MisdirectedRequest",
          501: "NotRecorded", 502: "ServiceUnreachable"}  # fmt: skip


def target_of(scope: Scope) -> str:
    """Path and query as they came."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def taped_url(target: str, remover: SecretRemover) -> str:
    """A path and query of ours as a cassette has it: links as addresses of their hosts."""
    path, mark, query = target.partition("?")
    address = address_of(path)[1]
    return remover.text((address or path) + mark + query)


async def request_body(scope: Scope, receive: Receive) -> bytes:
    """Raises ValueError where it is too large, or ClientDisconnect."""
    pieces, size = [], 0
    async for piece in Request(scope, receive).stream():
        size += len(piece)
        if size > _LARGEST_REQUEST:
            raise ValueError(size)
        pieces.append(piece)
    return b"".join(pieces)


async def reply(send: Send, status: int, headers: Pairs, body: bytes) -> None:
    """A whole answer."""
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    length = (b"content-length", str(len(body)).encode())
    start = {"status": status, "headers": [*pairs, length]}
    await send({"type": "http.response.start", **start})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def refuse(send: Send, status: int, message: str, **more: Any) -> None:
    """An answer in the service's error form that the service did not give."""
    error = {"code": _CODES[status], "message": message, "request_id": str(uuid.uuid4()), **more}
    body = json.dumps(error, ensure_ascii=False).encode("utf-8", "replace")
    await reply(send, status, [("content-type", "application/json")], body)
