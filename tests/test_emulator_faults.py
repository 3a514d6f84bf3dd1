"""Fault plans: which request is spoilt, at which stage, and what the client sees of it."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from emulator import ASYNC, BODY, CREATE, KEY, Twin, body, serving

from mock_server.faults import (
    OPERATIONS,
    PRESETS,
    TWISTS,
    BadFault,
    Fault,
    Plan,
    Subject,
    read_line,
    read_plan,
)


def test_after_acceptance_the_client_knows_nothing_and_the_ledger_all() -> None:
    for effect in ("reset", "close", "never", "error", "html", "garbage", "truncated"):
        twin = Twin(f"on=create effect={effect} stage=after nth=1")
        try:
            answer = twin.create("lost")
            with pytest.raises((ValueError, KeyError)):
                answer.json()["output"]["task_id"]
        except httpx.TransportError:
            pass
        assert [row["prompt"] for row in twin.ledger()["submissions"]] == ["lost"]
        assert twin.create("second").status_code == 200


def test_before_acceptance_nothing_is_charged() -> None:
    for effect in ("reset", "close", "never", "error", "html", "garbage", "truncated", "redirect"):
        twin = Twin(f"on=create effect={effect} nth=1")
        with contextlib.suppress(httpx.TransportError):
            twin.create("lost")
        assert twin.ledger()["submissions"] == []


def test_errors_tell_their_status_code_and_wait() -> None:
    twin = Twin("on=query status=429 retry_after=1.5 nth=1", "on=query status=502 nth=1 code=Bad")
    answer = twin.call("GET", "/api/v1/tasks/x")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1.5")
    assert answer.json()["code"] == "Throttling.RateQuota"
    twin = Twin("on=query status=500 nth=2+3")
    codes = [twin.call("GET", "/api/v1/tasks/x").status_code for _ in range(4)]
    assert codes == [200, 500, 500, 200]


def test_the_service_itself_can_be_twisted() -> None:
    twin = Twin(
        "on=create effect=fail code=DataInspectionFailed prompt=bad",
        "on=create effect=stuck prompt=stuck",
        "on=query effect=unknown nth=1",
        "on=list effect=lag seconds=30 nth=1",
        "on=list effect=foreign count=2 nth=2",
        "on=result effect=expired nth=1",
    )
    bad, stuck, good = twin.task("bad"), twin.task("stuck"), twin.task("good")
    assert twin.status(good) == "UNKNOWN"
    assert twin.call("GET", "/api/v1/tasks").json()["total"] == 0
    listed = twin.call("GET", "/api/v1/tasks").json()["data"]
    assert len(listed) == 5
    others = [row["task_id"] for row in listed if row["task_id"] not in (bad, stuck, good)]
    assert "another program" not in str(twin.ledger())
    twin.service.advance(400)
    assert twin.query(bad)["output"]["code"] == "DataInspectionFailed"
    assert twin.status(stuck) == "PENDING"
    told = twin.query(others[0])["output"]
    assert "another program" in told["orig_prompt"]
    url = twin.query(good)["output"]["video_url"]
    assert [twin.call("GET", url).status_code for _ in range(2)] == [403, 200]


def test_a_prompt_can_ask_for_its_own_fault() -> None:
    twin = Twin()
    with pytest.raises(httpx.ReadError):
        twin.create("a cat [[mock: effect=reset stage=after]]")
    assert twin.create("a cat [[mock: effect=reset stage=after]]").status_code == 200
    assert twin.create("[[mock: status=503 code=ModelUnavailable]]").status_code == 503
    told = twin.create("[[mock: effect=teleport]]")
    assert (told.status_code, told.json()["code"]) == (400, "MockTag")


def test_plans_are_changed_while_it_runs() -> None:
    twin = Twin()
    put = twin.call("PUT", "/_mock/faults", json=["on=query status=503", {"on": "list"}])
    assert [fault["on"] for fault in put.json()["faults"]] == ["query", "list"]
    assert twin.call("GET", "/api/v1/tasks/x").status_code == 503
    assert twin.call("GET", "/_mock/faults").json()["faults"][0]["struck"] == 1
    twin.call("POST", "/_mock/faults", json={"faults": "flaky"})
    assert len(twin.call("GET", "/_mock/faults").json()["faults"]) == 2 + len(PRESETS["flaky"])
    twin.call("DELETE", "/_mock/faults")
    assert twin.call("GET", "/api/v1/tasks/x").status_code == 200
    for bad in (5, ["on=walk"], "monday", {"on": "query", "chance": 3}, ["x"]):
        answer = twin.call("PUT", "/_mock/faults", json=bad)
        assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("on=walk", "on: Input should be"),
        ("effect=fail on=query", "effect fail works on create only"),
        ("stage=body effect=html", "stage body goes with"),
        ("prompt=(", "prompt is no regular expression"),
        ("status=200", "status: Input should be greater"),
        ("nothing", "not of the form key=value"),
    ],
)
def test_a_bad_line_is_told_as_a_sentence(line: str, told: str) -> None:
    with pytest.raises(BadFault, match=told):
        read_line(line)


def test_chance_depends_on_the_request_and_not_on_the_order() -> None:
    def struck(keys: list[str]) -> set[str]:
        plan = Plan(3, (Fault(on="query", chance=0.5),))
        return {key for key in keys if plan.strike(Subject("query", "a", key))}

    keys = [str(number) for number in range(200)]
    assert struck(keys) == struck(keys[::-1])
    assert 60 < len(struck(keys)) < 140


def test_counts_are_each_account_s_own_and_can_be_bounded() -> None:
    plan = Plan(0, (Fault(on="query", times=2),))
    for account in ("a", "b"):
        hits = [plan.strike(Subject("query", account, "x")) is not None for _ in range(4)]
        assert hits == [True, True, False, False]
    plan.forget("a")
    assert plan.strike(Subject("query", "a", "x"))
    assert not plan.strike(Subject("query", "b", "x"))


def test_every_effect_has_an_operation_and_presets_are_readable() -> None:
    assert {name for names in TWISTS.values() for name in names} <= set(OPERATIONS)
    for name in PRESETS:
        assert read_plan(name) == PRESETS[name]
        assert read_plan([f.model_dump(exclude_defaults=True) for f in PRESETS[name]])


# -- on a real socket ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with serving("--clock", "manual") as (origin, _):
        yield origin


def put(origin: str, *faults: str) -> None:
    with httpx.Client(trust_env=False) as client:
        assert client.put(f"{origin}/_mock/faults", json=list(faults)).status_code == 200


def get(origin: str, path: str = "/api/v1/tasks/x", timeout: float = 5) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=timeout) as client:
        return client.get(origin + path, headers=KEY)


def raw(origin: str, path: str = "/api/v1/tasks/x") -> tuple[bytes, bool]:
    """All bytes of an answer, and whether the connection was reset."""
    host, port = origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as connection:
        request = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk-mock-a\r\n\r\n"
        )
        connection.sendall(request.encode())
        connection.settimeout(2)
        data = b""
        try:
            while chunk := connection.recv(65536):
                data += chunk
        except ConnectionResetError:
            return data, True
        except TimeoutError:
            pass
        return data, False


@pytest.mark.parametrize(
    ("fault", "starts", "reset"),
    [
        ("effect=reset", b"", True),
        ("effect=close", b"", False),
        ("effect=reset stage=headers", b"HTTP/1.1 200", True),
        ("effect=close stage=body", b"HTTP/1.1 200", False),
    ],
)
def test_connections_end_on_the_wire(origin: str, fault: str, starts: bytes, reset: bool) -> None:
    put(origin, f"on=query {fault}")
    data, was_reset = raw(origin)
    assert data.startswith(starts)
    assert bool(data) == bool(starts)
    assert was_reset is reset
    assert (b"\r\n\r\n" in data) is ("stage=body" in fault)
    put(origin)
    assert get(origin).status_code == 200


def test_answers_of_a_wrong_length_slow_or_missing(origin: str) -> None:
    put(origin, "on=query effect=wrong-length")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        get(origin)
    put(origin, "on=query effect=never")
    with pytest.raises(httpx.ReadTimeout):
        get(origin, timeout=0.3)
    put(origin, "on=query effect=slow stage=body seconds=0.5")
    assert get(origin).json()["output"]["task_status"] == "UNKNOWN"
    put(origin, "on=query effect=redirect location=http://127.0.0.1:1/")
    assert get(origin).headers["location"] == "http://127.0.0.1:1/"
    put(origin, "on=query effect=html")
    assert get(origin).headers["content-type"].startswith("text/html")
    put(origin)


def test_a_create_cut_after_acceptance_is_in_the_ledger(origin: str) -> None:
    put(origin, "on=create effect=reset stage=after nth=1")
    with httpx.Client(trust_env=False) as client:
        with pytest.raises(httpx.ReadError):
            client.post(origin + CREATE, headers=ASYNC, json=body("cut off"))
        rows = client.get(f"{origin}/_mock/ledger").json()["submissions"]
        assert [row["prompt"] for row in rows] == ["cut off"]
        sent = client.get(f"{origin}/_mock/requests?operation=create").json()["requests"]
        assert [entry["fault"] for entry in sent] == ["reset"]
    put(origin)


def test_hostile_days_never_kill_it(origin: str) -> None:
    async def run() -> list[Any]:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:

            async def one(number: int) -> Any:
                try:
                    sent = {**BODY, "input": {**BODY["input"], "prompt": f"cat {number}"}}
                    return (
                        await client.post(origin + CREATE, headers=ASYNC, json=sent)
                    ).status_code
                except httpx.TransportError as error:
                    return type(error).__name__

            return [await one(number) for number in range(150)]

    with httpx.Client(trust_env=False) as client:
        client.put(f"{origin}/_mock/faults", json="hostile")
    seen = asyncio.run(run())
    put(origin)
    assert len(set(seen)) >= 4
    assert get(origin).status_code == 200
