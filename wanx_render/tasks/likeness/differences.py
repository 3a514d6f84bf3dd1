"""What still differs after a picture was laid over a frame and its colours fitted, spot by spot."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageMath, ImageStat

from wanx_render.backends import panel
from wanx_render.captions import fonts
from wanx_render.tasks.likeness.colours import Tone, chroma_of, planes_of, tones
from wanx_render.tasks.likeness.grid import CELL, SPOT, Grid

# Chosen on one half of benchmarks/adoption.py, reported on the other.
LUMA_LEVELS, CHROMA_LEVELS = 3.0, 6.0  # what a spot may differ by where all is flat
STAMP_AGREES = 0.55  # correlation with the text of the stamp
NOISE_LEVELS = 6  # the most that is taken for compression or grain


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


def differences_of(
    laid: Image.Image, expected: Image.Image, shown: Image.Image, grid: Grid
) -> Measures:
    coarse = ImageFilter.BoxBlur(1.5)
    expected_coarse, shown_coarse = expected.filter(coarse), shown.filter(coarse)
    raw = grid.means(ImageChops.difference(expected_coarse, shown_coarse).getchannel(0))
    shares = [r / d for r, d in zip(raw, _detail(expected_coarse, grid), strict=True) if d > 4]
    sent_tones, shown_tones = tones(planes_of(laid), grid), tones(shown, grid)
    tone_differences = [_apart_in_tone(*pair) for pair in zip(sent_tones, shown_tones, strict=True)]
    lumas = sorted(tone[0] for tone in shown_tones)
    return Measures(
        worst=_worst(expected, shown, grid),
        detail=len(shares),
        clash=sum(share > 0.6 for share in shares) / max(1, len(shares)),
        inside=1.0,
        seen=1.0,
        colour=median(tone_differences),
        farthest=max(tone_differences),
        contrast=lumas[len(lumas) * 19 // 20] - lumas[len(lumas) // 20],
    )


def _apart_in_tone(one: Tone, two: Tone) -> float:
    """Levels; luma counts a third, since services and screens shift it most."""
    return max(abs(one[0] - two[0]) / 3, abs(chroma_of(one) - chroma_of(two)))


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
    threshold = sum(counts) * 9 / 10
    return next(level for level, total in enumerate(accumulate(counts)) if total >= threshold)


def _residual(expected: Image.Image, shown: Image.Image) -> Image.Image:
    """How luma differs around each pixel, where it was moved by less than a pixel at best.

    A window that differs by its place alone leaves next to nothing; another letter is explained by
    no shift. Compression takes sharpness, so ``expected`` is first made as soft as ``shown``.
    """
    softer = [expected, *(expected.filter(ImageFilter.GaussianBlur(r)) for r in (0.5, 0.9, 1.4))]
    soft = min(softer, key=lambda one: ImageStat.Stat(ImageChops.difference(one, shown)).sum[0])
    smooth = ImageFilter.BoxBlur(0.6)
    soft, frame = soft.filter(smooth), shown.filter(smooth)
    least: Image.Image | None = None
    for x in _SHIFTS:
        for y in _SHIFTS:
            candidate = soft.transform(
                soft.size, Image.Transform.AFFINE, (1, 0, x, 0, 1, y), Image.Resampling.BICUBIC
            )
            differs = ImageChops.difference(candidate, frame).filter(ImageFilter.BoxBlur(SPOT))
            least = ImageChops.darker(least, differs) if least else differs
    assert least is not None  # noqa: S101
    return least


_SHIFTS = (-0.7, 0.0, 0.7)  # pixels


def _chroma_residual(expected: Image.Image, shown: Image.Image, band: int, grid: Grid) -> float:
    """The cell whose colour differs most: of each what lies outside the other's nearest pixels."""
    plane, other_plane = expected.getchannel(band), shown.getchannel(band)
    largest, smallest = ImageFilter.MaxFilter(3), ImageFilter.MinFilter(3)
    over = (
        ImageChops.subtract(other_plane, plane.filter(largest)),
        ImageChops.subtract(plane, other_plane.filter(largest)),
    )
    under = (
        ImageChops.subtract(plane.filter(smallest), other_plane),
        ImageChops.subtract(other_plane.filter(smallest), plane),
    )
    outside = ImageChops.lighter(ImageChops.lighter(*over), ImageChops.lighter(*under))
    return max(grid.means(outside)) / CHROMA_LEVELS


def _contrast(planes: Image.Image) -> Image.Image:
    luma = planes.getchannel(0)
    around = luma.filter(ImageFilter.BoxBlur(6))
    return ImageChops.difference(luma, around).filter(ImageFilter.BoxBlur(SPOT))


def stamp_box(expected: Image.Image, shown: Image.Image) -> tuple[int, int, int, int] | None:
    """Where the service's stamp was laid over the lower right corner, if it was."""
    width, height = shown.size
    corner = width * 2 // 3, height * 4 // 5, width, height
    before, after = (planes.getchannel(0).crop(corner) for planes in (expected, shown))
    gain = ImageChops.subtract(after, before)
    # Of what was left to white: a stamp on a bright ground shows as well as one on a dark.
    strength = ImageMath.lambda_eval(
        lambda of: of["convert"](of["gained"] * 255 / of["max"](255 - of["before"], 24), "L"),
        gained=gain,
        before=before,
    )
    for marks, least in ((strength, 80), (strength.filter(ImageFilter.BoxBlur(2)), 40)):
        box = marks.point([255 * (level > least) for level in range(256)]).getbbox()
        if box and box[2] - box[0] >= 12 and box[3] - box[1] >= 5:
            text = _drawn(box[2] - box[0], box[3] - box[1])
            if panel.agreement(text, strength.crop(box)) > STAMP_AGREES:
                left, top, right, bottom = box
                x, y = corner[0], corner[1]
                return x + left - 6, y + top - 6, x + right + 6, y + bottom + 6
    return None


def _drawn(width: int, height: int) -> Image.Image:
    """The stamp's text, filling a box."""
    font = fonts.chinese().at(64)
    left, top, right, bottom = (round(v) for v in font.getbbox("AI生成"))
    image = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(image).text((-left, -top), "AI生成", 255, font)
    return image.resize((width, height), Image.Resampling.BOX)
