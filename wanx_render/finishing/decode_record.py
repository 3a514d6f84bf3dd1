"""What checking a piece showed, kept in the piece itself, for the file it is joined into.

A join copies every packet as it is. What is right in its segment is right in the finished file,
behind the same head; that they are the same is seen from their hashes. So pictures are checked as
soon as they are made, and never all together at the end. So is sound, which is decoded.

Pictures are looked at on their way into the encoder. The file must hold the very packets that came
out of it, and show what went into it: in its key frames, or in all of it (decision 0044).
"""

import base64
import io
import json
import os
import re
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from operator import mul, sub
from pathlib import Path
from typing import Any, Literal

from PIL import Image, ImageChops, ImageStat

from wanx_render import integrity
from wanx_render.errors import FfmpegError
from wanx_render.geometry import Size
from wanx_render.language import tr
from wanx_render.media import decoding, ffmpeg
from wanx_render.media.probe import header

SIDE = 48  # pixels each way of what is looked at; points of the picture, not means
_PIXELS = SIDE * SIDE
_BRIGHT = bytes(range(34, 256))  # stored luma that is not black
_DARK = _PIXELS * 98 // 100
_STILL = _PIXELS * 255 * 3 // 10_000  # in all pixels together; noise differs by more
_BOX = b"skip"  # a box that every reader of mp4 passes over
# Seconds from which on a stretch of the picture is a notice.
LEAST: Mapping[str, Fraction] = {"black": Fraction(1, 2), "still": Fraction(2)}


Decoded = Literal["whole", "keys"]


@dataclass(frozen=True, slots=True)
class DecodeRecord:
    """What was seen of a video: of its frames, or of those that its encoder was given."""

    head: str  # a hash of what the decoder reads first
    packets: tuple[str, ...]  # the size and a hash of each, in the order of decoding
    looks: str  # a letter for each frame: is it black, is it like those before
    first: str  # the first and the last frame, small, as hexadecimal luma
    last: str
    pictures: tuple[tuple[int, str], ...] = ()  # frames that were wanted, as JPEG in base64
    whole: tuple[tuple[int, str], ...] = ()  # such frames at their full size
    apart: str | None = None  # ms by which sound and picture are not as in the source, if compared
    decoded: Decoded = "whole"  # what of it was decoded


@dataclass(frozen=True, slots=True)
class Hearing:
    """What was heard when all of a sound was decoded, every error fatal."""

    head: str
    packets: tuple[str, ...]  # time, duration, size and a hash of each
    integrated: str | None  # LUFS
    peak: str | None  # dBTP
    silent: tuple[tuple[float, float], ...]  # from when to when, in seconds
    lost: bool = False  # whether nothing is left of a mix in which something was heard
    excused: tuple[str, ...] = ()  # checks that cannot hold: out of reach, as ``notices`` say
    notices: tuple[str, ...] = ()
    # Of a part of a sound: packets of its file that are not in the film, and momentary loudness.
    before: int = 0
    blocks: tuple[float, ...] = ()
    # Hashes of what was mixed around its beginning and its end, where other parts begin and end.
    marks: tuple[str, ...] = ()
    # How the mix was levelled: a gain in dB of all of it, whether peaks were held, and the gain of
    # ducked music as samples of the film with dB, straight lines between.
    gain: str = "0"
    limited: bool = False
    ceiling: str | None = None  # dBTP at which they were
    ducking: tuple[tuple[int, str], ...] = ()

    @property
    def loudness(self) -> decoding.Loudness:
        values = (None if text is None else Decimal(text) for text in (self.integrated, self.peak))
        return decoding.Loudness(*values)


_NONE = Size(2, 2)
_SMALL, _WHOLE = 95, 90  # quality of JPEG: the small ones are encoded once more, in a sheet


@dataclass(frozen=True, slots=True)
class WantedFrames:
    """Frames of a video whose pictures shall be kept, and in which size."""

    frames: tuple[int, ...] = ()
    size: Size = _NONE
    whole: tuple[int, ...] = ()  # those to be kept at the video's own size
    full: Size = _NONE

    def before(self, end: int) -> "WantedFrames":
        """Those of the frames that are before frame ``end``."""
        frames, whole = (
            tuple(number for number in numbers if number < end)
            for numbers in (self.frames, self.whole)
        )
        return replace(self, frames=frames, whole=whole)


NO_FRAMES = WantedFrames()


