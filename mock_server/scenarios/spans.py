"""Lengths of time as people write them: seconds, bounds, or a median with what lies around it."""

import math
import random
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from wanx_render.language import tr

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
SPAN_KINDS = ("median", "bounds")  # how an error names the two; people do not write them
_FARTHEST = 4  # times the median, either way


class AroundMedian(BaseModel):
    """Log-normal around a median: half of all tasks take less."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )

    median: Seconds
    spread: float = Field(0.3, ge=0, le=2, description="0.3: two in three within a third of it")
    clip: Seconds | None = Field(
        None, gt=0, description="the length of the clip that takes so long; longer ones take longer"
    )

    def draw(self, chance: random.Random, length: float) -> float:
        """Seconds for a clip of this length."""
        longer = math.sqrt(length / self.clip) if self.clip and length else 1
        factor = min(max(chance.lognormvariate(0, self.spread), 1 / _FARTHEST), _FARTHEST)
        return self.median * longer * factor


class Bounds(BaseModel):
    """Any length between two is as likely as any other."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )

    low: Seconds
    high: Seconds

    @field_validator("high")
    @classmethod
    def _in_order(cls, value: float, info: object) -> float:
        if value < getattr(info, "data", {}).get("low", 0):
            raise ValueError(tr("the first of two numbers must not be larger than the second"))
        return value

    def draw(self, chance: random.Random, _: float) -> float:
        """Seconds for any clip."""
        return chance.uniform(self.low, self.high)


def _kind(value: object) -> str:
    is_bounds = isinstance(value, Bounds) or (isinstance(value, dict) and "low" in value)
    return "bounds" if is_bounds else "median"


Span = Annotated[
    Annotated[AroundMedian, Tag("median")] | Annotated[Bounds, Tag("bounds")],
    Discriminator(_kind),
]


def span_of(value: object) -> object:
    """What a person wrote, as the fields of a span: ``40``, ``[20, 60]`` or ``{median: 40}``."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return {"low": value, "high": value}
    if isinstance(value, list | tuple) and len(value) == 2:
        return {"low": value[0], "high": value[1]}
    if isinstance(value, dict | AroundMedian | Bounds):
        return value
    raise ValueError(tr("expected seconds, two bounds, or median and spread"))
