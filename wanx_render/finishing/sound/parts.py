"""One part of a film's sound: encoded with a run-up, and heard as far as it goes into the film."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

from wanx_render.finishing import decode_record, ducking, mastering
from wanx_render.finishing.decode_record import Hearing
from wanx_render.finishing.join import (
    Encoding,
    WindowOfMix,
    window_arguments,
    window_measure_arguments,
)
from wanx_render.finishing.mastering import MixOfSegments
from wanx_render.finishing.mix import Level, Mix, MixSpan
from wanx_render.finishing.sound.grid import SoundWindow
from wanx_render.media import decoding
from wanx_render.timing import SAMPLE_RATE

_BLOCK = SAMPLE_RATE // 10  # samples after which a meter says once more how loud it is


@dataclass(frozen=True, slots=True)
class SoundPart:
    """A part of a sound, of pieces that begin ``skip`` samples before what is encoded for it."""

    window: SoundWindow
    skip: int


def encode(work: MixOfSegments, part: SoundPart, target: Path) -> Hearing:
    """Encode the part as the mov ``target``: what of the mix is heard in it, and its run-up.

    Its record has the packets of the part alone, at their times in the film. Raises FfmpegError.
    """
    gains = target.with_name(f"{target.name}.gains")
    try:
        return _encode(work, window_of_mix(work, part, gains), part.window, target)
    finally:
        gains.unlink(missing_ok=True)


def _encode(work: MixOfSegments, own: WindowOfMix, window: SoundWindow, target: Path) -> Hearing:
    sound, coder = mastering.nearest(partial(_encoded, work, own, window), target)
    hearing = decode_record.hearing(sound)
    seconds = window.begin / SAMPLE_RATE
    is_silent = hearing.loudness.peak_is_low and mastering.mixed_to(work.mix)
    return replace(
        hearing,
        packets=tuple(_in_film(hearing.packets, window)),
        silent=tuple((seconds + begin, seconds + end) for begin, end in hearing.silent),
        lost=is_silent and mastering.audible(_measured(work, own)),
        notices=tuple(mastering.choices(coder)),
        before=window.before,
        blocks=tuple(_own_blocks(sound.blocks, window)),
        marks=sound.marks,
        ducking=own.ducking,
    )


def window_of_mix(work: MixOfSegments, part: SoundPart, gains: Path) -> WindowOfMix:
    """What is encoded for a part, with the gain of its music, if that changes, in ``gains``."""
    window = part.window
    span = MixSpan(window.begin, window.end)
    work = mastering.looped(work)
    mix, turns = _ducked(work, part, gains)
    return WindowOfMix(part.skip, span, mix, work.samples, Level(), turns)


def _ducked(work: MixOfSegments, part: SoundPart, gains: Path) -> tuple[Mix, mastering.Turns]:
    """The mix, with the gain of its music from ``GAIN_LEAD`` values before the part's beginning.

    What begins to be heard soon after the part lowers the music in it; what ended before its run-up
    is not heard in it any more.
    """
    mix, window = work.mix, part.window
    if not (mix.duck and mix.music):
        return mix, ()
    length = min(window.end + AHEAD, work.samples) - window.begin
    begin = Fraction(window.begin, SAMPLE_RATE)
    heard = mastering.clip_spans(work, part.skip, length, gains)
    spoken = [(start - float(begin), end - float(begin))
              for start, end in mastering.voice_spans(work, gains)]  # fmt: skip
    spans = [*heard, *spoken]
    gains.write_bytes(ducking.gains(spans, length / SAMPLE_RATE + 1).tobytes())
    first, last = (sample - window.begin for sample in window.own(work.samples))
    turns = mastering.turns(spans, first, last)
    in_film = tuple((window.begin + at, gain) for at, gain in turns)
    return replace(mix, gains=gains), in_film


AHEAD = SAMPLE_RATE // 2  # samples after a part in which something may begin that lowers music


def _measured(work: MixOfSegments, own: WindowOfMix) -> decoding.Loudness:
    return decoding.metered(work.program, window_measure_arguments(work.listing, own))


def _encoded(
    work: MixOfSegments, own: WindowOfMix, window: SoundWindow, encoding: Encoding
) -> decoding.Heard:
    return mastering.compared(
        work.program,
        window_arguments(work.listing, encoding, own),
        encoding,
        peaks=False,
        window=window.listened,
        marks=window.marks,
    )


def _in_film(packets: Sequence[str], window: SoundWindow) -> Iterator[str]:
    """The packets that go into the film, at their times there."""
    end = None if window.packets is None else window.before + window.packets
    for packet in packets[window.before : end]:
        time, rest = packet.split(" ", 1)
        yield f"{int(time) + window.begin} {rest}"


def _own_blocks(blocks: Sequence[float], window: SoundWindow) -> Iterator[float]:
    """Those that end in this part: each is then in one part, and all of it was heard."""
    for number, block in enumerate(blocks, 1):
        if window.owns(window.begin + window.listened + number * _BLOCK):
            yield block
