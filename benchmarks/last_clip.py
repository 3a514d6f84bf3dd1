"""What is left when the last clip lands: `uv run python benchmarks/last_clip.py [SHOTS]...`.

Films of 3, 100 and 1,000 shots of two seconds, 90x160, with sound. Every clip but the last has
landed and its segment is made; then the last one lands. The seconds from there to the finished film
(by the wall) are printed with those of that clip's own segment, and of a bare SHA-256 and flush of
the film. What is between them is divided into its parts. The segments are copies of one, each
sealed under its own name, and so is the clip.
"""

import asyncio
import hashlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from finishing import Listed, small_clip

from wanx_render import files, integrity
from wanx_render.errors import Broken
from wanx_render.finishing import jobs
from wanx_render.finishing.film import proof
from wanx_render.finishing.segment import ClipMedia
from wanx_render.geometry import Size
from wanx_render.media import ffmpeg

ONE = "  - {aspect: 9:16, size: 90x160, fps: 30}\n"
ROUNDS = 3
PARTS: dict[str, tuple[Any, str]] = {
    "sound": (jobs, "make_sound"),
    "written": (jobs, "_written"),
    "read again": (proof, "read"),
    "verified": (jobs, "verify"),
    "sha256": (files, "sha256"),
    "pictures": (jobs, "_pictures"),
    "placed": (jobs, "_put"),
    "last segment": (jobs, "make_segments"),
    "deliverable": (jobs, "make_deliverable"),
}


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Seconds spent in each part, by the wall."""
    from wanx_render.workers import base

    seconds: dict[str, float] = defaultdict(float)
    before = []

    def measuring(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                seconds[name] += time.perf_counter() - began

        return measured

    for name, (room, attribute) in PARTS.items():
        for place in (room, base):
            if function := getattr(place, attribute, None):
                before.append((place, attribute, function))
                setattr(place, attribute, measuring(name, function))
    try:
        yield seconds
    finally:
        for place, attribute, function in before:
            setattr(place, attribute, function)


def landing(program: ffmpeg.Ffmpeg, folder: Path, shots: int) -> dict[str, float]:
    clip = folder / "clip.mp4"
    if not clip.exists():
        small_clip(program, clip)
    takes = [
        ClipMedia(clip, f"{n:064x}", Size(240, 320), Fraction(30), 60, True) for n in range(shots)
    ]
    listed = Listed(program, folder, ONE, takes, "")
    return asyncio.run(_landing(listed))


async def _landing(listed: Listed) -> dict[str, float]:
    from wanx_render.run.finisher import Finisher

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        finisher = Finisher(listed.plan, listed.bench(listed.program, pool, listed.folder),
                            listed.folder, lambda _: None)  # fmt: skip
        pairs = list(zip(listed.plan.shots, listed.takes, strict=True))
        seeded(listed, pairs[:-1])
        finisher.clip_is_awaited()
        for pair in pairs[:-1]:
            finisher.clip_landed(*pair)
        await finisher.settle()
        with timed() as seconds:
            began = time.perf_counter()
            finisher.clip_landed(*pairs[-1])
            made = await finisher.finish({})
            seconds["all"] = time.perf_counter() - began
        if isinstance(made[0], Broken):
            raise SystemExit(str(made[0]))
        film = listed.folder / made[0].path
        seconds["MB"] = film.stat().st_size / 1e6
        seconds["bare"] = bare(film)
        return dict(seconds)


def seeded(listed: Listed, pairs: Sequence[Any]) -> None:
    """Segments of all but the last shot: one is made, the others are copies under their names."""
    from wanx_render.run.layout import Layouts
    from wanx_render.run.pieces import Pieces
    from wanx_render.run.words import DeliverableTexts

    class Place:
        program = listed.program
        pieces = listed.folder / ".cache" / "segments"

    layouts = Layouts(listed.plan)
    pieces = Pieces(listed.plan, layouts, DeliverableTexts(listed.plan), Place())  # type: ignore[arg-type]
    made = None
    for shot, take in pairs:
        layouts.clip_landed(shot, take)
        for wish in listed.plan.deliverables:
            layout = layouts.of(wish)
            for job in pieces.jobs_of_shot(wish, layout, shot.shot.id) if layout else ():
                if made is None:
                    jobs.make_segments(listed.program, (job.call,))
                    made = job.path
                elif not job.path.exists():
                    shutil.copyfile(made, job.path)
                    os.truncate(job.path, job.path.stat().st_size - integrity.SEAL)
                    integrity.seal(job.path, job.path.name)


def bare(film: Path) -> float:
    """Seconds of a bare SHA-256 of a copy of the film, and of its flush."""
    copy = film.with_suffix(".copy")
    shutil.copyfile(film, copy)
    began = time.perf_counter()
    with copy.open("rb") as stream:
        hashlib.file_digest(stream, "sha256")
        os.fsync(stream.fileno())
    return time.perf_counter() - began


def main(counts: Sequence[int]) -> None:
    program = ffmpeg.find(dict(os.environ))
    print(f"ffmpeg {program.version}, {os.cpu_count()} cores, medians of {ROUNDS}, seconds")
    for shots in counts:
        rows = []
        for _ in range(ROUNDS if shots < 1000 else 1):
            with tempfile.TemporaryDirectory() as name:
                rows.append(landing(program, Path(name), shots))
        names = [*PARTS, "all", "bare", "MB"]
        median = {n: statistics.median(row.get(n, 0) for row in rows) for n in names}
        rest = median["all"] - median["last segment"] - median["sound"] - median["bare"]
        print(
            f"{shots:5} shots: "
            + ", ".join(f"{n} {median[n]:.2f}" for n in names)
            + f"; rest {rest:.2f}"
        )


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [3, 100, 1000])
