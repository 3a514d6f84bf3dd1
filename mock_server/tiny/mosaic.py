"""A mosaic of a picture as H.264: each square of 16 by 16 pixels has one colour.

Squares are predicted from their neighbour on the left, so that one number for each colour part
says the rest. Later frames repeat the first one and take a few bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

from mock_server.tiny.bits import BitWriter, escaped, signed, unsigned

SQUARE = 16
_GREY = 128
_QUANTISER = 28  # with it a level of brightness is one step, and a level of colour two
_LEVELS = ((30, 1620, 40500), (31, 3600, 108000), (40, 8192, 245760), (51, 36864, 983040))
_PARAMETERS, _PICTURES, _KEY_FRAME, _REPEAT = b"\x67", b"\x68", b"\x65", b"\x41"
_FRAME_NUMBERS = 16
_BT709 = 1

Colour = tuple[int, int, int]  # brightness, blue and red, in the video range


@dataclass(frozen=True)
class MosaicVideo:
    """A video that stands still; ``squares`` are its colours, row by row."""

    width: int
    height: int
    rate: Fraction
    squares: tuple[Colour, ...]

    @property
    def columns(self) -> int:
        return -(-self.width // SQUARE)

    @property
    def rows(self) -> int:
        return -(-self.height // SQUARE)

    @cached_property
    def sequence(self) -> bytes:
        """The sequence parameters: size, rate and colours."""
        bits = BitWriter()
        bits.add(66, 8).add(0xC0, 8).add(self._level, 8)  # the constrained baseline profile
        bits.codes(0, 0, 2, 1).add(0, 1)
        bits.codes(self.columns - 1, self.rows - 1).add(0b11, 2)
        right, below = self.columns * SQUARE - self.width, self.rows * SQUARE - self.height
        bits.add(int(bool(right or below)), 1)
        if right or below:
            bits.codes(0, right // 2, 0, below // 2)
        bits.add(0b1, 1)  # what follows is how the picture is shown
        bits.add(0b1, 1).add(1, 8).add(0, 1)  # square pixels
        bits.add(0b1, 1).add(5, 3).add(0, 1).add(1, 1)
        bits.add(_BT709, 8).add(_BT709, 8).add(_BT709, 8).add(0, 1)
        bits.add(1, 1).add(self.rate.denominator, 32).add(2 * self.rate.numerator, 32).add(1, 1)
        bits.add(0b000, 3).add(0b11, 2).codes(0, 0, 0, 0, 0, 1)
        return _PARAMETERS + escaped(bits.ended())

    @property
    def pictures(self) -> bytes:
        """The picture parameters."""
        bits = BitWriter().codes(0, 0).add(0, 2).codes(0, 0, 0).add(0, 3)
        bits.text(signed(_QUANTISER - 26) + signed(0) + signed(0)).add(0b100, 3)
        return _PICTURES + escaped(bits.ended())

    @property
    def _level(self) -> int:
        number = self.columns * self.rows
        fitting = (
            level
            for level, most, a_second in _LEVELS
            if number <= most and number * self.rate <= a_second
        )
        return next(fitting, _LEVELS[-1][0])

    def frames(self, count: int) -> Iterator[bytes]:
        """The frames, each as a unit with its length in front."""
        yield _with_length(self._key_frame())
        repeats = [_with_length(self._repeat(number)) for number in range(_FRAME_NUMBERS)]
        for number in range(1, count):
            yield repeats[number % _FRAME_NUMBERS]

    def _key_frame(self) -> bytes:
        bits = BitWriter().codes(0, 7, 0).add(0, 4).codes(0).add(0, 2)
        bits.text(signed(0)).codes(1)  # no smoothing between squares
        bits.text("".join(self._coded()))
        return _KEY_FRAME + escaped(bits.ended())

    def _coded(self) -> Iterator[str]:
        """The squares, each by what it differs from the one that predicts it."""
        columns, above, left = self.columns, (_GREY,) * 3, (_GREY,) * 3
        for number, square in enumerate(self.squares):
            starts = number % columns == 0
            before = above if starts else left
            steps = (
                square[0] - before[0],
                int((square[1] - before[1]) / 2),
                int((square[2] - before[2]) / 2),
            )
            left = (square[0], before[1] + 2 * steps[1], before[2] + 2 * steps[2])
            if starts:
                above = left
            yield _square(0 if number == 0 else 1 if starts else 2, *steps)

    def _repeat(self, number: int) -> bytes:
        """A frame in which every square is as it was."""
        bits = BitWriter().codes(0, 5, 0).add(number, 4).add(0, 3)
        bits.text(signed(0)).codes(1, self.columns * self.rows)
        return _REPEAT + escaped(bits.ended())


# How a square is predicted: the first one by grey, the first of a row from above, others from the
# left. The numbers are those of the standard, for brightness and for colour.
_BRIGHTNESS, _COLOUR = (2, 0, 1), (0, 2, 1)


@lru_cache(65536)
def _square(way: int, brightness: int, blue: int, red: int) -> str:
    """The bits of a square that differs by so many steps from what predicts it."""
    is_coloured = bool(blue or red)
    kind = 1 + _BRIGHTNESS[way] + 4 * is_coloured
    bits = unsigned(kind) + unsigned(_COLOUR[way]) + signed(0)
    bits += _level_bits(brightness, none="1", one="01", more="000101")
    if is_coloured:
        bits += _level_bits(blue, none="01", one="1", more="000111")
        bits += _level_bits(red, none="01", one="1", more="000111")
    return bits


def _level_bits(level: int, *, none: str, one: str, more: str) -> str:
    """One number of a block whose other numbers are zero; how many there are is coded first."""
    if level == 0:
        return none
    if abs(level) == 1:
        return one + ("0" if level > 0 else "1") + "1"
    code = 2 * (abs(level) - 2) + (level < 0)
    if code < 14:
        return more + "0" * code + "1" + "1"
    if code < 30:
        return more + "0" * 14 + "1" + f"{code - 14:04b}" + "1"
    return more + "0" * 15 + "1" + f"{code - 30:012b}" + "1"


def _with_length(unit: bytes) -> bytes:
    return len(unit).to_bytes(4, "big") + unit
