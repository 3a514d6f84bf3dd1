"""The pictures of a draft: clips from cut to cut, frames that stand, and pictures over them.

Clips are one track without gaps; a joint is on the clip before it.
"""

from fractions import Fraction
from typing import Any

from pyJianYingDraft import (
    ClipSettings,
    KeyframeProperty,
    Timerange,
    TransitionType,
    VideoSegment,
)

from wanx_render.geometry import Box
from wanx_render.media import paint
from wanx_render.shotlist.transitions import kind_of
from wanx_render.timelines.jianying.microseconds import TimeRange, moment
from wanx_render.timelines.jianying.placement import (
    ClipPlacement,
    moved,
    placed,
    placements,
    stops,
)
from wanx_render.timelines.jianying.shelf import MaterialShelf
from wanx_render.timelines.jianying.sounds import set_levels
from wanx_render.timelines.timeline import (
    Crossing,
    Joint,
    OverlayPicture,
    Piece,
    Timeline,
    pieces,
)

_DISSOLVE = "叠化"  # in place of what a draft has no name for
_BLUR = 0.375  # the second of the four strengths that the programs offer


def pictures(timeline: Timeline, shelf: MaterialShelf) -> list[Any]:
    """The film's own track."""
    segments: list[Any] = []
    for piece in pieces(timeline):
        if isinstance(piece, Piece):
            segments.append(_picture(piece, timeline, shelf))
        elif segments and segments[-1].transition is None:
            _join(segments[-1], piece, timeline)
    return segments


def overlay(picture: OverlayPicture, timeline: Timeline, shelf: MaterialShelf) -> Any:
    """A picture over the film, where it is and for as long as it is seen."""
    rate, size = timeline.rate, picture.size or picture.box.size
    target = TimeRange.of(picture.begin / rate, picture.end / rate)
    place = placed(size, Box(0, 0, size.width, size.height), picture.box, timeline.size)
    return VideoSegment(
        shelf.picture(picture.media, size),
        _range(target),
        source_timerange=_range(TimeRange(0, target.length)),
        clip_settings=_settings(place, picture.opacity),
    )


def joint_name(joint: Joint) -> str:
    """What the programs call the joint; empty where they have none like it."""
    return kind_of(joint.kind).jianying.get(joint.way, "")


def _join(segment: Any, crossing: Crossing, timeline: Timeline) -> None:
    kind = TransitionType.from_name(joint_name(crossing.joint) or _DISSOLVE)
    segment.add_transition(kind, duration=moment(crossing.joint.frames / timeline.rate))


def _picture(piece: Piece, timeline: Timeline, shelf: MaterialShelf) -> Any:
    """A clip from one cut to the next, or a picture of the frame that stands there."""
    clip, rate = piece.clip, timeline.rate
    target = TimeRange.of(piece.begin / rate, (piece.begin + piece.frames) / rate)
    if piece.still:
        material, source = shelf.frame(clip, int(piece.first)), TimeRange(0, target.length)
    else:
        material = shelf.clip(clip)
        first = piece.first / clip.rate
        source = TimeRange.of(first, first + piece.frames / rate * clip.speed)
        source = source.within(material.duration)
    segment = VideoSegment(
        material,
        _range(target),
        source_timerange=_range(source),
        clip_settings=_settings(placements(clip, timeline)[0]),
    )
    segment.speed.speed = 1.0 if piece.still else float(clip.speed)
    if clip.sound:
        set_levels(segment, piece.levels)
    _fill(segment, timeline)
    _move(segment, piece, timeline)
    _fade(segment, piece, timeline)
    return segment


def _settings(place: ClipPlacement, opacity: Fraction = Fraction(1)) -> Any:
    return ClipSettings(
        alpha=float(opacity),
        scale_x=float(place.scale),
        scale_y=float(place.scale),
        transform_x=float(place.x),
        transform_y=float(place.y),
    )


def _fill(segment: Any, timeline: Timeline) -> None:
    """What is seen beside a picture that does not fill the canvas."""
    if timeline.fit == "blur":
        segment.add_background_filling("blur", blur=_BLUR)
    elif timeline.fit == "pad":
        red, green, blue = paint.rgb(timeline.background or "black")
        segment.add_background_filling("color", color=f"#{red:02x}{green:02x}{blue:02x}ff")


def _move(segment: Any, piece: Piece, timeline: Timeline) -> None:
    """Keyframes for a crop that moves while the clip is played."""
    places, clip = placements(piece.clip, timeline), piece.clip
    if places[0] == places[-1]:
        return
    way = max(clip.end - clip.frozen - clip.begin - 1, 1)  # in frames, from the first to the last
    begin = Fraction(piece.begin - clip.begin, way)
    end = begin + Fraction(piece.frames, way)
    for part in stops(min(begin, Fraction(1)), min(end, Fraction(1))):
        place = moved(places[0], places[-1], part)
        at = moment((clip.begin + part * way) / timeline.rate) - segment.start
        at = max(at, 0)
        segment.add_keyframe(KeyframeProperty.position_x, at, float(place.x))
        segment.add_keyframe(KeyframeProperty.position_y, at, float(place.y))


def _fade(segment: Any, piece: Piece, timeline: Timeline) -> None:
    """Keyframes of opacity for a film that fades in or out; a fade may go over several pieces."""
    begin, end = piece.begin, piece.begin + piece.frames
    turns = {begin, end, timeline.fade_in, timeline.frames - timeline.fade_out}
    inside = sorted(turn for turn in turns if begin <= turn <= end)
    levels = [_opacity(turn, timeline) for turn in inside]
    if min(levels) == 1:
        return
    for turn, level in zip(inside, levels, strict=True):
        at = moment(turn / timeline.rate) - segment.start
        segment.add_keyframe(KeyframeProperty.alpha, at, float(level))


def _opacity(frame: int, timeline: Timeline) -> Fraction:
    rising = Fraction(frame, timeline.fade_in) if timeline.fade_in else Fraction(1)
    left = timeline.frames - frame
    falling = Fraction(left, timeline.fade_out) if timeline.fade_out else Fraction(1)
    return min(rising, falling, Fraction(1))


def _range(span: TimeRange) -> Any:
    return Timerange(span.start, span.length)
