"""Proxies, certificates and addresses: what is wrong is named, and nothing is sent."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.emulator import serving
from tests.support.process import project, wanx
from tests.support.socks import NAME, Socks
from tests.tiers import sample
from wanx_render.backends import network
from wanx_render.backends.http.client import Connector
from wanx_render.backends.http.streams import StreamTransport
from wanx_render.backends.network import proxy_blame, proxy_for, route
from wanx_render.errors import BadInput

SECRET = "pass-word-1"
FAR = "https://dashscope.aliyuncs.com/api/v1"
NEAR = "http://127.0.0.1:8080/api/v1"


def refused(environ: dict[str, str]) -> str:
    with pytest.raises(BadInput) as caught:
        network.check(environ)
    return str(caught.value)


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with serving("--clock", "auto", "--no-limits") as (origin, _):
        yield origin


@pytest.fixture
def dead_port() -> int:
    """A port of this machine where nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -- values of proxies


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("http://[::1", "not a valid URL"),
        ("http://h:99999", "port"),
        ("http://h:abc", "port"),
        ("http://h:0", "port 0"),
        ("http://", "no host"),
        ("http:/h:80", "host"),
        ("ftp://h:21", "scheme"),
        ("socks://127.0.0.1:1080/", "scheme"),
        ("socks4://127.0.0.1:1080", "scheme"),
        ("http://a b:80", "spaces"),
        ("http://h\x07:80", "control"),
        ("http://例子.cn:80", "host name"),
        (f"http://me:{SECRET}/x@h:80", "%2F"),
        (f"http://me:{SECRET}#x@h:80", "%23"),
        (f"http://me:{SECRET}@[::1", "not a valid URL"),
        (f"http://me:{SECRET}@h:abc", "port"),
        (f"http://me:{SECRET}@:80", "no host"),
    ],
)
@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_wrong_proxy_is_named_with_its_value_and_without_its_password(
    name: str, value: str, fault: str
) -> None:
    message = refused({name: value})
    assert name in message
    assert fault in message
    assert SECRET not in message


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("127.0.0.1:7890", "http://127.0.0.1:7890"),
        (f"me:{SECRET}@h:80", "http://h:80"),
        (f"http://me:{SECRET}@h", "http://h:80"),
        ("socks5h://[::1]:1080", "socks5h://[::1]:1080"),
        ("SOCKS5://h", "socks5://h:1080"),
        (" http://h:1 ", "http://h:1"),
    ],
)
def test_a_proxy_is_shown_by_scheme_host_and_port(value: str, shown: str) -> None:
    proxy = proxy_for({"ALL_PROXY": value}, FAR)
    assert proxy is not None
    assert str(proxy) == f"ALL_PROXY={shown}"
    assert SECRET not in repr(proxy)


def test_small_letters_come_first_and_an_empty_value_is_none() -> None:
    assert str(proxy_for({"https_proxy": "a:1", "HTTPS_PROXY": "b:2"}, FAR)).startswith("https_")
    assert proxy_for({"https_proxy": "", "HTTPS_PROXY": "b:2"}, FAR) is None
    assert str(proxy_for({"HTTP_PROXY": "a:1", "ALL_PROXY": "b:2"}, FAR)).startswith("ALL_PROXY")


# -- what goes around them


def goes_straight(environ: dict[str, str], url: str) -> bool:
    """Whether a client of the program asks ``url`` through no proxy."""
    client = Connector(None, route(environ)).client(httpx.Limits(), {})
    return isinstance(client.transport_to(httpx.URL(url)), StreamTransport)


@pytest.mark.parametrize(
    ("no_proxy", "host", "around"),
    [
        ("example.com", "api.example.com", True),
        ("example.com", "example.com", True),
        ("example.com", "badexample.com", False),
        ("*.example.com,.other.org", "a.other.org", True),
        ("EXAMPLE.com ; b", "example.com", True),
        ("example.com:8443", "example.com", False),
        ("example.com:443", "example.com", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("fe80::/10,::1/128", "fe80::1", True),
        ("[2001:db8::1]:443", "2001:db8::1", True),
        ("*", "anything.example", True),
        ("https://example.com/", "example.com", True),
        ("<local>,例子.cn,[::1,,a_b.c", "dashscope.aliyuncs.com", False),
    ],
)
def test_no_proxy_names_hosts_domains_and_ranges(no_proxy: str, host: str, around: bool) -> None:
    environ = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": no_proxy}
    url = f"https://{f'[{host}]' if ':' in host else host}/api/v1"
    assert (proxy_for(environ, url) is None) == around
    # The client decides as we do, and takes whatever is written there.
    assert goes_straight(environ, url) == around


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({}, False),
        ({"NO_PROXY": "corp.example"}, False),
        ({"NO_PROXY": ""}, True),
        ({"no_proxy": ""}, True),
        ({"WANX_PROXY_LOOPBACK": "1"}, True),
        ({"WANX_PROXY_LOOPBACK": "1", "NO_PROXY": "localhost,127.0.0.1,::1"}, False),
    ],
)
def test_this_machine_is_reached_through_a_proxy_only_where_that_is_asked(
    host: str, more: dict[str, str], asked: bool
) -> None:
    environ = {"HTTP_PROXY": "http://p:1", **more}
    url = f"http://{host}:8080/api/v1"
    assert (proxy_for(environ, url) is not None) == asked
    assert goes_straight(environ, url) != asked


