"""What users write: the shot list as frozen records, one class per mapping of the YAML file.

Values are exact (Fraction, Decimal, integers). What depends on a model's abilities is not checked
here but by the rules, which know the catalog.
"""

import re
import warnings
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import PydanticJsonSchemaWarning
from pydantic_core import PydanticCustomError, PydanticKnownError

from wanx_render.catalog import platform_sizes
from wanx_render.diagnostics import did_you_mean
from wanx_render.frame import Codec, Motion, Quality
from wanx_render.geometry import CENTRE, Aspect, Fit, Focus, Gaze, Move, Size
from wanx_render.media import paint
from wanx_render.media.colour_tags import Alpha, ColourName
from wanx_render.media.paint import BadColour
from wanx_render.money import Money
from wanx_render.shotlist import transitions
from wanx_render.timing import parse_rate

MAX_SEED = 2_147_483_647
MAX_TAKES = 20


def _fail(code: str, message: str, hint: str = "") -> PydanticCustomError:
    # Braces would be read as a template by pydantic.
    plain = message.replace("{", "(").replace("}", ")")
    return PydanticCustomError("wanx", plain, {"code": code, "hint": hint})


def _aspect(value: Any) -> Aspect:
    if isinstance(value, Aspect):
        return value
    if not isinstance(value, str):
        raise _fail(
            "aspect-invalid", f"{str(value)[:40]} is not an aspect", "write it as 9:16 or 3:4"
        )
    try:
        aspect = Aspect.parse(value)
    except ValueError as error:
        raise _fail("aspect-invalid", str(error), "write it as 9:16 or 3:4") from None
    if max(aspect.width, aspect.height) > 2000:
        raise _fail("aspect-invalid", f"{value} is too fine a ratio to be made in whole pixels")
    return aspect


def _size(value: Any) -> Size:
    if isinstance(value, Size):
        return value
    width, _, height = str(value).lower().replace("*", "x").partition("x")
    if not all(re.fullmatch("[0-9]{1,6}", side.strip()) for side in (width, height)):
        return _platform_size(str(value)[:40])
    size = Size(int(width), int(height))
    if size.width % 2 or size.height % 2 or not (min(size.width, size.height) >= 16):
        raise _fail("size-invalid", f"{size} must have even sides of at least 16 pixels")
    if max(size.width, size.height) > 8192:
        raise _fail("size-invalid", f"{size} is larger than 8192 pixels")
    return size


def _platform_size(text: str) -> Size:
    if platform := platform_sizes.find(text):
        return platform.size
    names = [entry.name for entry in platform_sizes.every()]
    hint = did_you_mean(text.lower(), names)
    hint = hint or f"write it as 1080x1920, or use a platform's name: {', '.join(names)}"
    raise _fail("size-invalid", f"{text!r} is not a size", hint)


def _check_platform(written: dict[str, Any]) -> None:
    """A platform's size must have the deliverable's aspect; the error lists the names that do.

    What is not well-formed is left to the checks of each key.
    """
    platform = (
        platform_sizes.find(written["size"]) if isinstance(written.get("size"), str) else None
    )
    try:
        aspect = _aspect(written.get("aspect"))
    except PydanticCustomError:
        return
    if platform is None or platform.aspect == aspect:
        return
    names = platform_sizes.fitting(aspect)
    alternatives = f"{aspect} has {', '.join(names)}" if names else f"no platform here has {aspect}"
    raise _fail(
        "size-not-exact",
        f"size {platform.name} is {platform.size}, which is {platform.aspect} and not {aspect}",
        f"{alternatives}; for {platform.title} write aspect: {platform.aspect}",
    )


