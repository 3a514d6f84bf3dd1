"""The DashScope service over HTTP. Reads are repeated; the create call never is, by anyone.

``line`` has the connections of the account, ``uploads`` its files at the service.
"""

import random
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx

from wanx_render.backends import addresses, wire
from wanx_render.backends.base import (
    Accepted,
    Failed,
    Listed,
    Recipient,
    Submission,
    Succeeded,
    TaskState,
    Unknown,
    quiet,
)
from wanx_render.backends.cleaning import parsed
from wanx_render.backends.http.client import Route, straight
from wanx_render.backends.line import (
    CREATE_SECONDS,
    CREATE_TIMEOUT,
    NAME,
    READ_TRIES,
    SLOWEST_UPLOAD,
    Access,
    AccountLine,
    Clients,
    is_refusal,
    retry_after,
)
from wanx_render.backends.transfer import (
    STALL_SECONDS,
    Answer,
    Download,
    exchange,
    is_untrusted,
    reason_of,
    stream_to,
)
from wanx_render.backends.uploads import KnownUploads, Uploader, upload_name
from wanx_render.catalog import result_hosts
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.result_hosts import BadAddress
from wanx_render.clock import Clock
from wanx_render.errors import (
    Broken,
    Refused,
    ServiceError,
    Throttled,
    Uncertain,
    UnknownHost,
    Unreachable,
    Unsent,
    WanxError,
)
from wanx_render.language import Message, tr

MOST_PAGES = 1000
DOWNLOAD_TRIES = 50  # of which those that brought no byte more are at most READ_TRIES
_PAGE = 100
_SURELY_UNSENT = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError,
    httpx.UnsupportedProtocol, httpx.LocalProtocolError,
)  # fmt: skip


