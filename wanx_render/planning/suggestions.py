"""Changes that make a list better, and the figures that show whether they do.

A kind of suggestion is a function of the list's file and its plans, one for each row of a table. It
names a change and why. Whether the change is good is measured afterwards, by planning the changed
list. ``KINDS`` holds all kinds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

from wanx_render.diagnostics import listed
from wanx_render.geometry import Size, cropped_away, fit_unit
from wanx_render.language import Message, joined, plural, tr
from wanx_render.planning.plan import Plan, frame_of
from wanx_render.planning.planned import AnyPlanned, PlannedShot, clip_rates, sets_rate
from wanx_render.shotlist.inputs import MadePicture
from wanx_render.shotlist.model import Deliverable
from wanx_render.shotlist.reading import ListFile
from wanx_render.source.changes import Change, Set
from wanx_render.validation.context import is_url
from wanx_render.validation.finishing_rules import LOSES_MUCH, repeats
from wanx_render.validation.size_rules import what_shrinks


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A change of a list: what kind it is, what it writes and where, and why."""

    kind: str
    where: tuple[str, ...]
    value: str
    why: Message
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class FilmFigures:
    """What counts of one deliverable, over all rows: the worst of each."""

    kept: Mapping[str, Fraction]  # the share of each shot's clip that its crop keeps
    size: Size | None
    repeated: int  # frames that are shown twice

    def with_another(self, other: "FilmFigures") -> "FilmFigures":
        sizes = [size for size in (self.size, other.size) if size]
        smallest = min(sizes, key=lambda size: size.area, default=None)
        names = (*self.kept, *other.kept)
        kept = {name: min(f.kept[name] for f in (self, other) if name in f.kept) for name in names}
        return FilmFigures(kept, smallest, self.repeated + other.repeated)

    @property
    def record(self) -> dict[str, Any]:
        """The figures for JSON."""
        percents = {name: round(float(share) * 100, 1) for name, share in self.kept.items()}
        size = str(self.size) if self.size else None
        return {"kept_percent": percents, "size": size, "repeated_frames": self.repeated}


Figures = Mapping[str, FilmFigures]  # by deliverable


def figures(plans: Iterable[Plan]) -> dict[str, FilmFigures]:
    """What counts of each deliverable of a list, over its rows."""
    films: dict[str, FilmFigures] = {}
    for plan in plans:
        for deliverable in plan.deliverables:
            film, name = _of_film(plan, deliverable), deliverable.name
            films[name] = film.with_another(films[name]) if name in films else film
    return films


def _of_film(plan: Plan, deliverable: Deliverable) -> FilmFigures:
    sizes = {shot.shot.id: shot.size for shot in plan.shots if shot.size}
    rates = clip_rates(plan.shots)
    shares = {name: 1 - cropped_away(size, deliverable.aspect) for name, size in sizes.items()}
    is_known = bool(deliverable.size) or len(sizes) == len(plan.shots)
    frame = frame_of(deliverable, sizes, rates) if is_known else None
    rate = deliverable.fps or max(rates)
    return FilmFigures(
        kept=shares if deliverable.fit == "crop" else {},
        size=frame.size if frame else None,
        repeated=sum(_repeated(shot, rate) for shot in plan.shots),
    )


def _repeated(shot: AnyPlanned, rate: Fraction) -> int:
    """The frames that are shown twice of a shot's clip at ``rate``."""
    pace = shot.rate * shot.cut.speed
    if not sets_rate(shot) or not repeats(pace, rate):
        return 0
    return round(shot.cut.frames / pace * (rate - pace))


def is_better(before: Figures, after: Figures) -> bool:
    """Whether something is better and nothing is worse.

    Of a shot that several deliverables crop, what counts is the one that keeps least of it: one
    clip serves them all.
    """
    old, new = _merits(before), _merits(after)
    if old.keys() != new.keys():
        return False
    return all(new[name] >= old[name] for name in old) and new != old


def _merits(films: Figures) -> dict[tuple[str, str], Fraction]:
    """Everything that counts, the larger the better."""
    merits: dict[tuple[str, str], Fraction] = {}
    for name, film in films.items():
        merits["size", name] = Fraction(film.size.area if film.size else 0)
        merits["repeated", name] = Fraction(-film.repeated)
        for shot, share in film.kept.items():
            merits["kept", shot] = min(share, merits.get(("kept", shot), share))
    return merits


