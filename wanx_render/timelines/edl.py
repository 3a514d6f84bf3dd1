"""A timeline as a CMX 3600 edit decision list: the oldest format, which every program reads.

It knows one picture track, one rate and eight letters for a tape; the rest stands in comments.
Timecode counts frames of the timeline, in whole frames a second, and begins at one hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from wanx_render.diagnostics import one_line
from wanx_render.shotlist.transitions import kind_of
from wanx_render.timelines.timeline import Clip, Joint, Link, Timeline, seconds_of
from wanx_render.timing import nearest

_CUT = Joint("cut", "", 0)


def text_of(timeline: Timeline, link: Link) -> str:
    """The timeline as the text of an .edl file."""
    lines = [f"TITLE: {one_line(timeline.project)} {timeline.name}", "FCM: NON-DROP FRAME", ""]
    for number, event in enumerate(_events(timeline), 1):
        lines += [*_lines(timeline, number, event), *_comments(timeline, event, link), ""]
    lines += _sound_notes(timeline, link)
    lines += (f"* {key.upper()}: {one_line(value)}" for key, value in timeline.notes)
    return "\n".join(lines).rstrip() + "\n"


@dataclass(frozen=True, slots=True)
class _Event:
    """A stretch of a clip between two frames of the timeline; ``joint`` is how it comes in."""

    clip: Clip
    begin: int
    end: int
    joint: Joint
    last: Clip | None  # what it takes over from
    still: bool = False


def _events(timeline: Timeline) -> Iterator[_Event]:
    """Each clip from where it begins to be seen to where the next one does, then what stands."""
    last, joint = None, _CUT
    for number, clip in enumerate(timeline.clips):
        following = timeline.joints[number] if number < len(timeline.joints) else _CUT
        end = clip.end - following.frames
        stops = min(end, clip.end - clip.frozen)
        yield _Event(clip, clip.begin, stops, joint, last)
        if stops < end:
            yield _Event(clip, stops, end, _CUT, None, still=True)
        last, joint = clip, following


def _lines(timeline: Timeline, number: int, event: _Event) -> Iterator[str]:
    def line(clip: Clip, kind: str, begin: int, end: int) -> str:
        bounds = [_source(timeline, clip, at) for at in (begin, end)]
        if event.still and begin < end:
            bounds[0] = bounds[1] - 1
        codes = [_code(at, timeline.rate) for at in bounds]
        codes += [_code(at, timeline.rate, hour=1) for at in (begin, end)]
        return f"{number:03}  {_tape(clip)} V     {kind:8} {' '.join(codes)}"

    clip, kind = event.clip, "C"
    if event.last and event.joint.frames:
        yield line(event.last, "C", event.begin, event.begin)
        kind = f"{kind_of(event.joint.kind).edl:4} {event.joint.frames:03}"
    yield line(clip, kind, event.begin, event.end)
    speed = Fraction(0) if event.still else clip.speed
    if speed != 1:
        start = _code(_source(timeline, clip, event.begin) - event.still, timeline.rate)
        yield f"M2   {_tape(clip)}       {float(timeline.rate * speed):05.1f}    {start}"


def _source(timeline: Timeline, clip: Clip, at: int) -> int:
    """How far into the clip frame ``at`` of the timeline is, counted at the timeline's rate."""
    frames = min(at, clip.end - clip.frozen) - clip.begin
    start = Fraction(clip.first) / clip.rate * timeline.rate
    return nearest(start + frames * clip.speed)


def _tape(clip: Clip) -> str:
    """The hash in the clip's file name: eight letters, unlike those of any other clip."""
    stem = clip.media.rpartition("/")[2].rpartition(".")[0]
    return f"{stem.rpartition('-')[2][:8]:8}"


def _code(frames: int, rate: Fraction, hour: int = 0) -> str:
    seconds, rest = divmod(frames, nearest(rate))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours + hour:02}:{minutes:02}:{seconds:02}:{rest:02}"


def _comments(timeline: Timeline, event: _Event, link: Link) -> Iterator[str]:
    clip, way = event.clip, "FROM"
    if event.last and event.joint.frames:
        yield f"* FROM CLIP NAME:  {event.last.shot}"
        yield f"* EFFECT NAME: {event.joint.name.upper()}"
        way = "TO"
    yield f"* {way} CLIP NAME:  {clip.shot}"
    yield f"* {way} FILE: {link(clip.media)}"
    if event.still:
        return
    code = _code(event.begin, timeline.rate, hour=1)
    about = f"OWN FOOTAGE: {clip.facts.get('source')}"
    if clip.take:
        about = f"TAKE {clip.take}, SEED {clip.facts.get('seed')}: {clip.facts.get('prompt', '')}"
    yield f"* LOC: {code} GREEN   {one_line(about)}"
    if look := clip.facts.get("look"):
        yield f"* LOOK: {one_line(look)}"
    for overlay in clip.facts.get("overlays", ()):
        yield f"* OVERLAY: {one_line(overlay)}"
    if clip.caption:
        yield f"* LOC: {code} YELLOW  CAPTION: {one_line(clip.caption)}"


def _sound_notes(timeline: Timeline, link: Link) -> Iterator[str]:
    for sound in timeline.sounds:
        at = _code(nearest(seconds_of(sound.begin) * timeline.rate), timeline.rate, hour=1)
        yield f"* {sound.kind.upper()}: {link(sound.media)} AT {at}, {sound.gain} DB"
