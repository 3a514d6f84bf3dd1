"""A create call whose answer was lost: which task may be taken for it, and when a person decides.

The service is a stand-in whose list can lag and whose tasks end when a test says; all in virtual
time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.virtual import START, Counted, Time
from wanx_render.backends.base import (
    Backend,
    Canceled,
    Failed,
    Listed,
    Recipient,
    Running,
    Succeeded,
    TaskState,
    Unknown,
)
from wanx_render.errors import Refused, ServiceError, Unreachable
from wanx_render.planning.attempt import Attempt
from wanx_render.tasks.reconcile import (
    GIVE_UP,
    LIST_REACH,
    LONGEST_SEARCH,
    PAUSES,
    REFUSED_SEARCH,
    SEARCH,
    WINDOW_PAD,
    Judgement,
    Search,
    SearchResult,
    Verdict,
    search,
    settle,
    words_fit,
)

PROMPT = "一只猫 “跑”"
REQUEST: dict[str, Any] = {
    "model": "m", "prompt": PROMPT, "image": "sha256:a", "last_image": None, "duration": 5,
    "resolution": "720P", "template": None,
}  # fmt: skip
ATTEMPT = Attempt(
    id=1, key="k", state="uncertain", label="one take 1", scope="s", model="m", asked_at=START,
    answered_at=START + timedelta(seconds=5), task_id=None, code=None, message=None,
    expires_at=None, actual_prompt=None, usage=None, amount=None, currency=None, request=REQUEST,
    clip_name=None, clip_sha256=None, sent_at=START,
)  # fmt: skip


def done(task: str, prompt: str = PROMPT, **usage: Any) -> Succeeded:
    return Succeeded(task, "https://x", START, START, START, START, prompt, None, usage)


@dataclass(frozen=True)
class Job:
    """A task of the account: when it was made, listed and ended (seconds), how, and whose it is."""

    name: str
    made: float = 1
    listed: float = 0
    ends: float = 0
    state: TaskState | None = None  # None: SUCCEEDED with our prompt
    verdict: Verdict = "same"
    model: str = "m"


@dataclass
class World:
    """A service, a judge and a clock."""

    recipient = Recipient("s")

    jobs: Sequence[Job]
    fails: Sequence[
        ServiceError | None
    ] = ()  # what each reading of the list raises; the last stays
    rivals: Sequence[Attempt] = ()
    owned: frozenset[str] = frozenset()
    busy_for: float = 0
    time: Time = field(default_factory=lambda: Time(Counted(1)))
    windows: list[tuple[datetime, datetime]] = field(default_factory=list)
    read_at: list[float] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    # the backend
    def now(self) -> datetime:
        return self.time.now()

    def passed(self) -> float:
        return (self.now() - START).total_seconds()

    async def list(self, start: datetime, end: datetime) -> tuple[Listed, ...]:
        self.windows.append((start, end))
        self.read_at.append(self.passed())
        if self.fails:
            error = self.fails[min(len(self.read_at), len(self.fails)) - 1]
            if error:
                raise error
        rows = [
            Listed(job.name, "RUNNING", job.model, START + timedelta(seconds=job.made))
            for job in self.jobs
            if self.passed() >= job.listed
        ]
        return tuple(row for row in rows if start <= row.submitted <= end)

    async def poll(self, task_id: str) -> TaskState:
        job = next(job for job in self.jobs if job.name == task_id)
        if self.passed() < job.ends:
            return Running(task_id)
        return job.state or done(task_id)

    # the judge
    async def clip(self, attempt: Attempt, task: Succeeded, doubt: str) -> Judgement:
        self.judged.append(task.task_id)
        self.doubts.append(doubt)
        job = next(job for job in self.jobs if job.name == task.task_id)
        if doubt and job.verdict == "same":
            return Judgement("doubtful", doubt)
        return Judgement(job.verdict, "" if job.verdict == "same" else f"why {job.name}")

    def find(self, attempt: Attempt = ATTEMPT, patience: timedelta = SEARCH) -> SearchResult:
        using = Search(
            backend=cast(Backend, self), clock=self.time, judge=self,
            owned=lambda: self.owned, rivals=lambda: self.rivals,
            busy=lambda: self.passed() < self.busy_for,
        )  # fmt: skip
        return self.time.run(search(attempt, using, patience))


def world(*jobs: Job, **more: Any) -> World:
    made = World(jobs, **more)
    made.time.pass_by(5)
    return made


# -- never another's ------------------------------------------------------------------------------

_STATES = st.sampled_from(["done", "other prompt", "failed", "canceled", "never", "unknown"])


@st.composite
def jobs(draw: st.DrawFn) -> list[Job]:
    """Tasks of all kinds; the first may be ours."""
    made: list[Job] = []
    for number in range(draw(st.integers(0, 5))):
        name, kind = f"t{number}", draw(_STATES)
        state: TaskState | None = {
            "done": None,
            "never": None,
            "other prompt": done(name, "a dog"),
            "failed": Failed(name, "X", "oh"),
            "canceled": Canceled(name),
            "unknown": Unknown(name),
        }[kind]
        submitted = draw(st.sampled_from([-300.0, -60, 0, 1, 5, 100, 600]))
        made.append(
            Job(
                name=name,
                made=submitted,
                # No list has a task before it is made.
                listed=max(draw(st.sampled_from([0.0, 30, 90, 119, 121, 400])), submitted),
                ends=1e9 if kind == "never" else draw(st.sampled_from([0.0, 20, 200, 1500])),
                state=state,
                verdict=draw(st.sampled_from(["same", "other", "doubtful"])),
                model=draw(st.sampled_from(["m", "m", "m", "n"])),
            )
        )
    return made


def may_be_ours(job: Job, owned: frozenset[str]) -> bool:
    """Whether a task is in the window of the request, of its model, and nobody's yet."""
    return job.model == "m" and -120 <= job.made <= 125 and job.name not in owned


