"""A poster and a contact sheet of a deliverable, of a few of its frames.

Most were kept on their way into the encoder; what is missing is sought in the finished file, from
the key frame before it. Pillow makes the two pictures.
"""

import glob
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path

from PIL import Image, ImageDraw

from wanx_render.captions.fonts import chinese
from wanx_render.finishing.av_sync import flash_at
from wanx_render.finishing.decode_record import jpeg
from wanx_render.frame import Frame
from wanx_render.geometry import Size
from wanx_render.media.ai_labels import labelled_jpeg
from wanx_render.media.ffmpeg import WHITELIST, file_url
from wanx_render.timing import show_duration

LONGEST = 320  # the longer side of a cell, in pixels
FEWEST, MOST = 6, 60  # cells of a sheet
_GAP, _LINE = 12, 24
_BACK, _INK, _DIM = (18, 20, 24), (240, 242, 245), (150, 158, 168)


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of a contact sheet: the frame it shows, and what stands below it."""

    frame: int
    label: str


@dataclass(frozen=True, slots=True)
class Stills:
    """Which frames of a deliverable are wanted, and what stands above the sheet."""

    poster: int
    cells: tuple[Cell, ...]
    title: str


NO_STILLS = Stills(0, (), "")


@dataclass(frozen=True, slots=True)
class PosterAndSheet:
    """Two finished JPEG files."""

    poster: bytes
    sheet: bytes
    sheet_size: Size

    def labelled(self, value: str) -> "PosterAndSheet":
        """The same pictures, each with a label of AI-generated content in its XMP."""
        poster, sheet = labelled_jpeg(self.poster, value), labelled_jpeg(self.sheet, value)
        return replace(self, poster=poster, sheet=sheet)


@dataclass(frozen=True, slots=True)
class ShotFrames:
    """The frames of a deliverable in which a shot is seen, and their moments in its clip."""

    name: str
    start: int  # the first of them in the deliverable
    frames: int
    begins: Fraction = Fraction(0)  # seconds into the clip
    step: Fraction = Fraction(0)  # seconds of the clip from one frame to the next

    def at(self, share: Fraction) -> int:
        """The frame after ``share`` of the shot; the nearest without a simulated clip's flash.

        Clips of the service have none, and of them it is a frame at most a few earlier or later.
        """
        wanted = self.frames * share.numerator // share.denominator

        def rank(number: int) -> tuple[int, int]:
            return flash_at(self.begins + number * self.step), abs(number - wanted)

        if rank(wanted)[0]:
            wanted = min(range(self.frames), key=rank)
        return self.start + wanted


def cells(shots: Sequence[ShotFrames], rate: Fraction) -> tuple[Cell, ...]:
    """The cells for the shots.

    One of each shot, a third of the way into it; several where there are few shots, a choice of the
    shots where there are many.
    """
    sample = [shots[number * len(shots) // MOST] for number in range(MOST)]
    used_shots = shots if len(shots) <= MOST else sample
    per_shot = ceil(FEWEST / len(used_shots))
    return tuple(
        Cell(frame, f"{shot.name}  {clock(frame / rate)}")
        for shot in used_shots
        for frame in dict.fromkeys(
            shot.at(Fraction(3 * part + 1, 3 * per_shot)) for part in range(per_shot)
        )
    )


def clock(seconds: Fraction) -> str:
    """Minutes and seconds, as people read them."""
    return show_duration(seconds, tenths=True)


def cell_size(frame: Frame) -> Size:
    """How large a cell's picture is."""
    longer = max(frame.size.width, frame.size.height)
    sides = (frame.size.width, frame.size.height)
    width, height = (max(2, 2 * round(LONGEST * side / longer / 2)) for side in sides)
    return Size(width, height)


@dataclass(frozen=True, slots=True)
class Known:
    """What was kept as JPEG when it was encoded: the poster, and cells by their frames."""

    poster: bytes | None
    cells: Mapping[int, bytes]


