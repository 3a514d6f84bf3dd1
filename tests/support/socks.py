"""A SOCKS5 proxy, behind it an emulator as ``https://service.test``: a name it alone knows."""

import http.client
import http.server
import ipaddress
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "service.test"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of ``service.test`` that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "service.pem", folder / "service.key"
    chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, secret


class Socks:
    """Serves in a thread; ``asked`` are the places that clients wanted to be led to."""

    def __init__(self, upstream: str, folder: Path) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.asked: list[tuple[str, int]] = []
        self.certificate, secret = certificate(folder)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.certificate, secret)
        outer = self

        class Handler(_Handler):
            socks = outer

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> "Socks":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    socks: Socks

    def handle(self) -> None:
        with suppress(OSError):
            if self._led():
                super().handle()
                self.connection.close()

    def _led(self) -> bool:
        """The handshake of RFC 1928: no authentication, CONNECT, a name or an address."""
        greeting = self.rfile.read(2)
        if not greeting:
            return False  # somebody only tried whether there is a proxy
        self.rfile.read(greeting[1])
        self.wfile.write(b"\x05\x00")
        kind = self.rfile.read(4)[3]
        if kind == 3:
            host = self.rfile.read(self.rfile.read(1)[0]).decode()
        else:
            host = str(ipaddress.ip_address(self.rfile.read(4 if kind == 1 else 16)))
        self.socks.asked.append((host, int.from_bytes(self.rfile.read(2), "big")))
        known = self.socks.asked[-1] == (NAME, 443)
        self.wfile.write(bytes((5, 0 if known else 4, 0, 1, 0, 0, 0, 0, 0, 0)))
        if known:
            self.connection = self.socks.tls.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = (
                self.connection.makefile("rb"),
                self.connection.makefile("wb", 0),
            )
        return known

    def forward(self) -> None:
        """Ask the emulator the same, and give its answer under our name."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        link = http.client.HTTPConnection(self.socks.upstream)
        # What is compressed could not be changed below.
        left_out = ("host", "connection", "accept-encoding")
        headers = {k: v for k, v in self.headers.items() if k.lower() not in left_out}
        link.request(self.command, self.path, body, headers)
        answer = link.getresponse()
        content = answer.read()
        if "json" in answer.headers.get("content-type", ""):
            content = content.replace(
                f"http://{self.socks.upstream}".encode(), f"https://{NAME}".encode()
            )
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        link.close()

    do_GET = do_POST = forward  # noqa: N815  # the library's names

    def log_message(self, *_: object) -> None:
        pass
