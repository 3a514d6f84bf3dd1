"""Parts of a sound joined by packets: decoded by PyAV, they are the sound they were made of."""

from array import array
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanx_render.errors import Unjoinable
from wanx_render.finishing.decode_record import Hearing
from wanx_render.finishing.join import join_list
from wanx_render.finishing.mastering import MixOfSegments
from wanx_render.finishing.mix import NO_MIX
from wanx_render.finishing.sound import joins, parts, whole
from wanx_render.finishing.sound.grid import SoundWindow
from wanx_render.media import ffmpeg

RATE, SECONDS = 48_000, 10
SAMPLES = SECONDS * RATE
# As the real ones, but three seconds long.
FIRST = SoundWindow(0, 150, 0, 154 * 1024)
SECOND = SoundWindow(150, 150, 0, 304 * 1024)
THIRD = SoundWindow(300, None, 150 * 1024, SAMPLES)


def encoded(program: ffmpeg.Ffmpeg, names: Path, part: parts.SoundPart, path: Path) -> Hearing:
    """A part of a sound that nothing is mixed to."""
    return parts.encode(MixOfSegments(program, names, NO_MIX, SAMPLES), part, path)


NOTES = "0.3*sin(2*PI*(220+60*floor(mod(t,4)))*t)*(0.6+0.4*sin(2*PI*3*t))"
# Silence for 1.4 s around the end of the first part, which is at 3.18 s.
SOURCE = f"aevalsrc='{NOTES}*(1-between(t,2.4,3.8))|0.7*{NOTES}*(1-between(t,2.4,3.8))'"


def listing(program: ffmpeg.Ffmpeg, folder: Path, source: str = SOURCE) -> Path:
    """A list of three pieces, of which each has a third of a sound."""
    pieces = [folder / f"{number}.mov" for number in range(3)]
    for number, piece in enumerate(pieces):
        cut = f"atrim=start_sample={number * SAMPLES // 3}:end_sample={(number + 1) * SAMPLES // 3}"
        ffmpeg.run(
            program,
            ("-f", "lavfi", "-i", f"{source}:s={RATE}:d={SECONDS},{cut}", "-c:a", "pcm_s16le",
             "-f", "mov", "-y", str(piece)),
        )  # fmt: skip
    path = folder / "list"
    path.write_bytes(join_list(pieces))
    return path


def samples(path: Path) -> "np.ndarray":
    """All of a sound as PyAV decodes it, one row a sample."""
    with av.open(str(path)) as container:
        planar = av.AudioResampler(format="fltp")
        decoded = (one for frame in container.decode(audio=0) for one in planar.resample(frame))
        frames = [frame.to_ndarray() for frame in decoded]
    return np.concatenate(frames, axis=1).T.astype(np.float64)


def spliced(program: ffmpeg.Ffmpeg, target: Path, sources: list[tuple[Path, Hearing]]) -> None:
    """The packets of parts in one file, copied by PyAV alone."""
    with av.open(str(target), "w", format="adts") as output:
        stream = None
        for path, hearing in sources:
            with av.open(str(path)) as container:
                stream = stream or output.add_stream_from_template(container.streams.audio[0])
                packets = [packet for packet in container.demux(audio=0) if packet.size]
                for packet in packets[hearing.before : hearing.before + len(hearing.packets)]:
                    packet.stream, packet.pts, packet.dts = stream, None, None
                    output.mux(packet)


@pytest.fixture(scope="module")
def film(
    program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[tuple[Path, Hearing]]]:
    """The folder of three parts, and each with its record."""
    folder = tmp_path_factory.mktemp("parts")
    names = listing(program, folder)
    made = []
    for window in (FIRST, SECOND, THIRD):
        path = folder / f"part-{window.first}.mov"
        part = parts.SoundPart(window, window.begin)
        made.append((path, encoded(program, names, part, path)))
    return folder, made


def test_parts_joined_by_packets_are_as_near_to_the_source_at_a_join_as_elsewhere(
    program: ffmpeg.Ffmpeg, film: tuple[Path, list[tuple[Path, Hearing]]]
) -> None:
    folder, made = film
    joined = folder / "joined.aac"
    spliced(program, joined, made)
    decoded = samples(joined)[1024 : 1024 + SAMPLES]
    source = np.concatenate([samples(folder / f"{number}.mov") for number in range(3)])
    assert len(decoded) == len(source) == SAMPLES
    noise = ((decoded - source) ** 2).sum(axis=1) + 1e-12  # of silence too
    loud = 10 * np.log10((source**2).sum() / SAMPLES)
    for first in (150, 300):
        near = noise[(first - 9) * 1024 : (first + 8) * 1024].reshape(-1, 1024).mean(axis=1)
        assert loud - 10 * np.log10(near.max()) > 30, first
    assert loud - 10 * np.log10(noise.mean()) > 28


