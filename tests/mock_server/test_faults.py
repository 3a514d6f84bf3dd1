"""Fault plans: which request is spoilt, at which stage, and what the client sees of it."""

import asyncio
import contextlib
import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from mock_server.faults.effects import EFFECTS
from mock_server.faults.fault import Fault
from mock_server.faults.plan import FaultPlan, Subject
from mock_server.faults.presets import PRESETS
from mock_server.faults.reading import BadFault, read_line, read_plan
from mock_server.wire.operations import OPERATIONS
from tests.support.emulator import ASYNC, BODY, CREATE, KEY, Twin, body, serving
from wanx_render.language import shown


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


def test_errors_have_their_status_code_and_wait() -> None:
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
    rows = twin.call("GET", "/api/v1/tasks").json()["data"]
    assert len(rows) == 5
    foreign = [row["task_id"] for row in rows if row["task_id"] not in (bad, stuck, good)]
    assert "another program" not in str(twin.ledger())
    twin.service.advance(400)
    assert twin.query(bad)["output"]["code"] == "DataInspectionFailed"
    assert twin.status(stuck) == "PENDING"
    output = twin.query(foreign[0])["output"]
    assert "another program" in output["orig_prompt"]
    url = twin.query(good)["output"]["video_url"]
    assert [twin.call("GET", url).status_code for _ in range(2)] == [403, 200]


def test_a_prompt_can_ask_for_its_own_fault() -> None:
    twin = Twin()
    with pytest.raises(httpx.ReadError):
        twin.create("a cat [[mock: effect=reset stage=after]]")
    assert twin.create("a cat [[mock: effect=reset stage=after]]").status_code == 200
    assert twin.create("[[mock: status=503 code=ModelUnavailable]]").status_code == 503
    answer = twin.create("[[mock: effect=teleport]]")
    assert (answer.status_code, answer.json()["code"]) == (400, "MockTag")


def test_a_pattern_that_backtracks_for_ever_elsewhere_is_quick_here() -> None:
    plan = FaultPlan(0, tuple(Fault(prompt=text) for text in ("(a+)+$", "(a|aa)+$", "(.*a){20}b")))
    start = time.process_time()
    subject = Subject("create", "a", "x", "m" * 10**6, "a" * 10**4 + "!" * 10**6)
    assert plan.strike(subject) is None
    assert plan.strike(replace(subject, prompt="[[mock: status=500 nth=99]]" * 10**5)) is None
    assert time.process_time() - start < 2


def test_a_prompt_is_searched_as_people_write_expressions() -> None:
    for pattern, prompt, fits in (
        ("一只.*跑", "看，一只猫在跑", True),
        ("(?i)^a CAT$", "A cat", True),
        ("cat|dog", "a bird", False),
        ("cat", "\ud800 cat", True),
    ):
        plan = FaultPlan(0, (Fault(prompt=pattern),))
        assert (plan.strike(Subject("create", "a", "x", "", prompt)) is not None) is fits


# -- drift: answers that are true and look as never before ---------------------------------------


def changed(twin: Twin, fault: dict[str, Any] | str, url: str = "") -> httpx.Response:
    """The answer to a query (or of ``url``) under one fault, put by the admin side."""
    assert twin.call("PUT", "/_mock/faults", content=json.dumps([fault])).status_code == 200
    answer = twin.call("GET", url or f"/api/v1/tasks/{twin.task()}")
    twin.call("DELETE", "/_mock/faults")
    return answer


def done(twin: Twin) -> str:
    """The address of a finished task."""
    task = twin.task("done")
    twin.service.advance(2000)
    return f"/api/v1/tasks/{task}"


def test_answers_change_by_small_edits_however_they_are_written() -> None:
    twin = Twin()
    fault = {"on": "query", "effect": "change", "set": {"output.task_status": "QUEUED"}}
    line = "on=query effect=change set.output.task_status=QUEUED"
    assert read_line(line) == read_plan([fault])[0]
    assert changed(twin, fault).json()["output"]["task_status"] == "QUEUED"
    assert changed(twin, line).json()["output"]["task_status"] == "QUEUED"
    tagged = twin.create(f"[[mock: {line} nth=1]]").json()["output"]["task_id"]
    assert [twin.status(tagged) for _ in range(2)] == ["QUEUED", "PENDING"]


