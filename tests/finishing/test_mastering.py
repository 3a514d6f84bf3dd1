"""What the encoder makes of the mix: near to it, as loud as asked, and never too high."""

import math
from decimal import Decimal
from pathlib import Path

import av
import numpy as np
import pytest
from scipy.signal import resample_poly

from wanx_render.finishing import mastering
from wanx_render.finishing.decode_record import Hearing
from wanx_render.finishing.join import join_list
from wanx_render.finishing.mix import Mix
from wanx_render.media import ffmpeg

SECONDS, RATE = 3, 48_000
BEAT = (
    "0.9*sin(2*PI*(45+60*exp(-30*mod(t,0.5)))*mod(t,0.5))*exp(-6*mod(t,0.5))"
    "+0.5*(random(0)-0.5)*exp(-40*mod(t,0.125))+0.15*sin(2*PI*440*t)*sin(2*PI*554*t)"
)


def mastered(
    program: ffmpeg.Ffmpeg, folder: Path, source: str, loudness: float | None = None
) -> tuple[Hearing, "np.ndarray"]:
    """What is said of a sound, and its samples as PyAV decodes them."""
    clip, listing, target = folder / "clip.mov", folder / "list", folder / "sound.mov"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", source, "-c:a", "pcm_f32le", "-f", "mov", "-y", str(clip)),
    )
    listing.write_bytes(join_list([clip]))
    mix = Mix(loudness=None if loudness is None else Decimal(str(loudness)))
    work = mastering.MixOfSegments(program, listing, mix, SECONDS * RATE)
    heard = mastering.encode(work, target)
    assert {path.name for path in folder.iterdir() if path.is_file()} == {
        "clip.mov", "list", "sound.mov",
    }  # fmt: skip
    with av.open(str(target)) as container:
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return heard, np.concatenate(parts, axis=1)[:, : SECONDS * RATE].T


@pytest.mark.parametrize("target", [-10, -14])
def test_a_loud_target_gives_a_film_whose_peaks_hold(
    program: ffmpeg.Ffmpeg, tmp_path: Path, target: int
) -> None:
    source = f"aevalsrc='{BEAT}|{BEAT}':s={RATE}:d={SECONDS}"
    heard, samples = mastered(program, tmp_path, source, target)
    peak = 20 * math.log10(np.abs(resample_poly(samples, 8, 1, axis=0)).max())
    import pyloudnorm  # loads the whole of scipy

    loudness = pyloudnorm.Meter(RATE).integrated_loudness(samples)
    assert peak < -0.95
    assert abs(loudness - target) <= 1.1
    assert heard.notices == ()


def test_a_loudness_out_of_reach_is_a_notice(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    clicks = f"aevalsrc='lt(mod(n,12000),3)|lt(mod(n,12000),3)':s={RATE}:d={SECONDS}"
    heard, samples = mastered(program, tmp_path, clicks, -9)
    assert 20 * math.log10(np.abs(resample_poly(samples, 8, 1, axis=0)).max()) < -0.95
    (notice,) = heard.notices
    assert "LUFS, not -9" in notice
    assert heard.excused == ("loudness", "true peak")


@pytest.mark.parametrize("level", [-1, -12])
@pytest.mark.parametrize("hertz", [220, 997])
def test_a_tone_stays_one(program: ffmpeg.Ffmpeg, tmp_path: Path, hertz: int, level: int) -> None:
    """THD+N of at most -40 dB, its level within 0.1 dB; ffmpeg's coder fast gives -11 and 3 dB."""
    tone = f"{10 ** (level / 20)}*sin(2*PI*{hertz}*t)"
    heard, samples = mastered(program, tmp_path, f"aevalsrc='{tone}|{tone}':s={RATE}:d={SECONDS}")
    part = samples[RATE : 2 * RATE, 0].astype(float)
    turns = 2 * np.pi * hertz * np.arange(RATE) / RATE
    waves = np.stack([np.sin(turns), np.cos(turns)], 1)
    fitted = waves @ np.linalg.lstsq(waves, part, rcond=None)[0]
    rest = 10 * math.log10(((part - fitted) ** 2).sum() / (fitted**2).sum())
    assert rest < -40
    assert abs(10 * math.log10(2 * (fitted**2).mean()) - level) < 0.1
    assert heard.notices == ()


def test_the_other_coder_is_taken_where_it_is_nearer(
    program: ffmpeg.Ffmpeg, tmp_path: Path
) -> None:
    noises = [f"anoisesrc=c=white:a=0.1:r={RATE}:d={SECONDS}:s={seed}" for seed in (1, 2)]
    noise = f"{noises[0]}[a];{noises[1]}[b];[a][b]amerge,aformat=channel_layouts=stereo"
    heard, _ = mastered(program, tmp_path, noise)
    assert heard.notices == ("the sound is encoded with coder fast, which is closer to the mix",)
    silence = f"anullsrc=r={RATE}:cl=stereo,atrim=end={SECONDS}"
    assert mastered(program, tmp_path, silence)[0].notices == ()
