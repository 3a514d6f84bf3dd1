"""The live page: files that the admin side serves to browsers."""

from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_server.web.guard import AccessGuard

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_FILES = {"/": "index.html", "/_mock/page.js": "page.js", "/_mock/page.css": "page.css"}
_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}


def page_routes(guard: AccessGuard) -> list[Route]:
    """The routes of the page and of its files."""
    return [_route(path, name, guard) for path, name in _FILES.items()]


def _route(path: str, name: str, guard: AccessGuard) -> Route:
    text = (resources.files("mock_server.web") / "page" / name).read_text(encoding="utf-8")

    async def endpoint(request: Request) -> Response:
        guard.check_admin(request)
        return Response(text, 200, _HEADERS, _TYPES[name.rpartition(".")[2]])

    return Route(path, endpoint, methods=["GET"])
