"""Cuts without clicks, loops without clicks, and channels at a level of their own."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from wanx_render.finishing import ingest, mastering
from wanx_render.finishing.jobs import make_segment
from wanx_render.finishing.join import join_list
from wanx_render.finishing.mix import Mix, MusicTrack, Track
from wanx_render.finishing.segment import ClipMedia, Seam, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.shotlist.model import Transition
from wanx_render.timing import Cut

FRAME = Frame(Size(32, 32), Fraction(25), "crop", "black", "draft")
RATE = 48_000


def heard(path: Path) -> "np.ndarray":
    """The samples of a file, left and right, from -1 to 1."""
    resampler = av.AudioResampler(format="flt", layout="stereo", rate=RATE)
    with av.open(str(path)) as container:
        parts = [p for f in container.decode(audio=0) for p in resampler.resample(f)]
    return np.concatenate([p.to_ndarray().reshape(-1, 2) for p in parts])


def dbfs(samples: "np.ndarray") -> "np.ndarray":
    """The level of a sine in each channel."""
    return 10 * np.log10(2 * (samples.astype(float) ** 2).mean(axis=0) + 1e-12)


def clip(program: ffmpeg.Ffmpeg, path: Path, source: str) -> Path:
    codec = "flac" if path.suffix == ".mkv" else "pcm_s16le"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", "color=gray:s=32x32:r=25:d=1", "-f", "lavfi", "-i", source,
         "-c:v", "libx264", "-preset", "ultrafast", "-c:a", codec, "-y", str(path)),
    )  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("layout", "levels"),
    [
        ("mono", [(0, 0)]),
        ("stereo", [(0, None), (None, 0)]),
        ("5.1", [(0, None), (None, 0), (-3, -3), (None, None), (-3, None), (None, -3)]),
        ("quad", [(0, None), (None, 0), (-3, None), (None, -3)]),
    ],
)
def test_each_channel_has_a_level_of_its_own(
    program: ffmpeg.Ffmpeg, tmp_path: Path, layout: str, levels: list[tuple[int | None, ...]]
) -> None:
    """Channel after channel sounds for a tenth of a second at -6 dBFS."""
    tones = [f"0.5*sin(2*PI*500*t)*between(t,{n / 10},{(n + 1) / 10})" for n in range(len(levels))]
    source = f"aevalsrc='{'|'.join(tones)}':s={RATE}:d=1:c={layout}"
    take = ingest.look(program, clip(program, tmp_path / "clip.mkv", source))
    segment = tmp_path / "segment.mov"
    make_segment(program, Segment.whole(take, Cut(0, 25), Focus(), FRAME), segment)
    samples = heard(segment)
    for number, expected in enumerate(levels):
        found = dbfs(samples[RATE * number // 10 + 960 : RATE * (number + 1) // 10 - 960])
        for side, level in zip(found, expected, strict=True):
            assert side < -80 if level is None else abs(side - level + 6.02) < 0.1


def test_a_downmix_of_loud_channels_does_not_clip(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    tones = "|".join(["0.9*sin(2*PI*500*t)"] * 6)
    source = f"aevalsrc='{tones}':s={RATE}:d=1:c=5.1"
    take = ingest.look(program, clip(program, tmp_path / "clip.mkv", source))
    segment = tmp_path / "segment.mov"
    make_segment(program, Segment.whole(take, Cut(0, 25), Focus(), FRAME), segment)
    part = heard(segment)[RATE // 4 : RATE // 2, 0].astype(float)
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
    bins = np.arange(len(spectrum)) * RATE / len(part)
    tone = np.abs(bins - 500) < 20
    assert 10 * np.log10(spectrum[~tone].sum() / spectrum[tone].sum()) < -40
    assert np.abs(part).max() <= 1


def high(samples: "np.ndarray", at: int) -> float:
    """The level above 8 kHz in the 4 ms around a sample, in dB."""
    part = samples[max(at - 96, 0) : at + 96, 0].astype(float)
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
    return float(10 * np.log10(spectrum[len(part) * 8000 // RATE :].sum() + 1e-9))


TONE = f"aevalsrc='0.5*cos(2*PI*187*t)|0.5*cos(2*PI*187*t)':s={RATE}:d=1"


@pytest.fixture(scope="module")
def tone(program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> ClipMedia:
    """A second of a low tone that begins at its peak."""
    path = clip(program, tmp_path_factory.mktemp("tone") / "clip.mov", TONE)
    return ClipMedia(path, "ab", Size(32, 32), Fraction(25), 25, has_sound=True)


def test_a_hard_cut_makes_no_click_and_moves_nothing(
    program: ffmpeg.Ffmpeg, tmp_path: Path, tone: ClipMedia
) -> None:
    segments = [tmp_path / "a.mov", tmp_path / "b.mov"]
    for path, cut in zip(segments, (Cut(0, 11), Cut(3, 14)), strict=True):
        make_segment(program, Segment.whole(tone, cut, Focus(), FRAME), path)
    first, second = map(heard, segments)
    assert (len(first), len(second)) == (11 * 1920, 14 * 1920)
    film = np.concatenate([first, second])
    assert max(high(film, at) for at in (0, 11 * 1920, 25 * 1920)) < -35
    assert high(np.concatenate([first[:9000], second[4000:]]), 9000) > -20  # as it would be
    assert abs(dbfs(film[5000:15000])[0] + 6.02) < 0.1
    assert np.abs(film[200:-200, 0]).max() > 0.49  # 4 ms and no more


def test_a_shot_that_goes_over_into_another_is_not_faded(
    program: ffmpeg.Ffmpeg, tmp_path: Path, tone: ClipMedia
) -> None:
    whole = Segment.whole(tone, Cut(0, 25), Focus(), FRAME)
    body, seam = tmp_path / "body.mov", tmp_path / "seam.mov"
    make_segment(program, replace(whole, frames=20), body)
    end = replace(whole, skip=20, frames=5)
    begin = replace(whole, frames=5)
    dissolve = Transition.model_validate({"type": "dissolve", "duration": Decimal("0.2")})
    make_segment(program, Seam(end, begin, dissolve), seam)
    samples = heard(body)
    assert abs(samples[0, 0]) < 0.01
    assert abs(samples[-1, 0]) > 0.3 or abs(samples[-60, 0]) > 0.3
    crossed = heard(seam)
    assert high(np.concatenate([samples, crossed]), len(samples)) < -30
    assert len(crossed) == 5 * 1920


@pytest.mark.parametrize("skip", [0, 30_000])
def test_music_begins_again_without_a_click_and_voices_keep_their_level(
    program: ffmpeg.Ffmpeg, tmp_path: Path, skip: int
) -> None:
    """0.9 s of music under 3 s of film, to the sample; and a mono voice as loud as it is."""
    music, voice, silent = tmp_path / "m.wav", tmp_path / "v.wav", tmp_path / "clip.mov"
    bed = "aevalsrc='0.25*cos(2*PI*187*t)|0.25*cos(2*PI*187*t)':s=44100:d=0.9"
    ffmpeg.run(program, ("-f", "lavfi", "-i", bed, "-y", str(music)))
    ffmpeg.run(
        program, ("-f", "lavfi", "-i", "aevalsrc=0.25*sin(2*PI*3000*t):d=3", "-y", str(voice))
    )
    ffmpeg.run(
        program, ("-f", "lavfi", "-i", f"anullsrc=r={RATE}:cl=stereo:d=3", "-y", str(silent))
    )
    (tmp_path / "list").write_bytes(join_list([silent]))
    mix = Mix(MusicTrack(music, "m", skip, Decimal(0), 0, 0))
    target = tmp_path / "sound.mov"
    mastering.encode(mastering.MixOfSegments(program, tmp_path / "list", mix, 3 * RATE), target)
    samples = heard(target)[: 3 * RATE]
    length = RATE * 9 // 10
    loops = [length * number - skip for number in range(1, 4) if length * number - skip < 3 * RATE]
    assert max(high(samples, at) for at in loops) < -30
    for at in loops:
        assert np.abs(samples[at - 20 : at + 20]).max() < 0.1
        assert np.abs(samples[at + 300 : at + 900]).max() > 0.24
    if not skip:
        mix = Mix(voices=(Track(voice, "v", 0, Decimal(0), channels=1),))
        mastering.encode(mastering.MixOfSegments(program, tmp_path / "list", mix, 3 * RATE), target)
        assert np.abs(dbfs(heard(target)[RATE : 2 * RATE]) + 12.04).max() < 0.1
