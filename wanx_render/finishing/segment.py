"""Clips to segments: the pure part, from plain data to ffmpeg arguments.

A segment has the deliverable's exact frame, rate and length, its sound as PCM of exactly as many
samples as the picture lasts; it is encoded once, and the join only copies it. Every graph gives the
same picture on ffmpeg 5.1 and 9.0: colours are tagged with ``setparams`` before anything else sees
them, because 9.0 converts untagged frames where 5.1 leaves them alone.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import ffmpeg as graph

from wanx_render.captions.drawing import Captions, Cue, cue_paths, script_paths
from wanx_render.effects import cubes, overlays
from wanx_render.effects.cubes import Look
from wanx_render.effects.fades import DrawnFade, faded
from wanx_render.effects.overlays import DrawnOverlay
from wanx_render.files import sha256_of
from wanx_render.finishing.codecs import encoding, teed
from wanx_render.finishing.decode_record import SIDE, Tap, stills
from wanx_render.finishing.framing import SCALER, View, fitted
from wanx_render.finishing.visible_label import DrawnLabel, picture_path
from wanx_render.frame import Frame
from wanx_render.geometry import CENTRE, Gaze, Size
from wanx_render.media.ai_labels import NO_PROVENANCE, Provenance
from wanx_render.media.colour_graph import over_background, to_bt709
from wanx_render.media.colour_tags import BT709 as PLAIN
from wanx_render.media.colour_tags import BT709_TAGS, Alpha, Colours, Tags
from wanx_render.media.ffmpeg import BT709, Ffmpeg, file_url
from wanx_render.media.stereo import mixed_down
from wanx_render.shotlist.model import Transition
from wanx_render.shotlist.transitions import kind_of
from wanx_render.timing import (
    SAMPLE_RATE,
    Cut,
    conformed_frames,
    frames_in,
    played_frames,
    samples_in,
)

# Raised where a change concerns one fit alone: segments of the others stay valid.
FIT_VERSIONS = {"pad": {"pad graph": 1}, "blur": {"blur graph": 2}}
# The same for the codecs whose segments are mp4.
MP4_VERSION = {"flac": 1}
# Raised whenever a graph changes in a way that changes pictures or sound.
GRAPH_VERSION = 5


@dataclass(frozen=True, slots=True)
class Quirks:
    """What must be put right in a video that is not the service's (``ingest`` finds out)."""

    containers: str = "mov"  # what it may be read as
    colours: Colours = PLAIN  # as it is to be read
    interlaced: bool = False
    oblong: bool = False  # pixels that are not square
    native: Fraction | None = None  # the mean rate of frames that do not come at the take's
    alpha: Alpha | None = None  # how its colours are held, where it is transparent
    decoder: str = ""  # that shows its transparency, where it is not the usual one


NO_QUIRKS = Quirks()


@dataclass(frozen=True, slots=True)
class ClipMedia:
    """The media a segment is made from, as probed: not as promised."""

    path: Path
    sha256: str
    size: Size
    rate: Fraction
    frames: int
    has_sound: bool
    quirks: Quirks = NO_QUIRKS
    provenance: Provenance = NO_PROVENANCE
    tags: Tags = BT709_TAGS  # of the file; the quirks say what is made of them
    picture_start: Fraction = Fraction(0)  # seconds from the file's beginning
    sound_start: Fraction = Fraction(0)
    channels: int = 2  # of the sound; 3 stands for all that are more than two

    @property
    def lead(self) -> int:
        """How many frames the sound is ahead of the picture; the first frame is held for them.

        Up to a tenth of a second the sound gives way instead: encoders' delays are no content.
        """
        late = self.picture_start - min(self.picture_start, self.sound_start)
        return frames_in(late, self.rate) if self.has_sound and late > _DELAY else 0

    @property
    def origin(self) -> Fraction:
        """The second of the file at which its first frame, or what is held of it, is shown."""
        return self.picture_start - self.lead / self.rate

    @property
    def whole(self) -> int:
        """How many frames the file lasts: its own and what is held before them."""
        return self.lead + self.frames


