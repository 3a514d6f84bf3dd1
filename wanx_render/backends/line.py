"""One account at one address of the service: its connections, its time, and reads within bounds.

Three clients: one knows the key and reads, one knows the key and creates, over a connection that
nothing used before; the third fetches results and sends uploads, and has never seen a key. What
comes in is bounded in time and size, and cleaned before anything else looks at it.
"""

import asyncio
import hashlib
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx

from wanx_render.backends import addresses, wire
from wanx_render.backends.base import Recipient
from wanx_render.backends.cleaning import Cleaner, parsed
from wanx_render.backends.http.client import Client, Connector, Route, straight
from wanx_render.backends.network import LOOPBACK
from wanx_render.backends.transfer import Answer, exchange, is_untrusted, reason_of
from wanx_render.catalog.capabilities import Catalog
from wanx_render.clock import CLOCK_HEADER, Clock, pause_beside
from wanx_render.errors import Refused, ServiceError, Unreachable
from wanx_render.language import Message, tr

NAME = "dashscope"
# A short wait for the answer of a create call would only make doubt. A wait for a connection of our
# own, while hundreds of clips come down, is no fault at all.
CREATE_TIMEOUT = httpx.Timeout(60, connect=10, pool=None)
# A whole exchange, in seconds of the service's clock: an answer of a byte a second ends too.
CREATE_SECONDS, READ_SECONDS = 60.0, 60.0
SLOWEST_UPLOAD = 32 * 1024  # bytes a second; a body of pictures may take longer
LEAST_SECONDS = 3.0  # of real time, however fast the clock of an emulator runs
READ_TRIES = 6
READ_RETRIES = 200.0  # a whole outage ends soon, whatever the number of shots
READ_RETRIES_AN_ANSWER = 0.5  # given back by each good answer: a run of days meets many faults
LONGEST_RETRY_AFTER = 60.0
QUERY_SHARE = 0.75  # of the account's queries a second; others may use the account too
CLOCK_SET_BACK = timedelta(minutes=30)
_FARTHEST = timedelta(days=3650)
# Real seconds between two questions about a task beside an emulator, as its clock would have it:
# on this machine, and at any other host that is not the vendor's.
LEAST_HERE, LEAST_ELSEWHERE = 0.05, 2.0
# A task beside a fast clock ends within a few dozen questions. After so many the clock is not as
# the header says, and the waits are those for the real service.
MOST_HURRIED = 100


@dataclass(frozen=True, slots=True)
class Access:
    """Where the service is and who asks; the key shows in no text."""

    base_url: str
    key: str = field(repr=False)
    own_hosts: bool = False  # results may come from the API's own host: an emulator
    result_hosts: tuple[str, ...] = ()  # other hosts that a person allows results to come from
    workspace: str = ""  # whose tasks these are, where the address does not say so

    @property
    def own_host(self) -> str:
        """The host that results may come from besides the service's storage; mostly none."""
        return (urlsplit(self.base_url).hostname or "") if self.own_hosts else ""


def workspace_headers(access: Access, catalog: Catalog) -> dict[str, str]:
    """What names the workspace, where the host does not."""
    place = addresses.place_of(catalog, access.base_url)
    is_named = place is not None and place.kind == "workspace"
    if is_named or not access.workspace:
        return {}
    return {"X-DashScope-WorkSpace": access.workspace}


# Queries are paced and downloads bound by the line, so few connections are enough, and the pool
# looks at each of them twice a request.
_CONNECTIONS = httpx.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=60)
# A connection that was kept too long fails in a way that looks like doubt: creates keep none.
_FRESH = httpx.Limits(max_connections=8, max_keepalive_connections=0)


@dataclass(frozen=True)
class Clients:
    """The connections of one account, to whatever address of it."""

    api: Client
    create: Client
    media: Client
    traced: bool  # only a real connection says when its first byte leaves

    @classmethod
    def of(
        cls, key: str, transport: httpx.AsyncBaseTransport | None, route: Route = straight
    ) -> "Clients":
        """``route`` says which proxy leads where."""
        connector, headers = Connector(transport, route), {"Authorization": f"Bearer {key}"}
        return cls(
            api=connector.client(_CONNECTIONS, headers),
            create=connector.client(_FRESH, headers),
            media=connector.client(_CONNECTIONS, {}),
            traced=transport is None,
        )

    async def close(self) -> None:
        for client in (self.api, self.create, self.media):
            await client.aclose()


