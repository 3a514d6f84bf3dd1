"""The replay: a recorded session again, for any client, as often as one likes."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from mock_server.tape.cassette import (
    CassetteWriter,
    Ending,
    TapedAnswer,
    TapedContent,
    TapedRequest,
)
from mock_server.testing import MockAccount, Server
from tests.support.emulator import ASYNC, CREATE, KEY
from tests.support.tapes import TapeClient, recording, replaying, taped

STATES = ["PENDING", "RUNNING", "SUCCEEDED"]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, list[str]]:
    """A cassette of two tasks, the clip of the first, and what the client was answered."""
    path = tmp_path_factory.mktemp("session") / "session.jsonl"
    service = Server("auto", 0)
    with recording(service.base_url, path) as origin:
        client = TapeClient(origin)
        _, clip = client.whole_flow("a cat")
        client.finished(client.task("a dog"))
        client.http.get(f"{origin}/api/v1/tasks?page_no=1&start_time=20260101000000", headers=KEY)
        client.close()
    service.close()
    ids = [entry.answer.content.value["output"]["task_id"] for entry in taped(path).entries
           if entry.request.method == "POST"]  # fmt: skip
    return path, clip, ids


def test_a_client_gets_the_recorded_session_again_and_again(
    session: tuple[Path, bytes, list[str]],
) -> None:
    path, clip, ids = session
    with replaying(path) as (origin, _):
        for _ in range(3):
            client = TapeClient(origin)
            task = client.task("a cat")
            assert task == ids[0]
            assert client.task("a dog") == ids[1]
            answers = client.finished(task)
            assert [answer["output"]["task_status"] for answer in answers] == STATES
            last = client.query(task)
            assert last == answers[-1]  # the last answer is repeated
            fetched = client.http.get(last["output"]["video_url"])
            assert fetched.content == clip
            assert fetched.headers["content-type"] == "video/mp4"
            client.close()


def test_times_and_links_are_of_now(session: tuple[Path, bytes, list[str]]) -> None:
    path, _, _ = session
    recorded = [entry.answer.content.value for entry in taped(path).entries][3]["output"]
    assert recorded["end_time"].startswith("2026-01-01")  # the emulator's clock
    before = datetime.now(UTC)
    with replaying(path) as (origin, _):
        client = TapeClient(origin)
        output = client.finished(client.task("a cat"))[-1]["output"]
        client.close()
    times = [datetime.fromisoformat(f"{output[name]}+08:00")
             for name in ("submit_time", "scheduled_time", "end_time")]  # fmt: skip
    assert times == sorted(times)
    second = timedelta(seconds=1)
    assert all(before - 2 * second <= moment <= datetime.now(UTC) + second for moment in times)
    query = parse_qs(urlsplit(output["video_url"]).query)
    until = datetime.fromtimestamp(int(query["Expires"][0]), UTC)
    assert abs(until - before - timedelta(hours=24)) < timedelta(minutes=1)
    assert query["Signature"] == ["removed"]


def test_clients_at_the_same_time_do_not_disturb_each_other(
    session: tuple[Path, bytes, list[str]],
) -> None:
    path, clip, _ = session

    def one(number: int) -> bool:
        client = TapeClient(origin, {"Authorization": f"Bearer any-key-{number}"})
        outcome = client.whole_flow("a cat")
        client.close()
        return outcome == (STATES, clip)

    with replaying(path) as (origin, _), ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(24)))


def test_the_list_is_matched_whatever_times_it_is_for(
    session: tuple[Path, bytes, list[str]],
) -> None:
    path, _, ids = session
    with replaying(path) as (origin, _):
        url = f"{origin}/api/v1/tasks/?start_time=20270101000000&page_no=1"
        rows = httpx.get(url, headers=KEY, trust_env=False).json()["data"]
    assert [row["task_id"] for row in rows] == ids[::-1]
    created = datetime.fromtimestamp(rows[0]["gmt_create"] / 1000, UTC)
    assert abs(created - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_request_that_was_not_recorded_is_501_and_names_the_nearest(
    session: tuple[Path, bytes, list[str]],
) -> None:
    path, _, _ = session
    with replaying(path) as (origin, _):
        client = TapeClient(origin)
        answer = client.create("a dog", duration=5)
        other = client.http.get(f"{origin}/api/v1/tasks/nobody", headers=KEY)
        report = client.http.get(f"{origin}/_tape/report").json()
        client.close()
    assert answer.status_code == other.status_code == 501
    error = answer.json()
    assert error["code"] == "NotRecorded"
    number = next(entry.number for entry in taped(path).entries
                  if "a dog" in json.dumps(entry.request.content.value))  # fmt: skip
    assert error["nearest"] == {
        "exchange": number,
        "differences": [{"place": "parameters.duration", "recorded": "3", "requested": "5"}],
    }
    assert f"Nearest is exchange {number}: parameters.duration: 3 was recorded" in error["message"]
    assert len(report["unmatched"]) == 2


def test_what_says_the_same_matches(session: tuple[Path, bytes, list[str]]) -> None:
    path, _, ids = session
    entry = taped(path).entries[0]
    content = json.loads(json.dumps(entry.request.content.value))
    content["parameters"]["duration"] = 3.0
    content["parameters"]["seed"] = None
    content = dict(reversed(content.items()))
    with replaying(path) as (origin, _), httpx.Client(trust_env=False) as client:
        created = client.post(f"{origin}/{CREATE}/", headers=ASYNC, json=content).json()
        assert created["output"]["task_id"] == ids[0]
        polled = client.get(f"{origin}/api/v1//tasks/{ids[0]}/?x=1", headers=KEY).json()
        assert polled["output"]["task_status"] == "PENDING"


def test_a_prompt_that_looks_like_a_time_stays_and_an_empty_body_matches_no_other(
    tmp_path: Path,
) -> None:
    path = tmp_path / "odd.jsonl"
    prompt = "2025-01-01 10:00:00"
    service = Server("auto", 0)

    def outcome(origin: str) -> tuple[int, list[str]]:
        client = TapeClient(origin)
        empty = client.http.post(origin + CREATE, headers=ASYNC).status_code
        last = client.finished(client.task(prompt))[-1]["output"]
        client.close()
        return empty, [last["task_status"], last["orig_prompt"]]

    with recording(service.base_url, path) as origin:
        recorded = outcome(origin)
    service.close()
    assert recorded == (400, ["SUCCEEDED", prompt])
    with replaying(path) as (origin, _):
        assert [outcome(origin) for _ in range(2)] == [recorded] * 2


def test_with_once_a_create_is_answered_as_often_as_it_was_recorded(
    session: tuple[Path, bytes, list[str]],
) -> None:
    path, _, _ = session
    with replaying(path, once=True) as (origin, _):
        client = TapeClient(origin)
        assert [client.create("a cat").status_code for _ in range(2)] == [200, 501]
        client.http.post(f"{origin}/_tape/rewind")
        assert client.create("a cat").status_code == 200
        client.close()


def test_parts_of_a_file_and_its_head_come_from_the_whole(
    session: tuple[Path, bytes, list[str]],
) -> None:
    path, clip, _ = session
    with replaying(path) as (origin, _):
        client = TapeClient(origin)
        url = client.finished(client.task("a cat"))[-1]["output"]["video_url"]
        part = client.http.get(url, headers={"Range": "bytes=100-299"})
        head = client.http.head(url)
        client.close()
    assert (part.status_code, part.content) == (206, clip[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(clip)}"
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(clip))


@pytest.mark.parametrize("effect", ["gzip", "chunked", "bomb megabytes=2"])
def test_a_clip_is_the_same_however_it_was_sent(effect: str, tmp_path: Path) -> None:
    path = tmp_path / "coded.jsonl"
    service = Server("auto", 0)
    account = MockAccount(service, "coded")
    account.faults(f"on=result effect={effect}")
    with recording(service.base_url, path) as origin:
        client = TapeClient(origin, {"Authorization": f"Bearer {account.key}"})
        recorded = client.whole_flow()
        client.close()
    service.close()
    with replaying(path) as (origin, _):
        client = TapeClient(origin)
        assert client.whole_flow() == recorded
        client.close()


def test_lost_answers_are_lost_again(tmp_path: Path) -> None:
    path = tmp_path / "lost.jsonl"
    service = Server("auto", 0)
    account = MockAccount(service, "lost")
    account.faults(
        "on=create nth=1 effect=reset stage=after", "on=create nth=2 status=429",
        "on=query nth=2 status=503",
    )  # fmt: skip
    client_of = {"Authorization": f"Bearer {account.key}"}

    def outcomes(origin: str) -> list[object]:
        client, seen = TapeClient(origin, client_of), []
        for _ in range(3):
            try:
                seen.append(client.create("lost").status_code)
            except httpx.HTTPError as error:
                seen.append(type(error).__name__)
        task = client.create("fine").json()["output"]["task_id"]
        url = f"{origin}/api/v1/tasks/{task}"
        seen += [client.http.get(url, headers=client_of).status_code for _ in range(4)]
        client.close()
        return seen

    with recording(service.base_url, path) as origin:
        recorded = outcomes(origin)
    service.close()
    assert recorded == ["ReadError", 429, 200, 200, 503, 200, 200]
    with replaying(path) as (origin, _):
        assert outcomes(origin) == recorded
        assert outcomes(origin) == recorded


def test_an_upload_is_recorded_and_replayed(tmp_path: Path) -> None:
    path = tmp_path / "upload.jsonl"
    service = Server("auto", 0)

    def upload(origin: str, name: str, data: bytes) -> httpx.Response:
        url = f"{origin}/api/v1/uploads?action=getPolicy&model=wan2.5-i2v-preview"
        with httpx.Client(trust_env=False, headers=KEY) as client:
            policy = client.get(url).json()["data"]
            fields = {
                "OSSAccessKeyId": policy["oss_access_key_id"], "Signature": policy["signature"],
                "policy": policy["policy"], "key": f"{policy['upload_dir']}/{name}",
                "x-oss-object-acl": "private", "success_action_status": "200",
            }  # fmt: skip
            return client.post(policy["upload_host"], data=fields, files={"file": (name, data)})

    with recording(service.base_url, path) as origin:
        assert upload(origin, "帧.png", b"\x89PNG a picture").status_code == 200
    service.close()
    with replaying(path) as (origin, _):
        for _ in range(2):
            assert upload(origin, "帧.png", b"\x89PNG a picture").status_code == 200
        assert upload(origin, "帧.png", b"\x89PNG another").status_code == 501


def test_an_expiry_that_was_recorded_comes_in_its_order_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "expiry.jsonl"
    service = Server("auto", 0)
    account = MockAccount(service, "expiry")

    def outcomes(origin: str, day: Any) -> list[object]:
        client = TapeClient(origin, {"Authorization": f"Bearer {account.key}"})
        task = client.task()
        url = client.finished(task)[-1]["output"]["video_url"]
        seen: list[object] = [client.http.get(url).status_code]
        day()
        seen += [client.http.get(url).status_code, client.query(task)["output"]["task_status"]]
        client.close()
        return seen

    with recording(service.base_url, path) as origin:
        recorded = outcomes(origin, lambda: account.clock.advance(86_401))
    service.close()
    assert recorded == [200, 403, "UNKNOWN"]
    with replaying(path) as (origin, _):
        assert outcomes(origin, lambda: time.sleep(0.01)) == recorded


def test_the_answer_that_is_repeated_is_one_that_came(tmp_path: Path) -> None:
    path = tmp_path / "unseen.jsonl"
    tape = CassetteWriter(path, "http://x/api/v1")
    request = TapedRequest("GET", "/api/v1/tasks/t")
    endings: tuple[tuple[int, Ending], ...] = ((503, ""), (200, ""), (0, "reset"))
    for status, ending in endings:
        tape.add(request, TapedAnswer(status, {}, ending=ending), datetime.now(UTC), 0.1)
    tape.close()
    seen: list[object] = []
    with replaying(path) as (origin, _), httpx.Client(trust_env=False) as client:
        for _ in range(5):
            try:
                seen.append(client.get(f"{origin}/api/v1/tasks/t", headers=KEY).status_code)
            except httpx.ReadError:
                seen.append("reset")
    assert seen == [503, 200, "reset", 200, 200]


def test_a_cassette_that_others_wrote_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "foreign.jsonl"
    tape = CassetteWriter(path, "http://x/api/v1")
    answers = [
        TapedContent("json", {"output": {"video_url": "http://127.0.0.1:1/a?Expires=removed"}}),
        TapedContent("file", "../../../etc/passwd"),
        TapedContent("json", {"x": "\ud800", "deep": [[[{"a": "{file:" + "0" * 64 + "}"}]]]}),
    ]
    for number, content in enumerate(answers):
        request = TapedRequest("GET", f"/api/v1/tasks/{number}")
        tape.add(request, TapedAnswer(200, {}, content), datetime.now(UTC), 0.1)
    tape.close()
    with replaying(path) as (origin, _), httpx.Client(trust_env=False) as client:
        link = client.get(f"{origin}/api/v1/tasks/0").json()["output"]["video_url"]
        assert link.startswith(f"{origin}/_link/")
        assert client.get(f"{origin}/api/v1/tasks/1").status_code == 501
        assert client.get(f"{origin}/api/v1/tasks/2").status_code in (200, 501)
        foreign = client.get(f"{origin}/api/v1/tasks/0", headers={"Host": "evil.example"})
        assert foreign.status_code == 421
