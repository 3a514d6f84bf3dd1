"""Own footage and stills beside generated shots: exact, heard, chained to, and free."""

import json
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.run.test_orchestrator import Studio, studio
from tests.support.media import facts, pixels
from tests.support.process import wanx
from wanx_render.errors import BadInput
from wanx_render.manifest import read
from wanx_render.media import ffmpeg
from wanx_render.run.table_manifest import write_table_manifest
from wanx_render.timelines.edl import text_of as edl
from wanx_render.timelines.reading import timeline_of
from wanx_render.validation.load import load
from wanx_render.workers.remote import RemoteWorkers
from wanx_render.workers.store import SharedFolder
from wanx_render.workers.upload_index import UploadIndex

__all__ = ["studio"]  # a fixture
HEAD = """\
version: 1
project: own
label: none
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, prompt: x, takes: 2}
"""
LIST = (
    HEAD
    + """\
shots:
  - {id: title, still: title.png, duration: 1.5, background: "#00FF00"}
  - {id: live, clip: live.mkv, trim: {start: 0.2, end: 1.2}}
  - {id: after, image: {shot: live, frame: last}, takes: 1}
deliverables:
  - {aspect: 16:9, size: 160x90, fps: 30}
"""
)


@pytest.fixture
def shop(studio: Studio, program: ffmpeg.Ffmpeg) -> Studio:
    """A title card with a hole, and two seconds of 25 fps that turn from red to blue at 1 s."""
    card = Image.new("RGBA", (320, 180), (255, 0, 0, 255))
    card.paste((0, 0, 0, 0), (100, 50, 220, 130))
    card.save(studio.folder / "title.png")
    colours = "color=red:s=320x180:r=25:d=1[a];color=blue:s=320x180:r=25:d=1[b];[a][b]concat"
    arguments = (
        "-f", "lavfi", "-i", colours, "-f", "lavfi", "-i", "sine=1000:r=44100:d=2",
        "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "libvorbis", "-shortest",
    )  # fmt: skip
    ffmpeg.run(program, (*arguments, "-y", str(studio.folder / "live.mkv")))
    studio.write(LIST)
    return studio


def colour(path: Path, number: int, at: tuple[int, int]) -> tuple[int, ...]:
    """The mean of a few pixels of a frame, by PyAV."""
    picture = pixels(path, number).to_ndarray(format="rgb24")
    x, y = at
    mean = picture[y - 3 : y + 3, x - 3 : x + 3].mean(axis=(0, 1))
    return tuple(round(float(value)) for value in mean)


def near(colour: tuple[int, ...], other: tuple[int, int, int]) -> bool:
    return all(abs(a - b) <= 8 for a, b in zip(colour, other, strict=True))


def test_a_film_of_a_card_own_footage_and_a_generated_shot_is_exact(shop: Studio) -> None:
    manifest = shop.run()
    assert manifest.complete
    film = shop.folder / "out" / manifest.deliverables[0].path
    seen = facts(film)
    assert seen.frames == 45 + 30 + 90  # 1.5 s, one second, three seconds at 30
    assert seen.steps == {Fraction(1, 30)}
    assert near(colour(film, 0, (10, 45)), (255, 0, 0))
    assert near(colour(film, 44, (80, 45)), (0, 255, 0))  # behind what is transparent
    assert near(colour(film, 45, (80, 45)), (255, 0, 0))
    assert near(colour(film, 45 + 23, (80, 45)), (255, 0, 0))  # 0.8 s of red are left
    assert near(colour(film, 45 + 25, (80, 45)), (0, 0, 255))


def test_own_footage_is_heard_and_a_still_is_silent(shop: Studio) -> None:
    manifest = shop.run()
    with av.open(str(shop.folder / "out" / manifest.deliverables[0].path)) as film:
        parts = [frame.to_ndarray() for frame in film.decode(audio=0)]
    sound = np.concatenate(parts, axis=1)[0]
    card, live = sound[4800:67200], sound[76800:115200]  # 0.1 to 1.4 s, 1.6 to 2.4 s
    assert abs(card).max() < 1e-3
    crossings = np.count_nonzero(np.diff(np.sign(live)) > 0)
    assert abs(crossings / 0.8 - 1000) < 10


