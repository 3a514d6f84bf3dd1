"""The grid by which a sound is divided: counted, and held to what ffmpeg makes of it elsewhere."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wanx_render.finishing.sound.grid import windows

LENGTHS = st.integers(1, 48_000 * 3600)


@pytest.mark.parametrize(
    ("seconds", "firsts"),
    [
        (1, [0]),
        (15, [0]),
        (47, [0]),
        (48, [0, 1500]),
        (60, [0, 1500]),
        (61, [0, 1500, 2325]),
        (79, [0, 1500, 3150]),
        (81, [0, 1500, 3225]),
        (100, [0, 1500, 3000, 4125]),
    ],
)
def test_a_short_sound_is_one_part_and_a_long_one_is_cut_every_32_seconds(
    seconds: int, firsts: list[int]
) -> None:
    assert [window.first for window in windows(seconds * 48_000)] == firsts


@given(LENGTHS)
@example(20_042_753)
def test_parts_follow_each_other_without_a_gap(samples: int) -> None:
    at = 0
    *others, last = windows(samples)
    is_long = samples > 48_000 * 60
    for number, window in enumerate(others, 1):
        assert window.first == at
        assert window.packets
        is_regular = number < len(others) or not is_long
        assert window.packets == 1500 if is_regular else 750 <= window.packets < 2250 + 75
        at += window.packets
        assert window.end == min((at + 4) * 1024, samples)
    assert (last.first, last.packets, last.end) == (at, None, samples)
    if is_long:
        packets = math.ceil(samples / 1024) + 1 - at  # the last one may hold a single sample
        assert 525 <= packets < 600


def test_a_last_clip_of_ten_seconds_is_heard_in_the_last_part_alone() -> None:
    for samples in range(61 * 48_000, 200 * 48_000, 99_999):
        *_, before, _ = windows(samples)
        assert before.end <= samples - 10 * 48_000


@given(LENGTHS)
def test_each_part_begins_19_seconds_earlier_or_with_the_film(samples: int) -> None:
    for window in windows(samples):
        assert window.begin == (max(window.first - 900, 0)) * 1024
        assert window.before == min(window.first, 900)
        assert window.listened == (825 * 1024 if window.first else 0)


@given(LENGTHS.filter(lambda samples: samples > 48_000 * 60), st.data())
def test_each_tenth_of_a_second_is_heard_in_one_part(samples: int, data: st.DataObject) -> None:
    """By the packet that its last sample is in: packet n ends with sample 1024 n."""
    block = data.draw(st.integers(1, samples // 4800)) * 4800
    (owner,) = [window for window in windows(samples) if window.owns(block)]
    packet = -(-block // 1024)
    last = None if owner.packets is None else owner.first + owner.packets
    assert owner.first <= packet
    assert last is None or packet < last
    assert (block - 4 * 4800 - owner.begin - owner.listened) >= 0 or not owner.first
    assert (owner.begin + owner.listened) % 4800 == 0
