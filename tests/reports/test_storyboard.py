import hashlib
import io
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.pages import only_its_own_script
from wanx_render.errors import FfmpegError
from wanx_render.events import Event
from wanx_render.manifest import (
    CheckRecord,
    DeliverableRecord,
    Manifest,
    PartRecord,
    ReferenceRecord,
    ShotRecord,
    StillRecord,
    TakeRecord,
    WantedRecord,
)
from wanx_render.media import ffmpeg
from wanx_render.reports import gantt
from wanx_render.reports.storyboard import Gallery, page
from wanx_render.reports.storyboard_files import PictureSource, after_run, write
from wanx_render.reports.wording import difference, visible

CHROMIUM = shutil.which("chromium")
HOSTILE = (
    '<script>window.owned = 1</script><img src=x onerror="window.owned = 2">]]>--></style>'
    "'\"&amp;</title>{{ 7 * 7 }}{% raw %} \x1b[31mred\x1b[0m \u202eevil\u202c \ud800 \x00 "
    "“引号”一只猫 " + "w" * 600
)
PIXEL = io.BytesIO()
Image.new("RGB", (36, 64), "#346").save(PIXEL, "JPEG")
JPEG = PIXEL.getvalue()


def take(number: int = 1, **given: Any) -> TakeRecord:
    record: dict[str, Any] = {
        "take": number, "state": "succeeded",
        "request": {"model": "m", "prompt": "A cat wakes", "negative_prompt": "", "seed": number,
                    "image": "sha256:aa", "resolution": "720P", "duration": 5, "sound": "none"},
        "task_id": f"task-{number}", "actual_prompt": "A cat wakes", "cost": "1.00 CNY",
        "price": "1.00 CNY", "clip": f"clips/one-t{number}.mp4", "sha256": f"c{number}",
        "width": 720, "height": 1280, "predicted": "720x1280", "fps": "24", "frames": 120,
        "asked_at": "2026-01-01T00:00:00+00:00", "started_at": "2026-01-01T00:00:30+00:00",
        "ended_at": "2026-01-01T00:02:30+00:00", "fetched_at": "2026-01-01T00:02:35+00:00",
    }  # fmt: skip
    return TakeRecord(**{**record, **given})


def manifest(*takes: TakeRecord, **given: Any) -> Manifest:
    shot = ShotRecord("one", 1, takes or (take(),), 0, 120)
    checks = (
        CheckRecord("size", "3:4", "3:4", holds=True),
        CheckRecord("frames", "120", "119", holds=False),
    )
    made = DeliverableRecord(
        "3x4", "3x4.mp4", 720, 960, "3:4", "crop", "24", 120, "5.000000", "dd", "-14.0", "k",
        (PartRecord("one", 0, 120, "720x960+0+160", "1.000", 0),), checks, ("black from 0 to 1 s",),
    )  # fmt: skip
    record: dict[str, Any] = {
        "project": "demo", "backend": "mock", "region": "beijing", "program": "p",
        "ffmpeg": "5.1", "finished_at": "2026-01-01T00:03:00+00:00", "complete": True,
        "cost": "1.00 CNY", "shots": (shot,), "deliverables": (made,), "budget": "4 CNY",
        "wanted": (WantedRecord("3x4", "3:4", "crop"), WantedRecord("9x16", "9:16", "blur")),
    }  # fmt: skip
    return Manifest(**{**record, **given})


GALLERY = Gallery({"c1": (JPEG,) * 3, "c2": (JPEG,) * 3}, {"sha256:aa": JPEG}, {"dd": JPEG})


def test_the_poster_beside_a_film_is_what_the_page_shows(
    tmp_path: Path, program: ffmpeg.Ffmpeg
) -> None:
    """It never shows the flash of a test clip, and nothing has to be decoded for it."""
    (tmp_path / "3x4.poster.jpg").write_bytes(JPEG)
    still = StillRecord("3x4.poster.jpg", 36, 64, hashlib.sha256(JPEG).hexdigest())
    film = replace(manifest().deliverables[0], poster=still)
    data = PictureSource(tmp_path, program).poster(film)
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (36, 64)
    (tmp_path / "3x4.poster.jpg").unlink()
    with pytest.raises(FfmpegError):  # then the film is asked, which is not there either
        PictureSource(tmp_path / "elsewhere", program).poster(film)


