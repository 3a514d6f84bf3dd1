"""The values of a shot list as people write them: each read exactly, or refused with a hint.

An aspect, a size, seconds, money, a colour, a language: the types of the fields of ``model``.
"""

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

from wanx_render.catalog import platform_sizes
from wanx_render.diagnostics import did_you_mean, listed
from wanx_render.geometry import Aspect, Focus, Gaze, Move, Size
from wanx_render.language import NOTHING, Message, joined, tr, verbatim
from wanx_render.media import paint
from wanx_render.media.paint import BadColour
from wanx_render.money import Money
from wanx_render.shotlist import transitions
from wanx_render.timing import parse_rate

MAX_SEED = 2_147_483_647
MAX_TAKES = 20


class Written(BaseModel):
    """A mapping of the file: frozen, no unknown keys, and never echoing its input in errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True,
        defer_build=True,
    )  # fmt: skip


def fail(code: str, message: Message, hint: Message = NOTHING) -> PydanticCustomError:
    """The error that a validator raises; ``problems.explain`` makes a diagnostic of it."""
    # The message goes in as a value: pydantic would take braces in a template for places to fill.
    return PydanticCustomError(
        "wanx", "{message}", {"code": code, "hint": hint, "message": message}
    )


def sentence_of(error: Exception) -> Message:
    """What an error of a room below says."""
    words = error.args[0] if error.args else ""
    return words if isinstance(words, Message) else verbatim(str(words))


AUTO = 0  # in the place of a take: the first one without marks


def _pick(value: Any) -> Any:
    """The number of a take, or ``auto``."""
    if value == "auto":
        return AUTO
    if type(value) is int and value < 1:
        raise PydanticKnownError("greater_than_equal", {"ge": 1})
    if isinstance(value, str) and not value.isdecimal():
        message = tr("{value!r} is not a valid pick", value=value[:40])
        raise fail("value-unknown", message, tr("write the number of a take, or auto"))
    return value


_PICK_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "auto"}]}
Pick = Annotated[int, Field(strict=True), BeforeValidator(_pick), WithJsonSchema(_PICK_SCHEMA)]

_STANDING_FOR = str.maketrans("×✕✖∶＊−", "xxx:x-")


def in_ascii(text: str) -> str:
    """``text`` with ASCII's letters, digits and signs in place of full-width ones and of ×."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text.translate(_STANDING_FOR)).strip()


def read_aspect(value: Any) -> Aspect:
    if isinstance(value, Aspect):
        return value
    if not isinstance(value, str):
        raise _no_aspect(value)
    try:
        aspect = Aspect.parse(in_ascii(value))
    except ValueError:
        raise _no_aspect(value) from None
    if max(aspect.width, aspect.height) > 2000:
        message = tr("{value} is too fine a ratio for whole pixels", value=value[:40])
        raise fail("aspect-invalid", message, _AS_ASPECT)
    return aspect


_AS_ASPECT = tr("write it as 9:16 or 3:4")


def _no_aspect(value: Any, hint: Message = _AS_ASPECT) -> PydanticCustomError:
    message = tr("{value!r} is not a valid aspect", value=str(value)[:40])
    return fail("aspect-invalid", message, hint)


MATCH: Literal["match"] = "match"


def _fitted_aspect(value: Any) -> Aspect | Literal["match"] | None:
    """An aspect, or ``match``: the one that suits the deliverables best."""
    if value is None:
        return None
    if value == MATCH:
        return MATCH
    try:
        return read_aspect(value)
    except PydanticCustomError:
        if value in ("off", False):  # the shot's whole fit_image may be off, its aspect may not
            raise _no_aspect(value, tr("leave aspect out to send the whole picture")) from None
        message = tr("{value!r} is not a valid fit_image", value=str(value)[:40])
        hint = did_you_mean(str(value)[:40].lower(), (MATCH, "off"))
        hint = hint or tr("use match, off or an aspect such as 9:16")
        raise fail("fit-image-invalid", message, hint) from None


