"""The web site of the guide: both languages, search, links, nothing from other hosts."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT

pytestmark = pytest.mark.proof
for _name in ("mkdocs", "material", "jieba"):
    pytest.importorskip(_name, reason=f"{_name} is missing: uv sync --group site")


STALE = "choosing"  # the page whose original changes after it was translated


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built from a copy of the docs in which one original has changed."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs")
    original = folder / "docs" / "guide" / f"{STALE}.md"
    original.write_text(original.read_text("utf-8") + "\nOne more sentence.\n", encoding="utf-8")
    command = [sys.executable, "docs/site/build.py", "out"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return folder / "out"


def test_a_page_that_is_older_than_its_original_says_so(site: Path) -> None:
    for page in (ROOT / "docs" / "zh" / "guide").glob("*.md"):
        address = "" if page.stem == "index" else page.stem
        text = (site / "zh" / address / "index.html").read_text(encoding="utf-8")
        assert ("本页可能已过时" in text) is (page.stem == STALE), page.name
    assert f'href="../../{STALE}/">英文原文' in (site / "zh" / STALE / "index.html").read_text(
        "utf-8"
    )


def test_every_page_of_the_guide_is_in_both_languages(site: Path) -> None:
    for page in (ROOT / "docs" / "guide").glob("*.md"):
        address = "" if page.stem == "index" else page.stem
        for language in ("", "zh"):
            assert (site / language / address / "index.html").is_file(), (language, address)
        if (ROOT / "docs" / "zh" / "guide" / page.name).exists():
            text = (site / "zh" / address / "index.html").read_text(encoding="utf-8")
            assert re.search(r"<h1[^>]*>[^<]*[一-鿿]", text), page.name
            assert "指南目录" not in text, "the site has a switch and a menu of its own"


def test_the_search_has_chinese_words_apart(site: Path) -> None:
    index = json.loads((site / "zh" / "search" / "search_index.json").read_text(encoding="utf-8"))
    texts = [entry["text"] for entry in index["docs"]]
    chinese = [text for text in texts if "画幅" in text]
    assert chinese
    assert any(re.search(r"(?<![一-鿿])画幅(?![一-鿿])", text) for text in chinese)


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    loads = re.compile(r"(?:src=|<link[^>]+href=|url\()[\"']?(?:https?:)?//[^\"')> ]+")
    for page in site.rglob("*.html"):
        assert not loads.findall(page.read_text(encoding="utf-8")), page


def test_the_switch_of_languages_leads_to_the_same_page(site: Path) -> None:
    links = re.compile(r'<a href="([^"]+)" hreflang="(\w+)"')
    for page in (site / "choosing", site / "zh" / "choosing", site, site / "zh"):
        found = dict(map(reversed, links.findall((page / "index.html").read_text("utf-8"))))
        name = "choosing" if page.name == "choosing" else ""
        assert (page / found["en"]).resolve() == (site / name).resolve()
        assert (page / found["zh"]).resolve() == (site / "zh" / name).resolve()
