"""Looks: ``.cube`` files with a table of colours, read strictly, and the part of a graph for them.

ffmpeg is given a clean file that is written here: its own reader skips what it does not know, and
takes no account of where a domain begins.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from wanx_render.language import NOTHING, Message, tr
from wanx_render.media.ffmpeg import BT709

SMALLEST, LARGEST = 2, 65  # points each way
_MOST_BYTES = 32 * 1024 * 1024
# Raised whenever what a look does changes.
LOOK_VERSION = 1


class BadCube(ValueError):
    """A file that is not a usable look; ``line`` counts from one, 0 where it is about the whole."""

    def __init__(self, sentence: Message, line: int = 0, hint: Message = NOTHING) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line
        self.hint = hint


Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Cube:
    """A table of colours: ``size`` points each way, red changes first, from ``low`` to ``high``."""

    size: int
    low: Colour
    high: Colour
    points: tuple[Colour, ...]

    def text(self) -> str:
        """The table as a file that every ffmpeg reads."""
        lines = (f"{red:.8g} {green:.8g} {blue:.8g}" for red, green, blue in self.points)
        return "\n".join([f"LUT_3D_SIZE {self.size}", *lines, ""])


@dataclass(frozen=True, slots=True)
class Look:
    """The look of a piece: the file, what names its bytes, and the colours that its table is of."""

    path: Path
    sha256: str
    low: Colour = (0.0, 0.0, 0.0)
    high: Colour = (1.0, 1.0, 1.0)
    version: int = LOOK_VERSION


def read(data: bytes) -> Cube:
    """The table in the bytes of a ``.cube`` file. Raises BadCube."""
    reader = _CubeLines()
    for number, line in enumerate(_text(data).splitlines(), start=1):
        words = line.partition("#")[0].split()
        if words:
            reader.take(number, words)
    return reader.cube()


def read_file(path: Path) -> Cube:
    """The table in a file. Raises BadCube, or OSError where it cannot be read."""
    if path.stat().st_size > _MOST_BYTES:
        raise BadCube(tr("the file is larger than {n} MiB", n=_MOST_BYTES // 1024**2))
    return read(path.read_bytes())


def look(path: Path, identity: str) -> Look:
    """The look that a file describes. Raises BadCube or OSError."""
    low, high, _ = _clean(path, identity)
    return Look(path, identity, low, high)


@lru_cache(maxsize=4)
def _clean(path: Path, _identity: str) -> tuple[Colour, Colour, str]:
    """The domain of a table and its clean text; kept, because all pieces of a film have one look.

    The table itself would take ten times as much memory.
    """
    cube = read_file(path)
    return cube.low, cube.high, cube.text()


def _text(data: bytes) -> str:
    if b"\0" in data:
        raise BadCube(tr("the file is not text"), hint=_SAVE)
    return data.decode("utf-8-sig", "replace")


_SAVE = tr("save the look as a 3D LUT in the .cube format")


class _CubeLines:
    """What the lines of a file have said so far."""

    def __init__(self) -> None:
        self.size = 0
        self.low: Colour = (0.0, 0.0, 0.0)
        self.high: Colour = (1.0, 1.0, 1.0)
        self.points: list[Colour] = []
        self.last = 0  # line

    def take(self, line: int, words: list[str]) -> None:
        """Read one line, which is not empty. Raises BadCube."""
        self.last = line
        keyword = words[0].upper()
        if not re.fullmatch("[A-Z][A-Z0-9_]*", keyword) or keyword in ("NAN", "INF"):
            self.points.append(_colour(line, words))
            if len(self.points) > self.size**3:
                self._refuse_row(line)
            return
        match keyword:
            case "LUT_3D_SIZE":
                self.size = _size(line, words)
            case "LUT_1D_SIZE" | "LUT_1D_INPUT_RANGE":
                raise BadCube(tr("a 1D LUT is not supported"), line, _SAVE)
            case "DOMAIN_MIN":
                self.low = _colour(line, words[1:])
            case "DOMAIN_MAX":
                self.high = _colour(line, words[1:])
            case "LUT_3D_INPUT_RANGE":
                first, last = _numbers(line, words[1:], 2)
                self.low, self.high = (first, first, first), (last, last, last)
            case "TITLE" | "LUT_IN_VIDEO_RANGE" | "LUT_OUT_VIDEO_RANGE":
                if keyword != "TITLE":
                    raise BadCube(tr("a LUT of limited range is not supported"), line, _SAVE)
            case other:
                raise BadCube(tr("unknown keyword {name}", name=other[:40]), line, _SAVE)

    def _refuse_row(self, line: int) -> None:
        if not self.size:
            raise BadCube(tr("colours come before LUT_3D_SIZE"), line, _SAVE)
        message = tr("more colours than LUT_3D_SIZE {size} allows", size=self.size)
        raise BadCube(message, line)

    def cube(self) -> Cube:
        """All that was read. Raises BadCube where something is missing."""
        if not self.size:
            raise BadCube(tr("the file has no LUT_3D_SIZE"), self.last, _SAVE)
        if (count := len(self.points)) < self.size**3:
            message = tr(
                "the table ends after {count} of {total} colours", count=count, total=self.size**3
            )
            raise BadCube(message, self.last, tr("save or download it again"))
        if not all(low < high for low, high in zip(self.low, self.high, strict=True)):
            raise BadCube(tr("DOMAIN_MIN must be less than DOMAIN_MAX"))
        return Cube(self.size, self.low, self.high, tuple(self.points))


def _size(line: int, words: list[str]) -> int:
    text = words[1] if len(words) == 2 else ""
    size = int(text) if re.fullmatch("[0-9]{1,4}", text) else 0
    if not SMALLEST <= size <= LARGEST:
        message = tr(
            "LUT_3D_SIZE must be a whole number from {least} to {most}",
            least=SMALLEST, most=LARGEST,
        )  # fmt: skip
        raise BadCube(message, line)
    return size


def _colour(line: int, words: list[str]) -> Colour:
    red, green, blue = _numbers(line, words, 3)
    return red, green, blue


def _numbers(line: int, words: list[str], count: int) -> Iterator[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        raise BadCube(tr("expected {n} numbers", n=count), line)
    return iter(values)


# -- drawing -------------------------------------------------------------------------------------


def path_for(base: Path) -> Path:
    """Where the table of a look is, by the name that a segment's files go by."""
    return base.with_name(f".{base.name}.cube")


