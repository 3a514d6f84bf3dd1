"""A timeline as OpenTimelineIO JSON, which most editing programs read or have a converter for.

The library comes with the extra ``edit``; what imports this module needs it. What the format has no
place for is in metadata under our own name: boxes in pixels of the frame, levels as in ``Levels``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from wanx_render.geometry import Box
from wanx_render.manifest import CaptionRecord
from wanx_render.shotlist.transitions import kind_of
from wanx_render.timelines.levels import Levels
from wanx_render.timelines.timeline import (
    Crossing,
    Joint,
    Link,
    OverlayPicture,
    Piece,
    SoundFormat,
    SoundStretch,
    Timeline,
    in_rows,
    pieces,
    rows_of,
)
from wanx_render.timing import SAMPLE_RATE

SPACE = "wanx_render"  # under which our own metadata stand


def text_of(timeline: Timeline, link: Link) -> str:
    """The timeline as the text of an .otio file."""
    notes = timeline.notes
    result = otio.schema.Timeline(
        name=timeline.name,
        global_start_time=_time(0, timeline.rate),
        metadata={
            SPACE: {
                "project": timeline.project,
                "width": timeline.size.width,
                "height": timeline.size.height,
                "fps": str(timeline.rate),
                "fit": timeline.fit,
                **({"notes": [list(note) for note in notes]} if notes else {}),
            }
        },
    )
    result.tracks.append(_track("shots", "Video", _pictures(timeline, link)))
    result.tracks.extend(_above(timeline, link))
    if any(clip.heard for clip in timeline.clips):
        result.tracks.append(_track("clip sound", "Audio", _voices(timeline, link)))
    for row in rows_of(timeline.sounds):
        result.tracks.append(_track(row[0].kind, "Audio", _row(row, link)))
    return str(result.to_json_string(indent=2)) + "\n"


def _track(name: str, kind: str, children: Iterable[Any]) -> Any:
    track = otio.schema.Track(name=name, kind=kind)
    track.extend(children)
    return track


# -- shots ---------------------------------------------------------------------------------------


def _pictures(timeline: Timeline, link: Link) -> Iterable[Any]:
    """The shots with what joins them, and the fades at both ends."""
    rate = timeline.rate
    shots: set[str] = set()
    if timeline.fade_in:
        yield _end_fade("fade in", timeline.fade_through[0], 0, timeline.fade_in, rate)
    for piece in pieces(timeline):
        if isinstance(piece, Crossing):
            yield _transition(piece, rate)
            continue
        clip = _clip(piece, timeline, link)
        if piece.clip.shot not in shots:
            shots.add(piece.clip.shot)
            clip.markers.extend(_markers(piece))
        yield clip
    if timeline.fade_out:
        yield _end_fade("fade out", timeline.fade_through[1], timeline.fade_out, 0, rate)


def _voices(timeline: Timeline, link: Link) -> Iterable[Any]:
    """The clips' own sound; it crosses over where both are heard."""
    track = list(pieces(timeline))
    for number, piece in enumerate(track):
        if isinstance(piece, Piece):
            gap = otio.schema.Gap(source_range=_range(0, piece.frames, timeline.rate))
            yield _heard(piece, timeline, link) if _sounds(piece) else gap
        elif all(_sounds(side) for side in (track[number - 1], track[number + 1])):
            yield _transition(piece, timeline.rate, sound=True)


def _sounds(item: Piece | Crossing) -> bool:
    return isinstance(item, Piece) and item.levels.gain is not None


def _clip(piece: Piece, timeline: Timeline, link: Link) -> Any:
    clip, seconds = piece.clip, Fraction(piece.frames) / timeline.rate
    facts = {**_texts(clip.facts), "kind": clip.kind, "gain_db": clip.gain}
    if clip.crop:
        facts["crop_boxes"] = [asdict(box) for box in clip.crop]
    element = otio.schema.Clip(
        name=clip.shot,
        media_reference=otio.schema.ExternalReference(
            target_url=link(clip.media),
            available_range=_range(0, clip.available, clip.rate),
            metadata=_format(clip.format),
        ),
        source_range=_range(piece.first, seconds * clip.rate, clip.rate),
        metadata={SPACE: facts},
    )
    if piece.still:
        element.effects.append(otio.schema.FreezeFrame(name="hold"))
    elif clip.speed != 1:
        element.effects.append(
            otio.schema.LinearTimeWarp(name="speed", time_scalar=float(clip.speed))
        )
    return element


def _heard(piece: Piece, timeline: Timeline, link: Link) -> Any:
    element = _clip(piece, timeline, link)
    element.effects.append(_volume(piece.levels))
    return element


def _markers(piece: Piece) -> Iterator[Any]:
    clip = piece.clip
    at = _range(piece.first, 1, clip.rate)
    comment = _text(str(clip.facts.get("prompt") or clip.source))
    yield otio.schema.Marker(clip.title, at, "GREEN", comment=comment)
    if clip.caption:
        yield otio.schema.Marker("caption", at, "YELLOW", comment=_text(clip.caption))


def _transition(crossing: Crossing, rate: Fraction, *, sound: bool = False) -> Any:
    kind = kind_of("dissolve" if sound else crossing.joint.kind).otio
    return _joint(crossing.joint, kind, crossing.before, crossing.after, rate)


