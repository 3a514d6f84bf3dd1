"""The catalog with the models of the families in it."""

from decimal import Decimal
from typing import Any

from mock_server.families.family import Family, families, mark_families
from mock_server.wire.provenance import rests_on
from wanx_render.catalog.abilities import Model, PictureArea, PictureModel
from wanx_render.catalog.capabilities import Catalog, Price
from wanx_render.catalog.figures import Figure
from wanx_render.catalog.request_forms import Form

_SECONDS = (5, *range(1, 5), *range(6, 61))  # of clips, the usual one first


@rests_on("guess", "nobody says", "Limits of families are those of a model that they are like")
def with_families(catalog: Catalog) -> Catalog:
    """``catalog`` with every model of the families that it does not have yet."""
    mark_families()
    forms, models, pictures = dict(catalog.forms), dict(catalog.models), dict(catalog.pictures)
    prices = list(catalog.prices)
    for family in families():
        forms[family.form] = _form(family)
        base = catalog.find(family.like)
        for name in family.models:
            if catalog.find(name) or base is None:
                continue
            if isinstance(base, PictureModel):
                pictures[name] = _picture_model(family, name, base)
            else:
                models[name] = _model(family, name, base)
                prices += _prices(family, name)
    return catalog.model_copy(
        update={"forms": forms, "models": models, "pictures": pictures, "prices": tuple(prices)}
    )


def _form(family: Family) -> Form:
    makes_clips = bool(family.tiers) or family.is_static
    places: dict[Any, str] = {} if makes_clips else {"reference_image": "image[]"}
    return Form.model_validate(
        {
            "title": family.title,
            "path": family.path,
            "makes": "video" if makes_clips else "picture",
            "prompt": "messages" if family.conversation else "prompt",
            "places": places,
            "parameters": tuple(family.parameters),
            "source": "inferred",
        }
    )


def _figure(value: Any) -> Figure[Any]:
    return Figure(value=value, source="inferred")


def _shared(family: Family, name: str) -> dict[str, Any]:
    """What a model has of its family, whatever it makes."""
    return {
        "name": name,
        "base": "",
        "request_form": _figure(family.form),
        "region_names": _figure(dict.fromkeys(family.regions, name)),
    }


def _model(family: Family, name: str, base: Model) -> Model:
    values = {field: getattr(base, field) for field in Model.model_fields}
    billed = _figure("input_and_output") if family.bills_inputs else None
    changed = {
        **_shared(family, name),
        "aliases": (),
        "combinations": _figure((("first_frame?",),)),
        "counts": None,
        "templates": None,
        "parameters": None,
        "tiers": _figure(family.tiers or base.tiers.value),
        "durations": _figure(_SECONDS),
        "billed_seconds": billed,
        "input_seconds_cap": None,
    }
    return Model.model_construct(**{**values, **changed})


def _picture_model(family: Family, name: str, base: PictureModel) -> PictureModel:
    values = {field: getattr(base, field) for field in PictureModel.model_fields}
    area = PictureArea(area=(262_144, 4_194_304))
    changed = {**_shared(family, name), "parameters": None, "sizes": _figure(area)}
    return PictureModel.model_construct(**{**values, **changed})


def _prices(family: Family, name: str) -> list[Price]:
    if not family.per_second:
        return []
    amounts = {tier: Decimal(str(amount)) for tier, amount in family.per_second.items()}
    price = {"model": name, "region": "beijing", "currency": "CNY", "source": "inferred"}
    return [Price.model_validate({**price, "per_second": amounts})]
