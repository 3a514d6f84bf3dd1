"""The emulator without a socket: an httpx transport; the wire's faults are httpx's errors."""

import httpx

from mock_server.app import Emulator
from mock_server.cutting import Cut


class Transport(httpx.AsyncBaseTransport):
    """``httpx.AsyncClient(transport=Transport(emulator), base_url="http://127.0.0.1")``."""

    def __init__(self, emulator: Emulator) -> None:
        self._asgi = httpx.ASGITransport(emulator.asgi)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.ReadTimeout, ReadError or RemoteProtocolError where a fault cuts."""
        try:
            return await self._asgi.handle_async_request(request)
        except Cut as cut:
            raise _error(cut, request) from None


def _error(cut: Cut, request: httpx.Request) -> httpx.TransportError:
    if cut.how == "never":
        return httpx.ReadTimeout("no answer came", request=request)
    if cut.how == "reset":
        return httpx.ReadError("the connection was reset", request=request)
    return httpx.RemoteProtocolError("the connection was closed early", request=request)
