"""A Chinese page names the state of the English page that it follows."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.pages import TRANSLATIONS, blocks_of
from tests.docs.sentences import sentences
from tests.support.places import ROOT


@pytest.fixture
def translations() -> ModuleType:
    path = ROOT / "docs" / "site" / "translations.py"
    spec = importlib.util.spec_from_file_location("translations_of_the_docs", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def docs(
    translations: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A small folder of docs with one page in both languages, and a README in both."""
    docs = tmp_path / "docs"
    (docs / "zh" / "guide").mkdir(parents=True)
    (docs / "guide").mkdir()
    (docs / "guide" / "a.md").write_text("# One\n")
    (docs / "zh" / "guide" / "a.md").write_text("# 一\n")
    (tmp_path / "README.md").write_text("# Read\n")
    (tmp_path / "README.zh-CN.md").write_text("# 读\n")
    monkeypatch.setattr(translations, "DOCS", docs)
    monkeypatch.setattr(translations, "README", tmp_path / "README.zh-CN.md")
    yield docs


def test_every_chinese_page_has_an_original_and_follows_a_state_of_it(
    translations: ModuleType,
) -> None:
    for page in translations.pages():
        assert translations.original_of(page).is_file(), page
        assert translations.follows(page), f"{page} has no line `original: ...`"


def test_a_page_is_stale_from_a_change_of_its_original_until_it_is_refreshed(
    translations: ModuleType, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, original = docs / "zh" / "guide" / "a.md", docs / "guide" / "a.md"
    for state in ("# One\n", "# Two\n"):
        original.write_text(state)
        assert translations.is_stale(page)
        assert translations.main([]) == 0
        assert "docs/zh/guide/a.md is older than docs/guide/a.md" in capsys.readouterr().out
        assert translations.main([str(page)]) == 0
        assert not translations.is_stale(page)
    assert page.read_text().startswith("---\noriginal: ")
    assert page.read_text().endswith("---\n# 一\n")


def test_blanks_at_the_end_of_lines_make_nothing_stale(
    translations: ModuleType, docs: Path
) -> None:
    page = docs / "zh" / "guide" / "a.md"
    translations.refresh(page)
    (docs / "guide" / "a.md").write_text("# One  \r\n\n")
    assert not translations.is_stale(page)


def test_the_readme_carries_its_state_in_a_comment(translations: ModuleType, docs: Path) -> None:
    page = docs.parent / "README.zh-CN.md"
    for state in ("# Read\n", "# Read on\n"):
        (docs.parent / "README.md").write_text(state)
        translations.refresh(page)
        assert not translations.is_stale(page)
    assert page.read_text().count("original: ") == 1
    assert page.read_text().startswith("<!-- original: ")


@pytest.mark.parametrize("page", TRANSLATIONS, ids=lambda page: page.stem)
def test_a_chinese_page_leads_to_its_original_and_onward(page: Path) -> None:
    onward = (
        "[项目首页](../../../README.zh-CN.md)" if page.stem == "index" else "[指南目录](index.md)"
    )
    line = f"\n\n[English](../../guide/{page.name}) · 简体中文 · {onward}\n\n"
    assert line in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", TRANSLATIONS, ids=lambda page: page.stem)
def test_a_chinese_page_has_the_examples_of_its_original(page: Path) -> None:
    """So they are tested with it: files, commands and options, without comments."""
    english = ROOT / "docs" / "guide" / page.name
    examples = [
        [(b.kind, b.title, b.bare) for b in blocks_of(source) if b.kind != "text"]
        for source in (page, english)
    ]
    assert examples[0] == examples[1]


@pytest.mark.parametrize("page", TRANSLATIONS, ids=lambda page: page.stem)
def test_a_chinese_page_has_no_english_sentence(page: Path) -> None:
    """Names, code and messages of the service stay as they are; a sentence has Chinese in it."""
    english = [
        sentence
        for sentence in sentences(page.read_text(encoding="utf-8"))
        if len(re.findall(r"[a-z]{2,}", sentence)) > 3 and not re.search(r"[一-鿿]", sentence)
    ]
    assert not english


def test_an_english_sentence_in_a_chinese_page_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("这是一句话。\n\nThis sentence is not in Chinese.\n")
    with pytest.raises(AssertionError, match="not in Chinese"):
        test_a_chinese_page_has_no_english_sentence(page)
