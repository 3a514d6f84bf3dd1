"""A deliverable as an editing program sees it: whole clips, what is used of them, what joins them.

One ``Timeline`` is all that a writer needs; ``reading`` makes it of a manifest. It has

- ``clips``, which may share frames, and ``joints`` between them; ``pieces`` lays them end to end,
  for programs that know cuts, with a ``Crossing`` around a cut;
- ``sounds``: stretches of music and voices, each with its ``Levels``; a piece of a clip that is
  heard has ``levels`` too. They hold gains, the loudness of the film, fades and ducking: played at
  these levels and added up, all of them are the film's sound before its peaks are held;
- ``captions`` and the visible label, with their lines and boxes; ``overlays``, in frames of the
  film; the ``fade_in`` and ``fade_out`` of the picture; ``notes`` on what has no other place.

All times are integers or fractions: frames of the timeline, frames of a clip, samples of 48 kHz.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, TypeVar

from wanx_render.geometry import Box, Size
from wanx_render.manifest import USUAL_CAPTIONS, CaptionRecord, CaptionStyleRecord
from wanx_render.timelines.levels import SILENT, Levels, SoundFade, levels_between
from wanx_render.timing import SAMPLE_RATE, frames_in, samples_in

Link = Callable[[str], str]  # from a path in the render folder to what a timeline's file says of it


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """The sound of a file, as it is in the file; ``samples`` are what is heard, at its rate."""

    rate: int
    channels: int
    samples: int


@dataclass(frozen=True, slots=True)
class MediaFormat:
    """What was read of a file: its sound, or the size of its picture; nothing where it is not
    known."""

    sound: SoundFormat | None = None
    size: Size | None = None


UNKNOWN_MEDIA = MediaFormat()


@dataclass(frozen=True, slots=True)
class Clip:
    """A shot's picked clip, own footage or still, and where it is seen; neighbours may share
    frames. The video of a still was made of its picture, which ``source`` names."""

    shot: str
    take: int  # 0 for own footage and stills
    media: str  # from the render folder
    size: Size
    rate: Fraction  # the clip's own
    available: int  # of its own frames
    first: int  # of its own frames, the first that is seen
    begin: int  # in frames of the timeline
    end: int
    frozen: int  # so many frames of the timeline at its end stand still
    speed: Fraction
    sound: bool
    gain: str  # decibels of its own, or -Infinity
    caption: str
    facts: dict[str, Any]  # prompt, seed, model and the rest
    crop: tuple[Box, ...] = ()  # of its picture, what fills the frame; two where that moves
    kind: Literal["take", "footage", "still"] = "take"
    source: str = ""  # the file of own footage or a still that the list names
    format: SoundFormat | None = None  # of its sound, where it is known

    @property
    def title(self) -> str:
        """What a marker calls it: the take that it is, or that it is the user's own."""
        if self.kind == "still":
            return f"{self.shot}, still"
        if not self.take:
            return f"{self.shot}, own footage"
        return f"{self.shot} take {self.take}, seed {self.facts.get('seed')}"

    @property
    def heard(self) -> bool:
        """Whether anything of its own sound is."""
        return self.sound and self.gain != "-Infinity"


@dataclass(frozen=True, slots=True)
class Joint:
    """How a clip goes over into the next one, for ``frames`` of the timeline; 0 is a cut.

    ``kind`` is cut, dissolve, fade, wipe or slide; ``way`` the direction of a wipe or slide, or
    the colour that a fade goes through.
    """

    kind: str
    way: str
    frames: int

    @property
    def name(self) -> str:
        return f"{self.kind} {self.way}".strip()


@dataclass(frozen=True, slots=True)
class SoundStretch:
    """A stretch of a sound file, in samples of 48 kHz. ``levels`` are of all that is done to it."""

    kind: Literal["music", "voice"]
    media: str
    begin: int
    frames: int
    skip: int  # of its own, before the first that is heard
    available: int
    gain: str  # decibels of its own
    ducked: bool
    levels: Levels
    format: SoundFormat | None = None

    @property
    def end(self) -> int:
        return self.begin + self.frames


@dataclass(frozen=True, slots=True)
class OverlayPicture:
    """A picture over the film, in ``box``, from frame ``begin`` to ``end`` of the timeline."""

    media: str
    box: Box
    opacity: Fraction
    begin: int
    end: int
    above: bool  # the words, which those of a shot are under
    size: Size | None = None  # of the picture itself, where it is known