def gains(before: Figures, after: Figures) -> Iterator[Message]:
    """What a change does to each deliverable, in words."""
    for name, old in before.items():
        new = after[name]
        parts: list[Message] = []
        if shots := [shot for shot in new.kept if new.kept[shot] != old.kept[shot]]:
            least = {"new": _least(new, shots), "old": _least(old, shots)}
            parts.append(
                tr("keeps at least {new} of {shots}, now {old}", shots=listed(shots), **least)
            )
        if new.size != old.size:
            parts.append(tr("{new}, now {old}", new=str(new.size), old=str(old.size)))
        if new.repeated != old.repeated:
            parts.append(
                plural(
                    "repeats {n} frame, now {old}", "repeats {n} frames, now {old}",
                    new.repeated, old=old.repeated,
                )
            )  # fmt: skip
        if parts:
            yield tr("{subject}: {text}", subject=name, text=joined(parts, tr("; ")))


def _least(film: FilmFigures, shots: Sequence[str]) -> str:
    return f"{float(min(film.kept[shot] for shot in shots)):.0%}"


def as_records(before: Figures, after: Figures) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {"name": name, "before": old.record, "after": after[name].record}
        for name, old in before.items()
    ]


# -- Kinds -------------------------------------------------------------------------------------


def fitted_pictures(file: ListFile, plans: Sequence[Plan]) -> Iterator[Suggestion]:
    """First frames in the shape of what is made of them, where crops lose much or few shots make
    the film small."""
    able = _able_to_fit(file, plans)
    affected = {name for plan in plans for name in _misfits(plan)} & able
    if not affected:
        return
    why = tr("the first frame has another aspect than the deliverables")
    defaults = file.source.value.get("defaults")
    if affected == able == _ids(plans) and len(able) > 1 and isinstance(defaults, dict):
        change = Set(("defaults", "fit_image"), "match")
        yield Suggestion("fit-image", ("defaults.fit_image",), "match", why, (change,))
        return
    names = sorted(affected, key=file.shot)
    places = tuple(f"shots[{name}].fit_image" for name in names)
    on_shots = (file.on_shot(file.shot(name), "fit_image", "match") for name in names)
    yield Suggestion("fit-image", places, "match", why, tuple(chain.from_iterable(on_shots)))


def _ids(plans: Sequence[Plan]) -> set[str]:
    return {shot.shot.id for plan in plans for shot in plan.generated}


def _able_to_fit(file: ListFile, plans: Sequence[Plan]) -> set[str]:
    """The shots whose first frame can be prepared, and of which nobody has said how."""
    unable = {shot.shot.id for plan in plans for shot in plan.generated if not _can_fit(shot)}
    names = _ids(plans) - unable
    return {name for name in names if file.written(file.shot(name), "fit_image") is None}


def _can_fit(shot: PlannedShot) -> bool:
    image = shot.shot.image
    if image is None or isinstance(image, MadePicture):
        return False
    return not (isinstance(image, str) and is_url(image))


def _misfits(plan: Plan) -> Iterator[str]:
    """The shots of which a crop loses much, or that make a film much smaller than the others."""
    sizes = {shot.shot.id: shot.size for shot in plan.generated if shot.size}
    for deliverable in plan.deliverables:
        aspect, fit = deliverable.aspect, deliverable.fit
        units = {name: fit_unit(size, aspect, fit) for name, size in sizes.items()}
        if fit == "crop":
            yield from (n for n, size in sizes.items() if cropped_away(size, aspect) > LOSES_MUCH)
        if not deliverable.size:
            yield from what_shrinks(units)[0]


def own_rate(file: ListFile, plans: Sequence[Plan]) -> Iterator[Suggestion]:
    """The rate of all clips, where a deliverable asks for one that repeats frames."""
    shots = [shot for plan in plans for shot in plan.shots if sets_rate(shot)]
    rates = {shot.rate * shot.cut.speed for shot in shots}
    if len(rates) != 1:
        return
    (rate,) = rates
    for index, deliverable in enumerate(plans[0].deliverables):
        is_uneven = deliverable.fps and repeats(rate, deliverable.fps)
        if not is_uneven or deliverable.motion or rate.denominator > 1:
            continue
        changes = tuple(file.on_deliverable(index, "fps", rate.numerator))
        where = f"deliverables[{deliverable.name}].fps"
        why = tr("all clips have {rate} fps", rate=str(rate))
        yield Suggestion("own-rate", (where,), str(rate), why, changes)


Kind = Callable[[ListFile, Sequence[Plan]], Iterator[Suggestion]]
KINDS: tuple[Kind, ...] = (fitted_pictures, own_rate)
