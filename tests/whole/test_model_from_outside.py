"""A model that the package does not have: one catalog file, no code, from the list to the film."""

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mock_server.testing import MockAccount
from tests.support.emulator import account_in_environment
from tests.support.media import facts
from tests.support.places import SPECS
from wanx_render.catalog.capabilities import packaged
from wanx_render.catalog.user_file import with_user_file
from wanx_render.cli import main

PACE = 600
CATALOG = """\
forms:
  frames_in_list:
    path: /services/aigc/example/synthesis
    places: {first_frame: "frames[]", last_frame: "frames[]", soundtrack: voice_url}
    parameters: [resolution, duration, watermark, seed]
models:
  example-i2v-9:
    title: An invented model
    request_form: media
    region_names: {beijing: example-i2v-9}
    combinations: [[first_frame, last_frame?]]
    tiers: [270P, 1080P]
    durations: [2, 6]
    fps: 25
    sound: none
    prompt_characters: 100
    negative_prompt_characters: 0
    image_sides: [200, 4000]
    image_bytes: 5000000
    image_formats: [JPEG, PNG]
    creates_per_second: 2
    running_at_once: 2
    task_seconds: [20, 40]
    returns_actual_prompt: false
    usage: "2.7"
  example-i2v-9-2026-11-01:
    snapshot_of: example-i2v-9
    region_names: {beijing: example-i2v-9-2026-11-01}
    request_form: frames_in_list
    durations: [1]
tier_areas: {270P: 129600}
prices:
  - model: example-i2v-9
    region: beijing
    currency: CNY
    per_second: {270P: 0.11, 1080P: 0.37}
"""
LIST = f"""\
version: 1
project: outside
defaults: {{image: {SPECS}/frames/rooftop.jpg, prompt: A cat wakes}}
shots:
  - {{id: whole, model: example-i2v-9, last_image: {SPECS}/frames/letter.jpg, resolution: 270P}}
  - {{id: fast, model: example-i2v-9-2026-11-01, resolution: 270P}}
deliverables: [{{aspect: 3:4, size: 90x120}}]
"""
PRICE = Decimal("0.11") * (2 + 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    (tmp_path / "list.yaml").write_text(LIST)
    return tmp_path


@pytest.fixture
def account(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockAccount]:
    catalog = with_user_file(packaged(), folder / "catalog.yaml")
    with account_in_environment(monkeypatch, "outside", PACE, catalog) as account:
        yield account


def run(folder: Path, *words: str) -> int:
    words = (words[0], str(folder / "list.yaml"), *words[1:])
    with pytest.raises(SystemExit) as ended:
        main([*words, "--catalog", str(folder / "catalog.yaml")])
    return int(ended.value.code or 0)


def check_film(folder: Path) -> dict[str, Any]:
    """The manifest of a film that is what the list says, as PyAV sees it too."""
    home = folder / "renders" / "outside"
    manifest: dict[str, Any] = json.loads((home / "manifest.json").read_text())
    assert manifest["complete"]
    film = facts(home / manifest["deliverables"][0]["path"])
    assert (film.width, film.height, film.frames) == (90, 120, 25 * 3)
    assert film.steps == {Fraction(1, 25)}
    clips = [facts(home / shot["takes"][0]["clip"]) for shot in manifest["shots"]]
    assert [clip.frames for clip in clips] == [50, 25]
    assert {clip.width * clip.height for clip in clips} == {
        304 * 400
    }  # 3:4 in 270P, sides down to 16
    return manifest


def test_it_is_known_and_checked_by_its_own_figures(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "validate") == 0
    assert run(folder, "plan", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert Decimal(plan["cost"]) == PRICE
    (folder / "list.yaml").write_text(LIST.replace("270P}", "720P, duration: 5}"))
    assert run(folder, "validate") == 2
    said = capsys.readouterr()
    assert "720P is not supported by example-i2v-9" in said.out + said.err


def test_the_mock_makes_its_film(folder: Path) -> None:
    assert run(folder, "render") == 0
    assert check_film(folder)["backend"] == "mock"


@pytest.mark.proof
def test_the_emulator_makes_its_film_for_the_real_client(
    folder: Path, account: MockAccount
) -> None:
    assert run(folder, "render", "--backend", "dashscope", "--yes") == 0
    assert check_film(folder)["backend"] == "dashscope"
    bodies = {e.body["model"]: e for e in account.requests if e.operation == "create"}
    whole, fast = bodies["example-i2v-9"].body, bodies["example-i2v-9-2026-11-01"].body
    assert [entry["type"] for entry in whole["input"]["media"]] == ["first_frame", "last_frame"]
    assert len(fast["input"]["frames"]) == 1
    assert bodies["example-i2v-9-2026-11-01"].path.endswith("/services/aigc/example/synthesis")
    assert set(fast["parameters"]) == {"resolution", "duration", "watermark", "seed"}
    assert Decimal(account.ledger["totals"]["amounts"]["CNY"]) == PRICE
