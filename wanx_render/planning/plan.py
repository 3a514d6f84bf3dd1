"""Everything decided before anything is sent: which requests, for which takes, at what price.

A checked shot list in, one frozen ``Plan`` out; nothing here reads files or talks to anyone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeVar

from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import Total, picture_price, price, total
from wanx_render.frame import Frame
from wanx_render.geometry import Aspect, Size, largest_exact
from wanx_render.money import Money
from wanx_render.planning.take_name import TakeName
from wanx_render.shotlist import picture_sizes
from wanx_render.shotlist.model import (
    PICTURE,
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
    seconds_continued,
)
from wanx_render.shotlist.picks import NEWEST
from wanx_render.shotlist.preparing import Preparing, aims_of, preparing_of
from wanx_render.shotlist.references import references_of, words_of
from wanx_render.task import ClipPart, InputMedia, Reference, SoundMode, TaskRequest
from wanx_render.timing import Cut, cut_of

Node = TypeVar("Node")
STILL_RATE = Fraction(30)  # of clips made of stills, where nothing else has a rate


@dataclass(frozen=True, slots=True)
class Take:
    """One attempt at a shot: the request it makes, and what is expected of it.

    ``waits_for`` names the shot whose last frame is this take's first, or whose clip it continues,
    or the picture that it begins with; its request is complete only when that is there
    (``beginning_with``). ``seed`` is the seed as
    written.
    """

    shot: str
    number: int
    request: TaskRequest
    written_seed: int | None
    waits_for: str | None
    size: Size | None
    rate: Fraction
    price: Money | None
    row: str = ""  # of a table; its rows share a journal, so that a label distinguishes them
    preparing: Preparing | None = None  # how its pictures are prepared; None: as they are
    instead: TaskRequest | None = None  # of a clip that is kept: what would be asked for now
    follows: bool = False  # whether the size of a picture follows from the deliverables

    @property
    def label(self) -> str:
        return str(self.name)

    @property
    def name(self) -> TakeName:
        return TakeName(self.row, self.shot, self.number)

    @property
    def has_written_seed(self) -> bool:
        """Whether its seed is the written one, whatever its first frame."""
        return self.written_seed is not None and self.number == 1

    def with_first_frame(self, frame: InputMedia) -> "Take":
        """This take with the first frame it waited for, prepared as the list says."""
        request = replace(self.request, image=frame)
        if self.preparing:
            request = _prepared(request, self.preparing)
        return replace(self.asking(request), waits_for=None)

    def beginning_with(self, source: InputMedia) -> "Take":
        """This take with what it waited for: its first frame, or the end of a clip."""
        if self.request.first_clip is None:
            return self.with_first_frame(source)
        request = replace(self.request, first_clip=source)
        if self.preparing:
            request = _prepared(request, self.preparing)
        return replace(self.asking(request), waits_for=None)

    def asking(self, request: TaskRequest) -> "Take":
        """This take with another request, whose seed is its own; the clip's size follows."""
        seeded = replace(request, seed=0).with_seed_for(self.number, self.written_seed)
        size = self.preparing.clip(request) if self.preparing else request.size
        return replace(self, request=seeded, size=size or self.size)


@dataclass(frozen=True, slots=True)
class PlannedShot:
    """A shot with all its takes and the one that goes into the deliverables.

    ``basis`` is what all its takes ask for in common; a first frame that comes from another shot
    counts by that shot's name, so that a shot keeps its takes when the one before it changes.
    """

    shot: GeneratedShot
    takes: tuple[Take, ...]
    cut: Cut
    basis: str
    chosen: bool = False  # whether its pick was made on the board, not by the list
    pick_of_list: int = 1  # the take that is picked where nothing was chosen on the board

    @property
    def picked(self) -> Take:
        return self.takes[self.shot.pick - 1]

    @property
    def size(self) -> Size | None:
        """Of its clip, as predicted."""
        return self.picked.size

    @property
    def rate(self) -> Fraction:
        """Of its clip, in frames a second, as predicted."""
        return self.picked.rate

    def cut_at(self, rate: Fraction) -> Cut:
        """What is used of a clip at ``rate``: the same seconds, whatever rate was predicted."""
        request = self.picked.request
        seconds = Fraction(request.duration)
        return self.cut if rate == self.rate else _cut(self.shot, seconds, rate, request.lead)

    @property
    def used_until(self) -> Fraction | None:
        """The second of its clip at which the used part ends; None: the end of the clip."""
        end = self.shot.trim.end
        return None if end is None else end + self.picked.request.lead


