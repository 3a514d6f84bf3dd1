"""httpx's transport over asyncio's own streams.

httpx reaches asyncio through anyio, which takes a third of the time of a small exchange (decision
0047). Everything else of the transport is httpx's: its pool of connections, its reader, its errors.
"""

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

_AHEAD = 1 << 18  # bytes that are read before somebody wants them
_NEXT_ADDRESS = 0.25  # seconds before a host's next address is tried too (RFC 8305)


class StreamTransport(httpx.AsyncHTTPTransport):
    """Goes straight to each host, through no proxy."""

    def __init__(self, certificates: ssl.SSLContext, limits: httpx.Limits) -> None:
        super().__init__(certificates, limits=limits)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=certificates,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Streams(),
        )


class _Incoming(asyncio.StreamReader):
    """What comes in; knows whether some of it was not read, be it the end.

    A kept connection where that is so cannot be used: an answer that nobody asked for would be
    taken for the next one.
    """

    is_stirred = False

    def feed_data(self, data: Any) -> None:
        self.is_stirred = True
        super().feed_data(data)

    def feed_eof(self) -> None:
        self.is_stirred = True
        super().feed_eof()

    def set_exception(self, exc: Exception) -> None:
        self.is_stirred = True
        super().set_exception(exc)

    async def read(self, n: int = -1) -> bytes:
        data = await super().read(n)
        self.is_stirred = len(data) == n or self.at_eof()  # a full read may have left more
        return data


class _Connection(httpcore.AsyncNetworkStream):
    """One connection."""

    def __init__(self, reader: _Incoming, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes; none at the end. Raises httpcore.ReadTimeout or httpcore.ReadError."""
        try:
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Raises httpcore.WriteTimeout or httpcore.WriteError."""
        if not buffer:
            return
        try:
            self._writer.write(buffer)
            async with asyncio.timeout(timeout):
                await self._writer.drain()
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The same connection, encrypted. Raises httpcore.ConnectTimeout or ConnectError."""
        try:
            async with asyncio.timeout(timeout):
                await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return self

    async def aclose(self) -> None:
        """Let go at once: nobody waits for what is still to come."""
        self._writer.transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """What the pool asks for: whether something came meanwhile, and what the TLS is."""
        if info == "is_readable":
            return self._reader.is_stirred
        return self._writer.get_extra_info(info)


class _Streams(httpcore.AsyncNetworkBackend):
    """Makes connections."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002  # the pool was given none
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """A connection to ``host``. Raises httpcore.ConnectTimeout or httpcore.ConnectError."""
        loop, reader = asyncio.get_running_loop(), _Incoming(_AHEAD)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            async with asyncio.timeout(timeout):
                transport, _ = await loop.create_connection(
                    lambda: protocol, host, port, happy_eyeballs_delay=_NEXT_ADDRESS
                )
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:  # of several addresses it lists them all
            text = str(error) if error.errno else "All connection attempts failed"
            raise httpcore.ConnectError(text) from error
        except UnicodeError as error:  # no name can be so: a label of 64 characters
            raise httpcore.ConnectError(str(error)) from error
        return _Connection(reader, asyncio.StreamWriter(transport, protocol, reader, loop))
