"""The live page in a real browser: what it shows, and what it never does."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.emulator import ASYNC, CREATE, body, serving
from tests.support.pages import english

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


def test_the_page_follows_the_browser_and_its_texts_come_with_it(origin: str) -> None:
    with httpx.Client(trust_env=False) as client:
        chinese = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
        assert '<html lang="zh-Hans">' in client.get(origin, headers=chinese).text
        assert '<html lang="en">' in client.get(origin, headers={"Accept-Language": "de"}).text
        assert "最新在前" in client.get(f"{origin}/_mock/language.js", headers=chinese).text
        answer = client.get(f"{origin}/?lang=zh")
        assert "wanx-language=zh" in answer.headers["set-cookie"]
        assert "万相模拟服务器" in client.get(origin).text
        assert "set-cookie" not in client.get(f"{origin}/?lang=<script>").headers


def test_a_page_with_a_token_loads_its_scripts_without_it() -> None:
    with serving("--token", "sesame") as (origin, _), httpx.Client(trust_env=False) as client:
        assert client.get(origin).status_code == 401
        assert client.get(f"{origin}/?token=sesame").status_code == 200
        for name in ("page.js", "page.css", "language.js"):
            assert client.get(f"{origin}/_mock/{name}").status_code == 200
        assert client.get(f"{origin}/_mock/tasks").status_code == 401


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
        page = browser.new_page(timezone_id="Asia/Shanghai", locale="en-GB")
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
        expect(page.locator("#time")).to_have_text("2026-01-01 08:10:00")
        expect(page.locator("#time")).to_have_attribute("title", "2026-01-01 00:10:00 UTC")
        page.screenshot(path=tmp_path / "page.png")
        assert page.title() == "Wan emulator"
        page.get_by_role("link", name="中文").click()
        expect(page.locator("#tasks")).to_contain_text("SUCCEEDED")
        assert page.evaluate("document.documentElement.lang") == "zh-Hans"
        own = [hostile, "fails [[mock: fail=DataInspectionFailed]]", "manual", "create"]
        assert english(page.inner_text("body"), own) == []
        page.goto(origin)  # the switch is remembered
        assert page.title() == "万相模拟服务器"
        assert messages == []
        assert hosts == {origin.removeprefix("http://")}
        browser.close()
