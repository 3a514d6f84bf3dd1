"""A forward proxy on loopback that is the result hosts: TLS with certificates of its own authority.

A client that takes it as its proxy (``HTTPS_PROXY``) and trusts the authority (``SSL_CERT_FILE``)
fetches ``https://HOST/...`` from the emulator. Bytes are passed on as they come, so faults of the
wire arrive too. Nothing else can be reached through it.
"""

import asyncio
import contextlib
import re
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mock_server.faults.wire_faults import no_linger
from mock_server.web.server import listen
from wanx_render.language import tr

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9-]{1,63})+")
_HEAD_BYTES = 64 * 1024
_HEAD_SECONDS = 30
_PIECE = 64 * 1024


class BadProxy(ValueError):
    """The proxy cannot be started so; the message says why."""


def host_names(text: str) -> tuple[str, ...]:
    """The hosts of ``HOST[,HOST]``. Raises BadProxy."""
    hosts = tuple(host.strip().lower() for host in text.split(",") if host.strip())
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise BadProxy(
                tr(
                    "{host!r} is not a host name such as {example}",
                    host=host,
                    example="dashscope-x.oss-y.aliyuncs.com",
                )
            )
    return hosts


@dataclass(frozen=True)
class Authority:
    """A certificate authority for one run, and the server side of its hosts."""

    folder: Path
    context: ssl.SSLContext

    @property
    def file(self) -> Path:
        """The authority's certificate, as PEM: what a client has to trust."""
        return self.folder / "authority.pem"

    @classmethod
    def of(cls, hosts: Sequence[str]) -> "Authority":
        """Raises BadProxy where the library that signs is not installed."""
        try:
            import trustme
        except ImportError:
            raise BadProxy(
                tr("TLS requires the library trustme: install wanx-render[tls]")
            ) from None
        signer = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        signer.issue_cert(*hosts).configure_cert(context)
        authority = cls(Path(tempfile.mkdtemp(prefix="wanx-mock-tls-")), context)
        signer.cert_pem.write_to_path(str(authority.file))
        return authority

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class ProxyServer:
    """A proxy that listens, and what clients need to know about it."""

    def __init__(self, port: int, hosts: Sequence[str], upstream: tuple[str, int]) -> None:
        """Raises BadProxy, or OSError where ``port`` is taken."""
        self.authority = Authority.of(hosts)
        self._proxy = HostProxy(frozenset(hosts), upstream, self.authority.context)
        try:
            self._listener = listen("127.0.0.1", port)
        except OSError:
            self.authority.remove()
            raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs in its environment to reach the hosts, and to trust them."""
        trust = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        return {"HTTPS_PROXY": self.url, **dict.fromkeys(trust, str(self.authority.file))}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve until the block ends; connections end with it."""
        connections: set[asyncio.Task[None]] = set()

        def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._proxy.serve(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        server = await asyncio.start_server(on_connection, sock=self._listener, limit=_HEAD_BYTES)
        try:
            yield
        finally:
            server.close()
            for task in connections:
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)

    def close(self) -> None:
        self._listener.close()
        self.authority.remove()


@contextmanager
def proxy_server(
    port: int | None, hosts: Sequence[str], upstream: tuple[str, int]
) -> Iterator[ProxyServer | None]:
    """A proxy on ``port``, or none where that is None. Raises BadProxy or OSError."""
    if port is None:
        yield None
        return
    proxy = ProxyServer(port, hosts, upstream)
    try:
        yield proxy
    finally:
        proxy.close()


@dataclass(frozen=True)
class HostProxy:
    """``hosts`` and the emulator itself, at ``upstream``, can be reached through it."""

    hosts: frozenset[str]
    upstream: tuple[str, int]
    context: ssl.SSLContext

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        with contextlib.suppress(OSError, EOFError, ValueError, TimeoutError):
            try:
                await self._serve(reader, writer)
            except asyncio.CancelledError:
                writer.transport.abort()
                raise
            finally:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return await _refuse(writer, "The request is too long.")
        method, target, *_ = [*head.split(b"\r\n", 1)[0].decode("latin-1").split(" "), ""]
        first = b""
        if method == "CONNECT":
            if not self._is_host(target):
                return await _refuse(writer, f"{target[:300]} cannot be reached through here.")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.start_tls(self.context)
        else:
            first = self._plain(target, head)
            if not first:
                return await _refuse(writer, "Only the result hosts are reached through here.")
        upstream = await asyncio.open_connection(*self.upstream)
        return await _join((reader, writer), upstream, first)

    def _is_host(self, target: str) -> bool:
        host, _, port = target.lower().rpartition(":")
        return host in self.hosts and port == "443"

    def _plain(self, target: str, head: bytes) -> bytes:
        """The head of a request by plain HTTP, for the emulator; empty where it may not pass."""
        parts = urlsplit(target)
        own = (parts.hostname, parts.port) == self.upstream
        if parts.scheme != "http" or not (own or parts.netloc.lower() in self.hosts):
            return b""
        line, _, rest = head.partition(b"\r\n")
        method, version = line.split(b" ")[0], line.split(b" ")[-1]
        path = target[len(f"http://{parts.netloc}") :] or "/"
        headers = [
            header
            for header in rest.split(b"\r\n")
            if not header.lower().startswith((b"connection:", b"proxy-", b"keep-alive:"))
        ]
        # One request a connection: those that follow would have to be rewritten as well.
        lines = [
            b" ".join((method, path.encode("latin-1"), version)),
            b"Connection: close",
            *headers,
        ]
        return b"\r\n".join(lines)


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _join(client: Ends, upstream: Ends, first: bytes) -> None:
    """Pass bytes both ways until one side ends; a reset is passed on as a reset."""
    upstream[1].write(first)
    ways = {
        asyncio.create_task(_pass_on(client[0], upstream[1])),
        asyncio.create_task(_pass_on(upstream[0], client[1])),
    }
    try:
        ends, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if any(isinstance(way.exception(), ConnectionError) for way in ends):
            no_linger(client[1].transport)
            client[1].transport.abort()
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        upstream[1].close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()


async def _refuse(writer: asyncio.StreamWriter, sentence: str) -> None:
    body = sentence.encode("ascii", "replace") + b"\n"
    head = (
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
