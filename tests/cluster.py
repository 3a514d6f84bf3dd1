"""A cluster and a bucket on one machine with no path in common: Dask's command line, moto's S3.

Every process is one of ours and is ended by its id.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imageio_ffmpeg

ROOT = Path(__file__).parent.parent
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
    # One death accuses a call, where Dask takes four: each takes seconds to start a worker anew.
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
}


def until(there: Callable[[], Any], what: str, seconds: float = 60) -> Any:
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
        """The process that encodes, below the nanny that starts it anew."""
        return int(until(lambda: _workers_below(self.process.pid), "the worker process")[0])

    def parts(self) -> list[Path]:
        """What is being written just now."""
        return [each for each in self.scratch.rglob("*.part") if each.stat().st_size]

    def kill(self) -> None:
        """The worker and its nanny, at once; their ffmpeg must die by itself."""
        for pid in (self.process.pid, *_pythons(self.process.pid)):
            _kill(pid)
        self.process.wait(20)


def _workers_below(pid: int) -> list[int]:
    return [each for each in _pythons(pid) if b"resource_tracker" not in _line(each)]


def _pythons(pid: int) -> list[int]:
    return [each for each in children(pid) if b"python" in _line(each).split(b"\0")[0]]


def _line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _kill(pid: int) -> None:
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

    def add(self, name: str, *arguments: str, **environment: str) -> Machine:
        """One more worker, of one thread."""
        folder = self.folder / name
        for place in ("home", "tmp", "cache", "dask"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        environment = {"WANX_FFMPEG": str(self._ffmpeg()), **environment}
        process = self._run(
            "worker", folder, self.address, "--nthreads", "1", "--host", "127.0.0.1",
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

    def _ffmpeg(self) -> Path:
        script = self.folder / "ffmpeg"
        if not script.exists():
            real = imageio_ffmpeg.get_ffmpeg_exe()
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

    def liar(self) -> Machine:
        """One more worker, whose ffmpeg says it is another."""
        script, real = self.folder / "liar-ffmpeg", imageio_ffmpeg.get_ffmpeg_exe()
        says = "s/^ffmpeg version [^ ]*/ffmpeg version 5.1.8-liar/"
        script.write_text(
            f"""#!/bin/sh
case "$*" in *-version*) '{real}' "$@" | sed '{says}';; *) exec '{real}' "$@";; esac
"""
        )
        script.chmod(0o755)
        machine = self.add("liar", WANX_FFMPEG=str(script))
        until(lambda: b"Registered to" in (machine.folder / "worker.log").read_bytes(), "the liar")
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
                _kill(pid)
            process.wait(20)


@contextmanager
def rig(folder: Path, workers: int = 2, **environment: str) -> Iterator[Rig]:
    made = Rig(folder, environment)
    try:
        yield made.start(workers)
    finally:
        made.stop()


class Faults:
    """What the bucket does wrong: each rule names a method and a part of a path, and how often."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.rules: list[dict[str, Any]] = []
        self.seen: list[str] = []
        self.lock = threading.Lock()

    def add(self, method: str, part: str, does: str, times: int) -> None:
        """``does``: "500", "drop" (the connection), or "slow" (half a second)."""
        self.rules.append({"method": method, "part": part, "does": does, "times": times})

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        rule = self._rule(environ)
        self.seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {rule or ''}")
        if rule == "500":
            start("500 Internal Server Error", [("Content-Type", "application/xml")])
            return [b"<Error><Code>InternalError</Code><Message>no</Message></Error>"]
        if rule == "drop":
            environ["werkzeug.socket"].shutdown(2)
            start("200 OK", [])
            return []
        if rule == "slow":
            time.sleep(0.5)
        return self.app(environ, start)

    def _rule(self, environ: dict[str, Any]) -> str:
        with self.lock:
            for rule in self.rules:
                fits = rule["method"] == environ["REQUEST_METHOD"]
                if fits and rule["part"] in environ["PATH_INFO"] and rule["times"]:
                    rule["times"] -= 1
                    return str(rule["does"])
        return ""


@dataclass
class Bucket:
    """An S3 service with one bucket, on a port of its own."""

    origin: str
    faults: Faults
    objects: Callable[[], dict[str, bytes]]

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
            each["Key"]: client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
            for each in listed
        }

    try:
        yield Bucket(origin, faults, objects)
    finally:
        client.close()
        server.shutdown()
        thread.join(10)
        server.server_close()


# -- what must hold ------------------------------------------------------------------------------

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
        busy = until(lambda: [each for each in self.rig.machines if each.parts()], "a part file")
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
        assert "is given no work: it has wanx-render" in ran.said, ran.said
        assert "ffmpeg 5.1.8-liar" in ran.said, ran.said
        assert not (machine.folder / "cache" / "calls").exists()
        self.same("liar")
        return ran

    def one_worker(self) -> Ran:
        """kill -9 of a worker whose part file exists; its nanny starts another."""
        run = self.away("one")
        victim = self.someone_at_work()
        _kill(victim.worker())
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
        assert "no worker came: what is left is encoded on this machine" in ran.said
        self.same("nobody")
        self.clean()
        return ran

    def scheduler(self) -> Ran:
        """kill -9 of the scheduler: the run goes on where it is. The rig is of no use after it."""
        run = self.away("scheduler")
        self.someone_at_work()
        assert self.rig.scheduler
        _kill(self.rig.scheduler.pid)
        ran = self.end(run)
        assert ran.code == 0, ran.said
        assert "the scheduler is gone: what is left is encoded on this machine" in ran.said
        self.same("scheduler")
        return ran

    def poisoned(self) -> Ran:
        """A call that kills every worker fails with a sentence; the others finish; then all do."""
        folder = self.fresh("poison")
        self.rig.poison.write_text(".wav")  # the music of one deliverable
        ran = self.end(self.away("poison", folder))
        self.rig.poison.unlink()
        assert ran.code == 1, ran.said
        assert "9x16: every worker that tried it was killed, also when it was alone" in ran.said, (
            ran.said
        )
        self.same("poison", {"1x1.mp4": self.expected["1x1.mp4"]})
        again = self.end(self.away("poison", folder))
        assert again.code == 0, again.said
        assert "1x1 delivered: unchanged" in again.said
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
        until(lambda: any(first in each for each in self.bucket.faults.seen), "the first row")
        _kill(run.pid)
        run.communicate(timeout=60)
        before = self.rows_of("table")
        assert len(before) < len(rows), "killed too late"
        ran = self.end(self.away("table", folder))
        assert ran.code == 0, ran.said
        assert " 0 takes to make" in ran.said, ran.said
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
                told = " ".join(str(getattr(Proof, name).__doc__).split())
                print(f"| {name} | {told} | {came} | {seconds:.0f} s |", flush=True)
                failed += came != "as it must"
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
