"""What the index page of a table costs: `uv run python benchmarks/index_page.py [ROWS] [FOLDER]`.

A rendered table is put on the disk as a run leaves it: journal, manifests, posters in three shapes.
Then the page and the table's manifest are written, and the page is opened in a browser: its first
paint, when its cards are there, the slowest of several filters. Needs chromium and playwright.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

from wanx_render.captions import fonts
from wanx_render.manifest import DeliverableRecord, Manifest, ShotRecord, StillRecord, TakeRecord
from wanx_render.run.table_manifest import write_table_manifest
from wanx_render.session.folder import opened
from wanx_render.session.outcome import Index, beside, paid_sum, recorded
from wanx_render.session.selection import RenderOptions, Selection

LIST = """\
version: 1
project: shop
matrix: {from: rows.csv, name: "${sku}"}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, image: a.png}
shots:
  - {id: hero, prompt: "${name} on a stone table", caption: "${name} ${price}"}
deliverables:
  - {name: tall, aspect: 9:16, size: 360x640}
  - {name: card, aspect: 3:4, size: 480x640}
  - {name: wide, aspect: 16:9, size: 640x360}
"""
GOODS = ("白瓷杯", "木梳", "Linen shirt", "陶罐", "羊毛围巾", "Desk lamp", "手工皂", "竹筷")
SHAPES = {"tall": (360, 640), "card": (480, 640), "wide": (640, 360)}
REASONS = (
    ("DataInspectionFailed", "Input data may contain inappropriate content."),
    ("InvalidParameter", "The input image must be at least 300 pixels on each side, this one has "
     "212x188; the request was refused before it was queued, and nothing was billed for it."),
)  # fmt: skip


def poster(shape: tuple[int, int], number: int) -> Image.Image:
    """A picture that shows whether it is seen whole: its corners are marked."""
    width, height = shape
    colour = ((number * 67) % 160 + 60, (number * 41) % 140 + 70, (number * 23) % 150 + 60)
    image = Image.new("RGB", shape, colour)
    draw = ImageDraw.Draw(image)
    draw.ellipse((width * 0.2, height * 0.3, width * 0.8, height * 0.7), fill=(245, 240, 230))
    for x in (0, width - 40):
        for y in (0, height - 40):
            draw.rectangle((x, y, x + 39, y + 39), fill=(255, 214, 0))
    text = GOODS[number % len(GOODS)]
    draw.text((50, height - 60), f"{text} ¥{number}9", (255, 255, 255), fonts.chinese().at(36))
    return image


def build(folder: Path, rows: int) -> Selection:
    """A table of ``rows`` rows in ``folder``, rendered, as a run leaves it on the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (400, 400), "#335577").save(folder / "a.png")
    (folder / "list.yaml").write_text(LIST, encoding="utf-8")
    lines = [f"sku-{n:05},{GOODS[n % len(GOODS)]},¥{n % 90}.90" for n in range(rows)]
    if rows > 1:
        lines[1] = "加长的名字-" + "非常长的商品名称" * 6 + ",白瓷杯,¥9"
    (folder / "rows.csv").write_text("\n".join(["sku,name,price", *lines, ""]), encoding="utf-8")
    selection = Selection.of(RenderOptions((folder / "list.yaml",)))
    home = selection.lists[0].home
    home.mkdir(parents=True, exist_ok=True)
    posters = dict(_posters(home))
    with opened(home) as journal:
        for number, item in enumerate(selection.lists):
            if number % 50 == 3 and rows > 3:
                continue  # never rendered
            record = manifest(number, item.row)
            item.folder.mkdir(exist_ok=True)
            (item.folder / "manifest.json").write_text(record.text(), encoding="utf-8")
            (item.folder / "storyboard.html").touch()
            for film in record.deliverables:
                assert film.poster
                (item.folder / film.path).touch()
                os.link(posters[film.name, number % 12], item.folder / film.poster.path)
            outcome = recorded(record, item.folder, home)
            journal.left(item.row, {"mark": "", "files": [], "outcome": outcome.record()})
    return selection


def _posters(home: Path) -> Iterator[tuple[tuple[str, int], Path]]:
    folder = home / ".posters"
    folder.mkdir(exist_ok=True)
    for name, shape in SHAPES.items():
        for number in range(12):
            path = folder / f"{name}{number}.jpg"
            poster(shape, number).save(path, quality=85)
            yield (name, number), path