@dataclass(frozen=True, slots=True)
class Tap:
    """What an encode writes beside a piece, for its check: files whose names begin as ``base``.

    The frames that went into the encoder, the packets that came out, and a hash of the sound.
    """

    base: Path
    rate: Fraction  # of the piece
    form: str  # bitstream filters that bring packets of the piece to the form of those
    wish: WantedFrames = NO_FRAMES
    whole: bool = True  # whether all of the piece is decoded, or its key frames

    def file(self, kind: str) -> Path:
        """``luma``, ``emitted`` and ``sound``; ``small`` and ``full`` for frames of the wish."""
        return _beside(self.base, kind)


def _beside(base: Path, kind: str) -> Path:
    return base.with_name(f"{base.name}.{kind}")


def examine(
    program: ffmpeg.Ffmpeg, paths: Sequence[Path], wishes: Sequence[WantedFrames] = ()
) -> tuple[DecodeRecord, ...]:
    """Decode all of each video. Raises FfmpegError on the first damage."""
    every = wishes or [NO_FRAMES] * len(paths)
    with tempfile.TemporaryDirectory(prefix="wanx-looks-") as name:
        bases = [Path(name) / str(number) for number in range(len(paths))]
        ffmpeg.run(program, _arguments(paths, every, bases))
        return tuple(_record_of(base, wish) for base, wish in zip(bases, every, strict=True))


def confirm(
    program: ffmpeg.Ffmpeg, paths: Sequence[Path], taps: Sequence[Tap]
) -> tuple[DecodeRecord, ...]:
    """Read each video, and compare it with what its encoder was given and gave.

    Raises FfmpegError where they differ, and on damage in what is decoded.
    """
    ffmpeg.run(program, _confirming(paths, taps))
    return tuple(_confirmed(tap) for tap in taps)


def hear(program: ffmpeg.Ffmpeg, path: Path, *, peaks: bool) -> Hearing:
    """Decode all of a sound; ``peaks`` between the samples too. Raises FfmpegError on damage."""
    return hearing(decoding.listen(program, path, peaks=peaks))


def hearing(sound: decoding.Heard) -> Hearing:
    """What is kept of a sound that was decoded."""
    loud = sound.loudness
    lufs, peak = (None if n is None else str(n) for n in (loud.integrated, loud.peak))
    return Hearing(*timed_packets(sound.packets, 0), lufs, peak, sound.silent)


# As ``segment`` makes frames small before the encoder.
_LOOK = f"scale={SIDE}:{SIDE}:flags=neighbor,format=yuv420p,extractplanes=y"
_EVERY_FRAME = ("-fps_mode", "passthrough")
_RAW = (*_EVERY_FRAME, "-c:v", "rawvideo", "-f", "rawvideo")
_PACKETS = ("-flush_packets", "0", "-f", "framehash", "-hash", "md5")


def _arguments(
    paths: Sequence[Path], wishes: Sequence[WantedFrames], bases: Sequence[Path]
) -> list[str]:
    """Every frame is decoded whole; what leaves the decoder is made small where it costs least."""
    inputs: list[str] = ["-y", "-xerror", "-filter_threads", "1"]
    outputs: list[str] = []
    for number, (path, wish, base) in enumerate(zip(paths, wishes, bases, strict=True)):
        inputs += [*_STRICTLY, "-i", ffmpeg.file_url(path)]
        video = ["-map", f"{number}:v:0"]
        outputs += [*video, "-vf", _LOOK, *_RAW, _url(base, "luma")]
        outputs += [*video, "-c", "copy", *_PACKETS, _url(base, "packets")]
        for kind, frames, size in stills(wish):
            condition = "+".join(f"eq(n\\,{frame})" for frame in frames)
            scale = f"scale={size.width}:{size.height}:flags=area," if size else ""
            graph = f"select={condition},{scale}format=rgb24"
            outputs += [*video, "-vf", graph, *_RAW, _url(base, kind)]
    return [*inputs, *outputs]


def stills(wish: WantedFrames) -> Iterator[tuple[str, list[int], Size | None]]:
    """By size: where the frames go, which they are, and the size where it is not their own."""
    if wish.frames:
        yield "small", sorted(wish.frames), wish.size
    if wish.whole:
        yield "full", sorted(wish.whole), None


def _confirming(paths: Sequence[Path], taps: Sequence[Tap]) -> list[str]:
    """Key frames are decoded, or all; every packet is read, as it is and in the encoder's form."""
    inputs: list[str] = ["-y", "-xerror", "-filter_threads", "1"]
    outputs: list[str] = []
    for number, (path, tap) in enumerate(zip(paths, taps, strict=True)):
        some = [] if tap.whole else ["-skip_frame", "nokey"]
        inputs += [*some, *_STRICTLY, "-i", ffmpeg.file_url(path)]
        video, sound = ["-map", f"{number}:v:0"], ["-map", f"{number}:a:0"]
        outputs += [*video, "-vf", _LOOK, *_RAW, _url(tap.base, "seen")]
        outputs += [*video, "-vf", _LOOK, *_EVERY_FRAME, *_PACKETS, _url(tap.base, "times")]
        outputs += [*video, "-c", "copy", *_PACKETS, _url(tap.base, "packets")]
        form = ["-c", "copy", "-bsf:v", tap.form]
        outputs += [*video, *form, *_PACKETS, _url(tap.base, "written")]
        outputs += [*sound, "-c", "copy", "-f", "hash", "-hash", "md5", _url(tap.base, "heard")]
    return [*inputs, *outputs]


