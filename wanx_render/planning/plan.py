"""Everything decided before anything is sent: which requests, for which takes, at what price.

A checked shot list in, one frozen ``Plan`` out; nothing here reads files or talks to anyone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import Total, price, total
from wanx_render.frame import Frame
from wanx_render.geometry import Size, largest_exact
from wanx_render.money import Money
from wanx_render.planning.basis import Basis
from wanx_render.planning.made_pictures import MadePictures
from wanx_render.planning.planned import (
    STILL_RATE,
    AnyPlanned,
    Asked,
    PlannedFootage,
    PlannedPicture,
    PlannedShot,
    Take,
    cut_for,
    with_choice,
)
from wanx_render.planning.sending.prepared import prepared
from wanx_render.planning.shot_requests import (
    continued,
    first_clip,
    first_frame,
    model_of,
    request_of,
)
from wanx_render.shotlist.model import (
    AnyShot,
    ClipShot,
    Deliverable,
    GeneratedShot,
    LastFrame,
    MadePicture,
    ShotList,
    StillShot,
    own_name,
    picture_of,
)
from wanx_render.shotlist.preparing import Preparing, aims_of, preparing_of
from wanx_render.shotlist.values import AUTO
from wanx_render.task import InputMedia, TaskRequest

Node = TypeVar("Node")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will ask for and make."""

    project: str
    backend: str
    region: str
    currency: str
    shots: tuple[AnyPlanned, ...]
    deliverables: tuple[Deliverable, ...]
    media: Mapping[str, InputMedia]  # pictures and sounds, as the list names them
    budget: Money | None = None
    pictures: tuple[PlannedPicture, ...] = ()  # first frames that a model makes

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Everything that the service makes: what others wait for comes first."""
        return (*self.pictures, *self.generated)

    @property
    def generated(self) -> tuple[PlannedShot, ...]:
        """The shots that the service makes."""
        return tuple(shot for shot in self.shots if isinstance(shot, PlannedShot))

    @property
    def footage(self) -> tuple[PlannedFootage, ...]:
        """The shots that are there already."""
        return tuple(shot for shot in self.shots if isinstance(shot, PlannedFootage))

    @property
    def takes(self) -> tuple[Take, ...]:
        return tuple(take for shot in self.asked for take in shot.takes)

    def having(self, planned: "AnyPlanned | PlannedPicture") -> "Plan":
        """This plan with another shot or picture in the place of the one of its name."""
        name = planned.shot.id
        if isinstance(planned, PlannedPicture):
            pictures = tuple(planned if p.shot.id == name else p for p in self.pictures)
            return replace(self, pictures=pictures)
        shots = tuple(planned if shot.shot.id == name else shot for shot in self.shots)
        return replace(self, shots=shots)

    def with_asked(self, planned: Mapping[str, Asked]) -> "Plan":
        """This plan with other takes of some shots and pictures, by name."""

        def shot(entry: AnyPlanned) -> AnyPlanned:
            other = planned.get(entry.shot.id)
            return other if isinstance(other, PlannedShot) else entry

        def picture(entry: PlannedPicture) -> PlannedPicture:
            other = planned.get(entry.shot.id)
            return other if isinstance(other, PlannedPicture) else entry

        return replace(
            self, shots=tuple(map(shot, self.shots)), pictures=tuple(map(picture, self.pictures))
        )

    def cost(self, takes: tuple[Take, ...]) -> Total:
        """What ``takes`` cost; equal requests are asked for, and paid, once.

        Those that begin with two takes of one picture are not equal.
        """
        pictures = {picture.shot.id: picture.picked for picture in self.pictures}
        once = {_identity(take, pictures, self.backend): take for take in takes}
        return total((take.price for take in once.values()), self.currency)


def _identity(take: Take, pictures: Mapping[str, Take], backend: str) -> tuple[str, ...]:
    """What a take asks for; a picture that is still to be made counts by what it asks for."""
    keys = (pictures.get(take.waits_for or ""), take)
    return tuple(asked.request.key(backend) for asked in keys if asked)


def make(
    shots: ShotList,
    backend: str,
    media: Mapping[str, InputMedia],
    catalog: Catalog,
    retakes: Mapping[str, int] | None = None,
    picks: Mapping[str, int] | None = None,
    *,
    row: str = "",
) -> Plan:
    """The plan of a checked shot list; ``media`` are its pictures and files, as it names them.

    ``retakes`` says by a shot's basis how many takes there are, where it is more than the list
    asks for; the last of them is picked unless the list picks one itself. ``picks`` says by shot
    which take was picked on the board, and overrides both where there is such a take. ``row`` is
    the name of the list's row in its table.
    """
    by_shot: dict[str, AnyPlanned] = {}
    by_id = {shot.id: shot for shot in shots.shots}
    still_rate, aims = _still_rate(shots, catalog, media), aims_of(shots.deliverables)
    pictures = MadePictures(shots, catalog, backend, retakes or {}, picks or {}, row)
    for name in in_turn({name: _before(shot) for name, shot in by_id.items()}):
        shot = by_id[name]
        if isinstance(shot, GeneratedShot):
            preparing = preparing_of(shot, model_of(shot, catalog), aims, catalog)
            if isinstance(shot.image, MadePicture):
                first: InputMedia | None = pictures.first_frame(shot.id, shot.image, preparing)
            else:
                first = first_frame(shot, media, by_shot)
            request = request_of(shot, catalog, first, shots.region, media)
            request = continued(request, first_clip(shot, catalog, media, by_shot))
            asked = _Asked(shot, catalog, backend, preparing, prepared(request, preparing), row)
            by_shot[name] = _generated(asked, retakes or {}, picks or {})
        else:
            by_shot[name] = _footage(shot, media, still_rate)
    return Plan(
        project=f"{shots.project}/{row}" if row else shots.project,
        backend=backend,
        region=shots.region,
        currency=catalog.service.regions[shots.region].currency,
        shots=tuple(by_shot[shot.id] for shot in shots.shots),
        deliverables=shots.deliverables,
        media=media,
        budget=shots.budget.max_cost if shots.budget else None,
        pictures=tuple(pictures.planned[p] for shot in shots.shots if (p := picture_of(shot))),
    )


def in_turn(sources: Mapping[Node, Node | None]) -> Iterator[Node]:
    """The keys in an order in which each comes after its source; there are no cycles."""
    if not any(sources.values()):
        yield from sources
        return
    passed: set[Node] = set()
    for node in sources:
        way = list[Node]()
        at: Node | None = node
        while at is not None and at not in passed:
            passed.add(at)
            way.append(at)
            at = sources[at]
        yield from reversed(way)


def _before(shot: AnyShot) -> str | None:
    """The shot whose last frame is the first of ``shot``, or whose clip it continues."""
    if not isinstance(shot, GeneratedShot):
        return None
    if shot.continues:
        return shot.continues.shot
    return shot.image.shot if isinstance(shot.image, LastFrame) else None


def _source(shot: GeneratedShot) -> str | None:
    """What ``shot`` waits for: the shot before it, or the picture that is made for it."""
    return _before(shot) or picture_of(shot)


def _still_rate(shots: ShotList, catalog: Catalog, media: Mapping[str, InputMedia]) -> Fraction:
    """The rate of clips that are made of stills: that of the others, so that none is repeated."""
    rates = [film.fps for film in shots.deliverables if film.fps]
    for shot in shots.shots:
        match shot:
            case GeneratedShot():
                rates.append(model_of(shot, catalog).fps.value)
            case ClipShot():
                footage = media[shot.clip].footage
                rates += [footage.rate] if footage else []
            case StillShot():
                pass
    return max(rates, default=STILL_RATE)


def _footage(
    shot: ClipShot | StillShot, media: Mapping[str, InputMedia], still_rate: Fraction
) -> PlannedFootage:
    file = media[own_name(shot) or ""]
    if isinstance(shot, StillShot):
        if file.size is None:
            raise LookupError(shot.still)
        cut = cut_for(shot, shot.duration, still_rate)
        return PlannedFootage(shot, file, file.size, still_rate, shot.duration, cut)
    if file.footage is None:
        raise LookupError(shot.clip)
    size, rate, seconds = file.footage.size, file.footage.rate, file.footage.seconds
    return PlannedFootage(shot, file, size, rate, seconds, cut_for(shot, seconds, rate))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A shot, and what all its takes ask for in common."""

    shot: GeneratedShot
    catalog: Catalog
    backend: str
    preparing: Preparing
    request: TaskRequest  # with its pictures prepared
    row: str