@pytest.mark.parametrize(
    ("edit", "path", "value"),
    [
        ({"set": {"output.new.deep": [1]}}, "output.new.deep", [1]),
        ({"set": {"usage.duration": "{value}"}}, "usage.duration", ""),
        ({"set": {"usage.video_duration": "{value}"}}, "usage.video_duration", "3"),
        ({"set": {"usage.video_duration": 10**400}}, "usage.video_duration", 10**400),
        ({"set": {"usage.video_duration": -1.5}}, "usage.video_duration", -1.5),
        ({"set": {"output.task_id": "\ud800\u0000\r\n"}}, "output.task_id", "\ud800\u0000\r\n"),
        ({"set": {"output.message": "key {key}"}}, "output.message", "key sk-mock-a"),
        ({"set": {"output.end_time": None}}, "output.end_time", None),
        ({"set": {"output": []}}, "output", []),
        ({"rename": {"output.task_status": "state"}}, "output.state", "SUCCEEDED"),
        ({"rename": {"output.task_status": "state"}}, "output.task_status", ""),
        ({"drop": ["output.video_url"]}, "output.video_url", ""),
        ({"drop": ["usage", "output.nothing.there"]}, "usage", ""),
        ({"body": "[{body}, 1e999]"}, "0.output.task_status", "SUCCEEDED"),
    ],
)
def test_every_edit_arrives(edit: dict[str, Any], path: str, value: Any) -> None:
    twin = Twin()
    url = done(twin)
    place = changed(twin, {"on": "query", "effect": "change", **edit}, url).json()
    for name in path.split("."):
        place = place[int(name)] if isinstance(place, list) else place.get(name, "")
    assert place == value


def test_numbers_that_json_does_not_have_arrive_too() -> None:
    twin = Twin()
    fault = {"on": "query", "effect": "change", "set": {"usage.video_duration": float("nan")}}
    assert b'"video_duration":NaN' in changed(twin, fault, done(twin)).content
    twin.call("PUT", "/_mock/faults", content=json.dumps([fault]))
    state = twin.call("GET", "/_mock/state").json()
    assert twin.call("PUT", "/_mock/state", content=json.dumps(state)).status_code == 200
    assert "NaN" in json.dumps(twin.service.plan.faults[0].record())


@pytest.mark.parametrize(
    ("host", "starts"),
    [
        (
            "dashscope-result-sgp.oss-ap-southeast-1.aliyuncs.com",
            "https://dashscope-result-sgp.oss",
        ),
        ("http://dashscope-result-sh.oss-accelerate.aliyuncs.com", "http://dashscope-result-sh"),
        ("https://a:b@evil.example:8443", "https://a:b@evil.example:8443/results/"),
        ("ftp://[::1]\\@x", "ftp://[::1]\\@x/results/"),
    ],
)
def test_results_can_be_said_to_be_anywhere(host: str, starts: str) -> None:
    twin = Twin()
    url = done(twin)
    true = twin.call("GET", url).json()["output"]["video_url"]
    fault = {"on": "query", "effect": "change", "host": host}
    address = changed(twin, fault, url).json()["output"]["video_url"]
    assert address.startswith(starts)
    assert address.endswith(true.removeprefix("http://127.0.0.1"))
    assert "video_url" not in changed(twin, fault).json()["output"]


def test_headers_and_status_change_with_the_answer_whole() -> None:
    twin = Twin()
    line = 'on=query effect=change status=202 headers.set-cookie="acw_tc=1; Max-Age=1800"'
    answer = changed(twin, line)
    assert (answer.status_code, answer.headers["set-cookie"]) == (202, "acw_tc=1; Max-Age=1800")
    assert answer.json()["output"]["task_status"] == "PENDING"
    gateway = {"x-trace-id": "{request_id}", "content-type": ""}
    answer = changed(twin, {"on": "query", "effect": "change", "headers": gateway})
    assert answer.headers["x-trace-id"] == answer.json()["request_id"]
    assert "content-type" not in answer.headers
    line = 'on=query effect=change headers.Date="Fri, 31 Dec 9999 23:59:59 GMT"'
    assert changed(twin, line).headers["date"].startswith("Fri, 31 Dec 9999")
    twice = '{"output":{"task_status":"QUEUED"},{inner}}'
    answer = changed(twin, {"on": "query", "effect": "change", "body": twice})
    assert answer.json()["output"]["task_status"] == "PENDING"  # the last of two keys counts


def test_a_list_changes_in_all_its_rows() -> None:
    twin = Twin()
    for prompt in "ab":
        twin.task(prompt)
    fault = {"on": "list", "effect": "change", "set": {"total_page": 10**9, "data.1.x": 1},
             "drop": ["data.*.gmt_create"]}  # fmt: skip
    page = changed(twin, fault, "/api/v1/tasks").json()
    assert page["total_page"] == 10**9
    assert [("gmt_create" in row, row.get("x")) for row in page["data"]] == [
        (False, None),
        (False, 1),
    ]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500])
