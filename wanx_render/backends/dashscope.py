"""The DashScope service over HTTP. Reads are repeated; the create call never is, by anyone.

Three clients: one knows the key and reads, one knows the key and creates, over a connection that
nothing used before; the third fetches results and sends uploads, and has never seen a key. What
comes in is bounded in time and size, and cleaned before anything else looks at it.
"""

import asyncio
import hashlib
import logging
import random
import re
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
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
from wanx_render.backends.cleaning import Cleaner, parsed
from wanx_render.backends.transfer import (
    ACCEPTED,
    STALL_SECONDS,
    Answer,
    Download,
    exchange,
    is_untrusted,
    reason_of,
    stream_to,
)
from wanx_render.backends.uploads import (
    MOST_INLINE,
    KnownUploads,
    data_uri,
    sent_file,
    to_upload,
    upload_name,
)
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
from wanx_render.task import InputMedia, TaskRequest

# A short wait for the answer of a create call would only make doubt. A wait for a connection of our
# own, while hundreds of clips come down, is no fault at all.
CREATE_TIMEOUT = httpx.Timeout(60, connect=10, pool=None)
READ_TIMEOUT = httpx.Timeout(30, connect=10, pool=None)
# A whole exchange, in seconds of the service's clock: an answer of a byte a second ends too.
CREATE_SECONDS, READ_SECONDS = 60.0, 60.0
SLOWEST_UPLOAD = 32 * 1024  # bytes a second; a body of pictures may take longer
LEAST_SECONDS = 3.0  # of real time, however fast the clock of an emulator runs
READ_TRIES = 6
READ_RETRIES = 200.0  # a whole outage ends soon, whatever the number of shots
READ_RETRIES_AN_ANSWER = 0.5  # given back by each good answer: a run of days meets many faults
LONGEST_RETRY_AFTER = 60.0
QUERY_SHARE = 0.75  # of the account's queries a second; others may use the account too
UPLOAD_TRIES = 3
UPLOAD_KEPT = timedelta(hours=47)
CLOCK_SET_BACK = timedelta(minutes=30)
DOWNLOAD_TRIES = 50  # of which those that brought no byte more are at most READ_TRIES
MOST_PAGES = 1000
_PAGE = 100
_SURELY_UNSENT = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError,
    httpx.UnsupportedProtocol, httpx.LocalProtocolError,
)  # fmt: skip


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


log = logging.getLogger("wanx.render")

# The client looks at every connection of its pool twice a request, so few are kept; queries are
# paced and downloads bound by the line, so few are enough.
_CONNECTIONS = httpx.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=60)
# A connection that was kept too long fails in a way that looks like doubt: creates keep none.
_FRESH = httpx.Limits(max_connections=8, max_keepalive_connections=0)


