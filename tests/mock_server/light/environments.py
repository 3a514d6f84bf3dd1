"""Environments of their own, into which packages are installed as their users do it."""

import atexit
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.places import ROOT

UV = shutil.which("uv") or ""
_READY_SECONDS = 60
# Nothing of this session's environment, and no ffmpeg but what is installed.
_KEPT = re.compile(r"(?i)(pip_|uv_|ssl_|https?_proxy|no_proxy|lang|tmpdir$)")
_HOME = tempfile.mkdtemp(prefix="home-of-installers-")  # their caches, shared by the tests
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


def environment(**more: str) -> dict[str, str]:
    """The variables that a new user has."""
    kept = {name: value for name, value in os.environ.items() if _KEPT.match(name)}
    return {**kept, "HOME": _HOME, "PATH": SYSTEM_PATH, **more}


def ran(command: Sequence[str | Path], folder: Path, **more: str) -> str:
    """What a command prints; it must end with 0. Skips where it found no package registry."""
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=environment(**more),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    if done.returncode:
        skip_without_registry(done.stdout + done.stderr)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def skip_without_registry(printed: str) -> None:
    """Skip where an installer printed that it reached no registry."""
    if re.search(r"(?i)error sending request|failed to fetch|no matching distribution", printed):
        pytest.skip("needs a package registry")


@dataclass(frozen=True)
class VirtualEnvironment:
    """A virtual environment; packages are copied into it."""

    folder: Path

    @classmethod
    def new(cls, folder: Path) -> "VirtualEnvironment":
        ran([UV, "venv", "-q", "--python", sys.executable, folder], folder.parent)
        return cls(folder)

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name

    def change(self, verb: str, *words: str | Path, folder: Path = ROOT) -> None:
        """Install or uninstall, with the pins of this project."""
        pins = ["-c", ROOT / ".ci" / "constraints.txt"] if verb == "install" else []
        command = [UV, "pip", verb, "-q", "-p", self.program("python"), *pins, *words]
        ran(command, folder, UV_LINK_MODE="copy")

    def sizes(self) -> list[int]:
        """What each file of its packages takes on the disk, in bytes."""
        paths = self.folder.rglob("*")
        return [path.stat().st_size for path in paths if path.is_file() and not path.is_symlink()]


@dataclass(frozen=True)
class Installed:
    """A package in an environment of its own, and what that took."""

    environment: VirtualEnvironment
    files: int
    bytes: int


@contextmanager
def serving(command: Sequence[str | Path], folder: Path, **more: str) -> Iterator[dict[str, Any]]:
    """An emulator started by ``command``: the JSON of its first line. It ends with the block.

    What it wrote to stderr is put in then, as ``stderr``.
    """
    errors = folder / f"stderr-{uuid4()}"  # a pipe would fill up
    with errors.open("w", encoding="utf-8") as stderr:
        server = subprocess.Popen(
            [*map(str, command), "--end-with-stdin"], cwd=folder, env=environment(**more),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True,
        )  # fmt: skip
    assert server.stdin and server.stdout
    facts: dict[str, Any] = {}
    try:
        lines = iter(server.stdout.readline, "")
        line = next((line for line in lines if line.startswith("{")), "")
        if not line:
            skip_without_registry(problem := errors.read_text("utf-8"))
            raise AssertionError(problem)
        facts = json.loads(line)
        yield facts
    finally:
        server.stdin.close()
        server.wait(_READY_SECONDS)
        facts["stderr"] = errors.read_text("utf-8")
        server.stdout.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def substituted(text: str, changes: Mapping[str, str]) -> str:
    """``text`` with each of the words replaced, which must all occur in it."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text
