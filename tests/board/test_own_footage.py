"""Own footage and stills on the board: seen with a picture, aimed at, and never asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.boards import CHROMIUM, board, until, watched
from tests.support.rooms import Do
from wanx_render.board.app import Declined, Malformed
from wanx_render.board.holding import Holding
from wanx_render.board.room import Room
from wanx_render.media import ffmpeg

LIST = """\
version: 1
project: own
shots:
  - {id: title, still: title.png, duration: 1.5}
  - {id: live, clip: live.mp4, trim: {end: 1}}
  - {id: leap, model: wanx2.1-i2v-turbo, image: a.png, prompt: it leaps}
deliverables: [9:16]
"""


@pytest.fixture
def own(file: Path, picture: Callable[..., Path], program: ffmpeg.Ffmpeg) -> Path:
    """The list, with a red still and a blue clip."""
    Image.new("RGB", (320, 180), "#ff0000").save(file.with_name("title.png"))
    blue = ("-f", "lavfi", "-i", "color=blue:s=320x240:r=25:d=1.2", "-c:v", "libx264")
    clip = str(file.with_name("live.mp4"))
    ffmpeg.run(program, (*blue, "-pix_fmt", "yuv420p", "-y", clip))
    file.write_text(LIST, encoding="utf-8")
    return file


def test_own_shots_are_seen_in_the_lists_order_with_their_pictures(do: Do, own: Path) -> None:
    async def work(room: Room, _: Holding) -> None:
        title, live, leap = room.state()["shots"]
        assert [shot["id"] for shot in (title, live, leap)] == ["title", "live", "leap"]
        assert (title["own"], live["own"], leap.get("own")) == ("still", "clip", None)
        assert (title["seconds"], live["prompt"]) == (1.5, "live.mp4")
        assert [(take["width"], take["height"]) for take in live["takes"]] == [(320, 240)]
        for shot, colour in ((title, (255, 0, 0)), (live, (0, 0, 255))):
            path = await room.picture("own", shot["id"])
            assert path
            assert shot["picture"].startswith(f"/pictures/own/{shot['id']}?v=")
            pixel: Any = Image.open(path).convert("RGB").getpixel((20, 20))
            assert all(abs(a - b) < 20 for a, b in zip(pixel, colour, strict=True))
        assert await room.picture("own", "leap") is None
        assert await room.picture("own", "nobody") is None
        assert live["takes"][0]["clip"].startswith("/footage/live?v=")
        assert "clip" not in title["takes"][0]
        assert room.footage("live") == own.with_name("live.mp4")
        for other in ("title", "leap", "live.mp4", "../a.png"):
            assert room.footage(other) is None

    do(work)


def test_only_the_focus_of_own_footage_can_be_chosen(do: Do, own: Path) -> None:
    async def work(room: Room, holding: Holding) -> None:
        await room.act("focus", {"shot": "live", "focus": [250, 500]})
        assert room.state()["shots"][1]["focus"] == [250, 500]
        assert "live" in own.with_name("list.picks.yaml").read_text(encoding="utf-8")
        assert (await room.act("undo", {}))["text"] == "Undone: live: focus moved"
        assert room.state()["shots"][1]["focus"] == [500, 500]
        for act in ("choose", "reject", "cancel"):
            with pytest.raises(KeyError):
                await room.act(act, {"shot": "live", "take": 1})
        for act in ("window", "crop"):
            with pytest.raises((KeyError, Declined)):
                await room.act(act, {"shot": "live"})
        assert (await room.act("quote", {"what": "render"}))["takes"] == ["leap take 1"]

    do(work)


def test_caption_and_trim_of_own_footage_are_edited_in_the_list(do: Do, own: Path) -> None:
    async def work(room: Room, _: Holding) -> None:
        known = await room.act("edit", {"shot": "live"})
        assert known["values"] == {"caption": "", "trim": {"start": 0.0, "end": 1.0}}
        changes = {"caption": "The end", "trim": {"start": None, "end": 0.8}}
        shown = await room.act("edit", {"shot": "live", "changes": changes})
        assert shown["cost"] == {"takes": [], "amount": None}
        await room.act("save", {"shot": "live", "changes": changes, "token": shown["token"]})
        line = "  - {id: live, clip: live.mp4, trim: {end: 0.8}, caption: The end}\n"
        assert line in own.read_text(encoding="utf-8")
        with pytest.raises(Malformed, match="own footage may have caption and trim"):
            await room.act("edit", {"shot": "title", "changes": {"prompt": "x"}})

    do(work)


@pytest.mark.proof
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_a_browser_plays_own_footage_and_shows_a_picture_of_what_it_cannot_play(
    own: Path, program: ffmpeg.Ffmpeg
) -> None:
    green = ("-f", "lavfi", "-i", "color=lime:s=320x240:r=25:d=1", "-c:v", "prores")
    ffmpeg.run(program, (*green, "-y", str(own.with_name("odd.mov"))))
    odd = "  - {id: odd, clip: odd.mov}\ndeliverables"
    own.write_text(LIST.replace("deliverables", odd), encoding="utf-8")
    with watched(own.parent) as browser, board(own.parent) as served:
        page = browser.page(served.address)
        rows = page.locator(".row")
        rows.nth(1).click()
        until(page, "document.querySelector('.take video')?.videoWidth === 320")
        page.get_by_role("button", name="Play").click()
        until(page, "document.querySelector('.take video').currentTime > 0.5")
        assert not page.locator("#reroll").is_visible()
        browser.picture(page, "own-footage")
        rows.nth(3).click()
        until(page, "document.querySelector('.take img.still')?.naturalWidth > 0")
        assert not page.locator("#play").is_visible()
        assert page.locator(".take video").count() == 0
        rows.nth(0).click()
        page.keyboard.press("e")
        page.locator("#edit-caption").fill("The beginning")
        assert not page.locator("#edit-prompt").is_visible()
        page.get_by_role("button", name="Save in the list").click()
        until(page, "!document.getElementById('edit').open")
        assert "caption: The beginning" in own.read_text(encoding="utf-8")
        assert browser.said == []
