"""Models that make pictures: both forms, several at once, their files and what they cost."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.support.emulator import KEY, Twin

WORDS = "/api/v1/services/aigc/text2image/image-synthesis"
MESSAGES = "/api/v1/services/aigc/image-generation/generation"
TALK = {"messages": [{"role": "user", "content": [{"text": "a cat"}]}]}


@pytest.fixture
def twin() -> Twin:
    return Twin(clock="auto")


def success(twin: Twin, path: str, model: str, content: Any, **parameters: Any) -> dict[str, Any]:
    answer = twin.outcome(path, model, content, **parameters)
    assert answer["output"]["task_status"] == "SUCCEEDED"
    return answer


def opened(twin: Twin, url: str) -> Image.Image:
    answer = twin.call("GET", url, headers={})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    return Image.open(io.BytesIO(answer.content))


def test_several_pictures_come_as_results(twin: Twin) -> None:
    size = {"size": "768*1152", "n": 2}
    answer = success(twin, WORDS, "wan2.2-t2i-flash", {"prompt": "a cat"}, **size)
    output = answer["output"]
    assert output["task_metrics"] == {"TOTAL": 2, "SUCCEEDED": 2, "FAILED": 0}
    assert answer["usage"] == {"image_count": 2}
    assert "video_url" not in output
    assert [result["orig_prompt"] for result in output["results"]] == ["a cat", "a cat"]
    pictures = [opened(twin, result["url"]) for result in output["results"]]
    assert [picture.size for picture in pictures] == [(768, 1152)] * 2
    assert pictures[0].tobytes() != pictures[1].tobytes()
    third = output["results"][0]["url"].replace("/a/1/", "/a/3/")
    assert twin.call("GET", third, headers={}).status_code == 403
    price = twin.service.catalog.price_per_picture("wan2.2-t2i-flash", "beijing")
    row = twin.ledger()["submissions"][0]
    assert row["price_known"] is (price is not None)
    assert row["amount"] == (f"{price[0] * 2:.4f}".rstrip("0").rstrip(".") if price else "0")


def test_a_conversation_is_answered_by_choices(twin: Twin) -> None:
    answer = success(twin, MESSAGES, "wan2.6-t2i", TALK, size="1280*1280")
    (choice,) = answer["output"]["choices"]
    (part,) = choice["message"]["content"]
    assert part["type"] == "image"
    assert opened(twin, part["image"]).size == (1280, 1280)


def test_without_a_size_the_usual_one_is_made(twin: Twin) -> None:
    first = success(twin, WORDS, "qwen-image", {"prompt": "a cat"})["output"]["results"][0]
    assert opened(twin, first["url"]).size == (1328, 1328)


@pytest.mark.parametrize(
    ("path", "model", "content", "parameters", "message"),
    [
        (WORDS, "wan2.2-t2i-flash", {}, {}, "input.prompt should not be null"),
        (MESSAGES, "wan2.6-t2i", {"messages": []}, {}, "input.prompt should not be null"),
        (WORDS, "qwen-image", {"prompt": "x"}, {"size": "1024*1024"},
         "The size does not match the allowed size 1328*1328, 1664*928"),
        (MESSAGES, "wan2.7-image", {**TALK}, {"size": "256*256"},
         "Image area must be between 262144 and 4194304"),
        (WORDS, "wan2.2-t2i-flash", {"prompt": "x"}, {"n": 9}, "n must be"),
    ],
)  # fmt: skip
def test_flaws_of_pictures_are_refused_at_once(
    twin: Twin, path: str, model: str, content: Any, parameters: dict[str, Any], message: str
) -> None:
    answer = twin.ask(path, model, content, **parameters)
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")
    assert answer.json()["message"].startswith(message)
    assert twin.ledger()["submissions"] == []


def test_the_list_and_a_snapshot_have_pictures_too(twin: Twin) -> None:
    success(twin, WORDS, "wan2.2-t2i-flash", {"prompt": "a cat"}, n=2)
    row = twin.call("GET", "/api/v1/tasks", headers=KEY).json()["data"][0]
    assert row["model_name"] == "wan2.2-t2i-flash"
    assert row["user_api_unique_key"].endswith("text2image:image-synthesis:wan2.2-t2i-flash")
    state = twin.call("GET", "/_mock/state").json()
    other = Twin(clock="auto")
    assert other.call("PUT", "/_mock/state", json=state).status_code == 200
    assert other.query(row["task_id"])["usage"] == {"image_count": 2}


def test_a_fault_can_name_another_host_for_pictures_too() -> None:
    twin = Twin("on=query effect=change host=elsewhere.example.com", clock="auto")
    results = success(twin, WORDS, "wan2.2-t2i-flash", {"prompt": "a cat"})["output"]["results"]
    (choice,) = success(twin, MESSAGES, "wan2.6-t2i", TALK, n=1)["output"]["choices"]
    (part,) = choice["message"]["content"]
    for url in (results[0]["url"], part["image"]):
        assert url.startswith("https://elsewhere.example.com/results/a/1/")
