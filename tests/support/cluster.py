"""A cluster and a bucket on one machine with no path in common: Dask's command line, moto's S3.

Every process is one of ours and is ended by its id.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imageio_ffmpeg

DASK = str(Path(sys.executable).with_name("dask"))
BUCKET = "videos"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}
# Dask's own are of no concern here; ours would be errors.
QUIET = {
    "PYTHONWARNINGS": "ignore",
    # One death accuses a call, where Dask takes four: each takes seconds to start a new worker.
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    # A worker that stands still is given up after this, where Dask waits five minutes.
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "20s",
}


def until(there: Callable[[], Any], what: str, seconds: float = 180) -> Any:
    """What ``there`` gives, as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := there():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {seconds:.0f} s")


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def children(pid: int) -> list[int]:
    """Every process below ``pid``."""
    found: list[int] = []
    for task in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = task.read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            child = int(task.parent.name)
            found += [child, *children(child)]
    return found


def encoders(folder: Path) -> list[int]:
    """Every ffmpeg that works below ``folder``; other people's are not ours."""
    found = []
    for task in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = task.read_bytes().split(b"\0")
        except OSError:
            continue
        ours = any(str(folder).encode() in word for word in words)
        if ours and b"-hide_banner" in words and alive(int(task.parent.name)):
            found.append(int(task.parent.name))
    return found


@dataclass
class Machine:
    """A worker with a working folder, home and scratch of its own."""

    folder: Path
    process: "subprocess.Popen[bytes]"

    @property
    def scratch(self) -> Path:
        return self.folder / "cache" / "calls"

    def worker(self) -> int:
        """The process that encodes, below the nanny that restarts it."""
        return int(until(lambda: _workers_below(self.process.pid), "the worker process")[0])

    def parts(self) -> list[Path]:
        """What is being written just now."""
        return [path for path in self.scratch.rglob("*.part") if path.stat().st_size]

    def kill(self) -> None:
        """The worker and its nanny, at once; their ffmpeg must die by itself."""
        for pid in (self.process.pid, *_pythons(self.process.pid)):
            kill(pid)
        self.process.wait(20)


def _workers_below(pid: int) -> list[int]:
    return [child for child in _pythons(pid) if b"resource_tracker" not in _line(child)]


def _pythons(pid: int) -> list[int]:
    return [child for child in children(pid) if b"python" in _line(child).split(b"\0")[0]]


