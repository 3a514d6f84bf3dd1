"""Pictures that are not plain: what they are, what is sent of them, and what is refused by name."""

import asyncio
import io
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, features

from tests.backends.test_contract import Access
from tests.media.test_images import (
    BLUE,
    GREEN,
    RED,
    chunk,
    noisy,
    photograph,
    png,
    profile,
    written,
)
from tests.support.emulator import Twin
from tests.support.virtual import ManualClock
from wanx_render.backends.base import Submission
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.uploads import sent_file
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput, Broken, Refused
from wanx_render.files import sha256_of
from wanx_render.geometry import Size
from wanx_render.media import image_bytes, signatures
from wanx_render.media.images import (
    REPAIRED_BYTES,
    BadPicture,
    inspect,
    pixels,
    sendable,
    upright,
)
from wanx_render.task import InputMedia, TaskRequest
from wanx_render.validation.load import load


def grey_ramp() -> Image.Image:
    ramp = Image.new("I", (256, 20))
    ramp.putdata([x * 257 for _ in range(20) for x in range(256)])
    return ramp.convert("I;16")


def exif_of(*entries: tuple[int, int, int, int], count: int | None = None) -> bytes:
    """EXIF data with these entries of its first directory: tag, type, length, value or place."""
    body = b"".join(struct.pack("<HHLL", *entry) for entry in entries)
    number = len(entries) if count is None else count
    return b"Exif\0\0II*\0" + struct.pack("<LH", 8, number) + body + bytes(4)


ORIENTATION = (0x0112, 3, 1, 6)
BEHIND_THE_END = exif_of(ORIENTATION, (0x010F, 2, 4000, 90))
CUT_OFF = exif_of(ORIENTATION, count=9)


def several(*pictures: Image.Image, **options: Any) -> bytes:
    return written(pictures[0], "MPO", save_all=True, append_images=pictures[1:], **options)


def animated(kind: str, first: Image.Image) -> bytes:
    second = [Image.new(first.mode, first.size, 200)]
    return written(first, kind, save_all=True, append_images=second, duration=80, lossless=True)


def shown(data: bytes) -> Image.Image:
    """The first picture by Pillow alone, opened as what it is, never as MPO."""
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
        assert image.format != "MPO"
        return image.convert("RGB")


