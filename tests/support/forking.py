"""The program and the emulator in processes forked from one in which they are imported already.

Importing is most of what a short command costs. Apart from that a forked process is as any other:
it has an environment, a folder, streams and an end of its own. What the interpreter reads when it
starts is the same for all of them; where a test wants that to be another, a process is started.
"""

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Literal, Protocol

from tests.support.places import ROOT, SPECS

# Variables that an interpreter reads once, when it starts.
AT_START = ("PYTHON", "LC_", "LANG", "TZ")
LARGEST = 150_000  # bytes of a request; the system takes a little more in one piece
LATE = (
    "encodings.idna", "encodings.utf_8_sig", "pickle", "PIL.GifImagePlugin", "PIL.JpegImagePlugin",
    "mock_server.serve", "wanx_render.backends.dashscope", "wanx_render.cli",
    "wanx_render.reports.live", "wanx_render.reports.plan_table", "wanx_render.reports.storyboard",
    "wanx_render.session.folder_tasks", "wanx_render.session.render",
)  # fmt: skip
STREAMS = 3  # stdin, stdout and stderr, by their descriptors


def run(
    arguments: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    *,
    stdout: int | None = None,
    stderr: int | None = None,
    timeout: float = 120,
) -> "subprocess.CompletedProcess[bytes]":
    """Run ``wanx-render`` to its end; what goes to no given descriptor is in the answer.

    Raises ``TimeoutExpired`` after ``timeout`` seconds, when it is killed.
    """
    with TemporaryFile() as out, TemporaryFile() as err, Path(os.devnull).open() as nothing:
        streams = [
            nothing.fileno(),
            out.fileno() if stdout is None else stdout,
            err.fileno() if stderr is None else stderr,
        ]
        process = start("wanx_render", arguments, folder, environ, streams)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
            raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(arguments), code, out.read(), err.read())


def run_text(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str], timeout: float = 120
) -> "subprocess.CompletedProcess[str]":
    """The same, with its output as text."""
    ended = run(arguments, folder, environ, timeout=timeout)
    out, err = (data.decode("utf-8", "replace") for data in (ended.stdout, ended.stderr))
    return subprocess.CompletedProcess(ended.args, ended.returncode, out, err)


def at_start(environ: Mapping[str, str]) -> dict[str, str]:
    """What an interpreter reads of ``environ`` when it starts, and never again."""
    return {name: value for name, value in environ.items() if name.startswith(AT_START)}


SETTINGS = at_start(os.environ)
CAN_FORK = sys.platform == "linux"  # elsewhere there are no such sockets, or no forks
Package = Literal["wanx_render", "mock_server"]


class Process(Protocol):
    """A running process: what of ``subprocess.Popen`` tests use."""

    pid: int
    returncode: Any

    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...
    def terminate(self) -> None: ...
    def send_signal(self, number: int, /) -> None: ...


class Forked:
    """A process that the server forked; it is asked for its end by a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.pid = int(connection.recv(100))
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, or minus the signal that ended it. Raises ``TimeoutExpired``."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = int(self._connection.recv(100))
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from error
            self._connection.close()
        return self.returncode

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):  # it has ended
            if self.returncode is None:
                os.kill(self.pid, number)


def start(
    package: Package,
    arguments: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    streams: Sequence[int],
) -> Process:
    """Start ``python -m PACKAGE``; ``streams`` are its stdin, stdout and stderr.

    It is forked where that can be done and where it reads the same settings as this interpreter.
    """
    if not CAN_FORK or at_start(environ) != SETTINGS:
        command = [sys.executable, "-m", package, *arguments]
        stdin, stdout, stderr = streams
        return subprocess.Popen(
            command, cwd=folder, env=environ, stdin=stdin, stdout=stdout, stderr=stderr
        )
    request = {
        "package": package, "arguments": list(arguments), "folder": str(folder),
        "environ": dict(environ),
    }  # fmt: skip
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with there:
        socket.send_fds(_server(), [json.dumps(request).encode()], [there.fileno(), *streams])
    return Forked(here)


@cache
def _server() -> socket.socket:
    """The connection to the server of this process, which ends with it."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.support.forking", str(there.fileno())]
    with there:
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=(there.fileno(),))

    def end() -> None:
        here.close()
        process.wait(20)

    atexit.register(end)
    return here


# -- In the server -----------------------------------------------------------------------------


def serve(requests: socket.socket) -> None:
    """Fork for every request, until who sends them is gone; returns in no other process."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, LARGEST, 1 + STREAMS)
        if not message:
            break
        if not os.fork():
            requests.close()
            _supervise(json.loads(message), *descriptors)
            break
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(ChildProcessError):  # none is left
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _supervise(request: dict[str, Any], connection: int, *streams: int) -> None:
    """Say which process runs the program, and later how it ended."""
    process = os.fork()
    if not process:
        os.close(connection)
        _become(request, streams)
    with socket.socket(fileno=connection) as answers:
        answers.send(str(process).encode())
        _, status = os.waitpid(process, 0)
        answers.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(request: dict[str, Any], streams: Sequence[int]) -> None:
    """Be the program, as if it had been started so."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv = [request["package"], *request["arguments"]]
    if request["package"] == "wanx_render":
        import_module("wanx_render.start").main()
    else:
        import_module("mock_server.serve").main(prog_name="python -m mock_server")


def _import_programs() -> None:
    """Import what commands import, also what some of them import late, and read a list."""
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # as the program does
    from wanx_render.catalog.capabilities import packaged
    from wanx_render.validation.load import load

    package = ROOT / "wanx_render"
    for room in ("commands", "actions"):
        for path in sorted((package / room).glob("[a-z]*.py")):
            import_module(f"wanx_render.{room}.{path.stem}")
    for name in LATE:
        import_module(name)
    load(SPECS / "hello.yaml", packaged())  # classes are built when they are first used
    gc.collect()
    gc.freeze()  # what is imported is not copied into each process by a search for garbage


if __name__ == "__main__":
    _import_programs()
    serve(socket.socket(fileno=int(sys.argv[1])))
