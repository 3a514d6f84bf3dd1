"""First frames: their size without their pixels, and damage wherever it is."""

import hashlib
import io
import struct
import zlib
from typing import Any

import av
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from wanx_render.geometry import Size
from wanx_render.media.images import BadPicture, inspect, pixels, upright


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
def test_a_jpeg_that_is_cut_off_is_found_though_its_pixels_are_not_calculated(
    progressive: bool,
) -> None:
    whole = photograph("JPEG", progressive=progressive)
    for part in range(1, 20):
        cut = whole[: len(whole) * part // 20]
        with pytest.raises(BadPicture):
            inspect(cut)
        with pytest.raises(BadPicture):
            upright(cut)


def noisy(mode: str = "RGB", size: tuple[int, int] = (57, 41)) -> Image.Image:
    bands = [Image.effect_noise(size, sigma) for sigma in (90, 60, 40, 20)]
    return Image.merge("RGBA", bands).convert(mode)


def written(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(image: Image.Image, *, depth: int = 8, interlaced: bool = False) -> bytes:
    """A PNG of our own writing: Pillow writes neither interlaced ones nor colour of 16 bits."""
    kind = {"L": 0, "RGB": 2, "RGBA": 6}[image.mode]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
    passes = [*passes, (0, 1, 1, 2)] if interlaced else [(0, 0, 1, 1)]
    body = b""
    for left, top, step_x, step_y in passes:
        for y in range(top, image.height, step_y):
            row = image.crop((0, y, image.width, y + 1)).tobytes()
            count = len(image.getbands())
            picked = [row[x * count : x * count + count] for x in range(left, image.width, step_x)]
            line = b"".join(picked)
            wide = b"".join(bytes((value, 77)) for value in line)
            body += b"\0" + (wide if depth == 16 else line) if line else b""
    head = struct.pack(">IIBBBBB", *image.size, depth, kind, 0, 0, int(interlaced))
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(body)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def profile(*primaries: tuple[float, float, float]) -> bytes:
    """A display profile with these red, green and blue, and the curve of sRGB."""
    curve = [((v + 0.055) / 1.055) ** 2.4 if v > 0.04045 else v / 12.92 for v in LEVELS]
    words = struct.pack(">1024H", *(round(v * 65535) for v in curve))
    bodies = {b"wtpt": xyz(0.9642, 1.0, 0.8249), b"cprt": b"text\0\0\0\0none\0\0\0\0"}
    for letter, primary in zip((b"r", b"g", b"b"), primaries, strict=True):
        bodies[letter + b"XYZ"] = xyz(*primary)
        bodies[letter + b"TRC"] = b"curv\0\0\0\0" + struct.pack(">I", 1024) + words
    table, content = b"", b""
    start = 128 + 4 + 12 * len(bodies)
    for name, body in bodies.items():
        table += name + struct.pack(">II", start + len(content), len(body))
        content += body
    size = struct.pack(">I", start + len(content))
    head = size + bytes(4) + b"\x02\x10\0\0" + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    head += struct.pack(">iii", *(round(v * 65536) for v in (0.9642, 1.0, 0.8249)))
    return head.ljust(128, b"\0") + struct.pack(">I", len(bodies)) + table + content


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">iii", *(round(v * 65536) for v in values))


LEVELS = [number / 1023 for number in range(1024)]
RED, GREEN, BLUE = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    return made


def test_the_same_pixels_are_the_same_in_whatever_file_they_come() -> None:
    image = noisy()
    comment = PngImagePlugin.PngInfo()
    comment.add_text("Software", "another program")
    files = {
        "plain": written(image),
        "optimized": written(image, optimize=True),
        "another level": written(image, compress_level=1, pnginfo=comment),
        "bmp": written(image, "BMP"),
        "webp": written(image, "WEBP", lossless=True),
        "opaque alpha": written(image.convert("RGBA")),
        "interlaced": png(image, interlaced=True),
        "16 bits": png(image, depth=16),
        "srgb profile": written(
            image, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        ),
        "srgb by another maker": written(image, icc_profile=profile(RED, GREEN, BLUE)),
        "broken profile": written(image, icc_profile=b"no profile"),
        "grey profile": written(
            image, icc_profile=profile(RED, GREEN, BLUE).replace(b"RGB ", b"GRAY")
        ),
        "turned by its tag": written(image.transpose(Image.Transpose.ROTATE_90), exif=exif(6)),
    }
    assert {name: pixels(data) for name, data in files.items()} == dict.fromkeys(
        files, pixels(files["plain"])
    )


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_fewer_colours_are_the_same_as_in_full_colour(mode: str) -> None:
    image = noisy().convert(mode)
    assert pixels(written(image)) == pixels(written(image.convert("RGB")))


def test_grey_of_16_bits_is_its_upper_8() -> None:
    grey = noisy("L")
    assert pixels(png(grey, depth=16)) == pixels(written(grey))


def test_a_transparent_palette_is_the_same_as_alpha() -> None:
    image = noisy().quantize(20)
    clear = written(image, transparency=3)
    with Image.open(io.BytesIO(clear)) as read:
        assert pixels(clear) == pixels(written(read.convert("RGBA")))
    assert pixels(clear) != pixels(written(image))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_by_its_tag_is_the_same_as_turned(orientation: int) -> None:
    backwards = [None, None, 0, 3, 1, 5, 2, 6, 4][orientation]  # Pillow's numbers, by EXIF's
    upright_one = noisy()
    lying = upright_one if backwards is None else upright_one.transpose(Image.Transpose(backwards))
    assert pixels(written(lying, exif=exif(orientation))) == pixels(written(upright_one))


def test_a_colour_profile_is_applied() -> None:
    corners = Image.new("RGB", (2, 2))
    corners.putdata([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)])
    red, green, blue = corners.split()
    turned = Image.merge("RGB", (green, blue, red))
    assert pixels(written(turned, icc_profile=profile(GREEN, BLUE, RED))) == pixels(
        written(corners)
    )


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK"])
def test_one_other_pixel_is_another_picture(mode: str) -> None:
    kind, options = ("JPEG", {"quality": 100}) if mode == "CMYK" else ("PNG", {})
    image = noisy(mode)
    value = image.getpixel((30, 20))
    first = value[0] if isinstance(value, tuple) else value
    assert isinstance(first, int)
    changed = first - 1 if first else 1
    other = image.copy()
    if mode == "CMYK":
        other.paste((255 - first, 9, 9, 9), (24, 16, 32, 24))
    else:
        other.putpixel((30, 20), (changed, *value[1:]) if isinstance(value, tuple) else changed)
    assert pixels(written(image, kind, **options)) != pixels(written(other, kind, **options))


def test_another_size_with_the_same_bytes_is_another_picture() -> None:
    assert pixels(written(Image.new("RGB", (4, 2)))) != pixels(written(Image.new("RGB", (2, 4))))


def test_a_jpeg_saved_again_is_another_picture() -> None:
    once = written(noisy(), "JPEG", quality=80)
    with Image.open(io.BytesIO(once)) as image:
        assert pixels(written(image, "JPEG", quality=60)) != pixels(once)


def test_another_decoder_sees_the_same_pixels() -> None:
    data = written(noisy())
    with av.open(io.BytesIO(data)) as container:
        frame = next(container.decode(video=0)).reformat(format="rgb24")
        plane = frame.planes[0]
        rows = [
            bytes(plane)[y * plane.line_size : y * plane.line_size + frame.width * 3]
            for y in range(frame.height)
        ]
    head = f"{frame.width}x{frame.height} RGB ".encode()
    assert pixels(data) == hashlib.sha256(head + b"".join(rows)).hexdigest()


def test_what_is_damaged_has_no_pixels() -> None:
    with pytest.raises(BadPicture):
        pixels(written(noisy())[:-400])