_DELAY = Fraction(1, 10)  # seconds


@dataclass(frozen=True, slots=True)
class Segment:
    """One take, cut and fitted for one deliverable, as plain data.

    ``frames`` of its conformed frames from ``skip`` on: all of them, or those that it shares with
    no other shot.
    """

    take: ClipMedia
    cut: Cut
    focus: Gaze
    frame: Frame
    skip: int
    frames: int
    gain: Decimal = Decimal(0)  # of the clip's own sound, in dB
    captions: Captions | None = None
    label: DrawnLabel | None = None
    look: Look | None = None
    shot_overlays: tuple[DrawnOverlay, ...] = ()  # under the words
    overlays: tuple[DrawnOverlay, ...] = ()  # over the words
    fades: tuple[DrawnFade, ...] = ()

    @classmethod
    def whole(cls, take: ClipMedia, cut: Cut, focus: Gaze, frame: Frame) -> "Segment":
        """All of the shot, at the deliverable's rate."""
        return cls(take, cut, focus, frame, 0, conformed_frames(cut, take.rate, frame.rate))

    @property
    def first_sample(self) -> int:
        return samples_in(self.skip, self.frame.rate)

    @property
    def samples(self) -> int:
        """How many samples of 48 kHz the segment lasts."""
        return samples_in(self.skip + self.frames, self.frame.rate) - self.first_sample

    @property
    def heard(self) -> bool:
        """Whether anything of the clip's own sound is."""
        return self.take.has_sound and self.gain.is_finite()

    @property
    def played(self) -> int:
        """How many frames of the deliverable the whole cut plays for, before it is held."""
        return played_frames(self.cut, self.take.rate, self.frame.rate)

    @property
    def held(self) -> int:
        """How many of the clip's frames are missing at its end, and made up by holding the last."""
        return max(self.cut.start + self.cut.frames - self.take.whole, 0)

    @property
    def moving(self) -> int:
        """How many of its frames come before the clip's last one is held."""
        cut = replace(self.cut, frames=max(self.cut.frames - self.held, 1))
        return max(played_frames(cut, self.take.rate, self.frame.rate) - self.skip, 0)

    def key(self, program: Ffmpeg) -> str:
        """What the segment's bytes depend on, and nothing else: no names, no paths."""
        graph = {"graph": GRAPH_VERSION, **FIT_VERSIONS.get(self.frame.fit, {})}
        graph |= MP4_VERSION if encoding(self.frame)["f"] == "mp4" else {}
        return _digest({**_fields_of(self), **graph, "ffmpeg": program.version})


@dataclass(frozen=True, slots=True)
class Seam:
    """Two takes laid over each other: the end of the first, the beginning of the second."""

    first: Segment
    second: Segment
    transition: Transition
    captions: Captions | None = None
    label: DrawnLabel | None = None
    overlays: tuple[DrawnOverlay, ...] = ()
    fades: tuple[DrawnFade, ...] = ()

    @property
    def frame(self) -> Frame:
        return self.first.frame

    @property
    def frames(self) -> int:
        """How many frames of the deliverable both are seen in."""
        return self.first.frames

    @property
    def samples(self) -> int:
        return samples_in(self.frames, self.frame.rate)

    @property
    def moving(self) -> int:
        """How many of its frames come before the last one of a clip is held."""
        return min(self.first.moving, self.second.moving)

    def key(self, program: Ffmpeg) -> str:
        """What the seam's bytes depend on."""
        keys = [self.first.key(program), self.second.key(program)]
        words = _fields_of(self.captions) if self.captions else {}
        record = {"both": keys, "transition": self.transition.model_dump(), "words": words}
        later = {"label": self.label, "overlays": self.overlays, "fades": self.fades}
        return _digest({**record, **{name: value for name, value in later.items() if value}})


Piece = Segment | Seam


def sides(piece: Piece, target: Path) -> tuple[tuple[Segment, Path], ...]:
    """The one or two segments of a piece; each with the name that its files go by while
    ``target`` is made."""
    if isinstance(piece, Seam):
        second = target.with_name(f"{target.name}.second")
        return (piece.first, target), (piece.second, second)
    return ((piece, target),)


