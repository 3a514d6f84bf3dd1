"""Where a plan stands: what of it is already there, what runs, what must be asked for, and why.

A plan and the journal of its folder in, one ``TakeStatus`` for each take out. Nothing is sent.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from wanx_render.catalog.capabilities import Catalog
from wanx_render.language import NOTHING, Message, joined, recorded, tr, verbatim
from wanx_render.media.picture import prepared_record
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.origins import Origins
from wanx_render.planning.plan import Plan, in_turn
from wanx_render.planning.planned import Asked, PlannedFootage, Take, of_footage
from wanx_render.task import InputMedia, TaskRequest, part_seconds, source_of

State = Literal["new", "cached", "resumed", "blocked"]
# Why it stands so. here: its clip is. chain: it begins as another clip ended. changed: it was asked
# for otherwise. gone, damaged: its clip. ended: it was asked for, and no clip came. asked: its clip
# may come. doubt, expired, refused: a person decides. never: nothing else is known.
Cause = Literal[
    "never", "here", "chain", "changed", "gone", "damaged", "ended", "asked",
    "doubt", "expired", "refused",
]  # fmt: skip
NEVER = tr("not requested yet")


@dataclass(frozen=True, slots=True)
class TakeStatus:
    """One take, complete as far as can be known now, and what will become of it."""

    take: Take
    state: State
    reason: Message
    cascade: bool = False  # new for no other reason than that its first frame changes
    complete: bool = True  # whether its first frame, and with it seed and key, are known
    cause: Cause = "never"
    clip: Attempt | None = None  # whose clip is here: what it asks for now, or did before
    last: Attempt | None = None  # at this request, where it left no clip


@dataclass(frozen=True)
class _View:
    """What a plan is compared with, and how."""

    plan: Plan
    origins: Origins | None
    cascade: bool
    insisted: Collection[str]
    catalog: Catalog | None

    @property
    def backend(self) -> str:
        return self.plan.backend

    @cached_property
    def pictures(self) -> frozenset[str]:
        """The names of first frames that a model makes."""
        return frozenset(picture.shot.id for picture in self.plan.pictures)

    @cached_property
    def footage(self) -> dict[str, PlannedFootage]:
        """The shots that are there already, by their names."""
        return {footage.shot.id: footage for footage in self.plan.footage}

    def is_moderation(self, attempt: Attempt) -> bool:
        """Whether the service refused what was asked for because of what is in it."""
        if self.catalog is None:
            return False
        return self.catalog.meaning(attempt.code or "", attempt.message or "").kind == "moderation"


def take_statuses(
    plan: Plan,
    origins: Origins | None,
    *,
    cascade: bool = True,
    insisted: Collection[str] = (),
    catalog: Catalog | None = None,
) -> tuple[TakeStatus, ...]:
    """How each take of the plan stands by the journal of ``origins``; without one all are new.

    Without ``cascade`` a clip is kept though the frame that its shot begins with has changed.
    ``insisted`` are shots that a person wants sent again whatever became of them before; the
    ``catalog`` knows which codes mean that the service refused the content.
    """
    view = _View(plan, origins, cascade, insisted, catalog)
    shots: dict[str, Asked] = {shot.shot.id: shot for shot in plan.asked}
    statuses: dict[str, list[TakeStatus]] = {}
    for name in in_turn({name: _source(shot, shots) for name, shot in shots.items()}):
        shot = shots[name]
        source = shots[w] if (w := _source(shot, shots)) else None
        first = statuses[source.shot.id][source.shot.pick - 1] if source else None
        statuses[name] = [_stand(take, view, first) for take in shot.takes]
    return tuple(status for name in shots for status in statuses[name])


def _source(shot: Asked, shots: Mapping[str, Asked]) -> str | None:
    """The generated shot that a shot goes on from, or the picture that is made for it; own footage
    is there already."""
    return waits_for if (waits_for := shot.picked.waits_for) in shots else None


def identities(plan: Plan, statuses: tuple[TakeStatus, ...]) -> dict[tuple[str, int], str]:
    """What each take asks for, also across lists: equal ones are one request, paid once.

    A first frame that is not there yet counts by what the clip it comes from asks for.
    """
    takes = {(s.take.shot, s.take.number): s.take for s in statuses}
    picks = {shot.shot.id: shot.shot.pick for shot in plan.asked}
    sources = {
        name: (take.waits_for, picks[take.waits_for]) if take.waits_for in picks else None
        for name, take in takes.items()
    }
    by_take: dict[tuple[str, int], str] = {}
    for name in in_turn(sources):
        key, source = takes[name].request.key(plan.backend), sources[name]
        by_take[name] = f"{by_take[source]} {key}" if source else key
    return by_take


def _stand(take: Take, view: _View, source: TakeStatus | None) -> TakeStatus:
    if take.waits_for is None:
        return _settled(take, view)
    origins = view.origins
    before = _kept(take, origins.journal, origins.folder, view.backend) if origins else None
    if before and not view.cascade:
        return _settled(before[0], view)
    clip = before[1] if before else None
    frame = _last_frame(take, source, view)
    if frame is None:
        return replace(_follows(take, clip, view), complete=False)
    complete = (
        origins.following(take, frame, view.backend) if origins else take.beginning_with(frame)
    )
    status = _settled(complete, view)
    new = status.state == "new" and clip is not None
    return replace(_follows(complete, clip, view), last=status.last) if new else status


def _follows(take: Take, clip: Attempt | None, view: _View) -> TakeStatus:
    """A take that is to be made with a first frame that another shot gives.

    ``clip`` is the one that it has, of another first frame.
    """
    if clip is None:
        reason = _begins(take, view)
        older = _older_clip(take, view)
        return TakeStatus(take, "new", reason, cause="changed" if older else "never", clip=older)
    reason = (
        tr("the clip that it continues changes; --no-cascade keeps the existing clip")
        if take.request.first_clip
        else tr("its first frame changes; --no-cascade keeps the existing clip")
    )
    return TakeStatus(take, "new", reason, cascade=True, cause="chain", clip=clip)


def _begins(take: Take, view: _View) -> Message:
    """What a take waits for that has no clip yet."""
    if take.waits_for in view.pictures:
        return tr("starts from the picture {name}, which is made first", name=take.waits_for)
    if take.request.first_clip:
        return tr("continues the clip of {shot}", shot=take.waits_for)
    return tr("starts from the last frame of {shot}", shot=take.waits_for)


def _settled(take: Take, view: _View) -> TakeStatus:
    """How a take stands whose request is complete."""
    if view.origins is None:
        return TakeStatus(take, "new", NEVER)
    journal, folder = view.origins.journal, view.origins.folder
    key = take.request.key(view.backend)
    previous = journal.clip_for(key)
    if previous and is_here(previous, folder):
        reason = tr("its clip is {file}", file=previous.clip_name)
        if take.request.is_picture:
            reason = tr("its picture is {file}", file=previous.clip_name)
        if take.instead:
            reason = tr("{reason}; {kept}", reason=reason, kept=_kept_as(take))
        return TakeStatus(take, "cached", reason, cause="here", clip=previous)
    attempt, older = journal.owed_for(key), _older_clip(take, view)
    if attempt and attempt.task_id:
        reason = tr("task {task} was requested earlier", task=attempt.task_id)
        return TakeStatus(take, "resumed", reason, cause="asked", clip=older, last=attempt)
    if attempt and attempt.sent_at:
        why = recorded(attempt.message) if attempt.message else tr("interrupted")
        reason = tr("requested earlier, outcome unknown: {reason}", reason=why)
        return TakeStatus(take, "blocked", reason, cause="doubt", clip=older, last=attempt)
    last = journal.last_at(key)
    if last and take.shot not in view.insisted and (reason := _blocked(last, view)):
        cause: Cause = "expired" if last.state == "lost" else "refused"
        return TakeStatus(take, "blocked", reason, cause=cause, clip=older, last=last)
    return _new(take, previous, older, view)


def is_here(attempt: Attempt, folder: Path) -> bool:
    """Whether the clip of ``attempt`` is in the folder, as long as it was."""
    if attempt.clip_name is None:
        return False
    try:
        size = (folder / "clips" / attempt.clip_name).stat().st_size
    except OSError:
        return False
    return attempt.clip_bytes in (None, size)


def _older_clip(take: Take, view: _View) -> Attempt | None:
    """The newest clip that is here of a take by this name, whatever it asked this backend for."""
    if view.origins is None:
        return None
    folder, clips = view.origins.folder, view.origins.journal.clips_of(take.label)
    own = (clip for clip in clips if clip.scope.partition(" ")[0] == view.backend)
    return next((clip for clip in own if is_here(clip, folder)), None)


def _kept_as(take: Take) -> Message:
    """Which picture a kept clip was made of, and how to have one of another."""
    shot = take.name.shot_label
    values = {"then": _aspect(take.request), "now": _aspect(take.instead), "shot": shot}
    return tr("it was made for {then}; --retake {shot} makes one for {now}", **values)


def _aspect(request: TaskRequest | None) -> Message:
    if request and request.image is None:
        return verbatim(request.ratio or str(request.size))
    preparation = request.image.preparation if request and request.image else None
    if preparation is None or preparation.aspect is None:
        return tr("the whole picture")
    return verbatim(str(preparation.aspect))


def _blocked(last: Attempt, view: _View) -> Message:
    """Why a request is not sent again without a person; mostly nothing."""
    if last.state == "lost":
        return tr(
            "expired, possibly paid: the service no longer reports it; "
            "to send it again, run wanx-render resolve FILE {id} --release",
            id=last.id,
        )
    if last.state in ("failed", "refused") and view.is_moderation(last):
        return tr(
            "{code}: not sent again unchanged; change the prompt or the picture, "
            "or use --retake {shot}",
            code=last.code,
            shot=last.take.shot_label,
        )
    return NOTHING


def kept(take: Take, journal: Journal, folder: Path, backend: str) -> Take | None:
    """The chained take as it was last made, from whatever first frame there was then.

    None where it never was, or was asked for otherwise than now.
    """
    before = _kept(take, journal, folder, backend)
    return before[0] if before else None


def _kept(take: Take, journal: Journal, folder: Path, backend: str) -> tuple[Take, Attempt] | None:
    """The chained take as it was last made, with the attempt that left its clip."""
    if take.waits_for is None:
        return None
    fields = _but_first_frame(take.request.record())
    for attempt in journal.clips_of(take.label):
        if is_here(attempt, folder) and _but_first_frame(attempt.request) == fields:
            request = _as_asked(take, attempt)
            if request.key(backend) == attempt.key:
                return replace(take, request=request, waits_for=None), attempt
    return None


def _as_asked(take: Take, attempt: Attempt) -> TaskRequest:
    """The request of a take, beginning with what ``attempt`` began with."""
    request = replace(
        take.request,
        last_image=_last_image_then(take, attempt),
        seed=int(attempt.request["seed"]),
    )
    if (clip := take.request.first_clip) is None:
        return replace(request, image=InputMedia(str(attempt.request["image"])))
    identity = str(attempt.request.get("first_clip"))
    is_as_long = part_seconds(identity) == take.request.lead
    return replace(request, first_clip=replace(clip, identity=identity)) if is_as_long else request


def _last_image_then(take: Take, attempt: Attempt) -> InputMedia | None:
    """The last frame of a take, prepared as it was where that follows from the deliverables."""
    last = take.request.last_image
    if last is None or take.preparing is None or not take.preparing.matches:
        return last
    return replace(last, preparation=prepared_record.of_frame(attempt.prepared, "last_image"))


def lost(
    statuses: Iterable[TakeStatus], journal: Journal, folder: Path, backend: str
) -> Iterator[tuple[TakeStatus, Attempt]]:
    """The takes that would be paid again, each with a clip that it had and is gone from here.

    Of a chained take, whose first frame may be gone too, each clip that it may have been.
    """
    for status in statuses:
        if status.state != "new":
            continue
        take = status.take
        if take.waits_for is None:
            previous = journal.clip_for(take.request.key(backend))
            attempts = [previous] if previous else []
        else:
            fields, had = _but_first_frame(take.request.record()), journal.clips_of(take.label)
            attempts = [a for a in had if _but_first_frame(a.request) == fields]
        for attempt in attempts:
            if not (folder / "clips" / (attempt.clip_name or "")).is_file():
                yield status, attempt


def _but_first_frame(record: Mapping[str, Any]) -> dict[str, Any]:
    """A request but for its first frame, and the seed that is derived from it."""
    begins = ("image", "first_clip", "seed")
    fields = {name: value for name, value in record.items() if name not in begins}
    return {**fields, "last_image": source_of(str(record.get("last_image")))}


def _last_frame(take: Take, source: TakeStatus | None, view: _View) -> InputMedia | None:
    """The first frame of a chained take, where the clip it comes from is there."""
    if footage := view.footage.get(take.waits_for or ""):
        return of_footage(take, footage)
    if source is None or source.state != "cached" or not view.origins:
        return None
    clip = view.origins.journal.clip_for(source.take.request.key(view.backend))
    if clip is None:
        return None
    return view.origins.source(take, clip, view.backend, source.take.size)


def _new(take: Take, previous: Attempt | None, older: Attempt | None, view: _View) -> TakeStatus:
    """A take that is to be asked for, and why; ``previous`` left a clip that cannot be used."""

    def new(cause: Cause, reason: Message, last: Attempt | None = None) -> TakeStatus:
        return TakeStatus(take, "new", reason, cause=cause, clip=older, last=last)

    if previous and view.origins:
        if (view.origins.folder / "clips" / (previous.clip_name or "")).is_file():
            return new("damaged", tr("its clip is damaged"))
        return new("gone", tr("its clip is missing from the folder"))
    last = view.origins.journal.latest(take.label) if view.origins else None
    if last is None:
        return new("never", NEVER)
    if last.key == take.request.key(view.backend):
        why = verbatim(last.code) if last.code else recorded(last.message or "")
        state = _ENDS.get(last.state, verbatim(last.state))
        reason = tr("{state} before: {reason}", state=state, reason=why or tr("no clip"))
        return new("ended", reason, last)
    if changes := _changes(last.request, take.request.record()):
        return new("changed", tr("changed: {keys}", keys=joined(changes, tr(", "))))
    return new("never", _elsewhere(last.scope.partition(" ")[0], view))


def _elsewhere(backend: str, view: _View) -> Message:
    """A take that another backend made."""
    if backend == "mock" and view.backend != "mock":
        return tr("made on the mock; not requested from the service yet")
    return tr("made by another backend ({name})", name=backend)


# How an attempt at the same request ended that left no clip.
_ENDS: dict[str, Message] = {
    "failed": tr("failed"),
    "refused": tr("refused"),
    "released": tr("released"),
    "lost": tr("expired"),
}
_KEYS = {
    "sound": "audio",
    "sound_file": "audio",
    "first_clip": "continue",
}  # as the list names them


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The keys that differ; a derived seed follows from the others."""
    names = [_changed(name, before, now) for name in now if before.get(name) != now[name]]
    return list(dict.fromkeys(name for name in names if name != "seed")) or names


def _changed(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The key of a list that made a field of the request another one."""
    if name in ("image", "last_image"):
        was, is_now = str(before.get(name)), str(now[name])
        return "fit_image" if source_of(was) == source_of(is_now) else name
    return _KEYS.get(name, name)
