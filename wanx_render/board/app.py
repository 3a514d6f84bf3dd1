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
from wanx_render.diagnostics import without_secrets
from wanx_render.errors import BadInput, FolderBusy, NeedsApproval, WanxError
from wanx_render.reports.states import board_states

_TYPES = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
}  # fmt: skip
_MOST = 10_000  # bytes of a question
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}


class BoardActions(Protocol):
    """What the page shows and what it may ask for; ``None`` files are not there."""

    feed: Feed

    def state(self) -> dict[str, Any]: ...

    def clip(self, name: str) -> Path | None: ...

    def deliverable(self, name: str) -> Path | None: ...

    async def picture(self, kind: str, name: str) -> Path | None: ...

    async def act(self, what: str, asked: Mapping[str, Any]) -> dict[str, Any]: ...


class Declined(WanxError):
    """What was asked for cannot be done now; ``record`` holds more for the page."""

    def __init__(self, message: str, **record: Any) -> None:
        super().__init__(message)
        self.record = record


class Malformed(WanxError):
    """What was asked for is of the wrong type."""


def app(room: BoardActions) -> Starlette:
    """The application, without its guard."""

    async def page(request: Request) -> Response:
        return _packaged(request.path_params.get("name", "index.html"))

    async def events(request: Request) -> Response:
        last = request.headers.get("last-event-id", "")
        return StreamingResponse(
            room.feed.follow(last, room.state),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def state(_: Request) -> Response:
        return JSONResponse(room.state())

    async def clip(request: Request) -> Response:
        return _file(room.clip(request.path_params["name"]), _FOREVER)

    async def deliverable(request: Request) -> Response:
        return _file(room.deliverable(request.path_params["name"]), {"Cache-Control": "no-cache"})

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
            Route("/made/{name}", deliverable),
            Route("/pictures/{kind}/{name}", picture),
        ]
    )


async def _answer(
    request: Request, act: Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
) -> Response:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return _refused(415, "ask in JSON")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST:
            return _refused(413, "that is too long")
    try:
        body_fields = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return _refused(400, "that is not JSON")
    if not isinstance(body_fields, dict):
        return _refused(400, "a JSON object is needed")
    try:
        return JSONResponse(await act(request.path_params["what"], body_fields))
    except Declined as error:
        return JSONResponse({"error": without_secrets(str(error)), **error.record}, 409)
    except (BadInput, Malformed) as error:
        return _refused(400, str(error))
    except (FolderBusy, NeedsApproval) as error:
        return _refused(409, str(error))
    except WanxError as error:
        return _refused(502, str(error))
    except KeyError:
        return _refused(404, "there is nothing of that name")


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"error": without_secrets(message)}, status)


def _packaged(name: str) -> Response:
    if name == "take_states.js":
        table = json.dumps(board_states(), ensure_ascii=False)
        return Response(f"export const STATES = {table};\n", media_type=_TYPES[".js"])
    pages = {path.name: path for path in files("wanx_render.board").joinpath("page").iterdir()}
    path = pages.get(name)
    kind = _TYPES.get(Path(name).suffix)
    if path is None or kind is None:
        return Response("There is no such page.\n", 404, media_type="text/plain")
    return Response(path.read_bytes(), media_type=kind)


def _file(path: Path | None, headers: dict[str, str]) -> Response:
    """A file in whole or in part: players ask for ranges."""
    if path is None or not path.is_file():
        return Response("There is no such file.\n", 404, media_type="text/plain")
    return FileResponse(path, headers=headers)
