"""The head of a film: that which ffmpeg writes for its first packets, with the tables of all.

So what describes pictures, sound and labels is ffmpeg's own, and only counts, times, sizes and
places are written here (ISO/IEC 14496-12, section 8).
"""

import struct
import sys
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, compress, repeat
from operator import add, ne
from pathlib import Path

from wanx_render.errors import FfmpegError
from wanx_render.language import tr
from wanx_render.media.mp4.boxes import FileBox, built, is_folder, split
from wanx_render.media.mp4.layout import FilmTrack
from wanx_render.media.mp4.tables import Runs, kind_of, read_moov, timescale_of, track

_LARGEST = 0xFFFFFFFF
_FREE, _MDAT = 8, 8  # bytes of an empty box, and of the head of another
# Bytes of a sample entry before its boxes: of pictures, and of sound by the version of QuickTime's.
_PICTURE_FIELDS, _SOUND_FIELDS = 78, {0: 28, 1: 44, 2: 64}
# Boxes with a duration: bytes before it in version 0, and whether it is in ticks of the film.
_HEADS = {b"mvhd": (12, True), b"tkhd": (16, True), b"mdhd": (12, False)}


@dataclass(frozen=True, slots=True)
class HeadTemplate:
    """A short film of the same kind: its brands, and all that is said of its tracks."""

    brands: bytes
    moov: FileBox

    @classmethod
    def of(cls, path: Path) -> "HeadTemplate":
        """The template at ``path``, an mp4 or mov of ffmpeg's. Raises FfmpegError, OSError."""
        brands = next(split(path.read_bytes()[:64]), None)
        if brands is None or brands.name != b"ftyp":
            raise FfmpegError(tr("the file has no box {name}", name="ftyp"))
        return cls(bytes(brands), read_moov(path))

    @property
    def marks_dependence(self) -> bool:
        """Whether it may say what depends on a picture; one of AV1 says so itself."""
        videos = (box for box in self.moov.inner if box.name == b"trak" and kind_of(box) == "vide")
        table = next(videos).get(b"mdia", b"minf", b"stbl", b"stsd")
        return table.content[12:16] != b"av01"


def head(template: HeadTemplate, tracks: Mapping[str, FilmTrack], space: int) -> bytes:
    """All that stands before the first packet, which is at byte ``space``.

    Where ``space`` is 0, the head is as long as it must be. Raises ValueError where it is too long.
    """
    payload = sum(table.bytes for table in tracks.values())
    is_large = payload + _MDAT > _LARGEST
    wide = payload + space > _LARGEST - (1 << 28)  # with room for a head of ordinary size
    moov = _moov(template.moov, tracks, space, wide=wide)
    length = len(template.brands) + len(moov)
    start = space or length + _FREE + _MDAT
    gap = start - length - _MDAT * (2 if is_large else 1)
    if gap < 0 or 0 < gap < _FREE:
        raise ValueError(gap)
    free = built(_empty(template), bytes(gap - _FREE)) if gap else b""
    moov = moov if space else _moov(template.moov, tracks, start, wide=wide)
    return template.brands + moov + free + _mdat(payload, is_large=is_large)


def _empty(template: HeadTemplate) -> bytes:
    """What ffmpeg calls the empty box before the packets."""
    return b"wide" if template.brands[8:12] == b"qt  " else b"free"


def _mdat(payload: int, *, is_large: bool) -> bytes:
    if is_large:
        return struct.pack(">I4sQ", 1, b"mdat", payload + 16)
    return struct.pack(">I4s", payload + _MDAT, b"mdat")


def _moov(moov: FileBox, tracks: Mapping[str, FilmTrack], start: int, *, wide: bool) -> bytes:
    traks = {kind_of(box): box for box in moov.inner if box.name == b"trak"}
    times = {
        kind: _TrackTimes(*_lengths(trak, moov, tracks[kind]), tracks[kind], start, wide)
        for kind, trak in traks.items()
    }
    parts = []
    for box in moov.inner:
        if box.name == b"trak":
            parts.append(_changed(box, times[kind_of(box)]))
        elif box.name == b"mvhd":
            longest = max(entry.shown for entry in times.values())
            parts.append(_lasting(box, longest, _HEADS[box.name][0]))
        else:
            parts.append(bytes(box))
    return built(b"moov", *parts)


