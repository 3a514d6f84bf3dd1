"""A timeline as FCPXML 1.10, for Final Cut Pro and what reads its files.

Clips lie in one spine, transitions around their cuts; sounds, words and pictures over the film are
connected to the clip under or over which they begin. Laid out after the document type of 1.10, in
which the order of elements matters.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from xml.etree import ElementTree

from wanx_render.diagnostics import one_line
from wanx_render.shotlist.transitions import Effect, kind_of
from wanx_render.timelines.fcpxml.elements import (
    Element,
    child,
    connect,
    element,
    name_of,
    seconds,
    time_of,
)
from wanx_render.timelines.fcpxml.framing import framed, over_film
from wanx_render.timelines.fcpxml.resources import AUDIO_CROSSFADE, Resources
from wanx_render.timelines.fcpxml.titles import title
from wanx_render.timelines.fcpxml.volume import volume
from wanx_render.timelines.timeline import (
    Crossing,
    Joint,
    Link,
    OverlayPicture,
    Piece,
    SoundStretch,
    Timeline,
    in_rows,
    pieces,
    rows_of,
    seconds_of,
)

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
# The rates of clips that the document type names, as it writes them.
_RATES = {
    Fraction(24000, 1001): "23.98", Fraction(24): "24", Fraction(25): "25",
    Fraction(30000, 1001): "29.97", Fraction(30): "30", Fraction(48): "48", Fraction(50): "50",
    Fraction(60000, 1001): "59.94", Fraction(60): "60",
}  # fmt: skip


def text_of(timeline: Timeline, link: Link) -> str:
    """The timeline as the text of an .fcpxml file."""
    root = Element("fcpxml", version="1.10")
    resources = Resources(timeline, link)
    library = Element("library")
    event = child(library, "event", name=timeline.project)
    project = child(event, "project", name=f"{timeline.project} {timeline.name}")
    sequence = child(
        project, "sequence",
        format=resources.format(timeline.size, timeline.rate),
        duration=_at(timeline, timeline.frames),
        tcStart="0s", tcFormat="NDF", audioLayout="stereo", audioRate="48k",
    )  # fmt: skip
    if timeline.notes:
        lines = "\n".join(f"{key}: {one_line(value)}" for key, value in timeline.notes)
        child(sequence, "note").text = lines
    spine = child(sequence, "spine")
    spine.extend(list(_story(timeline, resources)))
    _connect(spine, timeline, resources)
    root.extend([resources.element, library])
    ElementTree.indent(root, "  ")
    return _HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


# -- the spine -----------------------------------------------------------------------------------


def _story(timeline: Timeline, resources: Resources) -> Iterator[Element]:
    """Clips and transitions in order, with the fades at both ends."""
    laid = list(pieces(timeline))
    if timeline.fade_in:
        yield _end_fade(timeline, resources, _room(laid), at_end=False)
    cut = 0  # frame of the timeline
    for number, item in enumerate(laid):
        if isinstance(item, Piece):
            cut = item.begin + item.frames
            yield _clip(item, timeline, resources)
        else:
            sides = [side for side in laid[number - 1 : number + 2] if isinstance(side, Piece)]
            is_heard = all(side.levels.gain is not None for side in sides)
            yield _transition(item, cut, timeline, resources, is_heard)
    if timeline.fade_out:
        yield _end_fade(timeline, resources, _room(laid[::-1]), at_end=True)


def _room(laid: list[Piece | Crossing]) -> int:
    """The frames of the first piece that no transition has: a fade may be no longer."""
    first, after = laid[0], laid[1] if len(laid) > 1 else None
    frames = first.frames if isinstance(first, Piece) else 0
    if isinstance(after, Crossing):
        frames -= max(after.before, after.after)
    return max(frames, 0)


def _end_fade(timeline: Timeline, resources: Resources, room: int, *, at_end: bool) -> Element:
    """The fade of the whole film at one of its ends; sound has its own."""
    frames = min(timeline.fade_out if at_end else timeline.fade_in, max(room, 1))
    through = timeline.fade_through[at_end]
    effect = kind_of("dissolve" if through == "black" else "fade").fcpxml
    joint = Joint("fade", through, frames)
    offset = timeline.frames - frames if at_end else 0
    return _effect(joint, effect, offset, timeline, resources)


def _transition(
    crossing: Crossing, cut: int, timeline: Timeline, resources: Resources, is_heard: bool
) -> Element:
    effect = kind_of(crossing.joint.kind).fcpxml
    result = _effect(crossing.joint, effect, cut - crossing.before, timeline, resources)
    if is_heard:
        ref = resources.effect(AUDIO_CROSSFADE)
        child(result, "filter-audio", ref=ref, name=AUDIO_CROSSFADE.name)
    return result


def _effect(
    joint: Joint, effect: Effect, offset: int, timeline: Timeline, resources: Resources
) -> Element:
    result = element(
        "transition", name=joint.name,
        offset=_at(timeline, offset), duration=_at(timeline, joint.frames),
    )  # fmt: skip
    video = child(result, "filter-video", ref=resources.effect(effect), name=effect.name)
    value = dict(effect.values).get(joint.way)
    if value:
        name, key = effect.parameter
        child(video, "param", name=name, key=key, value=value)
    return result


def _clip(piece: Piece, timeline: Timeline, resources: Resources) -> Element:
    clip = piece.clip
    speed = Fraction(1) if piece.still else clip.speed
    start = piece.first / clip.rate / speed
    result = element(
        "asset-clip", ref=resources.clip(clip), name=clip.shot, offset=_at(timeline, piece.begin),
        start=seconds(start), duration=_at(timeline, piece.frames), tcFormat="NDF",
    )  # fmt: skip
    if note := _note(piece):
        child(result, "note").text = note
    if clip.rate != timeline.rate and clip.rate in _RATES:
        child(result, "conform-rate", scaleEnabled="0", srcFrameRate=_RATES[clip.rate])
    if piece.still or clip.speed != 1:
        result.append(_times(piece, timeline))
    result.extend(framed(piece, timeline, start))
    if clip.sound:
        result.append(volume(piece.levels, start))
    if piece.begin == clip.begin or not piece.still:
        result.extend(_markers(piece, start))
    return result


def _note(piece: Piece) -> str:
    """The prompt, or the file of own footage; and the look, which the clip does not have."""
    facts = piece.clip.facts
    lines = [str(facts.get("prompt") or piece.clip.source)]
    lines += [f"look: {facts['look']}"] if facts.get("look") else []
    return "\n".join(one_line(line) for line in lines if line)


def _times(piece: Piece, timeline: Timeline) -> Element:
    """Which moment of the media is seen when: one for all of a still, else by the speed."""
    clip, result = piece.clip, Element("timeMap")
    first, length = piece.first / clip.rate, piece.frames / timeline.rate
    whole = clip.available / clip.rate
    points = [(first, first), (first + length, first)] if piece.still else [
        (Fraction(0), Fraction(0)), (whole / clip.speed, whole),
    ]  # fmt: skip
    for time, value in points:
        child(result, "timept", time=seconds(time), value=seconds(value), interp="linear")
    return result


def _markers(piece: Piece, start: Fraction) -> Iterator[Element]:
    clip, frame = piece.clip, seconds(1 / piece.clip.rate)
    prompt = str(clip.facts.get("prompt") or clip.source)
    yield element("marker", start=seconds(start), duration=frame, value=clip.title, note=prompt)


# -- what is connected to it ---------------------------------------------------------------------


def _connect(spine: Element, timeline: Timeline, resources: Resources) -> None:
    """Connect everything to the clip of the spine during which it begins, in that clip's time."""
    hosts = [clip for clip in spine if clip.tag == "asset-clip"]
    for lane, begin, connected in _connected(timeline, resources):
        host = [clip for clip in hosts if time_of(clip, "offset") <= begin][-1]
        inside = begin - time_of(host, "offset") + time_of(host, "start")
        connected.set("lane", str(lane))
        connected.set("offset", seconds(inside))
        connect(host, connected)


