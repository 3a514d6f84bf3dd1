"""First frames that a picture model makes: from the list to the film, each picture paid once."""

import json
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
def stall(shop: Shop) -> Shop:
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


def test_a_film_of_made_pictures_is_paid_once(stall: Shop) -> None:
    first = stall.run("list.yaml", "--yes")
    assert first.returncode == 0, first.stderr
    check_film(stall)
    assert stall.run("list.yaml", "--yes").returncode == 0
    assert stall.sent() == 5
    # A shot with the same picture shares it: only its clip is new.
    (stall.folder / "list.yaml").write_text(LIST.replace("deliverables", TWIN + "deliverables"))
    assert stall.run("list.yaml", "--yes").returncode == 0
    assert [row["model"] for row in stall.ledger()[5:]] == ["wan2.2-i2v-flash"]
    # A journal that is gone is written again, pictures and all.
    (home_of(stall) / "journal.sqlite").unlink()
    again = stall.run("list.yaml", "--yes")
    assert again.returncode == 0, again.stderr
    assert stall.sent() == 6


def test_pictures_are_made_and_looked_at_before_any_video_is_paid(stall: Shop) -> None:
    ran = stall.run("list.yaml", "--pictures", "--yes")
    assert ran.returncode == 0, ran.stderr
    assert {row["model"] for row in stall.ledger()} == {"qwen-image", "wan2.5-t2i-preview"}
    assert "clips/wake.image-t1-" in ran.stderr
    assert "wanx-render board list.yaml" in ran.stderr
    another = stall.run("list.yaml", "--pictures", "--retake", "leap.image", "--yes")
    assert another.returncode == 0, another.stderr
    assert stall.sent() == 4
    (stall.folder / "list.picks.yaml").write_text("shots: {leap.image: {pick: 1}}")
    assert stall.run("list.yaml", "--yes").returncode == 0
    manifest = manifest_of(stall)
    leap = next(shot for shot in manifest["shots"] if shot["id"] == "leap")
    pictures = {picture["id"]: picture for picture in manifest["pictures"]}
    first, second = pictures["leap.image"]["takes"]
    assert first["sha256"] != second["sha256"]
    assert leap["takes"][0]["request"]["image"] == f"sha256:{first['sha256']}"
    assert (stall.sent(), manifest["cost"]) == (6, "1.90 CNY")


def test_a_killed_run_goes_on_where_it_was(stall: Shop) -> None:
    stall.killed("list.yaml", "--yes", tasks=2)
    ran = stall.run("list.yaml", "--yes")
    assert ran.returncode == 0, ran.stderr
    check_film(stall)


@pytest.mark.parametrize("nth", [1, 3])
def test_a_picture_whose_answer_was_lost_is_known_again(stall: Shop, nth: int) -> None:
    stall.faults({"on": "create", "nth": nth, "effect": "reset", "stage": "after"})
    ran = stall.run("list.yaml", "--yes")
    assert ran.returncode == 0, ran.stderr
    check_film(stall)


def test_a_list_over_its_budget_sends_nothing(stall: Shop) -> None:
    (stall.folder / "list.yaml").write_text(LIST.replace("10 CNY", "1.6 CNY"))
    ran = stall.run("list.yaml", "--yes")
    assert (ran.returncode, stall.sent()) == (4, 0)
    unknown = LIST.replace("qwen-image", "wan2.2-t2i-flash")  # no document gives its price
    (stall.folder / "list.yaml").write_text(unknown)
    ran = stall.run("list.yaml", "--yes")
    assert (ran.returncode, stall.sent()) == (4, 0)
    assert "unknown price" in ran.stderr
