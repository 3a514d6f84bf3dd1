"""Levels of sounds: what a timeline gives an editing program, against the mix of the film."""

import math
import wave
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.timelines.films import film_of, timeline_of
from wanx_render.finishing import ducking
from wanx_render.timelines.levels import SILENCE, STEP, Points, SoundFade, levels_between
from wanx_render.timing import line_at

RATE = 48_000


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 700), st.integers(3, 150)), min_size=1, max_size=6),
    st.integers(0, 300),
)
def test_the_points_of_ducking_are_the_gain_that_the_music_has(
    voices: list[tuple[int, int]], begin: int
) -> None:
    spans = [(at / 100, (at + length) / 100) for at, length in voices]
    gains = ducking.gains(spans, 12)[ducking.GAIN_LEAD :]
    first = begin * 480
    curve = ducking.curve(spans, first, 10 * RATE)
    assert (curve[0][0], curve[-1][0]) == (first, 10 * RATE)
    for millisecond in range(begin * 10, 10_000):
        mixed = 20 * math.log10(gains[millisecond])
        assert abs(mixed - float(line_at(curve, millisecond * 48))) < 0.07


CURVES = st.lists(
    st.tuples(st.integers(0, 9_000), st.integers(-1200, 0)), min_size=1, max_size=5
).map(lambda points: tuple(sorted({at: Fraction(level, 100) for at, level in points}.items())))


@settings(deadline=None, max_examples=60)
@given(
    CURVES,
    st.integers(0, 4_000),
    st.integers(200, 6_000),
    st.one_of(st.just(0), st.integers(480, 3_000)),
)
def test_stretches_of_a_sound_have_the_level_of_the_whole(
    curve: Points, begin: int, length: int, fade: int
) -> None:
    fades = (SoundFade(0, fade, up=True),) if fade else ()
    levels = levels_between(begin, begin + length, Decimal(-3), fades, curve)
    assert levels.gain == Decimal(-3)
    assert levels.fade_in + levels.fade_out <= length
    for (_, first), (_, last) in zip(levels.points, levels.points[1:], strict=False):
        assert abs(last - first) <= STEP or SILENCE in (first, last) or min(first, last) < -55
    for at in range(0, length, 37):
        sample = begin + at
        wanted = float(line_at(curve, sample))
        if sample < fade:
            wanted += 20 * math.log10(max(sample / fade, 1e-9))
        heard = float(line_at(levels.points, at)) if levels.points else 0.0
        if at < levels.fade_in:
            heard += 20 * math.log10(max(at / levels.fade_in, 1e-9))
        if wanted > -48:
            assert abs(heard - wanted) < 0.5, sample


def test_a_fade_that_is_longer_than_its_piece_is_drawn_over_all_that_it_covers() -> None:
    """The last turn of a piece of music may be a few frames long; its fade is a second."""
    fade = SoundFade(100_000, 148_000, up=False)
    before = levels_between(40_000, 136_800, Decimal(0), [fade])
    last = levels_between(136_800, 148_000, Decimal(0), [fade])
    assert (before.fade_out, last.fade_out) == (0, 0)
    assert before.points[-1][0] == 136_800 - 40_000
    assert before.points[-1][1] == pytest.approx(last.points[0][1])
    assert last.points[-1] == (11_200, SILENCE)
    whole = levels_between(40_000, 148_000, Decimal(0), [fade])
    assert (whole.fade_out, whole.points) == (48_000, ())


LIST = """\
version: 1
project: levels
defaults: {model: wan2.5-i2v-preview, resolution: 480P, duration: 5, audio: auto, sound: -9}
shots:
  - {id: one, image: a.png, prompt: first, trim: {end: 3}}
  - {id: two, image: a.png, prompt: second, sound: mute}
deliverables:
  - name: film
    aspect: 9:16
    size: 90x160
    quality: draft
    fade_in: 0.5
    fade_out: 1
    audio:
      music: {file: bed.wav, gain: -6, start: 0.5, fade_out: 1.5}
      duck: true
      loudness: -23
      voices: [{file: voice.wav, shot: two, at: 0.7, gain: -4}]
"""