class Seen(HTMLParser):
    """Every element with its attributes, and all text outside of style sheet and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._hidden = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [given for name, given in self.elements if name == tag]


def hostile() -> Manifest:
    asked = take().request | {"prompt": HOSTILE, "negative_prompt": HOSTILE, "model": HOSTILE}
    bad = take(
        2, request=asked, state=HOSTILE, code=HOSTILE, message=HOSTILE, task_id=HOSTILE,
        clip="javascript:alert(1)//" + HOSTILE[:300], actual_prompt=HOSTILE[::-1],
    )  # fmt: skip
    good = take(request=asked, actual_prompt=HOSTILE + " and 一只狗")
    made = manifest(good, bad, project=HOSTILE, warnings=(HOSTILE,), broken=(HOSTILE,))
    shot = replace(made.shots[0], id=HOSTILE, caption=HOSTILE)
    film = replace(made.deliverables[0], name=HOSTILE, path="//evil.example/" + HOSTILE[:200])
    return replace(made, shots=(shot,), deliverables=(film,))


@pytest.mark.parametrize("made", [manifest(), hostile()], ids=["usual", "hostile"])
def test_there_is_one_script_of_ours_and_nothing_from_elsewhere(made: Manifest) -> None:
    only_its_own_script(page(made, GALLERY))
    seen = Seen(page(made, GALLERY))
    assert not seen.all("iframe") + seen.all("object") + seen.all("link")
    for _, given in seen.elements:
        assert not [name for name in given if name.startswith("on") or name == "style"]
        for name in ("src", "href", "poster"):
            assert str(given.get(name) or "#").startswith(("data:image/jpeg;base64,", "./", "#"))
    policy = next(m["content"] for m in seen.all("meta") if m.get("http-equiv"))
    assert policy
    assert policy.startswith("default-src 'none'; img-src data:; media-src 'self' file:; style-src")
    assert "unsafe" not in policy
    assert len(seen.all("img")) == len([i for i in seen.all("img") if i.get("alt")])


def test_what_was_written_is_shown_and_changes_nothing() -> None:
    usual, seen = Seen(page(manifest(take(), take(2)), GALLERY)), Seen(page(hostile(), GALLERY))
    assert "<script>window.owned = 1</script>" in seen.text
    assert "{{ 7 * 7 }}" in seen.text
    assert "U+202E" in seen.text
    assert not set("\x1b\u202e\x00\ud800") & set(page(hostile(), GALLERY))
    assert {tag for tag, _ in seen.elements} <= {tag for tag, _ in usual.elements} | {
        "ins", "del", "details", "summary", "span",
    }  # fmt: skip


def test_it_shows_what_was_requested_made_and_paid() -> None:
    text = Seen(page(manifest(), GALLERY)).text
    for shown in (
        "MOCK", "A cat wakes", "720\u2009×\u20091280", "as predicted", "1.00 CNY",
        "1 of 2 checks passed", "✗ 119", "black from 0 to 1 s", "task-1", "4.00",
    ):  # fmt: skip
        assert shown in text
    real = Seen(page(manifest(backend="dashscope"), GALLERY)).text
    assert "MOCK" not in real


def test_the_crop_that_was_made_is_drawn_over_the_whole_frame() -> None:
    seen = Seen(page(manifest(), GALLERY))
    boxes = [r for r in seen.all("rect") if r.get("class") == "box c0" and r["width"] == "720"]
    assert [(r["x"], r["y"], r["height"]) for r in boxes] == [("0", "160", "960")] * 3
    assert [s["viewbox"] for s in seen.all("svg") if s.get("class") == "crops"] == [
        "0 0 720 1280"
    ] * 3
    assert "keeps 75 %" in seen.text
    assert "whole picture on a blurred copy" in seen.text


def test_a_crop_is_drawn_before_its_deliverable_is_made() -> None:
    shot = replace(manifest().shots[0], focus=("1/2", "1"))
    seen = Seen(page(manifest(deliverables=(), shots=(shot,)), GALLERY))
    boxes = [r for r in seen.all("rect") if r.get("class") == "box c0" and r["width"] == "720"]
    assert [(r["y"], r["height"]) for r in boxes] == [("320", "960")] * 3


def test_what_differs_from_the_prediction_is_shown() -> None:
    failed = take(2, state="failed", code="DataInspectionFailed", message="no", cost=None)
    odd = take(width=704, cost="1.50 CNY")
    text = Seen(page(manifest(odd, failed), GALLERY)).text
    assert "take 1 is 704x1280; predicted 720x1280" in text
    assert "take 1 cost 1.50 CNY; estimated 1.00 CNY" in text
    assert text.count("DataInspectionFailed") == 1


def test_takes_that_asked_for_the_very_same_are_summed_once() -> None:
    twin = replace(manifest().shots[0], id="twin")
    made = manifest()
    seen = Seen(page(replace(made, shots=(*made.shots, twin)), GALLERY))
    assert "Estimated1.00 CNY" in seen.text.replace("\n", "").replace("    ", "")


def test_a_bare_old_manifest_has_a_page() -> None:
    bare = TakeRecord(1, "skipped", {})
    made = Manifest(
        "old", "mock", "beijing", "p", "5", "2026", complete=False, cost="0.00 CNY",
        shots=(ShotRecord("one", 1, (bare,)), ShotRecord("none", 1, ())), deliverables=(),
    )  # fmt: skip
    text = Seen(page(made, Gallery())).text
    assert "not complete" in text
    assert "No clip yet" in text


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        ("a cat", "a cat", "a cat"),
        ("a cat", "a big cat", "a <ins>big </ins>cat"),
        ("一只猫", "一只大猫", "一只<ins>大</ins>猫"),
        ("一只猫跑", "一只狗跑", "一只<del>猫</del><ins>狗</ins>跑"),
        ("red cat", "blue dog", "<del>red cat</del><ins>blue dog</ins>"),
        ("a<b", "a<c", "a&lt;<del>b</del><ins>c</ins>"),
        ("", "", ""),
    ],
)
def test_a_rewritten_prompt_is_shown_as_what_changed(before: str, after: str, marked: str) -> None:
    assert difference(before, after) == marked


def test_an_endless_answer_is_not_compared() -> None:
    assert str(difference("a b " * 5000, "c")).startswith("<del>a b")


def test_what_turns_writing_around_is_named() -> None:
    assert visible("a\u202eb") == 'a<span class="odd">U+202E</span>b'
    assert visible("👩\u200d🚀 ok\n") == "👩\u200d🚀 ok\n"


def test_the_pause_between_two_runs_is_cut_out() -> None:
    later = take(
        2, asked_at="2026-01-03T00:00:00+00:00", started_at="2026-01-03T00:00:30+00:00",
        ended_at="2026-01-03T00:02:30+00:00", fetched_at=None,
    )  # fmt: skip
    first, second = gantt.spans(take()), gantt.spans(later)
    scale = gantt.Scale([*first, *second])
    assert [span.kind for span in second] == ["queue", "work"]
    bars = [*scale.bars(first), *scale.bars(second)]
    assert bars[0].x == 0
    assert bars[-1].x + bars[-1].width == pytest.approx(100, abs=0.1)
    assert bars[1].width == pytest.approx(bars[4].width, abs=0.1)
    assert [t.label for t in scale.ticks() if t.start] == [
        "2026-01-01 00:00 UTC", "2026-01-03 00:00 UTC",
    ]  # fmt: skip
    assert gantt.Scale([]).ticks() == ()


def test_a_page_is_written_though_its_pictures_are_gone(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as pool:
        target = tmp_path / "elsewhere" / "page.html"
        target.parent.mkdir()
        missing = write(manifest(), PictureSource(tmp_path / "render", program), pool, target)
    assert len(missing) == 3
    (film,) = Seen(target.read_text(encoding="utf-8")).all("video")
    assert film["src"] == "./../render/3x4.mp4"


def test_a_page_that_cannot_be_written_leaves_the_run_as_it_is(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    (tmp_path / "storyboard.html").mkdir()
    events: list[Event] = []
    with ThreadPoolExecutor(1) as pool:
        after_run(manifest(), PictureSource(tmp_path, program), pool, events.append)
    assert events[-1].kind == "warning"
    assert "cannot write the storyboard" in events[-1].text


def test_a_page_of_thousands_of_shots_is_written_for_those_who_ask(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    events: list[Event] = []
    many = manifest(shots=manifest().shots * 1001)
    with ThreadPoolExecutor(1) as pool:
        after_run(many, PictureSource(tmp_path, program), pool, events.append)
    assert "wanx-render report writes it" in events[0].text
    assert list(tmp_path.glob("*.html")) == []


def test_a_page_that_shows_the_same_already_is_left(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    target, source = tmp_path / "storyboard.html", PictureSource(tmp_path, program)
    made = manifest(take(clip=None, request={}), deliverables=())  # no picture is missing from it
    events: list[Event] = []

    def written(one: Manifest) -> int:
        with ThreadPoolExecutor(1) as pool:
            after_run(one, source, pool, events.append)
        return target.stat().st_mtime_ns

    first = written(made)
    assert written(replace(made, finished_at="2026-01-02T00:00:00+00:00")) == first
    assert written(replace(made, cost="2.00 CNY")) != first
    assert events == []


@pytest.mark.proof
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_in_a_browser_nothing_runs_nothing_is_fetched_and_all_can_be_read(tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    path = tmp_path / "storyboard.html"
    path.write_bytes(page(hostile(), GALLERY).encode())
    (tmp_path / "usual.html").write_bytes(page(manifest(take(), take(2)), GALLERY).encode())
    said: list[str] = []
    asked: set[str] = set()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for scheme, width, name in (
            ("light", 1280, "storyboard"), ("dark", 390, "storyboard"), ("dark", 1280, "usual"),
        ):  # fmt: skip
            context = browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=False
            )
            tab = context.new_page()
            tab.on("console", lambda m: said.append(m.text))
            tab.on("pageerror", lambda e: said.append(str(e)))
            tab.on("request", lambda r: asked.add(r.url.split(":")[0]))
            tab.goto((tmp_path / f"{name}.html").as_uri())
            tab.screenshot(path=tmp_path / f"{name}-{scheme}-{width}.png", full_page=True)
            assert tab.evaluate("window.owned") is None
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert "一只猫" in tab.inner_text("main") or name == "usual"
            # The deliverable alone is not there.
            assert [item for item in said if "ERR_FILE_NOT_FOUND" not in item] == []
            found = Axe().run(tab).response["violations"]
            serious = [v for v in found if v["impact"] in ("serious", "critical")]
            assert not serious, json.dumps(serious, indent=1)[:3000]
            context.close()
        browser.close()
    assert asked <= {"file", "data"}


def test_references_are_small_pictures_with_what_the_model_calls_them() -> None:
    references = (
        ReferenceRecord("image", "sha256:amy", "Image 1", "../amy.png"),
        ReferenceRecord("video", "sha256:walk", "Video 1", "../walk.mp4"),
        ReferenceRecord("image", "url:https://example.com/a.png", "Image 2"),
    )
    request = {**take().request, "image": None, "ratio": "9:16", "shot_type": "multi"}
    shown = replace(GALLERY, references={"sha256:amy": JPEG})
    seen = Seen(page(manifest(take(request=request, references=references)), shown))
    pictures = [a["alt"] for tag, a in seen.elements if tag == "img"]
    assert pictures.count("Reference of one") == 1
    for text in ("Image 1", "walk.mp4", "Video 1", "at a URL", "References", "9:16", "multi"):
        assert text in seen.text
    words = Seen(page(manifest(take(request={**request, "ratio": ""})), shown))
    assert "Made of words, without a picture" in words.text
    assert "Picture not found" not in words.text


def test_a_continued_clip_is_not_said_to_be_made_of_words() -> None:
    request = {**take().request, "image": None, "first_clip": "clip:aa:last:2s"}
    shot = ShotRecord("one", 1, (take(request=request),), 60, 120, uses={"continues": "aa"})
    seen = Seen(page(manifest(shots=(shot,)), GALLERY))
    assert "Goes on where another clip ends" in seen.text
    assert "Made of words" not in seen.text