def _seconds(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    seconds = _between(value, 0, 3600)
    if seconds is None:
        raise _fail("seconds-invalid", "this is not a number of seconds from 0 to 3600")
    return seconds


def _between(value: Any, low: int, high: int) -> Fraction | None:
    """``value`` exactly, where it is a number from ``low`` to ``high`` with at most 9 decimals.

    Looked at before it is made a fraction: 1e999999999 would fill the memory.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, Decimal) and (not value.is_finite() or _decimals(value) > 9):
        return None
    return Fraction(value) if low <= value <= high else None


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _rate(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    try:
        return parse_rate(str(value))
    except ValueError as error:
        raise _fail("fps-invalid", str(error), "write it as 30 or 30000/1001") from None


def _gaze(value: Any) -> Gaze:
    """A point, or two that the crop moves between; two equal ones are a point."""
    if isinstance(value, dict) and set(value) == {"from", "to"}:
        start, end = _point(value["from"]), _point(value["to"])
        return start if start == end else Move(start, end)
    return value if isinstance(value, Move) else _point(value)


def _point(value: Any) -> Focus:
    if isinstance(value, Focus):
        return value
    if isinstance(value, list | tuple) and len(value) == 2:
        x, y = (_between(part, 0, 1) for part in value)
        if x is not None and y is not None:
            return Focus(x, y)
    raise _fail(
        "focus-invalid",
        "focus must be two numbers from 0 to 1: the fractions of width and height to keep in view",
        "write it as [0.5, 0.3], or {from: [0.2, 0.5], to: [0.8, 0.5]} to move",
    )


SLOWEST = Fraction(1, 2)


def _speed(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    speed = _between(value, 0, 2)
    if speed is None or speed < SLOWEST:
        raise _fail(
            "speed-invalid",
            "speed must be a number from 0.5 to 2: how many times as fast the clip is played",
            "write it as 1.25",
        )
    return speed


MUTE = Decimal("-Infinity")


def _gain(value: Any) -> Decimal:
    """``keep``, ``mute``, or decibels."""
    if isinstance(value, Decimal) and value in (MUTE, 0):
        return value
    words = {"keep": Decimal(0), "mute": MUTE}
    if isinstance(value, str) and value in words:
        return words[value]
    if _between(value, -60, 20) is None:
        raise _fail(
            "gain-invalid",
            "this is neither keep, mute nor a number of decibels from -60 to 20",
            "write it as mute or -6",
        )
    return Decimal(value)


def _money(value: Any) -> "Money":
    if isinstance(value, Money):
        return value
    amount, _, currency = str(value).strip().partition(" ")
    try:
        number = Decimal(amount)
    except InvalidOperation:
        number = Decimal(-1)
    is_valid = number.is_finite() and 0 <= number < 10**9 and _decimals(number) <= 6
    if not is_valid or currency.strip().upper() not in ("CNY", "USD"):
        raise _fail("money-invalid", "this is not an amount of money", "write it as 20 CNY")
    return Money(amount=number, currency=currency.strip().upper())


def _kind(json_schema: dict[str, Any], read: Any) -> tuple[Any, ...]:
    return (BeforeValidator(read), WithJsonSchema(json_schema))


def _one_of(what: str, words: tuple[str, ...]) -> Any:
    """Reads a word of a fixed set, with a hint where it is another."""

    def read(value: Any) -> str:
        if isinstance(value, str) and value in words:
            return value
        hint = did_you_mean(str(value)[:40].lower(), words)
        raise _fail(
            "value-unknown",
            f"{str(value)[:40]!r} is not a valid {what}",
            hint or f"use {', '.join(words[:-1])} or {words[-1]}",
        )

    return read


def _colour(*, none: bool = False) -> Any:
    """Reads a colour, which may be dense or not; where ``none`` is allowed, also that."""

    def read(value: Any) -> str:
        if none and value is None:
            return "none"
        try:
            return paint.read(str(value), alpha=True, also=("none",) if none else ())
        except BadColour as error:
            raise _fail("colour-unknown", str(error), error.hint) from None

    return read


# What people write for the codes of languages that they mean.
_MEANT = {"jp": "ja", "kr": "ko", "cn": "zh", "tw": "zh-TW", "hk": "zh-HK", "in": "hi"}


def _language(value: Any) -> str:
    if isinstance(value, str) and value.lower() not in _MEANT and _LANGUAGE.fullmatch(value):
        return value
    suggestion = _MEANT.get(str(value).lower(), "")
    raise _fail(
        "language-invalid",
        f"{str(value)[:40]!r} is not a valid language tag",
        f"did you mean {suggestion!r}?"
        if suggestion
        else "use a tag such as zh, zh-Hant, ja, ko or en",
    )


_LANGUAGE = re.compile("[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
SMALLEST_WORDS, LARGEST_WORDS = Fraction(2, 100), Fraction(20, 100)


def _word_size(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    part = _between(value, 0, 1)
    if part is None or not SMALLEST_WORDS <= part <= LARGEST_WORDS:
        raise _fail(
            "caption-size-invalid",
            "the size of captions must be a number from 0.02 to 0.2: the height of a character "
            "as a fraction of the frame's shorter side",
            "write it as 0.045",
        )
    return part


_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
# What Windows keeps for devices, whatever follows a dot; 1, 2 and 3 raised count as digits there.
RESERVED = re.compile(
    r"(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE
)


def _storable(value: str) -> str:
    if RESERVED.fullmatch(value):
        message = f"{value} is a device on Windows and cannot be the name of a file"
        raise _fail("name-invalid", message, "add something before the dot, such as a number")
    if value.endswith("."):
        raise _fail("name-invalid", f"{value} ends in a dot, which Windows drops", "leave it out")
    return value


Position = Literal["bottom", "middle", "top"]
Platform = Literal["douyin", "xiaohongshu", "tiktok", "reels", "shorts"]
PositionText = Annotated[Position, BeforeValidator(_one_of("position", get_args(Position)))]
PlatformText = Annotated[Platform, BeforeValidator(_one_of("platform", get_args(Platform)))]
ColourText = Annotated[str, *_kind({"type": "string"}, _colour())]
ColourOrNone = Annotated[str, *_kind({"type": "string"}, _colour(none=True))]
Language = Annotated[
    str, *_kind({"type": "string", "pattern": f"^{_LANGUAGE.pattern}$"}, _language)
]
WordSize = Annotated[
    Fraction, *_kind({"type": "number", "minimum": 0.02, "maximum": 0.2}, _word_size)
]
Name = Annotated[str, Field(pattern=_NAME)]
FileName = Annotated[Name, AfterValidator(_storable)]
AspectText = Annotated[
    Aspect, *_kind({"type": "string", "pattern": r"^[0-9.]+[:/][0-9.]+$"}, _aspect)
]
SizeText = Annotated[
    Size, *_kind({"type": "string", "pattern": r"^([0-9]+x[0-9]+|[^0-9\s][^\n]*)$"}, _size)
]
Seconds = Annotated[Fraction, *_kind({"type": "number", "minimum": 0}, _seconds)]
# Mute is minus infinity, which pydantic would refuse of a number that was written.
Gain = Annotated[
    Decimal,
    Field(allow_inf_nan=True),
    *_kind({"type": ["number", "string"]}, _gain),
]
Rate = Annotated[Fraction, *_kind({"type": ["number", "string"]}, _rate)]
Speed = Annotated[Fraction, *_kind({"type": "number", "minimum": 0.5, "maximum": 2}, _speed)]
_POINT = {
    "type": "array",
    "items": {"type": "number", "minimum": 0, "maximum": 1},
    "minItems": 2,
    "maxItems": 2,
}
_MOVE = {
    "type": "object",
    "properties": {"from": _POINT, "to": _POINT},
    "required": ["from", "to"],
    "additionalProperties": False,
}
FocusPoint = Annotated[Focus, *_kind(_POINT, _point)]
FocusText = Annotated[Gaze, *_kind({"anyOf": [_POINT, _MOVE]}, _gaze)]


class Written(BaseModel):
    """A mapping of the file: frozen, no unknown keys, and never echoing its input in errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )


