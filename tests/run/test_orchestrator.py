import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pysubs2
import pytest
from PIL import Image, ImageStat

from tests.support.contexts import SharedClips, run_context
from tests.support.media import frames, pixels, yuv
from tests.support.virtual import ManualClock
from wanx_render.backends.base import Accepted, Submission, TaskState
from wanx_render.backends.simulator import Simulator
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Throttled
from wanx_render.events import Event
from wanx_render.manifest import Manifest, WantedRecord, read
from wanx_render.media import decoding, ffmpeg
from wanx_render.planning import plan
from wanx_render.planning.forecast import forecast
from wanx_render.planning.journal import Journal
from wanx_render.planning.take_status import take_statuses
from wanx_render.run.orchestrator import render
from wanx_render.validation.load import load

LIST = """\
version: 1
project: small
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: first}
  - {id: two, image: b.png, prompt: second}
deliverables:
  - {aspect: 9:16, size: 90x160}
"""


@dataclass
class Studio:
    """A folder with a list, and runs of it that can be looked at."""

    folder: Path
    catalog: Catalog
    program: ffmpeg.Ffmpeg
    pool: ThreadPoolExecutor
    events: list[Event] = field(default_factory=list)
    backend: Any = None
    clock: ManualClock = field(default_factory=ManualClock)
    service: Catalog | None = None  # where the service differs from the catalog

    def write(self, text: str) -> None:
        (self.folder / "list.yaml").write_text(text)

    def run(self, out: str = "out", only: frozenset[str] = frozenset(), **more: Any) -> Manifest:
        self.events.clear()
        loaded = load(self.folder / "list.yaml", self.catalog)
        target = self.folder / out
        target.mkdir(exist_ok=True)
        journal = Journal(target / "journal.sqlite")
        service = self.service or self.catalog
        simulator = Simulator(service, self.clock.now, seed=journal.attempts())
        backend = SharedClips(simulator, service, self.program, self.pool, target / "service.json")
        context = run_context(
            plan=plan.make(loaded.shots, "mock", loaded.media, self.catalog),
            backend=self.backend(backend) if self.backend else backend,
            journal=journal,
            catalog=self.catalog,
            program=self.program,
            executor=self.pool,
            clock=self.clock,
            wall=self.clock,
            folder=target,
            emit=self.events.append,
            only=only,
            **more,
        )
        try:
            return asyncio.run(render(context, "test"))
        finally:
            journal.close()

    def kinds(self, shot: str | None = None) -> list[str]:
        return [e.kind for e in self.events if shot is None or e.shot == shot]


