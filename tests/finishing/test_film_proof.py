"""What is written of a film, read again: each place in which it can be wrong is noticed."""

import os
import shutil
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from tests.finishing.test_film import FRAME, LONG, Made, made, take
from wanx_render.finishing.film.assembly import Assembly
from wanx_render.finishing.film.proof import Reading, read
from wanx_render.finishing.join import join_list, template_arguments
from wanx_render.finishing.segment import ClipMedia
from wanx_render.media import ffmpeg
from wanx_render.media.mp4.head import HeadTemplate

__all__ = ["take"]  # a fixture

pytestmark = pytest.mark.proof


@dataclass(frozen=True)
class Written:
    """A film as it was written, and the hash of what was put into it."""

    parts: Made
    assembly: Assembly
    payload: str


@pytest.fixture(scope="module")
def parts(
    program: ffmpeg.Ffmpeg, take: ClipMedia, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    return made(program, take, tmp_path_factory.mktemp("parts"), LONG)


def written(program: ffmpeg.Ffmpeg, parts: Made, folder: Path, *steps: int) -> Written:
    """The film of which so many segments, and so many more, were there first; then its sound."""
    listing, head = folder / "list", folder / "head.mp4"
    listing.write_bytes(join_list(parts.segments[:1]))
    ffmpeg.run(program, template_arguments(listing, parts.sound, head, FRAME.rate))
    assembly = Assembly(folder / "film.mp4", parts.frames, FRAME.rate)
    for count in steps:
        assembly.take(parts.segments[:count], [parts.sound])
    assembly.take(parts.segments, [parts.sound])
    return Written(parts, assembly, assembly.film.close(HeadTemplate.of(head)))


@pytest.fixture(scope="module")
def film(
    program: ffmpeg.Ffmpeg, parts: Made, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Written]:
    film = written(program, parts, tmp_path_factory.mktemp("film"))
    yield film
    film.assembly.discard()


def reading(program: ffmpeg.Ffmpeg, film: Written, path: Path) -> Reading:
    (hearing,) = film.assembly.hearings
    return read(
        program,
        path,
        film.assembly.pieces,
        hearing,
        tracks=film.assembly.film.tracks,
        payload=film.payload,
    )


def test_a_film_is_the_same_bytes_however_it_came_together(
    program: ffmpeg.Ffmpeg, film: Written, parts: Made, tmp_path: Path
) -> None:
    other = written(program, parts, tmp_path, 1, 2, 17, 30)
    assert other.assembly.part.read_bytes() == film.assembly.part.read_bytes()
    assert other.payload == film.payload


def test_what_was_begun_is_written_before_the_rest_is_there(
    program: ffmpeg.Ffmpeg, parts: Made, tmp_path: Path
) -> None:
    assembly = Assembly(tmp_path / "film.mp4", parts.frames, FRAME.rate)
    sizes = []
    for count in (10, 20):
        assembly.take(parts.segments[:count], [parts.sound])
        sizes.append(assembly.part.stat().st_size)
    assert sizes[1] - sizes[0] > 0.9 * (sizes[0] - assembly.film.space) > 0
    assert assembly.continues(parts.segments, [parts.sound])
    assert not assembly.continues((tmp_path / "other.mov", *parts.segments), [parts.sound])


@pytest.mark.parametrize("size", [None, 1000])
def test_what_was_begun_and_is_gone_or_cut_off_is_not_gone_on_with(
    parts: Made, tmp_path: Path, size: int | None
) -> None:
    assembly = Assembly(tmp_path / "film.mp4", parts.frames, FRAME.rate)
    assembly.take(parts.segments[:10], [parts.sound])
    assert assembly.continues(parts.segments, [parts.sound])
    if size is None:
        assembly.part.unlink()
    else:
        os.truncate(assembly.part, size)
    assert not assembly.continues(parts.segments, [parts.sound])


def test_a_film_that_is_as_it_was_written_is_found_so(
    program: ffmpeg.Ffmpeg, film: Written
) -> None:
    result = reading(program, film, film.assembly.part)
    assert (result.changed, result.sound_changed) == ((), False)
    picture, sound = result.probed.picture, result.probed.sound
    assert (picture.frames, picture.rate, picture.uniform) == (60 * LONG, 30, True)
    assert picture.duration == 2 * LONG
    assert sound and sound.duration == 2 * LONG


def place(data: bytes, name: bytes, number: int = 0) -> int:
    """Where the content of such a box begins."""
    at = -1
    for _ in range(number + 1):
        at = data.index(name, at + 1)
    return at + 4


def flipped(at: Callable[[bytes], int]) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[at(bytes(data))] ^= 1

    return change


def exchanged(data: bytearray) -> None:
    """The sizes of two packets in the middle, each with the other's."""
    at = place(bytes(data), b"stsz") + 12 + 4 * 900
    sizes = struct.unpack_from(">II", data, at)
    struct.pack_into(">II", data, at, *reversed(sizes))


def changed_places(data: bytearray) -> None:
    """Two chunks of sound in the middle, each at the other's place."""
    at = place(bytes(data), b"stco", 1) + 8 + 4 * 300
    places = struct.unpack_from(">II", data, at)
    struct.pack_into(">II", data, at, *reversed(places))


def other_chunks(data: bytearray) -> None:
    """Two chunks of sound in the middle, each with as many packets as the other."""
    at = place(bytes(data), b"stsc", 1) + 8
    rows = [struct.unpack_from(">III", data, at + 12 * n) for n in range(40)]
    firsts = [first for first, _, _ in rows]
    number = next(n for n in range(10, 38) if firsts[n + 2] - firsts[n] == 2)
    for this, other in ((0, 1), (1, 0)):
        count = rows[number + other][1]
        struct.pack_into(">I", data, at + 12 * (number + this) + 4, count)


def other_order(data: bytearray) -> None:
    """When two pictures in the middle are shown, each at the other's time."""
    at = place(bytes(data), b"ctts") + 8 + 8 * 700
    (one, first), (other, second) = (struct.unpack_from(">Ii", data, at + 8 * n) for n in (0, 1))
    assert first != second
    struct.pack_into(">IiIi", data, at, one, second, other, first)


def exchanged_box(data: bytearray, start: int, size: int, box: bytes) -> None:
    """Another box in the tables of the pictures; the packets stay where they are."""
    data[start : start + size] = box
    longer = len(box) - size
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        at = data.index(name) - 4
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + longer)
    free = data.index(b"free") - 4
    struct.pack_into(">I", data, free, struct.unpack_from(">I", data, free)[0] - longer)
    del data[free + 8 : free + 8 + longer]


