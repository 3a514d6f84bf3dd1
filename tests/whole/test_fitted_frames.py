"""``fit_image`` from the list to the service: what is sent, once, and what is kept."""

import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from PIL import Image, ImageChops

from tests.support.emulator import serving
from tests.support.shop import Shop

LIST = """\
version: 1
project: fitted
backend: dashscope
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, fit_image: match}
shots:
  - {id: wide, image: wide.png, prompt: a street}
  - {id: on, image: {shot: wide, frame: last}, prompt: it goes on, fit_image: "9:16"}
deliverables:
  - {name: film, aspect: 9:16, size: 90x160}
"""
SQUARE = LIST.replace(
    "{name: film, aspect: 9:16, size: 90x160}", "{name: film, aspect: 1:1, size: 100x100}"
)


def draw(path: Path, size: tuple[int, int] = (1200, 900)) -> None:
    """A picture of which each part looks different."""
    across = Image.linear_gradient("L").rotate(90).resize(size)
    down = Image.linear_gradient("L").resize(size)
    Image.merge("RGB", (across, down, Image.new("L", size, 90))).save(path)


def plan(shop: Shop, *options: str) -> list[dict[str, Any]]:
    record = json.loads(shop.run("plan", "list.yaml", "--json", *options).stdout)
    return list(record["takes"])


def is_part(sent: Path, source: Path, window: str) -> bool:
    """Whether a picture is just this window of another, pixel by pixel."""
    size, x, y = window.split("+")
    width, height = map(int, size.split("x"))
    box = (int(x), int(y), int(x) + width, int(y) + height)
    with Image.open(sent) as left, Image.open(source) as right:
        part = right.convert("RGB").crop(box)
        return (
            part.size == left.size
            and not ImageChops.difference(part, left.convert("RGB")).getbbox()
        )


@pytest.mark.proof
def test_the_service_gets_the_prepared_pictures_and_each_is_paid_once(tmp_path: Path) -> None:
    draw(tmp_path / "wide.png")
    (tmp_path / "list.yaml").write_text(LIST)
    with serving("--clock", "x200", "--no-limits", "--state", str(tmp_path / "state.db")) as (
        at,
        _,
    ):
        shop = Shop(tmp_path, at, "fitted")
        picture = plan(shop)[0]["picture"]
        assert picture["sent"]["lost_percent"] > 40
        assert shop.run("list.yaml", "--yes").returncode == 0
        assert shop.sent() == 2
        frames = tmp_path / "renders/fitted/.cache/frames"
        sent = sorted(frames.glob("*-sent-*"), key=lambda path: path.stat().st_mtime_ns)
        assert is_part(sent[0], tmp_path / "wide.png", picture["sent"]["window"])
        arrived = [
            path.read_bytes()
            for path in tmp_path.rglob("*")
            if path.is_file() and "renders" not in path.parts
        ]
        for path in sent:
            assert path.read_bytes() in arrived
        manifest = json.loads((tmp_path / "renders/fitted/manifest.json").read_text())
        clips = [(t["width"], t["height"]) for s in manifest["shots"] for t in s["takes"]]
        assert all(width < height for width, height in clips)
        # Other deliverables: nothing is asked for; a retake is made for them.
        (tmp_path / "list.yaml").write_text(SQUARE)
        assert {take["state"] for take in plan(shop)} == {"cached"}
        assert plan(shop)[0]["picture"]["retake"]["kept_percent"]["film"] > 90
        stamps = {path: path.stat().st_mtime_ns for path in sent}
        assert shop.run("list.yaml", "--yes").returncode == 0
        assert (shop.sent(), {path: path.stat().st_mtime_ns for path in sent}) == (2, stamps)
        assert shop.run("list.yaml", "--yes", "--retake", "wide", "--no-cascade").returncode == 0
        assert shop.sent() == 3
        assert [row["status"] for row in shop.ledger()].count("SUCCEEDED") == 3


@pytest.mark.proof
def test_a_killed_run_resumes_what_was_sent_though_the_deliverables_changed(shop: Shop) -> None:
    draw(shop.folder / "wide.png")
    (shop.folder / "list.yaml").write_text(LIST)
    shop.killed("list.yaml", "--yes", tasks=1)
    (shop.folder / "list.yaml").write_text(SQUARE)
    first = plan(shop)[0]
    assert first["state"] in ("resumed", "cached", "blocked")
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert len(shop.ledger()) == 2


@pytest.mark.proof
def test_a_lost_answer_is_found_by_the_picture_as_it_was_prepared_then(shop: Shop) -> None:
    draw(shop.folder / "wide.png")
    (shop.folder / "list.yaml").write_text(LIST)
    shop.faults({"on": "create", "nth": 1, "effect": "reset", "stage": "after"})
    assert shop.run("list.yaml", "--yes").returncode == 0
    (shop.folder / "list.yaml").write_text(SQUARE)
    assert shop.run("list.yaml", "--yes").returncode == 0
    assert len(shop.ledger()) == 2


def test_the_mock_shows_the_prepared_picture(shop: Shop) -> None:
    draw(shop.folder / "wide.png")
    text = LIST.replace("backend: dashscope\n", "").replace('"9:16"', "off")
    (shop.folder / "list.yaml").write_text(text)
    assert shop.run("list.yaml").returncode == 0
    home = shop.folder / "renders/fitted"
    (sent,) = (home / ".cache/frames").glob("*-sent-*")
    (last,) = (home / ".cache/frames").glob("*-last.png")
    with Image.open(sent) as picture, Image.open(last) as frame:
        # Red grows from left to right in the source, so its values say which part is seen.
        for side in (2, -3):
            shown = median(
                frame.convert("RGB").getpixel((side % frame.width, y))[0]
                for y in range(0, frame.height, 9)
            )
            drawn = median(
                picture.convert("RGB").getpixel((side % picture.width, y))[0]
                for y in range(0, picture.height, 9)
            )
            assert abs(shown - drawn) <= 12