def test_a_refusal_in_the_service_s_form_can_come_after_acceptance(status: int) -> None:
    twin = Twin(f"on=create status={status} code=Conflict stage=after")
    answer = twin.create("accepted")
    assert (answer.status_code, answer.json()["code"]) == (status, "Conflict")
    assert [row["prompt"] for row in twin.ledger()["submissions"]] == ["accepted"]
    assert twin.call("GET", "/api/v1/tasks").json()["total"] == 1


def test_errors_come_in_the_forms_they_were_seen_in() -> None:
    twin = Twin("on=create status=400 code=Arrearage form=nested message={key} nth=1",
                "on=create status=429 form=quoted retry_after=999999 nth=2")  # fmt: skip
    assert twin.create().json()["error"]["message"] == "sk-mock-a"
    quoted = twin.create()
    assert quoted.headers["retry-after"] == "999999"
    assert quoted.json()["code"] == "Throttling.RateQuota"
    assert json.loads(quoted.json()["message"])["error"]["code"] == "Throttling.RateQuota"


def test_drift_leaves_the_ledger_true() -> None:
    twin = Twin()
    twin.call("PUT", "/_mock/faults", json="drift")
    accepted, statuses = 0, Counter[int]()
    for number in range(60):
        answer = twin.create(f"cat {number}")
        statuses[answer.status_code] += 1
        accepted += answer.status_code < 300
        twin.service.advance(2)
    rows = twin.ledger()["submissions"]
    assert len(rows) == len({row["prompt"] for row in rows}) >= accepted
    assert len(statuses) > 2


def test_plans_are_changed_while_it_runs() -> None:
    twin = Twin()
    answer = twin.call("PUT", "/_mock/faults", json=["on=query status=503", {"on": "list"}])
    assert [fault["on"] for fault in answer.json()["faults"]] == ["query", "list"]
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
    ("line", "message"),
    [
        ("on=walk", "on: expected any, create, query, list, .* or result, got 'walk'"),
        ("effect=fail on=query", "effect fail applies only to create"),
        ("stage=body effect=html", "stage body requires effect"),
        ("prompt=(", "prompt is not a valid RE2 expression: missing"),
        (r"prompt=(a)\1", "prompt is not a valid RE2 expression: invalid escape"),
        ("prompt=(a{1000}){1000}", "prompt is not a valid RE2 expression: invalid repetition"),
        ("status=200", "status of effect error must be at least 400"),
        ("status=99", "status: expected at least 200, got '99'"),
        ("chance=2", "chance: expected at most 1, got '2'"),
        ("nth=x", "nth.0: expected a whole number, got 'x'"),
        ("nht=2", "unknown key 'nht'; did you mean 'nth'\\?"),
        ("set.output.task_id=x", "set requires effect change"),
        ("effect=no-range on=query", "effect no-range applies only to result"),
        ('effect=change "headers.x y=1"', "unknown key"),
        ("effect=change headers.x_y=1", "a header must have a name and printable"),
        ("nothing", "expected key=value, got"),
    ],
)
def test_a_bad_line_is_reported_as_a_sentence(line: str, message: str) -> None:
    with pytest.raises(BadFault, match=message):
        read_line(line)


def test_chance_depends_on_the_request_and_not_on_the_order() -> None:
    def struck(keys: list[str]) -> set[str]:
        plan = FaultPlan(3, (Fault(on="query", chance=0.5),))
        return {key for key in keys if plan.strike(Subject("query", "a", key))}

    keys = [str(number) for number in range(200)]
    assert struck(keys) == struck(keys[::-1])
    assert 60 < len(struck(keys)) < 140


def test_counts_are_each_account_s_own_and_can_be_bounded() -> None:
    plan = FaultPlan(0, (Fault(on="query", times=2),))
    for account in ("a", "b"):
        hits = [plan.strike(Subject("query", account, "x")) is not None for _ in range(4)]
        assert hits == [True, True, False, False]
    plan.forget("a")
    assert plan.strike(Subject("query", "a", "x"))
    assert not plan.strike(Subject("query", "b", "x"))


def test_every_effect_has_an_operation_and_presets_are_readable() -> None:
    assert {name for effect in EFFECTS.values() for name in effect.operations} <= set(OPERATIONS)
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


@pytest.mark.parametrize(
    ("fault", "header"),
    [
        ("effect=chunked", b"transfer-encoding: chunked"),
        ("effect=gzip", b"content-encoding: gzip"),
        ("effect=change headers.content-length=", b"transfer-encoding: chunked"),
        ("effect=trickle seconds=0.002", b"transfer-encoding: chunked"),
        ("effect=no-range", b"HTTP/1.1 200"),
    ],
)
def test_true_answers_come_in_another_frame(origin: str, fault: str, header: bytes) -> None:
    on = "result" if "range" in fault else "query"
    put(origin, f"on={on} {fault}")
    if on == "query":
        assert get(origin).json()["output"]["task_status"] == "UNKNOWN"
        assert header in raw(origin)[0].lower()
    put(origin)


