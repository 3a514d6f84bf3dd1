"""A part of a mix: its samples are those of the whole mix, whatever is laid over the clips."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import ffmpeg as graph
import numpy as np
import pytest

from tests.tiers import sample
from wanx_render.errors import Unjoinable
from wanx_render.finishing import mastering
from wanx_render.finishing.join import join_list, window_stream
from wanx_render.finishing.mix import Level, Mix, MusicTrack, Track, mixed
from wanx_render.finishing.sound import joins, parts
from wanx_render.finishing.sound.grid import windows
from wanx_render.media import ffmpeg

RATE, SECONDS, SHOTS = 48_000, 2, 45
LENGTH = RATE * SECONDS * SHOTS
LATE = 60 * RATE


@pytest.fixture(scope="module")
def media(program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips that speak in bursts, music of three lengths, and a voice at other rates than ours."""
    folder = tmp_path_factory.mktemp("mix")
    burst = "0.3*(random({n})-0.5)*lt(mod(t+{n}/7,2),0.6)"
    for n in range(5):
        made(program, folder / f"{n}.mov", f"{burst.format(n=n)}|{burst.format(n=n + 9)}", RATE, 2)
    tone = "0.2*sin(2*PI*330*t)*(1+sin(2*PI*t/3))"
    made(program, folder / "short.mp3", f"{tone}|{tone}", 44_100, 7.3, "libmp3lame", "mp3")
    made(program, folder / "long.mp3", f"{tone}|{tone}", 44_100, 130, "libmp3lame", "mp3")
    made(program, folder / "voice.wav", "0.4*sin(2*PI*200*t)*lt(mod(t,1),0.7)", 22_050, 5)
    return folder


def made(
    program: ffmpeg.Ffmpeg,
    path: Path,
    wave: str,
    rate: int,
    seconds: float,
    codec: str = "pcm_s16le",
    container: str = "",
) -> None:
    source = f"aevalsrc='{wave}':s={rate}:d={seconds}"
    form = container or path.suffix[1:]
    arguments = ("-f", "lavfi", "-i", source, "-c:a", codec, "-f", form, "-y", str(path))
    ffmpeg.run(program, arguments)


def music(media: Path, name: str = "short.mp3", **more: int) -> MusicTrack:
    settings = {"skip": 0, "fade_in": 0, "fade_out": 0, **more}
    return MusicTrack(media / name, name, gain=Decimal(-3), **settings)


def mixes(media: Path) -> dict[str, Mix]:
    first = Track(media / "voice.wav", "v", 5 * RATE + 17, Decimal(-2), 1)
    late = Track(media / "voice.wav", "v", LATE, Decimal(0), 1)
    across = Track(media / "voice.wav", "v", 1500 * 1024 - 1000, Decimal(0), 1)
    faded = music(media, skip=RATE, fade_in=3 * RATE, fade_out=20 * RATE)
    return {
        "music that begins again": Mix(music(media, skip=1000)),
        "all of it, ducked": Mix(faded, True, (first, late, across), ends=(RATE, 2 * RATE)),
        "long music": Mix(music(media, "long.mp3", skip=5 * RATE)),
        "voices": Mix(voices=(first, late, across)),
        "fades": Mix(ends=(3 * RATE, 30 * RATE)),
        "ducked by clips": Mix(music(media), True),
        "all of it, limited": Mix(faded, True, (first, late, across), ends=(RATE, 2 * RATE)),
    }


NAMES = ("all of it, ducked", "music that begins again", "long music", "voices", "fades",
         "ducked by clips", "all of it, limited")  # fmt: skip


def pcm(program: ffmpeg.Ffmpeg, stream: object, target: Path) -> "np.ndarray":
    """The samples of a stream as floats, a row of two channels each."""
    stream = graph.output(stream, f"file:{target}", **{"c:a": "pcm_f32le", "f": "f32le"})
    ffmpeg.run(program, list(stream.overwrite_output().compile()[1:]))
    return np.fromfile(target, np.float32).reshape(-1, 2)


def work_of(
    program: ffmpeg.Ffmpeg, media: Path, mix: Mix, shots: Sequence[int], listing: Path
) -> mastering.MixOfSegments:
    listing.write_bytes(join_list([media / f"{n % 5}.mov" for n in shots]))
    return mastering.MixOfSegments(program, listing, mix, LENGTH)


def whole_of(work: mastering.MixOfSegments, folder: Path, level: Level) -> "np.ndarray":
    """The mix as it is where a sound is made as a whole."""
    work = mastering.looped(work)
    clips = graph.input(f"file:{work.listing}", f="concat", safe=0, protocol_whitelist="file")
    mix, _ = mastering.ducked(work, folder / "gains")
    stream = mixed(clips.audio, mix, LENGTH, level)
    samples = pcm(work.program, stream, folder / "whole")
    assert len(samples) == LENGTH
    return samples


@pytest.mark.parametrize("name", sample(2, NAMES))
def test_the_mix_of_a_part_has_the_samples_of_the_whole(
    each_program: ffmpeg.Ffmpeg, media: Path, tmp_path: Path, name: str
) -> None:
    mix = mixes(media)[name]
    limited = name == "all of it, limited"
    level = Level(Decimal(9), limited=True) if limited else Level()
    whole = whole_of(
        work_of(each_program, media, mix, range(SHOTS), tmp_path / "l"), tmp_path, level
    )
    for window in windows(LENGTH):
        first = window.begin // (SECONDS * RATE)
        part = parts.SoundPart(window, window.begin - first * SECONDS * RATE)
        own = work_of(each_program, media, mix, range(first, SHOTS), tmp_path / "own")
        made = replace(parts.window_of_mix(own, part, tmp_path / "own-gains"), level=level)
        samples = pcm(each_program, window_stream(own.listing, made), tmp_path / "part")
        assert len(samples) == window.end - window.begin
        difference = np.abs(samples - whole[window.begin : window.end])
        # All that is heard of its packets, and of those before and after them.
        heard = difference[max(window.first - 8, 0) * 1024 - window.begin : -1024]
        assert heard.max() < 2e-7, window.first
        assert np.abs(samples).max() > 0.1


def test_parts_of_other_mixes_are_not_joined(
    program: ffmpeg.Ffmpeg, media: Path, tmp_path: Path
) -> None:
    """Each part has a hash of the mix where it meets the next."""
    work = work_of(program, media, mixes(media)["voices"], range(SHOTS), tmp_path / "list")
    other = replace(work, mix=mixes(media)["music that begins again"])
    sounds = []
    for number, (window, source) in enumerate(
        zip(windows(LENGTH), (work, work, other), strict=True)
    ):
        path = tmp_path / f"{number}.mov"
        sounds.append((path, parts.encode(source, parts.SoundPart(window, window.begin), path)))
    joins.insist_on(program, sounds[:2])
    with pytest.raises(Unjoinable, match="parts 2 and 3"):
        joins.insist_on(program, sounds)
