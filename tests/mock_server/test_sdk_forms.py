"""The official SDK, unmodified, through every request form."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import serving
from tests.support.places import ROOT
from tests.support.programs import PROGRAMS
from wanx_render.media import ffmpeg

pytestmark = pytest.mark.proof

EXPECTED: dict[str, tuple[str, dict[str, Any], int]] = {
    "frames": ("SUCCEEDED", {"video_duration": 5, "SR": 480}, 1),
    "media": ("SUCCEEDED", {"output_video_duration": 5, "SR": 720, "ratio": "3:4"}, 1),
    "continued": ("SUCCEEDED", {"output_video_duration": 6, "input_video_duration": 2}, 1),
    "words": ("SUCCEEDED", {"output_video_duration": 5, "SR": 720, "size": "1280*720"}, 1),
    "ratio": ("SUCCEEDED", {"output_video_duration": 5, "SR": 720, "ratio": "9:16"}, 1),
    "references": ("SUCCEEDED", {"duration": 6, "input_video_duration": 2}, 1),
    "wrong": ("FAILED", {}, 0),
    "picture": ("SUCCEEDED", {"image_count": 2}, 2),
    "conversation": ("SUCCEEDED", {"image_count": 1}, 1),
}


def test_the_sdk_gets_through_in_every_form(picture: Callable[..., Path], tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    source = ("-f", "lavfi", "-i", "testsrc=s=320x256:r=30:d=2", "-pix_fmt", "yuv420p")
    ffmpeg.run(PROGRAMS["wheel"], (*source, str(clip)))
    script = str(ROOT / "tests/proofs/sdk_forms_driver.py")
    environment = {**os.environ, "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
    with serving("--clock", "auto", "--no-limits") as (origin, _):
        ran = subprocess.run(
            [sys.executable, script, origin, str(picture("a.png")), str(clip)],
            env=environment, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    report = json.loads(ran.stdout.splitlines()[-1])
    assert report.keys() == EXPECTED.keys()
    for name, (status, usage, results) in EXPECTED.items():
        seen = report[name]
        assert (seen[0], seen[2]) == (status, results), (name, seen)
        assert usage.items() <= seen[1].items(), (name, seen)
