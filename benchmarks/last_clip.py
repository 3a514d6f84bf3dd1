"""What is left when the last clip lands: `uv run python benchmarks/last_clip.py [--whole]`.

Films of 3, 100 and 1,000 shots of two seconds, 90x160, with sound. Every clip but the last has
landed: its segment, the sound and the film up to it are made. Then the last one lands, and
the finisher of the program goes on to the end. Processor time is counted, without a bare hash and
flush of the film; all parts go to stderr. Segments are copies of one, each sealed under its name:
the last clip's conform is not in it.
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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from finishing import Listed, small_clip
from rows import Row, show

from wanx_render import files, integrity
from wanx_render.errors import Broken
from wanx_render.finishing import jobs
from wanx_render.finishing.film import proof
from wanx_render.finishing.jobs import SegmentCall
from wanx_render.finishing.segment import ClipMedia
from wanx_render.geometry import Size
from wanx_render.media import ffmpeg
from wanx_render.workers.base import LocalWorkers

ONE = "  - {aspect: 9:16, size: 90x160, fps: 30}\n"
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


def used() -> float:
    """Processor seconds of this process and of those that it started and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Seconds spent in each part, of the processor."""
    from wanx_render.workers import base

    seconds: dict[str, float] = defaultdict(float)
    before = []

    def measuring(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*arguments: Any, **options: Any) -> Any:
            began = used()
            try:
                return function(*arguments, **options)
            finally:
                seconds[name] += used() - began

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
        workers = Copying(listed.program, pool, listed.folder)
        finisher = Finisher(listed.plan, workers, listed.folder, lambda _: None)
        pairs = list(zip(listed.plan.shots, listed.takes, strict=True))
        finisher.clip_is_awaited()
        for pair in pairs[:-1]:
            finisher.clip_landed(*pair)
        await at_rest(finisher)
        with timed() as seconds:
            began, since = used(), time.monotonic()
            finisher.clip_landed(*pairs[-1])
            made = await finisher.finish({})
            seconds["all"] = used() - began
            seconds["wall"] = time.monotonic() - since
        if isinstance(made[0], Broken):
            raise SystemExit(str(made[0]))
        film = listed.folder / made[0].path
        seconds["MB"] = film.stat().st_size / 1e6
        seconds["bare"] = bare(film)
        return dict(seconds)


async def at_rest(finisher: Any) -> None:
    """Wait until all is made and written that can be before the last clip."""
    while True:
        works = [*finisher._maker._work.values(), *finisher._early._work.values()]
        if all(work.done() for work in works):
            return
        await asyncio.wait(works)
        await asyncio.sleep(0.1)


class Copying(LocalWorkers):
    """The workers of this machine; a segment is a copy of the first, under its own name."""

    first: Path | None = None

    async def segments(self, calls: tuple[SegmentCall, ...]) -> None:
        for call in calls:
            if self.first is None:
                jobs.make_segments(self.program, (call,))
                self.first = call.target
            else:
                shutil.copyfile(self.first, call.target)
                os.truncate(call.target, call.target.stat().st_size - integrity.SEAL)
                integrity.seal(call.target, call.target.name)


def bare(film: Path) -> float:
    """Seconds of a bare SHA-256 of a copy of the film, and of its flush."""
    copy = film.with_suffix(".copy")
    shutil.copyfile(film, copy)
    began = used()
    with copy.open("rb") as stream:
        hashlib.file_digest(stream, "sha256")
        os.fsync(stream.fileno())
    return used() - began


def median_of(program: ffmpeg.Ffmpeg, shots: int, rounds: int) -> dict[str, float]:
    """Medians of the parts, of so many films of as many shots."""
    films = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            films.append(landing(program, Path(name), shots))
    names = [*PARTS, "all", "wall", "bare", "MB"]
    return {name: statistics.median(film.get(name, 0) for film in films) for name in names}


def rows(whole: bool) -> Iterator[Row]:
    """What is left to join and verify, without the last segment, the sound, and the bare hash."""
    program = ffmpeg.find(dict(os.environ))
    for shots in (3, 100, 1000) if whole else (3, 100):
        parts = median_of(program, shots, 3 if shots < 1000 else 1)
        print(shots, {name: round(value, 3) for name, value in parts.items()}, file=sys.stderr)
        for name, value, meaning in (
            ("join", parts["deliverable"] - parts["bare"], "joining and checking the film"),
            ("sound", parts["sound"], "the part of the sound that ends with it"),
            ("all", parts["all"] - parts["bare"], "everything but the conform"),
        ):
            meaning = f"CPU of {meaning}, without a bare hash and flush"
            goal = "at most 0.3" if name == "all" else ""
            yield Row(f"last clip/{shots} shots {name}", value, "s", meaning, goal)
        yield Row(f"last clip/{shots} shots wall", parts["wall"], "s", "the same by the clock")


if __name__ == "__main__":
    show(rows(whole="--whole" in sys.argv))
