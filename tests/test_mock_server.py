import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from media import facts

from mock_server.app import Emulator
from wanx_render import ffmpeg
from wanx_render.backends.simulator import Simulator
from wanx_render.capabilities import Catalog
from wanx_render.clock import ManualClock

CREATE = "/api/v1/services/aigc/video-generation/video-synthesis"
KEY = {"Authorization": "Bearer sk-mock-a"}
ASYNC = {**KEY, "X-DashScope-Async": "enable"}
BODY: dict[str, Any] = {
    "model": "wanx2.1-i2v-turbo",
    "input": {"prompt": "一只猫在草地上奔跑", "img_url": "https://example.com/cat.png"},
    "parameters": {"resolution": "480P", "duration": 3, "anything": 1},
}


class Service:
    """The emulator in this process, with a clock that is moved by hand."""

    def __init__(self, catalog: Catalog, program: ffmpeg.Ffmpeg) -> None:
        self.clock = ManualClock()
        emulator = Emulator(Simulator(catalog, self.clock.now), catalog, program)
        self.transport = httpx.ASGITransport(emulator.app())

    def call(self, method: str, url: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self.transport, base_url="http://127.0.0.1"
            ) as client:
                return await client.request(method, url, **more)

        return asyncio.run(send())


@pytest.fixture
def service(catalog: Catalog, program: ffmpeg.Ffmpeg) -> Service:
    return Service(catalog, program)


def test_a_task_is_created_queried_and_its_clip_fetched(service: Service, tmp_path: Path) -> None:
    created = service.call("POST", CREATE, headers=ASYNC, json=BODY)
    assert created.status_code == 200
    output = created.json()["output"]
    assert output["task_status"] == "PENDING"
    service.clock.advance(400)
    told = service.call("GET", f"/api/v1/tasks/{output['task_id']}", headers=KEY).json()
    assert told["output"]["task_status"] == "SUCCEEDED"
    assert told["output"]["orig_prompt"] == "一只猫在草地上奔跑"
    assert told["output"]["submit_time"] == "2026-01-01 08:00:00.000"
    assert told["usage"] == {"video_duration": 3, "video_ratio": "standard", "video_count": 1}
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(service.call("GET", told["output"]["video_url"]).content)
    seen = facts(clip)
    assert (seen.width, seen.height, seen.frames) == (832, 464, 90)


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({}, BODY, 401, "InvalidApiKey"),
        ({"Authorization": "Bearer sk-real"}, BODY, 401, "InvalidApiKey"),
        (KEY, BODY, 403, "AccessDenied"),
        (ASYNC, {**BODY, "model": "wan9"}, 404, "ModelNotFound"),
        (ASYNC, {**BODY, "model": ""}, 400, "BadRequest.EmptyModel"),
        (ASYNC, {**BODY, "input": {}}, 400, "BadRequest.EmptyInput"),
        (ASYNC, {**BODY, "parameters": {"duration": 9}}, 400, "InvalidParameter"),
        (ASYNC, ["a"], 400, "InvalidParameter"),
    ],
)
def test_refusals_have_the_service_s_form(
    service: Service, headers: dict[str, str], body: Any, status: int, code: str
) -> None:
    answer = service.call("POST", CREATE, headers=headers, json=body)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["request_id"]


def test_a_task_can_be_cancelled_while_it_waits_only(service: Service) -> None:
    task = service.call("POST", CREATE, headers=ASYNC, json=BODY).json()["output"]["task_id"]
    url = f"/api/v1/tasks/{task}"
    assert service.call("POST", f"{url}/cancel", headers=KEY).status_code == 200
    assert service.call("GET", url, headers=KEY).json()["output"]["task_status"] == "CANCELED"
    again = service.call("POST", f"{url}/cancel", headers=KEY)
    assert (again.status_code, again.json()["code"]) == (400, "UnsupportedOperation")


def test_an_unknown_task_is_an_answer_and_no_error(service: Service) -> None:
    answer = service.call("GET", "/api/v1/tasks/nothing", headers=KEY)
    assert answer.status_code == 200
    assert answer.json()["output"]["task_status"] == "UNKNOWN"


@pytest.fixture
def server() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "mock_server", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        yield json.loads(process.stdout.readline())["base_url"]
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def test_it_starts_on_a_socket_and_says_where(server: str) -> None:
    assert server.startswith("http://127.0.0.1:")
    assert server.endswith("/api/v1")
    with httpx.Client(trust_env=False) as client:
        url = server.removesuffix("/api/v1") + CREATE
        answer = client.post(url, headers=ASYNC, json=BODY)
    assert answer.json()["output"]["task_status"] == "PENDING"
