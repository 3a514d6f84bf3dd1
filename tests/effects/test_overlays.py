"""Overlays: where they are, the colours they have in a decoded film, and when they are seen."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy
import pytest
from PIL import Image

from tests.support.media import frames
from wanx_render.effects import overlays
from wanx_render.effects.overlays import DrawnOverlay, placed
from wanx_render.finishing.jobs import make_segment
from wanx_render.finishing.segment import ClipMedia, Seam, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Box, Focus, Size
from wanx_render.media import decoding, ffmpeg
from wanx_render.shotlist.model import Overlay, Transition
from wanx_render.timing import Cut

FRAME = Frame(Size(180, 320), Fraction(30), "crop", "black", "master")
TALL, LOGO = Size(1080, 1920), Size(400, 200)


def overlay(**more: object) -> Overlay:
    return Overlay.model_validate({"image": "logo.png", **more})


@pytest.mark.parametrize(
    ("at", "corner"),
    [
        ("top-left", (32, 32)), ("top", (464, 32)), ("top-right", (897, 32)),
        ("left", (32, 922)), ("center", (464, 922)), ("right", (897, 922)),
        ("bottom-left", (32, 1812)), ("bottom", (464, 1812)), ("bottom-right", (897, 1812)),
    ],
)  # fmt: skip
def test_an_overlay_is_where_the_list_says(at: str, corner: tuple[int, int]) -> None:
    # 0.14 of 1080 is 151.2; 0.03 of 1080, the shorter side, is 32.4.
    box = placed(overlay(at=at), LOGO, TALL)
    assert box == Box(*corner, 151, 76)


def in_the_area(area: tuple[int, int, int, int], box: Box) -> bool:
    left, top, right, bottom = area
    return left <= box.x and top <= box.y and box.x + box.width <= right and (
        box.y + box.height <= bottom
    )  # fmt: skip


def test_an_overlay_stays_in_the_safe_area() -> None:
    # What the catalog says of TikTok: 108 above, 120 at the right, 320 below, 60 at the left.
    for at in ("top-right", "bottom-left", "bottom-right", "center", "bottom"):
        box = placed(overlay(at=at, margin=0, width=Fraction(1, 2)), LOGO, TALL, "tiktok")
        assert box
        free = overlays.room_in(TALL, "tiktok")
        area = (free.x, free.y, free.x + free.width, free.y + free.height)
        assert in_the_area(area, box)
        assert area != (0, 0, 1080, 1920)
    assert placed(overlay(width=1), LOGO, TALL, "tiktok") is None
    assert placed(overlay(width=1, at="center"), LOGO, TALL) == Box(0, 690, 1080, 540)


def logo(path: Path, size: tuple[int, int] = (60, 30)) -> Path:
    """Plain colours: dense, half transparent, and clear with a colour that must not be seen."""
    picture = Image.new("RGBA", size, (0, 255, 0, 0))
    picture.paste((230, 40, 60, 255), (0, 0, size[0] // 3, size[1]))
    picture.paste((20, 120, 240, 128), (size[0] // 3, 0, 2 * size[0] // 3, size[1]))
    picture.save(path)
    return path


def clip(program: ffmpeg.Ffmpeg, path: Path, colour: str = "0x805020") -> ClipMedia:
    source = f"color={colour}:s=180x320:r=30:d=1,scale=out_color_matrix=bt709,format=yuv420p"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", source, "-c:v", "libx264", "-qp", "1", "-f", "mov", "-y", str(path)),
    )
    return ClipMedia(path, colour, Size(180, 320), Fraction(30), 30, has_sound=False)


def segment(take: ClipMedia, *over: DrawnOverlay) -> Segment:
    return Segment(take, Cut(0, 30), Focus(Fraction(1, 2), Fraction(1, 2)), FRAME, 0, 30,
                   overlays=over)  # fmt: skip


def rgb(path: Path, number: int) -> "numpy.ndarray":
    """A decoded frame in RGB by the formulas of BT.709, each colour pixel four times as large."""
    frame = next(frame for index, frame in enumerate(frames(path)) if index == number)
    luma, blue, red = (
        numpy.asarray(plane).reshape(-1, plane.line_size)[:, : plane.width].astype(float)
        for plane in frame.planes
    )
    blue, red = (numpy.kron(plane - 128, numpy.ones((2, 2))) / 224 for plane in (blue, red))
    light = (luma - 16) / 219
    r, b = light + 1.5748 * red, light + 1.8556 * blue
    green = (light - 0.2126 * r - 0.0722 * b) / 0.7152
    return numpy.clip(numpy.stack([r, green, b], axis=-1) * 255, 0, 255)


def drawn(path: Path, box: Box, opacity: Fraction = Fraction(1), **when: int) -> DrawnOverlay:
    times = {"start": 0, "frames": 30, **when}
    return DrawnOverlay(path, path.name, box, opacity, times["start"], times["frames"])


@pytest.mark.parametrize("place", [(20, 40), (21, 41)])
@pytest.mark.parametrize("opacity", [Fraction(1), Fraction(1, 2)])
def test_decoded_pixels_are_those_of_a_composite_by_pillow(
    place: tuple[int, int], opacity: Fraction, program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    file, take = logo(tmp_path / "logo.png"), clip(program, tmp_path / "clip.mov")
    box = Box(*place, 60, 30)
    make_segment(program, segment(take), tmp_path / "without.mov")
    make_segment(program, segment(take, drawn(file, box, opacity)), tmp_path / "with.mov")
    behind = Image.fromarray(rgb(tmp_path / "without.mov", 9).round().astype("uint8"))
    picture = Image.open(file)
    picture.putalpha(picture.getchannel("A").point(lambda alpha: round(alpha * float(opacity))))
    expected = behind.convert("RGBA")
    expected.alpha_composite(picture, place)
    difference = numpy.abs(
        rgb(tmp_path / "with.mov", 9) - numpy.asarray(expected.convert("RGB")).astype(float)
    )
    # A pixel of colour is two wide: where two colours meet, four pixels share one.
    x, y = place
    for left in (x, x + 20, x + 40):
        area = difference[y + 2 : y + 28, left + 3 : left + 17]
        assert area.mean() <= 1.5
        assert area.max() <= 4  # one step of stored blue is two of 255
    assert difference[: y - 2].max() <= 2
    assert difference[y + 34 :].max() <= 2


def test_an_overlay_is_seen_in_exactly_its_frames(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    file, take = logo(tmp_path / "logo.png"), clip(program, tmp_path / "clip.mov")
    box = Box(20, 40, 60, 30)
    path = tmp_path / "film.mov"
    make_segment(program, segment(take, drawn(file, box, start=7, frames=11)), path)
    shown = [number for number in range(30) if rgb(path, number)[50, 30, 0] > 180]
    assert shown == list(range(7, 18))


def test_a_shots_overlay_goes_with_its_shot_and_the_films_stays(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    file = logo(tmp_path / "logo.png")
    one, two = (clip(program, tmp_path / f"{c}.mov", c) for c in ("0x404040", "0xC0C0C0"))
    first = replace(segment(one), shot_overlays=(drawn(file, Box(20, 40, 60, 30)),))
    film = drawn(file, Box(100, 200, 60, 30))
    seam = Seam(first, segment(two), Transition(type="dissolve"), overlays=(film,))
    make_segment(program, seam, tmp_path / "seam.mov")
    start, end = rgb(tmp_path / "seam.mov", 1), rgb(tmp_path / "seam.mov", 29)
    assert start[50, 26] == pytest.approx((230, 40, 60), abs=12)
    assert end[50, 26] == pytest.approx((192, 192, 192), abs=12)
    for picture in (start, end):
        assert picture[210, 106] == pytest.approx((230, 40, 60), abs=3)


def test_a_check_finds_an_overlay_and_its_absence(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    file = logo(tmp_path / "logo.png")
    take = clip(program, tmp_path / "clip.mov", "0xF0F0F0")
    over = drawn(file, Box(21, 41, 60, 30), start=10, frames=10)
    make_segment(program, segment(take, over), tmp_path / "film.mov")
    assert overlays.looked_at(over, (), 30, (0, 0)) == 14
    assert overlays.looked_at(over, (), 30, (16, 0)) == 17
    assert overlays.looked_at(over, (), 30, (0, 20)) is None
    assert overlays.looked_at(over, [Box(70, 60, 40, 40)], 30, (0, 0)) is None
    assert overlays.looked_at(replace(over, opacity=Fraction(1, 4)), (), 30, (0, 0)) is None
    for second, is_seen in ((Fraction(14, 30), True), (Fraction(25, 30), False)):
        luma = decoding.luma(program, tmp_path / "film.mov", second, over.canvas)
        assert overlays.is_seen(over, luma) == is_seen


def test_the_key_of_a_piece_knows_what_is_over_it_and_not_where_the_file_is(
    program: ffmpeg.Ffmpeg,
) -> None:
    take = ClipMedia(Path("a.mov"), "a", Size(180, 320), Fraction(30), 30, has_sound=False)
    over = drawn(Path("logo.png"), Box(20, 40, 60, 30))
    bare, key = segment(take).key(program), segment(take, over).key(program)
    assert bare != key
    assert segment(take, replace(over, path=Path("other.png"))).key(program) == key
    in_shot = replace(segment(take), shot_overlays=(over,)).key(program)
    changed = [
        replace(over, sha256="b"), replace(over, box=Box(22, 40, 60, 30)),
        replace(over, opacity=Fraction(9, 10)), replace(over, start=1), replace(over, frames=9),
    ]  # fmt: skip
    keys = {segment(take, other).key(program) for other in changed}
    assert len({bare, key, in_shot, *keys}) == 8


@pytest.mark.parametrize(
    ("colour", "light"), [("0x00FF00", 182), ("0xFF0000", 54), ("0x0000FF", 18), ("white", 255)]
)
def test_strong_colours_have_the_luma_of_their_matrix(
    program: ffmpeg.Ffmpeg, tmp_path: Path, colour: str, light: int
) -> None:
    film = tmp_path / "film.mp4"
    draw = f"color={colour}:s=90x160:r=25:d=0.2,scale=out_color_matrix=bt709:out_range=tv"
    tags = ("-colorspace", "bt709", "-color_range", "tv", "-pix_fmt", "yuv420p")
    ffmpeg.run(program, ("-f", "lavfi", "-i", draw, *tags, str(film)))
    seen = decoding.luma(program, film, Fraction(0), Box(2, 2, 28, 16))
    assert len(seen) == 28 * 16
    assert max(abs(value - light) for value in seen) <= 3
