"""The document of the live page, and the faults that it adds and removes."""

from typing import Any

from mock_server.service.clips import TINY
from tests.support.emulator import ASYNC, Twin


def overview(twin: Twin, **query: str) -> dict[str, Any]:
    return dict(twin.call("GET", "/_mock/overview", params=query).json())


def lines(twin: Twin) -> list[tuple[str, int]]:
    faults = twin.call("GET", "/_mock/faults").json()["faults"]
    return [(fault["on"], fault["struck"]) for fault in faults]


def test_it_has_the_money_of_each_account_and_the_tasks_of_one() -> None:
    twin = Twin()
    for _ in range(2):
        twin.task("a cat")
    twin.task("a dog", headers={**ASYNC, "Authorization": "Bearer sk-mock-b"})
    twin.service.advance(400)
    twin.service.advance(60, "b")
    document = overview(twin, account="b")
    first, second = document["accounts"]
    assert (first["name"], first["tasks"], first["amounts"]) == ("a", 2, {"CNY": "1.44"})
    assert (first["paid_twice"], second["paid_twice"]) == (1, 0)
    assert (second["ahead"], second["succeeded"], second["going"]) == (60, 1, 0)
    (task,) = document["tasks"]
    assert (task["prompt"], task["amount"], task["seconds"]) == ("a dog", "0.72", 3)
    assert [entry["account"] for entry in document["requests"]] == ["b"]
    assert "body" not in document["requests"][0]


def test_a_page_that_has_it_is_answered_with_the_time_alone() -> None:
    twin = Twin()
    twin.task()
    tag = overview(twin)["tag"]
    twin.service.advance(0)
    assert [*overview(twin, have=tag)] == ["now", "tag"]
    twin.service.advance(400)
    assert overview(twin, have=tag)["tasks"][0]["status"] == "SUCCEEDED"


def test_a_request_has_its_body_alone() -> None:
    twin = Twin()
    twin.task("a cat")
    entry = twin.call("GET", "/_mock/requests/1").json()
    assert entry["body"]["input"]["prompt"] == "a cat"
    assert twin.call("GET", "/_mock/requests/2").status_code == 404


def test_the_clip_of_the_page_is_in_no_log_and_no_fault_strikes_it() -> None:
    twin = Twin("on=any effect=error", "on=result effect=truncated")
    twin.call("DELETE", "/_mock/faults?place=0")
    task = twin.task()
    twin.service.advance(400)
    assert overview(twin)["tasks"][0]["made"] is False
    clip = twin.call("GET", f"/_mock/clips/{task}.mp4", headers={"Range": "bytes=4-7"})
    assert (clip.status_code, clip.content) == (206, b"ftyp")
    assert overview(twin)["tasks"][0]["made"] is True
    assert [entry["operation"] for entry in overview(twin)["requests"]] == ["create"]
    for name in ("none.mp4", f"{task}/1.png"):
        assert twin.call("GET", f"/_mock/clips/{name}").status_code == 404


def test_a_clip_has_the_size_that_its_scenario_says() -> None:
    twin = Twin(clips=TINY)
    twin.call("PUT", "/_mock/scenarios", json=[{"words": "a cat", "size": "720x1280"}])
    task = twin.task("a cat")
    twin.service.advance(400)
    url = twin.query(task)["output"]["video_url"]
    clip = twin.call("GET", url).content
    assert overview(twin)["tasks"][0]["made"] is True
    assert twin.call("GET", f"/_mock/clips/{task}.mp4").content == clip


def test_a_task_whose_price_no_source_knows_says_so() -> None:
    twin = Twin()
    path, model = "/api/v1/services/aigc/text2image/image-synthesis", "wan2.2-t2i-flash"
    assert twin.ask(path, model, {"prompt": "a flower"}).status_code == 200
    twin.task()
    assert [task["price_known"] for task in overview(twin)["tasks"]] == [False, True]


def test_one_fault_is_removed_and_the_others_go_on_counting() -> None:
    twin = Twin("on=create nth=1 status=503", "on=list status=503", "on=query status=503")
    twin.create()
    twin.call("GET", "/api/v1/tasks")
    answer = twin.call("DELETE", "/_mock/faults?place=1")
    assert [fault["on"] for fault in answer.json()["faults"]] == ["create", "query"]
    assert lines(twin) == [("create", 1), ("query", 0)]
    for place in ("2", "-1", "x", "9" * 9):
        assert twin.call("DELETE", f"/_mock/faults?place={place}").status_code == 404
    assert len(lines(twin)) == 2


def test_a_fault_that_is_added_again_strikes_again() -> None:
    twin = Twin()
    fault = ["on=create nth=1 status=503"]
    for _ in range(2):
        twin.call("POST", "/_mock/faults", json=fault)
        assert [twin.create().status_code for _ in range(2)] == [503, 200]
    assert lines(twin) == [("create", 1)]


def test_faults_without_an_account_get_that_of_the_call() -> None:
    twin = Twin()
    plan = ["on=create status=503", "account=b on=list status=503", "flaky"]
    faults = twin.call("POST", "/_mock/faults?account=a", json=plan).json()["faults"]
    assert {fault["account"] for fault in faults} == {"a", "b"}
    assert faults[1]["account"] == "b"
    assert twin.call("DELETE", "/_mock/faults?account=a").json()["faults"] == [faults[1]]
