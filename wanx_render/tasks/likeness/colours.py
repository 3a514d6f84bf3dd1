"""What the service did to the colours of a picture, fitted within narrow bounds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from PIL import Image

from wanx_render.tasks.likeness.grid import Grid

_IDENTITY = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
# RGB after one of BT.601 and BT.709 was encoded and the other decoded.
_AS_709 = (1.0863, -0.0723, -0.0140, 0, 0.0965, 0.8450, 0.0584, 0, -0.0141, -0.0277, 1.0418, 0)
_AS_601 = (0.9136, 0.0784, 0.0079, 0, -0.1049, 1.1722, -0.0672, 0, 0.0096, 0.0323, 0.9581, 0)
MATRICES = (_IDENTITY, _AS_709, _AS_601)


Tone = tuple[float, float, float]  # luma, blue and red difference


@dataclass(frozen=True, slots=True)
class ColourChange:
    """A change of colour: gain and offset of luma; gain, turn and offset of chroma."""

    gain: float = 1.0
    offset: float = 0.0
    chroma: complex = 1 + 0j
    tint: complex = 0j

    def distance(self, sent: Tone, shown: Tone) -> float:
        luma = self.gain * sent[0] + self.offset - shown[0]
        chroma = self.chroma * chroma_of(sent) + self.tint - chroma_of(shown)
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


def chroma_of(tone: Tone) -> complex:
    return complex(tone[1] - 128, tone[2] - 128)


def planes_of(picture: Image.Image) -> Image.Image:
    """Luma and both differences of colour as the three bands of one picture."""
    return Image.merge("RGB", picture.convert("YCbCr").split())


def tones(planes: Image.Image, grid: Grid) -> list[Tone]:
    luma, blue, red = (grid.means(band) for band in planes.split())
    return list(zip(luma, blue, red, strict=True))


def expected_planes(laid: Image.Image, frame: Image.Image, grid: Grid) -> Image.Image:
    """The planes of ``laid`` with its colours fitted to the frame's, within narrow bounds."""
    frame_tones = tones(planes_of(frame), grid)
    best: tuple[float, Image.Image] | None = None
    for number, matrix in enumerate(MATRICES):
        planes = planes_of(laid.convert("RGB", matrix) if number else laid)
        colours, distance = _fit(tones(planes, grid), frame_tones)
        distance += 0.3 if number else 0  # the simpler explanation, where both fit
        if best is None or distance < best[0]:
            best = distance, colours.applied(planes)
    assert best is not None  # noqa: S101
    return best[1]


def _fit(sent: Sequence[Tone], shown: Sequence[Tone]) -> tuple[ColourChange, float]:
    """What happened to the colours of most cells, and the mean distance that is left of these.

    Four rounds; after each the quarter that fits worst is left out.
    """
    pairs = list(zip(sent, shown, strict=True))
    best_fitting = pairs
    for _ in range(4):
        colours = _regress(best_fitting)
        pairs.sort(key=lambda pair: colours.distance(*pair))
        best_fitting = pairs[: max(12, len(pairs) * 3 // 4)]
    return colours, fmean(colours.distance(*pair) for pair in best_fitting)


def _regress(pairs: Sequence[tuple[Tone, Tone]]) -> ColourChange:
    """Least squares, drawn toward no change where there is little to fit; then bounded."""
    before = [complex(source[0]) for source, _ in pairs]
    after = [complex(result[0]) for _, result in pairs]
    slope, middle, target = _line(before, after, 30)
    gain = max(0.82, min(1.2, slope.real))
    offset = max(-40.0, min(40.0, (target - gain * middle).real))
    slope, middle, target = _line(
        [chroma_of(source) for source, _ in pairs], [chroma_of(result) for _, result in pairs], 8
    )
    size, turn = max(0.78, min(1.22, abs(slope))), math.atan2(slope.imag, slope.real)
    turn = max(-0.14, min(0.14, turn))
    chroma = size * complex(math.cos(turn), math.sin(turn))
    tint = target - chroma * middle
    return ColourChange(gain, offset, chroma, tint if abs(tint) < 6 else tint / abs(tint) * 6)


def _line(
    before: Sequence[complex], after: Sequence[complex], prior: float
) -> tuple[complex, complex, complex]:
    """The slope of ``after`` over ``before``, and the mean of each."""
    count = len(before)
    middle, target = sum(before) / count, sum(after) / count
    spread = sum(abs(value - middle) ** 2 for value in before) + prior * count
    covariance = prior * count + sum(
        (b - target) * (a - middle).conjugate() for a, b in zip(before, after, strict=True)
    )
    return covariance / spread, middle, target
