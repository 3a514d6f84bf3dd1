"""The board as a person meets it: in a real browser, by clicks and keys, against the mock."""

import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout
from PIL import Image

from tests.support.boards import (
    CHROMIUM,
    Board,
    Watched,
    board,
    render_all,
    until,
    until_idle,
    watched,
)
from tests.support.emulator import serving
from tests.support.pages import chinese, english
from tests.support.shop import PACE, Shop
from wanx_render.geometry import Aspect, Focus, Fraction, Size, crop_box

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]

HOSTILE = "<script>document.title='owned'</script> ]]> \\\"quotes\\\" \\u202eRTL \\e[31mred"
LIST = f"""\
version: 1
project: boarded
budget: {{max_cost: 6 CNY}}
defaults: {{model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}}
shots:
  - {{id: wake, image: a.png, prompt: 清晨，一只猫醒来, takes: 2, focus: [0.5, 0.3]}}
  - {{id: hostile, image: b.png, prompt: "{HOSTILE}"}}
deliverables:
  - {{name: vertical, aspect: 9:16, size: 90x160}}
  - {{name: square, aspect: 1:1, size: 96x96}}
  - {{name: whole, aspect: 9:16, size: 90x160, fit: blur}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    for name, size, colour in (("a.png", (390, 520), "#4477aa"), ("b.png", (520, 390), "#aa6644")):
        image = Image.new("RGB", size, colour)
        image.paste("#f0e0a0", (40, 60, 110, 140))
        image.save(made / name)
    (made / "list.yaml").write_text(LIST, encoding="utf-8")
    return made


def attempts(folder: Path) -> int:
    with sqlite3.connect(folder / "renders/boarded/journal.sqlite") as db:
        return int(db.execute("SELECT count(*) FROM attempt").fetchone()[0])


def picks(folder: Path) -> str:
    path = folder / "list.picks.yaml"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def asked(page: Any, what: str, question: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """What the server answers to the page itself."""
    return tuple(
        page.evaluate(
            """async ([what, question]) => {
              const answer = await fetch(`/api/${what}`, {method: "POST",
                headers: {"Content-Type": "application/json"}, body: JSON.stringify(question)});
              return [answer.status, await answer.json()];
            }""",
            [what, question],
        )
    )


def test_a_list_goes_from_empty_to_delivered_and_is_steered_on_the_way(folder: Path) -> None:
    with watched(folder) as seen, board(folder) as served:
        page = seen.page(served.address)
        assert "token" not in page.url
        seen.picture(page, "empty")
        run_with_a_reload_and_a_second_tab(folder, seen, served, page)
        play_and_seek(seen, page)
        other = seen.page(served.origin, page.context)
        choose_and_reject(folder, page, other)
        drag_and_rebuild(folder, seen, page, other)
        refuse_and_accept_a_reroll(folder, seen, page)
        unseemly = [line for line in seen.said if "409" not in line]  # refusals we asked for
        assert unseemly == []
        assert seen.hosts == {served.origin.removeprefix("http://")}
        assert page.title() == "boarded"


def run_with_a_reload_and_a_second_tab(
    folder: Path, seen: Watched, served: Board, page: Any
) -> None:
    render_all(page)
    until(page, "/queued|running|downloading/.test(document.body.innerText)")
    seen.picture(page, "running")
    with pytest.raises(Timeout):  # no other run may come into the folder
        FileLock(folder / "renders/boarded/.lock").acquire(timeout=0)
    page.reload()
    page.wait_for_selector(".row")
    assert page.inner_text("#run") == "rendering"
    other = seen.page(served.origin, page.context)
    until_idle(page)
    until_idle(other)
    for tab in (page, other):
        until(tab, "document.querySelectorAll('.deliverable .good').length === 3")
    assert (folder / "renders/boarded/storyboard.html").is_file()
    texts = [tab.inner_text("#shots") for tab in (page, other)]
    assert texts[0] == texts[1]
    assert "folder total 2.16 CNY" in page.inner_text(".money")
    other.close()
    shown = page.inner_text("#shots")
    assert "<script>" in shown
    assert "\u202e" not in shown


def play_and_seek(seen: Watched, page: Any) -> None:
    until(
        page,
        "[...document.querySelectorAll('.take video')].filter(v => v.readyState >= 3).length === 2",
    )
    page.evaluate("document.getElementById('scrub').focus()")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.locator("body").press("Space")
    until(page, "[...document.querySelectorAll('.take video')].every(v => v.currentTime > 0.5)")
    page.locator("body").press("Space")
    times = page.eval_on_selector_all(".take video", "all => all.map(v => v.currentTime)")
    assert abs(times[0] - times[1]) < 0.25
    page.locator("#scrub").fill("2000")
    until(
        page,
        "[...document.querySelectorAll('.take video')]"
        ".every(v => Math.abs(v.currentTime - 2) < 0.02 && !v.seeking)",
    )
    assert page.inner_text("#time") == "2.00 s"
    until(page, "document.querySelector('.deliverable video').readyState >= 1")
    size = page.eval_on_selector(".deliverable video", "v => [v.videoWidth, v.videoHeight]")
    assert size == [90, 160]
    seen.picture(page, "takes")
    until(
        page,
        "[...document.querySelectorAll('.thumb img')].filter(i => i.naturalWidth > 0).length === 2",
    )
    accessible(page)


def choose_and_reject(folder: Path, page: Any, other: Any) -> None:
    page.locator("body").press("2")
    page.wait_for_selector(".take:nth-child(2).picked h3:has-text('chosen')")
    other.wait_for_selector(".take:nth-child(2).picked")  # the other tab follows
    assert "pick: 2" in picks(folder)
    page.locator("body").press("x")  # rejects the chosen one: the first is picked instead
    page.wait_for_selector(".take:nth-child(1).picked")
    assert "rejected: [2]" in picks(folder)
    page.get_by_role("button", name="Choose take 2").click()
    page.wait_for_selector(".take:nth-child(2).picked:not(.rejected)")
    assert "rejected" not in picks(folder)


def drag_and_rebuild(folder: Path, seen: Watched, page: Any, other: Any) -> None:
    frame = page.locator(".take.picked .frame").bounding_box()
    point = page.locator(".point").bounding_box()
    page.mouse.move(point["x"] + 22, point["y"] + 22)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] * 0.2, frame["y"] + frame["height"] * 0.8, steps=6)
    assert page.locator(".take.picked .box").count() == 2
    seen.picture(page, "dragging")
    page.mouse.up()
    page.wait_for_selector("text=out of date")
    page.locator("body").press("ArrowRight")
    until(other, "document.body.innerText.includes('out of date')")
    page.wait_for_timeout(900)
    found = re.search(r"focus: \[([0-9.]+), ([0-9.]+)\]", picks(folder))
    assert found
    focus = Focus(Fraction(found[1]), Fraction(found[2]))
    assert abs(focus.x - Fraction(21, 100)) < Fraction(2, 100)
    size = Size(*map(int, re.findall(r"(\d+)×(\d+)", page.inner_text(".take.picked"))[0]))
    box = crop_box(size, Aspect(9, 16), focus)
    text = f"{box.width}×{box.height} at {box.x}, {box.y}"
    assert text in page.inner_text("#crops")
    before, paid = delivered(folder), attempts(folder)
    page.locator("body").press("b")
    until(page, "document.querySelectorAll('.deliverable .good').length === 3")
    until_idle(page)
    assert attempts(folder) == paid
    after = delivered(folder)
    assert {name for name in before if before[name] != after[name]} == {
        "vertical", "square", "whole",
    }  # fmt: skip
    assert other.inner_text("#made") == page.inner_text("#made")
    other.close()


def delivered(folder: Path) -> dict[str, str]:
    record = json.loads((folder / "renders/boarded/manifest.json").read_text())
    return {deliverable["name"]: deliverable["sha256"] for deliverable in record["deliverables"]}


def refuse_and_accept_a_reroll(folder: Path, seen: Watched, page: Any) -> None:
    paid = attempts(folder)
    page.locator("body").press("r")
    page.wait_for_selector("#ask[open]")
    assert "1 take: 0.72 CNY, play money" in page.inner_text("#ask")
    seen.picture(page, "asking")
    page.keyboard.press("Escape")
    for price in (None, "0.71 CNY", "0.72", "0.72 CNY "):
        question = {"what": "reroll", "shot": "wake", "price": price}
        status, answer = asked(page, "run", question)
        assert (status, answer["price"]) == (409, "0.72 CNY")
    assert attempts(folder) == paid
    page.locator("body").press("r")
    page.get_by_role("button", name="Spend 0.72 CNY").press("Enter")
    page.wait_for_selector(".take:nth-child(3) video")
    until_idle(page)
    assert attempts(folder) == paid + 1
    page.wait_for_selector(".take:nth-child(3).picked h3:has-text('chosen')")  # just bought
    seen.picture(page, "three-takes", full_page=True)
    page.locator("body").press("u")
    page.wait_for_selector(".take:nth-child(2).picked")


def test_a_board_that_was_killed_shows_the_truth_when_it_is_started_again(folder: Path) -> None:
    with watched(folder) as seen:
        with board(folder) as served:
            page = seen.page(served.address)
            render_all(page)
            until(
                page,
                "[...document.querySelectorAll('.row .state')]"
                ".some(e => /queued|running/.test(e.textContent))",
            )
            served.kill()
            page.wait_for_selector("#banner:has-text('No connection')")
        known = attempts(folder)
        assert known > 0
        with board(folder) as served:
            page = seen.page(served.address)
            assert page.inner_text("#run") == "idle"
            assert "not downloaded" in page.inner_text("#shots")
            rest = page.inner_text("#render")
            page.get_by_role("button", name=re.compile("^Render")).click()
            if "CNY" in rest:
                page.get_by_role("button", name=re.compile("^Spend")).click()
            until(page, "document.querySelectorAll('.deliverable .good').length === 3")
        assert attempts(folder) == 3


def test_cancelling_shows_what_the_service_really_did(folder: Path) -> None:
    stuck = "'[[mock: stuck]]', takes: 1, focus: [0.5, 0.3]}"
    text = re.sub("清晨.*", f"{stuck}\n  - {{id: late, image: b.png, prompt: {stuck}", LIST)
    (folder / "list.yaml").write_text(text, encoding="utf-8")
    with watched(folder) as seen, board(folder) as served:
        page = seen.page(served.address)
        render_all(page)
        page.wait_for_selector(".take .state:has-text('queued')")
        page.get_by_role("button", name="Cancel take 1").click()
        page.wait_for_selector("#said:has-text('cancelled at the service, not billed')")
        page.wait_for_selector(".take .state:has-text('cancelled')")
        page.get_by_role("button", name=re.compile("^hostile")).click()
        page.wait_for_selector(".take video")
        page.get_by_role("button", name=re.compile("Cancel all")).click()
        page.wait_for_selector("#said:has-text('late take 1: cancelled at the service')")
        until_idle(page)
        assert "folder total 0.72 CNY" in page.inner_text(".money")


def test_a_chinese_browser_gets_a_chinese_board_and_can_switch(folder: Path) -> None:
    own = [
        "boarded", "wake", "hostile", "vertical", "square", "whole", "list.yaml",
        "清晨，一只猫醒来", ", one continuous shot, natural motion", "(extended by the mock)",
    ]  # fmt: skip
    (folder / "list.yaml").write_text(LIST.replace(HOSTILE, "清晨，一只猫醒来"), encoding="utf-8")
    with watched(folder) as seen, board(folder) as served:
        page = seen.page(served.address, locale="zh-CN")
        assert page.get_by_role("button", name="渲染 3 条 · 2.16 元").is_enabled()
        page.get_by_role("button", name=re.compile("^渲染")).click()
        assert english(page.inner_text("#ask"), own) == []
        page.get_by_role("button", name="花费 2.16 元").click()
        until(page, "/排队中|生成中|下载中/.test(document.body.innerText)")
        until(page, "document.querySelectorAll('.deliverable .good').length === 3")
        until(page, "document.getElementById('run').textContent === '空闲'")
        page.keyboard.press("?")
        page.wait_for_selector("#keys[open]")
        text = re.sub(r"\b([jkxrbucmlgaewSU]|Esc)\b", "", page.inner_text("body"))
        assert english(text, own) == []
        page.keyboard.press("Escape")
        accessible(page)
        page.locator("body").press("j")
        page.get_by_role("link", name="English").click()
        page.wait_for_selector("#made .good")
        assert page.inner_text("#shot-name") == "hostile"  # the same shot
        assert page.evaluate("document.documentElement.lang") == "en"
        assert chinese(page.inner_text("body"), [*own, "中文"]) == []
        page.reload()
        assert page.get_by_role("button", name="Rebuild deliverables").is_visible()


def test_takes_are_compared_and_choices_undone_by_keys_alone(folder: Path) -> None:
    text = LIST.replace("takes: 2", "takes: 3").replace("wanx2.1-i2v-turbo", "wan2.5-i2v-preview")
    text = text.replace("duration: 3", "duration: 5, audio: auto").replace("6 CNY", "60 CNY")
    (folder / "list.yaml").write_text(text, encoding="utf-8")
    with watched(folder) as seen, board(folder) as served:
        page = seen.page(served.address)
        render_all(page)
        until_idle(page)
        until(page, f"{VIDEOS}.filter(v => v.readyState >= 3).length === 3")
        compare(seen, page)
        undo_and_redo(folder, page)
        assert seen.said == []


VIDEOS = "[...document.querySelectorAll('.take:not([hidden]) video')]"
HEARD = f"{VIDEOS}.map(video => !video.muted)"


def compare(seen: Watched, page: Any) -> None:
    page.get_by_role("button", name="Compare take 3").press("Enter")
    page.get_by_role("button", name="Compare take 1").press("Enter")
    page.keyboard.press("c")
    until(page, f"{VIDEOS}.length === 2")
    assert page.locator("#made, .top").first.is_hidden()
    accessible(page)
    assert page.evaluate(HEARD) == [True, False]
    page.keyboard.press("ArrowRight")
    assert page.evaluate(HEARD) == [False, True]
    assert page.locator(".take.picked").inner_text().startswith("Take 1")  # listening is no choice
    page.keyboard.press("1")
    page.wait_for_selector(".take:nth-child(1) h3:has-text('chosen')")
    assert page.evaluate(HEARD) == [True, False]
    for key in "...,":
        page.keyboard.press(key)
    assert page.inner_text("#frame") == "frame 2"
    until(page, f"{VIDEOS}.every(v => Math.floor(v.currentTime * 24) === 2 && !v.seeking)")
    page.keyboard.press("l")
    page.locator("#scrub").fill("4800")
    page.keyboard.press("Tab")
    page.locator("#play").press(" ")
    until(page, f"{VIDEOS}.every(v => v.currentTime > 0.2 && v.currentTime < 2)")  # from the start
    seen.picture(page, "comparing")
    page.keyboard.press("Escape")
    until(page, f"{VIDEOS}.length === 3 && {VIDEOS}.every(v => v.paused)")
    assert page.locator("#made").is_visible()


def undo_and_redo(folder: Path, page: Any) -> None:
    page.keyboard.press("x")
    page.wait_for_selector(".take:nth-child(2).picked h3:has-text('chosen')")
    assert "rejected: [1]" in picks(folder)
    page.reload()
    page.wait_for_selector(".take:nth-child(2).picked")
    page.keyboard.press("j")
    assert page.inner_text("#shot-name") == "hostile"
    page.keyboard.press("u")
    page.wait_for_selector("#said:has-text('Undone: wake: take 1 rejected')")
    page.wait_for_selector(".take:nth-child(1).picked:not(.rejected)")
    assert page.inner_text("#shot-name") == "wake"
    page.keyboard.press("u")
    page.wait_for_selector("#said:has-text('Undone: wake: take 1 chosen')")
    page.wait_for_selector("#undo:disabled")
    assert "wake" not in picks(folder)
    page.keyboard.press("Shift+U")
    page.wait_for_selector("#said:has-text('Redone: wake: take 1 chosen')")
    assert "pick: 1" in picks(folder)


def test_an_edit_is_shown_as_a_difference_and_saved_on_a_word(folder: Path) -> None:
    path = folder / "list.yaml"
    text = LIST.replace("takes: 2, ", "").replace("deliverables:", "# as agreed\ndeliverables:")
    path.write_text(text, encoding="utf-8")
    with watched(folder) as seen, board(folder) as served:
        page = seen.page(served.address)
        render_all(page)
        until_idle(page)
        page.keyboard.press("e")
        page.wait_for_selector("#edit[open]")
        assert page.input_value("#edit-prompt") == "清晨，一只猫醒来"
        page.fill("#edit-prompt", "A cat wakes: it yawns")
        page.wait_for_selector("#edit-diff .added:has-text('A cat wakes: it yawns')")
        page.wait_for_selector("#edit-cost:has-text('1 take becomes out of date, 0.72 CNY')")
        accessible(page)
        seen.picture(page, "edit")
        page.fill("#edit-end", "99")
        page.wait_for_selector("#edit-problems .bad:has-text('is after the end of the clip')")
        assert page.locator("#edit-save").is_disabled()
        assert path.read_text("utf-8") == text  # nothing without a word
        page.fill("#edit-prompt", "清晨，一只猫醒来")
        page.fill("#edit-end", "2.5")
        page.wait_for_selector("#edit-cost:has-text('nothing has to be paid for again')")
        page.get_by_role("button", name="Save in the list").press("Enter")
        page.wait_for_selector("#said:has-text('saved in list.yaml')")
        assert path.read_text("utf-8") == text.replace("0.3]}", "0.3], trim: {end: 2.5}}")
        page.keyboard.press("e")
        page.wait_for_selector("#edit[open]")
        page.fill("#edit-caption", "Good morning")
        page.wait_for_selector("#edit-save:enabled")
        changed = path.read_text("utf-8").replace("# as agreed", "# as agreed by all")
        path.write_text(changed, encoding="utf-8")  # in an editor, meanwhile
        page.locator("#edit-save").press("Enter")
        page.wait_for_selector("#said:has-text('look at the change again')")
        assert path.read_text("utf-8") == changed
        page.wait_for_selector("#edit-save:enabled")
        page.locator("#edit-save").press("Enter")
        page.wait_for_selector("#edit:not([open])", state="attached")
        until(page, "document.getElementById('said').textContent.startsWith('saved')")
        assert "caption: Good morning" in path.read_text("utf-8")
        assert "# as agreed by all" in path.read_text("utf-8")
        assert [line for line in seen.said if "409" not in line] == []


def test_the_crop_of_a_first_frame_is_moved_and_kept_at_its_price(folder: Path) -> None:
    Image.new("RGB", (1600, 900), "#4477aa").save(folder / "a.png")
    text = LIST.replace("image: a.png", "image: a.png, fit_image: match").replace("takes: 2, ", "")
    (folder / "list.yaml").write_text(text, encoding="utf-8")
    with watched(folder) as seen, board(folder) as served:
        page = seen.page(served.address)
        page.wait_for_selector("#window:not([hidden])")
        render_all(page)
        until_idle(page)
        page.keyboard.press("w")
        left = float(page.evaluate("parseFloat(document.getElementById('window-box').style.left)"))
        for _ in range(10):
            page.keyboard.press("ArrowLeft")
        until(page, f"parseFloat(document.getElementById('window-box').style.left) < {left - 9}")
        assert page.locator("#window-crops .box").count() == 2
        accessible(page)
        page.keyboard.press("Enter")
        page.wait_for_selector("#ask[open]:has-text('1 paid clip becomes out of date')")
        assert "0.72 CNY" in page.inner_text("#ask")
        page.keyboard.press("Escape")
        until(page, f"parseFloat(document.getElementById('window-box').style.left) === {left}")
        assert picks(folder) == ""
        box = page.locator("#window-box").bounding_box()
        page.mouse.move(box["x"] + 30, box["y"] + 30)
        page.mouse.down()
        page.mouse.move(box["x"] + 70, box["y"] + 30, steps=6)
        page.mouse.up()
        page.get_by_role("button", name="Keep this crop").click()
        page.get_by_role("button", name="Move it", exact=True).click()
        page.wait_for_selector("#render:has-text('Render 1 · 0.72 CNY')")
        seen.picture(page, "moved-crop", full_page=True)
        assert re.search(r"image_focus: \[0\.5\d*, 0\.5\]", picks(folder))
        page.keyboard.press("u")
        page.wait_for_selector("#said:has-text('crop of the first frame moved')")
        until(page, "document.getElementById('render').textContent === 'Render'")
        assert [line for line in seen.said if "409" not in line] == []
        page.get_by_role("button", name=re.compile("^hostile")).click()
        page.wait_for_selector("#window", state="hidden")


DROP = """async ([name, type, address]) => {
  const bytes = address ? await (await fetch(address)).arrayBuffer() : new Uint8Array(3);
  const dropped = new DataTransfer();
  dropped.items.add(new File([bytes], name, {type}));
  document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: dropped, bubbles: true}));
}"""


def test_a_dropped_picture_becomes_lines_to_copy_and_is_sent_nowhere(folder: Path) -> None:
    (folder / "frames").mkdir()
    Image.new("RGB", (750, 1000), "#884422").save(folder / "frames" / "dawn.png")
    with watched(folder) as seen, board(folder) as served:
        page = seen.page(served.address)
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.post_data or ""))
        page.set_input_files("#add-file", folder / "frames" / "dawn.png")
        page.wait_for_selector("#snippet[open]")
        wanted = "  - id: dawn\n    image: frames/dawn.png\n    prompt: describe what happens\n"
        assert page.input_value("#snippet-yaml") == wanted
        text = page.inner_text("#snippet")
        assert "wanx2.1-i2v-turbo · 480P · 3 s · 544×720 · 0.72 CNY" in text
        assert "vertical: loses 28.8 %" in text
        assert max(map(len, sent)) < 250  # a name, a size and a hash
        accessible(page)
        page.keyboard.press("Enter")
        page.wait_for_selector("#snippet-copy:has-text('Copied')")
        page.keyboard.press("Escape")
        page.evaluate(DROP, ["small.jpg", "image/jpeg", "/pictures/frame/wake"])
        page.wait_for_selector("#snippet[open] .bad:has-text('not found near the list')")
        page.keyboard.press("Escape")
        page.evaluate(DROP, ["notes.pdf", "application/pdf", None])
        page.wait_for_selector("#said.bad:has-text('drop a picture')")
        page.evaluate(DROP, ["broken.png", "image/png", None])
        page.wait_for_selector("#said.bad:has-text('broken.png is not a picture')")
        assert seen.said == []


CASES = """async () => {
  const {cropBox} = await import("/page/geometry.js");
  const sizes = [[816, 1104], [1280, 720], [624, 624], [301, 407], [90, 90], [4, 4]];
  const aspects = [[9, 16], [3, 4], [1, 1], [239, 100], [7, 3]];
  const points = [0, 1, 125, 333, 499, 500, 501, 625, 875, 999, 1000];
  return sizes.flatMap((s) => aspects.flatMap((a) => points.map((x, i) => {
    const y = points[points.length - 1 - i];
    return [s, a, [x, y], cropBox(s[0], s[1], a, [x, y])];
  })));
}"""


def test_the_page_calculates_crops_as_the_program_does_and_serves_everyone(folder: Path) -> None:
    with watched(folder) as seen, board(folder) as served:
        page = seen.page(served.address)
        for size, aspect, point, found in page.evaluate(CASES):
            try:
                focus = Focus(*(Fraction(item, 1000) for item in point))
                box = crop_box(Size(*size), Aspect.of(*aspect), focus)
            except ValueError:
                assert found is None
                continue
            assert found == {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
        accessible(page)
        by_keys_alone(page)
        phone = seen.page(served.origin, page.context)
        phone.set_viewport_size({"width": 390, "height": 844})
        wide = phone.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        seen.picture(phone, "phone")
        page.emulate_media(color_scheme="dark")
        accessible(page)
        seen.picture(page, "dark")
        assert seen.said == []


def accessible(page: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    serious = [item for item in found if item["impact"] in ("serious", "critical")]
    assert [(item["id"], item["nodes"][0]["html"][:120]) for item in serious] == []


def by_keys_alone(page: Any) -> None:
    page.locator("body").press("j")
    assert page.inner_text("#shot-name") == "hostile"
    page.locator("body").press("k")
    assert page.inner_text("#shot-name") == "wake"
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.keyboard.press("Escape")
    names = []
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
              const at = document.activeElement, style = getComputedStyle(at);
              return [at.getAttribute("aria-label") || at.textContent.trim().slice(0, 30),
                      style.outlineStyle !== "none" || at === document.body];
            }"""
        )
        assert focused[1], focused  # the focus can be seen
        names.append(focused[0])
    wanted = ("Choose take 1", "Reject take 1", "Play", "One more take…", "Rebuild deliverables")
    for name in wanted:
        assert name in names, names
    assert any(name.startswith("Focus point") for name in names)


