"""What is sent of a picture that is prepared: judged by Pillow on the bytes."""

import io
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw, ImageStat

from tests.media.test_images import BLUE, GREEN, RED, noisy, profile, written
from tests.media.test_odd_pictures import ORIENTATION, differs, exif_of, grey_ramp, several
from wanx_render.geometry import Aspect, Focus, Size
from wanx_render.media import animation
from wanx_render.media.images import BadPicture, inspect, prepared, sendable
from wanx_render.preparation import Fitting, Limits, Preparation, prepare

AREA, LIMITS = 399_360, Limits(16, 400)
TALL, WIDE = Aspect(9, 16), Aspect(16, 9)
MOST = 9 * 1024 * 1024


def quarters(size: tuple[int, int] = (320, 240), mode: str = "RGB") -> Image.Image:
    """Four colours, one in each quarter."""
    image, (width, height) = Image.new("RGB", size, "white"), size
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2 - 1, height // 2 - 1), "red")
    draw.rectangle((width // 2, 0, width, height // 2 - 1), "lime")
    draw.rectangle((0, height // 2, width // 2 - 1, height), "blue")
    return image.convert(mode, dither=Image.Dither.NONE)


def plan(data: bytes, fitting: Fitting, limits: Limits = LIMITS) -> Preparation:
    picture = inspect(data)
    return prepare(picture.size, fitting, AREA, limits, transparent=picture.transparent)


def sent(data: bytes, fitting: Fitting, limits: Limits = LIMITS) -> Image.Image:
    preparation = plan(data, fitting, limits)
    result = prepared(data, preparation, MOST)
    with Image.open(io.BytesIO(result), formats=("PNG", "JPEG")) as image:
        assert image.size == (preparation.sent.width, preparation.sent.height)
        assert image.mode == "RGB"
        assert not image.info.keys() & {"icc_profile", "exif", "transparency"}
        return image.copy()


def test_a_crop_is_the_window_pixel_by_pixel() -> None:
    image = noisy(size=(300, 200))
    data = written(image)
    box = plan(data, Fitting(TALL, focus=Focus(x=Focus().x / 2))).window
    expected = image.crop((box.x, box.y, box.x + box.width, box.y + box.height))
    result = sent(data, Fitting(TALL, focus=Focus(x=Focus().x / 2)))
    assert result.tobytes() == expected.convert("RGB").tobytes()
    assert box.x + box.width / 2 == pytest.approx(75, abs=1)


def test_a_large_window_is_scaled_within_the_limits() -> None:
    result = sent(written(quarters((1600, 1200))), Fitting(TALL))
    assert max(result.size) <= 400
    width, height = result.size
    assert result.getpixel((4, 4)) == (255, 0, 0)
    assert result.getpixel((width - 4, 4)) == (0, 255, 0)
    assert result.getpixel((4, height - 4)) == (0, 0, 255)


def test_a_picture_above_the_limit_is_scaled_with_nothing_lost() -> None:
    data = written(quarters((1600, 1200)))
    preparation = plan(data, Fitting())
    assert (preparation.name, str(preparation.sent)) == ("", "400x300")
    assert sent(data, Fitting()).getpixel((396, 296)) == (255, 255, 255)


def test_what_needs_no_preparation_is_sent_byte_for_byte() -> None:
    for data in (written(noisy()), several(noisy(), noisy()), written(noisy(), "JPEG")):
        assert prepared(data, plan(data, Fitting()), MOST) == sendable(data)


def test_bars_have_the_colour_and_touch_the_picture() -> None:
    data = written(Image.new("RGB", (320, 240), (200, 10, 30)))
    preparation = plan(data, Fitting(TALL, "pad", background="#204060"))
    result, inner = sent(data, Fitting(TALL, "pad", background="#204060")), preparation.inner
    for y in (0, inner.y - 1, inner.y + inner.height, result.height - 1):
        assert result.getpixel((5, y)) == (0x20, 0x40, 0x60)
    for y in (inner.y, inner.y + inner.height - 1):
        assert result.getpixel((0, y)) == result.getpixel((result.width - 1, y)) == (200, 10, 30)


def ramp() -> Image.Image:
    return Image.linear_gradient("L").resize((640, 480)).convert("RGB")


def test_behind_a_picture_is_a_dark_soft_copy_without_bands() -> None:
    data = written(ramp())
    preparation = plan(data, Fitting(TALL, "blur"), Limits(16, 2000))
    result, inner = sent(data, Fitting(TALL, "blur"), Limits(16, 2000)), preparation.inner
    above = result.crop((0, 0, result.width, inner.y)).convert("L")
    whole = ImageStat.Stat(ramp().convert("L")).mean[0]
    everything = ImageStat.Stat(result.convert("L").crop((0, 0, result.width, inner.y))).mean[0]
    assert everything < whole
    # Without dithering each row of this gradient has one level.
    mixed = sum(
        len(set(above.crop((0, y, above.width, y + 1)).tobytes())) > 1 for y in range(above.height)
    )
    assert mixed > above.height / 2
    means = [
        ImageStat.Stat(above.crop((0, y, above.width, y + 8))).mean[0]
        for y in range(0, above.height - 8, 8)
    ]
    steps = [after - before for before, after in pairwise(means)]
    assert max(steps) < 1.5 and min(steps) > -0.25


def test_what_is_transparent_is_drawn_over_the_background() -> None:
    image = quarters().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 160, 120))
    result = sent(written(image), Fitting(background="#0a0b0c"))
    assert result.getpixel((20, 20)) == (10, 11, 12)
    assert result.getpixel((300, 20)) == (0, 255, 0)
    assert sent(written(image), Fitting()).getpixel((20, 20)) == (255, 255, 255)
    edge = sent(written(image), Fitting(background="#ffffff"), Limits(16, 100))
    assert all(edge.getpixel((x, 60)) == (0, 0, 255) for x in range(5, 45))


def test_the_orientation_comes_before_the_crop() -> None:
    data = written(quarters(), exif=exif_of(ORIENTATION))  # a quarter turn to the right
    result = sent(data, Fitting(TALL))
    assert result.getpixel((3, 3)) == (0, 0, 255)
    assert result.getpixel((result.width - 3, 3)) == (255, 0, 0)


def test_a_profile_is_applied_and_not_sent() -> None:
    red, green, blue = quarters().split()
    swapped = Image.merge("RGB", (green, blue, red))
    data = written(swapped, icc_profile=profile(GREEN, BLUE, RED))
    result = sent(data, Fitting(TALL))
    assert differs(result.crop((0, 0, 40, 40)), Image.new("RGB", (40, 40), "red")) <= 2


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "RGBA", "16 bits"])
def test_every_mode_is_scaled_as_what_one_sees(mode: str) -> None:
    options: dict[str, Any] = {}
    if mode == "16 bits":
        image = grey_ramp().resize((320, 240))
        seen = Image.linear_gradient("L").rotate(90).resize((320, 240)).convert("RGB")
    else:
        image, seen = quarters(mode=mode), quarters(mode=mode).convert("RGB")
    if mode == "CMYK":
        options = {"quality": 100, "subsampling": 0}
    data = written(image, "JPEG" if mode == "CMYK" else "PNG", **options)
    result = sent(data, Fitting(), Limits(16, 160))
    for x, y in ((20, 20), (120, 20), (20, 90), (120, 90)):
        one = ImageStat.Stat(result.crop((x, y, x + 16, y + 16))).mean
        other = ImageStat.Stat(seen.crop((2 * x, 2 * y, 2 * x + 32, 2 * y + 32))).mean
        assert one == pytest.approx(other, abs=3)


