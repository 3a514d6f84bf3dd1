"""Answers on the wire, and refusals of the recorder and the replay themselves."""

import json
import uuid
from typing import Any

from starlette.types import Send

from mock_server.tape.headers import Pairs

_CODES = {404: "NotFound", 413: "BadRequest.TooLarge", 421: "MisdirectedRequest",
          501: "NotRecorded", 502: "ServiceUnreachable"}  # fmt: skip


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
