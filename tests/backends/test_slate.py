from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from tests.ground.test_task import REQUEST
from tests.support.media import beeps, facts, flashes, frames
from wanx_render.backends import panel
from wanx_render.backends.slate import ClipCall, make_clip
from wanx_render.captions import fonts
from wanx_render.geometry import Size
from wanx_render.media import ffmpeg, thumbnails
from wanx_render.task import InputMedia

PROMPT = "一只猫在屋顶上说：“100% 好了 \\ : ' [x]” — 然后跳走 😀"


@pytest.fixture
def call(tmp_path: Path, picture: Callable[..., Path]) -> ClipCall:
    request = replace(
        REQUEST,
        prompt=PROMPT,
        duration=2,
        image=InputMedia("sha256:aa", picture("first.png"), size=Size(750, 1000)),
    )
    (tmp_path / "work").mkdir()
    return ClipCall(
        request=request,
        label="wake take 1",
        size=Size(208, 272),
        rate=Fraction(24),
        folder=tmp_path / "work",
        target=tmp_path / "clip.mp4",
    )


@pytest.mark.parametrize(
    ("size", "rate", "seconds"),
    [(Size(208, 272), 24, 2), (Size(320, 176), 30, 3), (Size(240, 240), 30, 1)],
)
def test_a_clip_has_the_exact_size_rate_and_length(
    each_program: ffmpeg.Ffmpeg, call: ClipCall, size: Size, rate: int, seconds: int
) -> None:
    request = replace(call.request, duration=seconds)
    seen = facts(
        make_clip(each_program, replace(call, request=request, size=size, rate=Fraction(rate)))
    )
    assert (seen.width, seen.height) == (size.width, size.height)
    assert seen.frames == rate * seconds
    assert seen.steps == {Fraction(1, rate)}
    assert seen.times[0] == 0
    assert abs(seen.sound_seconds - seconds) <= Fraction(1024, 48000)


SHAPES = [(1280, 720), (720, 1280), (816, 1104), (960, 960), (1104, 816), (624, 1088)]
ASPECTS = [(9, 16), (3, 4), (4, 5), (1, 1), (4, 3), (16, 9)]


@pytest.mark.parametrize(("width", "height"), SHAPES)
@pytest.mark.parametrize(("across", "down"), ASPECTS)
def test_the_slate_is_in_every_crop_and_above_its_captions(
    width: int, height: int, across: int, down: int
) -> None:
    seen_width = min(width, height * across / down)
    seen_height = min(height, width * down / across)
    left, top = (width - seen_width) / 2, (height - seen_height) / 2
    slate = panel.place(Size(width, height))
    assert left < slate.x
    assert slate.x + slate.width < left + seen_width
    assert top < slate.y
    if width > height == seen_height:
        assert top + seen_height * 0.2 < slate.y  # two lines of captions at the top end higher
    assert slate.bottom < top + seen_height * 0.55  # two lines of captions begin lower
    assert slate.unit >= 14


@pytest.mark.parametrize(("size", "seconds"), [(Size(208, 272), 3), (Size(320, 176), 4)])
def test_small_pictures_of_a_clip_never_show_its_flash(
    program: ffmpeg.Ffmpeg, call: ClipCall, tmp_path: Path, size: Size, seconds: int
) -> None:
    request = replace(call.request, duration=seconds)
    clip = make_clip(program, replace(call, request=request, size=size))
    made = thumbnails.make(program, tmp_path, clip, "a" * 64, 24 * seconds)
    levels = [ImageStat.Stat(Image.open(path).convert("L")).mean[0] for path in made]
    assert max(levels) - min(levels) < 10


def test_flash_and_beep_mark_the_middle_of_every_second(
    each_program: ffmpeg.Ffmpeg, call: ClipCall
) -> None:
    seen = facts(make_clip(each_program, call))
    light, sound = flashes(seen), beeps(seen)
    assert light == [Fraction(1, 2), Fraction(3, 2)]
    assert len(sound) == 2
    assert all(abs(a - b) < Fraction(1, 100) for a, b in zip(light, sound, strict=True))


