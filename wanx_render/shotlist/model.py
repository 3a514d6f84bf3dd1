"""What users write: the shot list as frozen records, one class per mapping of the YAML file.

Values are exact (Fraction, Decimal, integers). What depends on a model's abilities is not checked
here but by the rules, which know the catalog.
"""

import warnings
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic.json_schema import PydanticJsonSchemaWarning
from pydantic_core import PydanticCustomError

from wanx_render.frame import Codec, Motion, Quality
from wanx_render.geometry import CENTRE, Fit, Gaze
from wanx_render.language import tr
from wanx_render.media.colour_tags import Alpha, ColourName
from wanx_render.shotlist import transitions
from wanx_render.shotlist.inputs import Continued, FirstFrame, FitImageOrOff, References

# planning.plan takes these two from here.
from wanx_render.shotlist.inputs import LastFrame as LastFrame
from wanx_render.shotlist.inputs import MadePicture as MadePicture
from wanx_render.shotlist.names import FileName, Name
from wanx_render.shotlist.paths import FileText
from wanx_render.shotlist.values import (
    MAX_SEED,
    MAX_TAKES,
    AspectText,
    ColourOrNone,
    ColourText,
    Enlargement,
    FocusText,
    Gain,
    Language,
    MoneyText,
    Opacity,
    OverlayMargin,
    OverlayWidth,
    Pick,
    PlatformText,
    PositionText,
    Rate,
    Seconds,
    SizeText,
    Speed,
    SpotText,
    TransitionType,
    WordSize,
    Written,
    check_platform,
    fail,
    read_aspect,
)


class Budget(Written):
    """What a run may spend at most."""

    max_cost: MoneyText


class Trim(Written):
    """The part of the clip that is used, in seconds."""

    start: Seconds = Fraction(0)
    end: Seconds | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise fail("trim-empty", tr("trim.end must be greater than trim.start"))
        return self


class Transition(Written):
    """How a shot goes over into the next one; both are seen for ``duration``."""

    type: TransitionType = "cut"
    duration: Seconds = Fraction(1, 2)
    through: Literal["black", "white"] = "black"  # for a fade
    direction: Literal["left", "right", "up", "down"] = "left"  # for a wipe or slide

    @property
    def seconds(self) -> Fraction:
        """How long the two shots overlap."""
        return Fraction(0) if self.type == "cut" else self.duration

    @property
    def way(self) -> str:
        """The direction or colour that its kind has; nothing where it has neither."""
        match transitions.kind_of(self.type).way:
            case "direction":
                return self.direction
            case "through":
                return self.through
            case "":
                return ""


class Overlay(Written):
    """A picture over a deliverable or a shot, and from when to when it is seen, in seconds."""

    image: FileText
    at: SpotText = "top-right"
    width: OverlayWidth = Fraction(14, 100)  # of the frame's width
    margin: OverlayMargin = Fraction(3, 100)  # of the frame's shorter side
    opacity: Opacity = Fraction(1)
    start: Seconds = Field(default=Fraction(0), alias="from")
    end: Seconds | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise fail("overlay-empty", tr("to must be greater than from"))
        return self


def _listed(value: Any) -> Any:
    """One overlay stands for a list of it."""
    if isinstance(value, str):
        message = tr("{value!r} is not a valid overlay", value=value[:40])
        raise fail("type-wrong", message, tr("write it as {{image: logo.png}}"))
    return [value] if isinstance(value, dict) else value


Overlays = Annotated[tuple[Overlay, ...], BeforeValidator(_listed)]


class Fade(Written):
    """A fade at an end of a deliverable."""

    duration: Seconds
    through: Literal["black", "white"] = "black"

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """``fade_in: 0.5`` means so many seconds, through black."""
        is_short = not isinstance(value, dict | Fade)
        return {"duration": value} if is_short else value


NO_LOOK = "none"  # what a shot says that the look of its deliverable is not for

Hdr = Literal["map", "refuse"]


class Shot(Written):
    """How the clip of one shot is used; where it comes from is said by each kind of shot."""

    id: FileName
    trim: Trim = Trim()
    speed: Speed = Fraction(1)
    hold: Seconds = Fraction(0)  # how long the last frame stands after it
    focus: FocusText = CENTRE
    transition: Transition = Transition()
    sound: Gain = Decimal(0)  # of the clip's own sound, in the deliverables
    caption: str = ""  # words on the picture
    lang: Language | None = None  # of the caption, instead of the deliverable's
    colours: ColourName | None = None  # of the clip; None: as it is tagged
    hdr: Hdr = "map"  # what becomes of a clip in HDR
    alpha: Alpha = "straight"  # how a clip with transparency holds its colours
    overlay: Overlays = ()
    look: FileText | None = None  # instead of the deliverable's; none: without any


