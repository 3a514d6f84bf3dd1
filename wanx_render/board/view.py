"""What the page shows of shots, takes and deliverables: plan, journal and manifest in, JSON out.

Functions of records alone, so that a tab that joins late, or a server that was killed and started
again, shows the same.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import sqrt
from typing import Any
from urllib.parse import quote

from wanx_render.catalog.capabilities import Catalog
from wanx_render.events import Event
from wanx_render.frame import Frame
from wanx_render.geometry import Size
from wanx_render.language import NOTHING, Message, recorded, tr
from wanx_render.manifest import DeliverableRecord, Manifest
from wanx_render.marks.faults import marks_in
from wanx_render.marks.words import sentence
from wanx_render.money import show_money
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.plan import Plan, frame_of
from wanx_render.planning.planned import (
    AnyPlanned,
    Asked,
    PlannedFootage,
    PlannedPicture,
    PlannedShot,
    clip_rates,
)
from wanx_render.planning.take_status import TakeStatus
from wanx_render.planning.truth import IsHere, ShotTruth, ShotTruths, Truth, with_films
from wanx_render.reports.states import EVENTS
from wanx_render.shotlist.inputs import MadePicture
from wanx_render.shotlist.model import ClipShot, Deliverable
from wanx_render.shotlist.picks import Picks
from wanx_render.shotlist.references import numbered, references_of
from wanx_render.task import Reference, is_of_picture
from wanx_render.validation.context import is_url

REASONS = 5  # why a film is out of date; of a long list there may be a thousand


@dataclass
class Live:
    """What is known of a take at work, of the run in this process."""

    state: str
    text: Message = NOTHING
    polls: int | None = None
    left: float | None = None  # of the service's seconds, as far as is known
    at: datetime | None = None  # when that was known, by the service's clock

    @classmethod
    def after(cls, before: "Live | None", event: Event, now: datetime | None) -> "Live | None":
        """The take after one more event; None where it is no longer at work."""
        look = EVENTS[event.kind]
        state = look.board or (before.state if before else None)
        if state is None or look.ends == "take":
            return None
        return cls(state, event.text, event.polls, event.seconds_left, now)


@dataclass(frozen=True)
class Ledger:
    """The attempts of a folder, found by what was asked for."""

    clips: Mapping[str, Attempt] = field(default_factory=dict)
    last: Mapping[str, Attempt] = field(default_factory=dict)
    paid: Decimal = Decimal(0)

    @classmethod
    def of(cls, attempts: Iterable[Attempt]) -> "Ledger":
        clips: dict[str, Attempt] = {}
        last: dict[str, Attempt] = {}
        total = Decimal(0)
        for attempt in attempts:
            last[attempt.key] = attempt
            total += Decimal(attempt.amount or 0)
            if attempt.clip_name:
                clips[attempt.key] = attempt
        return cls(clips, last, total)


@dataclass(frozen=True)
class BoardState:
    """All that a view is made of."""

    plan: Plan
    statuses: Mapping[str, tuple[TakeStatus, ...]]  # by shot
    ledger: Ledger
    picks: Picks
    catalog: Catalog
    live: Mapping[tuple[str, int], Live]
    now: datetime  # by the service's clock
    wall: datetime  # by people's
    elsewhere: bool = False  # whether another program works on these takes
    manifest: Manifest | None = None
    is_here: IsHere = lambda _: True  # whether the file of a film is

    @cached_property
    def shots(self) -> ShotTruths:
        """What each shot is now."""
        statuses = [status for takes in self.statuses.values() for status in takes]
        return ShotTruths(self.plan, statuses, self.catalog)

    @cached_property
    def pictures(self) -> frozenset[str]:
        """The names of first frames that a model makes."""
        return frozenset(picture.shot.id for picture in self.plan.pictures)

    @cached_property
    def truth(self) -> Truth:
        """What each shot and each film is now."""
        return with_films(self.shots, self.manifest, self.is_here)


def shot(scene: BoardState, planned: PlannedShot) -> dict[str, Any]:
    """One shot with its takes."""
    request, entry = planned.picked.request, planned.shot
    choice = scene.picks.of(entry.id)
    focus = entry.focus
    return {
        "id": entry.id,
        "prompt": request.prompt,
        "template": request.template,
        "model": request.model,
        "tier": request.resolution,
        "seconds": request.duration - request.lead,
        "picture": _picture(planned) or _picture_made(scene, planned),
        "asked": request.ratio or (str(request.size) if request.size else None),
        "references": _references(planned, scene.catalog),
        **_begins(scene, planned),
        "pick": entry.pick,
        "chosen": planned.chosen,
        "rejected": list(choice.rejected),
        "focus": _thousandths(focus),
        "focused": choice.focus is not None,
        "fitted": bool(request.image and entry.fit_image and entry.fit_image.fit == "crop"),
        "takes": [take(scene, standing) for standing in scene.statuses[entry.id]],
        "truth": truth(scene.shots.of(entry.id), at_work=_is_at_work(scene, planned)),
    }


def made_picture(scene: BoardState, planned: PlannedPicture) -> dict[str, Any]:
    """A first frame that a model makes, with its takes: looked at before any clip is paid for."""
    request, entry = planned.picked.request, planned.shot
    choice = scene.picks.of(entry.id)
    return {
        "id": entry.id,
        "made_for": entry.of,
        "prompt": request.prompt,
        "template": None,
        "model": request.model,
        "tier": str(request.size or ""),
        "seconds": 0,
        "picture": None,
        "first_of": None,
        "pick": entry.pick,
        "chosen": planned.chosen,
        "rejected": list(choice.rejected),
        "focus": [500, 500],
        "focused": False,
        "fitted": False,
        "takes": [take(scene, standing) for standing in scene.statuses[entry.id]],
        "truth": truth(scene.shots.of(entry.id), at_work=_is_at_work(scene, planned)),
    }


def footage(scene: BoardState, planned: PlannedFootage) -> dict[str, Any]:
    """A shot of own footage or a still: nothing is asked for, and it has one take for ever."""
    entry, choice = planned.shot, scene.picks.of(planned.shot.id)
    is_clip = isinstance(entry, ClipShot)
    picture = f"/pictures/own/{quote(entry.id)}?v={planned.sha256[:8]}"
    video = {"clip": f"/footage/{quote(entry.id)}?v={planned.sha256[:8]}", "poster": picture}
    return {
        "id": entry.id,
        "own": "clip" if is_clip else "still",
        "prompt": entry.clip if isinstance(entry, ClipShot) else entry.still,
        "template": None,
        "seconds": round(float(planned.seconds), 2),
        "picture": picture,
        "pick": 1,
        "chosen": False,
        "rejected": [],
        "focus": _thousandths(entry.focus),
        "focused": choice.focus is not None,
        "fitted": False,
        "takes": [
            {
                "n": 1, "state": "done", "text": NOTHING, "fps": str(planned.rate),
                "width": planned.size.width, "height": planned.size.height,
                **(video if is_clip else {}),
            }
        ],
        "truth": {"state": "current", "text": NOTHING, "advice": NOTHING},
    }  # fmt: skip


Card = AnyPlanned | PlannedPicture  # what the board shows by itself


def cards_of(plan: Plan) -> tuple[Card, ...]:
    """Everything that the board shows, a picture before the shot that begins with it."""
    pictures = {picture.shot.of: picture for picture in plan.pictures}
    of_shots = ((pictures.get(planned.shot.id), planned) for planned in plan.shots)
    return tuple(card for pair in of_shots for card in pair if card)


def any_card(scene: BoardState, planned: Card) -> dict[str, Any]:
    """A shot of either kind, or a picture."""
    match planned:
        case PlannedFootage():
            return footage(scene, planned)
        case PlannedPicture():
            return made_picture(scene, planned)
        case PlannedShot():
            return shot(scene, planned)


def _is_at_work(scene: BoardState, planned: Asked) -> bool:
    return any((take.shot, take.number) in scene.live for take in planned.takes)


def truth(shot_truth: ShotTruth, *, at_work: bool) -> dict[str, Any]:
    """What a shot is now, why, and what it would cost to make it current.

    While one of its takes is ``at_work`` that is said by the take.
    """
    return {
        "state": shot_truth.state,
        "text": NOTHING if at_work else shot_truth.sentence,
        "why": shot_truth.why,
        "price": shot_truth.price if shot_truth.cost.amount else None,
        "chain": list(shot_truth.chain),
        "code": shot_truth.code,
        "advice": shot_truth.advice,
    }


def _picture(planned: PlannedShot) -> str | None:
    """The address of the shot's first frame, where it is a file or in the list itself."""
    image, sent = planned.shot.image, planned.picked.request.image
    if not isinstance(image, str) or is_url(image) or sent is None:
        return None
    version = hashlib.sha256(sent.identity.encode()).hexdigest()[:8]
    return f"/pictures/frame/{quote(planned.shot.id)}?v={version}"


