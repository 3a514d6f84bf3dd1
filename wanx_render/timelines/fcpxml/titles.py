"""Words as titles of Final Cut Pro: Basic Title, at the place and about the size of the film's."""

from fractions import Fraction

from wanx_render.diagnostics import one_line
from wanx_render.geometry import Box
from wanx_render.manifest import CaptionRecord
from wanx_render.media import paint
from wanx_render.timelines.fcpxml.elements import Element, child, decimal, element, seconds
from wanx_render.timelines.fcpxml.framing import moved
from wanx_render.timelines.fcpxml.resources import BASIC_TITLE, Resources
from wanx_render.timelines.timeline import Timeline

_START = Fraction(3600)  # of a title's own time, as Final Cut Pro has it
_FONT = "PingFang SC"  # on every Mac; with Latin letters of its own
_SHEET = 1080  # points that the shorter side of a title's frame has
_EDGE = 12  # the outline is one part of so many of the em


def title(words: CaptionRecord, number: int, timeline: Timeline, resources: Resources) -> Element:
    """The words as a title, which is to be connected; ``number`` names its style."""
    result = element(
        "title", ref=resources.effect(BASIC_TITLE), name=one_line(words.text)[:60],
        start=seconds(_START), duration=seconds(words.frames / timeline.rate),
    )  # fmt: skip
    if words.kind == "caption" and not timeline.caption_style.burnt:
        result.set("enabled", "0")  # they are in a file beside the film, and not in its picture
    name = f"ts{number}"
    child(child(result, "text"), "text-style", ref=name).text = _lines(words.text)
    style = child(child(result, "text-style-def", id=name), "text-style")
    style.attrib.update(_style(words, timeline))
    if words.kind == "label":
        child(result, "note").text = "label of AI-generated content"
    result.append(moved(Box(words.x, words.y, words.width, words.height), timeline.size))
    return result


def _lines(text: str) -> str:
    """The text with its line breaks, and nothing else that XML cannot hold."""
    return "\n".join(map(one_line, text.splitlines()))


def _style(words: CaptionRecord, timeline: Timeline) -> dict[str, str]:
    style = timeline.caption_style
    points = Fraction(words.pixels * _SHEET, min(timeline.size.width, timeline.size.height))
    colours = ("white", "black") if words.kind == "label" else (style.colour, style.outline)
    result = {
        "font": _FONT, "fontSize": decimal(round(points)), "fontFace": "Regular",
        "fontColor": _colour(colours[0]), "alignment": "center",
    }  # fmt: skip
    if colours[1] != "none":
        edge = max(round(points / _EDGE), 1)
        result |= {"strokeColor": _colour(colours[1]), "strokeWidth": f"-{edge}"}
    return result


def _colour(name: str) -> str:
    """Red, green, blue and alpha, from 0 to 1."""
    plain = name[:7] if name.startswith("#") else name  # without its own alpha
    channels = (decimal(Fraction(value, 255)) for value in paint.rgb(plain))
    return " ".join((*channels, "1"))
