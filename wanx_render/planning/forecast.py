"""What a run will ask for, make and cost, before anything is sent; the ``plan`` command shows it.

A plan and how its takes stand in, one versioned, JSON-ready record out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import ceil

from wanx_render.catalog.capabilities import Catalog
from wanx_render.files import sha256_of
from wanx_render.finishing.timeline import frames_of, timeline
from wanx_render.frame import Frame
from wanx_render.geometry import Gaze, Size, crop_text, cropped_away, enlargement, seen_box
from wanx_render.language import Message, plural, tr
from wanx_render.money import write_amount
from wanx_render.planning.plan import Plan, frame_of
from wanx_render.planning.planned import (
    AnyPlanned,
    Asked,
    PlannedFootage,
    PlannedShot,
    Take,
    clip_rates,
)
from wanx_render.planning.sending.picture_forecast import (
    PictureForecast,
    ShapeForecast,
    picture_forecast,
    shape_forecast,
)
from wanx_render.planning.take_status import State, TakeStatus
from wanx_render.planning.truth import FilmTruth, ShotTruth, Truth
from wanx_render.shotlist.model import Deliverable, GeneratedShot, StillShot, gaze_at, own_name
from wanx_render.shotlist.references import numbered, references_of
from wanx_render.task import TaskRequest
from wanx_render.timing import conformed_frames, frames_in

VERSION = 1

# Results expire after a day; before a run that may take this long there is a warning.
LONG_HOURS = 20


@dataclass(frozen=True, slots=True)
class ReferenceForecast:
    """Who or what a clip shows, and what the model calls it in the prompt."""

    kind: str  # image, video or sound
    file: str  # as the list names it
    called: str  # empty where no document says
    name: str | None  # as the list calls it


@dataclass(frozen=True, slots=True)
class TakeForecast:
    """One take: what will be asked for, why, and at what price (null where no source gives one)."""

    shot: str
    take: int
    picked: bool
    state: State
    reason: str
    model: str
    resolution: str
    seconds: int
    fps: str
    seed: int | None  # null while its first frame is not there: it follows from that
    width: int | None
    height: int | None
    price: str | None
    currency: str
    key: str | None
    chosen: bool = False  # picked on the board (picks.yaml), not by the list
    picture: PictureForecast | None = None  # of a first frame that the list has prepared
    continued_seconds: int = 0  # of its seconds, those that are shown of the clip that it continues
    shape: ShapeForecast | None = None  # of a clip without a first frame
    references: tuple[ReferenceForecast, ...] = ()
    kind: str = "video"  # or picture: a first frame that a model makes


@dataclass(frozen=True, slots=True)
class FootageForecast:
    """A shot of own footage or of a still picture: it costs nothing."""

    shot: str
    kind: str  # clip or still
    file: str  # as the list names it
    width: int
    height: int
    fps: str | None  # a still has none of its own
    seconds: str


@dataclass(frozen=True, slots=True)
class PartForecast:
    """What a deliverable makes of a shot's clip; nulls where the clip's size is not known yet."""

    shot: str
    frames: int
    box: str | None
    lost_percent: float | None
    enlarged: float | None


@dataclass(frozen=True, slots=True)
class DeliverableForecast:
    """One deliverable: its frame, its length, and what becomes of each shot in it."""

    name: str
    aspect: str
    fit: str
    width: int | None
    height: int | None
    fps: str
    frames: int
    seconds: str
    parts: tuple[PartForecast, ...]


@dataclass(frozen=True, slots=True)
class ShotForecast:
    """A generated shot as it is now; the cost is of all shots that must be made with it."""

    shot: str
    state: str  # current, stale, missing, failed or blocked
    reason: Message
    cost: str
    chain: tuple[str, ...]  # the shots that begin as it ends, and are made with it


@dataclass(frozen=True, slots=True)
class FilmForecast:
    """A deliverable as it is now: current, stale, missing or broken."""

    name: str
    state: str
    reasons: tuple[Message, ...]
    path: str | None  # of the film that is here


@dataclass(frozen=True, slots=True)
class Forecast:
    """The whole plan as it would be carried out now."""

    version: int
    project: str
    backend: str
    region: str
    mock: bool
    catalog: str
    takes: tuple[TakeForecast, ...]
    deliverables: tuple[DeliverableForecast, ...]
    to_make: int
    cost: str
    cascade_cost: str  # what of it is only because first frames change
    currency: str
    unknown_prices: int
    at_least_seconds: int
    at_most_seconds: int
    warnings: tuple[Message, ...]
    footage: tuple[FootageForecast, ...] = ()
    shots: tuple[ShotForecast, ...] = ()  # as they are now; none with --no-cascade
    films: tuple[FilmForecast, ...] = ()
    pictures_to_make: int = 0  # of what is to be made, first frames: they come before any video
    pictures_cost: str = "0"


def forecast(
    plan: Plan, statuses: tuple[TakeStatus, ...], catalog: Catalog, truth: Truth | None = None
) -> Forecast:
    """What carrying out ``plan`` will ask for and cost; ``truth`` is what is there now."""
    plan = _as_it_stands(plan, statuses)
    new = tuple(status.take for status in statuses if status.state == "new")
    cost = plan.cost(new)
    cascade = plan.cost(tuple(status.take for status in statuses if status.cascade))
    left = (status.take.request for status in statuses if status.state != "cached")
    shortest, longest = wall_seconds(Counter(map(kind_of_task, left)), catalog)
    shots = {shot.shot.id: shot for shot in plan.asked}
    pictures = tuple(take for take in new if take.request.is_picture)
    return Forecast(
        version=VERSION,
        project=plan.project,
        backend=plan.backend,
        region=plan.region,
        mock=plan.backend == "mock",
        catalog=fingerprint(catalog),
        takes=tuple(_take(status, plan, shots[status.take.shot], catalog) for status in statuses),
        deliverables=_deliverables(plan, statuses),
        to_make=len(new),
        cost=write_amount(cost.amount),
        cascade_cost=write_amount(cascade.amount),
        currency=cost.currency,
        unknown_prices=cost.unknown,
        at_least_seconds=shortest,
        at_most_seconds=longest,
        warnings=(*_warnings(longest, cost.unknown, catalog), *_doubts(new)),
        footage=tuple(map(_footage, plan.footage)),
        shots=tuple(map(_shot, truth.shots if truth else ())),
        films=tuple(map(_film, truth.films if truth else ())),
        pictures_to_make=len(pictures),
        pictures_cost=write_amount(plan.cost(pictures).amount),
    )


def _shot(truth: ShotTruth) -> ShotForecast:
    cost = write_amount(truth.cost.amount)
    return ShotForecast(truth.shot, truth.state, truth.why, cost, truth.chain)


def _film(truth: FilmTruth) -> FilmForecast:
    path = truth.record.path if truth.record else None
    return FilmForecast(truth.name, truth.state, truth.why, path)


def _footage(footage: PlannedFootage) -> FootageForecast:
    is_still = isinstance(footage.shot, StillShot)
    return FootageForecast(
        shot=footage.shot.id,
        kind="still" if is_still else "clip",
        file=own_name(footage.shot) or "",
        width=footage.size.width,
        height=footage.size.height,
        fps=None if is_still else str(footage.rate),
        seconds=f"{float(footage.seconds):.3f}",
    )


def _as_it_stands(plan: Plan, statuses: tuple[TakeStatus, ...]) -> Plan:
    """The plan with its takes as far as they are known now: what a kept clip was made of."""
    takes = {(status.take.shot, status.take.number): status.take for status in statuses}
    asked = {
        shot.shot.id: replace(
            shot, takes=tuple(takes[(take.shot, take.number)] for take in shot.takes)
        )
        for shot in plan.asked
    }
    return plan.with_asked(asked)


def fingerprint(catalog: Catalog) -> str:
    """A hash of every figure of the catalog."""
    return sha256_of(catalog.model_dump_json().encode())[:16]


def _take(status: TakeStatus, plan: Plan, shot: Asked, catalog: Catalog) -> TakeForecast:
    take = status.take
    request = take.request
    return TakeForecast(
        shot=take.shot,
        take=take.number,
        picked=(is_picked := shot.shot.pick == take.number),
        state=status.state,
        reason=status.reason,
        model=request.model,
        resolution=request.resolution,
        seconds=request.duration,
        fps=str(take.rate),
        seed=request.seed if status.complete or take.has_written_seed else None,
        width=take.size.width if take.size else None,
        height=take.size.height if take.size else None,
        price=write_amount(take.price.amount) if take.price else None,
        currency=plan.currency,
        key=request.key(plan.backend) if status.complete else None,
        chosen=is_picked and shot.chosen,
        picture=picture_forecast(take, plan.deliverables),
        continued_seconds=request.lead,
        shape=shape_forecast(take, plan.deliverables),
        references=_references(shot.shot, catalog) if isinstance(shot, PlannedShot) else (),
        kind="picture" if request.is_picture else "video",
    )


def _references(shot: GeneratedShot, catalog: Catalog) -> tuple[ReferenceForecast, ...]:
    if not shot.references:
        return ()
    model = catalog.model(shot.model)
    references = references_of(shot)
    names = numbered((r.kind for r in references), model.words_for_references if model else {})
    return tuple(
        ReferenceForecast(r.kind, r.file, name, r.key if isinstance(r.key, str) else None)
        for r, name in zip(references, names, strict=True)
    )


def _deliverables(plan: Plan, statuses: tuple[TakeStatus, ...]) -> tuple[DeliverableForecast, ...]:
    by_take = {(status.take.shot, status.take.number): status.take for status in statuses}
    picked_sizes = {s.shot.id: by_take[(s.shot.id, s.shot.pick)].size for s in plan.generated}
    picked_sizes |= {footage.shot.id: footage.size for footage in plan.footage}
    sizes = {name: size for name, size in picked_sizes.items() if size}
    rates = clip_rates(plan.shots)
    forecasts: list[DeliverableForecast] = []
    for deliverable in plan.deliverables:
        is_known = len(sizes) == len(plan.shots) or deliverable.size
        frame = frame_of(deliverable, sizes, rates) if is_known else None
        rate = deliverable.fps or max(rates)
        forecasts.append(_deliverable(plan, deliverable, frame, rate))
    return tuple(forecasts)


def _deliverable(
    plan: Plan, deliverable: Deliverable, frame: Frame | None, rate: Fraction
) -> DeliverableForecast:
    parts: list[PartForecast] = []
    for shot in plan.shots:
        frames = conformed_frames(shot.cut, shot.rate, rate)
        parts.append(_part(shot, frames, frame, gaze_at(shot.shot, deliverable)))
    transitions = [shot.shot.transition for shot in plan.shots]
    overlaps = [(t, frames_in(t.seconds, rate)) for t in transitions]
    frames = frames_of(timeline([part.frames for part in parts], overlaps))
    return DeliverableForecast(
        name=deliverable.name,
        aspect=str(deliverable.aspect),
        fit=deliverable.fit,
        width=frame.size.width if frame else None,
        height=frame.size.height if frame else None,
        fps=str(rate),
        frames=frames,
        seconds=f"{float(frames / rate):.3f}",
        parts=tuple(parts),
    )


def _part(shot: AnyPlanned, frames: int, frame: Frame | None, gaze: Gaze) -> PartForecast:
    size, shot_id = shot.size, shot.shot.id
    if frame is None or size is None:
        return PartForecast(shot_id, frames, None, None, None)
    return PartForecast(shot_id, frames, *_fitted(size, gaze, frame))


@lru_cache(maxsize=4096)  # a long list fits many clips of one size
def _fitted(size: Size, gaze: Gaze, frame: Frame) -> tuple[str | None, float, float]:
    """The crop's box, the percent that is cut off, and how much the clip is enlarged."""
    growth = round(float(enlargement(size, frame.size, frame.aspect, frame.fit)), 3)
    if frame.fit != "crop":
        view = seen_box(size, frame.size).size
        return None, round(float(1 - Fraction(view.area, size.area)) * 100, 1), growth
    percent = float(cropped_away(size, frame.aspect)) * 100
    return crop_text(size, frame.aspect, gaze), round(percent, 1), growth


