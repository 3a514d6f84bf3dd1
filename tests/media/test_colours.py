"""Colours: what a clip is tagged as is read, converted exactly, and said where it was guessed.

The judge reads decoded YUV with PyAV and calculates by the formulas of the recommendations, so that
no scaler judges another.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from tests.support.media import pixels, yuv
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Broken, FfmpegError
from wanx_render.events import Event
from wanx_render.finishing import ingest
from wanx_render.finishing.segment import NO_QUIRKS, ClipMedia, Quirks, Segment, pieces_arguments
from wanx_render.frame import Frame
from wanx_render.geometry import CENTRE, Size
from wanx_render.media import colour_tags, ffmpeg, probe
from wanx_render.media.colour_tags import BT709, BT709_TAGS, Colours, Tags
from wanx_render.planning import plan
from wanx_render.run.finisher import Finisher
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.timing import Cut
from wanx_render.validation.load import load
from wanx_render.workers.base import LocalWorkers

RGB = tuple[float, float, float]
# Red's and blue's part of luma: ITU-R BT.601, BT.709, BT.2020.
LUMA = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
PATCH = 32
GREYS = [(g, g, g) for g in (0, 40, 90, 128, 180, 255)]
# Skin, some of the patches of a colour chart, and the corners of the cube.
CHART = [
    (224, 172, 138), (115, 82, 68), (98, 122, 157), (214, 126, 44), (157, 188, 64), (56, 61, 150),
    (175, 54, 60), (231, 199, 31), (8, 133, 161), (255, 0, 255), (255, 0, 0), (0, 255, 0),
]  # fmt: skip
PATCHES = [*GREYS, *CHART]


def encoded(colour: RGB, matrix: str, *, full: bool) -> tuple[int, int, int]:
    """The 8-bit code values of an RGB colour in 0..255."""
    kr, kb = LUMA[matrix]
    red, green, blue = (part / 255 for part in colour)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    black, span, width = (0, 255, 255) if full else (16, 219, 224)
    values = (black + span * luma, *(128 + width * part for part in chroma))
    y, u, v = (min(max(round(value), 0), 255) for value in values)
    return y, u, v


def decoded(code: Sequence[int], matrix: str = "bt709", *, full: bool = False) -> RGB:
    """The RGB of code values, in 0..255 and beyond."""
    kr, kb = LUMA[matrix]
    black, span, width = (0, 255, 255) if full else (16, 219, 224)
    luma = (code[0] - black) / span
    blue = luma + 2 * (1 - kb) * (code[1] - 128) / width
    red = luma + 2 * (1 - kr) * (code[2] - 128) / width
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return red * 255, green * 255, blue * 255


def chart(codes: Sequence[tuple[int, int, int]]) -> bytes:
    """One frame of yuv420p, a patch for each code."""
    planes = []
    for channel, side in ((0, PATCH), (1, PATCH // 2), (2, PATCH // 2)):
        planes.append(b"".join(bytes([code[channel]]) * side for code in codes) * side)
    return b"".join(planes)


def clip(program: ffmpeg.Ffmpeg, path: Path, frame: bytes, size: Size, tags: str) -> Path:
    """Three equal frames, without loss, with the tags that are given to ``setparams``."""
    graph = f"setparams={tags}" if tags else "null"
    ffmpeg.run(
        program,
        ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", str(size), "-r", "25", "-i", "-",
         "-vf", f"loop=2:1,{graph}", "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", "-y",
         str(path)),
        stdin=frame,
    )  # fmt: skip
    return path


def conformed(
    program: ffmpeg.Ffmpeg, take: ClipMedia, target: Path, background: str = "black"
) -> list[RGB]:
    """The RGB in the middle of each patch of what a segment is made into."""
    frame = Frame(take.size, take.rate, "crop", background, "master")
    segment = Segment(take, Cut(0, take.frames), CENTRE, frame, 0, take.frames)
    ffmpeg.run(program, pieces_arguments([(segment, target)]))
    seen = pixels(target, 1)
    middles = range(PATCH // 2, take.size.width, PATCH)
    return [decoded(yuv(seen, x, take.size.height // 2)) for x in middles]


def shot(**settings: str) -> GeneratedShot:
    return GeneratedShot.model_validate({"id": "a", "model": "m", "image": "a.png", **settings})


def off(found: Sequence[RGB], wanted: Sequence[RGB]) -> list[tuple[float, ...]]:
    return [
        tuple(a - min(max(b, 0), 255) for a, b in zip(f, w, strict=True))
        for f, w in zip(found, wanted, strict=True)
    ]


BT601_FULL = "range=pc:colorspace=smpte170m:color_primaries=smpte170m:color_trc=smpte170m"


@pytest.mark.parametrize(
    ("matrix", "full", "tags", "said"),
    [
        ("bt601", False, "range=tv:colorspace=bt470bg:color_primaries=bt470bg", {}),
        ("bt601", True, BT601_FULL, {}),
        ("bt709", True, "range=pc:colorspace=bt709", {}),
        ("bt2020", False, "colorspace=bt2020nc:color_primaries=bt709", {}),
        ("bt601", False, "", {}),
        ("bt709", False, "", {"colours": "bt709"}),
        ("bt601", True, "colorspace=bt709", {"colours": "bt601-full"}),
    ],
)
def test_matrix_and_range_are_converted_to_the_rounding(
    program: ffmpeg.Ffmpeg, tmp_path: Path, matrix: str, full: bool, tags: str, said: dict[str, str]
) -> None:
    codes = [encoded(colour, matrix, full=full) for colour in PATCHES]
    size = Size(PATCH * len(PATCHES), PATCH)
    path = clip(program, tmp_path / "clip.mp4", chart(codes), size, tags)
    take = ingest.in_colours(ingest.look(program, path), shot(**said))
    errors = off(
        conformed(program, take, tmp_path / "piece.mov"),
        [decoded(code, matrix, full=full) for code in codes],
    )
    greys = [sum(error[part] for error in errors[: len(GREYS)]) / len(GREYS) for part in range(3)]
    assert max(map(abs, greys)) <= 0.3, greys
    assert max(abs(part) for error in errors for part in error) <= 2.5, errors


def test_wide_primaries_become_those_of_709(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    """Red of BT.709 in wider primaries, by the curve of sRGB and by that of BT.1886."""
    pairs = {
        ("smpte432", "iec61966-2-1", "bt709"): ((185, 71, 66), (200, 60, 60)),
        ("bt2020", "bt2020-10", "bt2020nc"): ((167, 83, 66), (200, 60, 60)),
    }
    for (primaries, curve, matrix), (wide, plain) in pairs.items():
        name = "bt2020" if matrix == "bt2020nc" else "bt709"
        code = encoded(wide, name, full=False)
        tags = f"range=tv:colorspace={matrix}:color_primaries={primaries}:color_trc={curve}"
        frame = chart([code, encoded((128, 128, 128), name, full=False)])
        path = clip(program, tmp_path / f"{name}.mp4", frame, Size(PATCH * 2, PATCH), tags)
        take = ingest.in_colours(ingest.look(program, path), shot())
        found = conformed(program, take, tmp_path / f"{name}.mov")
        errors = off(found, [plain, (128, 128, 128)])
        assert max(abs(part) for error in errors for part in error) <= 3, (primaries, errors)


def test_hdr_is_mapped_or_refused_and_greys_stay_grey(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    """Half of HLG's signal is 51 cd/m2, a quarter of white: by the curve of SDR 0.56 of it."""
    tags = "range=tv:colorspace=bt2020nc:color_primaries=bt2020:color_trc=arib-std-b67"
    codes = [(round(16 + 219 * part), 128, 128) for part in (0.25, 0.5, 0.75, 1)]
    path = clip(program, tmp_path / "hlg.mp4", chart(codes), Size(PATCH * 4, PATCH), tags)
    take = ingest.look(program, path)
    with pytest.raises(FfmpegError, match=r"is HDR \(HLG\)"):
        ingest.in_colours(take, shot(hdr="refuse"))
    (notice,) = ingest.notices(take, shot(), "{}:")
    assert notice == "HDR (HLG) is mapped to SDR; use hdr: refuse to stop instead"
    seen = conformed(program, ingest.in_colours(take, shot()), tmp_path / "piece.mov")
    assert all(max(colour) - min(colour) < 2 for colour in seen), seen
    levels = [colour[1] / 255 for colour in seen]
    assert levels == sorted(levels)
    assert (0.53 < levels[1] < 0.6, 0.8 < levels[2] < 0.95, levels[3] > 0.97) == (True,) * 3, levels


