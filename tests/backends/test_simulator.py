import json
import random
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from tests.ground.test_task import REQUEST
from tests.support.virtual import ManualClock
from wanx_render.backends.base import Canceled, Failed, Pending, Running, Succeeded, Unknown
from wanx_render.backends.imitation.task_records import plain_request, request_of
from wanx_render.backends.simulator import Simulator
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Refused, Throttled
from wanx_render.geometry import Size
from wanx_render.task import Footage, InputMedia, Reference


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def service(catalog: Catalog, clock: ManualClock) -> Simulator:
    return Simulator(catalog, clock.now, seed=1)


def story(service: Simulator, clock: ManualClock, task_id: str) -> list[str]:
    """The states a task goes through, asked every second."""
    seen: list[str] = []
    for _ in range(400):
        name = type(service.state("a", task_id)).__name__
        if not seen or seen[-1] != name:
            seen.append(name)
        clock.advance(1)
    return seen


def test_a_task_waits_runs_and_succeeds(service: Simulator, clock: ManualClock) -> None:
    accepted = service.submit("a", REQUEST)
    assert story(service, clock, accepted.task_id) == ["Pending", "Running", "Succeeded"]
    done = service.state("a", accepted.task_id)
    assert isinstance(done, Succeeded)
    assert done.original_prompt == "一只猫"
    assert done.usage == {"duration": 5, "SR": 720, "video_count": 1}
    assert done.submitted <= done.started < done.ended
    assert done.expires == done.ended + timedelta(hours=24)


def test_the_rewritten_prompt_is_shown_only_where_it_was_requested(
    service: Simulator, clock: ManualClock
) -> None:
    plain = service.submit("a", replace(REQUEST, prompt_extend=False))
    extended = service.submit("a", REQUEST)
    clock.advance(1000)
    first, second = (service.state("a", t.task_id) for t in (plain, extended))
    assert isinstance(first, Succeeded)
    assert isinstance(second, Succeeded)
    assert first.actual_prompt is None
    assert second.actual_prompt
    assert second.actual_prompt.startswith("一只猫")


def test_a_result_is_gone_after_a_day(service: Simulator, clock: ManualClock) -> None:
    accepted = service.submit("a", REQUEST)
    clock.advance(24 * 3600)
    assert isinstance(service.state("a", accepted.task_id), Succeeded)
    clock.advance(400)
    assert isinstance(service.state("a", accepted.task_id), Unknown)


def test_a_tag_in_the_prompt_makes_a_task_fail(service: Simulator, clock: ManualClock) -> None:
    tagged = replace(REQUEST, prompt="a cat [[mock: fail=DataInspectionFailed]]")
    accepted = service.submit("a", tagged)
    assert story(service, clock, accepted.task_id) == ["Pending", "Running", "Failed"]
    failed = service.state("a", accepted.task_id)
    assert isinstance(failed, Failed)
    assert failed.code == "DataInspectionFailed"


def test_only_so_many_run_at_once_and_the_rest_wait_in_order(
    service: Simulator, clock: ManualClock
) -> None:
    ids = []
    for seed in range(12):
        ids.append(service.submit("a", replace(REQUEST, seed=seed)).task_id)
        clock.advance(0.5)
    limit = 5
    most = 0
    started: list[str] = []
    for _ in range(2000):
        states = {task_id: service.state("a", task_id) for task_id in ids}
        running = [t for t, s in states.items() if isinstance(s, Running)]
        started += [t for t in running if t not in started]
        most = max(most, len(running))
        clock.advance(1)
    assert most == limit
    assert started[limit:] == ids[limit:]
    assert all(isinstance(service.state("a", t), Succeeded) for t in ids)


def test_only_a_pending_task_can_be_cancelled_and_the_queue_moves_up(
    service: Simulator, clock: ManualClock
) -> None:
    ids = []
    for seed in range(7):
        ids.append(service.submit("a", replace(REQUEST, seed=seed)).task_id)
        clock.advance(1)
    clock.advance(10)
    task = service.task("a", ids[6])
    assert task
    before = task.started
    assert service.cancel("a", ids[5])
    assert isinstance(service.state("a", ids[5]), Canceled)
    moved = service.task("a", ids[6])
    assert moved
    assert moved.started <= before
    assert not service.cancel("a", ids[0])
    assert isinstance(service.state("a", ids[0]), Running)


def test_asking_too_fast_is_throttled(service: Simulator, clock: ManualClock) -> None:
    for seed in range(5):
        service.submit("a", replace(REQUEST, seed=seed))
    with pytest.raises(Throttled):
        service.submit("a", replace(REQUEST, seed=9))
    clock.advance(1)
    service.submit("a", replace(REQUEST, seed=9))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model": "wan9"}, "InvalidParameter"),
        ({"duration": 7}, "InvalidParameter"),
        ({"resolution": "4K"}, "InvalidParameter"),
        ({"model": "wan2.2-i2v-flash", "region": "singapore"}, "InvalidParameter"),
    ],
)
def test_what_the_model_cannot_do_is_refused(
    service: Simulator, change: dict[str, object], code: str
) -> None:
    with pytest.raises(Refused) as caught:
        service.submit("a", replace(REQUEST, **change))  # type: ignore[arg-type]
    assert caught.value.code == code


def test_the_same_seed_gives_the_same_results_in_any_order(catalog: Catalog) -> None:
    def tale(order: list[int]) -> dict[int, tuple[str, float]]:
        clock = ManualClock()
        service = Simulator(catalog, clock.now, seed=3)
        outcomes = {}
        for seed in order:
            task = service.task("a", service.submit("a", replace(REQUEST, seed=seed)).task_id)
            assert task
            outcomes[seed] = (task.task_id, (task.ended - task.started).total_seconds())
            clock.advance(1)
        return outcomes

    order = list(range(50))
    first = tale(order)
    random.Random(5).shuffle(order)
    assert tale(order) == first
    assert len({task_id for task_id, _ in first.values()}) == 50


def test_accounts_never_see_each_other_s_tasks(service: Simulator) -> None:
    accepted = service.submit("a", REQUEST)
    assert isinstance(service.state("b", accepted.task_id), Unknown)
    assert isinstance(service.state("a", accepted.task_id), Pending)


def test_a_request_of_every_field_is_kept_as_json() -> None:
    size, rate = Size(1280, 720), Fraction(30)
    clip = InputMedia("clip:a", Path("a.mp4"), footage=Footage(size, rate, Fraction(7, 2)))
    person = Reference("image", InputMedia("sha256:p", Path("p.png"), size=size))
    request = replace(
        REQUEST, first_clip=clip, references=(person,), size=size, ratio="16:9", shot_type="multi"
    )
    key = request.key("mock")  # what was worked out of it is no part of it
    kept = request_of(json.loads(json.dumps(plain_request(request))))
    assert kept == request
    assert kept.key("mock") == key
