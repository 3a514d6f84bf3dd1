"""Everything decided before anything is sent: which requests, for which takes, at what price.

A checked shot list in, one frozen ``Plan`` out; nothing here reads files or talks to anyone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from graphlib import TopologicalSorter
from typing import TypeVar

from wanx_render.catalog.capabilities import Catalog, Model
from wanx_render.catalog.pricing import Total, price, total
from wanx_render.frame import Frame
from wanx_render.geometry import Size, largest_exact, predicted_size
from wanx_render.money import Money
from wanx_render.planning.take_name import TakeName
from wanx_render.shotlist.model import Deliverable, LastFrame, Shot, ShotList
from wanx_render.task import InputMedia, SoundMode, TaskRequest
from wanx_render.timing import Cut, cut_of

Node = TypeVar("Node")


@dataclass(frozen=True, slots=True)
class Take:
    """One attempt at a shot: the request it makes, and what is expected of it.

    ``waits_for`` names the shot whose last frame is this take's first; its request is complete only
    when that frame is there (``with_first_frame``). ``seed`` is the seed as written.
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
        """This take with the first frame it waited for."""
        bare = replace(self.request, image=frame, seed=0)
        request = bare.with_seed_for(self.number, self.written_seed)
        return replace(self, request=request, waits_for=None)


