"""The sound of a whole deliverable: clips, music and voices, mixed as PCM; the pure part.

Loudness is measured on the mix and set by one gain for all of it, so that ducking survives; what
would then be too loud for a moment is limited. Everything is laid out in samples of 48 kHz.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import ffmpeg as graph

from wanx_render.finishing.ducking import GAIN_LEAD, GAIN_RATE, KEY_RATE
from wanx_render.media.ffmpeg import SOUND_FORMATS, file_url
from wanx_render.media.stereo import mixed_down
from wanx_render.timing import SAMPLE_RATE

CEILING = Decimal(-1)  # dBTP that a deliverable with a loudness stays below
# dB by which peaks are held at most: more makes distortion, not loudness.
DEEPEST = Decimal(12)
PEAK = Decimal("-1.5")  # dBTP of its mix; an encoder adds half a decibel, or more


@dataclass(frozen=True, slots=True)
class Track:
    """A sound file laid into the mix, ``start`` samples from its beginning."""

    path: Path
    sha256: str
    start: int
    gain: Decimal  # dB
    channels: int = 2


@dataclass(frozen=True, slots=True)
class MusicTrack:
    """What is laid under the whole, from its ``skip``th sample on, again and again."""

    path: Path
    sha256: str
    skip: int
    gain: Decimal
    fade_in: int  # samples
    fade_out: int
    channels: int = 2
    # Samples of the whole file, measured where it may begin again before the end.
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Mix:
    """All that is heard besides the clips, and how loud the whole shall be."""

    music: MusicTrack | None = None
    duck: bool = False
    voices: tuple[Track, ...] = ()
    loudness: Decimal | None = None  # LUFS
    # Samples in which the whole fades in at its beginning, and out at its end.
    ends: tuple[int, int] = (0, 0)
    # The gain of ducked music, 32-bit numbers at ``GAIN_RATE``; measured before the mix is made.
    gains: Path | None = None

    @property
    def plain(self) -> bool:
        """Whether the clips' own sound is all there is, as it is."""
        return not (self.music or self.voices or any(self.ends)) and self.loudness is None


NO_MIX = Mix()


@dataclass(frozen=True, slots=True)
class Level:
    """What makes the mix as loud as promised: a gain in dB, and whether peaks must be held."""

    gain: Decimal = Decimal(0)
    limited: bool = False
    ceiling: Decimal = PEAK  # dBTP at which they are held


@dataclass(frozen=True, slots=True)
class MixSpan:
    """The samples of a mix that are made: all of it, or a part with the same samples."""

    begin: int
    end: int
    is_part: bool = True

    @property
    def counted(self) -> str:
        """The time of each sample of a stream that begins with the span, for fades go by it.

        In samples, which are the time base here: N/SR/TB may be off by one. It is kept for the
        whole, whose bytes were made by it.
        """
        return f"N+{self.begin}" if self.is_part else _COUNTED


def mixed(clips: Any, mix: Mix, samples: int, level: Level, span: MixSpan | None = None) -> Any:
    """The stream of the whole mix, exactly ``samples`` long, or of a ``span`` of it.

    ``clips`` are those of the span. Each sample is the same in the whole and in every span.
    """
    if mix.plain:
        return clips
    return _laid(clips, mix, samples, level, span or MixSpan(0, samples, is_part=False))


StemKind = Literal["dialogue", "music", "voices"]


def stem(kind: StemKind, clips: Any, mix: Mix, samples: int, level: Level) -> Any:
    """The stream of what a mix has of one kind, exactly ``samples`` long; all else is silent.

    ``dialogue`` is the clips' own sound. Every stage of a mix but the limiter is linear, so that
    the stems together are the mix before its peaks are held: the limiter is left out.
    """
    if mix.plain:
        return _format(clips).filter("apad").filter("atrim", end_sample=samples)
    own = replace(
        mix,
        music=mix.music if kind == "music" else None,
        gains=mix.gains if kind == "music" else None,
        voices=mix.voices if kind == "voices" else (),
    )
    whole = MixSpan(0, samples, is_part=False)
    return _laid(clips if kind == "dialogue" else _silence(), own, samples, unheld(level), whole)


def unheld(level: Level) -> Level:
    """The same gain, and peaks as high as they are."""
    return Level(level.gain)


def _silence() -> Any:
    return graph.input(f"anullsrc=r={SAMPLE_RATE}:cl=stereo", f="lavfi").audio


def _laid(clips: Any, mix: Mix, samples: int, level: Level, span: MixSpan) -> Any:
    """The clips of a span with all that is laid over them, faded and at its level."""
    # Nothing ends before the whole is cut to its length: a filter with several inputs may drop what
    # it still holds of the others when the first of them ends.
    stream = _format(clips).filter("apad")
    voices = [
        _voice(track, number, span)
        for number, track in enumerate(mix.voices, 1)
        if track.start < span.end or not span.is_part
    ]
    if voices:
        stream = _sum([stream, *voices])
    if mix.music:
        bed = _bed(mix.music, samples, span)
        stream = _sum([stream, _ducked(bed, mix.gains) if mix.gains else bed])
    stream = _faded(stream, mix.ends, samples, span)
    if level.gain:
        stream = stream.filter("volume", f"{level.gain}dB")
    if level.limited:
        stream = _limited(stream, level.ceiling)
    stream = stream.filter("atrim", end_sample=span.end - span.begin)
    return _ending(stream.filter("asetpts", span.counted), samples)


def _faded(stream: Any, ends: tuple[int, int], samples: int, span: MixSpan) -> Any:
    """The whole with the fades at its ends, before its level: that is measured with them."""
    if not any(ends):
        return stream
    first, last = ends
    stream = stream.filter("asetpts", span.counted)
    if first:
        stream = stream.filter("afade", type="in", start_sample=0, nb_samples=first)
    if last:
        stream = stream.filter("afade", type="out", start_sample=samples - last, nb_samples=last)
    return stream


