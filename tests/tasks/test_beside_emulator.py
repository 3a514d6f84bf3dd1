"""How often tasks are asked about beside an emulator whose clock is fast, and never elsewhere."""

import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.emulator import Twin, serving
from tests.support.process import project, wanx
from tests.support.virtual import START, Counted, Time
from tests.tasks.test_scheduler import Yard, everyone
from wanx_render.backends.base import Succeeded
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import MOST_HURRIED, Access
from wanx_render.catalog.capabilities import Catalog
from wanx_render.planning.attempt import Attempt
from wanx_render.tasks.polling import CROWD, Poller
from wanx_render.tasks.reconcile import SEARCH, Judgement, Search, search

HERE, VENDOR = "http://127.0.0.1:8765/api/v1", "https://dashscope.aliyuncs.com/api/v1"
RELAY = "https://relay.example/api/v1"
ATTEMPT = Attempt(
    id=1, key="k", state="uncertain", label="one take 1", scope="", model="m", asked_at=START,
    answered_at=START, task_id="t", code=None, message=None, expires_at=None, actual_prompt=None,
    usage=None, amount=None, currency=None,
    request={"resolution": "480P", "duration": 3, "prompt": "a cat", "model": "m"},
    clip_name=None, clip_sha256=None, sent_at=START,
)  # fmt: skip


class SlowService:
    """A service whose tasks take ten minutes of virtual time, and which may claim a fast clock."""

    def __init__(self, catalog: Catalog, url: str, clock: str | None) -> None:
        self.time, self.clock, self.catalog, self.url = Time(Counted(1)), clock, catalog, url
        self.asked: list[float] = []

    def passed(self) -> float:
        return (self.time.now() - START).total_seconds()

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(self.passed())
        headers = {} if self.clock is None else {"X-Wanx-Mock-Clock": self.clock.encode()}
        output = {"task_id": "t", "task_status": "RUNNING"}
        if self.passed() > 600:
            output = {"task_id": "t", "task_status": "FAILED", "code": "X", "message": "oh"}
        is_list = request.url.path.endswith("/tasks")
        body = {"data": [], "total_page": 1} if is_list else {"output": output}
        stream = httpx.ByteStream(json.dumps(body).encode())
        return httpx.Response(200, headers=headers, stream=stream)

    def run(self, work: Any) -> Any:
        async def go() -> Any:
            backend = DashScope(
                Access(self.url, "sk-x", own_hosts=True), self.catalog, self.time,
                random.Random(1), transport=httpx.MockTransport(self.answer),
            )  # fmt: skip
            try:
                return await work(backend)
            finally:
                await backend.close()

        return self.time.run(go())

    def watched(self) -> list[float]:
        """The seconds between two questions until the task ended."""
        self.run(lambda backend: Poller(backend, self.catalog, self.time).end(ATTEMPT, _quiet))
        return [after - before for before, after in zip(self.asked, self.asked[1:], strict=False)]


def _quiet(*_: object) -> None:
    """Nobody listens."""


@pytest.mark.parametrize(
    ("url", "clock", "seconds", "wait"),
    [
        (HERE, "auto", 15, 0.05),
        (HERE, "x60", 15, 0.25),
        (HERE, "x60", 1, 0.05),
        (HERE, "x60", 0.01, 0.01),
        (HERE, "manual", 15, 0.5),
        (HERE, "real", 15, 15),
        *((HERE, odd, 15, 15) for odd in ("", "x0", "x99999", "X60", "x6_0", "x٦٠", "soon")),
        (RELAY, "auto", 15, 2),
        (RELAY, "x9999", 15, 2),
        (RELAY, "auto", 1, 1),
        (VENDOR, "auto", 15, 15),
        ("https://dashscope.aliyuncs.com./api/v1", "auto", 15, 15),
        ("https://llm-a.cn-beijing.maas.aliyuncs.com/api/v1", "x60", 15, 15),
    ],
)  # fmt: skip
def test_a_wait_is_as_the_header_says_within_its_bounds(
    catalog: Catalog, url: str, clock: str, seconds: float, wait: float
) -> None:
    async def asked(backend: DashScope) -> float:
        await backend.poll("t")
        return backend.pause(seconds, 1)

    service = SlowService(catalog, url, clock)
    assert service.run(asked) == pytest.approx(wait)


