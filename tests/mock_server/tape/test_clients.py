"""Clients of three kinds are recorded once and replayed: the official SDK, our own, and curl."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from mock_server.testing import Server
from tests.support.places import ROOT
from tests.support.tapes import recording, replaying

pytestmark = pytest.mark.proof
MODEL = "wan2.5-i2v-preview"

SDK = f"""
import hashlib, json, sys
import dashscope
from dashscope import VideoSynthesis
import requests
dashscope.base_http_api_url, picture = sys.argv[1:]
key = {{"api_key": "sk-mock-sdk"}}
ask = {{"model": {MODEL!r}, "prompt": "a cat", "img_url": "file://" + picture, **key}}
done = VideoSynthesis.call(**ask)
again = VideoSynthesis.fetch(done.output.task_id, **key)
clip = requests.get(done.output.video_url).content
refused = VideoSynthesis.fetch("a-task", api_key="sk-nobody")
print(json.dumps([done.output.task_id, done.output.task_status, again.output.task_status,
                  hashlib.sha256(clip).hexdigest(), refused.status_code, refused.code]))
"""

LIST = f"""
version: 1
project: taped
backend: dashscope
defaults: {{model: {MODEL}, resolution: 480P, duration: 5, image: frame.png}}
shots:
  - {{id: wake, prompt: A cat wakes}}
  - {{id: leap, prompt: It leaps, takes: 2, seed: 7}}
deliverables: [{{aspect: 9:16, size: 90x160, quality: draft}}]
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Server]:
    server = Server("auto", 0)
    yield server
    server.close()


def run(command: list[str], folder: Path, **environment: str) -> str:
    home = {"HOME": os.environ["HOME"], "NO_PROXY": "127.0.0.1", "PATH": os.environ["PATH"]}
    ran = subprocess.run(
        command, cwd=folder, env={**home, "WANX_LANG": "en", **environment},
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    return ran.stdout


def test_the_official_sdk(service: Server, tmp_path: Path, picture: Callable[..., Path]) -> None:
    path, photo = tmp_path / "sdk.jsonl", picture("帧 1.png")

    def outcome(origin: str) -> list[object]:
        command = [sys.executable, "-c", SDK, f"{origin}/api/v1", str(photo)]
        return list(json.loads(run(command, tmp_path).splitlines()[-1]))

    with recording(service.base_url, path) as origin:
        recorded = outcome(origin)
    assert recorded[1:3] == ["SUCCEEDED", "SUCCEEDED"]
    assert recorded[4:] == [401, "InvalidApiKey"]
    with replaying(path) as (origin, player):
        assert [outcome(origin) for _ in range(2)] == [recorded] * 2
        assert not player.unmatched


def deliver(folder: Path, origin: str, photo: Path) -> dict[str, str]:
    """Run our own client in a new folder; the hashes of what it fetched and delivered."""
    folder.mkdir()
    shutil.copy(photo, folder / "frame.png")
    (folder / "list.yaml").write_text(LIST)
    command = [sys.executable, "-m", "wanx_render", "list.yaml", "--yes", "--out", "out"]
    run(
        command, folder, PYTHONPATH=str(ROOT), DASHSCOPE_API_KEY="sk-mock-own",
        DASHSCOPE_HTTP_BASE_URL=f"{origin}/api/v1",
    )  # fmt: skip
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    takes = [take for shot in manifest["shots"] for take in shot["takes"]]
    hashes = {take["task_id"]: take["sha256"] for take in takes}
    return hashes | {made["path"]: made["sha256"] for made in manifest["deliverables"]}


def test_our_own_client(service: Server, tmp_path: Path, picture: Callable[..., Path]) -> None:
    path, photo = tmp_path / "own.jsonl", picture("frame.png")
    with recording(service.base_url, path) as origin:
        recorded = deliver(tmp_path / "recorded", origin, photo)
    assert len(recorded) == 4
    with replaying(path, once=True) as (origin, player):
        assert deliver(tmp_path / "replayed", origin, photo) == recorded
        player.rewind()
        assert deliver(tmp_path / "again", origin, photo) == recorded
        assert not player.unmatched


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl(service: Server, tmp_path: Path) -> None:
    path = tmp_path / "curl.jsonl"
    body = {"model": MODEL, "input": {"prompt": "a cat", "img_url": "https://example.com/a.png"}}
    key = ["-H", "Authorization: Bearer sk-mock-curl"]

    def curl(*arguments: str) -> bytes:
        command = ["curl", "-sS", "--fail-with-body", "--compressed", "--noproxy", "*", *arguments]
        return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout

    def outcome(origin: str) -> tuple[list[str], bytes]:
        create = f"{origin}/api/v1/services/aigc/video-generation/video-synthesis"
        json_type = ["-H", "Content-Type: application/json", "-H", "X-DashScope-Async: enable"]
        created = curl(create, *key, *json_type, "-d", json.dumps(body))
        task = f"{origin}/api/v1/tasks/{json.loads(created)['output']['task_id']}"
        answers = [json.loads(curl(task, *key))["output"] for _ in range(4)]
        return [answer["task_status"] for answer in answers], curl(answers[-1]["video_url"])

    with recording(service.base_url, path) as origin:
        recorded = outcome(origin)
    assert recorded[0][-1] == "SUCCEEDED"
    with replaying(path) as (origin, _):
        assert outcome(origin) == recorded
        httpx.post(f"{origin}/_tape/rewind", trust_env=False)
        assert outcome(origin) == recorded
