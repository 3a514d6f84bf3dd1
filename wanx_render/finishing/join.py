"""Segments to one file: the pure part, from paths to a join list and ffmpeg arguments.

The sound, PCM in the segments, is encoded as one whole, so that no encoder's priming gap falls
between two shots (34 ms a join where segments carry AAC). Its packets and those of the pictures are
put into the film as they are (``film``), behind a head that ffmpeg writes for the first of them.
"""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import ffmpeg as graph

from wanx_render.finishing.codecs import timescale
from wanx_render.finishing.mix import (
    Level,
    Mix,
    MixSpan,
    StemKind,
    key_arguments,
    metered,
    mixed,
    stem,
    unheld,
)
from wanx_render.media.decoding import COMPARED_RATE
from wanx_render.media.ffmpeg import file_url
from wanx_render.timing import AAC_PACKET, SAMPLE_RATE


def join_list(paths: Iterable[Path]) -> bytes:
    """A concat list of ``paths``, each as a whole address: a relative one is joined to the list's
    own by the rules of the web, where a folder's name ends at a ``#`` or a ``?``.

    A line is all that such a list knows, so no path may hold a line break.
    """
    lines = ("file '" + file_url(path.absolute()).replace("'", "'\\''") + "'\n" for path in paths)
    return os.fsencode("ffconcat version 1.0\n" + "".join(lines))


# Raised whenever what is here or in ``mix`` changes in a way that changes the sound.
SOUND_VERSION = 7