def differs(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of two pictures, in levels."""
    return max(high for _, high in ImageChops.difference(one, other).getextrema())  # type: ignore[misc]


def test_of_several_pictures_the_first_is_sent_bit_for_bit() -> None:
    plain = written(noisy(), "JPEG", quality=90)
    data = several(Image.open(io.BytesIO(plain)), Image.new("RGB", (57, 41), "red"), quality=90)
    picture = inspect(data)
    assert (picture.format, picture.sent_as, picture.repairs) == ("JPEG", "JPEG", ("several",))
    sent = sendable(data)
    assert sent.startswith(b"\xff\xd8") and sent.endswith(b"\xff\xd9")
    assert picture.bytes == len(sent) < len(data)
    assert not inspect(sent).repairs
    assert shown(sent).tobytes() == upright(data).tobytes()
    with Image.open(io.BytesIO(sent)) as read:
        assert read.format == "JPEG"


def test_a_damaged_second_picture_does_not_matter_and_a_damaged_first_one_does() -> None:
    data = several(noisy(), noisy())
    end = len(sendable(data))
    assert sendable(data[: end + 200]) == sendable(data)
    with pytest.raises(BadPicture, match="damaged or cut off"):
        inspect(data[: end // 2])


@pytest.mark.parametrize("blob", [BEHIND_THE_END, CUT_OFF, b"Exif\0\0XX*\0rest"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_is_left_out_and_turns_nothing(kind: str, blob: bytes) -> None:
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {"quality": 90}
    image = noisy()
    clean, data = written(image, kind, **options), written(image, kind, exif=blob, **options)
    picture = inspect(data)
    assert (picture.repairs, picture.size) == (("exif",), Size(57, 41))
    sent = sendable(data)
    assert shown(sent).tobytes() == shown(clean).tobytes()
    with Image.open(io.BytesIO(sent)) as read:
        assert not read.info.get("exif")


SEEN = noisy()


def odd_metadata() -> dict[str, bytes]:
    """Pictures whose pixels are whole, with a part that says nothing of them and is damaged."""
    png, jpeg = written(SEEN), written(SEEN, "JPEG", quality=90)
    other_check = chunk(b"tEXt", b"a\0b")[:-4] + b"\0\0\0\0"
    parts = {
        "a wrong check": other_check,
        "an unknown way of packing": chunk(b"zTXt", b"x\0\5abc"),
        "a text that unpacks to 80 MB": chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(80_000_000))),
        "a gamma cut short": chunk(b"gAMA", b"\0"),
        "a profile of another kind": chunk(b"iCCP", b"x\0\3abc"),
        "an animation cut short": chunk(b"acTL", b"\0"),
        "transparency cut short": chunk(b"tRNS", b"\0"),
    }
    return {name: png[:33] + part + png[33:] for name, part in parts.items()} | {
        "an Adobe segment cut short": jpeg[:2] + b"\xff\xee\0\7Adobe" + jpeg[2:]
    }


ODD_METADATA = odd_metadata()


@pytest.mark.parametrize("name", ODD_METADATA)
def test_a_picture_is_judged_by_its_pixels_and_never_by_what_else_is_in_its_file(name: str) -> None:
    data = ODD_METADATA[name]
    assert inspect(data).repairs == ("metadata",)
    sent = sendable(data)
    assert not inspect(sent).repairs
    if "Adobe" in name:
        assert differs(shown(sent), shown(written(SEEN, "JPEG", quality=90))) <= 40  # of noise
    else:
        assert shown(sent).tobytes() == SEEN.convert("RGB").tobytes()


def test_a_profile_beside_damaged_metadata_is_kept() -> None:
    data = written(noisy(), icc_profile=profile(GREEN, BLUE, RED))
    damaged = data[:33] + chunk(b"gAMA", b"\0") + data[33:]
    assert shown(sendable(damaged)).tobytes() == upright(damaged).tobytes()
    assert pixels(damaged) == pixels(data)


def test_damaged_pixels_are_damaged_whatever_the_metadata_is() -> None:
    data = written(noisy())
    at = data.index(b"IDAT") + 40
    for damaged in (data[:at] + bytes(9) + data[at + 9 :], data[: len(data) // 2]):
        both = damaged[:33] + chunk(b"gAMA", b"\0") + damaged[33:]
        for picture in (damaged, both):
            with pytest.raises(BadPicture, match="damaged or cut off"):
                inspect(picture)


@pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF")
@pytest.mark.parametrize("part", [20, 150, 400, -50])
def test_a_cut_off_avif_is_damaged_and_not_of_another_kind(part: int) -> None:
    with pytest.raises(BadPicture, match="damaged or cut off"):
        inspect(written(noisy(), "AVIF")[:part])


def test_a_heic_is_read_where_its_reader_is_installed() -> None:
    heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    image = noisy(size=(640, 480)).convert("RGB")
    heif.from_pillow(image).save(stream, quality=95)
    picture = inspect(stream.getvalue())
    assert (picture.format, picture.sent_as, picture.repairs) == ("HEIF", "JPEG", ("format",))
    with Image.open(io.BytesIO(sendable(stream.getvalue()))) as read:
        assert (read.format, read.size) == ("JPEG", (640, 480))
    with pytest.raises(BadPicture, match="damaged or cut off"):
        inspect(stream.getvalue()[:-300])


def test_sound_exif_turns_and_what_is_sent_is_upright() -> None:
    for orientation in range(1, 9):
        data = written(noisy(), "PNG", exif=exif_of((0x0112, 3, 1, orientation)))
        sent = sendable(data)
        assert (sent == data) == (orientation == 1)
        assert not inspect(sent).repairs or orientation == 1
        assert inspect(sent).size == inspect(data).size
        assert upright(sent).tobytes() == upright(data).tobytes()


def test_a_turned_jpeg_stays_a_jpeg() -> None:
    data = written(noisy().resize((570, 410)), "JPEG", exif=exif_of(ORIENTATION), quality=95)
    sent = sendable(data)
    assert inspect(sent).format == "JPEG"
    assert shown(sent).size == (410, 570)
    assert differs(shown(sent), upright(data)) <= 12


def test_sixteen_bits_of_grey_stay_a_ramp() -> None:
    data = written(grey_ramp())
    assert inspect(data).repairs == ("depth",)
    row = [shown(sendable(data)).getpixel((x, 3)) for x in range(256)]
    assert row == [(x, x, x) for x in range(256)]


def odd() -> dict[str, tuple[bytes, Image.Image, tuple[str, ...]]]:
    """Odd pictures, what is to be seen of each, and why it is repaired."""
    image = noisy()
    palette = image.quantize(16)
    opaque = image.convert("RGBA")
    grey = image.convert("L")
    adobe = written(image.convert("CMYK"), "JPEG", quality=100, subsampling=0)
    made = {
        "16-bit rgb": (png(image, depth=16), image, ("depth",)),
        "palette": (written(palette), palette.convert("RGB"), ("palette",)),
        "1 bit": (written(grey.convert("1")), grey.convert("1").convert("RGB"), ("palette",)),
        "1 bit bmp": (
            written(grey.convert("1"), "BMP"), grey.convert("1").convert("RGB"), ("palette",),
        ),
        "opaque rgba": (written(opaque), image, ("opaque",)),
        "opaque la": (written(grey.convert("LA")), grey.convert("RGB"), ("opaque",)),
        "apng": (animated("PNG", image), image, ("animated",)),
        "webp": (animated("WEBP", image), image, ("animated",)),
        "cmyk": (adobe, Image.open(io.BytesIO(adobe)).convert("RGB"), ("cmyk",)),
    }  # fmt: skip
    if features.check("avif"):
        avif = written(image, "AVIF", quality=100, subsampling="4:4:4")
        made["avif"] = (avif, Image.open(io.BytesIO(avif)).convert("RGB"), ("format",))
    return made


ODD = odd()


@pytest.mark.parametrize("name", ODD)
def test_an_odd_picture_is_sent_as_what_one_sees(name: str) -> None:
    data, seen, repairs = ODD[name]
    picture, sent = inspect(data), sendable(data)
    assert picture.repairs == repairs
    assert not picture.transparent
    assert inspect(sent).format == picture.sent_as
    assert not inspect(sent).repairs
    assert shown(sent).size == seen.size
    assert picture.sent_as == ("JPEG" if name in ("cmyk", "avif") else "PNG")
    assert differs(shown(sent), seen) <= (40 if picture.sent_as == "JPEG" else 0)  # of noise
    if picture.sent_as == "PNG":
        assert shown(sent).tobytes() == upright(data).tobytes()
    assert len(sent) <= picture.bytes


PLAIN = {
    "jpeg": photograph("JPEG"),
    "progressive": photograph("JPEG", progressive=True),
    "grey": photograph("JPEG", "L"),
    "png": written(noisy()),
    "png with a profile": written(noisy(), icc_profile=profile(GREEN, BLUE, RED)),
    "bmp": written(noisy(), "BMP"),
    "webp": written(noisy(), "WEBP"),
    "something behind the end": photograph("JPEG") + b"\0\0\0\x18ftypmp42" + bytes(500),
    "interlaced": png(noisy(), interlaced=True),
    "sound exif": written(noisy(), "JPEG", exif=exif_of((0x0112, 3, 1, 1))),
    "text in a png": written(noisy())[:-12] + chunk(b"tEXt", b"a\0b") + written(noisy())[-12:],
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_picture_is_sent_byte_for_byte(name: str) -> None:
    assert inspect(PLAIN[name]).repairs == ()
    assert sendable(PLAIN[name]) is PLAIN[name]
    assert inspect(PLAIN[name]).bytes == len(PLAIN[name])


def test_a_profile_is_applied_to_what_is_encoded_again() -> None:
    corners = Image.new("RGB", (2, 2), (255, 0, 0))
    red, green, blue = corners.split()
    swapped = Image.merge("RGB", (green, blue, red))
    data = written(swapped, exif=exif_of((0x0112, 3, 1, 3)), icc_profile=profile(GREEN, BLUE, RED))
    sent = sendable(data)
    assert shown(sent).tobytes() == corners.tobytes()
    with Image.open(io.BytesIO(sent)) as read:
        assert "icc_profile" not in read.info
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert sendable(written(corners, icc_profile=srgb)) == written(corners, icc_profile=srgb)


def test_what_is_transparent_is_said_and_not_repaired() -> None:
    clear = noisy().convert("RGBA")
    clear.putpixel((3, 3), (1, 2, 3, 0))
    assert inspect(written(clear)).transparent
    assert inspect(written(noisy().quantize(20), transparency=3)).transparent


def test_a_repaired_picture_is_never_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(noisy(size=(400, 300)).convert("RGB"), exif=exif_of(ORIENTATION))
    assert REPAIRED_BYTES < 10 * 1024 * 1024
    monkeypatch.setattr("wanx_render.media.images.REPAIRED_BYTES", 200_000)
    sent = sendable(data)
    assert inspect(sent).format == "JPEG"
    assert len(sent) <= 200_000


HEADS = {
    "a HEIC picture": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "a HEIF picture": b"\0\0\0\x14ftypmif1\0\0\0\0miaf",
    "an AVIF picture": b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif",
    "a camera's raw picture (CR3)": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
    "a camera's raw picture (CR2)": b"II*\0\x10\0\0\0CR\2\0",
    "a camera's raw picture (RAF)": b"FUJIFILMCCD-RAW 0201",
    "a GIF picture": b"GIF89a\1\0\1\0",
    "a JPEG XL picture": b"\xff\x0a\xfa\x7f",
    "a JPEG 2000 picture": b"\0\0\0\x0cjP  \r\n\x87\n",
    "a TIFF picture, or a camera's raw one": b"MM\0*\0\0\0\x08",
    "a Photoshop document": b"8BPS\0\1",
    "a PDF document": b"%PDF-1.7",
    "an SVG drawing": b'<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="x"/>',
    "a web page": b"<!doctype html><title>404</title>",
    "a video": b"\0\0\0\x18ftypisom\0\0\2\0isommp42",
    "an icon (ICO)": b"\0\0\1\0\1\0",
    "a Targa picture": b"\0\0\2" + bytes(9) + b"\x80\2\xe0\1\x18\0",
}


@pytest.mark.parametrize("kind", HEADS)
def test_what_is_not_taken_is_named_with_a_way_out(kind: str) -> None:
    data = HEADS[kind] + bytes(300)
    name, advice = signatures.named(data)
    assert name == kind and advice
    if "AVIF" in kind or ("HEI" in kind and find_spec("pillow_heif")):
        return  # read here: these are damaged
    with pytest.raises(BadPicture, match=f"^is {kind.split(' (')[0]}") as caught:
        inspect(data)
    assert caught.value.hint == advice


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"hello, this is text\n", "not a picture of a known format"),
        (bytes(5000), "not a picture of a known format"),
        (photograph("PNG")[:20], "damaged or cut off"),
        (photograph("PNG")[:-500], "damaged or cut off"),
        (photograph("JPEG")[:2], "damaged or cut off"),
        (photograph("WEBP")[:40], "damaged or cut off"),
    ],
)
def test_what_is_damaged_or_no_picture_says_so(data: bytes, message: str) -> None:
    with pytest.raises(BadPicture, match=message):
        inspect(data)


def test_a_jpeg_without_an_end_comes_back_as_it_is() -> None:
    whole = photograph("JPEG", progressive=True)
    assert image_bytes.first_picture(whole) == whole
    assert image_bytes.first_picture(whole + b"more") == whole
    assert image_bytes.first_picture(whole[:-2]) == whole[:-2]
    assert image_bytes.first_picture(b"\xff\xd8\xff") == b"\xff\xd8\xff"


LIST = """version: 1
project: p
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: hi}
  - {id: two, image: a.png, prompt: ho}
