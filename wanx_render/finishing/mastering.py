"""The finished sound of a deliverable: levelled, encoded, and compared with what was encoded.

What an encoder makes of a mix is only known afterwards: peaks grow, and each of ffmpeg's two ways
of spending bits fails on some sounds. So the encoded sound is measured, and encoded once more
where it is too high or too far from its mix.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from pathlib import Path

from wanx_render import files
from wanx_render.finishing import decode_record, ducking
from wanx_render.finishing.decode_record import Hearing
from wanx_render.finishing.join import (
    Coder,
    Encoding,
    heard_arguments,
    measure_arguments,
    sound_arguments,
)
from wanx_render.finishing.mix import CEILING, DEEPEST, PEAK, Level, Mix, Track, voice_arguments
from wanx_render.language import tr
from wanx_render.media import decoding, ffmpeg
from wanx_render.media.audio_files import BadSoundtrack, inspect
from wanx_render.timing import SAMPLE_RATE

# A limiter takes away what a gain brought; after a few turns it is as near as it gets.
_LEVELLINGS = 4
_NEAR = Decimal("0.3")  # LU
_DEAREST = Decimal(3)  # dB of gain for one LU: a limiter that takes more leaves nothing to gain
_CLOSE = Decimal(1)  # LU; what is promised
_TRIES = 3  # of encoding below a peak that came out too high
_SPARE = Decimal("0.3")  # dB further down than the overshoot, which is never twice the same
# dB of signal to distortion below 4 kHz; below it the other coder is tried (decision 0016).
_FAITHFUL = 15
_AUDIBLE = -50  # dBTP; what is softer the encoder may leave out
_COMPARABLE = -40  # dBTP; what is softer is not compared


@dataclass(frozen=True, slots=True)
class MixOfSegments:
    """A mix of the segments that ``listing`` names, ``samples`` long."""

    program: ffmpeg.Ffmpeg
    listing: Path
    mix: Mix
    samples: int


def encode(work: MixOfSegments, target: Path) -> Hearing:
    """Encode the mix as the mov ``target``; what was heard of it, and what is to be said of it.

    Raises FfmpegError. A loudness that cannot be reached is a notice, never an error.
    """
    gains = target.with_name(f"{target.name}.gains")
    try:
        mix, turns = ducked(looped(work), gains)
        return replace(_encode(replace(work, mix=mix), target), ducking=turns)
    finally:
        gains.unlink(missing_ok=True)


def _encode(work: MixOfSegments, target: Path) -> Hearing:
    plain = _measured(work, Level()) if work.mix.loudness is not None else _UNMEASURED
    level = _level(work, PEAK, plain)
    sound, coder = nearest(partial(_encoded, work, level), target)
    hearing = decode_record.hearing(sound)
    for number in range(_TRIES):
        over = _over(work.mix, hearing)
        if over <= 0:
            break
        down = over + _SPARE
        if number == 0:  # the loudest below it; after that the same, softer
            level = _level(work, level.ceiling - down, plain)
        else:
            level = Level(level.gain - down, level.limited, level.ceiling - down)
        hearing = decode_record.hearing(
            _encoded(work, level, Encoding(target, _beside(target), coder))
        )
    is_lost = hearing.loudness.peak_is_low and mixed_to(work.mix)
    is_lost = is_lost and audible(_measured(work, level))
    notices = (*choices(coder), *_unreached(work.mix, hearing))
    exceptions = ("loudness", "true peak") if work.mix.loudness is not None else ()
    ceiling = str(level.ceiling) if level.limited else None
    return replace(
        hearing, lost=is_lost, notices=notices, excused=exceptions,
        gain=str(level.gain), limited=level.limited, ceiling=ceiling,
    )  # fmt: skip


def level_of(hearing: Hearing) -> Level:
    """The level at which a sound was encoded."""
    ceiling = PEAK if hearing.ceiling is None else Decimal(hearing.ceiling)
    return Level(Decimal(hearing.gain), hearing.limited, ceiling)


_CLIP_FLOOR = -36  # dBFS; softer sound of clips is no voice, but their surroundings
_VOICE_FLOOR, _BELOW = -60, 20  # dBFS, and dB below the loudest part of the voices


Turns = tuple[tuple[int, str], ...]  # as ``Hearing.ducking`` has them


def ducked(work: MixOfSegments, gains: Path) -> tuple[Mix, Turns]:
    """The mix, with the gain of its music written to ``gains`` where it makes room, and as points
    in samples and dB."""
    mix = work.mix
    if not (mix.duck and mix.music):
        return mix, ()
    spans = [*clip_spans(work, 0, work.samples, gains), *voice_spans(work, gains)]
    if not spans:
        return mix, ()
    gains.write_bytes(ducking.gains(spans, work.samples / SAMPLE_RATE + 1).tobytes())
    return replace(mix, gains=gains), turns(spans, 0, work.samples)


def turns(spans: Sequence[ducking.Span], begin: int, end: int) -> Turns:
    """The gain of ducked music from sample ``begin`` to ``end``, in texts that JSON keeps."""
    return tuple((at, f"{float(gain):.2f}") for at, gain in ducking.curve(spans, begin, end))


def clip_spans(work: MixOfSegments, first: int, length: int, beside: Path) -> list[ducking.Span]:
    """Where clips are heard in ``length`` samples of the listing, in seconds from the first."""
    target = beside.with_suffix(".clips")
    try:
        ffmpeg.run(work.program, heard_arguments(work.listing, first, length, target))
        return list(ducking.spans(decoding.shorts(target.read_bytes()), floor=_CLIP_FLOOR))
    finally:
        target.unlink(missing_ok=True)


def voice_spans(work: MixOfSegments, beside: Path) -> Sequence[ducking.Span]:
    """Where voices are heard, in seconds of the whole mix."""
    return _voice_spans(work.program, work.mix.voices, work.samples, beside.parent)


@lru_cache(maxsize=8)  # every part of a sound asks for it
def _voice_spans(
    program: ffmpeg.Ffmpeg, voices: tuple[Track, ...], samples: int, folder: Path
) -> Sequence[ducking.Span]:
    if not voices:
        return ()
    with files.part_of(folder / "voices") as target:
        ffmpeg.run(program, voice_arguments(voices, samples, target))
        sound = decoding.shorts(target.read_bytes())
        return tuple(ducking.spans(sound, floor=_VOICE_FLOOR, below=_BELOW))


_DOUBTFUL = Fraction(1)  # seconds; by which the length that a file states may be wrong


def looped(work: MixOfSegments) -> MixOfSegments:
    """The work, with the length of music that may end before the film does."""
    music = work.mix.music
    if music is None:
        return work
    try:
        seconds = inspect(music.path).seconds - _DOUBTFUL
    except BadSoundtrack:
        return work  # ffmpeg says why
    if seconds * SAMPLE_RATE > music.skip + work.samples:
        return work
    length = _length(work.program, music.path, music.sha256)
    return replace(work, mix=replace(work.mix, music=replace(music, length=length or None)))


@lru_cache(maxsize=8)
def _length(program: ffmpeg.Ffmpeg, path: Path, sha256: str) -> int:
    """Samples of a file, by its content too."""
    del sha256
    return decoding.length(program, path, SAMPLE_RATE)


def mixed_to(mix: Mix) -> bool:
    return bool(mix.music or mix.voices)


def _beside(target: Path) -> Path:
    return target.with_name(f"{target.name}.mix")


def nearest(
    encode: Callable[[Encoding], decoding.Heard], target: Path
) -> tuple[decoding.Heard, Coder]:
    """Have ``encode`` make the encoding at ``target`` that is nearer to what it was made of.

    The second coder is tried only where it may be.
    """
    encoding = Encoding(target, _beside(target))
    first = encode(encoding)
    if _faithful(first):
        return first, encoding.coder
    fast = Encoding(target.with_name(f"{target.name}.other"), _beside(target), "fast")
    try:
        second = encode(fast)
        if (second.fidelity or 0) <= (first.fidelity or 0):
            return first, encoding.coder
        files.place(fast.target, target, durable=False)  # a part still
        return second, fast.coder
    finally:
        fast.target.unlink(missing_ok=True)


def _encoded(work: MixOfSegments, level: Level, encoding: Encoding) -> decoding.Heard:
    """Encode, decode, and compare with the mix."""
    arguments = sound_arguments(work.listing, encoding, work.mix, work.samples, level)
    return compared(work.program, arguments, encoding, peaks=work.mix.loudness is not None)


def compared(
    program: ffmpeg.Ffmpeg,
    arguments: Sequence[str],
    encoding: Encoding,
    *,
    peaks: bool,
    window: int | None = None,
    marks: Sequence[tuple[int, int]] = (),
) -> decoding.Heard:
    """Encode by ``arguments``, decode, and compare with what was encoded, as ``listen`` does.

    ``marks``: samples from and to of which the mix is kept as a hash.
    """
    try:
        ffmpeg.run(program, arguments)
        heard = decoding.listen(
            program, encoding.target, peaks=peaks, mix=encoding.beside, window=window
        )
        hashes = (decoding.hash_of(encoding.beside, begin, end) for begin, end in marks)
        return replace(heard, marks=tuple(hashes))
    finally:
        encoding.beside.unlink(missing_ok=True)


def _faithful(sound: decoding.Heard) -> bool:
    peak = sound.loudness.peak
    if sound.fidelity is None or peak is None or peak < _COMPARABLE:
        return True
    return sound.fidelity >= _FAITHFUL


def _over(mix: Mix, hearing: Hearing) -> Decimal:
    """By how many dB the peak is higher than promised, where anything was."""
    peak = hearing.loudness.peak
    return Decimal(0) if mix.loudness is None or peak is None else peak - CEILING


def choices(coder: Coder) -> Iterator[str]:
    """What is to be said of the way in which a sound was encoded."""
    if coder != "twoloop":
        yield tr("the sound is encoded with coder {coder}, which is closer to the mix", coder=coder)


def _unreached(mix: Mix, hearing: Hearing) -> Iterator[str]:
    loudness = hearing.loudness
    if mix.loudness is None or loudness.integrated is None:
        return
    if abs(loudness.integrated - mix.loudness) > _CLOSE:
        yield tr(
            "the loudness is {loudness} LUFS, not {target}: "
            "the peaks of this sound allow no more below {ceiling} dBTP",
            loudness=loudness.integrated, target=mix.loudness, ceiling=CEILING,
        )  # fmt: skip
    if loudness.peak is not None and loudness.peak > CEILING:
        yield tr(
            "the true peak is {peak} dBTP; the limit is {ceiling}",
            peak=loudness.peak, ceiling=CEILING,
        )  # fmt: skip


def audible(loudness: decoding.Loudness) -> bool:
    """Whether anything is heard in a mix before it is encoded."""
    return loudness.peak is not None and loudness.peak > _AUDIBLE


def _measured(work: MixOfSegments, level: Level) -> decoding.Loudness:
    arguments = measure_arguments(work.listing, work.mix, work.samples, level)
    return decoding.metered(work.program, arguments)


_UNMEASURED = decoding.Loudness(None, None)


def _level(work: MixOfSegments, ceiling: Decimal, plain: decoding.Loudness) -> Level:
    """What brings the mix to the loudness it shall have; silence stays silence.

    ``plain``: how loud it is by itself. One gain for the whole. Where its peaks would then be
    above ``ceiling`` (dBTP) they are held, which costs loudness: that is measured again and made
    up for, as far as holding them goes.
    """
    level, target = Level(ceiling=ceiling), work.mix.loudness
    if target is None:
        return level
    loudness, peak = plain, plain.peak if plain.peak is not None else Decimal(0)
    cost = Decimal(1)  # dB of gain for one LU
    for _ in range(_LEVELLINGS):
        if loudness.integrated is None:
            return level
        missing = target - loudness.integrated
        gain = min(level.gain + missing * cost, ceiling - peak + DEEPEST)
        if abs(gain - level.gain) < _NEAR and level.limited:
            return level
        before, step = loudness.integrated, gain - level.gain
        level = Level(round(gain, 1), peak + gain > ceiling, ceiling)
        if not level.limited:
            return level
        loudness = _measured(work, level)
        effect = (loudness.integrated or before) - before
        cost = min(step / effect, _DEAREST) if step * effect > 0 else _DEAREST
    return level
