"""Whether a clip's first frame is the picture that was sent: same, other or doubtful.

A first frame may be moved, zoomed and turned a little, stretched by a few pixels, compressed, and
shifted in colour. So the picture is laid over the frame, its colours are fitted within narrow
bounds, and the rest of the difference is measured spot by spot. One spot that differs is enough
against ``same``: two products may differ in nothing but a label.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import mul
from statistics import fmean, median
from typing import Literal

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageMath, ImageStat

from wanx_render.backends import panel
from wanx_render.captions import fonts

Verdict = Literal["same", "other", "doubtful"]

SIDE = 576  # pixels of the longer side at which two pictures are compared
CELL = 16  # pixels; a cell is where colour and detail are measured
SPOT = 3  # pixels; a spot, where luma is compared, reaches so far around its middle

# Chosen on one half of benchmarks/adoption.py, reported on the other.
LUMA_LEVELS, CHROMA_LEVELS = 3.0, 6.0  # what a spot may differ by where all is flat
STAMP_AGREES = 0.55  # correlation with the text of the stamp
NOISE_LEVELS = 6  # the most that is taken for compression or grain
OTHER_BOUND = 3.0  # of the worst spot: grain alone clashes too
EDGE = 5  # pixels of the compared frame that never count
LEAST_DETAIL = 14  # cells
LEAST_INSIDE = 0.9  # of the frame that the picture covers
LEAST_SEEN = 0.75  # of the picture that the frame shows; a test clip shows four fifths
CLASH_SAME, CLASH_OTHER = 0.12, 0.5
COLOUR_OTHER = 18.0  # levels, over the whole frame
BARE_LEVELS, BARE_CONTRAST = 2.0, 40.0  # without detail: the largest difference, the least contrast

_IDENTITY = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
# RGB after one of BT.601 and BT.709 was encoded and the other decoded.
_AS_709 = (1.0863, -0.0723, -0.0140, 0, 0.0965, 0.8450, 0.0584, 0, -0.0141, -0.0277, 1.0418, 0)
_AS_601 = (0.9136, 0.0784, 0.0079, 0, -0.1049, 1.1722, -0.0672, 0, 0.0096, 0.0323, 0.9581, 0)
MATRICES = (_IDENTITY, _AS_709, _AS_601)


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured of a pair. Levels are of 0 to 255, shares of 0 to 1."""

    worst: float  # the spot that differs most; 1 is the bound of ``same``
    detail: int  # cells with detail
    clash: float  # the share of these that do not agree
    inside: float  # the share of the frame that the picture covers
    seen: float  # the share of the picture that the frame shows
    colour: float  # the median difference of colour before any fit, levels
    farthest: float  # the largest difference of a cell before any fit, levels
    contrast: float  # the spread of brightness over the frame, levels


@dataclass(frozen=True, slots=True)
class Likeness:
    """A verdict, why, and its score: how far the worst spot differs, where 1 is the bound."""

    verdict: Verdict
    score: float
    reason: str
    measures: Measures


def compare(sent: Image.Image, shown: Image.Image) -> Likeness:
    """Whether ``shown``, the first frame of a clip, is the picture ``sent``.

    Both are upright RGB, of any size; ``shown`` at the size of its clip, where a test clip's slate
    is looked for. Takes some 0.4 s. The same two pictures always give the same answer.
    """
    measures = measure(sent.convert("RGB"), shown.convert("RGB"))
    verdict, reason = _verdict(measures)
    return Likeness(verdict, measures.worst, reason, measures)


