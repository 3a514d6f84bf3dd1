"""One part of a film's sound: encoded with a run-up, and heard as far as it goes into the film."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from wanx_render.finishing import decode_record, mastering
from wanx_render.finishing.decode_record import Hearing
from wanx_render.finishing.join import Encoding, window_arguments
from wanx_render.finishing.sound.grid import SoundWindow
from wanx_render.media import decoding, ffmpeg
from wanx_render.timing import SAMPLE_RATE

_BLOCK = SAMPLE_RATE // 10  # samples after which a meter says once more how loud it is


@dataclass(frozen=True, slots=True)
class SoundPart:
    """A part of a sound, of pieces that begin ``skip`` samples before what is encoded for it."""

    window: SoundWindow
    skip: int


def encode(program: ffmpeg.Ffmpeg, listing: Path, part: SoundPart, target: Path) -> Hearing:
    """Encode the part as the mov ``target``, of the sound of what ``listing`` names.

    Its record has the packets of the part alone, at their times in the film. Raises FfmpegError.
    """
    sound, coder = mastering.nearest(partial(_encoded, program, listing, part), target)
    hearing, window = decode_record.hearing(sound), part.window
    seconds = window.begin / SAMPLE_RATE
    return replace(
        hearing,
        packets=tuple(_in_film(hearing.packets, window)),
        silent=tuple((seconds + begin, seconds + end) for begin, end in hearing.silent),
        notices=tuple(mastering.choices(coder)),
        before=window.before,
        blocks=tuple(_own_blocks(sound.blocks, window)),
    )


def _encoded(
    program: ffmpeg.Ffmpeg, listing: Path, part: SoundPart, encoding: Encoding
) -> decoding.Heard:
    window = part.window
    end = part.skip + window.end - window.begin
    arguments = window_arguments(listing, encoding, part.skip, end)
    return mastering.compared(program, arguments, encoding, peaks=False, window=window.listened)


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
