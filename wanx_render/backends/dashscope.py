"""The DashScope service over HTTP. Reads are repeated; the create call never is, by anyone.

Two clients: one knows the key and speaks to the API's address alone; the other fetches results and
sends uploads, and has never seen a key.
"""

import asyncio
import base64
import hashlib
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from wanx_render.backends import vocabulary
from wanx_render.backends.base import (
    Accepted,
    Failed,
    Listed,
    Submission,
    Succeeded,
    TaskState,
)
from wanx_render.backends.uploads import Uploads
from wanx_render.capabilities import Catalog
from wanx_render.clock import Clock
from wanx_render.errors import (
    Broken,
    Refused,
    ServiceError,
    Throttled,
    Uncertain,
    Unreachable,
    Unsent,
)
from wanx_render.task import Media

# A short wait for the answer of a create call would only make doubt. A wait for a connection of our
# own, while hundreds of clips come down, is no fault at all.
CREATE_TIMEOUT = httpx.Timeout(60, connect=10, pool=None)
READ_TIMEOUT = httpx.Timeout(30, connect=10, pool=None)
READ_TRIES = 6
READ_RETRIES = 200.0  # a whole outage ends soon, whatever the number of shots
READ_RETRIES_AN_ANSWER = 0.5  # given back by each good answer: a run of days meets many faults
QUERY_SHARE = 0.75  # of the account's queries a second; others may use the account too
UPLOAD_KEPT = timedelta(hours=47)
CLOCK_SET_BACK = timedelta(minutes=30)
MOST_BYTES = 512 * 1024 * 1024
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

    @property
    def origin(self) -> tuple[str, str]:
        parts = urlsplit(self.base_url)
        return parts.scheme, parts.netloc


# The client looks at every connection of its pool twice a request, so few are kept; queries are
# paced and downloads bound by the line, so few are enough.
_CONNECTIONS = httpx.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=60)