def _lasting(value: Any) -> Any:
    """The service takes -1 for a length of its own choice."""
    if value == -1 and not isinstance(value, bool):
        message = tr("duration: -1 lets the service choose: length and price would be unknown")
        raise fail("duration-open", message, tr("write the seconds"))
    return value


WholeSeconds = Annotated[int | None, BeforeValidator(_lasting)]


class GeneratedShot(Shot):
    """A shot whose clip a model makes, of a first frame or of words: what is asked of the service.

    ``aspect`` is that of a clip without a first frame; None: the one that suits the deliverables.
    """

    model: str
    image: FirstFrame | None = None
    continues: Continued | None = Field(default=None, alias="continue")  # instead of an image
    last_image: FileText | None = None  # what the clip ends on; some models only
    fit_image: FitImageOrOff = None  # how both are prepared; None: sent as they are
    references: References = ()  # who or what is seen or heard; with names, for the prompt
    aspect: AspectText | None = None
    shot_type: str | None = None
    prompt: str = ""
    negative_prompt: str = ""
    template: str | None = None
    resolution: str | None = None
    duration: WholeSeconds = Field(default=None, ge=1, le=60, strict=True)
    audio: FileText | None = None
    prompt_extend: bool = Field(default=True, strict=True)
    watermark: bool = Field(default=False, strict=True)
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED, strict=True)
    takes: int = Field(default=1, ge=1, le=MAX_TAKES, strict=True)
    pick: Pick = 1  # AUTO: the first one without marks

    @model_validator(mode="after")
    def _one_beginning(self) -> Self:
        if self.continues and self.image is not None:
            message = tr("{key} and {other} exclude each other", key="image", other="continue")
            hint = tr("a shot has only one of {names}", names=", ".join(SOURCES))
            raise fail("shot-sources", message, hint)
        return self


def picture_of(shot: "AnyShot") -> str | None:
    """What the first frame goes by that a model makes for ``shot``; None where none is made."""
    is_made = isinstance(shot, GeneratedShot) and isinstance(shot.image, MadePicture)
    return f"{shot.id}{PICTURE}" if is_made else None


PICTURE = ".image"  # what ends the name of a first frame that is made


class ClipShot(Shot):
    """Own footage: a video file in any container, or an animated picture."""

    clip: FileText


class Zoom(Written):
    """How much a still picture is enlarged at its beginning and at its end, around its focus."""

    start: Enlargement = Field(default=Fraction(1), alias="from")
    end: Enlargement = Field(default=Fraction(1), alias="to")

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """``move: in`` goes slowly nearer, ``move: out`` slowly away."""
        if not isinstance(value, str):
            return value
        match value:
            case "in":
                return {"from": Fraction(1), "to": SLOW}
            case "out":
                return {"from": SLOW, "to": Fraction(1)}
            case _:
                message = tr("{value!r} is not a valid move", value=value[:40])
                hint = tr("use in, out, or {{from: 1, to: 1.2}}")
                raise fail("value-unknown", message, hint)


SLOW = Fraction(11, 10)  # an enlargement that is seen in a few seconds and is no jump


class StillShot(Shot):
    """An own picture that is held, or slowly moved over."""

    still: FileText
    duration: Seconds
    move: Zoom | None = None
    background: ColourText = "black"  # behind what is transparent

    @model_validator(mode="after")
    def _lasting(self) -> Self:
        if not self.duration:
            raise fail("duration-zero", tr("duration must be longer than 0 s"))
        return self


AnyShot = GeneratedShot | ClipShot | StillShot
# The key that says where a shot's clip comes from, and what it is then.
SOURCES: Mapping[str, type[AnyShot]] = {
    "image": GeneratedShot,
    "continue": GeneratedShot,
    "clip": ClipShot,
    "still": StillShot,
}


def kind_of(shot: Any) -> type[AnyShot]:
    """What a mapping of ``shots`` describes; where it does not say, a shot to be generated."""
    if isinstance(shot, GeneratedShot | ClipShot | StillShot):
        return type(shot)
    keys = shot if isinstance(shot, Mapping) else {}
    return next((kind for key, kind in SOURCES.items() if key in keys), GeneratedShot)


def seconds_continued(shot: GeneratedShot, least: int) -> int:
    """How many seconds of the clip that ``shot`` continues its model is shown."""
    return (shot.continues.seconds or least) if shot.continues else 0


def keys_of(kind: type[BaseModel]) -> frozenset[str]:
    """The keys of a mapping, as a list writes them."""
    return frozenset(field.alias or name for name, field in kind.model_fields.items())


