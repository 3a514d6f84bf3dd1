"""The emulator as the service's own result hosts: a proxy on loopback, with an authority."""

import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from mock_server.serve import command
from mock_server.testing import Server
from mock_server.tls.served_hosts import BadHost, host_names
from tests.support.emulator import ASYNC, CREATE, KEY, body, started
from tests.support.places import ROOT

HOSTS = (
    "dashscope-result-sgp.oss-ap-southeast-1.aliyuncs.com",
    "dashscope-a717.oss-accelerate.aliyuncs.com",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server("manual", 0, HOSTS)
    yield running
    running.close()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A client as it is with the proxy's environment."""
    assert server.proxy
    trust = ssl.create_default_context(cafile=server.proxy.environment["SSL_CERT_FILE"])
    with httpx.Client(trust_env=False, proxy=server.proxy.url, verify=trust) as client:
        yield client


def result(server: Server, prompt: str = "a cat") -> str:
    with httpx.Client(trust_env=False) as api:
        task = api.post(server.origin + CREATE, headers=ASYNC, json=body(prompt)).json()
        server.service.advance(2000)
        url = f"{server.base_url}/tasks/{task['output']['task_id']}"
        return str(api.get(url, headers=KEY).json()["output"]["video_url"])


def test_results_are_named_and_fetched_at_the_hosts(server: Server, client: httpx.Client) -> None:
    urls = [result(server, f"cat {number}") for number in range(8)]
    assert {httpx.URL(url).host for url in urls} == set(HOSTS)
    for url in (urls[0], "http" + urls[0].removeprefix("https")):
        answer = client.get(url)
        assert (answer.status_code, answer.content[4:8]) == (200, b"ftyp")
    assert client.get(urls[0], headers={"range": "bytes=4-7"}).content == b"ftyp"
    assert client.get(f"{server.base_url}/tasks/x", headers=KEY).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        f"https://{HOSTS[0]}:8443/",
        f"https://{HOSTS[0]}.evil.example/",
        "https://127.0.0.1/",
    ],
)
def test_nothing_else_can_be_reached(client: httpx.Client, url: str) -> None:
    with pytest.raises(httpx.ProxyError, match="403"):
        client.get(url)
    assert client.get("http" + url.removeprefix("https")).status_code == 403


def test_the_api_and_its_uploads_are_at_the_hosts_that_are_named_for_it() -> None:
    host = "llm-ab12.ap-northeast-1.maas.aliyuncs.com"
    running = Server("manual", 0, api_hosts=[host])
    try:
        assert running.proxy
        trust = ssl.create_default_context(cafile=running.proxy.environment["SSL_CERT_FILE"])
        with httpx.Client(trust_env=False, proxy=running.proxy.url, verify=trust) as client:
            query = {"action": "getPolicy", "model": "wanx2.1-i2v-turbo"}
            policy = client.get(
                f"https://{host}/api/v1/uploads",
                params=query,
                headers={"Authorization": "Bearer sk-mock-tokyo-a"},
            )
            assert policy.json()["data"]["upload_host"] == f"https://{host}/oss"
            assert client.get(f"https://{host}/_mock/ledger").status_code == 421
    finally:
        running.close()


def test_the_hosts_have_results_and_nothing_else(server: Server, client: httpx.Client) -> None:
    for path in ("/", "/_mock/health", "/_mock/ledger", "/api/v1/tasks"):
        assert client.get(f"https://{HOSTS[0]}{path}", headers=KEY).status_code == 421
    assert httpx.get(f"{server.origin}/_mock/health", trust_env=False).status_code == 200


def test_who_does_not_trust_the_authority_fetches_nothing(server: Server) -> None:
    assert server.proxy
    with (
        httpx.Client(trust_env=False, proxy=server.proxy.url) as client,
        pytest.raises(httpx.ConnectError, match="certificate verify failed"),
    ):
        client.get(result(server))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("effect=reset", httpx.TransportError),
        ("effect=close stage=body", httpx.RemoteProtocolError),
        ("effect=promised megabytes=1", httpx.RemoteProtocolError),
    ],
)
def test_faults_of_the_wire_pass_through(
    server: Server, client: httpx.Client, fault: str, error: type[Exception]
) -> None:
    url = result(server)
    httpx.put(f"{server.origin}/_mock/faults", json=[f"on=result {fault}"], trust_env=False)
    with pytest.raises(error):
        client.get(url)
    httpx.delete(f"{server.origin}/_mock/faults", trust_env=False)
    assert client.get(url).status_code == 200


def test_odd_requests_end_and_leave_it_alive(server: Server, client: httpx.Client) -> None:
    assert server.proxy
    host, port = server.proxy.url.removeprefix("http://").split(":")
    for data in (
        b"\r\n\r\n", b"CONNECT\r\n\r\n", b"CONNECT [::1 HTTP/1.1\r\n\r\n", b"x" * 200_000,
        b"GET http://[ HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\r\n\r\n",
        b"CONNECT " + HOSTS[0].encode() + b":443 HTTP/1.1\r\n\r\nno TLS at all\r\n",
    ):  # fmt: skip
        with socket.create_connection((host, int(port)), 5) as connection:
            connection.settimeout(5)
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except TimeoutError:  # it must end, one way or the other
                raise
            except OSError:
                pass
    assert client.get(result(server)).status_code == 200


def test_the_command_says_where_they_are_and_keeps_the_authority(tmp_path: Path) -> None:
    kept = ("--authority", str(tmp_path / "kept"), "--result-host", ",".join(HOSTS))
    with started("--clock", "manual", "--proxy-port", "0", *kept) as (line, _):
        authority = Path(line["authority"])
        assert authority.read_text().startswith("-----BEGIN CERTIFICATE-----")
        trust = ssl.create_default_context(cafile=authority)
        with httpx.Client(trust_env=False, proxy=line["proxy"], verify=trust) as client:
            assert client.get(f"https://{HOSTS[0]}/results/a/x.mp4").status_code == 403
    assert authority.parent == tmp_path / "kept"
    assert authority.exists()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--proxy-port", "0"], "--proxy-port requires --proxy, --result-host or --api-host"),
        (["--proxy-port", "0", "--result-host", "a b"], "'a b' is not a host name"),
        (["--authority", "x"], "--authority requires --tls or --proxy"),
        (["--proxy-passthrough"], "--proxy-passthrough requires --proxy"),
        (
            ["--proxy", "--proxy-passthrough", "--host", "0.0.0.0", "--token", "x"],
            "--proxy-passthrough works on loopback only",
        ),
    ],
)
def test_what_cannot_be_is_a_sentence(flags: list[str], sentence: str) -> None:
    result = CliRunner().invoke(command, flags)
    assert (result.exit_code, sentence in result.output) == (2, True), result.output


def test_without_the_library_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "cryptography.py").write_text("raise ImportError('not here')")
    words = [sys.executable, "-m", "mock_server", "--proxy-port", "0", "--result-host", HOSTS[0]]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    process = subprocess.run(
        words, capture_output=True, text=True, cwd=ROOT, timeout=60, env=environment
    )
    assert process.returncode == 2
    assert "install wanx-render[tls]" in process.stderr


def test_host_names_are_read_strictly() -> None:
    assert host_names(" A.example , b.example,") == ("a.example", "b.example")
    for bad in ("https://a.example", "a.example:443", "a", "-a.example", "a..example", "ä.example"):
        with pytest.raises(BadHost, match="is not a host name"):
            host_names(bad)
