"""What is heard in a deliverable: placed to the sample, ducked, as loud as promised."""

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.media import facts
from wanx_render.errors import FfmpegError
from wanx_render.finishing.jobs import JoinCall, make_deliverable, make_segment
from wanx_render.finishing.mix import Mix, MusicTrack, Track
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import decoding, ffmpeg
from wanx_render.timing import Cut

FRAME = Frame(Size(90, 160), Fraction(30), "crop", "black")


def noise(program: ffmpeg.Ffmpeg, path: Path, source: str, *options: str) -> Path:
    ffmpeg.run(program, ("-f", "lavfi", "-i", source, *options, "-y", str(path)))
    return path


@pytest.fixture
def quiet(each_program: ffmpeg.Ffmpeg, tmp_path: Path) -> Path:
    """Four seconds of silence with a loud second in the middle, as a segment."""
    tone = "aevalsrc=0.4*sin(2*PI*700*t)*between(t\\,1.5\\,2.5):s=48000:d=4"
    path = tmp_path / "clip.mov"
    ffmpeg.run(
        each_program,
        ("-f", "lavfi", "-i", "color=s=90x160:r=30:d=4", "-f", "lavfi", "-i", tone,
         "-c:v", "libx264", "-c:a", "pcm_s16le", "-f", "mov", "-y", str(path)),
    )  # fmt: skip
    take = ClipMedia(path, "ab", Size(90, 160), Fraction(30), 120, has_sound=True)
    segment = tmp_path / "segment.mov"
    make_segment(each_program, Segment.whole(take, Cut(0, 120), Focus(), FRAME), segment)
    return segment


def made(program: ffmpeg.Ffmpeg, segment: Path, mix: Mix, times: int = 1) -> Path:
    target = segment.with_name("out.mp4")
    call = JoinCall("out", (segment,) * times, FRAME, 120 * times, target, mix)
    joined = make_deliverable(program, call)
    assert all(check.holds for check in joined.checks)
    return target


def level(samples: tuple[int, ...], start: float, end: float) -> float:
    """Mean power between two seconds, in dBFS."""
    some = samples[int(start * 48000) : int(end * 48000)]
    return 10 * math.log10(max(sum(v * v for v in some) / len(some), 1e-3) / 32768**2)


def music(path: Path, **more: object) -> MusicTrack:
    given = {"skip": 0, "gain": Decimal(0), "fade_in": 0, "fade_out": 0, **more}
    return MusicTrack(path, path.name, **given)  # type: ignore[arg-type]


def test_music_repeats_to_the_end_and_fades(
    each_program: ffmpeg.Ffmpeg, quiet: Path, tmp_path: Path
) -> None:
    bed = noise(each_program, tmp_path / "bed.wav", "anoisesrc=d=1.3:r=44100:a=0.2")
    mix = Mix(music(bed, fade_in=24000, fade_out=48000, gain=Decimal(-6)))
    seen = facts(made(each_program, quiet, mix))
    assert abs(len(seen.samples) - 4 * 48000) <= 1024
    steady = level(seen.samples, 0.6, 1.4)
    assert abs(level(seen.samples, 2.6, 2.9) - steady) < 1  # the third time round
    assert level(seen.samples, 0, 0.1) < steady - 10
    assert level(seen.samples, 3.9, 4) < steady - 15


def test_music_goes_down_under_speech_and_comes_back(
    each_program: ffmpeg.Ffmpeg, quiet: Path, tmp_path: Path
) -> None:
    bed = noise(each_program, tmp_path / "bed.wav", "sine=5000:d=4:r=48000,volume=6dB")
    heard = {}
    for duck in (False, True):
        samples = facts(made(each_program, quiet, Mix(music(bed), duck=duck))).samples
        heard[duck] = [high(samples, at) for at in (0.5, 2.0, 3.9)]
    before, under, after = (20 * math.log10(d / p) for d, p in zip(*heard.values(), strict=True))
    assert abs(before) < 1  # log10(not ducked / ducked)
    assert 6 < under < 24
    assert abs(after) < 4


def high(samples: tuple[int, ...], at: float) -> float:
    """How much of 5 kHz there is in a twentieth of a second."""
    some = samples[int(at * 48000) : int(at * 48000) + 2400]
    turns = [2 * math.pi * 5000 * n / 48000 for n in range(len(some))]
    real = sum(v * math.cos(t) for v, t in zip(some, turns, strict=True))
    other = sum(v * math.sin(t) for v, t in zip(some, turns, strict=True))
    return math.hypot(real, other)