def own_name(shot: AnyShot) -> str | None:
    """The own file of a shot, as the list names it; None where a model makes the clip."""
    match shot:
        case ClipShot():
            return shot.clip
        case StillShot():
            return shot.still
        case GeneratedShot():
            return None


class Music(Written):
    """A sound file under the whole of a deliverable; it begins again where it ends."""

    file: FileText
    gain: Gain = Decimal(0)
    start: Seconds = Fraction(0)  # where in the file it begins
    fade_in: Seconds = Fraction(0)
    fade_out: Seconds = Fraction(1)

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """``music: bgm.mp3`` means the file as it is."""
        return {"file": value} if isinstance(value, str) else value


class Voice(Written):
    """A sound file laid over a deliverable, from a shot's beginning or a time on."""

    file: FileText
    shot: Name | None = None
    at: Seconds = Fraction(0)  # seconds after the shot's beginning, or the whole's
    gain: Gain = Decimal(0)


class Sound(Written):
    """What is heard in a deliverable besides the clips' own sound."""

    music: Music | None = None
    duck: bool = False
    voices: tuple[Voice, ...] = ()
    loudness: Annotated[Decimal, Field(ge=-40, le=-5)] | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """Every sound file that is named."""
        music = (self.music.file,) if self.music else ()
        return (*music, *(voice.file for voice in self.voices))


Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]


# What nobody means as the words of a label.
_NO_WORDS = ("", "no", "off", "false", "yes", "on", "true", "无", "不要", "没有")


class AiLabel(Written):
    """A label of AI-generated content: words over the finished film, and a tag in its container.

    ``label: none`` neither draws nor writes one: it is made elsewhere.
    """

    visible: Annotated[str, Field(min_length=1, max_length=100)] = "AI生成"  # or none
    at: Literal["start", "always"] = "start"
    corner: Corner = "top-left"
    metadata: bool = Field(default=True, strict=True)
    producer: str = ""  # fields of the tag AIGC, see ``ai_labels``
    produce_id: str = ""
    propagator: str = ""
    propagate_id: str = ""

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """``label: AI生成`` means these words; ``label: none`` no label at all."""
        if isinstance(value, str) and value.strip().casefold() == "none":
            return {"visible": "none", "metadata": False}
        if isinstance(value, bool | str) and str(value).strip().casefold() in _NO_WORDS:
            hint = tr("write the words to be seen, or label: none")
            message = tr("{value!r} is not a valid label", value=str(value))
            raise fail("value-unknown", message, hint)
        return {"visible": value} if isinstance(value, str) else value

    @property
    def words(self) -> str:
        """What is drawn; nothing where the label is not to be seen."""
        return "" if self.visible == "none" else self.visible.strip()

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the tag; none where it is not written."""
        if not self.metadata:
            return {}
        return {
            "Label": "1",
            "ContentProducer": self.producer,
            "ProduceID": self.produce_id,
            "ReservedCode1": "",
            "ContentPropagator": self.propagator,
            "PropagateID": self.propagate_id,
            "ReservedCode2": "",
        }


class CaptionStyle(Written):
    """How captions look. Sizes are fractions of the frame's shorter side."""

    size: WordSize = Fraction(58, 1000)
    colour: ColourText = "white"
    outline: ColourOrNone = "black"
    position: PositionText = "bottom"
    box: ColourOrNone = "none"


class Deliverable(Written):
    """One finished file: its frame, its rate, its sound."""

    name: FileName
    aspect: AspectText
    size: SizeText | None = None
    fit: Fit = "crop"
    focus: Mapping[Name, FocusText] = {}  # by shot, instead of the shot's own
    background: str = "black"
    fps: Rate | None = None
    motion: Motion | None = None  # where frames that clips lack come from; None: repeated
    audio: Sound = Sound()
    quality: Quality = "standard"
    codec: Codec = "h264"
    poster: Seconds | None = None  # which moment its still picture shows
    captions: Literal["burn", "sidecar", "both", "none"] = "burn"
    subtitles: FileText | None = None  # a file for the whole, beside the shots' captions
    font: FileText | None = None
    label: AiLabel | None = None  # of AI-generated content
    caption_style: CaptionStyle = CaptionStyle()
    safe_area: PlatformText | None = None  # whose controls captions and label stay clear of
    lang: Language | None = None  # of the captions; else as their letters say
    overlay: Overlays = ()
    look: FileText | None = None  # a .cube file
    fade_in: Fade | None = None
    fade_out: Fade | None = None
    stems: bool = Field(default=False, strict=True)  # the sound by kinds, as files beside it

    @property
    def burns(self) -> bool:
        """Whether captions are drawn into the picture."""
        return self.captions in ("burn", "both")

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """``- 3:4`` means an exact crop to 3:4; a deliverable without a name is called 3x4."""
        mapping = {"aspect": value} if isinstance(value, str) else value
        if isinstance(mapping, dict):
            check_platform(mapping)
        if isinstance(mapping, dict) and "name" not in mapping:
            try:
                aspect = read_aspect(mapping.get("aspect"))
            except PydanticCustomError:
                return {**mapping, "name": "unnamed"}
            return {**mapping, "name": f"{aspect.width}x{aspect.height}"}
        return mapping

    @model_validator(mode="after")
    def _exact(self) -> Self:
        if self.size and not self.aspect.matches(self.size):
            near = self.aspect.size(max(2 * round(self.size.width / self.aspect.width / 2), 2))
            raise fail(
                "size-not-exact",
                tr("{size} is not exactly {aspect}", size=self.size, aspect=self.aspect.usual),
                tr("use {size}, the nearest exact size", size=near),
            )
        return self