@pytest.mark.parametrize("sound", ["none", "silent"])
def test_a_silent_clip_has_no_sound_stream_and_no_flash(
    program: ffmpeg.Ffmpeg, call: ClipCall, sound: str
) -> None:
    seen = facts(make_clip(program, replace(call, request=replace(call.request, sound=sound))))  # type: ignore[arg-type]
    assert seen.samples == ()
    assert flashes(seen) == []


def test_a_soundtrack_of_one_s_own_is_cut_or_followed_by_silence(
    program: ffmpeg.Ffmpeg, call: ClipCall, tmp_path: Path
) -> None:
    track = tmp_path / "track.wav"
    ffmpeg.run(program, ("-f", "lavfi", "-i", "sine=d=0.5:r=44100", "-y", str(track)))
    request = replace(call.request, sound="file", sound_file=InputMedia("sha256:bb", track))
    seen = facts(make_clip(program, replace(call, request=request)))
    assert abs(seen.sound_seconds - 2) <= Fraction(1024, 48000)
    loud = [abs(value) > 500 for value in seen.samples]
    assert any(loud[:20_000])
    assert not any(loud[30_000:])


def test_the_same_request_gives_the_same_bytes(each_program: ffmpeg.Ffmpeg, call: ClipCall) -> None:
    first = make_clip(each_program, call).read_bytes()
    again = replace(call, target=call.target.with_name("again.mp4"))
    assert make_clip(each_program, again).read_bytes() == first
    other = replace(again, label="wake take 2")
    assert make_clip(each_program, other).read_bytes() != first


def test_a_watermark_is_at_the_lower_right(program: ffmpeg.Ffmpeg, call: ClipCall) -> None:
    plain = next(frames(make_clip(program, call))).to_ndarray(format="gray").astype(int)
    request = replace(call.request, watermark=True)
    marked = make_clip(program, replace(call, request=request))
    apart = abs(next(frames(marked)).to_ndarray(format="gray").astype(int) - plain)
    assert apart[-20:, -50:].max() > 60
    assert apart[:200, :].max() < 30


def test_the_picture_drifts_without_a_step_back(
    each_program: ffmpeg.Ffmpeg, call: ClipCall, tmp_path: Path
) -> None:
    """A bright bar moves by the same whole pixels each frame."""
    still = Image.new("RGB", (300, 400), "black")
    still.paste("white", (0, 150, 300, 160))
    still.save(tmp_path / "bar.png")
    image = InputMedia("sha256:cc", tmp_path / "bar.png", size=Size(300, 400))
    request = replace(call.request, image=image, sound="none", duration=1)
    clip = make_clip(each_program, replace(call, request=request))
    tops = []
    for frame in frames(clip):
        plane = frame.planes[0]
        column = [memoryview(plane)[y * plane.line_size + 3] for y in range(frame.height)]
        tops.append(next(y for y, value in enumerate(column) if value > 120))
    moves = [b - a for a, b in pairwise(tops)]
    assert len(tops) == 24
    assert set(moves) <= {0, 2} or set(moves) <= {0, -2}
    assert abs(sum(moves)) >= 20


def test_chinese_is_drawn_and_what_no_font_has_is_named() -> None:
    font = fonts.chinese()
    assert fonts.showable("猫 cat，“好”", font) == "猫 cat，“好”"
    assert fonts.showable("😀\x07", font) == "U+1F600U+0007"


def test_two_different_characters_look_different(program: ffmpeg.Ffmpeg, call: ClipCall) -> None:
    """Boxes would all look alike."""

    def luma(prompt: str) -> bytes:
        request = replace(call.request, prompt=prompt, sound="none", duration=1)
        clip = make_clip(program, replace(call, request=request))
        return bytes(next(frames(clip)).planes[0])

    assert luma("猫猫猫猫") != luma("狗狗狗狗")
