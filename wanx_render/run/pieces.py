"""The pieces that deliverables are joined from: parts of a timeline in, calls that encode out.

A piece is named by what its bytes depend on, so that a second run, or another order, finds it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wanx_render.effects.overlays import within
from wanx_render.finishing.decode_record import WantedFrames
from wanx_render.finishing.jobs import SegmentCall
from wanx_render.finishing.segment import Piece, Seam, Segment, sources
from wanx_render.finishing.timeline import Body, Part
from wanx_render.frame import Frame
from wanx_render.planning.plan import Plan
from wanx_render.run.effects import Effects, drawn_label
from wanx_render.run.effects import fades as fades_of
from wanx_render.run.layout import Layout, Layouts
from wanx_render.run.words import DeliverableTexts
from wanx_render.shotlist.model import Deliverable, gaze_at
from wanx_render.timing import conformed_frames
from wanx_render.workers.base import Workers

TOGETHER = 4  # encoders in one call at most: each holds some hundred pictures in memory


@dataclass(frozen=True, slots=True)
class PieceJob:
    """A piece that some deliverable needs, by the name its bytes give it."""

    piece: Piece
    key: str
    path: Path
    shot: str
    deliverable: str
    wish: WantedFrames

    @property
    def call(self) -> SegmentCall:
        return SegmentCall(self.piece, self.path, self.wish)


def piece_path(workers: Workers, key: str) -> Path:
    """Where the piece or sound with this key is."""
    return workers.pieces / f"{key[:32]}.mov"


def deliverable_path(folder: Path, deliverable: Deliverable) -> Path:
    """Where a deliverable goes."""
    return folder / f"{deliverable.name}.mp4"


def batches(jobs: Iterable[PieceJob]) -> Iterator[tuple[PieceJob, ...]]:
    """The pieces, each once; together those that are made of the same clips, in one call."""
    groups: dict[tuple[str, ...], dict[str, PieceJob]] = {}
    for job in jobs:
        clips = tuple(take.sha256 for take in sources(job.piece))
        groups.setdefault(clips, {})[job.key] = job
    for group in groups.values():
        batch = tuple(group.values())
        for start in range(0, len(batch), TOGETHER):
            yield batch[start : start + TOGETHER]


class Pieces:
    """The pieces of all deliverables of one plan, as far as their clips have landed."""

    def __init__(
        self, plan: Plan, layouts: Layouts, words: DeliverableTexts, workers: Workers
    ) -> None:
        self._plan = plan
        self._layouts = layouts
        self._words = words
        self._workers = workers
        self._effects = Effects(plan)
        self._jobs: dict[str, tuple[Layout, dict[int, PieceJob]]] = {}  # by where they start

    def jobs(
        self, deliverable: Deliverable, layout: Layout, parts: Sequence[Part]
    ) -> list[PieceJob]:
        """The pieces that stand for ``parts``, but those whose clips have not all landed."""
        cache = self._cache(deliverable, layout)
        for part in parts:
            if part.start not in cache and (job := self._job(deliverable, layout, part)):
                cache[part.start] = job
        return [cache[part.start] for part in parts if part.start in cache]

    def jobs_of_shot(self, deliverable: Deliverable, layout: Layout, shot: str) -> list[PieceJob]:
        """The pieces that a shot is seen in, with its clip as it is now."""
        parts = layout.of[shot]
        for part in parts:
            self._cache(deliverable, layout).pop(part.start, None)
        return self.jobs(deliverable, layout, parts)

    def _cache(self, deliverable: Deliverable, layout: Layout) -> dict[int, PieceJob]:
        """The pieces of a layout that were determined before, by where they start."""
        earlier = self._jobs.get(deliverable.name)
        if earlier is None or earlier[0] is not layout:
            earlier = self._jobs[deliverable.name] = layout, {}
        return earlier[1]

    def _job(self, deliverable: Deliverable, layout: Layout, part: Part) -> PieceJob | None:
        piece = self._piece(deliverable, layout, part)
        if piece is None:
            return None
        shot, key = self._plan.shots[part.shot].shot.id, piece.key(self._workers.program)
        path = piece_path(self._workers, key)
        return PieceJob(piece, key, path, shot, deliverable.name, layout.wish_at(part))

    def _piece(self, deliverable: Deliverable, layout: Layout, part: Part) -> Piece | None:
        """What is to be encoded for a part; None where a clip has not landed yet."""
        frame = layout.frame
        captions = self._words.captions(deliverable, part, layout)
        drawing = drawn_label(deliverable, layout)
        label = drawing.within(part.start, part.frames) if drawing else None
        first = self._segment(deliverable, part.shot, part.skip, part.frames, frame)
        film = self._effects.over_film(deliverable, layout)
        over = within(film, part.start, part.frames)
        fades = fades_of(deliverable, layout).within(part.start, part.frames)
        if isinstance(part, Body):
            return first and replace(
                first, captions=captions, label=label, overlays=over, fades=fades
            )
        second = self._segment(deliverable, part.shot + 1, 0, part.frames, frame)
        if not first or not second:
            return None
        return Seam(first, second, part.transition, captions, label, over, fades)

    def _segment(
        self, deliverable: Deliverable, number: int, skip: int, frames: int, frame: Frame
    ) -> Segment | None:
        shot = self._plan.shots[number]
        take = self._layouts.landed.get(shot.shot.id)
        if take is None:
            return None
        spec, cut = shot.shot, shot.cut_at(take.rate)
        whole = conformed_frames(cut, take.rate, frame.rate) if spec.overlay else 0
        over = self._effects.over_shot(spec, deliverable, frame, whole)
        segment = Segment(
            take, cut, gaze_at(spec, deliverable), frame, skip, frames, spec.sound,
            look=self._effects.look(spec, deliverable),
        )  # fmt: skip
        return replace(segment, shot_overlays=within(over, skip, frames)) if over else segment
