"""What a cluster costs and gives: `uv run python benchmarks/cluster.py [--whole]`.

Dask's own processes on this machine, and a folder that they share; beside them this program's own
threads, with the same encodes. Each worker and thread is kept to a core of its own, as a worker for
each core has it. Whatever makes a segment, its bytes must be the same, or there are no figures.
Rounds are taken turn by turn; a ratio is the median of the ratios of rounds.
"""

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import count
from pathlib import Path

from rows import Row, in_turn, ratio, show

from tests.support.cluster import Rig, children, rig, until
from wanx_render import files
from wanx_render.finishing.decode_record import NO_FRAMES
from wanx_render.finishing.jobs import (
    JoinCall,
    SegmentCall,
    make_deliverable,
    make_segment,
    make_segments,
)
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import decoding, ffmpeg
from wanx_render.timing import Cut
from wanx_render.workers import makers, remote_jobs, store
from wanx_render.workers.dask import connect

CORES = sorted(os.sched_getaffinity(0))
TALL = Frame(Size(1080, 1920), Fraction(30), "crop", "black")
SMALL = Frame(Size(720, 1280), Fraction(30), "crop", "black")
CALLS = 4  # encodes of a round
TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def ready(made: Rig, place: store.Store, here: Executor, workers: int) -> Iterator[Executor]:
    program = ffmpeg.find(os.environ)
    place.put(Path(__file__), "probe")
    order = remote_jobs.Order(place, makers.makers_with(program))
    executor = connect(made.address, order, "probe", here=here, say=print)
    until(lambda: executor._workers() == workers, "the workers")
    try:
        yield executor
    finally:
        executor.shutdown()


def took(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def processor(made: Rig | None) -> float:
    """Processor seconds of this process, of a cluster's processes and of all that they ran."""
    own = sum(os.times()[:4])
    if made is None:
        return own
    pids = {pid for process in made.started for pid in (process.pid, *children(process.pid))}
    ticks = 0
    for pid in pids:
        numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, numbers[11:15]))
    return own + ticks / TICK


def clip(program: ffmpeg.Ffmpeg, path: Path, size: Size, seconds: int) -> ClipMedia:
    picture = f"mandelbrot=s={size}:r=30:start_scale=0.4,noise=alls=6:allf=t"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=r=48000", "-t", str(seconds),
         "-c:v", "libx264", "-crf", "20", "-pix_fmt", "yuv420p", "-c:a", "aac", "-y", str(path)),
    )  # fmt: skip
    return ClipMedia(path, files.sha256(path), size, Fraction(30), 30 * seconds, True)


@dataclass(frozen=True)
class Spent:
    """Of a round: seconds by the wall, processor seconds, and the hashes of what was made."""

    wall: float
    cpu: float
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Bench:
    """One clip, and who may encode segments of it into ``shared``."""

    program: ffmpeg.Ffmpeg
    take: ClipMedia
    shared: store.SharedFolder
    rounds: Iterator[int]

    def round(self, made: Rig | None, encode: Callable[[str], None], at_once: Executor) -> Spent:
        """Encode a few segments, each under the name that its seal holds."""
        folder = f"round-{next(self.rounds)}"
        names = [f"{folder}/{number}/piece.mov" for number in range(CALLS)]
        for name in names:
            (self.shared.path / name).parent.mkdir(parents=True)
        before, began = processor(made), time.monotonic()
        list(at_once.map(encode, names))
        wall, cpu = time.monotonic() - began, processor(made) - before
        return Spent(wall, cpu, tuple(files.sha256(self.shared.path / name) for name in names))

    def locally(self, name: str) -> None:
        """As this program does it without a cluster."""
        segment = Segment.whole(self.take, Cut(0, self.take.frames), Focus(), SMALL)
        make_segments(self.program, (SegmentCall(segment, self.shared.path / name),))

    def away(self, executor: Executor, name: str) -> None:
        """As a worker does it: fetched from the store and put there."""
        there = replace(self.take, path=Path("clip.mp4"))
        segment = Segment.whole(there, Cut(0, there.frames), Focus(), SMALL)
        hashes = (("clip.mp4", there.sha256),)
        order = remote_jobs.Order(self.shared, makers.makers_with(self.program), hashes)
        call = executor.submit(remote_jobs.segments, order, (segment,), (name,), (NO_FRAMES,))
        if error := call.result():
            raise error


def pinned(threads: int) -> ThreadPoolExecutor:
    """Threads with a core each, for themselves and what they start."""
    numbers = count()

    def keep_to_one() -> None:
        os.sched_setaffinity(0, {CORES[next(numbers) % len(CORES)]})

    return ThreadPoolExecutor(threads, initializer=keep_to_one)


def pin(made: Rig) -> None:
    """Keep each worker, and what it starts, to one core."""
    for number, machine in enumerate(made.machines):
        for pid in (machine.process.pid, *children(machine.process.pid)):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {CORES[number % len(CORES)]})


