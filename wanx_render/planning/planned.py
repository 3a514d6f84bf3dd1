"""What is planned of each shot: takes with their requests, pictures that are made, own footage."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from wanx_render.geometry import Size
from wanx_render.money import Money
from wanx_render.planning.basis import Basis
from wanx_render.planning.sending.prepared import prepared
from wanx_render.planning.take_name import TakeName
from wanx_render.shotlist.inputs import MadePicture
from wanx_render.shotlist.model import AnyShot, ClipShot, GeneratedShot, StillShot
from wanx_render.shotlist.picks import NEWEST
from wanx_render.shotlist.preparing import Preparing
from wanx_render.shotlist.values import AUTO
from wanx_render.task import ClipPart, InputMedia, TaskRequest
from wanx_render.timing import Cut, cut_of

Written = TypeVar("Written", GeneratedShot, MadePicture)
STILL_RATE = Fraction(30)  # of clips made of stills, where nothing else has a rate


def cut_for(shot: AnyShot, seconds: Fraction, rate: Fraction, lead: int = 0) -> Cut:
    """What is used of a clip of ``seconds``; its first ``lead`` seconds are another shot's."""
    start, end = shot.trim.start + lead, shot.trim.end
    cut = cut_of(start, None if end is None else end + lead, seconds, rate)
    as_it_is = shot.speed == 1 and not shot.hold
    return cut if as_it_is else replace(cut, speed=shot.speed, hold=shot.hold)


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
            request = prepared(request, self.preparing)
        return replace(self.asking(request), waits_for=None)

    def beginning_with(self, source: InputMedia) -> "Take":
        """This take with what it waited for: its first frame, or the end of a clip."""
        if self.request.first_clip is None:
            return self.with_first_frame(source)
        request = replace(self.request, first_clip=source)
        if self.preparing:
            request = prepared(request, self.preparing)
        return replace(self.asking(request), waits_for=None)

    def asking(self, request: TaskRequest) -> "Take":
        """This take with another request, whose seed is its own; the clip's size follows."""
        seeded = replace(request, seed=0).with_seed_for(self.number, self.written_seed)
        size = self.preparing.clip(request) if self.preparing else request.size
        return replace(self, request=seeded, size=size or self.size)


@dataclass(frozen=True, slots=True)
class PlannedShot:
    """A shot with all its takes and the one that goes into the deliverables.

    ``asked`` is what all its takes ask for in common.
    """

    shot: GeneratedShot
    takes: tuple[Take, ...]
    cut: Cut
    asked: Basis
    chosen: bool = False  # whether its pick was made on the board, not by the list
    pick_of_list: int = 1  # the take that is picked where nothing was chosen on the board
    candidates: tuple[int, ...] = ()  # where the first one without marks is still to be picked

    @property
    def basis(self) -> str:
        """What names that; a first frame that comes from another shot counts by that shot's name,
        so that a shot keeps its takes when the one before it changes."""
        return self.asked.key

    @property
    def picked(self) -> Take:
        return self.takes[self.shot.pick - 1]

    def picking(self, pick: int, candidates: tuple[int, ...] = ()) -> "PlannedShot":
        """The same with a take that the program picks; a pick of the board goes before it."""
        if self.chosen:
            return replace(self, pick_of_list=pick, candidates=())
        shot = self.shot.model_copy(update={"pick": pick})
        return replace(self, shot=shot, pick_of_list=pick, candidates=candidates)

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
        return self.cut if rate == self.rate else cut_for(self.shot, seconds, rate, request.lead)

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
        return self.cut if rate == self.rate else cut_for(self.shot, self.seconds, rate)

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


def with_choice(written: Written, retakes: int, picked: int | None) -> tuple[Written, int, bool]:
    """What is written with the takes that were asked for later, and the take that is picked.

    ``picked`` on the board goes before what the list picks, where there is such a take. Besides:
    the pick of the list, and whether the board's is in force.
    """
    if retakes > 1:
        pick = written.pick if "pick" in written.model_fields_set else retakes
        written = written.model_copy(update={"takes": max(written.takes, retakes), "pick": pick})
    if written.pick == AUTO:  # until clips are here, the first
        written = written.model_copy(update={"pick": 1})
    pick_of_list = written.pick
    chosen = written.takes if picked == NEWEST else picked
    is_chosen = chosen is not None and chosen <= written.takes
    if is_chosen:
        written = written.model_copy(update={"pick": chosen})
    return written, pick_of_list, is_chosen
