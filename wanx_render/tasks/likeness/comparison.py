"""Whether a clip's first frame is the picture that was sent: same, other or doubtful."""

import math
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from PIL import Image, ImageChops

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
    reason: str
    measures: Measures


def compare(sent: Image.Image, shown: Image.Image) -> Likeness:
    """Whether ``shown``, the first frame of a clip, is the picture ``sent``.

    Both are upright RGB, of any size; ``shown`` at the size of its clip, where a test clip's slate
    is looked for. Takes some 0.4 s. The same two pictures always give the same answer.
    """
    measures = measure(sent.convert("RGB"), shown.convert("RGB"))
    verdict, reason = _verdict(measures)
    return Likeness(verdict, reason, measures)


def _verdict(measures: Measures) -> tuple[Verdict, str]:
    has_detail = measures.detail >= LEAST_DETAIL
    if measures.colour > COLOUR_OTHER:
        return "other", f"colours differ by {measures.colour:.0f} levels over most of the frame"
    if has_detail and measures.clash > CLASH_OTHER and measures.worst > OTHER_BOUND:
        return "other", f"{measures.clash:.0%} of the detail is different"
    if measures.inside < LEAST_INSIDE:
        return "doubtful", f"the picture covers only {measures.inside:.0%} of the frame"
    if measures.seen < LEAST_SEEN:
        return "doubtful", f"the frame shows only {measures.seen:.0%} of the picture"
    if measures.worst > 1:
        return "doubtful", f"a part of the frame differs: {measures.worst:.1f} times the bound"
    if not has_detail:
        return _bare(measures)
    if measures.clash > CLASH_SAME:
        return "doubtful", f"{measures.clash:.0%} of the detail is different"
    return "same", f"{measures.detail} parts with detail agree, the worst at {measures.worst:.2f}"


def _bare(measures: Measures) -> tuple[Verdict, str]:
    """Nothing but soft tones: only tones that agree without any fit are evidence."""
    if measures.contrast < BARE_CONTRAST:
        return "doubtful", "there is nearly no detail to compare"
    tones = f"{measures.farthest:.0f} levels"
    if measures.farthest > BARE_LEVELS:
        return "doubtful", f"there is little detail, and tones differ by {tones}"
    return "same", f"soft tones agree everywhere, within {tones}"


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