MoneyText = Annotated[Money, *_kind({"type": "string", "pattern": "^[0-9.]+ (CNY|USD)$"}, _money)]


class Budget(Written):
    """What a run may spend at most."""

    max_cost: MoneyText


class LastFrame(Written):
    """A first frame taken from another shot: the last frame of its picked take."""

    shot: Name
    frame: Literal["last"] = "last"


# What pydantic calls the two kinds of first frame in its error paths.
PATH_TAG, CHAIN_TAG = "<path>", "<chain>"

FirstFrame = Annotated[
    Annotated[str, Tag(PATH_TAG)] | Annotated[LastFrame, Tag(CHAIN_TAG)],
    Discriminator(lambda value: CHAIN_TAG if isinstance(value, dict | LastFrame) else PATH_TAG),
]


class Trim(Written):
    """The part of the clip that is used, in seconds."""

    start: Seconds = Fraction(0)
    end: Seconds | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise _fail("trim-empty", "the trim ends before it starts")
        return self


def _transition(value: Any) -> str:
    if isinstance(value, str) and value in transitions.NAMES:
        return value
    *names, last = (repr(name) for name in transitions.NAMES)
    raise PydanticKnownError("literal_error", {"expected": f"{', '.join(names)} or {last}"})


_TRANSITIONS = {"enum": list(transitions.NAMES), "type": "string"}
TransitionType = Annotated[str, *_kind(_TRANSITIONS, _transition)]


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


