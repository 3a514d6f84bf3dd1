"""Where a request goes to, and its body."""

from starlette.requests import Request
from starlette.types import Receive, Scope

from mock_server.tape.links import address_of
from mock_server.tape.secrets import SecretRemover

_LARGEST_REQUEST = 256 * 1024 * 1024


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