def sources(piece: Piece) -> tuple[ClipMedia, ...]:
    """The clips a piece is made of."""
    return (piece.first.take, piece.second.take) if isinstance(piece, Seam) else (piece.take,)


def heard(piece: Piece) -> dict[str, Any]:
    """What the sound of a piece depends on: nothing that is only seen."""
    if isinstance(piece, Seam):
        through = kind_of(piece.transition.type).way == "through"
        return {"first": heard(piece.first), "second": heard(piece.second), "through": through}
    where = {"rate": piece.frame.rate, "skip": piece.skip, "frames": piece.frames}
    if not piece.heard:
        return where
    take = piece.take
    clip = {"clip": take.sha256, "clip rate": take.rate, "read as": take.quirks.containers}
    clip |= {"origin": take.origin, "channels": take.channels}
    return {**where, **clip, "cut": piece.cut, "gain": piece.gain}


def sound_key(pieces: Sequence[Piece], program: Ffmpeg, **more: Any) -> str:
    """What the sound of all the pieces depends on, and of whatever is mixed to it."""
    versions = {"graph": GRAPH_VERSION, "ffmpeg": program.version}
    return _digest({"pieces": [heard(piece) for piece in pieces], **versions, **more})


def _digest(record: dict[str, Any]) -> str:
    return sha256_of(json.dumps(record, sort_keys=True, default=_plain).encode())


# Where something stands, whose hash says what it is; what is written by the join alone; and tags,
# which the bytes bring along.
_PLACES = {"path", "font", "provenance", "tags"}


# What is left out of a key where it is what it was before there were such settings.
_IF_SET = {
    "quirks": NO_QUIRKS, "colours": PLAIN, "native": None, "alpha": None, "decoder": "",
    "label": None, "motion": "repeat", "look": None, "shot_overlays": (), "overlays": (),
    "fades": (), "ends": (0, 0),
}  # fmt: skip


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """The fields of a kind of record that a key holds."""
    return tuple(field.name for field in fields(kind) if field.name not in _PLACES)


def _fields_of(record: Any) -> dict[str, Any]:
    """The fields of a record; not ``asdict``, which copies all that is in them: half our time."""
    kind: Any = type(record)
    values = {name: getattr(record, name) for name in _names(kind)}
    for name, usual in _IF_SET.items():
        if name in values and values[name] == usual:
            del values[name]
    return values


def _plain(value: Any) -> Any:
    return _fields_of(value) if is_dataclass(value) else str(value)


def pieces_arguments(
    pieces: Sequence[tuple[Piece, Path]], taps: Sequence[Tap | None] = ()
) -> list[str]:
    """The ffmpeg arguments that make pieces of the same clips, each at its target.

    A clip is decoded once for all of them. ``-xerror`` and ``err_detect`` make a damaged clip fail:
    without them ffmpeg writes a file of the right length from it and exits 0. Each step has one
    thread: pieces beside each other keep the cores busy, at less cost. A tap changes no byte of its
    piece.
    """
    first = _opened([p.first if isinstance(p, Seam) else p for p, _ in pieces])
    second = _opened([p.second for p, _ in pieces if isinstance(p, Seam)], **_SECOND)
    every = taps or [None] * len(pieces)
    outputs = [
        output
        for (item, target), tap in zip(pieces, every, strict=True)
        for output in _outputs(item, target, tap, (first, second))
    ]
    whole = graph.merge_outputs(*outputs) if len(outputs) > 1 else outputs[0]
    once = ("-xerror", "-filter_complex_threads", "1")
    return [*once, *whole.overwrite_output().compile()[1:]]


def frame_arguments(take: ClipMedia, number: int, target: Path) -> list[str]:
    """The ffmpeg arguments that write one frame of any video, from 0, as a PNG in sRGB."""
    picture, _ = next(_opened([Segment.whole(take, Cut(number, 1), CENTRE, _ANY_FRAME)]))
    picture = _tagged(_straight(picture, take, "black"))
    picture = picture.filter("select", f"eq(n,{number})")
    picture = picture.filter("scale", in_color_matrix="bt709", flags=SCALER + "+full_chroma_int")
    out = {"f": "image2", "c:v": "png", "frames:v": 1, "update": 1}
    written = graph.output(picture.filter("format", "rgb24"), file_url(target), **out)
    return ["-xerror", *written.overwrite_output().compile()[1:]]


