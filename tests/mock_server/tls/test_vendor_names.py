"""A client with the vendor's hosts in its code: the proxy and a certificate are all it needs."""

import json
import os
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest

from mock_server.testing import MockAccount, Server
from mock_server.wire.hosts import is_api, is_storage
from tests.support.emulator import ASYNC, CREATE, KEY, body

BEIJING = "https://dashscope.aliyuncs.com"
API_HOSTS = (
    "dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com",
    "cn-hongkong.dashscope.aliyuncs.com", "llm-ab12.cn-beijing.maas.aliyuncs.com",
    "trial.cn-hongkong.maas.aliyuncs.com", "token-plan.ap-southeast-1.maas.aliyuncs.com",
)  # fmt: skip
REGIONS = {
    "intl": "singapore", "-us": "virginia", "hongkong": "hongkong", "southeast-1": "singapore",
    "ap-northeast-1": "tokyo",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server("manual", 0, vendor=True)
    yield running
    running.close()


def trust(server: Server) -> ssl.SSLContext:
    assert server.proxy
    return ssl.create_default_context(cafile=server.proxy.environment["SSL_CERT_FILE"])


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    assert server.proxy
    with httpx.Client(
        trust_env=False, proxy=server.proxy.url, verify=trust(server), headers=KEY
    ) as client:
        yield client


def finished(server: Server, client: httpx.Client, base: str, **more: Any) -> dict[str, Any]:
    """The last answer about a task that is created at ``base``."""
    created = client.post(base + CREATE, headers=ASYNC, json={**body(), **more}).json()
    server.service.advance(2000)
    answer = client.get(f"{base}/api/v1/tasks/{created['output']['task_id']}").json()
    assert answer["output"]["task_status"] == "SUCCEEDED"
    return dict(answer)


def test_the_whole_flow_is_at_the_hosts_that_are_written_into_clients(
    server: Server, client: httpx.Client
) -> None:
    query = {"action": "getPolicy", "model": "wanx2.1-i2v-turbo"}
    policy = client.get(f"{BEIJING}/api/v1/uploads", params=query).json()["data"]
    assert policy["upload_host"] == "https://dashscope-file-mgr.oss-cn-beijing.aliyuncs.com"
    key = f"{policy['upload_dir']}/a.png"
    form = {
        "OSSAccessKeyId": policy["oss_access_key_id"], "Signature": policy["signature"],
        "policy": policy["policy"], "key": key, "success_action_status": "200",
    }  # fmt: skip
    picture = _png()
    sent = client.post(policy["upload_host"], data=form, files={"file": ("a.png", picture)})
    assert (sent.status_code, sent.content) == (200, b"")
    again = client.post(policy["upload_host"] + "/", data=form, files={"file": ("a.png", picture)})
    assert (again.status_code, "FileAlreadyExists" in again.text) == (409, True)
    client.headers["X-DashScope-OssResourceResolve"] = "enable"
    given = {"prompt": "a cat", "img_url": f"oss://{key}"}
    url = finished(server, client, BEIJING, input=given)["output"]["video_url"]
    assert url.startswith("https://dashscope-result-bj.oss-cn-beijing.aliyuncs.com/")
    clip = client.get(url, headers={"authorization": ""})
    assert (clip.status_code, clip.content[4:8]) == (200, b"ftyp")


def _png() -> bytes:
    from io import BytesIO

    from PIL import Image

    stream = BytesIO()
    Image.new("RGB", (480, 480), "#336699").save(stream, "PNG")
    return stream.getvalue()


def test_results_of_another_region_are_at_a_host_of_it(
    server: Server, client: httpx.Client
) -> None:
    client.headers["authorization"] = "Bearer sk-mock-intl-a"
    created = client.post(
        f"https://dashscope-intl.aliyuncs.com{CREATE}",
        headers={"X-DashScope-Async": "enable"},
        json={**body(duration=5), "model": "wan2.5-i2v-preview"},
    )  # fmt: skip
    server.service.advance(2000)
    task = created.json()["output"]["task_id"]
    answer = client.get(f"https://dashscope-intl.aliyuncs.com/api/v1/tasks/{task}").json()
    host = httpx.URL(answer["output"]["video_url"]).host
    assert host == "dashscope-result-sgp.oss-ap-southeast-1.aliyuncs.com"


@pytest.mark.parametrize("host", API_HOSTS)
def test_every_kind_of_host_has_a_certificate_and_the_api(host: str, client: httpx.Client) -> None:
    region = next((name for part, name in REGIONS.items() if part in host), "beijing")
    client.headers["authorization"] = f"Bearer sk-mock-{region}-a"
    answer = client.get(f"https://{host}/api/v1/tasks/x")
    assert answer.json()["output"]["task_status"] == "UNKNOWN"


@pytest.mark.parametrize(
    "host", ["aliyuncs.com", "oss-cn-beijing.aliyuncs.com", "dashscope.aliyuncs.com.evil.example",
             "evil-dashscope.aliyuncs.com", "maas.aliyuncs.com", "x.maas.aliyuncs.com"],
)  # fmt: skip
def test_other_names_are_none_of_them(host: str) -> None:
    assert not is_api(host)
    assert not is_storage(host)


def test_the_storage_has_no_api_and_the_admin_side_stays_here(
    server: Server, client: httpx.Client
) -> None:
    storage = "https://dashscope-result-bj.oss-cn-beijing.aliyuncs.com"
    for address in (f"{storage}/api/v1/tasks/x", f"{BEIJING}/_mock/ledger", f"{storage}/"):
        assert client.get(address).status_code == 421, address
    assert client.get(f"{server.origin}/_mock/health").status_code == 200


def test_who_calls_by_loopback_gets_links_to_loopback(server: Server) -> None:
    with httpx.Client(trust_env=False, headers=KEY) as direct:
        url = finished(server, direct, server.origin)["output"]["video_url"]
        assert url.startswith(server.origin)
        assert direct.get(url).status_code == 200


def test_many_requests_share_one_tunnel(server: Server, client: httpx.Client) -> None:
    opened = server.service  # the same service answers all of them
    addresses = {
        client.get(f"{BEIJING}/api/v1/tasks/x")
        .extensions["network_stream"]
        .get_extra_info("client_addr")
        for _ in range(5)
    }
    assert len(addresses) == 1
    assert len([entry for entry in opened.request_log.matching("a") if entry.task_id == "x"]) >= 5


def test_requests_in_the_absolute_form_share_a_connection(server: Server) -> None:
    assert server.proxy
    connection = HTTPConnection(server.proxy.url.removeprefix("http://"), timeout=5)
    headers = {**KEY, "Host": "elsewhere.example", "Proxy-Connection": "keep-alive"}
    sockets = set()
    for _ in range(3):
        address = "http://dashscope.aliyuncs.com//api/v1/tasks/%E7%8C%AB?x=1"
        connection.request("GET", address, headers=headers)
        sockets.add(connection.sock)
        answer = connection.getresponse()
        assert (answer.status, json.load(answer)["output"]["task_id"]) == (200, "猫")
    assert len(sockets) == 1
    connection.close()


def test_addresses_of_https_in_the_absolute_form_are_answered_as_through_a_tunnel(
    server: Server,
) -> None:
    assert server.proxy
    connection = HTTPConnection(server.proxy.url.removeprefix("http://"), timeout=5)
    policy = f"{BEIJING}/api/v1/uploads?action=getPolicy&model=wan2.2-i2v-flash"
    connection.request("GET", policy, headers=KEY)
    answer = connection.getresponse()
    assert answer.status == 200
    assert json.load(answer)["data"]["upload_host"].startswith("https://dashscope-file-")
    connection.close()


def test_what_leads_elsewhere_is_answered_with_a_way_out(server: Server) -> None:
    assert server.proxy
    host, port = server.proxy.url.removeprefix("http://").split(":")
    for ask in ("CONNECT example.com:443", "GET http://example.com/", "GET /api/v1/tasks/x",
                "GET http://dashscope.aliyuncs.com:8080/api/v1/tasks/x",
                "GET https://dashscope.aliyuncs.com:80/api/v1/tasks/x",
                "GET https://example.com/"):  # fmt: skip
        with socket.create_connection((host, int(port)), 5) as connection:
            connection.sendall(f"{ask} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        assert answer.startswith(b"HTTP/1.1 403"), ask
        assert b"--proxy-passthrough" in answer


def tls_to(server: Server, host: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    """A TLS connection through the proxy."""
    assert server.proxy
    place = server.proxy.url.removeprefix("http://").split(":")
    connection = socket.create_connection((place[0], int(place[1])), 5)
    connection.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    return context.wrap_socket(connection, server_hostname=host)


@pytest.mark.parametrize(("offered", "chosen"), [(["h2", "http/1.1"], "http/1.1"), (["h2"], None)])
def test_a_client_that_offers_http_2_gets_http_1_1(
    server: Server, offered: list[str], chosen: str | None
) -> None:
    context = trust(server)
    context.set_alpn_protocols(offered)
    with tls_to(server, "dashscope.aliyuncs.com", context) as connection:
        assert connection.selected_alpn_protocol() == chosen


def test_the_certificate_is_for_the_one_host_and_short(server: Server) -> None:
    host = "llm-x_1.cn-beijing.maas.aliyuncs.com"
    with tls_to(server, host, trust(server)) as connection:
        certificate = connection.getpeercert()
    assert certificate and certificate["subjectAltName"] == (("DNS", host),)
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    begins = ssl.cert_time_to_seconds(str(certificate["notBefore"]))
    assert (ends - begins) / 86400 < 399  # some clients refuse longer ones


def test_a_reset_is_a_reset_on_the_wire(server: Server) -> None:
    """Below TLS: what a library makes of it is its own affair."""
    account = MockAccount(server, "reset")
    account.faults("on=query effect=reset")
    host = "dashscope.aliyuncs.com"
    with tls_to(server, host, trust(server)) as connection:
        ask = f"GET /api/v1/tasks/x HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {account.key}"
        connection.sendall(f"{ask}\r\n\r\n".encode())
        with socket.socket(fileno=os.dup(connection.fileno())) as below:
            below.settimeout(5)
            with pytest.raises(ConnectionResetError):
                while below.recv(65536):
                    pass


def test_plain_http_inside_a_tunnel_works_too(server: Server) -> None:
    """Some libraries open a tunnel for every address."""
    assert server.proxy
    place = server.proxy.url.removeprefix("http://").split(":")
    for target in ("dashscope.aliyuncs.com:80", server.origin.removeprefix("http://")):
        with socket.create_connection((place[0], int(place[1])), 5) as connection:
            connection.sendall(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            ask = f"GET /api/v1/tasks/x HTTP/1.1\r\nHost: {target}\r\n{{}}\r\n\r\n"
            connection.sendall(ask.format("Authorization: Bearer sk-mock-a").encode())
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
