"""What each model can do: the catalog's YAML files in, one frozen ``Catalog`` out.

Every figure of the vendor's is data with its source; a user's file may add or override models.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.figures import Data, Evidence, Figure, Prose
from wanx_render.catalog.request_forms import Form
from wanx_render.language import NOTHING, tr
from wanx_render.source import yaml_source

Amount = Annotated[Decimal, Field(ge=0)]


class Price(Data):
    """What a second of video costs, by region and tier; or a picture."""

    model: str
    region: str
    currency: Literal["CNY", "USD"]
    per_second: dict[str, Amount] = Field(default={})
    per_picture: Amount | None = None
    silent_per_second: dict[str, Amount] = Field(default={})  # where silence is cheaper
    source: str
    note: Prose = NOTHING


class Region(Data):
    """Where the service is reached; an address is None where none is offered or known."""

    code: str  # what the vendor's own pages and task lists call it
    currency: Literal["CNY", "USD"]
    source: str
    note: Prose = NOTHING
    base_url: Figure[str] | None = None  # the host that all workspaces of the region share
    workspace_url: Figure[str] | None = None  # has ``{workspace}`` in it
    trial_url: Figure[str] | None = None  # no promise of service; any workspace's keys


class AddressKind(Data):
    """What holds for all addresses of one kind: workspace, shared or trial."""

    keys: Figure[Literal["workspace", "region"]]  # whose keys it takes: of one workspace, or of all
    seconds: Figure[int]  # after which the service ends a request
    requests_per_minute: Figure[int] | None = None


class Gateway(Data):
    """How large a request may be before the service itself sees it, in bytes."""

    body_bytes: Figure[int]  # without data in Base64, and with all of it decoded
    item_bytes: Figure[int]  # one data URI as it is written
    whole_bytes: Figure[int]


class Code(Data):
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


class LabelRule(Data):
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


class ServiceFigures(Data):
    """Figures that hold for every model."""

    regions: dict[str, Region]
    addresses: dict[Literal["workspace", "shared", "trial"], AddressKind]
    plan_url: Figure[str]  # of the token plan, with ``{code}`` of a region; its keys fit no other
    plan_key: Figure[str]  # how the keys of the token plan begin
    gateway: Gateway
    tier_areas: dict[str, Figure[int]]
    result_hours: Figure[int]
    queries_per_second: Figure[int]
    seed_range: Figure[tuple[int, int]]
    result_hosts: Figure[tuple[str, ...]]


class Catalog(Data):
    """The capability matrix with the evidence behind it."""

    sources: dict[str, Evidence]
    service: ServiceFigures
    forms: dict[str, Form]
    models: dict[str, Model]
    pictures: dict[str, PictureModel] = Field(default={})
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

    def form(self, model: Model | PictureModel) -> Form:
        """How a request to ``model`` is written."""
        return self.forms[model.request_form.value]

    def parameters(self, model: Model | PictureModel) -> tuple[str, ...]:
        """What the parameters of a request to ``model`` may hold."""
        names = model.parameters.value if model.parameters else self.form(model).parameters
        is_switchable = isinstance(model, Model) and model.sound.value == "switchable"
        return (*names, "audio") if is_switchable and "audio" not in names else names

    def entry(self, name: str) -> Model | PictureModel:
        """The model of this very name, for videos or pictures; KeyError where there is none."""
        return self.models.get(name) or self.pictures[name]

    def find(self, name: str) -> Model | PictureModel | None:
        """The model of this very name, for videos or pictures."""
        return self.models.get(name) or self.pictures.get(name)

    def picture_model(self, name: str) -> PictureModel | None:
        """The picture model called ``name``, by its own name or its name in a region."""
        return self.pictures.get(name) or next(
            (m for m in self.pictures.values() if name in m.region_names.value.values()), None
        )

    def meaning(self, code: str, message: str = "") -> Code:
        """What an error code means, with its message where that decides; every code has one."""
        fitting = (row for row in self.codes if row.fits(code, message))
        return next(fitting, Code(code=code, kind="unknown", advice=tr("run again later")))

    def tier_area(self, tier: str) -> int:
        """The pixels of ``tier``; KeyError for a tier nobody has."""
        return self.service.tier_areas[tier].value

    def is_comparable(self, price: Price) -> bool:
        """Whether a price is in the currency of its region: a run adds up one currency alone."""
        region = self.service.regions.get(price.region)
        return region is None or region.currency == price.currency

    def prices_of(self, model: str, region: str) -> Iterator[Price]:
        """The prices of a model in a region, the one in force first.

        A snapshot without a price of its own costs what its model costs.
        """
        for price in reversed(self.prices):
            is_its = (price.model, price.region) == (model, region)
            if is_its and self.is_comparable(price):
                yield price
        entry = self.find(model)
        if entry and entry.base:
            yield from self.prices_of(entry.base, region)

    def price_per_second(
        self, model: str, region: str, tier: str, *, silent: bool = False
    ) -> tuple[Decimal, str] | None:
        """Amount and currency a second, or None where no source says."""
        for price in self.prices_of(model, region):
            if tier in price.per_second:
                amounts = {**price.per_second, **(price.silent_per_second if silent else {})}
                return amounts[tier], price.currency
        return None

    def price_per_picture(self, model: str, region: str) -> tuple[Decimal, str] | None:
        """Amount and currency of a picture, or None where no source says."""
        for price in self.prices_of(model, region):
            if price.per_picture is not None:
                return price.per_picture, price.currency
        return None


@cache
def packaged() -> Catalog:
    """The catalog that comes with the program."""
    folder = Path(__file__).parent
    parts = {
        part: yaml_source.packaged(folder / f"{part}.yaml")
        for part in ("sources", "service", "forms", "prices", "codes", "labels")
    }
    models, pictures = (_entries(folder / kind) for kind in ("models", "pictures"))
    return Catalog.model_validate({**parts, "models": models, "pictures": pictures})


def _entries(folder: Path) -> dict[str, Any]:
    """The models of a folder by name, each with what it has from the one that it is like."""
    files = [entry for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    files.sort(key=lambda file: file.name.removesuffix(".yaml"))
    by_name = {record["name"]: record for record in map(yaml_source.packaged, files)}
    return {name: inherited(record, by_name) for name, record in by_name.items()}


def inherited(record: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """``record`` with all that it does not say as the model says it that it is ``like``.

    ``snapshot_of`` is stronger: the same model at one day, at the same price where it has none of
    its own. A sibling's price is never assumed. KeyError where there is no such model.
    """
    snapshot_of = record.get("snapshot_of", "")
    name = snapshot_of or record.get("like")
    own = {key: value for key, value in record.items() if key not in ("like", "snapshot_of")}
    if not name:
        return own
    older = inherited(others[name], others)
    shared = {key: value for key, value in older.items() if key not in _OF_ONE_MODEL}
    return {**shared, "base": snapshot_of, **own}


_OF_ONE_MODEL = ("aliases", "region_names", "base", "launched", "retires")
