"""First frames: their size without their pixels, and damage wherever it is."""

import io
from typing import Any

import pytest
from PIL import Image

from wanx_render.geometry import Size
from wanx_render.pictures import BadPicture, inspect, upright


def photograph(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    made = io.BytesIO()
    Image.effect_noise((410, 300), 40).convert(mode).save(made, kind, **options)
    return made.getvalue()


def sideways() -> bytes:
    turned = Image.Exif()
    turned[0x0112] = 6
    return photograph("JPEG", exif=turned)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (photograph("JPEG"), Size(410, 300)),
        (photograph("JPEG", progressive=True), Size(410, 300)),
        (photograph("JPEG", "L"), Size(410, 300)),
        (photograph("JPEG", "CMYK"), Size(410, 300)),
        (photograph("PNG"), Size(410, 300)),
        (photograph("WEBP"), Size(410, 300)),
        (sideways(), Size(300, 410)),
    ],
    ids=["jpeg", "progressive", "grey", "cmyk", "png", "webp", "sideways"],
)
def test_the_size_is_that_of_the_whole_picture(data: bytes, size: Size) -> None:
    assert inspect(data).size == size
    assert Size(*upright(data).size) == size


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_is_cut_off_is_found_though_its_pixels_are_not_reckoned(
    progressive: bool,
) -> None:
    whole = photograph("JPEG", progressive=progressive)
    for part in range(1, 20):
        cut = whole[: len(whole) * part // 20]
        with pytest.raises(BadPicture):
            inspect(cut)
        with pytest.raises(BadPicture):
            upright(cut)