def _size(value: Any) -> Size:
    if isinstance(value, Size):
        return value
    width, _, height = in_ascii(str(value)).lower().replace("*", "x").partition("x")
    if not all(re.fullmatch("[0-9]{1,6}", side.strip()) for side in (width, height)):
        return _platform_size(str(value)[:40])
    size = Size(int(width), int(height))
    if size.width % 2 or size.height % 2 or not (min(size.width, size.height) >= 16):
        message = tr("{size}: both sides must be even and at least 16 pixels", size=size)
        raise fail("size-invalid", message)
    if max(size.width, size.height) > 8192:
        raise fail("size-invalid", tr("{size} is larger than 8192 pixels", size=size))
    return size


def _platform_size(text: str) -> Size:
    if platform := platform_sizes.find(text):
        return platform.size
    names = [entry.name for entry in platform_sizes.every()]
    hint = did_you_mean(text.lower(), names)
    hint = hint or tr("write it as 1080x1920, or use {names}", names=listed(names, len(names)))
    raise fail("size-invalid", tr("{value!r} is not a valid size", value=text), hint)


def check_platform(written: dict[str, Any]) -> None:
    """A platform's size must have the deliverable's aspect; the error lists the names that do.

    What is not well-formed is left to the checks of each key.
    """
    platform = (
        platform_sizes.find(written["size"]) if isinstance(written.get("size"), str) else None
    )
    try:
        aspect = read_aspect(written.get("aspect"))
    except PydanticCustomError:
        return
    if platform is None or platform.aspect == aspect:
        return
    names = platform_sizes.fitting(aspect)
    hint = tr("for {title} write aspect: {aspect}", title=platform.title, aspect=platform.aspect)
    if names:
        fitting = tr("for {aspect} use {names}", aspect=aspect, names=listed(names, len(names)))
        hint = joined((fitting, hint), tr("; "))
    message = tr(
        "size {name} ({size}) is {own}, not {aspect}",
        name=platform.name, size=platform.size, own=platform.aspect, aspect=aspect,
    )  # fmt: skip
    raise fail("size-not-exact", message, hint)