_ANY_FRAME = Frame(Size(2, 2), Fraction(30), "pad", "black")


# Picture and sound of a clip as they come from it.
Raw = tuple[Any, Any]


def _outputs(
    piece: Piece, target: Path, tap: Tap | None, raw: tuple[Iterator[Raw], Iterator[Raw]]
) -> Iterator[Any]:
    """What is written of a piece; ``raw`` gives the next use of its clips."""
    picture, sound = _finished(piece, target, raw)
    if tap is None:
        yield graph.output(picture, sound, file_url(target), **encoding(piece.frame))
        return
    kinds = list(stills(tap.wish))
    pictures = picture.filter_multi_output("split", 2 + len(kinds))
    name, options = teed(piece.frame, target, tap.file("emitted"), tap.file("sound"))
    yield graph.output(pictures[0], sound, name, **options)
    small = pictures[1].filter("scale", SIDE, SIDE, flags="neighbor")
    small = small.filter("format", "yuv420p").filter("extractplanes", "y")
    yield graph.output(small, file_url(tap.file("luma")), **_RAW)
    for number, (kind, frames, size) in enumerate(kinds):
        still = pictures[2 + number].filter("select", "+".join(f"eq(n,{n})" for n in frames))
        if size:
            still = still.filter("scale", size.width, size.height, flags="area")
        still = still.filter("format", "rgb24")
        # Counted, or all later frames would be kept until one more came.
        counted = {**_RAW, "frames:v": len(frames)}
        yield graph.output(still, file_url(tap.file(kind)), **counted)


_RAW = {"fps_mode": "passthrough", "c:v": "rawvideo", "f": "rawvideo"}


def _finished(
    piece: Piece, target: Path, raw: tuple[Iterator[Raw], Iterator[Raw]]
) -> tuple[Any, Any]:
    """Picture and sound of a piece, as they are encoded."""
    if isinstance(piece, Seam):
        picture, sound = _crossed(piece, (next(raw[0]), next(raw[1])), target)
    else:
        picture, sound = _conformed(piece, next(raw[0]), target)
        sound = _softened(sound, piece, begin=True, end=True)
    picture = _captioned(picture, piece, target)
    paths = overlays.paths_over(piece.overlays, target)
    picture = _overlaid(picture, piece.overlays, piece.frames, paths)
    for fade in piece.fades:
        picture = _tagged(faded(picture, fade, piece.frame.rate))
    return _labelled(picture, piece, target), sound


# The graph's library takes two equal inputs for one: the second clip of a seam differs by an
# option that changes nothing.
_SECOND = {"itsoffset": 0}


def _opened(segments: Sequence[Segment], **apart: int) -> Iterator[Raw]:
    """The one clip that ``segments`` are made of, opened once, for each of them in turn."""
    if not segments:
        return
    take = segments[0].take
    safe: dict[str, Any] = {"protocol_whitelist": "file", **_container(take)}
    if take.quirks.decoder:
        safe["c:v"] = take.quirks.decoder
    clip = graph.input(file_url(take.path), err_detect="explode", threads=1, **safe, **apart)
    silence = graph.input(f"anullsrc=r={SAMPLE_RATE}:cl=stereo", f="lavfi", **apart)
    sounding = sum(segment.heard for segment in segments)
    pictures = _shared(clip.video, "split", len(segments))
    sounds = _shared(clip.audio, "asplit", sounding)
    silences = _shared(silence.audio, "asplit", len(segments) - sounding)
    for segment in segments:
        yield next(pictures), next(sounds if segment.heard else silences)


def _shared(stream: Any, splitter: str, uses: int) -> Iterator[Any]:
    """``stream`` as often as it is used."""
    if uses > 1:
        parts = stream.filter_multi_output(splitter, uses)
        yield from (parts[number] for number in range(uses))
    else:
        yield stream