def _verdict(measures: Measures) -> tuple[Verdict, str]:
    detailed = measures.detail >= LEAST_DETAIL
    if measures.colour > COLOUR_OTHER:
        return "other", f"colours differ by {measures.colour:.0f} levels over most of the frame"
    if detailed and measures.clash > CLASH_OTHER and measures.worst > OTHER_BOUND:
        return "other", f"{measures.clash:.0%} of the detail is different"
    if measures.inside < LEAST_INSIDE:
        return "doubtful", f"the picture covers only {measures.inside:.0%} of the frame"
    if measures.seen < LEAST_SEEN:
        return "doubtful", f"the frame shows only {measures.seen:.0%} of the picture"
    if measures.worst > 1:
        return "doubtful", f"a part of the frame differs: {measures.worst:.1f} times the bound"
    if not detailed:
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
    visible = _visible(shown)
    frame = _scaled(shown, SIDE)
    small = _scaled(sent, SIDE)
    overlay = _align(small, frame, visible)
    laid, covered = _laid(small, overlay, frame.size)
    inside, seen = fmean(covered.tobytes()) / 255, math.exp(2 * overlay[2])
    laid = Image.composite(laid, frame, covered)  # no edge where the picture ends
    usable = ImageChops.darker(visible.resize(frame.size, Image.Resampling.NEAREST), covered)
    grid = Grid.over(_inner(usable))
    if len(grid.cells) < grid.columns * grid.rows // 3:
        return Measures(math.inf, 0, 0.0, inside, seen, 0.0, 0.0, 0.0)
    expected = _expected(laid, frame, grid)
    shown_planes = _planes(frame)
    stamp = _stamp(expected, shown_planes)
    if stamp:
        grid = grid.without(stamp)
    differences = _differences(laid, expected, shown_planes, grid)
    return replace(differences, inside=inside, seen=seen)


# --- where to look ------------------------------------------------------------------------------


def _scaled(picture: Image.Image, side: int) -> Image.Image:
    """``picture`` with its longer side at ``side`` pixels."""
    factor = side / max(picture.size)
    size = max(8, round(picture.width * factor)), max(8, round(picture.height * factor))
    return picture.resize(size, Image.Resampling.BICUBIC)


def _visible(shown: Image.Image) -> Image.Image:
    """255 where the clip's picture is seen: all of it, but for a test clip's slate."""
    mask = Image.new("L", shown.size, 255)
    place = panel.find(shown)
    if place:
        edge = max(shown.size) // 200 + 2
        box = (place.x - edge, place.y - edge, place.x + place.width + edge, place.bottom + edge)
        mask.paste(0, box)
    return mask


def _inner(mask: Image.Image) -> Image.Image:
    """``mask`` without what is near its edges, where a spot would see beyond them."""
    near = mask.filter(ImageFilter.BoxBlur(SPOT + 3))
    return near.point([255 * (level == 255) for level in range(256)])


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells over the compared frame; ``cells`` are the numbers of those that count."""

    columns: int
    rows: int
    usable: Image.Image  # 255 where a pixel counts
    cells: tuple[int, ...]

    @classmethod
    def over(cls, usable: Image.Image) -> "Grid":
        """The cells that are usable to their edges; the outermost pixels of a frame never are."""
        width, height = usable.size
        framed = Image.new("L", usable.size)
        inner = EDGE, EDGE, width - EDGE, height - EDGE
        framed.paste(usable.crop(inner), inner)
        columns, rows = max(1, width // CELL), max(1, height // CELL)
        shares = framed.resize((columns, rows), Image.Resampling.BOX).tobytes()
        cells = tuple(cell for cell, share in enumerate(shares) if share > 100)
        return cls(columns, rows, framed, cells)

    def without(self, box: tuple[int, int, int, int]) -> "Grid":
        usable = self.usable.copy()
        usable.paste(0, box)
        return Grid.over(usable)

    def means(self, plane: Image.Image) -> list[float]:
        """The mean of a grey picture over each cell that counts, of its usable pixels alone."""
        size = (self.columns, self.rows)
        held = Image.new("L", plane.size)
        held.paste(plane, (0, 0), self.usable)
        sums, weights = (
            memoryview(one.convert("F").resize(size, Image.Resampling.BOX).tobytes()).cast("f")
            for one in (held, self.usable)
        )
        return [sums[cell] * 255 / weights[cell] for cell in self.cells]


# --- laying one picture over the other ----------------------------------------------------------

Overlay = tuple[float, float, float, float, float]
"""Shift along x and y (parts of a side), log of the zoom, log of the stretch, turn (radians)."""

_NONE: Overlay = (0.0, 0.0, 0.0, 0.0, 0.0)
_FARTHEST: Overlay = (0.12, 0.12, 0.25, 0.7, 0.06)


def _matrix(overlay: Overlay, source: tuple[int, int], target: tuple[int, int]) -> Sequence[float]:
    """Which pixel of ``source`` is seen at a pixel of ``target``, as Pillow's AFFINE wants it."""
    x, y, zoom, stretch, turn = overlay
    across, down = math.exp(zoom + stretch), math.exp(zoom - stretch)
    tilt_x, tilt_y = -turn * source[1] / source[0], turn * source[0] / source[1]
    return (
        across * source[0] / target[0],
        tilt_x * source[0] / target[1],
        source[0] * (0.5 + x - across / 2 - tilt_x / 2),
        tilt_y * source[1] / target[0],
        down * source[1] / target[1],
        source[1] * (0.5 + y - down / 2 - tilt_y / 2),
    )