def _line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@dataclass
class Rig:
    """A scheduler, workers, and perhaps a bucket."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()  # for scheduler and workers, such as certificates
    protocol: str = "tcp"
    machines: list[Machine] = field(default_factory=list)
    scheduler: "subprocess.Popen[bytes] | None" = None
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "scheduler.json"

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_text())["address"])

    def start(self, workers: int = 2) -> "Rig":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.scheduler = self._run(
            "scheduler", self.folder, "--host", "127.0.0.1", "--port", "0",
            "--scheduler-file", str(self.file), "--no-dashboard", "--protocol", self.protocol,
        )  # fmt: skip
        until(self._known, "the scheduler")
        for number in range(workers):
            self.add(f"machine-{number}")
        return self

    def _known(self) -> bool:
        try:
            return bool(self.address)
        except (OSError, ValueError):
            return False

    def add(self, name: str, *arguments: str, address: str = "", **environment: str) -> Machine:
        """One more worker, of one thread; ``address`` where it reaches the scheduler otherwise."""
        folder = self.folder / name
        for place in ("home", "tmp", "cache", "dask"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        environment = {"WANX_FFMPEG": str(self._ffmpeg(folder)), **environment}
        if "AWS_ACCESS_KEY_ID" in self.environment:  # so that one can be refused by the bucket
            environment = {"AWS_ACCESS_KEY_ID": name, **environment}
        process = self._run(
            "worker", folder, address or self.address, "--nthreads", "1", "--host", "127.0.0.1",
            "--no-dashboard", "--local-directory", str(folder / "dask"), "--name", name,
            "--death-timeout", "60", "--memory-limit", "0", *arguments,
            HOME=str(folder / "home"), TMPDIR=str(folder / "tmp"),
            WANX_CACHE=str(folder / "cache"), **environment,
        )  # fmt: skip
        machine = Machine(folder, process)
        self.machines.append(machine)
        return machine

    @property
    def poison(self) -> Path:
        """While it is there, a call whose ffmpeg is given these words kills its worker."""
        return self.folder / "poison"

    def _ffmpeg(self, folder: Path) -> Path:
        """A machine's own."""
        script, real = folder / "ffmpeg", imageio_ffmpeg.get_ffmpeg_exe()
        if not script.exists():
            script.write_text(
                f"""#!/bin/sh
if [ -e '{self.poison}' ]; then
  case "$*" in *"$(cat '{self.poison}')"*) kill -9 $PPID; exit 1;; esac
fi
exec '{real}' "$@"
"""
            )
            script.chmod(0o755)
        return script

    def script(self, name: str, option: str, change: str) -> Path:
        """An ffmpeg that passes what it prints for ``option`` through the command ``change``."""
        script, real = self.folder / name, imageio_ffmpeg.get_ffmpeg_exe()
        part = script.with_suffix(".part")
        part.write_text(
            f"""#!/bin/sh
case "$*" in *{option}*) '{real}' "$@" | {change};; *) exec '{real}' "$@";; esac
"""
        )
        part.chmod(0o755)
        return part.rename(script)

    def calling_itself(self, version: str) -> Path:
        """An ffmpeg that says it is another version."""
        says = f"sed 's/^ffmpeg version [^ ]*/ffmpeg version {version}/'"
        return self.script(f"ffmpeg-{version}", "-version", says)

    def stranger(self, name: str, **environment: str) -> Machine:
        """One more worker, up and known to the scheduler, with something else than the others."""
        machine = self.add(name, **environment)
        log = machine.folder / "worker.log"
        until(lambda: b"Registered to" in log.read_bytes(), name, 180)
        return machine

    def _run(
        self, verb: str, folder: Path, *arguments: str, **environment: str
    ) -> "subprocess.Popen[bytes]":
        with (folder / f"{verb}.log").open("wb") as log:
            process = subprocess.Popen(
                [DASK, verb, *arguments, *self.arguments], cwd=folder, stdout=log, stderr=log,
                env={
                    "PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1", **QUIET,
                    **self.environment, **environment,
                },
            )  # fmt: skip
        self.started.append(process)
        return process

    def stop(self) -> None:
        """End everything that was started, and all below it."""
        for process in reversed(self.started):
            for pid in (*children(process.pid), process.pid):
                kill(pid)
            process.wait(20)


@contextmanager
def rig(folder: Path, workers: int = 2, **environment: str) -> Iterator[Rig]:
    made = Rig(folder, environment)
    try:
        yield made.start(workers)
    finally:
        made.stop()


# Answers of S3 instead of the true one, by the name of the fault: status, code, message.
ERRORS = {
    "500": ("500 Internal Server Error", "InternalError", "We encountered an internal error."),
    "busy": ("503 Slow Down", "SlowDown", "Please reduce your request rate."),
    "expired": ("400 Bad Request", "ExpiredToken", "The provided token has expired."),
    "denied": ("403 Forbidden", "AccessDenied", "Access Denied"),
    "skewed": (
        "403 Forbidden", "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
    ),
}  # fmt: skip


@dataclass
class Rule:
    """What happens to the next ``times`` requests that fit."""

    method: str  # "" for all
    part: str  # of the path
    does: str
    times: int
    key: str = ""  # of who asks


