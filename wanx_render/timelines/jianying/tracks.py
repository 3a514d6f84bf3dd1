"""The tracks of a draft, laid out by pyJianYingDraft.

From the bottom up: the film's own pictures, pictures over them, words, pictures over those. Sounds
come last. Nothing overlaps on a track. Moments are those of the film; see ``microseconds``.
"""

from collections.abc import Iterable
from typing import Any

from pyJianYingDraft import ScriptFile, TrackSpec, TrackType

from wanx_render.timelines.jianying.microseconds import moment
from wanx_render.timelines.jianying.pictures import overlay, pictures
from wanx_render.timelines.jianying.shelf import MaterialShelf
from wanx_render.timelines.jianying.sounds import sound
from wanx_render.timelines.jianying.words import words
from wanx_render.timelines.timeline import Timeline, rows_of


def script_of(timeline: Timeline, shelf: MaterialShelf) -> Any:
    """The library's script of the timeline; ``shelf`` gets the media that it refers to."""
    size = timeline.size
    script = ScriptFile(size.width, size.height, float(timeline.rate), True)
    _lay(script, "video", "picture", pictures(timeline, shelf))
    below, above = ([o for o in timeline.overlays if o.above == is_above] for is_above in (0, 1))
    _lay_apart(script, "video", "overlay", (overlay(item, timeline, shelf) for item in below))
    _lay_apart(script, "text", "words", (words(item, timeline) for item in timeline.captions))
    _lay_apart(script, "video", "top", (overlay(item, timeline, shelf) for item in above))
    for number, row in enumerate(rows_of(timeline.sounds), 1):
        _lay(script, "audio", f"{row[0].kind}-{number}", (sound(item, shelf) for item in row))
    script.duration = moment(timeline.frames / timeline.rate)
    return script


def _lay(script: Any, kind: str, name: str, segments: Iterable[Any]) -> None:
    track = script.append_track(TrackSpec(TrackType.from_name(kind), name))
    for segment in segments:
        script.add_segment(segment, track)


def _lay_apart(script: Any, kind: str, name: str, segments: Iterable[Any]) -> None:
    """On as many tracks as hold them without overlap; what comes later lies higher."""
    rows: list[list[Any]] = []
    for segment in segments:
        free = [n for n, row in enumerate(rows) if all(not segment.overlaps(one) for one in row)]
        if not free:
            rows.append([])
        rows[free[-1] if free else -1].append(segment)
    for number, row in enumerate(rows, 1):
        _lay(script, kind, f"{name}-{number}", sorted(row, key=lambda segment: segment.start))
