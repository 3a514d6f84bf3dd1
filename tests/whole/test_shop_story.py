"""A shop's day: 200 rows from a spreadsheet in GBK (40 in a sample), and what goes wrong in them.

Four pictures are bad, the service refuses one text and fails once by itself. Everything else is
rendered, the rest later, and each clip is paid once.
"""

import csv
import io
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.emulator import serving
from tests.support.shop import Shop

pytestmark = pytest.mark.proof

ROWS = 200 if os.environ.get("SHOP") == "whole" else 40
PACE = 80  # slower than other tests: time limits pass as fast as the clock, and many rows wait
PRICE = Decimal("0.72")  # three seconds of wanx2.1-i2v-turbo
LIST = """\
version: 1
project: shop
backend: dashscope
matrix: {from: shop.csv, name: "${sku}"}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, trim: {end: 0.3}}
shots: [{id: hero, image: "${pic}", prompt: "${prompt}", caption: "${price}", seed: "${seed}"}]
deliverables: [{name: film, aspect: 3:4, size: 240x320, quality: draft}]
"""
BAD = {
    "p011": "image-missing",
    "p017": "image-unreadable",
    "p021": "image-transparent",
    "p030": "image-sides",
}
MODERATED, TRANSIENT = "p025", "p027"


def rows(moderated: str = "违禁品在展台上") -> list[list[str]]:
    """The table: a picture for every tenth row, prices as a spreadsheet writes them."""
    table = [["sku", "pic", "prompt", "price", "seed"]]
    for number in range(1, ROWS + 1):
        name = f"p{number:03}"
        picture = f"{name}.png" if name in BAD else f"图{number % 10}.png"
        prompt = f"第{number}号白瓷杯缓缓转动"
        if name == MODERATED:
            prompt = moderated
        if name == TRANSIENT:
            prompt = "紫砂壶冒着热气"
        table.append([name, picture, prompt, f"￥{number}.00", f"{number}.0"])
    return table


def save(folder: Path, table: list[list[str]]) -> None:
    """As Excel saves it on Chinese Windows."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([*table, [""] * 5, [""] * 5])
    (folder / "shop.csv").write_bytes(text.getvalue().encode("gbk"))


def spoil(folder: Path) -> None:
    for number in range(10):
        Image.new("RGB", (450, 600), (20 * number, 90, 120)).save(folder / f"图{number}.png")
    good = (folder / "图1.png").read_bytes()
    (folder / "p017.png").write_bytes(good[: len(good) // 2])
    Image.new("RGBA", (450, 600), (200, 80, 40, 128)).save(folder / "p021.png")
    Image.new("RGB", (150, 200), "#806020").save(folder / "p030.png")


def repair(folder: Path) -> None:
    for name in BAD:
        Image.new("RGB", (450, 600), "#206080").save(folder / f"{name}.png")
    save(folder, rows("青花瓷在展台上"))


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with serving("--clock", f"x{PACE}", "--no-limits") as (origin, _):
        yield origin


def run(shop: Shop, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """One run of the program; its exit code, its events and what it says."""
    ended = subprocess.run(
        [sys.executable, "-m", "wanx_render", *arguments, "--yes", "--json"],
        cwd=shop.folder, env={**shop.environment, "WANX_CLOCK_PACE": str(PACE)},
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert "Traceback" not in ended.stderr
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def paid(shop: Shop) -> Counter[str]:
    """How often each text was charged, by the service's own ledger."""
    return Counter(row["prompt"] for row in shop.ledger() if row["status"] == "SUCCEEDED")


def amount(text: str) -> Decimal:
    number, currency = text.split()
    assert currency == "CNY"
    return Decimal(number)


def test_a_shop_renders_what_it_can_and_the_rest_later(shop: Shop) -> None:
    (shop.folder / "list.yaml").rename(shop.folder / "shop.yaml")
    spoil(shop.folder)
    save(shop.folder, rows())
    shop.faults(
        {"on": "create", "prompt": "违禁品", "effect": "fail", "code": "DataInspectionFailed"},
        {"on": "create", "prompt": "紫砂壶", "effect": "fail", "code": "InternalError", "times": 1},
    )
    budget = str(PRICE * (ROWS - len(BAD)))  # what is skipped counts for nothing

    code, events, said = run(shop, "shop.yaml", "--keep-going", "--max-cost", budget)
    summary = events[-1]
    assert code == 1, said
    assert "read as GBK" in said + json.dumps(events, ensure_ascii=False)
    skips = {e["row"]: e["problems"][0]["code"] for e in events if e["event"] == "skipped"}
    assert skips == BAD
    failures = {event["list"]: event["text"] for event in events if event["event"] == "failed"}
    assert "DataInspectionFailed" in failures.pop(f"shop/{MODERATED}")
    # On a busy machine an upload may take too long. Then nothing was sent and nothing is paid.
    assert all("UploadFailed" in text for text in failures.values()), failures
    assert set(summary["failed"]) == {f"shop/{MODERATED}", *failures}
    left = len(BAD) + 1 + len(failures)
    assert len(summary["deliverables"]) == ROWS - left
    first = paid(shop)
    assert (len(first), set(first.values())) == (ROWS - left, {1})
    assert amount(summary["cost_run"]) == PRICE * len(first)
    submissions = Counter(row["prompt"] for row in shop.ledger())
    assert submissions["紫砂壶冒着热气"] == 2  # failed by the service once, and sent again

    repair(shop.folder)
    spent, wanted = Decimal(0), left
    for _ in range(3):
        code, events, said = run(shop, "shop.yaml", "--rows", "failed")
        assert events[0]["to_make"] == wanted
        spent += amount(events[-1]["cost_run"])
        wanted = len(events[-1]["failed"])
        if code == 0:
            break
    assert (code, spent) == (0, PRICE * left), said
    whole = paid(shop)
    assert (len(whole), set(whole.values())) == (ROWS, {1})
    charged = [row for row in shop.ledger() if row["status"] == "SUCCEEDED"]
    assert amount(events[-1]["cost_folder"]) == PRICE * len(charged)
    films = list((shop.folder / "renders" / "shop").glob("*/film.mp4"))
    assert len(films) == ROWS

    sent = shop.sent()
    code, events, _ = run(shop, "shop.yaml")
    assert (code, shop.sent()) == (0, sent)
    report = shop.run("report", "shop.yaml", "--csv").stdout
    lines = list(csv.DictReader(io.StringIO(report)))
    assert len({line["row"] for line in lines}) == ROWS
    assert sum(Decimal(line["amount"]) for line in lines) == PRICE * ROWS
