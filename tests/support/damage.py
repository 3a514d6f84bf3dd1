"""Faults of a video file, each at a place of its own: for what must notice them."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import av

Damage = Callable[[Path], None]
_NESTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"udta"}


def flip(path: Path, at: int) -> None:
    """One bit."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[str, int, int]]:
    """The innermost boxes of a mov: name, first byte behind its header, end."""
    at = start
    while at + 8 <= (len(data) if end is None else end):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8:
            return
        if kind in _NESTS:
            yield from boxes(data, at + 8, at + size)
        else:
            yield kind.decode("latin-1"), at + 8, at + size
        at += size


def packets(path: Path) -> list[tuple[int, int, bool]]:
    """Where each packet of the picture begins, how many bytes it has, whether it is a key frame."""
    with av.open(str(path), format="mov") as container:
        return [
            (packet.pos or 0, packet.size, packet.is_keyframe)
            for packet in container.demux(video=0)
            if packet.size
        ]


def sample(path: Path) -> int:
    """Where the bytes of the first sound are."""
    with av.open(str(path), format="mov") as container:
        return next(packet.pos or 0 for packet in container.demux(audio=0))


def in_packet(number: int, part: float) -> Damage:
    """A bit of a packet, ``part`` of the way into it."""

    def change(path: Path) -> None:
        at, size, _ = packets(path)[number]
        flip(path, at + int(size * part))

    return change


def in_box(name: str, place: int = -1, count: int = 0) -> Damage:
    """A bit of the box of that name, the ``count``-th; ``place``: which byte, from its end."""

    def change(path: Path) -> None:
        ends = [end for kind, _, end in boxes(path.read_bytes()) if kind == name]
        flip(path, ends[count] + place)

    return change


def in_head(path: Path) -> None:
    """A bit of what the decoder reads first: the last parameter set of H.264."""
    data = path.read_bytes()
    at = data.index(b"avcC")
    (size,) = struct.unpack_from(">I", data, at - 4)
    flip(path, at + size - 4 - 6)


def in_sound(path: Path) -> None:
    flip(path, sample(path) + 1000)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2000])


def rewritten(order: Callable[[list[bytes]], list[bytes | None]]) -> Damage:
    """The packets of the picture in another order, where None leaves one out; times stay."""

    def change(path: Path) -> None:
        part = path.with_name(f"{path.name}.rewritten")
        with av.open(str(path), format="mov") as source:
            every = [packet for packet in source.demux() if packet.size]
            datas = iter(order([bytes(p) for p in every if p.stream.type == "video"]))
            with av.open(str(part), "w", format="mov") as target:
                streams = {s: target.add_stream_from_template(s) for s in source.streams}
                for packet in every:
                    data = next(datas) if packet.stream.type == "video" else bytes(packet)
                    if data is not None:
                        target.mux(_as(packet, data, streams[packet.stream]))
        part.replace(path)

    return change


def _as(packet: "av.Packet", data: bytes, stream: "av.stream.Stream") -> "av.Packet":
    """Other bytes in a packet's place."""
    other = av.Packet(data)
    other.pts, other.dts, other.duration = packet.pts, packet.dts, packet.duration
    other.time_base, other.is_keyframe = packet.time_base, packet.is_keyframe
    other.stream = stream
    return other


def swapped(datas: list[bytes]) -> list[bytes | None]:
    return [*datas[:20], datas[21], datas[20], *datas[22:]]


def repeated(datas: list[bytes]) -> list[bytes | None]:
    return [*datas[:20], datas[19], *datas[21:]]


def dropped(datas: list[bytes]) -> list[bytes | None]:
    return [*datas[:20], None, *datas[21:]]
