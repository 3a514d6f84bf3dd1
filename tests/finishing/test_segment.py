from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.goldens import is_golden
from tests.support.media import facts, pixels, yuv
from wanx_render.errors import FfmpegError
from wanx_render.finishing.jobs import make_segment
from wanx_render.finishing.segment import ClipMedia, Segment, pieces_arguments
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut

FRAME = Frame(Size(612, 1088), Fraction(30), "crop", "black")
TAKE = ClipMedia(Path("clips/a.mp4"), "ab" * 32, Size(816, 1104), Fraction(24), 120, has_sound=True)
SEGMENT = Segment.whole(TAKE, Cut(0, 120), Focus(), FRAME)

CASES = {
    "crop": SEGMENT,
    "crop-to-size": replace(SEGMENT, frame=replace(FRAME, size=Size(1080, 1920))),
    "crop-trimmed-silent": Segment.whole(
        replace(TAKE, has_sound=False), Cut(5, 105), Focus(Fraction(1, 4)), FRAME
    ),
    "pad": replace(SEGMENT, frame=replace(FRAME, size=Size(828, 1472), fit="pad")),
    "pad-to-size": replace(SEGMENT, frame=replace(FRAME, size=Size(1080, 1920), fit="pad")),
    "blur": replace(SEGMENT, frame=replace(FRAME, size=Size(828, 1472), fit="blur")),
}


@pytest.mark.golden
@pytest.mark.parametrize("name", CASES)
def test_the_graph_is_the_one_that_was_looked_at(name: str) -> None:
    """A golden file changes only together with GRAPH_VERSION and a look at real frames."""
    arguments = pieces_arguments([(CASES[name], Path("seg.mov"))])
    assert is_golden(f"segment-{name}.txt", "\n".join(arguments) + "\n")


# Colours as stored: red and green in BT.709, limited range, which an untagged file may hold too.
RED, GREEN = (63, 102, 240), (173, 42, 26)


@pytest.fixture
def clip(each_program: ffmpeg.Ffmpeg, tmp_path: Path) -> ClipMedia:
    """408x552 at 24 fps, 2 s: the left half red, the right green, made without any colour tag."""
    path = tmp_path / "clip.mp4"
    colours = [
        f"color=c=black:s=204x552:r=24:d=2,format=yuv420p,geq={y}:{u}:{v}"
        for y, u, v in (RED, GREEN)
    ]
    graph = f"{colours[0]}[l];{colours[1]}[r];[l][r]hstack"
    ffmpeg.run(
        each_program,
        ("-filter_complex", graph, "-f", "lavfi", "-i", "sine=d=2:r=44100", "-c:v", "libx264",
         "-qp", "1", "-c:a", "aac", "-f", "mp4", "-y", str(path)),
    )  # fmt: skip
    return ClipMedia(path, "ab" * 32, Size(408, 552), Fraction(24), 48, has_sound=True)


def near(found: tuple[int, int, int], wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) <= 3 for a, b in zip(found, wanted, strict=True))


def made(program: ffmpeg.Ffmpeg, segment: Segment, tmp_path: Path) -> Path:
    target = tmp_path / "segment.mov"
    make_segment(program, segment, target)
    return target


@pytest.mark.parametrize(
    ("size", "fit", "rate"),
    [
        (Size(306, 544), "crop", 30),
        (Size(540, 960), "crop", 24),
        (Size(414, 736), "pad", 25),
        (Size(414, 736), "blur", 30),
        (Size(544, 544), "blur", 24),
    ],
)
def test_a_segment_is_exact_in_size_shape_rate_length_and_sound(
    each_program: ffmpeg.Ffmpeg, clip: ClipMedia, tmp_path: Path, size: Size, fit: str, rate: int
) -> None:
    frame = Frame(size, Fraction(rate), fit, "black")  # type: ignore[arg-type]
    seen = facts(made(each_program, Segment.whole(clip, Cut(0, 48), Focus(), frame), tmp_path))
    assert (seen.width, seen.height) == (size.width, size.height)
    assert seen.sample_aspect == 1
    assert seen.frames == 2 * rate
    assert seen.steps == {Fraction(1, rate)}
    assert len(seen.samples) == 96_000
    assert seen.colours == (1, 1, 1)
    assert (seen.codec, seen.profile) == ("h264", "High")


def test_colours_pass_unchanged_though_the_clip_is_untagged(
    each_program: ffmpeg.Ffmpeg, clip: ClipMedia, tmp_path: Path
) -> None:
    """ffmpeg 9 would shift red to another red here where 5.1 does not."""
    for fit, size in (("crop", Size(408, 544)), ("pad", Size(414, 552)), ("blur", Size(414, 552))):
        frame = Frame(size, Fraction(24), fit, "black")  # type: ignore[arg-type]
        picture = pixels(
            made(each_program, Segment.whole(clip, Cut(0, 48), Focus(), frame), tmp_path), 5
        )
        assert near(yuv(picture, 80, 200), RED)
        assert near(yuv(picture, 330, 200), GREEN)