def _references(planned: PlannedShot, catalog: Catalog) -> list[dict[str, Any]]:
    """Who or what a shot shows: what the model calls it, and its picture where that is here."""
    sent = planned.picked.request.references
    if not sent:
        return []
    words = catalog.models[planned.picked.request.model].words_for_references
    names = numbered((entry.kind for entry in sent), words)
    written = references_of(planned.shot)
    return [
        {
            "called": name,
            "name": reference.key if isinstance(reference.key, str) else None,
            "file": "data:" if reference.file.startswith("data:") else reference.file,
            "picture": _reference(planned.shot.id, number, entry),
        }
        for number, (reference, entry, name) in enumerate(zip(written, sent, names, strict=True))
    ]


def _reference(shot: str, number: int, reference: Reference) -> str | None:
    """The address of a picture among the references of a shot."""
    if reference.kind != "image" or reference.media.size is None:
        return None
    version = hashlib.sha256(reference.media.identity.encode()).hexdigest()[:8]
    return f"/pictures/reference/{quote(f'{shot}:{number}')}?v={version}"


def _begins(scene: BoardState, planned: PlannedShot) -> dict[str, Any]:
    """What a shot waits for: the end of another, or a picture that is made for it; and what it
    continues."""
    source, continues = planned.picked.waits_for, planned.shot.continues
    is_picture = source in scene.pictures
    return {
        "first_of": None if is_picture or continues else source,
        "continues": (continues.shot or continues.clip) if continues else None,
        "of_picture": source if is_picture else None,
    }


