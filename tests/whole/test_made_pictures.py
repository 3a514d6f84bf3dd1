"""First frames that a picture model makes: from the list to the film, each picture paid once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.media import facts
from tests.support.shop import Shop

pytestmark = pytest.mark.proof

LIST = """\
version: 1
project: made
backend: dashscope
budget: {max_cost: 10 CNY}
defaults: {model: wan2.2-i2v-flash, resolution: 480P}
shots:
  - id: wake
    image: {model: wan2.5-t2i-preview, prompt: A cat on a roof, takes: 2, seed: 7, pick: 2}
    prompt: it wakes
  - {id: leap, image: {model: qwen-image, prompt: A harbour}, prompt: a ship}
deliverables: [{aspect: 9:16, size: 90x160}]
"""
TWIN = """\
  - {id: twin, image: {model: qwen-image, prompt: A harbour}, prompt: a storm}
"""


@pytest.fixture
def made(shop: Shop) -> Shop:
    (shop.folder / "list.yaml").write_text(LIST)
    return shop


def home_of(shop: Shop) -> Path:
    return shop.folder / "renders" / "made"


def manifest_of(shop: Shop) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((home_of(shop) / "manifest.json").read_text())
    return record


def check_film(shop: Shop) -> None:
    """Everything was asked for once, and each shot begins with the picture that is picked."""
    home, manifest, ledger = home_of(shop), manifest_of(shop), shop.ledger()
    assert manifest["complete"]
    film = facts(home / manifest["deliverables"][0]["path"])
    assert (film.width, film.height) == (90, 160)
    assert sorted(row["model"] for row in ledger) == [
        "qwen-image", "wan2.2-i2v-flash", "wan2.2-i2v-flash", "wan2.5-t2i-preview",
        "wan2.5-t2i-preview",
    ]  # fmt: skip
    assert {row["status"] for row in ledger} == {"SUCCEEDED"}
    assert manifest["cost"] == "1.65 CNY"  # 2 x 0.20, 0.25, and 2 clips of 5 s at 0.10
    pictures = {picture["id"]: picture for picture in manifest["pictures"]}
    assert [len(pictures[name]["takes"]) for name in ("wake.image", "leap.image")] == [2, 1]
    for shot in manifest["shots"]:
        picture = pictures[f"{shot['id']}.image"]
        take = picture["takes"][picture["picked"] - 1]
        assert shot["takes"][0]["request"]["image"] == f"sha256:{take['sha256']}"
        with Image.open(home / take["clip"]) as image:
            assert f"{image.width}x{image.height}" == take["request"]["size"] == take["predicted"]


def test_a_film_of_made_pictures_is_paid_once(made: Shop) -> None:
    first = made.run("list.yaml", "--yes")
    assert first.returncode == 0, first.stderr
    check_film(made)
    assert made.run("list.yaml", "--yes").returncode == 0
    assert made.sent() == 5
    # A shot with the same picture shares it: only its clip is new.
    (made.folder / "list.yaml").write_text(LIST.replace("deliverables", TWIN + "deliverables"))
    assert made.run("list.yaml", "--yes").returncode == 0
    assert [row["model"] for row in made.ledger()[5:]] == ["wan2.2-i2v-flash"]
    # A journal that is gone is written again, pictures and all.
    (home_of(made) / "journal.sqlite").unlink()
    again = made.run("list.yaml", "--yes")
    assert again.returncode == 0, again.stderr
    assert made.sent() == 6


def test_pictures_are_made_and_looked_at_before_any_video_is_paid(made: Shop) -> None:
    ran = made.run("list.yaml", "--pictures", "--yes")
    assert ran.returncode == 0, ran.stderr
    assert {row["model"] for row in made.ledger()} == {"qwen-image", "wan2.5-t2i-preview"}
    assert "clips/wake.image-t1-" in ran.stderr
    assert "wanx-render board list.yaml" in ran.stderr
    another = made.run("list.yaml", "--pictures", "--retake", "leap.image", "--yes")
    assert another.returncode == 0, another.stderr
    assert made.sent() == 4
    (made.folder / "list.picks.yaml").write_text("shots: {leap.image: {pick: 1}}")
    assert made.run("list.yaml", "--yes").returncode == 0
    manifest = manifest_of(made)
    leap = next(shot for shot in manifest["shots"] if shot["id"] == "leap")
    pictures = {picture["id"]: picture for picture in manifest["pictures"]}
    first, second = pictures["leap.image"]["takes"]
    assert first["sha256"] != second["sha256"]
    assert leap["takes"][0]["request"]["image"] == f"sha256:{first['sha256']}"
    assert (made.sent(), manifest["cost"]) == (6, "1.90 CNY")


def test_a_killed_run_goes_on_where_it_was(made: Shop) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "wanx_render", "list.yaml", "--yes"], cwd=made.folder,
        env=made.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(made.ledger()) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(run.pid, signal.SIGKILL)
    run.wait(20)
    assert len(made.ledger()) >= 2
    ran = made.run("list.yaml", "--yes")
    assert ran.returncode == 0, ran.stderr
    check_film(made)


@pytest.mark.parametrize("nth", [1, 3])
def test_a_picture_whose_answer_was_lost_is_known_again(made: Shop, nth: int) -> None:
    made.faults({"on": "create", "nth": nth, "effect": "reset", "stage": "after"})
    ran = made.run("list.yaml", "--yes")
    assert ran.returncode == 0, ran.stderr
    check_film(made)


def test_a_list_over_its_budget_sends_nothing(made: Shop) -> None:
    (made.folder / "list.yaml").write_text(LIST.replace("10 CNY", "1.6 CNY"))
    ran = made.run("list.yaml", "--yes")
    assert (ran.returncode, made.sent()) == (4, 0)
    unknown = LIST.replace("qwen-image", "wan2.2-t2i-flash")  # no document gives its price
    (made.folder / "list.yaml").write_text(unknown)
    ran = made.run("list.yaml", "--yes")
    assert (ran.returncode, made.sent()) == (4, 0)
    assert "unknown price" in ran.stderr
