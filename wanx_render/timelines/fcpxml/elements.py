"""Elements of FCPXML and values in them: every time is a fraction of a second, written as one."""

from fractions import Fraction
from xml.etree import ElementTree

from wanx_render.diagnostics import one_line

Element = ElementTree.Element


def element(tag: str, **attributes: str) -> Element:
    """An element whose values have nothing in them that XML cannot hold."""
    return Element(tag, {name: one_line(value) for name, value in attributes.items()})


def child(parent: Element, tag: str, **attributes: str) -> Element:
    """Such an element at the end of another."""
    parent.append(inner := element(tag, **attributes))
    return inner


def seconds(value: Fraction | int) -> str:
    """A time, as ``1001/30000s``."""
    return f"{value}s"


def time_of(host: Element, name: str) -> Fraction:
    """A time that an element has; 0 where it says none."""
    return Fraction(host.get(name, "0s").removesuffix("s"))


def decimal(value: Fraction | float) -> str:
    """A number that is no time, with as many digits as anybody sees."""
    text = f"{float(value):.5f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def name_of(media: str) -> str:
    """What a file is called in the timeline."""
    return one_line(media.rpartition("/")[2])


# Before these elements of a clip, a connected one is put; the document type wants them in order.
_AFTER = ("marker", "audio-channel-source", "filter-video", "filter-audio", "metadata")


def connect(host: Element, connected: Element) -> None:
    """Put a connected clip in its place among the children of another."""
    places = [number for number, inner in enumerate(host) if inner.tag in _AFTER]
    host.insert(places[0] if places else len(host), connected)
