"""A scripted server on a real socket: each connection is handled by a function a test writes.

It keeps a log of what clients sent, and counts the body bytes that it gave away.
"""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Asked:
    """One request as it came: first line and headers, names in lower case."""

    line: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]

    @property
    def start(self) -> int:
        """Where the range begins that is asked for; 0 where none is."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        return int(match[1]) if match else 0


@dataclass
class Reply:
    """What a script answers with: heads and bodies are written as bytes, whatever HTTP says."""

    connection: socket.socket
    given: int = 0  # body bytes that left

    def head(self, status: int = 200, **headers: str) -> None:
        # Each connection serves one request: a client that used it again would race its end.
        lines = [f"HTTP/1.1 {status} X", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def raw(self, data: bytes) -> None:
        self.connection.sendall(data)

    def body(self, data: bytes) -> None:
        self._give(data, data)

    def chunk(self, data: bytes) -> None:
        self._give(data, f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _give(self, data: bytes, coded: bytes) -> None:
        self.given += len(data)  # first: a client that has read it all may ask at once
        try:
            self.connection.sendall(coded)
        except OSError:
            self.given -= len(data)
            raise

    def last_chunk(self) -> None:
        self.connection.sendall(b"0\r\n\r\n")


Script = Callable[[Asked, Reply], None]


@dataclass
class Server:
    """Answers the n-th request with the n-th script, and all later ones with the last."""

    scripts: list[Script]
    log: list[Asked] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    door: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.door.getsockname()[1]}"

    @property
    def given(self) -> int:
        return sum(reply.given for reply in self.replies)

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.door.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            asked = _read(connection)
            if asked is None:
                return
            script = self.scripts[min(len(self.log), len(self.scripts) - 1)]
            reply = Reply(connection)
            self.log.append(asked)
            self.replies.append(reply)
            script(asked, reply)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):  # an early close would reset what is still on its way
                pass


def _read(connection: socket.socket) -> Asked | None:
    """The head of a request; its body, of the length that it names, is read and dropped."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {n.strip().lower(): v.strip() for n, _, v in (f.partition(":") for f in fields)}
    left = int(headers.get("content-length", "0")) - len(rest)
    while left > 0:
        left -= len(connection.recv(65536))
    return Asked(line, headers)


@contextmanager
def scripted(*scripts: Script) -> Iterator[Server]:
    server = Server(list(scripts))
    threading.Thread(target=server.accept, daemon=True).start()
    try:
        yield server
    finally:
        with suppress(OSError):
            server.door.shutdown(socket.SHUT_RDWR)
        server.door.close()
