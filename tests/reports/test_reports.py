"""``report`` of a table and of several lists: from what was rendered, each list its own page."""

import json
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from tests.support.pages import Page
from tests.support.programs import PROGRAMS
from wanx_render.actions.report import ReportOptions
from wanx_render.actions.report import report as report_command
from wanx_render.errors import BadInput
from wanx_render.manifest import read
from wanx_render.session.environment import Environment
from wanx_render.session.outcome import Outcome, recorded
from wanx_render.session.render import render
from wanx_render.session.selection import RenderOptions

SHOTS = """\
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, image: a.png}
shots:
  - {id: one, prompt: first, trim: {end: 1}, caption: "<i>${name}"}
deliverables:
  - {aspect: 9:16, size: 90x160}
"""
TABLE = "version: 1\nproject: shop\nmatrix: {from: rows.csv}\n" + SHOTS
ALONE = "version: 1\nproject: alone\nvars: {name: Nobody}\n" + SHOTS
ENVIRON = {"WANX_FFMPEG": str(PROGRAMS["wheel"].path)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of three rows, two of which are rendered, and a list that is rendered by itself."""
    made = tmp_path_factory.mktemp("reports")
    Image.new("RGB", (450, 800), "#884422").save(made / "a.png")
    (made / "rows.csv").write_text("name\nCup\nHat\nPen\n", encoding="utf-8")
    for name, text, rows in (("table", TABLE, "1-2"), ("alone", ALONE, None)):
        file = made / f"{name}.yaml"
        file.write_text(text, encoding="utf-8")
        environment = Environment(ENVIRON, StringIO(), StringIO())
        assert render(RenderOptions((file,), rows=rows), environment) == 0
    return made


def report(folder: Path, *names: str, **options: str) -> tuple[int, str, str]:
    """The exit code, what was printed, and what was said."""
    environment = Environment(ENVIRON, StringIO(), StringIO())
    files = tuple(folder / name for name in names)
    only = tuple(options.get("only", "").split())
    asked = ReportOptions(files, rows=options.get("rows"), only=only, as_json="json" in options)
    code = report_command(asked, environment)
    return code, environment.stdout.getvalue(), environment.stderr.getvalue()  # type: ignore[attr-defined]


def links(page: Path) -> list[str]:
    """What the cards of the index lead to; every one must be there."""
    found = [unquote(item) for item in re.findall(r'href="([^"]+)"', page.read_text())]
    assert all((page.parent / item).exists() for item in found)
    return found


def test_each_row_that_was_rendered_has_its_page_and_the_index_leads_there(folder: Path) -> None:
    shop = folder / "renders" / "shop"
    for page in (shop / "index.html", *shop.glob("*/storyboard.html")):
        page.unlink()
    code, printed, said = report(folder, "table.yaml")
    assert code == 0
    assert Path(printed.strip()).name == "index.html"
    assert said == "storyboards: 2 written, 1 not rendered yet\n"
    found = links(shop / "index.html")
    assert {"./Cup/storyboard.html", "./Hat/storyboard.html", "./Cup/9x16.mp4"} <= set(found)
    text = (shop / "index.html").read_text()
    assert "not generated" in text
    assert "MOCK" in text
    assert "&lt;i&gt;Hat" in (shop / "Hat/storyboard.html").read_text()
    assert not list(shop.glob("*/.cache/thumbs")), "rows share their small pictures"


def test_a_page_that_shows_the_same_is_left_and_a_lost_one_is_written(folder: Path) -> None:
    report(folder, "table.yaml")
    shop = folder / "renders" / "shop"
    (shop / "Hat/storyboard.html").unlink()
    before = (shop / "Cup/storyboard.html").stat().st_mtime_ns
    assert report(folder, "table.yaml", only="Hat")[2] == "storyboards: 1 written\n"
    assert report(folder, "table.yaml", rows="2")[2] == "storyboards: 0 written, 1 unchanged\n"
    record = json.loads(report(folder, "table.yaml", json="yes")[1])
    assert [Path(storyboard).parent.name for storyboard in record["storyboards"]] == ["Cup", "Hat"]
    assert record["without"] == ["shop/Pen"]
    assert (shop / "Cup/storyboard.html").stat().st_mtime_ns == before


def test_a_list_that_ran_alone_stands_in_the_index_of_several(folder: Path) -> None:
    code, _, _ = report(folder, "alone.yaml", "table.yaml")
    assert code == 0
    page = folder / "renders" / "index.html"
    assert "./alone/9x16.mp4" in links(page)
    assert "./shop/Cup/storyboard.html" in links(page)


def test_a_damaged_manifest_is_reported_and_keeps_no_other_page_from_being_written(
    folder: Path,
) -> None:
    shop = folder / "renders" / "shop"
    good = (shop / "Cup/manifest.json").read_bytes()
    (shop / "Cup/manifest.json").write_text("{")
    (shop / "Hat/storyboard.html").unlink()
    code, _, said = report(folder, "table.yaml")
    (shop / "Cup/manifest.json").write_bytes(good)
    assert code == 1
    assert "shop/Cup" in said
    assert (shop / "Hat/storyboard.html").exists()


def test_what_was_never_rendered_is_refused_as_of_one_list(folder: Path) -> None:
    with pytest.raises(BadInput) as caught:
        report(folder, "table.yaml", rows="3")
    assert caught.value.diagnostics[0].code == "manifest-missing"


def test_one_page_for_many_is_refused(folder: Path) -> None:
    asked = ReportOptions((folder / "table.yaml",), page=folder / "page.html")
    environment = Environment(ENVIRON, StringIO(), StringIO())
    with pytest.raises(BadInput) as caught:
        report_command(asked, environment)
    assert caught.value.diagnostics[0].code == "lists-report"


def test_a_share_without_rows_is_refused(folder: Path) -> None:
    asked = ReportOptions((folder / "table.yaml",), shard="4/4")
    with pytest.raises(BadInput, match="holds no row"):
        report_command(asked, Environment(ENVIRON, StringIO(), StringIO()))


def test_the_index_has_films_captions_times_and_the_money_by_state(folder: Path) -> None:
    report(folder, "table.yaml")
    page = Page((folder / "renders/shop/index.html").read_text())
    record = json.loads(page.scripts[2][1])
    assert [row["name"] for row in record["rows"]] == ["Pen", "Cup", "Hat"]
    pen, cup, _ = record["rows"]
    assert pen == {"name": "Pen", "state": "new", "caption": "<i>Pen"}
    assert (cup["state"], cup["caption"]) == ("done", "<i>Cup")
    (film,) = cup["films"]
    assert (film["width"], film["height"], film["aspect"]) == (90, 160, "9:16")
    assert (film["path"], film["poster"]) == ("./Cup/9x16.mp4", "./Cup/9x16.poster.jpg")
    made = json.loads((folder / "renders/shop/Cup/manifest.json").read_text())
    assert cup["at"] == made["finished_at"]
    # Both rows ask for the same clip, which was paid once: by the first row, in the last run.
    texts = " ".join(page.texts)
    assert re.findall(r"[\d.]+ CNY", texts)[:4] == ["0.72 CNY"] * 4
    assert f"wanx-render {folder / 'table.yaml'}" in texts
    assert "--rows failed" not in texts


def test_a_row_that_was_run_in_part_is_incomplete_and_one_with_an_old_film_out_of_date(
    folder: Path,
) -> None:
    manifest = read(folder / "renders/shop/Cup/manifest.json")
    home = folder / "renders/shop"
    assert recorded(manifest, home / "Cup", home).state == "done"
    nothing = replace(manifest, complete=False, deliverables=())
    assert recorded(nothing, home / "Cup", home).state == "incomplete"
    old = replace(manifest.deliverables[0], stale=("two is to be made",))
    outcome = recorded(replace(manifest, complete=False, deliverables=(old,)), home / "Cup", home)
    assert outcome.state == "stale"
    assert outcome.films[0].stale == "two is to be made"
    again = Outcome.read(json.loads(json.dumps({**outcome.record(), "of a newer program": 1})))
    assert again == replace(outcome, failed=())
