"""An emulator in this process for tests, and one in a process of its own."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from mock_server.faults.reading import read_line
from mock_server.inprocess import Transport
from mock_server.service.options import Options
from mock_server.service.service import MockService
from mock_server.testing import MockAccount, Server
from mock_server.web.app import Emulator
from tests.support import forking
from tests.support.places import CLIPS, ROOT
from tests.support.programs import PROGRAMS
from wanx_render.catalog.capabilities import Catalog, packaged

CREATE = "/api/v1/services/aigc/video-generation/video-synthesis"
KEY = {"Authorization": "Bearer sk-mock-a"}
ASYNC = {**KEY, "X-DashScope-Async": "enable"}
RESOLVING = {**ASYNC, "X-DashScope-OssResourceResolve": "enable"}
BODY: dict[str, Any] = {
    "model": "wanx2.1-i2v-turbo",
    "input": {"prompt": "一只猫在草地上奔跑", "img_url": "https://example.com/cat.png"},
    "parameters": {"resolution": "480P", "duration": 3, "anything": 1},
}


def body(prompt: str = "a cat", **parameters: Any) -> dict[str, Any]:
    return {
        **BODY,
        "input": {**BODY["input"], "prompt": prompt},
        "parameters": {**BODY["parameters"], **parameters},
    }


class Twin:
    """An emulator in this process; its clock is moved by hand unless ``clock`` says otherwise."""

    def __init__(
        self, *faults: str, clock: str = "manual", catalog: Catalog | None = None, **options: Any
    ) -> None:
        plan = tuple(read_line(fault) for fault in faults)
        options = {"clock": clock, "faults": plan, "clips": CLIPS, **options}
        self.service = MockService(catalog or packaged(), PROGRAMS["wheel"], Options(**options))
        self.transport = Transport(Emulator(self.service))

    @classmethod
    def in_time(cls, now: Callable[[], datetime], *faults: str, **options: Any) -> "Twin":
        """An emulator whose time is ``now``; it says that time is real, so nobody hurries."""
        twin = cls(*faults, clock="real", limits=False, **options)
        twin.service.clock.base = now
        return twin

    def call(self, method: str, url: str, **more: Any) -> httpx.Response:
        more.setdefault("headers", KEY)

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self.transport, base_url="http://127.0.0.1"
            ) as client:
                return await client.request(method, url, **more)

        return asyncio.run(send())

    def create(self, prompt: str = "a cat", **more: Any) -> httpx.Response:
        more = {"headers": ASYNC, "json": body(prompt), **more}
        return self.call("POST", CREATE, **more)

    def ask(self, path: str, model: str, content: Any, **parameters: Any) -> httpx.Response:
        """A create call at any path: ``content`` is the input of its body, also with uploads."""
        whole = {"model": model, "input": content, "parameters": parameters}
        return self.call("POST", path, headers=RESOLVING, json=whole)

    def outcome(self, path: str, model: str, content: Any, **parameters: Any) -> dict[str, Any]:
        """The last answer about such a task, where the clock goes on by itself."""
        created = self.ask(path, model, content, **parameters)
        assert created.status_code == 200, created.text
        for _ in range(4):
            answer = self.query(created.json()["output"]["task_id"])
        return answer

    def task(self, prompt: str = "a cat", **more: Any) -> str:
        answer = self.create(prompt, **more)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["output"]["task_id"])

    def query(self, task: str, **more: Any) -> dict[str, Any]:
        return dict(self.call("GET", f"/api/v1/tasks/{task}", **more).json())

    def status(self, task: str) -> str:
        return str(self.query(task)["output"]["task_status"])

    def ledger(self) -> dict[str, Any]:
        return dict(self.call("GET", "/_mock/ledger").json())


@contextmanager
def account_in_environment(
    patch: pytest.MonkeyPatch, name: str, pace: int, catalog: Catalog | None = None
) -> Iterator[MockAccount]:
    """An account of a server on a thread, which the environment names to the program."""
    server = Server(f"x{pace}", 0, catalog=catalog)
    client = MockAccount(server, name)
    patch.setenv("DASHSCOPE_API_KEY", client.key)
    patch.setenv("DASHSCOPE_HTTP_BASE_URL", client.base_url)
    patch.setenv("WANX_CLOCK_PACE", str(pace))
    yield client
    server.close()


@contextmanager
def started(*arguments: str) -> Iterator[tuple[dict[str, Any], forking.Process]]:
    """A command of the emulator as a process, and its first line; it is ended by its id."""
    ours, theirs = os.pipe()
    with os.fdopen(ours) as lines, os.fdopen(theirs, "w") as out:
        with Path(os.devnull).open() as nothing:
            streams = (nothing.fileno(), out.fileno(), 2)
            process = forking.start("mock_server", arguments, ROOT, os.environ, streams)
        out.close()
        try:
            yield json.loads(lines.readline()), process
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[str, forking.Process]]:
    """A server process and its origin."""
    with started("--port", "0", "--clips", str(CLIPS), *arguments) as (line, process):
        yield line["base_url"].removesuffix("/api/v1"), process


def picture_uri(path: Path) -> str:
    import base64

    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
