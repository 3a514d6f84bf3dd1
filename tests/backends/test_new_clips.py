"""Test clips of the newer forms: clips that continue another one, sizes asked for, references."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.ground.test_task import REQUEST
from tests.support.media import beeps, facts, flashes, frames
from wanx_render.backends import panel
from wanx_render.backends.slate import ClipCall, clip_call, make_clip
from wanx_render.catalog.capabilities import Catalog
from wanx_render.geometry import Size
from wanx_render.media import ffmpeg
from wanx_render.task import Footage, InputMedia, Reference

NEW = replace(
    REQUEST, model="wan2.7-i2v", image=None, resolution="720P", prompt="a turtle", sound="auto"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path


def planes(clip: Path) -> list[np.ndarray]:
    return [frame.to_ndarray(format="gray").astype(int) for frame in frames(clip)]


def test_a_continued_clip_begins_with_the_other_one_and_goes_on(
    each_program: ffmpeg.Ffmpeg, folder: Path
) -> None:
    size, rate = Size(320, 176), Fraction(24)
    shapes = Image.effect_mandelbrot((320, 176), (-2, -1, 1, 1), 60).convert("RGB")
    shapes.save(folder / "first.png")
    image = InputMedia("sha256:aa", folder / "first.png", size=size)
    begun = replace(NEW, image=image, duration=2)
    first = make_clip(
        each_program,
        ClipCall(begun, "a take 1", size, rate, folder / "work", folder / "a.mp4"),
    )
    clip = InputMedia("clip:x", first, footage=Footage(size, rate, Fraction(2)))
    request = replace(NEW, first_clip=clip, duration=5)
    call = ClipCall(request, "b take 1", size, rate, folder / "work", folder / "b.mp4")
    seen = facts(make_clip(each_program, call))
    assert (seen.width, seen.height, seen.frames) == (320, 176, 120)
    assert seen.steps == {Fraction(1, 24)}
    assert abs(seen.sound_seconds - 5) <= Fraction(1024, 48000)
    light, sound = flashes(seen), beeps(seen)
    assert light == [Fraction(n, 2) for n in (1, 3, 5, 7, 9)]
    assert all(abs(a - b) < Fraction(1, 50) for a, b in zip(light, sound, strict=True))
    before, after = planes(first), planes(call.target)
    assert max(np.abs(a - b).mean() for a, b in zip(before, after[:48], strict=True)) < 2
    place = panel.place(size)
    below = slice(place.bottom + 4, None)  # without slate and counter
    step = np.abs(after[48][below] - after[47][below]).mean()
    assert step < 3
    assert np.abs(after[119][below] - after[48][below]).mean() > 3


def test_the_same_continuation_gives_the_same_bytes(program: ffmpeg.Ffmpeg, folder: Path) -> None:
    size, rate = Size(320, 176), Fraction(24)
    calls = []
    first = make_clip(
        program,
        ClipCall(
            replace(NEW, duration=1), "a", size, Fraction(30), folder / "work", folder / "a.mp4"
        ),
    )
    for name in ("b.mp4", "c.mp4"):
        request = replace(NEW, first_clip=InputMedia("clip:x", first), duration=2)
        call = ClipCall(request, "b", size, rate, folder / "work", folder / name)
        calls.append(make_clip(program, call).read_bytes())
    assert calls[0] == calls[1]
    assert facts(folder / "b.mp4").frames == 48


@pytest.mark.parametrize("content", [b"", b"no video"])
def test_a_clip_that_cannot_be_read_is_left_out(
    program: ffmpeg.Ffmpeg, folder: Path, content: bytes
) -> None:
    broken = folder / "broken.mp4"
    broken.write_bytes(content)
    request = replace(NEW, first_clip=InputMedia("clip:x", broken), duration=1)
    call = ClipCall(request, "b", Size(320, 176), Fraction(24), folder / "work", folder / "b.mp4")
    assert facts(make_clip(program, call)).frames == 24


SIZES = [
    ({"model": "wan2.6-t2v", "size": Size(1088, 832)}, "1088x832"),
    ({"model": "wan2.7-t2v", "ratio": "4:3"}, "1104x832"),
    ({"model": "wan3.0-video", "ratio": "9:16"}, "720x1280"),
    ({"model": "wan3.0-video", "ratio": "adaptive"}, "1280x720"),
    (
        {
            "model": "wan2.7-i2v",
            "first_clip": InputMedia(
                "clip:x", footage=Footage(Size(750, 1000), Fraction(30), Fraction(5))
            ),
        },
        "816x1104",
    ),
    (
        {"model": "wan2.7-r2v", "ratio": "1:1", "image": InputMedia("x", size=Size(750, 1000))},
        "816x1104",
    ),
]


@pytest.mark.parametrize(("change", "size"), SIZES)
def test_the_size_is_asked_for_or_follows(
    catalog: Catalog, folder: Path, change: dict[str, object], size: str
) -> None:
    request = replace(NEW, **change)  # type: ignore[arg-type]
    call = clip_call(catalog, request, label="a", folder=folder, target=folder / "a.mp4")
    assert str(call.size) == size


def test_references_are_small_on_the_slate(program: ffmpeg.Ffmpeg, folder: Path) -> None:
    Image.new("RGB", (100, 300), (255, 0, 0)).save(folder / "red.png")
    size, rate = Size(640, 352), Fraction(24)
    blue = folder / "blue.mp4"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", "color=c=blue:s=64x64:r=24:d=0.2", "-pix_fmt", "yuv420p", str(blue)),
    )
    references = (
        Reference("image", InputMedia("sha256:r", folder / "red.png")),
        Reference("video", InputMedia("sha256:b", blue)),
        Reference("sound", InputMedia("sha256:s", folder / "a.mp3")),
    )
    request = replace(NEW, model="wan3.0-video", references=references, duration=1, sound="none")
    call = ClipCall(request, "a", size, rate, folder / "work", folder / "a.mp4")
    frame = next(frames(make_clip(program, call))).to_ndarray(format="rgb24").astype(int)
    place = panel.place(size)
    part = frame[place.y : place.bottom, place.x : place.x + place.width]
    red = (part[..., 0] > 180) & (part[..., 1] < 80)
    blues = (part[..., 2] > 180) & (part[..., 0] < 80)
    assert red.sum() > 200
    assert blues.sum() > 200
    assert np.median(red.nonzero()[1]) < np.median(blues.nonzero()[1])
