"""The words of a film as subtitle files: SRT, WebVTT and ASS, in the lines that are drawn.

Their times are those of frames. The label of AI-generated content is no subtitle and is left out.
"""

from collections.abc import Iterator
from fractions import Fraction
from html import escape
from typing import Literal

import pysubs2

from wanx_render.captions.drawing import Cue, write_srt
from wanx_render.captions.fonts import chinese
from wanx_render.captions.typesetting import BOX_ALPHA, DESCENT, OUTLINE_ALPHA, colour
from wanx_render.diagnostics import one_line
from wanx_render.manifest import CaptionRecord, CaptionStyleRecord
from wanx_render.timelines.timeline import Link, Timeline
from wanx_render.timing import nearest

Place = Literal["top", "middle", "bottom"]


def srt_of(timeline: Timeline, _link: Link) -> str:
    """The words as an SRT file; players put them at the bottom, or at the top."""
    cues = (
        Cue(words.text, words.start, words.frames, top=_place(words, timeline) == "top")
        for words in _words(timeline)
    )
    return write_srt(cues, timeline.rate)


def vtt_of(timeline: Timeline, _link: Link) -> str:
    """The words as a WebVTT file; those that are not at the bottom have their place in it."""
    return "WEBVTT\n" + "".join(_vtt_cue(words, timeline) for words in _words(timeline))


def _vtt_cue(words: CaptionRecord, timeline: Timeline) -> str:
    times = " --> ".join(_stamp(at, timeline.rate) for at in (words.start, _end(words)))
    is_low = _place(words, timeline) == "bottom"
    line = "" if is_low else f" line:{100 * words.y // timeline.size.height}%"
    return f"\n{times}{line}\n{escape(words.text, quote=False)}\n"


def _stamp(frame: int, rate: Fraction) -> str:
    seconds, thousandths = divmod(nearest(frame * 1000 / rate), 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{thousandths:03}"


_STYLE = {"top": "Top", "middle": "Middle", "bottom": "Default"}
_ALIGNMENT = {
    "top": pysubs2.Alignment.TOP_CENTER,
    "middle": pysubs2.Alignment.MIDDLE_CENTER,
    "bottom": pysubs2.Alignment.BOTTOM_CENTER,
}


def ass_of(timeline: Timeline, _link: Link) -> str:
    """The words as an ASS script that draws them where and as the film does."""
    script = pysubs2.SSAFile()
    script.info = {
        "ScriptType": "v4.00+",
        "PlayResX": str(timeline.size.width),
        "PlayResY": str(timeline.size.height),
        "WrapStyle": "2",  # lines are broken already
        "ScaledBorderAndShadow": "yes",
        "YCbCr Matrix": "TV.709",
    }
    words = list(_words(timeline))
    pixels = max((item.pixels for item in words), default=0)
    script.styles = {
        _STYLE[place]: _style(timeline.caption_style, pixels, place) for place in _places(timeline)
    }
    script.events = [_event(item, timeline, pixels) for item in words]
    return str(script.to_string("ass", header_notice=one_line(timeline.project)))


def _places(timeline: Timeline) -> list[Place]:
    """Where any words are; at the bottom where there are none."""
    places: dict[Place, None] = {_place(words, timeline): None for words in _words(timeline)}
    return list(places) or ["bottom"]


def _style(look: CaptionStyleRecord, pixels: int, place: Place) -> pysubs2.SSAStyle:
    """How ``captions.typesetting`` draws: an outline of a twelfth of the em, or a box."""
    has_box, has_outline = look.box != "none", look.outline != "none"
    edge = _colour(look.outline, OUTLINE_ALPHA) if has_outline else pysubs2.Color(0, 0, 0)
    return pysubs2.SSAStyle(
        fontname=chinese().family,
        fontsize=_size(pixels),
        primarycolor=_colour(look.colour),
        outlinecolor=_colour(look.box, BOX_ALPHA) if has_box else edge,
        borderstyle=3 if has_box else 1,  # 3: a box of the outline's colour
        outline=pixels // 3 if has_box else max(pixels // 12, 1) * has_outline,
        shadow=0,
        alignment=_ALIGNMENT[place],
        marginl=0,
        marginr=0,
        marginv=0,
    )


def _event(words: CaptionRecord, timeline: Timeline, pixels: int) -> pysubs2.SSAEvent:
    place, top = _place(words, timeline), words.y - _raised(words)
    below = timeline.size.height - top - words.height
    tags = ""
    if words.pixels != pixels:  # a long text is drawn smaller
        tags += f"\\fs{_size(words.pixels)}"
    if place == "middle":  # where margins say nothing
        tags += f"\\pos({timeline.size.width // 2},{top + words.height // 2})"
    return pysubs2.SSAEvent(
        start=_floor(words.start, timeline.rate),
        end=_floor(_end(words), timeline.rate),
        text=(f"{{{tags}}}" if tags else "") + _escaped(words.text),
        style=_STYLE[place],
        marginv={"top": top, "middle": 0, "bottom": below}[place],
    )


def _size(pixels: int) -> float:
    """The size that ASS has for an em of so many pixels: the height of a line of the font."""
    return round(pixels * chinese().height, 1)


def _raised(words: CaptionRecord) -> int:
    """By how many pixels the film has its letters higher in a line than a line of ASS has."""
    pitch = words.height / (words.text.count("\n") + 1)
    _, descent = chinese().at(words.pixels).getmetrics()
    return round(pitch * DESCENT - descent)


def _escaped(text: str) -> str:
    """Words without what ASS would read: a backslash is parted from its letter."""
    return text.replace("\\", "\\\u2060").replace("{", "\\{").replace("\n", "\\N")


def _floor(frame: int, rate: Fraction) -> int:
    """The hundredth of a second at which a frame is there and the one before it is gone, in ms."""
    return int(frame * 100 / rate) * 10


def _colour(name: str, alpha: int = 255) -> pysubs2.Color:
    red, green, blue, density = colour(name, alpha)
    return pysubs2.Color(red, green, blue, 255 - density)


def _words(timeline: Timeline) -> Iterator[CaptionRecord]:
    return (words for words in timeline.captions if words.kind == "caption")


def _end(words: CaptionRecord) -> int:
    return words.start + words.frames


def _place(words: CaptionRecord, timeline: Timeline) -> Place:
    """In which third of the frame the middle of the words is."""
    third = 3 * (2 * words.y + words.height) // (2 * timeline.size.height)
    return ("top", "middle", "bottom")[min(max(third, 0), 2)]
