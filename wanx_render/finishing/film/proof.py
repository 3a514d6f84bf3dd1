"""A film read again. Of a long one: its tables, all of its bytes, and three parts by ffmpeg.

That each packet is the one that was decoded was seen when it was written. Here is seen that what
was written is in the file, and in its place: the bytes of all packets by their hash, the film's own
tables by those it was written with, and that ffmpeg reads the first, the middle and the last
seconds as we do. So nothing but reading and hashing the file grows with the film. A short film is
read by ffmpeg as a whole.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from operator import lt, sub
from pathlib import Path

from wanx_render import files
from wanx_render.finishing.decode_record import DecodeRecord, Hearing, packets_in, timed_packets
from wanx_render.media import ffmpeg, probe
from wanx_render.media.mp4.layout import FilmTrack
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
    tracks: Mapping[str, FilmTrack],
    payload: str,
) -> Reading:
    """Read the film at ``path``, which was written by the tables of ``tracks``.

    ``payload``: the SHA-256 of all packets as they were written. Raises FfmpegError where ffmpeg
    cannot read it, or its tables are not whole.
    """
    with ThreadPoolExecutor(2) as pool:
        whole = pool.submit(files.sha256, path)
        moov = read_moov(path)
        video, sound = track(moov, "vide"), track(moov, "soun")
        start = min(video.starts[0], sound.starts[0])
        packets = pool.submit(files.sha256, path, start)
        probed, listing = probe.parts(program, path, _starts(video), _SECONDS)
        seen, heard = video.shown, sound.shown
        is_same = tracks["vide"].is_in(video, start) and _are_listed(video, seen, pieces, listing)
        is_heard = tracks["soun"].is_in(sound, start) and _is_heard(sound, heard, hearing, listing)
        if packets.result() != payload or not _is_tiled(video, sound, path.stat().st_size):
            is_same = is_heard = False
        changed = () if is_same else (0,)
        probed = _measured(probed, video, seen, _heard(sound, heard))
        return Reading(probed, changed, not is_heard, whole.result())


def whole(
    program: ffmpeg.Ffmpeg,
    path: Path,
    pieces: Sequence[DecodeRecord],
    hearing: Hearing,
    tracks: Mapping[str, FilmTrack] | None = None,
) -> Reading:
    """A short film as ffmpeg reads all of it; ``tracks`` as in ``read``. Raises FfmpegError."""
    probed, listing = probe.read(program, path)
    changed = tuple(_changed(listing, pieces))
    if tracks and not changed:
        moov = read_moov(path)
        lines = {kind: track(moov, kind) for kind in tracks}
        start = min(line.starts[0] for line in lines.values())
        changed = () if all(tracks[kind].is_in(lines[kind], start) for kind in tracks) else (0,)
    is_other = timed_packets(listing, 1) != (hearing.head, hearing.packets)
    return Reading(probed, changed, is_other)


def _changed(listing: str, pieces: Sequence[DecodeRecord]) -> Iterator[int]:
    """Which pieces are not found in the file as they were when they were checked."""
    head, packets = packets_in(listing)
    at = 0
    for number, piece in enumerate(pieces):
        end = at + len(piece.packets)
        if (head, packets[at:end]) != (piece.head, piece.packets):
            yield number
        at = end


def _is_tiled(video: StoredTrack, sound: StoredTrack, size: int) -> bool:
    """Whether the chunks fill the file from the first one on, one behind the other."""
    starts, ends = sorted([*video.starts, *sound.starts]), sorted([*video.ends, *sound.ends])
    in_order = (all(map(lt, line.starts, islice(line.starts, 1, None))) for line in (video, sound))
    return all(in_order) and [*starts[1:], size] == ends


def _starts(video: StoredTrack) -> tuple[Fraction, ...]:
    """Where the parts begin that ffmpeg reads, in seconds."""
    last = Fraction(video.durations.total, video.timescale) - _SECONDS
    return (Fraction(0), last / 2, last)


def _are_listed(
    video: StoredTrack, shown: Sequence[int], pieces: Sequence[DecodeRecord], listing: str
) -> bool:
    """Whether ffmpeg reads the pictures that were decoded, behind the head of all segments.

    ``shown``: when, in ticks.
    """
    heads = {piece.head for piece in pieces}
    packets = [packet for piece in pieces for packet in piece.packets]
    is_whole = len(heads) == 1 and len(packets) == len(video.sizes)
    return is_whole and _is_read(listing, 0, pieces[0].head, video, shown, packets)


def _is_heard(sound: StoredTrack, shown: Sequence[int], hearing: Hearing, listing: str) -> bool:
    """Whether ffmpeg reads the packets that were decoded, at their times."""
    packets = hearing.packets
    is_whole = len(packets) == len(sound.sizes)
    return is_whole and _is_read(listing, 1, hearing.head, sound, shown, packets)


def _is_read(
    listing: str,
    stream: int,
    head: str,
    line: StoredTrack,
    shown: Sequence[int],
    packets: Sequence[str],
) -> bool:
    """Whether ffmpeg listed these packets, in each part without a gap, and the ends of the film.

    ``stream``: of the two of each part. ``packets``: size and hash of each packet of the film,
    and what may stand before them.
    """
    parts = [timed_packets(listing, 2 * number + stream) for number in range(3)]
    if any(own != head or not listed for own, listed in parts):
        return False
    durations = list(expanded(line.durations))
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


def _heard(sound: StoredTrack, shown: Sequence[int]) -> Fraction:
    """Seconds of sound from the beginning of the film on."""
    first = bisect_left(shown, 0)
    return Fraction(sum(islice(expanded(sound.durations), first, None)), sound.timescale)


def _measured(
    probed: probe.Probe, video: StoredTrack, seen: Sequence[int], heard: Fraction
) -> probe.Probe:
    """What ffmpeg says of a part, with times and counts of the whole film."""
    picture = probed.picture
    shown = sorted(seen)
    length = video.durations.total * picture.tick
    steps = set(map(sub, islice(shown, 1, None), shown))
    frames = len(shown)
    return replace(
        probed,
        picture=replace(
            picture, frames=frames, ticks=tuple(shown), duration=length,
            rate=frames / length, uniform=len(steps) == len(set(video.durations.values)) == 1,
        ),
        sound=probed.sound and replace(probed.sound, samples=int(heard * probed.sound.rate)),
    )  # fmt: skip
