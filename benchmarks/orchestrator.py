"""How well the service's time is used: `uv run python benchmarks/orchestrator.py [PARTS]`.

Three parts, each in one run of this script:
  1  1,000 tasks, five at once, in virtual time: the whole orchestrator over the emulator in this
     process, whose results are all one small clip. Exact, and the same on any machine.
  2  60 tasks on an emulator of its own process, both 60 times as fast as real: this program beside
     the official SDK in a pool of five threads, its own waits made 60 times as short.
  3  1,000 shots through the command line, 150 times as fast as real: processor time and memory of
     the program itself, without the ffmpeg processes it starts; then 100 finished shots again.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from rows import Row

from tests.support.contexts import run_context
from tests.support.emulator import Twin, serving
from tests.support.places import ROOT
from tests.support.programs import PROGRAMS
from tests.support.virtual import START, Counted, Time
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access
from wanx_render.catalog.capabilities import packaged
from wanx_render.media import ffmpeg
from wanx_render.planning import plan
from wanx_render.planning.journal import Journal
from wanx_render.run.orchestrator import render
from wanx_render.task import TaskRequest
from wanx_render.validation.load import load

MODEL = "wan2.5-i2v-preview"
PACE = 60

MEASURED = """
import atexit, json, os, resource, sys, time
def tell():
    own = resource.getrusage(resource.RUSAGE_SELF)
    with open(os.environ["FIGURES"], "w") as file:
        json.dump({"cpu": own.ru_utime + own.ru_stime, "mib": own.ru_maxrss / 1024}, file)
atexit.register(tell)
"""

PROGRAM = MEASURED + "from wanx_render.cli import main; main(sys.argv[1:])"

SDK = (
    MEASURED
    + """
from concurrent.futures import ThreadPoolExecutor
real = time.sleep
time.sleep = lambda seconds: real(seconds / float(os.environ["WANX_CLOCK_PACE"]))
import dashscope, httpx
from dashscope import VideoSynthesis
dashscope.base_http_api_url = os.environ["DASHSCOPE_HTTP_BASE_URL"]
os.makedirs("clips", exist_ok=True)
def one(number):
    answer = VideoSynthesis.call(
        model="wan2.5-i2v-preview", prompt=f"shot {number}", img_url="https://example.com/a.png",
        resolution="480P", duration=5,
    )
    with open(f"clips/{number}.mp4", "wb") as file:
        file.write(httpx.get(answer.output.video_url, trust_env=False).content)
with ThreadPoolExecutor(5) as pool:
    list(pool.map(one, range(int(sys.argv[1]))))
