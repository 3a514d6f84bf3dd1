"""A timeline as FCPXML 1.10, for Final Cut Pro and what reads its files.

Every time is a fraction of a second, written as one. Clips lie in one spine, joints around their
cuts; sounds hang on the clip under which they begin. Laid out after the document type of 1.10, in
which the order of elements matters.
"""

from fractions import Fraction
from xml.etree import ElementTree

from wanx_render.diagnostics import one_line
from wanx_render.geometry import Size
from wanx_render.shotlist.transitions import Effect, kind_of
from wanx_render.timelines.timeline import (
    Clip,
    Crossing,
    Link,
    Piece,
    SoundStretch,
    Timeline,
    pieces,
    rows_of,
    seconds_of,
)
from wanx_render.timing import nearest

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
# The rates of clips that the document type names, as it writes them.
_RATES = {
    Fraction(24000, 1001): "23.98", Fraction(24): "24", Fraction(25): "25",
    Fraction(30000, 1001): "29.97", Fraction(30): "30", Fraction(48): "48", Fraction(50): "50",
    Fraction(60000, 1001): "59.94", Fraction(60): "60",
}  # fmt: skip

_HEARD = {"hasAudio": "1", "audioSources": "1", "audioChannels": "2", "audioRate": "48000"}

Element = ElementTree.Element


def text_of(timeline: Timeline, link: Link) -> str:
    """The timeline as the text of an .fcpxml file."""
    root = Element("fcpxml", version="1.10")
    shelf = _Shelf(timeline, link)
    library = Element("library")
    event = _in(library, "event", name=timeline.project)
    project = _in(event, "project", name=f"{timeline.project} {timeline.name}")
    sequence = _in(
        project, "sequence",
        format=shelf.format(timeline.size, timeline.rate), duration=_at(timeline, timeline.frames),
        tcStart="0s", tcFormat="NDF", audioLayout="stereo", audioRate="48k",
    )  # fmt: skip
    spine = _in(sequence, "spine")
    for piece in pieces(timeline):
        if isinstance(piece, Crossing):
            spine.append(_transition(piece, spine[-1], timeline, shelf))
        else:
            spine.append(_clip(piece, timeline, shelf))
    _hang(spine, timeline, shelf)
    root.extend([shelf.resources, library])
    ElementTree.indent(root, "  ")
    return _HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


class _Shelf:
    """The resources that a timeline names, each once."""

    def __init__(self, timeline: Timeline, link: Link) -> None:
        self.resources = Element("resources")
        self._link = link
        self._known: dict[object, str] = {}
        self.format(timeline.size, timeline.rate)

    def _add(self, key: object, element: Element) -> str:
        name = self._known[key] = f"r{len(self._known) + 1}"
        element.set("id", name)
        self.resources.append(element)
        return name

    def format(self, size: Size, rate: Fraction) -> str:
        name = self._known.get((size, rate))
        return name or self._add(
            (size, rate),
            Element(
                "format", frameDuration=_seconds(1 / rate), width=str(size.width),
                height=str(size.height), colorSpace="1-1-1 (Rec. 709)",
            ),
        )  # fmt: skip

    def clip(self, clip: Clip) -> str:
        shape = self.format(clip.size, clip.rate)
        kinds = {"hasVideo": "1", "videoSources": "1", "format": shape}
        kinds |= _HEARD if clip.sound else {}
        return self._asset(clip.media, clip.available / clip.rate, kinds)

    def sound(self, sound: SoundStretch) -> str:
        return self._asset(sound.media, seconds_of(sound.available), _HEARD)

    def _asset(self, media: str, seconds: Fraction, kinds: dict[str, str]) -> str:
        if media in self._known:
            return self._known[media]
        facts = {"name": _name(media), "start": "0s", "duration": _seconds(seconds)}
        asset = Element("asset", {**facts, **kinds})
        _in(asset, "media-rep", kind="original-media", src=self._link(media))
        return self._add(media, asset)

    def effect(self, effect: Effect) -> str:
        element = Element("effect", name=effect.name, uid=effect.uid)
        return self._known.get(effect) or self._add(effect, element)


