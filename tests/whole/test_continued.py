"""``continue`` from the list to the film: no frame of a joint twice, none missing, each clip paid
once."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.support.shop import Shop

pytestmark = pytest.mark.proof

LIST = """\
version: 1
project: chase
backend: dashscope
defaults: {model: wan2.7-i2v, resolution: 720P, duration: 2}
shots:
  - {id: a, image: a.png, prompt: a street, duration: 3, trim: {end: 2.5}}
  - {id: b, continue: {shot: a}, prompt: it goes on}
  - {id: c, continue: {shot: b, seconds: 3}, prompt: and on, trim: {start: 0.5}}
deliverables:
  - {name: film, aspect: 16:9, size: 1280x720, quality: master}
"""
# The same without its third shot, and in a small film.
SHORT = "\n".join(line for line in LIST.splitlines() if "id: c," not in line)
SHORT = SHORT.replace("size: 1280x720, quality: master", "size: 160x90, quality: draft") + "\n"
LEAD = {"a": 0, "b": 60, "c": 90}  # frames of a clip before those that are its shot's own
USED = {"a": (0, 75), "b": (60, 120), "c": (105, 150)}


def draw(path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 255, (27, 48, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((1280, 720), Image.Resampling.BILINEAR).save(path)


def frames_of(path: Path) -> "np.ndarray[Any, Any]":
    """All frames of a video, in grey and a quarter as large: their counters can still be read."""
    with av.open(str(path)) as video:
        pictures = [
            frame.reformat(640, 360, "gray").to_ndarray().astype(np.int16)
            for frame in video.decode(video=0)
        ]
    return np.stack(pictures)


def nearest(picture: Any, among: Any) -> int:
    """Which of the frames a picture is."""
    return int(np.abs(among - picture).mean(axis=(1, 2)).argmin())


def clip_of(folder: Path, shot: str) -> Path:
    manifest = json.loads((folder / "manifest.json").read_text())
    (take,) = next(s["takes"] for s in manifest["shots"] if s["id"] == shot)
    return folder / str(take["clip"])


@pytest.fixture
def chase(shop: Shop) -> Shop:
    draw(shop.folder / "a.png")
    (shop.folder / "list.yaml").write_text(SHORT)
    return shop


def test_a_film_goes_on_at_the_frame_after_the_last_one(chase: Shop) -> None:
    (chase.folder / "list.yaml").write_text(LIST)
    ran = chase.run("list.yaml", "--yes")
    assert ran.returncode == 0, ran.stderr
    folder = chase.folder / "renders/chase"
    film = frames_of(folder / "film.mp4")
    clips = {shot: frames_of(clip_of(folder, shot)) for shot in USED}
    assert [len(clips[shot]) for shot in USED] == [90, 120, 150]
    assert len(film) == 75 + 60 + 45
    position = 0
    for shot, (start, end) in USED.items():
        expected = [*range(start, start + 3), *range(end - 3, end)]
        places = [position + number - start for number in expected]
        assert [nearest(film[n], clips[shot]) for n in places] == expected
        position += end - start
    # What each was shown is the end of what the film has of the one before: its last frames.
    for before, after in (("a", "b"), ("b", "c")):
        last = LEAD[after] - 1
        assert nearest(clips[after][last], clips[before]) == USED[before][1] - 1
        assert nearest(clips[after][last - 1], clips[before]) == USED[before][1] - 2
    # And what follows is new: it differs from all that was there.
    assert np.abs(clips["a"] - clips["b"][60]).mean(axis=(1, 2)).min() > 0.3


def test_the_service_is_sent_only_the_end_and_bills_each_once(chase: Shop) -> None:
    assert chase.run("list.yaml", "--yes").returncode == 0
    rows = chase.ledger()
    assert [row["status"] for row in rows] == ["SUCCEEDED"] * 2
    (clip,) = (chase.folder / "renders/chase/.cache/frames").glob("*-clip-*.mp4")
    with av.open(str(clip)) as video:
        stream = video.streams.video[0]
        assert (stream.average_rate, stream.frames) == (Fraction(30), 60)
        assert video.streams.audio[0].codec_context.name == "aac"
    # A second run asks for nothing; another end of the first clip asks for those after it.
    assert chase.run("list.yaml", "--yes").returncode == 0
    assert chase.sent() == 2
    (chase.folder / "list.yaml").write_text(SHORT.replace("end: 2.5", "end: 2.6"))
    plan = json.loads(chase.run("plan", "list.yaml", "--json").stdout)
    states = {take["shot"]: take["state"] for take in plan["takes"]}
    assert states == {"a": "cached", "b": "new"}
    assert [take["seconds"] for take in plan["takes"]] == [3, 4]
    alone = json.loads(chase.run("plan", "list.yaml", "--json", "--no-cascade").stdout)
    assert {take["state"] for take in alone["takes"]} == {"cached"}


def test_a_killed_chain_is_finished_by_the_next_run_and_paid_once(chase: Shop) -> None:
    chase.killed("list.yaml", "--yes", tasks=2)
    ran = chase.run("list.yaml", "--yes", "--on-ambiguous", "resubmit")
    assert ran.returncode == 0, ran.stderr
    assert [row["status"] for row in chase.ledger()] == ["SUCCEEDED"] * 2
    assert len(frames_of(chase.folder / "renders/chase/film.mp4")) == 135


WHOLE = """\
version: 1
project: chase
backend: dashscope
defaults: {model: wan2.7-i2v, resolution: 720P, duration: 2}
shots:
  - {id: a, image: a.png, prompt: a street}
  - {id: b, continue: {shot: a}, prompt: it goes on}
deliverables: [{name: film, aspect: 16:9, size: 160x90}]
"""


def test_a_lost_answer_is_settled_where_a_clip_was_sent_whole(chase: Shop) -> None:
    (chase.folder / "list.yaml").write_text(WHOLE)
    chase.faults({"on": "create", "nth": 2, "effect": "reset", "stage": "after"})
    ran = chase.run("list.yaml", "--yes")
    assert ran.returncode == 0, ran.stderr
    assert [row["status"] for row in chase.ledger()] == ["SUCCEEDED"] * 2


def test_a_lost_answer_is_settled_by_the_first_frame_of_what_was_sent(chase: Shop) -> None:
    chase.faults({"on": "create", "nth": 2, "effect": "reset", "stage": "after"})
    ran = chase.run("list.yaml", "--yes")
    assert ran.returncode == 0, ran.stderr
    assert [row["status"] for row in chase.ledger()] == ["SUCCEEDED"] * 2
