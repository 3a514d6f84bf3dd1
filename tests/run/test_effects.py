"""Overlays, looks and fades of whole films: what is made again, what is seen, what is recorded."""

# ruff: noqa: F811  # the fixture studio is another module's

from fractions import Fraction
from pathlib import Path

import numpy
import pytest
from PIL import Image

from tests.effects.test_cubes import table, written
from tests.effects.test_overlays import logo, rgb
from tests.run.test_orchestrator import Studio, studio  # noqa: F401  # a fixture
from tests.support.media import facts, frames
from wanx_render.effects import cubes
from wanx_render.effects.overlays import DrawnOverlay
from wanx_render.frame import Frame
from wanx_render.geometry import Box, Size
from wanx_render.manifest import OverlayRecord
from wanx_render.planning.plan import make
from wanx_render.run.effects import Effects
from wanx_render.timelines import edl
from wanx_render.timelines.reading import timeline_of
from wanx_render.validation.load import load_all
from wanx_render.workers.remote_jobs import paths_in

LIST = """\
version: 1
project: small
defaults: {model: wan2.5-i2v-preview, resolution: 480P, duration: 5, audio: auto, trim: {end: 1}}
shots:
  - {id: one, image: a.png, prompt: first}
  - {id: two, image: b.png, prompt: second}
  - {id: three, image: a.png, prompt: third}
deliverables:
  - {aspect: 9:16, size: 180x320, quality: draft}
"""


def with_film(more: str) -> str:
    return LIST.replace("quality: draft", f"quality: draft, {more}")


def film(studio: Studio) -> Path:
    return studio.folder / "out" / "9x16.mp4"


def pieces_made(studio: Studio) -> list[str | None]:
    return [event.shot for event in studio.events if event.kind == "segment"]


def test_a_fade_makes_only_the_ends_again_and_is_exact(studio: Studio) -> None:
    studio.write(LIST)
    (plain,) = studio.run().deliverables
    before = facts(film(studio))
    studio.write(with_film("fade_in: 0.5, fade_out: {duration: 0.4, through: white}"))
    (made,) = studio.run().deliverables
    assert sorted(pieces_made(studio)) == ["one", "three"]
    assert (made.fade_in, made.fade_out, made.frames) == (12, 10, plain.frames)
    after = facts(film(studio))
    assert after.luma[0] == pytest.approx(16, abs=1)
    assert after.luma[-1] == pytest.approx(235, abs=1)
    # In the middle of the fade in, and where nothing fades.
    assert after.luma[9] - 16 == pytest.approx((before.luma[9] - 16) * 9 / 12, abs=2)
    assert after.luma[12:-10] == pytest.approx(before.luma[12:-10], abs=0.5)
    rate = before.sample_rate
    peaks = [peak(before.samples, 0.5 * rate, rate), peak(after.samples, 0.5 * rate, rate)]
    assert peaks[0] == pytest.approx(peaks[1], rel=0.1)
    assert peak(after.samples, 0, 0.02 * rate) < 200
    assert peak(after.samples, 2.98 * rate, 3 * rate) < 200


def peak(samples: tuple[int, ...], first: float, last: float) -> int:
    return max(map(abs, samples[int(first) : int(last)]))


@pytest.mark.proof
def test_black_frames_of_a_fade_are_no_fault(studio: Studio) -> None:
    long = LIST.replace("trim: {end: 1}", "trim: {end: 3}")
    studio.write(long.replace("quality: draft", "quality: draft, fade_in: 4, fade_out: 4"))
    (made,) = studio.run().deliverables
    assert not [notice for notice in made.notices if "black" in notice]
    assert all(check.holds for check in made.checks)


def test_an_overlay_over_a_film_does_not_move_where_pieces_meet(studio: Studio) -> None:
    logo(studio.folder / "logo.png")
    dissolve = LIST.replace("prompt: first", "prompt: first, transition: {type: dissolve}")
    over = "overlay: {image: logo.png, at: bottom-left, width: 0.3, from: 0.5, to: 2}"
    studio.write(dissolve.replace("quality: draft", over))
    (made,) = studio.run().deliverables
    # 0.3 of 180 is 54; 0.03 of 180, the shorter side, is 5.4.
    assert made.overlays == (OverlayRecord("../logo.png", 5, 288, 54, 27, "1", 12, 36),)
    assert [check.holds for check in made.checks if check.name == "overlay 1"] == [True]
    values = numpy.array([rgb_of(frame)[292:310, 8:20].mean(axis=(0, 1)) for frame in
                          frames(film(studio))])  # fmt: skip
    red = numpy.abs(values - (230, 40, 60)).max(axis=1) < 10
    assert list(numpy.flatnonzero(red)) == list(range(12, 48))
    assert values[12:48].std(axis=0).max() < 2


def rgb_of(frame) -> "numpy.ndarray":  # type: ignore[no-untyped-def]
    return numpy.asarray(frame.reformat(format="rgb24", src_colorspace=1).to_ndarray())


