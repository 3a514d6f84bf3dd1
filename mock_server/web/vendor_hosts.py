"""The vendor's storage as its clients know it: uploads go to the root of a host of its own."""

from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.wire.hosts import is_storage, name_of

_ROOT, _UPLOADS = ("", "/"), "/oss"


class StorageRoot:
    """An ASGI application that takes uploads at the root of the storage's hosts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "POST" and scope["path"] in _ROOT and _is_of_storage(scope):
            scope = {**scope, "path": _UPLOADS}
        await self._app(scope, receive, send)


def _is_of_storage(scope: Scope) -> bool:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return is_storage(name_of(host.decode("latin-1")))
