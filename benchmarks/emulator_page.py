"""A session of the emulator for a picture of its page.

A pipeline has three clips made, loses an answer and sends the request again; another account has a
task in progress and one that failed.
"""

import base64
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

FRAMES = Path(__file__).parent.parent / "specs" / "frames"
PATH = "/services/aigc/video-generation/video-synthesis"
PROMPTS = {
    "en": (
        "A cat wakes on a roof at dusk",
        "A lantern drifts down the river",
        "Rain on the window",
    ),
    "zh": ("黄昏，一只猫在屋顶上醒来", "一盏“河灯”顺流漂下", "雨水顺着窗户流下"),
}


class EmulatorSession:
    """What clients and a person do with one server."""

    def __init__(self, announced: dict[str, Any]) -> None:
        self.base, self.admin = announced["base_url"], announced["admin"]

    def call(self, url: str, body: Any = None, account: str = "team") -> Any:
        headers = {"Authorization": f"Bearer sk-mock-{account}", "X-DashScope-Async": "enable"}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:  # noqa: S310
            content = answer.read()
            return (
                json.loads(content)
                if answer.headers["content-type"].startswith("application/json")
                else None
            )

    def create(self, prompt: str, picture: Path, account: str = "team", **parameters: Any) -> str:
        uri = "data:image/jpeg;base64," + base64.b64encode(picture.read_bytes()).decode()
        parameters = {"resolution": "480P", "duration": 3, **parameters}
        body = {"model": "wanx2.1-i2v-turbo", "input": {"prompt": prompt, "img_url": uri}}
        body["parameters"] = parameters
        return str(self.call(self.base + PATH, body, account)["output"]["task_id"])

    def fetch(self, task: str) -> None:
        self.call(self.call(f"{self.base}/tasks/{task}")["output"]["video_url"])

    def advance(self, seconds: int) -> None:
        self.call(f"{self.admin}/clock", {"advance": seconds})


def play(session: EmulatorSession, language: str) -> None:
    """Everything that is in the picture."""
    frames = [FRAMES / f"{name}.jpg" for name in ("rooftop", "lantern", "window")]
    prompts = PROMPTS[language]
    tasks = [session.create(*pair) for pair in zip(prompts, frames, strict=True)]
    session.advance(600)
    for task in tasks:
        session.fetch(task)
    lost = ["on=create times=1 effect=reset stage=after"]
    session.call(f"{session.admin}/faults?account=team", lost)
    for _ in range(2):
        with suppress(OSError):
            session.create(prompts[0], frames[0], seed=7)
    session.advance(600)
    for task in session.call(f"{session.admin}/tasks?account=team&limit=1")["tasks"]:
        session.fetch(task["task_id"])
    session.create(prompts[0] + " [[mock: fail=DataInspectionFailed]]", frames[0], "test-7")
    session.advance(120)
    session.create(prompts[2], frames[2], "test-7", anything=1)
    session.advance(60)


@contextmanager
def emulator_page(language: str) -> Iterator[str]:
    """The address of the page of such a session."""
    command = [sys.executable, "-m", "mock_server", "--clock", "manual", "--end-with-stdin"]
    process = subprocess.Popen(
        command, cwd=FRAMES.parent.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin and process.stdout
    try:
        announced = json.loads(process.stdout.readline())
        play(EmulatorSession(announced), language)
        yield str(announced["page"])
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()
