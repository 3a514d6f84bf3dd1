"""The emulator's surface: what each call answers, to the letter of the documents."""

import base64
import hashlib
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.emulator import (
    ASYNC,
    BODY,
    CREATE,
    KEY,
    RESOLVING,
    Twin,
    body,
    picture_uri,
    serving,
)
from tests.support.media import facts
from wanx_render.catalog.capabilities import packaged
from wanx_render.catalog.user_file import with_user_file


@pytest.fixture
def twin() -> Twin:
    return Twin()


def test_a_task_is_created_queried_and_its_clip_fetched(twin: Twin, tmp_path: Path) -> None:
    created = twin.call("POST", CREATE, headers=ASYNC, json=BODY)
    assert created.status_code == 200
    output = created.json()["output"]
    assert output["task_status"] == "PENDING"
    twin.service.advance(400)
    state = twin.query(output["task_id"])
    assert state["output"]["task_status"] == "SUCCEEDED"
    assert state["output"]["orig_prompt"] == "一只猫在草地上奔跑"
    assert state["output"]["submit_time"] == "2026-01-01 08:00:00.000"
    assert state["usage"] == {"video_duration": 3, "video_ratio": "standard", "video_count": 1}
    answer = twin.call("GET", state["output"]["video_url"], headers={})
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(answer.content)
    probe = facts(clip)
    assert (probe.width, probe.height, probe.frames) == (832, 464, 90)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert base64.b64decode(answer.headers["content-md5"]) == hashlib.md5(answer.content).digest()


REFUSED: list[tuple[dict[str, str], Any, int, str]] = [
    ({}, BODY, 401, "InvalidApiKey"),
    ({"Authorization": "Bearer sk-real"}, BODY, 401, "InvalidApiKey"),
    ({"Authorization": "Bearer sk-mock-"}, BODY, 401, "InvalidApiKey"),
    ({"Authorization": "Bearer sk-mock-a b"}, BODY, 401, "InvalidApiKey"),
    (KEY, BODY, 403, "AccessDenied"),
    (ASYNC, {**BODY, "model": "wan9"}, 404, "InvalidParameter"),
    (ASYNC, {**BODY, "model": "wan2.1-i2v-turbo"}, 404, "InvalidParameter"),
    (ASYNC, {**BODY, "model": ""}, 400, "BadRequest.EmptyModel"),
    (ASYNC, {**BODY, "input": None}, 400, "BadRequest.EmptyInput"),
    (ASYNC, ["a"], 400, "InvalidParameter"),
]


@pytest.mark.parametrize(("headers", "content", "status", "code"), REFUSED)
def test_refusals_have_the_service_s_form(
    twin: Twin, headers: dict[str, str], content: Any, status: int, code: str
) -> None:
    answer = twin.call("POST", CREATE, headers=headers, json=content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message", "request_id"}
    assert answer.headers["content-type"] == "application/json"
    assert twin.ledger()["submissions"] == []


FLAWS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"duration": 9}, "InvalidParameter"),
    ({}, {"resolution": "4K"}, "InvalidParameter"),
    ({}, {"resolution": 720}, "InvalidParameter"),
    ({}, {"seed": -5}, "InvalidParameter"),
    ({}, {"prompt_extend": "yes"}, "InvalidParameter"),
    ({"template": "flaying"}, {}, "InvalidParameter"),
    ({"img_url": None}, {}, "InvalidParameter"),
    ({"img_url": "ftp://host/a.png"}, {}, "InvalidParameter"),
    ({"img_url": "data:image/png;base64,AAAA"}, {}, "InvalidParameter"),
    ({"prompt": 5}, {}, "InvalidParameter"),
]


@pytest.mark.parametrize(("inputs", "parameters", "code"), FLAWS)
def test_a_flaw_shows_later_or_at_once(
    inputs: dict[str, Any], parameters: dict[str, Any], code: str
) -> None:
    content = {**BODY, "input": {**BODY["input"], **inputs}, "parameters": parameters}
    at_once = Twin(refuse="at-once").create(json=content)
    assert (at_once.status_code, at_once.json()["code"]) == (400, code)
    twin = Twin()
    task = twin.task(json=content)
    twin.service.advance(1)
    output = twin.query(task)["output"]
    assert (output["task_status"], output["code"]) == ("FAILED", code)
    assert output["message"]
    assert twin.ledger()["totals"]["amounts"] == {"CNY": "0.00"}