def _seconds(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    seconds = _between(value, 0, 3600)
    if seconds is None:
        message = tr("{value!r} is not a number of seconds from 0 to 3600", value=str(value)[:40])
        raise fail("seconds-invalid", message, tr("write it as 2.5"))
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
        return parse_rate(in_ascii(str(value)))
    except ValueError:
        message = tr("{value!r} is not a frame rate from 1 to 120", value=str(value)[:40])
        raise fail("fps-invalid", message, tr("write it as 30 or 30000/1001")) from None


def _gaze(value: Any) -> Gaze:
    """A point, or two that the crop moves between; two equal ones are a point."""
    if isinstance(value, dict) and set(value) == {"from", "to"}:
        start, end = _point(value["from"]), _point(value["to"])
        return start if start == end else Move(start, end)
    return value if isinstance(value, Move) else _point(value, _POINT_OR_MOVE)


_AS_POINT = tr("write it as [0.5, 0.3]")
_POINT_OR_MOVE = tr("write it as [0.5, 0.3], or {{from: [0.2, 0.5], to: [0.8, 0.5]}} to move")


def _point(value: Any, hint: Message = _AS_POINT) -> Focus:
    if isinstance(value, Focus):
        return value
    if isinstance(value, list | tuple) and len(value) == 2:
        x, y = (_between(part, 0, 1) for part in value)
        if x is not None and y is not None:
            return Focus(x, y)
    raise fail(
        "focus-invalid",
        tr("focus must be two numbers from 0 to 1: parts of width and height"),
        hint,
    )


def _portion(least: Fraction, most: Fraction) -> Any:
    """Reads a fraction of something, such as of the frame's width."""

    def read(value: Any) -> Fraction:
        if isinstance(value, Fraction):
            return value
        part = _between(value, 0, 1)
        if part is None or not least <= part <= most:
            raise fail(
                "portion-invalid",
                tr(
                    "{value!r} is not a number from {least:g} to {most:g}",
                    value=str(value)[:40], least=float(least), most=float(most),
                ),
                _as_portion(value, least, most),
            )  # fmt: skip
        return part

    return read


def _as_portion(value: Any, least: Fraction, most: Fraction) -> Message:
    """How a percentage is written, where that may be what ``value`` means."""
    number = re.fullmatch(r"(\d{1,3}(?:\.\d{1,3})?)\s*%?", in_ascii(str(value)).strip())
    part = Fraction(number[1]) / 100 if number else None
    if part is None or not least <= part <= most:
        return NOTHING
    return tr("write it as {part:g}", part=float(part))


def _portion_type(least: Fraction, most: Fraction) -> tuple[Any, ...]:
    limits = {"minimum": float(least), "maximum": float(most)}
    return _kind({"type": "number", **limits}, _portion(least, most))


_THOUSANDTH = Fraction(1, 1000)
SLOWEST = Fraction(1, 2)


def _enlargement(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    times = _between(value, 1, 4)
    if times is None:
        raise fail(
            "zoom-invalid",
            tr("{value!r} is not an enlargement from 1 to 4", value=str(value)[:40]),
            tr("write it as 1.2; 1 shows the whole picture"),
        )
    return times


def _speed(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    speed = _between(value, 0, 2)
    if speed is None or speed < SLOWEST:
        raise fail(
            "speed-invalid",
            tr("{value!r} is not a speed from 0.5 to 2", value=str(value)[:40]),
            tr("write it as 1.25; 2 plays the clip twice as fast"),
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
        raise fail(
            "gain-invalid",
            tr("{value!r} is not keep, mute or -60 to 20 decibels", value=str(value)[:40]),
            tr("write it as mute or -6"),
        )
    return Decimal(value)


def _money(value: Any) -> "Money":
    if isinstance(value, Money):
        return value
    amount, _, currency = in_ascii(str(value)).strip().partition(" ")
    try:
        number = Decimal(amount)
    except InvalidOperation:
        number = Decimal(-1)
    is_valid = number.is_finite() and 0 <= number < 10**9 and _decimals(number) <= 6
    if not is_valid or currency.strip().upper() not in ("CNY", "USD"):
        message = tr("{value!r} is not a valid amount of money", value=str(value)[:40])
        raise fail("money-invalid", message, tr("write it as 20 CNY"))
    return Money(amount=number, currency=currency.strip().upper())


def _kind(json_schema: dict[str, Any], read: Any) -> tuple[Any, ...]:
    return (BeforeValidator(read), WithJsonSchema(json_schema))


def _one_of(what: Message, words: tuple[str, ...]) -> Any:
    """Reads a word of a fixed set, with a hint where it is another."""

    def read(value: Any) -> str:
        if isinstance(value, str) and value in words:
            return value
        hint = did_you_mean(str(value)[:40].lower(), words)
        raise fail(
            "value-unknown",
            tr("{value!r} is not a valid {what}", value=str(value)[:40], what=what),
            hint or tr("use one of {names}", names=listed(words, len(words))),
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
            hint = error.hint if isinstance(error.hint, Message) else verbatim(error.hint)
            raise fail("colour-unknown", sentence_of(error), hint) from None

    return read


def _solid(value: Any) -> str:
    """A colour through which nothing is seen, as ``#RRGGBB``: by any name it is one colour."""
    try:
        return "#{:02x}{:02x}{:02x}".format(*paint.rgb(str(value)))
    except BadColour as error:
        hint = error.hint if isinstance(error.hint, Message) else verbatim(error.hint)
        raise fail("colour-unknown", sentence_of(error), hint) from None


# What people write for the codes of languages that they mean.
_MEANT = {"jp": "ja", "kr": "ko", "cn": "zh", "tw": "zh-TW", "hk": "zh-HK", "in": "hi"}


def _language(value: Any) -> str:
    if isinstance(value, str) and value.lower() not in _MEANT and _LANGUAGE.fullmatch(value):
        return value
    suggestion = _MEANT.get(str(value).lower(), "")
    raise fail(
        "language-invalid",
        tr("{value!r} is not a valid language tag", value=str(value)[:40]),
        tr("did you mean {name!r}?", name=suggestion)
        if suggestion
        else tr("use a tag such as zh, zh-Hant, ja, ko or en"),
    )


_LANGUAGE = re.compile("[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
SMALLEST_WORDS, LARGEST_WORDS = Fraction(2, 100), Fraction(20, 100)


def _word_size(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    part = _between(value, 0, 1)
    if part is None or not SMALLEST_WORDS <= part <= LARGEST_WORDS:
        raise fail(
            "caption-size-invalid",
            tr("{value!r} is not a caption size from 0.02 to 0.2", value=str(value)[:40]),
            tr("write it as 0.045: the part of the shorter side that a character is high"),
        )
    return part


Spot = Literal[
    "top-left", "top", "top-right", "left", "center", "right",
    "bottom-left", "bottom", "bottom-right",
]  # fmt: skip
SpotText = Annotated[Spot, BeforeValidator(_one_of(tr("position"), get_args(Spot)))]
OverlayWidth = Annotated[Fraction, *_portion_type(_THOUSANDTH, Fraction(1))]
OverlayMargin = Annotated[Fraction, *_portion_type(Fraction(0), Fraction(1, 2))]
Opacity = Annotated[Fraction, *_portion_type(Fraction(0), Fraction(1))]
Position = Literal["bottom", "middle", "top"]
Platform = Literal["douyin", "xiaohongshu", "tiktok", "reels", "shorts"]
PositionText = Annotated[Position, BeforeValidator(_one_of(tr("position"), get_args(Position)))]
PlatformText = Annotated[Platform, BeforeValidator(_one_of(tr("platform"), get_args(Platform)))]
ColourText = Annotated[str, *_kind({"type": "string"}, _colour())]
SolidColour = Annotated[str, *_kind({"type": "string"}, _solid)]
ColourOrNone = Annotated[str, *_kind({"type": "string"}, _colour(none=True))]
Language = Annotated[
    str, *_kind({"type": "string", "pattern": f"^{_LANGUAGE.pattern}$"}, _language)
]
WordSize = Annotated[
    Fraction, *_kind({"type": "number", "minimum": 0.02, "maximum": 0.2}, _word_size)
]
AspectText = Annotated[
    Aspect, *_kind({"type": "string", "pattern": r"^[0-9.]+[:/][0-9.]+$"}, read_aspect)
]
FittedAspect = Annotated[
    Aspect | Literal["match"] | None,
    *_kind({"type": "string", "pattern": r"^([0-9.]+[:/][0-9.]+|match)$"}, _fitted_aspect),
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
Enlargement = Annotated[
    Fraction, *_kind({"type": "number", "minimum": 1, "maximum": 4}, _enlargement)
]
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
MoneyText = Annotated[Money, *_kind({"type": "string", "pattern": "^[0-9.]+ (CNY|USD)$"}, _money)]


def _transition(value: Any) -> str:
    if isinstance(value, str) and value in transitions.NAMES:
        return value
    *names, last = (repr(name) for name in transitions.NAMES)
    raise PydanticKnownError("literal_error", {"expected": f"{', '.join(names)} or {last}"})


_TRANSITIONS = {"enum": list(transitions.NAMES), "type": "string"}
TransitionType = Annotated[str, *_kind(_TRANSITIONS, _transition)]
