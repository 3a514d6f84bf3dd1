"""What a request costs, as exact money; an unknown price stays unknown and is never zero."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, isfinite
from typing import Any

from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.language import Message, plural
from wanx_render.money import Money, show_money
from wanx_render.task import TaskRequest, is_of_picture


def price(request: TaskRequest, catalog: Catalog) -> Money | None:
    """The most that a request may cost: seconds times the tier's price a second.

    None where no source gives one, or where nothing bounds the seconds that are billed.
    """
    seconds = _seconds_at_most(request, catalog.models[request.model])
    rate = catalog.price_per_second(
        request.model, request.region, request.resolution, silent=request.sound == "silent"
    )
    if rate is None or seconds is None:
        return None
    amount, currency = rate
    return Money(amount=amount * seconds, currency=currency)


def _seconds_at_most(request: TaskRequest, model: Model) -> int | None:
    """Of the clip, and of the videos that go with the request where the model bills those too."""
    videos = [entry.media for entry in request.references if entry.kind == "video"]
    if not _bills_input(model) or not videos:
        return request.duration
    length = sum((video.footage.seconds for video in videos if video.footage), Fraction(0))
    remote = [video for video in videos if video.footage is None]
    longest = _longest_input(model, len(remote)) if remote else 0
    if longest is None:
        return None
    billable = min(_started(length) + longest, LONGEST_SECONDS, *_input_bounds(model))
    return request.duration + billable


def _bills_input(model: Model) -> bool:
    return model.billed_seconds is not None and model.billed_seconds.value == "input_and_output"


def _longest_input(model: Model, videos: int) -> int | None:
    """The most seconds of so many videos that may be billed; None where nothing bounds them."""
    file = model.reference_video_file
    lengths = [file.value.seconds[1] * videos] if file else []
    return min((*lengths, *_input_bounds(model)), default=None)


def _input_bounds(model: Model) -> tuple[int, ...]:
    """What no bill for input seconds exceeds, as far as a document says."""
    cap, file = model.input_seconds_cap, model.reference_video_file
    bounds = (cap.value if cap else None, file.value.together if file else None)
    return tuple(seconds for seconds in bounds if seconds is not None)


def picture_price(request: TaskRequest, catalog: Catalog) -> Money | None:
    """What a picture costs, or None where no source gives a price."""
    rate = catalog.price_per_picture(request.model, request.region)
    return Money(*rate) if rate else None


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of prices, of which some may be unknown."""

    amount: Decimal
    currency: str
    unknown: int = 0

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> Message:
        """``6.60 CNY``, and how many takes have no known price."""
        amount = show_money(Money(self.amount, self.currency))
        if not self.unknown:
            return amount
        return plural(
            "{amount} plus {n} take of unknown price",
            "{amount} plus {n} takes of unknown price",
            self.unknown,
            amount=amount,
        )


def total(prices: Iterable[Money | None], currency: str) -> Total:
    """The sum of ``prices``, all in ``currency`` (a run has one region, so one currency)."""
    amount, unknown = Decimal(0), 0
    for price in prices:
        if price is None:
            unknown += 1
        else:
            amount += price.amount
    return Total(amount, currency, unknown)


LONGEST_SECONDS, MOST_CLIPS = 600, 16  # of one task; no model makes more
# What the seconds of a clip are called in a usage; the last may be an echo of the request.
USAGE_SECONDS = ("output_video_duration", "video_duration", "duration")


def billed(request: Mapping[str, Any], usage: Mapping[str, Any], catalog: Catalog) -> Money | None:
    """What a task that succeeded costs, by what the service says it made.

    ``request`` is the record of the request, which fills in what the usage does not say or cannot
    be (seconds above 600, a tier that nobody has). The names in the usage differ from family to
    family; ``duration`` may be an echo of what was asked for. A second that has begun counts, and
    input seconds that are not said count as the most that they can be.
    """
    if is_of_picture(request):
        return _billed_picture(request, usage, catalog)
    values = (usage.get(name) for name in USAGE_SECONDS)
    output = _whole(LONGEST_SECONDS, *values, request["duration"])
    seconds = output + _input_seconds(request, usage, catalog.models.get(request["model"]))
    audio = usage.get("audio")
    silent = request["sound"] == "silent" if not isinstance(audio, bool) else not audio
    model, region = request["model"], request["region"]
    tiers = (f"{_tier(usage.get('SR'))}P", request["resolution"])
    prices = (catalog.price_per_second(model, region, tier, silent=silent) for tier in tiers)
    price = next((price for price in prices if price), None)
    if price is None:
        return None
    clips = _whole(MOST_CLIPS, usage.get("video_count")) or 1
    return Money(amount=price[0] * seconds * clips, currency=price[1])


def _input_seconds(
    request: Mapping[str, Any], usage: Mapping[str, Any], model: Model | None
) -> int:
    """The seconds of videos that went with a request and are billed beside those of the clip."""
    videos = [kind for kind, _ in request.get("references", ()) if kind == "video"]
    if model is None or not _bills_input(model) or not videos:
        return 0
    answer = usage.get("input_video_duration")
    if _is_zero(answer):
        return 0
    seconds = _whole(LONGEST_SECONDS, answer) or _longest_input(model, len(videos)) or 0
    return min(seconds, LONGEST_SECONDS, *_input_bounds(model))


def _billed_picture(
    request: Mapping[str, Any], usage: Mapping[str, Any], catalog: Catalog
) -> Money | None:
    rate = catalog.price_per_picture(request["model"], request["region"])
    pictures = _whole(MOST_CLIPS, usage.get("image_count")) or 1
    return Money(rate[0] * pictures, rate[1]) if rate else None


def _tier(value: object) -> int:
    if isinstance(value, str):
        value = value.upper().removesuffix("P")
    return _whole(10_000, value)


def _whole(largest: int, *values: object) -> int:
    """The first of ``values`` that is a number above zero and not above ``largest``, or 0.

    Of a fraction the part that has begun counts.
    """
    return next((number for value in values if 0 < (number := _number(value)) <= largest), 0)


def _number(value: object) -> int:
    """A number as JSON or text has it; 0 for anything else."""
    if isinstance(value, str) and len(value) < 10 and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, float) and isfinite(value):
        return _started(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _started(seconds: float | Fraction) -> int:
    """Whole seconds; those that have begun count, but for what a container rounds."""
    return max(ceil(seconds - _ROUNDED), 0)


_ROUNDED = Fraction(1, 10)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_BOUNDS = {
    "output_video_duration": LONGEST_SECONDS,
    "video_duration": LONGEST_SECONDS,
    "duration": LONGEST_SECONDS,
    "input_video_duration": LONGEST_SECONDS,
    "video_count": MOST_CLIPS,
    "image_count": MOST_CLIPS,
}


def impossible(usage: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of figures in a usage that cannot be; ``billed`` sets them aside."""
    wrong = tuple(
        n for n, largest in _BOUNDS.items() if n in usage and not _can_be(usage[n], largest)
    )
    return (*wrong, "SR") if "SR" in usage and not _tier(usage["SR"]) else wrong


def _can_be(value: object, largest: int) -> bool:
    """Whether a bill may have such a figure; nothing of it costs nothing."""
    return _is_zero(value) or bool(_whole(largest, value))


def _is_zero(value: object) -> bool:
    return value in (0, "0") and not isinstance(value, bool)
