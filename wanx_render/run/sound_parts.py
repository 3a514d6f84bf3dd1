"""The parts of a film's sound, each made as soon as the clips that are heard in it are there.

Only where nothing is mixed to the clips, and where the film is longer than a part.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from wanx_render.finishing.jobs import SoundCall
from wanx_render.finishing.join import SOUND_VERSION
from wanx_render.finishing.mix import NO_MIX
from wanx_render.finishing.segment import sound_key
from wanx_render.finishing.sound.grid import GRID_VERSION, SoundWindow, windows
from wanx_render.finishing.sound.parts import SoundPart
from wanx_render.finishing.timeline import Body, Part
from wanx_render.run.layout import Layout
from wanx_render.run.pieces import PieceJob, Pieces, piece_path
from wanx_render.shotlist.model import Deliverable
from wanx_render.timing import samples_in
from wanx_render.workers.base import Workers


@dataclass(frozen=True, slots=True)
class SoundJob:
    """A sound, or a part of one, and the pieces it is made of."""

    call: SoundCall
    pieces: Sequence[PieceJob]


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the pieces of a layout and the parts of its sound stand, in samples."""

    layout: Layout
    starts: Sequence[int]  # of each piece, and the end of the last
    windows: Sequence[SoundWindow]

    @classmethod
    def of(cls, layout: Layout) -> "_Grid":
        samples = (_samples(part, layout) for part in layout.parts)
        starts = list(accumulate(samples, initial=0))
        return cls(layout, starts, tuple(windows(starts[-1])))

    def pieces_in(self, window: SoundWindow) -> range:
        """The pieces that are heard in a part or its run-up."""
        first = bisect_right(self.starts, window.begin) - 1
        return range(first, bisect_left(self.starts, window.end, hi=len(self.layout.parts)))


def _samples(part: Part, layout: Layout) -> int:
    rate = layout.frame.rate
    if isinstance(part, Body):
        return samples_in(part.skip + part.frames, rate) - samples_in(part.skip, rate)
    return samples_in(part.frames, rate)


def _number(part: Part, layout: Layout) -> int:
    return bisect_left(layout.parts, part.start, key=lambda other: other.start)


class SoundParts:
    """The parts of the sounds of one plan's films."""

    def __init__(self, pieces: Pieces, workers: Workers) -> None:
        self._pieces = pieces
        self._workers = workers
        self._grids: dict[str, _Grid] = {}
        self._new: set[str] = set()  # keys of pieces that were not there before
        self._keys: dict[tuple[SoundPart, tuple[str, ...]], str] = {}  # of parts, by their pieces

    def note(self, jobs: Iterable[PieceJob]) -> None:
        """These pieces are going to be made, if they are not there.

        A sound may be there, whole, where all of its pieces are; only its end will show that.
        """
        self._new.update(job.key for job in jobs if not self._workers.has(job.path))

    def ready(self, deliverable: Deliverable, layout: Layout, shot: str) -> Iterator[SoundJob]:
        """The parts in which a shot is heard, of which all clips have landed, at least one new."""
        if not is_plain(deliverable):
            return
        grid = self._grid(deliverable, layout)
        numbers = {_number(part, layout) for part in layout.of[shot]}
        for window in grid.windows if len(grid.windows) > 1 else ():
            within = grid.pieces_in(window)
            if numbers.isdisjoint(within):
                continue
            parts = [layout.parts[number] for number in within]
            jobs = self._pieces.jobs(deliverable, layout, parts)
            if len(jobs) == len(parts) and any(job.key in self._new for job in jobs):
                yield self._job(grid, window, jobs)

    def first(self, deliverable: Deliverable, layout: Layout) -> Iterator[SoundJob]:
        """The parts from the beginning on of which all clips have landed."""
        grid = self._grid(deliverable, layout)
        for window in grid.windows if is_plain(deliverable) and len(grid.windows) > 1 else ():
            parts = [layout.parts[number] for number in grid.pieces_in(window)]
            jobs = self._pieces.jobs(deliverable, layout, parts)
            if len(jobs) < len(parts):
                return
            yield self._job(grid, window, jobs)

    def all(
        self, deliverable: Deliverable, layout: Layout, jobs: Sequence[PieceJob]
    ) -> tuple[SoundJob, ...]:
        """Every part of a film's sound, of all of its pieces; none where it is made as a whole."""
        grid = self._grid(deliverable, layout)
        if not is_plain(deliverable) or len(grid.windows) < 2:
            return ()
        parts = ((window, grid.pieces_in(window)) for window in grid.windows)
        return tuple(self._job(grid, window, [jobs[n] for n in within]) for window, within in parts)

    def _grid(self, deliverable: Deliverable, layout: Layout) -> _Grid:
        grid = self._grids.get(deliverable.name)
        if grid is None or grid.layout is not layout:
            grid = self._grids[deliverable.name] = _Grid.of(layout)
        return grid

    def _job(self, grid: _Grid, window: SoundWindow, jobs: Sequence[PieceJob]) -> SoundJob:
        part = SoundPart(window, window.begin - grid.starts[grid.pieces_in(window).start])
        target = piece_path(self._workers, self._key(part, jobs))
        paths = tuple(job.path for job in jobs)
        return SoundJob(SoundCall(paths, window.end - window.begin, NO_MIX, target, part), jobs)

    def _key(self, part: SoundPart, jobs: Sequence[PieceJob]) -> str:
        """Computed once: the first parts are asked for again with every clip that lands."""
        pieces = part, tuple(job.key for job in jobs)
        if pieces not in self._keys:
            self._keys[pieces] = sound_key(
                [job.piece for job in jobs],
                self._workers.program,
                part=part, version=SOUND_VERSION, grid=GRID_VERSION,
            )  # fmt: skip
        return self._keys[pieces]


def is_plain(deliverable: Deliverable) -> bool:
    """Whether the clips' own sound is all there is, as it is."""
    sound = deliverable.audio
    fades = deliverable.fade_in, deliverable.fade_out
    return not (sound.music or sound.voices or any(fades)) and sound.loudness is None
