"""How the environment leads to the service: its proxies and certificates, checked before a run.

Everything is a function of ``environ``. The HTTP client is given a ``route`` and reads no proxy
variable by itself: it stops at values that other programs accept, such as ``NO_PROXY=::1/128``.
Passwords of proxies appear in no text.
"""

import ipaddress
import os
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wanx_render.catalog.result_hosts import is_loopback
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import NOTHING, Message, joined, tr

if TYPE_CHECKING:
    import ssl

    from wanx_render.backends.http.client import Route

LOOPBACK = ("127.0.0.1", "localhost", "::1")
THROUGH_LOOPBACK = "WANX_PROXY_LOOPBACK"
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")  # how OpenSSL looks a certificate up in a folder


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that a variable names; ``url`` is whole, with user and password."""

    variable: str
    host: str
    port: int
    scheme: str
    url: str = field(repr=False)

    def __str__(self) -> str:
        """``HTTPS_PROXY=http://127.0.0.1:8080``, without user and password."""
        return f"{self.variable}={self.scheme}://{_bracketed(self.host)}:{self.port}"


# -- proxies -------------------------------------------------------------------------------------


def proxies(environ: Mapping[str, str]) -> dict[str, Proxy]:
    """The proxy of each scheme: ``http``, ``https``, ``all``. Raises BadInput for a wrong value."""
    variables = {
        scheme: _variable(environ, f"{scheme}_proxy") for scheme in ("http", "https", "all")
    }
    values = {scheme: pair for scheme, pair in variables.items() if pair and pair[1].strip()}
    if not any(variables.values()):
        values = _of_the_system()
    return {scheme: _proxy(name, value.strip()) for scheme, (name, value) in values.items()}


def _variable(environ: Mapping[str, str], name: str) -> tuple[str, str] | None:
    """A variable and its value; small letters come before capitals, as everywhere."""
    for spelling in (name, name.upper()):
        if spelling in environ:
            return spelling, environ[spelling]
    return None


def _of_the_system() -> dict[str, tuple[str, str]]:
    """What macOS and Windows have in their settings."""
    if platform.system() not in ("Darwin", "Windows"):
        return {}
    from urllib.request import getproxies

    settings = getproxies()
    return {
        scheme: (tr("the system's {scheme} proxy", scheme=scheme), settings[scheme])
        for scheme in ("http", "https")
        if settings.get(scheme)
    }


def _proxy(variable: str, value: str) -> Proxy:
    """Raises BadInput where no proxy can be read from the value."""
    url = value if "://" in value or ":/" in value else f"http://{value}"
    fault = _fault(url)
    if not fault:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        return Proxy(variable, parts.hostname or "", port, parts.scheme, url)
    scheme = "socks5" if url.startswith("socks") else "http"
    hint = tr("write it as {form}, or unset it", form=f"{variable}={scheme}://HOST:PORT")
    setting = f"{variable}={without_password(value)}"
    message = tr("{setting} is not a valid proxy: {reason}", setting=setting, reason=fault)
    raise BadInput(Diagnostic("proxy-invalid", message, hint=hint))


_ESCAPES = tr("/, # and ? in a password must be written as %2F, %23 and %3F")


def _fault(url: str) -> Message:
    """What keeps an address from being a proxy's, or nothing."""
    if not url.isprintable() or " " in url or len(url) > 2000:
        return tr("it has spaces or control characters, or is too long")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return _plain_reason(url, error)
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        return _ESCAPES
    if parts.scheme not in _PORTS:
        return tr("its scheme must be one of {schemes}", schemes=joined(_PORTS, tr(", ")))
    if not _is_host(host):
        return tr("its host name is not valid") if host else tr("it has no host")
    return tr("port 0 is not valid") if port == 0 else NOTHING


def _plain_reason(url: str, error: ValueError) -> Message:
    if "@" in url and re.search(r"[/#?].*@", url.partition("://")[2]):
        return _ESCAPES
    if "ort" in str(error):
        return tr("its port is not a number up to 65535")
    return tr("it is not a valid URL")


def _is_host(host: str) -> bool:
    return _address(host) is not None or bool(
        re.fullmatch(r"(?!-)[A-Za-z0-9._-]{1,253}(?<!-)", host) and ".." not in host
    )


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def without_password(url: str) -> str:
    """An address of which only scheme, host and port are left: the rest may be a secret."""
    scheme, mark, rest = url.rpartition("://") if "@" not in url else url.partition("://")
    place = rest.rpartition("@")[2] if mark else url.rpartition("@")[2]
    host = re.split(r"[/?#]", place, maxsplit=1)[0]
    return f"{scheme}{mark}{host}" if mark else host


# -- what goes around them -----------------------------------------------------------------------


def proxy_for(environ: Mapping[str, str], url: str) -> Proxy | None:
    """The proxy that leads to ``url``, or None. Raises BadInput for a wrong value."""
    parts = urlsplit(url)
    if _goes_around(environ, (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme]):
        return None
    by_scheme = proxies(environ)
    return by_scheme.get(parts.scheme) or by_scheme.get("all")


def _exceptions(environ: Mapping[str, str]) -> list[str]:
    """What NO_PROXY names, without schemes, in small letters."""
    _, value = _variable(environ, "no_proxy") or ("", "")
    words = re.split(r"[,;\s]+", value.lower())
    return [word.rpartition("://")[2].rstrip("/") for word in words if word]


