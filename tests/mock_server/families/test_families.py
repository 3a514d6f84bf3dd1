"""Models that only the emulator has: each is asked in its form and answered in its shape."""

import random
from typing import Any

import pytest

from mock_server.families.family import families
from tests.support.emulator import KEY, Twin
from wanx_render.catalog.capabilities import packaged

AIGC = "/api/v1/services/aigc"
PERSON = f"{AIGC}/image2video/video-synthesis"
VIDEO = f"{AIGC}/video-generation/video-synthesis"
IMAGE = f"{AIGC}/image2image/image-synthesis"
AT_ONCE = f"{AIGC}/multimodal-generation/generation"
A_PICTURE, A_CLIP, A_SOUND = (f"https://example.com/a.{end}" for end in ("png", "mp4", "mp3"))
WORDS = {"messages": [{"role": "user", "content": [{"text": "a turtle"}]}]}
EDIT = {"prompt": "at night", "media": [{"type": "video", "url": A_CLIP}]}
MOVE = {"image_url": A_PICTURE, "video_url": A_CLIP}

# Path, model, input, parameters, where the link is, usage.
Shape = tuple[str, str, dict[str, Any], dict[str, Any], tuple[Any, ...], dict[str, Any]]
SHAPES: list[Shape] = [
    (PERSON, "wan2.2-s2v", {"image_url": A_PICTURE, "audio_url": A_SOUND},
     {"resolution": "720P"}, ("results", "video_url"), {"duration": 5.0, "SR": 720}),
    (PERSON, "wan2.2-animate-move", MOVE, {"mode": "wan-std"}, ("results", "video_url"),
     {"video_duration": 5.0, "video_ratio": "standard"}),
    (PERSON, "wan2.2-animate-mix", MOVE, {"mode": "wan-pro", "check_image": True},
     ("results", "video_url"), {"video_duration": 5.0, "video_ratio": "standard"}),
    (VIDEO, "wan2.7-videoedit", EDIT, {"resolution": "720P"}, ("video_url",),
     {"duration": 10, "input_video_duration": 5, "output_video_duration": 5, "SR": 720,
      "video_count": 1, "ratio": "16:9"}),
    (VIDEO, "wanx2.1-vace-plus", {"function": "video_edit", "prompt": "p", "video_url": A_CLIP}, {},
     ("video_url",), {"video_duration": 5.0, "video_ratio": "standard", "video_count": 1}),
    (IMAGE, "wanx2.1-imageedit",
     {"function": "expand", "prompt": "p", "base_image_url": A_PICTURE}, {"n": 2},
     ("results", 1, "url"), {"image_count": 2}),
    (IMAGE, "wan2.5-i2i-preview", {"prompt": "p", "images": [A_PICTURE]}, {},
     ("results", 0, "url"), {"image_count": 1}),
    (f"{AIGC}/text2image/image-synthesis", "wanx-v1", {"prompt": "p"}, {"size": "1024*1024"},
     ("results", 0, "url"), {"image_count": 1}),
    (f"{AIGC}/image-generation/generation", "wan2.6-image", WORDS, {},
     ("choices", 0, "message", "content", 0, "image"), {"image_count": 1}),
]  # fmt: skip


@pytest.fixture
def twin() -> Twin:
    return Twin(clock="auto")


@pytest.mark.parametrize(
    ("path", "model", "content", "parameters", "place", "usage"), SHAPES,
    ids=[shape[1] for shape in SHAPES],
)  # fmt: skip
def test_each_family_is_answered_in_its_shape(
    twin: Twin,
    path: str,
    model: str,
    content: dict[str, Any],
    parameters: dict[str, Any],
    place: tuple[Any, ...],
    usage: dict[str, Any],
) -> None:
    answer = twin.outcome(path, model, content, **parameters)
    assert answer["output"]["task_status"] == "SUCCEEDED", answer
    assert answer["usage"] == usage
    link = answer["output"]
    for step in place:
        link = link[step]
    assert link.startswith("http://127.0.0.1/results/")
    (row,) = twin.call("GET", "/api/v1/tasks").json()["data"]
    assert (row["model_name"], row["status"]) == (model, "SUCCEEDED")
    assert twin.call("GET", "/_mock/requests?operation=create").json()["requests"][0]["notes"] == []


@pytest.mark.proof
@pytest.mark.parametrize("shape", SHAPES[:5], ids=[shape[1] for shape in SHAPES[:5]])
def test_the_clip_of_a_family_can_be_fetched(twin: Twin, shape: Shape) -> None:
    path, model, content, parameters, place, _ = shape
    link = twin.outcome(path, model, content, **parameters)["output"]
    for step in place:
        link = link[step]
    clip = twin.call("GET", link)
    assert (clip.status_code, clip.content[4:8]) == (200, b"ftyp")


