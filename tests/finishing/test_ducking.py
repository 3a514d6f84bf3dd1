"""Music makes room for voices: a fixed depth, begun ahead, held over pauses, let go slowly."""

import math
from array import array
from decimal import Decimal
from pathlib import Path

import av
import numpy as np
import pytest

from wanx_render.finishing import ducking, mastering
from wanx_render.finishing.join import join_list
from wanx_render.finishing.mix import Mix, MusicTrack, Track
from wanx_render.media import ffmpeg

RATE, SECONDS = 48_000, 8
# Syllables of 0.15 s, five in two seconds each time, with a pause of 0.4 s; then silence.
SYLLABLES = "between(t,2,4.4)*lt(mod(t-2,0.4),0.15)*(1-between(t,3,3.3))"


def key(*heard: tuple[float, float], level: float = 0.3, seconds: float = 4) -> "array[int]":
    """Samples of a square wave that sounds only where it is said."""
    rate = ducking.KEY_RATE
    values = array("h", bytes(2 * int(seconds * rate)))
    for begin, end in heard:
        for at in range(int(begin * rate), int(end * rate)):
            values[at] = int(32767 * level) * (1 if at % 8 < 4 else -1)
    return values


def test_spans_are_where_something_is_heard() -> None:
    loud = key((0.5, 1.0), (2.0, 2.02), (3.0, 4.0))
    assert list(ducking.spans(loud, floor=-36)) == [(0.5, 1.0), (3.0, 4.0)]  # 20 ms is a click
    assert list(ducking.spans(key((1, 2), level=0.01), floor=-36)) == []
    assert list(ducking.spans(key((1, 2), level=0.01), floor=-60)) == [(1.0, 2.0)]
    both = key((1, 2))
    both[: ducking.KEY_RATE] = key((0, 1), level=0.02)[: ducking.KEY_RATE]
    assert list(ducking.spans(both, floor=-60, below=20)) == [(1.0, 2.0)]


def test_the_gain_goes_down_ahead_is_held_and_comes_back() -> None:
    gains = ducking.gains([(1.0, 1.5), (1.9, 2.0)], 5)
    expected = {0.5: 0, 0.799: 0, 0.9: -6, 1.0: -12, 1.7: -12, 2.0: -12, 2.499: -12, 2.9: -6,
                3.31: 0, 4.9: 0}  # fmt: skip
    for at, level in expected.items():
        assert abs(20 * math.log10(gains[ducking.GAIN_LEAD + int(at * 1000)]) - level) < 0.1
    assert len(gains) >= 5000


@pytest.mark.parametrize("gain", [0, -24])
def test_music_stands_still_under_a_sentence(
    program: ffmpeg.Ffmpeg, tmp_path: Path, gain: int
) -> None:
    """Judged by the level of a 5 kHz tone, the music, in every fifth of a second."""
    music, voice, silent = tmp_path / "m.wav", tmp_path / "v.wav", tmp_path / "clip.mov"
    speech = f"aevalsrc='0.5*sin(2*PI*300*t)*{SYLLABLES}':s=16000:d=6"
    for source, path in (
        (f"aevalsrc='0.25*sin(2*PI*5000*t)|0.25*sin(2*PI*5000*t)':s={RATE}:d=10", music),
        (speech, voice),
        (f"anullsrc=r={RATE}:cl=stereo:d={SECONDS}", silent),
    ):
        ffmpeg.run(program, ("-f", "lavfi", "-i", source, "-y", str(path)))
    (tmp_path / "list").write_bytes(join_list([silent]))
    bed = MusicTrack(music, "m", 0, Decimal(0), 0, 0)
    mix = Mix(bed, duck=True, voices=(Track(voice, "v", 0, Decimal(gain), channels=1),))
    work = mastering.MixOfSegments(program, tmp_path / "list", mix, SECONDS * RATE)
    target = tmp_path / "sound.mov"
    made = set()
    for _ in range(2):
        mastering.encode(work, target)
        made.add(target.read_bytes())
    assert len(made) == 1
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("sound.mov.")]
    with av.open(str(target)) as container:
        samples = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)[0]
    turning = samples[: SECONDS * RATE] * np.exp(
        -2j * np.pi * 5000 * np.arange(SECONDS * RATE) / RATE
    )
    levels = 20 * np.log10(2 * np.abs(turning.reshape(-1, RATE // 20).mean(axis=1))) + 12.04
    assert np.abs(levels[: int(1.75 * 20)]).max() < 0.3  # before it, and 0.2 s ahead
    assert np.abs(levels[40 : int(4.6 * 20)] + 12).max() < 0.3  # all of the sentence, and after
    assert np.abs(levels[int(5.7 * 20) :]).max() < 0.5  # to the end, but for its last 4 ms
    assert (np.diff(levels[int(4.9 * 20) : int(5.5 * 20)]) > 0).all()
