"""A connection to the proxy: a tunnel that ends here, or requests in the absolute form.

Tunnels end in the emulator's own server, in this process: no second connection, and what faults do
to a connection they do to the client's.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from starlette.types import ASGIApp

from mock_server.tls.absolute_form import AbsoluteForm, refusal_text
from mock_server.tls.contexts import ServerContexts
from mock_server.tls.passthrough import join_elsewhere
from mock_server.tls.served_hosts import ServedHosts, split_target
from mock_server.web.server import ClientConnection

HEAD_BYTES = 64 * 1024
_HEAD_SECONDS = 30.0
_HANDSHAKE_SECONDS = 30.0
_MOST_BLAMED = 100
_CONNECT = b"CONNECT "
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
log = logging.getLogger("wanx.mock")


@dataclass(frozen=True)
class Gate:
    """What all connections of a proxy share."""

    hosts: ServedHosts
    contexts: ServerContexts
    new_connection: Callable[[], ClientConnection]
    passthrough: bool
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    blamed: set[str] = field(default_factory=set)  # hosts whose certificate a client refused

    def begin(self, work: "asyncio.Task[None]") -> None:
        self.tasks.add(work)
        work.add_done_callback(self.tasks.discard)

    def hand_over(
        self, transport: asyncio.Transport, data: bytes, wrap: Callable[[ASGIApp], ASGIApp]
    ) -> None:
        """Let the emulator's server have a connection, with what came by it already."""
        connection = self.new_connection()
        transport.set_protocol(connection)
        connection.connection_made(transport)
        connection.app = wrap(connection.app)
        if data:
            connection.data_received(data)

    def blame(self, host: str, error: OSError) -> None:
        """Say once for a host what a client that refuses its certificate has to do."""
        # Some clients say why they go, others only go.
        is_refusal = isinstance(error, ConnectionError | ssl.SSLEOFError) or "ALERT" in str(error)
        if not is_refusal or host in self.blamed or len(self.blamed) >= _MOST_BLAMED:
            return
        self.blamed.add(host)
        authority = self.contexts.authority
        again = "" if authority.is_filed() else " (made again since: start this server again)"
        log.warning(
            "a client refused the certificate of %s; it must trust %s%s",
            host, authority.file, again,
        )  # fmt: skip


class _EarlyBytes(asyncio.Protocol):
    """Keeps what comes between the end of the handshake and the next turn of the loop."""

    def __init__(self) -> None:
        self.data = b""

    def data_received(self, data: bytes) -> None:
        self.data += data


class ProxyConnection(asyncio.Protocol):
    """One connection of a client, until it is known where it leads."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._head = b""
        self._transport: asyncio.Transport
        self._patience: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(_HEAD_SECONDS, self._transport.abort)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        self._patience.cancel()

    def data_received(self, data: bytes) -> None:
        self._head += data
        if not _CONNECT.startswith(self._head[: len(_CONNECT)]):
            self._patience.cancel()
            hosts = self._gate.hosts
            self._gate.hand_over(self._transport, self._head, lambda app: AbsoluteForm(app, hosts))
        elif b"\r\n\r\n" in self._head:
            self._patience.cancel()
            self._transport.pause_reading()
            self._gate.begin(asyncio.get_running_loop().create_task(self._connect()))
        elif len(self._head) > HEAD_BYTES:
            self._refuse("431 Request Header Fields Too Large", "The request is too long.")

    async def _connect(self) -> None:
        head, _, rest = self._head.partition(b"\r\n\r\n")
        target = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")[1]
        place = split_target(target)
        if place is None or rest:
            return self._refuse("400 Bad Request", f"CONNECT {target[:300]} cannot be read.")
        way = self._gate.hosts.way_to(*place)
        if way == "elsewhere":
            # What is played here never leads to the real service, whatever the port.
            if not self._gate.passthrough or self._gate.hosts.has(place[0]):
                return self._refuse("403 Forbidden", refusal_text(target))
            return await join_elsewhere(self._transport, place)
        self._transport.write(_ESTABLISHED)
        if way == "tls":
            return await self._end_tls(place[0])
        self._gate.hand_over(self._transport, b"", lambda app: app)
        return self._transport.resume_reading()

    async def _end_tls(self, host: str) -> None:
        context, early = self._gate.contexts.of(host), _EarlyBytes()
        try:
            transport = await asyncio.get_running_loop().start_tls(
                self._transport, early, context, server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
            )  # fmt: skip
        except (OSError, ssl.SSLError) as error:
            self._gate.blame(host, error)
            return self._transport.abort()
        if transport is not None and not transport.is_closing():
            self._gate.hand_over(transport, early.data, lambda app: app)
        return None

    def _refuse(self, status: str, sentence: str) -> None:
        body = sentence.encode("ascii", "replace") + b"\n"
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            self._transport.write(head.encode() + body)
        self._transport.close()
