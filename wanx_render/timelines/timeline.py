"""A deliverable as an editing program sees it: whole clips, what is used of them, what joins them.

The manifest in, one ``Timeline`` out; the writers beside this module turn it into files. All times
are integers or fractions: frames of the timeline, frames of a clip, samples of 48 kHz.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from wanx_render.geometry import Box, Size, boxes_in
from wanx_render.manifest import (
    DeliverableRecord,
    FootageRecord,
    Manifest,
    OverlayRecord,
    PartRecord,
    ShotRecord,
    SoundRecord,
    TakeRecord,
)
from wanx_render.timing import SAMPLE_RATE, frames_in, samples_in

Link = Callable[[str], str]  # from a path in the render folder to what a timeline's file says of it


@dataclass(frozen=True, slots=True)
class Clip:
    """A shot's picked clip, and where it is seen; neighbours may share frames."""

    shot: str
    take: int
    media: str  # from the render folder
    size: Size
    rate: Fraction  # the clip's own
    available: int  # of its own frames
    first: int  # of its own frames, the first that is seen
    begin: int  # in frames of the timeline
    end: int
    frozen: int  # so many frames of the timeline at its end stand still
    speed: Fraction
    sound: bool
    gain: str  # decibels, or -Infinity
    caption: str
    facts: dict[str, Any]  # prompt, seed, model and the rest
    crop: tuple[Box, ...] = ()  # of its picture, what fills the frame; two where that moves

    @property
    def title(self) -> str:
        """What a marker calls it: the take that it is, or that it is the user's own."""
        if not self.take:
            return f"{self.shot}, own footage"
        return f"{self.shot} take {self.take}, seed {self.facts.get('seed')}"


@dataclass(frozen=True, slots=True)
class Joint:
    """How a clip goes over into the next one, for ``frames`` of the timeline; 0 is a cut."""

    kind: str
    way: str
    frames: int

    @property
    def name(self) -> str:
        return f"{self.kind} {self.way}".strip()


@dataclass(frozen=True, slots=True)
class SoundStretch:
    """A stretch of a sound file, in samples of 48 kHz."""

    kind: str
    media: str
    begin: int
    frames: int
    skip: int  # of its own, before the first that is heard
    available: int
    gain: str
    fade_in: int
    fade_out: int
    ducked: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """One deliverable, untrimmed. ``joints`` stand between the clips."""

    project: str
    name: str
    size: Size
    rate: Fraction
    fit: str
    frames: int
    clips: tuple[Clip, ...]
    joints: tuple[Joint, ...]
    sounds: tuple[SoundStretch, ...]
    effects: tuple[tuple[str, str], ...] = ()  # that editing programs are not given
    fade_in: int = 0  # frames
    fade_out: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands between two cuts: a clip at work, or its last frame standing.

    ``first`` is the first of the clip's own frames that is used, which need not be whole.
    """

    clip: Clip
    begin: int
    frames: int
    first: Fraction
    still: bool = False


@dataclass(frozen=True, slots=True)
class Crossing:
    """A joint around a cut: so many frames of the timeline before it, and after it."""

    joint: Joint
    before: int
    after: int


def timeline_of(manifest: Manifest, deliverable: DeliverableRecord) -> Timeline:
    """The timeline of one of the manifest's deliverables."""
    shots = manifest.shots_of(deliverable)
    rate = Fraction(deliverable.fps)
    clips = tuple(_clip(shots[part.shot], part, rate) for part in deliverable.parts)
    joints = tuple(_joint(shots[part.shot], part) for part in deliverable.parts[:-1])
    samples = samples_in(deliverable.frames, rate)
    sounds = tuple(sound for record in deliverable.sounds for sound in _sounds(record, samples))
    return Timeline(
        project=manifest.project,
        name=deliverable.name,
        size=Size(deliverable.width, deliverable.height),
        rate=rate,
        fit=deliverable.fit,
        frames=deliverable.frames,
        clips=clips,
        joints=joints,
        sounds=sounds,
        effects=tuple(_effects(deliverable)),
        fade_in=deliverable.fade_in,
        fade_out=deliverable.fade_out,
    )


def _effects(deliverable: DeliverableRecord) -> Iterator[tuple[str, str]]:
    for key, frames in (("fade in", deliverable.fade_in), ("fade out", deliverable.fade_out)):
        if frames:
            yield key, f"{frames} frames"
    for overlay in deliverable.overlays:
        yield "overlay", _overlay(overlay)


def _overlay(overlay: OverlayRecord) -> str:
    place = f"{overlay.width}x{overlay.height}+{overlay.x}+{overlay.y}"
    return f"{overlay.file} {place} from frame {overlay.start} for {overlay.frames}"


def _clip(shot: ShotRecord, part: PartRecord, rate: Fraction) -> Clip:
    if shot.footage:
        take, facts = _as_take(shot.footage), {"source": shot.footage.source, "crop": part.crop}
        return _used(shot, part, rate, take, facts)
    take = next(candidate for candidate in shot.takes if candidate.take == shot.picked)
    return _used(shot, part, rate, take, _facts(take, part))


