from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wanx_render.geometry import Aspect, Fit, Focus, Size, crop_unit, predicted_size
from wanx_render.preparation import Fitting, Limits, best_aspect, prepare, shapes_of

AREAS = {"480P": 399_360, "720P": 921_600, "1080P": 2_073_600}
NARROW, WIDE = Limits(360, 2000), Limits(240, 8000, 8)
ANY = Limits(1, 500)
ASPECTS = ["9:16", "3:4", "1:1", "16:9", "4:5", "2:3", "21:9", "2.39:1"]

aspects = st.sampled_from([Aspect.parse(text) for text in ASPECTS])
sets = st.lists(aspects, min_size=1, max_size=6, unique=True)
sizes = st.builds(Size, st.integers(200, 6000), st.integers(200, 6000))
small = st.builds(Size, st.integers(6, 30), st.integers(6, 30))
limits = st.sampled_from([NARROW, WIDE])
areas = st.sampled_from(list(AREAS.values()))
foci = st.builds(Focus, st.fractions(0, 1), st.fractions(0, 1))


def kept(clip: Size, crops: list[Aspect]) -> Fraction:
    """The smallest share of the clip that one of the crops keeps, by the contract's words."""
    areas = [aspect.width * aspect.height * crop_unit(clip, aspect) ** 2 for aspect in crops]
    return Fraction(min(areas), clip.width * clip.height)


def best_of_all(source: Size, area: int, crops: list[Aspect]) -> tuple[Fraction, int]:
    """The best share of all windows, and the pixels of the largest window that has it."""
    largest: dict[Size, int] = {}
    for window in windows(source):
        clip = predicted_size(window, area)
        largest[clip] = max(largest.get(clip, 0), window.area)
    return max((kept(clip, crops), pixels) for clip, pixels in largest.items())


def windows(source: Size) -> Iterator[Size]:
    sides = range(1, source.width + 1), range(1, source.height + 1)
    return (Size(width, height) for width, height in product(*sides))


small_areas = st.integers(48 * 48, 160 * 160)


@settings(max_examples=25)
@given(small, small_areas, sets)
@example(Size(30, 40), 64 * 64, [Aspect(9, 16), Aspect(3, 4)])
def test_match_is_as_good_as_the_best_of_all_windows(
    source: Size, area: int, crops: list[Aspect]
) -> None:
    check_match(source, area, crops)


@pytest.mark.proof
@settings(max_examples=1500)
@given(small, small_areas, sets)
def test_match_is_as_good_as_the_best_of_all_windows_at_length(
    source: Size, area: int, crops: list[Aspect]
) -> None:
    check_match(source, area, crops)


def check_match(source: Size, area: int, crops: list[Aspect]) -> None:
    best = best_of_all(source, area, crops)
    aspect = best_aspect(source, area, crops, "crop", ANY)
    if not best[0]:
        assert aspect is None
        return
    plan = prepare(source, Fitting(aspect), area, ANY)
    assert (kept(predicted_size(plan.sent, area), crops), plan.window.size.area) == best


@settings(max_examples=20)
@given(sizes, areas, sets, limits)
def test_match_is_never_worse_than_a_sampled_window(
    source: Size, area: int, crops: list[Aspect], accepted: Limits
) -> None:
    aspect = best_aspect(source, area, crops, "crop", accepted)
    assert aspect is not None
    plan = prepare(source, Fitting(aspect), area, accepted)
    share = kept(predicted_size(plan.sent, area), crops)
    steps = [Fraction(number, 37) for number in range(1, 38)]
    for part in steps:
        narrower = Size(max(1, int(source.width * part)), source.height)
        lower = Size(source.width, max(1, int(source.height * part)))
        for window in (narrower, lower):
            long, short = max(window.width, window.height), min(window.width, window.height)
            if long <= short * accepted.steepest:
                assert kept(predicted_size(window, area), crops) <= share


@given(sizes, st.sampled_from(ASPECTS), areas, limits, foci)
def test_what_is_sent_of_an_aspect_gives_the_clip_of_exactly_this_aspect(
    source: Size, text: str, area: int, accepted: Limits, focus: Focus
) -> None:
    aspect = Aspect.parse(text)
    plan = prepare(source, Fitting(aspect, focus=focus), area, accepted)
    clip = predicted_size(Size(aspect.width, aspect.height), area)
    assert predicted_size(plan.sent, area) == clip
    assert predicted_size(plan.window.size, area) == clip
    assert accepted.accept(plan.sent)
    box = plan.window
    assert 0 <= box.x <= source.width - box.width and 0 <= box.y <= source.height - box.height
    if accepted.accept(box.size):
        assert plan.sent == box.size  # native pixels


@given(small, st.sampled_from(ASPECTS), st.integers(64 * 64, 200 * 200))
def test_the_window_of_an_aspect_is_the_largest(source: Size, text: str, area: int) -> None:
    aspect = Aspect.parse(text)
    clip = predicted_size(Size(aspect.width, aspect.height), area)
    largest = max((w.area for w in windows(source) if predicted_size(w, area) == clip), default=0)
    if not largest:
        with pytest.raises(ValueError, match="can be sent as"):
            prepare(source, Fitting(aspect), area, ANY)
        return
    assert prepare(source, Fitting(aspect), area, ANY).window.size.area == largest


