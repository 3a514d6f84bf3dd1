"""The program in a process of its own, in an environment without proxies."""

import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.support import forking

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
    stdout: int | None = None,
    stderr: int | None = None,
    **env: str,
) -> Ended:
    """Run ``wanx-render`` in ``folder`` to its end; streams are descriptors, or else kept."""
    done = forking.run(
        [*map(str, arguments)], folder, environment(**env), stdout=stdout, stderr=stderr
    )
    return Ended(done.returncode, done.stdout, done.stderr)