@pytest.mark.proof
@settings(max_examples=300, deadline=None)
@given(jobs=jobs(), owned=st.frozensets(st.sampled_from(["t0", "t1"])), busy=st.booleans())
def test_only_the_one_task_that_is_surely_ours_is_ever_taken(
    jobs: list[Job], owned: frozenset[str], busy: bool
) -> None:
    service = world(*jobs, owned=owned, busy_for=1e9 if busy else 0)
    outcome = service.find()
    candidates = [job for job in jobs if may_be_ours(job, owned)]
    listed = [job for job in candidates if job.listed <= service.passed()]
    if outcome.task_id:
        taken = next(job for job in candidates if job.name == outcome.task_id)
        assert taken.state is None
        assert taken.verdict == "same"
        assert taken.ends <= service.passed()
        good = [job for job in listed if job.state is None and job.verdict != "other"]
        assert good == [taken]
        assert all(job.ends <= service.passed() for job in listed)
    elif outcome.nothing:
        # Every task that was listed in time is another's or not billed, and long was waited.
        assert service.passed() >= 5 + SEARCH.total_seconds()
        before = [job for job in candidates if job.listed <= service.read_at[-1]]
        assert all(job.state is not None or job.verdict == "other" for job in before)
    else:
        assert outcome.doubt
    assert service.passed() <= 5 + GIVE_UP.total_seconds() + max(PAUSES)


@pytest.mark.parametrize("verdict", ["other", "doubtful"])
def test_a_clip_that_is_not_surely_the_same_is_never_taken(verdict: Verdict) -> None:
    outcome = world(Job("t", verdict=verdict)).find()
    assert outcome.task_id is None
    if verdict == "doubtful":
        assert "task t: why t" in outcome.doubt
    else:
        assert outcome.nothing


def test_one_that_fits_is_ours() -> None:
    others = (
        Job("d", state=done("d", "a dog")),
        Job("f", state=Failed("f", "X", "oh")),
        Job("c", state=Canceled("c")),
        Job("o", verdict="other"),
        Job("n", model="n"),
        Job("e", made=-130),
        Job("l", made=131),
    )
    service = world(Job("t"), *others)
    assert service.find() == SearchResult(task_id="t")
    assert set(service.judged) == {"t", "o"}  # no clip is fetched of what the words exclude