def _conformed(segment: Segment, raw: Raw, base: Path) -> tuple[Any, Any]:
    """Picture and sound of a segment, exactly as the deliverable wants them.

    ``base``: the name that its files go by.
    """
    picture, sound = raw
    picture = _straight(picture, segment.take, segment.frame.background)
    picture = _cut(_tagged(picture), segment)
    view = View(segment.take.size, segment.focus, segment.played)
    picture = fitted(picture, view, segment.frame, _grading(segment.look, base))
    picture = _lasting(picture.filter("setsar", "1"), segment)
    over = segment.shot_overlays
    picture = _overlaid(picture, over, segment.frames, overlays.paths_in_shot(over, base))
    return picture, _sound(sound, segment)


def _grading(look: Look | None, base: Path) -> Callable[[Any], Any] | None:
    """What gives a stream its look."""
    if look is None:
        return None
    return lambda picture: cubes.graded(picture, look, cubes.path_for(base))


def _overlaid(
    picture: Any, drawn: tuple[DrawnOverlay, ...], frames: int, paths: Sequence[Path]
) -> Any:
    """Overlays over a picture; ``overlays.save`` has drawn them at ``paths``."""
    for overlay, path in zip(drawn, paths, strict=True):
        picture = _tagged(overlays.laid_over(picture, overlay, path, frames))
    return picture


def _crossed(seam: Seam, raws: tuple[Raw, Raw], target: Path) -> tuple[Any, Any]:
    """Picture and sound of a seam: one clip going over into the other."""
    (_, first), (_, second) = sides(seam, target)
    before, sound_before = _conformed(seam.first, raws[0], first)
    after, sound_after = _conformed(seam.second, raws[1], second)
    sound_before = _softened(sound_before, seam.first, begin=True)
    sound_after = _softened(sound_after, seam.second, end=True)
    # xfade of ffmpeg 5.1 gives its last frame a time that is one frame late.
    picture = _joined(before, after, seam).filter("setpts", f"N/({seam.frame.rate})/TB")
    picture = _tagged(picture.filter("format", "yuv420p"))
    return picture, _crossfaded(sound_before, sound_after, seam)


def _captioned(picture: Any, piece: Piece, target: Path) -> Any:
    """The piece's words over its picture; ``drawing.save`` has drawn them beside ``target``."""
    if piece.captions is None:
        return picture
    paths = cue_paths(piece.captions, target)
    for cue, path in zip(piece.captions.cues, paths, strict=True):
        picture = _worded(picture, path, (0, 0), cue, piece)
    if piece.captions.script:
        picture = _scripted(picture, piece.captions, piece.frame, target)
    return _tagged(picture)


def _labelled(picture: Any, piece: Piece, target: Path) -> Any:
    """The label over all else; ``visible_label.save`` has drawn it beside ``target``."""
    label = piece.label
    if label is None:
        return picture
    place = (label.box.x, label.box.y)
    return _tagged(_worded(picture, picture_path(target), place, label, piece))


def _worded(
    picture: Any, path: Path, place: tuple[int, int], words: Cue | DrawnLabel, piece: Piece
) -> Any:
    """What is drawn at ``path`` over the frames of the piece that show these words."""
    drawing = graph.input(file_url(path), f="png_pipe")
    whole = words.start == 0 and words.frames == piece.frames
    last = words.start + words.frames - 1
    when = {} if whole else {"enable": f"between(n,{words.start},{last})"}
    return picture.overlay(drawing, x=place[0], y=place[1], format="yuv420", **when)


def _scripted(picture: Any, captions: Captions, frame: Frame, target: Path) -> Any:
    """A script's lines over the picture, as if all that comes before it had been shown."""
    script, fonts = script_paths(target)
    before = f"{captions.at}/({frame.rate})/TB"
    picture = picture.filter("setpts", f"PTS+{before}")
    picture = picture.filter("subtitles", filename=str(script), fontsdir=str(fonts))
    return picture.filter("setpts", f"PTS-{before}")


