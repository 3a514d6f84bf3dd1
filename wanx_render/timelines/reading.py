"""The timeline of a deliverable, from the manifest and from what its files are."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from wanx_render.geometry import Box, Size, boxes_in
from wanx_render.manifest import (
    CaptionRecord,
    DeliverableRecord,
    FootageRecord,
    Manifest,
    OverlayRecord,
    PartRecord,
    ShotRecord,
    SoundRecord,
    TakeRecord,
)
from wanx_render.timelines.levels import Points, SoundFade, levels_between
from wanx_render.timelines.timeline import (
    UNKNOWN_MEDIA,
    Clip,
    Joint,
    MediaFormat,
    OverlayPicture,
    SoundStretch,
    Timeline,
    sound_fades,
)
from wanx_render.timing import SAMPLE_RATE, frames_in, nearest, samples_in

Media = Mapping[str, MediaFormat]  # by their paths in the manifest
NOTHING_READ: Media = {}


def timeline_of(
    manifest: Manifest, deliverable: DeliverableRecord, media: Media = NOTHING_READ
) -> Timeline:
    """The timeline of one of the manifest's deliverables; ``media`` says what its files are."""
    shots = manifest.shots_of(deliverable)
    rate = Fraction(deliverable.fps)
    clips = tuple(_clip(shots[part.shot], part, rate, media) for part in deliverable.parts)
    return Timeline(
        project=manifest.project,
        name=deliverable.name,
        size=Size(deliverable.width, deliverable.height),
        rate=rate,
        fit=deliverable.fit,
        frames=deliverable.frames,
        clips=clips,
        joints=tuple(_joint(shots[part.shot], part) for part in deliverable.parts[:-1]),
        sounds=tuple(_all_sounds(deliverable, media)),
        captions=_captions(deliverable, clips),
        caption_style=deliverable.caption_style,
        overlays=tuple(_overlays(deliverable, media)),
        fade_in=deliverable.fade_in,
        fade_out=deliverable.fade_out,
        fade_through=deliverable.fade_through,
        background=deliverable.background,
        loudness=_loudness(deliverable),
        notes=tuple(_notes(deliverable)),
    )


# -- clips ---------------------------------------------------------------------------------------


def _clip(shot: ShotRecord, part: PartRecord, rate: Fraction, media: Media) -> Clip:
    footage = shot.footage
    if footage:
        take, facts = _as_take(footage), {"source": footage.source, "crop": part.crop}
    else:
        take = next(candidate for candidate in shot.takes if candidate.take == shot.picked)
        facts = _facts(take, part)
    own, speed = Fraction(take.fps or "30"), Fraction(part.speed)
    # Frames that the clip was to have and has not are its last one, standing.
    missing = frames_in(Fraction(part.held) / own / speed, rate)
    return Clip(
        shot=shot.id,
        take=shot.picked,
        media=take.clip or "",
        size=Size(take.width or 0, take.height or 0),
        rate=own,
        available=take.frames or shot.cut_start + part.frames,
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
        kind="take" if footage is None else "still" if footage.kind == "still" else "footage",
        source=footage.source if footage else "",
        format=media.get(take.clip or "", UNKNOWN_MEDIA).sound,
    )


def _as_take(footage: FootageRecord) -> TakeRecord:
    """Own footage in the form of a clip of the service."""
    return TakeRecord(
        take=0, state="succeeded", request={}, clip=footage.clip, sha256=footage.sha256,
        width=footage.width, height=footage.height, fps=footage.fps, frames=footage.frames,
        sound=footage.sound,
    )  # fmt: skip


def _dressed(part: PartRecord) -> dict[str, Any]:
    """The look and the overlays of a shot, for formats that can only name them."""
    dressed = {"look": part.look, "overlays": [_place(overlay) for overlay in part.overlays]}
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


# -- sound ---------------------------------------------------------------------------------------


def _loudness(deliverable: DeliverableRecord) -> Decimal:
    return Decimal(deliverable.levels.gain) if deliverable.levels else Decimal(0)


def _all_sounds(deliverable: DeliverableRecord, media: Media) -> Iterator[SoundStretch]:
    for record in deliverable.sounds:
        yield from _stretches(record, deliverable, media.get(record.file, UNKNOWN_MEDIA))