def test_two_that_fit_are_a_doubt_that_names_both() -> None:
    outcome = world(Job("a"), Job("b")).find()
    assert outcome.task_id is None
    assert "more than one" in outcome.doubt
    assert {"a", "b"} <= set(outcome.doubt.replace(",", "").split())


def test_one_that_fits_beside_a_doubtful_one_is_a_doubt() -> None:
    outcome = world(Job("a"), Job("b", verdict="doubtful")).find()
    assert outcome.task_id is None
    assert "task b: why b" in outcome.doubt


def test_a_task_that_somebody_owns_is_nobody_else_s() -> None:
    assert world(Job("t"), owned=frozenset("t")).find().nothing


def test_a_name_of_the_model_that_is_unknown_here_is_not_ours() -> None:
    # An alias or snapshot that the catalog does not know: nothing is bought again for it either.
    assert world(Job("t", model="")).find().task_id is None


# -- rivals ---------------------------------------------------------------------------------------


def rival(**more: Any) -> Attempt:
    return replace(ATTEMPT, **{"id": 2, "key": "r", "label": "two take 1", **more})


def test_a_task_that_fits_two_lost_requests_is_taken_for_neither() -> None:
    outcome = world(Job("t"), rivals=[ATTEMPT, rival()]).find()
    assert outcome.task_id is None
    assert "two take 1" in outcome.doubt


@pytest.mark.parametrize(
    "other",
    [
        rival(request={**REQUEST, "prompt": "a dog"}),
        rival(request={**REQUEST, "image": "sha256:b"}),
        rival(request={**REQUEST, "duration": 10}),
        rival(request={**REQUEST, "resolution": "480P"}),
        rival(asked_at=START + timedelta(minutes=10), answered_at=START + timedelta(minutes=11)),
        rival(asked_at=START - timedelta(minutes=20), answered_at=START - timedelta(minutes=15)),
    ],
    ids=["prompt", "picture", "seconds", "tier", "later", "earlier"],
)
def test_a_request_that_the_task_does_not_fit_is_no_rival(other: Attempt) -> None:
    assert world(Job("t"), rivals=[ATTEMPT, other]).find() == SearchResult(task_id="t")


def test_a_request_that_differs_in_what_a_clip_cannot_show_is_a_rival() -> None:
    like = rival(request={**REQUEST, "seed": 9, "negative_prompt": "flowers"})
    assert world(Job("t"), rivals=[like]).find().doubt


def test_a_rival_that_is_still_being_sent_is_waited_for() -> None:
    # While its answer may still come, whose the task is will be known in a moment.
    sending = rival(state="submitting", answered_at=None)
    service = world(Job("t"), rivals=[sending])
    rivals = [sending]

    async def settle() -> SearchResult:
        async def later() -> None:
            await asyncio.sleep(20)
            rivals.clear()

        task = asyncio.ensure_future(later())
        using = Search(cast(Backend, service), service.time, service, frozenset, lambda: rivals)
        outcome = await search(ATTEMPT, using)
        await task
        return outcome

    assert service.time.run(settle()) == SearchResult(task_id="t")
    assert 25 <= service.passed() <= 45


def test_a_rival_that_is_sent_for_ever_ends_in_a_doubt() -> None:
    service = world(Job("t"), rivals=[rival(state="submitting", answered_at=None)])
    assert service.find().doubt
    assert service.passed() <= 5 + GIVE_UP.total_seconds() + max(PAUSES)


# -- a second search ------------------------------------------------------------------------------


def test_what_is_searched_for_again_is_looked_for_once_and_says_what_it_said() -> None:
    service = world()
    using = Search(cast(Backend, service), service.time, service, frozenset, lambda: ())
    first = service.time.run(settle(ATTEMPT, using))
    assert first == SearchResult()
    assert service.passed() >= SEARCH.total_seconds()
    question = first.question(ATTEMPT)
    assert "its answer was lost" in question
    left = replace(ATTEMPT, state="unresolved", message=question)
    passed = service.passed()
    again = service.time.run(settle(left, using))
    assert (service.passed(), again.question(left)) == (passed, question)
    service.time.pass_by(LIST_REACH.total_seconds())
    assert service.time.run(settle(left, using)).question(left) == question