@given(sizes, areas, limits)
def test_a_picture_of_its_own_aspect_is_whole_and_keeps_its_clip(
    source: Size, area: int, accepted: Limits
) -> None:
    if max(source.width, source.height) > min(source.width, source.height) * accepted.steepest:
        return
    plan = prepare(source, Fitting(), area, accepted)
    assert (plan.window.size, plan.name, plan.loss(source)) == (source, "", 0)
    assert predicted_size(plan.sent, area) == predicted_size(source, area)
    assert accepted.accept(plan.sent)
    exact = Fraction(source.width * plan.sent.height, source.height)
    assert abs(exact - plan.sent.width) <= Fraction(source.width, source.height) + 1


@given(sizes, st.sampled_from(ASPECTS), st.sampled_from(["pad", "blur"]), areas, limits)
def test_bars_are_on_two_sides_and_nothing_is_lost(
    source: Size, text: str, fit: Fit, area: int, accepted: Limits
) -> None:
    aspect = Aspect.parse(text)
    plan = prepare(source, Fitting(aspect, fit), area, accepted)
    assert predicted_size(plan.sent, area) == predicted_size(
        Size(aspect.width, aspect.height), area
    )
    assert accepted.accept(plan.sent)
    if plan.fit == "crop":  # no bars, or slivers of them
        assert plan.loss(source) <= Fraction(4, 100)
        return
    assert plan.window.size == source
    inner = plan.inner
    assert inner.width == plan.sent.width or inner.height == plan.sent.height
    assert abs(2 * inner.x + inner.width - plan.sent.width) <= 1
    assert abs(2 * inner.y + inner.height - plan.sent.height) <= 1


@given(st.integers(20, 400), st.integers(20, 400), st.integers(32 * 32, 300 * 300))
def test_the_shapes_of_a_clip_are_those_that_predict_it(width: int, height: int, area: int) -> None:
    clip = predicted_size(Size(width, height), area)
    shapes = shapes_of(clip, area, ANY)
    assert Fraction(width, height) in shapes
    near = range(max(1, width - 60), width + 60)
    there = [w for w in near if predicted_size(Size(w, height), area) == clip]
    assert there == [w for w in near if w in shapes.widths(height)]


def test_without_a_deliverable_that_crops_a_picture_keeps_its_aspect() -> None:
    assert best_aspect(Size(800, 600), AREAS["720P"], [], "crop", NARROW) is None


@pytest.mark.parametrize(
    ("source", "crops", "aspect", "window", "clip"),
    [
        ("3000x1687", "9:16", "9:16", "945x1680", "720x1280"),
        ("4032x3024", "9:16 1:1 16:9", "1:1", "3024x3024", "960x960"),
        ("720x1280", "9:16", "9:16", "720x1280", "720x1280"),
    ],
)
def test_known_cases_at_720p(source: str, crops: str, aspect: str, window: str, clip: str) -> None:
    size = Size(*map(int, source.split("x")))
    chosen = best_aspect(size, AREAS["720P"], [*map(Aspect.parse, crops.split())], "crop", NARROW)
    plan = prepare(size, Fitting(chosen), AREAS["720P"], NARROW)
    assert (str(chosen), str(plan.window.size)) == (aspect, window)
    assert str(predicted_size(plan.sent, AREAS["720P"])) == clip


def named(source: Size, fitting: Fitting, *, transparent: bool = False) -> str:
    return prepare(source, fitting, AREAS["720P"], NARROW, transparent=transparent).name


def test_a_name_says_what_is_wanted_and_only_what_shows() -> None:
    wide, tall = Size(1600, 900), Aspect(9, 16)
    left = Focus(Fraction(3, 10), Fraction(4, 5))
    assert named(wide, Fitting(tall, focus=left)) == "9:16 crop 3/10,1/2"
    assert named(wide, Fitting(tall, "pad")) == "9:16 pad over #ffffff"
    assert named(wide, Fitting(tall, "blur", left, "#000000")) == "9:16 blur"
    assert named(wide, Fitting(tall, "blur", left, "#000000"), transparent=True) == (
        "9:16 blur over #000000"
    )
    assert named(wide, Fitting(background="#000000")) == ""
    assert named(wide, Fitting(background="#000000"), transparent=True) == "over #000000"
    assert named(Size(720, 1280), Fitting(tall)) == ""  # already what was wanted


def test_limits_do_not_change_a_name() -> None:
    source, fitting = Size(4032, 3024), Fitting(Aspect(9, 16))
    scaled = prepare(source, fitting, AREAS["720P"], NARROW)
    native = prepare(source, fitting, AREAS["720P"], WIDE)
    assert (str(scaled.sent), str(native.sent)) == ("1125x2000", "1701x3024")
    assert scaled.name == native.name


def test_what_no_model_accepts_is_refused() -> None:
    with pytest.raises(ValueError, match="no part of 800x600 can be sent as 10:1"):
        prepare(Size(800, 600), Fitting(Aspect(10, 1)), AREAS["720P"], WIDE)


def test_a_small_picture_is_enlarged_and_says_by_how_much() -> None:
    plan = prepare(Size(300, 400), Fitting(), AREAS["720P"], NARROW)
    assert (str(plan.sent), plan.enlargement) == ("360x480", Fraction(6, 5))
