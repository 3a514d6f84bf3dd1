"""A crop that moves: smooth to parts of a pixel, exact at both ends, still where it stands."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.support.goldens import is_golden
from tests.support.media import frames
from wanx_render.finishing.segment import ClipMedia, Segment, pieces_arguments
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Move, Size, crop_text
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut

WIDE = Move(Focus(Fraction(0), Fraction(1, 2)), Focus(Fraction(1), Fraction(1, 2)))
DOWN = Move(Focus(Fraction(1, 2), Fraction(1)), Focus(Fraction(1, 2), Fraction(0)))
FRAME = Frame(Size(180, 320), Fraction(30), "crop", "black")


def edge(program: ffmpeg.Ffmpeg, path: Path, size: Size, along: str) -> ClipMedia:
    """Two seconds of a still picture: one soft edge across it, in the middle."""
    half = (size.width if along == "X" else size.height) // 2
    light = f"16+200/(1+exp(({half}-{along})/1.5))"
    still = f"color=s={size}:r=24,trim=end_frame=1,format=yuv420p,geq={light}:128:128,loop=47:1"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", still, "-c:v", "libx264", "-qp", "1", "-f", "mp4", "-y", str(path)),
    )
    return ClipMedia(path, "ab", size, Fraction(24), 48, has_sound=False)


def places(path: Path, along: str) -> list[float]:
    """Where the edge stands in each frame, to parts of a pixel: where the mean line is half lit."""
    found = []
    for frame in frames(path):
        plane = frame.planes[0]
        data, step = memoryview(plane), plane.line_size
        rows = [data[y * step : y * step + frame.width].tolist() for y in range(frame.height)]
        lines = rows if along == "X" else list(zip(*rows, strict=True))
        mean = [sum(values) / len(values) for values in zip(*lines[::4], strict=True)]
        after = next(n for n, value in enumerate(mean) if value > 116)
        found.append(after - (mean[after] - 116) / (mean[after] - mean[after - 1]))
    return found


def segment(take: ClipMedia, gaze: Focus | Move, frame: Frame = FRAME, **more: int) -> Segment:
    whole = Segment.whole(take, Cut(0, take.frames), gaze, frame)
    return replace(whole, **more) if more else whole


def exact(program: ffmpeg.Ffmpeg, piece: Segment, target: Path) -> None:
    """The segment as its graph makes it: the encoder's own error would be what is measured."""
    arguments = pieces_arguments([(piece, target)])
    arguments[arguments.index("-crf") + 1] = "1"
    ffmpeg.run(program, arguments)


@pytest.mark.parametrize(
    ("size", "along", "gaze"),
    [(Size(320, 320), "X", WIDE), (Size(180, 460), "Y", DOWN)],
    ids=["across", "down"],
)
def test_a_moving_crop_is_smooth_to_parts_of_a_pixel(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path, size: Size, along: str, gaze: Move
) -> None:
    take, target = edge(each_program, tmp_path / "edge.mp4", size, along), tmp_path / "s.mov"
    exact(each_program, segment(take, gaze), target)
    seen = places(target, along)
    way = 140 if along == "X" else -140
    start = seen[0]
    wanted = [start - way * (n / 59) ** 2 * (3 - 2 * n / 59) for n in range(60)]
    assert len(seen) == 60
    assert abs(seen[-1] - start + way) < 0.1
    assert max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) < 0.15
    # What is seen as a tremble: a step that differs from the one before it.
    steps = [b - a for a, b in pairwise(seen)]
    jerks = [abs(b - a) for a, b in pairwise(steps)]
    smooth = max(abs(b - a) for a, b in pairwise([b - a for a, b in pairwise(wanted)]))
    assert max(jerks) < smooth + 0.15


