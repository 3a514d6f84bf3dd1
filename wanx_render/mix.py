"""The sound of a whole deliverable: clips, music and voices, mixed as PCM; the pure part.

Loudness is measured on the mix and set by one gain for all of it, so that ducking survives; what
would then be too loud for a moment is limited. Everything is laid out in samples of 48 kHz.
"""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import ffmpeg as graph

from wanx_render.ffmpeg import SOUND_FORMATS, file_url
from wanx_render.stereo import mixed_down
from wanx_render.timing import SAMPLE_RATE

CEILING = Decimal(-1)  # dBTP that a deliverable with a loudness stays below
PEAK = Decimal("-1.5")  # dBTP of its mix; an encoder adds half a decibel, or more
# Under a voice of ordinary loudness music goes down by some 12 dB, within a twentieth of a second.
_DUCK = {"threshold": 0.02, "ratio": 6, "attack": 50, "release": 700, "knee": 4}


@dataclass(frozen=True, slots=True)
class Track:
    """A sound file laid into the mix, ``start`` samples from its beginning."""

    path: Path
    sha256: str
    start: int
    gain: Decimal  # dB
    channels: int = 2


@dataclass(frozen=True, slots=True)
class Music:
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

    music: Music | None = None
    duck: bool = False
    voices: tuple[Track, ...] = ()
    loudness: Decimal | None = None  # LUFS

    @property
    def plain(self) -> bool:
        """Whether the clips' own sound is all there is, as it is."""
        return not (self.music or self.voices) and self.loudness is None


NOTHING = Mix()


@dataclass(frozen=True, slots=True)
class Level:
    """What makes the mix as loud as promised: a gain in dB, and whether peaks must be held."""

    gain: Decimal = Decimal(0)
    limited: bool = False
    ceiling: Decimal = PEAK  # dBTP at which they are held


def mixed(clips: Any, mix: Mix, samples: int, level: Level) -> Any:
    """The stream of the whole mix, exactly ``samples`` long."""
    if mix.plain:
        return clips
    # Nothing ends before the whole is cut to its length: a filter with several inputs may drop what
    # it still holds of the others when the first of them ends.
    stream = _format(clips).filter("apad")
    if mix.voices:
        voices = [_voice(track, number) for number, track in enumerate(mix.voices, 1)]
        stream = _sum([stream, *voices])
    if mix.music:
        stream = _over(_bed(mix.music, samples), stream, duck=mix.duck)
    if level.gain:
        stream = stream.filter("volume", f"{level.gain}dB")
    if level.limited:
        stream = _limited(stream, level.ceiling)
    return _softened(stream.filter("atrim", end_sample=samples), samples, begin=False)


_SOFT = 192  # samples: 4 ms, in which a cut makes no click and no hole


def _softened(stream: Any, samples: int, *, begin: bool = True) -> Any:
    """A stream of so many samples, with short fades where it is cut."""
    fade = min(_SOFT, samples // 2)
    if begin:
        stream = stream.filter("afade", type="in", start_sample=0, nb_samples=fade)
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


def _voice(track: Track, number: int) -> Any:
    voice = _opened(track.path, number)
    stream = _format(voice.audio, track.channels)
    if track.gain:
        stream = stream.filter("volume", f"{track.gain}dB")
    if track.start:
        stream = stream.filter("adelay", f"{track.start}S", all=1)
    return stream.filter("apad")


def _bed(music: Music, samples: int) -> Any:
    stream = _again(music)
    if music.skip:
        stream = stream.filter("atrim", start_sample=music.skip)
        stream = stream.filter("asetpts", "PTS-STARTPTS")
        stream = stream.filter("afade", type="in", start_sample=0, nb_samples=_SOFT)
    if music.gain:
        stream = stream.filter("volume", f"{music.gain}dB")
    if music.fade_in:
        stream = stream.filter("afade", type="in", start_sample=0, nb_samples=music.fade_in)
    if music.fade_out:
        fade = min(music.fade_out, samples)
        stream = stream.filter("afade", type="out", start_sample=samples - fade, nb_samples=fade)
    return stream


def _again(music: Music) -> Any:
    """The music, which begins again where it ends, without a click."""
    if music.length is None:
        return _format(_opened(music.path, 0, stream_loop=-1).audio, music.channels)
    stream = _format(_opened(music.path, 0).audio, music.channels)
    stream = _softened(stream.filter("atrim", end_sample=music.length), music.length)
    return stream.filter("aloop", loop=-1, size=music.length)


def _over(bed: Any, speech: Any, *, duck: bool) -> Any:
    if not duck:
        return _sum([speech, bed])
    both = speech.filter_multi_output("asplit", 2)
    lowered = graph.filter([bed, both[1]], "sidechaincompress", **_DUCK)
    return _sum([both[0], lowered])


def _limited(stream: Any, ceiling: Decimal) -> Any:
    """Hold true peaks: between the samples too, so at four times the rate."""
    most = round(10 ** (float(ceiling) / 20), 6)
    stream = stream.filter("aresample", 4 * SAMPLE_RATE)
    stream = stream.filter("alimiter", limit=most, attack=5, release=50, level=0, latency=1)
    return stream.filter("aresample", SAMPLE_RATE)