def _connected(timeline: Timeline, resources: Resources) -> Iterator[tuple[int, Fraction, Element]]:
    """Lane, time and element of everything above and below the spine."""
    for number, sounds in enumerate(rows_of(timeline.sounds), 1):
        for sound in sounds:
            yield -number, seconds_of(sound.begin), _heard(sound, resources)
    layers = (in_rows(layer, lambda item: item[0]) for layer in _layers(timeline, resources))
    for number, row in enumerate(chain.from_iterable(layers), 1):
        for (begin, _), above in row:
            yield number, begin / timeline.rate, above


_Layer = list[tuple[tuple[int, int], Element]]  # from and to which frame, and what is seen


def _layers(timeline: Timeline, resources: Resources) -> Iterator[_Layer]:
    """What lies over the film, from below: pictures over shots, words, pictures over all of it."""
    words = [
        ((caption.start, caption.start + caption.frames), title(caption, n, timeline, resources))
        for n, caption in enumerate(timeline.captions, 1)
    ]
    for above in (False, True):
        yield [
            ((overlay.begin, overlay.end), _seen(overlay, timeline, resources))
            for overlay in timeline.overlays
            if overlay.above == above
        ]
        if not above:
            yield words


def _seen(overlay: OverlayPicture, timeline: Timeline, resources: Resources) -> Element:
    result = element(
        "video", ref=resources.picture(overlay), name=name_of(overlay.media), start="0s",
        duration=_at(timeline, overlay.end - overlay.begin),
    )  # fmt: skip
    result.extend(over_film(overlay, timeline.size))
    return result


def _heard(sound: SoundStretch, resources: Resources) -> Element:
    """A stretch of a sound, to the sample: Final Cut Pro itself writes such times between frames
    for sounds that are connected."""
    start = seconds_of(sound.skip)
    result = element(
        "asset-clip", ref=resources.sound(sound), name=name_of(sound.media), start=seconds(start),
        duration=seconds(seconds_of(sound.frames)),
        audioRole="music" if sound.kind == "music" else "dialogue",
    )  # fmt: skip
    result.append(volume(sound.levels, start))
    return result


def _at(timeline: Timeline, frames: int) -> str:
    return seconds(frames / timeline.rate)
