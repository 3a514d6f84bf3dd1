"""The first request of the page, asked of the light package without ffmpeg: the clip is whole."""

import shutil
from pathlib import Path
from typing import Any

import av
import pytest

from tests.docs.pages import GUIDE, blocks_of
from tests.mock_server.light.environments import SYSTEM_PATH, UV, Installed, ran, substituted

pytestmark = [pytest.mark.proof, pytest.mark.skipif(not UV, reason="needs uv")]

CLIENT = """
import json, sys, urllib.request

BASE = sys.argv[1]

def call(path, body=None):
    headers = {"Authorization": "Bearer sk-mock-plain", "X-DashScope-Async": "enable",
               "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(BASE + path, body, headers)) as answer:
        return json.load(answer)["output"]

body = {"model": "wan2.5-i2v-preview", "parameters": {"resolution": "480P", "duration": 5},
        "input": {"prompt": "A cat wakes", "img_url": "https://example.com/cat.png"}}
task = call("/services/aigc/video-generation/video-synthesis", json.dumps(body).encode())
while (state := call("/tasks/" + task["task_id"]))["task_status"] != "SUCCEEDED":
    assert state["task_status"] in ("PENDING", "RUNNING"), state
urllib.request.urlretrieve(state["video_url"], "clip.mp4")
"""


def test_the_first_request_of_the_page_works_in_a_shell(
    server: dict[str, Any], tmp_path: Path
) -> None:
    if shutil.which("curl", path=SYSTEM_PATH) is None:
        pytest.skip("needs curl")
    (block,) = (
        b
        for b in blocks_of(GUIDE / "emulator.md")
        if b.kind == "sh" and "curl" in b.text and "task=" in b.text
    )
    origin = server["base_url"].removesuffix("/api/v1")
    text = substituted(block.text, {"http://127.0.0.1:8765": origin})
    ran(["sh", "-euc", text], tmp_path, NO_PROXY="127.0.0.1")
    assert length_of(tmp_path / "clip.mp4") == 5


def length_of(path: Path) -> float:
    """The seconds of a clip, as another decoder finds them."""
    with av.open(str(path)) as container:
        frames = sum(1 for _ in container.decode(video=0))
        rate = container.streams.video[0].average_rate
        assert rate is not None
        return float(frames / rate)


def test_the_first_request_works_in_plain_python(
    light: Installed, server: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "client.py").write_text(CLIENT, encoding="utf-8")
    ran([light.environment.program("python"), "client.py", server["base_url"]], tmp_path)
    assert length_of(tmp_path / "clip.mp4") == 5
