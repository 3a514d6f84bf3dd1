"""What each model can do: the catalog's YAML files in, one frozen ``Catalog`` out.

Every figure of the vendor's is data with its source; a user's file may add or override models.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from wanx_render.diagnostics import Diagnostic, Span
from wanx_render.errors import BadInput
from wanx_render.language import NOTHING, Message, tr, verbatim
from wanx_render.preparation import Limits
from wanx_render.source import yaml_source

T = TypeVar("T")


def _prose(text: Any) -> Any:
    """A text of these files as a message: ``tests/translations.py`` collects it there."""
    if not isinstance(text, str):
        return text
    return verbatim(text) if "{" in text or "}" in text else Message(text, {})


Prose = Annotated[Message, BeforeValidator(_prose)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Evidence(_Data):
    """A document or measurement that figures rest on."""

    title: Prose
    date: str
    kind: Literal["official", "captured", "open-code", "third-party", "inferred", "user"]


class Variant(_Data, Generic[T]):
    """What another document says; carried beside the figure in force."""

    value: T
    source: str
    note: Prose = NOTHING


class Figure(_Data, Generic[T]):
    """A value of the vendor's with the source it rests on, and the variants that disagree."""

    value: T
    source: str
    note: Prose = NOTHING
    variants: tuple[Variant[T], ...] = ()


def _rate(value: Any) -> Any:
    return Fraction(str(value)) if isinstance(value, int | str) else value


Rate = Annotated[Fraction, BeforeValidator(_rate)]
Sound = Literal["none", "always", "switchable"]


class SoundFile(_Data):
    """What a custom soundtrack may be."""

    formats: tuple[str, ...]
    seconds: tuple[int, int]
    bytes: int


class Model(_Data):
    """One row of the capability matrix. Lists of allowed values begin with the default."""

    name: str
    title: Prose
    request_form: Figure[Literal["img_url", "first_last", "media"]]
    region_names: Figure[dict[str, str]]
    aliases: tuple[str, ...] = ()
    last_image: Figure[bool] | None = None
    tiers: Figure[Annotated[tuple[str, ...], Field(min_length=1)]]
    durations: Figure[Annotated[tuple[int, ...], Field(min_length=1)]]
    fps: Figure[Rate]
    sound: Figure[Sound]
    sound_precedence: Figure[Literal["file", "switch"]] | None = None
    sound_file: Figure[SoundFile] | None = None
    templates: Figure[tuple[str, ...]] | None = None
    template_regions: Figure[tuple[str, ...]] | None = None
    prompt_characters: Figure[int]
    negative_prompt_characters: Figure[int]
    image_sides: Figure[tuple[int, int]]
    image_aspect: Figure[int] | None = None  # the long side to the short one, at most
    image_bytes: Figure[int]
    image_formats: Figure[tuple[str, ...]]
    creates_per_second: Figure[int]
    running_at_once: Figure[int]
    task_seconds: Figure[tuple[int, int]]
    returns_actual_prompt: Figure[bool]
    usage: Figure[Literal["2.1", "2.2", "2.2-kf2v", "2.6", "2.6-flash"]]

    @property
    def takes_last_image(self) -> bool:
        return self.last_image is not None and self.last_image.value

    @property
    def limits(self) -> Limits:
        """What it accepts of a picture."""
        shortest, longest = self.image_sides.value
        return Limits(shortest, longest, self.image_aspect.value if self.image_aspect else None)


class Price(_Data):
    """What a second of video costs, by region and tier."""

    model: str
    region: str
    currency: Literal["CNY", "USD"]
    per_second: dict[str, Decimal]
    silent_per_second: dict[str, Decimal] = Field(default={})  # where silence is cheaper
    source: str
    note: Prose = NOTHING


class Region(_Data):
    """Where the service is reached."""

    base_url: str
    code: str
    currency: Literal["CNY", "USD"]
    source: str


class Code(_Data):
    """What an error code of the service means for a person.

    Kinds: ``service`` failures pass, so that the same request may be sent again; ``unknown`` is
    every code that no document names.
    """

    code: str  # a name, or a pattern such as Throttling*; without regard to case
    message: str = "*"  # a pattern of the message, where one code means several things
    kind: Literal["input", "moderation", "key", "money", "quota", "busy", "service", "unknown"]
    advice: Prose

    def fits(self, code: str, message: str) -> bool:
        return fnmatchcase(code.lower(), self.code.lower()) and fnmatchcase(
            message.lower(), self.message.lower()
        )


class LabelRule(_Data):
    """A rule about labels of AI-generated content, as it was read; no legal advice."""

    name: str
    place: str  # where it applies
    since: date
    title: str
    rule: str
    source: str
    doubt: str = ""
    least_height: Decimal | None = None  # of the words, as a part of the frame's shorter side
    least_seconds: int | None = None  # for which they are seen


class ServiceFigures(_Data):
    """Figures that hold for every model."""

    regions: dict[str, Region]
    tier_areas: dict[str, Figure[int]]
    result_hours: Figure[int]
    queries_per_second: Figure[int]
    seed_range: Figure[tuple[int, int]]
    result_hosts: Figure[tuple[str, ...]]