def _clip(piece: Piece, timeline: Timeline, shelf: _Shelf) -> Element:
    clip = piece.clip
    speed = Fraction(1) if piece.still else clip.speed
    start = piece.first / clip.rate / speed
    element = Element(
        "asset-clip", ref=shelf.clip(clip), name=clip.shot, offset=_at(timeline, piece.begin),
        start=_seconds(start), duration=_at(timeline, piece.frames), tcFormat="NDF",
    )  # fmt: skip
    _in(element, "note").text = one_line(str(clip.facts.get("prompt", "")))
    if clip.rate != timeline.rate and clip.rate in _RATES:
        _in(element, "conform-rate", scaleEnabled="0", srcFrameRate=_RATES[clip.rate])
    if piece.still or clip.speed != 1:
        element.append(_times(piece, timeline))
    _in(element, "adjust-conform", type="fill" if timeline.fit == "crop" else "fit")
    if clip.sound:
        level = "-96" if piece.still or clip.gain == "-Infinity" else clip.gain
        _in(element, "adjust-volume", amount=f"{level}dB")
    if piece.begin == clip.begin or not piece.still:
        _mark(element, piece, start)
    return element


def _times(piece: Piece, timeline: Timeline) -> Element:
    """Which moment of the media is seen when: one for all of a still, else by the speed."""
    clip, element = piece.clip, Element("timeMap")
    first, length = piece.first / clip.rate, piece.frames / timeline.rate
    seconds = clip.available / clip.rate
    points = [(first, first), (first + length, first)] if piece.still else [
        (Fraction(0), Fraction(0)), (seconds / clip.speed, seconds),
    ]  # fmt: skip
    for time, value in points:
        _in(element, "timept", time=_seconds(time), value=_seconds(value), interp="linear")
    return element


def _mark(element: Element, piece: Piece, start: Fraction) -> None:
    clip, frame = piece.clip, _seconds(1 / piece.clip.rate)
    prompt = one_line(str(clip.facts.get("prompt", "")))
    _in(element, "marker", start=_seconds(start), duration=frame, value=clip.title, note=prompt)
    if clip.caption:
        text = one_line(clip.caption)
        _in(element, "marker", start=_seconds(start), duration=frame, value=text, note="caption")


def _transition(crossing: Crossing, last: Element, timeline: Timeline, shelf: _Shelf) -> Element:
    cut = _fraction(last.attrib["offset"]) + _fraction(last.attrib["duration"])
    element = Element(
        "transition", name=crossing.joint.name,
        offset=_seconds(cut - crossing.before / timeline.rate),
        duration=_at(timeline, crossing.joint.frames),
    )  # fmt: skip
    effect = kind_of(crossing.joint.kind).fcpxml
    _in(element, "filter-video", ref=shelf.effect(effect), name=effect.name)
    return element


def _hang(spine: Element, timeline: Timeline, shelf: _Shelf) -> None:
    """Connect each sound to the clip under which it begins, in the time of that clip."""
    clips = [clip for clip in spine if clip.tag == "asset-clip"]
    for lane, row in enumerate(rows_of(timeline.sounds), 1):
        for sound in row:
            frame = nearest(seconds_of(sound.begin) * timeline.rate)
            begin = Fraction(frame) / timeline.rate
            host = [clip for clip in clips if _fraction(clip.attrib["offset"]) <= begin][-1]
            inside = begin - _fraction(host.attrib["offset"]) + _fraction(host.attrib["start"])
            host.insert(_place(host), _connected(sound, -lane, inside, timeline, shelf))


def _place(host: Element) -> int:
    """Where a connected clip stands among the children of another: before its markers."""
    tags = [child.tag for child in host]
    return tags.index("marker") if "marker" in tags else len(tags)


def _connected(
    sound: SoundStretch, lane: int, offset: Fraction, timeline: Timeline, shelf: _Shelf
) -> Element:
    end = nearest(seconds_of(sound.begin + sound.frames) * timeline.rate)
    frames = max(end - nearest(seconds_of(sound.begin) * timeline.rate), 1)
    element = Element(
        "asset-clip", ref=shelf.sound(sound), lane=str(lane), name=_name(sound.media),
        offset=_seconds(offset), start=_seconds(seconds_of(sound.skip)),
        duration=_at(timeline, frames), audioRole="music" if sound.kind == "music" else "dialogue",
    )  # fmt: skip
    volume = _in(element, "adjust-volume", amount=f"{sound.gain}dB")
    fades = (("fadeIn", sound.levels.fade_in), ("fadeOut", sound.levels.fade_out))
    if any(samples for _, samples in fades):
        level = _in(volume, "param", name="amount")
        for tag, samples in fades:
            if samples:
                _in(level, tag, type="easeIn", duration=_seconds(seconds_of(samples)))
    return element


def _in(parent: Element, tag: str, **attributes: str) -> Element:
    clean = {name: one_line(value) for name, value in attributes.items()}
    return ElementTree.SubElement(parent, tag, clean)


def _name(media: str) -> str:
    return one_line(media.rpartition("/")[2])


def _at(timeline: Timeline, frames: int) -> str:
    return _seconds(frames / timeline.rate)


def _seconds(value: Fraction) -> str:
    return f"{value}s"


def _fraction(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))
