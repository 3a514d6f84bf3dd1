"""Looks: what a file may be, and the colours of a decoded film against the table in numpy."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy
import pytest

from tests.effects.test_overlays import rgb
from tests.support.places import ROOT
from wanx_render.effects import cubes
from wanx_render.effects.cubes import BadCube, Look
from wanx_render.finishing.jobs import make_segment
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut

FRAME = Frame(Size(240, 320), Fraction(30), "crop", "black", "master")
CORNERS = "0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n"


def table(size: int, low: float = 0, high: float = 1) -> "numpy.ndarray":
    """A warm, strong look: colours by the places of blue, green and red in a domain."""
    steps = numpy.linspace(low, high, size)
    blue, green, red = numpy.meshgrid(steps, steps, steps, indexing="ij")
    red, green, blue = (numpy.clip(part, 0, 1) for part in (red, green, blue))
    result = [red**0.8 * 0.9 + 0.1, green**1.2 * 0.9 + 0.04 * red, blue**1.1 * 0.75 + 0.1 * green]
    return numpy.clip(numpy.stack(result, axis=-1), 0, 1)


def written(path: Path, points: "numpy.ndarray", *head: str) -> Path:
    lines = [f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in points.reshape(-1, 3)]
    size = f"LUT_3D_SIZE {points.shape[0]}"
    path.write_text("\n".join(['TITLE "a look"', "# made by hand", size, *head, "", *lines]))
    return path


def applied(points: "numpy.ndarray", picture: "numpy.ndarray", low: float, high: float) -> (
    "numpy.ndarray"
):  # fmt: skip
    """The table applied to RGB from 0 to 255, between its points along all three ways."""
    size = points.shape[0]
    places = numpy.clip((picture / 255 - low) / (high - low), 0, 1) * (size - 1)
    base = numpy.minimum(places.astype(int), size - 2)
    part = places - base
    result = numpy.zeros_like(picture)
    for corner in range(8):
        steps = numpy.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])
        weight = numpy.prod(numpy.where(steps == 1, part, 1 - part), axis=-1, keepdims=True)
        r, g, b = numpy.moveaxis(base + steps, -1, 0)
        result += weight * points[b, g, r]
    return result * 255


@pytest.fixture(scope="module")
def take(program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> ClipMedia:
    """Half a second of a picture with soft and strong colours."""
    path = tmp_path_factory.mktemp("look") / "clip.mov"
    scale = "scale=240:320:out_color_matrix=bt709:out_range=tv,format=yuv420p"
    ffmpeg.run(
        program,
        ("-loop", "1", "-r", "30", "-t", "0.5", "-i", str(ROOT / "specs/frames/rooftop.jpg"),
         "-vf", scale, "-c:v", "libx264", "-qp", "1", "-f", "mov", str(path)),
    )  # fmt: skip
    return ClipMedia(path, "clip", Size(240, 320), Fraction(30), 15, has_sound=False)


def segment(take: ClipMedia, look: Look | None = None, frame: Frame = FRAME) -> Segment:
    return Segment(take, Cut(0, 15), Focus(Fraction(1, 2), Fraction(1, 2)), frame, 0, 15, look=look)


@pytest.mark.parametrize(
    ("size", "low", "high"), [(2, 0, 1), (17, 0, 1), (33, 0, 1), (33, -0.5, 1.5), (17, 0.1, 0.8)]
)
def test_a_film_has_the_colours_of_the_table(
    size: int, low: float, high: float, take: ClipMedia, program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    head = [f"DOMAIN_MIN {low} {low} {low}", f"DOMAIN_MAX {high} {high} {high}"]
    points = table(size, low, high)
    file = written(tmp_path / "a look.cube", points, *(head if (low, high) != (0, 1) else ()))
    make_segment(program, segment(take), tmp_path / "plain.mov")
    make_segment(program, segment(take, cubes.look(file, "x")), tmp_path / "graded.mov")
    expected = applied(points, rgb(tmp_path / "plain.mov", 7), low, high)
    error = numpy.abs(rgb(tmp_path / "graded.mov", 7) - expected)
    assert error.mean() < 1.5
    unchanged = numpy.abs(rgb(tmp_path / "plain.mov", 7) - expected)
    assert unchanged.mean() > 5


def test_bars_keep_the_colour_of_the_list(
    take: ClipMedia, program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    file = written(tmp_path / "look.cube", table(9))
    frame = replace(FRAME, size=Size(320, 320), fit="pad", background="#336699")
    make_segment(program, segment(take, cubes.look(file, "x"), frame), tmp_path / "film.mov")
    assert rgb(tmp_path / "film.mov", 7)[160, 10] == pytest.approx((0x33, 0x66, 0x99), abs=4)


def test_the_key_knows_the_bytes_of_a_look_and_not_its_name(
    take: ClipMedia, program: ffmpeg.Ffmpeg
) -> None:
    look = Look(Path("a.cube"), "a")
    keys = [
        segment(take, other).key(program)
        for other in (None, look, replace(look, path=Path("b.cube")), replace(look, sha256="b"))
    ]
    assert keys[1] == keys[2]
    assert len(set(keys)) == 3


def test_a_file_is_read_however_it_is_written() -> None:
    plain = cubes.read(b"LUT_3D_SIZE 2\n" + CORNERS.encode())
    assert (plain.size, plain.low, plain.high, len(plain.points)) == (2, (0,) * 3, (1,) * 3, 8)
    assert plain.points[1] == (1, 0, 0)
    odd = "\ufeff# words\r\nLUT_3D_SIZE 2\r\nLUT_3D_INPUT_RANGE -1 2\r\n\r\n"
    other = cubes.read((odd + CORNERS.replace("\n", "\r\n").replace("1 1 1", "1e0 1.0 1")).encode())
    assert (other.low, other.high, other.points) == ((-1,) * 3, (2,) * 3, plain.points)
    assert cubes.read(plain.text().encode()) == plain


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (lambda text: text.replace("3D_SIZE 2", "1D_SIZE 8"), 1, "a 1D LUT is not supported"),
        (lambda text: text.replace("SIZE 2", "SIZE 66"), 1, "from 2 to 65"),
        (lambda text: text.replace("SIZE 2", "SIZE two"), 1, "from 2 to 65"),
        (lambda text: text.replace("SIZE 2", "SIZE 1"), 1, "from 2 to 65"),
        (lambda text: text.replace("1 1 0", "1 0"), 5, "expected 3 numbers"),
        (lambda text: text.replace("1 1 0", "1 1 nan"), 5, "expected 3 numbers"),
        (lambda text: text.replace("1 1 0", "1 1 0 0"), 5, "expected 3 numbers"),
        (lambda text: text.replace("1 1 0", "GAMMA 2.2"), 5, "unknown keyword GAMMA"),
        (lambda text: text.replace("1 1 1\n", ""), 8, "ends after 7 of 8 colours"),
        (lambda text: text + "0 0 0\n", 10, "more colours than LUT_3D_SIZE 2 allows"),
        (lambda text: CORNERS + text, 1, "colours come before LUT_3D_SIZE"),
        (lambda _: "", 0, "no LUT_3D_SIZE"),
        (lambda _: "\0\0\0", 0, "not text"),
        (lambda text: text + "DOMAIN_MAX 0 1 1\n", 0, "DOMAIN_MIN must be less"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    change: Callable[[str], str], line: int, words: str
) -> None:
    with pytest.raises(BadCube, match=words) as caught:
        cubes.read(change("LUT_3D_SIZE 2\n" + CORNERS).encode())
    assert caught.value.line == line
