"""What was paid for stays paid: by origin and by pixels, whatever bytes tools write.

A folder that an older program (589904b) left is taken as it is, and the real command is run over
it; the emulator's ledger says what was paid.
"""

import base64
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from tests.support.places import GOLDEN
from tests.support.shop import Shop
from tests.tiers import sample

PROJECT = GOLDEN / "project-589904b"


@pytest.fixture
def golden(shop: Shop) -> Shop:
    """The folder of the older program, in a place of its own."""
    shutil.copytree(PROJECT, shop.folder, dirs_exist_ok=True)
    return shop


def planned(shop: Shop, *more: str) -> dict[str, Any]:
    ran = shop.run(
        "plan", "list.yaml", "--folder", "out", "--backend", "dashscope", "--json", *more
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


def states(shop: Shop) -> dict[str, str]:
    return {f"{take['shot']} {take['take']}": take["state"] for take in planned(shop)["takes"]}


def rendered(shop: Shop, code: int = 0) -> str:
    ran = shop.run("list.yaml", "--out", "out", "--yes")
    assert ran.returncode == code, ran.stderr
    return ran.stderr


# -- the same pictures in other bytes --------------------------------------------------------------


def as_it_is(folder: Path) -> None:
    pass


def without_cache(folder: Path) -> None:
    shutil.rmtree(folder / "out" / ".cache")


def frames_saved_again(folder: Path) -> None:
    for path in (folder / "out" / ".cache" / "frames").glob("*.png"):
        again(path, optimize=True)


def again(path: Path, **options: Any) -> None:
    """Save a picture once more: other bytes, the same pixels."""
    before = path.read_bytes()
    with Image.open(io.BytesIO(before)) as image:
        image.load()
        pixels = image.tobytes()
        image.save(path, **options)
    assert path.read_bytes() != before
    with Image.open(path) as image:
        assert image.tobytes() == pixels


def optimized(folder: Path) -> None:
    again(folder / "a.png", compress_level=3)


def uncompressed(folder: Path) -> None:
    again(folder / "a.png", compress_level=0)


def with_metadata(folder: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Software", "another program")
    again(folder / "a.png", pnginfo=text)


def as_bmp(folder: Path) -> None:
    with Image.open(folder / "a.png") as image:
        image.convert("RGB").save(folder / "a.bmp")
    (folder / "a.png").unlink()
    change(folder, "a.png", "a.bmp")


def as_data_uri(folder: Path) -> None:
    data = base64.b64encode((folder / "a.png").read_bytes()).decode()
    change(folder, "image: a.png", f"image: 'data:image/png;base64,{data}'")


def renamed(folder: Path) -> None:
    change(folder, "id: one", "id: eins")
    change(folder, "shot: one", "shot: eins")
    change(folder, "id: three", "id: drei")


def moved(folder: Path) -> None:
    (folder / "pictures").mkdir()
    (folder / "a.png").rename(folder / "pictures" / "b.png")
    change(folder, "a.png", "pictures/b.png")


def reordered(folder: Path) -> None:
    lines = (folder / "list.yaml").read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if "id: one" in line)
    lines[at], lines[at + 2] = lines[at + 2], lines[at]
    (folder / "list.yaml").write_text("\n".join(lines) + "\n")


def finished_otherwise(folder: Path) -> None:
    change(folder, "90x160", "108x192")
    change(folder, "prompt: two", "prompt: two, trim: {start: 0.2, end: 2}")


def change(folder: Path, old: str, new: str) -> None:
    text = (folder / "list.yaml").read_text()
    assert old in text
    (folder / "list.yaml").write_text(text.replace(old, new))


FORMS: tuple[Callable[[Path], None], ...] = (
    as_it_is, without_cache, frames_saved_again, as_data_uri, renamed, moved, reordered,
    finished_otherwise,
)  # fmt: skip
SAVED_AGAIN: tuple[Callable[[Path], None], ...] = (optimized, uncompressed, with_metadata, as_bmp)


@pytest.mark.parametrize("form", sample(4, FORMS), ids=lambda form: form.__name__)
def test_a_paid_folder_of_an_older_program_stays_paid(
    golden: Shop, form: Callable[[Path], None]
) -> None:
    form(golden.folder)
    plan = planned(golden)
    assert plan["to_make"] == 0, [take["reason"] for take in plan["takes"]]
    assert plan["cost"] == "0.00"
    assert {take["state"] for take in plan["takes"]} == {"cached"}


@pytest.mark.parametrize(
    "form",
    sample(1, [as_it_is, without_cache, frames_saved_again, renamed]),
    ids=lambda form: form.__name__,
)
def test_a_run_over_a_paid_folder_delivers_and_sends_nothing(
    golden: Shop, form: Callable[[Path], None]
) -> None:
    form(golden.folder)
    clips = {path: path.read_bytes() for path in (golden.folder / "out" / "clips").iterdir()}
    rendered(golden)
    assert golden.ledger() == []
    assert golden.sent() == 0
    assert (golden.folder / "out" / "tall.mp4").is_file()
    assert {path: path.read_bytes() for path in clips} == clips
    assert planned(golden)["to_make"] == 0


@pytest.mark.proof
def test_pictures_saved_again_are_known_once_a_run_has_seen_the_old_ones(golden: Shop) -> None:
    # An older program's journal holds no pixels, only the hash of bytes: they are noted by the
    # first run of this one, which buys nothing.
    rendered(golden)
    for form in (*SAVED_AGAIN, frames_saved_again, renamed, without_cache):
        form(golden.folder)
        plan = planned(golden)
        assert plan["to_make"] == 0, (form, [take["reason"] for take in plan["takes"]])
        if form is as_bmp:
            break
    without_cache(golden.folder)
    rendered(golden)
    assert golden.ledger() == []


def test_a_picture_saved_again_before_any_run_saw_it_is_shown_as_changed(golden: Shop) -> None:
    # Nothing in the folder holds its old pixels; what a clip shows is no proof of each pixel.
    uncompressed(golden.folder)
    assert states(golden)["one 1"] == "new"


# -- what is another picture is paid ---------------------------------------------------------------


def one_pixel(folder: Path) -> None:
    with Image.open(folder / "a.png") as image:
        image.load()
        value = image.getpixel((3, 3))
        assert isinstance(value, tuple)
        image.putpixel((3, 3), (value[0] ^ 1, *value[1:]))
        image.save(folder / "a.png")


def mirrored(folder: Path) -> None:
    with Image.open(folder / "a.png") as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "a.png")