def _laid(
    picture: Image.Image, overlay: Overlay, size: tuple[int, int]
) -> tuple[Image.Image, Image.Image]:
    """``picture`` as the frame should show it, and 255 where it has something to show."""
    matrix = _matrix(overlay, picture.size, size)
    affine, bicubic = Image.Transform.AFFINE, Image.Resampling.BICUBIC
    whole = Image.new("L", picture.size, 255)
    return picture.transform(size, affine, matrix, bicubic), whole.transform(size, affine, matrix)


class _Level:
    """A pair of pictures at one size, and how badly they agree under an overlay."""

    def __init__(
        self, sent: Image.Image, shown: Image.Image, visible: Image.Image, side: int
    ) -> None:
        self._sent, self._shown = _features(_scaled(sent, side)), _features(_scaled(shown, side))
        self._visible = visible.resize(self._shown.size, Image.Resampling.NEAREST)
        self._pixels = self._shown.width * self._shown.height * 3

    def cost(self, overlay: Overlay) -> float:
        matrix = _matrix(overlay, self._sent.size, self._shown.size)
        laid = self._sent.transform(
            self._shown.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR,
            fillcolor=(128, 128, 128),
        )  # fmt: skip
        counts = ImageChops.difference(laid, self._shown).histogram(self._visible)
        return float(sum(map(mul, counts, _COSTS))) / self._pixels

    def descend(self, start: Overlay, scale: float, last: float) -> tuple[float, Overlay]:
        """The best overlay near ``start``; steps begin at ``scale`` and are halved to ``last``."""
        best, overlay = self.cost(start), start
        for _ in range(_ROUNDS):
            if scale < last:
                break
            before = best
            for index, step in enumerate(_STEPS):
                for distance in (step * scale, -step * scale):
                    candidate = _moved(overlay, index, distance)
                    cost = self.cost(candidate)
                    if cost < best * 0.9995 - 0.0005:
                        best, overlay = cost, candidate
                        break
            if best == before:
                scale /= 2
        return best, overlay


_ROUNDS = 40  # of a descent; most end after ten
_STEPS: Overlay = (0.012, 0.012, 0.02, 0.014, 0.012)
# What a difference costs: fine detail, coarse detail and brightness. Past a bound all is alike,
# so that a slate, a stamp or a flash does not pull the overlay away.
_COSTS = [min(v, 80) for v in range(256)] * 2 + [min(v, 60) * 0.3 for v in range(256)]


def _features(picture: Image.Image) -> Image.Image:
    """Brightness against its near and its far surroundings, and brightness itself."""
    luma = picture.convert("L")
    near = ImageChops.subtract(luma, luma.filter(ImageFilter.GaussianBlur(2.5)), 0.4, 128)
    far = ImageChops.subtract(luma, luma.filter(ImageFilter.GaussianBlur(6)), 0.7, 128)
    return Image.merge("RGB", (near, far, luma))


def _moved(overlay: Overlay, index: int, distance: float) -> Overlay:
    """``overlay`` with one of its parts changed, no farther than is looked for."""
    x, y, zoom, stretch, turn = (
        max(-most, min(most, value + (distance if index == part else 0)))
        for part, (value, most) in enumerate(zip(overlay, _FARTHEST, strict=True))
    )
    return x, y, zoom, stretch, turn


