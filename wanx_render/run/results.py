"""What became of each take of a run, and the manifest that is made of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from wanx_render.files import seen_from
from wanx_render.finishing.mix import Mix
from wanx_render.finishing.segment import ClipMedia
from wanx_render.geometry import Focus, Move, Size
from wanx_render.language import Message
from wanx_render.manifest import (
    DeliverableRecord,
    FootageRecord,
    LabelRecord,
    Manifest,
    PictureRecord,
    ReferenceRecord,
    ShotRecord,
    SoundRecord,
    TakeRecord,
    WantedRecord,
)
from wanx_render.marks.faults import jump_marks, marks_in
from wanx_render.media.ai_labels import NO_PROVENANCE, Provenance
from wanx_render.media.audio_files import BadSoundtrack, inspect, provenance
from wanx_render.media.image_labels import provenance as provenance_of_picture
from wanx_render.media.picture import prepared_record
from wanx_render.money import Money, write_money, write_sum, write_sums
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.planned import AnyPlanned, PlannedFootage, PlannedPicture, Take
from wanx_render.planning.sending import sent_pictures
from wanx_render.planning.uses import uses_of
from wanx_render.run.context import RunContext
from wanx_render.shotlist.model import Deliverable, StillShot
from wanx_render.shotlist.references import numbered
from wanx_render.task import InputMedia
from wanx_render.tasks.outcome import TakeFailure
from wanx_render.timing import SAMPLE_RATE, Cut, nearest


@dataclass(frozen=True, slots=True)
class TakeClip:
    """A take that has its clip on the disk, probed."""

    take: Take
    attempt: Attempt
    media: ClipMedia


@dataclass(frozen=True, slots=True)
class TakePicture:
    """A take of a first frame that a model made: its picture is on the disk."""

    take: Take
    attempt: Attempt
    picture: InputMedia


TakeResult = TakeClip | TakePicture | TakeFailure


@dataclass(frozen=True, slots=True)
class Films:
    """The deliverables of a run: those it made, those of earlier runs, and why some failed."""

    records: tuple[DeliverableRecord, ...]
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FootageFailure:
    """Own footage that cannot be used, and why."""

    footage: PlannedFootage
    message: Message


@dataclass(frozen=True)
class Results:
    """What became of every take and of all own footage."""

    takes: Mapping[tuple[str, int], TakeResult]
    footage: Mapping[str, ClipMedia | FootageFailure]  # by shot

    def has_clip(self, shot: AnyPlanned) -> bool:
        """Whether the clip of ``shot`` that goes into the deliverables is there."""
        if isinstance(shot, PlannedFootage):
            return isinstance(self.footage[shot.shot.id], ClipMedia)
        return isinstance(self.takes[(shot.shot.id, shot.shot.pick)], TakeClip)

    @property
    def complete(self) -> bool:
        """Whether everything has a clip."""
        clips = (*self.takes.values(), *self.footage.values())
        return all(isinstance(clip, TakeClip | TakePicture | ClipMedia) for clip in clips)


def manifest_of(
    context: RunContext,
    results: Results,
    films: Films,
    *,
    program: str,
    spent: Decimal,
) -> Manifest:
    """The record of a run by this version of the ``program``; ``spent`` is what it was billed."""
    plan, tools = context.plan, context.tools
    made = sum(not film.kept_from for film in films.records)
    return Manifest(
        project=plan.project,
        backend=plan.backend,
        region=plan.region,
        program=program,
        ffmpeg=tools.program.version,
        finished_at=tools.wall.now().isoformat(timespec="seconds"),
        complete=made == len(plan.deliverables) and results.complete,
        cost=_spent(results.takes, plan.currency),
        shots=tuple(_shot_records(results, context)),
        deliverables=films.records,
        warnings=context.warnings,
        cost_run=write_sum(Money(spent, plan.currency)),
        cost_folder=write_sums(context.journal.paid() or {plan.currency: Decimal(0)}),
        budget=_money(plan.budget),
        wanted=tuple(_wanted(deliverable) for deliverable in plan.deliverables),
        broken=films.broken,
        pictures=tuple(_picture_record(picture, results, context) for picture in plan.pictures),
    )


def _picture_record(
    picture: PlannedPicture, results: Results, context: RunContext
) -> PictureRecord:
    entries = (results.takes[(take.shot, take.number)] for take in picture.takes)
    return PictureRecord(
        id=picture.shot.id,
        shot=picture.shot.of,
        picked=picture.shot.pick,
        takes=tuple(_take_record(result, context) for result in entries),
    )


def _wanted(deliverable: Deliverable) -> WantedRecord:
    return WantedRecord(
        name=deliverable.name,
        aspect=str(deliverable.aspect),
        fit=deliverable.fit,
        size=_text(deliverable.size),
        fps=str(deliverable.fps) if deliverable.fps else None,
    )


def _spent(results: Mapping[tuple[str, int], TakeResult], currency: str) -> str:
    """What the clips of this list cost, whenever they were paid."""
    made = (r for r in results.values() if isinstance(r, TakeClip | TakePicture))
    clips = {result.attempt.id: result.attempt for result in made}
    bills = (attempt.bill for attempt in clips.values())
    amount = sum((bill.amount for bill in bills if bill), Decimal(0))
    return write_sum(Money(amount, currency))


def _shot_records(results: Results, context: RunContext) -> Iterator[ShotRecord]:
    shots = context.plan.shots
    for before, shot in zip((None, *shots), shots, strict=False):
        record = _shot_record(shot, results, context)
        if before and (levels := _levels(before, shot, results)):
            record = replace(record, marks=jump_marks(*levels, before.shot.id))
        yield record


def _levels(
    before: AnyPlanned, shot: AnyPlanned, results: Results
) -> tuple[Decimal, Decimal] | None:
    """How loud two shots are in the film, in LUFS; None where one of them is not heard."""
    levels = [_level(entry, results) for entry in (before, shot)]
    return (levels[0], levels[1]) if levels[0] is not None and levels[1] is not None else None


def _level(shot: AnyPlanned, results: Results) -> Decimal | None:
    """The loudness of a picked take with the gain of its shot; of own footage none is known."""
    if isinstance(shot, PlannedFootage) or not shot.shot.sound.is_finite():
        return None
    result = results.takes[(shot.shot.id, shot.shot.pick)]
    facts = result.attempt.clip_facts if isinstance(result, TakeClip) else None
    loudness = (facts or {}).get("loudness")
    return Decimal(loudness) + shot.shot.sound if loudness else None


def _shot_record(shot: AnyPlanned, results: Results, context: RunContext) -> ShotRecord:
    if isinstance(shot, PlannedFootage):
        media = results.footage[shot.shot.id]
        if isinstance(media, FootageFailure):
            return _used(shot, shot.cut, picked=0, takes=())
        footage = _footage_record(shot, media, context.folder)
        return _used(shot, shot.cut_at(media.rate), picked=0, takes=(), footage=footage)
    takes = (_take_record(results.takes[(take.shot, take.number)], context) for take in shot.takes)
    result = results.takes[(shot.shot.id, shot.shot.pick)]
    cut = shot.cut_at(result.media.rate) if isinstance(result, TakeClip) else shot.cut
    return _used(shot, cut, picked=shot.shot.pick, takes=tuple(takes))


def _footage_record(shot: PlannedFootage, media: ClipMedia, folder: Path) -> FootageRecord:
    spec, source = shot.shot, shot.file.path or media.path
    is_still = isinstance(spec, StillShot)
    return FootageRecord(
        kind="still" if is_still else "clip",
        source=seen_from(folder, source),
        sha256=shot.sha256,
        clip=seen_from(folder, media.path),
        width=media.size.width,
        height=media.size.height,
        fps=str(media.rate),
        frames=media.whole,
        sound=media.has_sound,
        labels=_label_records(media.provenance),
        seconds=str(shot.seconds) if is_still else None,
    )


def _used(
    shot: AnyPlanned,
    cut: Cut,
    *,
    picked: int,
    takes: tuple[TakeRecord, ...],
    footage: FootageRecord | None = None,
) -> ShotRecord:
    """The record of a shot whose clip is used as ``cut`` says."""
    spec = shot.shot
    return ShotRecord(
        id=spec.id,
        picked=picked,
        takes=takes,
        footage=footage,
        cut_start=cut.start,
        cut_frames=cut.frames,
        focus=_point(spec.focus.start if isinstance(spec.focus, Move) else spec.focus),
        focus_to=_point(spec.focus.end) if isinstance(spec.focus, Move) else None,
        speed=str(cut.speed),
        hold=str(cut.hold),
        transition=spec.transition.type,
        transition_seconds=str(spec.transition.seconds),
        transition_way=spec.transition.way,
        caption=spec.caption,
        gain=str(spec.sound),
        uses=uses_of(spec),
    )


def _point(focus: Focus) -> tuple[str, str]:
    return str(focus.x), str(focus.y)


def _references(take: Take, context: RunContext) -> tuple[ReferenceRecord, ...]:
    references = take.request.references
    if not references:
        return ()
    words = context.tools.catalog.models[take.request.model].words_for_references
    names = numbered((entry.kind for entry in references), words)
    return tuple(
        ReferenceRecord(
            kind=entry.kind,
            identity=entry.media.identity,
            called=name,
            path=seen_from(context.folder, entry.media.path) if entry.media.path else None,
        )
        for entry, name in zip(references, names, strict=True)
    )


def _take_record(result: TakeResult, context: RunContext) -> TakeRecord:
    take, attempt, folder = result.take, result.attempt, context.folder
    image = take.request.image
    sent = sent_pictures.kept(image, context.clips) if image else None
    return TakeRecord(
        take=take.number,
        request=take.request.record(),
        predicted=_text(take.size),
        price=_money(take.price),
        first_frame=seen_from(folder, image.path) if image and image.path else None,
        picture=image.identity if image and image.counts_as else None,
        prepared=prepared_record.record_of(take.request),
        sent=seen_from(folder, sent) if sent else None,
        references=_references(take, context),
        **(_times(attempt) if attempt else {}),
        **_outcome(result, folder),
    )


def _outcome(result: TakeResult, folder: Path) -> dict[str, Any]:
    match result:
        case TakeClip():
            return _made(result, folder)
        case TakePicture():
            return _made_picture(result, folder)
        case TakeFailure():
            return _failed(result)


def _failed(fault: TakeFailure) -> dict[str, Any]:
    return {
        "state": fault.state,
        "task_id": fault.task_id,
        "code": fault.code or None,
        "message": fault.message,
        "host": fault.host or None,
    }


def _made_picture(made: TakePicture, folder: Path) -> dict[str, Any]:
    attempt, picture = made.attempt, made.picture
    origin = provenance_of_picture(picture.path.read_bytes()) if picture.path else NO_PROVENANCE
    return {
        **_answered(attempt),
        "clip": seen_from(folder, picture.path) if picture.path else None,
        "sha256": picture.identity.removeprefix("sha256:"),
        "width": picture.size.width if picture.size else None,
        "height": picture.size.height if picture.size else None,
        "labels": _label_records(origin),
        "credentials": origin.credentials,
    }


def _answered(attempt: Attempt) -> dict[str, Any]:
    """What the service said of a task that succeeded."""
    return {
        "state": "succeeded",
        "task_id": attempt.task_id,
        "actual_prompt": attempt.actual_prompt,
        "usage": attempt.usage,
        "cost": _money(attempt.bill),
    }


def _made(clip: TakeClip, folder: Path) -> dict[str, Any]:
    media = clip.media
    return {
        **_answered(clip.attempt),
        "clip": seen_from(folder, media.path),
        "sha256": media.sha256,
        "width": media.size.width,
        "height": media.size.height,
        "fps": str(media.rate),
        "frames": media.frames,
        "sound": media.has_sound,
        "labels": _label_records(media.provenance),
        "credentials": media.provenance.credentials,
        "marks": marks_in(clip.attempt.clip_facts),
    }


def _times(attempt: Attempt) -> dict[str, Any]:
    times = {
        "asked_at": attempt.asked_at,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "fetched_at": attempt.fetched_at,
    }
    return {name: at.isoformat(timespec="milliseconds") for name, at in times.items() if at}


def _money(money: Money | None) -> str | None:
    return write_money(money) if money else None


def sounds_of(mix: Mix, folder: Path) -> tuple[SoundRecord, ...]:
    """What is heard besides the clips, for the record."""
    music = mix.music
    beds = () if music is None else (
        SoundRecord(
            "music", seen_from(folder, music.path), 0, music.skip, _length(music.path),
            str(music.gain), music.fade_in, music.fade_out, mix.duck,
            labels=_label_records(provenance(music.path)),
        ),
    )  # fmt: skip
    return beds + tuple(
        SoundRecord(
            "voice", seen_from(folder, voice.path), voice.start, 0, _length(voice.path),
            str(voice.gain), labels=_label_records(provenance(voice.path)),
        )
        for voice in mix.voices
    )  # fmt: skip


def _label_records(provenance: Provenance) -> tuple[LabelRecord, ...]:
    return tuple(LabelRecord(label.tag, label.text) for label in provenance.labels)


def _length(path: Path) -> int | None:
    try:
        return nearest(inspect(path).seconds * SAMPLE_RATE)
    except BadSoundtrack:
        return None


def _text(size: Size | None) -> str | None:
    return str(size) if size else None