def timeless(manifest: Manifest) -> dict[str, Any]:
    """A manifest but for when things happened."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: without(v) for k, v in value.items() if not k.endswith("_at")}
        return [without(item) for item in value] if isinstance(value, list) else value

    return dict(without(json.loads(manifest.text())))


@pytest.fixture
def studio(tmp_path: Path, catalog: Catalog, program: ffmpeg.Ffmpeg) -> Iterator[Studio]:
    Image.new("RGB", (300, 400), "#884422").save(tmp_path / "a.png")
    Image.new("RGB", (400, 300), "#224488").save(tmp_path / "b.png")
    with ThreadPoolExecutor(2) as pool:
        made = Studio(tmp_path, catalog, program, pool)
        made.write(LIST)
        yield made


def test_a_list_becomes_an_exact_file_and_a_record_of_it(studio: Studio) -> None:
    manifest = studio.run()
    assert manifest.complete
    (made,) = manifest.deliverables
    assert (made.width, made.height, made.frames, made.fps) == (90, 160, 180, "30")
    assert all(check.holds for check in made.checks)
    assert [part.start for part in made.parts] == [0, 90]
    record = json.loads((studio.folder / "out" / "manifest.json").read_text())
    assert record["version"] == 1
    take = record["shots"][0]["takes"][0]
    assert take["state"] == "succeeded"
    assert (studio.folder / "out" / take["clip"]).is_file()
    assert take["clip"] == f"clips/one-t1-{take['sha256'][:8]}.mp4"
    assert take["usage"] == {"video_duration": 3, "video_ratio": "standard", "video_count": 1}
    assert take["cost"] == "0.72 CNY"


def test_a_service_that_is_not_as_predicted_has_a_warning_and_the_deliverables_are_exact(
    studio: Studio,
) -> None:
    model = studio.catalog.models["wanx2.1-i2v-turbo"]
    rate = model.fps.model_copy(update={"value": Fraction(24)})
    models = {**studio.catalog.models, model.name: model.model_copy(update={"fps": rate})}
    studio.service = studio.catalog.model_copy(update={"models": models})
    manifest = studio.run()
    warnings = {event.text for event in studio.events if event.kind == "warning"}
    assert warnings == {
        f"expected a clip of {size} at 30 fps, got {size} at 24 fps"
        for size in ("544x720", "720x544")
    }
    for deliverable in manifest.deliverables:
        assert {part.held for part in deliverable.parts} == {0}
        assert all(check.holds for check in deliverable.checks)
    assert {(shot.cut_start, shot.cut_frames) for shot in manifest.shots} == {(0, 72)}


def test_a_second_run_makes_nothing_again(studio: Studio) -> None:
    first = studio.run()
    files = {p: p.stat().st_mtime_ns for p in (studio.folder / "out").rglob("*.m[op][v4]")}
    second = studio.run()
    assert set(studio.kinds()) == {"cached", "deliverable"}
    assert {p: p.stat().st_mtime_ns for p in files} == files
    assert (first.cost_run, second.cost_run) == ("1.44 CNY", "0.00 CNY")
    assert replace(second, finished_at="", cost_run="1.44 CNY") == replace(first, finished_at="")


@pytest.mark.proof
def test_two_runs_in_two_folders_are_the_same(studio: Studio) -> None:
    def frame_hashes(out: str) -> tuple[str, ...]:
        return decoding.decode(studio.program, studio.folder / out / "9x16.mp4").digest

    first, second = studio.run("a"), studio.run("b")
    assert frame_hashes("a") == frame_hashes("b")
    assert timeless(first) == timeless(second)


def test_the_record_holds_times_prices_and_what_was_wanted(studio: Studio) -> None:
    studio.write(LIST.replace("prompt: second", 'prompt: "[[mock: fail=InternalError]]"'))
    manifest = studio.run()
    good, bad = (shot.takes[0] for shot in manifest.shots)
    times = [good.asked_at, good.started_at, good.ended_at, good.fetched_at]
    assert all(times)
    assert times == sorted(str(item) for item in times)
    assert bad.asked_at
    assert bad.ended_at
    assert bad.fetched_at is None
    assert (good.price, good.cost, bad.price, bad.cost) == (
        "0.72 CNY",
        "0.72 CNY",
        "0.72 CNY",
        None,
    )
    assert good.first_frame == "../a.png"
    assert good.predicted == f"{good.width}x{good.height}"
    assert manifest.wanted == (WantedRecord("9x16", "9:16", "crop", "90x160"),)
    assert (manifest.shots[0].cut_start, manifest.shots[0].cut_frames) == (0, 90)


def test_a_record_reads_back_as_it_was_written(studio: Studio) -> None:
    manifest = studio.run()
    assert read(studio.folder / "out" / "manifest.json") == manifest


@pytest.mark.proof
def test_renaming_reordering_and_cropping_cost_nothing(studio: Studio) -> None:
    studio.run()
    lines = LIST.replace("id: one", "id: eins").splitlines()
    lines[4], lines[5] = lines[5], lines[4]
    studio.write("\n".join(lines).replace("90x160", "108x192") + "\n  - 1:1\n")
    manifest = studio.run()
    assert manifest.complete
    assert "submitted" not in studio.kinds()
    assert [shot.id for shot in manifest.shots] == ["two", "eins"]


def test_one_changed_shot_asks_for_that_shot_only(studio: Studio) -> None:
    studio.run()
    studio.write(LIST.replace("second", "another"))
    studio.run()
    assert "submitted" not in studio.kinds("one")
    assert studio.kinds("two").count("submitted") == 1
    assert studio.kinds().count("segment") == 1


def test_a_shot_that_fails_leaves_the_others_finished_and_is_named(studio: Studio) -> None:
    studio.write(LIST.replace("second", '"x [[mock: fail=DataInspectionFailed]]"'))
    manifest = studio.run()
    assert not manifest.complete
    assert manifest.deliverables == ()
    good, bad = (shot.takes[0] for shot in manifest.shots)
    assert good.state == "succeeded"
    assert (bad.state, bad.code) == ("failed", "DataInspectionFailed")
    failures = [event for event in studio.events if event.kind == "failed"]
    assert [event.shot for event in failures] == ["two"]
    # What is corrected is made, and the good one is not asked for again.
    studio.write(LIST)
    assert studio.run().complete
    assert set(studio.kinds("one")) == {"cached"}


def test_takes_differ_by_seed_and_the_picked_one_is_delivered(studio: Studio) -> None:
    studio.write(LIST.replace("prompt: first", "prompt: first, seed: 5, takes: 3, pick: 2"))
    manifest = studio.run()
    takes = manifest.shots[0].takes
    assert len({take.request["seed"] for take in takes}) == 3
    assert takes[0].request["seed"] == 5
    assert len({take.sha256 for take in takes}) == 3
    studio.write(LIST.replace("prompt: first", "prompt: first, seed: 5, takes: 3, pick: 3"))
    again = studio.run()
    assert "submitted" not in studio.kinds()
    assert again.deliverables[0].sha256 != manifest.deliverables[0].sha256


def test_equal_requests_are_asked_for_once(studio: Studio) -> None:
    studio.write(LIST.replace("b.png, prompt: second", "a.png, prompt: first"))
    manifest = studio.run()
    assert manifest.complete
    assert studio.kinds().count("submitted") == 1
    assert manifest.cost == "0.72 CNY"


def test_a_chained_shot_begins_with_the_exact_last_frame(studio: Studio) -> None:
    studio.write(LIST.replace("image: b.png", "image: {shot: one, frame: last}"))
    manifest = studio.run()
    assert manifest.complete
    kinds = studio.kinds("two")
    assert kinds[0] == "waiting"
    one = studio.folder / "out" / str(manifest.shots[0].takes[0].clip)
    (still,) = (studio.folder / "out" / ".cache" / "frames").glob("*-last.png")
    *_, last = frames(one)
    with Image.open(still) as image:
        for point in ((40, 40), (300, 200), (100, 500)):
            wanted = yuv(last, *point)
            red, green, blue = image.convert("RGB").getpixel(point)  # type: ignore[misc]
            luma = 16 + (0.2126 * red + 0.7152 * green + 0.0722 * blue) * 219 / 255
            assert abs(luma - wanted[0]) <= 3
    # Changing the first shot changes what the second begins with.
    studio.write(
        LIST.replace("image: b.png", "image: {shot: one, frame: last}").replace("first", "other")
    )
    studio.run()
    assert studio.kinds("two").count("submitted") == 1


def test_a_chain_says_that_its_first_shot_failed(studio: Studio) -> None:
    chained = LIST.replace("image: b.png", "image: {shot: one, frame: last}")
    studio.write(chained.replace("first", '"[[mock: fail=InternalError]]"'))
    manifest = studio.run()
    assert manifest.shots[1].takes[0].message == (
        "its first frame comes from one, which has no clip"
    )
    assert "submitted" not in studio.kinds("two")


def test_only_some_shots_are_made_when_asked(studio: Studio) -> None:
    manifest = studio.run(only=frozenset({"two"}))
    assert studio.kinds("one") == []
    assert manifest.shots[1].takes[0].state == "succeeded"
    assert manifest.deliverables == ()


def test_a_clip_that_was_deleted_by_hand_is_fetched_again_at_no_cost(studio: Studio) -> None:
    manifest = studio.run()
    (studio.folder / "out" / str(manifest.shots[0].takes[0].clip)).unlink()
    assert studio.run().complete
    assert studio.kinds("one")[0] == "warning"
    assert "resumed" in studio.kinds("one")
    assert "submitted" not in studio.kinds("one")


def test_a_task_of_an_earlier_run_is_taken_up_and_not_asked_for_again(studio: Studio) -> None:
    """The run dies after the task was accepted; the next one finds it in the journal."""

    class Dies(Exception):
        pass

    class Mortal:
        name = "mock"

        def __init__(self, inner: SharedClips) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        async def submit(self, submission: Submission, sending: Any) -> Accepted:
            return await self.inner.submit(submission, sending)

        async def poll(self, task_id: str) -> TaskState:
            raise Dies

    studio.backend = Mortal
    with pytest.raises(Dies):
        studio.run()
    studio.backend = None
    manifest = studio.run()
    assert manifest.complete
    asked = [event.task_id for event in studio.events if event.kind == "submitted"]
    resumed = [event.task_id for event in studio.events if event.kind == "resumed"]
    assert resumed
    assert len(asked) + len(resumed) == 2
    assert not set(asked) & set(resumed)


def test_a_throttled_request_is_sent_again_later(studio: Studio) -> None:
    class Busy:
        name = "mock"

        def __init__(self, inner: SharedClips) -> None:
            self.inner, self.refusals = inner, 3

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        async def submit(self, submission: Submission, sending: Any) -> Accepted:
            if self.refusals:
                self.refusals -= 1
                raise Throttled("Throttling.RateQuota", "later", retry_after=2)
            return await self.inner.submit(submission, sending)

    studio.backend = Busy
    assert studio.run().complete
    assert studio.kinds().count("throttled") == 3


def test_the_focus_is_seen_in_the_deliverable(studio: Studio) -> None:
    image = Image.new("RGB", (400, 300), "red")
    image.paste("green", (200, 0, 400, 300))
    image.save(studio.folder / "b.png")
    for x, name in ((0, "red"), (1, "green")):
        studio.write(LIST.replace("prompt: second", f"prompt: second, focus: [{x}, 0.5]"))
        studio.run()
        y, u, v = yuv(pixels(studio.folder / "out" / "9x16.mp4", 100), 20, 20)
        assert (v > 180) is (name == "red"), (y, u, v)


def test_a_changed_caption_makes_one_segment_again(studio: Studio) -> None:
    text = LIST.replace("prompt: first", 'prompt: first, caption: "一 one"')
    studio.write(text)
    first = studio.run()
    assert studio.kinds().count("segment") == 2
    studio.write(text.replace("一 one", "二 two"))
    second = studio.run()
    assert studio.kinds().count("segment") == 1
    assert studio.kinds("one").count("segment") == 1
    assert first.deliverables[0].sha256 != second.deliverables[0].sha256


@pytest.mark.proof
def test_a_transition_makes_only_what_it_touches(studio: Studio) -> None:
    three = LIST.replace(
        "deliverables:", "  - {id: three, image: a.png, prompt: third}\ndeliverables:"
    )
    studio.write(three)
    assert studio.run().deliverables[0].frames == 270
    studio.write(three.replace("prompt: second", "prompt: second, transition: {type: dissolve}"))
    manifest = studio.run()
    (made,) = manifest.deliverables
    assert made.frames == 255
    assert [(part.shot, part.start, part.frames, part.shared) for part in made.parts] == [
        ("one", 0, 90, 0), ("two", 90, 90, 15), ("three", 165, 90, 0),
    ]  # fmt: skip
    assert all(check.holds for check in made.checks)
    segments = [event for event in studio.events if event.kind == "segment"]
    assert sorted((s.shot, s.text.split()[0]) for s in segments) == [
        ("three", "75"), ("two", "15"), ("two", "75"),
    ]  # fmt: skip


def test_a_run_that_may_not_ask_finishes_what_is_there(studio: Studio) -> None:
    assert not studio.run(submits=False).deliverables
    assert set(studio.kinds()) == {"warning"}
    studio.run()
    studio.write(LIST.replace("90x160", "108x192"))
    manifest = studio.run(submits=False)
    assert [(made.width, made.height) for made in manifest.deliverables] == [(108, 192)]
    studio.write(LIST.replace("first", "another"))
    assert [take.state for shot in studio.run(submits=False).shots for take in shot.takes] == [
        "skipped",
        "succeeded",
    ]


def test_what_is_taken_back_in_time_is_not_sent(studio: Studio) -> None:
    manifest = studio.run(withdrawn=lambda take: take.shot == "two")
    states = {shot.id: shot.takes[0].state for shot in manifest.shots}
    assert states == {"one": "succeeded", "two": "canceled"}
    assert studio.kinds("two") == ["failed"]
    assert studio.run().complete


@pytest.mark.proof
def test_speed_hold_and_the_focus_of_a_deliverable_are_as_planned(studio: Studio) -> None:
    image = Image.new("RGB", (400, 300), "red")
    image.paste("green", (200, 0, 400, 300))
    image.save(studio.folder / "b.png")
    text = LIST.replace("prompt: second", "prompt: second, speed: 1.5, hold: 0.5, focus: [0, 0.5]")
    moving = "focus: {two: {from: [0, 0.5], to: [1, 0.5]}}"
    studio.write(text + f"  - {{name: moving, aspect: 9:16, size: 90x160, {moving}}}\n")
    manifest = studio.run()
    still, moved = manifest.deliverables
    end = manifest.shots[1].takes[0].width - 306  # type: ignore[operator]
    assert still.frames == moved.frames == 90 + 60 + 15
    assert still.parts[1].crop == "306x544+0+0"
    assert moved.parts[1].crop == f"306x544+0+0 to 306x544+{end}+0"
    assert (moved.parts[1].speed, moved.parts[1].stood) == ("3/2", 15)
    for name, sides in (("9x16", ("red", "red")), ("moving", ("red", "green"))):
        for frame, side in zip((92, 160), sides, strict=True):
            _, _, v = yuv(pixels(studio.folder / "out" / f"{name}.mp4", frame), 20, 20)
            assert (v > 180) is (side == "red")
    loaded = load(studio.folder / "list.yaml", studio.catalog)
    planned = plan.make(loaded.shots, "mock", loaded.media, studio.catalog)
    outlook = forecast(planned, take_statuses(planned, None), studio.catalog)
    assert [item.frames for item in outlook.deliverables] == [165, 165]


@pytest.mark.proof
def test_simulated_sound_is_held_to_its_picture_where_it_is_heard_alone(studio: Studio) -> None:
    text = LIST.replace("wanx2.1-i2v-turbo", "wan2.5-i2v-preview").replace(
        "duration: 3", "duration: 5"
    )
    text = text.replace(
        "prompt: first", "prompt: first, trim: {start: 0.92}, transition: {type: wipe}"
    )
    studio.write(text.replace("prompt: second", "prompt: second, speed: 2"))
    (made,) = studio.run().deliverables
    assert [check.holds for check in made.checks if check.name == "flash and beep"] == [True]
    assert made.sheet
    with Image.open(studio.folder / "out" / made.sheet.path) as sheet:
        cells = [sheet.convert("L").crop((x, 48, x + 180, 368)) for x in range(12, 1164, 192)]
    levels = [ImageStat.Stat(cell).mean[0] for cell in cells]
    for shot in (levels[:3], levels[3:]):
        assert max(shot) - min(shot) < 12, "a cell shows the flash"
    studio.write(text.replace("prompt:", "sound: mute, prompt:"))
    (silent,) = studio.run().deliverables
    assert "flash and beep" not in [check.name for check in silent.checks]


def test_stills_stand_beside_each_deliverable_and_are_made_again_when_they_are_gone(
    studio: Studio,
) -> None:
    studio.run()
    (made,) = studio.run().deliverables
    assert made.poster
    assert made.sheet
    for still in (made.poster, made.sheet):
        path = studio.folder / "out" / still.path
        with Image.open(path) as image:
            assert image.size == (still.width, still.height)
    assert (made.poster.path, made.poster.width, made.poster.height) == ("9x16.poster.jpg", 90, 160)
    assert [e.text for e in studio.events if e.kind == "deliverable"] == ["unchanged"]
    (studio.folder / "out" / made.sheet.path).unlink()
    assert studio.run().deliverables == (made,)
    assert (studio.folder / "out" / made.sheet.path).exists()
    before = (studio.folder / "out" / made.poster.path).read_bytes()
    studio.write(LIST.replace("size: 90x160", "size: 90x160, poster: 4"))
    (other,) = studio.run().deliverables
    assert other.sha256 == made.sha256
    assert (studio.folder / "out" / made.poster.path).read_bytes() != before


SPOKEN = """\
1
00:00:00,500 --> 00:00:02,000
<font color="#fff">月亮</font>
2
00:00:01,000 --> 00:00:03,500
{\\an8}up