def other_lengths(data: bytearray) -> None:
    """A picture in the middle that lasts a tick longer, and the next a tick less."""
    start = data.index(b"stts") - 4
    size, _, _, count, frames, tick = struct.unpack_from(">I4sIIII", data, start)
    assert (size, count) == (24, 1)
    runs = [(900, tick), (1, tick + 1), (1, tick - 1), (frames - 902, tick)]
    table = b"".join(struct.pack(">II", *run) for run in runs)
    box = struct.pack(">I4sII", size + 24, b"stts", 0, len(runs)) + table
    exchanged_box(data, start, size, box)


def dependence(data: bytearray) -> None:
    """No picture is needed by another one, it says."""
    box = struct.pack(">I4sI", 12 + 60 * LONG, b"sdtp", 0) + b"\x08" * (60 * LONG)
    exchanged_box(data, data.index(b"stss") - 4, 0, box)


def late(data: bytearray) -> None:
    """All pictures are shown a frame later."""
    at = place(bytes(data), b"elst") + 12
    (begins,) = struct.unpack_from(">i", data, at)
    (tick,) = struct.unpack_from(">I", data, place(bytes(data), b"stts") + 12)
    assert begins >= tick
    struct.pack_into(">i", data, at, begins - tick)


CHANGES: dict[str, Callable[[bytearray], None]] = {
    "a bit of the first packet": flipped(lambda data: place(data, b"mdat") + 40),
    "a bit in the middle": flipped(lambda data: (place(data, b"mdat") + len(data)) // 2),
    "the last bit": flipped(lambda data: len(data) - 1),
    "the size of a picture": flipped(lambda data: place(data, b"stsz") + 12 + 4 * 1000 + 3),
    "sizes of neighbours": exchanged,
    "the place of a picture": flipped(lambda data: place(data, b"stco") + 8 + 4 * 800 + 3),
    "the size of a packet of sound": flipped(lambda data: place(data, b"stsz", 1) + 12 + 4 * 999),
    "the place of a packet of sound": flipped(lambda data: place(data, b"stco", 1) + 8 + 403),
    "when all pictures are shown": late,
    "how many pictures last so long": flipped(lambda data: place(data, b"stts") + 11),
    "which picture is a key": flipped(lambda data: place(data, b"stss") + 8 + 4 * 8 + 3),
    "how many keys there are": flipped(lambda data: place(data, b"stss") + 7),
    "what a picture depends on": dependence,
    "places of neighbours": changed_places,
    "packets of neighbouring chunks": other_chunks,
    "times of neighbours": other_order,
    "lengths of neighbours": other_lengths,
    "what the decoder is given first": flipped(lambda data: place(data, b"avcC") + 20),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_changed_in_the_film_is_noticed(
    program: ffmpeg.Ffmpeg, film: Written, tmp_path: Path, change: str
) -> None:
    path = tmp_path / "changed.mp4"
    data = bytearray(film.assembly.part.read_bytes())
    CHANGES[change](data)
    path.write_bytes(data)
    try:
        result = reading(program, film, path)
    except ffmpeg.FfmpegError:
        return
    assert result.changed or result.sound_changed


def test_a_film_that_is_cut_off_is_noticed(
    program: ffmpeg.Ffmpeg, film: Written, tmp_path: Path
) -> None:
    path = tmp_path / "cut.mp4"
    shutil.copyfile(film.assembly.part, path)
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size - 1)
    try:
        result = reading(program, film, path)
    except ffmpeg.FfmpegError:
        return
    assert result.changed


def test_labels_that_do_not_fit_into_the_space_make_it_written_once_more(
    program: ffmpeg.Ffmpeg, parts: Made, tmp_path: Path
) -> None:
    """As a short film is: its head is as long as it must be."""
    film = written(program, parts, tmp_path)
    tight = Assembly(tmp_path / "tight.mp4", parts.frames, Fraction(30))
    tight.film.space = 5000
    tight.take(parts.segments, [parts.sound])
    assert tight.film.close(HeadTemplate.of(tmp_path / "head.mp4")) == film.payload
    assert tight.part.stat().st_size < film.assembly.part.stat().st_size
    result = reading(program, film, tight.part)
    assert (result.changed, result.sound_changed) == ((), False)
