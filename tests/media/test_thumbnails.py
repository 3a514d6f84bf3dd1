import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from wanx_render import integrity
from wanx_render.errors import FfmpegError
from wanx_render.geometry import Size
from wanx_render.media import decoding, ffmpeg, probe, thumbnails
from wanx_render.media.images import BadPicture

FRAMES = 11
SHA = "c1" * 32


@pytest.fixture
def clip(each_program: ffmpeg.Ffmpeg, tmp_path: Path) -> Path:
    """Frame n is as bright as 30 + 15 n, with a red half so that colours can be judged."""
    path = tmp_path / "clip%d.mp4"
    ffmpeg.run(
        each_program,
        ("-f", "lavfi", "-i", "color=black:s=720x480:r=24:d=2",
         "-vf", "format=yuv420p,geq=lum='30+15*N':cb=128:cr='if(lt(X,W/2),128,200)',"
         "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv",
         "-frames:v", str(FRAMES), "-c:v", "libx264", "-qp", "1", "-bf", "3",
         "-y", ffmpeg.file_url(path)),
    )  # fmt: skip
    return path


def grey(path: Path) -> float:
    """The mean brightness of the left half of a picture."""
    with Image.open(path) as image:
        half = image.convert("L").crop((0, 0, image.width // 2, image.height))
        return float(ImageStat.Stat(half).mean[0])


def shown(luma: int) -> float:
    """A stored video value as a screen shows it."""
    return (luma - 16) * 255 / 219


def test_they_are_the_very_first_middle_and_last_frame(
    each_program: ffmpeg.Ffmpeg, clip: Path, tmp_path: Path
) -> None:
    made = thumbnails.make(each_program, tmp_path / "100%d", clip, SHA, FRAMES)
    assert [path.name for path in made] == [f"{SHA[:32]}-{w}.jpg" for w in thumbnails.WHICH]
    for path, number in zip(made, (0, 5, 10), strict=True):
        assert grey(path) == pytest.approx(shown(30 + 15 * number), abs=2.5)
        with Image.open(path) as image:
            assert image.size == (320, 213)
    assert {p.name for p in made[0].parent.iterdir()} == {p.name for p in made}


def test_colours_are_those_of_the_clip(
    each_program: ffmpeg.Ffmpeg, clip: Path, tmp_path: Path
) -> None:
    made = thumbnails.make(each_program, tmp_path, clip, SHA, FRAMES)
    with Image.open(made[1]) as image:
        red, green, blue = image.convert("RGB").getpixel((270, 100))
    # BT.709: Y 105, Cb 128, Cr 200
    y = shown(105)
    assert red == pytest.approx(y + 1.5748 * 72 * 255 / 224, abs=4)
    assert green == pytest.approx(y - 0.4681 * 72 * 255 / 224, abs=4)
    assert blue == pytest.approx(y, abs=4)


def test_they_are_made_once(each_program: ffmpeg.Ffmpeg, clip: Path, tmp_path: Path) -> None:
    made = thumbnails.make(each_program, tmp_path, clip, SHA, FRAMES)
    clip.unlink()
    assert thumbnails.make(each_program, tmp_path, clip, SHA, FRAMES) == made


def test_beside_a_decoding_they_are_the_same_pictures(
    each_program: ffmpeg.Ffmpeg, clip: Path, tmp_path: Path
) -> None:
    alone = thumbnails.make(each_program, tmp_path / "alone", clip, SHA, FRAMES)
    sketch = thumbnails.Sketch.of(tmp_path, FRAMES)
    result = decoding.examine(each_program, clip, also=sketch.arguments())
    assert result.decoded == decoding.decode(each_program, clip)
    assert result.probe == probe.probe(each_program, clip)
    sketch.keep(tmp_path, SHA)
    sketch.discard()
    beside = thumbnails.kept(tmp_path, SHA)
    assert [p.read_bytes() for p in beside] == [p.read_bytes() for p in alone]


def test_a_clip_of_one_frame_has_three_equal_pictures(
    each_program: ffmpeg.Ffmpeg, clip: Path, tmp_path: Path
) -> None:
    made = thumbnails.make(each_program, tmp_path, clip, SHA, 1)
    assert len({path.read_bytes()[: -integrity.SEAL] for path in made}) == 1


def test_fewer_frames_than_given_leave_nothing(
    each_program: ffmpeg.Ffmpeg, clip: Path, tmp_path: Path
) -> None:
    assert thumbnails.make(each_program, tmp_path, clip, SHA, FRAMES + 1) == ()
    assert list((tmp_path / ".cache" / "thumbs").iterdir()) == []


def test_what_is_no_clip_is_reported(each_program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    with pytest.raises(FfmpegError):
        thumbnails.make(each_program, tmp_path, bad, SHA, 3)


def test_a_poster_is_the_frame_that_was_asked_for(
    each_program: ffmpeg.Ffmpeg, clip: Path, tmp_path: Path
) -> None:
    made = thumbnails.poster(each_program, tmp_path, clip, SHA, 4)
    assert grey(made) == pytest.approx(shown(90), abs=2.5)
    clip.unlink()
    assert thumbnails.poster(each_program, tmp_path, clip, SHA, 4) == made


def test_a_first_frame_is_kept_by_what_it_was(picture: Callable[..., Path], tmp_path: Path) -> None:
    path = picture("a.png", (900, 600))
    identity = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    made = thumbnails.picture(tmp_path, identity, path.read_bytes())
    with Image.open(made) as image:
        assert image.size == (320, 213)
    assert thumbnails.picture(tmp_path, identity, b"") == made
    with pytest.raises(BadPicture):
        thumbnails.picture(tmp_path, "sha256:" + "0" * 64, path.read_bytes())


@pytest.mark.parametrize("grain", [10, 30, 120])
def test_grain_does_not_make_it_large(tmp_path: Path, grain: int) -> None:
    noise = Image.effect_noise((320, 320), grain).convert("RGB")
    noise.save(tmp_path / "noise.jpg", quality=95)
    data = (tmp_path / "noise.jpg").read_bytes()
    small = thumbnails.within(data)
    assert len(data) > 2 * thumbnails.LARGEST >= 2 * len(small)
    assert thumbnails.within(small) is small


def test_own_footage_without_tags_has_the_colours_that_the_film_will_have(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    red = ("-f", "lavfi", "-i", "color=red:s=320x240:r=25:d=0.4", "-c:v", "libx264")
    clip = tmp_path / "own.mkv"
    ffmpeg.run(program, (*red, "-pix_fmt", "yuv420p", "-y", str(clip)))
    reading = thumbnails.DecodingOptions.own("matroska", Size(320, 240))
    made = thumbnails.make(program, tmp_path, clip, SHA, 10, reading)
    pixel = Image.open(made[1]).convert("RGB").getpixel((50, 50))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 245 and max(pixel[1:]) < 8  # as BT.709 its green would be 25
