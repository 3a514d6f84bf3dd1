"""Overlays, looks, fades and visible labels of the deliverables of one plan, as plain data."""

from collections.abc import Sequence

from wanx_render.effects import cubes, overlays
from wanx_render.effects.cubes import BadCube, Look
from wanx_render.effects.fades import Ends, ends_of
from wanx_render.effects.overlays import DrawnOverlay
from wanx_render.errors import Broken
from wanx_render.finishing.timeline import frames_of
from wanx_render.finishing.visible_label import DrawnLabel, shown
from wanx_render.frame import Frame
from wanx_render.language import Message, tr
from wanx_render.planning.plan import Plan
from wanx_render.run.layout import Layout, file_of
from wanx_render.shotlist.model import Deliverable, Overlay, Shot, look_at


class Effects:
    """What is done to the pictures of the deliverables of one plan, but for cuts and words."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def over_film(self, deliverable: Deliverable, layout: Layout) -> tuple[DrawnOverlay, ...]:
        """The overlays of a deliverable, in its frames. Raises Broken."""
        return self._drawn(deliverable.overlay, deliverable, layout.frame, frames_of(layout.parts))

    def over_shot(
        self, shot: Shot, deliverable: Deliverable, frame: Frame, frames: int
    ) -> tuple[DrawnOverlay, ...]:
        """The overlays of a shot that lasts ``frames`` frames, counted from its first. Raises
        Broken."""
        return self._drawn(shot.overlay, deliverable, frame, frames)

    def look(self, shot: Shot, deliverable: Deliverable) -> Look | None:
        """The look that a shot has in a deliverable. Raises Broken."""
        named = look_at(shot, deliverable)
        if named is None:
            return None
        path, identity = file_of(self._plan, named)
        try:
            return cubes.look(path, identity)
        except (BadCube, OSError) as problem:
            reason = problem.sentence if isinstance(problem, BadCube) else problem.strerror
            raise Broken(tr("cannot read {file}: {reason}", file=named, reason=reason)) from None

    def enlarged(self, deliverable: Deliverable, frame: Frame) -> tuple[Message, ...]:
        """Which overlays have fewer pixels than they are drawn with, where no clip's size was known
        before the run: else the check of the list said so."""
        shots = self._plan.shots
        if deliverable.size or any(shot.size for shot in shots):
            return ()
        every = [*deliverable.overlay, *(over for shot in shots for over in shot.shot.overlay)]
        factors = {over.image: self._enlargement(over, frame) for over in every}
        return tuple(
            tr(
                "{name} enlarges the overlay {file} {times:.2f}×",
                name=deliverable.name, file=file[:100], times=times,
            )
            for file, times in factors.items()
            if times > 1
        )  # fmt: skip

    def _enlargement(self, overlay: Overlay, frame: Frame) -> float:
        size = self._plan.media[overlay.image].size
        return overlays.drawn_size(overlay, size, frame.size).width / size.width if size else 1

    def _drawn(
        self, wanted: Sequence[Overlay], deliverable: Deliverable, frame: Frame, frames: int
    ) -> tuple[DrawnOverlay, ...]:
        every = (self._one(overlay, deliverable, frame) for overlay in wanted)
        return overlays.within(every, 0, frames)

    def _one(self, overlay: Overlay, deliverable: Deliverable, frame: Frame) -> DrawnOverlay:
        media, file = self._plan.media[overlay.image], file_of(self._plan, overlay.image)
        platform = deliverable.safe_area or ""
        box = media.size and overlays.placed(overlay, media.size, frame.size, platform)
        if not box:
            raise Broken(
                tr(
                    "{name}: the overlay {file} does not fit into {size}",
                    name=deliverable.name, file=overlay.image[:100], size=frame.size,
                )
            )  # fmt: skip
        return overlays.drawn(overlay, box, file, frame.rate)


def drawn_label(deliverable: Deliverable, layout: Layout) -> DrawnLabel | None:
    """The label that is seen in a deliverable. Raises Broken where it has no room."""
    label, frame = deliverable.label, layout.frame
    if label is None or not label.words:
        return None
    drawing = shown(deliverable, frame.size, frame.rate, frames_of(layout.parts))
    if drawing is None:
        raise Broken(
            tr("the label {words!r} does not fit into {size}", words=label.words, size=frame.size)
        )
    return drawing


def fades(deliverable: Deliverable, layout: Layout) -> Ends:
    """The fades of a deliverable, in its frames."""
    whole = frames_of(layout.parts)
    return ends_of(deliverable.fade_in, deliverable.fade_out, whole, layout.frame.rate)
