"""Runs on a cluster and a bucket without a path in common, and what must come of each."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import imageio_ffmpeg

from tests.support.cluster import BUCKET, Bucket, Machine, Rig, encoders, until

LIST = """\
version: 1
project: small
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: first, caption: 你好, transition: {type: dissolve}}
  - {id: two, image: a.png, prompt: second}
deliverables:
  - {aspect: 9:16, size: 270x480, quality: master, audio: {music: bed.wav, loudness: -16}}
  - {aspect: 1:1, size: 330x330, fit: blur, quality: master}
"""
MADE = ("1x1.mp4", "9x16.mp4")
TABLE = """\
version: 1
project: shop
matrix: {from: products.csv}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: first, caption: "${name}"}
  - {id: two, image: a.png, prompt: first, trim: {end: 1}}
deliverables:
  - {aspect: 9:16, size: 90x160}
"""


@dataclass
class Ran:
    """How a run of the program ended."""

    code: int
    said: str
    seconds: float


@dataclass
class ClusterRuns:
    """Clips that were made once, what this machine makes of them, and runs that must make the same.

    A run's folder, its cluster's machines and the bucket have no path in common.
    """

    folder: Path
    rig: Rig
    bucket: Bucket
    expected: dict[str, str] = field(default_factory=dict)

    def prepare(self) -> Self:
        from PIL import Image

        from wanx_render.media import ffmpeg

        here = self.folder / "here"
        here.mkdir(parents=True)
        Image.new("RGB", (480, 640), "#884422").save(here / "a.png")
        (here / "list.yaml").write_text(LIST, encoding="utf-8")
        program = ffmpeg.find({"WANX_FFMPEG": imageio_ffmpeg.get_ffmpeg_exe()})
        ffmpeg.run(program, ("-f", "lavfi", "-i", "sine=90:d=1", "-y", str(here / "bed.wav")))
        ran = self.end(self.begin(here))
        assert ran.code == 0, ran.said
        self.expected = {
            name: hashlib.sha256((here / "renders" / "small" / name).read_bytes()).hexdigest()
            for name in MADE
        }
        return self

    def fresh(self, name: str) -> Path:
        """A folder with the clips and nothing made of them."""
        folder = self.folder / name
        ignored = shutil.ignore_patterns("segments", *MADE, "manifest.json", "storyboard.html")
        shutil.copytree(self.folder / "here", folder, ignore=ignored)
        return folder

    def table(self, name: str, rows: Iterable[str]) -> Path:
        """A folder with a table of which nothing was made yet."""
        folder = self.folder / name
        folder.mkdir()
        shutil.copy(self.folder / "here" / "a.png", folder)
        (folder / "list.yaml").write_text(TABLE, encoding="utf-8")
        (folder / "products.csv").write_text("\n".join(["name", *rows, ""]), encoding="utf-8")
        return folder

    def begin(self, folder: Path, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "wanx_render", "list.yaml", *arguments], cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={
                "PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_PROXY": "127.0.0.1",
                "WANX_FFMPEG": imageio_ffmpeg.get_ffmpeg_exe(),
                "WANX_CACHE": str(folder / "cache"), **environment,
            },
        )  # fmt: skip

    def away(
        self, name: str, folder: Path | None = None, scheduler: str = "", **more: str
    ) -> "subprocess.Popen[str]":
        """Begin a run on the cluster, with the bucket as its store."""
        address = scheduler or self.rig.address
        where = ("--executor", f"dask:{address}", "--out", f"s3://{BUCKET}/{name}")
        return self.begin(folder or self.fresh(name), *where, **self.bucket.environment, **more)

    def end(self, run: "subprocess.Popen[str]") -> Ran:
        began = time.monotonic()
        try:
            said, _ = run.communicate(timeout=600)
        except subprocess.TimeoutExpired:
            run.kill()
            said, _ = run.communicate()
            raise AssertionError(f"the run did not end: {said}") from None
        assert "Traceback" not in said, said
        return Ran(run.returncode, said, time.monotonic() - began)

    def someone_at_work(self) -> Machine:
        """A machine that is writing a part file just now."""
        busy = until(
            lambda: [machine for machine in self.rig.machines if machine.parts()], "a part file"
        )
        return busy[0]  # type: ignore[no-any-return]

    def kill_all(self) -> None:
        """kill -9 of all workers and nannies."""
        for machine in self.rig.machines:
            if machine.process.poll() is None:
                machine.kill()

    def replace(self, machine: Machine | None = None) -> None:
        """Two good machines instead of all that are gone, or one for another."""
        if machine:
            machine.kill()
        for _ in range(1 if machine else 2):
            self.rig.add(f"machine-{len(self.rig.machines)}")

    def delivered(self, name: str) -> dict[str, str]:
        """The deliverables in the bucket, by their hashes."""
        return {
            key.rpartition("/")[2]: hashlib.sha256(content).hexdigest()
            for key, content in self.bucket.objects().items()
            if key.startswith(f"{name}/") and key.count("/") == 1 and key.endswith(".mp4")
        }

    def clean(self) -> None:
        """No ffmpeg lives on, and once the next call has swept there is no part file."""
        from wanx_render.workers.cache import Cache

        until(lambda: not encoders(self.rig.folder), "the end of every ffmpeg", 20)
        for machine in self.rig.machines:
            with Cache(machine.folder / "cache", 10**9).scratch():
                pass
        left = [path for path in self.rig.folder.rglob("*") if path.name.endswith(".part")]
        assert left == [], left

    def same(self, name: str, wanted: Mapping[str, str] | None = None) -> None:
        """The bucket holds each deliverable, once, and it is byte for byte the local one."""
        found = self.delivered(name)
        assert found == (self.expected if wanted is None else wanted), (name, found)

    def rows_of(self, name: str) -> dict[str, str]:
        """The deliverables of a table in the bucket, by their hashes."""
        return {
            key.split("/")[1]: hashlib.sha256(content).hexdigest()
            for key, content in self.bucket.objects().items()
            if key.startswith(f"{name}/") and key.endswith("/9x16.mp4")
        }
