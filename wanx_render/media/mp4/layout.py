"""Where each packet of a film goes: two tracks, one behind the other in the order of decoding.

As ffmpeg's muxer interleaves them and cuts them into chunks, so that players which stream find the
sound of a moment beside its pictures.
"""

from array import array
from dataclasses import dataclass, field
from itertools import repeat
from operator import add

from wanx_render.media.mp4.tables import Runs, StoredTrack

_CHUNK = 1 << 20  # bytes; a chunk of ffmpeg's is smaller


@dataclass(slots=True)
class FilmTrack:
    """The packets of one track of a film, in the order in which they are put into it."""

    timescale: int
    sizes: "array[int]" = field(default_factory=lambda: array("I"))
    chunks: "array[int]" = field(default_factory=lambda: array("Q"))  # from the first packet's byte
    counts: "array[int]" = field(default_factory=lambda: array("I"))  # packets of each chunk
    durations: Runs = field(default_factory=Runs)
    shifts: Runs = field(default_factory=Runs)
    keys: "array[int]" = field(default_factory=lambda: array("I"))  # from 1; of video alone
    depends: bytearray = field(default_factory=bytearray)
    begins: int = 0
    bytes: int = 0
    _end: int = -1  # where the last packet ends
    _chunk: int = 0  # bytes of the last chunk

    @property
    def ticks(self) -> int:
        """How long all packets last."""
        return self.durations.total

    def put(self, size: int, at: int) -> None:
        """Note that the next packet is at byte ``at``."""
        if at == self._end and self._chunk + size < _CHUNK:
            self._chunk += size
            self.counts[-1] += 1
        else:
            self._chunk = size
            self.chunks.append(at)
            self.counts.append(1)
        self._end = at + size
        self.sizes.append(size)
        self.bytes += size

    @property
    def dependence(self) -> bytearray:
        """A byte of each packet, where all have one."""
        return self.depends if len(self.depends) == len(self.sizes) else bytearray()

    @property
    def marked(self) -> "array[int]":
        """The keys as a table has them: none where all packets are keys."""
        return self.keys if len(self.keys) < len(self.sizes) else array("I")

    def is_in(self, stored: StoredTrack, start: int) -> bool:
        """Whether a file has these tables, with its first packet at byte ``start``."""
        shifts = self.shifts if any(self.shifts.values) else Runs()
        return (
            (self.timescale, self.begins, self.durations, shifts)
            == (stored.timescale, stored.begins, stored.durations, stored.shifts)
            and (self.sizes, self.counts) == (stored.sizes, stored.counts)
            and array("Q", map(add, self.chunks, repeat(start))) == array("Q", stored.starts)
            and self.marked == array("I", stored.keys)
            and self.dependence == stored.depends
        )
