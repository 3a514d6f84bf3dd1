"""The versioned record of what was delivered; reports depend on it alone.

Paths in it start at the render folder. Two runs of one list differ in times only.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import Message, tr

# Fields are added with a default, so that manifests of older programs can still be read; the
# version changes only where one is taken away or means something else.
VERSION = 1


@dataclass(frozen=True, slots=True)
class LabelRecord:
    """A label of AI-generated content: the tag of a file that holds it, and that tag's value."""

    tag: str
    text: str


@dataclass(frozen=True, slots=True)
class MarkRecord:
    """A measurable fault of a clip: what, where and how strong. ``wanx_render.marks`` words it.

    ``kind`` is unlike, unlike-last, frozen, cut, flicker, border, silent, clipped, jump or judge.
    """

    kind: str
    start: str | None = None  # in seconds of the clip; null where it is about all of it
    seconds: str | None = None  # how long it lasts
    frame: int | None = None  # the first frame that shows it, counted from 0
    value: str | None = None  # how strong: levels, swings a second, percent, runs, LU
    about: str | None = None  # a side, another shot, a reason, or a judge's own words


@dataclass(frozen=True, slots=True)
class ReferenceRecord:
    """Who or what a take shows, or what it sounds like."""

    kind: str  # image, video or sound
    identity: str
    called: str  # by the model; empty where no document says
    path: str | None = None  # its file; null for a URL or a data URI


@dataclass(frozen=True, slots=True)
class TakeRecord:
    """One take: what was asked, what the service said, and the clip that came."""

    take: int
    state: str
    request: dict[str, Any]
    task_id: str | None = None
    code: str | None = None
    message: str | None = None
    actual_prompt: str | None = None
    usage: dict[str, Any] | None = None
    cost: str | None = None
    clip: str | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    predicted: str | None = None
    fps: str | None = None
    frames: int | None = None
    sound: bool | None = None
    price: str | None = None  # what was expected; ``cost`` is what was billed
    first_frame: str | None = None  # the picture's file; null for a URL or a data URI
    host: str | None = None  # where its clip waits for permission to be fetched
    prepared: dict[str, Any] | None = None  # how the pictures were, where not sent as they are
    sent: str | None = None  # the file of the prepared first frame
    picture: str | None = None  # what its bytes are, where the request knows it by another name
    asked_at: str | None = None  # by the service's clock, as the others
    started_at: str | None = None
    ended_at: str | None = None
    fetched_at: str | None = None
    labels: tuple[LabelRecord, ...] = ()  # of AI-generated content, as the clip carries them
    credentials: bool = False  # whether the clip holds C2PA content credentials
    references: tuple[ReferenceRecord, ...] = ()
    marks: tuple[MarkRecord, ...] = ()  # what is measurably wrong with the clip


@dataclass(frozen=True, slots=True)
class FootageRecord:
    """Own footage of a shot, or its still picture; nothing was generated or paid for it."""

    kind: Literal["clip", "still"]
    source: str  # the file that the list names
    sha256: str  # of that file
    clip: str  # the video that is used: the source itself, or the one made of a picture
    width: int
    height: int
    fps: str
    frames: int
    sound: bool = False
    labels: tuple[LabelRecord, ...] = ()
    seconds: str | None = None  # for which a still is shown


@dataclass(frozen=True, slots=True)
class ShotRecord:
    """A shot with its takes and the one that was picked, and how it is used.

    A shot of own footage has no takes, and 0 is picked.
    """

    id: str
    picked: int
    takes: tuple[TakeRecord, ...]
    cut_start: int = 0  # of the picked clip's own frames, the first that is used
    cut_frames: int | None = None  # and how many are
    focus: tuple[str, str] = ("1/2", "1/2")  # fractions of width and height
    focus_to: tuple[str, str] | None = None  # where it moves to, if it does
    speed: str = "1"  # how many times as fast the clip is played
    hold: str = "0"  # seconds for which its last frame stands
    transition: str = "cut"  # into the next shot
    transition_seconds: str = "0"
    transition_way: str = ""  # the direction of a wipe or slide, the colour of a fade
    caption: str = ""
    gain: str = "0"  # decibels of the clip's own sound
    uses: dict[str, str] | None = None  # digests of what the list says of finishing, by key
    footage: FootageRecord | None = None
    marks: tuple[MarkRecord, ...] = ()  # of the picked take beside the shot before it


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """A first frame that a model made, with its takes and the one that its shot begins with.

    The ``clip`` of a take is the picture's file.
    """

    id: str
    shot: str
    picked: int
    takes: tuple[TakeRecord, ...]


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """One promise, compared with the finished file."""

    name: str
    expected: str
    found: str
    holds: bool


