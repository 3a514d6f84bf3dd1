"""A timeline as a CMX 3600 edit decision list: the oldest format, which every program reads.

It knows one picture track, one rate and eight letters for a tape; the rest stands in comments.
Timecode counts frames of the timeline, in whole frames a second, and begins at one hour. A fade at
an end of the film is a dissolve from or to the reel BL, which is black; levels of sound it does not
carry, and says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
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
    lines += _words(timeline)
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
    last: Clip | None  # what it takes over from; None: nothing, or black
    still: bool = False
    to_black: bool = False  # the fade at the end, over its last frames


def _events(timeline: Timeline) -> Iterator[_Event]:
    """All events, with the fades at both ends; a fade is no longer than the event it is in."""
    events = list(_cut_events(timeline))
    first = events[0]
    if fade := min(timeline.fade_in, first.end - first.begin):
        events[0] = replace(first, joint=Joint("dissolve", "", fade))
    last = events[-1]
    fade = min(timeline.fade_out, last.end - last.begin - max(last.joint.frames, 1))
    if fade > 0:
        begin = last.end - fade
        black = replace(last, begin=begin, joint=Joint("dissolve", "", fade), to_black=True)
        events[-1:] = [replace(last, end=begin), black]
    yield from events


def _cut_events(timeline: Timeline) -> Iterator[_Event]:
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
    def line(clip: Clip | None, kind: str, begin: int, end: int) -> str:
        bounds = [_source(timeline, clip, at) if clip else at - begin for at in (begin, end)]
        if event.still and clip and begin < end:
            bounds[0] = bounds[1] - 1
        codes = [_code(at, timeline.rate) for at in bounds]
        codes += [_code(at, timeline.rate, hour=1) for at in (begin, end)]
        tape = _tape(clip) if clip else f"{_BLACK:8}"
        return f"{number:03}  {tape} V     {kind:8} {' '.join(codes)}"

    clip, kind = event.clip, "C"
    if event.joint.frames:
        leaving = clip if event.to_black else event.last
        yield line(leaving, "C", event.begin, event.begin)
        kind = f"{_effect_code(event.joint):4} {event.joint.frames:03}"
    yield line(None if event.to_black else clip, kind, event.begin, event.end)
    speed = Fraction(0) if event.still else clip.speed
    if speed != 1 and not event.to_black:
        start = _code(_source(timeline, clip, event.begin) - event.still, timeline.rate)
        yield f"M2   {_tape(clip)}       {float(timeline.rate * speed):05.1f}    {start}"


_BLACK = "BL"  # the reel with nothing on it


def _effect_code(joint: Joint) -> str:
    kind = kind_of(joint.kind)
    return kind.edl_ways.get(joint.way, kind.edl)


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
    if event.to_black:
        yield f"* FROM CLIP NAME:  {clip.shot}"
        yield "* EFFECT NAME: FADE OUT"
        return
    if event.joint.frames:
        if event.last:
            yield f"* FROM CLIP NAME:  {event.last.shot}"
        yield f"* EFFECT NAME: {event.joint.name.upper() if event.last else 'FADE IN'}"
        way = "TO"
    yield f"* {way} CLIP NAME:  {clip.shot}"
    yield f"* {way} FILE: {link(clip.media)}"
    if event.still:
        return
    code = _code(event.begin, timeline.rate, hour=1)
    yield f"* LOC: {code} GREEN   {one_line(_about(clip))}"
    if clip.crop:
        yield f"* CROP: {' TO '.join(map(str, clip.crop))}"
    if look := clip.facts.get("look"):
        yield f"* LOOK: {one_line(look)}"
    for overlay in clip.facts.get("overlays", ()):
        yield f"* OVERLAY: {one_line(overlay)}"


def _about(clip: Clip) -> str:
    if clip.take:
        return f"TAKE {clip.take}, SEED {clip.facts.get('seed')}: {clip.facts.get('prompt', '')}"
    return f"{'STILL' if clip.kind == 'still' else 'OWN FOOTAGE'}: {clip.source}"


def _words(timeline: Timeline) -> Iterator[str]:
    """Captions and the visible label, with the times from and to which they are seen."""
    for words in timeline.captions:
        begin, end = (
            _code(frame, timeline.rate, hour=1)
            for frame in (words.start, words.start + words.frames)
        )
        yield f"* {words.kind.upper()}: {begin} {end} {one_line(words.text)}"


def _sound_notes(timeline: Timeline, link: Link) -> Iterator[str]:
    for sound in timeline.sounds:
        at = _code(nearest(seconds_of(sound.begin) * timeline.rate), timeline.rate, hour=1)
        yield f"* {sound.kind.upper()}: {link(sound.media)} AT {at}, {sound.gain} DB"
    if timeline.loudness:
        yield f"* LOUDNESS: {timeline.loudness:+} DB ON ALL SOUND"
    if timeline.sounds or any(clip.heard for clip in timeline.clips):
        yield "* LEVELS: NOT CARRIED BY THIS FORMAT; FCPXML AND OTIO HAVE THEM"