@pytest.mark.parametrize(
    ("kind", "options", "sent_as"),
    [
        ("PNG", {}, "PNG"),
        ("BMP", {}, "PNG"),
        ("GIF", {}, "PNG"),
        ("WEBP", {"lossless": True}, "PNG"),
        ("WEBP", {"quality": 80}, "JPEG"),
        ("JPEG", {"quality": 80}, "JPEG"),
    ],
)
def test_a_source_without_loss_is_sent_without_loss(
    kind: str, options: dict[str, Any], sent_as: str
) -> None:
    data = written(quarters(), kind, **options)
    with Image.open(io.BytesIO(prepared(data, plan(data, Fitting(TALL)), MOST))) as image:
        assert image.format == sent_as


def test_the_best_jpeg_that_fits_is_sent() -> None:
    data = written(noisy(size=(640, 480)))
    preparation = plan(data, Fitting(TALL))
    lossless = prepared(data, preparation, MOST)
    assert lossless.startswith(b"\x89PNG")
    best = prepared(data, preparation, len(lossless) // 2)
    assert best.startswith(b"\xff\xd8")
    less = prepared(data, preparation, len(best) - 1)
    assert len(best) * 0.9 < len(less) < len(best)
    with Image.open(io.BytesIO(less)) as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]
    with pytest.raises(BadPicture, match="too large to convert"):
        prepared(data, preparation, 2000)


def test_the_same_picture_is_the_same_bytes() -> None:
    data = written(noisy(size=(640, 480)), "JPEG")
    for fit in ("crop", "pad", "blur"):
        preparation = plan(data, Fitting(WIDE, fit))
        assert prepared(data, preparation, MOST) == prepared(data, preparation, MOST)


def test_another_picture_than_planned_is_refused() -> None:
    preparation = plan(written(quarters()), Fitting(TALL))
    with pytest.raises(BadPicture, match="another picture"):
        prepared(written(quarters((100, 80))), preparation, MOST)


def test_a_gif_needs_a_word_and_its_first_picture_is_sent() -> None:
    second = Image.new("RGB", (320, 240), "black")
    data = written(quarters(), "GIF", save_all=True, append_images=[second])
    picture = inspect(data)
    assert picture.wishes == ("gif",) and "animated" in picture.repairs
    assert (
        differs(sent(data, Fitting(TALL)).crop((0, 0, 9, 9)), Image.new("RGB", (9, 9), "red")) < 3
    )


def test_a_sound_picture_needs_no_word() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert inspect(written(quarters(), icc_profile=srgb)).wishes == ()
    assert inspect(written(quarters((8, 8)).convert("RGBA"))).wishes == ()
    assert inspect(written(Image.new("RGBA", (8, 8)))).wishes == ("alpha",)


def test_a_size_says_what_is_known_of_the_picture() -> None:
    assert plan(written(quarters()), Fitting(Aspect(4, 3))).window.size == Size(320, 240)


def test_a_transparent_still_is_turned_and_in_srgb() -> None:
    red, green, blue = quarters().split()
    clear = Image.merge("RGB", (green, blue, red)).convert("RGBA")
    clear.paste((0, 0, 0, 0), (160, 120, 320, 240))
    options: dict[str, Any] = {
        "exif": exif_of(ORIENTATION),
        "icc_profile": profile(GREEN, BLUE, RED),
    }
    still = animation._still(written(clear, **options), "#0a0b0c")
    assert still.size == (240, 320)
    assert still.getpixel((60, 240)) == (10, 11, 12)  # the lower right, turned to the lower left
    seen = still.crop((170, 20, 230, 80))  # what was the upper left
    assert differs(seen, Image.new("RGB", (60, 60), "red")) <= 2
