"""What is out of date is said alike by plan, status, export and the run's own summary."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.support.shop import Shop

LIST = """\
version: 1
project: small
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, trim: {end: 0.5}}
shots:
  - {id: one, image: a.png, prompt: first, takes: 2}
  - {id: two, image: {shot: one, frame: last}, prompt: second}
deliverables:
  - {name: tall, aspect: 9:16, size: 90x160, quality: draft}
"""
TWO = (
    "two is to be made, 0.72 CNY "
    "(it begins with the last frame of take 1 of one, and take 2 is picked)"
)
SHOWS = "it shows take 1 of one, and take 2 is picked"
SENTENCE = f"tall.mp4 is out of date: {SHOWS}; {TWO}"


@pytest.mark.proof
def test_plan_status_export_and_summary_say_the_same_of_a_stale_film(
    shop: Shop, tmp_path: Path
) -> None:
    Image.new("RGB", (300, 400), "#335577").save(tmp_path / "a.png")
    assert shop.run("list.yaml").returncode == 0
    (tmp_path / "list.picks.yaml").write_text("shots: {one: {pick: 2}}\n")
    assert SENTENCE in " ".join(shop.run("plan", "list.yaml").stdout.split())  # it is wrapped
    assert SENTENCE in shop.run("status", "list.yaml").stdout
    exported = shop.run("export", "list.yaml", "--format", "edl")
    assert exported.returncode == 0
    assert exported.stderr.strip() == f"warning: {SENTENCE}"
    record = json.loads(shop.run("status", "list.yaml", "--json").stdout)
    assert [shot["state"] for shot in record["shots"]] == ["current", "stale"]
    assert record["films"] == [{"name": "tall", "state": "stale", "reasons": [SHOWS, TWO]}]
    planned = json.loads(shop.run("plan", "list.yaml", "--json").stdout)
    assert planned["films"][0]["reasons"] == [SHOWS, TWO]
    # On an explicit word the film is made of the clips that are here, and says so.
    kept = shop.run("list.yaml", "--no-cascade")
    assert kept.returncode == 0
    assert f"tall.mp4 is out of date: {TWO}" in kept.stderr
    assert f"tall.mp4 is out of date: {TWO}" in shop.run("status", "list.yaml").stdout
    # One more take replaces what was picked, and all that follows from it is made.
    again = shop.run("list.yaml", "--retake", "one")
    assert again.returncode == 0
    assert "out of date" not in again.stderr
    assert "pick: 3" in (tmp_path / "list.picks.yaml").read_text()
    assert "out of date" not in shop.run("status", "list.yaml").stdout