def test_small_pictures_are_a_flaw(twin: Twin, picture: Callable[..., Path]) -> None:
    uri = picture_uri(picture("small.png", (100, 100)))
    task = twin.task(json={**BODY, "input": {"img_url": uri}})
    twin.service.advance(1)
    assert twin.query(task)["output"]["code"] == "InvalidImage.ImageSize"


def test_unknown_fields_null_prompts_and_floats_are_passed_over(twin: Twin) -> None:
    inputs = {
        "prompt": None, "extend_prompt": True, "function": "video-synthesis", "extra": [1],
        "img_url": "https://example.com/a.png",
    }  # fmt: skip
    content = {"model": BODY["model"], "input": inputs, "parameters": {"duration": 4.0, "x": {}}}
    task = twin.task(json=content)
    twin.service.advance(400)
    assert twin.query(task)["usage"]["video_duration"] == 4
    for parameters in ({}, None):
        twin.task(json={**content, "parameters": parameters})
    twin.task(json={"model": BODY["model"], "input": inputs})


def test_a_task_can_be_cancelled_while_it_waits_only(twin: Twin) -> None:
    task = twin.task()
    url = f"/api/v1/tasks/{task}"
    assert twin.call("POST", f"{url}/cancel").status_code == 200
    assert twin.status(task) == "CANCELED"
    again = twin.call("POST", f"{url}/cancel")
    assert (again.status_code, again.json()["code"]) == (400, "UnsupportedOperation")
    other = twin.task()
    assert twin.call("GET", f"/api/v1/tasks/{other}/cancel/").status_code == 200


def test_an_unknown_task_is_an_answer_and_no_error(twin: Twin) -> None:
    answer = twin.call("GET", "/api/v1/tasks/nothing")
    assert answer.status_code == 200
    assert answer.json()["output"]["task_status"] == "UNKNOWN"


def test_accounts_and_regions_never_meet(twin: Twin) -> None:
    task = twin.task()
    for key in ("sk-mock-b", "sk-mock-intl-a"):
        state = twin.query(task, headers={"Authorization": f"Bearer {key}"})
        assert state["output"]["task_status"] == "UNKNOWN"
    intl = {"Authorization": "Bearer sk-mock-intl-a"}
    for url, headers, status in (
        ("/singapore/api/v1/tasks", KEY, 401),
        ("/singapore/api/v1/tasks", intl, 200),
        ("/beijing/api/v1/tasks", intl, 401),
        ("/beijing/api/v1/tasks", KEY, 200),
        ("/api/v1/tasks/", intl, 200),
    ):
        assert twin.call("GET", url, headers=headers).status_code == status
    content = {**BODY, "model": "wan2.1-i2v-turbo"}
    twin.task(headers={**ASYNC, **intl}, json=content)
    rows = twin.ledger()["submissions"]
    assert {row["account"]: row["currency"] for row in rows} == {"a": "CNY", "intl-a": "USD"}


def test_every_region_has_accounts_and_an_address(twin: Twin) -> None:
    for region in ("beijing", "singapore", "virginia", "frankfurt", "tokyo", "hongkong"):
        key = {"Authorization": f"Bearer sk-mock-{region}-a"}
        assert twin.call("GET", f"/{region}/api/v1/tasks", headers=key).status_code == 200
        other = "tokyo" if region != "tokyo" else "beijing"
        assert twin.call("GET", f"/{other}/api/v1/tasks", headers=key).status_code == 401


def test_a_region_of_a_catalog_file_has_them_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "regions: {sydney: {code: ap-southeast-2, currency: USD}}\n"
        "models: {wan2.2-i2v-flash: {region_names: {sydney: wan2.2-i2v-flash}}}\n"
    )
    twin = Twin(catalog=with_user_file(packaged(), file))
    key = {**ASYNC, "Authorization": "Bearer sk-mock-sydney-a"}
    twin.task(headers=key, json={**BODY, "model": "wan2.2-i2v-flash"})
    (row,) = twin.ledger()["submissions"]
    assert (row["account"], row["currency"]) == ("sydney-a", "USD")
    assert twin.call("GET", "/sydney/api/v1/tasks", headers=key).json()["total"] == 1
    assert twin.call("GET", "/beijing/api/v1/tasks", headers=key).status_code == 401