# Fades go by timestamps, and those of files and of mixes may begin anywhere.
_COUNTED = "N/SR/TB"
_SOFT = 192  # samples: 4 ms, in which a cut makes no click and no hole


def _softened(stream: Any, samples: int) -> Any:
    """A stream of so many samples, with short fades at its ends."""
    fade = min(_SOFT, samples // 2)
    stream = stream.filter("asetpts", _COUNTED)
    return _ending(stream.filter("afade", type="in", start_sample=0, nb_samples=fade), samples)


def _ending(stream: Any, samples: int) -> Any:
    """A stream with a short fade where it ends after so many samples."""
    fade = min(_SOFT, samples // 2)
    return stream.filter("afade", type="out", start_sample=samples - fade, nb_samples=fade)


def _format(stream: Any, channels: int = 2) -> Any:
    return mixed_down(stream.filter("aresample", SAMPLE_RATE), channels, "fltp")


def _sum(streams: list[Any]) -> Any:
    return graph.filter(streams, "amix", inputs=len(streams), normalize=0, duration="first")


def _opened(path: Path, number: int, **options: int) -> Any:
    """A sound file as an input; the graph's library takes two equal ones for one."""
    return graph.input(
        file_url(path),
        protocol_whitelist="file",
        format_whitelist=SOUND_FORMATS,
        thread_queue_size=64 + number,
        **options,
    )


def _voice(track: Track, number: int, span: MixSpan) -> Any:
    voice = _opened(track.path, number)
    stream = _format(voice.audio, track.channels)
    if track.gain:
        stream = stream.filter("volume", f"{track.gain}dB")
    start = track.start - span.begin
    if start > 0:
        stream = stream.filter("adelay", f"{start}S", all=1)
    elif start < 0:
        stream = stream.filter("atrim", start_sample=-start).filter("asetpts", "N")
    return stream.filter("apad")


def _bed(music: MusicTrack, samples: int, span: MixSpan) -> Any:
    stream, first = _again(music), music.skip + span.begin
    if music.length and span.is_part:
        first %= music.length
    if first:
        stream = stream.filter("atrim", start_sample=first)
    stream = stream.filter("asetpts", span.counted)
    if music.skip:
        stream = stream.filter("afade", type="in", start_sample=0, nb_samples=_SOFT)
    if music.gain:
        stream = stream.filter("volume", f"{music.gain}dB")
    if music.fade_in:
        stream = stream.filter("afade", type="in", start_sample=0, nb_samples=music.fade_in)
    if music.fade_out:
        fade = min(music.fade_out, samples)
        stream = stream.filter("afade", type="out", start_sample=samples - fade, nb_samples=fade)
    return stream


def _again(music: MusicTrack) -> Any:
    """The music, which begins again where it ends, without a click."""
    if music.length is None:
        return _format(_opened(music.path, 0, stream_loop=-1).audio, music.channels)
    stream = _format(_opened(music.path, 0).audio, music.channels)
    stream = _softened(stream.filter("atrim", end_sample=music.length), music.length)
    return stream.filter("aloop", loop=-1, size=music.length)


def _ducked(bed: Any, gains: Path) -> Any:
    """The music at a gain that changes over time."""
    gain = graph.input(file_url(gains), f="f32le", ar=GAIN_RATE, ac=1, protocol_whitelist="file")
    stream = _format(gain.audio, 1)
    stream = stream.filter("atrim", start_sample=GAIN_LEAD * SAMPLE_RATE // GAIN_RATE)
    return graph.filter([bed, stream.filter("asetpts", "PTS-STARTPTS")], "amultiply")


def metered(stream: Any) -> list[str]:
    """The ffmpeg arguments that play a stream to a loudness meter and to nobody else."""
    sounding = stream.filter("ebur128", framelog="verbose", peak="true")
    return list(graph.output(sounding, "-", f="null").compile()[1:])


def bare_arguments(mix: Mix, samples: int, level: Level) -> list[str]:
    """The ffmpeg arguments that measure music and voices over clips that are silent."""
    return metered(mixed(_silence(), mix, samples, level))


def key_arguments(clips: Any, samples: int, target: Path) -> list[str]:
    """The ffmpeg arguments that write the clips, which music makes room for.

    It is one channel of 16-bit samples at ``KEY_RATE``.
    """
    return _key(_format(clips), samples, target)


def voice_arguments(voices: Sequence[Track], samples: int, target: Path) -> list[str]:
    """The ffmpeg arguments that write the voices of a whole mix, as ``key_arguments`` the clips."""
    whole = MixSpan(0, samples, is_part=False)
    streams = [_voice(track, number, whole) for number, track in enumerate(voices, 1)]
    return _key(_sum(streams) if len(streams) > 1 else streams[0], samples, target)


def _key(stream: Any, samples: int, target: Path) -> list[str]:
    output = graph.output(
        stream.filter("apad").filter("atrim", end_sample=samples),
        file_url(target),
        **{"ar": KEY_RATE, "ac": 1, "c:a": "pcm_s16le", "f": "s16le"},
    )
    return list(output.overwrite_output().compile()[1:])


def _limited(stream: Any, ceiling: Decimal) -> Any:
    """Hold true peaks: between the samples too, so at four times the rate."""
    limit = round(10 ** (float(ceiling) / 20), 6)
    stream = stream.filter("aresample", 4 * SAMPLE_RATE)
    stream = stream.filter("alimiter", limit=limit, attack=5, release=50, level=0, latency=1)
    return stream.filter("aresample", SAMPLE_RATE)
