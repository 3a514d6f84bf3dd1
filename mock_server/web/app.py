"""The emulator as an ASGI application: its routes, and what answers where no operation does."""

import logging

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mock_server.faults.wire_faults import ConnectionCut
from mock_server.service.service import MockService
from mock_server.web import admin
from mock_server.web.api import Api
from mock_server.web.browsers import OuterDoor
from mock_server.web.endpoint import Endpoint
from mock_server.web.exchange import Perform, error_response
from mock_server.web.gateway import with_gateway
from mock_server.web.guard import AccessGuard
from mock_server.web.vendor_hosts import StorageRoot
from mock_server.wire.errors import ErrorAnswer
from mock_server.wire.operations import Operation
from mock_server.wire.provenance import rests_on

BASE = "/api/v1"
_BUG = ErrorAnswer(500, "InternalError", "An internal error has occured, please try again later.")
log = logging.getLogger("wanx.mock")


class Emulator:
    """The ASGI application of one service."""

    def __init__(self, service: MockService, token: str | None = None) -> None:
        self.service = service
        options = service.options
        self.guard = AccessGuard(token, options.result_hosts, vendor_hosts=options.vendor_hosts)
        routed = Starlette(
            routes=[*self._api_routes(), *admin.routes(service, self.guard)],
            exception_handlers={
                ErrorAnswer: self._as_error,
                HTTPException: self._as_http,
                Exception: self._as_bug,
            },
        )
        self.asgi: ASGIApp = OuterDoor(routed, self.guard, self._error)
        if options.vendor_hosts:
            self.asgi = StorageRoot(self.asgi)

    def _api_routes(self) -> list[Route]:
        api = Api(self.service)
        files = ("{task_id}.mp4", "{number:int}/{task_id}.png")
        regions = self.service.catalog.service.regions
        bases = (BASE, *(f"/{region}{BASE}" for region in regions))
        return [
            # What is asked most is found first.
            *(route for base in bases for slash in ("", "/") for route in self._at(base, slash)),
            self._route("/oss", ["POST"], "upload", api.upload),
            self._route("/oss/", ["POST"], "upload", api.upload),
            *(
                self._route(f"/results/{{account}}/{name}", ["GET", "HEAD"], "result", api.result)
                for name in files
            ),
        ]

    def _at(self, base: str, slash: str) -> list[Route]:
        """The routes below one base address, with a slash at the end or without."""
        api = Api(self.service)
        creates = dict.fromkeys(form.path for form in self.service.catalog.forms.values())
        calls: list[tuple[str, list[str], Operation, Perform]] = [
            ("/tasks/{task_id}", ["GET"], "query", api.query),
            *((path, ["POST"], "create", api.create) for path in creates),
            ("/tasks", ["GET"], "list", api.list),
            ("/tasks/{task_id}/cancel", ["POST", "GET"], "cancel", api.cancel),
            ("/uploads", ["GET"], "policy", api.policy),
        ]
        return [
            self._route(base + path + slash, methods, operation, perform)
            for path, methods, operation, perform in calls
        ]

    def _route(
        self, path: str, methods: list[str], operation: Operation, perform: Perform
    ) -> Route:
        endpoint = Endpoint(self.service, self.guard, operation, perform)
        return Route(path, endpoint.serve, methods=methods)

    def _error(self, error: ErrorAnswer) -> Response:
        form = self.service.options.errors
        return error_response(error, self.service.new_id(), form)

    async def _as_error(self, _: Request, error: Exception) -> Response:
        return self._error(error if isinstance(error, ErrorAnswer) else _BUG)

    @rests_on("guess", "the list of error codes has NotFound", "Other paths are 404, methods 405")
    async def _as_http(self, request: Request, error: Exception) -> Response:
        try:
            self.guard.check_host(request)
        except ErrorAnswer as refusal:
            return self._error(refusal)
        status = error.status_code if isinstance(error, HTTPException) else 500
        code, message = {
            404: ("NotFound", "The requested resource does not exist."),
            405: ("MethodNotAllowed", "The method is not allowed here."),
        }.get(status, ("BadRequest", "The request cannot be read."))
        answer = self._error(ErrorAnswer(status, code, message))
        return with_gateway(answer, request, self.service.clock.now(), 0)

    async def _as_bug(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, ConnectionCut):
            log.error("%s %s", request.method, request.url.path, exc_info=error)
        return self._error(_BUG)