def test_a_generated_shot_begins_with_the_last_frame_that_is_used(shop: Studio) -> None:
    manifest = shop.run()
    take = manifest.shots[2].takes[0]
    picture = Image.open(shop.folder / "out" / str(take.first_frame))
    assert picture.size == (320, 180)
    assert near(picture.getpixel((160, 90)), (0, 0, 255))
    digits = manifest.shots[1].footage.sha256 if manifest.shots[1].footage else ""
    assert take.request["image"] == f"clip:{digits}:until:6/5"


def test_only_generated_shots_cost_and_a_second_run_does_nothing(shop: Studio) -> None:
    first = shop.run()
    assert first.cost_run == "0.72 CNY"
    second = shop.run()
    assert second.cost_run == "0.00 CNY"
    assert "segment" not in shop.kinds()
    assert second.deliverables == first.deliverables


def test_another_card_costs_nothing_and_another_frame_is_another_request(shop: Studio) -> None:
    shop.run()
    Image.new("RGB", (320, 180), "white").save(shop.folder / "title.png")
    again = shop.run()
    assert again.cost_run == "0.00 CNY"
    film = shop.folder / "out" / again.deliverables[0].path
    assert near(colour(film, 0, (10, 45)), (255, 255, 255))
    shop.write(LIST.replace("end: 1.2", "end: 0.8"))
    assert shop.run().cost_run == "0.72 CNY"


def test_a_request_is_sent_the_frame_in_the_colours_that_the_list_says_now(shop: Studio) -> None:
    frames = []
    for colours, prompt in (("bt709", "x"), ("bt601", "x"), ("bt601", "y")):
        text = LIST.replace("live.mkv,", f"live.mkv, colours: {colours},")
        shop.write(text.replace("last}, takes", f"last}}, prompt: {prompt}, takes"))
        take = shop.run().shots[2].takes[0]
        frames.append(Image.open(shop.folder / "out" / str(take.first_frame)).getpixel((160, 90)))
    assert shop.run().cost_run == "0.00 CNY"  # other colours are no other request
    assert max(abs(a - b) for a, b in zip(frames[0], frames[2], strict=True)) > 8


def test_what_begins_with_footage_that_was_replaced_is_stale_and_says_so(
    shop: Studio, program: ffmpeg.Ffmpeg
) -> None:
    shop.run()
    colour = ("-f", "lavfi", "-i", "color=green:s=180x320:r=25:d=2", "-pix_fmt", "yuv420p")
    ffmpeg.run(program, (*colour, "-y", str(shop.folder / "live.mkv")))
    ran = wanx(shop.folder, "status", "list.yaml", "--out", "out", "--json")
    assert ran.code == 0, ran.err
    assert b"an earlier clip of live" in ran.out


def test_a_shot_after_a_still_begins_with_its_picture(shop: Studio) -> None:
    shop.write(LIST.replace("shot: live", "shot: title").replace("title.png", "a.png"))
    chained = shop.run()
    shop.write(LIST.replace("{shot: live, frame: last}", "a.png"))
    named = shop.run()
    assert chained.shots[2].takes[0].request == named.shots[2].takes[0].request
    assert named.cost_run == "0.00 CNY"


