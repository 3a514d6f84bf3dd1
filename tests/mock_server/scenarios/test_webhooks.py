"""Events of finished tasks, as a receiver on loopback gets them."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mock_server.scenarios.due_tasks import DueTasks
from mock_server.scenarios.webhook import BadWebhook, Webhook, webhook_url
from tests.support.emulator import KEY, Twin


class Receiver:
    """A server that keeps what it is sent and answers as it is asked to."""

    def __init__(self, statuses: list[int]) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                receiver.heads.append({k.lower(): v for k, v in self.headers.items()})
                receiver.bodies.append(json.loads(self.rfile.read(length)))
                self.send_response(statuses.pop(0) if statuses else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook?a=1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    receivers: list[Receiver] = []

    def start(*statuses: int) -> Receiver:
        receivers.append(Receiver([*statuses]))
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Twin]]:
    twins: list[Twin] = []

    def make(url: str, *faults: str, **options: Any) -> Twin:
        twins.append(Twin(*faults, webhook=url, **options))
        return twins[-1]

    yield make
    for twin in twins:
        twin.service.close()


def until(holds: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def deliveries(twin: Twin) -> list[dict[str, Any]]:
    return list(twin.call("GET", "/_mock/webhooks").json()["deliveries"])


def test_an_event_comes_when_a_task_is_finished_and_not_before(
    receive: Callable[..., Receiver], start: Callable[..., Twin]
) -> None:
    receiver = receive()
    twin = start(receiver.url)
    task = twin.task("a cat")
    twin.service.advance(9)
    assert twin.status(task) == "RUNNING"
    time.sleep(0.3)
    assert receiver.bodies == []
    twin.service.advance(3600)
    until(lambda: receiver.bodies)
    (event,) = receiver.bodies
    output = twin.query(task)["output"]
    row = twin.call("GET", "/api/v1/tasks").json()["data"][0]
    assert {name: event[name] for name in ("specversion", "source", "type", "aliyunregionid")} == {
        "specversion": "1.0",
        "source": "acs.dashscope",
        "type": "dashscope:System:AsyncTaskFinish",
        "aliyunregionid": "cn-beijing",
    }
    assert event["data"] == {
        "task_id": task,
        "task_status": "SUCCEEDED",
        "start_time": output["scheduled_time"][:19],
        "end_time": output["end_time"][:19],
        "region": "cn-beijing",
        "request_id": row["request_id"],
        "api_key_id": row["api_key_id"],
        "user_api_unique_key": row["user_api_unique_key"],
        "contain_result": True,
    }
    beijing = datetime.fromisoformat(event["data"]["end_time"])
    utc = datetime.fromisoformat(event["time"]).replace(tzinfo=None)
    assert beijing - utc == timedelta(hours=8)
    assert receiver.heads[0]["content-type"] == "application/json"
    assert "authorization" not in receiver.heads[0]
    assert "sk-mock" not in json.dumps(event) + json.dumps(receiver.heads[0])


def test_failures_send_events_and_cancelled_or_stuck_tasks_do_not(
    receive: Callable[..., Receiver], start: Callable[..., Twin]
) -> None:
    receiver = receive()
    twin = start(receiver.url)
    failing = twin.task("[[mock: effect=fail code=DataInspectionFailed]]")
    cancelled = twin.task("b")
    twin.task("[[mock: effect=stuck]]")
    twin.call("POST", f"/api/v1/tasks/{cancelled}/cancel")
    good = twin.task("c")
    twin.service.advance(7200)
    until(lambda: len(receiver.bodies) == 2)
    time.sleep(0.3)
    ends = {body["data"]["task_id"]: body["data"]["task_status"] for body in receiver.bodies}
    assert ends == {failing: "FAILED", good: "SUCCEEDED"}


def test_an_event_that_is_refused_is_sent_again_and_given_up_after_three_times(
    receive: Callable[..., Receiver], start: Callable[..., Twin]
) -> None:
    receiver = receive(500, 302, 404, 503, 200)
    twin = start(receiver.url)
    task = twin.task("a cat")
    begun = time.monotonic()
    twin.service.advance(3600)
    until(lambda: len(receiver.bodies) == 4)
    assert time.monotonic() - begun >= 0.3  # 10 s and more each, at a hundred times the pace
    time.sleep(0.5)
    assert len(receiver.bodies) == 4
    assert len({body["id"] for body in receiver.bodies}) == 1
    (delivery,) = deliveries(twin)
    assert delivery["tries"] == [500, 302, 404, 503]
    assert (delivery["task_id"], delivery["delivered"]) == (task, False)


def test_a_second_try_is_enough(
    receive: Callable[..., Receiver], start: Callable[..., Twin]
) -> None:
    receiver = receive(500, 204)
    twin = start(receiver.url)
    twin.task("a cat")
    twin.service.advance(3600)
    until(lambda: deliveries(twin) and deliveries(twin)[0]["delivered"])
    assert deliveries(twin)[0]["tries"] == [500, 204]


def test_beside_a_clock_that_jumps_events_come_without_any_poll(
    receive: Callable[..., Receiver], start: Callable[..., Twin]
) -> None:
    receiver = receive()
    twin = start(receiver.url, clock="auto")
    first, cancelled = twin.task("a"), twin.task("b")
    twin.call("POST", f"/api/v1/tasks/{cancelled}/cancel")
    second = twin.task("c")
    until(lambda: len(receiver.bodies) == 2)
    assert {body["data"]["task_id"] for body in receiver.bodies} == {first, second}


def test_nobody_waits_for_a_receiver_that_does_not_answer(start: Callable[..., Twin]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        twin = start(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        for number in range(30):
            twin.task(f"cat {number}")
        twin.service.advance(7200)
        until(lambda: twin.call("GET", "/_mock/webhooks").json()["waiting"] == 30)
        begun = time.monotonic()
        assert twin.call("GET", "/api/v1/tasks", headers=KEY).status_code == 200
        twin.service.close()
        assert time.monotonic() - begun < 5


def test_a_server_that_was_killed_sends_the_events_of_its_tasks_after_all(
    tmp_path: Path, receive: Callable[..., Receiver], start: Callable[..., Twin]
) -> None:
    receiver = receive()
    earlier = Twin(state=tmp_path / "state")
    task = earlier.task("a cat")
    earlier.service.close()
    later = start(receiver.url, state=tmp_path / "state")
    later.service.advance(3600)
    until(lambda: receiver.bodies)
    assert receiver.bodies[0]["data"]["task_id"] == task


def test_too_many_events_are_dropped_and_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        data = {"data": {"task_id": "t", "task_status": "SUCCEEDED"}}
        batches = [[data] * 1200]
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        webhook = Webhook(url, lambda: batches.pop() if batches else [], 100)
        until(lambda: webhook.dropped == 200)
        assert webhook.record()["waiting"] == 1000
        assert len(webhook.record()["deliveries"]) <= 200
        webhook.close()


def test_a_reset_account_sends_nothing_more(
    receive: Callable[..., Receiver], start: Callable[..., Twin]
) -> None:
    receiver = receive()
    twin = start(receiver.url)
    twin.task("a cat")
    twin.call("POST", "/_mock/reset", json={"account": "a"})
    twin.service.advance(3600)
    time.sleep(0.4)
    assert receiver.bodies == []


def test_a_task_with_another_end_is_named_once() -> None:
    from dataclasses import replace

    twin = Twin()
    twin.task("a cat")
    ((task, _),) = twin.service.tasks.all()
    due = DueTasks()
    due.watch(task)
    due.watch(replace(task, ended=task.ended + timedelta(hours=1)))
    due.watch(replace(task, ended=task.ended + timedelta(hours=1)))
    assert due.ended(lambda _: task.ended) == []
    assert len(due.ended(lambda _: task.ended + timedelta(hours=2))) == 1
    assert due.ended(lambda _: task.ended + timedelta(hours=2)) == []


@pytest.mark.parametrize(
    "url", ["x", "ftp://a/", "http://", "http://a b/", "http://a:0/", "http://[/"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BadWebhook, match="is not a valid http or https address"):
        webhook_url(url)
