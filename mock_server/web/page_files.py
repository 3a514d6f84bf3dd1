"""The live page: files that the admin side serves to browsers, in the reader's language."""

from collections.abc import Callable
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_server.web.guard import AccessGuard
from wanx_render.language import Language
from wanx_render.reports.served_pages import cookie, html, reader_language, script

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def page_routes(guard: AccessGuard) -> list[Route]:
    """The routes of the page and of its files."""
    page, code, style = (_text(name) for name in ("index.html", "page.js", "page.css"))
    files: dict[str, tuple[str, Callable[[Language], str]]] = {
        "/": ("text/html", lambda chosen: html(page, chosen)),
        "/_mock/page.js": ("text/javascript", lambda _: code),
        "/_mock/language.js": ("text/javascript", lambda chosen: script([code], chosen)),
        "/_mock/page.css": ("text/css", lambda _: style),
    }
    return [_route(path, kind, text, guard) for path, (kind, text) in files.items()]


def _text(name: str) -> str:
    return (resources.files(__package__) / "page" / name).read_text(encoding="utf-8")


def _route(path: str, kind: str, text: Callable[[Language], str], guard: AccessGuard) -> Route:
    async def endpoint(request: Request) -> Response:
        # A browser asks for scripts and styles without the token, and they hold no secret.
        check = guard.check_admin if path == "/" else guard.check_site
        check(request)
        accept = request.headers.get("accept-language", "")
        chosen = reader_language(request.query_params, request.cookies, accept)
        answer = Response(text(chosen), 200, _HEADERS, kind)
        if remembered := cookie(request.query_params):
            answer.headers.append("Set-Cookie", remembered)
        return answer

    return Route(path, endpoint, methods=["GET"])
