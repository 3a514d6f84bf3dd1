"""Requests over connections that are kept, straight or through a proxy."""

from collections.abc import Callable, Mapping
from typing import Any, TypedDict, Unpack

import httpx

from wanx_render.backends.http.streams import StreamTransport
from wanx_render.language import tr

READ_TIMEOUT = httpx.Timeout(30, connect=10, pool=None)
ACCEPTED = "gzip, deflate"
_LAST_PORT = 65535
_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": ACCEPTED,
    "Connection": "keep-alive",
    "User-Agent": f"python-httpx/{httpx.__version__}",
}

# The whole address of the proxy that leads to an address, or None for none.
Route = Callable[[str], str | None]


def straight(_: str) -> str | None:
    """The route without any proxy."""
    return None


class RequestContent(TypedDict, total=False):
    """What a request carries, as httpx takes it."""

    params: Mapping[str, str] | None
    content: bytes | None
    json: Any
    data: Mapping[str, str]
    files: Mapping[str, tuple[str, bytes]]


class Connector:
    """Makes clients that go where ``route`` says, or all over one transport."""

    def __init__(
        self, transport: httpx.AsyncBaseTransport | None = None, route: Route = straight
    ) -> None:
        self._transport = transport
        self._route = route
        self._certificates = None if transport else httpx.create_ssl_context()

    def client(
        self,
        limits: httpx.Limits,
        headers: Mapping[str, str],
        timeout: httpx.Timeout = READ_TIMEOUT,
    ) -> "Client":
        """A client whose requests have ``headers`` and time out as ``timeout`` says."""
        return Client(lambda proxy: self._through(limits, proxy), self._route, headers, timeout)

    def _through(self, limits: httpx.Limits, proxy: str | None) -> httpx.AsyncBaseTransport:
        if self._transport:
            return self._transport
        verify = self._certificates or httpx.create_ssl_context()
        if proxy is None:
            return StreamTransport(verify, limits)
        return httpx.AsyncHTTPTransport(verify, limits=limits, proxy=proxy)


class Client:
    """Sends requests as they are, each once. No redirect is followed.

    Around an exchange httpx's own client looks for cookies, credentials and redirects, which takes
    a quarter of its time (decision 0047). None of them is wanted here, so its transports are used
    without it.
    """

    def __init__(
        self,
        through: Callable[[str | None], httpx.AsyncBaseTransport],
        route: Route,
        headers: Mapping[str, str],
        timeout: httpx.Timeout,
    ) -> None:
        """``through`` makes the transport of a proxy, or of none."""
        self._through = through
        self._route = route
        self._headers = _HEADERS | dict(headers)
        self._timeout = timeout
        self._proxies: dict[tuple[str, str, int | None], str | None] = {}  # by origin
        self._transports: dict[str | None, httpx.AsyncBaseTransport] = {}  # by proxy

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: httpx.Timeout | None = None,
        **content: Unpack[RequestContent],
    ) -> httpx.Request:
        """A request for ``send``. Raises httpx.InvalidURL."""
        request = httpx.Request(
            method, url, headers={**self._headers, **(headers or {})},
            extensions={"timeout": (timeout or self._timeout).as_dict()}, **content,
        )  # fmt: skip
        if not 0 <= (request.url.port or 0) <= _LAST_PORT:  # httpx takes any number
            raise httpx.InvalidURL(tr("its port is not a number up to 65535"))
        return request

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The answer to ``request``; its body is still to be read, and it to be closed.

        Raises httpx.HTTPError.
        """
        answer = await self.transport_to(request.url).handle_async_request(request)
        answer.request = request
        return answer

    def transport_to(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        """What requests to ``url`` go over."""
        origin = (url.scheme, url.host, url.port)
        if origin not in self._proxies:
            self._proxies[origin] = self._route(str(url))
        proxy = self._proxies[origin]
        if proxy not in self._transports:
            self._transports[proxy] = self._through(proxy)
        return self._transports[proxy]

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()
