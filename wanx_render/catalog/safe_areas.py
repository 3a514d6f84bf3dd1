"""Which part of a frame stays free of what an app draws over it: buttons, names, descriptions.

The figures, their sources and their doubts are data: ``safe_areas.yaml`` beside this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from math import ceil
from typing import Any

from wanx_render.geometry import Size
from wanx_render.source import yaml_source

# Without a named platform: parts of the frame at the sides, above and below.
_TALL = (Fraction(1, 8), Fraction(1, 10), Fraction(21, 100))
_WIDE = (Fraction(1, 10), Fraction(8, 100), Fraction(8, 100))
_LEAST = Fraction(5, 100)  # of each side, also where no app draws anything


@dataclass(frozen=True, slots=True)
class Margins:
    """How many pixels are kept free at each edge of a frame."""

    top: int
    right: int
    bottom: int
    left: int


def safe_area(size: Size, platform: str = "") -> Margins:
    """The margins, in pixels, that keep words of a frame of ``size`` clear of an app's controls.

    ``platform`` is one of ``platforms()``; without one the margins suit most players. The apps show
    a video as large as it fits on a 9:16 screen: what lies in the bars beside it costs no margin.
    Raises KeyError for an unknown platform.
    """
    if not platform:
        side, above, below = _TALL if size.height > size.width else _WIDE
        sides = int(size.width * side)
        return Margins(int(size.height * above), sides, int(size.height * below), sides)
    screen = Size(**_data()["frame"])
    zoom = min(Fraction(screen.width, size.width), Fraction(screen.height, size.height))
    bars = {
        "x": (screen.width - size.width * zoom) / 2,
        "y": (screen.height - size.height * zoom) / 2,
    }

    def margin(edge: str, across: str, length: int) -> int:
        length_in_frame = (Fraction(about(platform)["margins"][edge]) - bars[across]) / zoom
        return ceil(max(length_in_frame, length * _LEAST))

    return Margins(
        top=margin("top", "y", size.height),
        right=margin("right", "x", size.width),
        bottom=margin("bottom", "y", size.height),
        left=margin("left", "x", size.width),
    )


def platforms() -> tuple[str, ...]:
    """The platforms whose margins are known."""
    return tuple(_data()["platforms"])


def about(platform: str) -> Mapping[str, Any]:
    """What is known of a platform's figures: title, margins, source or assumption, doubt."""
    figures: Mapping[str, Any] = _data()["platforms"][platform]
    return figures


@cache
def _data() -> Any:
    return yaml_source.packaged(resources.files("wanx_render.catalog") / "safe_areas.yaml")