def manifest(number: int, row: str) -> Manifest:
    """The manifest of one row: most are done, some failed, some are incomplete."""
    take = TakeRecord(
        1, "succeeded", {"model": "wanx2.1-i2v-turbo", "prompt": row}, cost="0.72 CNY",
        clip=f"../clips/{row}-hero-t1.mp4", sha256=f"{number:064}", width=544, height=720,
        first_frame="../../../a.png",
    )  # fmt: skip
    films: tuple[DeliverableRecord, ...] = tuple(_film(name) for name in SHAPES)
    if number % 40 == 1:
        code, message = REASONS[number // 40 % 2]
        take = replace(take, state="failed", code=code, message=message, clip=None, cost=None)
        films = ()
    elif number % 60 == 7:
        films = ()
    if number % 3 == 2:  # films of another shape come first
        films = films[::-1]
    return Manifest(
        "shop", "mock", "beijing", "wanx-render 0.1.0", "7.0", "2026-11-26T06:30:00+00:00",
        complete=bool(films), cost="0.72 CNY" if films else "0.00 CNY",
        shots=(ShotRecord("hero", 1, (take,)),), deliverables=films,
    )  # fmt: skip


def _film(name: str) -> DeliverableRecord:
    width, height = SHAPES[name]
    still = StillRecord(f"{name}.poster.jpg", width, height, "0" * 64)
    aspect = {"tall": "9:16", "card": "3:4", "wide": "16:9"}[name]
    return DeliverableRecord(
        name, f"{name}.mp4", width, height, aspect, "crop", "30", 90, "3.000000", "0" * 64, None,
        "k", (), (), poster=still,
    )  # fmt: skip


def written(selection: Selection) -> Path:
    """The page, with the seconds that it and the table's manifest took."""
    home, page = selection.lists[0].home, selection.index_page
    with ExitStack() as stack:
        journals = {home: stack.enter_context(opened(home))}
        began, processor = time.perf_counter(), time.process_time()
        index = Index.of(selection.lists, journals, {}, options=selection.options, mock=True)
        index.write(page, beside(page))
        seconds = time.perf_counter() - began
        processor = time.process_time() - processor
        rows = [(item.row, item.folder) for item in selection.lists]
        began = time.perf_counter()
        sums = {"project": "shop", "complete": False, "cost": paid_sum(journals), "cost_run": ""}
        write_table_manifest(home, rows, sums)
        whole = time.perf_counter() - began
    size = page.stat().st_size / 2**20
    print(
        f"{len(rows)} rows: page {seconds:.2f} s (processor {processor:.2f} s), {size:.1f} MiB;"
        f" manifest {whole:.2f} s"
    )
    return page


FILTERS = (
    ("a state", "() => document.querySelector('[data-state=\"failed\"]').click()"),
    ("a reason", "() => document.querySelector('[data-group=\"0\"]').click()"),
    ("all", "() => document.querySelector('[data-state=\"\"]').click()"),
    ("first search", "() => search('木梳')"),
    ("a search", "() => search('sku-0012')"),
    ("no search", "() => search('')"),
    ("next page", "() => document.getElementById('after').click()"),
)
SEARCH = """
window.search = (text) => {
  const input = document.getElementById("query");
  input.value = text;
  input.dispatchEvent(new Event("input"));
};
"""
# Until the frame after the change is drawn.
TIMED = """async (change) => {
  const began = performance.now();
  change();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - began;
}"""


def opened_in_browser(page: Path, home: Path) -> None:
    """Open the page five times, then filter it; print what a person waits for."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 900})
        paints = sorted(first_paint(context.new_page(), page) for _ in range(5))
        print(f"first paint {paints[2]:.2f} s (median of 5)")
        tab = context.new_page()
        tab.goto(page.as_uri())
        tab.evaluate(SEARCH)
        for name, change in FILTERS:
            milliseconds = tab.evaluate(f"({TIMED})({change})")
            print(f"  {name}: {milliseconds:.0f} ms, {tab.inner_text('#count')}")
        browser.close()


def first_paint(tab: Page, page: Path) -> float:
    """Seconds by the page's clock until something is seen."""
    tab.goto(page.as_uri())
    tab.wait_for_selector("#cards li")
    tab.wait_for_timeout(500)
    paint: float = tab.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"
    )
    tab.close()
    return paint


def main(rows: int, folder: Path | None = None) -> None:
    with tempfile.TemporaryDirectory() as home:
        page = written(build(folder or Path(home) / "table", rows))
        opened_in_browser(page, Path(home))


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 10_000, *map(Path, given[1:2]))
