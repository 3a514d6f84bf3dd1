"""Where each packet of a film goes: two tracks, one behind the other in the order of decoding.

As ffmpeg's muxer interleaves them and cuts them into chunks, so that players which stream find the
sound of a moment beside its pictures.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

_CHUNK = 1 << 20  # bytes; a chunk of ffmpeg's is smaller


@dataclass(slots=True)
class FilmTrack:
    """The packets of one track of a film, in the order in which they are put into it."""

    timescale: int
    sizes: "array[int]" = field(default_factory=lambda: array("I"))
    chunks: "array[int]" = field(default_factory=lambda: array("Q"))  # from the first packet's byte
    counts: "array[int]" = field(default_factory=lambda: array("I"))  # packets of each chunk
    durations: list[list[int]] = field(default_factory=list)  # runs of count and value
    shifts: list[list[int]] = field(default_factory=list)
    keys: "array[int]" = field(default_factory=lambda: array("I"))  # from 1; of video alone
    depends: bytearray = field(default_factory=bytearray)
    begins: int = 0
    bytes: int = 0
    _end: int = -1  # where the last packet ends
    _chunk: int = 0  # bytes of the last chunk

    @property
    def ticks(self) -> int:
        """How long all packets last."""
        return sum(count * value for count, value in self.durations)

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


def extend(runs: list[list[int]], more: Iterable[tuple[int, int]]) -> None:
    """Append runs; those of one value that meet become one."""
    for count, value in more:
        if runs and runs[-1][1] == value:
            runs[-1][0] += count
        else:
            runs.append([count, value])