def save(look: Look, path: Path) -> None:
    """Write the clean table of a look at ``path``. Raises BadCube or OSError."""
    _, _, text = _clean(look.path, look.sha256)
    path.write_text(text, encoding="ascii")


_BITS = 65535


def graded(picture: Any, look: Look, path: Path) -> Any:
    """A stream of BT.709 with a look, whose clean table is at ``path``; again as BT.709.

    With 16 bits between, which is also the fastest, and dithered to 8: no steps in a sky.
    """
    tags = {"primaries": "bt709", "transfer": "bt709"}
    tags_in = {"primariesin": "bt709", "transferin": "bt709"}
    picture = picture.filter(
        "zscale", matrixin="bt709", rangein="limited", **tags_in,
        matrix="gbr", range="full", **tags, filter="bicubic",
    ).filter("format", "gbrp16le")  # fmt: skip
    if (look.low, look.high) != ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)):
        ranges = zip("rgb", look.low, look.high, strict=True)
        scaled = {
            name: f"clip((val-{low * _BITS:.3f})/{high - low:.9f},0,{_BITS})"
            for name, low, high in ranges
        }
        picture = picture.filter("lutrgb", **scaled)
    picture = picture.filter("lut3d", file=str(path), interp="tetrahedral")
    picture = picture.filter(
        "zscale", matrixin="gbr", rangein="full", **tags_in,
        matrix="bt709", range="limited", **tags, filter="bicubic", dither="ordered",
    )  # fmt: skip
    return picture.filter("format", "yuv420p").filter("setparams", **BT709)