def _align(sent: Image.Image, shown: Image.Image, visible: Image.Image) -> Overlay:
    """Where ``sent`` must be laid to agree with ``shown``: looked for from coarse to fine."""
    coarse = _Level(sent, shown, visible, 48)
    tried = sorted((coarse.cost(start), start) for start in _starts(sent.size, shown.size))
    middle = _Level(sent, shown, visible, 96)
    refined = [middle.descend(start, 1, 0.25) for start in [_NONE, *_apart(tried, 3)]]
    _, best = min(refined)
    _, best = _Level(sent, shown, visible, 192).descend(best, 0.25, 0.06)
    _, best = _Level(sent, shown, visible, 384).descend(best, 0.06, 0.015)
    return best


def _starts(sent: tuple[int, int], shown: tuple[int, int]) -> Iterator[Overlay]:
    """Windows of a picture: stretched to the frame or covering it, near or far, here and there."""
    ratio = math.log(shown[0] * sent[1] / shown[1] / sent[0]) / 2
    for zoom, stretch in {(0.0, 0.0), (-abs(ratio), ratio)}:
        for near in (1.0, 0.96, 0.92, 0.88):
            reach = math.ceil((1 - near) / 2 / 0.025) + 1
            for x in range(-reach, reach + 1):
                for y in range(-reach, reach + 1):
                    yield x * 0.022, y * 0.022, zoom + math.log(near), stretch, 0.0


def _apart(tried: Iterable[tuple[float, Overlay]], count: int) -> list[Overlay]:
    """The first ``count`` that are not near one another."""
    chosen: list[Overlay] = []
    for _, overlay in tried:
        if all(max(abs(overlay[i] - one[i]) for i in (0, 1, 2)) > 0.03 for one in chosen):
            chosen.append(overlay)
        if len(chosen) == count:
            break
    return chosen


# --- colour ---------------------------------------------------------------------------------------

_Tone = tuple[float, float, float]  # luma, blue and red difference


@dataclass(frozen=True, slots=True)
class Colours:
    """A change of colour: gain and offset of luma; gain, turn and offset of chroma."""

    gain: float = 1.0
    offset: float = 0.0
    chroma: complex = 1 + 0j
    tint: complex = 0j

    def distance(self, sent: _Tone, shown: _Tone) -> float:
        luma = self.gain * sent[0] + self.offset - shown[0]
        chroma = self.chroma * _chroma(sent) + self.tint - _chroma(shown)
        return abs(luma) / 2 + abs(chroma)

    def applied(self, planes: Image.Image) -> Image.Image:
        real, imag = self.chroma.real, self.chroma.imag
        return planes.convert(
            "RGB",
            (
                self.gain, 0, 0, self.offset,
                0, real, -imag, self.tint.real + 128 * (1 - real + imag),
                0, imag, real, self.tint.imag + 128 * (1 - imag - real),
            ),
        )  # fmt: skip


def _chroma(tone: _Tone) -> complex:
    return complex(tone[1] - 128, tone[2] - 128)


def _planes(picture: Image.Image) -> Image.Image:
    """Luma and both differences of colour as the three bands of one picture."""
    return Image.merge("RGB", picture.convert("YCbCr").split())


def _tones(planes: Image.Image, grid: Grid) -> list[_Tone]:
    luma, blue, red = (grid.means(band) for band in planes.split())
    return list(zip(luma, blue, red, strict=True))


def _expected(laid: Image.Image, frame: Image.Image, grid: Grid) -> Image.Image:
    """The planes of ``laid`` with its colours fitted to the frame's, within narrow bounds."""
    shown = _tones(_planes(frame), grid)
    best: tuple[float, Image.Image] | None = None
    for number, matrix in enumerate(MATRICES):
        planes = _planes(laid.convert("RGB", matrix) if number else laid)
        colours, distance = _fit(_tones(planes, grid), shown)
        distance += 0.3 if number else 0  # the simpler explanation, where both fit
        if best is None or distance < best[0]:
            best = distance, colours.applied(planes)
    assert best is not None  # noqa: S101
    return best[1]


