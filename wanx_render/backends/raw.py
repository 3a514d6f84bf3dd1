"""Single calls to the service as they are written, with the whole answer: for probes alone.

Nothing is repeated, nothing is judged, no redirect is followed. A call says itself which key it
carries; a link is fetched without any.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from wanx_render.backends.cleaning import Cleaner
from wanx_render.backends.http.client import Connector, Route, straight
from wanx_render.backends.line import CREATE_SECONDS, CREATE_TIMEOUT, SLOWEST_UPLOAD
from wanx_render.backends.transfer import exchange, reason_of
from wanx_render.language import NOTHING, Message

_LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=16)


@dataclass(frozen=True, slots=True)
class RawCall:
    """One call; ``path`` begins after the base URL."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    key: str | None = field(default=None, repr=False)  # None: without a key


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came of a call: the answer as it is, or why there is none."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    content: bytes
    seconds: float
    fault: Message = NOTHING


class RawService:
    """The service at ``base_url``; ``route`` is ``network.route``.

    ``headers`` go with every call, and with no link.
    """

    def __init__(
        self,
        base_url: str,
        cleaner: Cleaner,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        route: Route = straight,
    ) -> None:
        self._base_url, self._cleaner, self._headers = base_url, cleaner, headers or {}
        self._client = Connector(transport, route).client(_LIMITS, {}, CREATE_TIMEOUT)

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(self, call: RawCall) -> RawAnswer:
        """Send ``call`` once."""
        headers = {**self._headers, **call.headers}
        if call.key is not None:
            headers["Authorization"] = f"Bearer {call.key}"
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        request = self._client.build_request(
            call.method, self._base_url + call.path, params=dict(call.query) or None,
            headers=headers, content=call.body,
        )  # fmt: skip
        return await self._sent(request, len(call.body or b""))

    async def fetch(self, url: str, headers: Mapping[str, str]) -> RawAnswer:
        """Ask for a part of what is behind a link, without a key."""
        try:
            request = self._client.build_request("GET", url, headers=dict(headers))
        except httpx.InvalidURL as error:
            return RawAnswer(0, {}, b"", 0.0, reason_of(error, self._cleaner))
        return await self._sent(request, 0)

    async def _sent(self, request: httpx.Request, size: int) -> RawAnswer:
        begun = time.monotonic()
        try:
            answer = await exchange(self._client, request, CREATE_SECONDS + size / SLOWEST_UPLOAD)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = reason_of(error, self._cleaner)
            return RawAnswer(0, {}, b"", time.monotonic() - begun, reason)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return RawAnswer(answer.status, headers, answer.content, time.monotonic() - begun)