Hdr = Literal["map", "refuse"]


class Shot(Written):
    """One shot: what is asked of the service, and how the clip is used."""

    id: FileName
    model: str
    image: FirstFrame
    last_image: str | None = None  # what the clip ends on; some models only
    prompt: str = ""
    negative_prompt: str = ""
    template: str | None = None
    resolution: str | None = None
    duration: int | None = Field(default=None, ge=1, le=60, strict=True)
    audio: str | None = None
    prompt_extend: bool = Field(default=True, strict=True)
    watermark: bool = Field(default=False, strict=True)
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED, strict=True)
    takes: int = Field(default=1, ge=1, le=MAX_TAKES, strict=True)
    pick: int = Field(default=1, ge=1, strict=True)
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


class Music(Written):
    """A sound file under the whole of a deliverable; it begins again where it ends."""

    file: str
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

    file: str
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
            hint = "write the words to be seen, or label: none"
            raise _fail("value-unknown", f"{str(value)!r} is not a valid label", hint)
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
    subtitles: str | None = None  # a file for the whole, beside the shots' captions
    font: str | None = None
    label: AiLabel | None = None  # of AI-generated content
    caption_style: CaptionStyle = CaptionStyle()
    safe_area: PlatformText | None = None  # whose controls captions and label stay clear of
    lang: Language | None = None  # of the captions; else as their letters say

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """``- 3:4`` means an exact crop to 3:4; a deliverable without a name is called 3x4."""
        mapping = {"aspect": value} if isinstance(value, str) else value
        if isinstance(mapping, dict):
            _check_platform(mapping)
        if isinstance(mapping, dict) and "name" not in mapping:
            try:
                aspect = _aspect(mapping.get("aspect"))
            except PydanticCustomError:
                return {**mapping, "name": "unnamed"}
            return {**mapping, "name": f"{aspect.width}x{aspect.height}"}
        return mapping

    @model_validator(mode="after")
    def _exact(self) -> Self:
        if self.size and not self.aspect.matches(self.size):
            near = self.aspect.size(max(2 * round(self.size.width / self.aspect.width / 2), 2))
            raise _fail(
                "size-not-exact",
                f"{self.size} is not exactly {self.aspect}",
                f"{near} is the nearest exact size",
            )
        return self


class Matrix(Written):
    """A table that turns one list into many, one for each of its rows."""

    source: str | None = Field(default=None, alias="from")
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
            raise _fail(
                "matrix-source",
                "a matrix takes its rows either from a file or from the list itself",
                "write matrix: {from: products.csv}, or matrix: {rows: [...]}",
            )
        return self


Backend = Literal["mock", "dashscope"]
Region = Literal["beijing", "singapore"]


def gaze_at(shot: Shot, deliverable: Deliverable) -> Gaze:
    """What a crop of ``deliverable`` keeps in view of ``shot``."""
    return deliverable.focus.get(shot.id, shot.focus)


# Keys of a deliverable that a list may hold for all of them.
FOR_ALL = ("caption_style", "label", "safe_area", "lang")


class ShotList(Written):
    """A whole shot list, its defaults already merged into the shots, ``FOR_ALL`` into the
    deliverables."""

    version: Literal[1]
    project: FileName
    backend: Backend = "mock"
    region: Region = "beijing"
    budget: Budget | None = None
    label: AiLabel | None = None
    caption_style: CaptionStyle = CaptionStyle()
    safe_area: PlatformText | None = None
    lang: Language | None = None
    shots: tuple[Shot, ...] = Field(min_length=1)
    deliverables: tuple[Deliverable, ...] = Field(min_length=1)


@lru_cache(maxsize=1)
def typed_keys() -> frozenset[str]:
    """The keys whose values may be other than text: there ``${name}`` alone becomes a number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
        schema = ShotList.model_json_schema()
    parts = [schema, *schema["$defs"].values()]
    fields = (pair for part in parts for pair in part.get("properties", {}).items())
    return frozenset(name for name, field in fields if _OTHER_THAN_TEXT & _types(field))


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
