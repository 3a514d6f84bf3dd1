"""The parts of a film's sound, each made as soon as the clips that are heard in it are there.

Only where no loudness is wanted, which is known of the whole alone, and where the film is longer
than a part.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from wanx_render.errors import Broken
from wanx_render.finishing.jobs import SoundCall
from wanx_render.finishing.join import SOUND_VERSION
from wanx_render.finishing.mix import Mix
from wanx_render.finishing.segment import sound_key
from wanx_render.finishing.sound.grid import GRID_VERSION, SoundWindow, windows
from wanx_render.finishing.sound.parts import AHEAD, SoundPart
from wanx_render.finishing.timeline import Body, Part
from wanx_render.planning.plan import Plan
from wanx_render.run.layout import Layout
from wanx_render.run.pieces import PieceJob, Pieces, piece_path
from wanx_render.run.sound import levelled, mix_of
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
    windows: Sequence[SoundWindow]  # none where the sound is made as a whole
    mix: Mix

    @classmethod
    def of(cls, layout: Layout, mix: Mix) -> "_Grid":
        samples = (_samples(part, layout) for part in layout.parts)
        starts = list(accumulate(samples, initial=0))
        every = tuple(windows(starts[-1]))
        return cls(layout, starts, every if len(every) > 1 and mix.loudness is None else (), mix)

    @property
    def samples(self) -> int:
        return self.starts[-1]

    def pieces_in(self, window: SoundWindow) -> range:
        """The pieces that are heard in a part or its run-up, or that lower music in it."""
        first = bisect_right(self.starts, window.begin) - 1
        end = window.end + AHEAD if self.mix.duck and self.mix.music else window.end
        return range(first, bisect_left(self.starts, end, hi=len(self.layout.parts)))


def _samples(part: Part, layout: Layout) -> int:
    rate = layout.frame.rate
    if isinstance(part, Body):
        return samples_in(part.skip + part.frames, rate) - samples_in(part.skip, rate)
    return samples_in(part.frames, rate)


def _number(part: Part, layout: Layout) -> int:
    return bisect_left(layout.parts, part.start, key=lambda other: other.start)


# All that a part's bytes depend on: the mix and its length, the part, and the keys of its pieces.
_Content = tuple[Mix, int, SoundPart, tuple[str, ...]]


class SoundParts:
    """The parts of the sounds of one plan's films."""

    def __init__(self, plan: Plan, pieces: Pieces, workers: Workers) -> None:
        self._plan = plan
        self._pieces = pieces
        self._workers = workers
        self._grids: dict[str, _Grid] = {}
        self._new: set[str] = set()  # keys of pieces that were not there before
        self._keys: dict[_Content, str] = {}  # of parts

    def note(self, jobs: Iterable[PieceJob]) -> None:
        """These pieces are going to be made, if they are not there.

        A sound may be there, whole, where all of its pieces are; only its end will show that.
        """
        self._new.update(job.key for job in jobs if not self._workers.has(job.path))

    def ready(self, deliverable: Deliverable, layout: Layout, shot: str) -> Iterator[SoundJob]:
        """The parts in which a shot is heard, of which all clips have landed, at least one new."""
        try:
            grid = self._grid(deliverable, layout)
        except Broken:  # a sound that cannot be read is named when all has landed
            return
        numbers = {_number(part, layout) for part in layout.of[shot]}
        for window in grid.windows:
            within = grid.pieces_in(window)
            if numbers.isdisjoint(within):
                continue
            parts = [layout.parts[number] for number in within]
            jobs = self._pieces.jobs(deliverable, layout, parts)
            if len(jobs) == len(parts) and any(job.key in self._new for job in jobs):
                yield self._job(grid, window, jobs)

    def first(self, deliverable: Deliverable, layout: Layout) -> Iterator[SoundJob]:
        """The parts from the beginning on of which all clips have landed. Raises Broken."""
        grid = self._grid(deliverable, layout)
        for window in grid.windows:
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
        parts = ((window, grid.pieces_in(window)) for window in grid.windows)
        return tuple(self._job(grid, window, [jobs[n] for n in within]) for window, within in parts)

    def _grid(self, deliverable: Deliverable, layout: Layout) -> _Grid:
        grid = self._grids.get(deliverable.name)
        if grid is None or grid.layout is not layout:
            mix = mix_of(self._plan, deliverable, layout)
            grid = self._grids[deliverable.name] = _Grid.of(layout, mix)
        return grid

    def _job(self, grid: _Grid, window: SoundWindow, jobs: Sequence[PieceJob]) -> SoundJob:
        part = SoundPart(window, window.begin - grid.starts[grid.pieces_in(window).start])
        target = piece_path(self._workers, self._key(grid, part, jobs))
        paths = tuple(job.path for job in jobs)
        return SoundJob(SoundCall(paths, grid.samples, grid.mix, target, part), jobs)

    def _key(self, grid: _Grid, part: SoundPart, jobs: Sequence[PieceJob]) -> str:
        """Computed once: the first parts are asked for again with every clip that lands."""
        pieces = grid.mix, grid.samples, part, tuple(job.key for job in jobs)
        if pieces not in self._keys:
            mix = {} if grid.mix.plain else {"mix": grid.mix, "samples": grid.samples}
            mix |= levelled(grid.mix)
            self._keys[pieces] = sound_key(
                [job.piece for job in jobs],
                self._workers.program,
                part=part, version=SOUND_VERSION, grid=GRID_VERSION, **mix,
            )  # fmt: skip
        return self._keys[pieces]
