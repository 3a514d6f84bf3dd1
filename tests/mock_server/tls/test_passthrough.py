"""``--proxy-passthrough``: other hosts behind the proxy, with certificates of their own."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from mock_server.tls.authority import LocalAuthority, kept_authority
from mock_server.tls.contexts import ServerContexts
from mock_server.tls.served_hosts import split_target
from tests.mock_server.tls.test_clients import emulator
from tests.support.emulator import KEY


class _Elsewhere(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def elsewhere(authority: LocalAuthority) -> Iterator[str]:
    """An HTTPS server that has nothing to do with the emulator."""
    server = HTTPServer(("127.0.0.1", 0), _Elsewhere)
    context = ServerContexts(authority).of("127.0.0.1")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_other_hosts_are_passed_on_unread_where_a_person_wants_it(tmp_path: Path) -> None:
    foreign = kept_authority(tmp_path / "foreign")
    options = ("--clock", "manual", "--authority", str(tmp_path / "own"))
    with (
        emulator(*options, "--proxy", "--proxy-passthrough") as line,
        elsewhere(foreign) as url,
    ):
        trust = ssl.create_default_context(cafile=foreign.file)
        trust.load_verify_locations(line["authority"])
        with httpx.Client(trust_env=False, proxy=line["proxy"], verify=trust) as client:
            vendors = client.get("https://dashscope.aliyuncs.com/api/v1/tasks/x", headers=KEY)
            assert vendors.status_code == 200
            data = bytes(range(256)) * 4096
            assert [client.post(url, content=data).content for _ in range(2)] == [data, data]
            with pytest.raises(httpx.ProxyError, match="502"):
                client.get("https://127.0.0.1:1/")
            # Neither another port nor a full stop leads to the real service.
            with pytest.raises(httpx.ProxyError, match="403"):
                client.get("https://dashscope.aliyuncs.com:8443/")
            address = urlsplit(line["proxy"])
            with socket.create_connection((address.hostname, address.port), 10) as raw:
                raw.sendall(b"CONNECT dash\0scope:443 HTTP/1.1\r\n\r\n")
                assert raw.recv(100).startswith(b"HTTP/1.1 502 ")
    assert split_target("dashscope.aliyuncs.com.:443") == ("dashscope.aliyuncs.com", 443)