class DashScope:
    """The service as a backend of one run."""

    name = "dashscope"

    def __init__(
        self,
        access: Access,
        catalog: Catalog,
        clock: Clock,
        chance: random.Random,
        *,
        uploads: KnownUploads | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        routes: Mapping[str, str | None] | None = None,
    ) -> None:
        """``routes`` are ``network.routes``: which proxy leads to which addresses."""
        self._access = access
        self._catalog = catalog
        self._clock = clock
        self._chance = chance
        self._cleaner = Cleaner(access.key)
        self._ahead: timedelta | None = None  # how far the service's time is before ours
        self._pace = asyncio.Lock()
        self._retries_left = READ_RETRIES
        self._uploads = uploads or KnownUploads()
        self._others: dict[str, DashScope] = {}  # the same account, by the address it is asked at
        self._newer: DashScope | None = None  # where new requests go, if this one is not that
        self._asks_shared_for_uploads = self._takes_no_uploads = False
        self._sent: dict[str, frozenset[str]] = {}  # the uploads that each task was given
        self._traced = transport is None  # only a real connection says when its first byte leaves
        key = {"Authorization": f"Bearer {access.key}"}
        way = _Clients(transport, routes or {})
        self._api = way.client(_CONNECTIONS, key)
        self._create = way.client(_FRESH, key)
        self._media = way.client(_CONNECTIONS, {})

    async def close(self) -> None:
        for client in (self._api, self._create, self._media):
            await client.aclose()

    @cached_property
    def recipient(self) -> Recipient:
        """Of the key a few digits of its hash: enough to know it again, no more."""
        digits = hashlib.sha256(self._access.key.encode()).hexdigest()[:8]
        endpoint = addresses.sealed(self._access.base_url, self._access.key)
        return Recipient(f"{self.name} {digits}", endpoint)

    def serving(self, recipient: Recipient) -> "DashScope | None":
        url = self._permitted(recipient)
        if url is None or url == self._access.base_url:
            return self if url else None
        return self._sibling(url)

    def _sibling(self, url: str) -> "DashScope":
        if url not in self._others:
            self._others[url] = self._at(url)
        return self._others[url]

    def _permitted(self, recipient: Recipient) -> str | None:
        """The address that ``recipient`` is, if the key may go there: a file could name any."""
        own, endpoint = self._access.base_url, recipient.endpoint
        if recipient.scope != self.recipient.scope:
            return None
        if endpoint.startswith("//"):  # a version that kept the host alone
            return own if urlsplit(own).hostname == endpoint[2:] else None
        if endpoint.partition(" ")[0] == own:
            return own
        if url := addresses.unsealed(endpoint, self._access.key):
            return url
        return endpoint if addresses.place_of(self._catalog, endpoint) else None

    def _at(self, url: str) -> "DashScope":
        """The same account at another address: it shares connections, pace and uploads."""
        other = copy(self)
        own_hosts = not addresses.is_vendor(url)
        other._access = replace(self._access, base_url=url, own_hosts=own_hosts)
        other._ahead = None
        same_realm = addresses.realm(self._catalog, url) == self._realm
        other._newer = self if same_realm else None
        for name in ("recipient", "_uploaded_to", "_of_workspace"):
            vars(other).pop(name, None)
        return other

    def now(self) -> datetime:
        """Ours, set right by the ``Date`` of the service's answers."""
        return self._clock.now() + (self._ahead or timedelta(0))

    @cached_property
    def _of_workspace(self) -> dict[str, str]:
        """The header that names the workspace, where the host does not."""
        place = addresses.place_of(self._catalog, self._access.base_url)
        is_named = place is not None and place.kind == "workspace"
        if is_named or not self._access.workspace:
            return {}
        return {"X-DashScope-WorkSpace": self._access.workspace}

    async def open(self) -> None:
        await self._read("/tasks", {"page_no": "1", "page_size": "1"})

    # -- create ----------------------------------------------------------------------------------

    async def prepare(self, submission: Submission) -> None:
        """Upload the pictures and the sound that are files here; kept uploads are used again."""
        request = submission.request
        files = self._unsent(request)
        try:
            for media in () if self._takes_no_uploads else files:
                url = await self._upload(media, self._service_name(submission))
                until = self.now() + UPLOAD_KEPT
                self._uploads.keep(self._uploaded_to, request.model, upload_name(media), url, until)
        except (Refused, Unreachable) as error:
            if error.code not in _NOT_SERVED or not self._is_alone:
                raise
            log.debug("no uploads in this region (%s): pictures go within requests", error)
            self._takes_no_uploads = True
        if self._takes_no_uploads:
            await self._inlined(files)

    def _unsent(self, request: TaskRequest) -> tuple[InputMedia, ...]:
        """The files of a request that the service does not hold."""
        files = to_upload(media for _, media in request.media)
        return tuple(media for media in files if not self._kept(media, request.model))

    @property
    def _is_alone(self) -> bool:
        """Whether this is the host of a workspace in a region that has no other."""
        place = addresses.place_of(self._catalog, self._access.base_url)
        return place is not None and place.kind == "workspace" and self._shared() is None

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
        if self._traced:
            request.extensions["trace"] = start.trace
        else:
            start.mark()
        seconds = CREATE_SECONDS + len(request.content) / SLOWEST_UPLOAD
        try:
            answer = await exchange(self._create, request, self._real(seconds))
        except _SURELY_UNSENT as error:
            raise Unsent("Unreachable", self._unreached(error)) from None
        except httpx.HTTPError as error:
            if not start.began:
                raise Unsent("Unreachable", self._unreached(error)) from None
            message = tr(
                "no answer to the request ({reason})", reason=reason_of(error, self._cleaner)
            )
            raise Uncertain("NoAnswer", message) from None
        self._set_clock(answer)
        try:
            acceptance = self._judged(answer)
        except Refused:
            self._uploads.forget(upload_urls)  # it may be these that the service cannot use
            raise
        self._sent[acceptance.task_id] = upload_urls
        return acceptance

    async def _create_request(self, submission: Submission) -> tuple[httpx.Request, frozenset[str]]:
        """The create call, and the uploads that it names."""
        request = submission.request
        headers = {"X-DashScope-Async": "enable", **self._of_workspace}
        urls = {
            upload_name(m): self._kept(m, request.model) or m.url or "" for _, m in request.media
        }
        if self._takes_no_uploads:
            urls |= await self._inlined(self._unsent(request))
        upload_urls = frozenset(url for url in urls.values() if url.startswith("oss://"))
        if upload_urls:
            headers["X-DashScope-OssResourceResolve"] = "enable"
        form = self._catalog.form(self._catalog.entry(request.model))
        url = self._access.base_url + form.path
        body = wire.create_body(request, self._catalog, lambda media: urls[upload_name(media)])
        call = self._create.build_request(
            "POST", url, json=body, headers=headers, timeout=CREATE_TIMEOUT
        )
        return call, upload_urls

    def _judged(self, answer: Answer) -> Accepted:
        """What the answer to a create call proves."""
        body = parsed(answer.content)
        acceptance = wire.accepted(body, self._cleaner) if answer.status == 200 else None
        if acceptance:
            return acceptance
        if answer.status == 413:  # of a gateway before the service, mostly without words
            raise _too_large(wire.error_of(body, self._cleaner).message)
        error = self._error(answer, body)
        is_refused = 400 <= answer.status < 500 and answer.status != 408 and _is_refusal(body)
        if is_refused and answer.status == 429 and self._kind(error) == "busy":
            raise Throttled(error.code, error.message, error.request_id, _retry_after(answer))
        if is_refused:
            raise Refused(error.code, error.message, error.request_id)
        raise Uncertain(error.code, error.message, error.request_id)

    def _service_name(self, submission: Submission) -> str:
        request = submission.request
        return self._catalog.entry(request.model).region_names.value[request.region]

    # -- uploads ---------------------------------------------------------------------------------

    @cached_property
    def _uploaded_to(self) -> str:
        """Who can use an upload: this account, at any address of its region."""
        name, _, digits = self.recipient.scope.partition(" ")
        return f"{name} {self._realm} {digits}"

    @property
    def _realm(self) -> str:
        return addresses.realm(self._catalog, self._access.base_url)

    def _kept(self, media: InputMedia, model: str) -> str | None:
        return self._uploads.find(self._uploaded_to, model, upload_name(media), self.now())

    async def _upload(self, media: InputMedia, model: str) -> str:
        """Put a file where only this account and model can use it, for 48 hours."""
        name, content = await asyncio.to_thread(sent_file, media)
        for number in range(UPLOAD_TRIES):
            if number:
                await self._breathe(number)
            host, form = await self._place_for(name, model)
            problem = await self._put(name, content, host, form)
            if problem is None:
                return f"oss://{form['key']}"
        message = tr("cannot upload {file}: {reason}", file=name, reason=problem)
        raise Unreachable("UploadFailed", message)

    async def _place_for(self, name: str, model: str) -> tuple[str, dict[str, str]]:
        """Where a file may be put, another place each time, and the form that allows it."""
        body = await self._policy(model)
        data = body.get("data")
        if not isinstance(data, dict) or not isinstance(data.get("upload_dir"), str):
            raise Unreachable("NoPolicy", tr("the service gave no address for the upload"))
        host = self._upload_host(data.get("upload_host"))
        return host, {
            "OSSAccessKeyId": str(data.get("oss_access_key_id")),
            "Signature": str(data.get("signature")),
            "policy": str(data.get("policy")),
            "key": f"{data['upload_dir']}/{name}",
            "x-oss-object-acl": str(data.get("x_oss_object_acl")),
            "x-oss-forbid-overwrite": str(data.get("x_oss_forbid_overwrite")),
            "success_action_status": "200",
        }

    async def _policy(self, model: str) -> dict[str, Any]:
        """The answer that allows an upload: of this address, or of the region's shared one.

        Whether hosts of workspaces serve uploads is not known; asking costs nothing.
        """
        query, shared = {"action": "getPolicy", "model": model}, self._shared()
        if shared is None:
            return await self._read("/uploads", query)
        if self._asks_shared_for_uploads:
            return await shared._read("/uploads", query)
        try:
            return await self._read("/uploads", query, tries=2)
        except (Refused, Unreachable) as error:
            log.debug("no uploads at %s: %s", urlsplit(self._access.base_url).hostname, error)
            try:
                body = await shared._read("/uploads", query)
            except (Refused, Unreachable):
                raise error from None
        self._asks_shared_for_uploads = True
        return body

    def _shared(self) -> "DashScope | None":
        """The same account at the address that all workspaces of its region share."""
        place = addresses.place_of(self._catalog, self._access.base_url)
        if place is None or place.kind != "workspace":
            return None
        region = self._catalog.service.regions[place.region]
        return self._sibling(region.base_url.value) if region.base_url else None

    async def _inlined(self, files: Iterable[InputMedia]) -> dict[str, str]:
        """Files as they go within the request, where the service takes no uploads.

        Raises Refused where they cannot.
        """
        uris: dict[str, str] = {}
        for media in files:
            name, content = await asyncio.to_thread(sent_file, media)
            uri = data_uri(name, content)
            left = MOST_INLINE - sum(map(len, uris.values()))
            if uri is None or len(uri) > left:
                message = tr("{file} cannot be uploaded here: use an http(s) address", file=name)
                raise Refused("NoUploads", message)
            uris[upload_name(media)] = uri
        return uris

    async def _put(
        self, name: str, content: bytes, host: str, form: dict[str, str]
    ) -> Message | None:
        """Send a file to the storage, once; None, or what went wrong."""
        files = {"file": (name, content)}
        seconds = self._real(CREATE_SECONDS + len(content) / SLOWEST_UPLOAD)
        try:
            request = self._media.build_request(
                "POST", host, data=form, files=files, timeout=CREATE_TIMEOUT
            )
            answer = await exchange(self._media, request, seconds)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
            return reason_of(error, self._cleaner)
        return None if answer.status == 200 else tr("status {status}", status=answer.status)

    def _upload_host(self, url: Any) -> str:
        """Where to upload to: the vendor's own hosts, or the emulator's."""
        try:
            address = result_hosts.parse(url if isinstance(url, str) else "")
        except BadAddress as error:
            message = tr(
                "the service's upload address is not valid: {reason}", reason=error.sentence
            )
            raise Unreachable("NoPolicy", message) from None
        vendor = address.scheme == "https" and address.host.endswith(".aliyuncs.com")
        own = self._access.own_hosts and self._access.own_host == address.host
        if not vendor and not own:
            message = tr(
                "the service's upload address is at an unknown host: {host}", host=address.host
            )
            raise Unreachable("NoPolicy", message)
        return address.url

    # -- reads -----------------------------------------------------------------------------------

    async def poll(self, task_id: str) -> TaskState:
        try:
            return await self._state(task_id)
        except Unreachable:
            if state := await self._known_now(task_id):
                return state
            raise

    async def _known_now(self, task_id: str) -> TaskState | None:
        """What the address of now knows of a task whose own address no longer answers.

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
            body = await self._read(f"/tasks/{quote(task_id, safe='')}", {})
            hours = self._catalog.service.result_hours.value
            context = wire.Context(self._cleaner, hours, self.now())
            state = wire.state(task_id, body, context)
            if isinstance(state, Failed):
                self._uploads.forget(self._sent.get(task_id, frozenset()))
            if state is not None:
                return state
            await self._breathe(1)
        message = tr("the service's answer has no state of task {task}", task=task_id)
        raise Unreachable("NoState", message)

    async def cancel(self, task_id: str) -> bool:
        try:
            answer = await self._asked("POST", f"/tasks/{quote(task_id, safe='')}/cancel", {})
        except httpx.HTTPError as error:
            raise Unreachable("Unreachable", self._unreached(error)) from None
        body = parsed(answer.content)
        if answer.status == 200 and body:
            return True
        error_ = self._error(answer, body)
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
            body = await self._read("/tasks", query)
            page, pages = body.get("data"), body.get("total_page")
            if not isinstance(page, list) or not isinstance(pages, int):
                raise Unreachable("NoList", tr("cannot read the service's list of tasks"))
            tasks = (wire.listed(row, self._catalog, self._cleaner) for row in page)
            new_rows = {row.task_id: row for row in tasks if row}
            # A page that brings nothing new is the last one, whatever number of them is promised.
            ends = number >= pages or not new_rows.keys() - rows.keys()
            rows |= new_rows
            if ends:
                break
        return tuple(rows.values())

    async def _read(
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
                answer = await self._asked("GET", path, query)
            except httpx.HTTPError as error:
                last = Unreachable("Unreachable", self._unreached(error))
                if is_untrusted(error):  # no repeat makes a certificate good
                    break
                await self._breathe(number)
                continue
            body = parsed(answer.content)
            self._set_clock(answer)
            if answer.status == 200 and body and not _is_refusal(body):
                retries = self._retries_left + READ_RETRIES_AN_ANSWER
                self._retries_left = min(retries, READ_RETRIES)
                return body
            last = self._error(answer, body)
            busy = answer.status == 429 and self._kind(last) == "busy"
            if _is_refusal(body) and answer.status < 500 and answer.status != 408 and not busy:
                raise Refused(last.code, last.message, last.request_id)
            await self._breathe(number, _retry_after(answer))
        raise Unreachable(last.code, last.message, last.request_id)

    async def _asked(self, method: str, path: str, query: Mapping[str, str]) -> Answer:
        url, headers = self._access.base_url + path, self._of_workspace
        request = self._api.build_request(method, url, params=dict(query) or None, headers=headers)
        return await exchange(self._api, request, self._real(READ_SECONDS))

    async def _my_turn(self) -> None:
        """Keep the account's limit of queries a second, over everything this run asks."""
        async with self._pace:
            share = self._catalog.service.queries_per_second.value * QUERY_SHARE
            await self._clock.sleep(1 / share)

    async def _breathe(self, number: int, asked: float | None = None) -> None:
        """Wait before a read is repeated: as long as the service says, else longer each time."""
        longest = min(2.0 ** min(number, 10), 20)
        wait = self._chance.uniform(0.1, longest) if asked is None else asked
        await self._clock.sleep(wait)

    def _real(self, seconds: float) -> float:
        """Seconds of the service's clock as real ones, which a fast clock makes few."""
        return max(seconds / self._clock.pace, LEAST_SECONDS)

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
        allowed_hosts = (*self._catalog.service.result_hosts.value, *self._access.result_hosts)
        fetched_by = result_hosts.to_fetch(address, allowed_hosts, self._access.own_host)
        if fetched_by is None:
            raise UnknownHost(address.host, address.shown)
        return fetched_by

    async def download(self, task: Succeeded, target: Path) -> None:
        url = self._result_url(task.url)
        download = Download(target, self._real(STALL_SECONDS))
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
                failure = _not_downloaded(task, reason_of(error, self._cleaner))
                hopeless = is_untrusted(error)
            idle = 0 if download.size > before else idle + 1
            if hopeless or idle >= READ_TRIES:
                break
            await self._breathe(min(number, idle))
        raise failure

    async def _fetched(self, url: str, download: Download) -> Message | None:
        """Fetch what is missing, once; None, or what went wrong. Raises UnknownHost."""
        for _ in range(_MOST_REDIRECTS):
            request = self._media.build_request("GET", url, headers=download.headers())
            answer = await self._media.send(request, stream=True)
            try:
                if not answer.has_redirect_location:
                    return await stream_to(download, answer)
                url = self._result_url(urljoin(url, answer.headers["location"]))
            finally:
                await answer.aclose()
        return tr("too many redirects")

    # -- answers ---------------------------------------------------------------------------------

    def _set_clock(self, answer: Answer) -> None:
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

    def _error(self, answer: Answer, body: Mapping[str, Any]) -> ServiceError:
        problem = wire.error_of(body, self._cleaner)
        if problem.code:
            request_id = self._cleaner.text(body.get("request_id"))
            return ServiceError(problem.code, problem.message, request_id)
        kind = self._cleaner.text(answer.headers.get("content-type", "").partition(";")[0])
        message = tr(
            "status {status} with {kind}, which is not the service's format; "
            "is there a proxy or a sign-in page in between?",
            status=answer.status,
            kind=kind or tr("no content type"),
        )
        return ServiceError("NotTheService", message)

    def _kind(self, error: ServiceError) -> str:
        return self._catalog.meaning(error.code, error.message).kind

    def _unreached(self, error: Exception) -> Message:
        host = urlsplit(self._access.base_url).netloc
        reason = reason_of(error, self._cleaner)
        return tr("cannot reach the service at {host} ({reason})", host=host, reason=reason)


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
_NOT_SERVED = ("NotFound", "NotTheService")  # what is said where nothing is at a path
_FARTHEST = timedelta(days=3650)


