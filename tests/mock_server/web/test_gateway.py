"""What stands between a client and the service: headers, compression, browsers, hosts, forms."""

import gzip
import json
import zlib
from typing import Any

import pytest

from tests.support.emulator import ASYNC, BODY, CREATE, KEY, Twin

GATEWAY = {
    "x-request-id", "x-dashscope-call-gateway", "req-cost-time", "req-arrive-time",
    "resp-start-time", "x-envoy-upstream-service-time", "server", "vary", "set-cookie",
}  # fmt: skip
PAGE = "http://localhost:5173"
ASKING = {
    "Origin": PAGE, "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, x-dashscope-async",
}  # fmt: skip


@pytest.fixture
def twin() -> Twin:
    return Twin(clock="auto")


def test_every_answer_of_the_api_has_the_headers_of_the_gateway(twin: Twin) -> None:
    task = twin.task()
    for answer in (
        twin.create(),
        twin.create(headers=KEY),
        twin.create(headers={"Authorization": "Bearer sk-of-nobody"}),
        twin.call("GET", f"/api/v1/tasks/{task}"),
        twin.call("GET", "/api/v1/nothing"),
    ):
        assert answer.headers.keys() >= GATEWAY
        assert answer.headers["server"] == "istio-envoy"
        began, ended = (int(answer.headers[n]) for n in ("req-arrive-time", "resp-start-time"))
        assert ended - began == int(answer.headers["req-cost-time"]) > 0
        charset = "; charset=utf-8" if answer.status_code == 200 else ""
        assert answer.headers["content-type"] == f"application/json{charset}"
        assert not [name for name in answer.headers if "ratelimit" in name]


def test_the_times_are_of_the_service_s_clock() -> None:
    twin = Twin(clock="manual")
    before = int(twin.create().headers["resp-start-time"])
    twin.service.advance(86_400)
    assert int(twin.create().headers["resp-start-time"]) - before == 86_400_000


def test_a_client_that_has_the_cookie_gets_no_other_one(twin: Twin) -> None:
    assert "acw_tc=" in twin.call("GET", "/api/v1/tasks").headers["set-cookie"]
    having = {**KEY, "Cookie": "a=b; acw_tc=1"}
    assert "set-cookie" not in twin.call("GET", "/api/v1/tasks", headers=having).headers


def test_a_fault_takes_a_header_of_the_gateway_out() -> None:
    twin = Twin("on=create effect=change headers.server=nginx headers.req-cost-time=")
    headers = twin.create().headers
    assert headers.get_list("server") == ["nginx"]
    assert "req-cost-time" not in headers


def test_the_storage_has_headers_of_its_own(twin: Twin) -> None:
    link = twin.query(twin.task())["output"]
    for _ in range(3):
        link = twin.query(link["task_id"])["output"]
    answer = twin.call("GET", link["video_url"])
    assert (answer.status_code, answer.headers["server"]) == (200, "AliyunOSS")
    assert len(answer.headers["x-oss-request-id"]) == 24
    assert "x-dashscope-call-gateway" not in answer.headers
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(("asked", "sent"), [("gzip, br", "gzip"), ("identity", None), ("", None)])
def test_answers_are_compressed_where_the_client_asks(
    twin: Twin, asked: str, sent: str | None
) -> None:
    headers = {**KEY, "Accept-Encoding": asked}
    task = twin.task()
    answer = twin.call("GET", "/api/v1/tasks", headers=headers)
    assert answer.headers.get("content-encoding") == sent
    assert answer.json()["data"][0]["task_id"] == task
    if sent:
        whole = gzip.compress(answer.content, 5, mtime=0)
        assert int(answer.headers["content-length"]) == len(whole)
        assert zlib.decompress(whole, 31) == answer.content


def test_a_page_of_this_machine_may_call_the_api(twin: Twin) -> None:
    for path in (CREATE, "/api/v1/tasks", "/beijing/api/v1/uploads", "/oss", "/results/a/b.mp4"):
        answer = twin.call("OPTIONS", path, headers=ASKING)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "x-dashscope-async" in answer.headers["access-control-allow-headers"]
    answer = twin.create(headers={**ASYNC, "Origin": PAGE})
    assert answer.headers["access-control-allow-origin"] == PAGE
    refused = twin.create(headers={"Origin": PAGE})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (CREATE, {**ASKING, "Origin": "https://evil.example"}, 405),
        (CREATE, {**ASKING, "Origin": "https://localhost.evil.example"}, 405),
        (CREATE, {**ASKING, "Host": "evil.example"}, 421),
        ("/_mock/reset", ASKING, 405),
        ("/", ASKING, 405),
    ],
)
def test_other_pages_may_not(twin: Twin, path: str, headers: dict[str, str], status: int) -> None:
    answer = twin.call("OPTIONS", path, headers=headers)
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


def test_the_admin_side_never_names_a_page(twin: Twin) -> None:
    answer = twin.call("GET", "/_mock/ledger", headers={"Origin": PAGE})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("host", "key", "status"),
    [
        ("dashscope.aliyuncs.com", "sk-mock-a", 200),
        ("dashscope-intl.aliyuncs.com", "sk-mock-intl-a", 200),
        ("dashscope-intl.aliyuncs.com", "sk-mock-a", 401),
        ("dashscope.aliyuncs.com:443", "sk-mock-intl-a", 401),
        ("llm-ab12.ap-northeast-1.maas.aliyuncs.com", "sk-mock-tokyo-a", 200),
        ("llm-ab12.ap-northeast-1.maas.aliyuncs.com", "sk-mock-a", 401),
        ("trial.cn-beijing.maas.aliyuncs.com", "sk-mock-a", 200),
        ("cn-hongkong.dashscope.aliyuncs.com", "sk-mock-hongkong-a", 200),
        ("cn-hongkong.dashscope.aliyuncs.com", "sk-mock-a", 401),
        ("localhost:8765", "sk-mock-tokyo-a", 200),
    ],
)
def test_a_host_takes_keys_of_its_region(twin: Twin, host: str, key: str, status: int) -> None:
    headers = {"Host": host, "Authorization": f"Bearer {key}"}
    answer = twin.call("GET", "/api/v1/tasks", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["code"] == "InvalidApiKey"
        assert "error-code#apikey-error" in answer.json()["message"]


def test_errors_come_in_the_form_that_was_chosen() -> None:
    bodies: dict[str, Any] = {}
    for form in ("own", "nested", "quoted"):
        twin = Twin(errors=form)
        answer = twin.create(json={**BODY, "model": "wan9-i2v"})
        assert answer.status_code == 404
        bodies[form] = answer.json()
        assert twin.call("GET", "/api/v1/nothing").json().keys() == bodies[form].keys()
    words = {"code": "InvalidParameter", "message": "Model not exist."}
    assert bodies["own"].items() >= words.items()
    assert bodies["nested"] == {"error": {**words, "type": "InvalidParameter", "param": None}}
    assert json.loads(bodies["quoted"]["message"]) == bodies["nested"]


def test_a_fault_may_choose_another_form() -> None:
    twin = Twin("on=create effect=error form=own code=Arrearage status=400", errors="nested")
    assert twin.create().json()["code"] == "Arrearage"


@pytest.mark.parametrize("path", ["/api/v1//tasks/", "//api/v1/tasks", "/api//v1///tasks//"])
def test_slashes_do_no_harm(twin: Twin, path: str) -> None:
    assert twin.call("GET", f"http://127.0.0.1{path}").status_code == 200
