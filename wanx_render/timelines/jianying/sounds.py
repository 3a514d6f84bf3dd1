"""The sounds of a draft: music and voices, and how loud they and the clips are."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pyJianYingDraft import AudioSegment, KeyframeProperty, Timerange, VideoSegment

from wanx_render.timelines.jianying.microseconds import TimeRange, moment
from wanx_render.timelines.jianying.shelf import MaterialShelf
from wanx_render.timelines.levels import SILENCE, Levels
from wanx_render.timelines.timeline import SoundStretch, seconds_of


def sound(stretch: SoundStretch, shelf: MaterialShelf) -> Any:
    """A stretch of a sound file, at its levels."""
    material = shelf.sound(stretch)
    target = TimeRange.of(seconds_of(stretch.begin), seconds_of(stretch.end))
    source = TimeRange.of(seconds_of(stretch.skip), seconds_of(stretch.skip + stretch.frames))
    source = source.within(material.duration)
    segment = AudioSegment(
        material,
        Timerange(target.start, target.length),
        source_timerange=Timerange(source.start, source.length),
    )
    segment.speed.speed = 1.0
    set_levels(segment, stretch.levels)
    return segment


def set_levels(segment: Any, levels: Levels) -> None:
    """Give a segment its volume, its fades, and keyframes where the volume changes between."""
    segment.volume = volume(levels.gain)
    fades = [moment(seconds_of(samples)) for samples in (levels.fade_in, levels.fade_out)]
    if any(fades):
        segment.add_fade(*(min(fade, segment.duration) for fade in fades))
    # One keyframe at a moment: two points of a step may lie within the same microsecond.
    for at, loud in {moment(seconds_of(at)): loud for at, loud in _turns(levels)}.items():
        if isinstance(segment, VideoSegment):
            segment.add_keyframe(KeyframeProperty.volume, at, loud)
        else:
            segment.add_keyframe(at, loud)


def _turns(levels: Levels) -> Iterator[tuple[int, float]]:
    """The samples at which the volume is what it is, where it changes."""
    for at, level in levels.points:
        silent = levels.gain is None or level <= SILENCE
        yield at, volume(None if silent else (levels.gain or Decimal(0)) + _decimal(level))


def volume(gain: Decimal | None) -> float:
    """How many times as loud: 2 for about 6 dB, 0 for silence."""
    return 0.0 if gain is None else round(10 ** (float(gain) / 20), 6)


def _decimal(level: Fraction) -> Decimal:
    return Decimal(level.numerator) / level.denominator
