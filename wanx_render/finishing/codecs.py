"""How a segment is encoded: the codecs a deliverable may name, and the ffmpeg options of each.

H.264 by x264 is what is promised where nothing is said. The others are made and checked the same
way; which of them a machine has is found out by trying, before anything is spent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from wanx_render.frame import Codec, Frame, Quality
from wanx_render.media.ffmpeg import file_url
from wanx_render.timing import nearest

Options = Mapping[str, Any]


@dataclass(frozen=True)
class OneForm:
    """Bitstream filters that bring packets to one form in which they can be compared.

    A container writes lengths for start codes, and keeps heads and delimiters elsewhere.
    """

    emitted: str  # for packets as they leave the encoder
    written: str  # for those that are read from the file


@dataclass(frozen=True)
class Encoder:
    """One encoder of ffmpeg: what its pictures are found to be, and its options."""

    name: str
    made: str  # codec and profile, as a probe names them
    qualities: Mapping[Quality, Options]
    options: Options = field(default_factory=dict)
    form: OneForm | None = None  # None: what leaves it cannot be compared with its file


def _steps(preset: str, factor: str, *pairs: tuple[object, object]) -> dict[Quality, Options]:
    """Options by quality, from pairs of a preset and a quality factor."""
    names: tuple[Quality, ...] = ("draft", "standard", "master")
    return {
        name: {preset: pair[0], factor: pair[1]} for name, pair in zip(names, pairs, strict=True)
    }


_H264, _H265, _AV1 = "h264 High", "hevc Main", "av1 Main"
_NO_HEADS, _NO_HEVC_HEADS = "filter_units=remove_types=7-8", "filter_units=remove_types=32-34"
_NO_DELIMITERS = "filter_units=remove_types=2"
_AVC_FORM = OneForm(_NO_HEADS, f"h264_mp4toannexb,{_NO_HEADS}")
_HEVC_FORM = OneForm(_NO_HEVC_HEADS, f"hevc_mp4toannexb,{_NO_HEVC_HEADS}")
_AV1_FORM = OneForm(_NO_DELIMITERS, _NO_DELIMITERS)
# One thread, so that the same clip gives the same bytes whatever the number of cores; the pool that
# runs the calls keeps the cores busy.
_SOFTWARE = {"threads": 1, "flags": "+cgop+bitexact"}
_HIGH = {"profile:v": "high", "bf": 2}
# What x265 does not take from ffmpeg 5.1: the colours; nor from any: threads, closed groups.
_X265 = (
    "pools=none:frame-threads=1:open-gop=0:info=0:log-level=error:"
    "colorprim=bt709:transfer=bt709:colormatrix=bt709:range=limited"
)
# AV1 is only allowed in mp4, and mp4 takes no PCM on every version: FLAC loses nothing either. Left
# to themselves its blocks are as long as what the first filter gives, and have 24 bits behind a
# fade. Segments that are joined must be alike in both, or all sound after the first is lost.
_IN_MP4 = {"f": "mp4", "c:a": "flac", "sample_fmt": "s16", "frame_size": 4608, "strict": -2}


def _nvenc(codec: str, profile: str, **more: object) -> Encoder:
    steps = _steps("preset", "cq", ("p2", 30), ("p5", 23), ("p7", 18))
    return Encoder(
        f"{codec}_nvenc", profile, steps, {"rc": "vbr", "b:v": 0, "forced-idr": 1, **more}
    )


def _qsv(codec: str, profile: str, **more: object) -> Encoder:
    steps = _steps("preset", "global_quality", ("veryfast", 30), ("medium", 23), ("veryslow", 18))
    return Encoder(f"{codec}_qsv", profile, steps, {"pix_fmt": "nv12", **more})


def _amf(codec: str, profile: str, **more: object) -> Encoder:
    steps = _steps("quality", "qp_i", ("speed", 28), ("balanced", 22), ("quality", 18))
    steps = {name: {**options, "qp_p": options["qp_i"]} for name, options in steps.items()}
    return Encoder(f"{codec}_amf", profile, steps, {"rc": "cqp", **more})


def _videotoolbox(codec: str, profile: str, **more: object) -> Encoder:
    steps = _steps("realtime", "q:v", (1, 45), (0, 65), (0, 80))
    return Encoder(f"{codec}_videotoolbox", profile, steps, more)


_PROFILE = {"profile:v": "high"}
_HVC1 = {"tag:v": "hvc1", "profile:v": "main"}
ENCODERS: Mapping[Codec, Encoder] = {
    # Standard measured as good as medium at crf 20 for half the processor time; ultrafast would be
    # no High profile any more.
    "h264": Encoder(
        "libx264", _H264,
        _steps("preset", "crf", ("superfast", 25), ("veryfast", 18), ("slow", 14)),
        {**_SOFTWARE, **_HIGH}, _AVC_FORM,
    ),
    "h265": Encoder(
        "libx265", _H265,
        _steps("preset", "crf", ("ultrafast", 28), ("fast", 21), ("slow", 16)),
        {**_SOFTWARE, **_HVC1, "bf": 2, "x265-params": _X265}, _HEVC_FORM,
    ),
    "av1": Encoder(
        "libsvtav1", _AV1,
        _steps("preset", "crf", (10, 40), (8, 28), (5, 20)),
        {**_SOFTWARE, **_IN_MP4, "svtav1-params": "lp=1"}, _AV1_FORM,
    ),
    "h264_nvenc": _nvenc("h264", _H264, **_PROFILE),
    "h265_nvenc": _nvenc("hevc", _H265, **_HVC1),
    "av1_nvenc": _nvenc("av1", _AV1, **_IN_MP4),
    "h264_qsv": _qsv("h264", _H264, **_PROFILE),
    "h265_qsv": _qsv("hevc", _H265, **_HVC1),
    "av1_qsv": _qsv("av1", _AV1, **_IN_MP4),
    "h264_amf": _amf("h264", _H264, **_PROFILE),
    "h265_amf": _amf("hevc", _H265, **_HVC1),
    "av1_amf": _amf("av1", _AV1, **_IN_MP4),
    "h264_videotoolbox": _videotoolbox("h264", _H264, **_PROFILE),
    "h265_videotoolbox": _videotoolbox("hevc", _H265, **_HVC1),
}  # fmt: skip


def encoding(frame: Frame) -> dict[str, Any]:
    """The options of a segment's output: the picture by the frame's codec, sound without loss."""
    encoder = ENCODERS[frame.codec]
    return {
        "c:v": encoder.name,
        **encoder.qualities[frame.quality],
        "pix_fmt": "yuv420p",
        "g": nearest(2 * frame.rate),
        "flags": "+cgop",
        "fflags": "+bitexact",
        "video_track_timescale": timescale(frame.rate),
        "c:a": "pcm_s16le",
        "map_metadata": -1,
        "f": "mov",
        **encoder.options,
    }


# Options of an output that are the container's, not an encoder's.
_CONTAINER = ("f", "fflags", "strict", "video_track_timescale")


def teed(frame: Frame, target: Path, packets: Path, sound: Path) -> tuple[str, dict[str, Any]]:
    """The name and the options of an output that writes ``target`` as ``encoding`` says.

    It also lists the ``packets`` of the picture as the encoder gave them, and hashes the ``sound``.
    """
    options = encoding(frame)
    form = ENCODERS[frame.codec].form
    container = {name: options[name] for name in _CONTAINER if name in options}
    listed = {"f": "framehash", "hash": "md5", "flush_packets": 0}
    if form:
        listed["bsfs/v"] = form.emitted
    outputs = (
        _branch(target, container),
        _branch(packets, {**listed, "select": "v"}),
        _branch(sound, {"f": "hash", "hash": "md5", "select": "a"}),
    )
    # The containers want heads apart; the muxer of branches does not say so.
    options |= {"f": "tee", "flags": f"{options['flags']}+global_header"}
    del options["video_track_timescale"]
    return "|".join(outputs), options


def _branch(path: Path, options: Options) -> str:
    """One branch of the muxer ``tee``; in a name a backslash, a quote and a bar are special."""
    name = re.sub(r"([\\'|])", r"\\\1", file_url(path))
    return f"[{':'.join(f'{key}={value}' for key, value in options.items())}]{name}"


def decoded_whole(frame: Frame) -> bool:
    """Whether every segment of such a frame is decoded from its first picture to its last."""
    return frame.quality == "master" or ENCODERS[frame.codec].form is None


def promised(frame: Frame) -> str:
    """What a probe shall find the picture of a deliverable to be."""
    return f"{ENCODERS[frame.codec].made} yuv420p bt709"


def timescale(rate: Fraction) -> int:
    """Ticks a second in which every frame lasts a whole number of ticks."""
    return rate.numerator * (512 if rate.denominator == 1 else 1)
