"""The tracks of an mp4 or mov as its tables have them: where each packet is, and when it is shown.

ISO/IEC 14496-12, section 8. Only files that ffmpeg wrote are read; all of ``moov`` is in memory.
"""

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, islice, repeat
from operator import add, mul, sub
from pathlib import Path

from wanx_render.errors import FfmpegError
from wanx_render.language import tr
from wanx_render.media.container import top_level
from wanx_render.media.mp4.boxes import FileBox


@dataclass(slots=True)
class Runs:
    """A value of each packet, as tables have them: how often in succession, and which."""

    counts: "array[int]" = field(default_factory=lambda: array("i"))
    values: "array[int]" = field(default_factory=lambda: array("i"))

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> "Runs":
        """Runs of these counts and values; those of one value that meet become one."""
        runs = cls()
        for count, value in pairs:
            runs.extend(cls(array("i", (count,)), array("i", (value,))))
        return runs

    def __len__(self) -> int:
        return len(self.counts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.counts, self.values, strict=True)

    @property
    def packets(self) -> int:
        """How many packets have a value."""
        return sum(self.counts)

    @property
    def total(self) -> int:
        """The values of all packets together."""
        return sum(map(mul, self.counts, self.values))

    def extend(self, more: "Runs") -> None:
        """Append runs; those of one value that meet become one."""
        meets = bool(self.values and more.values) and self.values[-1] == more.values[0]
        if meets:
            self.counts[-1] += more.counts[0]
        self.counts += more.counts[meets:]
        self.values += more.values[meets:]

    def later(self, by: int) -> "Runs":
        """The same with greater values."""
        return Runs(self.counts, array("i", (value + by for value in self.values))) if by else self


@dataclass(frozen=True, slots=True)
class StoredTrack:
    """One track of a file; sizes and offsets in bytes, times in ticks of its ``timescale``."""

    kind: str  # ``vide`` or ``soun``
    timescale: int
    begins: int  # what of the track's time comes before the presentation, as its edit list says
    sizes: Sequence[int]  # of each packet, in the order of decoding
    starts: Sequence[int]  # of each chunk in the file: packets that follow each other
    counts: Sequence[int]  # packets of each chunk
    durations: Runs
    shifts: Runs  # how much later than decoded a packet is shown; empty: not at all
    keys: Sequence[int]  # packets that can be decoded alone, from 1; empty: all
    depends: bytes  # a byte for each packet (box ``sdtp``); empty: not said

    @property
    def offsets(self) -> "array[int]":
        """Where each packet begins in the file."""
        offsets: array[int] = array("Q")
        at = 0
        for start, count in zip(self.starts, self.counts, strict=True):
            offsets.extend(accumulate(self.sizes[at : at + count - 1], initial=start))
            at += count
        return offsets

    @property
    def ends(self) -> list[int]:
        """Where each chunk ends in the file."""
        bytes_up_to = list(accumulate(self.sizes, initial=0))
        bounds = [bytes_up_to[number] for number in accumulate(self.counts, initial=0)]
        return list(map(sub, map(add, self.starts, bounds[1:]), bounds))

    @property
    def shown(self) -> list[int]:
        """When each packet is shown, in ticks from the presentation's beginning."""
        decoded = accumulate(expanded(self.durations), initial=-self.begins)
        times = list(islice(decoded, len(self.sizes)))
        return list(map(add, times, expanded(self.shifts))) if self.shifts else times


def expanded(runs: Runs) -> Iterator[int]:
    """The value of each packet."""
    return chain.from_iterable(map(repeat, runs.values, runs.counts))


def read_moov(path: Path) -> FileBox:
    """The box ``moov`` of a file. Raises FfmpegError where there is none, OSError."""
    with path.open("rb") as stream:
        for kind, size in top_level(stream):
            if kind == b"moov":
                return FileBox(kind, stream.read(size))
    raise FfmpegError(tr("the file has no box {name}", name="moov"))


def track(moov: FileBox, kind: str) -> StoredTrack:
    """The only track of a kind. Raises FfmpegError, also where its tables do not fit together."""
    matches = [box for box in moov.inner if box.name == b"trak" and kind_of(box) == kind]
    if len(matches) != 1:
        raise FfmpegError(tr("the file has {n} tracks of kind {kind}", n=len(matches), kind=kind))
    try:
        return _track(matches[0], kind)
    except (struct.error, IndexError, ValueError) as error:
        raise FfmpegError(tr("its tables cannot be read: {reason}", reason=str(error))) from None


