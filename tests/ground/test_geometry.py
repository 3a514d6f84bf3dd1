from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanx_render.geometry import (
    Aspect,
    Focus,
    Size,
    crop_box,
    crop_unit,
    cropped_away,
    enlargement,
    inset_box,
    largest_exact,
    pad_unit,
    predicted_size,
    seen_box,
)

ASPECTS = ["9:16", "3:4", "1:1", "16:9", "4:5", "2:3", "21:9", "2.39:1"]
AREAS = {"480P": 399_360, "720P": 921_600, "1080P": 2_073_600}

sides = st.integers(16, 4000)
sizes = st.builds(Size, sides, sides)
aspects = st.sampled_from([Aspect.parse(text) for text in ASPECTS])
foci = st.builds(Focus, st.fractions(0, 1), st.fractions(0, 1))


@pytest.mark.parametrize(
    ("image", "tier", "expected"),
    [
        ("750x1000", "720P", "816x1104"),  # the only official example
        ("1024x1024", "720P", "960x960"),
        ("1280x720", "720P", "1280x720"),
        ("720x1280", "720P", "720x1280"),
        ("1280x720", "480P", "832x464"),
        ("1280x720", "1080P", "1920x1072"),
        ("750x1000", "1080P", "1232x1648"),
        ("1080x1350", "720P", "848x1072"),
        ("1024x1536", "480P", "512x768"),
        ("832x480", "480P", "832x480"),  # floats lose 16 px here
        ("2520x1080", "720P", "1456x624"),
    ],
)
def test_the_predicted_size_is_the_documented_one(image: str, tier: str, expected: str) -> None:
    width, height = map(int, image.split("x"))
    assert str(predicted_size(Size(width, height), AREAS[tier])) == expected


@given(sizes, st.sampled_from(list(AREAS.values())))
def test_a_predicted_size_is_made_of_sixteens_and_never_exceeds_the_area(
    image: Size, area: int
) -> None:
    size = predicted_size(image, area)
    assert size.width % 16 == size.height % 16 == 0
    if min(size.width, size.height) > 16:
        assert size.area <= area


@given(st.integers(240, 8000), st.integers(240, 8000), st.sampled_from(list(AREAS.values())))
def test_no_larger_sixteen_would_fit_the_aspect(width: int, height: int, area: int) -> None:
    size = predicted_size(Size(width, height), area)
    # The exact side is sqrt(area * width / height); squared, so that integers decide.
    assert size.width**2 * height <= area * width < (size.width + 16) ** 2 * height
    assert size.height**2 * width <= area * height < (size.height + 16) ** 2 * width


@pytest.mark.parametrize(
    ("source", "aspect", "expected"),
    [
        ("816x1104", "3:4", "816x1088+0+8"),
        ("816x1104", "9:16", "612x1088+102+8"),
        ("816x1104", "1:1", "816x816+0+144"),
        ("816x1104", "16:9", "800x450+8+326"),
        ("816x1104", "4:5", "816x1020+0+42"),
        ("816x1104", "2:3", "736x1104+40+0"),
        ("816x1104", "21:9", "812x348+2+378"),
        ("1280x720", "9:16", "396x704+442+8"),
        ("1280x720", "3:4", "540x720+370+0"),
        ("1280x720", "16:9", "1280x720+0+0"),
    ],
)
def test_a_centred_crop_is_the_largest_exact_one(source: str, aspect: str, expected: str) -> None:
    width, height = map(int, source.split("x"))
    assert str(crop_box(Size(width, height), Aspect.parse(aspect))) == expected


@given(sizes, aspects, foci)
def test_a_crop_is_exact_even_inside_and_the_largest(
    source: Size, aspect: Aspect, focus: Focus
) -> None:
    unit = crop_unit(source, aspect)
    if unit < 2:
        with pytest.raises(ValueError, match="too small"):
            crop_box(source, aspect, focus)
        return
    box = crop_box(source, aspect, focus)
    assert aspect.matches(box.size)
    assert all(value % 2 == 0 for value in (box.x, box.y, box.width, box.height))
    assert 0 <= box.x <= source.width - box.width
    assert 0 <= box.y <= source.height - box.height
    larger = aspect.size(unit + 2)
    assert larger.width > source.width or larger.height > source.height


@given(sizes, aspects, foci)
def test_a_crop_keeps_its_focus_in_view(source: Size, aspect: Aspect, focus: Focus) -> None:
    if crop_unit(source, aspect) < 2:
        return
    box = crop_box(source, aspect, focus)
    # Offsets are even, so the focus may lie up to two pixels outside at the very edge.
    assert box.x - 2 <= focus.x * source.width <= box.x + box.width + 2
    assert box.y - 2 <= focus.y * source.height <= box.y + box.height + 2


@pytest.mark.parametrize(
    ("aspect", "expected"),
    [
        ("3:4", "816x1088"),
        ("9:16", "810x1440"),
        ("1:1", "1104x1104"),
        ("16:9", "1952x1098"),
        ("4:5", "888x1110"),
        ("2:3", "816x1224"),
        ("21:9", "2576x1104"),
    ],
)
def test_a_padded_frame_is_as_wide_or_high_as_the_picture(aspect: str, expected: str) -> None:
    frame = largest_exact((Size(816, 1104),), Aspect.parse(aspect), "pad")
    assert str(frame) == expected