def _client(
    routes: Mapping[str, str | None], transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    """A client that goes where ``routes`` say, and nowhere else for any variable."""

    certificates = httpx.create_ssl_context()

    def through(proxy: str | None) -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(certificates, limits=_CONNECTIONS, proxy=proxy)

    mounts = {pattern: through(proxy) if proxy else None for pattern, proxy in routes.items()}
    return httpx.AsyncClient(
        timeout=READ_TIMEOUT,
        follow_redirects=False,
        transport=transport or through(None),
        mounts={} if transport else mounts,
    )


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
        uploads: Uploads | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        routes: Mapping[str, str | None] | None = None,
    ) -> None:
        """``routes`` are ``environment.routes``: which proxy leads to which addresses."""
        self._access = access
        self._catalog = catalog
        self._clock = clock
        self._chance = chance
        self._ahead: timedelta | None = None  # how far the service's time is before ours
        self._pace = asyncio.Lock()
        self._retries_left = READ_RETRIES
        self._uploads = uploads or Uploads()
        self._sent: dict[str, frozenset[str]] = {}  # the uploads that each task was given
        self._media = _client(routes or {}, transport)
        self._api = _client(routes or {}, transport)
        self._api.headers["Authorization"] = f"Bearer {access.key}"

    async def close(self) -> None:
        await self._api.aclose()
        await self._media.aclose()

    @cached_property
    def scope(self) -> str:
        """Host and a few digits of the key's hash: enough to know it again, no more."""
        digits = hashlib.sha256(self._access.key.encode()).hexdigest()[:8]
        return f"{self.name} {urlsplit(self._access.base_url).hostname} {digits}"

    def now(self) -> datetime:
        """Ours, set right by the ``Date`` of the service's answers."""
        return self._clock.now() + (self._ahead or timedelta(0))

    async def open(self) -> None:
        await self._read("/tasks", {"page_no": "1", "page_size": "1"})

    # -- create ----------------------------------------------------------------------------------

    async def prepare(self, submission: Submission) -> None:
        """Upload the pictures and the sound that are files here; kept uploads are used again."""
        request = submission.request
        for media in (request.image, request.last_image, request.sound_file):
            if media and media.path is not None and not self._kept(media, request.model):
                url = await self._upload(media.path, self._service_name(submission))
                until = self.now() + UPLOAD_KEPT
                self._uploads.keep(self.scope, request.model, media.identity, url, until)

    async def submit(self, submission: Submission) -> Accepted:
        request, model = submission.request, self._catalog.models[submission.request.model]
        urls: dict[str, str] = {}
        for media in (request.image, request.last_image, request.sound_file):
            if media:
                urls[media.identity] = self._kept(media, request.model) or media.url or ""
        body = vocabulary.create_body(request, model, urls)
        headers = {"X-DashScope-Async": "enable"}
        uploaded = frozenset(url for url in urls.values() if url.startswith("oss://"))
        if uploaded:
            headers["X-DashScope-OssResourceResolve"] = "enable"
        url = self._access.base_url + vocabulary.create_path(self._service_name(submission))
        # A connection of its own: one that was kept too long fails in a way that looks like doubt.
        headers["Connection"] = "close"
        try:
            answer = await self._api.post(url, json=body, headers=headers, timeout=CREATE_TIMEOUT)
        except _SURELY_UNSENT as error:
            raise Unsent("Unreachable", f"the service cannot be reached ({_told(error)})") from None
        except httpx.HTTPError as error:
            raise Uncertain("NoAnswer", f"no answer to the request ({_told(error)})") from None
        self._set_clock(answer)
        try:
            made = self._judged(answer)
        except Refused:
            self._uploads.forget(uploaded)  # it may be these that the service cannot use
            raise
        self._sent[made.task_id] = uploaded
        return made

    def _judged(self, answer: httpx.Response) -> Accepted:
        """What the answer to a create call proves."""
        body = vocabulary.parsed(answer.content)
        made = vocabulary.accepted(body) if answer.status_code == 200 else None
        if made:
            return made
        error = self._error(answer, body)
        sure = 400 <= answer.status_code < 500 and "code" in body and answer.status_code != 408
        if sure and answer.status_code == 429 and self._kind(error) == "busy":
            raise Throttled(error.code, error.message, error.request_id, _retry_after(answer))
        if sure:
            raise Refused(error.code, error.message, error.request_id)
        raise Uncertain(error.code, error.message, error.request_id)

    def _service_name(self, submission: Submission) -> str:
        request = submission.request
        return self._catalog.models[request.model].region_names.value[request.region]

    # -- uploads ---------------------------------------------------------------------------------

    def _kept(self, media: Media, model: str) -> str | None:
        return self._uploads.find(self.scope, model, media.identity, self.now())

    async def _upload(self, path: Path, model: str) -> str:
        """Put a file where only this account and model can use it, for 48 hours."""
        body = await self._read("/uploads", {"action": "getPolicy", "model": model})
        data = body.get("data")
        if not isinstance(data, dict):
            raise Unreachable("NoPolicy", "the service gave no place to upload the picture to")
        host = str(data.get("upload_host", ""))
        self._check_host(host, re.compile(r"[a-z0-9.-]+\.aliyuncs\.com"))
        key = f"{data.get('upload_dir')}/{_plain_name(path)}"
        form = {
            "OSSAccessKeyId": str(data.get("oss_access_key_id")),
            "Signature": str(data.get("signature")),
            "policy": str(data.get("policy")),
            "key": key,
            "x-oss-object-acl": str(data.get("x_oss_object_acl")),
            "x-oss-forbid-overwrite": str(data.get("x_oss_forbid_overwrite")),
            "success_action_status": "200",
        }
        content = await asyncio.to_thread(path.read_bytes)
        try:
            files = {"file": (_plain_name(path), content)}
            answer = await self._media.post(host, data=form, files=files, timeout=CREATE_TIMEOUT)
        except httpx.HTTPError as error:
            raise Unreachable("UploadFailed", f"{path.name}: {_told(error)}") from None
        if answer.status_code != 200:
            raise Unreachable("UploadFailed", f"{path.name}: status {answer.status_code}")
        return f"oss://{key}"

    # -- reads -----------------------------------------------------------------------------------

    async def poll(self, task_id: str) -> TaskState:
        for _ in range(READ_TRIES):
            body = await self._read(f"/tasks/{task_id}", {})
            hours = self._catalog.service.result_hours.value
            found = vocabulary.state(task_id, body, hours)
            if isinstance(found, Failed):
                self._uploads.forget(self._sent.get(task_id, frozenset()))
            if found is not None:
                return found
            await self._breathe(1)
        raise Unreachable("NoState", f"the service says nothing of task {task_id}")

    async def cancel(self, task_id: str) -> bool:
        url = f"{self._access.base_url}/tasks/{task_id}/cancel"
        try:
            answer = await self._api.post(url)
        except httpx.HTTPError as error:
            raise Unreachable("Unreachable", _told(error)) from None
        body = vocabulary.parsed(answer.content)
        if answer.status_code == 200 and body:
            return True
        told = self._error(answer, body)
        if told.code == "UnsupportedOperation":
            return False
        raise Refused(told.code, told.message, told.request_id)

    async def list(self, start: datetime, end: datetime) -> tuple[Listed, ...]:
        found: dict[str, Listed] = {}
        number, pages = 1, 1
        while number <= pages:
            query = {
                "start_time": vocabulary.list_time(start),
                "end_time": vocabulary.list_time(end + timedelta(seconds=1)),
                "page_no": str(number),
                "page_size": str(_PAGE),
            }
            body = await self._read("/tasks", query)
            rows, total = body.get("data"), body.get("total_page")
            if not isinstance(rows, list) or not isinstance(total, int):
                raise Unreachable("NoList", "the service's list of tasks cannot be read")
            read = (vocabulary.listed(row, self._catalog) for row in rows)
            found |= {row.task_id: row for row in read if row}
            number, pages = number + 1, min(total, 10_000)
        return tuple(found.values())

    async def _read(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """The answer to a read, repeated while that may help. Raises Refused or Unreachable."""
        last: ServiceError = Unreachable("Unreachable", "the service did not answer")
        for number in range(READ_TRIES):
            if number:
                if self._retries_left < 1:
                    break
                self._retries_left -= 1
            try:
                await self._my_turn()
                answer = await self._api.get(self._access.base_url + path, params=dict(query))
            except httpx.HTTPError as error:
                last = Unreachable("Unreachable", f"the service cannot be reached ({_told(error)})")
                await self._breathe(number)
                continue
            body = vocabulary.parsed(answer.content)
            self._set_clock(answer)
            if answer.status_code == 200 and body:
                gained = self._retries_left + READ_RETRIES_AN_ANSWER
                self._retries_left = min(gained, READ_RETRIES)
                return body
            last = self._error(answer, body)
            busy = answer.status_code == 429 and self._kind(last) == "busy"
            if "code" in body and answer.status_code < 500 and not busy:
                raise Refused(last.code, last.message, last.request_id)
            await self._breathe(number, _retry_after(answer))
        raise Unreachable(last.code, last.message, last.request_id)

    async def _my_turn(self) -> None:
        """Keep the account's limit of queries a second, over everything this run asks."""
        async with self._pace:
            share = self._catalog.service.queries_per_second.value * QUERY_SHARE
            await self._clock.sleep(1 / share)

    async def _breathe(self, number: int, told: float | None = None) -> None:
        """Wait before a read is repeated: as long as the service says, else longer each time."""
        longest = min(2.0**number, 20)
        wait = self._chance.uniform(0.1, longest) if told is None else min(told, 60)
        await self._clock.sleep(wait)

    # -- results ---------------------------------------------------------------------------------

    async def download(self, task: Succeeded, target: Path) -> None:
        hosts = "|".join(re.escape(host) for host in self._catalog.service.result_hosts.value)
        self._check_host(task.url, re.compile(hosts))
        last = "no answer"
        for number in range(READ_TRIES):
            try:
                problem = await self._fetched(task.url, target)
            except httpx.HTTPError as error:
                problem = _told(error)
            if problem is None:
                return
            last = problem
            target.unlink(missing_ok=True)
            await self._breathe(number)
        raise Unreachable("DownloadFailed", f"the clip of task {task.task_id}: {last}")

    async def _fetched(self, url: str, target: Path) -> str | None:
        """Fetch once; None, or what went wrong."""
        headers = {"Accept-Encoding": "identity"}
        async with self._media.stream("GET", url, headers=headers) as answer:
            if answer.status_code != 200:
                return f"status {answer.status_code}"
            promised, size, head = answer.headers.get("content-length"), 0, b""
            digest = hashlib.md5(usedforsecurity=False)
            with target.open("wb") as file:
                async for chunk in answer.aiter_raw():
                    size += len(chunk)
                    head = (head + chunk)[:12] if len(head) < 12 else head
                    if size > MOST_BYTES:
                        raise Broken(f"the result is larger than {MOST_BYTES >> 20} MiB")
                    digest.update(chunk)
                    file.write(chunk)
        if head[4:8] != b"ftyp":
            return "what came is no mp4"
        if promised is None or not promised.isdecimal() or int(promised) != size:
            return f"{size} bytes came, {promised or 'no number'} were promised"
        wanted = answer.headers.get("content-md5")
        if wanted and wanted != base64.b64encode(digest.digest()).decode():
            return "the bytes that came are not the ones that were sent"
        return None

    def _check_host(self, url: str, allowed: re.Pattern[str]) -> None:
        """Results and uploads go to the vendor's storage alone, or to the emulator's own host."""
        parts = urlsplit(url)
        if self._access.own_hosts and (parts.scheme, parts.netloc) == self._access.origin:
            return
        if parts.scheme == "https" and allowed.fullmatch(parts.hostname or ""):
            return
        raise Broken(f"the service names an address that is not its storage: {parts.hostname}")

    # -- answers ---------------------------------------------------------------------------------

    def _set_clock(self, answer: httpx.Response) -> None:
        try:
            told = parsedate_to_datetime(answer.headers.get("date", ""))
        except (ValueError, TypeError):
            return
        seen = told.astimezone(UTC) - self._clock.now()
        # An answer that came late makes the service look slow: the quickest one is nearest to the
        # truth. Far behind it, the service's clock was set back.
        late = self._ahead is not None and self._ahead - CLOCK_SET_BACK < seen < self._ahead
        self._ahead = self._ahead if late else seen

    def _error(self, answer: httpx.Response, body: Mapping[str, Any]) -> ServiceError:
        code, message = body.get("code"), body.get("message")
        if isinstance(code, str) and code:
            told = message if isinstance(message, str) else ""
            return ServiceError(code, told, str(body.get("request_id") or ""))
        kind = answer.headers.get("content-type", "no type").partition(";")[0]
        told = f"status {answer.status_code} with {kind}, not the service's form"
        return ServiceError("NotTheService", f"{told}; is there a proxy or a sign-in page between?")

    def _kind(self, error: ServiceError) -> str:
        return self._catalog.meaning(error.code).kind


def _told(error: httpx.HTTPError) -> str:
    """What went wrong, without any address: addresses hold signatures."""
    return re.sub(r"https?://\S+", "...", str(error)) or type(error).__name__


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text) else None


def _plain_name(path: Path) -> str:
    """A name for the upload that any storage takes."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", path.name)[-80:] or "file"