class Matrix(Written):
    """A table that turns one list into many, one for each of its rows."""

    source: FileText | None = Field(default=None, alias="from")
    rows: tuple[dict[str, Any], ...] | None = Field(default=None, min_length=1)
    name: str | None = None  # what a row's folder is called, with variables

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """``matrix: products.csv`` means its rows under their own names."""
        return {"from": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.source is None) == (self.rows is None):
            raise fail(
                "matrix-source",
                tr("a matrix needs either from or rows"),
                tr("write matrix: {{from: products.csv}}, or matrix: {{rows: [...]}}"),
            )
        return self


Backend = Literal["mock", "dashscope"]


def gaze_at(shot: Shot, deliverable: Deliverable) -> Gaze:
    """What a crop of ``deliverable`` keeps in view of ``shot``."""
    return deliverable.focus.get(shot.id, shot.focus)


def look_at(shot: Shot, deliverable: Deliverable) -> str | None:
    """The file of the look that ``shot`` has in ``deliverable``."""
    named = shot.look or deliverable.look
    return None if named == NO_LOOK else named


# Keys of a deliverable that a list may hold for all of them.
FOR_ALL = ("caption_style", "label", "safe_area", "lang")


TaggedShot = Annotated[
    Annotated[GeneratedShot, Tag("image")]
    | Annotated[ClipShot, Tag("clip")]
    | Annotated[StillShot, Tag("still")],
    Discriminator(lambda shot: next(k for k, kind in SOURCES.items() if kind is kind_of(shot))),
]


class ShotList(Written):
    """A whole shot list, its defaults already merged into the shots, ``FOR_ALL`` into the
    deliverables."""

    version: Literal[1]
    project: FileName
    backend: Backend = "mock"
    region: str = "beijing"  # one of the catalog's
    budget: Budget | None = None
    label: AiLabel | None = None
    caption_style: CaptionStyle = CaptionStyle()
    safe_area: PlatformText | None = None
    lang: Language | None = None
    shots: tuple[TaggedShot, ...] = Field(min_length=1)
    deliverables: tuple[Deliverable, ...] = Field(min_length=1)


@lru_cache(maxsize=1)
def _fields() -> tuple[tuple[str, Any], ...]:
    """Every key of a list's mappings, and the schema of its value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
        schema = ShotList.model_json_schema()
    parts = [schema, *schema["$defs"].values()]
    return tuple(pair for part in parts for pair in part.get("properties", {}).items())


@lru_cache(maxsize=1)
def every_key() -> frozenset[str]:
    """Every key that a list may hold somewhere."""
    return frozenset(("defaults", "vars", "matrix")).union(*map(keys_of, _below(Written)))


def _below(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for below in kind.__subclasses__():
        yield below
        yield from _below(below)


@lru_cache(maxsize=1)
def typed_keys() -> frozenset[str]:
    """The keys whose values may be other than text: there ``${name}`` alone becomes a number."""
    return frozenset(name for name, field in _fields() if _OTHER_THAN_TEXT & _types(field))


@lru_cache(maxsize=1)
def whole_keys() -> frozenset[str]:
    """The keys whose values may be whole numbers."""
    return frozenset(name for name, field in _fields() if "integer" in _types(field))


_OTHER_THAN_TEXT = {"integer", "number", "boolean"}


def _types(schema: Any) -> set[str]:
    """Every type that a schema of one field speaks of."""
    if isinstance(schema, list):
        return set().union(*map(_types, schema))
    if not isinstance(schema, dict):
        return set()
    own = schema.get("type") or ()
    kinds = {own} if isinstance(own, str) else set(own)
    return kinds.union(*(_types(schema.get(key)) for key in ("anyOf", "items", "prefixItems")))
