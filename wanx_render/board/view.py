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
from math import sqrt
from typing import Any
from urllib.parse import quote

from wanx_render.catalog.capabilities import Catalog
from wanx_render.events import Event
from wanx_render.frame import Frame
from wanx_render.geometry import Size
from wanx_render.manifest import DeliverableRecord, Manifest
from wanx_render.money import show_money
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.plan import Plan, PlannedShot, frame_of
from wanx_render.planning.take_status import TakeStatus
from wanx_render.reports.states import EVENTS
from wanx_render.shotlist.model import Deliverable
from wanx_render.shotlist.picks import Picks
from wanx_render.validation.context import is_url


@dataclass
class Live:
    """What is known of a take at work, of the run in this process."""

    state: str
    text: str = ""
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
        left = event.seconds_left
        return cls(state, event.text, event.polls, left, now)


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
        paid = Decimal(0)
        for attempt in attempts:
            last[attempt.key] = attempt
            paid += Decimal(attempt.amount or 0)
            if attempt.clip_name:
                clips[attempt.key] = attempt
        return cls(clips, last, paid)


@dataclass(frozen=True)
class Scene:
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


def shot(scene: Scene, planned: PlannedShot) -> dict[str, Any]:
    """One shot with its takes."""
    asked, written = planned.picked.request, planned.shot
    choice = scene.picks.of(written.id)
    focus = written.focus
    return {
        "id": written.id,
        "prompt": asked.prompt,
        "template": asked.template,
        "model": asked.model,
        "tier": asked.resolution,
        "seconds": asked.duration,
        "picture": _picture(planned),
        "first_of": planned.picked.waits_for,
        "pick": written.pick,
        "chosen": planned.chosen,
        "rejected": list(choice.rejected),
        "focus": _thousandths(focus),
        "focused": choice.focus is not None,
        "takes": [take(scene, each) for each in scene.statuses[written.id]],
    }


def _picture(planned: PlannedShot) -> str | None:
    """The address of the shot's first frame, where it is a file or stands in the list."""
    image = planned.shot.image
    if not isinstance(image, str) or is_url(image):
        return None
    version = hashlib.sha256(planned.picked.request.image.identity.encode()).hexdigest()[:8]
    return f"/pictures/frame/{quote(planned.shot.id)}?v={version}"


def _thousandths(focus: Any) -> list[int]:
    """A point of focus in whole thousandths; of a path, where it begins."""
    point = getattr(focus, "start", focus)
    return [round(point.x * 1000), round(point.y * 1000)]


def take(scene: Scene, status: TakeStatus) -> dict[str, Any]:
    """One take: its state in one word, what is to be said of it, its clip where there is one."""
    asked = status.take
    key = asked.request.key(scene.plan.backend)
    live = scene.live.get((asked.shot, asked.number))
    last = scene.ledger.last.get(key)
    found = scene.ledger.clips.get(key) if status.state == "cached" else None
    state = live.state if live else _state(status, last)
    if state == "owed" and scene.elsewhere and last and last.state == "submitted":
        state = "submitted"
    record: dict[str, Any] = {
        "n": asked.number,
        "state": state,
        "text": live.text if live else _text(status, state, last),
        "seed": asked.request.seed,
        "price": show_money(asked.price) if asked.price else None,
        "width": asked.size.width if asked.size else None,
        "height": asked.size.height if asked.size else None,
        "fps": str(asked.rate),
    }
    if found:
        record |= _clip(found)
    elif last and last.state in ("submitted", "succeeded"):
        record |= _underway(scene, last, live, state)
    return record


def _state(status: TakeStatus, last: Attempt | None) -> str:
    """What a take is that nobody works on now."""
    match status.state:
        case "cached":
            return "done"
        case "blocked":
            return "unresolved"
        case "resumed":
            return "owed"
        case "new":
            if last is None or last.state == "released":
                return "new"
            return "canceled" if last.code in ("Canceled", "Withdrawn") else "failed"


def _text(status: TakeStatus, state: str, last: Attempt | None) -> str:
    if state in ("failed", "canceled") and last:
        return f"{last.code or last.state}: {last.message or 'no clip came'}"
    return status.reason if state in ("new", "unresolved", "owed") else ""


def _clip(attempt: Attempt) -> dict[str, Any]:
    facts = attempt.clip_facts or {}
    record: dict[str, Any] = {
        "clip": f"/clips/{quote(attempt.clip_name or '')}",
        "poster": f"/pictures/clip/{quote(attempt.clip_name or '')}",
        "sound": facts.get("sound", False),
        "frames": facts.get("frames"),
        "cost": show_money(attempt.bill) if attempt.bill else None,
        "actual_prompt": attempt.actual_prompt,
    }
    if facts:
        record |= {"width": facts["width"], "height": facts["height"], "fps": facts["rate"]}
    return record


