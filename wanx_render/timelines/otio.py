"""A timeline as OpenTimelineIO JSON, which most editing programs read or have a converter for.

The library comes with the extra ``edit``; what imports this module needs it.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from wanx_render.shotlist.transitions import kind_of
from wanx_render.timelines.timeline import (
    Clip,
    Crossing,
    Link,
    Piece,
    SoundStretch,
    Timeline,
    pieces,
    rows_of,
)
from wanx_render.timing import SAMPLE_RATE

SPACE = "wanx_render"  # under which our own metadata stand


def text_of(timeline: Timeline, link: Link) -> str:
    """The timeline as the text of an .otio file."""
    effects = timeline.notes
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
                **({"effects": [list(effect) for effect in effects]} if effects else {}),
            }
        },
    )
    result.tracks.append(_track("shots", "Video", _pictures(timeline, link)))
    if any(_heard(clip) for clip in timeline.clips):
        result.tracks.append(_track("clip sound", "Audio", _voices(timeline, link)))
    for row in rows_of(timeline.sounds):
        result.tracks.append(_track(row[0].kind, "Audio", _row(row, link)))
    return str(result.to_json_string(indent=2)) + "\n"


def _track(name: str, kind: str, children: Iterable[Any]) -> Any:
    track = otio.schema.Track(name=name, kind=kind)
    track.extend(children)
    return track


def _pictures(timeline: Timeline, link: Link) -> Iterable[Any]:
    shots: set[str] = set()
    for piece in pieces(timeline):
        if isinstance(piece, Crossing):
            yield _transition(piece, timeline.rate)
            continue
        clip = _clip(piece, timeline, link)
        if piece.clip.shot not in shots:
            shots.add(piece.clip.shot)
            clip.markers.extend(_markers(piece))
        yield clip


def _voices(timeline: Timeline, link: Link) -> Iterable[Any]:
    """The clips' own sound; it crosses over where both are heard."""
    track = list(pieces(timeline))
    for number, piece in enumerate(track):
        if isinstance(piece, Piece):
            is_heard = _heard(piece.clip) and not piece.still
            gap = otio.schema.Gap(source_range=_range(0, piece.frames, timeline.rate))
            yield _clip(piece, timeline, link) if is_heard else gap
        else:
            sides = [track[number - 1], track[number + 1]]
            if all(isinstance(s, Piece) and _heard(s.clip) and not s.still for s in sides):
                yield _transition(piece, timeline.rate, sound=True)


def _heard(clip: Clip) -> bool:
    return clip.sound and clip.gain != "-Infinity"


def _clip(piece: Piece, timeline: Timeline, link: Link) -> Any:
    clip, seconds = piece.clip, Fraction(piece.frames) / timeline.rate
    element = otio.schema.Clip(
        name=clip.shot,
        media_reference=otio.schema.ExternalReference(
            target_url=link(clip.media), available_range=_range(0, clip.available, clip.rate)
        ),
        source_range=_range(piece.first, seconds * clip.rate, clip.rate),
        metadata={SPACE: {**_texts(clip.facts), "gain_db": clip.gain}},
    )
    if piece.still:
        element.effects.append(otio.schema.FreezeFrame(name="hold"))
    elif clip.speed != 1:
        element.effects.append(
            otio.schema.LinearTimeWarp(name="speed", time_scalar=float(clip.speed))
        )
    return element


def _markers(piece: Piece) -> Iterable[Any]:
    clip = piece.clip
    at = _range(piece.first, 1, clip.rate)
    yield otio.schema.Marker(
        name=clip.title,
        marked_range=at,
        color="GREEN",
        comment=_text(str(clip.facts.get("prompt", ""))),
    )
    if clip.caption:
        yield otio.schema.Marker("caption", at, "YELLOW", comment=_text(clip.caption))


def _transition(crossing: Crossing, rate: Fraction, *, sound: bool = False) -> Any:
    kind = kind_of("dissolve" if sound else crossing.joint.kind).otio
    return otio.schema.Transition(
        name=crossing.joint.name,
        transition_type=kind,
        in_offset=_time(crossing.before, rate),
        out_offset=_time(crossing.after, rate),
        metadata={SPACE: {"type": crossing.joint.kind, "way": crossing.joint.way}},
    )


def _row(sounds: list[SoundStretch], link: Link) -> Iterable[Any]:
    at, rate = 0, Fraction(SAMPLE_RATE)
    for sound in sounds:
        if sound.begin > at:
            yield otio.schema.Gap(source_range=_range(0, sound.begin - at, rate))
        reference = otio.schema.ExternalReference(
            target_url=link(sound.media), available_range=_range(0, sound.available, rate)
        )
        facts = {
            "gain_db": sound.gain,
            "fade_in_samples": sound.levels.fade_in,
            "fade_out_samples": sound.levels.fade_out,
            "ducked": sound.ducked,
        }
        yield otio.schema.Clip(
            name=sound.media.rpartition("/")[2],
            media_reference=reference,
            source_range=_range(sound.skip, sound.frames, rate),
            metadata={SPACE: facts},
        )
        at = sound.begin + sound.frames


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
