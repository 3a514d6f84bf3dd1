"""The live page: files that the admin side serves to browsers, and the clips that it shows."""

from collections.abc import Callable
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_server.service.service import MockService
from mock_server.web.guard import AccessGuard
from mock_server.wire.downloads import file_response
from mock_server.wire.errors import ErrorAnswer
from wanx_render.errors import FfmpegError
from wanx_render.language import Language
from wanx_render.reports.served_pages import cookie, html, reader_language, script

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "media-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_SCRIPTS = ("page.js", "dom.js", "tasks.js", "requests.js", "controls.js")


def page_routes(service: MockService, guard: AccessGuard) -> list[Route]:
    """The routes of the page, of its files and of the clips in it."""
    page, style, icon = (_text(name) for name in ("index.html", "page.css", "icon.svg"))
    code = {name: _text(name) for name in _SCRIPTS}
    files: dict[str, tuple[str, Callable[[Language], str]]] = {
        **{f"/_mock/{name}": ("text/javascript", _always(text)) for name, text in code.items()},
        "/": ("text/html", lambda chosen: html(page, chosen)),
        "/_mock/language.js": ("text/javascript", lambda chosen: script(code.values(), chosen)),
        "/_mock/page.css": ("text/css", _always(style)),
        "/_mock/icon.svg": ("image/svg+xml", _always(icon)),
    }
    return [
        *(_route(path, kind, text, guard) for path, (kind, text) in files.items()),
        *(_clip_route(path, service, guard) for path in _CLIPS),
    ]


def _always(text: str) -> Callable[[Language], str]:
    """A file that is alike in every language."""
    return lambda _: text


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


_CLIPS = ("/_mock/clips/{task_id}.mp4", "/_mock/clips/{task_id}/{number:int}.png")


def _clip_route(path: str, service: MockService, guard: AccessGuard) -> Route:
    """Clips and pictures for the page alone: no fault strikes them and no log has them."""

    async def endpoint(request: Request) -> Response:
        guard.check_admin(request)
        number = request.path_params.get("number", 1)
        task = service.tasks.known(request.path_params["task_id"])
        if task is None or number > task.results or task.request.is_picture != (".png" in path):
            raise ErrorAnswer(404, "NotFound", "There is no such clip.")
        try:
            file = await service.clips.of(
                service.scenarios.sized(task.request, task.account), number
            )
        except FfmpegError as error:
            raise ErrorAnswer(500, "InternalError", str(error)) from None
        answer = file_response(file, request.headers, task.ended)
        answer.headers.update({**_HEADERS, "Cache-Control": "no-cache"})
        return answer

    return Route(path, endpoint, methods=["GET", "HEAD"])
