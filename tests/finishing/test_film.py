"""A film's file: held to what ffmpeg's own concat makes of the same segments and sound."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.tiers import sample
from wanx_render.finishing.jobs import (
    JoinCall,
    SoundCall,
    make_deliverable,
    make_segment,
    make_sound,
)
from wanx_render.finishing.join import join_list
from wanx_render.finishing.mix import NO_MIX
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Codec, Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import SAMPLE_RATE, Cut, samples_in

FRAME = Frame(Size(144, 256), Fraction(30), "crop", "black")
SHORT, LONG = 3, 31  # segments of two seconds: below and above a minute


@pytest.fixture(scope="session")
def take(program: ffmpeg.Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> ClipMedia:
    path = tmp_path_factory.mktemp("film") / "clip.mp4"
    picture, sound = "testsrc2=s=144x256:r=30:d=2", "anoisesrc=c=pink:a=0.2:r=48000:d=2:seed=1"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-c:v", "libx264",
         "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", "-y", str(path)),
    )  # fmt: skip
    return ClipMedia(path, "ab" * 32, Size(144, 256), Fraction(30), 60, True)


@dataclass(frozen=True)
class Made:
    """A segment and the sound of a film that has it so many times."""

    segments: tuple[Path, ...]
    sound: Path
    frame: Frame
    frames: int

    def call(self, target: Path) -> JoinCall:
        return JoinCall(
            "film", self.segments, self.frame, self.frames, target, sounds=(self.sound,)
        )


def made(
    program: ffmpeg.Ffmpeg, take: ClipMedia, folder: Path, times: int, frame: Frame = FRAME
) -> Made:
    piece = Segment.whole(take, Cut(0, take.frames), Focus(), frame)
    path, sound = folder / "segment.mov", folder / "sound.mov"
    make_segment(program, piece, path)
    frames = times * piece.frames
    make_sound(program, SoundCall((path,) * times, samples_in(frames, frame.rate), NO_MIX, sound))
    return Made((path,) * times, sound, frame, frames)


def by_ffmpeg(program: ffmpeg.Ffmpeg, parts: Made, target: Path) -> Path:
    """What ffmpeg's demuxer ``concat`` and its mp4 muxer make of them."""
    listing = target.with_suffix(".ffconcat")
    listing.write_bytes(join_list(parts.segments))
    rate = parts.frame.rate
    scale = rate.numerator * (512 if rate.denominator == 1 else 1)
    tick = int(scale / rate)
    ffmpeg.run(
        program,
        ("-f", "concat", "-safe", "0", "-auto_convert", "0", "-protocol_whitelist", "file",
         "-i", ffmpeg.file_url(listing), "-i", str(parts.sound), "-map", "0:v", "-map", "1:a",
         "-c", "copy", "-bsf:v", f"setts=pts=round(PTS/{tick})*{tick}:dts=round(DTS/{tick})*{tick}",
         "-flags", "+bitexact", "-fflags", "+bitexact", "-map_metadata", "-1",
         "-video_track_timescale", str(scale), "-movflags", "+faststart", "-y", str(target)),
    )  # fmt: skip
    return target


CASES: dict[str, tuple[Codec, Fraction]] = {
    "h264": ("h264", Fraction(30)),
    "h264 at 29.97": ("h264", Fraction(30000, 1001)),
    "h265": ("h265", Fraction(24)),
    "av1": ("av1", Fraction(30)),
    "h265 at 23.976": ("h265", Fraction(24000, 1001)),
}