def _stretches(
    record: SoundRecord, film: DeliverableRecord, media: MediaFormat
) -> Iterator[SoundStretch]:
    """The stretches that a sound file fills; music begins again where its file ends."""
    whole, fades, curve = _changes(record, film)
    at, skip = record.start, record.skip
    file_length = record.length or _length(media)
    while at < whole:
        length = file_length or skip + whole - at
        frames = min(length - skip, whole - at)
        if frames <= 0:
            return
        gain = Decimal(record.gain) + _loudness(film)
        yield SoundStretch(
            kind=record.kind,
            media=record.file,
            begin=at,
            frames=frames,
            skip=skip,
            available=length,
            gain=record.gain,
            ducked=record.ducked,
            levels=levels_between(at, at + frames, gain, fades, curve),
            format=media.sound,
        )
        if record.kind == "voice":
            return
        at, skip = at + frames, 0


def _changes(
    record: SoundRecord, film: DeliverableRecord
) -> tuple[int, tuple[SoundFade, ...], Points]:
    """The samples of the film, and what changes the level of a sound in it."""
    rate = Fraction(film.fps)
    whole = samples_in(film.frames, rate)
    fades = list(sound_fades(film.frames, rate, film.fade_in, film.fade_out))
    if record.fade_in:
        fades.append(SoundFade(record.start, record.start + record.fade_in, up=True))
    if record.fade_out:
        fades.append(SoundFade(whole - min(record.fade_out, whole), whole, up=False))
    turns = film.levels.ducking if film.levels and record.ducked else ()
    return whole, tuple(fades), tuple((turn.at, Fraction(turn.gain)) for turn in turns)


def _length(media: MediaFormat) -> int | None:
    """Samples of 48 kHz that a file has, where it was read."""
    sound = media.sound
    return nearest(Fraction(sound.samples, sound.rate) * SAMPLE_RATE) if sound else None


# -- words, pictures and notes -------------------------------------------------------------------


def _captions(film: DeliverableRecord, clips: tuple[Clip, ...]) -> tuple[CaptionRecord, ...]:
    """The words; of a film of an older program those of its shots, near the lower edge."""
    if film.captions is not None:
        return film.captions
    pixels = min(film.width, film.height) * 58 // 1000
    box = Box(0, film.height * 4 // 5, film.width, pixels * 3 // 2)
    return tuple(
        CaptionRecord(
            text=clip.caption, start=clip.begin, frames=clip.end - clip.begin, pixels=pixels,
            x=box.x, y=box.y, width=box.width, height=box.height,
        )
        for clip in clips
        if clip.caption
    )  # fmt: skip


def _overlays(film: DeliverableRecord, media: Media) -> Iterator[OverlayPicture]:
    """Those of the shots, in their order, and over them those of the film."""
    for part in film.parts:
        for overlay in part.overlays:
            yield _overlay(overlay, part.start, media, above=False)
    for overlay in film.overlays:
        yield _overlay(overlay, 0, media, above=True)


def _overlay(overlay: OverlayRecord, start: int, media: Media, *, above: bool) -> OverlayPicture:
    begin = start + overlay.start
    return OverlayPicture(
        media=overlay.file,
        box=Box(overlay.x, overlay.y, overlay.width, overlay.height),
        opacity=Fraction(overlay.opacity),
        begin=begin,
        end=begin + overlay.frames,
        above=above,
        size=media.get(overlay.file, UNKNOWN_MEDIA).size,
    )


def _notes(film: DeliverableRecord) -> Iterator[tuple[str, str]]:
    """What is in the film, for formats that can only name it."""
    for key, frames, through in zip(
        ("fade in", "fade out"), (film.fade_in, film.fade_out), film.fade_through, strict=True
    ):
        if frames:
            yield key, f"{frames} frames, {through}" if through != "black" else f"{frames} frames"
    for overlay in film.overlays:
        yield "overlay", _place(overlay)
    if film.levels and film.levels.limited:
        yield "peaks", "held at the end; levels here are those before"
    if film.levels is None and any(sound.ducked for sound in film.sounds):
        yield "ducking", "not known; render the list again"


def _place(overlay: OverlayRecord) -> str:
    place = f"{overlay.width}x{overlay.height}+{overlay.x}+{overlay.y}"
    return f"{overlay.file} {place} from frame {overlay.start} for {overlay.frames}"
