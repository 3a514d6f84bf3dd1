"""The program in a process of its own, in an environment without proxies, or in this one."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from PIL import Image

from wanx_render import cli

KEY = "sk-mock-process"
LIST = """\
version: 1
project: small
backend: BACKEND
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: 一只猫}
deliverables:
  - {name: film, aspect: 9:16, size: 90x160}
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return (self.out + self.err).decode("utf-8", "replace")


def project(folder: Path, backend: str = "mock") -> Path:
    """A folder with a list of one shot and its picture."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (450, 800), "#884422").save(folder / "a.png")
    (folder / "list.yaml").write_text(LIST.replace("BACKEND", backend), encoding="utf-8")
    return folder


def environment(**more: str) -> dict[str, str]:
    ways = ("_proxy", "ssl_cert_file", "ssl_cert_dir")
    bare = {k: v for k, v in os.environ.items() if not k.lower().endswith(ways)}
    return {**bare, "DASHSCOPE_API_KEY": KEY, "WANX_CLOCK_PACE": "200", **more}


def wanx(
    folder: Path,
    *arguments: str | Path,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
    **env: str,
) -> Ended:
    """Run ``wanx-render`` in ``folder`` to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "wanx_render", *map(str, arguments)],
        cwd=folder,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout or b"", done.stderr or b"")


def wanx_here(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run ``wanx-render`` in this process: the start of another is half of what a short one costs.

    In the folder and environment of the tests, so it is for commands that name their files.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), *texts)