@pytest.mark.parametrize(
    ("alpha", "stored", "codec"),
    [
        ("straight", (255, 0, 0, 128), "qtrle"),
        ("premultiplied", (128, 0, 0, 128), "png"),
        ("straight", (255, 0, 0, 128), "libvpx-vp9"),
    ],
)
def test_what_is_transparent_is_laid_over_the_background(
    program: ffmpeg.Ffmpeg, tmp_path: Path, alpha: str, stored: tuple[int, ...], codec: str
) -> None:
    """Half of red over blue, and blue alone where nothing of a hidden green may be seen."""
    hidden = (0, 0 if alpha == "premultiplied" else 215, 0, 0)
    row = bytes(stored) * PATCH + bytes(hidden) * PATCH
    vp9 = codec == "libvpx-vp9"
    path = tmp_path / ("clip.webm" if vp9 else "clip.mov")
    ffmpeg.run(
        program,
        ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{2 * PATCH}x{PATCH}", "-r", "25", "-i", "-",
         "-vf", "loop=2:1", "-c:v", codec, *(("-pix_fmt", "yuva420p") if vp9 else ()), str(path)),
        stdin=row * PATCH,
    )  # fmt: skip
    settings = shot(alpha=alpha, colours="bt601")
    take = ingest.in_colours(ingest.look(program, path), settings)
    assert any("transparent" in notice for notice in ingest.notices(take, settings, "--{}"))
    found = conformed(program, take, tmp_path / "piece.mov", background="0x00f")
    errors = off(found, [(128, 0, 127), (0, 0, 255)])
    assert max(abs(part) for error in errors for part in error) <= (8 if vp9 else 3), found