@dataclass(frozen=True, slots=True)
class OverlayRecord:
    """A picture over a deliverable or a shot: its file, its place in pixels, and its frames."""

    file: str
    x: int
    y: int
    width: int
    height: int
    opacity: str
    start: int  # counted from the first frame of the deliverable or the shot
    frames: int


@dataclass(frozen=True, slots=True)
class PartRecord:
    """Where a shot stands in a deliverable, counted in its frames, and what was done to it."""

    shot: str
    start: int
    frames: int
    crop: str | None
    enlarged: str
    held: int
    shared: int = 0  # frames in which the next shot is seen too
    speed: str = "1"  # how many times as fast the clip is played
    stood: int = 0  # frames for which the last one stands, because the list says so
    colours: str = "BT.709"  # what the clip was read as
    look: str | None = None  # the file of its look
    overlays: tuple[OverlayRecord, ...] = ()  # over this shot alone


@dataclass(frozen=True, slots=True)
class SoundRecord:
    """A sound file in a deliverable besides the clips, counted in samples of 48 kHz.

    Music goes on to the end and begins again where its file ends; a voice is heard once.
    """

    kind: Literal["music", "voice"]
    file: str
    start: int = 0  # where it begins
    skip: int = 0  # of the file's own, before the first one that is heard
    length: int | None = None  # of the file; null where it does not say
    gain: str = "0"  # decibels
    fade_in: int = 0
    fade_out: int = 0
    ducked: bool = False
    labels: tuple[LabelRecord, ...] = ()  # of AI-generated content, as the file carries them


@dataclass(frozen=True, slots=True)
class LevelRecord:
    """A gain in decibels at a sample of the film; between two of them it is a straight line."""

    at: int
    gain: str


@dataclass(frozen=True, slots=True)
class MixLevels:
    """How the sound of a deliverable was levelled after it was mixed."""

    gain: str = "0"  # decibels, of all of it, for its loudness
    limited: bool = False  # whether peaks were held
    ducking: tuple[LevelRecord, ...] = ()  # of the music that makes room


@dataclass(frozen=True, slots=True)
class CaptionRecord:
    """Words in a deliverable: from frame ``start`` on, for ``frames`` frames.

    ``text`` has the line breaks that are drawn. The box is what its lines cover, in pixels.
    """

    text: str
    start: int
    frames: int
    pixels: int  # of the em
    x: int
    y: int
    width: int
    height: int
    kind: Literal["caption", "label"] = "caption"  # a label is that of AI-generated content


@dataclass(frozen=True, slots=True)
class CaptionStyleRecord:
    """How the words of a deliverable look: colours are names or #RRGGBB, or none."""

    colour: str = "white"
    outline: str = "black"
    box: str = "none"
    burnt: bool = True  # whether they are in the picture


USUAL_CAPTIONS = CaptionStyleRecord()


@dataclass(frozen=True, slots=True)
class StillRecord:
    """A picture of a deliverable: a JPEG beside it."""

    path: str
    width: int
    height: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StemRecord:
    """The WAV beside a deliverable with one kind of its sound; ``dialogue`` is that of clips."""

    kind: Literal["dialogue", "music", "voices"]
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class StemsRecord:
    """The stems of a deliverable, which sum to its sound before the limiter."""

    files: tuple[StemRecord, ...]
    key: str  # a digest of all that they depend on
    difference: str  # dBFS at most, between their sum and the mix
    held: str = "0"  # decibels at most by which the limiter lowers the mix


