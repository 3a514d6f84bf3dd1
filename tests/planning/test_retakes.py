"""More takes of a shot, what hangs on its last frame, and what money has to say; over a socket."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.shop import Shop

LIST = """\
version: 1
project: chain
backend: dashscope
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: wake, image: a.png, prompt: 猫醒了 "quoted", seed: 5}
  - {id: leap, image: {shot: wake, frame: last}, prompt: it leaps}
  - {id: other, image: a.png, prompt: somewhere else}
deliverables:
  - {aspect: 9:16, size: 90x160}
"""


@pytest.fixture(autouse=True)
def a_picture(tmp_path: Path) -> None:
    Image.new("RGB", (750, 1000), "#335577").save(tmp_path / "a.png")


def manifest(shop: Shop) -> dict[str, Any]:
    return dict(json.loads((shop.folder / "renders/chain/manifest.json").read_text()))


def shot(shop: Shop, name: str) -> dict[str, Any]:
    return next(dict(shot) for shot in manifest(shop)["shots"] if shot["id"] == name)


def clips(shop: Shop) -> set[str]:
    return {path.name for path in (shop.folder / "renders/chain/clips").glob("*.mp4")}


@pytest.mark.proof
def test_a_retake_is_one_more_take_and_the_earlier_one_stays(shop: Shop) -> None:
    assert shop.run("list.yaml", "--yes").returncode == 0
    before, first = clips(shop), shot(shop, "other")
    assert shop.run("list.yaml", "--yes", "--retake", "other").returncode == 0
    assert shop.sent() == 4
    other = shot(shop, "other")
    assert before < clips(shop)
    assert other["picked"] == 2
    assert other["takes"][0] == first["takes"][0]
    seeds = [take["request"]["seed"] for take in other["takes"]]
    assert len(set(seeds)) == 2
    record = manifest(shop)["deliverables"][0]
    assert shop.run("list.yaml", "--yes").returncode == 0  # an ordinary run keeps what was made
    assert (shop.sent(), shot(shop, "other")) == (4, other)
    assert manifest(shop)["deliverables"][0]["sha256"] == record["sha256"]
    # Renaming, reordering and re-cropping cost nothing, also after a retake.
    text = LIST.replace("id: other", "id: elsewhere, focus: [0.2, 0.2]")
    (shop.folder / "list.yaml").write_text(text, encoding="utf-8")
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert (shop.sent(), shot(shop, "elsewhere")["picked"]) == (4, 2)
    # The list has the last word on which take goes into the deliverables.
    (shop.folder / "list.yaml").write_text(text.replace("focus:", "pick: 1, focus:"), "utf-8")
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert (shop.sent(), shot(shop, "elsewhere")["picked"]) == (4, 1)


@pytest.mark.proof
def test_a_retake_that_was_cut_short_is_not_asked_for_twice(shop: Shop) -> None:
    assert shop.run("list.yaml", "--yes").returncode == 0
    shop.faults({"on": "create", "effect": "fail", "code": "InternalError.Timeout", "times": 3})
    assert shop.run("list.yaml", "--yes", "--retake", "other").returncode == 1
    assert shop.run("list.yaml", "--yes", "--retake", "other").returncode == 0
    assert len(shot(shop, "other")["takes"]) == 2
    assert [row["status"] for row in shop.ledger()].count("SUCCEEDED") == 4


@pytest.mark.proof
def test_what_begins_with_the_last_frame_follows_or_is_kept(shop: Shop) -> None:
    assert shop.run("list.yaml", "--yes").returncode == 0
    first = shot(shop, "leap")["takes"][0]
    record = json.loads(shop.run("plan", "list.yaml", "--retake", "wake", "--json").stdout)
    states = {(take["shot"], take["take"]): take["state"] for take in record["takes"]}
    assert states[("leap", 1)] == "new"
    assert (record["cost"], record["cascade_cost"]) == ("1.44", "0.72")
    assert shop.sent() == 3  # planning sends nothing and keeps nothing
    shown = shop.run("plan", "list.yaml", "--retake", "wake")
    assert "0.72 of it because first frames change" in shown.stdout
    again = ("list.yaml", "--yes", "--retake", "wake", "--no-cascade")
    record = json.loads(shop.run("plan", *again[:1], *again[2:], "--json").stdout)
    assert (record["cost"], record["cascade_cost"]) == ("0.72", "0.00")
    assert shop.run(*again).returncode == 0
    assert shop.sent() == 4
    assert shot(shop, "leap")["takes"][0]["sha256"] == first["sha256"]
    assert shot(shop, "wake")["picked"] == 2
    # Without the option the list is followed to the letter.
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert shop.sent() == 5
    assert shot(shop, "leap")["takes"][0]["request"]["image"] != first["request"]["image"]


@pytest.mark.proof
def test_a_file_is_uploaded_once_for_all_runs(shop: Shop) -> None:
    assert shop.run("list.yaml", "--yes").returncode == 0
    count = shop.sent("upload")
    assert count == 2  # the picture, and the last frame
    text = LIST.replace("somewhere else", "quite another")
    (shop.folder / "list.yaml").write_text(text, encoding="utf-8")
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert shop.sent("upload") == count
    # What the service refuses may be an upload it cannot use: the next run uploads again.
    shop.faults({"on": "create", "status": 400, "code": "InvalidParameter", "nth": 1})
    (shop.folder / "list.yaml").write_text(text.replace("quite", "still"), encoding="utf-8")
    assert shop.run("list.yaml", "--yes").returncode == 1
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert shop.sent("upload") == count + 1


@pytest.mark.proof
def test_unknown_names_and_odd_pairs_of_options_are_refused(shop: Shop) -> None:
    wrong = shop.run("list.yaml", "--yes", "--retake", "othr")
    assert (wrong.returncode, "did you mean 'other'?" in wrong.stderr) == (2, True)
    assert shop.run("plan", "list.yaml", "--retake", "x").returncode == 2
    for options in (("--retake", "wake"), ("--no-cascade",)):
        assert shop.run("plan", "list.yaml", "--out", "p.json", *options).returncode == 2
    assert shop.run("plan", "list.yaml", "--out", "p.json").returncode == 0
    assert shop.run("render", "--plan", "p.json", "--retake", "wake").returncode == 2
    assert shop.sent() == 0


@pytest.mark.proof
def test_what_another_account_asked_for_can_be_given_up(shop: Shop) -> None:
    shop.faults({"on": "result", "status": 500})
    assert shop.run("list.yaml", "--yes", "--only", "other").returncode == 1
    other = {"DASHSCOPE_API_KEY": f"sk-mock-{shop.account}-b"}
    answer = shop.run("list.yaml", "--yes", "--only", "other", **other)
    assert answer.returncode == 4
    assert "resolve FILE 1 --release" in answer.stderr
    assert shop.run("resolve", "list.yaml", "1", "--adopt", "x").returncode == 2
    given_up = shop.run("resolve", "list.yaml", "1", "--release")
    assert (given_up.returncode, "may be paid already" in given_up.stderr) == (0, True)
    assert shop.run("list.yaml", "--yes", "--only", "other", **other).returncode == 0
    assert shop.run("resolve", "list.yaml", "2", "--release").returncode == 2  # its clip is here