deliverables: [{aspect: 3:4, size: 360x480}]
"""


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (several(noisy(), noisy()), "image-converted", "several pictures"),
        (written(noisy(), exif=CUT_OFF), "image-exif", "EXIF"),
        (animated("PNG", noisy("L")), "image-animated", "only its first picture"),
        (written(grey_ramp()), "image-converted", "8 bits per channel"),
        (written(noisy(), exif=exif_of(ORIENTATION)), "image-turned", "upright"),
    ],
)
def test_what_is_repaired_is_said_once(
    tmp_path: Path, catalog: Catalog, data: bytes, code: str, words: str
) -> None:
    (tmp_path / "a.png").write_bytes(data)
    (tmp_path / "list.yaml").write_text(LIST)
    with pytest.raises(BadInput) as caught:  # the pictures here are smaller than the model takes
        load(tmp_path / "list.yaml", catalog)
    said = [diagnostic for diagnostic in caught.value.diagnostics if diagnostic.code == code]
    assert len(said) == 1 and words in said[0].message
    assert said[0].severity == "warning"


@pytest.mark.parametrize(
    ("name", "data", "sent"),
    [
        ("a.png", PLAIN["jpeg"], "a.jpg"),
        ("a.JPEG", PLAIN["jpeg"], "a.JPEG"),
        ("a.jpg", PLAIN["webp"], "a.webp"),
        ("a", PLAIN["png"], "a.png"),
        ("speech.wav", b"RIFF\0\0\0\0WAVE", "speech.wav"),
        ("a.mp3", b"ID3", "a.mp3"),
    ],
)
def test_the_name_of_an_upload_says_what_it_is(
    tmp_path: Path, name: str, data: bytes, sent: str
) -> None:
    (tmp_path / name).write_bytes(data)
    media = InputMedia(f"sha256:{sha256_of(data)}", path=tmp_path / name)
    assert sent_file(media) == (sent, data)


def test_what_is_uploaded_is_the_repaired_picture(
    catalog: Catalog, picture: Callable[..., Path], tmp_path: Path
) -> None:
    plain, twin = picture("a.png"), Twin()
    odd = tmp_path / "grey.jpg"  # by its name alone
    odd.write_bytes(written(grey_ramp()))
    access = Access("http://127.0.0.1/api/v1", "sk-mock-a", own_hosts=True)
    seen = inspect(odd.read_bytes())
    assert seen.repairs == ("depth",)
    request = TaskRequest(
        model="wanx2.1-i2v-turbo", region="beijing",
        image=InputMedia(f"sha256:{sha256_of(plain.read_bytes())}", path=plain),
        last_image=InputMedia(f"sha256:{seen.sha256}", path=odd, repaired=True),
        prompt="", negative_prompt="", template=None, resolution="480P", duration=3, sound="none",
        sound_file=None, prompt_extend=True, watermark=False, seed=7,
    )  # fmt: skip

    async def prepare(asked: TaskRequest) -> None:
        backend = DashScope(
            access, catalog, ManualClock(), random.Random(1), transport=twin.transport
        )
        try:
            await backend.prepare(Submission(asked, "one take 1"))
        finally:
            await backend.close()

    asyncio.run(prepare(request))
    uploads = {up.key.rpartition("/")[2]: up.path for up in twin.service.uploads.all()}
    assert set(uploads) == {"a.png", "grey.png"}
    assert uploads["a.png"].read_bytes() == plain.read_bytes()
    assert uploads["grey.png"].read_bytes() == sendable(odd.read_bytes())
    odd.write_bytes(b"no longer a picture")
    with pytest.raises(Broken, match=r"grey\.jpg changed since the list was read"):
        asyncio.run(prepare(request))
    other = InputMedia(f"sha256:{sha256_of(odd.read_bytes())}", path=odd, repaired=True)
    with pytest.raises(Refused, match=r"grey\.jpg is not a picture"):
        asyncio.run(prepare(replace(request, last_image=other)))