_STRICTLY = ("-err_detect", "explode", "-threads", "1", *ffmpeg.WHITELIST)


def _url(base: Path, kind: str) -> str:
    return ffmpeg.file_url(_beside(base, kind))


def _confirmed(tap: Tap) -> DecodeRecord:
    """What is known of a piece whose file holds what its encoder gave, and shows what it got."""
    record = _record_of(tap.base, tap.wish)
    emitted, written = (_timed(tap.file(kind), tap.rate) for kind in ("emitted", "written"))
    every = list(range(len(record.looks)))
    if emitted != written or sorted(at for at, _ in written[1]) != every:
        raise FfmpegError(tr("the pictures in the file are not those that were encoded"))
    if tap.file("sound").read_bytes() != tap.file("heard").read_bytes():
        raise FfmpegError(tr("the sound in the file is not the one that was encoded"))
    shown = [int(at) for at, _ in _timed(tap.file("times"), tap.rate)[1]]
    if shown[:1] != [0] or (tap.whole and shown != every):
        raise FfmpegError(tr("not all of the pictures in the file can be decoded"))
    frames = _frames(tap.file("luma"))
    for number, frame in zip(shown, _frames(tap.file("seen")), strict=True):
        if not _shows(frame, frames[number]):
            raise FfmpegError(tr("frame {n} is decoded as another picture", n=number))
    return record if tap.whole else replace(record, decoded="keys")


def _timed(file: Path, rate: Fraction) -> tuple[str, list[tuple[Fraction, str]]]:
    """The head of a ``framehash`` list; of each packet the frame's number, its size and hash."""
    listing = file.read_text(encoding="utf-8")
    head, packets = timed_packets(listing, 0)
    ticks = header(listing, "tb 0") * rate
    parts = [packet.split(" ", 2) for packet in packets]
    return head, [(int(at) * ticks, rest) for at, _, rest in parts]


def _frames(file: Path) -> list[bytes]:
    luma = file.read_bytes()
    return [luma[at : at + _PIXELS] for at in range(0, len(luma), _PIXELS)]


