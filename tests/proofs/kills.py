"""Kill the real program at every step that leaves a trace, run it again, and let the ledger judge.

``python -m tests.proofs.kills [KILLS]`` sweeps the program and a naive client and prints both. A
step is a call that sends, receives, commits, writes, renames or removes; which one ends a run is
counted by a profile hook, so that no tool of the operating system is needed.
"""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from tests.support.places import ROOT, SPECS

PACE = 200  # both clocks run so much faster than real
RUNS = 4  # after the kill, the program may be run so often to finish

LIST = """\
version: 1
project: killed
backend: dashscope
defaults: {{model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}}
shots:
  - {{id: one, image: a.png, prompt: "第一个镜头 {name}", takes: 2}}
  - {{id: two, image: "https://example.com/b.png", prompt: "second {name}"}}
deliverables:
  - {{aspect: 9:16, size: 90x160}}
"""
# Two rows of a table, and two lists, that ask for the same first shot.
SHOTS = """\
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: intro, image: a.png, prompt: "开场"}
  - {id: own, image: "https://example.com/b.png", prompt: "only PROMPT"}
deliverables:
  - {aspect: 9:16, size: 90x160}
"""
# The newer kinds of requests: what a model makes first, what goes on, and what begins with nothing.
NEWER = """\
version: 1
project: killed
backend: dashscope
defaults: {resolution: 480P}
shots:
SHOTS
deliverables:
  - {aspect: 9:16, size: 90x160}
"""
PICTURES = """\
  - id: made
    model: wanx2.1-i2v-turbo
    duration: 3
    image: {prompt: a roof at dusk, model: wan2.2-t2i-flash, takes: 2, pick: 2}
    prompt: a cat wakes
  - {id: seen, model: wanx2.1-i2v-turbo, duration: 3, image: {shot: made}, prompt: on}"""
CONTINUED = """\
  - {id: a, model: wan2.7-i2v, resolution: 720P, duration: 2, image: a.png, prompt: a street}
  - {id: b, model: wan2.7-i2v, resolution: 720P, duration: 2, continue: {shot: a}, prompt: go on}"""
WORDS = """\
  - {id: sea, model: wan2.5-t2v-preview, duration: 5, prompt: a ship at sea, takes: 2}
  - id: crew
    model: wan3.0-video
    duration: 2
    prompt: "{amy} walks"
    references: {amy: a.png}"""
HEAD = "version: 1\nproject: PROJECT\nbackend: dashscope\n"


@dataclass(frozen=True)
class Case:
    """What is rendered, and what must have come of it; paths start at ``renders``."""

    files: Mapping[str, str]
    requests: int
    clips: int  # files; where two lists have the same one it is there twice
    deliverables: tuple[str, ...]
    journals: tuple[str, ...] = ("killed/journal.sqlite",)
    pictures: int = 0  # that a model makes


def _other(project: str) -> str:
    return (HEAD + SHOTS).replace("PROJECT", project).replace("PROMPT", project)


CASES = {
    "list": Case({"list.yaml": LIST.format(name="")}, 3, 3, ("killed/9x16.mp4",)),
    "table": Case(
        {
            "list.yaml": HEAD.replace("PROJECT", "killed")
            + "matrix: {rows: [{sku: one}, {sku: two}]}\n"
            + SHOTS.replace("PROMPT", "${sku}")
        },
        3, 3, ("killed/one/9x16.mp4", "killed/two/9x16.mp4"),
    ),
    "lists": Case(
        {"list.yaml": _other("killed"), "other.yaml": _other("other")},
        3, 4, ("killed/9x16.mp4", "other/9x16.mp4"),
        ("killed/journal.sqlite", "other/journal.sqlite"),
    ),
    "pictures": Case(
        {"list.yaml": NEWER.replace("SHOTS", PICTURES)}, 4, 2, ("killed/9x16.mp4",), pictures=2
    ),
    "continued": Case({"list.yaml": NEWER.replace("SHOTS", CONTINUED)}, 2, 2, ("killed/9x16.mp4",)),
    "words": Case({"list.yaml": NEWER.replace("SHOTS", WORDS)}, 3, 3, ("killed/9x16.mp4",)),
}  # fmt: skip
STEPS = frozenset(
    {
        "send", "sendmsg", "recv", "recv_into", "connect", "execute", "executescript", "write",
        "fsync", "rename", "replace", "unlink", "link", "mkdir", "open", "flock", "fork_exec",
    }
)  # fmt: skip


