"""A bundle on a phone's screen without a network, and the way of its comments back to the board."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.boards import CHROMIUM, Watched, board, until, watched
from tests.support.process import project, wanx

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True,
    "is_mobile": True, "locale": "zh-CN", "offline": True,
}  # fmt: skip
EVIL = "<img src=x onerror=\"document.title='owned'\"> 太暗了\n第二行"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list that was rendered, with its bundle."""
    folder = project(tmp_path_factory.mktemp("bundle") / "work")
    assert wanx(folder, "list.yaml").code == 0
    assert wanx(folder, "report", "list.yaml", "--bundle", "review.html").code == 0
    return folder


def opened(seen: Watched, file: Path, **how: Any) -> Any:
    """The bundle from the disk, on a phone that has no network."""
    context = seen.browser.new_context(**{**PHONE, **how})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("console", lambda m: seen.said.append(f"{m.type}: {m.text}"))
    page.on("pageerror", lambda error: seen.said.append(str(error)))
    page.goto(file.as_uri(), wait_until="commit")
    page.wait_for_selector("#bar:not([hidden])")
    return page


def write_comment(page: Any, name: str, text: str) -> None:
    page.tap("#comment")
    page.fill("#name", name)
    page.fill("#text", text)
    page.tap("#put")


def test_a_comment_from_a_phone_is_seen_at_its_moment_on_the_board(
    folder: Path, tmp_path: Path
) -> None:
    bundle = folder / "review.html"
    with watched(tmp_path) as seen:
        page = opened(seen, bundle)
        page.tap("#shot-1 .pic")  # plays it
        until(page, "document.querySelector('video').currentTime > 0.5")
        write_comment(page, "Li Ming", EVIL)
        until(page, "document.querySelector('video').paused")
        assert page.title() == "small，送审"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        seen.picture(page, "bundle")
        page.reload(wait_until="commit")  # what was written is still there
        page.wait_for_selector(".comments .body")
        with page.expect_download() as download:
            page.tap("#save")
        saved = tmp_path / "comments.json"
        download.value.save_as(saved)
        assert download.value.suggested_filename == "small-comments-Li-Ming.json"
        (comment,) = json.loads(saved.read_text(encoding="utf-8"))["comments"]
        assert (comment["shot"], comment["take"], comment["text"]) == ("one", 1, EVIL)
        assert 500 <= comment["ms"] == comment["film_ms"] <= 3000
        assert wanx(folder, "list.yaml", "--retake", "one").code == 0
        with board(folder) as served:
            shown = seen.page(served.address)
            shown.click("#comments-open")
            shown.set_input_files("#comments-file", saved)
            shown.wait_for_selector("#comments .said-text")
            assert shown.inner_text("#comments .said-text") == EVIL
            assert "about take 1" in shown.inner_text("#comments-list")
            assert shown.inner_text(".open-comments") == "1 open comment"
            shown.click("#comments .time")
            until(shown, f"Math.abs(document.getElementById('scrub').value - {comment['ms']}) < 2")
            seen.picture(shown, "board-comments")
            shown.click("#comments button[aria-pressed]")
            shown.wait_for_selector(".comment.done")
            assert shown.title() == "small"
    assert seen.said == []


def test_where_a_browser_keeps_nothing_the_page_says_so(folder: Path, tmp_path: Path) -> None:
    with watched(tmp_path) as seen:
        page = opened(seen, folder / "review.html")
        page.evaluate("void (Storage.prototype.setItem = () => { throw new Error('denied'); })")
        write_comment(page, "Ann", "too dark")
        assert page.is_visible("#trouble")
        page.evaluate(
            "void (navigator.clipboard.writeText = () => Promise.reject(new Error('no')))"
        )
        page.tap("#copy")
        copied = page.input_value("#raw")
        assert json.loads(copied)["comments"][0]["text"] == "too dark"


def test_without_scripts_a_bundle_is_still_a_page_with_players(
    folder: Path, tmp_path: Path
) -> None:
    with watched(tmp_path) as seen:
        context = seen.browser.new_context(**PHONE, java_script_enabled=False)
        page = context.new_page()
        page.goto((folder / "review.html").as_uri(), wait_until="commit")
        page.wait_for_selector("video")
        assert page.is_visible("video") and not page.is_visible("#comment")
