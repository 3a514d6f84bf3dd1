"""JSON bodies, as the service reads and writes them."""

import json
from typing import Any

from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.provenance import ERRORS, rests_on

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(body: Any) -> bytes:
    """JSON as the service writes it: UTF-8, not escaped."""
    text = _ENCODER.encode(body)
    return text.encode("utf-8", "replace")  # a lone surrogate has no UTF-8


@rests_on("official text", ERRORS, "A body that is no JSON object is refused with 400")
def decode(data: bytes) -> dict[str, Any]:
    """The body of a create call. Raises ErrorAnswer."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ErrorAnswer(400, "InvalidParameter", "The request body is not a valid JSON object.")
    return body