# -- certificates


def test_a_wrong_certificate_file_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate")
    for value in ("/nonexistent.pem", str(empty), str(tmp_path), "a\0b"):
        message = refused({"SSL_CERT_FILE": value})
        assert message.startswith("SSL_CERT_FILE=")
    assert "No such file" in refused({"SSL_CERT_FILE": "/nonexistent.pem"})
    assert refused({"SSLKEYLOGFILE": str(tmp_path / "none" / "log")}).startswith("SSLKEYLOGFILE=")


def test_a_certificate_folder_must_hold_hashed_names(tmp_path: Path) -> None:
    assert "is not a folder" in refused({"SSL_CERT_DIR": "/nonexistent"})
    assert "openssl rehash" in refused({"SSL_CERT_DIR": str(tmp_path)})
    (tmp_path / "0a1b2c3d.0").write_text("")
    network.check({"SSL_CERT_DIR": f"/nonexistent:{tmp_path}"})


def test_the_file_comes_before_the_folder_as_in_the_client() -> None:
    known = ssl.get_default_verify_paths()
    file = known.cafile or __import__("certifi").where()
    network.check({"SSL_CERT_FILE": file, "SSL_CERT_DIR": "/nonexistent"})


def test_blame_names_the_proxy_and_the_certificates() -> None:
    error = OSError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    environ = {"HTTPS_PROXY": f"http://me:{SECRET}@p:1", "SSL_CERT_FILE": "/a.pem"}
    blame = proxy_blame(environ, error, FAR)
    assert blame == " (through HTTPS_PROXY=http://p:1; with SSL_CERT_FILE=/a.pem)"
    assert "set SSL_CERT_FILE" in proxy_blame({}, error, FAR)
    assert proxy_blame(environ, OSError("x"), NEAR) == ""
    assert proxy_blame({"HTTP_PROXY": "http://[::1"}, OSError("x"), NEAR) == ""


# -- the program


@pytest.mark.parametrize(
    ("variable", "value", "command"),
    sample(
        2,
        [
            ("HTTP_PROXY", "http://[::1", ("list.yaml", "--yes")),
            ("HTTPS_PROXY", f"http://me:{SECRET}@h:abc", ("tasks", "list")),
            ("ALL_PROXY", "socks4://h:1", ("board", "list.yaml")),
            ("SSL_CERT_FILE", "/nonexistent.pem", ("list.yaml", "list.yaml", "--yes")),
            ("SSL_CERT_DIR", "/nonexistent", ("list.yaml", "--yes")),
        ],
    ),
)
def test_every_command_that_asks_the_service_names_the_variable(
    variable: str, value: str, command: tuple[str, ...], dead_port: int, tmp_path: Path
) -> None:
    project(tmp_path, "dashscope")
    base = f"http://127.0.0.1:{dead_port}/api/v1"
    done = wanx(tmp_path, *command, DASHSCOPE_HTTP_BASE_URL=base, **{variable: value})
    assert (done.code, variable in done.text) == (2, True), done.text
    assert SECRET not in done.text
    assert "bug" not in done.text


@pytest.mark.proof
def test_a_proxy_where_nobody_answers_ends_the_run_before_it_begins(
    emulator: str, dead_port: int, tmp_path: Path
) -> None:
    project(tmp_path, "dashscope")
    proxy = f"http://me:{SECRET}@127.0.0.1:{dead_port}"
    base = f"{emulator}/api/v1"
    done = wanx(tmp_path, "list.yaml", "--yes", "--base-url", base, HTTP_PROXY=proxy, NO_PROXY="")
    assert done.code == 2
    assert f"HTTP_PROXY=http://127.0.0.1:{dead_port}" in done.text
    assert SECRET not in done.text
    # Unasked, this machine is reached without it, whatever NO_PROXY would stop other clients at.
    for exceptions in ({}, {"NO_PROXY": "::1/128,fe80::/10"}):
        done = wanx(
            tmp_path, "list.yaml", "--yes", "--base-url", base, HTTP_PROXY=proxy, **exceptions
        )
        assert done.code == 0, done.text


