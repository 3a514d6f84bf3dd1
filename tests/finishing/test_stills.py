"""Posters and contact sheets: the right frames, from before the encoder or the finished file."""

import io
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from wanx_render.finishing.decode_record import WantedFrames, kept
from wanx_render.finishing.jobs import (
    JoinCall,
    SegmentCall,
    make_deliverable,
    make_segment,
    make_segments,
)
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.finishing.stills import (
    FEWEST,
    MOST,
    Cell,
    Known,
    ShotFrames,
    Stills,
    cell_size,
    cells,
    clock,
    missing_arguments,
)
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut

FRAME = Frame(Size(90, 160), Fraction(30), "crop", "black", "draft")


@given(st.lists(st.integers(1, 400), min_size=1, max_size=150))
def test_every_cell_lies_in_its_shot_and_they_stay_few(lengths: list[int]) -> None:
    shots, at = [], 0
    for number, length in enumerate(lengths):
        shots.append(ShotFrames(f"s{number}", at, length))
        at += length
    made = cells(shots, Fraction(30))
    assert 1 <= len(made) <= max(MOST, FEWEST + len(shots))
    assert [cell.frame for cell in made] == sorted({cell.frame for cell in made})
    for cell in made:
        shot = shots[int(cell.label.split()[0][1:])]
        assert shot.start <= cell.frame < shot.start + shot.frames
    if len(shots) <= MOST:
        assert {cell.label.split()[0] for cell in made} == {shot.name for shot in shots}


@pytest.mark.parametrize(
    ("shot", "share", "frame"),
    [
        # A clip of five seconds at 24 frames flashes at its frames 12, 13, 36, 37, 60, 61 ...
        (ShotFrames("whole", 100, 120, Fraction(0), Fraction(1, 24)), Fraction(1, 2), 157),
        (ShotFrames("calm", 100, 120, Fraction(0), Fraction(1, 24)), Fraction(1, 5), 124),
        (ShotFrames("fast", 0, 60, Fraction(0), Fraction(1, 12)), Fraction(1, 2), 28),
        (ShotFrames("trimmed", 0, 24, Fraction(1, 2), Fraction(1, 24)), Fraction(0), 5),
        (ShotFrames("short", 0, 3, Fraction(11, 24), Fraction(1, 24)), Fraction(1, 2), 0),
        (ShotFrames("a flash only", 7, 2, Fraction(1, 2), Fraction(1, 24)), Fraction(1, 2), 8),
    ],
)
def test_a_still_is_taken_beside_a_simulated_flash(
    shot: ShotFrames, share: Fraction, frame: int
) -> None:
    assert shot.at(share) == frame


def test_times_are_shown_as_people_read_them() -> None:
    assert [clock(Fraction(n, 10)) for n in (0, 99, 600, 6000)] == [
        "0:00.0", "0:09.9", "1:00.0", "10:00.0",
    ]  # fmt: skip


@pytest.fixture
def piece(each_program: ffmpeg.Ffmpeg, tmp_path: Path) -> Path:
    """Two seconds: the first red, the second green, as BT.709 stores them."""
    path = tmp_path / "clip.mov"
    one, two = (
        f"color=black:s=90x160:r=30:d=1,format=yuv420p,geq={yuv}"
        for yuv in ("63:102:240", "173:42:26")
    )
    ffmpeg.run(
        each_program,
        ("-filter_complex", f"{one}[a];{two}[b];[a][b]concat", "-c:v", "libx264", "-qp", "1",
         "-f", "mov", "-y", str(path)),
    )  # fmt: skip
    take = ClipMedia(path, "ab", Size(90, 160), Fraction(30), 60, has_sound=False)
    target = tmp_path / "piece.mov"
    make_segment(each_program, Segment.whole(take, Cut(0, 60), Focus(), FRAME), target)
    return target


def test_the_pictures_show_the_frames_that_were_asked_for_in_their_colours(
    each_program: ffmpeg.Ffmpeg, piece: Path, tmp_path: Path
) -> None:
    wanted = Stills(45, (Cell(10, "one"), Cell(40, "two " * 30)), "title 一")
    call = JoinCall("out", (piece,), FRAME, 60, tmp_path / "out.mp4", stills=wanted)
    made = make_deliverable(each_program, call)
    assert made.pictures
    poster = Image.open(io.BytesIO(made.pictures.poster))
    assert (poster.format, poster.size) == ("JPEG", (90, 160))
    near = poster.getpixel((45, 80))
    assert isinstance(near, tuple)
    assert near[1] > 200 > near[0] + 150
    sheet = Image.open(io.BytesIO(made.pictures.sheet))
    assert sheet.size == (made.pictures.sheet_size.width, made.pictures.sheet_size.height)
    left, right = sheet.getpixel((100, 200)), sheet.getpixel((290, 200))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 200 > left[1] + 150
    assert right[1] > 200 > right[0] + 150
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
    again = make_deliverable(each_program, call)
    assert again.pictures == made.pictures


def test_cells_that_their_segment_kept_are_not_decoded_again(
    each_program: ffmpeg.Ffmpeg, piece: Path, tmp_path: Path
) -> None:
    """The same pictures whether they were kept or are sought, but for what encoders take away."""
    clip = ClipMedia(
        piece.with_name("clip.mov"), "ab", Size(90, 160), Fraction(30), 60, has_sound=False
    )
    whole = Segment.whole(clip, Cut(0, 60), Focus(), FRAME)
    keeping = tmp_path / "keeping.mov"
    wish = WantedFrames((10, 40), cell_size(FRAME), (20,), FRAME.size)
    make_segments(each_program, (SegmentCall(whole, keeping, wish),))
    record = kept(keeping)
    assert record is not None
    assert [frame for frame, _ in record.pictures] == [10, 40]
    assert [frame for frame, _ in record.whole] == [20]
    stills = Stills(20, tuple(Cell(frame, "") for frame in (10, 40, 70, 110)), "title")
    everything = Known(b"poster", dict.fromkeys(range(120), b"cell"))
    assert missing_arguments(stills, FRAME, tmp_path / "out.mp4", everything) == []
    sheets, posters = [], []
    for segments in ((keeping, keeping), (piece, keeping), (piece, piece)):
        call = JoinCall("out", segments, FRAME, 120, tmp_path / "out.mp4", stills=stills)
        pictures = make_deliverable(each_program, call).pictures
        assert pictures is not None
        posters.append(Image.open(io.BytesIO(pictures.poster)).convert("RGB"))
        sheets.append(Image.open(io.BytesIO(pictures.sheet)).convert("RGB"))
    for one, other in [(sheet, sheets[2]) for sheet in sheets[:2]] + [(posters[0], posters[2])]:
        worst = max(high for _, high in ImageChops.difference(one, other).getextrema())
        assert worst < 12