# -- the process that is killed ------------------------------------------------------------------


def install(at: int, kill: int, count_file: Path | None) -> None:
    """End this process by ``kill`` at step ``at``, 0 for never; ``count_file`` gets the count."""
    import threading

    count = 0

    def hook(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        if event != "c_call" or getattr(argument, "__name__", "") not in STEPS:
            return
        count += 1
        if count == at:
            os.kill(os.getpid(), kill)

    if count_file:
        import atexit

        atexit.register(lambda: count_file.write_text(str(count)))
    threading.setprofile(hook)
    sys.setprofile(hook)


def child(client: str, arguments: list[str], at: int, kill: int, count_file: Path | None) -> None:
    """The program, or the naive client, in a process of its own; never returns."""
    if client == "naive":
        from tests.proofs.naive_client import main
    else:
        from wanx_render.cli import main
    if at or count_file:
        install(at, kill, count_file)
    main(arguments)


# -- one point of the sweep ----------------------------------------------------------------------


@dataclass
class Verdict:
    """What was found after one kill, once the program had been run to its end."""

    kills: int = 0
    finished: int = 0
    double: int = 0
    lost: int = 0
    corrupt: int = 0
    damaged: int = 0
    leaked: int = 0  # files that hold the key
    asked: int = 0  # requests that were left to a person, who looked at the ledger

    def __add__(self, other: "Verdict") -> "Verdict":
        both = zip(asdict(self).items(), asdict(other).values(), strict=True)
        return Verdict(**{name: a + b for (name, a), b in both})


@dataclass(frozen=True)
class Range:
    """Where the kills happen: one emulator, one reference."""

    origin: str
    base: Path
    pictures: Path
    case: Case = CASES["list"]

    def start(
        self,
        client: str,
        name: str,
        at: int,
        kill: int,
        count_file: Path | None = None,
        command: tuple[str, ...] = (),
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run the client in the folder and account called ``name``."""
        folder = self.folder(name)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.base),
            "NO_PROXY": "127.0.0.1",
            "DASHSCOPE_API_KEY": f"sk-mock-{name}",
            "DASHSCOPE_HTTP_BASE_URL": f"{self.origin}/api/v1",
            "WANX_CLOCK_PACE": str(PACE),
            "PYTHONPATH": str(ROOT),
        }
        child = [
            sys.executable,
            "-m",
            "tests.proofs.kills",
            "child",
            client,
            str(at),
            str(kill),
            str(count_file or ""),
        ]
        out = folder / "log"
        with out.open("ab") as log:
            arguments = command or (*self.case.files, "--yes")
            return subprocess.run(
                [*child, *arguments], cwd=folder, env=environment, stdout=log, stderr=log,
                timeout=120, start_new_session=True,
            )  # fmt: skip

    def folder(self, name: str) -> Path:
        folder = self.base / name
        if not folder.exists():
            folder.mkdir()
            for file, text in self.case.files.items():
                (folder / file).write_text(text, encoding="utf-8")
            (folder / "a.png").write_bytes((self.pictures / "a.png").read_bytes())
        return folder

    def ledger(self, name: str) -> list[dict[str, Any]]:
        with httpx.Client(trust_env=False) as client:
            record = client.get(f"{self.origin}/_mock/ledger", params={"account": name}).json()
        return list(record["submissions"])

    def made(self, name: str) -> list[str]:
        """The digest of each deliverable."""
        renders = self.folder(name) / "renders"
        return [digest(renders / path) for path in self.case.deliverables]

    def point(self, client: str, at: int, kill: int, wanted: list[str]) -> Verdict:
        """Kill at step ``at``, run to the end, judge; ``wanted`` are the deliverables' digests."""
        name = f"{client}-{kill}-{at}"
        self.start(client, name, at, kill)
        finished, asked = False, 0
        for _ in range(RUNS):
            finished = self.start(client, name, 0, 0).returncode == 0
            if finished:
                break
            asked += self.settle(name) if client == "program" else 0
        rows = Counter(row["request"] for row in self.ledger(name))
        renders = self.folder(name) / "renders"
        return Verdict(
            kills=1,
            finished=int(finished),
            double=sum(count - 1 for count in rows.values()),
            lost=self.case.clips
            - len(list(renders.glob("*/clips/*.mp4")))
            + self.case.pictures
            - len(list(renders.glob("*/clips/*.png"))),
            corrupt=int(self.made(name) != wanted),
            damaged=int(
                client == "program"
                and not all(sound(renders / path) for path in self.case.journals)
            ),
            leaked=sum(
                f"sk-mock-{name}".encode() in path.read_bytes()
                for path in self.folder(name).rglob("*")
                if path.is_file()
            ),
            asked=asked,
        )

    def settle(self, name: str) -> int:
        """What a person does: look into the ledger, and say which task a request is, or none."""
        settled = 0
        for file, path in zip(self.case.files, self.case.journals, strict=True):
            journal = self.folder(name) / "renders" / path
            for number, prompt, seed in unresolved(journal):
                task = self.task_of(name, prompt, seed)
                decision = ("--adopt", task) if task else ("--release",)
                self.start("program", name, 0, 0, command=("resolve", file, str(number), *decision))
                settled += 1
        return settled

    def task_of(self, name: str, prompt: str, seed: int) -> str | None:
        rows = self.ledger(name)
        return next(
            (r["task_id"] for r in rows if (r["prompt"], r["seed"]) == (prompt, seed)), None
        )


def unresolved(journal: Path) -> list[tuple[int, str, int]]:
    """The requests of a journal that wait for a person: number, prompt and seed."""
    if not journal.is_file():
        return []
    db = sqlite3.connect(journal)
    try:
        return db.execute(
            "SELECT id, json_extract(request, '$.prompt'), json_extract(request, '$.seed')"
            " FROM attempt WHERE state = 'unresolved'"
        ).fetchall()
    finally:
        db.close()


def photograph(path: Path) -> None:
    """A first frame with something to see in it: one colour would prove nothing of a clip."""
    from PIL import Image

    with Image.open(SPECS / "frames" / "harbour.jpg") as picture:
        picture.convert("RGB").resize((750, 1000)).save(path)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"


def sound(journal: Path) -> bool:
    """Whether the journal is whole, and keeps its promises."""
    db = sqlite3.connect(journal)
    try:
        whole = db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        bad = db.execute(
            "SELECT count(*) FROM attempt WHERE state IN ('submitting', 'uncertain', 'unresolved')"
        ).fetchone()[0]
        return whole and bad == 0
    finally:
        db.close()


@contextmanager
def shooting_range(pictures: Path, case: str = "list") -> Iterator[Range]:
    """An emulator in a process of its own, and a run that nobody disturbs as the reference."""
    from tests.support.emulator import serving

    options = ("--clock", f"x{PACE}", "--no-limits")
    with serving(*options) as (origin, _), tempfile.TemporaryDirectory() as folder:
        yield Range(origin, Path(folder), pictures, CASES[case])


def sweep(ground: Range, client: str, kills: int, kill: int = signal.SIGKILL) -> Verdict:
    """``kills`` points, spread evenly over all steps of a run."""
    count_file, name = ground.base / f"{client}-{kill}.count", f"{client}-{kill}-whole"
    ran = ground.start(client, name, 0, 0, count_file)
    assert ran.returncode == 0, (ground.folder(name) / "log").read_text()
    wanted = ground.made(name)
    steps = int(count_file.read_text())
    points = sorted({1 + steps * number // kills for number in range(kills)})
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        found = pool.map(lambda at: ground.point(client, at, kill, wanted), points)
        return sum(found, Verdict())


def table(rows: dict[str, Verdict]) -> str:
    names = list(asdict(Verdict()))
    lines = [f"{'':22}" + "".join(f"{name:>10}" for name in names)]
    for label, verdict in rows.items():
        lines.append(f"{label:22}" + "".join(f"{v:>10}" for v in asdict(verdict).values()))
    return "\n".join(lines)


def main(kills: int) -> None:
    with tempfile.TemporaryDirectory() as pictures:
        photograph(Path(pictures) / "a.png")
        with shooting_range(Path(pictures)) as ground:
            began = time.monotonic()
            rows = {
                "program, SIGKILL": sweep(ground, "program", kills),
                "program, SIGINT": sweep(ground, "program", kills // 10, signal.SIGINT),
                "program, SIGTERM": sweep(ground, "program", kills // 10, signal.SIGTERM),
                "naive, SIGKILL": sweep(ground, "naive", max(kills // 10, 20)),
            }
            print(table(rows))
            print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        which, number, sig, count = sys.argv[2:6]
        child(which, sys.argv[6:], int(number), int(sig), Path(count) if count else None)
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