def test_parts_that_follow_each_other_fit_and_others_do_not(
    program: ffmpeg.Ffmpeg, film: tuple[Path, list[tuple[Path, Hearing]]]
) -> None:
    first, second, third = film[1]
    joins.insist_on(program, [first, second, third])
    joins.insist_on(program, [first])
    with pytest.raises(Unjoinable, match="parts 2 and 3"):
        joins.insist_on(program, [first, second, second])


@given(st.integers(0, 31))
def test_another_window_than_in_the_run_up_is_heard(shift: int) -> None:
    """Of a tone at -6 dBFS: two encodings at 50 dB, and joined with an alias of the signal."""
    times = np.arange(2048) + 7 * shift
    tone = 16384 * np.sin(2 * np.pi * 440 / RATE * times)
    noise = np.random.default_rng(shift).normal(0, 37, (3, 2048))
    before, after, good = (array("h", (tone + row).astype(int).tolist()) for row in noise)
    assert joins.fits(before, after, good)
    alias = tone[::-1] * 0.1 * np.linspace(1, 0, 2048)
    assert not joins.fits(before, after, array("h", (tone + alias).astype(int).tolist()))


def test_packets_follow_each_other_at_their_times_in_the_film(
    film: tuple[Path, list[tuple[Path, Hearing]]],
) -> None:
    hearing = whole.combined([hearing for _, hearing in film[1]])
    times = [tuple(map(int, packet.split()[:2])) for packet in hearing.packets]
    assert times[0] == (-1024, 1024)
    assert all(time + length == later for (time, length), (later, _) in pairwise(times))
    assert sum(times[-1]) == SAMPLES
    assert len({hearing.head for _, hearing in film[1]}) == 1


def test_what_is_heard_of_parts_is_what_is_heard_of_the_whole(
    film: tuple[Path, list[tuple[Path, Hearing]]],
) -> None:
    folder, made = film
    hearing = whole.combined([hearing for _, hearing in made])
    source = np.concatenate([samples(folder / f"{number}.mov") for number in range(3)])
    import pyloudnorm  # loads the whole of scipy

    loudness = pyloudnorm.Meter(RATE).integrated_loudness(source)
    assert hearing.integrated is not None and abs(float(hearing.integrated) - loudness) <= 0.1
    peak = 20 * np.log10(np.abs(source).max())
    assert hearing.peak is not None and abs(float(hearing.peak) - peak) <= 0.5
    ((begin, end),) = hearing.silent
    assert abs(begin - 2.4) < 0.05
    assert abs(end - 3.8) < 0.05


def test_silence_has_no_loudness_and_is_one_stretch(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    names = listing(program, tmp_path, "aevalsrc='0|0'")
    heard = [
        encoded(program, names, parts.SoundPart(window, window.begin), tmp_path / "part.mov")
        for window in (FIRST, SECOND, THIRD)
    ]
    hearing = whole.combined(heard)
    assert hearing.integrated is None
    assert hearing.loudness.peak_is_low
    assert [(round(begin, 3), round(end, 3)) for begin, end in hearing.silent] == [(0, SECONDS)]


def test_a_part_is_the_same_of_only_those_pieces_that_it_needs(
    program: ffmpeg.Ffmpeg, film: tuple[Path, list[tuple[Path, Hearing]]], tmp_path: Path
) -> None:
    folder, _ = film
    pieces = [folder / f"{number}.mov" for number in range(3)]
    window = SoundWindow(300, None, 225 * 1024, SAMPLES)
    results = []
    for used, skip in ((pieces, window.begin), (pieces[1:], window.begin - SAMPLES // 3)):
        names, path = tmp_path / "list", tmp_path / "part.mov"
        names.write_bytes(join_list(used))
        part = parts.SoundPart(window, skip)
        results.append((encoded(program, names, part, path), path.read_bytes()))
    assert results[0] == results[1]