class Faults:
    """What the bucket does wrong: each rule names a method and a part of a path, and how often."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.rules: list[Rule] = []
        self.seen: list[str] = []
        self.lock = threading.Lock()
        self.lists: dict[str, tuple[Any, bytes]] = {}  # the last answer to each list that was asked
        self.is_stale = False  # lists show what they showed before

    def add(self, method: str, part: str, does: str, times: int, key: str = "") -> None:
        """``does``: one of ERRORS, "drop" (the connection), "cut" (half of the body) or "slow"."""
        self.rules.append(Rule(method, part, does, times, key))

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        rule = self._rule(environ)
        self.seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {rule}")
        if rule in ERRORS:
            status, code, message = ERRORS[rule]
            start(status, [("Content-Type", "application/xml")])
            return [f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()]
        if rule == "drop":
            environ["werkzeug.socket"].shutdown(2)
            start("200 OK", [])
            return []
        if rule == "cut":
            return self._cut(environ, start)
        if rule == "slow":
            time.sleep(0.5)
        if "list-type=2" in environ["QUERY_STRING"]:
            return self._list(environ, start)
        return self.app(environ, start)

    def _cut(self, environ: dict[str, Any], start: Any) -> Iterator[bytes]:
        """The first half of what the headers promise."""
        body = b"".join(self.app(environ, start))
        yield body[: len(body) // 2]
        environ["werkzeug.socket"].shutdown(2)

    def _list(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        question = environ["PATH_INFO"] + environ["QUERY_STRING"]
        if not self.is_stale or question not in self.lists:
            began: list[Any] = []
            body = b"".join(self.app(environ, lambda *status: began.append(status)))
            self.lists[question] = (began[0], body)
        status, body = self.lists[question]
        start(*status)
        return [body]

    def _rule(self, environ: dict[str, Any]) -> str:
        with self.lock:
            for rule in self.rules:
                fits = rule.method in ("", environ["REQUEST_METHOD"])
                fits = fits and rule.part in environ["PATH_INFO"] and rule.times > 0
                if fits and rule.key in environ.get("HTTP_AUTHORIZATION", ""):
                    rule.times -= 1
                    return rule.does
        return ""


@dataclass
class Bucket:
    """An S3 service with one bucket, on a port of its own."""

    origin: str
    faults: Faults
    objects: Callable[[], dict[str, bytes]]
    change: Callable[[str, bytes | None], None]  # a key gets other content, or is gone

    @property
    def environment(self) -> dict[str, str]:
        return {**CREDENTIALS, "WANX_STORE_ENDPOINT": self.origin}


@contextmanager
def bucket() -> Iterator[Bucket]:
    """An S3 service in this process."""
    import boto3
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Silent(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *args: Any) -> None:
            return

    faults = Faults(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, faults, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    origin = f"http://127.0.0.1:{server.server_port}"
    client = boto3.client(
        "s3", endpoint_url=origin, region_name="us-east-1",
        aws_access_key_id="testing", aws_secret_access_key="testing",
    )  # fmt: skip
    client.create_bucket(Bucket=BUCKET)

    def objects() -> dict[str, bytes]:
        listed = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {
            item["Key"]: client.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
            for item in listed
        }

    def change(key: str, content: bytes | None) -> None:
        if content is None:
            client.delete_object(Bucket=BUCKET, Key=key)
        else:
            client.put_object(Bucket=BUCKET, Key=key, Body=content)

    try:
        yield Bucket(origin, faults, objects, change)
    finally:
        client.close()
        server.shutdown()
        thread.join(10)
        server.server_close()


class Relay:
    """A way to a port of this machine that can hang: it keeps its connections and says nothing."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._hangs = threading.Event()
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hang(self) -> None:
        self._hangs.set()

    def close(self) -> None:
        for one in (self._server, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._server.accept()
                self._sockets.append(near)
                if self._hangs.is_set():
                    continue
                far = socket.create_connection(self._target)
                self._sockets.append(far)
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._hangs.is_set():
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def relay(address: str) -> Iterator[Relay]:
    """A relay to an address such as tcp://127.0.0.1:8786."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    way = Relay(host, int(port))
    try:
        yield way
    finally:
        way.close()
