"""The outer door: addresses with too many slashes, and pages of browsers."""

import re
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.web.guard import AccessGuard
from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.provenance import rests_on

_LOCAL_PAGE = re.compile(
    r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE
)
_OF_THE_SERVICE = re.compile(r"(/[a-z]+)?/api/|/oss(/|$)|/results/")
_SECONDS = "1800"  # for which a browser need not ask again


class OuterDoor:
    """An ASGI application in front of another one."""

    def __init__(
        self, app: ASGIApp, guard: AccessGuard, refusal: Callable[[ErrorAnswer], Response]
    ) -> None:
        self._app, self._guard, self._refusal = app, guard, refusal

    @rests_on("third party", "public clients", "Slashes at the end of a base address do no harm")
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "//" in scope.get("path", ""):
            scope = {**scope, "path": re.sub("/{2,}", "/", scope["path"])}
        page = _page_in(scope)
        if page is None:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await self._permission(Request(scope), page)(scope, receive, send)
        else:
            await self._app(scope, receive, _naming(send, page))

    @rests_on("guess", "nobody says", "Pages may call the API; here, those of this machine alone")
    def _permission(self, request: Request, page: str) -> Response:
        """The answer to a browser that asks whether ``page`` may make a call."""
        try:
            self._guard.check_host(request)
        except ErrorAnswer as error:
            return self._refusal(error)
        names = request.headers.get("access-control-request-headers", "")
        headers = {
            "access-control-allow-origin": page,
            "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
            "access-control-max-age": _SECONDS,
            "vary": "Origin",
        }
        return Response(b"", 200, {**headers, "access-control-allow-headers": names or "*"})


def _page_in(scope: Scope) -> str | None:
    """The origin of a page of this machine that calls the API or fetches a result."""
    if scope["type"] != "http" or not _OF_THE_SERVICE.match(scope["path"]):
        return None
    origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
    page = origin.decode("latin-1") if origin else ""
    return page if _LOCAL_PAGE.fullmatch(page) else None


def _naming(send: Send, page: str) -> Send:
    """``send``, whose answers let ``page`` read them."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["access-control-allow-origin"] = page
            headers["access-control-expose-headers"] = "x-request-id"
        await send(message)

    return sending