@pytest.mark.parametrize("case", sample(2, CASES))
def test_a_short_film_is_byte_for_byte_what_ffmpeg_joins(
    each_program: ffmpeg.Ffmpeg, take: ClipMedia, tmp_path: Path, case: str
) -> None:
    codec, rate = CASES[case]
    parts = made(each_program, take, tmp_path, SHORT, replace(FRAME, codec=codec, rate=rate))
    make_deliverable(each_program, parts.call(tmp_path / "film.mp4"))
    expected = by_ffmpeg(each_program, parts, tmp_path / "expected.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("name", ["film.mp4", "film.mov"])
def test_so_is_a_silent_film_of_few_pictures_in_either_container(
    program: ffmpeg.Ffmpeg, take: ClipMedia, tmp_path: Path, name: str
) -> None:
    """All packets of its sound have one size, and a picture outlasts many of them."""
    silent, frame = replace(take, has_sound=False), replace(FRAME, rate=Fraction(5))
    parts = made(program, silent, tmp_path, 1, frame)
    make_deliverable(program, parts.call(tmp_path / name))
    expected = by_ffmpeg(program, parts, tmp_path / f"expected.{name}")
    assert (tmp_path / name).read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("codec", ["h264", "av1"])
def test_the_sound_of_a_film_has_that_of_all_its_segments(
    each_program: ffmpeg.Ffmpeg, take: ClipMedia, tmp_path: Path, codec: Codec
) -> None:
    """Fast and held, as it is, and one frame alone: filters give their sound in unlike portions."""
    cuts = (Cut(0, 60, Fraction(3, 2), hold=Fraction(1)), Cut(0, 30), Cut(30, 1))
    frame = replace(FRAME, codec=codec)
    pieces = [Segment.whole(take, cut, Focus(), frame) for cut in cuts]
    paths = tuple(tmp_path / f"{number}.mov" for number in range(len(pieces)))
    for piece, path in zip(pieces, paths, strict=True):
        make_segment(each_program, piece, path)
    samples, sound = samples_in(sum(piece.frames for piece in pieces), FRAME.rate), tmp_path / "s"
    make_sound(each_program, SoundCall(paths, samples, NO_MIX, sound))
    heard = [max(map(abs, portion)) for portion in portions(sound, SAMPLE_RATE // 10)]
    held = range(14, 23)  # tenths of a second
    assert len(heard) == -(-10 * samples // SAMPLE_RATE)
    assert all((level < 0.001) == (n in held) for n, level in enumerate(heard)), heard


def portions(path: Path, samples: int) -> Iterator[tuple[float, ...]]:
    """What is heard of a file, without the encoder's beginning, by so many samples."""
    with av.open(str(path)) as container:
        values = [
            value for frame in container.decode(audio=0) for value in frame.to_ndarray()[0].tolist()
        ]
    return (tuple(values[at : at + samples]) for at in range(0, len(values), samples))


def packets(path: Path) -> list[tuple[int, int | None, int | None, int | None, bool, bytes]]:
    with av.open(str(path)) as container:
        return [
            (p.stream.index, p.pts, p.dts, p.duration, p.is_keyframe, bytes(p))
            for p in container.demux()
            if p.size
        ]


def boxes(path: Path) -> dict[str, bytes]:
    data, at, found = path.read_bytes(), 0, {}
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        found[name.decode()] = data[at + 8 : at + size]
        at += size
    return found


@pytest.mark.proof
@pytest.mark.parametrize("case", ["h264 at 29.97", "h265"])
def test_a_long_film_has_the_packets_of_ffmpegs_join_in_their_order_behind_a_larger_space(
    each_program: ffmpeg.Ffmpeg, take: ClipMedia, tmp_path: Path, case: str
) -> None:
    codec, rate = CASES[case]
    parts = made(each_program, take, tmp_path, LONG, replace(FRAME, codec=codec, rate=rate))
    film = tmp_path / "film.mp4"
    make_deliverable(each_program, parts.call(film))
    expected = by_ffmpeg(each_program, parts, tmp_path / "expected.mp4")
    assert packets(film) == packets(expected)
    ours, theirs = boxes(film), boxes(expected)
    assert list(ours) == list(theirs) == ["ftyp", "moov", "free", "mdat"]
    assert (ours["ftyp"], ours["mdat"]) == (theirs["ftyp"], theirs["mdat"])
    assert len(ours["moov"]) == len(theirs["moov"])
    longer = len(ours["free"]) - len(theirs["free"])
    assert shifted(theirs["moov"], longer) == ours["moov"]


def shifted(moov: bytes, by: int) -> bytes:
    """The head of a film whose packets are so many bytes further behind."""
    data, at = bytearray(moov), 0
    while (at := moov.find(b"stco", at) + 4) > 3:
        (count,) = struct.unpack_from(">I", moov, at + 4)
        for place in range(at + 8, at + 8 + 4 * count, 4):
            struct.pack_into(">I", data, place, struct.unpack_from(">I", moov, place)[0] + by)
    return bytes(data)
