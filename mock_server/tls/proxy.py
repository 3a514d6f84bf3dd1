"""A forward proxy that is the vendor's hosts, with certificates of the local authority.

A client that takes it as its proxy (``HTTPS_PROXY``) and trusts the authority (``SSL_CERT_FILE``)
reaches the emulator at ``https://HOST/...``. Other hosts are refused, or passed on unread.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from mock_server.tls.authority import LocalAuthority
from mock_server.tls.contexts import ServerContexts
from mock_server.tls.served_hosts import ServedHosts
from mock_server.tls.tunnel import Gate, ProxyConnection
from mock_server.web.server import listen, new_connection

_TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


class ProxyServer:
    """A proxy that listens, and what clients need to know about it."""

    def __init__(
        self,
        place: tuple[str, int],
        hosts: ServedHosts,
        contexts: ServerContexts,
        *,
        passthrough: bool = False,
    ) -> None:
        """Raises OSError where the port is taken."""
        self.hosts, self._contexts, self._passthrough = hosts, contexts, passthrough
        self._listener = listen(*place)

    @property
    def authority(self) -> LocalAuthority:
        return self._contexts.authority

    @property
    def url(self) -> str:
        return f"http://{address_of(self._listener)}"

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs in its environment to reach the hosts, and to trust them."""
        ways = {
            "HTTPS_PROXY": self.url,
            "HTTP_PROXY": self.url,  # results with plain links come this way too
            "NO_PROXY": "127.0.0.1,localhost,::1",
        }
        return {
            **ways,
            **{
                name.lower(): value for name, value in ways.items()
            },  # these count before the others
            **dict.fromkeys(_TRUST, str(self.authority.file)),
            "NODE_USE_ENV_PROXY": "1",  # Node 24 and later
        }

    @asynccontextmanager
    async def serving(self, server: uvicorn.Server) -> AsyncIterator[None]:
        """Serve until the block ends; connections go on to ``server``, and end with it."""
        gate = Gate(self.hosts, self._contexts, lambda: new_connection(server), self._passthrough)
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(lambda: ProxyConnection(gate), sock=self._listener)
        try:
            yield
        finally:
            listening.close()
            for task in gate.tasks:
                task.cancel()
            await asyncio.gather(*gate.tasks, return_exceptions=True)

    def close(self) -> None:
        self._listener.close()


def address_of(listener: socket.socket) -> str:
    """Address and port of a listening socket, as a URL has them."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
