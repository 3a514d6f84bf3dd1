"""Whether the parts of a sound go over into each other, heard where their packets meet.

A packet is heard together with the one before it, which is another encoding's where two parts meet.
Both encodings are decoded by themselves, and as they are joined. What is joined may differ from its
own encoding about as much as the two differ from each other; were their windows different, it would
be aliasing of the signal itself (ISO/IEC 14496-3, 4.6.11).
"""

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from operator import mul, sub
from pathlib import Path

from wanx_render.errors import Unjoinable
from wanx_render.finishing.decode_record import Hearing
from wanx_render.finishing.sound.grid import RUN_OUT
from wanx_render.language import tr
from wanx_render.media import ffmpeg
from wanx_render.media.decoding import shorts
from wanx_render.media.mp4.tables import read_moov, track
from wanx_render.timing import AAC_PACKET

_BEFORE = 8  # packets that a decoder is given before a join
_GROUP = _BEFORE + RUN_OUT
_FRAME = 2 * AAC_PACKET  # values of a packet, of two channels
_MUCH = 4  # times the power by which the two encodings differ; 6 dB
_ROUNDING = 4 * _FRAME  # power of two steps of 16 bits
# Two sounds differ by the power of both; two encodings of one by less, of noise by half of it.
_TWO = 0.75

Packets = Sequence[bytes]


def insist_on(program: ffmpeg.Ffmpeg, parts: Sequence[tuple[Path, Hearing]]) -> None:
    """Raises Unjoinable where two parts that follow each other do not fit; FfmpegError, OSError."""
    for number, ((_, before), (_, after)) in enumerate(pairwise(parts), 1):
        # Parts of versions before this one have no marks.
        if before.marks and after.marks and before.marks[-1] != after.marks[0]:
            raise _other(number)
    every = [_ends(path, hearing) for path, hearing in parts]
    groups = [group for before, after in pairwise(every) for group in _groups(before, after)]
    if not groups:
        return
    stream = b"".join(map(_adts, chain.from_iterable(groups)))
    out, _ = ffmpeg.ask(
        program,
        (*ffmpeg.STRICT, "-v", "error", "-protocol_whitelist", "pipe", "-f", "aac", "-i", "pipe:0",
         "-ac", "2", "-f", "s16le", "-"),
        timeout=120,
        stdin=stream,
    )  # fmt: skip
    samples = shorts(out)
    for number in range(len(every) - 1):
        frames = [_at_join(samples, 3 * number + kind) for kind in range(3)]
        if not fits(*frames):
            raise _other(number + 1)


def _other(number: int) -> Unjoinable:
    return Unjoinable(tr("parts {n} and {m} of the sound do not fit", n=number, m=number + 1))


Ends = tuple[Packets, Packets]


def _ends(path: Path, hearing: Hearing) -> Ends:
    """The packets around the beginning of a part and around its end, each with its neighbours'."""
    stored = track(read_moov(path), "soun")
    places = list(zip(stored.offsets, stored.sizes, strict=True))
    first, last = hearing.before, hearing.before + len(hearing.packets)
    with path.open("rb") as stream:

        def read(begin: int, end: int) -> Iterator[bytes]:
            for offset, size in places[max(begin, 0) : end]:
                stream.seek(offset)
                yield stream.read(size)

        return (
            tuple(read(first - _BEFORE, first + RUN_OUT)),
            tuple(read(last - _BEFORE, last + RUN_OUT)),
        )


def _groups(before: Ends, after: Ends) -> Iterator[Packets]:
    """The packets around a join: of the part before, of the part after, and joined."""
    ending, beginning = before[1], after[0]
    yield ending
    yield beginning
    yield (*ending[:_BEFORE], *beginning[_BEFORE:])


def _adts(packet: bytes) -> bytes:
    """A packet of stereo at 48 kHz behind the head of a stream (ISO/IEC 14496-3, 1.A.2)."""
    size = len(packet) + 7
    fields = (0x4C, 0x80 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC)
    return bytes((0xFF, 0xF1, *fields)) + packet


def _at_join(samples: memoryview, group: int) -> "array[int]":
    """What the first packet behind the join is heard as."""
    start = (group * _GROUP + _BEFORE) * _FRAME
    return array("h", samples[start : start + _FRAME])


def fits(before: "array[int]", after: "array[int]", joined: "array[int]") -> bool:
    """Whether two encodings of the same packet's time, and both joined there, are one sound."""
    difference = _power(before, after)
    if difference > _TWO * (_power(before) + _power(after)) + _ROUNDING:
        return False
    return _power(joined, after) <= _MUCH * difference + _ROUNDING


def _power(sound: "array[int]", other: "array[int] | None" = None) -> int:
    """Of a sound, or of the difference of two."""
    values = list(map(sub, sound, other)) if other else sound
    return sum(map(mul, values, values))