def test_a_crop_in_whole_pixels_would_tremble(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    """The measure above notices what it is there for."""
    take, target = edge(program, tmp_path / "edge.mp4", Size(320, 320), "X"), tmp_path / "s.mov"
    arguments = pieces_arguments([(segment(take, WIDE), target)])
    arguments[arguments.index("-crf") + 1] = "1"
    graph = arguments.index("-filter_complex") + 1
    before, _, rest = arguments[graph].partition("perspective=")
    arguments[graph] = f"{before}null{rest[rest.index('[') :]}"
    ffmpeg.run(program, arguments)
    steps = [b - a for a, b in pairwise(places(target, "X"))]
    assert max(abs(b - a) for a, b in pairwise(steps)) > 1


def test_both_ends_of_a_move_are_what_a_still_focus_there_shows(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    path = tmp_path / "busy.mp4"
    source = "mandelbrot=s=320x320:r=24,trim=end_frame=1,loop=47:1,format=yuv420p"
    ffmpeg.run(
        program, ("-f", "lavfi", "-i", source, "-frames:v", "48", "-qp", "1", "-y", str(path))
    )
    take = ClipMedia(path, "ab", Size(320, 320), Fraction(24), 48, has_sound=False)
    shown = {}
    for name, gaze in (("move", WIDE), ("start", WIDE.start), ("end", WIDE.end)):
        exact(program, segment(take, gaze), tmp_path / f"{name}.mov")
        shown[name] = [bytes(frame.planes[0]) for frame in frames(tmp_path / f"{name}.mov")]
    for number, still in ((0, "start"), (-1, "end")):
        differ = [
            abs(a - b) for a, b in zip(shown["move"][number], shown[still][number], strict=True)
        ]
        assert sum(differ) / len(differ) < 1


def test_the_parts_of_a_shot_move_as_the_whole_does(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    """A body between two transitions goes on where the first one stopped."""
    take = edge(program, tmp_path / "edge.mp4", Size(320, 320), "X")
    exact(program, segment(take, WIDE), tmp_path / "whole.mov")
    exact(program, segment(take, WIDE, skip=20, frames=25), tmp_path / "part.mov")
    whole, part = (places(tmp_path / f"{name}.mov", "X") for name in ("whole", "part"))
    assert max(abs(a - b) for a, b in zip(whole[20:45], part, strict=True)) < 0.05


def test_a_move_ends_where_the_last_frame_is_held(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    take = edge(program, tmp_path / "edge.mp4", Size(320, 320), "X")
    held = Segment.whole(take, Cut(0, 24, hold=Fraction(1)), WIDE, FRAME)
    exact(program, held, tmp_path / "held.mov")
    seen = places(tmp_path / "held.mov", "X")
    assert len(seen) == 60
    assert abs(seen[29] - seen[0] + 140) < 0.1
    assert max(abs(place - seen[29]) for place in seen[30:]) < 0.05


def test_a_focus_that_does_not_move_in_this_crop_is_a_still_one() -> None:
    """The whole height is seen: up and down is nowhere to go."""
    take = ClipMedia(Path("a.mp4"), "ab", Size(320, 320), Fraction(24), 48, has_sound=False)
    arguments = pieces_arguments([(segment(take, DOWN), Path("s.mov"))])
    assert arguments == pieces_arguments([(segment(take, Focus()), Path("s.mov"))])
    assert crop_text(Size(320, 320), FRAME.aspect, WIDE) == "180x320+0+0 to 180x320+140+0"


@pytest.mark.golden
def test_the_graph_is_the_one_that_was_looked_at() -> None:
    take = ClipMedia(Path("a.mp4"), "aa", Size(816, 1104), Fraction(24), 120, has_sound=False)
    frame = Frame(Size(612, 1088), Fraction(30), "crop", "black")
    arguments = pieces_arguments([(Segment.whole(take, Cut(0, 120), WIDE, frame), Path("seg.mov"))])
    assert is_golden("segment-crop-moving.txt", "\n".join(arguments) + "\n")


def grid(path: Path, above: int) -> float:
    """How much stronger edges on a grid of 8 pixels are than others, in the rows ``above``."""
    on, off = [], []
    for frame in frames(path):
        plane = frame.planes[0]
        data, step = memoryview(plane), plane.line_size
        rows = [data[y * step : y * step + frame.width] for y in range(above)]
        for y in range(above - 1):
            for x in range(3, frame.width - 1):
                across, down = abs(rows[y][x] - rows[y][x + 1]), abs(rows[y][x] - rows[y + 1][x])
                (on if x % 8 == 7 else off).append(across)
                (on if y % 8 == 7 else off).append(down)
    return (sum(on) / len(on)) / (sum(off) / len(off))


def test_a_blurred_background_has_no_steps(each_program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    """A slow gradient in 8 bits would be steps of 8 pixels; they were 2 to 5 times as strong."""
    path, target = tmp_path / "slow.mp4", tmp_path / "s.mov"
    source = (
        "color=s=256x144:r=5,format=yuv420p,trim=end_frame=2,"
        "geq=60+X*0.11+Y*0.2+9*sin(X/40):118+X/20:140-Y/20"
    )
    ffmpeg.run(each_program, ("-f", "lavfi", "-i", source, "-qp", "1", "-y", str(path)))
    take = ClipMedia(path, "ab", Size(256, 144), Fraction(5), 2, has_sound=False)
    frame = Frame(Size(252, 448), Fraction(5), "blur", "black")
    ffmpeg.run(each_program, pieces_arguments([(segment(take, Focus(), frame), target)]))
    assert grid(target, 140) < 1.3
    # It is still the picture, darker: 62 % of what is above black.
    with av.open(str(target)) as container:
        plane = next(container.decode(video=0)).planes[0]
        middle = memoryview(plane)[70 * plane.line_size + 126]
    assert 45 <= middle <= 75