@dataclass(frozen=True, slots=True)
class DeliverableRecord:
    """One finished file and the proof of what it is."""

    name: str
    path: str
    width: int
    height: int
    aspect: str
    fit: str
    fps: str
    frames: int
    duration: str
    sha256: str
    loudness: str | None
    key: str
    parts: tuple[PartRecord, ...]
    checks: tuple[CheckRecord, ...]
    notices: tuple[str, ...] = ()  # black, still or silent stretches, which may be meant
    sounds: tuple[SoundRecord, ...] = ()
    poster: StillRecord | None = None  # one frame of it
    sheet: StillRecord | None = None  # a frame of each shot, or more
    overlays: tuple[OverlayRecord, ...] = ()  # over all of it
    fade_in: int = 0  # frames
    fade_out: int = 0
    labels: tuple[LabelRecord, ...] = ()  # of AI-generated content, as written into the file
    stale: tuple[str, ...] = ()  # why the list no longer gives this film; nothing: it is current
    kept_from: str = ""  # when it was made, where the last run did not make it
    wish: dict[str, str] | None = None  # digests of what the list says of it, by key
    shots: tuple[ShotRecord, ...] = ()  # what it was made of then, each with its one take
    fade_through: tuple[str, str] = ("black", "black")  # at its beginning and at its end
    background: str = ""  # the colour beside padded pictures
    levels: MixLevels | None = None  # null where its sound is as it was mixed
    captions: tuple[CaptionRecord, ...] | None = None  # null: an older program made it
    caption_style: CaptionStyleRecord = USUAL_CAPTIONS
    stems: StemsRecord | None = None  # null where the list wants none, or nothing is heard


@dataclass(frozen=True, slots=True)
class WantedRecord:
    """A deliverable as the list asks for it, whether it was made or not."""

    name: str
    aspect: str
    fit: str
    size: str | None = None
    fps: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a run delivered."""

    project: str
    backend: str
    region: str
    program: str
    ffmpeg: str
    finished_at: str
    complete: bool
    cost: str
    shots: tuple[ShotRecord, ...]
    deliverables: tuple[DeliverableRecord, ...]
    warnings: tuple[str, ...] = ()  # what was worth warning of in the list
    cost_run: str = ""  # what this run spent; ``cost`` is of this film's clips, whenever paid
    cost_folder: str = ""  # what the render folder ever paid
    budget: str | None = None
    wanted: tuple[WantedRecord, ...] = ()
    broken: tuple[str, ...] = ()  # deliverables that were tried and are not what was promised
    pictures: tuple[PictureRecord, ...] = ()  # first frames that a model made
    version: int = field(default=VERSION)

    @property
    def takes(self) -> tuple[TakeRecord, ...]:
        """Of pictures and shots, in the order in which they are made."""
        pictures = (take for picture in self.pictures for take in picture.takes)
        return (*pictures, *(take for shot in self.shots for take in shot.takes))

    @property
    def made(self) -> tuple[DeliverableRecord, ...]:
        """The deliverables that the last run made, without those of earlier runs."""
        return tuple(film for film in self.deliverables if not film.kept_from)

    def shots_of(self, deliverable: DeliverableRecord) -> dict[str, ShotRecord]:
        """The shots as the deliverable uses them, by id."""
        shots = {shot.id: shot for shot in self.shots}
        return shots | {shot.id: shot for shot in deliverable.shots}

    def text(self) -> str:
        record = {"version": self.version, **asdict(self)}
        return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def all_in(folder: Path) -> Iterator[Manifest]:
    """The manifest of a render folder and those of a table's rows in it, where they can be read."""
    for path in (folder / "manifest.json", *sorted(folder.glob("*/manifest.json"))):
        try:
            yield read(path)
        except BadInput:
            continue


def read(path: Path) -> Manifest:
    """The manifest at ``path``, of this or an older program.

    Raises BadInput where there is none, or it is none, or a newer program's.
    """
    try:
        record = json.loads(path.read_bytes())
        version = record.get("version") if isinstance(record, dict) else None
        if version != VERSION:
            raise _unreadable(
                tr(
                    "{file} has version {version}; this program reads {expected}",
                    file=path, version=version, expected=VERSION,
                )
            )  # fmt: skip
        return _reader().validate_python(record)
    except FileNotFoundError:
        raise BadInput(
            Diagnostic(
                "manifest-missing",
                tr("nothing was rendered here yet: {file} is missing", file=path),
                hint=tr("render the list first, or give its folder with --folder"),
            )
        ) from None
    except OSError as error:
        message = tr("cannot read {file}: {reason}", file=path, reason=error.strerror)
        raise _unreadable(message) from None
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors()[0]["loc"])
        raise _unreadable(tr("{file} is damaged at {place}", file=path, place=place)) from None
    except (ValueError, RecursionError):
        raise _unreadable(tr("{file} is not valid JSON", file=path)) from None


@cache  # built when it is first needed: most commands read none
def _reader() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


def _unreadable(message: Message) -> BadInput:
    return BadInput(Diagnostic("manifest-unreadable", message, hint=tr("render the list again")))


def last_in(path: Path) -> Manifest | None:
    """The manifest that an earlier run wrote at ``path``, where it can be read."""
    try:
        return read(path)
    except BadInput:
        return None