def test_odd_sizes_are_converted_too(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    path = tmp_path / "odd.mkv"
    graph = "setparams=colorspace=smpte170m:range=tv,format=yuv420p"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", f"color=red:s=65x33:r=25:d=0.08,{graph}", "-c:v", "ffv1", str(path)),
    )
    take = ingest.in_colours(ingest.look(program, path), shot())
    assert (take.size, take.quirks.colours.matrix) == (Size(64, 32), "smpte170m")
    frame = Frame(Size(64, 32), take.rate, "crop", "black", "master")
    segment = Segment(take, Cut(0, 2), CENTRE, frame, 0, 2)
    ffmpeg.run(program, pieces_arguments([(segment, tmp_path / "piece.mov")]))
    seen = pixels(tmp_path / "piece.mov", 0)
    for x in (8, 62):
        assert all(abs(a - b) <= 3 for a, b in zip(yuv(seen, x, 16), (63, 102, 240), strict=True))


@pytest.mark.parametrize(
    ("pixel_format", "notes", "tags"),
    [
        ("yuv420p", None, Tags()),
        ("yuv420p", "progressive", Tags()),
        ("yuv420p", "tv, bt709, progressive", BT709_TAGS),
        ("yuvj420p", "pc, bt470bg/unknown/unknown", Tags("yuvj420p", "pc", "bt470bg")),
        ("yuv420p10le", "tv, bt2020nc/bt2020/arib-std-b67, progressive",
         Tags("yuv420p10le", "tv", "bt2020nc", "bt2020", "arib-std-b67")),
        ("gbrp", "pc, gbr/bt709/iec61966-2-1",
         Tags("gbrp", "pc", "gbr", "bt709", "iec61966-2-1")),
    ],
)  # fmt: skip
def test_tags_are_read_from_ffmpegs_log(pixel_format: str, notes: str | None, tags: Tags) -> None:
    assert colour_tags.parsed(pixel_format, notes) == tags


@pytest.mark.parametrize(
    ("tags", "size", "name", "guessed"),
    [
        (BT709_TAGS, Size(320, 180), "BT.709", False),
        (Tags(), Size(1280, 720), "BT.709", True),
        (Tags(), Size(1280, 534), "BT.709", True),
        (Tags(), Size(832, 480), "BT.601", True),
        (Tags(), Size(480, 832), "BT.601", True),
        (Tags(range="pc"), Size(720, 576), "BT.601, full range", True),
        (Tags(primaries="bt709"), Size(320, 180), "BT.709", False),
        (Tags(transfer="smpte2084"), Size(320, 180), "PQ", False),
        (Tags("argb"), Size(320, 180), "RGB", False),
        (Tags(primaries="smpte432", matrix="bt709"), Size(320, 180), "Display P3", False),
    ],
)
def test_what_is_not_tagged_is_read_by_convention(
    tags: Tags, size: Size, name: str, guessed: bool
) -> None:
    colours = colour_tags.read(tags, size)
    assert (str(colours), colours.guessed) == (name, guessed)


def test_a_matrix_that_cannot_be_converted_is_named() -> None:
    with pytest.raises(ValueError, match="smpte2085"):
        colour_tags.read(Tags(matrix="smpte2085"), Size(320, 180))
    assert colour_tags.read(Tags(matrix="smpte2085"), Size(320, 180), "bt709") == BT709