def _generated(asked: _Asked, retakes: Mapping[str, int], picks: Mapping[str, int]) -> PlannedShot:
    basis = Basis(asked.request, asked.preparing, asked.backend, asked.shot.seed)
    most = max((retakes.get(key, 1) for key in basis.keys), default=1) if retakes else 1
    shot, pick_of_list, is_chosen = with_choice(asked.shot, most, picks.get(asked.shot.id))
    rate = model_of(shot, asked.catalog).fps.value
    cut = cut_for(shot, Fraction(asked.request.duration), rate, asked.request.lead)
    takes = _takes(asked, shot, rate)
    candidates = tuple(take.number for take in takes) if asked.shot.pick == AUTO else ()
    return PlannedShot(shot, takes, cut, basis, is_chosen, pick_of_list, candidates)


def _takes(asked: _Asked, shot: GeneratedShot, rate: Fraction) -> tuple[Take, ...]:
    request, catalog = asked.request, asked.catalog
    size, first = asked.preparing.clip(request), request.first_clip or request.image
    return tuple(
        Take(
            shot=shot.id,
            number=number,
            request=request.with_seed_for(number, shot.seed),
            written_seed=shot.seed,
            waits_for=_source(shot) if first and first.path is None else None,
            size=size,
            rate=rate,
            price=price(request, catalog),
            row=asked.row,
            preparing=asked.preparing,
        )
        for number in range(1, shot.takes + 1)
    )


def frame_of(
    deliverable: Deliverable, sizes: Mapping[str, Size], rates: tuple[Fraction, ...]
) -> Frame:
    """The frame of ``deliverable`` for clips of these sizes and rates.

    Where the list gives no size it is the largest exact one that enlarges no clip; where it gives
    no rate it is the highest. ValueError where a clip is too small for any exact frame.
    """
    size = deliverable.size or largest_exact(
        tuple(sizes.values()), deliverable.aspect, deliverable.fit
    )
    rate = deliverable.fps or max(rates)
    look = (deliverable.fit, deliverable.background, deliverable.quality, deliverable.codec)
    return Frame(size, rate, *look, deliverable.motion or "repeat")