def test_a_still_that_comes_nearer_moves_evenly_and_by_parts_of_pixels(shop: Studio) -> None:
    card = Image.new("RGB", (640, 360), "black")
    card.paste((255, 255, 255), (480, 120, 500, 240))
    card.save(shop.folder / "title.png")
    move = LIST.replace('background: "#00FF00"', "move: {from: 1, to: 1.2}")
    shop.write(move.replace("160x90", "640x360"))
    manifest = shop.run(only=frozenset({"title"}), submits=False)
    footage = manifest.shots[0].footage
    assert footage is not None
    with av.open(str(shop.folder / "out" / footage.clip)) as clip:
        rows = [f.to_ndarray(format="gray")[180].astype(float) for f in clip.decode(video=0)]
    centres = [float((row * np.arange(640)).sum() / row.sum()) for row in rows]
    assert len(centres) == 45
    first, last = centres[0] - 319.5, centres[-1] - 319.5
    assert last / first == pytest.approx(1.2, rel=0.01)
    steps = np.diff(centres)
    assert steps.min() > 0
    assert steps.max() < 1.5 * steps.min()  # no jump of a whole pixel, and no standing still


def test_an_animated_picture_is_footage_and_plays_at_its_own_times(shop: Studio) -> None:
    pictures = [Image.new("RGB", (320, 180), name) for name in ("red", "lime", "blue")]
    pictures[0].save(
        shop.folder / "moving.gif", save_all=True, append_images=pictures[1:], duration=200
    )
    shop.write(LIST.replace("live.mkv, trim: {start: 0.2, end: 1.2}", "moving.gif"))
    manifest = shop.run()
    film = shop.folder / "out" / manifest.deliverables[0].path
    assert facts(film).frames == 45 + 18 + 90
    for number, expected in ((0, (255, 0, 0)), (6, (0, 255, 0)), (12, (0, 0, 255))):
        assert near(colour(film, 45 + number, (80, 45)), expected)


def problems_of(shop: Studio, text: str) -> dict[str, str]:
    shop.write(text)
    with pytest.raises(BadInput) as refusal:
        load(shop.folder / "list.yaml", shop.catalog)
    return {p.code: f"{p.message} | {p.hint}" for p in refusal.value.diagnostics}


@pytest.mark.parametrize(
    ("shot", "code", "words"),
    [
        ("{id: a, clip: live.mkv, image: a.png}", "shot-sources", "exclude each other"),
        ("{id: a, clip: live.mkv, prompt: x}", "key-of-other-shot", "a shot with clip has no"),
        ("{id: a, clip: live.mkv, duration: 2}", "key-of-other-shot", "has no duration"),
        ("{id: a, still: title.png}", "missing-key", "such as duration: 2.5"),
        ("{id: a, still: title.png, duration: 0}", "duration-zero", "longer than 0"),
        ("{id: a, clip: title.png}", "clip-unreadable", "use still: instead"),
        ("{id: a, clip: liv.mkv}", "clip-missing", "live.mkv"),
        ("{id: a, clip: list.yaml}", "clip-unreadable", "not a video"),
        ("{id: a, still: live.mkv, duration: 2}", "image-unreadable", "use clip: for a video"),
        ("{id: a, clip: live.mkv, trim: {start: 5}}", "trim-outside", "after the end"),
        ("{id: a, still: title.png, duration: 1, move: 2}", "type-wrong", "move"),
        ("{id: a, prompt: x}", "missing-key", "image, clip or still"),
    ],
)
def test_what_is_wrong_with_own_footage_is_said(
    shop: Studio, shot: str, code: str, words: str
) -> None:
    found = problems_of(shop, f"{HEAD}shots:\n  - {shot}\ndeliverables:\n  - 16:9\n")
    assert code in found
    assert words in found[code]


def test_defaults_do_not_reach_own_footage(shop: Studio) -> None:
    loaded = load(shop.folder / "list.yaml", shop.catalog)
    assert [type(shot).__name__ for shot in loaded.shots.shots] == [
        "StillShot", "ClipShot", "GeneratedShot",
    ]  # fmt: skip


OWN_ALONE = """\
version: 1
project: own
backend: dashscope
shots:
  - {id: title, still: title.png, duration: 0.5}
  - {id: live, clip: live.mkv}
deliverables:
  - {aspect: 16:9, size: 160x90}
"""


