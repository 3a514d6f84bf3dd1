"""Fades at the ends of a film: which frames are how far faded, and how a graph does it.

The first frame of a fade in and the last of a fade out are the plain colour. A fade may go over
several pieces: each knows where in the fade it begins.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from wanx_render.shotlist.model import Fade
from wanx_render.timing import frames_in


@dataclass(frozen=True, slots=True)
class DrawnFade:
    """A fade over ``frames`` frames of a film; the piece begins with its frame ``at``, or before it
    where that is negative."""

    kind: Literal["in", "out"]
    through: Literal["black", "white"]
    frames: int
    at: int


@dataclass(frozen=True, slots=True)
class Ends:
    """The fades of a film, in its frames: how long they are, and what they go through."""

    whole: int
    begin: int = 0
    end: int = 0
    begin_through: Literal["black", "white"] = "black"
    end_through: Literal["black", "white"] = "black"

    def within(self, start: int, frames: int) -> tuple[DrawnFade, ...]:
        """The fades that change any of these frames."""
        fades = []
        if start < self.begin:
            fades.append(DrawnFade("in", self.begin_through, self.begin, start))
        first = self.whole - self.end
        if self.end and start + frames > first:
            fades.append(DrawnFade("out", self.end_through, self.end, start - first))
        return tuple(fades)


def ends_of(fade_in: Fade | None, fade_out: Fade | None, whole: int, rate: Fraction) -> Ends:
    """The fades of a film of ``whole`` frames, shortened where clips came shorter than planned."""
    begin = min(frames_in(fade_in.duration, rate), whole) if fade_in else 0
    end = min(frames_in(fade_out.duration, rate), whole - begin) if fade_out else 0
    return Ends(
        whole, begin, end,
        fade_in.through if fade_in else "black", fade_out.through if fade_out else "black",
    )  # fmt: skip


def faded(picture: Any, fade: DrawnFade, rate: Fraction) -> Any:
    """The stream with a fade; the frames outside it stay as they are.

    ffmpeg's own fade to another colour than black goes through RGB, for every frame. So white is
    black seen in a mirror of the legal range, which changes nothing of what it gives back.
    """
    first, last = max(-fade.at, 0), fade.frames - 1 - fade.at
    when = {"enable": f"between(n,{first},{last})"}
    # A fade out is done with its last frame, a fade in begins with its first.
    before = fade.at + (fade.kind == "out")
    shift = f"{max(before, 0)}/({rate})/TB"
    start = max(-before, 0) / rate
    times = {"start_time": f"{float(start):.6f}", "duration": f"{float(fade.frames / rate):.6f}"}
    if fade.through == "white":
        picture = _mirrored(picture, when)
    picture = picture.filter("setpts", f"PTS+{shift}")
    picture = picture.filter("fade", fade.kind, **times, **when).filter("setpts", f"PTS-{shift}")
    return _mirrored(picture, when) if fade.through == "white" else picture


def _mirrored(picture: Any, when: dict[str, str]) -> Any:
    return picture.filter("lutyuv", y="251-val", u="256-val", v="256-val", **when)