@pytest.mark.parametrize("form", [one_pixel, mirrored], ids=lambda form: form.__name__)
def test_a_changed_picture_is_another_request(golden: Shop, form: Callable[[Path], None]) -> None:
    form(golden.folder)
    assert states(golden) == dict.fromkeys(
        ["one 1", "one 2", "two 1", "three 1", "three 2"], "new"
    )  # fmt: skip


@pytest.mark.proof
def test_another_prompt_or_seed_is_another_request(golden: Shop) -> None:
    change(golden.folder, "prompt: three", "prompt: other")
    assert states(golden)["three 1"] == "new"
    change(golden.folder, "prompt: other", "prompt: three, seed: 1")
    assert states(golden)["three 1"] == "new"
    assert states(golden)["two 1"] == "cached"


@pytest.mark.parametrize(
    "form", sample(1, [as_it_is, without_cache]), ids=lambda form: form.__name__
)
def test_takes_are_never_taken_for_each_other(golden: Shop, form: Callable[[Path], None]) -> None:
    # Take 1 begins with the same picture as take 2 and ends much alike; what comes after it was
    # made from the end of take 2, and is not what take 1 leads to.
    form(golden.folder)
    change(golden.folder, "pick: 2", "pick: 1")
    seen = states(golden)
    assert seen["one 1"] == seen["one 2"] == "cached"
    assert seen["two 1"] == "new"
    change(golden.folder, "pick: 1", "pick: 2")
    assert set(states(golden).values()) == {"cached"}