@pytest.mark.proof
def test_a_look_is_of_the_film_and_a_shot_may_have_another_or_none(studio: Studio) -> None:
    written(studio.folder / "warm.cube", table(9))
    written(studio.folder / "other.cube", 1 - table(9))
    studio.write(LIST)
    studio.run()
    before = [rgb(film(studio), number) for number in (5, 35, 65)]
    text = with_film("look: warm.cube").replace("prompt: second", "prompt: second, look: none")
    studio.write(text.replace("prompt: third", "prompt: third, look: other.cube"))
    (made,) = studio.run().deliverables
    after = [rgb(film(studio), number) for number in (5, 35, 65)]
    assert [part.look for part in made.parts] == ["../warm.cube", None, "../other.cube"]
    changes = [numpy.abs(b - a).mean() for a, b in zip(before, after, strict=True)]
    assert changes[0] > 5
    assert changes[1] == 0
    assert changes[2] > changes[0]


@pytest.mark.proof
def test_only_the_bytes_of_the_files_make_pieces_again(studio: Studio) -> None:
    written(studio.folder / "warm.cube", table(5))
    logo(studio.folder / "logo.png")
    studio.write(with_film("look: warm.cube, overlay: {image: logo.png}"))
    studio.run()
    (studio.folder / "warm.cube").rename(studio.folder / "same.cube")
    (studio.folder / "logo.png").rename(studio.folder / "mark.png")
    studio.write(with_film("look: same.cube, overlay: {image: mark.png}"))
    studio.run()
    assert pieces_made(studio) == []
    Image.new("RGBA", (60, 30), "blue").save(studio.folder / "mark.png")
    studio.run()
    assert sorted(pieces_made(studio)) == ["one", "three", "two"]


def test_an_overlay_is_never_enlarged_without_a_word(studio: Studio) -> None:
    """Of pictures on the web no size is known before the run: then the run says it."""
    logo(studio.folder / "logo.png")
    with_size = with_film("overlay: {image: logo.png, width: 0.5}")
    studio.write(with_size)
    loaded = load_all(studio.folder / "list.yaml", studio.catalog).lists[0]
    assert "overlay-enlarged" in {warning.code for warning in loaded.warnings}
    plan = make(loaded.shots, "mock", loaded.media, studio.catalog)
    wish, frame = plan.deliverables[0], Frame(Size(180, 320), Fraction(24), "crop", "black")
    assert Effects(plan).enlarged(wish, frame) == ()
    of_web = with_size.replace("size: 180x320, ", "").replace("a.png", "https://example.com/a.png")
    studio.write(of_web.replace("b.png", "https://example.com/b.png"))
    loaded = load_all(studio.folder / "list.yaml", studio.catalog).lists[0]
    assert "overlay-enlarged" not in {warning.code for warning in loaded.warnings}
    plan = make(loaded.shots, "mock", loaded.media, studio.catalog)
    (message,) = Effects(plan).enlarged(plan.deliverables[0], frame)
    assert message == "9x16 enlarges the overlay logo.png 1.50×"


def test_files_of_effects_go_to_other_machines(tmp_path: Path) -> None:
    """Calls for other machines are searched for paths: those of logos and tables must be there."""
    cube, picture = written(tmp_path / "a.cube", table(2)), logo(tmp_path / "logo.png")
    over = DrawnOverlay(picture, "x", Box(0, 0, 60, 30), 1, 0, 30)  # type: ignore[arg-type]
    assert set(paths_in(((over,), cubes.look(cube, "y")))) == {cube, picture}


def test_columns_of_a_table_name_the_files(studio: Studio) -> None:
    for name in ("x", "y"):
        logo(studio.folder / f"{name}.png")
        written(studio.folder / f"{name}.cube", table(2))
    over = "overlay: {image: '${logo}.png', width: '${wide}'}, look: '${logo}.cube'"
    rows = "matrix: {rows: [{logo: x, wide: 0.2}, {logo: y, wide: 0.3}]}\n"
    studio.write(with_film(over) + rows)
    batch = load_all(studio.folder / "list.yaml", studio.catalog)
    films = [item.shots.deliverables[0] for item in batch.lists]
    assert [film.overlay[0].image for film in films] == ["x.png", "y.png"]
    assert [float(film.overlay[0].width) for film in films] == [0.2, 0.3]
    assert [film.look for film in films] == ["x.cube", "y.cube"]


def test_an_edit_list_names_what_editing_programs_are_not_given(studio: Studio) -> None:
    logo(studio.folder / "logo.png")
    written(studio.folder / "warm.cube", table(2))
    one = LIST[: LIST.index("  - {id: two")] + LIST[LIST.index("deliverables:") :]
    over = "overlay: {image: logo.png, at: top-left, width: 0.2, to: 0.5}"
    text = one.replace("prompt: first", f"prompt: first, {over}, look: warm.cube")
    studio.write(text.replace("quality: draft", "quality: draft, fade_out: 0.25"))
    manifest = studio.run()
    timeline = timeline_of(manifest, manifest.deliverables[0])
    lines = edl.text_of(timeline, str).splitlines()
    assert "* LOOK: ../warm.cube" in lines
    assert "* OVERLAY: ../logo.png 36x18+5+5 from frame 0 for 12" in lines
    assert "* FADE OUT: 6 frames" in lines
