"""Where a film's packets come from: segments and sounds, each with what its packets must be."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from operator import add
from pathlib import Path

from wanx_render.errors import FfmpegError
from wanx_render.finishing.codecs import timescale
from wanx_render.finishing.decode_record import DecodeRecord, Hearing
from wanx_render.language import tr
from wanx_render.media.mp4.tables import Runs, read_moov, track


@dataclass(frozen=True, slots=True)
class PacketSource:
    """Packets of one file, in the order in which they are put into a film."""

    path: Path
    offsets: Sequence[int]
    sizes: Sequence[int]
    hashes: tuple[str, ...]  # "size md5" of each, from when it was decoded
    durations: Runs
    shifts: Runs  # by how much later than decoded each is shown; empty: not at all
    delay: int  # of pictures: packets that come before the first is shown; of sound: samples
    keys: Sequence[int]  # packets that can be decoded alone, from 1
    depends: bytes


def of_pictures(path: Path, record: DecodeRecord, rate: Fraction) -> PacketSource:
    """The pictures of a segment of ``rate`` frames a second.

    Raises FfmpegError where its packets do not last a frame each, or are not those of its record.
    """
    stored = track(read_moov(path), "vide")
    scale = timescale(rate)
    tick = int(scale / rate)
    regular = set(stored.durations.values) == {tick} and not stored.begins % tick
    if stored.timescale != scale or not regular:
        raise FfmpegError(tr("{file} has frames of different lengths", file=path.name))
    _insist_on_sizes(path, stored.sizes, record.packets)
    return PacketSource(
        path, stored.offsets, stored.sizes, record.packets, stored.durations, stored.shifts,
        stored.begins // tick, stored.keys or range(1, len(stored.sizes) + 1), stored.depends,
    )  # fmt: skip


def of_sound(path: Path, hearing: Hearing) -> PacketSource:
    """The packets of a sound that its record has: all of the sound, or of a part of it.

    Raises FfmpegError where the file has others, or they do not follow each other.
    """
    stored, first = track(read_moov(path), "soun"), hearing.before
    times, durations, hashes = zip(*(line.split(" ", 2) for line in hearing.packets), strict=True)
    end = first + len(hashes)
    _insist_on_sizes(path, stored.sizes[first:end], hashes)
    starts, lengths = list(map(int, times)), list(map(int, durations))
    if starts[1:] != list(map(add, starts, lengths[:-1])):
        raise FfmpegError(tr("{file} has other packets than were decoded", file=path.name))
    return PacketSource(
        path, stored.offsets[first:end], stored.sizes[first:end], hashes,
        Runs.of(zip(repeat(1), lengths)), Runs(), -starts[0], (), b"",
    )  # fmt: skip


def _insist_on_sizes(path: Path, sizes: Sequence[int], hashes: Sequence[str]) -> None:
    if [str(size) for size in sizes] != [entry.partition(" ")[0] for entry in hashes]:
        raise FfmpegError(tr("{file} has other packets than were decoded", file=path.name))
