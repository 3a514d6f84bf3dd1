"""Figures of the vendor's: values with the source they rest on, and what other sources say."""

from datetime import date
from fractions import Fraction
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from wanx_render.language import NOTHING, Message, verbatim

T = TypeVar("T")
Day = date


def _prose(text: Any) -> Any:
    """A text of these files as a message: ``tests/translations.py`` collects it there."""
    if not isinstance(text, str):
        return text
    return verbatim(text) if "{" in text or "}" in text else Message(text, {})


Prose = Annotated[Message, BeforeValidator(_prose)]


class Data(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True
    )


class Evidence(Data):
    """A document or measurement that figures rest on."""

    title: Prose
    date: str  # the state of the document
    read: Day | None = None  # the last day on which the vendor's page or answer was seen like this
    kind: Literal["official", "captured", "open-code", "third-party", "inferred", "user"]


class Variant(Data, Generic[T]):
    """What another document says; carried beside the figure in force."""

    value: T
    source: str
    note: Prose = NOTHING


class Figure(Data, Generic[T]):
    """A value of the vendor's with the source it rests on, and the variants that disagree."""

    value: T
    source: str
    note: Prose = NOTHING
    variants: tuple[Variant[T], ...] = ()


def _rate(value: Any) -> Any:
    return Fraction(str(value)) if isinstance(value, int | str) else value


Rate = Annotated[Fraction, BeforeValidator(_rate)]
