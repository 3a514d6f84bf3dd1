"""What a run on a cluster must bear: `uv run python -m tests.proofs.cluster` does it all.

A cluster and a bucket on one machine, without a path in common; processes are killed, and every
deliverable is the one that this machine makes.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg

from tests.support.cluster import BUCKET, Bucket, Machine, Rig, bucket, encoders, kill, rig, until

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
class Proof:
    """Clips that were made once, what this machine makes of them, and runs that must make the same.

    A run's folder, its cluster's machines and the bucket have no path in common.
    """

    folder: Path
    rig: Rig
    bucket: Bucket
    expected: dict[str, str] = field(default_factory=dict)

    def prepare(self) -> "Proof":
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

    def away(self, name: str, folder: Path | None = None, **more: str) -> "subprocess.Popen[str]":
        """Begin a run on the cluster, with the bucket as its store."""
        where = ("--executor", f"dask:{self.rig.address}", "--out", f"s3://{BUCKET}/{name}")
        return self.begin(folder or self.fresh(name), *where, **self.bucket.environment, **more)

    def end(self, run: "subprocess.Popen[str]") -> Ran:
        began = time.monotonic()
        try:
            said, _ = run.communicate(timeout=180)
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

    # -- what goes wrong --

    def calm(self) -> Ran:
        """Nothing at all: the same bytes as on one machine."""
        ran = self.end(self.away("calm"))
        assert ran.code == 0, ran.said
        self.same("calm")
        self.clean()
        return ran

    def liar(self) -> Ran:
        """A worker with another ffmpeg gets no work, and a sentence says why."""
        machine = self.rig.liar()
        ran = self.end(self.away("liar"))
        machine.kill()
        assert ran.code == 0, ran.said
        assert "is not used: it has ffmpeg 5.1.8-liar, this run" in ran.said, ran.said
        assert not (machine.folder / "cache" / "calls").exists()
        self.same("liar")
        return ran

    def one_worker(self) -> Ran:
        """kill -9 of a worker whose part file exists; its nanny starts another."""
        run = self.away("one")
        victim = self.someone_at_work()
        kill(victim.worker())
        ran = self.end(run)
        assert ran.code == 0, ran.said
        self.same("one")
        self.clean()
        return ran

    def every_worker(self) -> Ran:
        """kill -9 of all workers and nannies; a new machine comes."""
        run = self.away("every")
        self.someone_at_work()
        for machine in self.rig.machines:
            if machine.process.poll() is None:
                machine.kill()
        self.rig.add(f"machine-{len(self.rig.machines)}")
        self.rig.add(f"machine-{len(self.rig.machines)}")
        ran = self.end(run)
        assert ran.code == 0, ran.said
        assert "on this machine" not in ran.said
        self.same("every")
        self.clean()
        return ran

    def nobody_comes(self) -> Ran:
        """kill -9 of all workers, and none ever comes: the run goes on where it is."""
        run = self.away("nobody", WANX_EXECUTOR_PATIENCE="3")
        self.someone_at_work()
        for machine in self.rig.machines:
            if machine.process.poll() is None:
                machine.kill()
        ran = self.end(run)
        assert ran.code == 0, ran.said
        assert "no worker came: the rest is encoded on this machine" in ran.said
        self.same("nobody")
        self.clean()
        return ran

    def scheduler(self) -> Ran:
        """kill -9 of the scheduler: the run goes on where it is. The rig is of no use after it."""
        run = self.away("scheduler")
        self.someone_at_work()
        assert self.rig.scheduler
        kill(self.rig.scheduler.pid)
        ran = self.end(run)
        assert ran.code == 0, ran.said
        assert "the scheduler is gone: the rest is encoded on this machine" in ran.said
        self.same("scheduler")
        return ran

    def poisoned(self) -> Ran:
        """A call that kills every worker fails with a sentence; the others finish; then all do."""
        folder = self.fresh("poison")
        self.rig.poison.write_text(".wav")  # the music of one deliverable
        ran = self.end(self.away("poison", folder))
        self.rig.poison.unlink()
        assert ran.code == 1, ran.said
        assert "9x16: every worker that tried it was killed, even alone" in ran.said, ran.said
        self.same("poison", {"1x1.mp4": self.expected["1x1.mp4"]})
        again = self.end(self.away("poison", folder))
        assert again.code == 0, again.said
        assert "1x1: delivered, unchanged" in again.said
        self.same("poison")
        self.clean()
        return ran

    def troubled_store(self) -> Ran:
        """The bucket is slow, answers 500 and drops connections: after some tries all is well."""
        faults = self.bucket.faults
        faults.add("PUT", "troubled", "500", 2)
        faults.add("GET", "troubled", "drop", 2)
        faults.add("PUT", "troubled", "drop", 1)
        faults.add("PUT", "troubled", "slow", 4)
        faults.add("GET", "troubled", "slow", 2)
        ran = self.end(self.away("troubled"))
        assert ran.code == 0, ran.said
        assert not any(rule["times"] for rule in faults.rules), faults.rules
        self.same("troubled")
        self.clean()
        return ran

    def broken_store(self) -> Ran:
        """The bucket takes no deliverables: they fail, with a sentence; later all is well."""
        folder, faults = self.fresh("broken"), self.bucket.faults
        faults.add("PUT", "broken/.cache/deliverables", "500", 10_000)
        ran = self.end(self.away("broken", folder))
        faults.rules.clear()
        assert ran.code == 1, ran.said
        assert f"s3://{BUCKET}/broken/.cache/deliverables" in ran.said
        again = self.end(self.away("broken", folder))
        assert again.code == 0, again.said
        assert "fitted" not in again.said, "the segments were made already"
        self.same("broken")
        self.clean()
        return ran

    def killed_table(self) -> Ran:
        """kill -9 of a run over a table: the next puts what is missing, and pays for nothing."""
        rows = [f"row-{number}" for number in range(6)]
        folder = self.table("table", rows)
        run = self.away("table", folder)
        first = f"PUT /{BUCKET}/table/row-"
        until(lambda: any(first in request for request in self.bucket.faults.seen), "the first row")
        kill(run.pid)
        run.communicate(timeout=60)
        before = self.rows_of("table")
        assert len(before) < len(rows), "killed too late"
        ran = self.end(self.away("table", folder))
        assert ran.code == 0, ran.said
        assert " 0 takes to generate" in ran.said, ran.said
        after = self.rows_of("table")
        here = self.table("table-here", rows)
        assert self.end(self.begin(here)).code == 0
        made = {row: here / "renders" / "shop" / row / "9x16.mp4" for row in rows}
        found = {row: hashlib.sha256(path.read_bytes()).hexdigest() for row, path in made.items()}
        assert after == found
        assert all(after[row] == before[row] for row in before)
        self.clean()
        return ran

    def rows_of(self, name: str) -> dict[str, str]:
        """The deliverables of a table in the bucket, by their hashes."""
        return {
            key.split("/")[1]: hashlib.sha256(content).hexdigest()
            for key, content in self.bucket.objects().items()
            if key.startswith(f"{name}/") and key.endswith("/9x16.mp4")
        }


# -- the whole of it -----------------------------------------------------------------------------

# Each group has a cluster of its own; what ends its cluster comes last.
GROUPS = (
    (
        "calm",
        "liar",
        "one_worker",
        "killed_table",
        "poisoned",
        "troubled_store",
        "broken_store",
        "every_worker",
    ),
    ("scheduler",),
    ("nobody_comes",),
)


def prove(names: Iterable[str], folder: Path) -> Iterator[tuple[str, str, float]]:
    """Each name with what came of it, one cluster for them all."""
    with bucket() as store, rig(folder / "rig", **store.environment) as made:
        proof = Proof(folder / "runs", made, store).prepare()
        for name in names:
            began = time.monotonic()
            try:
                getattr(proof, name)()
                came = "as it must"
            except AssertionError as error:
                came = f"NOT: {error}"
            yield name, came, time.monotonic() - began


def main() -> int:
    failed = 0
    for group in GROUPS:
        with tempfile.TemporaryDirectory(prefix="wanx-cluster-") as folder:
            for name, came, seconds in prove(group, Path(folder)):
                message = " ".join(str(getattr(Proof, name).__doc__).split())
                print(f"| {name} | {message} | {came} | {seconds:.0f} s |", flush=True)
                failed += came != "as it must"
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
