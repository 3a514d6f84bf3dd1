"""Requests as clients send them to a proxy of plain HTTP: the whole address in the first line."""

import json
from urllib.parse import unquote, urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.tls.served_hosts import ServedHosts, Way

# Some clients (axios) send addresses of https so too, unencrypted as far as the proxy.
_PORTS = {"http": 80, "https": 443}
_WAYS: dict[str, Way] = {"http": "plain", "https": "tls"}
_HOP = (b"proxy-connection", b"proxy-authorization", b"host")


def refusal_text(target: str) -> str:
    """What a client is answered whose request would lead to another host."""
    return (
        f"{target[:300]} is not a host of DashScope: this proxy leads to the emulator only. "
        "Name the host in NO_PROXY, or start wanx-mock-server with --proxy-passthrough."
    )


class AbsoluteForm:
    """An ASGI application that reads such requests for ``app``, and refuses other hosts."""

    def __init__(self, app: ASGIApp, hosts: ServedHosts) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inner = self._inner(scope)
        if inner is None:
            answer = _refused(scope["raw_path"].decode("ascii", "replace"))
            await answer(scope, receive, send)
        else:
            await self._app(inner, receive, send)

    def _inner(self, scope: Scope) -> Scope | None:
        """The request as the server itself would have got it; None where it leads elsewhere."""
        target = scope["raw_path"].decode("ascii", "replace")
        try:
            parts = urlsplit(target)
            scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
            port = parts.port or _PORTS.get(scheme, 0)
        except ValueError:
            return None
        if scheme not in _PORTS or self._hosts.way_to(host, port) != _WAYS[scheme]:
            return None
        path = target[len(parts.scheme) + len("://") + len(parts.netloc) :] or "/"
        headers = [pair for pair in scope["headers"] if pair[0] not in _HOP]
        return {
            **scope,
            "scheme": scheme,
            "path": unquote(path),
            "raw_path": path.encode("ascii", "replace"),
            "headers": [(b"host", parts.netloc.encode("ascii", "replace")), *headers],
        }


def _refused(target: str) -> Response:
    error = {"code": "MockProxy", "message": refusal_text(target)}
    return Response(json.dumps(error), 403, {"connection": "close"}, media_type="application/json")
