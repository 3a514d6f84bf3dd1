"""A bill that is higher than the price: it is named, and the budget counts it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.shop import Shop

pytestmark = pytest.mark.proof

LIST = """\
version: 1
project: dear
backend: dashscope
budget: {max_cost: 1.50 CNY}
defaults: {model: wan2.6-i2v-flash, resolution: 720P, duration: 2}
shots:
  - {id: a, image: a.png, prompt: a street}
  - {id: b, image: {shot: a, frame: last}, prompt: it goes on}
deliverables:
  - {name: film, aspect: 16:9, size: 160x90, quality: draft}
"""


def draw(path: Path) -> None:
    grey = np.full((720, 1280, 3), 90, dtype=np.uint8)
    Image.fromarray(grey).save(path)


def test_the_rest_of_a_budget_is_what_bills_leave_of_it(shop: Shop) -> None:
    draw(shop.folder / "a.png")
    (shop.folder / "list.yaml").write_text(LIST)
    shop.faults({"on": "query", "effect": "change", "set": {"usage.output_video_duration": 4}})
    ran = shop.run("list.yaml", "--yes")
    # Each is planned at 0.60 yuan, so both would fit; a is billed 1.20, and b no longer does.
    assert "billed 1.20, planned 0.60" in ran.stderr
    assert "warning: 1 take was billed 0.60 CNY above the plan" in ran.stderr
    assert "1.20 CNY this run" in ran.stderr
    assert ran.returncode == 4
    assert [row["prompt"] for row in shop.ledger()] == ["a street"]
    again = shop.run("list.yaml", "--yes", "--json")  # a budget is that of a run
    summary = json.loads(again.stdout.splitlines()[-1])
    assert (again.returncode, summary["billed_above_plan"]) == (0, "0.60")
