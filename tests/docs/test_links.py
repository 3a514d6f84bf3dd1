"""Every link of README and docs leads to a file that is there, and to a heading that is in it."""

import re
from pathlib import Path

import pytest

from tests.support.places import ROOT

PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$|``.+?``|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def links_of(page: Path) -> list[str]:
    """The links of a page that stay in the project."""
    text = _CODE.sub("code", page.read_text(encoding="utf-8"))
    return [link for link in _LINK.findall(text) if not re.match(r"[a-z]+:", link)]


def anchors_of(page: Path) -> set[str]:
    """The headings of a page as addresses, as GitHub and the site make them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links_of(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.relative_to(ROOT)}: {link}"
        if anchor:
            assert anchor in anchors_of(target), f"{page.relative_to(ROOT)}: {link}"


def test_a_heading_becomes_its_address(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# One: two\n\n## `--out`\n\n```sh\n# no heading\n```\n\n### AI 生成、内容\n")
    assert anchors_of(page) == {"one-two", "--out", "ai-生成内容"}


def test_links_in_code_are_not_links(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("`[a](b)` [c](d.md#e) [f](https://example.com)\n```\n[g](h)\n```\n")
    assert links_of(page) == ["d.md#e"]
