"""The board over HTTP: the page, its event stream, files of the render folder, and what one may do.

Everything that acts is in the ``BoardActions``; here is only the form on the wire.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from wanx_render.board.feed import Feed
from wanx_render.errors import BadInput, FolderBusy, NeedsApproval, WanxError
from wanx_render.language import Language, Message, shown, tr, using, verbatim
from wanx_render.reports.served_pages import cookie, for_reader, html, reader_language, script
from wanx_render.reports.states import board_states

_TYPES = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
}  # fmt: skip
_MOST = 10_000  # bytes of a question
_MOST_OF = {"comments": 4_000_000}  # a file of comments, as a text in JSON
_CHANGING = {"Cache-Control": "no-cache"}
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}


class BoardActions(Protocol):
    """What the page shows and what it may ask for; ``None`` files are not there."""

    feed: Feed

    def state(self) -> dict[str, Any]: ...

    def clip(self, name: str) -> Path | None: ...

    def footage(self, shot: str) -> Path | None: ...

    def deliverable(self, name: str) -> Path | None: ...

    async def picture(self, kind: str, name: str) -> Path | None: ...

    async def act(self, what: str, asked: Mapping[str, Any]) -> dict[str, Any]: ...


class Declined(WanxError):
    """What was asked for cannot be done now; ``record`` holds more for the page."""

    def __init__(self, message: Message, **record: Any) -> None:
        super().__init__(message)
        self.record = record


class Malformed(WanxError):
    """What was asked for is of the wrong type."""


def app(room: BoardActions) -> Starlette:
    """The application, without its guard."""

    async def page(request: Request) -> Response:
        answer = _packaged(request.path_params.get("name", "index.html"), _language(request))
        if remembered := cookie(request.query_params):
            answer.headers.append("Set-Cookie", remembered)
        return answer

    async def events(request: Request) -> Response:
        last = request.headers.get("last-event-id", "")
        return StreamingResponse(
            room.feed.follow(last, room.state, _language(request)),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def state(request: Request) -> Response:
        return JSONResponse(for_reader(room.state(), _language(request)))

    async def clip(request: Request) -> Response:
        return _file(room.clip(request.path_params["name"]), _FOREVER)

    async def footage(request: Request) -> Response:
        # Its name may end in anything; what is sent is never read as a page.
        return _file(room.footage(request.path_params["shot"]), _CHANGING, "video/mp4")

    async def deliverable(request: Request) -> Response:
        return _file(room.deliverable(request.path_params["name"]), _CHANGING)

    async def picture(request: Request) -> Response:
        path = request.path_params
        return _file(await room.picture(path["kind"], path["name"]), _FOREVER)

    async def act(request: Request) -> Response:
        return await _answer(request, room.act)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/page/{name}", page),
            Route("/events", events),
            Route("/api/state", state),
            Route("/api/{what}", act, methods=["POST"]),
            Route("/clips/{name}", clip),
            Route("/footage/{shot}", footage),
            Route("/made/{name}", deliverable),
            Route("/pictures/{kind}/{name}", picture),
        ]
    )


Act = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]


async def _answer(request: Request, act: Act) -> Response:
    """The answer to what the page asks for, in the reader's language."""
    try:
        what = request.path_params["what"]
        fields = await _fields(request, _MOST_OF.get(what, _MOST))
        answer, status = await act(what, fields), 200
    except _Unreadable as error:
        answer, status = {"error": error.sentence}, error.status
    except KeyError:
        answer, status = {"error": tr("not found")}, 404
    except Declined as error:
        answer, status = {"error": verbatim(error.sentence), **error.record}, 409
    except WanxError as error:
        answer, status = {"error": error.sentence}, _status(error)
    return JSONResponse(for_reader(answer, _language(request)), status)


class _Unreadable(WanxError):
    """A question that is not what the page sends."""

    def __init__(self, status: int, message: Message) -> None:
        super().__init__(message)
        self.status = status


async def _fields(request: Request, most: int) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise _Unreadable(415, tr("expected JSON"))
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise _Unreadable(413, tr("the request is too long"))
    try:
        fields = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise _Unreadable(400, tr("the request is not valid JSON")) from None
    if not isinstance(fields, dict):
        raise _Unreadable(400, tr("expected a JSON object"))
    return fields


def _status(error: WanxError) -> int:
    if isinstance(error, (BadInput, Malformed)):
        return 400
    return 409 if isinstance(error, (FolderBusy, NeedsApproval)) else 502


def _language(request: Request) -> Language:
    accept = request.headers.get("accept-language", "")
    return reader_language(request.query_params, request.cookies, accept)


def _packaged(name: str, chosen: Language) -> Response:
    """A file of the page; its HTML and two of its scripts are in the reader's language."""
    pages = {path.name: path for path in files("wanx_render.board").joinpath("page").iterdir()}
    if name == "take_states.js":
        with using(chosen):
            table = json.dumps(board_states(), ensure_ascii=False)
        return Response(f"export const STATES = {table};\n", media_type=_TYPES[".js"])
    if name == "language.js":
        sources = (path.read_text("utf-8") for path in pages.values() if path.name.endswith(".js"))
        return Response(script(sources, chosen), media_type=_TYPES[".js"])
    path = pages.get(name)
    kind = _TYPES.get(Path(name).suffix)
    if path is None or kind is None:
        text = shown(tr("There is no such page.\n"), chosen)
        return Response(text, 404, media_type="text/plain")
    if kind == "text/html":
        return Response(html(path.read_text("utf-8"), chosen), media_type=kind)
    return Response(path.read_bytes(), media_type=kind)


def _file(path: Path | None, headers: dict[str, str], kind: str | None = None) -> Response:
    """A file in whole or in part: players ask for ranges."""
    if path is None or not path.is_file():
        return Response("There is no such file.\n", 404, media_type="text/plain")
    return FileResponse(path, headers=headers, media_type=kind)
