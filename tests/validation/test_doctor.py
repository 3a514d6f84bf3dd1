import base64
import dataclasses
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.programs import PROGRAMS
from tests.support.socks import certificate
from wanx_render.backends import network
from wanx_render.backends.network import Proxy
from wanx_render.backends.reach import reach
from wanx_render.catalog.capabilities import Catalog
from wanx_render.session.doctor import Finding, examine

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CANARY = "sk-canary-0123456789abcdef"


def online(*_: object) -> str:
    """A network in which every place answers."""
    return ""


def offline(*_: object) -> str:
    return "Network is unreachable"


def look(catalog: Catalog, folder: Path, **environ: str) -> dict[str, Finding]:
    findings = examine({"PATH": "", **environ}, folder, NOW, catalog, online)
    return {finding.name: finding for finding in findings}


def test_the_key_is_in_no_finding_wherever_it_was_put(catalog: Catalog, tmp_path: Path) -> None:
    """People paste keys into the wrong variable too."""
    (tmp_path / ".env").write_text(f"DASHSCOPE_API_KEY={CANARY}\n")
    found = look(
        catalog,
        tmp_path,
        DASHSCOPE_API_KEY=f"{CANARY}\n",
        DASHSCOPE_HTTP_BASE_URL=f"https://{CANARY}@dashscope.example/api/v1?key={CANARY}",
        HTTPS_PROXY=f"http://me:{CANARY}@proxy.example:3128/{CANARY}",
    )
    assert "canary" not in repr(found)
    assert not any("canary" in str(dataclasses.astuple(finding)) for finding in found.values())
    assert found["key"].state == "warning"


def test_the_environment_comes_before_the_file(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"# DASHSCOPE_API_KEY=old\nDASHSCOPE_API_KEY='{CANARY}'\n")
    assert look(catalog, tmp_path)["key"].text.endswith("is set in .env")
    key = look(catalog, tmp_path, DASHSCOPE_API_KEY=CANARY)["key"]
    assert key.text.endswith("is set in the environment")


def test_without_a_base_url_the_regions_of_the_catalog_are_named(
    catalog: Catalog, tmp_path: Path
) -> None:
    findings = examine({"PATH": ""}, tmp_path, NOW, catalog, online)
    texts = [finding.text for finding in findings if finding.name == "endpoint"]
    assert [text.split()[0] for text in texts] == list(catalog.service.regions)


def endpoints(catalog: Catalog, folder: Path, **environ: str) -> list[str]:
    findings = examine({"PATH": "", **environ}, folder, NOW, catalog, online)
    return [f"{f.state} {f.text}" for f in findings if f.name == "endpoint"]


