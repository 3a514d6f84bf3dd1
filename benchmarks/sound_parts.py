"""What is left of a film's sound after the last clip: `uv run python benchmarks/sound_parts.py`.

A film of 100 shots of two seconds, and with --whole one of 300. Processor seconds of ffmpeg for the
sound as a whole, for all of its parts, and for the last part, which is what is left in a film whose
clips land in order. The sound is music-like: notes with overtones, and a beat.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from rows import Row, in_turn, ratio, show

from wanx_render.finishing import mastering
from wanx_render.finishing.join import join_list
from wanx_render.finishing.mix import NO_MIX
from wanx_render.finishing.sound import grid, parts
from wanx_render.media import ffmpeg

RATE, SECONDS = 48_000, 2
NOTES = "exp(-3*mod(t,0.5))*(sin(2*PI*220*t)+0.5*sin(2*PI*440*t)+0.3*sin(2*PI*660*t))"
BEAT = "0.4*(random(0)-0.5)*exp(-40*mod(t,0.25))"
SOURCE = f"aevalsrc='0.3*{NOTES}+{BEAT}|0.25*{NOTES}+{BEAT}':s={RATE}:d={SECONDS}"


def processor() -> float:
    """Processor seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Film:
    """A film of so many equal shots, in ``folder``."""

    def __init__(self, folder: Path, shots: int) -> None:
        self.program = ffmpeg.find(os.environ)
        self.folder = folder
        piece = folder / "piece.mov"
        ffmpeg.run(
            self.program,
            ("-f", "lavfi", "-i", SOURCE, "-c:a", "pcm_s16le", "-f", "mov", "-y", str(piece)),
        )
        self.listing = folder / "list"
        self.listing.write_bytes(join_list([piece] * shots))
        self.samples = shots * SECONDS * RATE
        self.windows = tuple(grid.windows(self.samples))

    def whole(self) -> None:
        """The sound as it was made before there were parts."""
        work = mastering.MixOfSegments(self.program, self.listing, NO_MIX, self.samples)
        mastering.encode(work, self.folder / "whole.mov")

    def part(self, window: grid.SoundWindow) -> None:
        """One part; like the finisher's it reads only the pieces that it needs."""
        first, end = window.begin // (SECONDS * RATE), -(-window.end // (SECONDS * RATE))
        listing = self.folder / f"list-{window.first}"
        listing.write_bytes(join_list([self.folder / "piece.mov"] * (end - first)))
        skip = window.begin - first * SECONDS * RATE
        target = self.folder / f"part-{window.first}.mov"
        work = mastering.MixOfSegments(self.program, listing, NO_MIX, self.samples)
        parts.encode(work, parts.SoundPart(window, skip), target)

    def all_parts(self, threads: int) -> None:
        """All parts on so many cores."""
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(self.part, self.windows))


def spent(work: Callable[[], None]) -> tuple[float, float]:
    """Processor seconds of a work, and those by the wall."""
    before, began = processor(), time.monotonic()
    work()
    return processor() - before, time.monotonic() - began


def rows(whole: bool, rounds: int = 3) -> Iterator[Row]:
    """The figures of each film."""
    for shots in (100, 300) if whole else (100,):
        with tempfile.TemporaryDirectory(prefix="wanx-sound-") as name:
            film = Film(Path(name), shots)
            works = {
                "whole": partial(spent, film.whole),
                "last": partial(spent, partial(film.part, film.windows[-1])),
                "one": partial(spent, partial(film.all_parts, 1)),
                "two": partial(spent, partial(film.all_parts, 2)),
            }
            results = in_turn(works, rounds)
        cpu = {name: [used for used, _ in result] for name, result in results.items()}
        wall = {name: [used for _, used in result] for name, result in results.items()}
        label = f"sound/{shots} shots"
        for key, what in (("whole", "as a whole"), ("last", "its last part, all that is left")):
            meaning = f"processor seconds of the sound {what}"
            yield Row(f"{label} {key}", statistics.median(cpu[key]), "s", meaning)
        meaning = "all parts / the whole, processor time: what run-ups cost"
        yield Row(f"{label} run-ups", ratio(cpu["one"], cpu["whole"]), "", meaning)
        meaning = "two cores / one core by the wall, all parts"
        yield Row(f"{label} two cores", ratio(wall["two"], wall["one"]), "", meaning)


if __name__ == "__main__":
    show(rows("--whole" in sys.argv))
