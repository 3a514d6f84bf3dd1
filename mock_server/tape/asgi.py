"""What the applications of this room have in common: reading requests, answers and refusals."""

import json
import uuid
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from mock_server.tape.headers import Pairs, byte_pairs
from mock_server.web.guard import is_loopback
from mock_server.wire.hosts import is_api, is_storage, name_of

_LARGEST_REQUEST = 256 * 1024 * 1024
_CODES = {404: "NotFound", 413: "BadRequest.TooLarge", 421: "MisdirectedRequest",
          501: "NotRecorded", 502: "ServiceUnreachable"}  # fmt: skip


def host_of(scope: Scope) -> str:
    """The name by which the client calls, in small letters."""
    return name_of(dict(scope["headers"]).get(b"host", b"").decode("latin-1"))


def may_call(scope: Scope) -> bool:
    """Whether a client calls this machine, or one of the vendor's hosts through the proxy.

    No page of another site can make its own name point here.
    """
    host = host_of(scope)
    is_api_call = is_api(host) and scope["path"].startswith("/api/")
    return is_loopback(host) or is_storage(host) or is_api_call


def target_of(scope: Scope) -> str:
    """Path and query as they came; at the vendor's storage the whole address."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    host = host_of(scope)
    start = f"https://{host}" if is_storage(host) else ""
    return start + (f"{path}?{query}" if query else path)


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
    length = (b"content-length", str(len(body)).encode())
    start = {"status": status, "headers": [*byte_pairs(headers), length]}
    await send({"type": "http.response.start", **start})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def refuse(send: Send, status: int, message: str, **more: Any) -> None:
    """An answer in the service's error form that the service did not give."""
    error = {"code": _CODES[status], "message": message, "request_id": str(uuid.uuid4()), **more}
    body = json.dumps(error, ensure_ascii=False).encode("utf-8", "replace")
    await reply(send, status, [("content-type", "application/json")], body)