@dataclass(frozen=True, slots=True)
class KindOfTask:
    """What decides how long a task may take."""

    model: str
    is_picture: bool


def kind_of_task(request: TaskRequest) -> KindOfTask:
    """The kind of what is asked for."""
    return KindOfTask(request.model, request.is_picture)


def wall_seconds(tasks: Mapping[KindOfTask, int], catalog: Catalog) -> tuple[int, int]:
    """The shortest and longest time the service's running limits allow, over all models.

    ``tasks`` is how many there are of each kind. First frames are made before the videos that
    begin with them.
    """
    pictures = {kind.model: count for kind, count in tasks.items() if kind.is_picture}
    videos = {kind.model: count for kind, count in tasks.items() if not kind.is_picture}
    parts = [_side_by_side(part, catalog) for part in (pictures, videos)]
    return sum(least for least, _ in parts), sum(most for _, most in parts)


def _side_by_side(counts: Mapping[str, int], catalog: Catalog) -> tuple[int, int]:
    """The time that the limits allow for tasks that wait for none of the others, by model.

    For each model the work of N tasks is spread over its c places: at least N/c rounds of the
    documented shortest time, at most ceil(N/c) of the longest. Models run side by side.
    """
    shortest, longest = Fraction(0), 0
    for name, count in counts.items():
        model = catalog.entry(name)
        low, high = model.task_seconds.value
        places = model.running_at_once.value
        shortest = max(shortest, Fraction(count, places) * low, Fraction(low))
        longest = max(longest, ceil(Fraction(count, places)) * high)
    return round(shortest), longest


def _doubts(takes: Iterable[Take]) -> Iterator[Message]:
    """What of the prices is open."""
    if any(take.request.lead for take in takes):
        yield tr("prices count the continued seconds too; no document says whether they are billed")


def _warnings(longest: int, unknown: int, catalog: Catalog) -> tuple[Message, ...]:
    messages: list[Message] = []
    if unknown:
        unpriced = plural(
            "{n} take has no known price; it is not in the total",
            "{n} takes have no known price; they are not in the total",
            unknown,
        )
        messages.append(unpriced)
    if longest > LONG_HOURS * 3600:
        hours = catalog.service.result_hours.value
        messages.append(
            tr(
                "the run may take {hours:.0f} h, and results expire after {limit} h: "
                "keep the program running, it downloads each clip when it is ready",
                hours=longest / 3600,
                limit=hours,
            )
        )
    return tuple(messages)