class DashScope:
    """The service as a backend of one run."""

    name = NAME

    def __init__(
        self,
        access: Access,
        catalog: Catalog,
        clock: Clock,
        chance: random.Random,
        *,
        uploads: KnownUploads | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        route: Route = straight,
    ) -> None:
        """``route`` says which proxy leads where, as ``network.route`` does."""
        clients = Clients.of(access.key, transport, route)
        self._catalog = catalog
        self._line = AccountLine(access, catalog, clock, chance, clients)
        self._uploader = Uploader(self._line, uploads or KnownUploads())
        self._others: dict[str, DashScope] = {}  # the same account, by the address it is asked at
        self._newer: DashScope | None = None  # where new requests go, if this one is not that
        self._sent: dict[str, frozenset[str]] = {}  # the uploads that each task was given

    async def close(self) -> None:
        await self._line.clients.close()

    @property
    def recipient(self) -> Recipient:
        return self._line.recipient

    @property
    def is_emulated(self) -> bool:
        return self._line.is_emulated

    def serving(self, recipient: Recipient) -> "DashScope | None":
        url = self._permitted(recipient)
        if url is None or url == self._line.access.base_url:
            return self if url else None
        if url not in self._others:
            self._others[url] = self._at(url)
        return self._others[url]

    def _permitted(self, recipient: Recipient) -> str | None:
        """The address that ``recipient`` is, if the key may go there: a file could name any."""
        own, endpoint = self._line.access.base_url, recipient.endpoint
        if recipient.scope != self.recipient.scope:
            return None
        if endpoint.startswith("//"):  # a version that kept the host alone
            return own if urlsplit(own).hostname == endpoint[2:] else None
        if endpoint.partition(" ")[0] == own:
            return own
        if url := addresses.unsealed(endpoint, self._line.access.key):
            return url
        return endpoint if addresses.place_of(self._catalog, endpoint) else None

    def _at(self, url: str) -> "DashScope":
        """The same account at another address."""
        other = copy(self)
        other._line = self._line.at(url)
        other._uploader = self._uploader.at(other._line)
        other._newer = self if other._line.realm == self._line.realm else None
        return other

    def now(self) -> datetime:
        return self._line.now()

    def pause(self, seconds: float, number: int) -> float:
        return self._line.pause(seconds, number)

    async def open(self) -> None:
        await self._line.read("/tasks", {"page_no": "1", "page_size": "1"})

    # -- create ----------------------------------------------------------------------------------

    async def prepare(self, submission: Submission) -> None:
        """Upload the pictures and the sound that are files here; kept uploads are used again."""
        await self._uploader.prepare(submission.request, self._service_name(submission))

    async def _prepare_again(self, submission: Submission) -> None:
        """Upload what was forgotten since: another task failed with it, or its two days are over.

        Without it a data URI would go as it was written, and a file as nothing.
        """
        try:
            await self.prepare(submission)
        except Unreachable as error:
            raise Unsent(error.code, error.message) from None
        except Broken as error:
            raise Refused("PictureUnusable", error.sentence) from None

    async def submit(self, submission: Submission, sending: Callable[[], None] = quiet) -> Accepted:
        await self._prepare_again(submission)
        request, upload_urls = await self._create_request(submission)
        start = _Started(sending)
        if self._line.clients.traced:
            request.extensions["trace"] = start.trace
        else:
            start.mark()
        seconds = CREATE_SECONDS + len(request.content) / SLOWEST_UPLOAD
        try:
            answer = await exchange(self._line.clients.create, request, self._line.real(seconds))
        except _SURELY_UNSENT as error:
            raise Unsent("Unreachable", self._line.unreached(error)) from None
        except httpx.HTTPError as error:
            if not start.began:
                raise Unsent("Unreachable", self._line.unreached(error)) from None
            message = tr(
                "no answer to the request ({reason})", reason=reason_of(error, self._line.cleaner)
            )
            raise Uncertain("NoAnswer", message) from None
        self._line.set_clock(answer)
        try:
            acceptance = self._judged(answer)
        except Refused:
            self._uploader.forget(upload_urls)  # it may be these that the service cannot use
            raise
        self._sent[acceptance.task_id] = upload_urls
        return acceptance

    async def _create_request(self, submission: Submission) -> tuple[httpx.Request, frozenset[str]]:
        """The create call, and the uploads that it names."""
        request = submission.request
        headers = {"X-DashScope-Async": "enable", **self._line.headers}
        urls = await self._uploader.addresses(request)
        upload_urls = frozenset(url for url in urls.values() if url.startswith("oss://"))
        if upload_urls:
            headers["X-DashScope-OssResourceResolve"] = "enable"
        form = self._catalog.form(self._catalog.entry(request.model))
        url = self._line.access.base_url + form.path
        body = wire.create_body(request, self._catalog, lambda media: urls[upload_name(media)])
        call = self._line.clients.create.build_request(
            "POST", url, json=body, headers=headers, timeout=CREATE_TIMEOUT
        )
        return call, upload_urls

    def _judged(self, answer: Answer) -> Accepted:
        """What the answer to a create call proves."""
        body = parsed(answer.content)
        acceptance = wire.accepted(body, self._line.cleaner) if answer.status == 200 else None
        if acceptance:
            return acceptance
        if answer.status == 413:  # of a gateway before the service, mostly without words
            raise _too_large(wire.error_of(body, self._line.cleaner).message)
        error = self._line.error(answer, body)
        is_refused = 400 <= answer.status < 500 and answer.status != 408 and is_refusal(body)
        if is_refused and answer.status == 429 and self._line.kind(error) == "busy":
            raise Throttled(error.code, error.message, error.request_id, retry_after(answer))
        if is_refused:
            raise Refused(error.code, error.message, error.request_id)
        raise Uncertain(error.code, error.message, error.request_id)

    def _service_name(self, submission: Submission) -> str:
        request = submission.request
        return self._catalog.entry(request.model).region_names.value[request.region]

    # -- reads -----------------------------------------------------------------------------------

    async def poll(self, task_id: str) -> TaskState:
        try:
            return await self._state(task_id)
        except (Refused, Unreachable):
            if state := await self._known_now(task_id):
                return state
            raise

    async def _known_now(self, task_id: str) -> TaskState | None:
        """What the address of now knows of a task whose own address no longer says anything of it.

        Only within a region or a host, and UNKNOWN is no answer: it would prove nothing there.
        """
        if self._newer is None:
            return None
        try:
            state = await self._newer._state(task_id)
        except ServiceError:
            return None
        return None if isinstance(state, Unknown) else state

    async def _state(self, task_id: str) -> TaskState:
        """Raises Refused or Unreachable."""
        for _ in range(READ_TRIES):
            body = await self._line.read(f"/tasks/{quote(task_id, safe='')}", {})
            hours = self._catalog.service.result_hours.value
            context = wire.Context(self._line.cleaner, hours, self.now())
            state = wire.state(task_id, body, context)
            if isinstance(state, Failed):
                self._uploader.forget(self._sent.get(task_id, frozenset()))
            if state is not None:
                return state
            await self._line.breathe(1)
        message = tr("the service's answer has no state of task {task}", task=task_id)
        raise Unreachable("NoState", message)

    async def cancel(self, task_id: str) -> bool:
        try:
            answer = await self._line.ask("POST", f"/tasks/{quote(task_id, safe='')}/cancel", {})
        except httpx.HTTPError as error:
            raise Unreachable("Unreachable", self._line.unreached(error)) from None
        body = parsed(answer.content)
        if answer.status == 200 and body:
            return True
        error_ = self._line.error(answer, body)
        if error_.code == "UnsupportedOperation":
            return False
        raise Refused(error_.code, error_.message, error_.request_id)

    async def list(self, start: datetime, end: datetime) -> tuple[Listed, ...]:
        rows: dict[str, Listed] = {}
        for number in range(1, MOST_PAGES + 1):
            query = {
                "start_time": wire.list_time(start),
                "end_time": wire.list_time(end + timedelta(seconds=1)),
                "page_no": str(number),
                "page_size": str(_PAGE),
            }
            body = await self._line.read("/tasks", query)
            page, pages = body.get("data"), body.get("total_page")
            if not isinstance(page, list) or not isinstance(pages, int):
                raise Unreachable("NoList", tr("cannot read the service's list of tasks"))
            tasks = (wire.listed(row, self._catalog, self._line.cleaner) for row in page)
            new_rows = {row.task_id: row for row in tasks if row}
            # A page that brings nothing new is the last one, whatever number of them is promised.
            ends = number >= pages or not new_rows.keys() - rows.keys()
            rows |= new_rows
            if ends:
                break
        return tuple(rows.values())

    # -- results ---------------------------------------------------------------------------------

    def check_result(self, url: str) -> None:
        self._result_url(url)

    def _result_url(self, url: str) -> str:
        """The URL to fetch a result by. Raises UnknownHost."""
        try:
            address = result_hosts.parse(url)
        except BadAddress as error:
            place = tr("an address that cannot be used ({reason})", reason=error.sentence)
            raise UnknownHost("", place) from None
        allowed_hosts = (*self._catalog.service.result_hosts.value, *self._line.access.result_hosts)
        fetched_by = result_hosts.to_fetch(address, allowed_hosts, self._line.access.own_host)
        if fetched_by is None:
            raise UnknownHost(address.host, address.shown)
        return fetched_by

    async def download(self, task: Succeeded, target: Path) -> None:
        url = self._result_url(task.url)
        download = Download(target, self._line.real(STALL_SECONDS), picture=task.picture)
        failure: WanxError = _not_downloaded(task, tr("no answer"))
        idle = 0
        for number in range(DOWNLOAD_TRIES):
            before, hopeless = download.size, False
            try:
                problem = await self._fetched(url, download)
                if problem is None:
                    return
                failure = _not_downloaded(task, problem)
            except UnknownHost as error:  # also of a sign-in page, which goes away
                failure = error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                failure = _not_downloaded(task, reason_of(error, self._line.cleaner))
                hopeless = is_untrusted(error)
            idle = 0 if download.size > before else idle + 1
            if hopeless or idle >= READ_TRIES:
                break
            await self._line.breathe(min(number, idle))
        raise failure

    async def _fetched(self, url: str, download: Download) -> Message | None:
        """Fetch what is missing, once; None, or what went wrong. Raises UnknownHost."""
        for _ in range(_MOST_REDIRECTS):
            request = self._line.clients.media.build_request("GET", url, headers=download.headers())
            answer = await self._line.clients.media.send(request)
            try:
                if not answer.has_redirect_location:
                    return await stream_to(download, answer)
                url = self._result_url(_whole_url(url, answer.headers["location"]))
            finally:
                await answer.aclose()
        return tr("too many redirects")


def _whole_url(url: str, location: str) -> str:
    """Where a redirect from ``url`` leads; ``location`` itself where it cannot be read."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _too_large(message: str) -> Refused:
    """The create call did not reach the service: nothing was created."""
    reason = message or tr("the request is larger than the gateway of the service accepts")
    return Refused("BadRequest.TooLarge", reason)


def _not_downloaded(task: Succeeded, reason: Message) -> Unreachable:
    message = tr(
        "cannot download the clip of task {task}: {reason}", task=task.task_id, reason=reason
    )
    return Unreachable("DownloadFailed", message)


_MOST_REDIRECTS = 4


@dataclass
class _Started:
    """Notes, and has noted, that the first byte of a request is about to leave."""

    sending: Callable[[], None]
    began: bool = False

    def mark(self) -> None:
        if not self.began:
            self.began = True
            self.sending()

    async def trace(self, event: str, _: Any) -> None:
        """What httpcore calls at each step; before the headers nothing of the request is sent."""
        if event.endswith("send_request_headers.started"):
            self.mark()