def _underway(scene: Scene, last: Attempt, live: Live | None, state: str) -> dict[str, Any]:
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


def _usual(scene: Scene, attempt: Attempt) -> float:
    """The documented time of such a task, the middle between its bounds."""
    model = scene.catalog.models.get(attempt.model)
    low, high = model.task_seconds.value if model else (60, 300)
    return sqrt(low * high)


def debts(scene: Scene) -> list[dict[str, Any]]:
    """Results that were paid for and nobody is fetching, with the hours left to do so."""
    at_work = {take.name for take in scene.plan.takes if (take.shot, take.number) in scene.live}
    return [
        {
            "take": each.label,
            "hours": round((each.expires_at - scene.wall).total_seconds() / 3600, 2),
        }
        for each in scene.ledger.last.values()
        if each.state == "succeeded" and not each.clip_name and each.expires_at
        if each.take not in at_work
    ]


def deliverables(scene: Scene, manifest: Manifest | None) -> list[dict[str, Any]]:
    """Each deliverable as it will be, and as it is."""
    made = {each.name: each for each in manifest.deliverables} if manifest else {}
    sizes = {each.shot.id: size for each in scene.plan.shots if (size := _size(scene, each))}
    rates = tuple(each.picked.rate for each in scene.plan.shots)
    fresh = manifest is not None and _fresh(scene, manifest)
    listed = []
    for each in scene.plan.deliverables:
        known = each.size or len(sizes) == len(scene.plan.shots)
        frame = _frame(each, sizes, rates) if known else None
        found = made.get(each.name)
        same = found is not None and found.aspect == str(each.aspect) and found.fit == each.fit
        listed.append(
            {
                "name": each.name,
                "aspect": [each.aspect.width, each.aspect.height],
                "fit": each.fit,
                "focus": {name: _thousandths(point) for name, point in each.focus.items()},
                "size": str(frame.size) if frame else None,
                "fps": str(frame.rate) if frame else None,
                "fresh": fresh and same,
                "made": _made(found) if found else None,
            }
        )
    return listed


def _frame(
    deliverable: Deliverable, sizes: Mapping[str, Size], rates: tuple[Fraction, ...]
) -> Frame | None:
    """The deliverable's frame; None where a clip came too small for any."""
    try:
        return frame_of(deliverable, sizes, rates)
    except ValueError:
        return None


def _size(scene: Scene, planned: PlannedShot) -> Size | None:
    """The picked clip's size: probed where it is there, else as predicted."""
    status = scene.statuses[planned.shot.id][planned.shot.pick - 1]
    found = scene.ledger.clips.get(status.take.request.key(scene.plan.backend))
    if found and found.clip_facts:
        return Size(found.clip_facts["width"], found.clip_facts["height"])
    return status.take.size


def _fresh(scene: Scene, manifest: Manifest) -> bool:
    """Whether what was delivered is made of the clips and points that are chosen now."""
    now = [
        (
            each.shot.id,
            found.clip_sha256 if (found := _picked_clip(scene, each)) else None,
            _thousandths(each.shot.focus),
        )
        for each in scene.plan.shots
    ]
    then = [
        (each.id, _sha256(each.picked, each.takes), _points(each.focus)) for each in manifest.shots
    ]
    return now == then


def _picked_clip(scene: Scene, planned: PlannedShot) -> Attempt | None:
    status = scene.statuses[planned.shot.id][planned.shot.pick - 1]
    if status.state != "cached":
        return None
    return scene.ledger.clips.get(status.take.request.key(scene.plan.backend))


def _sha256(picked: int, takes: Iterable[Any]) -> str | None:
    return next((each.sha256 for each in takes if each.take == picked), None)


def _points(focus: Iterable[str]) -> list[int]:
    return [round(Fraction(each) * 1000) for each in focus]


def _made(record: DeliverableRecord) -> dict[str, Any]:
    return {
        "url": f"/made/{quote(record.name)}?v={record.sha256[:12]}",
        "size": f"{record.width}x{record.height}",
        "width": record.width,
        "height": record.height,
        "fps": record.fps,
        "frames": record.frames,
        "seconds": f"{float(record.duration):.2f}",
        "loudness": record.loudness,
        "checks": len(record.checks),
        "hold": all(check.holds for check in record.checks),
        "notices": list(record.notices),
    }
