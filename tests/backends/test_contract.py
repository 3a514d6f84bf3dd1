"""One contract for every backend: the mock, and the DashScope client in process and on a socket."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.emulator import Twin, serving
from tests.support.media import facts
from tests.support.virtual import ManualClock
from wanx_render.backends.base import (
    Canceled,
    Failed,
    Pending,
    Running,
    Submission,
    Succeeded,
    Unknown,
)
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.http.client import READ_TIMEOUT
from wanx_render.backends.line import CREATE_TIMEOUT, Access
from wanx_render.backends.mock import Memory, MockBackend, recall
from wanx_render.backends.simulator import Simulator
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Refused
from wanx_render.media import ffmpeg
from wanx_render.media.images import inspect
from wanx_render.task import InputMedia, TaskRequest


class TwinClock:
    """The clock of an emulator in this process; every wait moves it on."""

    pace = 1

    def __init__(self, twin: Twin) -> None:
        self.service = twin.service

    def now(self) -> datetime:
        return self.service.clock.now()

    async def sleep(self, seconds: float) -> None:
        wake = self.now() + timedelta(seconds=max(seconds, 0))
        await asyncio.sleep(0)
        if wake > self.now():
            self.service.set_time(wake)


@dataclass
class World:
    """A backend, and a way to let time pass for it."""

    make: Callable[[], Any]
    advance: Callable[[float], None]

    def run(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        async def go() -> Any:
            backend = self.make()
            try:
                return await work(backend)
            finally:
                await backend.close()

        return asyncio.run(go())


@pytest.fixture(params=["mock", "in process", "on a socket"])
def world(
    request: pytest.FixtureRequest, catalog: Catalog, program: ffmpeg.Ffmpeg, tmp_path: Path
) -> Iterator[World]:
    chance = random.Random(1)
    if request.param == "mock":
        clock = ManualClock()
        simulator = Simulator(catalog, clock.now)
        with ThreadPoolExecutor(1) as pool:
            file = tmp_path / "service.json"
            backend = MockBackend(simulator, catalog, program, pool, file)
            yield World(lambda: backend, clock.advance)
    elif request.param == "in process":
        twin = Twin()
        access = Access("http://127.0.0.1/api/v1", "sk-mock-a", own_hosts=True)
        yield World(
            lambda: DashScope(access, catalog, TwinClock(twin), chance, transport=twin.transport),
            lambda seconds: twin.service.advance(seconds) and None,
        )
    else:
        with serving("--clock", "manual") as (origin, _):
            access = Access(f"{origin}/api/v1", "sk-mock-a", own_hosts=True)

            def advance(seconds: float) -> None:
                with httpx.Client(trust_env=False) as client:
                    client.post(f"{origin}/_mock/clock", json={"advance": seconds})

            yield World(lambda: DashScope(access, catalog, ManualClock(), chance), advance)


@pytest.fixture
def asked(picture: Callable[..., Path]) -> TaskRequest:
    path = picture("帧.png")
    found = inspect(path.read_bytes())
    return TaskRequest(
        model="wanx2.1-i2v-turbo", region="beijing",
        image=InputMedia(f"sha256:{found.sha256}", path=path, size=found.size), last_image=None,
        prompt="猫：“跑”! 100% 'quoted'", negative_prompt="flowers", template=None,
        resolution="480P", duration=3, sound="none", sound_file=None, prompt_extend=True,
        watermark=False, seed=7,
    )  # fmt: skip


def submitted(world: World, request: TaskRequest) -> str:
    async def work(backend: Any) -> str:
        await backend.open()
        await backend.prepare(Submission(request, "wake take 1"))
        return str((await backend.submit(Submission(request, "wake take 1"))).task_id)

    return str(world.run(work))


def test_a_clip_is_asked_for_awaited_and_fetched(
    world: World, asked: TaskRequest, tmp_path: Path
) -> None:
    task = submitted(world, asked)
    assert isinstance(world.run(lambda backend: backend.poll(task)), Pending)
    world.advance(20)
    assert isinstance(world.run(lambda backend: backend.poll(task)), Running)
    world.advance(400)

    async def fetch(backend: Any) -> Any:
        state = await backend.poll(task)
        await backend.download(state, tmp_path / "clip.mp4")
        return state

    state = world.run(fetch)
    assert isinstance(state, Succeeded)
    assert state.original_prompt == asked.prompt
    assert state.usage["video_duration"] == 3
    assert state.expires - state.ended == timedelta(hours=24)
    seen = facts(tmp_path / "clip.mp4")
    assert (seen.width, seen.height, seen.frames) == (544, 720, 90)


def test_only_a_waiting_task_is_cancelled(world: World, asked: TaskRequest) -> None:
    task = submitted(world, asked)
    assert world.run(lambda backend: backend.cancel(task)) is True
    assert isinstance(world.run(lambda backend: backend.poll(task)), Canceled)
    assert world.run(lambda backend: backend.cancel(task)) is False


def test_the_list_has_what_was_accepted_in_its_window(world: World, asked: TaskRequest) -> None:
    first = submitted(world, asked)
    world.advance(3600)
    second = submitted(world, replace(asked, seed=8))

    async def listed(backend: Any, hours: tuple[float, float]) -> Any:
        await backend.open()
        now = backend.now()
        start, end = (now - timedelta(hours=hour) for hour in hours)
        return {row.task_id: row for row in await backend.list(start, end)}

    both = world.run(lambda backend: listed(backend, (2, -0.1)))
    assert set(both) == {first, second}
    assert both[first].model == "wanx2.1-i2v-turbo"
    late = world.run(lambda backend: listed(backend, (0.5, -0.1)))
    assert set(late) == {second}
    assert timedelta(minutes=59) < both[second].submitted - both[first].submitted


def test_failures_and_strangers_are_states(world: World, asked: TaskRequest) -> None:
    task = submitted(world, replace(asked, prompt="[[mock: fail=DataInspectionFailed]]"))
    world.advance(400)
    state = world.run(lambda backend: backend.poll(task))
    assert isinstance(state, Failed)
    assert state.code == "DataInspectionFailed"
    assert isinstance(world.run(lambda backend: backend.poll("nothing")), Unknown)


def test_what_the_service_cannot_do_never_makes_a_clip(world: World, asked: TaskRequest) -> None:
    wrong = replace(asked, duration=9)
    try:
        task = submitted(world, wrong)
    except Refused as error:
        assert error.code == "InvalidParameter"
        return
    world.advance(1)
    state = world.run(lambda backend: backend.poll(task))
    assert isinstance(state, Failed)
    assert state.code == "InvalidParameter"


def test_a_result_is_gone_after_a_day(world: World, asked: TaskRequest) -> None:
    task = submitted(world, asked)
    world.advance(86_400 + 400)
    assert isinstance(world.run(lambda backend: backend.poll(task)), Unknown)


def test_a_download_that_waits_for_its_turn_is_not_given_up() -> None:
    # A thousand clips over eight connections once ended as a thousand failures.
    assert READ_TIMEOUT.pool is None
    assert CREATE_TIMEOUT.pool is None


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000 + "]" * 200_000, "[]", "null", "", '{"now": 5, "tasks": {}, "labels": []}',
        '{"now": "0001-01-01T00:00:00+14:00", "tasks": [], "labels": {}}',
    ],
)  # fmt: skip
def test_a_memory_that_is_none_of_ours_is_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mock-service.json"
    path.write_text(text)
    assert recall(path) == Memory()


def test_a_memory_without_time_zones_has_one_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mock-service.json"
    path.write_text('{"now": "2026-01-01T00:00:00", "tasks": [], "labels": {}}')
    now = recall(path).now
    assert now and now.tzinfo