def encodes(folder: Path, rounds: int) -> Iterator[Row]:
    """Throughput by workers, with the threads of this program beside them."""
    program = ffmpeg.find(os.environ)
    shared = store.SharedFolder(folder / "shared")
    take = clip(program, folder / "clip.mp4", Size(816, 1104), 2)
    shared.put(take.path, "clip.mp4")
    bench = Bench(program, take, shared, count())
    with ExitStack() as stack:
        here = stack.enter_context(ThreadPoolExecutor(1))
        works = {}
        for number in (1, 2):
            made = stack.enter_context(rig(folder / f"rig-{number}", number))
            executor = stack.enter_context(ready(made, shared, here, number))
            pin(made)
            senders = stack.enter_context(ThreadPoolExecutor(CALLS))
            threads = stack.enter_context(pinned(number))
            away = partial(bench.away, executor)
            works[f"workers {number}"] = partial(bench.round, made, away, senders)
            works[f"threads {number}"] = partial(bench.round, None, bench.locally, threads)
        results = in_turn(works, rounds)
        yield from overhead(executor, made, rounds)
    hashes = {sha256 for spents in results.values() for spent in spents for sha256 in spent.hashes}
    if len(hashes) != 1:
        raise SystemExit(f"segments of the same clip differ: {hashes}")
    wall = {name: [spent.wall for spent in spents] for name, spents in results.items()}
    cpu = {name: [spent.cpu for spent in spents] for name, spents in results.items()}
    for kind in ("workers", "threads"):
        times = ratio(wall[f"{kind} 1"], wall[f"{kind} 2"])
        meaning = f"how many times as fast two {kind} are as one, a core each, by the wall"
        yield Row(f"cluster/two {kind}", times, "", meaning)
    for number, name in ((1, "one"), (2, "two")):
        ours, theirs = f"workers {number}", f"threads {number}"
        meaning = "by the wall, beside as many threads of the program"
        yield Row(f"cluster/{name} beside local", ratio(wall[ours], wall[theirs]), "", meaning)
        meaning = "processor time of the same encodes, beside those threads"
        yield Row(f"cluster/{name} processor", ratio(cpu[ours], cpu[theirs]), "", meaning)


def overhead(executor: Executor, made: Rig, rounds: int, calls: int = 300) -> Iterator[Row]:
    """What a call that does nothing costs, of many at once."""
    wall, cpu = [], []
    for _ in range(rounds):
        before = processor(made)
        seconds = took(lambda: wait([executor.submit(abs, number) for number in range(calls)]))
        wall.append(seconds / calls * 1000)
        cpu.append((processor(made) - before) / calls * 1000)
    waits = [took(lambda: wait([executor.submit(abs, 1)])) * 1000 for _ in range(30)]
    yield Row("cluster/a call", statistics.median(wall), "ms", "by the wall, of 300 at once")
    yield Row("cluster/a call alone", statistics.median(waits), "ms", "by the wall, one by one")
    meaning = "processor time of the program, the scheduler and the workers together"
    yield Row("cluster/a call's processor", statistics.median(cpu), "ms", meaning)


def cpu_of(work: Callable[[], object]) -> float:
    """Processor seconds of this process and all that it starts."""

    def spent() -> float:
        both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    before = spent()
    work()
    return spent() - before


def bill(folder: Path) -> Iterator[Row]:
    """One clip of five seconds at 1080P, made into 1080x1920."""
    program = ffmpeg.find(os.environ)
    take = clip(program, folder / "big.mp4", Size(1088, 1904), 5)
    segment = Segment.whole(take, Cut(0, take.frames), Focus(), TALL)
    piece, target = folder / "piece.mov", folder / "done.mp4"
    call = JoinCall("done", (piece,), TALL, segment.frames, target)
    works = (
        ("decode", "here", lambda: decoding.decode(program, take.path), take.path),
        ("fit", "worker", lambda: make_segment(program, segment, piece), piece),
        ("join", "worker", lambda: make_deliverable(program, call), target),
    )
    for name, where, work, path in works:
        seconds = cpu_of(work)
        size = path.stat().st_size / 1e6
        yield Row(f"cluster/bill {name}", seconds, "s", f"{where}, processor; {size:.1f} MB")


def rows(whole: bool) -> Iterator[Row]:
    """The figures; with ``whole`` more rounds, and the bill of one deliverable."""
    with tempfile.TemporaryDirectory(prefix="wanx-bench-") as name:
        os.environ.update(NO_PROXY="127.0.0.1", WANX_CACHE=f"{name}/cache")
        if whole:
            yield from bill(Path(name))
        yield from encodes(Path(name), 7 if whole else 3)


if __name__ == "__main__":
    show(rows("--whole" in sys.argv))
