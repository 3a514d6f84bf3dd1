"""Query parameters that several admin calls take."""

from starlette.requests import Request

from mock_server.wire.errors import ErrorAnswer


def account_in(request: Request) -> str | None:
    """The account that a call is about; None for all."""
    return request.query_params.get("account") or None


def limit_in(request: Request) -> int:
    """How many of the newest to answer with; 0 for all. Raises ErrorAnswer."""
    text = request.query_params.get("limit", "0")
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise ErrorAnswer(400, "InvalidParameter", "limit must be a positive number.")
    return int(text)
