"""Headers and query parameters that several calls take."""

from typing import TypeVar

from starlette.requests import Request

from mock_server.wire.errors import ErrorAnswer

T = TypeVar("T")


def header(request: Request, name: bytes) -> str:
    """A header of a request by its name in lower case; empty where it is not.

    Every poll asks for five: this costs a fifth of what ``request.headers`` does.
    """
    headers: list[tuple[bytes, bytes]] = request.scope["headers"]
    return next((value for key, value in headers if key == name), b"").decode("latin-1")


def account_in(request: Request) -> str | None:
    """The account that a call is about; None for all."""
    return request.query_params.get("account") or None


def newest(request: Request, items: list[T]) -> list[T]:
    """As many of the last ``items`` as the call's limit says; 0 is all. Raises ErrorAnswer."""
    text = request.query_params.get("limit", "0")
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise ErrorAnswer(400, "InvalidParameter", "limit must be a positive number.")
    return items[-int(text) :]