def test_a_guess_is_said_and_makes_no_other_piece(tmp_path: Path) -> None:
    """What is tagged BT.601 and what is taken for it are made by one graph, under one name."""
    program = ffmpeg.Ffmpeg(tmp_path, "1", (1, 1, 1), "PATH")
    frame = Frame(Size(320, 180), Fraction(25), "crop", "black")
    keys = []
    for tags in (Tags(), Tags("yuv420p", "tv", "smpte170m"), BT709_TAGS):
        take = ClipMedia(tmp_path, "ab", Size(320, 180), frame.rate, 10, has_sound=False, tags=tags)
        read = ingest.in_colours(take, shot())
        keys.append(Segment(read, Cut(0, 10), CENTRE, frame, 0, 10).key(program))
        said = ingest.notices(take, shot(), "--{}")
        assert len(said) == (tags == Tags())
    assert keys[0] == keys[1] != keys[2]
    plain = Quirks(colours=Colours(guessed=True))
    take = ClipMedia(tmp_path, "ab", Size(320, 180), frame.rate, 10, has_sound=False)
    assert Segment(take, Cut(0, 10), CENTRE, frame, 0, 10).key(program) == keys[2]
    assert plain != NO_QUIRKS


def test_a_probe_brings_the_tags(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    frame = chart([(128, 128, 128)] * 2)
    path = clip(program, tmp_path / "a.mp4", frame, Size(PATCH * 2, PATCH), BT601_FULL)
    tags = probe.probe(program, path).picture.tags
    assert (tags.range, tags.matrix) == ("pc", "smpte170m")


LIST = """\
version: 1
project: colours
defaults: {model: wanx2.1-i2v-turbo, image: a.png, prompt: p, duration: 3, trim: {end: 0.12}}
shots:
  - {id: tagged}
  - {id: bare}
  - {id: bare-too}
  - {id: named, colours: bt709}
deliverables:
  - {name: film, aspect: 2:1, size: 64x32, quality: master}
"""


def test_a_list_reads_the_tags_of_its_clips(
    program: ffmpeg.Ffmpeg, tmp_path: Path, catalog: Catalog
) -> None:
    """Skin, as four clips hold it, is the same skin in the film; guesses are said once."""
    skin, events = (224, 172, 138), list[Event]()
    Image.new("RGB", (400, 400)).save(tmp_path / "a.png")
    kinds = {
        "tagged": ("bt601", True, BT601_FULL), "bare": ("bt601", False, ""),
        "bare-too": ("bt601", False, ""), "named": ("bt709", False, ""),
    }  # fmt: skip

    async def finished(text: str) -> tuple[object, ...]:
        (tmp_path / "list.yaml").write_text(text)
        loaded = load(tmp_path / "list.yaml", catalog)
        wanted = plan.make(loaded.shots, "mock", loaded.media, catalog)
        with ThreadPoolExecutor(1) as executor:
            bench = LocalWorkers(program, executor, tmp_path)
            finisher = Finisher(wanted, bench, tmp_path, events.append)
            for shot in wanted.shots:
                matrix, full, tags = kinds[shot.shot.id]
                code = encoded(skin, matrix, full=full)
                path = tmp_path / f"{shot.shot.id}.mp4"
                clip(program, path, chart([code, code]), Size(64, 32), tags)
                seen = probe.probe(program, path).picture
                take = ClipMedia(path, shot.shot.id, seen.size, seen.rate, 3, False, tags=seen.tags)
                finisher.clip_landed(shot, take)
            return await finisher.finish({})

    (made,) = asyncio.run(finished(LIST))
    assert [part.colours for part in made.parts] == [  # type: ignore[attr-defined]
        "BT.601, full range", "BT.601", "BT.601", "BT.709",
    ]  # fmt: skip
    for number in range(1, 12, 3):
        seen = decoded(yuv(pixels(tmp_path / "film.mp4", number), 32, 16))
        assert all(abs(a - b) <= 2.5 for a, b in zip(seen, skin, strict=True)), (number, seen)
    (warning,) = [event for event in events if event.kind == "warning"]
    assert (warning.shot, warning.text[:43]) == (
        "bare",
        "no colour tags: read as BT.601, as usual fo",
    )
    (broken,) = asyncio.run(finished(LIST.replace("colours: bt709", "colours: hlg, hdr: refuse")))
    assert isinstance(broken, Broken)
    assert "cannot use the clip of named: named.mp4 is HDR (HLG)" in str(broken)
