"""A changed deliverable never makes a paid clip or picture stale.

With ``fit_image: match`` the aspect of a first frame follows from the deliverables; so does the
shape of a clip without one, and the size of a picture that a model makes. A take that was paid for,
or is on its way, with another aspect stays as it is: it asks for what it asked for then, and knows
what a new one would ask for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from wanx_render.geometry import Aspect, Size
from wanx_render.media.picture import prepared_record
from wanx_render.planning.journal import Journal
from wanx_render.planning.plan import Plan, in_turn
from wanx_render.planning.planned import Asked, Take
from wanx_render.preparation import Preparation
from wanx_render.task import InputMedia, TaskRequest


@dataclass(frozen=True)
class KeptClips:
    """What was asked for in one render folder, whichever aspect it was prepared for."""

    journal: Journal
    backend: str

    def plan(self, plan: Plan) -> Plan:
        """The plan with the preparations of what is kept; the rest of a chain follows."""
        if not any(_matches(take) for take in plan.takes):
            return plan
        shots: dict[str, Asked] = {shot.shot.id: shot for shot in plan.asked}
        done: dict[str, Asked] = {}
        for name in in_turn({name: _source(shot, shots) for name, shot in shots.items()}):
            shot = shots[name]
            before = done[source].size if (source := _source(shot, shots)) else None
            takes = (_after(take, before) if before else self.take(take) for take in shot.takes)
            done[name] = replace(shot, takes=tuple(takes))
        return plan.with_asked(done)

    def take(self, take: Take) -> Take:
        """The take as it was asked for, where that was with another preparation; else itself.

        What it asked for by its own name goes before what another take asks for in its words: a
        shot may be in the list in two shapes.
        """
        if take.waits_for or not _matches(take):
            return take
        kept = take if self._was_asked(take) else None
        if kept and self._is_its_own(kept):
            return take
        for earlier in self._as_then(take):
            if self._was_asked(earlier):
                kept = kept or earlier
                if self._is_its_own(earlier):
                    kept = earlier
                    break
        return kept or take

    def _was_asked(self, take: Take) -> bool:
        key = take.request.key(self.backend)
        return self.journal.holds(key, str(take.name), take.row)

    def _is_its_own(self, take: Take) -> bool:
        return self.journal.asked_by(str(take.name), take.request.key(self.backend))

    def _as_then(self, take: Take) -> Iterator[Take]:
        """The take with each request that it may have been then."""
        for request in self._requests_then(take):
            yield replace(take.asking(request), instead=take.request)

    def _requests_then(self, take: Take) -> Iterator[TaskRequest]:
        """The request with each preparation that its picture was sent with, newest first; without
        a first frame with each shape that was asked for."""
        request = take.request
        if request.image is None:
            if take.follows or (take.preparing and take.preparing.choices):
                for size, ratio in self.journal.shapes_asked(request.model):
                    yield replace(request, size=size, ratio=ratio)
            return
        for record in self.journal.preparations_of(request.image.source):
            first = prepared_record.of_frame(record, "image")
            last = prepared_record.of_frame(record, "last_image")
            if _is_wished(first, last, take):
                yield _with(request, first, last)
        yield _with(request, None, None)  # the whole picture, as it is


def _matches(take: Take) -> bool:
    return take.follows or (take.preparing is not None and take.preparing.matches)


def _source(shot: Asked, shots: Mapping[str, Asked]) -> str | None:
    """What a shot goes on from, or the picture it begins with; own footage is there already."""
    return name if (name := shot.picked.waits_for) in shots else None


def _after(take: Take, before: Size) -> Take:
    """A take whose first frame is still to come, of a clip of this size."""
    image = take.request.image
    if image is None:
        return take
    return replace(take.with_first_frame(replace(image, size=before)), waits_for=take.waits_for)


def _is_wished(first: Preparation | None, last: Preparation | None, take: Take) -> bool:
    """Whether the list would prepare the pictures just so, if it asked for that aspect.

    One that has the aspect already is sent whole, and the other says which it was.
    """
    aspects = (frame.aspect for frame in (first, last) if frame and frame.aspect)
    aspect, end = next(aspects, None), take.request.last_image
    wished = _name(take.request.image, aspect, take) == (first.name if first else "")
    if end is None:
        return wished and last is None
    return wished and _name(end, aspect, take) == (last.name if last else "")


def _name(picture: InputMedia | None, aspect: Aspect | None, take: Take) -> str | None:
    """What a picture that is prepared in ``aspect`` goes by; None where it cannot be."""
    if take.preparing is None or picture is None or picture.size is None:
        return None
    try:
        now = take.preparing.of(picture.size, aspect, transparent=picture.transparent)
    except ValueError:
        return None
    return now.name if now else ""


def _with(request: TaskRequest, first: Preparation | None, last: Preparation | None) -> TaskRequest:
    image, end = request.image, request.last_image
    return replace(
        request,
        image=replace(image, preparation=first) if image else None,
        last_image=replace(end, preparation=last) if end else None,
    )
