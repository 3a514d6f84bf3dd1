"""What several rows of a table have in common is checked once: each row must not notice it."""

import csv
import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.support.places import SPECS
from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.shotlist.tables.rows import Row
from wanx_render.validation.load import load_all
from wanx_render.validation.rows.lists import Lists

PRODUCTS = """\
version: 1
project: shop
matrix: {from: rows.csv, name: "${sku}"}
defaults: {model: "${model}", resolution: "${tier}", fit_image: "${fit}"}
shots:
  - {id: hero, image: "${image}", prompt: "${words}", seed: "${seed}", caption: "${caption}"}
  - id: more
    image: {shot: "${before}", frame: last}
    prompt: more of it
    negative_prompt: "${unwanted}"
    duration: "${seconds}"
  - {id: talk, model: wan2.6-r2v, references: {cat: rooftop.jpg}, prompt: "${talk}"}
  - {id: outro, still: rooftop.jpg, duration: 2}
deliverables: [9:16, {aspect: 16:9, fit: pad, fps: 25}]
"""
PLAIN = {
    "model": "wan2.5-i2v-preview", "tier": "720P", "fit": "", "image": "rooftop.jpg",
    "words": "a cat", "seed": "1", "caption": "Buy", "before": "hero", "unwanted": "",
    "seconds": "5", "talk": "{cat} runs",
}  # fmt: skip
# What each row has differently from a plain one. Plain rows between them are those that follow
# another one: what was found of a row must not be said of the next.
ROWS: tuple[dict[str, str], ...] = (
    {}, {"image": "small.png"}, {"image": "clear.png"}, {"image": "clear.png", "fit": "match"},
    {"words": "x" * 2000}, {}, {"caption": "word " * 400}, {"caption": "\u0e01"}, {"caption": ""},
    {"image": "missing.jpg"}, {"seed": "many"}, {"model": "nobody"},
    {"model": "wan2.2-i2v-flash", "seconds": "10"}, {"model": "wan2.2-i2v-flash"},
    {"talk": "{dog} runs"}, {"talk": "the cat runs"}, {"image": "heavy.jpg"},
    {"before": "nothing"}, {"unwanted": "y" * 900}, {"tier": "900P"}, {"image": ""},
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(SPECS / "frames" / "rooftop.jpg", tmp_path / "rooftop.jpg")
    whole = (tmp_path / "rooftop.jpg").read_bytes()
    (tmp_path / "heavy.jpg").write_bytes(whole + bytes(11 * 1024 * 1024))
    Image.new("RGB", (200, 300), "red").save(tmp_path / "small.png")
    Image.new("RGBA", (750, 1000), (1, 2, 3, 90)).save(tmp_path / "clear.png")
    (tmp_path / "list.yaml").write_text(PRODUCTS, encoding="utf-8")
    return tmp_path


def test_a_row_is_judged_as_if_it_were_alone(folder: Path, catalog: Catalog) -> None:
    together = judged(folder, range(len(ROWS)), catalog)
    assert sum(bool(problems) for problems in together.values()) > len(ROWS) / 2
    for number in range(len(ROWS)):
        alone = judged(folder, [number], catalog)
        assert together[f"row-{number}"] == alone[f"row-{number}"], ROWS[number]


def test_a_list_that_is_kept_in_little_comes_back_as_it_was(folder: Path, catalog: Catalog) -> None:
    together = {row.name: text for row, text in kept(folder, range(len(ROWS)), catalog)}
    assert len(together) > len(ROWS) / 3
    for name, text in together.items():
        ((_, alone),) = kept(folder, [int(name.removeprefix("row-"))], catalog)
        assert text == alone


def test_rows_that_differ_in_words_share_all_of_their_list_but_that(
    tmp_path: Path, catalog: Catalog
) -> None:
    text = "version: 1\nproject: shop\nmatrix: {from: rows.csv}\nshots:\n"
    text += "  - {id: hero, image: rooftop.jpg, model: wan2.5-i2v-preview, prompt: '${words}'}\n"
    text += "  - {id: outro, still: rooftop.jpg, duration: 2}\ndeliverables: [9:16]\n"
    (tmp_path / "list.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "rows.csv").write_text("words\nmugs\nlamps\nmugs\n", encoding="utf-8")
    shutil.copy(SPECS / "frames" / "rooftop.jpg", tmp_path / "rooftop.jpg")
    lists = [loaded.shots for loaded in load_all(tmp_path / "list.yaml", catalog).lists]
    heroes = [shots.shots[0] for shots in lists]
    words = [hero.prompt for hero in heroes if isinstance(hero, GeneratedShot)]
    assert words == ["mugs", "lamps", "mugs"]
    first, second, _ = lists
    assert second.shots[1] is first.shots[1]
    assert second.deliverables[0] is first.deliverables[0]


def test_a_picture_that_only_one_row_has_twice_is_judged_in_the_others(
    tmp_path: Path, catalog: Catalog
) -> None:
    text = "version: 1\nproject: shop\nmatrix: {from: rows.csv}\n"
    text += "defaults: {model: wan2.5-i2v-preview, resolution: 720P, fit_image: match, prompt: p}\n"
    text += "shots:\n  - {id: one, image: a.png}\n  - {id: two, image: '${pic}'}\n"
    (tmp_path / "list.yaml").write_text(text + "deliverables: [9:16]\n", encoding="utf-8")
    (tmp_path / "rows.csv").write_text("pic\na.png\nb.png\n", encoding="utf-8")
    for name in ("a.png", "b.png"):
        Image.new("RGB", (300, 400), "red").save(tmp_path / name)
    said = warnings(load_all(tmp_path / "list.yaml", catalog).lists)
    scaled = [[p for p in problems if p.code == "image-scaled"] for _, problems in said]
    assert list(map(len, scaled)) == [1, 2]


def written(folder: Path, numbers: range | list[int]) -> Path:
    """The list, with a table of these rows; each stands in the line that it has among all."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["sku", *PLAIN])
    for number, changes in enumerate(ROWS):
        is_there = number in numbers
        writer.writerow([f"row-{number}", *{**PLAIN, **changes}.values()] if is_there else [])
    (folder / "rows.csv").write_text(table.getvalue(), encoding="utf-8")
    return folder / "list.yaml"


def judged(
    folder: Path, numbers: range | list[int], catalog: Catalog
) -> dict[str, set[Diagnostic]]:
    """What is said of each row: its errors, or its warnings where it has none."""
    try:
        batch = load_all(written(folder, numbers), catalog, keep_going=True)
    except BadInput as refusal:  # a row that is alone, and cannot be left out
        errors = {p for p in refusal.diagnostics if p.severity == "error"}
        return {f"row-{number}": errors for number in numbers}
    said = {entry.row.name: set(entry.problems) for entry in batch.bad}
    return said | {row.name: set(p) for row, p in warnings(batch.lists)}


def warnings(lists: Lists) -> list[tuple[Row, tuple[Diagnostic, ...]]]:
    return [(row.row, row.warnings) for row in lists.rows if row.row]


def kept(folder: Path, numbers: range | list[int], catalog: Catalog) -> list[tuple[Row, str]]:
    """The rows that can be rendered, and all that their lists hold."""
    lists = load_all(written(folder, numbers), catalog, keep_going=True).lists
    return [(loaded.row, repr(loaded.shots)) for loaded in lists if loaded.row]