@given(sizes, aspects)
def test_a_default_padded_frame_is_flush_and_enlarges_by_one_percent_at_most(
    source: Size, aspect: Aspect
) -> None:
    unit = pad_unit(source, aspect)
    if unit < 2:
        return
    assert unit % 2 == 0
    frame = aspect.size(unit)
    box = inset_box(source, frame)
    assert frame.width == box.width or frame.height == box.height
    grown = enlargement(source, frame, aspect, "pad")
    # One side is rounded to even, which counts in small pictures.
    assert grown <= Fraction(101, 100) + Fraction(2, min(box.width, box.height))
    # And no larger one would do: as large as the picture, or the next step is more than 1 %.
    larger = aspect.size(unit + 2)
    assert enlargement(source, larger, aspect, "pad") >= 1


@given(sizes, aspects, st.integers(30, 400))
def test_a_padded_frame_has_bars_or_none_but_no_slivers(
    source: Size, aspect: Aspect, half: int
) -> None:
    frame = aspect.size(2 * half)
    seen, box = seen_box(source, frame), inset_box(source, frame)
    for side, whole in ((box.width, frame.width), (box.height, frame.height)):
        assert side == whole or whole - side >= whole * Fraction(29, 1000) - 2
    # What is cut instead is at most that, on both sides alike.
    assert seen.x + seen.width <= source.width and seen.y + seen.height <= source.height
    assert source.width - seen.width <= source.width * Fraction(3, 100) + 3
    assert source.height - seen.height <= source.height * Fraction(3, 100) + 3
    assert abs(source.width - seen.width - 2 * seen.x) <= 3
    assert seen.size == source or box.size == frame


@pytest.mark.parametrize(
    ("source", "aspect", "frame", "seen"),
    [
        ("1280x720", "9:16", "1278x2272", "1280x720+0+0"),  # was 1296x2304 with 8 px at the sides
        ("1280x720", "1:1", "1280x1280", "1280x720+0+0"),
        ("1072x1920", "9:16", "1080x1920", "1072x1906+0+6"),  # 1080P, of sides in steps of 16
        ("464x832", "9:16", "468x832", "464x824+0+4"),
        ("816x1104", "3:4", "816x1088", "816x1088+0+8"),
        ("720x1280", "9:16", "720x1280", "720x1280+0+0"),
        ("641x361", "1:1", "642x642", "641x361+0+0"),
    ],
)
def test_usual_clips_are_flush(source: str, aspect: str, frame: str, seen: str) -> None:
    width, height = map(int, source.split("x"))
    clip, ratio = Size(width, height), Aspect.parse(aspect)
    made = largest_exact((clip,), ratio, "blur")
    assert str(made) == frame
    assert str(seen_box(clip, made)) == seen


@given(sizes, aspects, st.integers(1, 400))
def test_an_inset_picture_is_inside_even_and_hardly_stretched(
    source: Size, aspect: Aspect, half: int
) -> None:
    frame = aspect.size(2 * half)
    box = inset_box(source, frame)
    assert box.x >= 0
    assert box.y >= 0
    assert box.x + box.width <= frame.width
    assert box.y + box.height <= frame.height
    assert all(value % 2 == 0 for value in (box.x, box.y))
    # One side is rounded, by at most a pixel: the other one shows what it should have been.
    seen = seen_box(source, frame)
    by_width = Fraction(box.width, seen.width) * seen.height
    by_height = Fraction(box.height, seen.height) * seen.width
    # Of a picture that is cut a little, a side is even and so rounded before it is scaled.
    slack = 1 if seen.size == source else 1 + 2 * max(Fraction(box.width, seen.width), 1)
    assert (
        abs(by_width - box.height) <= slack
        or abs(by_height - box.width) <= slack
        or min(box.width, box.height) == 2
    )


@given(st.lists(sizes, min_size=1, max_size=5), aspects, st.sampled_from(["crop", "pad"]))
def test_the_default_frame_enlarges_no_picture(
    sources: list[Size], aspect: Aspect, fit: str
) -> None:
    sources = [Size(s.width // 2 * 2, s.height // 2 * 2) for s in sources]
    try:
        frame = largest_exact(tuple(sources), aspect, fit)  # type: ignore[arg-type]
    except ValueError:
        return
    for source in sources:
        grown = enlargement(source, frame, aspect, fit)  # type: ignore[arg-type]
        # Padded pictures have one side rounded to even: by less than a pixel.
        least = min(source.width, source.height, frame.width, frame.height)
        slack = 0 if fit == "crop" else Fraction(1, 100) + Fraction(2, least)
        assert grown <= 1 + slack


@pytest.mark.parametrize(
    ("text", "expected"),
    [("9:16", "9:16"), ("18:32", "9:16"), ("2.39:1", "239:100"), ("16/9", "16:9"), ("1:1", "1:1")],
)
def test_an_aspect_is_read_in_lowest_terms(text: str, expected: str) -> None:
    assert str(Aspect.parse(text)) == expected


@pytest.mark.parametrize(
    "text", ["", "9", "9:", ":16", "9:0", "a:b", "-9:16", "0:1", "9x16", "556"]
)
def test_what_is_no_aspect_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="aspect"):
        Aspect.parse(text)


def test_the_part_that_a_crop_loses_is_exact() -> None:
    assert cropped_away(Size(1280, 720), Aspect.parse("9:16")) == 1 - Fraction(
        396 * 704, 1280 * 720
    )
    assert cropped_away(Size(1280, 720), Aspect.parse("16:9")) == 0
