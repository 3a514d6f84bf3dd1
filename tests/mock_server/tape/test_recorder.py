"""The recorder, with the emulator as the service: clients see no difference."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mock_server.tape.cassette import CassetteEntry
from mock_server.tape.threads import ThreadServer
from mock_server.testing import MockAccount, Server
from tests.support.tapes import TapeClient, everything_in, recording, taped


@pytest.fixture(scope="module")
def service() -> Iterator[Server]:
    server = Server("auto", 0)
    yield server
    server.close()


def test_a_whole_flow_goes_through_and_is_on_the_cassette(service: Server, tmp_path: Path) -> None:
    path = tmp_path / "flow.jsonl"
    with recording(service.base_url, path) as origin:
        client = TapeClient(origin)
        states, clip = client.whole_flow()
        client.close()
    assert states == ["PENDING", "RUNNING", "SUCCEEDED"]
    cassette = taped(path)
    requests = [(entry.request.method, entry.answer.status) for entry in cassette.entries]
    assert requests == [("POST", 200), *[("GET", 200)] * 4]
    assert cassette.entries[-1].request.url.startswith(service.origin + "/results/")
    (kept,) = [data for name, data in everything_in(path).items() if name.endswith(".mp4")]
    assert kept == clip


KEYS = {"bearer": "Bearer zz-Ab/c+D0123456789=", "mock": "Bearer sk-mock-planted-secret"}
POLICY = "eyJwbGFudGVkIjoicG9saWN5In0+/x9="
SIGNATURE = "Pl4nted+Sign/ature9="
LINK = (
    "https://dashscope-a717.oss-accelerate.aliyuncs.com/1d/ab/clip.mp4"
    "?Expires=1790244529&OSSAccessKeyId=LTAI5tPLANTED&Signature=pl%2Bnted%2F9%3D"
)
PLANTED = (
    "zz-Ab/c+D0123456789=",
    "zz-Ab%2Fc%2BD0123456789",
    "zz-Ab\\/c+D",
    "planted-secret",
    POLICY,
    "Pl4nted",
    "1790244529",
    "LTAI5tPLANTED",
    "pl%2Bnted",
    "hunter2",
    "STS.plantedtoken",
    "cookiemonster",
    "accountnumber",
    "sk-another0000",
    "open-sesame",
    "llm-plantedworkspace",
)


def hostile_service() -> Starlette:
    """A service that echoes keys and hands out secrets in every place an answer has."""

    async def answer(request: Request) -> Response:
        key = request.headers.get("authorization", "").rpartition(" ")[2]
        coded = base64.b64encode(f"the key {key}".encode()).decode()
        record = {
            "request_id": "r1",
            "output": {"task_id": "t1", "task_status": "SUCCEEDED", "video_url": LINK},
            "code": "InvalidApiKey",
            "message": f"{key} ({quote(key, safe='')}) {coded} is wrong, see {LINK}.",
            "quoted": json.dumps(
                {"error": {"api_key": "hunter2", "inner": json.dumps({"k": key})}}
            ),
            "data": {
                "policy": POLICY,
                "signature": SIGNATURE,
                "oss_access_key_id": "LTAI5tPLANTED",
                "upload_host": f"http://{request.url.netloc}/store",
                "upload_dir": "up/a",
                "x_oss_security_token": "STS.plantedtoken",
            },
            "rows": [{"caller_uid": "accountnumber", "api_key_id": "accountnumber"}],
            key: [key, {"deep": [f"x{key}x"]}],
        }
        headers = {
            "x-echo": key,
            "server": f"envoy {key}",
            "x-request-id": key,
            "date": LINK,
            "set-cookie": "acw_tc=cookiemonster;path=/",
            "location": LINK,
        }
        return JSONResponse(record, 200, headers)

    async def store(request: Request) -> Response:
        async with request.form() as form:
            text = "".join(f"<{name}>{form[name]}</{name}>" for name in ("policy", "Signature"))
        return Response(
            f"<Error>{text}<AWSAccessKeyId>hunter2</AWSAccessKeyId></Error>",
            403,
            media_type="application/xml",
        )

    async def echo(request: Request) -> Response:
        return Response(b"\0\xff" + await request.body(), media_type="video/mp4")

    return Starlette(
        routes=[
            Route("/store", store, methods=["POST"]),
            Route("/api/v1/binary", echo, methods=["POST"]),
            Route("/{path:path}", answer, methods=["GET", "POST"]),
        ]
    )


def say_every_secret(origin: str, authorization: str, picture: bytes) -> str:
    """Requests with a secret in each place; returns what the client was answered last."""
    key = authorization.rpartition(" ")[2]
    coded = base64.b64encode(picture).decode()
    headers = {
        "Authorization": authorization,
        "X-Api-Key": "hunter2",
        "Cookie": "a=cookiemonster",
        "X-Other": key,
        "User-Agent": f"agent {key}",
        "X-DashScope-WorkSpace": "llm-plantedworkspace",
        "Proxy-Authorization": "Basic " + base64.b64encode(b"me:open-sesame").decode(),
    }
    content = {
        "model": "wan2.5-i2v-preview",
        "api_key": "hunter2",
        "note": f"{key} sk-another0000",
        "input": {
            "prompt": f"a cat {key} open-sesame",
            "img_url": LINK,
            "last": f"data:image/png;base64,{coded}",
            "media": [{"url": coded}, {"url": f"https://me:hunter2@example.com/a.png#token={key}"}],
        },
    }
    with httpx.Client(trust_env=False, headers=headers) as client:
        client.post(f"{origin}/api/v1/create?api_key=hunter2&x={quote(key, safe='')}", json=content)
        client.post(f"{origin}/api/v1/{quote(key, safe='')}", content=f"no json {key}")
        client.post(f"{origin}/api/v1/binary", content=f"bytes {key}".encode())
        data = client.get(f"{origin}/api/v1/uploads").json()["data"]
        fields = {
            "policy": data["policy"],
            "Signature": data["signature"],
            "key": "up/a/x.png",
            "OSSAccessKeyId": data["oss_access_key_id"],
            "x-oss-security-token": "STS.plantedtoken",
        }
        upload = client.post(data["upload_host"], data=fields, files={"file": ("x.png", picture)})
        return upload.text + json.dumps(data)


@pytest.mark.parametrize("authorization", KEYS.values(), ids=KEYS)
def test_no_planted_secret_is_in_the_cassette_or_its_folder(
    authorization: str, tmp_path: Path, picture: Callable[..., Path]
) -> None:
    path, photo = tmp_path / "secrets.jsonl", picture("photo.png").read_bytes()
    service = ThreadServer(lambda _: hostile_service())
    with recording(f"{service.origin}/api/v1", path) as origin:
        answered = say_every_secret(origin, authorization, photo)
    service.close()
    assert POLICY in answered and SIGNATURE in answered  # the client itself gets what it needs
    kept = everything_in(path)
    key = authorization.rpartition(" ")[2]
    traces = [
        *PLANTED,
        key,
        key.swapcase(),
        key.encode().hex(),
        base64.b64encode(photo)[:60].decode(),
    ]
    traces += [base64.b64encode(b" " * n + key.encode()).decode()[4:-4] for n in range(3)]
    for name, data in kept.items():
        found = [trace for trace in traces if trace.encode() in data]
        assert not found, f"{name} holds {found}"
    assert [data for name, data in kept.items() if name.endswith(".png")] == [photo]
    assert len(taped(path).entries) == 5


def test_what_breaks_at_the_service_breaks_at_the_client_and_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "lost.jsonl"
    service = Server("auto", 0)
    account = MockAccount(service, "lost")
    account.faults("on=create nth=1 effect=reset stage=after", "on=create nth=2 effect=close")
    with recording(service.base_url, path) as origin:
        client = TapeClient(origin, {"Authorization": f"Bearer {account.key}"})
        for _ in range(2):
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                client.create("lost")
        assert client.create("kept").status_code == 200
        client.close()
    service.close()
    endings = [entry.answer.ending for entry in taped(path).entries]
    assert endings == ["reset", "close", ""]


def given_up(path: Path, fault: str, wait: float = 0) -> CassetteEntry:
    """What is recorded of a create call with this fault, for which the client does not wait."""
    service = Server("auto", 0)
    account = MockAccount(service, "slow")
    account.faults(f"on=create {fault}")
    with recording(service.base_url, path) as origin:
        client = TapeClient(origin, {"Authorization": f"Bearer {account.key}"})
        client.http.timeout = httpx.Timeout(0.3)
        with pytest.raises(httpx.ReadTimeout):
            client.create("impatient")
        end = time.monotonic() + wait
        while not taped(path).entries and time.monotonic() < end:
            time.sleep(0.05)
        client.close()
    service.close()
    (entry,) = taped(path).entries
    return entry


def test_an_answer_that_the_client_did_not_wait_for_is_recorded_as_unseen(tmp_path: Path) -> None:
    entry = given_up(tmp_path / "unseen.jsonl", "effect=slow seconds=1 stage=after", wait=20)
    assert (entry.answer.ending, entry.answer.status) == ("unseen", 200)
    assert entry.answer.content.value["output"]["task_status"] == "PENDING"


def test_only_addresses_that_an_answer_held_are_fetched(service: Server, tmp_path: Path) -> None:
    with recording(service.base_url, tmp_path / "c.jsonl") as origin:
        with httpx.Client(trust_env=False) as client:
            for target in ("/_link/0/http/127.0.0.1:1/x", "/_mock/ledger", "/_link/0/https/evil/"):
                assert client.get(origin + target).status_code == 404
            foreign = client.get(f"{origin}/api/v1/tasks", headers={"Host": "evil.example"})
            assert foreign.status_code == 421
        assert taped(tmp_path / "c.jsonl").entries == ()


def test_a_key_goes_to_the_service_and_never_with_a_download(
    service: Server, tmp_path: Path
) -> None:
    name = "downloads"
    account = MockAccount(service, name)
    with recording(service.base_url, tmp_path / "c.jsonl") as origin:
        client = TapeClient(origin, {"Authorization": f"Bearer {account.key}"})
        task = client.task()
        url = client.finished(task)[-1]["output"]["video_url"]
        assert client.http.get(url, headers=client.headers).status_code == 200
        client.close()
    account.assert_no_key_sent_to_media()
    assert [entry.operation for entry in account.requests][-1] == "result"


def test_a_body_that_is_too_large_is_passed_on_whole_and_not_kept(
    service: Server, tmp_path: Path
) -> None:
    path = tmp_path / "small.jsonl"
    with recording(service.base_url, path, largest=1000) as origin:
        client = TapeClient(origin)
        _, clip = client.whole_flow()
        client.close()
    assert clip[4:8] == b"ftyp" and len(clip) > 1000
    last = taped(path).entries[-1].answer.content
    assert last.kind == "omitted" and last.value["bytes"] == len(clip)
    assert list(everything_in(path)) == [path.name]


def test_clients_at_the_same_time_each_get_their_own_answers(
    service: Server, tmp_path: Path
) -> None:
    path = tmp_path / "many.jsonl"

    def one(number: int) -> tuple[str, str]:
        client = TapeClient(origin, {"Authorization": f"Bearer sk-mock-many{number % 3}"})
        task = client.task(f"cat {number}")
        state = client.finished(task)[-1]["output"]
        client.close()
        return state["orig_prompt"], state["task_status"]

    with recording(service.base_url, path) as origin, ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, range(24)))
    assert outcomes == [(f"cat {number}", "SUCCEEDED") for number in range(24)]
    entries = taped(path).entries
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert sum(entry.request.method == "POST" for entry in entries) == 24


def test_an_answer_that_never_came_is_on_the_cassette_when_the_recording_ends(
    tmp_path: Path,
) -> None:
    entry = given_up(tmp_path / "never.jsonl", "effect=never stage=after")
    assert (entry.answer.status, entry.answer.ending) == (0, "unseen")


def test_a_text_that_is_too_large_to_be_looked_at_is_passed_on(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    service = Server("auto", 0)
    account = MockAccount(service, "large")
    account.faults("on=list effect=bomb megabytes=4")
    headers = {"Authorization": f"Bearer {account.key}"}
    with recording(service.base_url, path) as origin, httpx.Client(trust_env=False) as client:
        answer = client.get(f"{origin}/api/v1/tasks", headers=headers)
    service.close()
    assert len(answer.content) > 4_000_000 and answer.json()["data"] == []
    (entry,) = taped(path).entries
    assert entry.answer.content.kind == "omitted"