def _end_fade(name: str, through: str, before: int, after: int, rate: Fraction) -> Any:
    kind = kind_of("dissolve" if through == "black" else "fade").otio
    return _joint(Joint(name, through, before + after), kind, before, after, rate)


def _joint(joint: Joint, kind: str, before: int, after: int, rate: Fraction) -> Any:
    return otio.schema.Transition(
        name=joint.name,
        transition_type=kind,
        in_offset=_time(before, rate),
        out_offset=_time(after, rate),
        metadata={SPACE: {"type": joint.kind, "way": joint.way}},
    )


# -- above the shots -----------------------------------------------------------------------------


def _above(timeline: Timeline, link: Link) -> Iterator[Any]:
    """Tracks of what lies over the film, from below: pictures over shots, words, and pictures."""
    below = [overlay for overlay in timeline.overlays if not overlay.above]
    above = [overlay for overlay in timeline.overlays if overlay.above]
    for row in in_rows(below, _seen):
        yield _filled("overlays", [(_seen(o), _picture(o, timeline, link)) for o in row], timeline)
    for words in in_rows(timeline.captions, _said):
        yield _filled("titles", [(_said(c), _title(c, timeline)) for c in words], timeline)
    for row in in_rows(above, _seen):
        yield _filled("overlays", [(_seen(o), _picture(o, timeline, link)) for o in row], timeline)


def _seen(overlay: OverlayPicture) -> tuple[int, int]:
    return overlay.begin, overlay.end


def _said(words: CaptionRecord) -> tuple[int, int]:
    return words.start, words.start + words.frames


def _filled(name: str, items: Iterable[tuple[tuple[int, int], Any]], timeline: Timeline) -> Any:
    """A track of pictures with gaps between them."""
    track, at = otio.schema.Track(name=name, kind="Video"), 0
    for (begin, end), item in items:
        if begin > at:
            track.append(otio.schema.Gap(source_range=_range(0, begin - at, timeline.rate)))
        track.append(item)
        at = end
    return track


def _picture(overlay: OverlayPicture, timeline: Timeline, link: Link) -> Any:
    length = _range(0, overlay.end - overlay.begin, timeline.rate)
    return otio.schema.Clip(
        name=overlay.media.rpartition("/")[2],
        media_reference=otio.schema.ExternalReference(
            target_url=link(overlay.media), available_range=length
        ),
        source_range=length,
        metadata={SPACE: {"box": asdict(overlay.box), "opacity": float(overlay.opacity)}},
    )


def _title(words: CaptionRecord, timeline: Timeline) -> Any:
    """Words as what a generator makes; its parameters say how they look."""
    style, length = timeline.caption_style, _range(0, words.frames, timeline.rate)
    is_label = words.kind == "label"
    looks = {
        "text": _text(words.text),
        "pixels": words.pixels,
        "box": asdict(Box(words.x, words.y, words.width, words.height)),
        "colour": "white" if is_label else style.colour,
        "outline": "black" if is_label else style.outline,
        "ground": "none" if is_label else style.box,
    }
    clip = otio.schema.Clip(
        name=_text(words.text),
        media_reference=otio.schema.GeneratorReference(
            name="title", generator_kind="Title", available_range=length, parameters=looks
        ),
        source_range=length,
        metadata={SPACE: {"kind": words.kind}},
    )
    clip.enabled = is_label or style.burnt
    return clip


# -- sounds --------------------------------------------------------------------------------------


def _row(sounds: list[SoundStretch], link: Link) -> Iterable[Any]:
    at, rate = 0, Fraction(SAMPLE_RATE)
    for sound in sounds:
        if sound.begin > at:
            yield otio.schema.Gap(source_range=_range(0, sound.begin - at, rate))
        reference = otio.schema.ExternalReference(
            target_url=link(sound.media),
            available_range=_range(0, sound.available, rate),
            metadata=_format(sound.format),
        )
        clip = otio.schema.Clip(
            name=sound.media.rpartition("/")[2],
            media_reference=reference,
            source_range=_range(sound.skip, sound.frames, rate),
            metadata={SPACE: {"gain_db": sound.gain, "ducked": sound.ducked}},
        )
        clip.effects.append(_volume(sound.levels))
        yield clip
        at = sound.end


def _volume(levels: Levels) -> Any:
    """All that changes the level of a sound: samples of 48 kHz from its beginning, and decibels."""
    facts = {
        "gain_db": float(levels.gain or 0),
        "fade_in_samples": levels.fade_in,
        "fade_out_samples": levels.fade_out,
        "points": [[at, round(float(level), 2)] for at, level in levels.points],
    }
    return otio.schema.Effect(name="volume", effect_name="volume", metadata={SPACE: facts})


def _format(sound: SoundFormat | None) -> dict[str, Any]:
    return {SPACE: {"sound": asdict(sound)}} if sound else {}


def _range(start: int | Fraction, duration: int | Fraction, rate: Fraction) -> Any:
    return otio.opentime.TimeRange(_time(start, rate), _time(duration, rate))


def _time(value: int | Fraction, rate: Fraction) -> Any:
    return otio.opentime.RationalTime(float(value), float(rate))


def _texts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _text(value) if isinstance(value, str) else value for name, value in facts.items()
    }


def _text(text: str) -> str:
    """Text as it is, but for the one character at which the library would end it."""
    return text.replace("\0", "�")