def kind_of(trak: FileBox) -> str:
    """What a track holds: ``vide`` or ``soun``."""
    return trak.get(b"mdia", b"hdlr").content[8:12].decode("latin-1")


def _track(trak: FileBox, kind: str) -> StoredTrack:
    media = trak.get(b"mdia")
    table = media.get(b"minf", b"stbl")
    sizes = _sizes(table.get(b"stsz").content)
    starts, counts = _chunks(table, sizes)
    keys, depends = table.find(b"stss"), table.find(b"sdtp")
    durations = _pairs(table.get(b"stts").content)
    later = table.find(b"ctts")
    shifts = _pairs(later.content) if later else Runs()
    tables = (durations, shifts) if later else (durations,)
    if any(runs.packets != len(sizes) for runs in tables):
        raise ValueError(len(sizes))
    return StoredTrack(
        kind=kind,
        timescale=timescale_of(media.get(b"mdhd").content),
        begins=_begins(trak.find(b"edts", b"elst")),
        sizes=sizes,
        starts=starts,
        counts=counts,
        durations=durations,
        shifts=shifts,
        keys=_numbers(keys.content, 4) if keys else (),
        depends=depends.content[4:] if depends else b"",
    )


def timescale_of(head: bytes) -> int:
    """Ticks a second, of the content of a ``mdhd`` or ``mvhd``."""
    value: int = struct.unpack_from(">I", head, 20 if head[0] else 12)[0]
    return value


def _begins(elst: FileBox | None) -> int:
    """The media time of the only edit. Raises FfmpegError where there are several."""
    if elst is None:
        return 0
    count = struct.unpack_from(">I", elst.content, 4)[0]
    if count != 1:
        raise FfmpegError(tr("its edit list has {n} entries", n=count))
    begins: int
    if elst.content[0]:
        (begins,) = struct.unpack_from(">q", elst.content, 16)
    else:
        (begins,) = struct.unpack_from(">i", elst.content, 12)
    return begins


def _numbers(content: bytes, start: int, kind: str = "I") -> "array[int]":
    """A table of numbers that begins with their count at ``start``."""
    (count,) = struct.unpack_from(">I", content, start)
    first = start + 4
    values = _swapped(content[first : first + count * array(kind).itemsize], kind)
    if len(values) != count:
        raise ValueError(count)
    return values


def _swapped(data: bytes, kind: str) -> "array[int]":
    """Numbers that have the highest byte first."""
    values: array[int] = array(kind)
    values.frombytes(data)
    if sys.byteorder == "little":
        values.byteswap()
    return values


def _sizes(stsz: bytes) -> "array[int]":
    same, count = struct.unpack_from(">II", stsz, 4)
    return array("I", [same]) * count if same else _numbers(stsz, 8)


def _pairs(content: bytes) -> Runs:
    (count,) = struct.unpack_from(">I", content, 4)
    values = _swapped(content[8 : 8 + 8 * count], "i")
    if len(values) != 2 * count:
        raise ValueError(count)
    return Runs(values[::2], values[1::2])


def _chunks(table: FileBox, sizes: "array[int]") -> tuple["array[int]", "array[int]"]:
    """Where each chunk begins, and how many packets it has: the table names where that changes."""
    wide = table.find(b"co64")
    starts = _numbers(wide.content, 4, "Q") if wide else _numbers(table.get(b"stco").content, 4)
    stsc = table.get(b"stsc").content
    (count,) = struct.unpack_from(">I", stsc, 4)
    rows = _swapped(stsc[8 : 8 + 12 * count], "I")
    if len(rows) != 3 * count:
        raise ValueError(count)
    firsts = (*rows[::3], len(starts) + 1)
    runs = map(sub, firsts[1:], firsts)
    counts = array("I", chain.from_iterable(map(repeat, rows[1::3], runs)))
    if len(counts) != len(starts) or sum(counts) != len(sizes):
        raise ValueError(len(counts))
    return starts, counts
