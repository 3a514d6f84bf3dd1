"""What the frames of a clip show by themselves: that they stand, are cut, flicker, or have borders.

Thresholds were chosen on 313 clips and judged on 129 others; the table with their sources and false
alarms is in docs/decisions/0054-marks-on-takes.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from statistics import StatisticsError, correlation, fmean

from PIL import Image, ImageChops

from wanx_render.marks.samples import SIDE, Samples

# -- Frames that stand -----------------------------------------------------------------------------

STILL_LEVELS = 5  # of 255: what a pixel of a small frame may differ by while the picture stands
STILL_SECONDS = 1.0  # the shortest stretch that is a fault


@dataclass(frozen=True, slots=True)
class FrameRun:
    """So many frames from one on, and how strong the fault is in them."""

    start: int
    frames: int
    strength: float = 0.0


def stills(samples: Samples) -> Iterator[FrameRun]:
    """Stretches in which no frame differs from the first of them, the longest that are there."""
    start, farthest = 0, 0
    for number, frame in enumerate((*samples.frames, None)):
        distance = _farthest(samples.frames[start], frame) if frame else 256
        if distance <= STILL_LEVELS:
            farthest = max(farthest, distance)
            continue
        run = FrameRun(start, number - start, farthest)
        if run.frames / samples.rate >= STILL_SECONDS and run.frames > 1:
            yield run
        start, farthest = number, 0


def _farthest(first: Image.Image, second: Image.Image) -> int:
    """The largest difference of a pixel, in levels."""
    counts = ImageChops.difference(first, second).histogram()
    return max(level for level, count in enumerate(counts) if count)


# -- Cuts ------------------------------------------------------------------------------------------

CUT_LEVELS = 12.0  # mean difference of the frames before and behind, at the least
CUT_LIKENESS = 0.5  # their correlation at the most; that of other frames nearby is higher by
CUT_STEP = 0.3
_COARSE = 4  # small frames are made so many times smaller: a fast pan is no cut
_FLASH_FRAMES = 3  # after which a flash is over


def cuts(samples: Samples) -> Iterator[FrameRun]:
    """The first frame of each new picture. A flash is none: what was there before comes back."""
    coarse = [frame.reduce(_COARSE) for frame in samples.frames]
    for number in range(2, len(coarse) - 1):
        if _mean_difference(coarse[number - 1], coarse[number]) < CUT_LEVELS:
            continue
        likeness = _likeness(coarse[number - 1], coarse[number])
        nearby = min(
            _likeness(*coarse[number - 2 : number]), _likeness(*coarse[number : number + 2])
        )
        if likeness > CUT_LIKENESS or nearby < likeness + CUT_STEP:
            continue
        later = coarse[number + 1 : number + 1 + _FLASH_FRAMES]
        if all(_likeness(coarse[number - 1], frame) <= CUT_LIKENESS for frame in later):
            yield FrameRun(number, 1, likeness)


def _mean_difference(first: Image.Image, second: Image.Image) -> float:
    """In levels."""
    counts = ImageChops.difference(first, second).histogram()
    return sum(level * count for level, count in enumerate(counts)) / (first.width * first.height)


def _likeness(first: Image.Image, second: Image.Image) -> float:
    """The correlation of two frames, whatever their brightness and contrast; of plain ones 1."""
    try:
        return correlation(first.tobytes(), second.tobytes())
    except StatisticsError:
        return 1.0


# -- Flicker ---------------------------------------------------------------------------------------

FLICKER_LEVELS = 2.5  # how far brightness swings to either side, at the least
FLICKER_CHANGES = 6  # of direction within a second: three flashes, the most that WCAG 2.3.1 allows
FLICKER_CELLS = 6  # of nine parts of the frame, in which it is seen at once: motion is in fewer
_CELLS = 3  # across and down
_AROUND = 3  # frames before and behind, against whose mean a frame's brightness is held


def flickers(samples: Samples) -> Iterator[FrameRun]:
    """Stretches in which brightness swings to and fro, over most of the frame."""
    cells = list(zip(*(_brightness(frame) for frame in samples.frames), strict=True))
    window = max(round(float(samples.rate)), 2)
    changes = [_swings(levels) for levels in cells]
    count = len(samples.frames)
    flags = [
        sum(sum(start <= at < start + window for at in cell) >= FLICKER_CHANGES for cell in changes)
        >= FLICKER_CELLS
        for start in range(max(count - window + 1, 1))
    ]
    seen = [any(flags[max(at - window + 1, 0) : at + 1]) for at in range(count)]
    for start, end in _stretches(seen):
        frames = end - start
        swings = sum(len([at for at in cell if start <= at < start + frames]) for cell in changes)
        yield FrameRun(start, frames, swings / (2 * len(cells) * frames / float(samples.rate)))


def _brightness(frame: Image.Image) -> bytes:
    """The mean level of each part of a frame."""
    return frame.resize((_CELLS, _CELLS), Image.Resampling.BOX).tobytes()


def _swings(levels: Sequence[int]) -> list[int]:
    """The frames at which brightness is on the other side of its mean, by enough."""
    result: list[int] = []
    side = 0
    for number, level in enumerate(levels):
        around = levels[max(number - _AROUND, 0) : number + _AROUND + 1]
        distance = level - fmean(around)
        if abs(distance) >= FLICKER_LEVELS and (distance > 0) != (side > 0):
            result += [number] if side else []
            side = 1 if distance > 0 else -1
    return result


def _stretches(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where flags are set, from one to behind another."""
    edges = [number for number, (a, b) in enumerate(pairwise((False, *flags, False))) if a != b]
    yield from zip(edges[::2], edges[1::2], strict=True)


# -- Borders ---------------------------------------------------------------------------------------

BLACK_LEVEL = 12  # no pixel of a border is ever brighter
BORDER_LINES = 2  # of SIDE: the narrowest border that is a fault
BORDER_LENGTH = 0.75  # of its edge, behind which the picture is brighter: others are dark scenes
SIDES = ("top", "bottom", "left", "right")


def borders(frames: Sequence[Image.Image]) -> dict[str, float]:
    """The sides of a clip or picture with a black border, and its share of the height or width."""
    brightest = reduce(ImageChops.lighter, frames)
    shares: dict[str, float] = {}
    for side, turns in zip(SIDES, (0, 180, 270, 90), strict=True):
        rows = _rows(brightest.rotate(turns))
        width = next((n for n, row in enumerate(rows) if max(row) > BLACK_LEVEL), SIDE)
        if BORDER_LINES <= width < SIDE // 2 and _is_lit(rows[width + 1]):
            shares[side] = width / SIDE
    return shares


def _is_lit(row: bytes) -> bool:
    return sum(level > 2 * BLACK_LEVEL for level in row) >= BORDER_LENGTH * len(row)


def _rows(picture: Image.Image) -> list[bytes]:
    data = picture.tobytes()
    return [data[at : at + picture.width] for at in range(0, len(data), picture.width)]
