"""UNKNOWN proves nothing: a task is given up by a person only, or named expired after its day.

First the watch against a stand-in in virtual time; then the real command against the emulator,
whose ledger is the judge.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import httpx
import pytest

from tests.support.shop import Shop
from tests.support.virtual import START, Counted, Time
from wanx_render.backends.base import (
    Backend,
    Listed,
    Pending,
    Recipient,
    Running,
    Succeeded,
    TaskState,
    Unknown,
)
from wanx_render.backends.cleaning import Cleaner
from wanx_render.backends.wire import Context, state
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Refused, ServiceError, Unreachable
from wanx_render.planning.attempt import Attempt
from wanx_render.tasks.polling import CROWD, MISSING_APART, STUCK_WAIT, UNKNOWN_WAIT, Ended, Poller

ATTEMPT = Attempt(
    id=1, key="k", state="submitted", label="one take 1", scope="s", model="wanx2.1-i2v-turbo",
    asked_at=START, answered_at=None, task_id="t", code=None, message=None, expires_at=None,
    actual_prompt=None, usage=None, amount=None, currency=None,
    request={"resolution": "480P", "duration": 3}, clip_name=None, clip_sha256=None,
)  # fmt: skip
DONE = Succeeded("t", "https://x", START, START, START, START, "", None, {})
MINUTE = 60.0


@dataclass
class World:
    """A service that answers by the seconds that passed, and remembers when it was asked."""

    recipient = Recipient("s")
    catalog: Catalog
    says: Callable[[float], TaskState]
    lists: Callable[[float], bool | ServiceError] = lambda _: True  # whether the list has the task
    tasks: tuple[str, ...] = ("t",)
    time: Time = field(default_factory=lambda: Time(Counted(1)))
    polls: list[float] = field(default_factory=list)
    readings: list[float] = field(default_factory=list)
    windows: list[tuple[datetime, datetime]] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time.now()

    def passed(self) -> float:
        return (self.now() - START).total_seconds()

    def pause(self, seconds: float, number: int) -> float:
        return seconds

    async def poll(self, task_id: str) -> TaskState:
        self.polls.append(self.passed())
        return self.says(self.passed())

    async def list(self, start: datetime, end: datetime) -> tuple[Listed, ...]:
        self.readings.append(self.passed())
        self.windows.append((start, end))
        has = self.lists(self.passed())
        if isinstance(has, ServiceError):
            raise has
        return tuple(Listed(task, "RUNNING", "m", START) for task in self.tasks) if has else ()

    def end(self, attempt: Attempt = ATTEMPT) -> Ended:
        watch = Poller(cast(Backend, self), self.catalog, self.time)
        return self.time.run(watch.end(attempt, lambda *_: None))

    def all_ends(self) -> tuple[Ended, ...]:
        """How all tasks ended that were watched side by side."""
        watch = Poller(cast(Backend, self), self.catalog, self.time)
        attempts = [replace(ATTEMPT, task_id=task) for task in self.tasks]

        async def watched() -> tuple[Ended, ...]:
            ends = (watch.end(attempt, lambda *_: None) for attempt in attempts)
            return tuple(await asyncio.gather(*ends))

        return self.time.run(watched())


def unknown(_: float = 0) -> TaskState:
    return Unknown("t")


def until(seconds: float, then: TaskState = DONE) -> Callable[[float], TaskState]:
    return lambda passed: unknown() if passed < seconds else then


def test_nine_unknowns_in_two_minutes_and_the_clip_comes_all_the_same(catalog: Catalog) -> None:
    world = World(catalog, until(136))
    assert world.end() == DONE
    assert world.passed() < 136 + MINUTE


@pytest.mark.parametrize("minutes", [5, 12, 25])
def test_while_the_list_has_it_unknown_is_waited_out(catalog: Catalog, minutes: float) -> None:
    world = World(catalog, until(minutes * MINUTE))
    assert world.end() == DONE


@pytest.mark.parametrize("minutes", [5, 9])
def test_missing_from_the_list_for_less_than_ten_minutes_ends_nothing(
    catalog: Catalog, minutes: float
) -> None:
    world = World(catalog, until(minutes * MINUTE), lists=lambda _: False)
    assert world.end() == DONE


def test_missing_twice_and_ten_minutes_apart_ends_this_run_and_not_the_task(
    catalog: Catalog,
) -> None:
    world = World(catalog, unknown, lists=lambda _: False)
    ended = world.end()
    assert isinstance(ended, Unknown)
    assert not ended.expired
    apart = MISSING_APART.total_seconds()
    assert apart <= world.passed() <= apart + 2 * MINUTE


def test_a_list_that_has_it_in_between_starts_the_count_again(catalog: Catalog) -> None:
    # Missing at first, there for a moment after eight minutes, missing again.
    world = World(catalog, unknown, lists=lambda passed: 480 <= passed <= 560)
    ended = world.end()
    assert isinstance(ended, Unknown)
    there = [at for at in world.readings if 480 <= at <= 560]
    assert there
    assert world.passed() >= there[-1] + MISSING_APART.total_seconds()


@pytest.mark.parametrize(
    "error", [Refused("AccessDenied", "no"), Unreachable("X", "gone"), None], ids=str
)
def test_half_an_hour_without_a_word_ends_this_run_whatever_the_list_does(
    catalog: Catalog, error: ServiceError | None
) -> None:
    world = World(catalog, unknown, lists=lambda _: error or True)
    ended = world.end()
    assert isinstance(ended, Unknown)
    assert not ended.expired
    longest = UNKNOWN_WAIT.total_seconds()
    assert longest <= world.passed() <= longest + 2 * MINUTE
    assert len(world.polls) < 60


def test_a_list_that_fails_now_and_then_does_not_matter(catalog: Catalog) -> None:
    world = World(
        catalog,
        until(20 * MINUTE),
        lists=lambda passed: Unreachable("X", "gone") if int(passed) % 2 else True,
    )
    assert world.end() == DONE


def test_a_word_in_between_begins_the_half_hour_again(catalog: Catalog) -> None:
    def says(passed: float) -> TaskState:
        if passed > 70 * MINUTE:
            return DONE
        return (
            Running("t")
            if 25 * MINUTE < passed < 28 * MINUTE or passed > 55 * MINUTE
            else unknown()
        )

    assert World(catalog, says).end() == DONE


def test_a_task_that_comes_back_from_unknown_goes_on(catalog: Catalog) -> None:
    world = World(catalog, lambda p: unknown() if p < 200 else Pending("t") if p < 300 else DONE)
    assert world.end() == DONE


@pytest.mark.parametrize("hours", [24, 25, 200])
def test_after_its_day_a_task_is_expired_when_that_is_said_twice(
    catalog: Catalog, hours: float
) -> None:
    world = World(catalog, unknown)
    world.time.pass_by(hours * 3600 + 60)
    before = world.passed()
    ended = world.end()
    assert isinstance(ended, Unknown)
    assert ended.expired
    assert len(world.polls) == 2
    assert world.passed() - before < 2 * MINUTE


def test_after_its_day_a_task_that_is_there_is_fetched(catalog: Catalog) -> None:
    world = World(catalog, lambda passed: DONE)
    world.time.pass_by(30 * 3600)
    assert world.end() == DONE


def test_one_unknown_after_the_day_is_not_believed(catalog: Catalog) -> None:
    world = World(catalog, lambda passed: unknown() if passed < 25 * 3600 + 5 else DONE)
    world.time.pass_by(25 * 3600)
    assert world.end() == DONE


def test_the_list_is_read_within_its_reach(catalog: Catalog) -> None:
    world = World(catalog, unknown, lists=lambda _: False)
    world.time.pass_by(23 * 3600)
    ended = world.end()
    assert isinstance(ended, Unknown)
    for start, end in world.windows:
        assert end - start <= timedelta(hours=24)
        assert start <= START <= end


# -- states that nobody knows ----------------------------------------------------------------------


@pytest.mark.parametrize("status", ["QUEUED", "queued", "ARCHIVED", "UNKNOWN", "X\r\nY", "", "猫"])
def test_a_state_that_is_new_to_us_is_unknown_and_said(status: str) -> None:
    context = Context(Cleaner(), 24, START)
    read = state("t", {"output": {"task_id": "t", "task_status": status}}, context)
    assert isinstance(read, Unknown)
    assert not read.expired
    assert len(read.status.splitlines()) == 1


@pytest.mark.parametrize(
    "body", [{}, {"output": None}, {"output": {"task_status": 5}}, {"output": []}]
)
def test_an_answer_that_says_nothing_is_no_state(body: dict[str, Any]) -> None:
    assert state("t", body, Context(Cleaner(), 24, START)) is None


def test_a_new_state_is_waited_for_like_unknown(catalog: Catalog) -> None:
    queued = Unknown("t", "QUEUED")
    world = World(catalog, lambda passed: queued if passed < 900 else DONE)
    assert world.end() == DONE
    endless = World(catalog, lambda _: queued)
    assert endless.end() == queued


@pytest.mark.parametrize("state", [Pending("t"), Running("t", START)])
def test_a_task_that_waits_or_runs_for_ever_is_left_open(
    catalog: Catalog, state: TaskState
) -> None:
    world = World(catalog, lambda _: state)
    end = world.end()
    assert isinstance(end, Unknown)
    assert not end.expired
    assert STUCK_WAIT.total_seconds() <= world.passed() <= STUCK_WAIT.total_seconds() + 60
    assert len(world.polls) < 400  # less often, the longer it takes
    world.time.pass_by(24 * 3600)
    expired = world.end()
    assert isinstance(expired, Unknown)
    assert expired.expired


def test_a_crowd_that_runs_for_ever_ends_too_though_the_list_has_it(catalog: Catalog) -> None:
    tasks = tuple(f"t{number}" for number in range(CROWD + 1))
    world = World(catalog, lambda _: Running("t", START), tasks=tasks)
    assert [type(end) for end in world.all_ends()] == [Unknown] * len(tasks)
    assert world.passed() <= STUCK_WAIT.total_seconds() + 600


def test_a_crowd_of_another_address_is_watched_by_the_list_there(catalog: Catalog) -> None:
    """Where new requests go to another address, its list says nothing of tasks created before."""
    tasks = tuple(f"t{number}" for number in range(CROWD + 1))
    before = World(
        catalog, lambda passed: Running("t", START) if passed < 900 else DONE, tasks=tasks
    )

    class Now(World):
        """The service of now, which hands on to the one of before."""

        recipient = Recipient("s", "now")

        def serving(self, _: Recipient) -> World:
            return before

    now = Now(catalog, unknown, tasks=tasks, time=before.time)
    assert {type(end) for end in now.all_ends()} == {Succeeded}
    assert (now.polls, now.readings) == ([], [])
    assert before.readings


# -- the real command ------------------------------------------------------------------------------

LIST = """\
version: 1
project: unknown
backend: dashscope
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: "https://example.com/a.png", prompt: first}
deliverables:
  - {aspect: 9:16, size: 90x160}
