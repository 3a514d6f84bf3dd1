"""What is recorded of a finished deliverable, and the key that says whether it is up to date."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from wanx_render.effects.overlays import DrawnOverlay
from wanx_render.errors import Broken
from wanx_render.files import seen_from
from wanx_render.finishing.jobs import JoinCall, Joined
from wanx_render.finishing.timeline import Overlap
from wanx_render.geometry import Size, crop_text, enlargement
from wanx_render.language import tr
from wanx_render.manifest import (
    DeliverableRecord,
    LabelRecord,
    OverlayRecord,
    PartRecord,
    StillRecord,
)
from wanx_render.media.ai_labels import Merged, Provenance, with_own
from wanx_render.planning.plan import Plan
from wanx_render.run.effects import Effects
from wanx_render.run.layout import Layout, Layouts
from wanx_render.run.words import write_beside
from wanx_render.shotlist.model import Deliverable, gaze_at
from wanx_render.timing import frames_in

JOIN_VERSION = 4


def join_key(keys: Sequence[str], call: JoinCall) -> str:
    """What a deliverable and its pictures depend on: segments, sound, frames, labels."""
    stills = asdict(call.stills) if call.stills else {}
    fields = [str(JOIN_VERSION), *keys, json.dumps(stills, sort_keys=True, default=str)]
    labels = [*call.label.tags, ("", call.pictured)]
    if any(text for _, text in labels):  # else the key stays what earlier versions gave
        fields.append(json.dumps(labels))
    return hashlib.sha256(" ".join(fields).encode()).hexdigest()


def merged_label(deliverable: Deliverable, sources: Iterable[Provenance]) -> Merged:
    """The label in the metadata of a deliverable that is made of ``sources``."""
    own = deliverable.label.fields if deliverable.label else {}
    return with_own((label for source in sources for label in source.labels), own)


def record_of(
    call: JoinCall, key: str, joined: Joined, parts: tuple[PartRecord, ...]
) -> DeliverableRecord:
    """The record of a deliverable; its pictures are written beside it. Raises Broken."""
    pictures, folder = joined.pictures, call.target.parent
    if pictures is None:
        raise Broken(tr("{name}: its pictures are missing", name=call.name))
    poster, sheet = (folder / f"{call.name}.{kind}.jpg" for kind in ("poster", "sheet"))
    return DeliverableRecord(
        name=call.name,
        path=call.target.name,
        width=call.frame.size.width,
        height=call.frame.size.height,
        aspect=str(call.frame.aspect),
        fit=call.frame.fit,
        fps=str(call.frame.rate),
        frames=call.frames,
        duration=f"{float(joined.duration):.6f}",
        sha256=joined.sha256,
        loudness=joined.loudness,
        key=key,
        parts=parts,
        checks=joined.checks,
        notices=joined.notices,
        poster=_write_still(poster, pictures.poster, call.frame.size),
        sheet=_write_still(sheet, pictures.sheet, pictures.sheet_size),
        labels=tuple(LabelRecord(tag, text) for tag, text in call.label.tags),
        overlays=_overlay_records(call.overlays, folder),
        fade_in=call.faded[0],
        fade_out=call.faded[1],
        background=call.frame.background if call.frame.fit == "pad" else "",
        levels=joined.levels,
    )


def _overlay_records(overlays: Iterable[DrawnOverlay], folder: Path) -> tuple[OverlayRecord, ...]:
    return tuple(
        OverlayRecord(
            seen_from(folder, overlay.path), **asdict(overlay.box), opacity=str(overlay.opacity),
            start=overlay.start, frames=overlay.frames,
        )
        for overlay in overlays
    )  # fmt: skip


def _write_still(path: Path, data: bytes, size: Size) -> StillRecord:
    write_beside(path, data)
    return StillRecord(path.name, size.width, size.height, hashlib.sha256(data).hexdigest())


def parts_of(
    plan: Plan, layouts: Layouts, deliverable: Deliverable, layout: Layout, folder: Path
) -> tuple[PartRecord, ...]:
    """Where each shot is seen, and what was done to it; shots may share frames. Paths are as seen
    from ``folder``."""
    effects = Effects(plan)
    parts = []
    for number, shot in enumerate(plan.shots):
        part = _part(plan, layouts, deliverable, layout, number)
        look = effects.look(shot.shot, deliverable)
        over = effects.over_shot(shot.shot, deliverable, layout.frame, part.frames)
        parts.append(
            replace(
                part,
                look=seen_from(folder, look.path) if look else None,
                overlays=_overlay_records(over, folder),
            )
        )
    return tuple(parts)


def _part(
    plan: Plan, layouts: Layouts, deliverable: Deliverable, layout: Layout, number: int
) -> PartRecord:
    frame, shot = layout.frame, plan.shots[number]
    take, gaze = layouts.landed[shot.shot.id], gaze_at(shot.shot, deliverable)
    cut, parts = shot.cut_at(take.rate), layout.of[shot.shot.id]
    factor = enlargement(take.size, frame.size, frame.aspect, frame.fit)
    overlaps = (part for part in parts if isinstance(part, Overlap) and part.shot == number)
    return PartRecord(
        shot=shot.shot.id,
        start=parts[0].start,
        frames=sum(part.frames for part in parts),
        crop=crop_text(take.size, frame.aspect, gaze) if frame.fit == "crop" else None,
        enlarged=f"{float(factor):.3f}",
        held=max(cut.start + cut.frames - take.whole, 0),
        shared=sum(overlap.frames for overlap in overlaps),
        speed=str(cut.speed),
        stood=frames_in(cut.hold, frame.rate),
        colours=str(take.quirks.colours),
    )