def _picture_made(scene: BoardState, planned: PlannedShot) -> str | None:
    """The address of a first frame that a model made, once it is there."""
    sent = scene.statuses[planned.shot.id][planned.shot.pick - 1].take.request.image
    if not isinstance(planned.shot.image, MadePicture) or sent is None or sent.path is None:
        return None
    return f"/pictures/made/{quote(sent.path.name)}"


def _thousandths(focus: Any) -> list[int]:
    """A point of focus in whole thousandths; of a path, where it begins."""
    point = getattr(focus, "start", focus)
    return [round(point.x * 1000), round(point.y * 1000)]


def take(scene: BoardState, status: TakeStatus) -> dict[str, Any]:
    """One take: its state, its message, its clip where there is one."""
    planned_take = status.take
    key = planned_take.request.key(scene.plan.backend)
    live = scene.live.get((planned_take.shot, planned_take.number))
    last = scene.ledger.last.get(key)
    clip = scene.ledger.clips.get(key) if status.state == "cached" else status.clip
    state = live.state if live else _state(status, last)
    if state == "owed" and scene.elsewhere and last and last.state == "submitted":
        state = "submitted"
    record: dict[str, Any] = {
        "n": planned_take.number,
        "state": state,
        "text": live.text if live else _text(scene, status, state, last),
        "seed": planned_take.request.seed,
        "price": show_money(planned_take.price) if planned_take.price else None,
        "width": planned_take.size.width if planned_take.size else None,
        "height": planned_take.size.height if planned_take.size else None,
        "fps": None if planned_take.request.is_picture else str(planned_take.rate),
    }
    if clip and state in ("done", "stale"):
        record |= _clip(clip)
    elif last and last.state in ("submitted", "succeeded"):
        record |= _underway(scene, last, live, state)
    return record


def _state(status: TakeStatus, last: Attempt | None) -> str:
    """The state of a take that is not at work now."""
    match status.state:
        case "cached":
            return "done"
        case "blocked":
            return "unresolved"
        case "resumed":
            return "owed"
        case "new":
            if status.clip and status.cause in ("chain", "changed"):
                return "stale"
            if last is None or last.state == "released":
                return "new"
            return "canceled" if last.code in ("Canceled", "Withdrawn") else "failed"


def _text(scene: BoardState, status: TakeStatus, state: str, last: Attempt | None) -> Message:
    """What is to be said of a take besides its state."""
    if state == "stale":
        truth = scene.shots.of(status.take.shot)
        return truth.why if truth.take == status.take.number else recorded(status.reason)
    if state in ("failed", "canceled") and last:
        message = recorded(last.message) if last.message else tr("no clip came")
        return tr("{subject}: {text}", subject=last.code or last.state, text=message)
    return recorded(status.reason) if state in ("new", "unresolved", "owed") else NOTHING


def _still(attempt: Attempt) -> dict[str, Any]:
    """A picture that a model made."""
    facts, name = attempt.clip_facts or {}, quote(attempt.clip_name or "")
    return {
        "still": f"/clips/{name}",
        "poster": f"/pictures/made/{name}",
        "cost": show_money(attempt.bill) if attempt.bill else None,
        "actual_prompt": attempt.actual_prompt,
        "seed": attempt.request.get("seed"),
        **{side: facts[side] for side in ("width", "height") if side in facts},
    }