@dataclass(frozen=True, slots=True)
class PictureShot:
    """What is planned of a first frame that a model makes, as if it were a shot of its own."""

    id: str
    of: str  # the shot that begins with it
    spec: MadePicture

    @property
    def pick(self) -> int:
        return self.spec.pick

    @property
    def takes(self) -> int:
        return self.spec.takes


@dataclass(frozen=True, slots=True)
class PlannedPicture:
    """A first frame that a model makes, with all its takes and the one that its shot begins with.

    ``basis`` is what its takes ask for in common, whatever size follows from the deliverables.
    """

    shot: PictureShot
    takes: tuple[Take, ...]
    basis: str
    chosen: bool = False  # whether its pick was made on the board, not by the list
    pick_of_list: int = 1

    @property
    def picked(self) -> Take:
        return self.takes[self.shot.pick - 1]

    @property
    def size(self) -> Size | None:
        """As it is asked for."""
        return self.picked.size

    def picking(self, pick: int | None) -> "PlannedPicture":
        """The same with a take picked on the board; where there is no such take, as the list has
        it."""
        is_chosen = 1 <= (pick or 0) <= len(self.takes)
        spec = self.shot.spec.model_copy(update={"pick": pick if is_chosen else self.pick_of_list})
        return replace(self, shot=replace(self.shot, spec=spec), chosen=is_chosen)


@dataclass(frozen=True, slots=True)
class PlannedFootage:
    """A shot of own footage, or of a still picture: nothing is asked for, and it has no takes."""

    shot: ClipShot | StillShot
    file: InputMedia
    size: Size
    rate: Fraction  # of its clip, in frames a second
    seconds: Fraction  # that its clip lasts, as far as is known before it is decoded
    cut: Cut

    def cut_at(self, rate: Fraction) -> Cut:
        """What is used of it at ``rate``: the same seconds, whatever rate was predicted."""
        return self.cut if rate == self.rate else _cut(self.shot, self.seconds, rate)

    @property
    def sha256(self) -> str:
        """Of its file."""
        return self.file.identity.removeprefix("sha256:")

    @property
    def used_until(self) -> Fraction | None:
        """The second at which the used part ends; None: the end of the video."""
        end = self.shot.trim.end
        return None if end is None or end >= self.seconds else end

    @property
    def last_frame(self) -> InputMedia:
        """The first frame of a generated shot that goes on where this one ends.

        Of a video the last frame that is used of it; of a still the picture itself.
        """
        if isinstance(self.shot, StillShot):
            return self.file
        where = "last" if self.used_until is None else f"until:{self.used_until}"
        words = (self.shot.colours or "", self.shot.alpha if self.shot.alpha != "straight" else "")
        read_as = " ".join(filter(None, words))
        return InputMedia(f"clip:{self.sha256}:{where}", size=self.size, read_as=read_as)

    def continued(self, part: ClipPart) -> InputMedia:
        """The ``part`` of its video that another clip goes on from."""
        return replace(self.last_frame, identity=part.identity(self.sha256), part=part)


AnyPlanned = PlannedShot | PlannedFootage
Asked = PlannedPicture | PlannedShot  # what the service makes


def of_footage(take: Take, footage: PlannedFootage) -> InputMedia:
    """What ``take`` begins with of own footage: the last frame, or the part that it continues."""
    clip = take.request.first_clip
    return footage.continued(clip.part) if clip and clip.part else footage.last_frame