def test_the_hosts_of_workspaces_are_the_api_s_and_no_more(twin: Twin) -> None:
    host = {"Host": "llm-abc123.cn-beijing.maas.aliyuncs.com"}
    assert twin.call("GET", "/api/v1/tasks", headers={**KEY, **host}).status_code == 200
    for path, name in (
        ("/_mock/ledger", host["Host"]),
        ("/api/v1/tasks", "evil-aliyuncs.com"),
        ("/api/v1/tasks", "a.aliyuncs.com.evil.example"),
    ):
        assert twin.call("GET", path, headers={**KEY, "Host": name}).status_code == 421


def test_tasks_wait_for_a_slot(twin: Twin) -> None:
    tasks = [twin.task(f"cat {number}") for number in range(4)]
    twin.service.advance(20)
    assert [twin.status(task) for task in tasks] == ["RUNNING", "RUNNING", "PENDING", "PENDING"]


def test_calls_are_limited_where_time_passes() -> None:
    twin = Twin(limits=True)
    answers = [twin.create(f"cat {number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "Throttling.RateQuota"
    codes = [twin.call("GET", "/api/v1/tasks/x").status_code for _ in range(21)]
    assert codes == [200] * 20 + [429]
    twin.service.advance(1)
    assert twin.create().status_code == 200


def test_results_are_signed_ranged_and_expire(twin: Twin) -> None:
    task = twin.task()
    twin.service.advance(400)
    url = twin.query(task)["output"]["video_url"]
    whole = twin.call("GET", url, headers={})
    assert whole.headers["etag"]
    part = twin.call("GET", url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    assert twin.call("GET", url, headers={"Range": "bytes=-10"}).content == whole.content[-10:]
    same = twin.call("GET", url, headers={"If-None-Match": whole.headers["etag"]})
    assert same.status_code == 304
    forged = twin.call("GET", re.sub("Expires=.", "Expires=9", url), headers={})
    assert (forged.status_code, forged.headers["content-type"]) == (403, "application/xml")
    twin.service.advance(86_400)
    late = twin.call("GET", url, headers={})
    assert late.status_code == 403
    assert "<Code>AccessDenied</Code>" in late.text
    assert twin.status(task) == "UNKNOWN"


def upload(twin: Twin, path: Path, model: str = BODY["model"], key: str = "") -> httpx.Response:
    query = {"action": "getPolicy", "model": model}
    data = twin.call("GET", "/api/v1/uploads", params=query).json()["data"]
    twin.key = key or f"{data['upload_dir']}/{path.name}"  # type: ignore[attr-defined]
    form = {
        "OSSAccessKeyId": data["oss_access_key_id"],
        "Signature": data["signature"],
        "policy": data["policy"],
        "key": twin.key,  # type: ignore[attr-defined]
        "x-oss-object-acl": data["x_oss_object_acl"],
        "x-oss-forbid-overwrite": data["x_oss_forbid_overwrite"],
        "success_action_status": "200",
    }
    twin.service.advance(getattr(twin, "late", 0))
    file = {"file": (path.name, path.read_bytes())}
    return twin.call("POST", data["upload_host"], headers={}, data=form, files=file)


def test_an_uploaded_picture_is_used_by_its_owner_and_model(
    twin: Twin, picture: Callable[..., Path]
) -> None:
    answer = upload(twin, picture("帧.png"))
    assert (answer.status_code, answer.content) == (200, b"")
    url = f"oss://{twin.key}"  # type: ignore[attr-defined]
    content = {**BODY, "input": {**BODY["input"], "img_url": url}}
    refused = twin.create(json=content)
    assert (refused.status_code, refused.json()["code"]) == (
        400,
        "InvalidParameter.DataInspection",
    )
    other = {**RESOLVING, "Authorization": "Bearer sk-mock-b"}
    good = twin.task(json=content, headers=RESOLVING)
    another_model = {**content, "model": "wan2.2-i2v-flash"}
    not_there = [
        twin.create(json=another_model, headers=RESOLVING),
        twin.create(json=content, headers=other),
    ]
    twin.service.advance(48 * 3600 + 1)
    not_there.append(twin.create(json=content, headers=RESOLVING))
    for answer in not_there:
        assert answer.status_code == 400
        assert answer.json()["code"] == "InvalidParameter.DataInspection"
        assert answer.json()["message"].startswith("Failed to find the requested media resource")
    assert [row["task_id"] for row in twin.ledger()["submissions"]] == [good]


def test_uploads_need_a_good_policy(twin: Twin, picture: Callable[..., Path]) -> None:
    path = picture("a.png")
    assert upload(twin, path, key="elsewhere/a.png").status_code == 403
    twin.late = 301  # type: ignore[attr-defined]
    late = upload(twin, path)
    assert (late.status_code, "Policy expired" in late.text) == (403, True)
    empty = twin.call("POST", "/oss", headers={}, content=b"")
    assert (empty.status_code, empty.headers["content-type"]) == (412, "application/xml")
    query = {"action": "getPolicy", "model": ""}
    assert twin.call("GET", "/api/v1/uploads", params=query).status_code == 400


def test_the_list_filters_and_pages(twin: Twin) -> None:
    tasks = [twin.task(f"cat {number}") for number in range(12)]
    twin.call("POST", f"/api/v1/tasks/{tasks[11]}/cancel")
    first = twin.call("GET", "/api/v1/tasks").json()
    assert (first["total"], first["total_page"], len(first["data"])) == (12, 2, 10)
    second = twin.call("GET", "/api/v1/tasks", params={"page_no": 2}).json()
    task_ids = [row["task_id"] for row in (*first["data"], *second["data"])]
    assert sorted(task_ids) == sorted(tasks)
    row = first["data"][0]
    assert row["gmt_create"] == 1767225600000
    assert row["region"] == "cn-beijing"
    assert "video_url" not in row
    for query, expected in (
        ({"status": "CANCELED"}, [tasks[11]]),
        ({"task_id": tasks[3]}, [tasks[3]]),
        ({"model_name": "wan2.5-i2v-preview"}, []),
        ({"start_time": "20260101080000", "end_time": "20260101080001"}, None),
        ({"start_time": "20251231000000", "end_time": "20251231235959"}, []),
    ):
        found = twin.call("GET", "/api/v1/tasks", params={**query, "page_size": 100}).json()
        ids = [row["task_id"] for row in found["data"]]
        assert len(ids) == 12 if expected is None else ids == expected
    for bad in ({"start_time": "x"}, {"page_size": "0"}, {"page_no": "-1"}, {"status": "DONE"}):
        assert twin.call("GET", "/api/v1/tasks", params=bad).status_code == 400
    twin.service.advance(86_401)
    assert twin.call("GET", "/api/v1/tasks").json()["total"] == 0


def test_other_paths_and_methods_have_the_error_form_too(twin: Twin) -> None:
    for method, url, status in (
        ("GET", "/", 200), ("GET", "/api/v2/tasks", 404), ("PUT", "/api/v1/tasks/x", 405),
        ("GET", CREATE, 405), ("GET", "/_mock/nothing", 404),
    ):  # fmt: skip
        answer = twin.call(method, url)
        assert answer.status_code == status
        if status >= 400:
            assert set(answer.json()) == {"code", "message", "request_id"}
            assert answer.headers["x-request-id"] == answer.json()["request_id"]


def test_the_id_of_a_request_is_in_a_header_too(twin: Twin) -> None:
    task, policy = twin.task(), "/api/v1/uploads?action=getPolicy&model=wan2.2-i2v-flash"
    for answer in (
        twin.create(),
        twin.create(headers=KEY),  # refused
        twin.call("GET", f"/api/v1/tasks/{task}"),
        twin.call("GET", "/api/v1/tasks"),
        twin.call("POST", f"/api/v1/tasks/{task}/cancel"),
        twin.call("GET", policy),
    ):
        assert answer.headers["x-request-id"] == answer.json()["request_id"]


MIB = 2**20
ITEM = "data:image/png;base64,"
SIZES: list[tuple[list[int], int, int]] = [  # of texts in Base64, of the rest; the status
    ([20 * MIB], 0, 200),
    ([20 * MIB + 1], 0, 413),
    ([20 * MIB], 2 * MIB, 413),  # 17 MiB decoded
    ([12 * MIB, 8 * MIB], 0, 200),
    ([12 * MIB, 10 * MIB], 0, 413),
    ([], 15 * MIB, 200),
    ([], 16 * MIB, 413),
]


@pytest.mark.parametrize(("items", "rest", "status"), SIZES)
def test_the_gateway_refuses_what_is_too_large(
    twin: Twin, items: list[int], rest: int, status: int
) -> None:
    uris = [f"{ITEM}{'A' * (length - len(ITEM))}" for length in items]
    answer = twin.create(json={**BODY, "unknown": [uris, " " * rest]})
    assert answer.status_code == status
    if status == 413:
        assert answer.json()["code"] == "BadRequest.TooLarge"
        assert twin.ledger()["submissions"] == []


def test_one_seed_gives_one_story_whatever_the_order() -> None:
    def story(order: int, seed: int = 7) -> dict[str, Any]:
        twin = Twin(seed=seed)
        prompts = [f"镜头 {number % 45}" for number in range(50)]  # some are asked for twice
        random.Random(order).shuffle(prompts)
        for prompt in prompts:
            twin.create(prompt)
        lives = [(task, task.ended - task.started) for task, _ in twin.service.tasks.all()]
        return {task.task_id: (task.request.prompt, length) for task, length in lives}

    assert story(1) == story(2)
    assert not story(1).keys() & story(1, seed=8).keys()


def test_equal_seeds_give_equal_clips_once_made() -> None:
    clips = []
    for _ in range(2):
        twin = Twin(seed=7, clips=None)
        urls = []
        for task in (twin.task(), twin.task()):
            twin.service.advance(400)
            urls.append(twin.query(task)["output"]["video_url"])
        clips += [twin.call("GET", url, headers={}).content for url in urls]
        files = [p for p in twin.service.shelf.folder.iterdir() if p.name.startswith("clip-")]
        assert len(files) == 1
    assert len(set(clips)) == 1


def test_servers_that_share_a_folder_make_a_clip_once(tmp_path: Path) -> None:
    folder = tmp_path / "kept" / "clips"
    stamps = []
    for _ in range(2):
        twin = Twin(clips=folder)
        task = twin.task()
        twin.service.advance(400)
        url = twin.query(task)["output"]["video_url"]
        assert twin.call("GET", url, headers={}).content
        twin.service.close()
        stamps.append([(path.name, path.stat().st_mtime_ns) for path in folder.iterdir()])
    assert len(stamps[0]) == 1
    assert stamps[0] == stamps[1]


def test_time_can_be_faster_set_or_jump_to_what_is_waited_for() -> None:
    auto = Twin(clock="auto")
    task = auto.task()
    assert [auto.status(task) for _ in range(3)] == ["PENDING", "RUNNING", "SUCCEEDED"]
    stuck = auto.task("[[mock: stuck]]")
    assert {auto.status(stuck) for _ in range(5)} == {"PENDING"}
    twin = Twin()
    moved = twin.call("POST", "/_mock/clock", json={"set": "2026-02-03T04:05:06Z"})
    assert moved.json()["now"] == "2026-02-03T04:05:06+00:00"
    answer = twin.call("GET", "/api/v1/tasks")
    assert answer.headers["date"] == "Tue, 03 Feb 2026 04:05:06 GMT"
    twin.call("POST", "/_mock/clock", json={"advance": 60, "account": "a"})
    assert (
        twin.call("GET", "/_mock/clock?account=b").json()["now"].startswith("2026-02-03T04:05:06")
    )
    back = twin.call("POST", "/_mock/clock", json={"set": "2026-01-01T00:00:00Z"})
    assert back.status_code == 400


def test_a_day_passes_in_a_moment(twin: Twin) -> None:
    task = twin.task()
    twin.call("POST", "/_mock/clock", json={"advance": 400})
    assert twin.status(task) == "SUCCEEDED"
    twin.call("POST", "/_mock/clock", json={"advance": 86_400})
    assert twin.status(task) == "UNKNOWN"
    assert twin.ledger()["submissions"][0]["status"] == "SUCCEEDED"


def test_the_ledger_shows_what_was_charged(twin: Twin) -> None:
    done, failed, waiting = twin.task("one"), twin.task("two [[mock: fail=X.Y]]"), ""
    twin.service.advance(400)
    waiting = twin.task("three")
    ledger = twin.ledger()
    rows = {row["task_id"]: (row["status"], row["amount"]) for row in ledger["submissions"]}
    assert rows == {
        done: ("SUCCEEDED", "0.72"),
        failed: ("FAILED", "0"),
        waiting: ("PENDING", "0"),
    }
    assert ledger["totals"] == {"submissions": 3, "succeeded": 1, "amounts": {"CNY": "0.72"}}
    assert ledger["submissions"][0]["prompt"] == "one"


def test_the_journal_keeps_requests_and_no_secrets(twin: Twin) -> None:
    twin.create(json=body("a cat", seed=1))
    twin.call("GET", "/api/v1/tasks", headers={"Authorization": "Bearer sk-very-secret"})
    text = twin.call("GET", "/_mock/requests").text
    assert "secret" not in text
    assert "sk-mock-a" not in text
    entries = twin.call("GET", "/_mock/requests?account=a&operation=create").json()["requests"]
    assert [entry["prompt"] for entry in entries] == ["a cat"]
    assert entries[0]["key"] == hashlib.sha256(b"sk-mock-a").hexdigest()[:12]


def test_a_snapshot_is_restored(twin: Twin) -> None:
    task = twin.task()
    snapshot = twin.call("GET", "/_mock/state").json()
    twin.service.advance(400)
    twin.task("another")
    assert twin.call("PUT", "/_mock/state", json=snapshot).status_code == 200
    assert twin.status(task) == "PENDING"
    assert len(twin.ledger()["submissions"]) == 1
    for bad in ({}, {"version": 1, "tasks": [{}]}, [1], {**snapshot, "clock": 5}):
        assert twin.call("PUT", "/_mock/state", json=bad).status_code == 400
    assert twin.status(task) == "PENDING"
    twin.call("POST", "/_mock/reset", json={"account": "a"})
    assert twin.status(task) == "UNKNOWN"


def test_a_task_can_be_put_into_any_state(twin: Twin) -> None:
    task = twin.task()
    for status in ("RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"):
        answer = twin.call("POST", f"/_mock/tasks/{task}", json={"status": status, "code": "A.B"})
        assert answer.status_code == 200
        assert twin.status(task) == status
    assert twin.call("POST", f"/_mock/tasks/{task}", json={"status": "x"}).status_code == 400


def test_a_killed_server_goes_on_from_its_file(
    tmp_path: Path, picture: Callable[..., Path]
) -> None:
    options = ("--state", str(tmp_path / "state.db"), "--clock", "manual")
    content = {**BODY, "input": {"img_url": picture_uri(picture("a.png")), "prompt": "kept"}}
    with serving(*options) as (origin, process), httpx.Client(trust_env=False) as client:
        task = client.post(origin + CREATE, headers=ASYNC, json=content).json()["output"]["task_id"]
        client.post(f"{origin}/_mock/clock", json={"advance": 400})
        process.kill()
        process.wait(20)
    with serving(*options) as (origin, _), httpx.Client(trust_env=False) as client:
        state = client.get(f"{origin}/api/v1/tasks/{task}", headers=KEY).json()
        assert state["output"]["task_status"] == "SUCCEEDED"
        clip = client.get(state["output"]["video_url"], timeout=60)
        assert clip.status_code == 200
        ledger = client.get(f"{origin}/_mock/ledger").json()
        assert [row["prompt"] for row in ledger["submissions"]] == ["kept"]


def test_it_says_where_it_is_and_turns_strangers_away() -> None:
    with serving() as (origin, _), httpx.Client(trust_env=False) as client:
        assert origin.startswith("http://127.0.0.1:")
        health = f"{origin}/_mock/health"
        assert client.get(health).json()["status"] == "ok"
        foreign = client.get(health, headers={"Host": "evil.example"})
        assert foreign.status_code == 421
        assert client.get(f"{origin}/nothing", headers={"Host": "x"}).status_code == 421
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert client.post(f"{origin}/_mock/reset", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "arguments",
    [
        ("--host", "0.0.0.0"), ("--host", "example.com"), ("--clock", "x0"), ("--clock", "slow"),
        ("--faults", "/nowhere.yaml"), ("--fault", "on=walk"), ("--port", "70000"),
    ],
)  # fmt: skip
def test_bad_options_end_with_a_sentence(arguments: tuple[str, ...]) -> None:
    from click.testing import CliRunner

    from mock_server.serve import command

    result = CliRunner().invoke(command, list(arguments))
    assert result.exit_code == 2
    assert "Error: " in result.output
    assert "Traceback" not in result.output