"""
)


def write_list(folder: Path, count: int) -> Path:
    shots = "".join(
        f"  - {{id: s{n}, image: 'https://example.com/a.png', prompt: shot {n}}}\n"
        for n in range(count)
    )
    path = folder / "list.yaml"
    path.write_text(
        f"version: 1\nproject: bench\nbackend: dashscope\n"
        f"defaults: {{model: {MODEL}, resolution: 480P, duration: 5}}\n"
        f"shots:\n{shots}deliverables:\n  - {{aspect: 9:16, size: 90x160}}\n"
    )
    return path


def delays(requests: list[dict[str, Any]], ends: dict[str, datetime]) -> list[float]:
    """Seconds from a task's end to the first query after it, by the emulator's own record."""
    seen: dict[str, float] = {}
    for row in requests:
        task = row["task_id"]
        if row["operation"] == "query" and task in ends and task not in seen:
            late = (datetime.fromisoformat(row["time"]) - ends[task]).total_seconds()
            if late >= 0:
                seen[task] = late
    return list(seen.values())


# -- 1: virtual time ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Makespan:
    """A run in virtual time: seconds, and requests sent."""

    bound: float  # what the service's limits allow at best
    took: float  # until the last task ended
    whole: float  # until the program ended
    late: float  # from a task's end to the first query after it, median
    queries: int
    creates: int


def virtual(count: int, seed: int) -> None:
    run = makespan(count, seed)
    print(
        f"{count:>6} {seed:>5} {run.bound / 3600:>8.2f} h {run.took / run.bound:>9.4f}"
        f" {run.whole / run.bound:>9.4f} {run.queries / count:>9.2f} {run.late:>8.1f} s"
        f" {run.creates:>8}"
    )


def makespan(count: int, seed: int) -> Makespan:
    pool, catalog = Counted(2), packaged()
    clock = Time(pool)
    twin = Twin.in_time(clock.now, seed=seed)
    twin.service.request_log.entries = type(twin.service.request_log.entries)(maxlen=None)
    model = catalog.models[MODEL]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        clip = folder / "clip.mp4"
        source = ["-f", "lavfi", "-i", "testsrc2=s=128x224:r=24:d=0.5"]
        ffmpeg.run(
            PROGRAMS["wheel"], [*source, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(clip)]
        )

        async def of(request: TaskRequest, number: int = 0) -> Path:  # noqa: ARG001  # its form
            return clip

        twin.service.clips.of = of  # type: ignore[method-assign]
        loaded = load(write_list(folder, count), catalog)
        made = replace(plan.make(loaded.shots, "dashscope", loaded.media, catalog), deliverables=())
        journal = Journal(folder / "journal.sqlite")

        async def work() -> bool:
            access = Access("http://127.0.0.1/api/v1", "sk-mock-a", own_hosts=True)
            backend = DashScope(access, catalog, clock, random.Random(1), transport=twin.transport)
            context = run_context(
                plan=made, backend=backend, journal=journal, catalog=catalog,
                program=PROGRAMS["wheel"], executor=pool, clock=clock, wall=clock, folder=folder,
                emit=lambda _: None, chance=random.Random(2),
            )  # fmt: skip
            return (await render(context, "bench")).complete

        assert clock.run(work())
        journal.close()
    tasks = twin.service.tasks.of("a").tasks()
    runs = [(task.ended - task.started).total_seconds() for task in tasks]
    bound = max(
        sum(runs) / model.running_at_once.value,
        count / model.creates_per_second.value + min(runs),
    )
    took = (max(task.ended for task in tasks) - START).total_seconds()
    entries = twin.service.request_log.entries
    requests = [
        {"operation": e.operation, "task_id": e.task_id, "time": e.time.isoformat()}
        for e in entries
    ]
    late = delays(requests, {task.task_id: task.ended for task in tasks})
    queries = sum(e.operation in ("query", "list") for e in entries)
    creates = sum(e.operation == "create" for e in entries)
    whole = (clock.now() - START).total_seconds()
    twin.service.close()
    pool.shutdown()
    return Makespan(bound, took, whole, statistics.median(late), queries, creates)


def rows(whole: bool) -> Iterator[Row]:
    """Tasks in virtual time, five at once; the same figures on any machine."""
    count = 1000 if whole else 200
    run = makespan(count, 1)
    about = f"{count} tasks in virtual time: "
    yield Row(
        "makespan/by bound", run.took / run.bound, "", about + "the last end / the limits' best"
    )
    yield Row("makespan/queries a task", run.queries / count, "", about + "queries a task")
    yield Row("makespan/late", run.late, "s", about + "from an end to its query, median")


# -- 2 and 3: processes --------------------------------------------------------------------------


def run(code: str, arguments: list[str], folder: Path, origin: str, pace: int) -> dict[str, Any]:
    figures = folder / "figures.json"
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "NO_PROXY": "127.0.0.1",
        "DASHSCOPE_API_KEY": f"sk-mock-{folder.name}", "WANX_CLOCK_PACE": str(pace),
        "DASHSCOPE_HTTP_BASE_URL": f"{origin}/api/v1", "FIGURES": str(figures),
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    began = time.monotonic()
    with (folder / "log").open("w") as log:
        subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=folder, env=environment, check=True,
            stdout=log, stderr=log,
        )  # fmt: skip
    return {**json.loads(figures.read_text()), "seconds": time.monotonic() - began}


def evidence(origin: str, path: str, account: str) -> Any:
    with httpx.Client(trust_env=False, timeout=60) as client:
        return client.get(f"{origin}/_mock/{path}", params={"account": account}).json()


def ends_of(origin: str, account: str) -> dict[str, datetime]:
    tasks = evidence(origin, "tasks", account)["tasks"]
    return {task["task_id"]: datetime.fromisoformat(task["ended"]) for task in tasks}


def beside_the_sdk(base: Path, count: int) -> None:
    print(f"\n{count} tasks, x{PACE}:   queries a task   delay, median   cpu a task   memory")
    with serving("--clock", f"x{PACE}") as (origin, _):
        for name, code, arguments in (
            ("program", PROGRAM, ["list.yaml", "--yes"]),
            ("sdk", SDK, [str(count)]),
        ):
            folder = base / name
            folder.mkdir()
            write_list(folder, count)
            figures = run(code, arguments, folder, origin, PACE)
            requests = evidence(origin, "requests", name)["requests"]
            asked = sum(row["operation"] in ("query", "list") for row in requests)
            late = delays(requests, ends_of(origin, name))
            print(
                f"{name:>18} {asked / count:>14.2f} {statistics.median(late):>13.1f} s"
                f" {figures['cpu'] / count * 1000:>9.1f} ms {figures['mib']:>6.0f} MiB"
                f"   (in {figures['seconds']:.0f} s)"
            )


def thousand(base: Path, count: int, pace: int) -> None:
    folder = base / "thousand"
    folder.mkdir()
    write_list(folder, count)
    with serving("--clock", f"x{pace}") as (origin, _):
        figures = run(PROGRAM, ["list.yaml", "--yes"], folder, origin, pace)
        print(
            f"\n{count} shots, x{pace}: {figures['cpu'] / count * 1000:.1f} ms of processor time a"
            f" task and {figures['mib']:.0f} MiB, outside ffmpeg; {figures['seconds']:.0f} s"
        )


def again(base: Path) -> None:
    folder = base / "hundred"
    folder.mkdir()
    write_list(folder, 100)
    with serving("--clock", "x400") as (origin, _):
        run(PROGRAM, ["list.yaml", "--yes"], folder, origin, 400)
        before = len(evidence(origin, "requests", "hundred")["requests"])
        times = [
            run(PROGRAM, ["list.yaml", "--yes"], folder, origin, 400)["seconds"] for _ in range(5)
        ]
        sent = len(evidence(origin, "requests", "hundred")["requests"]) - before
        print(
            f"100 finished shots again: {statistics.median(times):.2f} s (median of 5),"
            f" {sent} requests"
        )


def main(parts: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        if "1" in parts:
            print(" tasks  seed    bound   makespan     whole   queries    delay  creates")
            for seed in (1, 2, 3):
                virtual(1000, seed)
        if "2" in parts:
            beside_the_sdk(base, 60)
        if "3" in parts:
            again(base)
            thousand(base, 1000, 150)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "123")
