"""What finishing costs: `uv run python benchmarks/finishing.py [ROUNDS]`.

Three shots (24 and 30 fps, sound and silence) into three deliverables (crop 9:16 at 1080x1920, crop
3:4, blur 9:16), beside two things on the same frames with the same ffmpeg:
  floor   the already conformed raw frames, encoded with the same settings and nothing else
  naive   the usual script: each clip scaled and encoded, the results joined and encoded again
Processor time is that of all ffmpeg processes; ratios are of medians, taken turn by turn.
"""

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

from wanx_render import ffmpeg
from wanx_render.conform import Segment, Take, encoding
from wanx_render.geometry import Focus, Size
from wanx_render.making import JoinCall, make_deliverable, make_segment
from wanx_render.plan import Frame
from wanx_render.timing import Cut

FRAMES = (
    Frame(Size(1080, 1920), Fraction(30), "crop", "black"),
    Frame(Size(810, 1080), Fraction(30), "crop", "black"),
    Frame(Size(828, 1472), Fraction(30), "blur", "black"),
)
SHOTS = ((24, Size(816, 1104), True), (30, Size(816, 1104), False), (30, Size(1104, 816), True))
SECONDS = 3


def clips(program: ffmpeg.Ffmpeg, folder: Path) -> list[Take]:
    made = []
    for number, (rate, size, sound) in enumerate(SHOTS):
        path = folder / f"clip{number}.mp4"
        picture = f"mandelbrot=s={size}:r={rate}:start_scale=0.4,noise=alls=6:allf=t"
        heard = ("-f", "lavfi", "-i", "sine=r=48000") if sound else ()
        ffmpeg.run(
            program,
            ("-f", "lavfi", "-i", picture, *heard, "-t", str(SECONDS), "-c:v", "libx264",
             "-crf", "20", "-pix_fmt", "yuv420p", "-c:a", "aac", "-y", str(path)),
        )  # fmt: skip
        made.append(Take(path, str(number), size, Fraction(rate), rate * SECONDS, sound))
    return made


def measured(work: Callable[[], None]) -> tuple[float, float]:
    """Processor seconds of all processes that ``work`` starts, and seconds by the wall."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - began


def ours(program: ffmpeg.Ffmpeg, takes: list[Take], folder: Path) -> None:
    segments = {
        (f, t): Segment.whole(take, Cut(0, take.frames), Focus(), frame)
        for f, frame in enumerate(FRAMES)
        for t, take in enumerate(takes)
    }
    paths = {key: folder / f"seg{key[0]}-{key[1]}.mov" for key in segments}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda key: make_segment(program, segments[key], paths[key]), segments))
        calls = [
            JoinCall(
                f"out{f}", tuple(paths[(f, t)] for t in range(len(takes))), frame,
                sum(segments[(f, t)].frames for t in range(len(takes))), folder / f"out{f}.mp4",
            )
            for f, frame in enumerate(FRAMES)
        ]  # fmt: skip
        list(pool.map(lambda call: make_deliverable(program, call), calls))


def raw_frames(program: ffmpeg.Ffmpeg, folder: Path) -> dict[Path, Frame]:
    found = {}
    for f, frame in enumerate(FRAMES):
        for path in sorted(folder.glob(f"seg{f}-*.mov")):
            raw = path.with_suffix(".yuv")
            ffmpeg.run(
                program,
                ("-i", str(path), "-map", "0:v", "-f", "rawvideo", "-y", str(raw)),
            )
            found[raw] = frame
    return found


def floor(program: ffmpeg.Ffmpeg, raws: dict[Path, Frame]) -> None:
    def encode(item: tuple[Path, Frame]) -> None:
        raw, frame = item
        options = [
            word
            for name, value in encoding(frame).items()
            if name not in ("c:a", "map_metadata", "f")
            for word in (f"-{name}", str(value))
        ]
        ffmpeg.run(
            program,
            ("-f", "rawvideo", "-s", str(frame.size), "-r", str(frame.rate), "-i", str(raw),
             *options, "-f", "mov", "-y", str(raw.with_suffix(".floor.mov"))),
        )  # fmt: skip

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(encode, raws.items()))


def naive(program: ffmpeg.Ffmpeg, takes: list[Take], folder: Path) -> None:
    for f, frame in enumerate(FRAMES):
        size = frame.size
        fit = f"scale={size.width}:{size.height}:force_original_aspect_ratio=increase,"
        fit += f"crop={size.width}:{size.height},setsar=1,fps=30,format=yuv420p"
        names = []
        for t, take in enumerate(takes):
            names.append(folder / f"naive{f}-{t}.mp4")
            heard = () if take.has_sound else ("-f", "lavfi", "-i", "anullsrc=r=48000")
            ffmpeg.run(
                program,
                ("-i", str(take.path), *heard, "-vf", fit, "-c:v", "libx264", "-preset",
                 "veryfast", "-crf", "18", "-c:a", "aac", "-ac", "2", "-shortest", "-y",
                 str(names[-1])),
            )  # fmt: skip
        listing = folder / f"naive{f}.txt"
        listing.write_text("".join(f"file '{name.name}'\n" for name in names))
        ffmpeg.run(
            program,
            ("-f", "concat", "-i", str(listing), "-c:v", "libx264", "-preset", "veryfast",
             "-crf", "18", "-c:a", "aac", "-y", str(folder / f"naive{f}.mp4")),
        )  # fmt: skip


def main(rounds: int) -> None:
    import os

    program = ffmpeg.find(dict(os.environ))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        takes = clips(program, folder)
        ours(program, takes, folder)
        raws = raw_frames(program, folder)
        rows: dict[str, list[tuple[float, float]]] = {"ours": [], "floor": [], "naive": []}
        for _ in range(rounds):
            rows["ours"].append(measured(lambda: ours(program, takes, folder)))
            rows["floor"].append(measured(lambda: floor(program, raws)))
            rows["naive"].append(measured(lambda: naive(program, takes, folder)))
        cpu = {name: statistics.median(c for c, _ in row) for name, row in rows.items()}
        wall = {name: statistics.median(w for _, w in row) for name, row in rows.items()}
        for name in rows:
            print(
                f"{name:8} cpu {cpu[name]:7.2f} s   ours/{name} {cpu['ours'] / cpu[name]:5.3f}"
                f"   wall/cpu {wall[name] / cpu[name]:5.2f}"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