def missing_arguments(stills: Stills, frame: Frame, part: Path, known: Known) -> list[str]:
    """The ffmpeg arguments that write what is not yet ``known`` of the finished file beside it.

    None where all is.
    """
    size = cell_size(frame)
    missing = [(n, _cell(part, n)) for n in numbers_of(stills) if n not in known.cells]
    if known.poster is None:
        missing.append((stills.poster, _poster(part)))
    inputs: list[str] = ["-xerror"] if missing else []
    outputs: list[str] = []
    for index, (number, path) in enumerate(missing):
        # A little before the frame, or its neighbour may be taken for it.
        start = (number - Fraction(1, 4)) / frame.rate if number else Fraction(0)
        inputs += ["-err_detect", "explode", "-threads", "1", *WHITELIST]
        inputs += ["-ss", f"{float(start):.6f}", "-i", file_url(part)]
        graph = f"scale={size.width}:{size.height}:flags=area,format=rgb24"
        if path == _poster(part):
            graph = "format=rgb24"
        outputs += ["-map", f"{index}:v:0", "-vf", graph, "-frames:v", "1"]
        outputs += ["-f", "rawvideo", "-y", file_url(path)]
    return [*inputs, *outputs]


def numbers_of(stills: Stills) -> list[int]:
    """The frames that cells show, each once."""
    return sorted({cell.frame for cell in stills.cells})


def _poster(part: Path) -> Path:
    return part.with_name(f"{part.name}.poster")


def _cell(part: Path, number: int) -> Path:
    return part.with_name(f"{part.name}.{number}.cell")


def pictures_of(stills: Stills, frame: Frame, part: Path, known: Known) -> PosterAndSheet:
    """The two pictures, of what ffmpeg has written."""
    poster = known.poster or jpeg(_poster(part).read_bytes(), frame.size)
    sheet = _sheet(stills, _read(stills, cell_size(frame), part, known), cell_size(frame))
    data = io.BytesIO()
    sheet.save(data, "JPEG", quality=85)
    return PosterAndSheet(poster, data.getvalue(), Size(*sheet.size))


def discard(part: Path) -> None:
    """Remove what ffmpeg has written."""
    for path in (_poster(part), *part.parent.glob(f"{glob.escape(part.name)}.*.cell")):
        path.unlink(missing_ok=True)


def _read(stills: Stills, size: Size, part: Path, known: Known) -> dict[int, Image.Image]:
    """The cells' pictures by their frames."""
    sides = (size.width, size.height)
    return {
        number: Image.open(io.BytesIO(known.cells[number]))
        if number in known.cells
        else Image.frombytes("RGB", sides, _cell(part, number).read_bytes())
        for number in numbers_of(stills)
    }


def _sheet(stills: Stills, pictures: dict[int, Image.Image], size: Size) -> Image.Image:
    """All cells in rows, with what they are below them."""
    columns = min(len(stills.cells), max(1280 // (size.width + _GAP), 1))
    rows = ceil(len(stills.cells) / columns)
    wide, high = size.width + _GAP, size.height + _GAP + _LINE
    sheet = Image.new("RGB", (columns * wide + _GAP, rows * high + 3 * _GAP + _LINE), _BACK)
    draw, font = ImageDraw.Draw(sheet), chinese()
    draw.text((_GAP, _GAP), stills.title, _INK, font.at(18))
    for number, cell in enumerate(stills.cells):
        x = _GAP + number % columns * wide
        y = 2 * _GAP + _LINE + number // columns * high
        sheet.paste(pictures[cell.frame], (x, y))
        face = font.at(14)
        label = cell.label
        while len(label) > 1 and face.getlength(label) > size.width:
            label = label[1:]  # two cells of a shot differ in their times
        draw.text((x, y + size.height + 3), label, _DIM, face)
    return sheet