def tone(path: Path, seconds: float, rate: int, channels: int, hertz: float) -> None:
    times = np.arange(int(seconds * rate)) / rate
    samples = (0.3 * 32767 * np.sin(2 * np.pi * hertz * times)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(np.repeat(samples, channels).tobytes())


def decoded(path: Path) -> "np.ndarray":
    """The left channel of a file at 48 kHz."""
    with av.open(str(path)) as file:
        layout = file.streams.audio[0].layout.name  # mixing down would be one more opinion
        resampler = av.AudioResampler("fltp", layout, RATE)
        frames = [f for frame in file.decode(audio=0) for f in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def seconds(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


def gains(volume: ElementTree.Element, times: "np.ndarray", length: float) -> "np.ndarray":
    """The gain at moments of a clip's own time, of which ``times`` begins at its first."""
    points = [(float(seconds(k.attrib["time"])), float(k.attrib["value"][:-2]))
              for k in volume.iter("keyframe")]  # fmt: skip
    level = np.full(len(times), float(volume.get("amount", "0dB")[:-2]))
    if points:
        level = np.interp(times, *zip(*points, strict=True))
    gain = 10 ** (level / 20)
    for tag, ramp in (("fadeIn", times - times[0]), ("fadeOut", times[0] + length - times)):
        if (fade := volume.find(f".//{tag}")) is not None:
            assert seconds(fade.attrib["duration"]) <= length
            gain *= np.clip(ramp / float(seconds(fade.attrib["duration"])), 0, 1)
    return gain


def played(root: ElementTree.Element, whole: int) -> "np.ndarray":
    """The sound of a timeline without speeds, as its text says: a player of nobody's program."""
    sources = {a.attrib["id"]: a.find("media-rep") for a in root.iter("asset")}
    total = np.zeros(whole)
    for host in root.iterfind(".//spine/asset-clip"):
        for clip in (host, *host.findall("asset-clip")):
            volume = clip.find("adjust-volume")
            if volume is None:
                continue
            offset = seconds(clip.attrib["offset"])
            if clip is not host:
                offset += seconds(host.attrib["offset"]) - seconds(host.get("start", "0s"))
            source = sources[clip.attrib["ref"]]
            assert source is not None
            sound = decoded(Path(source.attrib["src"].removeprefix("file://")))
            start, length = seconds(clip.attrib["start"]), seconds(clip.attrib["duration"])
            first, at, count = (round(time * RATE) for time in (start, offset, length))
            part = sound[first : first + min(count, whole - at)]
            times = float(start) + np.arange(len(part)) / RATE
            total[at : at + len(part)] += part * gains(volume, times, float(length))
    return total


def decibels(sound: "np.ndarray") -> "np.ndarray":
    """The level of each twentieth of a second."""
    window = RATE // 20
    parts = sound[: len(sound) // window * window].reshape(-1, window)
    return 20 * np.log10(np.sqrt(np.mean(parts**2, axis=1)) + 1e-9)


@pytest.mark.proof
def test_a_timeline_has_the_levels_of_the_film(tmp_path: Path) -> None:
    """Sources at the levels of the file, added up, against what is heard in the film itself."""
    Image.new("RGB", (450, 800), "#884422").save(tmp_path / "a.png")
    tone(tmp_path / "bed.wav", 3.7, 44_100, 2, 330)
    tone(tmp_path / "voice.wav", 1.3, 16_000, 1, 990)
    film_of(LIST, tmp_path)
    out = timeline_of(tmp_path, "fcpxml")
    root = ElementTree.fromstring(out.read_text(encoding="utf-8"))  # noqa: S314  # our own text
    assets = {a.attrib["name"]: a for a in root.iter("asset")}
    stated = [assets[name].get(key) for name in ("bed.wav", "voice.wav")
              for key in ("audioRate", "audioChannels", "duration")]  # fmt: skip
    assert stated == ["44100", "2", "37/10s", "16000", "1", "13/10s"]

    film = decoded(tmp_path / "renders" / "levels" / "film.mp4")
    timeline = played(root, len(film))
    levels = [decibels(sound[: len(film)]) for sound in (film, timeline)]
    loud = levels[0] > -45
    assert loud.sum() > 100
    assert np.ptp(levels[0][loud]) > 15  # it is ducked and fades
    assert np.abs(levels[0] - levels[1])[loud].max() < 0.5
