"""How much is asked at once, how often tasks are asked about, and what money allows."""

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.faults.reading import read_line
from tests.support.emulator import Twin
from tests.support.virtual import START, Counted, Time
from wanx_render.backends.base import Succeeded
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access
from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.money import Money
from wanx_render.planning.attempt import Attempt
from wanx_render.tasks.budget import SpendingLimit
from wanx_render.tasks.polling import CROWD, Poller, RunTimes
from wanx_render.tasks.rate_limit import LOOKAHEAD, RateLimiter

MODEL = "wanx2.1-i2v-turbo"


def yuan(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


# -- lanes ---------------------------------------------------------------------------------------


@pytest.fixture
def model(catalog: Catalog) -> Model:
    return catalog.models[MODEL]


def test_a_lane_lets_in_what_the_model_runs_and_a_little_more(model: Model) -> None:
    most = model.running_at_once.value + LOOKAHEAD
    inside, peak = 0, 0

    async def one(lane: RateLimiter) -> None:
        nonlocal inside, peak
        async with lane.slot():
            inside += 1
            peak = max(peak, inside)
            await asyncio.sleep(1)
            inside -= 1

    async def many() -> None:
        lane = RateLimiter(model)
        await asyncio.gather(*(one(lane) for _ in range(40)))
        assert lane.queue_empty

    Time(Counted(1)).run(many())
    assert peak == most


def test_the_first_to_ask_is_let_in_first(model: Model) -> None:
    order: list[int] = []

    async def one(lane: RateLimiter, number: int) -> None:
        async with lane.slot():
            order.append(number)
            await asyncio.sleep(1)

    async def many() -> None:
        lane = RateLimiter(model)
        await asyncio.gather(*(one(lane, number) for number in range(30)))

    Time(Counted(1)).run(many())
    assert order == sorted(order)


def test_a_task_that_is_there_already_waits_for_no_place(model: Model) -> None:
    async def many() -> float:
        lane = RateLimiter(model)

        async def hold() -> None:
            async with lane.slot():
                await asyncio.sleep(1000)

        full = [asyncio.ensure_future(hold()) for _ in range(20)]
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        async with lane.slot(running=True):
            waited = asyncio.get_running_loop().time() - began
        for waiter in full:
            waiter.cancel()
        await asyncio.gather(*full, return_exceptions=True)
        return waited

    assert Time(Counted(1)).run(many()) == 0


def test_refusals_halve_the_window_once_and_acceptance_lets_it_grow(model: Model) -> None:
    time = Time(Counted(1))
    lane = RateLimiter(model)
    whole = lane.window
    for _ in range(3):
        lane.throttled(time.now())  # the same burst: one sign
    assert lane.window == whole // 2
    time.pass_by(10)
    lane.throttled(time.now())
    assert lane.window == max(1, whole // 4)
    for _ in range(whole * whole):
        lane.accepted()
    assert lane.window == whole


def test_the_window_never_closes(model: Model) -> None:
    time, lane = Time(Counted(1)), RateLimiter(model)
    for _ in range(20):
        time.pass_by(10)
        lane.throttled(time.now())
    assert lane.window == 1


# -- run times -----------------------------------------------------------------------------------


@given(
    st.floats(1, 500), st.floats(1.1, 20), st.lists(st.floats(0.5, 5000), max_size=60),
    st.floats(0, 6000), st.floats(0.01, 0.99),
)  # fmt: skip
def test_a_wait_is_never_too_short_nor_too_long(
    shortest: float, factor: float, seen: list[float], elapsed: float, share: float
) -> None:
    times = RunTimes(shortest, shortest * factor)
    for seconds in seen:
        times.saw(seconds)
    assert 2 <= times.wait(elapsed, share) <= 60


def test_what_was_seen_counts_more_than_the_documents() -> None:
    times = RunTimes(60, 300)
    before = times.wait(0, 0.2)
    assert before == 60  # nothing ends in the first minute: the longest wait there is
    for _ in range(20):
        times.saw(30)
    assert times.wait(0, 0.2) == 30
    assert times.wait(31, 0.2) == 15  # longer than any known: as the official text advises


# -- the watch, over the emulator ----------------------------------------------------------------


class Yard:
    """The real client, an emulator in this process, and virtual time."""

    def __init__(self, catalog: Catalog, *faults: str, seed: int = 0) -> None:
        self.time = Time(Counted(2))
        self.twin = Twin.in_time(self.time.now, seed=seed)
        self.twin.service.set_faults(read_line(fault) for fault in faults)
        self.catalog = catalog

    def run(self, work: Any) -> Any:
        async def go() -> Any:
            access = Access("http://127.0.0.1/api/v1", "sk-mock-a", own_hosts=True)
            backend = DashScope(
                access, self.catalog, self.time, random.Random(1), transport=self.twin.transport
            )
            try:
                return await work(backend, Poller(backend, self.catalog, self.time))
            finally:
                await backend.close()

        return self.time.run(go())

    def attempt(self, number: int) -> Attempt:
        """A task that was just asked for, as the journal would know it."""
        prompt = f"shot {number}"
        request = {"model": MODEL, "resolution": "480P", "duration": 3, "prompt": prompt}
        return Attempt(
            id=number, key=prompt, state="submitted", label=f"s{number} take 1", scope="",
            model=MODEL, asked_at=self.time.now(), answered_at=None, code=None, message=None,
            task_id=self.twin.task(prompt), expires_at=None, actual_prompt=None, usage=None,
            amount=None, currency=None, request=request, clip_name=None, clip_sha256=None,
        )  # fmt: skip

    def queries(self, operation: str = "query") -> int:
        return len(self.twin.service.request_log.matching("a", operation))


def test_few_queries_find_the_end_of_one_task(catalog: Catalog) -> None:
    yard = Yard(catalog)
    attempt = yard.attempt(0)
    reports: list[tuple[str, int, float]] = []
    ended = yard.run(lambda _, watch: watch.end(attempt, lambda *report: reports.append(report)))
    assert isinstance(ended, Succeeded)
    assert [kind for kind, _, _ in reports if kind != "polled"] == ["pending", "running"]
    assert [polls for _, polls, _ in reports] == list(range(1, len(reports) + 1))
    lefts = [left for kind, _, left in reports if kind != "pending"]
    assert all(left is None or 0 < left < 600 for left in lefts)
    assert yard.queries() <= 15
    assert (yard.time.now() - ended.ended).total_seconds() < 30


def everyone(yard: Yard, count: int) -> Any:
    attempts = [yard.attempt(number) for number in range(count)]

    async def work(_: Any, watch: Poller) -> list[Any]:
        ends: list[Coroutine[Any, Any, Any]] = [watch.end(a, lambda *_: None) for a in attempts]
        return list(await asyncio.gather(*ends))

    return yard.run(work)


def test_a_crowd_is_watched_by_one_list(catalog: Catalog) -> None:
    yard = Yard(catalog)
    ends = everyone(yard, 100)
    assert all(isinstance(end, Succeeded) for end in ends)
    assert yard.queries() / 100 <= 8
    hours = (yard.time.now() - START).total_seconds() / 3600
    assert 3 <= yard.queries("list") <= hours * 240 + 1  # one each 15 s, whatever the crowd


def test_the_list_says_that_tasks_run_and_when_to_ask_for_their_ends(catalog: Catalog) -> None:
    yard = Yard(catalog)
    kinds: list[str] = []
    attempts = [yard.attempt(number) for number in range(30)]

    async def work(_: Any, watch: Poller) -> None:
        report = lambda kind, *_: kinds.append(kind)  # noqa: E731
        await asyncio.gather(*(watch.end(attempt, report) for attempt in attempts))

    yard.run(work)
    assert kinds.count("running") == 30
    assert yard.queries() / 30 <= 3.5  # the first, the last, and those of the last few tasks


@pytest.mark.parametrize("fault", ["on=list status=500", "on=list effect=lag seconds=900"])
def test_a_list_that_fails_or_lags_delays_no_end_by_minutes(catalog: Catalog, fault: str) -> None:
    """The tasks that run when it fails are asked about by themselves."""
    yard = Yard(catalog, fault)
    attempts = [yard.attempt(number) for number in range(CROWD + 1)]
    late = []

    async def work(_: Any, watch: Poller) -> None:
        async def one(attempt: Attempt) -> None:
            end = await watch.end(attempt, lambda *_: None)
            assert isinstance(end, Succeeded)
            late.append((yard.time.now() - end.ended).total_seconds())

        await asyncio.gather(*map(one, attempts))

    yard.run(work)
    assert max(late) < 70
    assert yard.queries("list") <= 1 + (yard.time.now() - START).total_seconds() / 60


@pytest.mark.parametrize("status", ["PENDING", "RUNNING"])
def test_a_list_that_goes_on_to_show_an_old_status_delays_no_end_for_long(
    catalog: Catalog, status: str
) -> None:
    """As no emulator does it: what the service's own list shows may be old."""
    yard = Yard(catalog)
    attempts = [yard.attempt(number) for number in range(CROWD + 1)]

    async def work(backend: Any, watch: Poller) -> None:
        plain = backend.list

        async def old(start: datetime, end: datetime) -> Any:
            return tuple(replace(row, status=status) for row in await plain(start, end))

        backend.list = old

        async def one(attempt: Attempt) -> None:
            end = await watch.end(attempt, lambda *_: None)
            assert isinstance(end, Succeeded)
            late = (yard.time.now() - end.ended).total_seconds()
            waited = (end.started - attempt.asked_at).total_seconds()
            assert late < 3 * max(300, waited) + 30

        await asyncio.gather(*map(one, attempts))

    yard.run(work)


def test_a_crowd_whose_list_fails_or_lags_is_still_served(catalog: Catalog) -> None:
    yard = Yard(catalog, "on=list status=500", "on=list effect=lag seconds=900")
    ends = everyone(yard, CROWD + 5)
    assert all(isinstance(end, Succeeded) for end in ends)


# -- money ---------------------------------------------------------------------------------------


def test_a_purse_lets_nothing_past_its_limit() -> None:
    purse = SpendingLimit(Decimal("2.00"))
    assert purse.reserve("a", yuan("1.50"))
    assert not purse.reserve("b", yuan("0.51"))
    purse.settle("a", yuan("0.96"))  # it was shorter than asked for
    assert purse.reserve("b", yuan("0.51"))
    purse.settle("b", None)  # it failed, and is not billed
    assert purse.used == Decimal("0.96")
    purse.settle("c", yuan("9.00"))  # asked for in an earlier run
    assert purse.used == Decimal("0.96")


def test_an_unknown_price_fits_no_limit() -> None:
    assert not SpendingLimit(Decimal(100)).reserve("a", None)
    assert SpendingLimit().reserve("a", None)


@given(st.lists(st.tuples(st.integers(1, 500), st.sampled_from(["bill", "fail", "doubt"]))))
def test_what_is_billed_and_reserved_stays_within_the_limit(
    asked: list[tuple[int, str]],
) -> None:
    purse, limit = SpendingLimit(Decimal("10.00")), Decimal("10.00")
    for number, (cents, end) in enumerate(asked):
        price = yuan(str(Decimal(cents) / 100))
        if purse.reserve(str(number), price) and end != "doubt":
            purse.settle(str(number), price if end == "bill" else None)
        assert Decimal(0) <= purse.used <= limit