def _as_take(footage: FootageRecord) -> TakeRecord:
    """Own footage in the form of a clip of the service."""
    return TakeRecord(
        take=0, state="succeeded", request={}, clip=footage.clip, sha256=footage.sha256,
        width=footage.width, height=footage.height, fps=footage.fps, frames=footage.frames,
        sound=footage.sound,
    )  # fmt: skip


def _used(
    shot: ShotRecord, part: PartRecord, rate: Fraction, take: TakeRecord, facts: dict[str, Any]
) -> Clip:
    own, speed = Fraction(take.fps or "30"), Fraction(part.speed)
    available = take.frames or shot.cut_start + part.frames
    # Frames that the clip was to have and has not are its last one, standing.
    missing = frames_in(Fraction(part.held) / own / speed, rate)
    return Clip(
        shot=shot.id,
        take=shot.picked,
        media=take.clip or "",
        size=Size(take.width or 0, take.height or 0),
        rate=own,
        available=available,
        first=shot.cut_start,
        begin=part.start,
        end=part.start + part.frames,
        frozen=min(part.stood + missing, part.frames),
        speed=speed,
        sound=bool(take.sound),
        gain=shot.gain,
        caption=shot.caption,
        facts={name: value for name, value in facts.items() if value is not None} | _dressed(part),
        crop=boxes_in(part.crop) if part.crop else (),
    )


def _dressed(part: PartRecord) -> dict[str, Any]:
    """The look and the overlays of a shot, which editing programs are not given."""
    dressed = {"look": part.look, "overlays": [_overlay(overlay) for overlay in part.overlays]}
    return {name: value for name, value in dressed.items() if value}


def _facts(take: TakeRecord, part: PartRecord) -> dict[str, Any]:
    """What an editor may want to know of a take, without what is not known."""
    request = take.request
    facts = {
        "prompt": request.get("prompt"),
        "negative_prompt": request.get("negative_prompt"),
        "actual_prompt": take.actual_prompt,
        "template": request.get("template"),
        "seed": request.get("seed"),
        "model": request.get("model"),
        "take": take.take,
        "task_id": take.task_id,
        "sha256": take.sha256,
        "crop": part.crop,
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _joint(shot: ShotRecord, part: PartRecord) -> Joint:
    if not part.shared:
        return Joint("cut", "", 0)
    return Joint(shot.transition, shot.transition_way, part.shared)


def _sounds(record: SoundRecord, samples: int) -> Iterator[SoundStretch]:
    """The stretches that a sound file fills; music begins again where its file ends."""
    at, skip = record.start, record.skip
    while at < samples:
        length = record.length or skip + samples - at
        frames = min(length - skip, samples - at)
        if frames <= 0:
            return
        ends = at + frames >= samples
        yield SoundStretch(
            kind=record.kind,
            media=record.file,
            begin=at,
            frames=frames,
            skip=skip,
            available=length,
            gain=record.gain,
            fade_in=record.fade_in if at == record.start else 0,
            fade_out=record.fade_out if ends else 0,
            ducked=record.ducked,
        )
        if record.kind == "voice":
            return
        at, skip = at + frames, 0


def pieces(timeline: Timeline) -> Iterator[Piece | Crossing]:
    """The timeline as programs lay it out that put joints around a cut."""
    crossings = [
        _crossing(clip, joint) for clip, joint in zip(timeline.clips, timeline.joints, strict=False)
    ]
    for number, clip in enumerate(timeline.clips):
        lead = crossings[number - 1].before if number else 0
        last = crossings[number] if number < len(crossings) else None
        yield from _between(
            clip, clip.begin + lead, clip.end - (last.after if last else 0), timeline
        )
        if last and last.joint.frames:
            yield last


def _crossing(clip: Clip, joint: Joint) -> Crossing:
    """The cut in the middle of a joint, or where standing frames leave it whole media."""
    before = joint.frames // 2
    if 0 < clip.frozen < joint.frames:
        before = joint.frames - clip.frozen
    return Crossing(joint, before, joint.frames - before)


def _between(clip: Clip, begin: int, end: int, timeline: Timeline) -> Iterator[Piece]:
    stops = max(min(clip.end - clip.frozen, end), begin)
    if stops > begin:
        seconds = (begin - clip.begin) / timeline.rate * clip.speed
        yield Piece(clip, begin, stops - begin, clip.first + seconds * clip.rate)
    if end > stops:
        last = min(clip.first + used(clip, clip.end - clip.frozen, timeline), clip.available) - 1
        yield Piece(clip, stops, end - stops, Fraction(max(last, clip.first)), still=True)


def used(clip: Clip, until: int, timeline: Timeline) -> int:
    """How many of its own frames a clip has shown by frame ``until`` of the timeline."""
    return frames_in((until - clip.begin) / timeline.rate * clip.speed, clip.rate)


def seconds_of(samples: int) -> Fraction:
    return Fraction(samples, SAMPLE_RATE)


def rows_of(sounds: tuple[SoundStretch, ...]) -> list[list[SoundStretch]]:
    """Sounds on as few tracks as hold them without overlap; music apart from voices."""
    rows: list[list[SoundStretch]] = []
    for sound in sorted(sounds, key=lambda stretch: (stretch.kind, stretch.begin)):
        for row in rows:
            if row[-1].kind == sound.kind and row[-1].begin + row[-1].frames <= sound.begin:
                row.append(sound)
                break
        else:
            rows.append([sound])
    return rows