def _joined(before: Any, after: Any, seam: Seam) -> Any:
    """One picture over the other; both last as long as the seam."""
    transition, rate = seam.transition, seam.frame.rate
    kind = kind_of(transition.type)
    if kind.way == "through":
        out, back = _halves(seam.frames)
        before = before.filter("trim", end_frame=out)
        before = before.filter("fade", "out", 0, max(out - 1, 1), color=transition.through)
        after = after.filter("trim", start_frame=out).filter("setpts", "PTS-STARTPTS")
        after = after.filter("fade", "in", 0, back, color=transition.through)
        return graph.concat(before, after, v=1, a=0).filter("fps", fps=str(rate))
    if not kind.xfade:
        raise ValueError(f"a {kind.name} cannot be drawn")
    # xfade wants to know its inputs' rate, which trim has made it forget.
    before, after = (stream.filter("fps", fps=str(rate)) for stream in (before, after))
    seconds = f"{float(seam.frames / rate):.9f}"
    return graph.filter(
        [before, after], "xfade", transition=kind.xfade + transition.way, duration=seconds, offset=0
    )


def _halves(number: int) -> tuple[int, int]:
    return number - number // 2, number // 2


def _crossfaded(before: Any, after: Any, seam: Seam) -> Any:
    """One sound into the other, at equal power; through a fade first down, then up."""
    down, up = (seam.samples, seam.samples)
    if kind_of(seam.transition.type).way == "through":
        down, up = _halves(seam.samples)
    before = before.filter("afade", type="out", start_sample=0, nb_samples=down, curve="qsin")
    after = after.filter(
        "afade", type="in", start_sample=seam.samples - up, nb_samples=up, curve="qsin"
    )
    mix = graph.filter([before, after], "amix", inputs=2, normalize=0)
    return mix.filter("apad").filter("atrim", end_sample=seam.samples)


def _container(take: ClipMedia) -> dict[str, str]:
    """What the file may be read as: never as a playlist, which may name other files."""
    if take.quirks.containers == NO_QUIRKS.containers:
        return {"f": "mov"}
    return {"format_whitelist": take.quirks.containers}


def _straight(stream: Any, take: ClipMedia, background: str) -> Any:
    """Progressive frames of square pixels in BT.709, whatever the video is."""
    quirks = take.quirks
    if quirks.interlaced:
        stream = stream.filter("bwdif", mode="send_frame", deint="interlaced")
    if quirks.native:  # a cut counts frames of the take's rate
        stream = stream.filter("fps", fps=str(take.rate), round="near")
    if quirks.oblong:
        stream = stream.filter("scale", take.size.width, take.size.height, flags=SCALER)
        stream = stream.filter("setsar", "1")
    if quirks.alpha:
        return over_background(stream, quirks.colours, background, quirks.alpha)
    return stream if quirks.colours.plain else to_bt709(stream, quirks.colours)


def _tagged(stream: Any) -> Any:
    return stream.filter("setparams", **BT709)


def _cut(stream: Any, segment: Segment) -> Any:
    """Drop what the cut leaves out, then go to the deliverable's rate."""
    cut, lead = segment.cut, segment.take.lead
    end = cut.start + cut.frames
    if cut.start or end < segment.take.whole:
        first, last = max(cut.start - lead, 0), max(end - lead, 1)
        stream = stream.filter("trim", start_frame=first, end_frame=last)
    pace = "" if cut.speed == 1 else f"*{cut.speed.denominator}/{cut.speed.numerator}"
    times = f"(PTS-STARTPTS){pace}" if pace else "PTS-STARTPTS"
    lead_seconds = max(lead - cut.start, 0) / (segment.take.rate * cut.speed)
    rate, begin = str(segment.frame.rate), {"start_time": 0} if lead_seconds else {}
    stream = stream.filter("setpts", f"{times}+{lead_seconds}/TB" if lead_seconds else times)
    if segment.take.rate * cut.speed != segment.frame.rate:
        stream = _between(stream, segment.frame)
    return stream.filter("fps", fps=rate, round="near", **begin)