@dataclass(frozen=True, slots=True)
class PlannedShot:
    """A shot with all its takes and the one that goes into the deliverables.

    ``basis`` is what all its takes ask for in common; a first frame that comes from another shot
    counts by that shot's name, so that a shot keeps its takes when the one before it changes.
    """

    shot: Shot
    takes: tuple[Take, ...]
    cut: Cut
    basis: str
    chosen: bool = False  # whether its pick was made on the board, not by the list
    pick_of_list: int = 1  # the take that is picked where nothing was chosen on the board

    @property
    def picked(self) -> Take:
        return self.takes[self.shot.pick - 1]

    def cut_at(self, rate: Fraction) -> Cut:
        """What is used of a clip at ``rate``: the same seconds, whatever rate was predicted."""
        return self.cut if rate == self.picked.rate else _cut(self.shot, self.picked.request, rate)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will ask for and make."""

    project: str
    backend: str
    region: str
    currency: str
    shots: tuple[PlannedShot, ...]
    deliverables: tuple[Deliverable, ...]
    media: Mapping[str, InputMedia]  # pictures and sounds, as the list names them
    budget: Money | None = None

    @property
    def takes(self) -> tuple[Take, ...]:
        return tuple(take for shot in self.shots for take in shot.takes)

    def in_row(self, row: str) -> "Plan":
        """This plan as that of a row of a table."""
        shots = tuple(
            replace(shot, takes=tuple(replace(take, row=row) for take in shot.takes))
            for shot in self.shots
        )
        return replace(self, project=f"{self.project}/{row}", shots=shots)

    def cost(self, takes: tuple[Take, ...]) -> Total:
        """What ``takes`` cost; equal requests are asked for, and paid, once."""
        once = {take.request.key(self.backend): take for take in takes}
        return total((take.price for take in once.values()), self.currency)


def make(
    shots: ShotList,
    backend: str,
    media: Mapping[str, InputMedia],
    catalog: Catalog,
    retakes: Mapping[str, int] | None = None,
    picks: Mapping[str, int] | None = None,
) -> Plan:
    """The plan of a checked shot list; ``media`` are its pictures and sounds, as it names them.

    ``retakes`` says by a shot's basis how many takes there are, where it is more than the list
    asks for; the last of them is picked unless the list picks one itself. ``picks`` says by shot
    which take was picked on the board, and overrides both where there is such a take.
    """
    by_shot: dict[str, PlannedShot] = {}
    by_id = {shot.id: shot for shot in shots.shots}
    sources = {
        name: shot.image.shot if isinstance(shot.image, LastFrame) else None
        for name, shot in by_id.items()
    }
    for shot in (by_id[name] for name in in_turn(sources)):
        model = catalog.model(shot.model)
        if model is None:
            raise LookupError(shot.model)
        first = _first_frame(shot, media, by_shot)
        request = _request(shot, model, first, shots.region, media)
        basis = _basis(request, shot.seed, backend)
        spec = _retaken(shot, (retakes or {}).get(basis, 1))
        pick_of_list = spec.pick
        pick = (picks or {}).get(shot.id, spec.takes + 1)
        if is_chosen := pick <= spec.takes:
            spec = spec.model_copy(update={"pick": pick})
        result = _planned(spec, model, request, basis, catalog)
        by_shot[shot.id] = replace(result, chosen=is_chosen, pick_of_list=pick_of_list)
    return Plan(
        project=shots.project,
        backend=backend,
        region=shots.region,
        currency=catalog.service.regions[shots.region].currency,
        shots=tuple(by_shot[shot.id] for shot in shots.shots),
        deliverables=shots.deliverables,
        media=media,
        budget=shots.budget.max_cost if shots.budget else None,
    )


def in_turn(sources: Mapping[Node, Node | None]) -> Iterable[Node]:
    """The keys in an order in which each comes after its source; there are no cycles."""
    return TopologicalSorter({n: [s] if s else [] for n, s in sources.items()}).static_order()


def _first_frame(
    shot: Shot, media: Mapping[str, InputMedia], planned: Mapping[str, PlannedShot]
) -> InputMedia:
    if isinstance(shot.image, LastFrame):
        before = planned[shot.image.shot].picked
        return InputMedia(f"last frame of {shot.image.shot}", size=before.size)
    return media[shot.image]


def _basis(request: TaskRequest, written_seed: int | None, backend: str) -> str:
    return replace(request, seed=0).key(f"{backend} {written_seed}")


def _retaken(shot: Shot, takes: int) -> Shot:
    if takes <= 1:
        return shot
    pick = shot.pick if "pick" in shot.model_fields_set else takes
    return shot.model_copy(update={"takes": max(shot.takes, takes), "pick": pick})


def _planned(
    shot: Shot, model: Model, request: TaskRequest, basis: str, catalog: Catalog
) -> PlannedShot:
    area = catalog.tier_area(request.resolution)
    takes = tuple(
        Take(
            shot=shot.id,
            number=number,
            request=request.with_seed_for(number, shot.seed),
            written_seed=shot.seed,
            waits_for=shot.image.shot if isinstance(shot.image, LastFrame) else None,
            size=predicted_size(request.image.size, area) if request.image.size else None,
            rate=model.fps.value,
            price=price(request, catalog),
        )
        for number in range(1, shot.takes + 1)
    )
    return PlannedShot(shot, takes, _cut(shot, request, model.fps.value), basis)


def _cut(shot: Shot, request: TaskRequest, rate: Fraction) -> Cut:
    cut = cut_of(shot.trim.start, shot.trim.end, Fraction(request.duration), rate)
    return replace(cut, speed=shot.speed, hold=shot.hold)


def _request(
    shot: Shot, model: Model, image: InputMedia, region: str, media: Mapping[str, InputMedia]
) -> TaskRequest:
    audio = shot.audio or ("silent" if model.sound.value == "none" else "auto")
    sound: SoundMode = "none" if model.sound.value == "none" else _sound_mode(audio)
    return TaskRequest(
        model=model.name,
        region=region,
        image=image,
        last_image=media[shot.last_image] if shot.last_image else None,
        prompt="" if shot.template else shot.prompt,  # the service ignores it beside a template
        negative_prompt=shot.negative_prompt,
        template=shot.template,
        resolution=shot.resolution or model.tiers.value[0],
        duration=shot.duration or model.durations.value[0],
        sound=sound,
        sound_file=media[audio] if sound == "file" else None,
        prompt_extend=shot.prompt_extend,
        watermark=shot.watermark,
        seed=0,
    )


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
