"""The index page as a person uses it, in a real browser: films, filters, search, phone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.boards import CHROMIUM, until, watched
from tests.support.pages import chinese, english
from wanx_render.geometry import Size
from wanx_render.language import tr
from wanx_render.reports.index import Command, Film, ListOnPage, Overview, page
from wanx_render.reports.states import LISTS

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]
TABLE = """\
version: 1
project: shop
matrix: {from: rows.csv, name: "${sku}"}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, image: a.png, trim: {end: 0.5}}
shots:
  - {id: hero, prompt: "${what}", caption: "${words}"}
deliverables:
  - {name: card, aspect: 3:4, size: 120x160, quality: draft}
  - {name: tall, aspect: 9:16, size: 90x160, quality: draft}
  - {name: wide, aspect: 16:9, size: 160x90, quality: draft}
"""
ROWS = """\
sku,what,words
杯,白瓷杯,瓷杯 ¥39
梳,木梳,木梳 ¥19
坏,[[mock: fail=DataInspectionFailed]] 刀,
"""


@dataclass
class Shop:
    """The page of a table that the mock rendered, and one of ten thousand rows beside it."""

    real: Path
    large: Path
    folder: Path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("index")
    Image.new("RGB", (600, 600), "#884422").save(folder / "a.png")
    (folder / "list.yaml").write_text(TABLE, encoding="utf-8")
    (folder / "rows.csv").write_text(ROWS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "wanx_render", "list.yaml"],
        cwd=folder, env={**os.environ, "WANX_LANG": "en"}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr.decode()
    real = folder / "renders" / "shop" / "index.html"
    large = real.with_name("large.html")
    large.write_text(page(list(entries()), OVERVIEW), encoding="utf-8")
    return Shop(real, large, folder)


OVERVIEW = Overview(
    "10,000 rows", mock=False, finished_at="2026-01-01T00:00:00+00:00", run_cost="1.44 CNY",
    films_cost="7200.00 CNY", ever_cost="7201.44 CNY", paid={"failed": "1.44 CNY"},
    commands=(Command(tr("Render what failed or is incomplete"), "wanx-render list.yaml"),),
)  # fmt: skip
LONG = "hero take 1: InvalidParameter: " + "the picture was refused and here is why at length " * 9


def entries() -> Iterator[ListOnPage]:
    """Rows with films of three shapes, which are those that the mock made; some failed."""
    card = Film("card", "杯/card.mp4", Size(120, 160), "3:4", "0.5", "杯/card.poster.jpg")
    tall = Film("tall", "杯/tall.mp4", Size(90, 160), "9:16", "0.5", "杯/tall.poster.jpg")
    wide = Film("wide", "杯/wide.mp4", Size(160, 90), "16:9", "0.5", "杯/wide.poster.jpg")
    states = [name for name in LISTS if name not in ("done", "failed")]
    for number in range(10_000):
        entry = ListOnPage(
            f"sku-{number:05}" + "很长的名字" * (number % 7 == 0) * 8, "done", "0.72 CNY",
            caption=f"第{number}件", finished_at="2026-01-01T00:00:00+00:00",
            films=(card, tall, wide)[number % 3 :] or (card,),
        )  # fmt: skip
        if number % 50 == 1:
            entry = replace(entry, state="failed", films=(), failed=(LONG, "sound: it is missing"))
        elif number % 100 == 2:
            entry = replace(entry, state=states[number // 100 % len(states)])
        yield entry


@pytest.fixture
def tab(shop: Shop, tmp_path: Path) -> Iterator[Any]:
    """Opens a page of the shop; at the end nothing was fetched from elsewhere or complained of."""
    with watched(tmp_path) as browser:

        def opened(path: Path, address: str = "", **how: Any) -> Any:
            context = browser.browser.new_context(
                **{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **how}
            )
            page = context.new_page()
            page.set_default_timeout(30_000)
            page.on("console", lambda m: browser.said.append(f"{m.type}: {m.text}"))
            page.on("pageerror", lambda error: browser.said.append(str(error)))
            page.on("request", lambda request: browser.hosts.add(request.url.split(":")[0]))
            page.goto(path.as_uri() + address)
            page.wait_for_selector("#cards li")
            page.picture = lambda name: browser.picture(page, name)
            return page

        yield opened
        assert browser.said == []
        assert browser.hosts == {"file"}


def names(page: Any) -> list[str]:
    """The names of the cards that are shown."""
    return list(page.locator("#cards h3").all_inner_texts())


def shape(page: Any, card: str) -> tuple[float, float]:
    """How wide the picture of a card is for its height, and what is seen of the picture itself."""
    found = page.evaluate(
        """(name) => {
          const card = [...document.querySelectorAll("#cards > li")]
            .find((card) => card.querySelector("h3").textContent === name);
          const box = card.querySelector(".media").getBoundingClientRect();
          const image = card.querySelector("img");
          return [box.width / box.height, image.naturalWidth / image.naturalHeight];
        }""",
        card,
    )
    return found[0], found[1]


def test_films_of_every_shape_are_seen_whole_and_play_in_place(shop: Shop, tab: Any) -> None:
    page = tab(shop.real)
    assert names(page) == ["坏", "杯", "梳"]  # what failed is first
    until(page, "[...document.images].every((image) => image.complete)")
    for film, aspect in (("card", 3 / 4), ("tall", 9 / 16), ("wide", 16 / 9)):
        page.select_option("#film", film)
        until(page, "[...document.images].every((image) => image.complete)")
        assert shape(page, "杯") == pytest.approx((aspect, aspect), rel=0.01)
        page.picture(f"index-{film}")
    page.get_by_role("button", name="Play wide of 杯").click()
    video = page.locator("video")
    assert video.count() == 1
    until(page, "document.querySelector('video').currentTime > 0.1")
    page.picture("index-playing")
    card = page.locator("#cards li", has_text="杯").first
    card.get_by_role("link", name="tall").click()  # another film of the same row, in its place
    until(page, "document.querySelector('video').videoWidth === 90")
    assert page.locator("video").count() == 1
    page.get_by_role("button", name="Play wide of 梳").press("Enter")
    until(page, "document.querySelector('video').currentTime > 0.1")
    assert page.locator("video").count() == 1
    assert page.evaluate("document.activeElement.tagName") == "VIDEO"


def test_what_failed_is_named_first_with_the_command_for_the_rest(shop: Shop, tab: Any) -> None:
    page = tab(shop.real)
    attention = page.locator(".attention").inner_text()
    assert "DataInspectionFailed" in attention
    assert "wanx-render list.yaml --rows failed" in attention
    sums = page.locator(".sums").inner_text()
    assert sums.count("1.44 CNY") == 3  # two clips, all of this run
    states = page.locator("#states").inner_text()
    assert "2 done 1.44 CNY" in " ".join(states.split())
    page.evaluate("navigator.clipboard.writeText = (text) => { window.copied = text; }")
    page.get_by_role("button", name="Copy").press("Enter")
    until(page, "window.copied === 'wanx-render list.yaml --rows failed'")
    assert page.get_by_role("button", name="Copied").is_visible()


def test_states_reasons_and_words_choose_rows_at_once(shop: Shop, tab: Any) -> None:
    page = tab(shop.large)
    assert page.inner_text("#count") == "Rows 1 to 60 of 10,000"
    page.get_by_role("button", name="200 failed").click()
    assert page.inner_text("#count") == "Rows 1 to 60 of 200"
    page.fill("#query", "第51件")
    assert names(page) == ["sku-00051"]
    page.fill("#query", "SKU-00051 at length")
    assert names(page) == ["sku-00051"]
    page.fill("#query", "sku-00052")
    assert page.inner_text("#count") == "No row matches."
    page.locator("[data-group]").first.click()
    assert page.inner_text("#count") == "Rows 1 to 60 of 200"
    assert page.input_value("#query") == ""
    page.locator("[data-state='']").click()
    slowest = max(page.evaluate(TIMED, words) for words in ("第", "sku-0012", "zzz", "¥", ""))
    assert slowest < 400  # 100 is promised; this machine may be busy
    page.get_by_role("button", name="Next").click()
    assert page.inner_text("#count") == "Rows 61 to 120 of 10,000"
    assert page.evaluate("document.activeElement.id") == "list"
    page.fill("#page", "167")
    page.press("#page", "Enter")
    assert page.inner_text("#count") == "Rows 9,961 to 10,000 of 10,000"
    page.fill("#query", "第77件")
    page.reload()  # the address keeps what was chosen
    page.wait_for_selector("#cards li")
    assert len(names(page)) == 1
    assert page.input_value("#query") == "第77件"


TIMED = """async (words) => {
  const input = document.getElementById("query");
  const began = performance.now();
  input.value = words;
  input.dispatchEvent(new Event("input"));
  document.body.getBoundingClientRect();
  return performance.now() - began;
}"""


def test_long_reasons_are_short_until_they_are_opened(shop: Shop, tab: Any) -> None:
    page = tab(shop.large, "#state=failed")
    card = page.locator("#cards li").first
    before = card.bounding_box()["height"]
    more = card.get_by_role("button", name="Show all")
    more.press("Enter")
    assert card.bounding_box()["height"] > before
    assert card.get_by_role("button", name="Show less").get_attribute("aria-expanded") == "true"


@pytest.mark.parametrize(
    ("width", "scheme", "locale"),
    [
        (360, "dark", "zh-CN"),
        (360, "light", "en-GB"),
        (768, "light", "zh-CN"),
        (1280, "dark", "en-GB"),
    ],
)
def test_it_fits_every_screen_and_can_be_read_by_everyone(
    shop: Shop, tab: Any, width: int, scheme: str, locale: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for path in (shop.real, shop.large):
        page = tab(
            path, locale=locale, color_scheme=scheme, timezone_id="Asia/Shanghai", bypass_csp=True,
            viewport={"width": width, "height": 800},
        )  # fmt: skip
        page.picture(f"index-{path.stem}-{width}-{scheme}-{locale}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = page.evaluate(
            """[...document.querySelectorAll("button, input, select")]
              .filter((element) => element.offsetParent && element.offsetHeight < 24).length"""
        )
        assert small == 0
        violations = Axe().run(page).response["violations"]
        serious = [found for found in violations if found["impact"] in ("serious", "critical")]
        assert serious == [], json.dumps(serious, indent=1)[:3000]


def test_the_switch_turns_every_word_and_times_are_those_of_the_reader(
    shop: Shop, tab: Any
) -> None:
    page = tab(shop.large, timezone_id="Asia/Shanghai")
    own = ["CNY", "sku", "card", "tall", "wide", "rows", "wanx-render list.yaml", "中文", "English"]
    own += ["InvalidParameter", LONG.removeprefix("hero take 1: "), "sound: it is missing", "hero"]
    own += ["件", "很长的名字", "第"]
    assert "2026-01-01 08:00" in page.locator("#cards li .line").first.inner_text()
    assert chinese(page.inner_text("body"), own) == []
    page.get_by_role("button", name="中文").press("Enter")
    assert page.locator("#cards li .line").first.inner_text().startswith("待你裁定")
    rest = english(page.inner_text("body"), [*own, *LONG.split(), "sound", "it", "is", "missing"])
    assert rest == []
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "query"
    page.keyboard.type("失败")
    assert page.inner_text("#count") == "没有符合条件的行。"  # states are chosen, not searched