def _shows(decoded: bytes, encoded: bytes) -> bool:
    """Whether a decoded frame shows what was encoded. An encoder keeps means, though not points."""
    rough = (
        Image.frombytes("L", (SIDE, SIDE), frame).reduce(SIDE // 6) for frame in (decoded, encoded)
    )
    return float(ImageStat.Stat(ImageChops.difference(*rough)).mean[0]) <= _FAR


_FAR = 16  # levels of luma


def _record_of(base: Path, wish: WantedFrames) -> DecodeRecord:
    frames = _frames(_beside(base, "luma"))
    if not frames:
        raise FfmpegError(tr("it has no picture that can be decoded"))
    head, packets = packets_in(_beside(base, "packets").read_text(encoding="utf-8"))
    ends = frames[0].hex(), frames[-1].hex()
    small = tuple(_pictures(_beside(base, "small"), wish.frames, wish.size, _SMALL))
    full = tuple(_pictures(_beside(base, "full"), wish.whole, wish.full, _WHOLE))
    return DecodeRecord(head, packets, "".join(_looks(frames)), *ends, small, full)


def _pictures(
    path: Path, frames: Sequence[int], size: Size, quality: int
) -> Iterator[tuple[int, str]]:
    data, step = path.read_bytes() if frames else b"", size.area * 3
    for frame, at in zip(sorted(frames), range(0, len(data), step), strict=False):
        picture = jpeg(data[at : at + step], size, quality)
        yield frame, base64.b64encode(picture).decode()


def jpeg(pixels: bytes, size: Size, quality: int = _WHOLE) -> bytes:
    """The JPEG of a picture given as RGB."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (size.width, size.height), pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def packets_in(listing: str) -> tuple[str, tuple[str, ...]]:
    """The head, and size and hash of each packet, of the first stream of a ``framehash`` list."""
    head, packets = timed_packets(listing, 0)
    return head, tuple(packet.split(" ", 2)[2] for packet in packets)


def timed_packets(listing: str, stream: int) -> tuple[str, tuple[str, ...]]:
    """The head of a stream of a ``framehash`` list, and time, duration, size and hash of each of
    its packets."""
    head = re.search(rf"^#extradata {stream}, +(\d+), (\w+)", listing, re.MULTILINE)
    line = rf"^{stream}, +-?\d+, +(-?\d+), +(\d+), +(\d+), (\w+)"
    packets = re.findall(line, listing, re.MULTILINE)
    return " ".join(head.groups()) if head else "", tuple(map(" ".join, packets))


def _looks(frames: Sequence[bytes]) -> Iterator[str]:
    """``.`` for a frame, ``s`` for one like those before it, ``b`` and ``B`` for black ones."""
    reference = frames[0]
    for number, frame in enumerate(frames):
        still = number > 0 and _alike(frame, reference)
        reference = reference if still else frame
        dark = len(frame.translate(None, _BRIGHT)) >= _DARK
        yield "B" if still and dark else "s" if still else "b" if dark else "."


def _alike(first: bytes, second: bytes) -> bool:
    if first == second:
        return True
    # Most frames differ so much that a few of their points show it.
    rough = sum(map(abs, map(sub, first[::16], second[::16])))
    return rough <= _STILL and _distance(first, second) <= _STILL


def _distance(first: bytes, second: bytes) -> int:
    """By how much two frames differ, in all points together; a fifth of Python's own time."""
    images = (Image.frombytes("L", (SIDE, SIDE), frame) for frame in (first, second))
    return sum(map(mul, ImageChops.difference(*images).histogram(), range(256)))


def stretches(
    pieces: Sequence[DecodeRecord], rate: Fraction
) -> Iterator[tuple[str, Fraction, Fraction]]:
    """Where a viewer would take the picture for broken."""
    looks = "".join(piece.looks for piece in _linked(pieces))
    for word, pattern in (("black", "[bB]+"), ("still", "[.b][sB]+")):
        for match in re.finditer(pattern, looks):
            if (match.end() - match.start()) / rate >= LEAST[word]:
                yield word, match.start() / rate, match.end() / rate


def _linked(pieces: Sequence[DecodeRecord]) -> Iterator[DecodeRecord]:
    """The pieces; the first frame of each marked as like the last before it, where it is."""
    yield pieces[0]
    for before, piece in pairwise(pieces):
        if _alike(bytes.fromhex(before.last), bytes.fromhex(piece.first)):
            first = "B" if piece.looks[0] == "b" else "s"
            yield replace(piece, looks=first + piece.looks[1:])
        else:
            yield piece


def keep(path: Path, record: DecodeRecord | Hearing, name: str) -> None:
    """Write what was found behind the piece at ``path``, and seal it as ``name``."""
    text = json.dumps(asdict(record)).encode()
    size = 8 + len(text) + 4 + integrity.SEAL  # the box holds the seal too
    with path.open("ab") as stream:
        stream.write(struct.pack(">I4s", size, _BOX) + text + struct.pack(">I", len(text)))
    integrity.seal(path, name)


def kept(path: Path) -> DecodeRecord | None:
    """What was seen when the video at ``path`` was made; None where it is not whole any more."""
    record = _record(path)
    if record is None:
        return None
    kinds = ("pictures", "whole")
    pictures = {kind: tuple((n, picture) for n, picture in record[kind]) for kind in kinds}
    return DecodeRecord(**{**record, "packets": tuple(record["packets"]), **pictures})


def kept_sound(path: Path) -> Hearing | None:
    """What was heard when the sound at ``path`` was made; None where it is not whole any more."""
    record = _record(path)
    if record is None:
        return None
    silent = tuple((start, end) for start, end in record["silent"])
    turns = tuple((at, gain) for at, gain in record.get("ducking", ()))
    names = ("packets", "excused", "notices", "blocks", "marks")
    lists = {name: tuple(record[name]) for name in names if name in record}
    return Hearing(**{**record, **lists, "silent": silent, "ducking": turns})


def _record(path: Path) -> dict[str, Any] | None:
    """What is written behind a piece, where all of the piece is as it was made.

    Pieces of earlier versions have no seal: they are made again, as are damaged ones.
    """
    if not integrity.is_whole(path):
        return None
    with path.open("rb") as stream:
        end = stream.seek(-4 - integrity.SEAL, os.SEEK_END)
        (length,) = struct.unpack(">I", stream.read(4))
        stream.seek(end - length)
        record: dict[str, Any] = json.loads(stream.read(length))
    return record


def picture(piece: DecodeRecord, frame: int, *, whole: bool = False) -> bytes | None:
    """The JPEG of a frame of a piece, small or at its full size, where one was kept."""
    data = dict(piece.whole if whole else piece.pictures).get(frame)
    return base64.b64decode(data) if data else None