def test_a_list_of_own_footage_needs_neither_key_nor_money(shop: Studio) -> None:
    shop.write(OWN_ALONE)
    done = wanx(shop.folder, "list.yaml", DASHSCOPE_API_KEY="")
    assert done.code == 0, done.text
    assert done.text.count("checking live.mkv") == 1
    manifest = read(shop.folder / "renders" / "own" / "manifest.json")
    assert manifest.deliverables[0].frames == 13 + 50
    shop.write(OWN_ALONE.replace("id: live,", "id: live, trim: {end: 1},"))
    status = wanx(shop.folder, "status", "list.yaml").text
    assert "Nothing has been requested" in status
    assert "16x9.mp4 is out of date: live changed: trim" in status
    again = wanx(shop.folder, "list.yaml", DASHSCOPE_API_KEY="")
    assert "checking" not in again.text


def test_damaged_footage_stops_a_run_before_anything_is_paid(shop: Studio) -> None:
    data = bytearray((shop.folder / "live.mkv").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = b"\x55" * 400
    (shop.folder / "live.mkv").write_bytes(data)
    done = wanx(shop.folder, "list.yaml")
    assert done.code == 2, done.text
    assert "live.mkv" in done.text
    status = wanx(shop.folder, "status", "list.yaml", "--json")
    assert not json.load(BytesIO(status.out)).get("tasks")


def test_a_timeline_opens_the_footage_and_the_video_of_a_still(shop: Studio) -> None:
    manifest = shop.run()
    timeline = timeline_of(manifest, manifest.deliverables[0])
    title, live, _ = timeline.clips
    folder = shop.folder / "out"
    assert facts(folder / title.media).frames == title.available == 45
    assert (folder / live.media).resolve() == shop.folder / "live.mkv"
    assert (live.first, live.available) == (5, 50)
    assert "GREEN   OWN FOOTAGE: ../live.mkv\n" in edl(timeline, str)


def test_a_tables_manifest_leads_to_the_footage_of_its_rows(shop: Studio) -> None:
    overlay = "fps: 30, overlay: {image: a.png}}"
    text = LIST.replace("end: 1.2}", "end: 1.2}, overlay: {image: a.png}")
    shop.write(text.replace("fps: 30}", overlay))
    shop.run()
    rows = [("out", shop.folder / "out")]
    write_table_manifest(shop.folder, rows, {"project": "shop", "complete": True, "cost": ""})
    whole = read(shop.folder / "manifest.json")
    title, live, after = whole.shots
    assert title.footage and title.footage.source == "title.png"
    assert live.footage and live.footage.clip == "live.mkv"
    assert str(after.takes[0].first_frame).startswith("out/.cache")
    assert whole.deliverables[0].overlays[0].file == "a.png"
    assert whole.deliverables[0].parts[1].overlays[0].file == "a.png"


def test_one_more_take_of_own_footage_is_refused(shop: Studio) -> None:
    done = wanx(shop.folder, "list.yaml", "--retake", "after", "--retake", "live")
    assert done.code == 2, done.text
    assert "--retake live: nothing is generated for own footage" in done.text


def test_other_machines_make_the_same_film_of_footage_that_is_brought_to_them(
    shop: Studio,
) -> None:
    shop.write(
        LIST.split("  - {id: after")[0] + "deliverables:\n  - {aspect: 16:9, size: 160x90}\n"
    )
    (here,) = shop.run("here").deliverables
    store = SharedFolder(shop.folder / "shared")
    index = UploadIndex(shop.folder / "there", store)
    workers = RemoteWorkers(shop.program, shop.pool, index)
    (there,) = shop.run("there", workers=workers).deliverables
    assert there.sha256 == here.sha256
    shared = {path.relative_to(store.path).parts[0] for path in store.path.rglob("*.m*")}
    assert shared == {".cache", "footage", "16x9.mp4"}
    assert len(list(store.path.glob(".cache/inputs/*.mkv"))) == 1