# -- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag", [0, 40, 90, 118])
def test_a_list_that_lags_is_waited_for(lag: float) -> None:
    service = world(Job("t", listed=5 + lag))
    assert service.find() == SearchResult(task_id="t")
    assert service.passed() >= 5 + lag


@pytest.mark.parametrize("ends", [60, 600, 2400])
def test_a_task_that_runs_is_waited_for(ends: float) -> None:
    service = world(Job("t", ends=ends))
    assert service.find() == SearchResult(task_id="t")
    assert service.passed() >= ends


def test_nothing_is_said_to_be_there_only_after_the_whole_search() -> None:
    service = world()
    assert service.find().nothing
    assert 5 + 120 <= service.passed() <= 5 + 120 + max(PAUSES)
    gaps = [b - a for a, b in zip(service.read_at, service.read_at[1:], strict=False)]
    assert gaps == sorted(gaps)
    assert gaps[0] < gaps[-1]
    assert 4 <= len(service.read_at) <= 12
    for start, end in service.windows:
        assert start == START - WINDOW_PAD
        assert end <= START + timedelta(seconds=5) + WINDOW_PAD


def test_while_other_takes_run_the_search_goes_on() -> None:
    idle, busy, endless = world(), world(busy_for=900), world(busy_for=1e9)
    late = world(Job("t", listed=1000), busy_for=1200)
    assert idle.find().nothing
    assert busy.find().nothing
    assert endless.find().nothing
    assert late.find() == SearchResult(task_id="t")
    assert idle.passed() < 300
    assert 900 <= busy.passed() <= 900 + max(PAUSES)
    longest = LONGEST_SEARCH.total_seconds()
    assert longest <= endless.passed() <= longest + 2 * max(PAUSES)


def test_without_patience_the_list_is_read_once() -> None:
    empty, there = world(), world(Job("t"))
    assert empty.find(patience=timedelta(0)).nothing
    assert there.find(patience=timedelta(0)) == SearchResult(task_id="t")
    assert len(empty.windows) == len(there.windows) == 1
    assert world(busy_for=1e9).find(patience=timedelta(0)).nothing


def test_without_patience_a_task_that_runs_is_waited_for_all_the_same() -> None:
    assert world(Job("t", ends=300)).find(patience=timedelta(0)) == SearchResult(task_id="t")


def test_a_refused_request_is_searched_for_for_a_shorter_time() -> None:
    service = world(busy_for=1e9)
    assert service.find(patience=REFUSED_SEARCH).nothing
    assert 65 <= service.passed() <= 65 + max(PAUSES)


def test_an_old_answer_needs_no_more_patience() -> None:
    service = world()
    service.time.pass_by(3600)  # the search is begun by a later run
    assert service.find().nothing
    assert len(service.windows) == 1


def test_a_task_that_does_not_end_is_left_to_a_person() -> None:
    service = world(Job("t", ends=1e9))
    outcome = service.find()
    assert outcome.task_id is None
    assert "t" in outcome.doubt
    assert service.passed() >= GIVE_UP.total_seconds()


def test_one_that_is_unknown_at_the_service_is_not_nothing() -> None:
    outcome = world(Job("t", state=Unknown("t"))).find()
    assert not outcome.nothing
    assert outcome.task_id is None


@pytest.mark.parametrize("hours", [24, 48, 1000])
def test_what_the_list_no_longer_reaches_is_left_to_a_person(hours: float) -> None:
    service = world(Job("t"))
    service.time.pass_by(hours * 3600)
    outcome = service.find()
    assert "no longer reaches back" in outcome.doubt
    assert service.windows == []


# -- a list that does not answer ------------------------------------------------------------------


def test_a_list_that_is_refused_proves_nothing() -> None:
    outcome = world(Job("t"), fails=[Refused("AccessDenied", "no")]).find()
    assert outcome.task_id is None
    assert "cannot read the service's list" in outcome.doubt
    assert "AccessDenied" in outcome.doubt