def test_what_was_noted_of_one_take_is_not_used_for_the_other(golden: Shop) -> None:
    assert set(states(golden).values()) == {"cached"}  # which notes what "two" began with
    change(golden.folder, "pick: 2", "pick: 1")
    assert states(golden)["two 1"] == "new"


# -- pictures of a service's own run ---------------------------------------------------------------

LIST = """\
version: 1
project: origins
backend: dashscope
defaults: {resolution: 480P}
shots:
  - {id: one, model: wanx2.1-i2v-turbo, duration: 3, image: first.jpg, prompt: one}
  - {id: two, model: wan2.2-kf2v-flash, duration: 5, image: a.png, last_image: b.png, prompt: two}
deliverables:
  - {name: tall, aspect: 9:16, size: 90x160}
"""


@pytest.fixture
def paid(shop: Shop, picture: Callable[..., Path]) -> Shop:
    """A list with a JPEG and a last frame, rendered once over the emulator."""
    picture("a.png", (450, 600))
    picture("b.png", (450, 600), "#903050")
    picture("c.png", (450, 600), "#309050")
    with Image.open(shop.folder / "c.png") as image:
        image.save(shop.folder / "first.jpg", quality=90)
    (shop.folder / "list.yaml").write_text(LIST)
    rendered(shop)
    assert len(shop.ledger()) == 2
    return shop


def jpeg_with_comment(data: bytes) -> bytes:
    """The same JPEG with a comment: no coefficient changes."""
    comment = b"written by another program"
    return data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]


@pytest.mark.proof
def test_pictures_saved_again_are_not_paid_again(paid: Shop) -> None:
    jpeg = paid.folder / "first.jpg"
    jpeg.write_bytes(jpeg_with_comment(jpeg.read_bytes()))
    again(paid.folder / "a.png", compress_level=0)
    again(paid.folder / "b.png", compress_level=0)
    assert planned(paid)["to_make"] == 0
    rendered(paid)
    assert len(paid.ledger()) == 2


@pytest.mark.proof
def test_a_jpeg_that_lost_something_or_a_last_frame_that_changed_is_paid(paid: Shop) -> None:
    with Image.open(paid.folder / "first.jpg") as image:
        image.load()
        image.save(paid.folder / "first.jpg", quality=40)
    assert states(paid) == {"one 1": "new", "two 1": "cached"}
    shutil.copy(paid.folder / "c.png", paid.folder / "b.png")
    assert states(paid) == {"one 1": "new", "two 1": "new"}


@pytest.mark.proof
def test_first_and_last_frame_are_not_the_same_thing(paid: Shop) -> None:
    change(paid.folder, "image: a.png, last_image: b.png", "image: b.png, last_image: a.png")
    assert states(paid)["two 1"] == "new"


# -- what a plan can know --------------------------------------------------------------------------


def test_a_plan_names_no_seed_or_key_that_may_not_be_sent(golden: Shop) -> None:
    shutil.rmtree(golden.folder / "out")
    takes = {(take["shot"], take["take"]): take for take in planned(golden)["takes"]}
    assert takes[("one", 1)]["seed"] is not None
    assert takes[("one", 1)]["key"] is not None
    assert takes[("two", 1)]["seed"] == 7  # it is written
    assert takes[("two", 1)]["key"] is None
    assert takes[("three", 1)]["seed"] is None
    assert takes[("three", 1)]["key"] is None


@pytest.mark.proof
def test_the_seed_that_a_plan_names_is_the_one_that_is_sent(paid: Shop) -> None:
    named = {take["shot"]: take["seed"] for take in planned(paid)["takes"]}
    assert {row["prompt"]: row["seed"] for row in paid.ledger()} == named