@pytest.mark.proof
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_whole_run_goes_through_a_socks_proxy(scheme: str, emulator: str, tmp_path: Path) -> None:
    project(tmp_path, "dashscope")
    with Socks(emulator, tmp_path) as socks:
        done = wanx(
            tmp_path, "list.yaml", "--yes", "--base-url", f"https://{NAME}/api/v1",
            ALL_PROXY=f"{scheme}://127.0.0.1:{socks.port}", SSL_CERT_FILE=str(socks.certificate),
        )  # fmt: skip
    assert done.code == 0, done.text
    assert set(socks.asked) == {(NAME, 443)}
    assert (tmp_path / "renders" / "small" / "film.mp4").is_file()


def test_a_certificate_that_nobody_vouches_for_is_said_with_the_variable(
    emulator: str, tmp_path: Path
) -> None:
    project(tmp_path, "dashscope")
    with Socks(emulator, tmp_path) as socks:
        proxy = f"socks5h://127.0.0.1:{socks.port}"
        done = wanx(
            tmp_path, "tasks", "list", "--base-url", f"https://{NAME}/api/v1",
            ALL_PROXY=proxy,
        )  # fmt: skip
    assert done.code == 1, done.text
    assert "CERTIFICATE_VERIFY_FAILED" in done.text
    assert len(socks.asked) == 1  # no repeat makes it good
    assert "set SSL_CERT_FILE" in done.text
    assert f"ALL_PROXY={proxy}" in done.text


@pytest.mark.parametrize(
    ("path", "hint"),
    sample(
        2,
        [
            ("", "should end in /api/v1"),
            ("/api", "should end in /api/v1"),
            ("/api/v2", "should end in /api/v1"),
            ("/other", "should end in /api/v1"),
            ("/api/v1/services/aigc/video-generation/video-synthesis", "use {origin}/api/v1"),
            ("/api/v1/tasks/", "use {origin}/api/v1"),
        ],
    ),
)
def test_an_address_that_is_not_the_api_is_answered_with_the_one_that_is(
    path: str, hint: str, emulator: str, tmp_path: Path
) -> None:
    project(tmp_path, "dashscope")
    done = wanx(tmp_path, "list.yaml", "--yes", "--base-url", f"{emulator}{path}")
    assert done.code == 2
    assert "error[base-url-invalid]" in done.text
    assert f"{emulator}{path}".rstrip("/") in done.text
    assert hint.format(origin=emulator) in done.text
    assert "key-refused" not in done.text


@pytest.mark.parametrize("end", sample(1, ["/", "//", " "]))
def test_a_slash_at_the_end_of_the_address_is_no_fault(
    end: str, emulator: str, tmp_path: Path
) -> None:
    done = wanx(tmp_path, "tasks", "list", DASHSCOPE_HTTP_BASE_URL=f"{emulator}/api/v1{end}")
    assert done.code == 0, done.text


@pytest.mark.parametrize(
    "address",
    sample(
        1,
        [
            "https://dashscope.aliyuncs.com/compatible-mode/v1",
            "https://dashscope.aliyuncs.com",
            "https://dashscope.aliyuncs.com/api/v1/services/aigc/image2video/video-synthesis",
        ],
    ),
)
def test_at_the_vendor_only_the_one_path_is_taken_and_nothing_is_asked(
    address: str, tmp_path: Path
) -> None:
    done = wanx(tmp_path, "tasks", "list", DASHSCOPE_HTTP_BASE_URL=address)
    assert done.code == 2
    assert "DASHSCOPE_HTTP_BASE_URL" in done.text
    assert "use https://dashscope.aliyuncs.com/api/v1" in done.text


@pytest.mark.parametrize(
    "address", sample(2, [f"https://me:{SECRET}@h/api/v1", f"ftp://h/{SECRET}", "h", ""])
)
def test_a_wrong_address_is_named_without_its_secrets(address: str, tmp_path: Path) -> None:
    done = wanx(tmp_path, "tasks", "list", "--base-url", address or "x y")
    assert done.code == 2
    assert "--base-url" in done.text
    assert SECRET not in done.text


def test_where_nobody_answers_host_and_port_are_named(dead_port: int, tmp_path: Path) -> None:
    done = wanx(tmp_path, "tasks", "list", "--base-url", f"http://127.0.0.1:{dead_port}/api/v1")
    assert done.code == 1
    assert f"127.0.0.1:{dead_port}" in done.text


def test_next_to_the_emulator_money_is_said_to_be_play_money(emulator: str, tmp_path: Path) -> None:
    project(tmp_path, "dashscope")
    base = ("--base-url", f"{emulator}/api/v1")
    plan = wanx(tmp_path, "plan", "list.yaml", DASHSCOPE_HTTP_BASE_URL=base[1])
    assert "127.0.0.1 is this machine: if the emulator answers, it is play money" in plan.text
    asked = wanx(tmp_path, "list.yaml", *base)
    assert (asked.code, "play money" in asked.text) == (4, True)
    done = wanx(tmp_path, "list.yaml", "--yes", *base)
    assert (done.code, "The emulator answered: this is play money." in done.text) == (0, True)
