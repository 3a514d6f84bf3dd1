"""Clips of words and of references: what is asked for, and that a paid one stays."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from PIL import Image

from tests.planning.test_kept_clips import WANTED, Wanted, folder
from wanx_render.backends import wire
from wanx_render.catalog.capabilities import packaged
from wanx_render.geometry import Size
from wanx_render.planning.forecast import forecast
from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import Plan, make
from wanx_render.planning.sending.sent_pictures import with_files
from wanx_render.planning.take_status import take_statuses
from wanx_render.shotlist.model import ShotList
from wanx_render.task import InputMedia, TaskRequest

NAMES = ("amy.png", "bag.jpg", "walk.mp4", "voice.wav", "https://example.com/a.jpg?b=c.mp4")
MEDIA = {
    name: InputMedia(f"sha256:{number:064}", path=Path(name), size=Size(600, 900))
    for number, name in enumerate(NAMES)
}
T2V = {"id": "sea", "model": "wan2.6-t2v", "prompt": "A ship at sea", "resolution": "720P"}


def plan(shot: dict[str, Any], *wanted: Wanted) -> Plan:
    deliverables = [
        {"name": f"d{n}", "aspect": aspect, "fit": fit}
        for n, (aspect, fit) in enumerate(wanted or [("9:16", "crop")])
    ]
    value = {"version": 1, "project": "words", "shots": [shot], "deliverables": deliverables}
    return make(ShotList.model_validate(value), "mock", MEDIA, packaged())


def request(shot: dict[str, Any], *wanted: Wanted) -> TaskRequest:
    return plan(shot, *wanted).takes[0].request


def body(shot: dict[str, Any], *wanted: Wanted) -> dict[str, Any]:
    asked = request(shot, *wanted)
    return wire.create_body(asked, packaged(), lambda media: f"oss://{media.path or media.url}")


@pytest.mark.parametrize(
    ("wanted", "size"),
    [
        ([("9:16", "crop")], "720*1280"),
        ([("16:9", "crop")], "1280*720"),
        ([("9:16", "crop"), ("16:9", "crop")], "960*960"),
        ([("4:5", "crop")], "832*1088"),
        ([("9:16", "crop"), ("16:9", "pad")], "720*1280"),  # what is padded keeps all anyway
        ([("16:9", "blur"), ("9:16", "pad")], "1280*720"),  # none crops: the first decides
        ([("3:4", "crop"), ("4:3", "crop")], "960*960"),
    ],
)
def test_a_clip_of_words_has_the_size_of_which_the_deliverables_keep_most(
    wanted: Sequence[Wanted], size: str
) -> None:
    assert body(T2V, *wanted)["parameters"]["size"] == size


def test_a_written_aspect_is_asked_for_whatever_the_deliverables_are() -> None:
    assert body({**T2V, "aspect": "4:3"})["parameters"]["size"] == "1088*832"
    take = plan({**T2V, "model": "wan2.7-t2v", "aspect": "4:3"}).takes[0]
    assert take.request.ratio == "4:3"
    assert take.size == Size(1104, 832)  # by the table, not by the area


@pytest.mark.parametrize("name", [m for m, e in packaged().models.items() if e.takes_words_alone])
def test_every_model_of_words_is_asked_for_a_shape_that_its_parameters_hold(name: str) -> None:
    catalog = packaged()
    model = catalog.models[name]
    region = next(iter(model.region_names.value))
    shot = {"id": "a", "model": name, "prompt": "A ship"}
    value = {
        "version": 1, "project": "words", "region": region, "shots": [shot],
        "deliverables": ["9:16"],
    }  # fmt: skip
    take = make(ShotList.model_validate(value), "mock", {}, catalog).takes[0]
    parameters = wire.create_body(take.request, catalog, str)["parameters"]
    assert parameters.get("ratio") == "9:16" or parameters["size"].split("*")[0] < "9"
    assert take.size
    width, height = take.size.width, take.size.height
    assert abs(width / height - 9 / 16) < 0.03


def test_the_body_of_a_clip_of_words_is_that_of_the_documents() -> None:
    shot = {**T2V, "model": "wan2.7-t2v", "prompt": "..", "aspect": "16:9", "seed": 7}
    assert body(shot) == {
        "model": "wan2.7-t2v",
        "input": {"prompt": ".."},
        "parameters": {
            "resolution": "720P", "ratio": "16:9", "duration": 5, "prompt_extend": True,
            "watermark": False, "seed": 7,
        },
    }  # fmt: skip


def test_a_first_frame_leaves_the_ratio_to_itself() -> None:
    shot = {"id": "a", "model": "wan3.0-video", "prompt": "..", "image": "amy.png"}
    sent = body(shot)
    assert sent["parameters"]["ratio"] == "adaptive"
    assert sent["input"]["media"] == [{"type": "first_frame", "url": "oss://amy.png"}]


def test_references_are_sent_in_their_order_with_what_they_are() -> None:
    files = ["amy.png", {"video": "walk.mp4"}, "voice.wav", NAMES[-1]]
    shot = {"id": "a", "model": "wan3.0-video", "prompt": "{amy} walks", "references": files}
    sent = body(shot, ("9:16", "crop"))["input"]
    kinds = ["reference_image", "reference_video", "reference_audio", "reference_image"]
    assert [entry["type"] for entry in sent["media"]] == kinds
    assert sent["prompt"] == "{amy} walks"  # without names braces are only braces


def named(prompt: str, **files: str) -> dict[str, Any]:
    return {"id": "a", "model": "wan3.0-video", "prompt": prompt, "references": files}


def test_names_become_what_the_model_calls_them_in_the_order_of_the_prompt() -> None:
    sent = body(
        named("{bag} of {amy} in {walk}, {bag}", amy="amy.png", bag="bag.jpg", walk="walk.mp4")
    )
    assert sent["input"]["prompt"] == "Image 1 of Image 2 in Video 1, Image 1"
    assert [entry["url"] for entry in sent["input"]["media"]] == [
        "oss://bag.jpg", "oss://amy.png", "oss://walk.mp4",
    ]  # fmt: skip
    together = {**named("{walk} {amy}", amy="amy.png", walk="walk.mp4"), "model": "wan2.6-r2v"}
    assert body(together)["input"] == {
        "prompt": "character1 character2",
        "reference_urls": ["oss://walk.mp4", "oss://amy.png"],
    }


def test_the_order_of_names_and_the_names_themselves_change_no_request() -> None:
    first = request(named("{amy} has {bag}", amy="amy.png", bag="bag.jpg"))
    turned = request(named("{amy} has {bag}", bag="bag.jpg", amy="amy.png"))
    renamed = request(named("{eve} has {sack}", eve="amy.png", sack="bag.jpg"))
    assert first.key("mock") == turned.key("mock") == renamed.key("mock")
    swapped = request(named("{amy} has {bag}", amy="bag.jpg", bag="amy.png"))
    assert swapped.key("mock") != first.key("mock")


def test_pictures_in_references_are_repaired_but_never_cut_to_an_aspect() -> None:
    media = {"long.png": replace(MEDIA["amy.png"], size=Size(200, 900))}
    shot = {
        "id": "a", "model": "wan3.0-video", "prompt": "x", "references": ["long.png"],
        "fit_image": "match",
    }  # fmt: skip
    value = {"version": 1, "project": "x", "shots": [shot], "deliverables": ["16:9"]}
    (take,) = make(ShotList.model_validate(value), "mock", media, packaged()).takes
    preparation = take.request.references[0].media.preparation
    assert preparation
    assert preparation.aspect is None
    assert preparation.sent == Size(240, 1080)  # the least side that the model accepts


@pytest.mark.parametrize(
    ("shot", "kind"), [({}, ""), ({"shot_type": "single"}, ""), ({"shot_type": "multi"}, "multi")]
)
def test_kinds_of_cuts_are_sent_where_they_are_not_the_default(
    shot: dict[str, Any], kind: str
) -> None:
    asked = request({**T2V, **shot})
    assert asked.shot_type == kind
    sent = wire.create_body(asked, packaged(), str)["parameters"].get("shot_type", "")
    assert sent == kind


def test_what_is_not_sent_makes_no_other_request() -> None:
    shot = {**T2V, "model": "happyhorse-1.0-t2v"}
    plain = request(shot)
    also = {"negative_prompt": "rain", "prompt_extend": False}
    assert request({**shot, **also}).key("mock") == plain.key("mock")
    assert "negative_prompt" not in body({**shot, **also})["input"]


@settings(max_examples=15, deadline=None)
@given(first=WANTED, then=WANTED)
def test_however_deliverables_change_no_clip_of_words_is_asked_for_again(
    first: list[Wanted], then: list[Wanted]
) -> None:
    with folder() as here:
        here.fit = "off"
        here.shots = [
            {**T2V, "takes": 2},
            {**T2V, "id": "port", "model": "wan2.7-t2v"},
            {"id": "on", "image": {"shot": "sea", "frame": "last"}, "prompt": "second"},
        ]
        assert here.run(first) == 4
        assert {status.state for status in here.statuses(then)} == {"cached"}
        assert here.run(then) == 0


def test_a_retake_of_a_clip_of_words_has_the_shape_of_now() -> None:
    with folder() as here:
        here.fit, here.shots = "off", [T2V]
        here.run([("9:16", "crop")])
        (kept,) = here.statuses([("16:9", "crop")])
        assert "it was made for 720x1280; --retake sea makes one for 1280x720" in kept.reason
        plan_now = here.plan([("16:9", "crop")])
        line = forecast(plan_now, (kept,), packaged()).takes[0].shape
        assert line
        assert (line.asked, line.kept_percent["d0"]) == ("720x1280", 30.2)
        assert line.retake
        assert (line.retake.asked, line.retake.kept_percent["d0"]) == ("1280x720", 100.0)
        assert here.run([("16:9", "crop")], retake=["sea"]) == 1
        first, second = (status.take.size for status in here.statuses([("16:9", "crop")]))
        assert (first, second) == (Size(720, 1280), Size(1280, 720))


def test_a_clip_is_kept_of_which_the_model_has_lost_the_size() -> None:
    with folder() as here:
        here.fit, here.shots = "off", [{**T2V, "aspect": "4:3"}]
        (asked,) = here.plan([("4:3", "crop")]).takes
        older = asked.asking(replace(asked.request, size=Size(1024, 768)))
        attempt = here.journal.intend(older.request.key("mock"), older.label, older.request, _now())
        here.journal.submitted(attempt, "task", "")
        del here.shots[0]["aspect"]
        assert [s.state for s in here.statuses([("4:3", "crop")])] == ["resumed"]


def test_a_written_aspect_is_meant_whatever_fit_image_says() -> None:
    with folder() as here:
        here.fit, here.shots = "match", [T2V]
        assert here.run([("9:16", "crop")]) == 1
        here.shots = [{**T2V, "aspect": "9:16"}]
        assert {s.state for s in here.statuses([("1:1", "crop")])} == {"cached"}
        here.shots = [{**T2V, "aspect": "16:9"}]
        assert {s.state for s in here.statuses([("9:16", "crop")])} == {"new"}


def _now() -> Any:
    from tests.planning.test_kept_clips import NOW

    return NOW


def test_a_reference_that_was_saved_again_is_the_same_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    asked = request(named("{amy}", amy="amy.png"))
    journal.intend(asked.key("mock"), "a take 1", asked, _now())
    identity = MEDIA["amy.png"].identity
    assert journal.pictures_asked() == {identity}
    assert journal.picture(identity, "pixels") == identity
    assert journal.picture("sha256:other", "pixels") == identity
    journal.close()


def test_the_rate_of_a_model_of_words_is_that_of_its_clips() -> None:
    assert plan(T2V).takes[0].rate == Fraction(30)


def test_take_statuses_know_clips_of_words_without_a_journal() -> None:
    (status,) = take_statuses(plan(T2V), None)
    assert (status.state, status.complete) == ("new", True)


def test_what_is_sent_of_a_reference_is_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "long.png"
    Image.new("RGBA", (200, 900), (255, 0, 0, 0)).save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    media = InputMedia(f"sha256:{digest}", path=path, size=Size(200, 900), transparent=True)
    shot = {
        "id": "a", "model": "wan3.0-video", "prompt": "x", "references": ["long.png"],
        "fit_image": {"background": "blue"},
    }  # fmt: skip
    value = {"version": 1, "project": "x", "shots": [shot], "deliverables": ["16:9"]}
    (take,) = make(ShotList.model_validate(value), "mock", {"long.png": media}, packaged()).takes
    sent = with_files(take.request, tmp_path, 1_000_000).references[0].media
    assert sent.prepared
    with Image.open(sent.prepared) as picture:
        assert picture.size == (240, 1080)
        assert picture.convert("RGB").getpixel((120, 500)) == (0, 0, 255)
    assert sent.key == f"sha256:{digest} over #0000ff"
