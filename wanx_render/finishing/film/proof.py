"""A long film read again: its tables, all of its bytes, and three parts of it by ffmpeg.

That each packet is the one that was decoded was seen when it was written. Here is seen that what
was written is in the file, and in its place: the bytes of all packets by their hash, every place,
size and time by the film's own tables, and that ffmpeg reads the first, the middle and the last
seconds as we do. So nothing but reading and hashing the file grows with the film.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from operator import lt, sub
from pathlib import Path

from wanx_render import files
from wanx_render.finishing.decode_record import DecodeRecord, Hearing, timed_packets
from wanx_render.media import ffmpeg, probe
from wanx_render.media.mp4.tables import StoredTrack, expanded, read_moov, track

_SECONDS = 10  # of each part that ffmpeg reads


@dataclass(frozen=True, slots=True)
class Reading:
    """What a finished file was read to be, beside what it was made of."""

    probed: probe.Probe
    changed: tuple[int, ...] = ()  # segments that are not in it as they were decoded
    sound_changed: bool = False
    sha256: str = ""  # of the file, where it was hashed


def read(
    program: ffmpeg.Ffmpeg,
    path: Path,
    pieces: Sequence[DecodeRecord],
    hearing: Hearing,
    *,
    payload: str,
) -> Reading:
    """Read the film at ``path``; ``payload``: the SHA-256 of all packets as they were written.

    Raises FfmpegError where ffmpeg cannot read it, or its tables are not whole.
    """
    with ThreadPoolExecutor(2) as pool:
        whole = pool.submit(files.sha256, path)
        moov = read_moov(path)
        video, sound = track(moov, "vide"), track(moov, "soun")
        packets = pool.submit(files.sha256, path, min(video.starts[0], sound.starts[0]))
        probed, listing = probe.parts(program, path, _starts(video), _SECONDS)
        changed = tuple(_changed(video, pieces, listing))
        sound_changed = not _is_as_heard(sound, hearing, listing)
        if packets.result() != payload or not _is_tiled(video, sound, path.stat().st_size):
            changed, sound_changed = changed or (0,), True
        return Reading(_measured(probed, video, sound), changed, sound_changed, whole.result())


def _is_tiled(video: StoredTrack, sound: StoredTrack, size: int) -> bool:
    """Whether the chunks fill the file from the first one on, one behind the other."""
    tracks = (video, sound)
    starts = {at for line in tracks for at in line.starts}
    ends = {end for line in tracks for end in line.ends}
    in_order = (all(map(lt, line.starts, islice(line.starts, 1, None))) for line in tracks)
    is_each_one = len(starts) == len(video.starts) + len(sound.starts)
    return is_each_one and all(in_order) and len(starts - ends) == 1 and ends - starts == {size}


def _starts(video: StoredTrack) -> tuple[Fraction, ...]:
    """Where the parts begin that ffmpeg reads, in seconds."""
    length = sum(count * value for count, value in video.durations)
    last = Fraction(length, video.timescale) - _SECONDS
    return (Fraction(0), last / 2, last)


def _changed(video: StoredTrack, pieces: Sequence[DecodeRecord], listing: str) -> Iterator[int]:
    """Which segments are not in the film as they were decoded."""
    at = 0
    for number, piece in enumerate(pieces):
        own = [int(packet.partition(" ")[0]) for packet in piece.packets]
        if own != list(video.sizes[at : at + len(own)]) or piece.head != pieces[0].head:
            yield number
        at += len(own)
    packets = [packet for piece in pieces for packet in piece.packets]
    if at != len(video.sizes) or not _is_read(listing, 0, pieces[0].head, video, packets):
        yield 0


def _is_as_heard(sound: StoredTrack, hearing: Hearing, listing: str) -> bool:
    """Whether all packets of the sound have time, duration and size of those that were decoded."""
    packets = hearing.packets
    times = zip(sound.shown, expanded(sound.durations), sound.sizes, strict=True)
    own = [f"{time} {duration} {size} " for time, duration, size in times]
    is_same = len(own) == len(packets) and all(map(str.startswith, packets, own))
    return is_same and _is_read(listing, 1, hearing.head, sound, packets)


def _is_read(
    listing: str, stream: int, head: str, line: StoredTrack, packets: Sequence[str]
) -> bool:
    """Whether ffmpeg listed these packets, in each part without a gap, and the ends of the film.

    ``stream``: of the two of each part. ``packets``: size and hash of each packet of the film,
    and what may stand before them.
    """
    parts = [timed_packets(listing, 2 * number + stream) for number in range(3)]
    if any(own != head or not listed for own, listed in parts):
        return False
    shown, durations = line.shown, list(expanded(line.durations))
    runs = [_run(listed, shown, durations, packets) for _, listed in parts]
    least = (_SECONDS - 1) * line.timescale // max(durations)  # packets of a part
    is_enough = all(len(run) >= least for run in runs)
    return is_enough and runs[0].start == 0 and runs[-1].stop == len(packets)


def _run(
    listed: Sequence[str], shown: Sequence[int], durations: Sequence[int], packets: Sequence[str]
) -> range:
    """Which packets of the film were listed; none where they are others, or too few."""
    time = int(listed[0].partition(" ")[0])
    if time not in shown:
        return range(0)
    run = range(first := shown.index(time), min(first + len(listed), len(packets)))
    lines = [f"{shown[n]} {durations[n]} {' '.join(packets[n].split()[-2:])}" for n in run]
    return run if lines == list(listed) else range(0)


def _measured(probed: probe.Probe, video: StoredTrack, sound: StoredTrack) -> probe.Probe:
    """What ffmpeg says of a part, with times and counts of the whole film."""
    picture = probed.picture
    durations = list(expanded(video.durations))
    shown = sorted(video.shown)
    length = sum(durations) * picture.tick
    steps = set(map(sub, islice(shown, 1, None), shown))
    times = zip(sound.shown, expanded(sound.durations), strict=True)
    heard = Fraction(sum(duration for time, duration in times if time >= 0), sound.timescale)
    return replace(
        probed,
        picture=replace(
            picture, frames=len(durations), ticks=tuple(shown), duration=length,
            rate=len(durations) / length, uniform=len(steps) == len(set(durations)) == 1,
        ),
        sound=probed.sound and replace(probed.sound, samples=int(heard * probed.sound.rate)),
    )  # fmt: skip
