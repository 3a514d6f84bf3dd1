"""Nothing that comes over the socket breaks it: descriptions held to, bytes of any kind."""

import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.emulator import ASYNC, BODY, CREATE, serving


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with serving("--clock", "auto") as (origin, _):
        yield origin


@pytest.mark.proof
def test_it_keeps_to_its_openapi_description(
    origin: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """schemathesis: no 500, no answer that is not described, whatever is sent."""
    folder = tmp_path_factory.mktemp("schemathesis")
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{origin}/_mock/openapi.json",
        "--url", origin, "-H", "Authorization: Bearer sk-mock-fuzz",
        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,"
        "response_schema_conformance",
        "--phases", "examples,coverage,fuzzing", "--max-examples", os.environ.get("FUZZ", "25"),
        "--seed", "1", "--no-color", "--generation-allow-x00", "true",
    ]  # fmt: skip
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "HOME": str(folder)}
    ran = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=400
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]


def send(origin: str, data: bytes, *, half: bool = True) -> bytes:
    """Everything that comes back for ``data``."""
    host, port = origin.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.settimeout(1)
        try:
            connection.sendall(data)
            if half:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                answer += chunk
        except (ConnectionError, TimeoutError):
            pass
    return answer


def in_error_form(answer: bytes) -> bool:
    """Whether the last answer is a success, or JSON or XML as the service writes errors."""
    head, _, text = answer.rpartition(b"\r\n\r\n")
    status = int(head.rpartition(b"HTTP/1.1 ")[2][:3])
    if status < 400 or text.startswith(b"<?xml"):
        return True
    return {"code", "message", "request_id"} == set(json.loads(text))


def alive(origin: str) -> bool:
    with httpx.Client(trust_env=False) as client:
        return client.get(f"{origin}/_mock/health").status_code == 200


NASTY = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"GET /%ff%00%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET //api/v1/tasks HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET http://evil.example/api/v1/tasks HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/v1/tasks HTTP/1.1\r\n\r\n",
    b"GET /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"POST /oss HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data\r\n"
    b"Content-Length: 3\r\n\r\nabc",
    b"POST /oss HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    b"Content-Length: 60\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\xff",
    b"POST " + CREATE.encode() + b" HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Authorization: Bearer sk-mock-a\r\nX-DashScope-Async: enable\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    b"POST " + CREATE.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
    b"Authorization: Bearer sk-mock-a\r\nX-DashScope-Async: enable\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
]  # fmt: skip


@pytest.mark.parametrize("data", NASTY, ids=range(len(NASTY)))
def test_odd_requests_get_an_answer_in_form_or_none(origin: str, data: bytes) -> None:
    answer = send(origin, data)
    assert b"Traceback" not in answer
    assert not answer or in_error_form(answer)
    assert alive(origin)


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=600))
def test_any_bytes_leave_it_alive(origin: str, data: bytes) -> None:
    answer = send(origin, data)
    assert not answer or in_error_form(answer)


def test_damaged_requests_leave_it_alive(origin: str) -> None:
    """Good requests with bytes changed, lost and doubled."""
    text = json.dumps(BODY, ensure_ascii=False).encode()
    lines = [f"POST {CREATE} HTTP/1.1", "Host: localhost", f"Content-Length: {len(text)}"]
    lines += [f"{name}: {value}" for name, value in ASYNC.items()]
    good = "\r\n".join(lines).encode() + b"\r\n\r\n" + text
    chance = random.Random(5)
    for _ in range(300):
        data = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randint(1, 9)]
                case _:
                    data[at:at] = data[at : at + chance.randint(1, 9)]
        answer = send(origin, bytes(data))
        assert not answer or in_error_form(answer), bytes(data)
    assert alive(origin)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = (
    "prompt", "img_url", "audio_url", "first_frame_url", "last_frame_url", "media", "template",
    "negative_prompt", "resolution", "duration", "seed", "audio", "prompt_extend", "watermark",
)  # fmt: skip
FIELDS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON))
MODELS = st.sampled_from(
    ["wan2.5-i2v-preview", "wanx2.1-kf2v-plus", "wan2.7-i2v", "wan2.6-i2v-flash"]
)


@pytest.mark.proof
@settings(max_examples=200, deadline=None)
@given(model=MODELS | JSON, asked=FIELDS | JSON, wanted=FIELDS | JSON)
def test_any_json_is_a_task_or_a_refusal(
    origin: str, model: object, asked: object, wanted: object
) -> None:
    body = json.dumps({"model": model, "input": asked, "parameters": wanted})
    with httpx.Client(trust_env=False) as client:
        answer = client.post(origin + CREATE, headers=ASYNC, content=body)
        assert answer.status_code in (200, 400, 404), answer.text
        if answer.status_code == 200:
            task = answer.json()["output"]["task_id"]
            state = client.get(f"{origin}/api/v1/tasks/{task}", headers=ASYNC)
            assert state.status_code == 200
            assert client.get(f"{origin}/_mock/tasks/{task}").status_code == 200