CONTROLS = """() => [...document.querySelectorAll("button, input, select, textarea, a, summary")]
  .filter((at) => at.checkVisibility() && at.id !== "warnings-count") // one more: label-missing
  .map((at) => [at.id, at.className, at.textContent, at.getAttribute("aria-label"), at.disabled])"""


def test_the_boards_of_mock_and_service_are_alike(folder: Path) -> None:
    rehearsal = shutil.copytree(folder, folder.with_name("rehearsal"))
    with serving("--no-limits") as (origin, _), watched(folder) as seen:
        shop = Shop(folder, origin, "boarded")
        options = ("--backend", "dashscope")
        with board(folder, *options, **shop.environment) as real, board(rehearsal) as mock:
            pages = [seen.page(real.address), seen.page(mock.address)]
            controls = [page.evaluate(CONTROLS) for page in pages]
            assert controls[0] == controls[1]
            heads = [page.inner_text(".top").replace("MOCK, play money\n", "") for page in pages]
            assert heads[0] == heads[1]
            for page in pages:
                page.keyboard.press("g")
                page.wait_for_selector("#ask[open]")
            asks = [page.inner_text("#ask-words") for page in pages]
            assert asks[1] == f"{asks[0]}, play money (mock)"
            assert shop.sent() == 0


def test_on_the_service_the_price_is_typed_before_anything_is_sent(folder: Path) -> None:
    with (
        serving("--clock", f"x{PACE}", "--no-limits") as (origin, _),
        watched(folder) as seen,
    ):
        shop = Shop(folder, origin, "boarded")
        options = ("--backend", "dashscope")
        with board(folder, *options, **shop.environment) as served:
            page = seen.page(served.address)
            assert page.locator("#mock").is_hidden()
            page.get_by_role("button", name=re.compile("^Render")).click()
            spend = page.get_by_role("button", name="Spend 2.16 CNY")
            assert spend.is_disabled()
            for typed in ("yes", "2.16", "2.17 CNY"):
                page.locator("#ask-price").fill(typed)
                page.keyboard.press("Enter")
                assert spend.is_disabled()
            seen.picture(page, "typing-the-price")
            assert shop.sent() == 0
            page.locator("#ask-price").fill("2.16  CNY")
            page.keyboard.press("Enter")
            until(page, "document.querySelectorAll('.deliverable .good').length === 3")
            until_idle(page)
            assert shop.sent() == 3
            assert asked(page, "run", {"what": "reroll", "shot": "wake"})[0] == 409
            assert shop.sent() == 3
            assert "sk-mock" not in page.content()
