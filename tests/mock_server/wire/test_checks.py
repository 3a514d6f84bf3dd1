"""How strictly a request is taken, and what is noted of it: strict, usual and lenient."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from mock_server.testing import MockAccount
from tests.mock_server.test_forms import CLIP, FRAMES, PICTURE, TURTLE, VIDEO, media
from tests.support.emulator import ASYNC, Twin
from wanx_render.backends.wire import create_body
from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import packaged
from wanx_render.geometry import Size
from wanx_render.task import InputMedia, Reference, TaskRequest

FIRST = {**TURTLE, "img_url": PICTURE}
FLASH, SEVEN, THREE = "wan2.6-i2v-flash", "wan2.7-i2v", "wan3.0-video"
# Model, input, parameters, the field that is noted, and which checks refuse it.
ALL, DOCUMENTED, STRICT = ("strict", "usual", "lenient"), ("strict", "usual"), ("strict",)
DIFFERENT: list[tuple[str, dict[str, Any], dict[str, Any], str, tuple[str, ...]]] = [
    (FLASH, {"prompt": "p"}, {}, "input", ALL),
    (FLASH, {**FIRST, "prompt": "p" * 1501}, {}, "input.prompt", STRICT),
    (FLASH, {**FIRST, "negative_prompt": "p" * 501}, {}, "input.negative_prompt", STRICT),
    (FLASH, {**FIRST, "image_url": PICTURE}, {}, "input.image_url", STRICT),
    (FLASH, {**FIRST, "last_frame_url": PICTURE}, {}, "input.last_frame_url", STRICT),
    (FLASH, {**FIRST, "img_url": [PICTURE]}, {}, "input.img_url", DOCUMENTED),
    (FLASH, {**FIRST, "prompt": 7}, {}, "input.prompt", DOCUMENTED),
    (FLASH, FIRST, {"size": "1280*720"}, "parameters.size", STRICT),
    (FLASH, FIRST, {"n": 4}, "parameters.n", STRICT),
    (FLASH, FIRST, {"duration": "5"}, "parameters.duration", DOCUMENTED),
    (FLASH, FIRST, {"duration": 16}, "parameters.duration", DOCUMENTED),
    (FLASH, FIRST, {"duration": 5.5}, "parameters.duration", DOCUMENTED),
    (FLASH, FIRST, {"duration": True}, "parameters.duration", DOCUMENTED),
    (FLASH, FIRST, {"resolution": "720p"}, "parameters.resolution", DOCUMENTED),
    (FLASH, FIRST, {"resolution": 720}, "parameters.resolution", DOCUMENTED),
    (FLASH, FIRST, {"shot_type": "banana"}, "parameters.shot_type", DOCUMENTED),
    (FLASH, FIRST, {"watermark": "false"}, "parameters.watermark", DOCUMENTED),
    (FLASH, FIRST, {"prompt_extend": 1}, "parameters.prompt_extend", DOCUMENTED),
    (FLASH, FIRST, {"seed": 2**31}, "parameters.seed", DOCUMENTED),
    (FLASH, FIRST, {"seed": "7"}, "parameters.seed", DOCUMENTED),
    (FLASH, {**FIRST, "template": "banana"}, {}, "input.template", DOCUMENTED),
    ("wan2.5-i2v-preview", FIRST, {"shot_type": "multi"}, "parameters.shot_type", STRICT),
    ("wan2.2-i2v-flash", {**FIRST, "audio_url": CLIP}, {}, "input.audio_url", STRICT),
    ("wan2.2-i2v-flash", FIRST, {"audio": True}, "parameters.audio", STRICT),
    (SEVEN, media("first_frame", "first_frame"), {}, "input.media", DOCUMENTED),
    (SEVEN, media("first_frame", "banana"), {}, "input.media", DOCUMENTED),
    (SEVEN, media("first_clip", "first_frame"), {}, "input", DOCUMENTED),
    (SEVEN, media("last_frame"), {}, "input", DOCUMENTED),
    (SEVEN, media("driving_audio"), {}, "input", DOCUMENTED),
    (SEVEN, {**TURTLE, "media": "banana"}, {}, "input.media", ALL),
    (SEVEN, {**TURTLE, "img_url": PICTURE}, {}, "input", ALL),
    (SEVEN, {**media("first_frame"), "img_url": PICTURE}, {}, "input.img_url", STRICT),
    (SEVEN, media("first_frame"), {"ratio": "16:9"}, "parameters.ratio", STRICT),
    (SEVEN, media("first_frame"), {"shot_type": "multi"}, "parameters.shot_type", STRICT),
    (THREE, TURTLE, {"ratio": "2:1"}, "parameters.ratio", DOCUMENTED),
    (THREE, media("first_frame", "reference_image"), {}, "input", DOCUMENTED),
    (THREE, media("last_frame"), {}, "input", DOCUMENTED),
    (THREE, media(*["reference_image"] * 11), {}, "input", DOCUMENTED),
    ("wan2.7-t2v", {**TURTLE, **media("first_frame")}, {}, "input.media", STRICT),
    ("wan2.6-t2v", TURTLE, {"resolution": "720P"}, "parameters.resolution", STRICT),
    ("wan2.2-t2v-plus", TURTLE, {"size": "1280*720"}, "parameters.size", ALL),
    ("happyhorse-1.0-i2v", media("first_frame"), {"prompt_extend": True},
     "parameters.prompt_extend", STRICT),
    ("happyhorse-1.1-i2v", {**media("first_frame"), "negative_prompt": "n"}, {},
     "input.negative_prompt", STRICT),
]  # fmt: skip


def notes(twin: Twin) -> list[dict[str, str]]:
    """What the request log notes of the last request."""
    entries = twin.call("GET", "/_mock/requests?operation=create").json()["requests"]
    return list(entries[-1]["notes"])


@pytest.fixture(scope="module")
def twins() -> dict[str, Twin]:
    return {checks: Twin(clock="auto", checks=checks) for checks in ALL}


@pytest.mark.parametrize(("model", "content", "parameters", "field", "refusing"), DIFFERENT)
def test_what_differs_is_refused_as_strictly_as_is_asked_for(
    twins: dict[str, Twin],
    model: str,
    content: dict[str, Any],
    parameters: dict[str, Any],
    field: str,
    refusing: tuple[str, ...],
) -> None:
    for checks, twin in twins.items():
        output = twin.outcome(VIDEO, model, content, **parameters)["output"]
        expected = "FAILED" if checks in refusing else "SUCCEEDED"
        assert output["task_status"] == expected, (checks, output)
        assert field in {note["field"] for note in notes(twin)}, checks


def test_a_note_has_its_field_words_and_source(twins: dict[str, Twin]) -> None:
    twins["usual"].ask(VIDEO, FLASH, {**FIRST, "banana": 1}, duration=16)
    assert notes(twins["usual"]) == [
        {
            "field": "parameters.duration", "message": "duration 16 is not supported.",
            "rests_on": "official text: official references of the model families, 2025 and 2026",
        },
        {
            "field": "input.banana", "message": "banana is in no document of the model.",
            "rests_on": "captured: requests of the official Python SDK 2.0.2 and 1.25.8, captured"
            " on loopback",
        },
    ]  # fmt: skip


def test_strict_and_at_once_is_400() -> None:
    twin = Twin(checks="strict", refuse="at-once")
    answer = twin.ask(VIDEO, FLASH, {**FIRST, "banana": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")
    assert "banana" in answer.json()["message"]
    assert twin.ledger()["submissions"] == []


def test_base64_that_is_no_data_uri_is_taken_by_lenient_checks_alone(
    twins: dict[str, Twin], picture: Callable[..., Path]
) -> None:
    bare = base64.b64encode(picture("a.png").read_bytes()).decode()
    for checks, twin in twins.items():
        output = twin.outcome(VIDEO, FLASH, {**TURTLE, "img_url": bare})["output"]
        is_lenient = checks == "lenient"
        assert output["task_status"] == ("SUCCEEDED" if is_lenient else "FAILED"), checks
        assert is_lenient or output["message"].startswith("url error, please check url！")
        assert notes(twin)
    output = twins["lenient"].outcome(VIDEO, FLASH, {**TURTLE, "img_url": "banana"})["output"]
    assert output["task_status"] == "FAILED"


def test_limits_of_pictures_that_nobody_saw_enforced_are_lenient(
    twins: dict[str, Twin], picture: Callable[..., Path]
) -> None:
    def status(checks: str, size: tuple[int, int]) -> str:
        data = base64.b64encode(picture("a.png", size=size).read_bytes()).decode()
        content = {**TURTLE, "img_url": f"data:image/png;base64,{data}"}
        return str(twins[checks].outcome(VIDEO, FLASH, content)["output"]["task_status"])

    assert [status(checks, (8100, 300)) for checks in ALL] == ["FAILED", "FAILED", "SUCCEEDED"]
    assert [status(checks, (8100, 200)) for checks in ALL] == ["FAILED"] * 3


def test_wan3_takes_a_file_and_r2v_a_voice_without_a_note(twins: dict[str, Twin]) -> None:
    document = {"type": "file", "url": "https://example.com/a.pdf"}
    content = {**TURTLE, "media": [*media("reference_image")["media"], document]}
    output = twins["strict"].outcome(VIDEO, THREE, content)["output"]
    assert (output["task_status"], notes(twins["strict"])) == ("SUCCEEDED", [])
    voiced = [{"type": "reference_image", "url": PICTURE, "reference_voice": "https://a.example/b"}]
    output = twins["strict"].outcome(VIDEO, "wan2.7-r2v", {**TURTLE, "media": voiced})["output"]
    assert (output["task_status"], notes(twins["strict"])) == ("SUCCEEDED", [])


HERE = [model for model in packaged().models.values() if "beijing" in model.region_names.value]


@pytest.mark.parametrize("model", HERE, ids=[model.name for model in HERE])
def test_nothing_is_noted_of_what_wanx_render_sends(twins: dict[str, Twin], model: Model) -> None:
    catalog = packaged()
    body = create_body(_request(model), catalog, lambda _: PICTURE)
    path = catalog.form(model).path
    headers = {**ASYNC, "Content-Type": "application/json"}
    answer = twins["strict"].call("POST", f"/api/v1{path}", headers=headers, json=body)
    assert answer.status_code == 200, answer.text
    assert notes(twins["strict"]) == []


def _request(model: Model) -> TaskRequest:
    """A usual request to a model, with as much as it needs."""
    picture = InputMedia("x", url=PICTURE)
    needs = {role for role in model.combinations.value[0] if not role.endswith("?")}
    references = tuple(Reference("image", picture) for role in needs if role == "reference_image")
    tier = model.tiers.value[0]
    sizes = model.sizes.value[tier] if model.sizes else ()
    takes_size = "size" in packaged().parameters(model)
    return TaskRequest(
        model=model.name, region="beijing",
        image=picture if "first_frame" in needs else None,
        last_image=picture if "last_frame" in needs else None,
        prompt="a turtle", negative_prompt="", template=None, resolution=tier,
        duration=model.durations.value[0],
        sound="none" if model.sound.value == "none" else "auto", sound_file=None,
        prompt_extend=True, watermark=False, seed=1, references=references,
        size=Size(*map(int, sizes[0].split("x"))) if takes_size else None,
        ratio=model.ratios.value[0] if model.ratios else "",
        shot_type=model.shot_types.value[0] if model.shot_types else "",
    )  # fmt: skip


def test_the_frames_of_two_addresses_are_checked_as_well(twins: dict[str, Twin]) -> None:
    frames = {**TURTLE, "first_frame_url": PICTURE, "last_frame_url": PICTURE}
    output = twins["strict"].outcome(FRAMES, "wan2.2-kf2v-flash", frames)["output"]
    assert (output["task_status"], notes(twins["strict"])) == ("SUCCEEDED", [])


def test_a_test_can_demand_that_requests_are_as_documented(wanx_mock: MockAccount) -> None:
    url = f"{wanx_mock.base_url}/services/aigc/video-generation/video-synthesis"
    headers = {**ASYNC, "Authorization": f"Bearer {wanx_mock.key}"}
    body: dict[str, Any] = {"model": FLASH, "input": FIRST, "parameters": {}}
    httpx.post(url, headers=headers, json=body, trust_env=False)
    wanx_mock.assert_as_documented()
    httpx.post(url, headers=headers, json={**body, "parameters": {"banana": 1}}, trust_env=False)
    with pytest.raises(AssertionError, match=r"parameters\.banana"):
        wanx_mock.assert_as_documented()


def test_a_body_that_does_not_say_that_it_is_json_is_noted(twins: dict[str, Twin]) -> None:
    content = json.dumps({"model": FLASH, "input": FIRST, "parameters": {}})
    for checks, twin in twins.items():
        headers = {**ASYNC, "Content-Type": "text/plain"}
        answer = twin.call("POST", VIDEO, headers=headers, content=content)
        assert answer.status_code == (400 if checks == "strict" else 200)
        assert [note["field"] for note in notes(twin)] == ["headers.content-type"]
