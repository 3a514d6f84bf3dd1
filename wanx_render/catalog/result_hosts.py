"""Where a result may be fetched from: the vendor's object storage, and what a person adds to it.

The vendor says that its storage domains change and gives no fixed list, so the rule is a form of
names, not names (bucket ``dashscope-...``, any region of its object storage). It proves little by
itself, since anyone may register such a bucket: the trust lies in the TLS answer of the API. It
protects from a wrong base URL and from a relayed answer.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from wanx_render.language import Message, tr

# Source: allow-lists and captured results of 2025-09 to 2026-10, 21 hosts (docs/decisions/0020).
_STORAGE = re.compile(
    r"dashscope-[a-z0-9]+(-[a-z0-9]+)*"
    r"\.oss-(accelerate|accelerate-overseas|[a-z]{2}(-[a-z0-9]+)+)\.aliyuncs\.com"
)
# Brackets stand around a whole IPv6 address or nowhere: parsers differ on the rest.
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(:[0-9]*)?")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_LONGEST = 8192  # characters of an address


class BadAddress(ValueError):
    """What should be an address cannot be one; ``sentence`` says why."""

    def __init__(self, sentence: Message) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Address:
    """A result's address, parsed once and strictly."""

    url: str  # whole, as it was given: its signature must stay as it is
    scheme: str
    host: str  # lower case
    port: int | None  # None where none is written

    @property
    def shown(self) -> str:
        """The address without its query, which holds a signature."""
        return self.url.partition("?")[0].partition("#")[0]

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)


def shown_url(url: str | None) -> str | None:
    """An address without its query, whatever it is; None where there is none."""
    return url.partition("?")[0].partition("#")[0] if url else None


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse(url: str) -> Address:
    """Take an address apart. Raises BadAddress for any form on which two parsers could differ."""
    if len(url) > _LONGEST:
        raise BadAddress(tr("it is longer than {n} characters", n=_LONGEST))
    if not url.isascii() or not url.isprintable() or re.search(r'[\s\\"<>^`{|}]', url):
        raise BadAddress(tr("it has characters that a URL cannot have"))
    match = re.match(r"(?i)(https?)://([^/?#]+)([/?#]|$)", url)
    if match is None:
        raise BadAddress(tr("it is not an http or https URL"))
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise BadAddress(tr("its host or port is not valid")) from None
    if "@" in match[2]:
        raise BadAddress(tr("it has a user name"))
    if not _AUTHORITY.fullmatch(match[2]):
        raise BadAddress(tr("its host or port is not valid"))
    if ":" not in host and not _NAME.fullmatch(host):
        raise BadAddress(tr("its host name is not valid"))
    return Address(url, match[1].lower(), host, port)


def of_storage(address: Address) -> bool:
    """Whether an address is in the vendor's public object storage."""
    usual = {"https": 443, "http": 80}[address.scheme]
    return (
        address.port in (None, usual)
        and _STORAGE.fullmatch(address.host) is not None
        and not address.host.split(".")[1].endswith("-internal")  # reached from inside a VPC only
    )


def unknown_host(url: str, allowed_hosts: Collection[str], own: str) -> str | None:
    """The host of an address that nobody permits to fetch from; None where one may."""
    try:
        address = parse(url)
    except BadAddress:
        return "?"
    return None if to_fetch(address, allowed_hosts, own) else address.host


def to_fetch(address: Address, allowed_hosts: Collection[str], own: str) -> str | None:
    """The URL to fetch a result by, http raised to https; None where nobody permits its host.

    ``allowed_hosts`` are hosts that a person allows (``HOST`` or ``HOST:PORT``, lower case;
    ``*.`` for any name below), ``own`` is the host of a base URL that a person gave.
    On this machine http stays http.
    """
    if of_storage(address) or _is_permitted(address, allowed_hosts):
        return address.url if address.loopback else _raised(address)
    return address.url if own and address.host == own and _is_safe(address) else None


def _is_permitted(address: Address, allowed_hosts: Collection[str]) -> bool:
    full = f"{address.host}:{address.port}" if address.port else address.host
    for name in allowed_hosts:
        below = name.startswith("*.") and address.host.endswith(name[1:])
        if name in (address.host, full) or below:
            return True
    return False


def _is_safe(address: Address) -> bool:
    return address.scheme == "https" or address.loopback


def _raised(address: Address) -> str:
    """The same address over https."""
    if address.scheme == "https":
        return address.url
    return re.sub(r"(?i)^http://([^/?#]*?)(:80)?(/|(?=[?#])|$)", r"https://\1/", address.url)