def _lengths(trak: FileBox, moov: FileBox, film_track: FilmTrack) -> tuple[int, int]:
    """How long a track is shown, in ticks of the film, and how long it is, in its own.

    Versions of ffmpeg differ in whether what comes before the presentation counts, so that the
    template is followed. Pictures are shown for as long as they last.
    """
    scale = timescale_of(moov.get(b"mvhd").content)
    length = shown = film_track.ticks
    if kind_of(trak) == "soun":
        short = track(moov, "soun")
        ticks = short.durations.total
        length += _duration(trak.get(b"mdia", b"mdhd")) - ticks
        if _duration(trak.get(b"tkhd")) * short.timescale < ticks * scale:
            shown -= film_track.begins
    return -(-shown * scale // film_track.timescale), length


@dataclass(frozen=True, slots=True)
class _TrackTimes:
    """What of a track of the template is not that of the film."""

    shown: int  # in ticks of the film
    length: int  # in ticks of the track
    table: FilmTrack
    start: int  # where the first packet of the film is
    wide: bool  # whether places need 64 bits


def _changed(box: FileBox, times: _TrackTimes) -> bytes:
    """A box of a track, with what is the film's."""
    if box.name in _HEADS:
        before, in_film = _HEADS[box.name]
        return _lasting(box, times.shown if in_film else times.length, before)
    if box.name == b"elst":
        return _edit(box, times)
    if box.name == b"stbl":
        return built(b"stbl", *_tables(box, times))
    if is_folder(box):
        return built(box.name, *(_changed(inner, times) for inner in box.inner))
    return bytes(box)


def _duration(box: FileBox) -> int:
    """The duration that a box states: two dates stand before it."""
    content, before = box.content, _HEADS[box.name][0]
    form, at = (">Q", before + 12) if content[0] else (">I", before + 4)
    value: int = struct.unpack_from(form, content, at)[0]
    return value


def _lasting(box: FileBox, duration: int, before: int) -> bytes:
    """Such a head with another duration; with 64 bits where it needs them."""
    content = box.content
    is_long = bool(content[0])
    flags, dates = content[1:4], 16 if is_long else 8
    middle = content[4 + dates : before + (12 if is_long else 4)]
    rest = content[before + (20 if is_long else 8) :]
    if duration > _LARGEST:
        return built(box.name, b"\1", flags, bytes(16), middle, struct.pack(">Q", duration), rest)
    return built(box.name, b"\0", flags, bytes(8), middle, struct.pack(">I", duration), rest)


def _edit(box: FileBox, times: _TrackTimes) -> bytes:
    """The only entry of an edit list: all of the track, from where it begins."""
    flags, speed = box.content[1:4], box.content[-4:]
    if times.shown > _LARGEST:
        entry = struct.pack(">IQq", 1, times.shown, times.table.begins)
        return built(b"elst", b"\1", flags, entry, speed)
    entry = struct.pack(">IIi", 1, times.shown, times.table.begins)
    return built(b"elst", b"\0", flags, entry, speed)


def _tables(template: FileBox, times: _TrackTimes) -> Iterator[bytes]:
    """The tables of a track, in ffmpeg's order."""
    table, description = times.table, template.get(b"stsd")
    yield _description(description, times)
    yield _pairs(b"stts", table.durations)
    if keys := table.marked:
        yield built(b"stss", struct.pack(">II", 0, len(keys)), _swapped(keys))
    if dependence := table.dependence:
        yield built(b"sdtp", bytes(4), bytes(dependence))
    if any(table.shifts.values):
        yield _pairs(b"ctts", table.shifts)
    yield _chunks(table.counts)
    yield _sizes(table.sizes)
    yield _places(table.chunks, times.start, wide=times.wide)
    roll, group = template.find(b"sgpd"), template.find(b"sbgp")
    if roll and group and roll.content[4:8] == b"roll":  # of sound: each packet needs one before
        rows = struct.pack(">I4sIII", 0, b"roll", 1, len(table.sizes), 1)
        yield from (bytes(roll), built(b"sbgp", rows))


def _pairs(name: bytes, runs: Runs) -> bytes:
    return built(name, struct.pack(">II", 0, len(runs)), _rows(runs.counts, runs.values))


def _rows(*columns: "array[int]") -> bytes:
    """A table of these columns, row by row."""
    values = array(columns[0].typecode, bytes(sum(len(data) * data.itemsize for data in columns)))
    for number, column in enumerate(columns):
        values[number :: len(columns)] = column
    return _swapped(values)


def _sizes(sizes: "array[int]") -> bytes:
    """The size of each packet; one for all where they have the same."""
    if len(set(sizes)) == 1:
        return built(b"stsz", struct.pack(">III", 0, sizes[0], len(sizes)))
    return built(b"stsz", struct.pack(">III", 0, 0, len(sizes)), _swapped(sizes))


def _chunks(counts: "array[int]") -> bytes:
    """How many packets each chunk has, named where that changes."""
    is_new = map(ne, counts, chain((0,), counts))
    firsts = array("I", compress(range(1, len(counts) + 1), is_new))
    rows = _rows(
        firsts, array("I", (counts[n - 1] for n in firsts)), array("I", (1,)) * len(firsts)
    )
    return built(b"stsc", struct.pack(">II", 0, len(firsts)), rows)


def _places(chunks: "array[int]", start: int, *, wide: bool) -> bytes:
    places = array("Q" if wide else "I", map(add, chunks, repeat(start)))
    count = struct.pack(">II", 0, len(places))
    return built(b"co64" if wide else b"stco", count, _swapped(places))


def _swapped(values: "array[int]") -> bytes:
    """The numbers with the highest byte first."""
    if sys.byteorder == "little":
        values = values[:]
        values.byteswap()
    return values.tobytes()


# -- bit rates ---------------------------------------------------------------------------------


def _description(stsd: FileBox, times: _TrackTimes) -> bytes:
    """What describes the packets of a track, with the bit rate of the film."""
    entry = next(split(stsd.content, 8))
    fields = _SOUND_FIELDS[entry.content[9]] if entry.name == b"mp4a" else _PICTURE_FIELDS
    rate = times.table.bytes * 8 * times.table.timescale // max(times.length, 1)
    content = entry.content[:fields] + _with_rate(entry.content[fields:], rate)
    return built(b"stsd", stsd.content[:8], built(entry.name, content))


def _with_rate(data: bytes, rate: int) -> bytes:
    """Boxes with the mean ``rate``, and the zeros that may end them in a mov."""
    boxes = tuple(split(data))
    end = data[sum(len(bytes(box)) for box in boxes) :]
    return b"".join(bytes(_rated(box, rate)) for box in boxes) + end


def _rated(box: FileBox, rate: int) -> FileBox:
    """A box with the mean ``rate`` in bits a second, where it is one that has it.

    ``btrt``: ISO/IEC 14496-12, 8.5.2; ``esds``: ISO/IEC 14496-1, 7.2.6.6.
    """
    content, rates = box.content, struct.pack(">II", rate, rate)
    if box.name == b"wave":  # of a mov, around its esds
        return FileBox(box.name, _with_rate(content, rate))
    if box.name == b"btrt":
        return FileBox(box.name, content[:4] + rates)
    if box.name == b"esds" and (at := _decoder(content)):
        return FileBox(box.name, content[: at + 5] + rates + content[at + 13 :])
    return box


def _decoder(esds: bytes) -> int:
    """Where the description of the decoder begins, behind its tag and length; 0: nowhere."""
    at = 4
    while at < len(esds):
        tag = esds[at]
        at += 1
        while esds[at] & 0x80:
            at += 1
        at += 1
        if tag == 4:  # DecoderConfigDescr
            return at
        if tag != 3:  # ES_Descr: an identity and flags, then descriptions
            return 0
        at += 3
    return 0
