"""Sizes that people write, and bit rates that keep a bundle within them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanx_render.bundle.budget import RUNGS, least_room, read_size, show_size, target_for
from wanx_render.geometry import Size


@pytest.mark.parametrize(
    ("text", "size"),
    [("20MB", 20_000_000), ("500 kB", 500_000), ("1.5GiB", 1_610_612_736), ("14000000", 14_000_000),
     ("2mib", 2_097_152), ("7B", 7)],
)  # fmt: skip
def test_sizes_are_read_in_units_of_a_thousand_or_1024(text: str, size: int) -> None:
    assert read_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "0", "1XB", "1e9", "١MB", "0.0000001MB", "nan"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="valid size"):
        read_size(text)


@given(st.integers(1, 10**11))
def test_a_size_is_never_shown_smaller_than_it_is(size: int) -> None:
    assert read_size(show_size(size)) >= size


@given(st.integers(0, 10**9), st.lists(st.integers(1, 600), min_size=1, max_size=20))
def test_planned_rates_fit_into_the_room(room: int, lengths: list[int]) -> None:
    seconds = [Fraction(length, 10) for length in lengths]
    target = target_for(room, seconds)
    assert (target is None) == (room < least_room(seconds))
    if target and target.rate:
        assert target.rate >= target.rung.least
        assert (target.rate + target.rung.sound) * sum(seconds) / 8 <= room


@given(st.integers(16, 8192), st.integers(16, 8192), st.sampled_from(RUNGS))
def test_a_proxy_is_even_no_larger_and_of_the_same_shape(
    width: int, height: int, rung: object
) -> None:
    size = RUNGS[RUNGS.index(rung)].size(Size(width, height))  # type: ignore[arg-type]
    assert size.width % 2 == size.height % 2 == 0
    assert min(size.width, size.height) <= RUNGS[RUNGS.index(rung)].side  # type: ignore[arg-type]
    assert size.width <= width + 1 and size.height <= height + 1
