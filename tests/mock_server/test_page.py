"""The live page in a real browser: what it shows, and what it never does."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.boards import until
from tests.support.emulator import ASYNC, CREATE, body, serving
from tests.support.pages import english

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def origin() -> Iterator[str]:
    with serving("--clock", "manual") as (origin, _):
        yield origin


def test_the_page_is_served_with_a_strict_policy(origin: str) -> None:
    with httpx.Client(trust_env=False) as client:
        for path in (
            "/",
            "/_mock/page.js",
            "/_mock/tasks.js",
            "/_mock/page.css",
            "/_mock/icon.svg",
        ):
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


def test_every_text_of_the_scripts_has_its_chinese(origin: str) -> None:
    with httpx.Client(trust_env=False) as client:
        script = client.get(f"{origin}/_mock/language.js?lang=zh").text
        known = json.loads(script.partition("const TEXTS = ")[2].partition(";\n")[0])
        scripts = re.findall(r'from "\./(\w+\.js)"', client.get(f"{origin}/_mock/page.js").text)
        code = "".join(client.get(f"{origin}/_mock/{name}").text for name in {*scripts, "page.js"})
    texts = re.findall(r'\btr\("([^"]+)"', code) + re.findall(r'\bplural\("[^"]+", "([^"]+)"', code)
    assert len(texts) > 20
    assert {text for text in texts if text not in known} == set()


def test_a_page_with_a_token_loads_its_scripts_without_it() -> None:
    with serving("--token", "sesame") as (origin, _), httpx.Client(trust_env=False) as client:
        assert client.get(origin).status_code == 401
        assert client.get(f"{origin}/?token=sesame").status_code == 200
        for name in ("page.js", "dom.js", "page.css", "language.js"):
            assert client.get(f"{origin}/_mock/{name}").status_code == 200
        for path in ("tasks", "overview", "clips/any.mp4"):
            assert client.get(f"{origin}/_mock/{path}").status_code == 401


needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
HOSTILE = "<script>document.title = 'owned'</script> & “引号”"
FAILS = "fails [[mock: fail=DataInspectionFailed]]"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


def submit(origin: str, *prompts: str, account: str = "a") -> None:
    headers = {**ASYNC, "Authorization": f"Bearer sk-mock-{account}"}
    with httpx.Client(trust_env=False) as client:
        for prompt in prompts:
            assert client.post(origin + CREATE, headers=headers, json=body(prompt)).is_success


def watch(page: Any) -> tuple[list[str], list[str]]:
    """What the page says in the console, and every address it asks."""
    messages: list[str] = []
    addresses: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: addresses.append(request.url))
    return messages, addresses


@pytest.mark.proof
@needs_browser
def test_it_shows_tasks_time_and_charges_live(origin: str, browser: Any) -> None:
    from playwright.sync_api import expect

    submit(origin, HOSTILE, FAILS)
    page = browser.new_page(timezone_id="Asia/Shanghai", locale="en-GB")
    messages, addresses = watch(page)
    page.goto(origin)
    expect(page.locator("#tasks .task")).to_have_count(2)
    expect(page.get_by_text(HOSTILE)).to_be_visible()
    expect(page.locator("#tasks")).to_contain_text("PENDING")
    page.get_by_role("button", name="+10 min").press("Enter")
    expect(page.locator("#tasks")).to_contain_text("SUCCEEDED")
    expect(page.locator("#tasks")).to_contain_text("DataInspectionFailed")
    expect(page.locator("#totals")).to_contain_text("0.72 CNY")
    expect(page.locator("#time")).to_have_text("2026-01-01 08:10:00")
    expect(page.locator("#time")).to_have_attribute("title", "2026-01-01 00:10:00 UTC")
    expect(page.locator("#requests summary").last).to_contain_text("1 difference")
    page.locator("#requests summary").last.click()
    expect(page.locator("#requests .notes").last).to_contain_text("parameters.anything")
    expect(page.locator("#requests pre").last).to_contain_text(HOSTILE)
    page.locator("#requests summary").last.click()
    assert page.title() == "Wan emulator"
    page.get_by_role("link", name="中文").click()
    expect(page.locator("#tasks")).to_contain_text("SUCCEEDED")
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    own = [HOSTILE, FAILS, "DataInspectionFailed", "manual", "create"]
    assert english(page.inner_text("body"), own) == []
    page.goto(origin)  # the switch is remembered
    assert page.title() == "万相模拟服务器"
    assert messages == []
    assert {address.split("/")[2] for address in addresses} == {origin.removeprefix("http://")}


@pytest.mark.proof
@needs_browser
def test_a_clip_is_shown_when_a_client_has_it_made_and_is_not_loaded_again(
    origin: str, browser: Any
) -> None:
    from playwright.sync_api import expect

    submit(origin, "a cat", "a dog")
    with httpx.Client(trust_env=False) as client:
        client.post(f"{origin}/_mock/clock", json={"advance": 900})
        task = client.get(f"{origin}/_mock/tasks").json()["tasks"][0]["task_id"]
        page = browser.new_page()
        messages, addresses = watch(page)
        page.goto(origin)
        expect(page.get_by_role("button", name="Show the clip")).to_have_count(2)
        answer = client.get(f"{origin}/api/v1/tasks/{task}", headers=ASYNC).json()
        assert client.get(answer["output"]["video_url"], timeout=60).is_success
        expect(page.locator("video")).to_have_count(1)
        until(page, "document.querySelector('video').readyState >= 2")
        page.get_by_role("button", name="Play").click()
        until(page, "document.querySelector('video').currentTime > 0.2")
        submit(origin, "another")
        expect(page.locator("#tasks .task")).to_have_count(3)
        assert page.evaluate("!document.querySelector('video').paused")
        page.get_by_role("button", name="Show the clip").click()
        expect(page.locator("video")).to_have_count(2)
        until(page, "document.querySelectorAll('video')[0].readyState >= 2")
        entries = client.get(f"{origin}/_mock/requests").json()["requests"]
    assert [entry["operation"] for entry in entries].count("result") == 1  # the client's own
    assert sum(task in address for address in addresses) <= 2  # whole, or in two parts
    assert messages == []


@pytest.mark.proof
@needs_browser
def test_faults_and_clock_of_one_account_by_a_click(origin: str, browser: Any) -> None:
    from playwright.sync_api import expect

    submit(origin, "a cat")
    submit(origin, "a dog", account="b")
    page = browser.new_page(locale="en-GB")
    page.goto(origin)
    expect(page.locator("#accounts li")).to_have_count(2)
    page.locator("#account").select_option("b")
    expect(page.locator("#tasks .task")).to_have_count(1)
    page.get_by_role("button", name="Lose the next create's answer").click()
    expect(page.locator("#faults")).to_contain_text("account=b")
    for _ in range(2):  # a click on the same button is another fault, which strikes again
        with pytest.raises(httpx.TransportError):
            submit(origin, "lost", account="b")
        expect(page.locator("#faults")).to_contain_text("used 1 time")
        page.get_by_role("button", name="Lose the next create's answer").click()
        expect(page.locator("#faults")).to_contain_text("used 0 times")
    submit(origin, "lost")
    expect(page.locator("#totals")).to_contain_text(re.compile("Paid twice\\s*1"))
    page.get_by_role("button", name="+24 h").click()
    expect(page.locator("#time")).to_contain_text("· 24:00:00 ahead")
    page.get_by_label("Fault", exact=True).fill("on=nothing")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("on")
    page.get_by_label("Fault", exact=True).fill("on=query effect=slow seconds=1")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#faults li")).to_have_count(2)
    expect(page.locator("#refusal")).to_be_empty()
    page.get_by_role("button", name="Remove", exact=True).first.click()
    expect(page.locator("#faults li")).to_have_count(1)
    expect(page.locator("#faults")).to_contain_text("slow")
    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_text("No faults.")).to_be_visible()


@pytest.mark.proof
@needs_browser
def test_a_thousand_requests_cause_no_storm_and_a_dead_server_is_said(browser: Any) -> None:
    from playwright.sync_api import expect

    with serving("--clock", "manual", "--no-limits") as (origin, process):
        submit(origin, "a cat")
        page = browser.new_page(viewport={"width": 360, "height": 800}, locale="en-GB")
        messages, addresses = watch(page)
        page.goto(origin)
        expect(page.locator("#tasks .task")).to_have_count(1)
        before = len(addresses)
        with httpx.Client(trust_env=False) as client:
            for _ in range(1000):
                client.get(f"{origin}/api/v1/tasks", headers=ASYNC)
        expect(page.locator("#requests summary").first).to_contain_text("1001")
        expect(page.locator("#requests details")).to_have_count(60)
        assert len(addresses) - before <= 60
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        page.locator("#requests summary").last.click()
        expect(page.locator("#requests pre").last).to_have_text("no body")
        assert messages == []
        process.terminate()
        process.wait(20)
        expect(page.locator("#state")).to_have_text("no answer")
        expect(page.locator("#tasks .task")).to_have_count(1)  # what was last seen stays


@pytest.mark.proof
@needs_browser
@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-GB"), ("dark", "zh-CN")])
def test_everybody_can_read_and_use_it(origin: str, browser: Any, scheme: Any, locale: str) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import expect

    submit(origin, HOSTILE, FAILS, "waits [[mock: stuck]]")
    with httpx.Client(trust_env=False) as client:
        client.post(f"{origin}/_mock/clock", json={"advance": 900})
        task = client.get(f"{origin}/_mock/tasks").json()["tasks"][0]["task_id"]
        assert client.get(f"{origin}/_mock/clips/{task}.mp4", timeout=60).is_success
        plan = ["on=create times=1 effect=reset stage=after"]
        client.post(f"{origin}/_mock/faults?account=a", json=plan)
        client.get(f"{origin}/api/v1/tasks/x")
    submit(origin, "goes on", account="b")
    # The page's policy lets no script of another tool in; here it is this test's own.
    context = browser.new_context(
        color_scheme=scheme, locale=locale, viewport={"width": 360, "height": 800}, bypass_csp=True
    )
    page = context.new_page()
    page.goto(origin)
    expect(page.locator("#tasks .task")).to_have_count(4)
    expect(page.locator("video")).to_have_count(1)
    page.locator("#requests summary").last.click()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
