"""Connections over asyncio's own streams: kept ones are clean, encrypted ones are trusted."""

import asyncio
import socketserver
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import ClassVar

import httpx
import pytest

from tests.support.socks import certificate
from wanx_render.backends.http.streams import StreamTransport

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STRAY = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"
LIMITS = httpx.Limits(max_connections=2, max_keepalive_connections=2, keepalive_expiry=60)


def test_the_connections_are_asyncios_own() -> None:
    """httpx has no argument for it, so a new version of httpx may undo it without an error."""
    transport = StreamTransport(ssl.create_default_context(), LIMITS)
    backend = transport._pool._network_backend
    assert type(backend).__module__ == "wanx_render.backends.http.streams"


class Answering(socketserver.StreamRequestHandler):
    """Answers each request with the same bytes, then does what ``after`` says."""

    after = ""
    tls: ssl.SSLContext | None = None
    connections: ClassVar[list[object]] = []

    def setup(self) -> None:
        if self.tls:
            self.request = self.tls.wrap_socket(
                self.request, server_side=True, do_handshake_on_connect=False
            )
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def handle(self) -> None:
        self.connections.append(self)
        while self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            self.wfile.write(ANSWER)
            if self.after == "stray":
                time.sleep(0.05)
                self.wfile.write(STRAY)
            elif self.after == "close":
                return


@contextmanager
def served(
    after: str = "", tls: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[object]]]:
    """A server's port, and a list with an entry for every connection."""
    connections: list[object] = []
    kind = type("Kind", (Answering,), {"after": after, "tls": tls, "connections": connections})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), kind) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], connections
        server.shutdown()


async def bodies(urls: list[str], trust: ssl.SSLContext, name: str = "") -> list[bytes]:
    """What is at ``urls``, asked for one after the other, with a pause between."""
    transport = StreamTransport(trust, LIMITS)
    extensions = {"timeout": httpx.Timeout(20).as_dict(), "sni_hostname": name or None}
    try:
        parts = []
        for url in urls:
            request = httpx.Request("GET", url, extensions=extensions)
            answer = await transport.handle_async_request(request)
            parts.append(await answer.aread())
            await asyncio.sleep(0.4)
        return parts
    finally:
        await transport.aclose()


@pytest.mark.parametrize(("after", "count"), [("", 1), ("stray", 2), ("close", 2)])
def test_a_kept_connection_is_used_again_only_where_nothing_came_meanwhile(
    after: str, count: int
) -> None:
    with served(after) as (port, connections):
        urls = [f"http://127.0.0.1:{port}/"] * 2
        assert asyncio.run(bodies(urls, ssl.create_default_context())) == [b"ok", b"ok"]
        assert len(connections) == count


def test_an_encrypted_connection_is_one_whose_certificate_is_trusted(tmp_path: Path) -> None:
    chain, secret = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    with served(tls=context) as (port, connections):
        urls = [f"https://127.0.0.1:{port}/"] * 2
        trust = ssl.create_default_context(cafile=str(chain))
        assert asyncio.run(bodies(urls, trust, "service.test")) == [b"ok", b"ok"]
        assert len(connections) == 1
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            asyncio.run(bodies(urls, ssl.create_default_context(), "service.test"))
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            asyncio.run(bodies(urls, trust, "another.test"))


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 64}.service.test"])
def test_a_host_that_no_name_can_be_is_one_that_is_not_reached(host: str) -> None:
    with pytest.raises(httpx.ConnectError):
        asyncio.run(bodies([f"http://{host}/"], ssl.create_default_context()))
