"""What a cluster costs and gives: `uv run python benchmarks/cluster.py [ROUNDS]`.

Dask's own processes on this machine, and a folder that they share. Prints
  overhead   milliseconds of a call that does nothing: many at once; one after another without a
             pause (Dask's client sends at most every 10 ms) and with one; and what the program, the
             scheduler and the workers spend on it together
  two/one    how much faster two workers of one thread are than one: at calls that wait for a fixed
             time (the cluster's part in it); at real encodes, each worker kept to one core, as a
             worker for each core has it; and free, where one worker alone fills more than one core,
             for an ffmpeg decodes, scales and encodes at the same time
  bill       processor seconds and bytes of one finished deliverable, by what is done where
Rounds are taken turn by turn; ratios are of medians of one run.
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
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from tests.support.cluster import Machine, Rig, children, rig, until
from wanx_render import files
from wanx_render.finishing.decode_record import NO_FRAMES
from wanx_render.finishing.jobs import JoinCall, make_deliverable, make_segment
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import decoding, ffmpeg
from wanx_render.timing import Cut
from wanx_render.workers import makers, remote_jobs, store
from wanx_render.workers.dask import connect

EVERY = os.sched_getaffinity(0)
CORES: dict[str, Callable[[int], set[int]]] = {
    "encodes, a core": lambda number: {sorted(EVERY)[number % len(EVERY)]},
    "encodes, free": lambda _: EVERY,
}
TALL = Frame(Size(1080, 1920), Fraction(30), "crop", "black")
SMALL = Frame(Size(720, 1280), Fraction(30), "crop", "black")


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


def overhead(executor: Executor, made: Rig, calls: int = 300) -> tuple[float, ...]:
    """Milliseconds of a call: by the wall, many at once, then in turn without a pause and with
    one; of processors."""
    before = spent(made)
    at_once = took(lambda: wait([executor.submit(abs, number) for number in range(calls)]))
    used = spent(made) - before
    in_turn = took(lambda: [executor.submit(abs, number).result() for number in range(60)])
    return at_once / calls * 1000, in_turn / 60 * 1000, paused(executor), used / calls * 1000


def paused(executor: Executor) -> float:
    """Milliseconds of a call that comes alone."""
    alone = []
    for number in range(60):
        time.sleep(0.03)
        alone.append(took(executor.submit(abs, number).result))
    return statistics.median(alone) * 1000


def spent(made: Rig) -> float:
    """Processor seconds of this process, the scheduler and the workers, until now."""
    pids = {pid for process in made.started for pid in (process.pid, *children(process.pid))}
    ticks = sum(
        sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
        for pid in pids
    )
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def clip(program: ffmpeg.Ffmpeg, path: Path, size: Size, seconds: int) -> ClipMedia:
    picture = f"mandelbrot=s={size}:r=30:start_scale=0.4,noise=alls=6:allf=t"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=r=48000", "-t", str(seconds),
         "-c:v", "libx264", "-crf", "20", "-pix_fmt", "yuv420p", "-c:a", "aac", "-y", str(path)),
    )  # fmt: skip
    return ClipMedia(path, files.sha256(path), size, Fraction(30), 30 * seconds, True)


def encodes(
    executor: Executor, order: remote_jobs.Order, take: ClipMedia, name: str, calls: int
) -> float:
    """Seconds for so many segments of a clip that lies in the store."""
    segment = Segment.whole(take, Cut(0, take.frames), Focus(), SMALL)
    began = time.monotonic()
    out = [
        executor.submit(
            remote_jobs.segments, order, (segment,), (f"made/{name}-{number}.mov",), (NO_FRAMES,)
        )
        for number in range(calls)
    ]
    assert [call.result() for call in out] == [None] * calls
    return time.monotonic() - began


def keep_to(machines: list[Machine], cores: Callable[[int], set[int]]) -> None:
    """Let the processes of each worker, and what they start, run on its cores only."""
    for number, machine in enumerate(machines):
        for pid in (machine.process.pid, *children(machine.process.pid)):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores(number))


def speed(folder: Path, made: dict[int, Rig], rounds: int) -> None:
    program = ffmpeg.find(os.environ)
    take = clip(program, folder / "clip.mp4", Size(816, 1104), 2)
    rows: dict[tuple[str, int], list[float]] = {}
    with ExitStack() as stack:
        here = stack.enter_context(ThreadPoolExecutor(1))
        place = store.SharedFolder(folder / "shared")
        place.put(take.path, "clip.mp4")
        there = replace(take, path=Path("clip.mp4"), has_sound=True)
        order = remote_jobs.Order(place, makers.makers_with(program), (("clip.mp4", take.sha256),))
        on = {n: stack.enter_context(ready(one, place, here, n)) for n, one in made.items()}
        print("overhead of a call, ms   at once   in turn     alone   processors")
        for _ in range(rounds):
            figures = overhead(on[2], made[2])
            every, turn, alone, spent = figures
            print(f"{'':23} {every:8.2f}  {turn:8.2f}  {alone:8.2f}   {spent:10.2f}")
        for turn in range(rounds):
            for n, executor in on.items():
                waits = took(lambda: wait([executor.submit(time.sleep, 0.25) for _ in range(24)]))  # noqa: B023
                rows.setdefault(("waits", n), []).append(waits)
                for kind, cores in CORES.items():
                    keep_to(made[n].machines, cores)
                    seconds = encodes(executor, order, there, f"{turn}-{n}-{kind}", 6)
                    rows.setdefault((kind, n), []).append(seconds)
    for kind in ("waits", *CORES):
        one, two = (statistics.median(rows[(kind, n)]) for n in (1, 2))
        each = " ".join(
            f"{a / b:.2f}" for a, b in zip(rows[(kind, 1)], rows[(kind, 2)], strict=True)
        )
        print(f"two/one {kind:16} {one:6.1f} s / {two:6.1f} s = {one / two:.2f}   (rounds: {each})")


def cpu(work: Callable[[], object]) -> float:
    """Processor seconds of this process and all that it starts."""

    def spent() -> float:
        both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    before = spent()
    work()
    return spent() - before


def bill(folder: Path) -> None:
    """One clip of five seconds at 1080P, made into 1080x1920."""
    program = ffmpeg.find(os.environ)
    take = clip(program, folder / "big.mp4", Size(1088, 1904), 5)
    segment = Segment.whole(take, Cut(0, take.frames), Focus(), TALL)
    piece, target = folder / "piece.mov", folder / "done.mp4"
    call = JoinCall("done", (piece,), TALL, segment.frames, target)
    rows = (
        ("decode check (here)", cpu(lambda: decoding.decode(program, take.path)), take.path),
        ("conform (worker)", cpu(lambda: make_segment(program, segment, piece)), piece),
        ("join and verify (worker)", cpu(lambda: make_deliverable(program, call)), target),
    )
    print("bill of one clip of 5 s     cpu s   MB of the file")
    for name, seconds, path in rows:
        print(f"{name:26} {seconds:6.2f}   {path.stat().st_size / 1e6:6.1f}")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="wanx-bench-") as name:
        os.environ.update(NO_PROXY="127.0.0.1", WANX_CACHE=f"{name}/cache")
        folder = Path(name)
        bill(folder)
        with (
            rig(folder / "one", 1) as one,
            rig(folder / "two", 2) as two,
        ):
            speed(folder, {1: one, 2: two}, rounds)
    print(f"load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
