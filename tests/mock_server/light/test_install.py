"""The light package as its users have it: installed, started, asked, beside the whole program."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.docs.pages import GUIDE
from tests.mock_server.light.environments import (
    SYSTEM_PATH,
    UV,
    Installed,
    VirtualEnvironment,
    free_port,
    ran,
    serving,
    substituted,
)

pytestmark = [pytest.mark.proof, pytest.mark.skipif(not UV, reason="needs uv")]

PAGE = GUIDE / "emulator.md"
SUITE = """
import json, os, urllib.request

def test_one_request(wanx_mock):
    url = os.environ["DASHSCOPE_HTTP_BASE_URL"] + "/services/aigc/video-generation/video-synthesis"
    headers = {"Authorization": "Bearer " + os.environ["DASHSCOPE_API_KEY"],
               "X-DashScope-Async": "enable", "Content-Type": "application/json"}
    body = {"model": "wan2.5-i2v-preview",
            "input": {"prompt": "A cat wakes", "img_url": "https://example.com/cat.png"}}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).close()
    wanx_mock.assert_submitted_once("A cat wakes")
"""


def test_it_takes_a_fifth_of_the_space_and_half_of_the_files(
    light: Installed, program: Installed
) -> None:
    for name, package in (("light", light), ("whole", program)):
        sys.stdout.write(f"{name}: {package.bytes / 1e6:.0f} MB, {package.files} files\n")
    assert light.bytes < 0.2 * program.bytes
    assert light.files < 0.5 * program.files


def test_it_is_ready_with_fewer_modules(
    light: Installed, program: Installed, tmp_path: Path
) -> None:
    # How many modules are loaded does not depend on how busy the machine is, as seconds do.
    few = modules_until_ready(light.environment.program("wanx-mock"), tmp_path)
    many = modules_until_ready(program.environment.program("wanx-mock-server"), tmp_path)
    assert 100 < len(few) < len(many)
    assert "imageio_ffmpeg" in many - few


def modules_until_ready(command: Path, folder: Path) -> set[str]:
    """The modules that a program imports until its server has started and ended."""
    with serving([command], folder, PYTHONPROFILEIMPORTTIME="1") as line:
        pass
    return {name.strip() for name in re.findall(r"^import time:.*\|([^|]*)$", line["stderr"], re.M)}


def test_its_page_speaks_chinese(server: dict[str, Any]) -> None:
    with httpx.Client(trust_env=False) as client:
        assert "模拟服务器" in client.get(server["page"], params={"lang": "zh"}).text


def test_modules_and_commands_are_its_own(light: Installed, tmp_path: Path) -> None:
    python = light.environment.program("python")
    help_text = ran([python, "-m", "wanx_mock_server", "--help"], tmp_path, WANX_LANG="zh")
    assert "python -m wanx_mock_server" in help_text
    assert re.search("[\u4e00-\u9fff]", help_text)
    code = "from importlib.util import find_spec as f; print(f('wanx_render'), f('mock_server'))"
    assert ran([python, "-c", code], tmp_path).strip() == "None None"


def test_without_the_extra_it_says_that_clips_are_tiny(light: Installed, tmp_path: Path) -> None:
    command = [light.environment.program("wanx-mock")]
    with (
        serving(command, tmp_path) as usual,
        serving([*command, "--clips", "tiny"], tmp_path) as asked,
    ):
        pass
    assert "tiny" in usual["stderr"] and "wanx-mock-server[clips]" in usual["stderr"]
    assert "clips" not in asked["stderr"]


def test_without_the_extra_it_says_what_tls_needs(light: Installed, tmp_path: Path) -> None:
    script = (
        "import subprocess, sys; done = subprocess.run(sys.argv[1:], capture_output=True,"
        " text=True); print(done.returncode, done.stderr)"
    )
    command = [light.environment.program("wanx-mock"), "--proxy"]
    printed = ran([sys.executable, "-c", script, *command], tmp_path)
    assert printed.startswith("2 ") and "wanx-mock-server[tls]" in printed, printed


# --- Side by side


def test_either_can_leave_and_the_other_works(wheel: Path, whole: Path, tmp_path: Path) -> None:
    """In one environment, to which the one that left comes back: either is installed second."""
    environment = VirtualEnvironment.new(tmp_path / "venv")
    environment.change("install", whole, "pytest")
    environment.change("install", wheel)
    suite = tmp_path / "suite"
    suite.mkdir()
    (suite / "test_one.py").write_text(SUITE)
    pytest_command = [environment.program("pytest"), "-q", "-p", "no:cacheprovider", suite]
    for leaves, lost, kept, package in (
        ("wanx-render", "wanx-mock-server", "wanx-mock", whole),
        ("wanx-mock-server", "wanx-mock", "wanx-mock-server", wheel),
    ):
        starts(environment, lost, tmp_path)
        assert "1 passed" in ran(pytest_command, tmp_path)
        environment.change("uninstall", leaves)
        assert not environment.program(lost).exists()
        starts(environment, kept, tmp_path)
        assert "1 passed" in ran(pytest_command, tmp_path)
        ran([UV, "pip", "check", "-p", environment.program("python")], tmp_path)
        environment.change("install", package)


def starts(environment: VirtualEnvironment, command: str, folder: Path) -> None:
    with serving([environment.program(command), "--clock", "auto"], folder) as line:
        assert line["clock"] == "auto"


# --- The other ways in


def ways() -> dict[str, str]:
    """What the page says to type, by the tool that it is typed for."""
    rows = re.findall(r"^\| (pip|uv|pipx|npm) \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.M)
    return {tool: re.findall(r"`([^`]*wanx-mock[^`]*)`", row)[0] for tool, row in rows}


@pytest.mark.parametrize("tool", ["uv", "pipx", "npm"])
def test_each_way_in_of_the_page_starts_it(tool: str, wheel: Path, tmp_path: Path) -> None:
    text = substituted(ways()[tool], {"WHEEL": str(wheel), "8765": str(free_port())})
    if tool == "npm":
        if shutil.which("npm", path=SYSTEM_PATH) is None:
            pytest.skip("needs npm")
        (tmp_path / "package.json").write_text(f'{{"private": true, "scripts": {{{text}}}}}')
        text = "npm run emulator --"
    prefix = f"{UV} tool run " if tool == "pipx" else ""
    path = f"{Path(UV).parent}:{SYSTEM_PATH}"
    command = ["sh", "-c", f'exec {prefix}{text} "$@"', "sh"]
    with serving(command, tmp_path, PATH=path, PIPX_HOME=str(tmp_path / "pipx")) as line:
        assert line["clock"] == "auto"