def _clip(attempt: Attempt) -> dict[str, Any]:
    if is_of_picture(attempt.request):
        return _still(attempt)
    facts = attempt.clip_facts or {}
    record: dict[str, Any] = {
        "clip": f"/clips/{quote(attempt.clip_name or '')}",
        "poster": f"/pictures/clip/{quote(attempt.clip_name or '')}",
        "sound": facts.get("sound", False),
        "frames": facts.get("frames"),
        "cost": show_money(attempt.bill) if attempt.bill else None,
        "actual_prompt": attempt.actual_prompt,
        "marks": [sentence(mark) for mark in marks_in(facts)],
    }
    if "seed" in attempt.request:  # of a stale clip it is not that of the next request
        record["seed"] = attempt.request["seed"]
    if facts:
        record |= {"width": facts["width"], "height": facts["height"], "fps": facts["rate"]}
    return record


def _underway(scene: BoardState, last: Attempt, live: Live | None, state: str) -> dict[str, Any]:
    """How old a task is, how long it may still take, how long its result can be fetched."""
    age = (scene.now - last.asked_at).total_seconds()
    left = live.left if live else None
    if left is not None and live and live.at:
        left -= (scene.now - live.at).total_seconds()
    elif state in ("submitted", "pending", "running"):
        left = _usual(scene, last) - age
    hours = (last.expires_at - scene.wall).total_seconds() / 3600 if last.expires_at else None
    return {
        "task": last.task_id,
        "age": round(age, 1),
        "left": round(left, 1) if left is not None else None,
        "polls": live.polls if live else None,
        "hours": round(hours, 2) if hours is not None else None,
    }


def _usual(scene: BoardState, attempt: Attempt) -> float:
    """The documented time of such a task, the middle between its bounds."""
    model = scene.catalog.find(attempt.model)
    low, high = model.task_seconds.value if model else (60, 300)
    return sqrt(low * high)


def debts(scene: BoardState) -> list[dict[str, Any]]:
    """Results that were paid for and nobody is fetching, with the hours left to do so."""
    at_work = {take.name for take in scene.plan.takes if (take.shot, take.number) in scene.live}
    return [
        {
            "take": attempt.take.title,
            "hours": round((attempt.expires_at - scene.wall).total_seconds() / 3600, 2),
        }
        for attempt in scene.ledger.last.values()
        if attempt.state == "succeeded" and not attempt.clip_name and attempt.expires_at
        if attempt.take not in at_work
    ]


def deliverables(scene: BoardState) -> list[dict[str, Any]]:
    """Each deliverable as it will be, and as it is."""
    sizes = {
        deliverable.shot.id: size
        for deliverable in scene.plan.shots
        if (size := _size(scene, deliverable))
    }
    rates = clip_rates(scene.plan.shots)
    rows = []
    for deliverable, film in zip(scene.plan.deliverables, scene.truth.films, strict=True):
        is_sized = deliverable.size or len(sizes) == len(scene.plan.shots)
        frame = _frame(deliverable, sizes, rates) if is_sized else None
        rows.append(
            {
                "name": deliverable.name,
                "aspect": [deliverable.aspect.width, deliverable.aspect.height],
                "fit": deliverable.fit,
                "focus": {name: _thousandths(point) for name, point in deliverable.focus.items()},
                "size": str(frame.size) if frame else None,
                "fps": str(frame.rate) if frame else None,
                "state": film.state,
                "why": list(film.why[:REASONS]),
                "more_reasons": max(0, len(film.why) - REASONS),
                "fresh": film.state == "current",
                "made": _made(film.record) if film.record else None,
            }
        )
    return rows


def _frame(
    deliverable: Deliverable, sizes: Mapping[str, Size], rates: tuple[Fraction, ...]
) -> Frame | None:
    """The deliverable's frame; None where a clip came too small for any."""
    try:
        return frame_of(deliverable, sizes, rates)
    except ValueError:
        return None


def _size(scene: BoardState, planned: AnyPlanned) -> Size | None:
    """The picked clip's size: probed where it is there, else as predicted."""
    if isinstance(planned, PlannedFootage):
        return planned.size
    status = scene.statuses[planned.shot.id][planned.shot.pick - 1]
    attempt = scene.ledger.clips.get(status.take.request.key(scene.plan.backend))
    if attempt and attempt.clip_facts:
        return Size(attempt.clip_facts["width"], attempt.clip_facts["height"])
    return status.take.size


def _made(record: DeliverableRecord) -> dict[str, Any]:
    return {
        "url": f"/made/{quote(record.name)}?v={record.sha256[:12]}",
        "poster": f"/pictures/film/{quote(record.name)}?v={record.sha256[:12]}",
        "size": f"{record.width}x{record.height}",
        "width": record.width,
        "height": record.height,
        "fps": record.fps,
        "frames": record.frames,
        "seconds": f"{float(record.duration):.2f}",
        "loudness": record.loudness,
        "checks": len(record.checks),
        "hold": all(check.holds for check in record.checks),
        "notices": [recorded(notice) for notice in record.notices],
    }
