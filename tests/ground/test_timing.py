from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanx_render.timing import (
    Cut,
    FrameTimes,
    commonest_rate,
    conformed_frames,
    cut_of,
    frames_in,
    mean_rate,
    nearest,
    parse_rate,
    samples_in,
)

rates = st.sampled_from(
    [Fraction(24), Fraction(25), Fraction(30), Fraction(24000, 1001), Fraction(30000, 1001)]
)
seconds = st.fractions(0, 20, max_denominator=1000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24", Fraction(24)),
        ("30000/1001", Fraction(30000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ("12.5", Fraction(25, 2)),
    ],
)
def test_rates_are_read_exactly(text: str, expected: Fraction) -> None:
    assert parse_rate(text) == expected


@pytest.mark.parametrize("text", ["0", "121", "fast", "30/0", "-24", ""])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        parse_rate(text)


@given(st.fractions(-50, 50))
def test_nearest_rounds_halves_up(value: Fraction) -> None:
    assert -Fraction(1, 2) < value - nearest(value) + Fraction(1, 2) <= 1
    assert nearest(Fraction(1, 2)) == 1
    assert nearest(Fraction(5, 2)) == 3


@given(st.integers(1, 20), rates)
def test_whole_seconds_of_whole_rates_lose_nothing(whole: int, rate: Fraction) -> None:
    if rate.denominator == 1:
        assert frames_in(Fraction(whole), rate) == whole * rate
        assert samples_in(frames_in(Fraction(whole), rate), rate) == whole * 48_000


@given(st.integers(1, 10_000), rates)
def test_sound_is_never_off_by_more_than_half_a_sample(frames: int, rate: Fraction) -> None:
    assert abs(samples_in(frames, rate) - frames * 48_000 / rate) <= Fraction(1, 2)


@given(st.one_of(st.none(), seconds), st.one_of(st.none(), seconds), st.integers(3, 15), rates)
def test_a_cut_stays_inside_its_clip(
    start: Fraction | None, end: Fraction | None, whole: int, rate: Fraction
) -> None:
    cut = cut_of(start, end, Fraction(whole), rate)
    total = frames_in(Fraction(whole), rate)
    assert 0 <= cut.start < total
    assert cut.frames >= 1
    assert cut.start + cut.frames <= total


def test_trims_are_rounded_to_frames() -> None:
    assert cut_of(Fraction("0.2"), Fraction("4.6"), Fraction(5), Fraction(24)) == Cut(5, 105)
    assert cut_of(None, None, Fraction(5), Fraction(30)) == Cut(0, 150)


@given(st.integers(1, 600), rates, rates)
def test_a_conformed_cut_keeps_its_length_to_half_a_frame(
    frames: int, clip: Fraction, rate: Fraction
) -> None:
    conformed = conformed_frames(Cut(0, frames), clip, rate)
    assert abs(conformed / rate - frames / clip) <= 1 / rate


@pytest.mark.parametrize(
    ("clip", "rate", "expected"), [(24, 30, 150), (30, 24, 120), (30, 30, 150)]
)
def test_five_seconds_are_five_seconds_at_any_rate(clip: int, rate: int, expected: int) -> None:
    cut = cut_of(None, None, Fraction(5), Fraction(clip))
    assert conformed_frames(cut, Fraction(clip), Fraction(rate)) == expected


def at(*steps: str | Fraction | int) -> list[Fraction]:
    """Times from 0 on, by the steps between them."""
    times = [Fraction(0)]
    for step in steps:
        times.append(times[-1] + Fraction(step))
    return times


MISSING = [Fraction(n, 30) for n in range(60) if n % 10 != 7]  # one frame in ten


@pytest.mark.parametrize(
    ("times", "rate", "steady"),
    [
        (at(*["1/24"] * 30), "24", True),
        (at(*["1499/45000"] * 45), "30", True),  # 30.02
        (at(*["1001/24000"] * 300), "24000/1001", True),
        (at(*["1/16"] * 30), "16", True),
        (at(*["2/25"] * 30), "25/2", True),
        (at(*["33/1000", "33/1000", "34/1000"] * 20), "30", True),  # milliseconds of Matroska
        (at(*["41/1000", "42/1000", "42/1000"] * 20), "24", True),
        (at(*["62/1000", "63/1000"] * 20), "16", True),
        (MISSING, "30", False),
        (at(*["1/60"] * 40, "2", *["1/60"] * 40), "60", False),
        (at(*["1/240"] * 60), "240", True),
        (at(), "25", True),
    ],
)
def test_the_rate_is_that_of_the_commonest_interval(
    times: list[Fraction], rate: str, steady: bool
) -> None:
    tick = Fraction(1, 360_000)
    frames = FrameTimes(tuple(int(time / tick) for time in times), tick)
    assert tuple(ticks * tick for ticks in frames.ticks) == tuple(times)
    found = commonest_rate(frames)
    assert found == Fraction(rate)
    assert (mean_rate(frames, found) is None) == steady