@dataclass(frozen=True, slots=True)
class Timeline:
    """One deliverable, untrimmed. ``joints`` stand between the clips."""

    project: str
    name: str
    size: Size
    rate: Fraction
    fit: str
    frames: int
    clips: tuple[Clip, ...]
    joints: tuple[Joint, ...]
    sounds: tuple[SoundStretch, ...]
    captions: tuple[CaptionRecord, ...] = ()
    caption_style: CaptionStyleRecord = USUAL_CAPTIONS
    overlays: tuple[OverlayPicture, ...] = ()
    fade_in: int = 0  # frames of the timeline
    fade_out: int = 0
    fade_through: tuple[str, str] = ("black", "black")
    background: str = ""  # the colour beside padded pictures
    loudness: Decimal = Decimal(0)  # decibels of all sound; in every ``levels`` already
    # In words: what is in the film and has no other place here.
    notes: tuple[tuple[str, str], ...] = field(default=())

    @property
    def samples(self) -> int:
        return samples_in(self.frames, self.rate)

    @property
    def fades(self) -> tuple[SoundFade, ...]:
        """Those of all sound, at the ends of the film."""
        return sound_fades(self.frames, self.rate, self.fade_in, self.fade_out)


def sound_fades(frames: int, rate: Fraction, begin: int, end: int) -> tuple[SoundFade, ...]:
    """The fades of the sound of a film of so many frames, of which the first and last ones fade."""
    whole = samples_in(frames, rate)
    first = [SoundFade(0, samples_in(begin, rate), up=True)] if begin else []
    last = [SoundFade(samples_in(frames - end, rate), whole, up=False)] if end else []
    return (*first, *last)


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands between two cuts: a clip at work, or its last frame standing.

    ``first`` is the first of the clip's own frames that is used, which need not be whole.
    ``levels`` are those of its own sound; silence where nothing of it is heard.
    """

    clip: Clip
    begin: int
    frames: int
    first: Fraction
    still: bool = False
    levels: Levels = SILENT


@dataclass(frozen=True, slots=True)
class Crossing:
    """A joint around a cut: so many frames of the timeline before it, and after it."""

    joint: Joint
    before: int
    after: int


def pieces(timeline: Timeline) -> Iterator[Piece | Crossing]:
    """The timeline as programs lay it out that put joints around a cut."""
    crossings = [
        _crossing(clip, joint) for clip, joint in zip(timeline.clips, timeline.joints, strict=False)
    ]
    for number, clip in enumerate(timeline.clips):
        lead = crossings[number - 1].before if number else 0
        last = crossings[number] if number < len(crossings) else None
        yield from _between(
            clip, clip.begin + lead, clip.end - (last.after if last else 0), timeline
        )
        if last and last.joint.frames:
            yield last


def _crossing(clip: Clip, joint: Joint) -> Crossing:
    """The cut in the middle of a joint, or where standing frames leave it whole media."""
    before = joint.frames // 2
    if 0 < clip.frozen < joint.frames:
        before = joint.frames - clip.frozen
    return Crossing(joint, before, joint.frames - before)


def _between(clip: Clip, begin: int, end: int, timeline: Timeline) -> Iterator[Piece]:
    stops = max(min(clip.end - clip.frozen, end), begin)
    if stops > begin:
        seconds = (begin - clip.begin) / timeline.rate * clip.speed
        first = clip.first + seconds * clip.rate
        yield Piece(clip, begin, stops - begin, first, levels=_heard(clip, begin, stops, timeline))
    if end > stops:
        last = min(clip.first + used(clip, clip.end - clip.frozen, timeline), clip.available) - 1
        yield Piece(clip, stops, end - stops, Fraction(max(last, clip.first)), still=True)


def _heard(clip: Clip, begin: int, end: int, timeline: Timeline) -> Levels:
    """The levels of a clip's own sound between two frames."""
    if not clip.heard:
        return SILENT
    first, last = (samples_in(frame, timeline.rate) for frame in (begin, end))
    gain = Decimal(clip.gain) + timeline.loudness
    return levels_between(first, last, gain, timeline.fades)


def used(clip: Clip, until: int, timeline: Timeline) -> int:
    """How many of its own frames a clip has shown by frame ``until`` of the timeline."""
    return frames_in((until - clip.begin) / timeline.rate * clip.speed, clip.rate)


def seconds_of(samples: int) -> Fraction:
    """Seconds of so many samples of 48 kHz."""
    return Fraction(samples, SAMPLE_RATE)


Item = TypeVar("Item")


def rows_of(sounds: tuple[SoundStretch, ...]) -> list[list[SoundStretch]]:
    """Sounds on as few tracks as hold them without overlap; music apart from voices."""
    kinds = (
        [sound for sound in sounds if sound.kind == "music"],
        [sound for sound in sounds if sound.kind == "voice"],
    )
    return [row for kind in kinds for row in in_rows(kind, lambda sound: (sound.begin, sound.end))]


def in_rows(items: Iterable[Item], span: Callable[[Item], tuple[int, int]]) -> list[list[Item]]:
    """The items on as few tracks as hold them without overlap; ``span`` says from when to when
    one is there."""
    rows: list[list[Item]] = []
    for item in sorted(items, key=span):
        row = next((row for row in rows if span(row[-1])[1] <= span(item)[0]), None)
        if row is None:
            rows.append(row := [])
        row.append(item)
    return rows
