"""Requests for a host of the vendor, for an application that knows its own address only."""

from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.wire.hosts import is_api, name_of

_API = "/api/"


class AsOwnAddress:
    """An ASGI application that gives ``app`` the vendor's API calls as calls to ``address``."""

    def __init__(self, app: ASGIApp, address: str) -> None:
        self._app, self._address = app, address.encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        host = next((value for name, value in headers if name == b"host"), b"").decode("latin-1")
        if scope["path"].startswith(_API) and is_api(name_of(host)):
            others = [pair for pair in headers if pair[0] != b"host"]
            scope = {**scope, "headers": [(b"host", self._address), *others]}
        await self._app(scope, receive, send)