"""


def let_pass(shop: Shop, hours: float) -> None:
    with httpx.Client(trust_env=False) as client:
        query = {"account": shop.account}
        step = {"advance": hours * 3600}
        answer = client.post(f"{shop.origin}/_mock/clock", params=query, json=step)
        assert answer.status_code == 200


def attempts(shop: Shop) -> list[dict[str, Any]]:
    status = json.loads(shop.run("status", "list.yaml", "--json").stdout)
    return list(status["attempts"])


@pytest.mark.proof
def test_unknown_and_then_expired_is_paid_again_by_a_person_s_word_alone(shop: Shop) -> None:
    shop.faults({"on": "query", "effect": "unknown"})
    first = shop.run("list.yaml", "--yes")
    assert first.returncode == 4, first.stderr
    assert "does not say how the task ended" in first.stderr
    assert [row["state"] for row in attempts(shop)] == ["submitted"]
    let_pass(shop, 25)
    second = shop.run("list.yaml", "--yes")
    assert second.returncode == 4, second.stderr
    assert "possibly paid" in second.stderr
    assert [row["state"] for row in attempts(shop)] == ["lost"]
    for _ in range(2):
        assert shop.run("list.yaml", "--yes").returncode == 4
    shop.faults()
    assert shop.run("list.yaml", "--yes").returncode == 4
    plan = json.loads(shop.run("plan", "list.yaml", "--json").stdout)
    assert "blocked" in json.dumps(plan)
    assert len(shop.ledger()) == 1
    number = str(attempts(shop)[0]["attempt"])
    assert shop.run("resolve", "list.yaml", number, "--release").returncode == 0
    last = shop.run("list.yaml", "--yes")
    assert last.returncode == 0, last.stderr
    assert len(shop.ledger()) == 2


@pytest.mark.proof
def test_retake_is_a_person_s_word_too(shop: Shop) -> None:
    shop.faults({"on": "query", "effect": "unknown"})
    assert shop.run("list.yaml", "--yes").returncode == 4
    let_pass(shop, 25)
    assert shop.run("list.yaml", "--yes").returncode == 4
    shop.faults()
    assert shop.run("list.yaml", "--yes", "--retake", "one").returncode in (0, 4)
    assert len(shop.ledger()) == 2


@pytest.mark.proof
def test_what_was_unknown_and_comes_back_is_fetched_and_paid_once(shop: Shop) -> None:
    shop.faults({"on": "query", "effect": "unknown"})
    assert shop.run("list.yaml", "--yes").returncode == 4
    shop.faults()
    done = shop.run("list.yaml", "--yes")
    assert done.returncode == 0, done.stderr
    assert len(shop.ledger()) == 1


@pytest.mark.proof
def test_rescue_names_an_expired_task_and_pays_nothing(shop: Shop) -> None:
    shop.faults({"on": "query", "effect": "unknown"})
    assert shop.run("list.yaml", "--yes").returncode == 4
    let_pass(shop, 25)
    rescued = shop.run("rescue", "list.yaml")
    assert rescued.returncode != 0
    assert "possibly paid" in rescued.stderr
    assert [row["state"] for row in attempts(shop)] == ["lost"]
    assert len(shop.ledger()) == 1
