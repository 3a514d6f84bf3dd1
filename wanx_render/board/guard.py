"""Who may ask the board: this machine, by its own name, with the key that the terminal showed.

The token in the printed address is good once; what it buys is a session cookie. Only its use spends
it: a request without it, or with another, leaves it as it is. Every answer carries a policy under
which the page can load nothing that is not the board's own.
"""

import hmac
import secrets
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Part

from wanx_render.language import Message, shown, tr
from wanx_render.reports.served_pages import reader_language

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_SPENT = tr(
    "This address was used already, or is not the board's.\n"
    "Open the last address that the board's terminal shows.\n"
)


class Guard:
    """Protects the application; ``announce`` is called with each new token."""

    def __init__(self, app: ASGIApp, port: int, announce: Callable[[str], None]) -> None:
        self._app = app
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self._cookie = f"wanx-board-{port}"  # cookies do not know ports by themselves
        self._session = secrets.token_urlsafe(32)
        self._announce = announce
        self._token = ""
        self._renew()

    def _renew(self) -> None:
        self._token = secrets.token_urlsafe(32)
        self._announce(self._token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)
        refusal = self._refusal(request)
        if refusal:
            await refusal(scope, receive, _hardened(send))
            return
        entering = not self._known(request)
        cookie = f"{self._cookie}={self._session}; Path=/; HttpOnly; SameSite=Strict"
        await self._app(scope, receive, _hardened(send, cookie if entering else None))

    def _refusal(self, request: Request) -> Response | None:
        """Why a request goes no further; a good token is used up on the way."""
        host = request.headers.get("host", "")
        if host not in self._hosts:
            return _plain(request, tr("The board answers this machine only.\n"), 421)
        if not self._own(request, host):
            return _plain(request, tr("Other sites may not call the board.\n"), 403)
        if self._known(request):
            return None
        token = request.query_params.get("token", "")
        entrance = request.method == "GET" and request.url.path == "/"
        if not entrance:
            return _plain(request, tr("Open the address that the board's terminal shows.\n"), 401)
        good = hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())
        if self._token and good:
            self._token = ""  # used up; the next one is shown when somebody wants in
            return None
        if not self._token:
            self._renew()
        return _plain(request, _SPENT, 403)

    def _own(self, request: Request, host: str) -> bool:
        """Whether the request comes from the board's own page, or from nobody's."""
        headers = request.headers
        reading = request.method in ("GET", "HEAD")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            # A link in a chat or an editor may lead here; nothing else of another page may, not
            # even of another port of this machine, which browsers call the same site.
            return reading and headers.get("sec-fetch-mode") == "navigate"
        origin = headers.get("origin")
        if origin is None:
            return reading
        return origin == f"http://{host}"

    def _known(self, request: Request) -> bool:
        cookie = request.cookies.get(self._cookie, "")
        return hmac.compare_digest(cookie.encode("utf-8", "replace"), self._session.encode())


def _plain(request: Request, message: Message, status: int) -> Response:
    accept = request.headers.get("accept-language", "")
    chosen = reader_language(request.query_params, request.cookies, accept)
    return PlainTextResponse(shown(message, chosen), status)


def _hardened(send: Send, cookie: str | None = None) -> Send:
    async def out(message: Part) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            for name, value in _HEADERS.items():
                headers[name] = value
            if "cache-control" not in headers:
                headers["Cache-Control"] = "no-store"
            if cookie:
                headers.append("Set-Cookie", cookie)
            message["headers"] = headers.raw
        await send(message)

    return out
