"""The vendor's own hosts, played by the emulator behind a proxy: regions and workspaces."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from mock_server.testing import Server
from tests.canary import SECRETS

STORAGE = "dashscope-a717.oss-accelerate.aliyuncs.com"
OF_WORKSPACE = "llm-ab12.{code}.maas.aliyuncs.com"
SHARED = "dashscope.aliyuncs.com"
# A film in one region, and in every one with FAULTS=whole.
WHOLE = os.environ.get("FAULTS") == "whole"
CODES = {"beijing": "cn-beijing", "tokyo": "ap-northeast-1", "frankfurt": "eu-central-1"}
LIST = """\
version: 1
project: hosts
backend: dashscope
region: {region}
defaults: {{model: wan3.0-video, resolution: 480P, duration: 2}}
shots:
  - {{id: a, image: a.png, prompt: A cat wakes}}
deliverables: [{{aspect: 9:16, size: 90x160, quality: draft}}]
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    hosts = [SHARED, *(OF_WORKSPACE.format(code=code) for code in CODES.values())]
    running = Server("x200", 0, [STORAGE], api_hosts=hosts)
    yield running
    running.close()


def rendered(
    server: Server, folder: Path, region: str, **environ: str
) -> "subprocess.CompletedProcess[str]":
    Image.new("RGB", (480, 854), "#884422").save(folder / "a.png")
    (folder / "list.yaml").write_text(LIST.format(region=region))
    assert server.proxy
    key = f"sk-mock-{region}-{folder.name}"
    SECRETS.add(key)
    return subprocess.run(
        [sys.executable, "-m", "wanx_render", "list.yaml", "--yes"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        env={
            "PATH": "/usr/bin:/bin", "HOME": str(folder), "DASHSCOPE_API_KEY": key,
            **server.proxy.environment, **environ,
        },
    )  # fmt: skip


@pytest.mark.proof
@pytest.mark.parametrize("region", CODES if WHOLE else ("tokyo",))
def test_a_film_is_made_at_the_host_of_a_workspace(
    region: str, server: Server, tmp_path: Path
) -> None:
    ran = rendered(server, tmp_path, region, DASHSCOPE_WORKSPACE="llm-ab12")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "renders" / "hosts" / "9x16.mp4").is_file()


@pytest.mark.proof
def test_a_move_to_the_host_of_the_workspace_buys_nothing_again(
    server: Server, tmp_path: Path
) -> None:
    assert rendered(server, tmp_path, "beijing").returncode == 0
    again = rendered(server, tmp_path, "beijing", DASHSCOPE_WORKSPACE="llm-ab12")
    assert (again.returncode, "0.00 CNY this run" in again.stderr) == (0, True), again.stderr