# The end of what minterpolate is given never comes out; it is given a little more.
_BEYOND = {"stop": 2, "stop_mode": "clone"}


def _between(stream: Any, frame: Frame) -> Any:
    """At the frame's rate, with frames in between that are mixed of their neighbours or follow
    what moves; as it is where frames are repeated."""
    if frame.motion == "repeat":
        return stream
    stream = stream.filter("tpad", **_BEYOND).filter("format", "yuv420p")
    if frame.motion == "flow":
        return stream.filter("minterpolate", fps=str(frame.rate), mi_mode="mci", mc_mode="aobmc")
    # Mixed at every distance (by default not within a twentieth), and never a guess at a cut.
    mix = {"interp_start": 0, "interp_end": 255, "scene": 100}
    return stream.filter("framerate", fps=str(frame.rate), **mix)


def _lasting(stream: Any, segment: Segment) -> Any:
    """Exactly the planned frames: a short clip holds its last one, a long one is cut."""
    stream = _tagged(stream.filter("format", "yuv420p"))
    stream = stream.filter("tpad", stop=-1, stop_mode="clone")
    first = {"start_frame": segment.skip} if segment.skip else {}
    stream = stream.filter("trim", **first, end_frame=segment.skip + segment.frames)
    return stream.filter("setpts", "PTS-STARTPTS")


def _sound(stream: Any, segment: Segment) -> Any:
    """Stereo at 48 kHz, exactly as long as the picture; ``stream`` may be silence."""
    if not segment.heard:
        return stream.filter("atrim", end_sample=segment.samples)
    take, cut = segment.take, segment.cut
    if take.origin:
        stream = stream.filter("asetpts", f"PTS-({take.origin})/TB")
    stream = stream.filter("aresample", SAMPLE_RATE, **{"async": 1, "first_pts": 0})
    stream = mixed_down(stream, take.channels, "s16")
    stream = stream.filter(
        "atrim",
        start_sample=samples_in(cut.start, take.rate),
        end_sample=samples_in(cut.start + cut.frames, take.rate),
    )
    if segment.gain:
        stream = stream.filter("volume", f"{segment.gain}dB")
    stream = _paced(stream.filter("asetpts", "PTS-STARTPTS"), segment).filter("apad")
    end = segment.first_sample + segment.samples
    if not segment.skip:
        return stream.filter("atrim", end_sample=end)
    stream = stream.filter("atrim", start_sample=segment.first_sample, end_sample=end)
    return stream.filter("asetpts", "PTS-STARTPTS")


_SOFT = 192  # samples: 4 ms, in which a cut makes no click and no hole


def _softened(sound: Any, segment: Segment, *, begin: bool = False, end: bool = False) -> Any:
    """Short fades where the shot's own first or last sample is cut hard."""
    fade = min(_SOFT, segment.samples // 2)
    total = conformed_frames(segment.cut, segment.take.rate, segment.frame.rate)
    if not segment.heard:
        return sound
    if begin and segment.skip == 0:
        sound = sound.filter("afade", type="in", start_sample=0, nb_samples=fade)
    if end and segment.skip + segment.frames >= total:
        start = segment.samples - fade
        sound = sound.filter("afade", type="out", start_sample=start, nb_samples=fade)
    return sound


_FADE = 480  # samples: a hundredth of a second, so that a held frame does not begin with a click


def _paced(stream: Any, segment: Segment) -> Any:
    """The sound at the speed of the picture and at its own pitch, and silence while it is held.

    A beep comes within 16 ms of its flash at half the speed, and within 5 ms at twice; with atempo
    it is 57 and 18 ms. rubberband of ffmpeg 5.1 keeps back its last samples, so more are given.
    """
    if segment.cut.speed != 1:
        stream = stream.filter("apad").filter(
            "rubberband", tempo=float(segment.cut.speed), transients="crisp", window="short"
        )
    if segment.cut.hold:
        end = samples_in(segment.played, segment.frame.rate)
        fade = min(_FADE, end)
        stream = stream.filter("atrim", end_sample=end)
        stream = stream.filter("afade", type="out", start_sample=end - fade, nb_samples=fade)
    return stream
