"""A task stays where it was created, whatever address the next requests go to."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from tests.backends.test_contract import TwinClock
from tests.ground.test_task import REQUEST
from tests.support.emulator import Twin
from wanx_render.backends.addresses import sealed
from wanx_render.backends.base import Pending, Recipient, Submission, home_of
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Refused, Unreachable
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.task import InputMedia, TaskRequest

T = TypeVar("T")
KEY = "sk-mock-a"
SHARED = "https://dashscope.aliyuncs.com/api/v1"
OF_WORKSPACE = "https://llm-ab12.cn-beijing.maas.aliyuncs.com/api/v1"
RELAY, OTHER = "https://relay.example/api/v1", "https://other.example/api/v1"


@pytest.fixture
def asked() -> TaskRequest:
    """A request whose picture needs no upload."""
    image = InputMedia("https://example.com/a.png", url="https://example.com/a.png")
    return replace(REQUEST, model="wanx2.1-i2v-turbo", image=image, sound="none", sound_file=None)


class Net(httpx.AsyncBaseTransport):
    """Several services by their hosts; it counts what each was asked."""

    def __init__(self, **twins: Twin) -> None:
        self.twins = {f"https://{name}/api/v1": twin for name, twin in twins.items()}
        self.seen: list[tuple[str, str]] = []
        self.closed: dict[str, bytes] = {}  # how addresses refuse that serve nobody

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = f"https://{request.url.host}/api/v1"
        self.seen.append((url, f"{request.method} {request.url.path}"))
        if url in self.closed:
            return httpx.Response(403, stream=httpx.ByteStream(self.closed[url]))
        if url not in self.twins:
            raise httpx.ConnectError("no route", request=request)
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=None)
        request.headers["host"] = "127.0.0.1"
        return await self.twins[url].transport.handle_async_request(request)

    def asked(self, url: str) -> list[str]:
        return [line for where, line in self.seen if where == url]


def two(first: str, second: str) -> tuple[Net, Twin]:
    """Two services that know nothing of each other; the first is given too."""
    net, twin = Net(), Twin()
    net.twins = {first: twin, second: Twin()}
    return net, twin


def at(url: str, net: Net, twin: Twin, catalog: Catalog, key: str = KEY) -> DashScope:
    access = Access(url, key, own_hosts=True)
    return DashScope(access, catalog, TwinClock(twin), random.Random(1), transport=net)


def work(backend: DashScope, job: Callable[[DashScope], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await job(backend)
        finally:
            await backend.close()

    return asyncio.run(run())


def created(url: str, net: Net, twin: Twin, catalog: Catalog, request: TaskRequest) -> Attempt:
    """A task that was created at ``url``, as the journal keeps it."""
    backend = at(url, net, twin, catalog)

    async def job(backend: DashScope) -> str:
        await backend.prepare(Submission(request, "a take 1"))
        return (await backend.submit(Submission(request, "a take 1"))).task_id

    task_id = work(backend, job)
    return attempt_of(backend.recipient, task_id)


def attempt_of(recipient: Recipient, task_id: str) -> Attempt:
    return Attempt(
        id=1, key="k", state="submitted", label="a take 1", scope=recipient.scope, model="m",
        asked_at=datetime.now(UTC), answered_at=None, task_id=task_id, code=None, message=None,
        expires_at=None, actual_prompt=None, usage=None, amount=None, currency=None, request={},
        clip_name=None, clip_sha256=None, endpoint=recipient.endpoint,
    )  # fmt: skip


def home(backend: DashScope, attempt: Attempt) -> DashScope:
    found = home_of(backend, attempt.recipient)
    assert isinstance(found, DashScope)
    return found


@pytest.mark.parametrize(
    ("before", "now"), [(SHARED, OF_WORKSPACE), (OF_WORKSPACE, SHARED), (RELAY, OTHER)]
)
def test_a_task_is_asked_about_where_it_was_created_and_nowhere_else(
    before: str, now: str, asked: TaskRequest, catalog: Catalog
) -> None:
    net, twin = two(before, now)
    attempt = created(before, net, twin, catalog, asked)

    async def job(backend: DashScope) -> bool:
        owner = home(backend, attempt)
        assert isinstance(await owner.poll(attempt.task_id or ""), Pending)
        rows = await owner.list(twin.service.clock.now().replace(hour=0), owner.now())
        assert [row.task_id for row in rows] == [attempt.task_id]
        return await owner.cancel(attempt.task_id or "")

    assert work(at(now, net, twin, catalog), job)
    assert net.asked(now) == []


@pytest.mark.parametrize(("before", "now"), [(SHARED, OF_WORKSPACE), (RELAY, OTHER)])
def test_who_was_asked_is_the_account_and_not_its_address(
    before: str, now: str, catalog: Catalog
) -> None:
    net, twin = two(before, now)
    scopes = {at(url, net, twin, catalog).recipient.scope for url in (before, now)}
    assert len(scopes) == 1
    assert at(now, net, twin, catalog, "sk-mock-b").recipient.scope not in scopes


def test_another_key_is_another_account(asked: TaskRequest, catalog: Catalog) -> None:
    net, twin = two(SHARED, OF_WORKSPACE)
    attempt = created(SHARED, net, twin, catalog, asked)
    assert home_of(at(SHARED, net, twin, catalog, "sk-mock-b"), attempt.recipient) is None


def test_the_key_goes_to_no_address_that_a_journal_was_made_to_name(catalog: Catalog) -> None:
    """A journal that somebody gave away, and got back with another address in it."""
    net, twin = two(SHARED, OF_WORKSPACE)
    backend = at(SHARED, net, twin, catalog)
    scope = backend.recipient.scope
    for endpoint in (
        "https://evil.example/api/v1",
        f"https://evil.example/api/v1 {backend.recipient.endpoint.partition(' ')[2]}",
        sealed("https://evil.example/api/v1", "sk-mock-b"),
        "https://llm-ab12.cn-beijing.maas.aliyuncs.com.evil.example/api/v1",
        "//evil.example",
        "",
    ):
        assert home_of(backend, Recipient(scope, endpoint)) is None
    relay = home_of(backend, Recipient(scope, sealed(RELAY, KEY)))
    assert relay is not None  # this very key was used there
    given = at("https://evil.example/api/v1", net, twin, catalog)  # a person wants it to go there
    assert home_of(given, Recipient(scope, "https://evil.example/api/v1")) is given


def test_what_an_earlier_version_noted_leads_to_the_vendor_s_host_or_the_same_host(
    catalog: Catalog,
) -> None:
    net, twin = two(SHARED, OF_WORKSPACE)
    backend = at(OF_WORKSPACE, net, twin, catalog)
    scope = backend.recipient.scope
    owner = home_of(backend, Recipient(scope, SHARED))
    assert owner is not None
    assert owner.recipient.endpoint.startswith(f"{SHARED} ")
    relay = at(RELAY, net, twin, catalog)
    assert home_of(relay, Recipient(scope, "//relay.example")) is relay
    assert home_of(relay, Recipient(scope, "//127.0.0.1")) is None


def test_a_task_is_found_at_the_region_s_other_address_when_its_own_is_gone(
    asked: TaskRequest, catalog: Catalog
) -> None:
    net, twin = Net(), Twin()
    net.twins = {SHARED: twin, OF_WORKSPACE: twin}  # one account behind both
    attempt = created(SHARED, net, twin, catalog, asked)
    del net.twins[SHARED]
    backend = at(OF_WORKSPACE, net, twin, catalog)
    state = work(backend, lambda backend: home(backend, attempt).poll(attempt.task_id or ""))
    assert state.task_id == attempt.task_id
    net.twins[OF_WORKSPACE] = Twin()  # that it does not know the task proves nothing
    with pytest.raises(Unreachable, match=r"dashscope\.aliyuncs\.com"):
        work(
            at(OF_WORKSPACE, net, twin, catalog),
            lambda backend: home(backend, attempt).poll(attempt.task_id or ""),
        )


def test_a_task_is_found_there_too_when_its_own_address_refuses_everybody(
    asked: TaskRequest, catalog: Catalog
) -> None:
    net, twin = Net(), Twin()
    net.twins = {SHARED: twin, OF_WORKSPACE: twin}
    attempt = created(SHARED, net, twin, catalog, asked)
    net.closed[SHARED] = (
        b'{"code":"Endpoint.AccessDenied","message":"this host is closed","request_id":"r"}'
    )
    backend = at(OF_WORKSPACE, net, twin, catalog)
    state = work(backend, lambda backend: home(backend, attempt).poll(attempt.task_id or ""))
    assert (type(state), state.task_id) == (Pending, attempt.task_id)
    net.twins[OF_WORKSPACE] = Twin()
    with pytest.raises(Refused, match="this host is closed"):
        work(
            at(OF_WORKSPACE, net, twin, catalog),
            lambda backend: home(backend, attempt).poll(attempt.task_id or ""),
        )


def test_a_host_of_another_s_is_never_asked_in_its_place(
    asked: TaskRequest, catalog: Catalog
) -> None:
    net, twin = two(RELAY, OTHER)
    attempt = created(RELAY, net, twin, catalog, asked)
    del net.twins[RELAY]
    backend = at(OTHER, net, twin, catalog)
    with pytest.raises(Unreachable, match=r"relay\.example"):
        work(backend, lambda backend: home(backend, attempt).poll(attempt.task_id or ""))
    assert net.asked(OTHER) == []


def test_the_journal_keeps_the_address(tmp_path: Path, catalog: Catalog) -> None:
    net, twin = two(SHARED, OF_WORKSPACE)
    recipient = at(OF_WORKSPACE, net, twin, catalog).recipient
    journal = Journal(tmp_path / "journal.sqlite")
    number = journal.intend("k", "a take 1", REQUEST, datetime.now(UTC), recipient=recipient)
    attempt = journal.attempt(number)
    assert attempt
    assert (attempt.recipient, attempt.address) == (recipient, OF_WORKSPACE)
    assert KEY not in repr(attempt) + (attempt.endpoint or "")