Coder = Literal["twoloop", "fast"]
# How ffmpeg's AAC encoder spends its bits, the better for most sounds first (decision 0016).
# Without noise substitution twoloop is nearer to noise too.
CODERS: Mapping[Coder, Mapping[str, Any]] = {
    "twoloop": {"aac_coder": "twoloop", "aac_pns": 0},
    "fast": {"aac_coder": "fast"},
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """Where a mix is encoded, how, and where it is kept as it was, small, for comparison."""

    target: Path
    beside: Path
    coder: Coder = "twoloop"


def sound_arguments(
    listing: Path, encoding: Encoding, mix: Mix, samples: int, level: Level
) -> list[str]:
    """The ffmpeg arguments that encode the sound of what ``listing`` names, as a mov.

    It is the ``mix``, ``samples`` long, at the ``level`` that measuring it gave.
    """
    # Counted: where a file begins in the list is only given to the microsecond.
    stream = mixed(_parts(listing).audio, mix, samples, level).filter("asetpts", "N/SR/TB")
    return _encoding_arguments(stream, encoding)


@dataclass(frozen=True, slots=True)
class WindowOfMix:
    """A span of a mix that is ``samples`` long, of clips that begin ``skip`` samples before it."""

    skip: int
    span: MixSpan
    mix: Mix
    samples: int
    level: Level
    ducking: tuple[tuple[int, str], ...] = ()  # as ``Hearing`` has it

    @property
    def length(self) -> int:
        return self.span.end - self.span.begin


def window_arguments(listing: Path, encoding: Encoding, window: WindowOfMix) -> list[str]:
    """The ffmpeg arguments that encode a window of the mix, of what ``listing`` names.

    They are as ``sound_arguments`` has them of the whole.
    """
    return _encoding_arguments(window_stream(listing, window), encoding)


def window_measure_arguments(listing: Path, window: WindowOfMix) -> list[str]:
    """The ffmpeg arguments that play a window of the mix to a meter and to nobody else."""
    return metered(window_stream(listing, window))


def window_stream(listing: Path, window: WindowOfMix) -> Any:
    """A window of the mix, of what ``listing`` names."""
    clips = _cut(listing, window.skip, window.length)
    stream = mixed(clips, window.mix, window.samples, window.level, window.span)
    # Counted in samples, which is the time base here: N/SR/TB may be off by one.
    return stream.filter("asetpts", "N")


def _cut(listing: Path, first: int, length: int) -> Any:
    return _parts(listing).audio.filter("atrim", start_sample=first, end_sample=first + length)


def _encoding_arguments(stream: Any, encoding: Encoding) -> list[str]:
    """The ffmpeg arguments that encode a stream, and write it as it was for comparison."""
    inputs = stream.filter_multi_output("asplit", 2)
    beside = graph.output(
        inputs[1].filter("aresample", COMPARED_RATE),
        file_url(encoding.beside),
        **{"c:a": "pcm_f32le", "flags": "+bitexact", "fflags": "+bitexact", "f": "wav"},
    )
    output = graph.output(
        inputs[0],
        file_url(encoding.target),
        **{
            "c:a": "aac",
            **CODERS[encoding.coder],
            "b:a": "192k",
            "ar": SAMPLE_RATE,
            "ac": 2,
            "flags": "+bitexact",
            "fflags": "+bitexact",
            "map_metadata": -1,
            "f": "mov",
        },
    )
    return list(graph.merge_outputs(output, beside).overwrite_output().compile()[1:])


@dataclass(frozen=True, slots=True)
class ContainerTags:
    """Tags for the container of a joined file."""

    file: Path  # most of them, in ffmpeg's format ``ffmetadata``: a list of arguments is bounded
    odd: tuple[tuple[str, str], ...] = ()  # those that such a file cannot hold as they are


_PICTURES, _LEAST = 2, 8  # packets of the template


def _first(rate: Fraction) -> dict[str, int]:
    """How many packets of each track describe a film. ffmpeg leaves out the pictures that last
    longer than the sound that it is allowed: the sound of two more pictures is enough."""
    sound = 2 * _PICTURES * SAMPLE_RATE / (rate * AAC_PACKET)
    return {"frames:v": _PICTURES, "frames:a": max(_LEAST, math.ceil(sound))}


def template_arguments(
    listing: Path,
    sound: Path,
    target: Path,
    rate: Fraction,
    tags: ContainerTags | None = None,
    container: str = "mp4",
) -> list[str]:
    """The ffmpeg arguments that join the first packets of what ``listing`` names, and of ``sound``,
    into ``target``, an mp4 or mov, with ``tags`` in its container: how a film describes itself."""
    scale = timescale(rate)
    output = graph.output(
        _parts(listing).video,
        graph.input(file_url(sound), f="mov", protocol_whitelist="file").audio,
        file_url(target),
        **{
            "c": "copy",
            **_first(rate),
            "flags": "+bitexact",
            "fflags": "+bitexact",
            "map_metadata": -1,
            "video_track_timescale": scale,
            "movflags": "+faststart",
            "f": container,
        },
    )
    arguments = list(output.overwrite_output().compile()[1:])
    return _tagged(arguments, tags) if tags else arguments


def _tagged(arguments: list[str], tags: ContainerTags) -> list[str]:
    """The arguments with one more input, which has tags alone: no graph can name such a one."""
    inputs, outputs = arguments[: arguments.index("-map")], arguments[arguments.index("-map") :]
    source = str(inputs.count("-i"))
    outputs[outputs.index("-map_metadata") + 1] = source
    outputs[outputs.index("-movflags") + 1] += "+use_metadata_tags"  # or mp4 drops unknown names
    odd = [word for name, value in tags.odd for word in ("-metadata", f"{name}={value}")]
    source_of_tags = ("-protocol_whitelist", "file", "-f", "ffmetadata", "-i", file_url(tags.file))
    return [*inputs, *source_of_tags, *odd, *outputs]


def heard_arguments(listing: Path, first: int, length: int, target: Path) -> list[str]:
    """The ffmpeg arguments that write what music makes room for, as ``key_arguments`` does.

    It is ``length`` samples of what ``listing`` names, from sample ``first`` on.
    """
    clips = _cut(listing, first, length) if first else _parts(listing).audio
    return key_arguments(clips, length, target)


def measure_arguments(listing: Path, mix: Mix, samples: int, level: Level) -> list[str]:
    """The ffmpeg arguments that play the mix to a loudness meter and to nobody else."""
    return metered(mixed(_parts(listing).audio, mix, samples, level))


@dataclass(frozen=True, slots=True)
class LevelledMix:
    """A whole mix of what ``listing`` names, ``samples`` long, at its level."""

    listing: Path
    mix: Mix
    samples: int
    level: Level


def stem_arguments(work: LevelledMix, kind: StemKind, target: Path, comment: str) -> list[str]:
    """The ffmpeg arguments that write one stem of a mix as the WAV ``target``.

    It is as loud as in the film, before the limiter, so it may pass full scale: 32-bit floats.
    """
    clips = _parts(work.listing).audio
    stream = stem(kind, clips, work.mix, work.samples, work.level).filter("asetpts", "N/SR/TB")
    output = graph.output(
        stream,
        file_url(target),
        **{
            "c:a": "pcm_f32le",
            "ar": SAMPLE_RATE,
            "ac": 2,
            "flags": "+bitexact",
            "fflags": "+bitexact",
            "map_metadata": -1,
            **({"metadata": f"comment={comment}"} if comment else {}),
            "rf64": "auto",
            "f": "wav",
        },
    )
    return list(output.overwrite_output().compile()[1:])


def stem_sum_arguments(work: LevelledMix, stems: Sequence[Path]) -> list[str]:
    """The ffmpeg arguments that compare the sum of stems with their mix, peaks not held.

    A meter measures the sum, and ``astats`` the difference.
    """
    files = (graph.input(file_url(path), f="wav", protocol_whitelist="file") for path in stems)
    streams = [file.audio for file in files]
    total = _sum(streams) if len(streams) > 1 else streams[0]
    sums = total.filter_multi_output("asplit", 2)
    whole = mixed(_parts(work.listing).audio, work.mix, work.samples, unheld(work.level))
    difference = _sum([sums[0], whole.filter("volume", -1)])
    stats = difference.filter("astats", measure_perchannel="none", measure_overall="Peak_level")
    meter = sums[1].filter("ebur128", framelog="verbose", peak="true")
    outputs = (graph.output(stream, "-", f="null") for stream in (stats, meter))
    return list(graph.merge_outputs(*outputs).compile()[1:])


def _sum(streams: list[Any]) -> Any:
    return graph.filter(streams, "amix", inputs=len(streams), normalize=0, duration="longest")


def _parts(listing: Path) -> Any:
    """What is joined: every packet as it is, for all parts have one head in common."""
    return graph.input(
        file_url(listing), f="concat", safe=0, auto_convert=0, protocol_whitelist="file"
    )
