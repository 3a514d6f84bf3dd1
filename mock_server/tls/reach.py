"""How clients reach the emulator: over TLS, through the proxy, or both; with one authority."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext

from starlette.types import ASGIApp

from mock_server.tls.authority import (
    LocalAuthority,
    default_folder,
    is_permitted,
    kept_authority,
    passing_authority,
)
from mock_server.tls.contexts import ServerContexts
from mock_server.tls.proxy import ProxyServer
from mock_server.tls.served_hosts import ServedHosts
from mock_server.web.server import server

_OWN_NAMES = ("localhost", "127.0.0.1", "::1")
_ANY = ("0.0.0.0", "::")  # noqa: S104  # compared with, not listened on


@dataclass(frozen=True)
class Reach:
    """What a server is started with: ``tls`` on its own port, and a proxy where it has a port."""

    tls: bool = False
    vendor: bool = False  # the proxy is all of the vendor's hosts
    proxy_port: int | None = None
    passthrough: bool = False
    folder: Path | None = None  # of the authority; None: its usual folder
    keep: bool = True  # False: an authority of this run alone

    @property
    def is_needed(self) -> bool:
        return self.tls or self.proxy_port is not None

    @property
    def has_vendor_names(self) -> bool:
        """Whether clients can get here by names of the vendor."""
        return self.vendor or self.tls

    def authority(self, names: Sequence[str]) -> LocalAuthority:
        """The authority that signs for ``names``. Raises BadAuthority."""
        foreign = [name for name in names if not is_permitted(name)]
        if foreign or not self.keep:
            return passing_authority(*foreign)
        folder = self.folder or default_folder(os.environ)
        return kept_authority(folder.absolute())  # clients are in other folders


@dataclass(frozen=True)
class Doors:
    """TLS of the server's own port, and its proxy; None where there is none."""

    authority: LocalAuthority | None = None
    context: SSLContext | None = None
    proxy: ProxyServer | None = None

    @property
    def record(self) -> dict[str, object]:
        """What the line of a server that is ready says of them."""
        record: dict[str, object] = {}
        if self.authority:
            record["authority"] = str(self.authority.file)
            record["trust_store"] = str(self.authority.trust_store)
        if self.proxy:
            record |= {"proxy": self.proxy.url, "environment": self.proxy.environment}
        return record

    async def serve(self, app: ASGIApp, listener: socket.socket) -> None:
        """Serve an application on its own port, and through the proxy."""
        http = server(app, self.context)
        async with self.proxy.serving(http) if self.proxy else nullcontext():
            await http.serve(sockets=[listener])


@contextmanager
def doors(reach: Reach, names: Sequence[str], own: tuple[str, int]) -> Iterator[Doors]:
    """What ``reach`` asks for, for a server at ``own``. Raises BadAuthority, or OSError."""
    if not reach.is_needed:
        yield Doors()
        return
    address = "127.0.0.1" if own[0] in _ANY else own[0]
    authority = reach.authority((*names, address))
    try:
        contexts = ServerContexts(authority)
        hosts = ServedHosts(frozenset(names), reach.vendor, (address, own[1]), reach.tls)
        own_names = dict.fromkeys((*_OWN_NAMES, address))
        context = contexts.own(tuple(own_names), hosts.may_point_here) if reach.tls else None
        if reach.proxy_port is None:
            yield Doors(authority, context)
            return
        place = (own[0], reach.proxy_port)
        proxy = ProxyServer(place, hosts, contexts, passthrough=reach.passthrough)
        try:
            yield Doors(authority, context, proxy)
        finally:
            proxy.close()
    finally:
        authority.remove()
