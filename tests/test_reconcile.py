"""What becomes of a create call whose answer was lost: the verdict, and the search for it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanx_render.backends.base import (
    Canceled,
    Failed,
    Listed,
    Pending,
    Running,
    Succeeded,
    TaskState,
    Unknown,
)
from wanx_render.clock import ManualClock
from wanx_render.errors import Refused, Unreachable
from wanx_render.journal import Attempt
from wanx_render.reconcile import decide, reconcile

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROMPT = "一只猫 “跑”"


def done(task: str, prompt: str) -> Succeeded:
    return Succeeded(task, "https://x", NOW, NOW, NOW, NOW, prompt, None, {})


STATES = st.one_of(
    st.builds(Pending, st.uuids().map(str)),
    st.builds(Running, st.uuids().map(str)),
    st.builds(Unknown, st.uuids().map(str)),
    st.builds(Canceled, st.uuids().map(str)),
    st.builds(lambda task: Failed(str(task), "X", "oh"), st.uuids()),
    st.builds(lambda task: done(str(task), PROMPT), st.uuids()),
    st.builds(lambda task, text: done(str(task), text), st.uuids(), st.text(max_size=5)),
)


@given(
    states=st.lists(STATES, max_size=6), settled=st.booleans(), prompt=st.sampled_from(["", PROMPT])
)
def test_nothing_is_decided_before_all_is_explained_and_never_wrongly(
    states: list[TaskState], settled: bool, prompt: str
) -> None:
    verdict, task = decide(prompt, states, settled=settled)
    open_ = [s for s in states if isinstance(s, Pending | Running | Unknown)]
    same = [s for s in states if isinstance(s, Succeeded) and s.original_prompt == prompt]
    if open_ or not settled:
        assert verdict == "wait"
    elif not same:
        assert verdict == "release"
    elif len(same) == 1 and prompt:
        assert (verdict, task) == ("adopt", same[0].task_id)
    else:
        assert verdict == "person"


def test_a_prompt_that_the_service_cut_is_still_the_same() -> None:
    long = "猫" * 1600
    assert decide(long, [done("t", long[:1500])], settled=True) == ("adopt", "t")
    assert decide("猫" * 20, [done("t", "猫" * 10)], settled=True)[0] == "release"


ATTEMPT = Attempt(
    id=1, key="k", state="uncertain", label="one take 1", scope="s", model="m", asked_at=NOW,
    answered_at=NOW + timedelta(seconds=5), task_id=None, code=None, message=None, expires_at=None,
    actual_prompt=None, usage=None, amount=None, currency=None, request={"prompt": PROMPT},
    clip_name=None, clip_sha256=None,
)  # fmt: skip


class Service:
    """A list that can lag, and tasks that end after a while."""

    def __init__(self, rows: list[Listed], states: dict[str, TaskState], **how: Any) -> None:
        self.clock = ManualClock(NOW + timedelta(seconds=5))
        self.rows, self.states = rows, states
        self.lag = timedelta(seconds=how.get("lag", 0))
        self.runs = timedelta(seconds=how.get("runs", 0))
        self.fails: Exception | None = how.get("fails")
        self.windows: list[tuple[datetime, datetime]] = []

    def now(self) -> datetime:
        return self.clock.now()

    async def list(self, start: datetime, end: datetime) -> tuple[Listed, ...]:
        if self.fails:
            raise self.fails
        self.windows.append((start, end))
        seen = (row for row in self.rows if row.submitted + self.lag <= self.now())
        return tuple(row for row in seen if start <= row.submitted <= end)

    async def poll(self, task_id: str) -> TaskState:
        if self.now() < NOW + self.runs:
            return Running(task_id)
        return self.states[task_id]

    def find(self, attempt: Attempt = ATTEMPT, ours: frozenset[str] = frozenset()) -> Any:
        return asyncio.run(reconcile(self, self.clock, attempt, ours))  # type: ignore[arg-type]


def row(task: str, seconds: float = 1, model: str = "m") -> Listed:
    return Listed(task, "RUNNING", model, NOW + timedelta(seconds=seconds))


def test_the_one_that_tells_our_prompt_is_ours_even_where_the_list_lags() -> None:
    others = {"a": done("a", PROMPT), "b": done("b", "other"), "c": Failed("c", "X", "oh")}
    service = Service([row("a"), row("b"), row("c")], others, lag=40, runs=200)
    assert service.find().task_id == "a"
    assert service.now() - NOW >= timedelta(seconds=200)


def test_an_empty_list_counts_only_after_a_minute_and_two_readings() -> None:
    service = Service([], {})
    outcome = service.find()
    assert (outcome.task_id, outcome.unresolved) == (None, "")
    assert service.now() >= NOW + timedelta(seconds=65)
    late = [end for _, end in service.windows if end >= NOW + timedelta(seconds=65)]
    assert len(late) >= 2


def test_tasks_of_others_are_no_candidates() -> None:
    states: dict[str, TaskState] = {name: done(name, PROMPT) for name in "abcd"}
    rows = [row("a", -300), row("b", 600), row("c", model="n"), row("d")]
    assert Service(rows, states).find(ours=frozenset("d")).task_id is None


@pytest.mark.parametrize(
    ("service", "told"),
    [
        (Service([row("a"), row("b")], {n: done(n, PROMPT) for n in "ab"}), "more than one"),
        (Service([], {}, fails=Refused("AccessDenied", "no")), "cannot be read"),
        (Service([], {}, fails=Unreachable("X", "gone")), "do not end"),
        (Service([row("a")], {"a": Running("a")}), "do not end"),
    ],
)
def test_what_cannot_be_told_is_left_to_a_person(service: Service, told: str) -> None:
    outcome = service.find()
    assert outcome.task_id is None
    assert told in outcome.unresolved


def test_what_is_too_long_ago_is_left_to_a_person() -> None:
    service = Service([], {})
    service.clock.advance(86_400)
    assert "too long ago" in service.find().unresolved


def test_without_a_prompt_nothing_confirms_a_task() -> None:
    bare = replace(ATTEMPT, request={"prompt": "", "template": "flying"})
    assert Service([row("a")], {"a": done("a", "")}).find(bare).unresolved
