"""Which hosts lead to the emulator: those that a person names, all of the vendor's, and its own."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from mock_server.wire.hosts import is_api, is_storage
from wanx_render.language import tr

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9-]{1,63})+")
_TARGET = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([^\[\]:/@\s]{1,255})):([0-9]{1,5})")

Way = Literal["tls", "plain", "elsewhere"]


class BadHost(ValueError):
    """A text is not the name of a host; the message says so."""


def host_names(text: str) -> tuple[str, ...]:
    """The hosts of ``HOST[,HOST]``. Raises BadHost."""
    hosts = tuple(host.strip().lower() for host in text.split(",") if host.strip())
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise BadHost(
                tr(
                    "{host!r} is not a host name such as {example}",
                    host=host,
                    example="dashscope-x.oss-y.aliyuncs.com",
                )
            )
    return hosts


def split_target(target: str) -> tuple[str, int] | None:
    """Host and port of a ``CONNECT`` request, or None where it names none."""
    match = _TARGET.fullmatch(target)
    if match is None or not 0 < int(match[3]) < 65536:
        return None
    return (match[1] or match[2]).lower().removesuffix("."), int(match[3])


def is_vendors(name: str) -> bool:
    """Whether a name in small letters is one of the vendor's."""
    return is_api(name) or is_storage(name)


@dataclass(frozen=True)
class ServedHosts:
    """``names``, with ``vendor`` all names of the vendor, and the server's own address."""

    names: Collection[str]
    vendor: bool
    own: tuple[str, int]  # the address that the emulator listens on
    own_tls: bool = False

    def has(self, name: str) -> bool:
        """Whether a name in small letters is played here."""
        return name in self.names or (self.vendor and is_vendors(name))

    def may_point_here(self, name: str) -> bool:
        """Whether a file of hosts may lead this name to the server's own port."""
        return name in self.names or is_vendors(name)

    def way_to(self, host: str, port: int) -> Way:
        """What a client that asks for a tunnel to there will speak, or that it leads elsewhere."""
        if self.is_own(host, port):
            return "tls" if self.own_tls else "plain"
        if self.has(host) and port in (80, 443):
            return "tls" if port == 443 else "plain"
        return "elsewhere"

    def is_own(self, host: str, port: int) -> bool:
        """Whether this is where the emulator itself listens."""
        return port == self.own[1] and host in (self.own[0], "localhost", "127.0.0.1", "::1")
