"""Whether a first frame is the picture that was sent: never ``same`` for another picture."""

from pathlib import Path

import pytest
from conftest import SPECS
from PIL import Image, ImageOps

from wanx_render import likeness
from wanx_render.pictures import upright

FRAMES = sorted((SPECS / "frames").glob("*.jpg"))


def picture(path: Path) -> Image.Image:
    return upright(path.read_bytes())


@pytest.mark.parametrize("path", FRAMES, ids=lambda path: path.stem)
def test_a_picture_at_the_size_of_its_clip_is_the_same(path: Path) -> None:
    sent = picture(path)
    assert likeness.compare(sent, sent.resize((816, 1104))).verdict != "other"
    shown = sent.resize((sent.width * 2 // 3 // 16 * 16, sent.height * 2 // 3 // 16 * 16))
    assert likeness.compare(sent, shown).verdict == "same"


@pytest.mark.parametrize("path", FRAMES, ids=lambda path: path.stem)
def test_a_mirrored_picture_is_never_the_same(path: Path) -> None:
    sent = picture(path)
    assert likeness.compare(sent, ImageOps.mirror(sent)).verdict != "same"


def test_another_picture_is_another() -> None:
    one, two = (picture(path) for path in FRAMES[:2])
    assert likeness.compare(one, ImageOps.fit(two, one.size)).verdict == "other"