def _loopback_asked(environ: Mapping[str, str]) -> bool:
    """Whether even this machine is reached through a proxy: an empty NO_PROXY excepts nothing."""
    pair = _variable(environ, "no_proxy")
    return environ.get(THROUGH_LOOPBACK) == "1" or (pair is not None and not pair[1].strip())


def _goes_around(environ: Mapping[str, str], host: str, port: int) -> bool:
    if is_loopback(host) and not _loopback_asked(environ):
        return True
    return any(_fits(word, host, port) for word in _exceptions(environ))


def _fits(word: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY means this host: a name, an address, or a range of them."""
    if word == "*":
        return True
    name, wanted_port = _split_port(word)
    if wanted_port and int(wanted_port) != port:
        return False
    address = _address(host)
    if address is None:
        name = name.lstrip("*").lstrip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False


def _split_port(word: str) -> tuple[str, str]:
    """``[::1]:80``, ``::1``, ``host:80`` and ``host`` as name and port."""
    match = re.fullmatch(r"\[(.+)\](?::(\d{1,5}))?", word) or re.fullmatch(
        r"([^:]+):(\d{1,5})", word
    )
    return (match[1], match[2] or "") if match else (word, "")


def route(environ: Mapping[str, str]) -> "Route":
    """Which proxy leads to an address. Raises BadInput for a wrong value."""
    proxies(environ)

    def proxy_of(url: str) -> str | None:
        is_web = url.startswith(("http://", "https://"))  # the client refuses the others itself
        proxy = proxy_for(environ, url) if is_web else None
        return proxy.url if proxy else None

    return proxy_of


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


# -- certificates --------------------------------------------------------------------------------


def certificates(environ: Mapping[str, str]) -> "ssl.SSLContext":
    """What connections to the service are checked by. Raises OSError or ValueError."""
    import ssl

    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file or folder:
        return ssl.create_default_context(cafile=file, capath=None if file else folder)
    import certifi  # what the HTTP client trusts, and comes with it

    return ssl.create_default_context(cafile=certifi.where())


def certificate_fault(environ: Mapping[str, str]) -> Message:
    """What is wrong with the certificates that a variable names, or nothing."""
    import ssl  # only a run on the service needs it

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    log = environ.get("SSLKEYLOGFILE")
    variable, value = "SSL_CERT_FILE", file
    try:
        if file:
            context.load_verify_locations(cafile=file)
        elif folder:
            return _folder_fault(folder)
        if log:
            variable, value = "SSLKEYLOGFILE", log
            context.keylog_filename = log
    except ssl.SSLError:
        return tr("{setting} holds no certificates", setting=f"{variable}={value}")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or tr("its name cannot be used")
        return _unreadable(f"{variable}={value}", reason)
    return NOTHING


def _unreadable(setting: str, reason: str | None) -> Message:
    return tr("{setting} cannot be read: {reason}", setting=setting, reason=reason)


def _folder_fault(value: str) -> Message:
    """OpenSSL takes several folders, as PATH does, and finds certificates by their hash."""
    setting = f"SSL_CERT_DIR={value}"
    folders = [Path(part) for part in value.split(os.pathsep) if part]
    there = [folder for folder in folders if folder.is_dir()]
    if not there:
        return tr("{setting} is not a folder", setting=setting)
    try:
        if any(_HASHED.fullmatch(path.name) for folder in there for path in folder.iterdir()):
            return NOTHING
    except OSError as error:
        return _unreadable(setting, error.strerror)
    return tr("{setting} holds no hashed certificates; run openssl rehash on it", setting=setting)


# -- all of it -----------------------------------------------------------------------------------


def faults(environ: Mapping[str, str]) -> Iterator[Diagnostic]:
    """What keeps the HTTP client from being made at all."""
    try:
        by_scheme = proxies(environ)
    except BadInput as error:
        yield from error.diagnostics
        by_scheme = {}
    socks = next((proxy for proxy in by_scheme.values() if proxy.scheme.startswith("socks")), None)
    if socks and find_spec("socksio") is None:
        hint = tr("run pip install 'httpx[socks]', or unset {variable}", variable=socks.variable)
        message = tr("{proxy} needs the package socksio, which is not installed", proxy=socks)
        yield Diagnostic("proxy-invalid", message, hint=hint)
    if fault := certificate_fault(environ):
        variable = fault.partition("=")[0]
        hint = tr("correct {variable}, or unset it", variable=variable)
        yield Diagnostic("certificates-invalid", fault, hint=hint)


def check(environ: Mapping[str, str]) -> None:
    """Raises BadInput with everything that keeps the HTTP client from being made."""
    if problems := tuple(faults(environ)):
        raise BadInput(*problems)


def proxy_blame(environ: Mapping[str, str], error: BaseException, url: str) -> Message:
    """`` (through HTTP_PROXY=http://127.0.0.1:1)``: what of the environment had a part in a network
    error on the way to ``url``; empty where nothing had.
    """
    try:
        proxy = proxy_for(environ, url)
    except (BadInput, ValueError, KeyError):
        proxy = None
    parts = [tr("through {proxy}", proxy=proxy)] if proxy else []
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        name = next((v for v in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(v)), None)
        parts.append(
            tr("with {setting}", setting=f"{name}={environ[name]}")
            if name
            else tr("if a proxy re-signs the connection, set SSL_CERT_FILE to its certificate")
        )
    return tr(" ({details})", details=joined(parts, tr("; "))) if parts else NOTHING