def test_results_ignore_a_range_or_come_compressed(origin: str) -> None:
    with httpx.Client(trust_env=False) as client:
        task = client.post(origin + CREATE, headers=ASYNC, json=body("ranges")).json()
        client.post(f"{origin}/_mock/clock", json={"advance": 2000})
        url = client.get(f"{origin}/api/v1/tasks/{task['output']['task_id']}", headers=KEY).json()
        url = url["output"]["video_url"]
        part = {"range": "bytes=4-7"}
        assert client.get(url, headers=part).content == b"ftyp"
        put(origin, "on=result effect=no-range")
        whole = client.get(url, headers=part)
        assert (whole.status_code, whole.content[4:8]) == (200, b"ftyp")
        for fault in ("gzip", "chunked", "bomb megabytes=2"):
            put(origin, f"on=result effect={fault}")
            assert client.get(url).content.endswith(whole.content)
    put(origin)


@pytest.mark.proof
def test_what_has_no_end_ends_by_itself(origin: str) -> None:
    put(origin, "on=query effect=endless megabytes=2")
    assert 2 << 20 <= len(get(origin).content) < 3 << 20
    put(origin, "on=query effect=promised megabytes=2")
    with pytest.raises(httpx.RemoteProtocolError, match="expected 10737418240"):
        get(origin)
    put(origin, "on=query effect=continue megabytes=1")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        get(origin)
    put(origin, "on=query effect=bomb megabytes=3")
    assert len(raw(origin)[0]) < 20_000
    assert get(origin).json()["output"]["task_status"] == "UNKNOWN"
    put(origin, "on=query effect=endless")
    assert raw_head(origin).startswith(b"HTTP/1.1 200")  # and goes away while it pours
    put(origin)
    assert get(origin).status_code == 200


def raw_head(origin: str) -> bytes:
    host, port = origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(
            b"GET /api/v1/tasks/x HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: Bearer sk-mock-a\r\n\r\n"
        )
        return connection.recv(1000)


def test_in_this_process_answers_stream_and_end_too() -> None:
    twin = Twin("on=query effect=endless megabytes=2", "on=list effect=gzip")
    assert len(twin.call("GET", "/api/v1/tasks/x").content) > 2 << 20
    assert twin.call("GET", "/api/v1/tasks").json()["total"] == 0

    async def leave() -> int:
        async with (
            httpx.AsyncClient(transport=twin.transport, base_url="http://127.0.0.1") as client,
            client.stream("GET", "/api/v1/tasks/x", headers=KEY) as answer,
        ):
            async for piece in answer.aiter_raw():
                return len(piece)
        return 0

    assert asyncio.run(leave()) > 0


def test_a_create_cut_after_acceptance_is_in_the_ledger(origin: str) -> None:
    put(origin, "on=create effect=reset stage=after nth=1")
    with httpx.Client(trust_env=False) as client:
        with pytest.raises(httpx.ReadError):
            client.post(origin + CREATE, headers=ASYNC, json=body("cut off"))
        rows = client.get(f"{origin}/_mock/ledger").json()["submissions"]
        assert [row["prompt"] for row in rows][-1] == "cut off"
        log = client.get(f"{origin}/_mock/requests?operation=create").json()["requests"]
        assert [entry["fault"] for entry in log][-1] == "reset"
    put(origin)


def test_hostile_days_never_kill_it(origin: str) -> None:
    async def run() -> list[Any]:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:

            async def one(number: int) -> Any:
                try:
                    content = {**BODY, "input": {**BODY["input"], "prompt": f"cat {number}"}}
                    return (
                        await client.post(origin + CREATE, headers=ASYNC, json=content)
                    ).status_code
                except httpx.TransportError as error:
                    return type(error).__name__

            return [await one(number) for number in range(150)]

    with httpx.Client(trust_env=False) as client:
        client.put(f"{origin}/_mock/faults", json="hostile")
    outcomes = asyncio.run(run())
    put(origin)
    assert len(set(outcomes)) >= 4
    assert get(origin).status_code == 200


@pytest.mark.parametrize(
    "line",
    ["on=create effect=teleport", "stage=body effect=html", "nothing", "prompt=(", "on=walk"],
)
def test_a_bad_line_is_reported_in_chinese_too(line: str) -> None:
    with pytest.raises(BadFault) as caught:
        read_line(line)
    message = caught.value.args[0]
    assert shown(message, "zh") != shown(message, "en")
