"""The emulator on sockets: uvicorn, with two things it cannot do by itself.

A connection is handed to the application, so that answers can be cut on the wire; and bytes that
are no HTTP are answered in the service's error form.
"""

import errno
import json
import os
import socket
import ssl
import uuid
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from mock_server.faults.wire_faults import WIRE
from wanx_render.language import joined, tr

_LEAVE_SECONDS = 0.2
_NOT_HTTP = "The request is not valid HTTP."


class CannotListen(OSError):
    """A port cannot be had; ``message`` says which, why, and what to do."""

    def __init__(self, host: str, port: int, reason: OSError) -> None:
        super().__init__(reason.errno, reason.strerror)
        place = {"host": host, "port": port, "reason": reason.strerror}
        self.message = tr("cannot listen on {host} port {port}: {reason}", **place)
        if reason.errno == errno.EADDRINUSE:
            hint = tr("choose another port, or 0 for a free one")
            self.message = joined((self.message, hint), tr("; "))


class ClientConnection(H11Protocol):
    """One connection of a client."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app = _with_transport(self.app, transport)

    def shutdown(self) -> None:
        """End an idle connection; over TLS the client may never answer that."""
        super().shutdown()
        if self.scheme == "https" and self.transport.is_closing():
            self.loop.call_later(_LEAVE_SECONDS, self.transport.abort)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # ours says the same
        request_id = str(uuid.uuid4())
        error = {"code": "BadRequest", "message": _NOT_HTTP, "request_id": request_id}
        body = json.dumps(error).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
            f"x-request-id: {request_id}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(head.encode() + body)
        self.transport.close()


def _with_transport(app: ASGIApp, transport: Any) -> Any:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {WIRE: transport}
        await app(scope, receive, send)

    return call


def server(app: ASGIApp, context: ssl.SSLContext | None = None) -> uvicorn.Server:
    """A server of ``app``, over TLS where there is a ``context``; run it on a listening socket."""
    config = uvicorn.Config(
        app,
        http=ClientConnection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        date_header=False,  # the date is the service's clock's
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
        backlog=1024,
    )
    config.load()
    config.ssl = context
    return uvicorn.Server(config)


def new_connection(of_server: uvicorn.Server) -> ClientConnection:
    """A connection that ``of_server`` serves and ends, for a transport that it did not accept."""
    return ClientConnection(
        config=of_server.config, server_state=of_server.server_state, app_state={}
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off (44 ms an answer) only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise CannotListen(host, port, error) from error
    return listener