@pytest.mark.parametrize(
    ("path", "model", "content", "parameters", "field"),
    [
        (PERSON, "wan2.2-s2v", {"image_url": A_PICTURE}, {}, "input.audio_url"),
        (PERSON, "wan2.2-s2v", {"audio_url": A_SOUND}, {}, "input.image_url"),
        (PERSON, "wan2.2-s2v", {"image_url": A_PICTURE, "audio_url": A_SOUND},
         {"resolution": "1080P"}, "parameters.resolution"),
        (PERSON, "wan2.2-animate-mix", MOVE, {}, "parameters.mode"),
        (PERSON, "wan2.2-animate-mix", MOVE, {"mode": "wan-max"}, "parameters.mode"),
        (VIDEO, "wan2.7-videoedit", {"prompt": "p", "media": []}, {}, "input.media"),
        (VIDEO, "wan2.7-videoedit", {**EDIT, "media": EDIT["media"] * 2}, {}, "input.media"),
        (VIDEO, "wan2.7-videoedit",
         {**EDIT, "media": [*EDIT["media"], {"type": "banana", "url": A_PICTURE}]}, {},
         "input.media"),
        (VIDEO, "wanx2.1-vace-plus", {"function": "banana", "prompt": "p"}, {}, "input.function"),
    ],
)  # fmt: skip
def test_what_a_family_requires_is_required(
    twin: Twin, path: str, model: str, content: Any, parameters: dict[str, Any], field: str
) -> None:
    output = twin.outcome(path, model, content, **parameters)["output"]
    assert (output["task_status"], output["code"]) == ("FAILED", "InvalidParameter")
    entries = twin.call("GET", "/_mock/requests?operation=create").json()["requests"]
    assert field in {note["field"] for note in entries[-1]["notes"]}
    assert set(twin.ledger()["totals"]["amounts"].values()) == {"0.00"}


STRANGE: tuple[Any, ...] = (
    None, "", 0, -1, 1.5, True, [], {}, ["x"], [None], [{"type": ["a"], "url": 1}], {"a": {}},
    "x" * 5000, "data:image/png;base64,AAAA", "oss://x/y", "http://", [[[[]]]], 10**30,
)  # fmt: skip


def test_nothing_in_a_body_is_a_fault_of_the_server(twin: Twin) -> None:
    chance = random.Random(23)
    for family in families():
        for _ in range(12):
            fields = [*family.requires, *family.takes, "media", "images", "messages"]
            content = {name: chance.choice(STRANGE) for name in fields if chance.random() < 0.7}
            values = {
                name: chance.choice(STRANGE)
                for name in (*family.parameters, "n", "size")
                if chance.random() < 0.5
            }
            headers = {"X-DashScope-Async": "no" if family.at_once is not None else "enable"}
            body = {"model": family.models[0], "input": content, "parameters": values}
            path = f"/api/v1{family.path}"
            answer = twin.call("POST", path, headers={**KEY, **headers}, json=body)
            assert answer.status_code in (200, 400), (body, answer.text)


def at_once(twin: Twin, path: str, model: str, content: Any, **headers: str) -> Any:
    body = {"model": model, "input": content, "parameters": {}}
    return twin.call("POST", path, headers={**KEY, **headers}, json=body)


@pytest.mark.parametrize("model", ["z-image-turbo", "qwen-image-2.0", "wan2.7-image"])
def test_pictures_of_a_conversation_come_at_once(twin: Twin, model: str) -> None:
    answer = at_once(twin, AT_ONCE, model, WORDS)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"output", "usage", "request_id"}
    assert answer.json()["output"].keys() == {"choices"}
    link = answer.json()["output"]["choices"][0]["message"]["content"][0]["image"]
    picture = twin.call("GET", link)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert twin.ledger()["totals"]["succeeded"] == 1


def test_a_picture_is_checked_for_a_person_at_once_and_makes_no_task(twin: Twin) -> None:
    path = f"{AIGC}/image2video/face-detect"
    answer = at_once(twin, path, "wan2.2-s2v-detect", {"image_url": A_PICTURE})
    assert answer.json()["output"] == {"check_pass": True, "humanoid": True}
    assert answer.json()["usage"] == {"image_count": 1}
    assert twin.ledger()["submissions"] == []
    refused = at_once(twin, path, "wan2.2-s2v-detect", {})
    assert (refused.status_code, refused.json()["code"]) == (400, "InvalidParameter")


def test_who_asks_at_once_for_a_task_or_the_other_way_round_is_refused(twin: Twin) -> None:
    enable = {"X-DashScope-Async": "enable"}
    for answer, word in (
        (at_once(twin, AT_ONCE, "z-image-turbo", WORDS, **enable), "asynchronous"),
        (at_once(twin, PERSON, "wan2.2-s2v", MOVE), "synchronous"),
        (at_once(twin, AT_ONCE, "wan2.7-i2v", WORDS, **enable), "asynchronous"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "AccessDenied")
        assert answer.json()["message"] == f"current user api does not support {word} calls."


def test_a_family_at_another_path_is_a_url_error(twin: Twin) -> None:
    answer = twin.ask(VIDEO, "wan2.2-s2v", {"image_url": A_PICTURE, "audio_url": A_SOUND})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("url error, please check url！")


def test_the_program_s_own_catalog_has_none_of_them() -> None:
    names = [name for family in families() for name in family.models]
    assert len(names) == len(set(names)) > 10
    assert not [name for name in names if packaged().find(name)]


def test_every_family_has_its_mark() -> None:
    rules = Twin().call("GET", "/_mock/coverage").json()["rules"]
    behaviours = [rule["behaviour"] for rule in rules if rule["area"] == "families"]
    assert len(behaviours) == len(families())
