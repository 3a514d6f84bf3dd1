"""A film as it is written: packets of segments and sound in their order, as soon as they are here.

A short film is written at its end, behind a head as long as it must be. Of a longer one the packets
are written from the beginning on, behind a space for the head, which is written last. The film is
the same bytes whatever came first. Each packet is compared with its record as it is written.
"""

import hashlib
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from wanx_render.errors import FfmpegError
from wanx_render.finishing.codecs import timescale
from wanx_render.finishing.film.sources import PacketSource
from wanx_render.language import tr
from wanx_render.media.mp4.head import HeadTemplate, head
from wanx_render.media.mp4.layout import FilmTrack
from wanx_render.media.mp4.tables import Runs, expanded
from wanx_render.timing import AAC_PACKET, SAMPLE_RATE, samples_in

SHORT = 60  # seconds; a film that is not longer is written at its end
_AT_ONCE = 1 << 22  # bytes in memory
# Bytes of the head for a frame, for a packet of sound, and for all else. Measured: at most 20, 15,
# and 2 kB without labels. Where a head does not fit, the film is written once more.
_FRAME, _SOUND, _REST = 28, 24, 64 * 1024


def head_space(frames: int, rate: Fraction) -> int:
    """Bytes that are kept for the head of a film of ``frames`` at ``rate``; 0 for a short one."""
    if frames <= SHORT * rate:
        return 0
    packets = samples_in(frames, rate) // AAC_PACKET + 2
    return frames * _FRAME + packets * _SOUND + _REST


@dataclass(slots=True)
class _Line:
    """The packets of one track that are known, and how many of them have a place in the film."""

    track: FilmTrack
    sources: list[PacketSource] = field(default_factory=list)
    packets: int = 0  # of all sources
    lengths: "array[int]" = field(default_factory=lambda: array("I"))  # of the source at hand
    number: int = 0  # the source at hand
    placed: int = 0  # packets of it
    time: int = 0  # when the next packet is decoded, in ticks

    def add(self, source: PacketSource, begins: int) -> None:
        """The packets that follow; ``begins``: ticks that come before the presentation."""
        track = self.track
        if not self.sources:
            track.begins, self.time = begins, -begins
        self.sources.append(source)
        track.durations.extend(source.durations)
        track.keys.extend(self.packets + key for key in source.keys)
        track.depends += source.depends
        self.packets += len(source.sizes)

    @property
    def has_more(self) -> bool:
        """Whether there is a packet that has no place yet."""
        return self.number < len(self.sources)

    def place(self, at: int) -> tuple[PacketSource, int]:
        """Put the next packet at byte ``at``; which one that is."""
        source, index = self.sources[self.number], self.placed
        if not index:
            self.lengths = array("I", expanded(source.durations))
        self.track.put(source.sizes[index], at)
        self.time += self.lengths[index]
        self.placed += 1
        if self.placed == len(source.sizes):
            self.number, self.placed = self.number + 1, 0
        return source, index


