"""By the vendor's names from end to end: client, recorder and service behind their proxies."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.places import CLIPS, ROOT
from tests.support.tapes import taped

CURL = shutil.which("curl")
pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(CURL is None, reason="needs curl"),
]
API = "https://dashscope.aliyuncs.com/api/v1"
CREATE = f"{API}/services/aigc/video-generation/video-synthesis"
KEY = "sk-mock-hush0001"
BODY = {
    "model": "wan2.5-i2v-preview",
    "input": {"prompt": "a cat", "img_url": "https://example.com/a.png"},
}


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[dict[str, Any]]:
    """The first line of a command of the emulator's program."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mock_server", *arguments], stdout=subprocess.PIPE, text=True,
        cwd=ROOT, env={**os.environ, **environment},
    )  # fmt: skip
    assert process.stdout
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def outcome(environment: dict[str, str], folder: Path) -> tuple[str, list[str], bytes]:
    """What curl gets that knows the vendor's host alone."""

    def curl(*arguments: str) -> bytes:
        ran = subprocess.run(
            [str(CURL), "-sS", "--fail-with-body", *arguments], capture_output=True, timeout=60,
            env={"PATH": os.environ["PATH"], **environment},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    key = ("-H", f"Authorization: Bearer {KEY}")
    kind = ("-H", "Content-Type: application/json", "-H", "X-DashScope-Async: enable")
    task = json.loads(curl(CREATE, *key, *kind, "-d", json.dumps(BODY)))["output"]["task_id"]
    answers = [json.loads(curl(f"{API}/tasks/{task}", *key))["output"] for _ in range(3)]
    host = answers[-1]["video_url"].split("/")[2]
    clip = curl(answers[-1]["video_url"])
    return host, [answer["task_status"] for answer in answers], clip


def test_a_client_that_knows_the_vendors_hosts_alone(tmp_path: Path) -> None:
    path = tmp_path / "names.jsonl"
    ways = ("--proxy", "--authority", str(tmp_path / "authority"))
    record = ("record", "--to", API, "--cassette", str(path), *ways)
    with (
        running("--clock", "auto", "--clips", str(CLIPS), *ways) as service,
        running(*record, **service["environment"]) as recorder,
    ):
        recorded = outcome(recorder["environment"], tmp_path)
    assert recorded[0] == "dashscope-result-bj.oss-cn-beijing.aliyuncs.com"
    assert recorded[1] == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert recorded[2][4:8] == b"ftyp"
    urls = [entry.request.url for entry in taped(path).entries]
    assert urls[-1].startswith(f"https://{recorded[0]}/")
    assert urls[-1].endswith("?Expires=removed&OSSAccessKeyId=removed&Signature=removed")
    assert KEY not in path.read_text()
    with running("replay", "--cassette", str(path), *ways) as replay:
        assert replay["base_url"].endswith("/api/v1")
        for _ in range(2):
            assert outcome(replay["environment"], tmp_path) == recorded
