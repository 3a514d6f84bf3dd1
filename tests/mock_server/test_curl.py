"""The official text's own examples, as curl sends them."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import serving
from tests.tiers import sample

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
URL = "/services/aigc/video-generation/video-synthesis"
EXAMPLES: list[dict[str, Any]] = [
    {  # a soundtrack of one's own
        "model": "wan2.5-i2v-preview",
        "input": {
            "prompt": "一幅都市奇幻艺术的场景。一个充满动感的涂鸦艺术角色。",
            "img_url": "https://example.com/rap.png",
            "audio_url": "https://example.com/rap.mp3",
        },
        "parameters": {"resolution": "480P", "prompt_extend": True, "duration": 10, "audio": True},
    },
    {  # sound by the model
        "model": "wan2.5-i2v-preview",
        "input": {"prompt": "a rapper", "img_url": "https://example.com/rap.png"},
        "parameters": {"resolution": "480P", "prompt_extend": True, "duration": 10, "audio": True},
    },
    {  # silent, with a negative prompt and a seed
        "model": "wan2.2-i2v-flash",
        "input": {
            "prompt": "一只猫在草地上奔跑",
            "negative_prompt": "flowers",
            "img_url": "https://example.com/cat.png",
        },
        "parameters": {"resolution": "720P", "seed": 12345},
    },
    {  # an effect
        "model": "wanx2.1-i2v-turbo",
        "input": {"template": "flying", "img_url": "https://example.com/person.png"},
        "parameters": {"resolution": "720P"},
    },
    {  # first and last frame
        "model": "wanx2.1-kf2v-plus",
        "input": {
            "first_frame_url": "https://example.com/first.png",
            "last_frame_url": "https://example.com/last.png",
            "prompt": "a black cat looks up",
        },
        "parameters": {"resolution": "720P", "prompt_extend": True},
    },
]


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serving("--clock", "auto") as (origin, _):
        yield f"{origin}/api/v1"


def curl(*arguments: str) -> bytes:
    command = ["curl", "-sS", "--fail-with-body", "--noproxy", "*", "--location", *arguments]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("example", sample(2, EXAMPLES), ids=lambda example: str(example["model"]))
def test_the_documented_two_steps(base: str, example: dict[str, Any], tmp_path: Path) -> None:
    key = "Authorization: Bearer sk-mock-curl"
    family = "image2video" if "kf2v" in example["model"] else "video-generation"
    created = curl(
        f"{base}{URL.replace('video-generation', family)}",
        "-H", "X-DashScope-Async: enable", "-H", key, "-H", "Content-Type: application/json",
        "-d", json.dumps(example, ensure_ascii=False),
    )  # fmt: skip
    task = json.loads(created)["output"]["task_id"]
    state: dict[str, Any] = {}
    for _ in range(3):
        state = json.loads(curl("-X", "GET", f"{base}/tasks/{task}", "--header", key))
    assert state["output"]["task_status"] == "SUCCEEDED"
    clip = tmp_path / "clip.mp4"
    curl("-o", str(clip), state["output"]["video_url"])
    assert clip.read_bytes()[4:8] == b"ftyp"
