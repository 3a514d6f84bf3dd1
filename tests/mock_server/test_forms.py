"""Create calls of every family, as public documents and captures write them, and their answers."""

from typing import Any

import pytest

from tests.support.emulator import Twin

AIGC = "/api/v1/services/aigc"
VIDEO = f"{AIGC}/video-generation/video-synthesis"
FRAMES = f"{AIGC}/image2video/video-synthesis"
PICTURE = "https://example.com/a.png"
CLIP = "https://example.com/a.mp4"
SOUND = "https://example.com/a.mp3"


@pytest.fixture
def twin() -> Twin:
    return Twin(clock="auto")


def failure(twin: Twin, path: str, model: str, content: Any, **parameters: Any) -> str:
    output = twin.outcome(path, model, content, **parameters)["output"]
    assert output["task_status"] == "FAILED", output
    assert output["code"] == "InvalidParameter"
    return str(output["message"])


def media(*kinds: str) -> dict[str, Any]:
    address = {"first_clip": CLIP, "reference_video": CLIP, "driving_audio": SOUND}
    entries = [{"type": kind, "url": address.get(kind, PICTURE)} for kind in kinds]
    return {"prompt": "a turtle swims", "media": entries}


TURTLE = {"prompt": "a turtle swims"}
LIKE_26 = {"input_video_duration": 0, "video_count": 1}
BODIES: list[tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (
        VIDEO, "wan2.6-i2v-flash", {**TURTLE, "img_url": PICTURE},
        {"resolution": "720P", "duration": 10, "shot_type": "multi", "audio": False, "seed": 7},
        {**LIKE_26, "duration": 10, "output_video_duration": 10, "SR": 720, "audio": False},
    ),
    (
        VIDEO, "wan2.7-i2v-2026-04-25", media("first_frame", "driving_audio"),
        {"resolution": "720P", "duration": 10, "prompt_extend": True, "watermark": False},
        {**LIKE_26, "duration": 10, "output_video_duration": 10, "SR": 720, "ratio": "16:9"},
    ),
    (
        VIDEO, "wan3.0-video", media("reference_image"),
        {"resolution": "480P", "ratio": "9:16", "duration": 4, "audio": True},
        {**LIKE_26, "duration": 4, "output_video_duration": 4, "SR": 480, "ratio": "9:16",
         "fps": 30},
    ),
    (
        FRAMES, "wan2.2-kf2v-flash",
        {**TURTLE, "first_frame_url": PICTURE, "last_frame_url": PICTURE}, {"resolution": "480P"},
        {"video_duration": 5, "SR": 480, "video_count": 1},
    ),
    (
        VIDEO, "wan2.7-t2v", {**TURTLE, "audio_url": SOUND},
        {"resolution": "720P", "ratio": "4:3", "duration": 5},
        {**LIKE_26, "duration": 5, "output_video_duration": 5, "SR": 720, "ratio": "4:3"},
    ),
    (
        VIDEO, "wan2.5-t2v-preview", TURTLE, {"size": "832*480", "duration": 10},
        {"video_duration": 10, "video_ratio": "832*480", "video_count": 1},
    ),
    (
        VIDEO, "wan2.6-t2v", TURTLE, {},
        {**LIKE_26, "duration": 5, "output_video_duration": 5, "SR": 1080, "size": "1920*1080"},
    ),
    (
        VIDEO, "wan2.6-r2v", {**TURTLE, "reference_urls": [PICTURE, CLIP]},
        {"size": "1280*720", "duration": 5, "shot_type": "multi"},
        {"duration": 10, "input_video_duration": 5, "output_video_duration": 5, "SR": 720,
         "video_count": 1, "size": "1280*720"},
    ),
    (
        VIDEO, "happyhorse-1.1-i2v", media("first_frame"), {"resolution": "720P", "duration": 6},
        {**LIKE_26, "duration": 6, "output_video_duration": 6, "SR": 720, "ratio": "16:9"},
    ),
    (
        VIDEO, "wan2.7-i2v", media("first_clip", "last_frame"), {"duration": 12},
        {"duration": 12, "input_video_duration": 2, "output_video_duration": 12, "SR": 1080,
         "video_count": 1, "ratio": "16:9"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "model", "content", "parameters", "usage"), BODIES, ids=[case[1] for case in BODIES]
)
def test_each_family_is_asked_and_answered_in_its_form(
    twin: Twin,
    path: str,
    model: str,
    content: dict[str, Any],
    parameters: dict[str, Any],
    usage: dict[str, Any],
) -> None:
    answer = twin.outcome(path, model, content, **parameters)
    assert answer["output"]["task_status"] == "SUCCEEDED", answer
    assert answer["usage"] == usage
    row = twin.call("GET", "/api/v1/tasks").json()["data"][0]
    kind, call = path.split("/")[-2:]
    assert row["user_api_unique_key"] == f"apikey:v1:aigc:{kind}:{call}:{model}"


ONLY = [
    ("first_frame",), ("first_frame", "driving_audio"), ("first_frame", "last_frame"),
    ("first_frame", "last_frame", "driving_audio"), ("first_clip",), ("first_clip", "last_frame"),
]  # fmt: skip
NEVER = [
    ("last_frame",), ("driving_audio",), ("first_clip", "first_frame"),
    ("first_clip", "driving_audio"), ("first_frame", "first_frame"), ("first_frame", "banana"),
    ("reference_image",), (),
]  # fmt: skip


@pytest.mark.parametrize("kinds", ONLY)
def test_six_combinations_of_media_are_legal(twin: Twin, kinds: tuple[str, ...]) -> None:
    answer = twin.outcome(VIDEO, "wan2.7-i2v", media(*kinds), duration=12)
    assert answer["output"]["task_status"] == "SUCCEEDED", answer


@pytest.mark.parametrize("kinds", NEVER)
def test_any_other_combination_fails_or_is_refused(twin: Twin, kinds: tuple[str, ...]) -> None:
    assert failure(twin, VIDEO, "wan2.7-i2v", media(*kinds))
    strict = Twin(refuse="at-once")
    assert strict.ask(VIDEO, "wan2.7-i2v", media(*kinds)).status_code == 400
    assert twin.ledger()["totals"]["amounts"] == {"CNY": "0.00"}


@pytest.mark.parametrize(
    ("path", "model", "message"),
    [
        (VIDEO, "wan2.2-i2v-flash", "img_url must be set for image to video method"),
        (FRAMES, "wan2.2-kf2v-flash", "video frames must be set"),
        (VIDEO, "wan2.2-t2v-plus", "prompt must contain words"),
        (VIDEO, "wan3.0-video", "prompt must contain words"),
        (VIDEO, "wan2.7-i2v", "Field required: input.media"),
    ],
)
def test_an_empty_input_fails_in_the_words_that_were_seen(
    twin: Twin, path: str, model: str, message: str
) -> None:
    assert failure(twin, path, model, {}) == message


def test_a_model_with_media_does_not_see_img_url(twin: Twin) -> None:
    message = failure(twin, VIDEO, "wan2.7-i2v", {"img_url": PICTURE})
    assert message == "Field required: input.media"


@pytest.mark.parametrize(
    ("model", "content", "parameters", "word"),
    [
        ("wan2.6-i2v", {**TURTLE, "img_url": PICTURE}, {"shot_type": "banana"}, "shot_type"),
        ("wan2.7-t2v", TURTLE, {"ratio": "2:1"}, "ratio"),
        ("wan2.7-t2v", {}, {}, "prompt"),
        ("wan2.7-i2v", media("first_frame"), {"duration": -1}, "duration"),
        ("wan2.7-i2v", media("first_frame"), {"seed": -1}, "seed"),
        ("wan2.6-t2v", TURTLE, {"size": "16:9"}, "size"),
        ("wan2.6-r2v", {**TURTLE, "reference_urls": []}, {}, "reference_urls"),
        ("wan2.6-r2v", {**TURTLE, "reference_urls": [CLIP] * 4}, {}, "reference_video"),
        ("wan2.6-r2v", {**TURTLE, "reference_urls": PICTURE}, {}, "list"),
        ("wan3.0-video", media(*["reference_image"] * 11), {}, "reference_image"),
        ("wan3.0-video", media("first_frame", "reference_image"), {}, "combination"),
        ("happyhorse-1.1-i2v", media("first_frame", "last_frame"), {}, "combination"),
        ("wan2.7-i2v", media("first_clip"), {"duration": 2}, "first clip"),
    ],
)
def test_what_a_family_does_not_take_fails(
    twin: Twin, model: str, content: dict[str, Any], parameters: dict[str, Any], word: str
) -> None:
    assert word in failure(twin, VIDEO, model, content, **parameters)


def test_a_size_of_no_tier_is_noticed_late() -> None:
    twin = Twin()
    created = twin.ask(VIDEO, "wan2.2-t2v-plus", TURTLE, size="1280*720")
    task = created.json()["output"]["task_id"]
    states = []
    for _ in range(3):
        twin.service.advance(7)
        states.append(twin.status(task))
    assert states == ["PENDING", "RUNNING", "FAILED"]
    assert twin.query(task)["output"]["message"] == "The size is not match 1280*720"


def test_the_service_chooses_a_duration_where_it_is_asked_to(twin: Twin) -> None:
    chosen = {
        twin.outcome(VIDEO, "wan3.0-video", {"prompt": f"turtle {n}"}, duration=-1, seed=-1)[
            "usage"
        ]["output_video_duration"]
        for n in range(5)
    }
    assert len(chosen) > 1
    assert chosen <= set(range(2, 31))
    again = twin.outcome(VIDEO, "wan3.0-video", {"prompt": "turtle 0"}, duration=-1)
    assert again["usage"]["output_video_duration"] in chosen


def test_a_model_is_asked_at_its_own_path(twin: Twin) -> None:
    frames = {**TURTLE, "first_frame_url": PICTURE}
    refusals = [
        twin.ask(VIDEO, "wan2.2-kf2v-flash", frames),
        twin.ask(FRAMES, "wan2.2-i2v-flash", {**TURTLE, "img_url": PICTURE}),
        twin.ask(f"{AIGC}/text2image/image-synthesis", "wan2.6-t2i", TURTLE),
        twin.ask(VIDEO, "qwen-image", TURTLE),
    ]
    assert [(r.status_code, r.json()["code"]) for r in refusals] == [
        (400, "InvalidParameter"), (400, "InvalidParameter"), (400, "InvalidParameter"),
        (403, "AccessDenied"),
    ]  # fmt: skip
    assert refusals[0].json()["message"].startswith("url error, please check url！For details")
    assert "asynchronous" in refusals[3].json()["message"]
    slashes = twin.ask(f"/api/v1//services/aigc{VIDEO.removeprefix(AIGC)}/", "wan2.6-t2v", TURTLE)
    assert slashes.status_code == 200


def test_voices_and_fields_that_nobody_knows_are_passed_over(twin: Twin) -> None:
    content = media("reference_image", "reference_video")
    content["media"][0]["reference_voice"] = SOUND
    answer = twin.outcome(VIDEO, "wan2.7-r2v", content, anything=[1])
    assert answer["usage"]["input_video_duration"] == 5
    assert answer["usage"]["duration"] == 10


def test_reference_urls_have_an_older_name(twin: Twin) -> None:
    content = {**TURTLE, "reference_video_urls": [CLIP]}
    answer = twin.outcome(VIDEO, "wan2.6-r2v", content, duration=4)
    assert answer["usage"]["input_video_duration"] == 5


def test_a_first_clip_at_an_address_fits_the_usual_duration(twin: Twin) -> None:
    answer = twin.outcome(VIDEO, "wan2.7-i2v", media("first_clip"), duration=5)
    assert answer["output"]["task_status"] == "SUCCEEDED"


def test_input_seconds_are_charged_where_the_model_counts_them(twin: Twin) -> None:
    twin.outcome(VIDEO, "wan3.0-video", media("reference_video"), resolution="480P", duration=4)
    twin.outcome(VIDEO, "wan2.7-i2v", media("first_clip"), resolution="720P", duration=10)
    rows = twin.ledger()["submissions"]
    assert [row["amount"] for row in rows] == ["2.7", "6"]  # (4 + 5) x 0.30, and 10 x 0.60


def test_a_watermark_is_there_by_default_where_the_model_says_so(twin: Twin) -> None:
    for model in ("happyhorse-1.1-i2v", "wan2.7-i2v"):
        twin.ask(VIDEO, model, media("first_frame"))
    marks = [task.request.watermark for task, _ in twin.service.tasks.all()]
    assert marks == [True, False]
