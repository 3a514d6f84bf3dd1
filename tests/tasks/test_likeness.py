"""Whether a first frame is the picture that was sent: never ``same`` for another picture.

A sample of ``benchmarks/adoption.py``, which has hundreds of pairs; every clip here is encoded.
"""

import importlib.util
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageOps

from tests.support.places import ROOT, SPECS
from tests.tiers import sample
from wanx_render.backends import panel
from wanx_render.errors import FfmpegError
from wanx_render.geometry import Size
from wanx_render.media import decoding, ffmpeg
from wanx_render.media.images import upright
from wanx_render.tasks.likeness.comparison import compare


def _benchmark() -> Any:
    spec = importlib.util.spec_from_file_location("adoption", ROOT / "benchmarks" / "adoption.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["adoption"] = module
    spec.loader.exec_module(module)
    return module


adoption = _benchmark()
BOTTLE, HARBOUR, LETTER, ROOFTOP = (
    upright((SPECS / "frames" / f"{name}.jpg").read_bytes())
    for name in ("bottle", "harbour", "letter", "rooftop")
)


def answer(sent: Image.Image, source: Image.Image, change: Any = None, **options: Any) -> Any:
    """What is said of the first frame of a clip that was made of ``source``."""
    how = {"crf": 23, "seed": 3, **options}
    pair = adoption.Pair("", True, "", sent, source, change or adoption.as_it_is, **how)
    return adoption.outcome(pair).likeness


@pytest.mark.parametrize(
    ("kind", "sent"),
    sample(
        4,
        [
            ("as it is", ROOFTOP),
            ("zoom to 3 %", BOTTLE),
            ("zoom and shift to 3 %", LETTER),
            ("turned to 1.5 degrees", LETTER),
            ("brightness 10 %", HARBOUR),
            ("saturation 15 %", BOTTLE),
            ("hue 5 degrees", HARBOUR),
            ("BT.601 for BT.709", LETTER),
            ("stamp AI生成", HARBOUR),
        ],
    ),
)
def test_what_a_service_does_to_a_picture_leaves_it_the_same(kind: str, sent: Image.Image) -> None:
    result = answer(sent, sent, adoption.CHANGES[kind][0])
    assert result.verdict == "same", result


@pytest.mark.parametrize("sent", [ROOFTOP, HARBOUR], ids=["tall", "wide"])
@pytest.mark.parametrize("seed", sample(1, [0, 1, 2]))
def test_the_emulator_s_clip_begins_with_its_picture(sent: Image.Image, seed: int) -> None:
    result = answer(sent, sent, emulated=True, seed=seed)
    assert result.verdict == "same", result


LOOK_ALIKES: dict[str, tuple[Image.Image, Callable[[Image.Image], Image.Image]]] = {
    "mirrored": (BOTTLE, ImageOps.mirror),
    "upside down": (LETTER, lambda sent: sent.rotate(180)),
    "product in another colour": (BOTTLE, lambda sent: adoption.recoloured(sent, random.Random(1))),
    "all in another colour": (HARBOUR, lambda sent: adoption.rotated_hue(sent, 30)),
    "an object replaced": (
        LETTER, lambda sent: adoption.patched(sent, BOTTLE, random.Random(4), 0.08)
    ),
    "one letter": (
        adoption.labelled(ROOFTOP, "A-17", 0.035, (0.3, 0.2)),
        lambda _: adoption.labelled(ROOFTOP, "A-12", 0.035, (0.3, 0.2)),
    ),
    "another product": (
        adoption.Scene("bottle").draw(), lambda _: adoption.Scene("mug").draw()
    ),
    "another person": (
        adoption.Scene(person=1).draw(), lambda _: adoption.Scene(person=8).draw()
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", sample(3, LOOK_ALIKES))
def test_what_looks_alike_is_not_the_same(kind: str) -> None:
    sent, changed = LOOK_ALIKES[kind]
    result = answer(sent, changed(sent))
    assert result.verdict != "same", result


@pytest.mark.parametrize("emulated", [False, True])
def test_another_picture_is_another(emulated: bool) -> None:
    result = answer(LETTER, ImageOps.fit(ROOFTOP, LETTER.size), emulated=emulated)
    assert result.verdict == "other", result


def soft(*colour: int) -> Image.Image:
    ramp = Image.radial_gradient("L").resize((750, 1000))
    bands = [ramp.point([(level + c) // 2 for level in range(256)]) for c in colour]
    return Image.merge("RGB", bands)


def test_a_gradient_is_known_by_its_colours() -> None:
    one, two = soft(90, 200, 60), soft(150, 130, 90)
    assert answer(one, one, emulated=True).verdict == "same"
    assert answer(one, two, emulated=True).verdict == "other"


def test_pictures_without_detail_are_no_evidence() -> None:
    plain = Image.new("RGB", (600, 800), (120, 140, 160))
    assert compare(plain, plain).verdict == "doubtful"
    assert compare(plain, Image.new("RGB", plain.size, (126, 146, 160))).verdict != "same"
    fog = adoption.fog(random.Random(3))
    assert compare(fog, adoption.fog(random.Random(4))).verdict != "same"


def test_the_same_pair_gets_the_same_answer() -> None:
    shown = HARBOUR.resize((832, 464))
    assert compare(HARBOUR, shown) == compare(HARBOUR, shown)


def test_a_slate_is_known_by_its_title_alone() -> None:
    frame = HARBOUR.resize((832, 464))
    assert panel.find(frame) is None
    place = panel.place(Size(832, 464))
    frame.paste(panel.FILL[:3], (place.x, place.y, place.x + place.width, place.bottom))
    assert panel.find(frame) is None


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m"])
def test_the_first_frame_has_its_colours(
    program: ffmpeg.Ffmpeg, tmp_path: Path, matrix: str
) -> None:
    clip, colour = tmp_path / "clip.mp4", (200, 40, 60)
    Image.new("RGB", (320, 240), colour).save(tmp_path / "still.png")
    ffmpeg.run(
        program,
        (
            "-i", ffmpeg.file_url(tmp_path / "still.png"), "-vf",
            f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p,"
            f"setparams=range=tv:colorspace={matrix}",
            "-c:v", "libx264", "-crf", "10", "-y", ffmpeg.file_url(clip),
        ),
    )  # fmt: skip
    frame = decoding.first_frame(program, clip)
    flat = Image.new("RGB", frame.size, colour)
    assert frame.size == (320, 240)
    extrema = ImageChops.difference(frame, flat).getextrema()
    assert all(isinstance(band, tuple) and band[1] <= 3 for band in extrema)


def test_a_damaged_first_frame_is_an_error(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    ffmpeg.run(
        program,
        (
            "-f", "lavfi", "-i", "testsrc=s=320x240:d=1", "-c:v", "libx264", "-pix_fmt", "yuv420p",
            "-movflags", "+faststart", "-y", ffmpeg.file_url(clip),
        ),
    )  # fmt: skip
    data = bytearray(clip.read_bytes())
    start = data.find(b"mdat") + 1500
    data[start : start + 300] = bytes((value * 7 + 13) % 256 for value in data[start : start + 300])
    clip.write_bytes(data)
    with pytest.raises(FfmpegError):
        decoding.first_frame(program, clip)
    clip.write_bytes(b"no clip")
    with pytest.raises(FfmpegError):
        decoding.first_frame(program, clip)
