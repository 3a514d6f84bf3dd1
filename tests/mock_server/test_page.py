"""The live page in a real browser: what it shows, and what it never does."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.emulator import ASYNC, CREATE, body, serving

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def origin() -> Iterator[str]:
    with serving("--clock", "manual") as (origin, _):
        yield origin


def test_the_page_is_served_with_a_strict_policy(origin: str) -> None:
    with httpx.Client(trust_env=False) as client:
        for path in ("/", "/_mock/page.js", "/_mock/page.css"):
            answer = client.get(origin + path)
            assert answer.status_code == 200
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert client.get(origin, headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.proof
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_it_shows_tasks_time_and_charges_live(origin: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    hostile = "<script>document.title = 'owned'</script> & “引号”"
    with httpx.Client(trust_env=False) as client:
        for prompt in (hostile, "fails [[mock: fail=DataInspectionFailed]]"):
            assert client.post(origin + CREATE, headers=ASYNC, json=body(prompt)).is_success
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page()
        messages: list[str] = []
        hosts: set[str] = set()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
        page.goto(origin)
        expect(page.locator("#tasks tr")).to_have_count(2)
        expect(page.get_by_text(hostile)).to_be_visible()
        expect(page.locator("#tasks")).to_contain_text("PENDING")
        page.get_by_role("button", name="+10 min").press("Enter")
        expect(page.locator("#tasks")).to_contain_text("SUCCEEDED")
        expect(page.locator("#tasks")).to_contain_text("DataInspectionFailed")
        expect(page.locator("#totals")).to_contain_text("0.72 CNY")
        expect(page.locator("#time")).to_have_text("2026-01-01 00:10:00 UTC")
        page.screenshot(path=tmp_path / "page.png")
        assert page.title() == "Wan emulator"
        assert messages == []
        assert hosts == {origin.removeprefix("http://")}
        browser.close()
