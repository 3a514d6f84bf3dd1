"""Whether a clip's first frame is the picture that was sent: same, other or doubtful."""

import math
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from PIL import Image, ImageChops

from wanx_render.language import Message, plural, tr
from wanx_render.tasks.likeness.colours import expected_planes, planes_of
from wanx_render.tasks.likeness.differences import Measures, differences_of, stamp_box
from wanx_render.tasks.likeness.grid import SIDE, Grid, inner, scaled, visible_part
from wanx_render.tasks.likeness.overlay import align, laid_over

Verdict = Literal["same", "other", "doubtful"]
OTHER_BOUND = 3.0  # of the worst spot: grain alone clashes too
LEAST_DETAIL = 14  # cells
LEAST_INSIDE = 0.9  # of the frame that the picture covers
LEAST_SEEN = 0.75  # of the picture that the frame shows; a test clip shows four fifths
CLASH_SAME, CLASH_OTHER = 0.12, 0.5
COLOUR_OTHER = 18.0  # levels, over the whole frame
BARE_LEVELS, BARE_CONTRAST = 2.0, 40.0  # without detail: the largest difference, the least contrast


@dataclass(frozen=True, slots=True)
class Likeness:
    """A verdict, why, and what it was judged by."""

    verdict: Verdict
    reason: Message
    measures: Measures


def compare(sent: Image.Image, shown: Image.Image) -> Likeness:
    """Whether ``shown``, the first frame of a clip, is the picture ``sent``.

    Both are upright RGB, of any size; ``shown`` at the size of its clip, where a test clip's slate
    is looked for. Takes some 0.4 s. The same two pictures always give the same answer.
    """
    measures = measure(sent.convert("RGB"), shown.convert("RGB"))
    verdict, reason = _verdict(measures)
    return Likeness(verdict, reason, measures)


def _verdict(measures: Measures) -> tuple[Verdict, Message]:
    has_detail = measures.detail >= LEAST_DETAIL
    if measures.colour > COLOUR_OTHER:
        text = tr("colours differ by {n:.0f} levels over most of the frame", n=measures.colour)
        return "other", text
    clash = tr("{share:.0%} of the detail is different", share=measures.clash)
    if has_detail and measures.clash > CLASH_OTHER and measures.worst > OTHER_BOUND:
        return "other", clash
    if measures.inside < LEAST_INSIDE:
        share = measures.inside
        return "doubtful", tr("the picture covers only {share:.0%} of the frame", share=share)
    if measures.seen < LEAST_SEEN:
        share = measures.seen
        return "doubtful", tr("the frame shows only {share:.0%} of the picture", share=share)
    if measures.worst > 1:
        text = tr("part of the frame differs by {times:.1f} times the limit", times=measures.worst)
        return "doubtful", text
    if not has_detail:
        return _bare(measures)
    if measures.clash > CLASH_SAME:
        return "doubtful", clash
    parts = plural(
        "{n} part with detail agrees, the worst at {worst:.2f}",
        "{n} parts with detail agree, the worst at {worst:.2f}",
        measures.detail, worst=measures.worst,
    )  # fmt: skip
    return "same", parts


def _bare(measures: Measures) -> tuple[Verdict, Message]:
    """Nothing but soft tones: only tones that agree without any fit are evidence."""
    if measures.contrast < BARE_CONTRAST:
        return "doubtful", tr("there is almost no detail to compare")
    if measures.farthest > BARE_LEVELS:
        levels = measures.farthest
        return "doubtful", tr("little detail, and tones differ by {n:.0f} levels", n=levels)
    return "same", tr("soft tones agree within {n:.0f} levels", n=measures.farthest)


def measure(sent: Image.Image, shown: Image.Image) -> Measures:
    """Lay ``sent`` over ``shown``, both RGB, and measure what differs."""
    visible = visible_part(shown)
    frame = scaled(shown, SIDE)
    small = scaled(sent, SIDE)
    overlay = align(small, frame, visible)
    overlaid, coverage = laid_over(small, overlay, frame.size)
    inside, shown_share = fmean(coverage.tobytes()) / 255, math.exp(2 * overlay[2])
    overlaid = Image.composite(overlaid, frame, coverage)  # no edge where the picture ends
    usable = ImageChops.darker(visible.resize(frame.size, Image.Resampling.NEAREST), coverage)
    grid = Grid.over(inner(usable))
    if len(grid.cells) < grid.columns * grid.rows // 3:
        return Measures(math.inf, 0, 0.0, inside, shown_share, 0.0, 0.0, 0.0)
    planes = expected_planes(overlaid, frame, grid)
    shown_planes = planes_of(frame)
    stamp = stamp_box(planes, shown_planes)
    if stamp:
        grid = grid.without(stamp)
    differences = differences_of(overlaid, planes, shown_planes, grid)
    return replace(differences, inside=inside, seen=shown_share)