def _fit(sent: Sequence[_Tone], shown: Sequence[_Tone]) -> tuple[Colours, float]:
    """What happened to the colours of most cells, and the mean distance that is left of these.

    Four rounds; after each the quarter that fits worst is left out.
    """
    pairs = list(zip(sent, shown, strict=True))
    used = pairs
    for _ in range(4):
        colours = _regress(used)
        pairs.sort(key=lambda pair: colours.distance(*pair))
        used = pairs[: max(12, len(pairs) * 3 // 4)]
    return colours, fmean(colours.distance(*pair) for pair in used)


def _regress(pairs: Sequence[tuple[_Tone, _Tone]]) -> Colours:
    """Least squares, drawn toward no change where there is little to fit; then bounded."""
    before = [complex(sent[0]) for sent, _ in pairs]
    after = [complex(shown[0]) for _, shown in pairs]
    slope, middle, target = _line(before, after, 30)
    gain = max(0.82, min(1.2, slope.real))
    offset = max(-40.0, min(40.0, (target - gain * middle).real))
    slope, middle, target = _line(
        [_chroma(sent) for sent, _ in pairs], [_chroma(shown) for _, shown in pairs], 8
    )
    size, turn = max(0.78, min(1.22, abs(slope))), math.atan2(slope.imag, slope.real)
    turn = max(-0.14, min(0.14, turn))
    chroma = size * complex(math.cos(turn), math.sin(turn))
    tint = target - chroma * middle
    return Colours(gain, offset, chroma, tint if abs(tint) < 6 else tint / abs(tint) * 6)


def _line(
    before: Sequence[complex], after: Sequence[complex], prior: float
) -> tuple[complex, complex, complex]:
    """The slope of ``after`` over ``before``, and the mean of each."""
    count = len(before)
    middle, target = sum(before) / count, sum(after) / count
    spread = sum(abs(value - middle) ** 2 for value in before) + prior * count
    both = prior * count + sum(
        (b - target) * (a - middle).conjugate() for a, b in zip(before, after, strict=True)
    )
    return both / spread, middle, target


# --- what differs ---------------------------------------------------------------------------------


def _differences(
    laid: Image.Image, expected: Image.Image, shown: Image.Image, grid: Grid
) -> Measures:
    coarse = ImageFilter.BoxBlur(1.5)
    expected_coarse, shown_coarse = expected.filter(coarse), shown.filter(coarse)
    raw = grid.means(ImageChops.difference(expected_coarse, shown_coarse).getchannel(0))
    shares = [r / d for r, d in zip(raw, _detail(expected_coarse, grid), strict=True) if d > 4]
    sent_tones, shown_tones = _tones(_planes(laid), grid), _tones(shown, grid)
    unfitted = [_apart_in_tone(*pair) for pair in zip(sent_tones, shown_tones, strict=True)]
    lumas = sorted(tone[0] for tone in shown_tones)
    return Measures(
        worst=_worst(expected, shown, grid),
        detail=len(shares),
        clash=sum(share > 0.6 for share in shares) / max(1, len(shares)),
        inside=1.0,
        seen=1.0,
        colour=median(unfitted),
        farthest=max(unfitted),
        contrast=lumas[len(lumas) * 19 // 20] - lumas[len(lumas) // 20],
    )


def _apart_in_tone(one: _Tone, two: _Tone) -> float:
    """Levels; luma counts a third, since services and screens shift it most."""
    return max(abs(one[0] - two[0]) / 3, abs(_chroma(one) - _chroma(two)))


def _detail(planes: Image.Image, grid: Grid) -> list[float]:
    """How far luma lies from its surroundings, the mean of each cell."""
    luma = planes.getchannel(0)
    return grid.means(ImageChops.difference(luma, luma.filter(ImageFilter.BoxBlur(CELL // 2))))


def _worst(expected: Image.Image, shown: Image.Image, grid: Grid) -> float:
    """How far the worst spot differs, in bounds: luma in spots of a few pixels, chroma in cells.

    What luma may differ by grows with the contrast around the spot, and with what differs all over
    the frame: compression and grain are everywhere, a label is not.
    """
    residual = _residual(expected.getchannel(0), shown.getchannel(0))
    everywhere = min(_ninth(residual.histogram(grid.usable)), NOISE_LEVELS)
    bounds = [1.1 * (LUMA_LEVELS + 2 * everywhere + contrast / 20) for contrast in range(256)]
    contrast = ImageChops.lighter(_contrast(expected), _contrast(shown)).tobytes()
    spots = zip(residual.tobytes(), contrast, grid.usable.tobytes(), strict=True)
    spot = max(value / bounds[there] for value, there, counts in spots if counts)
    return max(spot, *(_chroma_residual(expected, shown, band, grid) for band in (1, 2)))


def _ninth(counts: Sequence[int]) -> int:
    """The level that nine tenths of the counted pixels do not pass."""
    wanted = sum(counts) * 9 / 10
    return next(level for level, total in enumerate(accumulate(counts)) if total >= wanted)


def _residual(expected: Image.Image, shown: Image.Image) -> Image.Image:
    """How luma differs around each pixel, where it was moved by less than a pixel at best.

    A window that differs by its place alone leaves next to nothing; another letter is explained by
    no shift. Compression takes sharpness, so ``expected`` is first made as soft as ``shown``.
    """
    softer = [expected, *(expected.filter(ImageFilter.GaussianBlur(r)) for r in (0.5, 0.9, 1.4))]
    expected = min(softer, key=lambda one: ImageStat.Stat(ImageChops.difference(one, shown)).sum[0])
    smooth = ImageFilter.BoxBlur(0.6)
    expected, shown = expected.filter(smooth), shown.filter(smooth)
    least: Image.Image | None = None
    for x in _SHIFTS:
        for y in _SHIFTS:
            moved = expected.transform(
                expected.size, Image.Transform.AFFINE, (1, 0, x, 0, 1, y), Image.Resampling.BICUBIC
            )
            differs = ImageChops.difference(moved, shown).filter(ImageFilter.BoxBlur(SPOT))
            least = ImageChops.darker(least, differs) if least else differs
    assert least is not None  # noqa: S101
    return least


_SHIFTS = (-0.7, 0.0, 0.7)  # pixels


def _chroma_residual(expected: Image.Image, shown: Image.Image, band: int, grid: Grid) -> float:
    """The cell whose colour differs most: of each what lies outside the other's nearest pixels."""
    one, two = expected.getchannel(band), shown.getchannel(band)
    most, least = ImageFilter.MaxFilter(3), ImageFilter.MinFilter(3)
    over = ImageChops.subtract(two, one.filter(most)), ImageChops.subtract(one, two.filter(most))
    under = ImageChops.subtract(one.filter(least), two), ImageChops.subtract(two.filter(least), one)
    outside = ImageChops.lighter(ImageChops.lighter(*over), ImageChops.lighter(*under))
    return max(grid.means(outside)) / CHROMA_LEVELS


def _contrast(planes: Image.Image) -> Image.Image:
    luma = planes.getchannel(0)
    around = luma.filter(ImageFilter.BoxBlur(6))
    return ImageChops.difference(luma, around).filter(ImageFilter.BoxBlur(SPOT))


# --- the stamp of the service -------------------------------------------------------------------


def _stamp(expected: Image.Image, shown: Image.Image) -> tuple[int, int, int, int] | None:
    """Where the service's stamp was laid over the lower right corner, if it was."""
    width, height = shown.size
    corner = width * 2 // 3, height * 4 // 5, width, height
    before, after = (one.getchannel(0).crop(corner) for one in (expected, shown))
    gained = ImageChops.subtract(after, before)
    # Of what was left to white: a stamp on a bright ground shows as well as one on a dark.
    strength = ImageMath.lambda_eval(
        lambda of: of["convert"](of["gained"] * 255 / of["max"](255 - of["before"], 24), "L"),
        gained=gained,
        before=before,
    )
    for marks, least in ((strength, 80), (strength.filter(ImageFilter.BoxBlur(2)), 40)):
        box = marks.point([255 * (level > least) for level in range(256)]).getbbox()
        if box and box[2] - box[0] >= 12 and box[3] - box[1] >= 5:
            drawn = _drawn(box[2] - box[0], box[3] - box[1])
            if panel.agreement(drawn, strength.crop(box)) > STAMP_AGREES:
                left, top, right, bottom = box
                x, y = corner[0], corner[1]
                return x + left - 6, y + top - 6, x + right + 6, y + bottom + 6
    return None


def _drawn(width: int, height: int) -> Image.Image:
    """The stamp's text, filling a box."""
    font = fonts.chinese().at(64)
    left, top, right, bottom = (round(v) for v in font.getbbox("AI生成"))
    drawn = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(drawn).text((-left, -top), "AI生成", 255, font)
    return drawn.resize((width, height), Image.Resampling.BOX)