def test_the_focus_decides_which_side_a_crop_keeps(
    each_program: ffmpeg.Ffmpeg, clip: ClipMedia, tmp_path: Path
) -> None:
    frame = Frame(Size(198, 352), Fraction(24), "crop", "black")
    wide = replace(clip)
    for x, colour in ((Fraction(0), RED), (Fraction(1), GREEN)):
        segment = Segment.whole(wide, Cut(0, 48), Focus(x), replace(frame, size=Size(198, 528)))
        picture = pixels(made(each_program, segment, tmp_path), 0)
        assert near(yuv(picture, 99, 200), colour)


def test_a_padded_segment_has_bars_of_the_colour_asked_for(
    each_program: ffmpeg.Ffmpeg, clip: ClipMedia, tmp_path: Path
) -> None:
    frame = Frame(Size(414, 736), Fraction(24), "pad", "#ffffff")
    picture = pixels(
        made(each_program, Segment.whole(clip, Cut(0, 48), Focus(), frame), tmp_path), 3
    )
    assert near(yuv(picture, 200, 10), (235, 128, 128))
    assert near(yuv(picture, 200, 725), (235, 128, 128))
    assert near(yuv(picture, 100, 300), RED)


def test_a_blurred_background_is_darker_and_of_the_same_picture(
    each_program: ffmpeg.Ffmpeg, clip: ClipMedia, tmp_path: Path
) -> None:
    frame = Frame(Size(414, 736), Fraction(24), "blur", "black")
    picture = pixels(
        made(each_program, Segment.whole(clip, Cut(0, 48), Focus(), frame), tmp_path), 3
    )
    left, right = yuv(picture, 20, 20), yuv(picture, 390, 20)
    assert 16 < left[0] < RED[0]
    assert left[2] > 180
    assert 60 < right[0] < GREEN[0] - 20
    assert right[2] < 90


def test_a_trim_keeps_picture_and_sound_together(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    """A flash and a beep at 1 s stand at 0.5 s after half a second was cut away."""
    path = tmp_path / "flash.mp4"
    ffmpeg.run(
        each_program,
        ("-f", "lavfi", "-i", "color=c=black:s=408x552:r=24:d=2",
         "-f", "lavfi", "-i", "aevalsrc=0.5*sin(2*PI*1000*t)*between(t\\,1\\,1.1):s=48000:d=2",
         "-vf", "drawbox=c=white:t=fill:enable='between(n,24,25)',format=yuv420p",
         "-c:v", "libx264", "-c:a", "aac", "-f", "mp4", "-y", str(path)),
    )  # fmt: skip
    take = ClipMedia(path, "cd" * 32, Size(408, 552), Fraction(24), 48, has_sound=True)
    frame = Frame(Size(408, 544), Fraction(30), "crop", "black")
    seen = facts(made(each_program, Segment.whole(take, Cut(12, 36), Focus(), frame), tmp_path))
    assert seen.frames == 45
    flash = next(t for t, luma in zip(seen.times, seen.luma, strict=True) if luma > 100)
    beep = next(i for i, value in enumerate(seen.samples) if abs(value) > 2000)
    assert flash == Fraction(1, 2)
    assert abs(Fraction(beep, 48000) - flash) < Fraction(1, 200)


def test_a_short_clip_holds_its_last_frame_and_says_so(
    each_program: ffmpeg.Ffmpeg, clip: ClipMedia, tmp_path: Path
) -> None:
    segment = Segment.whole(
        clip, Cut(0, 60), Focus(), Frame(Size(408, 544), Fraction(24), "crop", "black")
    )
    assert segment.held == 12
    assert facts(made(each_program, segment, tmp_path)).frames == 60


def test_a_damaged_clip_makes_no_segment(
    each_program: ffmpeg.Ffmpeg, clip: ClipMedia, tmp_path: Path
) -> None:
    data = bytearray(clip.path.read_bytes())
    middle = len(data) * 2 // 3
    data[middle : middle + 200] = bytes(200)
    clip.path.write_bytes(bytes(data))
    segment = Segment.whole(
        clip, Cut(0, 48), Focus(), Frame(Size(408, 544), Fraction(24), "crop", "black")
    )
    with pytest.raises(FfmpegError):
        made(each_program, segment, tmp_path)
    assert not list(tmp_path.glob("*segment*"))


def test_the_key_of_a_segment_knows_everything_but_names(program: ffmpeg.Ffmpeg) -> None:
    key = SEGMENT.key(program)
    assert replace(SEGMENT, take=replace(TAKE, path=Path("b.mp4"))).key(program) == key
    for other in (
        replace(SEGMENT, take=replace(TAKE, sha256="cd" * 32)),
        replace(SEGMENT, cut=Cut(1, 119)),
        replace(SEGMENT, focus=Focus(Fraction(1, 3))),
        replace(SEGMENT, frame=replace(FRAME, background="white")),
        replace(SEGMENT, frame=replace(FRAME, rate=Fraction(25))),
    ):
        assert other.key(program) != key
    assert SEGMENT.key(replace(program, version="other")) != key