def test_a_workspace_is_named_by_its_beginning_and_leads_to_its_hosts(
    catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("DASHSCOPE_WORKSPACE=llm-0123456789abcdef\n")
    assert look(catalog, tmp_path)["workspace"].text == "requests go to llm-01..."
    texts = endpoints(catalog, tmp_path)
    assert texts[0] == "ok beijing https://llm-01....cn-beijing.maas.aliyuncs.com answers"
    assert len(texts) == len(catalog.service.regions)
    assert not any("0123456789" in text for text in texts)


def test_a_region_without_a_shared_host_says_what_it_needs(
    catalog: Catalog, tmp_path: Path
) -> None:
    assert "ok tokyo has addresses of workspaces only" in endpoints(catalog, tmp_path)
    assert "workspace" not in look(catalog, tmp_path)


def test_a_wrong_kind_of_address_is_said_once(catalog: Catalog, tmp_path: Path) -> None:
    texts = endpoints(catalog, tmp_path, WANX_ADDRESS="plain")
    assert texts == ["warning WANX_ADDRESS=plain is not a kind of address"]


def test_ffmpeg_is_named_with_its_version_origin_and_path(catalog: Catalog, tmp_path: Path) -> None:
    text = look(catalog, tmp_path)["ffmpeg"].text
    assert all(word in text for word in ("wheel", "H.264", "AAC", "/"))


def test_a_folder_that_is_still_to_be_made_is_judged_by_its_parent(
    catalog: Catalog, tmp_path: Path
) -> None:
    found = look(catalog, tmp_path / "not" / "yet")
    assert (found["folder"].state, found["disk"].state == "error") == ("ok", False)
    assert not (tmp_path / "not").exists()


def test_a_file_in_place_of_the_folder_is_an_error_with_a_hint(
    catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    folder = look(catalog, tmp_path / "file")["folder"]
    assert (folder.state, bool(folder.hint)) == ("error", True)


def test_nothing_is_left_in_the_folder(catalog: Catalog, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    look(catalog, folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("year", "state"), [(1970, "error"), (2024, "error"), (2025, "ok")])
def test_a_clock_before_2025_is_wrong(
    year: int, state: str, catalog: Catalog, tmp_path: Path
) -> None:
    findings = examine({"PATH": ""}, tmp_path, datetime(year, 6, 1, tzinfo=UTC), catalog, online)
    assert [finding.state for finding in findings if finding.name == "clock"] == [state]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_is_found_in_capitals_and_small_letters(
    name: str, catalog: Catalog, tmp_path: Path
) -> None:
    proxy = look(catalog, tmp_path, **{name: "socks5://proxy.example:1080"})["proxy"]
    assert "socks5://proxy.example" in proxy.text


def test_without_a_proxy_none_is_spoken_of(catalog: Catalog, tmp_path: Path) -> None:
    assert "proxy" not in look(catalog, tmp_path)


@pytest.mark.parametrize("blank", ["\n", "\t", " ", "\r"])
def test_a_blank_inside_the_key_is_a_warning(blank: str, catalog: Catalog, tmp_path: Path) -> None:
    broken = CANARY[:12] + blank + CANARY[12:]
    assert look(catalog, tmp_path, DASHSCOPE_API_KEY=broken)["key"].state == "warning"


def test_a_key_file_saved_with_a_byte_order_mark_is_read(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"DASHSCOPE_API_KEY={CANARY}\n", encoding="utf-8-sig")
    assert look(catalog, tmp_path)["key"].text.endswith("is set in .env")


@pytest.mark.parametrize("password", ["pa/ss", "p#ss", "p?ss", "p://ss", "p@ss"])
def test_no_password_makes_the_user_look_like_the_host(
    password: str, catalog: Catalog, tmp_path: Path
) -> None:
    text = look(catalog, tmp_path, HTTPS_PROXY=f"http://myself:{password}@h:1")["proxy"].text
    assert "myself" not in text
    assert "HTTPS_PROXY=http://h:1" in text
    assert password not in text


@pytest.mark.parametrize(
    ("environ", "name", "state"),
    [
        ({"HTTPS_PROXY": "http:///x"}, "proxy", "error"),
        ({"ALL_PROXY": "socks4://h:1"}, "proxy", "error"),
        ({"SSL_CERT_FILE": "/nonexistent.pem"}, "certs", "error"),
        ({"SSL_CERT_DIR": "/nonexistent"}, "certs", "error"),
        ({"DASHSCOPE_HTTP_BASE_URL": "nowhere"}, "endpoint", "warning"),
        ({"DASHSCOPE_HTTP_BASE_URL": "https://h:abc/api/v1"}, "endpoint", "warning"),
        ({"DASHSCOPE_HTTP_BASE_URL": "https://h:65536/api/v1"}, "endpoint", "warning"),
        ({"DASHSCOPE_HTTP_BASE_URL": "https://h/compatible-mode/v1"}, "endpoint", "warning"),
        ({"DASHSCOPE_HTTP_BASE_URL": "https://h/api/v1/"}, "endpoint", "ok"),
    ],
)
def test_what_is_wrong_is_not_called_ok(
    environ: dict[str, str], name: str, state: str, catalog: Catalog, tmp_path: Path
) -> None:
    assert look(catalog, tmp_path, **environ)[name].state == state


def test_offline_is_a_warning(catalog: Catalog, tmp_path: Path) -> None:
    environ = {"PATH": "", "HTTPS_PROXY": "http://p:1"}
    findings = examine(environ, tmp_path, NOW, catalog, offline)
    states = {
        finding.name: finding.state for finding in findings if finding.name in ("endpoint", "proxy")
    }
    assert states == {"endpoint": "warning", "proxy": "warning"}
    assert not any(finding.state == "error" for finding in findings)


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A port on which somebody shakes hands as ``service.test``, and the certificate."""
    chain, secret = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    link, _ = listener.accept()
                    with suppress(OSError), context.wrap_socket(link, server_side=True) as safe:
                        assert safe.recv(100) == b""  # a handshake, and not a word more

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], chain


def test_a_place_is_tried_with_its_certificate(tls: tuple[int, Path]) -> None:
    port, chain = tls
    trusting = network.certificates({"SSL_CERT_FILE": str(chain)})
    assert reach("127.0.0.1", port, None, None) == ""
    assert "certificate" in reach("127.0.0.1", port, network.certificates({}), None)
    assert "mismatch" in reach("127.0.0.1", port, trusting, None)
    socks = Proxy("ALL_PROXY", "127.0.0.1", port, "socks5", f"socks5://127.0.0.1:{port}")
    assert reach("service.test", 443, trusting, socks) == ""


@pytest.mark.proof
def test_through_a_proxy_a_tunnel_is_asked_for(tls: tuple[int, Path]) -> None:
    port, chain = tls
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = listener.getsockname()[1]

        def proxy() -> None:
            for answer in (b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 407 No\r\n\r\n"):
                link, _ = listener.accept()
                with link, suppress(OSError), socket.create_connection(("127.0.0.1", port)) as far:
                    asked.append(link.recv(4096))
                    link.sendall(answer)
                    link.settimeout(0.2)
                    for _ in range(3):  # the handshake: there, back, there
                        far.sendall(link.recv(65536))
                        link.sendall(far.recv(65536))

        thread = threading.Thread(target=proxy, daemon=True)
        thread.start()
        trusting = network.certificates({"SSL_CERT_FILE": str(chain)})
        url = f"http://me:s%40cret@127.0.0.1:{here}"
        way = network.proxies({"HTTPS_PROXY": url})["https"]
        assert reach("service.test", 443, trusting, way) == ""
        assert asked[0].startswith(b"CONNECT service.test:443 ")
        assert b"Basic " + base64.b64encode(b"me:s@cret") in asked[0]
        assert "407" in reach("service.test", 443, trusting, way)
        thread.join(10)


def test_where_nobody_is_the_reason_is_said() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert reach("127.0.0.1", port, None, None) == "Connection refused"


@pytest.mark.skipif(os.name == "nt", reason="writes a shell script")
def test_an_ffmpeg_that_makes_no_video_is_an_error(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "ffmpeg"
    path.write_text(
        '#!/bin/sh\ncase "$*" in *trial.mp4*) echo "no room" >&2; exit 1;; esac\n'
        f'exec "{PROGRAMS["wheel"].path}" "$@"\n'
    )
    path.chmod(0o755)
    finding = look(catalog, tmp_path, WANX_FFMPEG=str(path))["ffmpeg"]
    assert (finding.state, "no room" in finding.text) == ("error", True)


def test_a_missing_font_is_an_error(tmp_path: Path) -> None:
    """Asked of a fresh Python that meets an empty font package first."""
    package = tmp_path / "noto_cjk_sans_otc"
    package.mkdir()
    (package / "__init__.py").write_text("")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from wanx_render.session.doctor import _font\nprint(_font().state)"
    )
    # Pillow looks for a missing file among the system's fonts; here it shall find none.
    environ = {**os.environ, "XDG_DATA_DIRS": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.strip() == "error"


def test_the_command_has_a_line_for_each_finding(tmp_path: Path) -> None:
    """Of an address where nobody listens; everything else of this machine is good."""
    nowhere = {"DASHSCOPE_HTTP_BASE_URL": "http://127.0.0.1:9/api/v1"}
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **nowhere}
    command = [sys.executable, "-m", "wanx_render", "doctor"]
    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
    states = {line.split()[1]: line.split()[0] for line in ran.stdout.splitlines()}
    assert (states["ffmpeg"], states["endpoint"]) == ("ok", "warning")