class FilmFile:
    """The film at ``part``, of ``frames`` frames at ``rate``; given its packets track by track.

    ``space``: bytes for its head, 0 where nothing is to be written before all is there.
    """

    def __init__(self, part: Path, rate: Fraction, space: int) -> None:
        self.part = part
        self.space = space
        self.changed: set[Path] = set()  # files with packets that are not those of their record
        self._rate = rate
        self._pictures, self._sounds = self._lines()
        self._delay = 0  # of pictures: packets that come before the first is shown
        self._hash = hashlib.sha256()  # of all packets that are written
        self._size = 0  # of all packets that have a place, in bytes
        self._written = 0  # of those that are written

    def _lines(self) -> tuple[_Line, _Line]:
        return _Line(FilmTrack(timescale(self._rate))), _Line(FilmTrack(SAMPLE_RATE))

    @property
    def pictures(self) -> tuple[Path, ...]:
        """The segments that it was given."""
        return tuple(source.path for source in self._pictures.sources)

    @property
    def sounds(self) -> tuple[Path, ...]:
        """The sounds that it was given."""
        return tuple(source.path for source in self._sounds.sources)

    @property
    def tracks(self) -> dict[str, FilmTrack]:
        """The tables of what has a place, by kind of track; whole once it is closed."""
        return {"vide": self._pictures.track, "soun": self._sounds.track}

    @property
    def stands(self) -> bool:
        """Whether all that was written is in the file. Hours may lie between two packets."""
        try:
            return not self._written or self.part.stat().st_size == self.space + self._written
        except OSError:
            return False

    @property
    def _tick(self) -> int:
        return int(timescale(self._rate) / self._rate)

    def add_pictures(self, source: PacketSource) -> None:
        """The pictures that follow; all are as late as those that are decoded longest before."""
        line, tick = self._pictures, self._tick
        more = max(source.delay - self._delay, 0)
        line.track.shifts = line.track.shifts.later(more * tick)
        self._delay += more
        shifts = source.shifts or Runs.of([(len(source.sizes), 0)])
        line.track.shifts.extend(shifts.later((self._delay - source.delay) * tick))
        line.add(source, source.delay * tick)

    def add_sound(self, source: PacketSource) -> None:
        """The sound that follows. Raises FfmpegError where it does not begin where this ends."""
        line = self._sounds
        if line.sources and -source.delay != line.track.ticks - line.track.begins:
            name = source.path.name
            raise FfmpegError(tr("{file} has other packets than were decoded", file=name))
        line.add(source, max(source.delay, 0))

    def write(self) -> None:
        """Write what can be: every packet whose place is certain. Raises OSError."""
        if self.space:
            self._copy(self._placed(is_whole=False))

    def close(self, template: HeadTemplate) -> str:
        """Write the rest and the head; the SHA-256 of all packets together. Raises OSError."""
        if self.space:
            self._copy(self._placed(is_whole=True))
            try:
                beginning = self._head(template)
            except ValueError:  # labels of any length are known only now
                self._forget()
        if not self.space:
            places = list(self._placed(is_whole=True))
            beginning = self._head(template)
            self.space = len(beginning)
            self._copy(iter(places))
        with self.part.open("r+b") as stream:
            stream.write(beginning)
        return self._hash.hexdigest()

    def _forget(self) -> None:
        """Begin again, as with a short film."""
        pictures, sounds = self._pictures.sources, self._sounds.sources
        self._pictures, self._sounds = self._lines()
        self._hash, self._delay = hashlib.sha256(), 0
        self._size = self._written = self.space = 0
        self.part.unlink()
        for source in pictures:
            self.add_pictures(source)
        for source in sounds:
            self.add_sound(source)

    def _head(self, template: HeadTemplate) -> bytes:
        """The head of all that has a place. Raises ValueError where the space is too small."""
        track = self._pictures.track
        track.begins = self._delay * self._tick
        if not template.marks_dependence:
            track.depends.clear()
        return head(template, self.tracks, self.space)

    def _placed(self, *, is_whole: bool) -> Iterator[tuple[PacketSource, int]]:
        """The packets that get a place now, by the time of decoding; pictures first.

        ``is_whole``: whether all that belongs to the film was given. Before, a packet has a place
        only where the next one of the other track is known.
        """
        video, audio = self._pictures, self._sounds
        scale = video.track.timescale
        while True:
            if video.has_more and audio.has_more:
                line = video if video.time * SAMPLE_RATE <= audio.time * scale else audio
            elif is_whole and (video.has_more or audio.has_more):
                line = video if video.has_more else audio
            else:
                return
            source, index = line.place(self._size)
            self._size += source.sizes[index]
            yield source, index

    def _copy(self, places: Iterator[tuple[PacketSource, int]]) -> None:
        """Write packets behind those that are written, each held to its record."""
        with ExitStack() as stack:
            out = stack.enter_context(self.part.open("r+b" if self.part.exists() else "wb"))
            out.seek(self.space + self._written)
            readers = _Readers(stack)
            while data := list(_some(self._read(readers, place) for place in places)):
                piece = b"".join(data)
                self._hash.update(piece)
                out.write(piece)
                self._written += len(piece)

    def _read(self, readers: "_Readers", place: tuple[PacketSource, int]) -> bytes:
        source, index = place
        stream, size = readers.of(source.path), source.sizes[index]
        stream.seek(source.offsets[index])
        data = stream.read(size)
        if f"{len(data)} {md5(data)}" != source.hashes[index]:
            self.changed.add(source.path)
        return data


def md5(data: bytes) -> str:
    """The hash of a packet, as ffmpeg lists it."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _some(packets: Iterator[bytes]) -> Iterator[bytes]:
    """As many packets as are kept in memory at once."""
    size = 0
    for data in packets:
        yield data
        size += len(data)
        if size >= _AT_ONCE:
            return


class _Readers:
    """The files that packets are read from: of each track the one at hand."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._open: dict[Path, BinaryIO] = {}

    def of(self, path: Path) -> BinaryIO:
        if path not in self._open:
            while len(self._open) > 1:  # the older of two: a track goes on to its next file
                self._open.pop(next(iter(self._open))).close()
            self._open[path] = self._stack.enter_context(path.open("rb"))
        return self._open[path]
