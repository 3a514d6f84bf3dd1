"""Every example is run as a user would run it, and its deliverables are judged by PyAV."""

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.media import beeps, facts, flashes
from tests.support.places import SPECS
from tests.tiers import sample

# Everyone runs the quickest one, .ci/run also that of the README, .ci/proofs all.
LISTS = (
    sorted(SPECS.glob("*.yaml"), key=lambda path: path.stem != "products")
    if os.environ.get("WALKS") == "whole"
    else [SPECS / f"{name}.yaml" for name in ("products", "hello")]
)
EXAMPLES = sample(1, LISTS)


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.stem)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("example") / request.param.stem
    command = [sys.executable, "-m", "wanx_render", str(request.param), "--out", str(out)]
    subprocess.run(command, check=True, timeout=300, capture_output=True)
    return out


def test_every_deliverable_is_exactly_what_was_promised(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["complete"]
    for made in manifest["deliverables"]:
        seen = facts(folder / made["path"])
        width, height = map(int, made["aspect"].split(":"))
        assert (seen.width, seen.height) == (made["width"], made["height"])
        assert seen.width * height == seen.height * width
        assert seen.width % 2 == seen.height % 2 == 0
        assert seen.sample_aspect == 1
        parts = made["parts"]
        assert seen.frames == made["frames"]
        assert seen.frames == sum(part["frames"] - part["shared"] for part in parts)
        assert seen.times[0] == 0
        assert seen.steps == {1 / Fraction(made["fps"])}
        length = seen.frames / Fraction(made["fps"])
        assert abs(seen.sound_seconds - length) <= 1 / Fraction(made["fps"])
        assert (seen.codec, seen.profile, seen.colours) == ("h264", "High", (1, 1, 1))
        assert all(check["holds"] for check in made["checks"])


def test_every_clip_came_as_predicted(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    for shot in manifest["shots"]:
        for take in shot["takes"]:
            assert take["predicted"] == f"{take['width']}x{take['height']}"
            assert (folder / take["clip"]).is_file()


def test_light_and_sound_stay_together_to_the_frame(folder: Path) -> None:
    """Where a shot has sound, each flash has its beep; the first and the last are what counts."""
    manifest = json.loads((folder / "manifest.json").read_text())
    sounding = {
        shot["id"]
        for shot in manifest["shots"]
        if shot["takes"] and shot["takes"][shot["picked"] - 1]["sound"]
    }
    for made in manifest["deliverables"]:
        seen, rate = facts(folder / made["path"]), Fraction(made["fps"])
        light, sound = flashes(seen), beeps(seen)
        assert len(light) == len(sound)
        assert bool(sound) is bool(sounding)
        assert all(abs(a - b) <= 1 / rate for a, b in zip(light, sound, strict=True))