class Catalog(_Data):
    """The capability matrix with the evidence behind it."""

    sources: dict[str, Evidence]
    service: ServiceFigures
    models: dict[str, Model]
    prices: tuple[Price, ...] = Field(default=())
    codes: tuple[Code, ...] = Field(default=())
    labels: tuple[LabelRule, ...] = Field(default=())

    def model(self, name: str) -> Model | None:
        """The model called ``name``, by its own name, an alias or its name in a region."""
        if name in self.models:
            return self.models[name]
        for model in self.models.values():
            if name in model.aliases or name in model.region_names.value.values():
                return model
        return None

    def meaning(self, code: str, message: str = "") -> Code:
        """What an error code means, with its message where that decides; every code has one."""
        fitting = (row for row in self.codes if row.fits(code, message))
        return next(fitting, Code(code=code, kind="unknown", advice=tr("run again later")))

    def tier_area(self, tier: str) -> int:
        """The pixels of ``tier``; KeyError for a tier nobody has."""
        return self.service.tier_areas[tier].value

    def price_per_second(
        self, model: str, region: str, tier: str, *, silent: bool = False
    ) -> tuple[Decimal, str] | None:
        """Amount and currency a second, or None where no source says."""
        for price in reversed(self.prices):
            if price.model == model and price.region == region and tier in price.per_second:
                amounts = {**price.per_second, **(price.silent_per_second if silent else {})}
                return amounts[tier], price.currency
        return None


@cache
def packaged() -> Catalog:
    """The catalog that comes with the program."""
    folder = resources.files("wanx_render.catalog")
    models = [
        yaml_source.packaged(entry)
        for entry in sorted((folder / "models").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    ]
    parts = {
        part: yaml_source.packaged(folder / f"{part}.yaml")
        for part in ("sources", "service", "prices", "codes", "labels")
    }
    return Catalog.model_validate({**parts, "models": {model["name"]: model for model in models}})


def with_user_file(catalog: Catalog, file: Path | None) -> Catalog:
    """``catalog`` with the models and prices of a user's YAML file laid over it.

    ``models`` maps names to the fields that differ, or to a whole new model; a figure may be given
    as a bare value. ``prices`` is a list in the form of the packaged one and wins over it.
    ``result_hosts`` are further hosts that results may be fetched from.
    Raises BadInput.
    """
    if file is None:
        return catalog
    source = yaml_source.read(file, str(file))
    _check_shape(source)
    record = catalog.model_dump(by_alias=True)
    record["sources"]["user"] = {"title": file.name, "date": "", "kind": "user"}
    for name, fields in (source.value.get("models") or {}).items():
        base = record["models"].get(name, {"name": name, "title": name})
        record["models"][name] = {**base, **_figures(fields or {})}
    hosts = [str(host).lower() for host in source.value.get("result_hosts") or []]
    result_hosts = record["service"]["result_hosts"]
    record["service"]["result_hosts"] = {**result_hosts, "value": [*result_hosts["value"], *hosts]}
    prices = source.value.get("prices") or []
    record["prices"] = [*record["prices"], *({"source": "user", **price} for price in prices)]
    try:
        return Catalog.model_validate(record)
    except ValidationError as error:
        raise BadInput(*_problems(error, source)) from None


def _check_shape(source: yaml_source.Source) -> None:
    """The outer form of a user's file: ``models`` by name, ``prices`` as a list."""

    def refuse(message: Message, *path: str) -> BadInput:
        return BadInput(Diagnostic("catalog-invalid", message, source.place(path)))

    if not isinstance(source.value, dict):
        raise refuse(tr("a catalog file must be a mapping"))
    for key in source.value:
        if key not in ("models", "prices", "result_hosts"):
            raise refuse(tr("unknown key {key!r}; use models, prices, result_hosts", key=key), key)
    models, prices = source.value.get("models") or {}, source.value.get("prices") or []
    if not isinstance(models, dict) or not all(isinstance(m, dict) for m in models.values()):
        raise refuse(tr("models must be a mapping of model names to figures"), "models")
    if not isinstance(prices, list) or not all(isinstance(p, dict) for p in prices):
        raise refuse(tr("prices must be a list of mappings"), "prices")
    hosts = source.value.get("result_hosts") or []
    if not isinstance(hosts, list) or not all(_is_host(host) for host in hosts):
        raise refuse(tr("result_hosts must be a list of host names"), "result_hosts")


def _is_host(value: Any) -> bool:
    """A host name, perhaps with a port, or ``*.`` and a name for all below it."""
    return (
        isinstance(value, str)
        and re.fullmatch(r"(\*\.)?[\w-]+(\.[\w-]+)*(:\d+)?", value) is not None
    )


_PLAIN = {"name", "title", "aliases"}


def _figures(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Bare values become figures whose source is the user's file."""
    return {
        key: value
        if key in _PLAIN or (isinstance(value, dict) and "value" in value)
        else {"value": value, "source": "user"}
        for key, value in fields.items()
    }


def _problems(error: ValidationError, source: yaml_source.Source) -> Iterable[Diagnostic]:
    for problem in error.errors(include_url=False, include_input=False):
        path = tuple(part for part in problem["loc"] if part != "value")
        name = ".".join(str(part) for part in path)
        span: Span = source.place(path)
        yield Diagnostic("catalog-invalid", _explained(name, problem), span)


def _explained(key: str, problem: Any) -> Message:
    """One of pydantic's findings in our own words."""
    kind = problem["type"]
    if kind == "missing":
        return tr("{key} is required", key=key)
    if kind == "extra_forbidden":
        return tr("unknown key {key!r}", key=key)
    if kind == "literal_error":
        return tr("{key} must be {value}", key=key, value=problem["ctx"]["expected"])
    for beginning, value in _EXPECTED.items():
        if kind.startswith(beginning):
            return tr("{key} must be {value}", key=key, value=value)
    return tr("{key} is not valid: {reason}", key=key, reason=problem["msg"].lower())


_EXPECTED = {
    "string_": tr("text"),
    "int_": tr("a whole number"),
    "bool_": tr("true or false"),
    "decimal_": tr("a number"),
    "tuple_": tr("a list"),
    "dict_": tr("a mapping"),
    "model_": tr("a mapping"),
    "too_short": tr("a list of at least one value"),
}