def test_a_voice_stands_where_it_was_placed_to_the_sample(
    each_program: ffmpeg.Ffmpeg, quiet: Path, tmp_path: Path
) -> None:
    click = "aevalsrc=if(between(n\\,0\\,40)\\,0.9\\,0):s=48000:d=0.2"
    voice = noise(each_program, tmp_path / "voice.wav", click)
    tracks = (Track(voice, "v", 12_345, Decimal(0)), Track(voice, "v", 150_000, Decimal(0)))
    seen = facts(made(each_program, quiet, Mix(voices=tracks))).samples
    for start in (12_345, 150_000):
        window = range(start - 200, start + 200)
        first = next(n for n in window if abs(seen[n]) > 6000)
        assert abs(first - start) <= 24  # half a millisecond: the encoder's own smear


@pytest.mark.parametrize("target", [-23, -14, -9])
def test_the_whole_is_as_loud_as_promised_and_never_too_loud(
    target: int, each_program: ffmpeg.Ffmpeg, quiet: Path, tmp_path: Path
) -> None:
    bed = noise(each_program, tmp_path / "bed.mp3", "anoisesrc=d=3:color=pink:a=0.1")
    out = made(each_program, quiet, Mix(music(bed), duck=True, loudness=Decimal(target)))
    found = decoding.loudness(each_program, out)
    assert found.integrated is not None
    assert abs(found.integrated - target) <= 1
    assert found.peak is not None
    assert found.peak <= -1


def test_silence_stays_silence_whatever_is_promised(
    each_program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mov"
    ffmpeg.run(
        each_program,
        ("-f", "lavfi", "-i", "color=s=90x160:r=30:d=4", "-c:v", "libx264", "-f", "mov", "-y",
         str(path)),
    )  # fmt: skip
    take = ClipMedia(path, "ab", Size(90, 160), Fraction(30), 120, has_sound=False)
    segment = tmp_path / "segment.mov"
    make_segment(each_program, Segment.whole(take, Cut(0, 120), Focus(), FRAME), segment)
    out = made(each_program, segment, Mix(loudness=Decimal(-14)))
    assert decoding.loudness(each_program, out).integrated is None


@pytest.mark.proof
def test_a_hundred_joins_with_music_do_not_drift(
    each_program: ffmpeg.Ffmpeg, quiet: Path, tmp_path: Path
) -> None:
    bed = noise(each_program, tmp_path / "bed.wav", "anoisesrc=d=3:a=0.001")
    seen = facts(made(each_program, quiet, Mix(music(bed)), times=100))
    assert seen.frames == 12_000
    for number in (0, 50, 99):
        start = int((number * 4 + 1.5) * 48000)
        first = next(n for n in range(start - 2000, start + 2000) if abs(seen.samples[n]) > 2500)
        assert abs(first - start) <= 48  # a millisecond


def test_a_playlist_as_music_is_refused(
    each_program: ffmpeg.Ffmpeg, quiet: Path, tmp_path: Path
) -> None:
    secret = noise(each_program, tmp_path / "secret.wav", "sine=d=1")
    trap = tmp_path / "bed.mp3"
    trap.write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    with pytest.raises(FfmpegError):
        made(each_program, quiet, Mix(music(trap)))


def test_the_clips_own_sound_is_kept_lowered_or_muted(
    each_program: ffmpeg.Ffmpeg, quiet: Path, tmp_path: Path
) -> None:
    take = ClipMedia(quiet, "ab", Size(90, 160), Fraction(30), 120, has_sound=True)
    heard = []
    for gain in ("0", "-12", "-Infinity"):
        segment = tmp_path / f"gain{gain}.mov"
        whole = Segment(take, Cut(0, 120), Focus(), FRAME, 0, 120, Decimal(gain))
        make_segment(each_program, whole, segment)
        heard.append(level(facts(segment).samples, 1.6, 2.4))
    kept, lowered, muted = heard
    assert abs(kept - lowered - 12) < 0.5
    assert muted < -90


@pytest.mark.proof
def test_the_same_mix_gives_the_same_file_each_time(
    each_program: ffmpeg.Ffmpeg, quiet: Path, tmp_path: Path
) -> None:
    bed = noise(each_program, tmp_path / "bed.wav", "sine=5000:d=1.7:r=44100")
    voice = noise(each_program, tmp_path / "voice.wav", "sine=300:d=1:r=22050")
    mix = Mix(music(bed), duck=True, voices=(Track(voice, "v", 4800, Decimal(-3)),))
    made_once = {made(each_program, quiet, mix).read_bytes() for _ in range(8)}
    assert len(made_once) == 1
