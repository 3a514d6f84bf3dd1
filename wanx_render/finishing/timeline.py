"""Where everything stands in a deliverable, in its own frames: bodies of shots and what joins them.

Two shots that go over into each other share frames: those are a seam of their own. Only seams hang
on two clips, so a change of one shot leaves every other body as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wanx_render.shotlist.model import Transition


@dataclass(frozen=True, slots=True)
class Body:
    """The frames of one shot that it shares with nobody: ``frames`` of them from ``skip`` on."""

    shot: int
    skip: int
    frames: int
    start: int  # where it stands in the deliverable


@dataclass(frozen=True, slots=True)
class Overlap:
    """The last frames of ``shot`` and the first of the next one, laid over each other."""

    shot: int
    skip: int  # frames of the first shot before the seam
    frames: int
    start: int
    transition: Transition


Part = Body | Overlap


def timeline(lengths: Sequence[int], overlaps: Sequence[tuple[Transition, int]]) -> list[Part]:
    """The parts of a deliverable in order.

    ``lengths`` are the frames of each shot; ``overlaps`` say for each but the last how it goes over
    into the next, and for how many frames. An overlap that does not fit is shortened.
    """
    parts: list[Part] = []
    at = overlap = 0  # where the next part starts; frames of the shot that the seam before took
    for shot, length in enumerate(lengths):
        following = _overlap(shot, overlap, lengths, overlaps)
        body = length - overlap - following
        if body:
            parts.append(Body(shot, overlap, body, at))
        at += body
        if following:
            transition = overlaps[shot][0]
            parts.append(Overlap(shot, length - following, following, at, transition))
        at += following
        overlap = following
    return parts


def _overlap(
    shot: int, before: int, lengths: Sequence[int], overlaps: Sequence[tuple[Transition, int]]
) -> int:
    if shot + 1 >= len(lengths):
        return 0
    return min(overlaps[shot][1], lengths[shot] - before, lengths[shot + 1])


def frames_of(parts: Sequence[Part]) -> int:
    """How long the whole is."""
    return sum(part.frames for part in parts)
