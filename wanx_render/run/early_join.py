"""Deliverables that are joined while clips are awaited: what is there of them, from the beginning.

So the last clip finds a film that lacks only what was behind it. Nothing can fail here. What comes
of it is used where it is the beginning of the deliverable, and dropped where it is not.
"""

import asyncio
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path

from wanx_render.errors import Broken
from wanx_render.finishing.jobs import BeginCall
from wanx_render.finishing.timeline import frames_of
from wanx_render.run.layout import Layout, Layouts
from wanx_render.run.piece_maker import PieceMaker, note_error
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
        self._parts: dict[str, int] = {}  # of their sounds, that were given
        self._given: dict[str, tuple[Layout, list[PieceJob]]] = {}

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
        while deliverable.name not in self._over and (call := self._more(deliverable)):
            await self._workers.begin(call)

    def _more(self, deliverable: Deliverable) -> BeginCall | None:
        """The pieces from the beginning on that are made; None where there are no more of them."""
        try:
            layout = self._layouts.of(deliverable)
            sounds = self._heard(deliverable, layout) if layout else ()
        except Broken:
            return None
        if layout is None:
            return None
        before, jobs = self._given.get(deliverable.name, (None, []))
        more = list(jobs) if before is layout else []
        for part in layout.parts[len(more) :]:
            following = self._pieces.jobs(deliverable, layout, [part])
            if not following or not self._maker.has_made(following[0].key):
                break
            more += following
        if (layout, len(more), len(sounds)) == (
            before,
            len(jobs),
            self._parts.get(deliverable.name),
        ):
            return None
        self._parts[deliverable.name] = len(sounds)
        self._given[deliverable.name] = layout, more
        segments = tuple(job.path for job in more)
        target = deliverable_path(self._folder, deliverable)
        return BeginCall(target, frames_of(layout.parts), layout.frame.rate, segments, sounds)

    def _heard(self, deliverable: Deliverable, layout: Layout) -> tuple[Path, ...]:
        """The parts of the sound from the beginning on that are made."""
        parts = self._sounds.first(deliverable, layout)
        calls = (job.call for job in parts)
        made = takewhile(lambda call: self._maker.has_made(call.target.stem), calls)
        return tuple(call.target for call in made)