def test_without_the_header_nothing_is_hurried(catalog: Catalog) -> None:
    service = SlowService(catalog, HERE, "auto")

    async def asked(backend: DashScope) -> tuple[float, float, float]:
        before = backend.pause(15, 1)
        await backend.poll("t")
        service.clock = None
        during = backend.pause(15, 1)
        await backend.poll("t")
        return before, during, backend.pause(15, 1)

    assert service.run(asked) == (15, 0.05, 15)


def test_a_header_never_changes_how_often_the_vendor_is_asked(catalog: Catalog) -> None:
    waits = SlowService(catalog, VENDOR, "auto").watched()
    assert waits == SlowService(catalog, VENDOR, None).watched()
    assert len(waits) < 45


def test_a_relay_with_the_header_is_asked_no_closer_than_any_service_ever_is(
    catalog: Catalog,
) -> None:
    service = SlowService(catalog, RELAY, "auto")
    assert min(service.watched()) >= 2
    assert len(service.asked) < MOST_HURRIED + 45


def test_a_header_that_is_not_true_is_believed_for_a_while_only(catalog: Catalog) -> None:
    service = SlowService(catalog, HERE, "x9999")
    waits = service.watched()
    assert min(waits) >= 1 / 20  # the account's limit of queries a second
    assert MOST_HURRIED < len(service.asked) < MOST_HURRIED + 45
    assert min(waits[MOST_HURRIED + 1 :]) >= 2


def test_beside_a_clock_that_jumps_a_task_takes_no_time(catalog: Catalog) -> None:
    yard = Yard(catalog)
    yard.twin.service.clock.mode = "auto"
    attempt = yard.attempt(0)
    ended = yard.run(lambda _, watch: watch.end(attempt, _quiet))
    assert isinstance(ended, Succeeded)
    assert yard.queries() == 3
    assert (yard.time.now() - START).total_seconds() < 1


def test_a_crowd_takes_little_time_beside_a_clock_that_jumps(catalog: Catalog) -> None:
    yard = Yard(catalog)
    yard.twin.service.clock.mode = "auto"
    assert all(isinstance(end, Succeeded) for end in everyone(yard, CROWD + 5))
    assert (yard.time.now() - START).total_seconds() < 60


@pytest.mark.parametrize("clock", [None, "auto", "x9999"])
def test_the_search_for_a_lost_answer_is_never_shortened(
    catalog: Catalog, clock: str | None
) -> None:
    """Whether something was paid is found out at the same length, whatever the header says."""
    service = SlowService(catalog, HERE, clock)

    class Judge:
        async def clip(self, *_: Any) -> Judgement:
            return Judgement("same")

    def searched(backend: DashScope) -> Any:
        using = Search(backend, service.time, Judge(), frozenset, tuple)
        return search(ATTEMPT, using, SEARCH)

    service.run(searched)
    assert timedelta(seconds=service.passed()) >= SEARCH


def test_a_fault_can_change_the_header() -> None:
    twin = Twin("on=list effect=change headers.X-Wanx-Mock-Clock=x5", clock="auto")
    lists = twin.call("GET", "/api/v1/tasks").headers.get_list("x-wanx-mock-clock")
    other = twin.call("GET", "/api/v1/tasks/x").headers.get_list("x-wanx-mock-clock")
    assert (lists, other) == (["x5"], ["auto"])


@pytest.mark.proof
def test_the_program_follows_the_clock_without_any_setting(tmp_path: Path) -> None:
    """Tiny clips too: a whole film of them is made."""
    folder = project(tmp_path, "dashscope")
    with serving("--clock", "auto", "--clips", "tiny") as (origin, _):
        url = f"{origin}/api/v1"
        run = wanx(
            folder, "list.yaml", "--yes", DASHSCOPE_HTTP_BASE_URL=url, WANX_CLOCK_PACE="1"
        )  # fmt: skip
        assert run.code == 0, run.text
        log = httpx.get(f"{origin}/_mock/requests?operation=query", trust_env=False).json()
    asked = [entry["wall"] for entry in log["requests"]]
    assert len(asked) == 3
    assert asked[-1] - asked[0] < 3
    assert (folder / "renders" / "small" / "film.mp4").exists()
