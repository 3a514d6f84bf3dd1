"""Deliverables that are joined while clips are awaited: what is there of them, from the beginning.

So the last clip finds a film that lacks only what was behind it. Nothing can fail here. What comes
of it is used where it is the beginning of the deliverable, and dropped where it is not. What turns
out to be damaged is made again at once.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from wanx_render.errors import Broken, Damaged
from wanx_render.finishing.jobs import BeginCall
from wanx_render.finishing.timeline import frames_of
from wanx_render.run.layout import Layout, Layouts
from wanx_render.run.piece_maker import HEALINGS, PieceMaker, note_error
from wanx_render.run.pieces import PieceJob, Pieces, deliverable_path
from wanx_render.run.sound_parts import SoundJob, SoundParts
from wanx_render.shotlist.model import Deliverable


class EarlyJoin:
    """The beginnings of the deliverables of one plan, which go into ``folder``."""

    def __init__(
        self,
        layouts: Layouts,
        pieces: Pieces,
        sounds: SoundParts,
        maker: PieceMaker,
        folder: Path,
    ) -> None:
        self._layouts = layouts
        self._pieces = pieces
        self._maker = maker
        self._sounds = sounds
        self._workers = maker.workers
        self._folder = folder
        self._is_awaited = False  # whether a clip is: before, all may be there and unchanged
        self._work: dict[str, asyncio.Task[None]] = {}  # by deliverable
        self._over: set[str] = set()  # deliverables that are joined to their end now
        self._begun: dict[str, _Beginning] = {}
        self._sizes: dict[Path, int] = {}

    def clip_is_awaited(self) -> None:
        """The service has been asked for a clip: from now on it pays to begin."""
        self._is_awaited = True

    def follow(
        self, deliverable: Deliverable, jobs: Iterable[PieceJob], sounds: Iterable[SoundJob]
    ) -> None:
        """Go on with a deliverable when pieces and sounds of it that are begun are made."""
        keys = [*(job.key for job in jobs), *(job.call.target.stem for job in sounds)]
        for work in self._maker.work_on(keys):
            work.add_done_callback(lambda _: self._go_on(deliverable))

    async def hand_over(self, deliverable: Deliverable) -> None:
        """Begin no more of a deliverable: it is joined to its end now, or not at all."""
        self._over.add(deliverable.name)
        if work := self._work.get(deliverable.name):
            await asyncio.wait([work])  # to its end: a thread goes on where its task is cancelled

    async def drop(self, deliverable: Deliverable) -> None:
        """Let go of what was begun of a deliverable and not used."""
        await self.hand_over(deliverable)
        await self._workers.give_up(deliverable_path(self._folder, deliverable))

    def _go_on(self, deliverable: Deliverable) -> None:
        work = self._work.get(deliverable.name)
        if self._is_awaited and deliverable.name not in self._over and (not work or work.done()):
            work = self._work[deliverable.name] = asyncio.ensure_future(self._begin(deliverable))
            work.add_done_callback(note_error)

    async def _begin(self, deliverable: Deliverable) -> None:
        """Have all that is there joined, and what has come meanwhile."""
        damages = 0
        while deliverable.name not in self._over and (call := self._more(deliverable)):
            try:
                await self._workers.begin(call)
            except Damaged:
                damages += 1
                if damages > HEALINGS:
                    return
                begun = self._begun.pop(deliverable.name)
                await self._maker.make_again(begun.jobs, begun.sounds)

    def _more(self, deliverable: Deliverable) -> BeginCall | None:
        """The pieces from the beginning on that are made; None where there are no more of them."""
        try:
            layout = self._layouts.of(deliverable)
            sounds = self._heard(deliverable, layout) if layout else []
        except Broken:
            return None
        if layout is None:
            return None
        before = self._begun.get(deliverable.name)
        more = list(before.jobs) if before and before.layout is layout else []
        for part in layout.parts[len(more) :]:
            following = self._pieces.jobs(deliverable, layout, [part])
            if not following or not self._maker.has_made(following[0].key):
                break
            more += following
        now = _Beginning(layout, more, sounds)
        if before and before.is_as_long_as(now):
            return None
        self._begun[deliverable.name] = now
        return self._call(deliverable, now)

    def _call(self, deliverable: Deliverable, now: "_Beginning") -> BeginCall:
        """What begins a film of these, and how much room it needs.

        As much as its segments, which hold its sound at a higher rate. And a clip that is awaited
        needs as much as the largest one that has landed, and its segments as much as those there.
        """
        frames, done = frames_of(now.layout.parts), sum(job.piece.frames for job in now.jobs)
        written = sum(map(self._size, (job.path for job in now.jobs)))
        size = written * frames // done if done else 0
        landed = map(self._size, (clip.path for clip in self._layouts.landed.values()))
        awaited = self._layouts.awaited * max(landed, default=0)
        return BeginCall(
            deliverable_path(self._folder, deliverable), frames, now.layout.frame.rate,
            tuple(job.path for job in now.jobs), tuple(job.call.target for job in now.sounds),
            size=size, reserve=awaited + size - written if self._layouts.awaited else 0,
        )  # fmt: skip

    def _size(self, path: Path) -> int:
        """The bytes of a clip or a piece, asked once: there may be thousands."""
        if path not in self._sizes:
            try:
                self._sizes[path] = path.stat().st_size
            except OSError:  # gone, or on another machine
                return 0
        return self._sizes[path]

    def _heard(self, deliverable: Deliverable, layout: Layout) -> list[SoundJob]:
        """The parts of the sound from the beginning on that are made. Raises Broken."""
        jobs = self._sounds.first(deliverable, layout)
        return list(takewhile(lambda job: self._maker.has_made(job.call.target.stem), jobs))


@dataclass(frozen=True, slots=True)
class _Beginning:
    """What a film was begun with."""

    layout: Layout
    jobs: list[PieceJob]
    sounds: list[SoundJob]

    def is_as_long_as(self, other: "_Beginning") -> bool:
        lengths = (len(self.jobs), len(self.sounds))
        return self.layout is other.layout and lengths == (len(other.jobs), len(other.sounds))