class AccountLine:
    """One account at one address."""

    def __init__(
        self,
        access: Access,
        catalog: Catalog,
        clock: Clock,
        chance: random.Random,
        clients: Clients,
    ) -> None:
        self.access = access
        self.catalog = catalog
        self.clients = clients
        self.cleaner = Cleaner(access.key)
        self._clock = clock
        self._chance = chance
        self._ahead: timedelta | None = None  # how far the service's time is before ours
        self._emulated = ""  # how an emulator's clock runs; empty at a service
        self._pace = asyncio.Lock()
        self._retries_left = READ_RETRIES

    def at(self, url: str) -> "AccountLine":
        """The same account at another address: it shares connections and pace."""
        access = replace(self.access, base_url=url, own_hosts=not addresses.is_vendor(url))
        line = AccountLine(access, self.catalog, self._clock, self._chance, self.clients)
        line._pace = self._pace
        return line

    @cached_property
    def recipient(self) -> Recipient:
        """Of the key a few digits of its hash: enough to know it again, no more."""
        digits = hashlib.sha256(self.access.key.encode()).hexdigest()[:8]
        return Recipient(
            f"{NAME} {digits}", addresses.sealed(self.access.base_url, self.access.key)
        )

    @cached_property
    def realm(self) -> str:
        """What knows the same uploads and tasks: a region of the vendor's, or one host."""
        return addresses.realm(self.catalog, self.access.base_url)

    @cached_property
    def headers(self) -> dict[str, str]:
        """What goes with every call to the API."""
        return workspace_headers(self.access, self.catalog)

    @property
    def shared_url(self) -> str | None:
        """Where all workspaces of the region are reached, if this is the host of one of them."""
        return addresses.shared_url(self.catalog, self.access.base_url)

    @property
    def is_alone(self) -> bool:
        """Whether this is the host of a workspace in a region that has no shared one."""
        place = addresses.place_of(self.catalog, self.access.base_url)
        return place is not None and place.kind == "workspace" and self.shared_url is None

    def now(self) -> datetime:
        """Ours, set right by the ``Date`` of the service's answers."""
        return self._clock.now() + (self._ahead or timedelta(0))

    # -- calls -----------------------------------------------------------------------------------

    async def read(
        self, path: str, query: Mapping[str, str], tries: int = READ_TRIES
    ) -> dict[str, Any]:
        """The answer to a read, repeated while that may help. Raises Refused or Unreachable."""
        last: ServiceError = Unreachable("Unreachable", tr("the service did not answer"))
        for number in range(tries):
            if number:
                if self._retries_left < 1:
                    break
                self._retries_left -= 1
            try:
                await self._my_turn()
                answer = await self.ask("GET", path, query)
            except httpx.HTTPError as error:
                last = Unreachable("Unreachable", self.unreached(error))
                if is_untrusted(error):  # no repeat makes a certificate good
                    break
                await self.breathe(number)
                continue
            body = parsed(answer.content)
            self.set_clock(answer)
            if answer.status == 200 and body and not is_refusal(body):
                retries = self._retries_left + READ_RETRIES_AN_ANSWER
                self._retries_left = min(retries, READ_RETRIES)
                return body
            last = self.error(answer, body)
            busy = answer.status == 429 and self.kind(last) == "busy"
            if is_refusal(body) and answer.status < 500 and answer.status != 408 and not busy:
                raise Refused(last.code, last.message, last.request_id)
            await self.breathe(number, retry_after(answer))
        raise Unreachable(last.code, last.message, last.request_id)

    async def ask(self, method: str, path: str, query: Mapping[str, str]) -> Answer:
        url, headers = self.access.base_url + path, self.headers
        request = self.clients.api.build_request(
            method, url, params=dict(query) or None, headers=headers
        )
        return await exchange(self.clients.api, request, self.real(READ_SECONDS))

    async def _my_turn(self) -> None:
        """Keep the account's limit of queries a second, over everything this run asks."""
        async with self._pace:
            share = self.catalog.service.queries_per_second.value * QUERY_SHARE
            await self._clock.sleep(1 / share)

    async def breathe(self, number: int, asked: float | None = None) -> None:
        """Wait before a read is repeated: as long as the service says, else longer each time."""
        longest = min(2.0 ** min(number, 10), 20)
        wait = self._chance.uniform(0.1, longest) if asked is None else asked
        await self._clock.sleep(wait)

    def real(self, seconds: float) -> float:
        """Seconds of the service's clock as real ones, which a fast clock makes few."""
        return max(seconds / self._clock.pace, LEAST_SECONDS)

    def pause(self, seconds: float, number: int) -> float:
        """A wait before question ``number + 1`` about a task: shorter beside an emulator.

        It bounds no search for a lost answer and decides nothing about money. The vendor's hosts
        are never hurried, whatever header they or a proxy send; a pace that a person set is kept.
        """
        if addresses.is_vendor(self.access.base_url) or number > MOST_HURRIED:
            return seconds
        is_here = urlsplit(self.access.base_url).hostname in LOOPBACK
        least = LEAST_HERE if is_here else LEAST_ELSEWHERE
        return min(seconds, pause_beside(self._emulated, seconds, least) * self._clock.pace)

    async def put(
        self, name: str, content: bytes, host: str, form: dict[str, str]
    ) -> Message | None:
        """Send a file to the storage, once; None, or what went wrong."""
        files = {"file": (name, content)}
        seconds = self.real(CREATE_SECONDS + len(content) / SLOWEST_UPLOAD)
        try:
            request = self.clients.media.build_request(
                "POST", host, data=form, files=files, timeout=CREATE_TIMEOUT
            )
            answer = await exchange(self.clients.media, request, seconds)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
            return reason_of(error, self.cleaner)
        return None if answer.status == 200 else tr("status {status}", status=answer.status)

    # -- answers ---------------------------------------------------------------------------------

    @property
    def is_emulated(self) -> bool:
        """Whether the last answer was an emulator's; a service names no clock."""
        return bool(self._emulated)

    def set_clock(self, answer: Answer) -> None:
        """Note what an answer shows of the service's time."""
        self._emulated = answer.headers.get(CLOCK_HEADER, "")
        try:
            time = parsedate_to_datetime(answer.headers.get("date", ""))
            ahead = time.astimezone(UTC) - self._clock.now()
        except (ValueError, TypeError, OverflowError):
            return
        if abs(ahead) > _FARTHEST:  # no clock is so wrong; the answer is
            return
        # An answer that came late makes the service look slow: the quickest one is nearest to the
        # truth. Far behind it, the service's clock was set back.
        late = self._ahead is not None and self._ahead - CLOCK_SET_BACK < ahead < self._ahead
        self._ahead = self._ahead if late else ahead

    def error(self, answer: Answer, body: Mapping[str, Any]) -> ServiceError:
        problem = wire.error_of(body, self.cleaner)
        if problem.code:
            request_id = self.cleaner.text(body.get("request_id"))
            return ServiceError(problem.code, problem.message, request_id)
        kind = self.cleaner.text(answer.headers.get("content-type", "").partition(";")[0])
        message = tr(
            "status {status} with {kind}, which is not the service's format; "
            "is there a proxy or a sign-in page in between?",
            status=answer.status,
            kind=kind or tr("no content type"),
        )
        return ServiceError("NotTheService", message)

    def kind(self, error: ServiceError) -> str:
        return self.catalog.meaning(error.code, error.message).kind

    def unreached(self, error: Exception) -> Message:
        host = urlsplit(self.access.base_url).netloc
        reason = reason_of(error, self.cleaner)
        return tr("cannot reach the service at {host} ({reason})", host=host, reason=reason)


def is_refusal(body: Mapping[str, Any]) -> bool:
    """Whether an answer is a refusal in the service's own form, flat or nested."""
    answers = any(isinstance(body.get(name), dict | list) for name in ("output", "data"))
    return not answers and (bool(body.get("code")) or isinstance(body.get("error"), dict))


def retry_after(answer: Answer) -> float | None:
    text = answer.headers.get("retry-after", "")
    if not re.fullmatch(r"\d{1,9}(\.\d{1,3})?", text):
        return None
    return min(float(text), LONGEST_RETRY_AFTER)