def sets_rate(planned: AnyPlanned) -> bool:
    """Whether deliverables follow its rate: a still has none of its own."""
    return not isinstance(planned.shot, StillShot)


def clip_rates(shots: Iterable[AnyPlanned]) -> tuple[Fraction, ...]:
    """The rates that decide those of deliverables; never empty."""
    rates = tuple(planned.rate for planned in shots if sets_rate(planned))
    return rates or (STILL_RATE,)


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

    def in_row(self, row: str) -> "Plan":
        """This plan as that of a row of a table."""

        named = {
            planned.shot.id: replace(
                planned, takes=tuple(replace(take, row=row) for take in planned.takes)
            )
            for planned in self.asked
        }
        return replace(self.with_asked(named), project=f"{self.project}/{row}")

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
) -> Plan:
    """The plan of a checked shot list; ``media`` are its pictures and files, as it names them.

    ``retakes`` says by a shot's basis how many takes there are, where it is more than the list
    asks for; the last of them is picked unless the list picks one itself. ``picks`` says by shot
    which take was picked on the board, and overrides both where there is such a take.
    """
    by_shot: dict[str, AnyPlanned] = {}
    by_id = {shot.id: shot for shot in shots.shots}
    still_rate, aims = _still_rate(shots, catalog, media), aims_of(shots.deliverables)
    pictures = _Pictures(shots, catalog, backend, retakes or {}, picks or {})
    for name in in_turn({name: _before(shot) for name, shot in by_id.items()}):
        shot = by_id[name]
        if isinstance(shot, GeneratedShot):
            preparing = preparing_of(shot, _model(shot, catalog), aims, catalog)
            if isinstance(shot.image, MadePicture):
                first: InputMedia | None = pictures.first_frame(shot.id, shot.image, preparing)
            else:
                first = _first_frame(shot, media, by_shot)
            request = _request(shot, catalog, first, shots.region, media)
            request = _continued(request, _first_clip(shot, catalog, media, by_shot))
            asked = _Asked(shot, catalog, backend, preparing, _prepared(request, preparing))
            by_shot[name] = _generated(asked, retakes or {}, picks or {})
        else:
            by_shot[name] = _footage(shot, media, still_rate)
    return Plan(
        project=shots.project,
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


def _first_clip(
    shot: GeneratedShot,
    catalog: Catalog,
    media: Mapping[str, InputMedia],
    planned: Mapping[str, AnyPlanned],
) -> InputMedia | None:
    """The end of the clip that a shot continues; without a path while that is still to come."""
    if shot.continues is None:
        return None
    model = _model(shot, catalog)
    least = model.clip_file.value.seconds[0] if model.clip_file else 1
    part = ClipPart(seconds_continued(shot, least), model.fps.value)
    if shot.continues.clip:
        file = media[shot.continues.clip]
        size = file.footage.size if file.footage else None
        identity = part.identity(file.identity.removeprefix("sha256:"))
        return InputMedia(identity, path=file.path, size=size, part=part)
    before = planned[shot.continues.shot or ""]
    part = replace(part, until=before.used_until)
    if isinstance(before, PlannedFootage):
        return before.continued(part)
    return InputMedia(part.identity(f"of {before.shot.id}"), size=before.size, part=part)


def _continued(request: TaskRequest, clip: InputMedia | None) -> TaskRequest:
    """The request for a clip that goes on from ``clip``, whose seconds the service counts in."""
    if clip is None or clip.part is None:
        return request
    return replace(request, first_clip=clip, duration=request.duration + clip.part.seconds)


def _source(shot: GeneratedShot) -> str | None:
    """What ``shot`` waits for: the shot before it, or the picture that is made for it."""
    return _before(shot) or picture_of(shot)


def _first_frame(
    shot: GeneratedShot, media: Mapping[str, InputMedia], planned: Mapping[str, AnyPlanned]
) -> InputMedia | None:
    if shot.image is None:
        return None
    if isinstance(shot.image, str):
        return media[shot.image]
    if not isinstance(shot.image, LastFrame):
        raise LookupError(shot.id)
    before = planned[shot.image.shot]
    if isinstance(before, PlannedFootage):
        return before.last_frame
    return InputMedia(f"last frame of {shot.image.shot}", size=before.size)


def _still_rate(shots: ShotList, catalog: Catalog, media: Mapping[str, InputMedia]) -> Fraction:
    """The rate of clips that are made of stills: that of the others, so that none is repeated."""
    rates = [film.fps for film in shots.deliverables if film.fps]
    for shot in shots.shots:
        match shot:
            case GeneratedShot():
                rates.append(_model(shot, catalog).fps.value)
            case ClipShot():
                footage = media[shot.clip].footage
                rates += [footage.rate] if footage else []
            case StillShot():
                pass
    return max(rates, default=STILL_RATE)


def _prepared(request: TaskRequest, preparing: Preparing) -> TaskRequest:
    """The request with its pictures prepared: the last frame in the aspect of the first.

    Without a first frame it asks for a shape outright.
    """
    first, last = request.image, request.last_image
    if request.references:
        request = replace(request, references=_references(request.references, preparing))
    if request.first_clip:
        return _ending(request, preparing)
    if first is None and preparing.shape:
        return replace(request, size=preparing.shape.size, ratio=preparing.shape.ratio)
    if preparing.following:
        request = replace(request, ratio=preparing.following)
    if first is None or first.size is None:
        return request
    aspect = preparing.aspect(first.size)
    return replace(
        request,
        image=_frame(first, aspect, preparing),
        last_image=_frame(last, aspect, preparing) if last else None,
    )


def _references(references: Iterable[Reference], preparing: Preparing) -> tuple[Reference, ...]:
    """The references as they are sent: whole, whatever shape they have."""
    whole = preparing.of_references
    return tuple(replace(entry, media=_frame(entry.media, None, whole)) for entry in references)


def _ending(request: TaskRequest, preparing: Preparing) -> TaskRequest:
    """A request that continues a clip, whose last frame is prepared in the aspect of the clip."""
    last, size = request.last_image, request.first_clip.size if request.first_clip else None
    aspect = Aspect.of(size.width, size.height) if size and preparing.wish else None
    return replace(request, last_image=_frame(last, aspect, preparing) if last else None)


def _frame(picture: InputMedia, aspect: Aspect | None, preparing: Preparing) -> InputMedia:
    if picture.size is None:
        return picture
    preparation = preparing.of(picture.size, aspect, transparent=picture.transparent)
    as_it_is = preparation is None and picture.preparation is None
    return picture if as_it_is else replace(picture, preparation=preparation)


def _footage(
    shot: ClipShot | StillShot, media: Mapping[str, InputMedia], still_rate: Fraction
) -> PlannedFootage:
    file = media[own_name(shot) or ""]
    if isinstance(shot, StillShot):
        if file.size is None:
            raise LookupError(shot.still)
        cut = _cut(shot, shot.duration, still_rate)
        return PlannedFootage(shot, file, file.size, still_rate, shot.duration, cut)
    if file.footage is None:
        raise LookupError(shot.clip)
    size, rate, seconds = file.footage.size, file.footage.rate, file.footage.seconds
    return PlannedFootage(shot, file, size, rate, seconds, _cut(shot, seconds, rate))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A shot, and what all its takes ask for in common."""

    shot: GeneratedShot
    catalog: Catalog
    backend: str
    preparing: Preparing
    request: TaskRequest  # with its pictures prepared

    @property
    def basis(self) -> str:
        """With ``fit_image: match`` it is the same whichever aspect follows from it."""
        request, last = self.request, self.request.last_image
        if self.preparing.choices:
            request = replace(request, size=None, ratio="")
        if self.preparing.matches and request.image:
            first = InputMedia(f"{request.image.source} {self.preparing.name}".rstrip())
            end = InputMedia(last.source) if last else None
            request = replace(request, image=first, last_image=end)
        return self._basis(request)

    @property
    def bases(self) -> tuple[str, ...]:
        """The basis, and what it was before ``match`` was written: takes of then are kept too."""
        request, last = self.request, self.request.last_image
        if self.preparing.choices:
            return self.basis, self._basis(request)
        if not self.preparing.matches or request.image is None:
            return (self.basis,)
        whole = replace(
            request,
            image=replace(request.image, preparation=None) if request.image else None,
            last_image=replace(last, preparation=None) if last else None,
        )
        return self.basis, self._basis(whole), self._basis(request)

    def _basis(self, request: TaskRequest) -> str:
        request = replace(request, seed=0) if request.seed else request
        return request.key(f"{self.backend} {self.shot.seed}")


def _generated(asked: _Asked, retakes: Mapping[str, int], picks: Mapping[str, int]) -> PlannedShot:
    bases = asked.bases if retakes else ()
    shot = _retaken(asked.shot, max((retakes.get(basis, 1) for basis in bases), default=1))
    pick_of_list = shot.pick
    pick = picks.get(shot.id, shot.takes + 1)
    pick = shot.takes if pick == NEWEST else pick
    if is_chosen := pick <= shot.takes:
        shot = shot.model_copy(update={"pick": pick})
    rate = _model(shot, asked.catalog).fps.value
    cut = _cut(shot, Fraction(asked.request.duration), rate, asked.request.lead)
    return PlannedShot(shot, _takes(asked, shot, rate), cut, asked.basis, is_chosen, pick_of_list)


def _retaken(shot: GeneratedShot, takes: int) -> GeneratedShot:
    if takes <= 1:
        return shot
    pick = shot.pick if "pick" in shot.model_fields_set else takes
    return shot.model_copy(update={"takes": max(shot.takes, takes), "pick": pick})


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
            preparing=asked.preparing,
        )
        for number in range(1, shot.takes + 1)
    )


@dataclass(frozen=True)
class _Pictures:
    """Plans the first frames of a list that a model makes."""

    shots: ShotList
    catalog: Catalog
    backend: str
    retakes: Mapping[str, int]
    picks: Mapping[str, int]
    planned: dict[str, PlannedPicture] = field(default_factory=dict)  # by name

    def first_frame(self, shot: str, spec: MadePicture, preparing: Preparing) -> InputMedia:
        """The picture as the first frame of its shot: known by what it is asked for, not by the
        name of the shot."""
        name = f"{shot}{PICTURE}"
        self.planned[name] = picture = self._plan(PictureShot(name, shot, spec), preparing)
        return InputMedia(f"picture:{picture.basis}", size=picture.size)

    def _plan(self, shot: PictureShot, preparing: Preparing) -> PlannedPicture:
        request = self._request(shot.spec, preparing)
        unsized = replace(request, size=None) if shot.spec.follows else request
        basis = replace(unsized, seed=0).key(f"{self.backend} {shot.spec.seed}")
        shot, pick_of_list, is_chosen = self._chosen(shot, self.retakes.get(basis, 1))
        takes = tuple(self._take(shot, number, request) for number in range(1, shot.takes + 1))
        return PlannedPicture(shot, takes, basis, is_chosen, pick_of_list)

    def _chosen(self, shot: PictureShot, takes: int) -> tuple[PictureShot, int, bool]:
        """The picture with the takes that were asked for later, and the one that is picked."""
        spec = shot.spec
        if takes > 1:
            pick = spec.pick if "pick" in spec.model_fields_set else takes
            spec = spec.model_copy(update={"takes": max(spec.takes, takes), "pick": pick})
        pick_of_list, pick = spec.pick, self.picks.get(shot.id, spec.takes + 1)
        pick = spec.takes if pick == NEWEST else pick
        if is_chosen := pick <= spec.takes:
            spec = spec.model_copy(update={"pick": pick})
        return replace(shot, spec=spec), pick_of_list, is_chosen

    def _take(self, shot: PictureShot, number: int, request: TaskRequest) -> Take:
        return Take(
            shot=shot.id,
            number=number,
            request=request.with_seed_for(number, shot.spec.seed),
            written_seed=shot.spec.seed,
            waits_for=None,
            size=request.size,
            rate=Fraction(0),
            price=picture_price(request, self.catalog),
            follows=shot.spec.follows,
        )

    def _request(self, spec: MadePicture, preparing: Preparing) -> TaskRequest:
        model = self.catalog.picture_model(spec.model)
        if model is None:
            raise LookupError(spec.model)
        films, takes_negative = self.shots.deliverables, model.negative_prompt_characters.value
        return TaskRequest(
            model=model.name,
            region=self.shots.region,
            image=None,
            last_image=None,
            prompt=spec.prompt,
            negative_prompt=spec.negative_prompt if takes_negative else "",
            template=None,
            resolution="",
            duration=0,
            sound="none",
            sound_file=None,
            prompt_extend=spec.prompt_extend,
            watermark=False,
            seed=0,
            size=picture_sizes.size_of(spec, model.sizes.value, preparing, films),
        )


def _cut(shot: AnyShot, seconds: Fraction, rate: Fraction, lead: int = 0) -> Cut:
    """What is used of a clip of ``seconds``; its first ``lead`` seconds are another shot's."""
    start, end = shot.trim.start + lead, shot.trim.end
    cut = cut_of(start, None if end is None else end + lead, seconds, rate)
    as_it_is = shot.speed == 1 and not shot.hold
    return cut if as_it_is else replace(cut, speed=shot.speed, hold=shot.hold)


def _model(shot: GeneratedShot, catalog: Catalog) -> Model:
    model = catalog.model(shot.model)
    if model is None:
        raise LookupError(shot.model)
    return model


def _request(
    shot: GeneratedShot,
    catalog: Catalog,
    image: InputMedia | None,
    region: str,
    media: Mapping[str, InputMedia],
) -> TaskRequest:
    model = _model(shot, catalog)
    audio = shot.audio or ("silent" if model.sound.value == "none" else "auto")
    sound: SoundMode = "none" if model.sound.value == "none" else _sound_mode(audio)
    known = catalog.parameters(model)
    return TaskRequest(
        model=model.name,
        region=region,
        image=image,
        last_image=media[shot.last_image] if shot.last_image else None,
        prompt="" if shot.template else _prompt(shot, model),  # ignored beside a template
        negative_prompt=shot.negative_prompt if model.negative_prompt_characters.value else "",
        template=shot.template,
        resolution=shot.resolution or model.tiers.value[0],
        duration=shot.duration or model.durations.value[0],
        sound=sound,
        sound_file=media[audio] if sound == "file" else None,
        # What is not sent makes no other request.
        prompt_extend=shot.prompt_extend or "prompt_extend" not in known,
        watermark=shot.watermark and "watermark" in known,
        seed=0,
        references=tuple(Reference(r.kind, media[r.file]) for r in references_of(shot)),
        shot_type=_shot_type(shot, model),
    )


def _prompt(shot: GeneratedShot, model: Model) -> str:
    return words_of(shot, model.words_for_references)


def _shot_type(shot: GeneratedShot, model: Model) -> str:
    """What is asked of the cuts in a clip; nothing where it is what the model does by itself."""
    types = model.shot_types.value if model.shot_types else ()
    return "" if not types or shot.shot_type in (None, types[0]) else str(shot.shot_type)


def _sound_mode(asked: str) -> SoundMode:
    words: dict[str, SoundMode] = {"silent": "silent", "auto": "auto"}
    return words.get(asked, "file")


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
