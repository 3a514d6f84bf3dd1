"""Whether a place in the network can be reached: a connection, a handshake, and not a word more."""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPException, HTTPSConnection
from urllib.parse import unquote, urlsplit

from wanx_render.backends.network import Proxy
from wanx_render.language import NOTHING, Message, recorded, tr

PATIENCE = 3.0  # seconds

# Host, port, a context for TLS or None, a proxy or None; the answer is what is wrong, or nothing.
Reach = Callable[[str, int, "ssl.SSLContext | None", "Proxy | None"], Message]


def reach(host: str, port: int, tls: ssl.SSLContext | None, proxy: Proxy | None) -> Message:
    """Why a place cannot be reached, or nothing. No key and no request is sent.

    With ``tls`` its certificate is checked. Through a ``proxy`` of the scheme http a tunnel is
    asked for; of others only the proxy itself is tried.
    """
    try:
        if proxy is None:
            with socket.create_connection((host, port), PATIENCE) as link:
                if tls:
                    tls.wrap_socket(link, server_hostname=host).close()
        elif tls and proxy.scheme == "http":
            _tunnel(host, port, tls, proxy)
        else:
            socket.create_connection((proxy.host, proxy.port), PATIENCE).close()
    except TimeoutError:
        return tr("no answer in {seconds:g} s", seconds=PATIENCE)
    except (OSError, HTTPException, UnicodeError) as error:
        words = getattr(error, "verify_message", "") or getattr(error, "strerror", "")
        return recorded(words or str(error))
    return NOTHING


def _tunnel(host: str, port: int, tls: ssl.SSLContext, proxy: Proxy) -> None:
    link = HTTPSConnection(proxy.host, proxy.port, timeout=PATIENCE, context=tls)
    link.set_tunnel(host, port, headers=_credentials(proxy))
    with closing(link):
        link.connect()


def _credentials(proxy: Proxy) -> Mapping[str, str]:
    from base64 import b64encode

    parts = urlsplit(proxy.url)
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