3
00:00:02,500 --> 00:00:02,500
no length
"""


@pytest.mark.proof
def test_the_file_beside_says_what_is_burnt_and_when(studio: Studio) -> None:
    """Of two deliverables, one with words on it, the frames that differ are those of the file."""
    (studio.folder / "words.srt").write_bytes(SPOKEN.encode("gb18030"))
    pair = "size: 90x160, subtitles: words.srt"
    both = f"name: a, {pair}, captions: both}}\n  - {{name: b, aspect: 9:16, {pair}"
    studio.write(LIST.replace("size: 90x160", f"{both}, captions: sidecar"))
    studio.run()
    out = studio.folder / "out"
    assert (out / "a.srt").read_bytes() == (out / "b.srt").read_bytes()
    cues = pysubs2.load(str(out / "a.srt"))
    assert [cue.plaintext for cue in cues] == ["月亮", "up"]
    places = {"月亮": range(80, 160, 2), "up": range(0, 80, 2)}
    differ: dict[str, list[int]] = {words: [] for words in places}
    for number, (a, b) in enumerate(zip(frames(out / "a.mp4"), frames(out / "b.mp4"), strict=True)):
        for words, rows in places.items():
            pixels = [(x, y) for y in rows for x in range(20, 70, 3)]
            if any(abs(yuv(a, *at)[0] - yuv(b, *at)[0]) > 60 for at in pixels):
                differ[words].append(number)
    for cue in cues:
        first, last = round(cue.start * 30 / 1000), round(cue.end * 30 / 1000)
        assert differ[cue.plaintext] == [*range(first, last)]


@pytest.mark.proof
def test_ass_subtitles_are_burnt_in_and_lie_beside(studio: Studio) -> None:
    ass = (
        "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour\n"
        "Style: Big,Arial,90,&H00FFFFFF\n"
        "[Events]\nFormat: Start, End, Style, Text\n"
        "Dialogue: 0:00:04.00,0:00:05.00,Big,猫 {\\an5}%d\n"
    )
    (studio.folder / "words.ass").write_text(ass, encoding="utf-8")
    studio.write(LIST.replace("size: 90x160", "size: 90x160, subtitles: words.ass, captions: both"))
    (studio.folder / "out").mkdir()
    (studio.folder / "out" / "9x16.srt").write_text("of an earlier run")
    studio.run()
    middle = range(60, 100, 2)
    lit = [
        any(yuv(picture, x, y)[0] > 170 for x in range(0, 90, 2) for y in middle)
        for picture in frames(studio.folder / "out" / "9x16.mp4")
    ]
    assert [number for number, item in enumerate(lit) if item] == [*range(120, 150)]
    assert "Noto Sans CJK SC" in (studio.folder / "out" / "9x16.ass").read_text("utf-8")
    assert not (studio.folder / "out" / "9x16.srt").exists()
    (studio.folder / "words.ass").write_text(ass.replace("猫", "狗"), encoding="utf-8")
    studio.run()
    assert studio.kinds().count("segment") == 1  # the shot before it has none of the words