def test_a_list_that_cannot_be_reached_is_tried_for_long_and_proves_nothing() -> None:
    service = world(Job("t"), fails=[Unreachable("X", "gone")])
    outcome = service.find()
    assert outcome.task_id is None
    assert "cannot read the service's list" in outcome.doubt
    assert service.passed() >= GIVE_UP.total_seconds()


def test_a_list_that_answers_again_is_enough() -> None:
    gone = Unreachable("X", "gone")
    service = world(Job("t"), fails=[gone, gone, gone, None])
    assert service.find() == SearchResult(task_id="t")


def test_an_empty_reading_followed_by_none_is_not_nothing() -> None:
    service = world(fails=[None, None, Unreachable("X", "gone")])
    assert not service.find().nothing


# -- the words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "shown", "verdict"),
    [
        (PROMPT, PROMPT, "same"),
        (PROMPT, "a dog", "other"),
        (PROMPT, PROMPT + " ", "other"),
        (PROMPT, PROMPT[:3], "other"),
        (PROMPT, "", "doubtful"),
        ("", "", "doubtful"),
        ("", "a dog", "other"),
        ("猫" * 1600, "猫" * 1500, "same"),
        ("猫" * 1600, "猫" * 800, "same"),
        ("猫" * 1600, "猫" * 499, "other"),
        ("猫" * 1600, "猫" * 799 + "狗", "other"),
        ("猫" * 1500, "猫" * 1600, "other"),
        ("one\ntwo", "one\ntwo", "same"),
        ("one\ntwo", "one two", "other"),
        ("one\r\ntwo", "one\ntwo", "same"),
        ("tab\tand\x07bell", "tab␉and␇bell", "same"),
    ],
)
def test_the_prompt_decides_first(prompt: str, shown: str, verdict: str) -> None:
    attempt = replace(ATTEMPT, request={**REQUEST, "prompt": prompt})
    assert words_fit(attempt, done("t", shown)).verdict == verdict


@pytest.mark.parametrize(
    ("usage", "verdict"),
    [
        ({}, "same"),
        ({"duration": 5}, "same"),
        ({"video_duration": 5}, "same"),
        ({"output_video_duration": 5, "duration": 12}, "same"),
        ({"duration": 10}, "other"),
        ({"video_duration": 3}, "other"),
        ({"output_video_duration": 10, "duration": 5}, "other"),
        ({"duration": "5"}, "same"),
        ({"duration": "10"}, "other"),
        ({"duration": 5.0}, "same"),
        ({"duration": 5.04}, "same"),
        ({"duration": None}, "same"),
        ({"duration": 0}, "same"),
        ({"duration": True}, "same"),
        ({"duration": "five"}, "same"),
        ({"duration": -5}, "same"),
        ({"SR": 720}, "same"),
        ({"SR": 1080}, "other"),
        ({"SR": "720P"}, "same"),
        ({"SR": "480P"}, "other"),
        ({"SR": "standard", "video_ratio": "standard"}, "same"),
        ({"SR": 720, "duration": 5, "video_count": 1, "size": "1280*720"}, "same"),
    ],
)
def test_seconds_and_tier_decide_where_the_usage_says_them(
    usage: dict[str, Any], verdict: str
) -> None:
    assert words_fit(ATTEMPT, done("t", **usage)).verdict == verdict


def test_a_template_whose_prompt_nobody_shows_is_doubtful_however_alike_the_clip_is() -> None:
    bare = replace(ATTEMPT, request={**REQUEST, "prompt": "", "template": "flying"})
    service = world(Job("t", state=done("t", "")))
    outcome = service.find(bare)
    assert outcome.task_id is None
    assert "no prompt" in outcome.doubt
    other = world(Job("t", state=done("t", ""), verdict="other"))
    assert other.find(bare).nothing  # its clip can still show that it is another's


def test_the_list_reach_and_the_search_fit_together() -> None:
    assert REFUSED_SEARCH < SEARCH < LONGEST_SEARCH < GIVE_UP < LIST_REACH
