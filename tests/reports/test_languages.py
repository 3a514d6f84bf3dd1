"""Pages and terminal in both languages, from a real run of the mock."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from rich.cells import cell_len

from tests.reports.test_terminal import Show
from tests.support.pages import Page, chinese, english
from wanx_render.catalog.capabilities import Catalog
from wanx_render.language import using
from wanx_render.planning import plan
from wanx_render.planning.forecast import forecast
from wanx_render.planning.take_status import take_statuses
from wanx_render.reports import plan_table
from wanx_render.reports.models.overview import show_all
from wanx_render.validation.load import load

CHROMIUM = shutil.which("chromium")
TABLE = """\
version: 1
project: 商店
matrix: {from: rows.csv, name: "${name}"}
budget: {max_cost: 9 CNY}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, image: a.png, trim: {end: 1}}
shots:
  - {id: 醒来, prompt: "${what}", takes: 2, caption: 天亮了}
  - {id: 跑, image: {shot: 醒来, frame: last}, prompt: "${what}", transition: {type: dissolve}}
deliverables:
  - {name: 竖屏, aspect: 9:16, size: 90x160, quality: draft}
  - {name: 方形, aspect: 1:1, size: 96x96, fit: blur, quality: draft}
"""
ROWS = "name,what\n红,一只红色的猫\n坏,[[mock: fail=DataInspectionFailed]] 猫\n"
# What the list, the service and its mock say, which is shown as it is.
OWN = [
    "商店", "醒来", "跑", "天亮了", "竖屏", "方形", "一只红色的猫", "红", "坏", "猫", "dissolve",
    "[[mock: fail=DataInspectionFailed]]", ", one continuous shot, natural motion",
    "(extended by the mock)", "Broken", "h264 High yuv420p", "aac 48000 stereo", "moov mdat",
    "wanx-render list.yaml --rows failed",
    "Input or output data may contain inappropriate content.", "none",
]  # fmt: skip


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two rows, one of which failed, rendered by who reads Chinese."""
    folder = tmp_path_factory.mktemp("languages")
    Image.new("RGB", (450, 800), "#884422").save(folder / "a.png")
    (folder / "list.yaml").write_text(TABLE, encoding="utf-8")
    (folder / "rows.csv").write_text(ROWS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "wanx_render", "list.yaml"],
        cwd=folder, env={**os.environ, "WANX_LANG": "zh"}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode in (1, 4), done.stderr.decode()
    return folder / "renders" / "商店"


@pytest.mark.parametrize("name", ["index.html", "红/storyboard.html", "坏/storyboard.html"])
def test_a_page_holds_its_own_language_and_all_of_the_other(rendered: Path, name: str) -> None:
    page = Page((rendered / name).read_text(encoding="utf-8"))
    assert page.language == "zh-Hans"
    others = json.loads(page.scripts[0][1])
    assert len(others) > 5
    text = "\n".join(page.texts)
    assert english(text, OWN) == []
    assert chinese("\n".join(others), OWN) == []
    assert "失败" in text or "完成" in text


def test_a_failure_is_on_the_page_once(rendered: Path) -> None:
    page = Page((rendered / "坏" / "storyboard.html").read_text(encoding="utf-8"))
    reasons = [text for text in page.texts if "inappropriate" in text]
    takes = 2  # both takes of the first shot fail, and each says so
    assert len(reasons) == takes


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_plan_and_matrix_fit_the_terminal_in_cells(
    rendered: Path, catalog: Catalog, width: int, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = TABLE.replace('matrix: {from: rows.csv, name: "${name}"}', "").replace("${what}", "猫")
    (rendered.parents[1] / "one.yaml").write_text(text, encoding="utf-8")
    loaded = load(rendered.parents[1] / "one.yaml", catalog)
    planned = plan.make(loaded.shots, "mock", loaded.media, catalog)
    stream = Terminal()
    with using(language):  # type: ignore[arg-type]  # one of two
        plan_table.show(forecast(planned, take_statuses(planned, None), catalog), stream)
        if width == 80:
            show_all(catalog, stream)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "…" not in stream.getvalue()
    assert ("原因" in lines[1]) == (language == "zh")
    assert ("reason" in lines[1]) == (language == "en")


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_live_display_fits_the_terminal_in_chinese(
    rendered: Path, catalog: Catalog, width: int
) -> None:
    text = TABLE.replace('matrix: {from: rows.csv, name: "${name}"}', "").replace("${what}", "猫")
    (rendered.parents[1] / "one.yaml").write_text(text, encoding="utf-8")
    loaded = load(rendered.parents[1] / "one.yaml", catalog)
    show = Show(plan.make(loaded.shots, "mock", loaded.media, catalog), limit="9")
    show.note("running", "醒来", polls=1, seconds_left=80.0)
    show.note("pending", "跑", polls=2, seconds_left=200.0)
    with using("zh"):
        lines = show.lines(width)
    assert max(map(cell_len, lines)) <= width
    assert "0.00 / 9.00 元" in lines[0] + lines[1]
    row = next(line for line in lines if "醒来" in line)
    assert "生成中" in row
    assert ("约剩 1:20" if width == 80 else "~1:20") in row
    assert english("\n".join(lines), ["t1"]) == []


@pytest.mark.proof
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_a_browser_chooses_language_and_zone_and_the_switch_is_remembered(rendered: Path) -> None:
    from playwright.sync_api import sync_playwright

    storyboard = (rendered / "红" / "storyboard.html").as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            env={"HOME": str(rendered), "PATH": os.environ["PATH"]},
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = browser.new_context(locale="en-GB", timezone_id="Asia/Shanghai")
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(storyboard)
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.title() == "商店/红, storyboard"
        assert chinese(page.inner_text("body"), [*OWN, "中文"]) == []
        time = page.locator("time")
        assert time.inner_text() == in_shanghai(str(time.get_attribute("datetime")))
        assert "UTC" not in str(page.text_content("svg.scale"))
        page.get_by_role("button", name="中文").press("Enter")
        assert page.evaluate("document.documentElement.lang") == "zh-Hans"
        assert english(page.inner_text("body"), OWN) == []
        assert page.get_attribute("img", "alt") == "醒来 的输入首帧"
        page.reload()
        assert page.title() == "商店/红 · 分镜预览"
        page.get_by_role("button", name="English").click()
        assert page.get_attribute("img", "alt") == "First frame given for 醒来"
        assert said == []
        without = browser.new_context(java_script_enabled=False, locale="en-GB").new_page()
        without.goto(storyboard)
        assert without.locator("#language").is_hidden()
        assert without.inner_text("time").endswith(" UTC")
        browser.close()


def in_shanghai(iso: str) -> str:
    from datetime import datetime, timedelta, timezone

    time = datetime.fromisoformat(iso).astimezone(timezone(timedelta(hours=8)))
    return f"{time:%Y-%m-%d %H:%M}"
