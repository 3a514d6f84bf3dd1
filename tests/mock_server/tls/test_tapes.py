"""Recordings of clients that have the vendor's hosts in their code, and replays for them."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from mock_server.serve import command
from mock_server.testing import Server
from tests.mock_server.tls.test_clients import emulator_process
from tests.support.emulator import ASYNC, CREATE, KEY, body

HOST = "https://dashscope.aliyuncs.com"


@contextmanager
def client_of(line: dict[str, Any]) -> Iterator[httpx.Client]:
    trust = ssl.create_default_context(cafile=line["authority"])
    with httpx.Client(trust_env=False, proxy=line["proxy"], verify=trust, headers=KEY) as client:
        yield client


def whole_flow(client: httpx.Client) -> tuple[str, bytes]:
    """The task's id, and its clip."""
    created = client.post(HOST + CREATE, headers=ASYNC, json=body()).json()
    task = str(created["output"]["task_id"])
    answer: dict[str, Any] = {}
    for _ in range(4):
        answer = client.get(f"{HOST}/api/v1/tasks/{task}").json()
    return task, client.get(answer["output"]["video_url"]).content


def test_a_client_of_the_vendors_host_is_recorded_and_replayed(tmp_path: Path) -> None:
    tape, folder = str(tmp_path / "a.jsonl"), str(tmp_path / "authority")
    common = ("--cassette", tape, "--proxy", "--authority", folder)
    service = Server("auto", 0)
    try:
        with (
            emulator_process("record", "--to", service.base_url, *common) as line,
            client_of(line) as client,
        ):
            recorded = whole_flow(client)
            assert client.get(f"{HOST}/_mock/health").status_code == 421
    finally:
        service.close()
    assert recorded[1][4:8] == b"ftyp"
    with emulator_process("replay", *common) as line, client_of(line) as client:
        assert whole_flow(client) == recorded


@pytest.mark.parametrize("option", ["--proxy-port", "--authority"])
def test_options_of_the_proxy_need_it(option: str, tmp_path: Path) -> None:
    flags = ["replay", "--cassette", str(tmp_path / "none.jsonl"), option, "1"]
    result = CliRunner().invoke(command, flags)
    assert (result.exit_code, f"{option} requires --proxy" in result.output) == (2, True)
