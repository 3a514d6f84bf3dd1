"""The one truth about each shot and each film of a list: what it is, why, and what it would cost.

The plan, how its takes stand (with the cascade) and the manifest in; immutable records out. Board,
plan, status, storyboard, summary and export all say what is determined here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.pricing import Total, total
from wanx_render.geometry import Move
from wanx_render.language import NOTHING, Message, joined, recorded, tr
from wanx_render.manifest import DeliverableRecord, Manifest, ShotRecord
from wanx_render.planning.origins import last_frame_of
from wanx_render.planning.plan import Plan
from wanx_render.planning.planned import AnyPlanned, Asked, PlannedFootage
from wanx_render.planning.take_status import NEVER, TakeStatus
from wanx_render.planning.uses import changes, uses_of, wish_of
from wanx_render.shotlist.model import Deliverable

# stale: it has a clip, of something else than the list asks for now. failed: the next run asks
# again. blocked: no run does before a person decides.
ShotState = Literal["current", "stale", "missing", "failed", "blocked"]
FilmState = Literal["current", "stale", "missing", "broken"]


@dataclass(frozen=True, slots=True)
class ShotTruth:
    """What the picked take of a shot is now."""

    shot: str
    take: int
    state: ShotState
    why: Message  # as a part of a sentence; nothing where it is current, or was never made
    cost: Total  # of making it, with every shot that begins as it ends
    chain: tuple[str, ...] = ()  # those shots, as far as they would be made again
    code: str = ""  # of the service, where it failed or is blocked
    advice: Message = NOTHING
    sha256: str = ""  # of the clip that is here: its own, or an older one
    requested: bool = False  # a run goes on with what was requested of it
    usable: bool = False  # whether a film can be made of that clip; of a stale one on purpose

    @property
    def price(self) -> Message:
        """What making it costs, and with which others."""
        if not self.chain:
            return self.cost.shown
        names = joined(self.chain, tr(", "))
        return tr("{price} with {shots}", price=self.cost.shown, shots=names)

    @property
    def sentence(self) -> Message:
        """What is to be done about it; nothing where it is current."""
        if self.state == "current":
            return NOTHING
        if self.state == "blocked":
            return tr("{shot} needs your decision: {reason}", shot=self.shot, reason=self.why)
        if self.requested:
            return tr("{shot} continues in the next run: {reason}", shot=self.shot, reason=self.why)
        if not self.why:
            return tr("{shot} is to be made, {price}", shot=self.shot, price=self.price)
        return tr(
            "{shot} is to be made, {price} ({reason})",
            shot=self.shot, price=self.price, reason=self.why,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class FilmTruth:
    """What a deliverable is now; ``record`` is of the film that is here."""

    name: str
    state: FilmState
    why: tuple[Message, ...] = ()
    record: DeliverableRecord | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """All shots and deliverables of a list, in its order."""

    shots: tuple[ShotTruth, ...]
    films: tuple[FilmTruth, ...] = ()

    @property
    def stale(self) -> tuple[ShotTruth, ...]:
        """The shots whose clips are of something else than the list asks for now."""
        return tuple(shot for shot in self.shots if shot.state == "stale")


IsHere = Callable[[DeliverableRecord], bool]


def truth_of(
    plan: Plan,
    statuses: Sequence[TakeStatus],
    catalog: Catalog,
    manifest: Manifest | None = None,
    is_here: IsHere = lambda _: True,
) -> Truth:
    """What each shot of a plan and each of its deliverables is now.

    ``statuses`` must be with the cascade; ``is_here`` says whether a film's file is.
    """
    return with_films(ShotTruths(plan, statuses, catalog), manifest, is_here)


def with_films(shots: "ShotTruths", manifest: Manifest | None, is_here: IsHere) -> Truth:
    """All shots, and what each deliverable is now."""
    every = shots.every()
    return Truth(every, tuple(_films(shots.plan, every, manifest, is_here)))


# -- shots -----------------------------------------------------------------------------------------


class ShotTruths:
    """What the shots of one plan are now, each found out when it is asked for."""

    def __init__(self, plan: Plan, statuses: Sequence[TakeStatus], catalog: Catalog) -> None:
        self.plan = plan
        self._catalog = catalog
        self._pictures = {picture.shot.id for picture in plan.pictures}
        self._generated: dict[str, Asked] = {shot.shot.id: shot for shot in plan.asked}
        self._known: dict[str, ShotTruth] = {}
        self._statuses: dict[str, list[TakeStatus]] = {shot.shot.id: [] for shot in plan.asked}
        for status in statuses:
            self._statuses[status.take.shot].append(status)
        self._picks = {shot.shot.id: shot.shot.pick for shot in plan.asked}
        self._sources = {  # own footage is none: it is there already
            shot.shot.id: source if (source := shot.picked.waits_for) in self._picks else ""
            for shot in plan.asked
        }
        self._after: dict[str, list[str]] = {}  # the shots that begin as one ends
        for name, source in self._sources.items():
            self._after.setdefault(source, []).append(name)
        self._new = {
            name: [status.take for status in of_shot if status.state == "new"]
            for name, of_shot in self._statuses.items()
        }

    def every(self) -> tuple[ShotTruth, ...]:
        return tuple(self.of(shot.shot.id) for shot in self.plan.generated)

    def of(self, name: str) -> ShotTruth:
        """What a generated shot is now."""
        if name not in self._known:
            self._known[name] = self._truth(self._generated[name])
        return self._known[name]

    def _truth(self, shot: Asked) -> ShotTruth:
        status = self._statuses[shot.shot.id][shot.shot.pick - 1]
        state = state_of(status)
        sha256 = status.clip.clip_sha256 if status.clip else None
        if state == "current":
            nothing = total((), self.plan.currency)
            return ShotTruth(
                shot.shot.id, shot.shot.pick, state, NOTHING, nothing,
                sha256=sha256 or "", usable=True,
            )  # fmt: skip
        chain = self._chain(shot.shot.id)
        code = status.last.code if status.last and state in ("failed", "blocked") else None
        return ShotTruth(
            shot=shot.shot.id,
            take=shot.shot.pick,
            state=state,
            why=self._why(status),
            cost=self._cost(shot.shot.id, chain),
            chain=chain,
            code=code or "",
            advice=self._advice(status) if code else NOTHING,
            sha256=sha256 or "",
            requested=status.state == "resumed",
            usable=status.cause == "chain",
        )

    def _chain(self, name: str) -> tuple[str, ...]:
        """The shots down the chain that are made when this one is."""
        chain, left = [], list(self._after.get(name, ()))
        while left:
            after = left.pop(0)
            if self._new[after]:
                chain.append(after)
                left += self._after.get(after, ())
        return tuple(chain)

    def _cost(self, name: str, chain: Iterable[str]) -> Total:
        """The price of all takes that a run would make of these shots, and of their pictures."""
        names = (name, *chain)
        pictures = {self._sources[shot] for shot in names} & self._pictures
        takes = [take for shot in (*names, *pictures - {*names}) for take in self._new[shot]]
        # Equal requests are paid once. They are compared as they are: a key is a slow hash.
        once = {take.request: take.price for take in takes} if len(takes) > 1 else None
        prices = once.values() if once else (take.price for take in takes)
        return total(prices, self.plan.currency)

    def _advice(self, status: TakeStatus) -> Message:
        last = status.last
        if last is None or not last.code:
            return NOTHING
        return self._catalog.meaning(last.code, last.message or "").advice

    def _why(self, status: TakeStatus) -> Message:
        """Why the shot is not current."""
        if status.cause == "never" and status.reason == NEVER:
            return NOTHING
        if status.cause != "chain":
            return status.reason
        source, number = self._source(status)
        pick = self._picks.get(source)
        if source in self._pictures:
            return self._why_of_picture(source, number)
        if status.clip and status.clip.request.get("first_clip"):
            return _why_of_continued(source, number, pick)
        if number is None:
            return tr("it begins with the last frame of an earlier clip of {source}", source=source)
        if number == pick:  # what comes before that one is to be made
            return tr("its first frame changes with {source}", source=source)
        return tr(
            "it begins with the last frame of take {n} of {source}, and take {pick} is picked",
            n=number, source=source, pick=pick,
        )  # fmt: skip

    def _why_of_picture(self, picture: str, number: int | None) -> Message:
        """Why a shot is not current whose clip begins with another picture than the list gives."""
        pick = self._picks.get(picture)
        if number is None or number == pick:
            return tr("its first frame changes with {source}", source=picture)
        return tr(
            "it begins with take {n} of {source}, and take {pick} is picked",
            n=number, source=picture, pick=pick,
        )  # fmt: skip

    def _source(self, status: TakeStatus) -> tuple[str, int | None]:
        """The shot that the clip begins as the end of, and which of its takes that is.

        Own footage has no takes.
        """
        source = self._generated[status.take.shot].picked.waits_for or ""
        request = status.clip.request if status.clip else {}
        image = str(request.get("image") or request.get("first_clip"))
        for other in self._statuses.get(source, ()):
            sha256 = (other.clip.clip_sha256 if other.clip else None) or ""
            if sha256 and image.startswith((last_frame_of(sha256), f"sha256:{sha256}")):
                return source, other.take.number
        return source, None


def _why_of_continued(source: str, number: int | None, pick: int | None) -> Message:
    """Why a clip that goes on where another one ends is not current."""
    if number is None:
        return tr("it continues an earlier clip of {source}", source=source)
    if number == pick:
        return tr("the clip that it continues changes with {source}", source=source)
    return tr(
        "it continues take {n} of {source}, and take {pick} is picked",
        n=number, source=source, pick=pick,
    )  # fmt: skip


def state_of(status: TakeStatus) -> ShotState:
    """The state of a shot by how its picked take stands."""
    match status.cause:
        case "here":
            return "current"
        case "chain":
            return "stale"
        case "changed":
            return "stale" if status.clip else "missing"
        case "ended":
            return "failed" if _is_failure(status) else "missing"
        case "doubt" | "expired" | "refused":
            return "blocked"
        case "never" | "gone" | "damaged" | "asked":
            return "missing"


def _is_failure(status: TakeStatus) -> bool:
    """Whether the service made nothing of a request, rather than a person taking it back."""
    last = status.last
    return bool(last and last.state != "released" and last.code not in ("Canceled", "Withdrawn"))


# -- films -----------------------------------------------------------------------------------------


def _films(
    plan: Plan, shots: tuple[ShotTruth, ...], manifest: Manifest | None, is_here: IsHere
) -> Iterator[FilmTruth]:
    records = {film.name: film for film in manifest.deliverables} if manifest else {}
    left = tuple(shot.sentence for shot in shots if shot.state != "current")
    for wish in plan.deliverables:
        record = records.get(wish.name)
        if record is None or manifest is None or not is_here(record):
            record, why = None, left
        else:
            why = tuple(_differences(plan, shots, wish, manifest.shots_of(record), record))
        problems = _broken(wish.name, manifest)
        if problems:
            yield FilmTruth(wish.name, "broken", problems, record)
        elif record is None:
            yield FilmTruth(wish.name, "missing", why)
        else:
            yield FilmTruth(wish.name, "stale" if why else "current", why, record)


def _broken(name: str, manifest: Manifest | None) -> tuple[Message, ...]:
    """Why the last run could not make a film."""
    sentences = manifest.broken if manifest else ()
    return tuple(recorded(text) for text in sentences if text.startswith(f"{name}: "))


def _differences(
    plan: Plan,
    shots: tuple[ShotTruth, ...],
    wish: Deliverable,
    then: Mapping[str, ShotRecord],
    film: DeliverableRecord,
) -> Iterator[Message]:
    """What the list would give now that the film is not."""
    used = [part.shot for part in film.parts]
    for footage in plan.footage:
        yield from _other_footage(footage, then.get(footage.shot.id))
    for planned, truth in zip(plan.generated, shots, strict=True):
        if truth.state != "current":
            yield truth.sentence
        elif truth.shot not in used or truth.shot not in then:
            yield tr("{shot} is not in it", shot=truth.shot)
            continue
        else:
            yield from _another_clip(truth, then[truth.shot])
        if truth.shot in then and (keys := _other_uses(planned, then[truth.shot])):
            yield tr("{shot} changed: {keys}", shot=truth.shot, keys=joined(keys, tr(", ")))
    ids = [planned.shot.id for planned in plan.shots]
    yield from (
        tr("{shot} is no longer in the list", shot=name) for name in used if name not in ids
    )
    if [name for name in used if name in ids] != [name for name in ids if name in used]:
        yield tr("the order of the shots changed")
    if film.wish is not None and (keys := changes(film.wish, wish_of(wish))):
        yield tr("{film} changed: {keys}", film=wish.name, keys=joined(keys, tr(", ")))


def _another_clip(truth: ShotTruth, then: ShotRecord) -> Iterator[Message]:
    """That a film shows another clip of a shot than the one that would go into it now."""
    take = next((take for take in then.takes if take.take == then.picked), None)
    if take is not None and take.sha256 == truth.sha256:
        return
    if then.picked != truth.take:
        yield tr(
            "it shows take {n} of {shot}, and take {pick} is picked",
            n=then.picked, shot=truth.shot, pick=truth.take,
        )  # fmt: skip
    else:
        yield tr("{shot} has another clip now", shot=truth.shot)


def _other_footage(footage: PlannedFootage, then: ShotRecord | None) -> Iterator[Message]:
    """What of own footage is other than when a film was made."""
    if then is None:
        yield tr("{shot} is not in it", shot=footage.shot.id)
    elif then.footage is None or then.footage.sha256 != footage.sha256:
        yield tr("{shot} has another clip now", shot=footage.shot.id)
    elif keys := _other_uses(footage, then):
        yield tr("{shot} changed: {keys}", shot=footage.shot.id, keys=joined(keys, tr(", ")))


def _other_uses(planned: AnyPlanned, then: ShotRecord) -> list[str]:
    """The keys of a shot's finishing that are other than when a film was made."""
    if then.uses is not None:
        return changes(then.uses, uses_of(planned.shot))
    focus = planned.shot.focus  # a manifest of an older program holds no more of it
    point = focus.start if isinstance(focus, Move) else focus
    return [] if (str(point.x), str(point.y)) == then.focus else ["focus"]
