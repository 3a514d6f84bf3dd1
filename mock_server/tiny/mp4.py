"""An MP4 file around frames and silence: the index first, then the data."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mock_server.tiny.mosaic import MosaicVideo

SAMPLE_RATE = 48000
_BLOCK = 1024  # samples of sound in a packet
_SILENCE = bytes.fromhex("211004608c1c")  # of two channels
_MOVIE_SCALE = 90000
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED = 0x55C4  # the language, as MP4 packs its letters


@dataclass(frozen=True)
class _Track:
    """One stream of the file: its boxes that differ by kind, and how long its samples last."""

    handler: bytes
    header: bytes  # of the media
    description: bytes
    scale: int
    samples: Sequence[bytes]
    lengths: Sequence[tuple[int, int]]  # how many samples last how long
    width: int = 0
    height: int = 0

    @property
    def duration(self) -> int:
        return sum(count * length for count, length in self.lengths)


def mp4(video: MosaicVideo, frames: int, *, sound: bool) -> bytes:
    """The whole file: so many frames, with silence where it has ``sound``."""
    tracks = [_video_track(video, frames)]
    if sound:
        tracks.append(_sound_track(int(SAMPLE_RATE * frames / video.rate)))
    start = _box(b"ftyp", b"isom", _u32(512), b"isomiso2avc1mp41")
    data = [b"".join(track.samples) for track in tracks]
    index = b""
    for _ in range(2):  # the second time it is known how long the index is
        offset, places = len(start) + len(index) + 8, []
        for content in data:
            places.append(offset)
            offset += len(content)
        index = _index(tracks, places)
    return start + index + _box(b"mdat", *data)


def _video_track(video: MosaicVideo, frames: int) -> _Track:
    scale, length = video.rate.numerator * 512, video.rate.denominator * 512
    return _Track(
        handler=b"vide",
        header=_full_box(b"vmhd", bytes(8), flags=1),
        description=_avc(video),
        scale=scale,
        samples=list(video.frames(frames)),
        lengths=[(frames, length)],
        width=video.width,
        height=video.height,
    )


def _avc(video: MosaicVideo) -> bytes:
    sequence, pictures = video.sequence, video.pictures
    settings = b"".join((
        b"\x01", sequence[1:4], b"\xff\xe1",
        struct.pack(">H", len(sequence)), sequence,
        b"\x01", struct.pack(">H", len(pictures)), pictures,
    ))  # fmt: skip
    shape = struct.pack(">HHIII", video.width, video.height, 0x480000, 0x480000, 0)
    return _box(
        b"avc1", bytes(6), b"\x00\x01", bytes(16), shape, b"\x00\x01", bytes(32),
        b"\x00\x18\xff\xff",
        _box(b"avcC", settings),
        _box(b"colr", b"nclx", struct.pack(">HHHB", 1, 1, 1, 0)),
        _box(b"pasp", _u32(1), _u32(1)),
    )  # fmt: skip


def _sound_track(samples: int) -> _Track:
    blocks, rest = divmod(samples, _BLOCK)
    lengths = [(count, length) for count, length in ((blocks, _BLOCK), (bool(rest), rest)) if count]
    return _Track(
        handler=b"soun",
        header=_full_box(b"smhd", bytes(4)),
        description=_aac(),
        scale=SAMPLE_RATE,
        samples=[_SILENCE] * sum(count for count, _ in lengths),
        lengths=lengths,
    )


def _aac() -> bytes:
    settings = _tagged(5, b"\x11\x90")  # low complexity, 48 kHz, two channels
    decoder = _tagged(4, b"\x40\x15", bytes(3), _u32(4096), _u32(4096), settings)
    stream = _tagged(3, b"\x00\x00\x00", decoder, _tagged(6, b"\x02"))
    return _box(
        b"mp4a", bytes(6), b"\x00\x01", bytes(8), struct.pack(">HHI", 2, 16, 0),
        _u32(SAMPLE_RATE << 16), _full_box(b"esds", stream),
    )  # fmt: skip


def _index(tracks: Sequence[_Track], places: Sequence[int]) -> bytes:
    longest = max(_scaled(track) for track in tracks)
    head = _full_box(
        b"mvhd", bytes(8), _u32(_MOVIE_SCALE), _u32(longest), _u32(0x10000), b"\x01\x00",
        bytes(10), _MATRIX, bytes(24), _u32(len(tracks) + 1),
    )  # fmt: skip
    numbered = enumerate(zip(tracks, places, strict=True), 1)
    return _box(b"moov", head, *(_trak(number, *pair) for number, pair in numbered))


def _scaled(track: _Track) -> int:
    return round(track.duration * _MOVIE_SCALE / track.scale)


def _trak(number: int, track: _Track, place: int) -> bytes:
    is_sound = track.handler == b"soun"
    head = _full_box(
        b"tkhd", bytes(8), _u32(number), bytes(4), _u32(_scaled(track)), bytes(8),
        struct.pack(">HHH", 0, is_sound, 0x100 * is_sound), bytes(2), _MATRIX,
        _u32(track.width << 16), _u32(track.height << 16), flags=3,
    )  # fmt: skip
    timing = _full_box(
        b"mdhd", bytes(8), _u32(track.scale), _u32(track.duration),
        struct.pack(">HH", _UNDETERMINED, 0),
    )  # fmt: skip
    handler = _full_box(b"hdlr", bytes(4), track.handler, bytes(12), b"\x00")
    here = _box(b"dinf", _full_box(b"dref", _u32(1), _full_box(b"url ", flags=1)))
    media = _box(b"minf", track.header, here, _table(track, place))
    return _box(b"trak", head, _box(b"mdia", timing, handler, media))


def _table(track: _Track, place: int) -> bytes:
    """Where the samples are: all in one piece."""
    count, lengths = (
        len(track.samples),
        b"".join(struct.pack(">II", *pair) for pair in track.lengths),
    )
    boxes = [
        _full_box(b"stsd", _u32(1), track.description),
        _full_box(b"stts", _u32(len(track.lengths)), lengths),
    ]
    if track.handler == b"vide":
        boxes.append(_full_box(b"stss", _u32(1), _u32(1)))
    boxes += [
        _full_box(b"stsc", _u32(1), struct.pack(">III", 1, count, 1)),
        _full_box(b"stsz", _u32(0), _u32(count), _sizes(track.samples)),
        _full_box(b"stco", _u32(1), _u32(place)),
    ]
    return _box(b"stbl", *boxes)


def _sizes(samples: Iterable[bytes]) -> bytes:
    return b"".join(_u32(len(sample)) for sample in samples)


def _tagged(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes((tag, len(content))) + content


def _box(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return _u32(len(content) + 8) + name + content


def _full_box(name: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(name, _u32(flags), *parts)


def _u32(value: int) -> bytes:
    return struct.pack(">I", value)