class _Clients:
    """How connections are made: through the proxies of ``routes``, or all over one transport."""

    def __init__(
        self, transport: httpx.AsyncBaseTransport | None, routes: Mapping[str, str | None]
    ) -> None:
        self._transport = transport
        self._routes = routes
        self._certificates = None if transport else httpx.create_ssl_context()

    def client(self, limits: httpx.Limits, headers: Mapping[str, str]) -> httpx.AsyncClient:
        """A client that goes where the routes say, and nowhere else for any variable."""
        mounts = {
            pattern: self._through(limits, proxy) if proxy else None
            for pattern, proxy in self._routes.items()
        }
        return httpx.AsyncClient(
            headers={"Accept-Encoding": ACCEPTED, **headers},
            timeout=READ_TIMEOUT,
            follow_redirects=False,
            transport=self._transport or self._through(limits, None),
            mounts={} if self._transport else mounts,
        )

    def _through(self, limits: httpx.Limits, proxy: str | None) -> httpx.AsyncBaseTransport:
        verify = self._certificates or True
        return httpx.AsyncHTTPTransport(verify, limits=limits, proxy=proxy)


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


def _is_refusal(body: Mapping[str, Any]) -> bool:
    """Whether an answer is a refusal in the service's own form, flat or nested."""
    answers = any(isinstance(body.get(name), dict | list) for name in ("output", "data"))
    return not answers and (bool(body.get("code")) or isinstance(body.get("error"), dict))


def _retry_after(answer: Answer) -> float | None:
    text = answer.headers.get("retry-after", "")
    if not re.fullmatch(r"\d{1,9}(\.\d{1,3})?", text):
        return None
    return min(float(text), LONGEST_RETRY_AFTER)
