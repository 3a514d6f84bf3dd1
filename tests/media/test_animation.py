"""Pictures given to ``conform``: animations at their own times, stills for as long as is wanted."""

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from tests.support import forking
from wanx_render.actions import conform as commands
from wanx_render.errors import BadInput
from wanx_render.media import animation, ffmpeg
from wanx_render.media.animation import StillSettings, make_clip, ticks
from wanx_render.media.images import BadPicture
from wanx_render.session.environment import Environment

COLOURS = ("red", "lime", "blue")
TIMES = [100, 300, 200]
WISH = StillSettings(Fraction(0), None, "black")


def moving(path: Path, times: list[int], **options: Any) -> Path:
    first, *more = [Image.new("RGB", (66, 50), colour) for colour in COLOURS]
    first.save(path, save_all=True, append_images=more, duration=times, loop=0, **options)
    return path


def seen(path: Path) -> tuple[Fraction | None, list[tuple[int, int, int]]]:
    """The rate, and the colour in the middle of each frame, to the nearest of 0 and 255."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        middles = []
        for frame in container.decode(stream):
            picture = frame.to_ndarray(format="rgb24")
            middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
            middles.append(tuple(255 * int(value > 127) for value in middle))
        return stream.average_rate, middles  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("times", "rate", "counts"),
    [
        ([100, 300, 200], 10, [1, 3, 2]),
        ([40, 40], 25, [1, 1]),
        ([500, 500], 10, [5, 5]),  # 2 fps would be too slow for players
        ([1000], 10, [10]),
        ([30, 50], 60, [2, 3]),  # 100 fps would be needed: to the nearest of 60
        ([17, 17, 16], 60, [1, 1, 1]),
        ([333, 333, 334], 60, [20, 20, 20]),
    ],
)
def test_each_picture_is_shown_for_its_own_time(
    times: list[int], rate: int, counts: list[int]
) -> None:
    assert ticks(times) == (rate, counts)


@pytest.mark.parametrize(
    ("name", "options"), [("a.gif", {}), ("a.png", {}), ("a.webp", {"lossless": True})]
)
def test_an_animation_is_a_video_with_its_own_times(
    program: ffmpeg.Ffmpeg, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    path = moving(tmp_path / name, TIMES, **options)
    assert animation.is_picture(path)
    folder = tmp_path / "100% here"
    folder.mkdir()
    made = make_clip(program, path, WISH, folder / "picture.mp4")
    red, green, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    assert made.moves
    assert seen(made.path) == (10, [red, green, green, green, blue, blue])
    assert [file.name for file in folder.iterdir()] == ["picture.mp4"]


def test_the_picture_of_an_animated_png_for_other_programs_is_not_shown(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    path = moving(tmp_path / "a.png", [100, 100], default_image=True)
    made = make_clip(program, path, WISH, tmp_path / "a.mp4")
    assert seen(made.path) == (10, [(0, 255, 0), (0, 0, 255)])


def test_transparent_parts_show_the_background(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    frames = [Image.new("RGBA", (64, 64), (0, 0, 0, 0)) for _ in range(2)]
    for number, frame in enumerate(frames):
        frame.paste("red", (number, 0, number + 9, 9))
    path = tmp_path / "a.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=200, lossless=True)
    made = make_clip(program, path, StillSettings(Fraction(0), None, "#00f"), tmp_path / "a.mp4")
    assert set(seen(made.path)[1]) == {(0, 0, 255)}


def test_a_still_needs_to_be_held(program: ffmpeg.Ffmpeg, picture: Callable[..., Path]) -> None:
    path = picture("a.png", (60, 80))
    with pytest.raises(BadPicture, match="is a still picture") as caught:
        make_clip(program, path, WISH, path.parent / "a.mp4")
    assert "--hold" in caught.value.hint


def test_a_damaged_animation_is_named(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    path = moving(tmp_path / "a.gif", TIMES)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadPicture, match="damaged or cut off"):
        make_clip(program, path, WISH, tmp_path / "a.mp4")


def test_a_phone_picture_with_a_second_one_is_a_still(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    first, second = Image.new("RGB", (60, 80), "red"), Image.new("RGB", (60, 80), "blue")
    first.save(path, "MPO", save_all=True, append_images=[second])
    wish = StillSettings(Fraction(1, 2), Fraction(10), "black")
    made = make_clip(program, path, wish, tmp_path / "a.mp4")
    assert not made.moves
    assert seen(made.path) == (10, [(255, 0, 0)] * 5)


def test_a_still_is_held_and_a_mov_is_a_mov(picture: Callable[..., Path], tmp_path: Path) -> None:
    picture("a.png", (60, 80))
    wish = ("--aspect", "9:16", "--hold", "0.5", "--fps", "24")
    ran = forking.run_text(("conform", "a.png", *wish, "-o", "o.MOV"), tmp_path, os.environ)
    assert ran.returncode == 0, ran.stderr
    rate, frames = seen(tmp_path / "o.MOV")
    assert (rate, len(frames)) == (24, 12)
    assert (tmp_path / "o.MOV").read_bytes()[4:12] == b"ftypqt  "


@pytest.mark.parametrize(
    ("clip", "out", "codec", "message", "hint"),
    [
        ("a.png", "o.mkv", None, "o.mkv: its name does not end in", ".mp4 or .mov"),
        ("a.png", "o", None, "/o: its name does not end in", ".mp4 or .mov"),
        ("a.png", "o.mov", "av1", "av1 cannot be written to .mov", ".mp4"),
        ("a.png", "o.mp4", None, "a.png is a still picture", "--hold"),
        ("a.heic", "o.mp4", None, "a.heic is a HEIC picture", "magick"),
    ],
)
def test_what_cannot_be_done_is_said_before_work_begins(
    picture: Callable[..., Path],
    tmp_path: Path,
    clip: str,
    out: str,
    codec: str | None,
    message: str,
    hint: str,
) -> None:
    picture("a.png", (60, 80))
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    written = {"aspect": "9:16", "fit": "crop", "codec": codec}
    asked = commands.options(tmp_path / clip, tmp_path / out, written)
    with pytest.raises(BadInput) as caught:
        commands.conform(asked, Environment.real())
    (problem,) = caught.value.diagnostics
    assert message in problem.message and hint in problem.hint
    assert "Error" not in problem.message  # ffmpeg's own words
    assert not list(tmp_path.glob("o*")) and not list(tmp_path.glob(".*"))
