"""A user's catalog file: figures, models, forms, prices and hosts laid over the packaged ones."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wanx_render.catalog import model_names
from wanx_render.catalog.capabilities import Catalog, Price, inherited
from wanx_render.diagnostics import Diagnostic, Span
from wanx_render.errors import BadInput
from wanx_render.language import NOTHING, Message, joined, tr
from wanx_render.source import yaml_source

# What a file may hold besides lists: mappings by name.
_BY_NAME = ("sources", "forms", "models", "pictures", "regions", "tier_areas")
_KEYS = (*_BY_NAME, "prices", "codes", "result_hosts")


def with_user_file(catalog: Catalog, file: Path | None) -> Catalog:
    """``catalog`` with a user's YAML file laid over it.

    ``models`` and ``pictures`` map names to the fields that differ, to ``like: NAME`` and what
    differs from that one, or to a whole new model; a figure may be given as a bare value.
    ``forms``, ``regions``, ``tier_areas`` and ``sources`` work alike. ``prices`` and ``codes`` are
    lists in the form of the packaged ones and win over them. ``result_hosts`` are further hosts
    that results may be fetched from. Raises BadInput.
    """
    if file is None:
        return catalog
    source = yaml_source.read(file, str(file))
    _check_shape(source)
    if problems := tuple(_sibling_problems(catalog, source)):
        raise BadInput(*problems)
    record = catalog.model_dump(by_alias=True)
    record["sources"]["user"] = {"title": file.name, "date": "", "kind": "user"}
    _lay_over(record, {key: value for key, value in source.value.items() if value})
    try:
        result = Catalog.model_validate(record)
    except ValidationError as error:
        raise BadInput(*_problems(error, source, len(catalog.prices))) from None
    own_prices = tuple(enumerate(result.prices[len(catalog.prices) :]))
    strange = (
        *_strange_currencies(result, source, own_prices),
        *_prices_of_nothing(result, source, own_prices),
    )
    if strange:
        raise BadInput(*strange)
    return result


def _sibling_problems(catalog: Catalog, source: yaml_source.Source) -> Iterable[Diagnostic]:
    """Picture models among the video models and the other way round, and siblings that are none."""
    of_kind = {"models": list(catalog.models), "pictures": list(catalog.pictures)}
    for kind, other in (("models", "pictures"), ("pictures", "models")):
        own = source.value.get(kind) or {}
        for name, fields in own.items():
            sibling = _sibling(fields) or name
            problem = None
            if sibling in of_kind[other] and sibling not in of_kind[kind]:
                message = _makes_pictures(sibling) if kind == "models" else _makes_videos(sibling)
                problem = message, tr("write it under {key}", key=f"{other}:")
            elif sibling != name and sibling not in [*of_kind[kind], *own]:
                message = tr("{name!r} is not a known model", name=str(sibling))
                problem = message, model_names.hint(str(sibling), of_kind[kind])
            elif _refers_to_itself(name, own):
                problem = tr("{name} refers to itself", name=name), tr("use another model")
            if problem:
                message, hint = problem
                yield Diagnostic("catalog-invalid", message, source.place((kind, name)), hint)


def _sibling(fields: Mapping[str, Any]) -> Any:
    """What a model of the file takes the figures from that it does not say, if anything."""
    return fields.get("snapshot_of") or fields.get("like")


def _refers_to_itself(name: str, own: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the siblings of a model of the file lead back to it."""
    names = [name]
    sibling = _sibling(own[name])
    while isinstance(sibling, str) and sibling not in names:
        names.append(sibling)
        sibling = _sibling(own.get(sibling, {}))
    return bool(sibling == name)


def _makes_pictures(name: str) -> Message:
    return tr("{name} is a picture model", name=name)


def _makes_videos(name: str) -> Message:
    return tr("{name} is a video model", name=name)


def _prices_of_nothing(
    catalog: Catalog, source: yaml_source.Source, prices: Iterable[tuple[int, Price]]
) -> Iterable[Diagnostic]:
    """Prices whose model or tier there is not: nothing would ever cost them."""
    names = (*catalog.models, *catalog.pictures)
    for number, price in prices:
        path = ("prices", number, "model")
        if price.model not in names:
            message = tr("{name!r} is not a known model", name=price.model)
            hint = model_names.hint(price.model, names)
            yield Diagnostic("catalog-invalid", message, source.place(path), hint)
        elif model := catalog.models.get(price.model):
            for tier in price.per_second:
                if tier not in model.tiers.value:
                    message = tr("{tier!r} is not a tier of {model}", tier=tier, model=model.name)
                    hint = tr("use {choices}", choices=joined(model.tiers.value, tr(", ")))
                    place = source.place(("prices", number, "per_second"))
                    yield Diagnostic("catalog-invalid", message, place, hint)


def _strange_currencies(
    catalog: Catalog, source: yaml_source.Source, prices: Iterable[tuple[int, Price]]
) -> Iterable[Diagnostic]:
    """Prices of the file in another currency than their region's, which nothing could add up."""
    for number, price in prices:
        if not catalog.is_comparable(price):
            currency = catalog.service.regions[price.region].currency
            message = tr(
                "prices in {region} must be in {currency}, got {other}",
                region=price.region,
                currency=currency,
                other=price.currency,
            )
            yield Diagnostic(
                "catalog-invalid", message, source.place(("prices", number, "currency"))
            )


def _lay_over(record: dict[str, Any], own: Mapping[str, Any]) -> None:
    """Put what a user's file holds into the whole catalog's record."""
    service = record["service"]
    record["sources"] |= own.get("sources", {})
    for name, fields in own.get("forms", {}).items():
        form = record["forms"].get(name, {"title": name, "source": "user"})
        record["forms"][name] = {**form, **fields}
    for name, fields in own.get("regions", {}).items():
        region = service["regions"].get(name, {"source": "user"})
        service["regions"][name] = {**region, **_region(fields)}
    service["tier_areas"] |= _figures(own.get("tier_areas", {}))
    for kind in ("models", "pictures"):
        record[kind] = _with_models(record[kind], own.get(kind, {}))
    hosts = [str(host).lower() for host in own.get("result_hosts", ())]
    result_hosts = service["result_hosts"]
    service["result_hosts"] = {**result_hosts, "value": [*result_hosts["value"], *hosts]}
    prices = ({"source": "user", **price} for price in own.get("prices", ()))
    record["prices"] = [*record["prices"], *prices]
    record["codes"] = [*own.get("codes", ()), *record["codes"]]  # the first that fits decides


def _region(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A region whose addresses may be given as bare values."""
    addresses = {key: fields[key] for key in fields if key.endswith("_url")}
    return {**fields, **_figures(addresses)}


def _with_models(known: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Models by name, with those of the file: what differs, a sibling, or a whole new one."""
    records = dict(known)
    for name, fields in own.items():
        model = known.get(name, {"name": name, "title": name})
        records[name] = {**model, **_figures(_of_today(fields))}
    new = {name: inherited(records[name], records) for name in own if name not in known}
    return {**records, **new}


def _of_today(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a model; ``last_image``, which files of older versions have, as roles."""
    fields = dict(fields)
    takes_last = fields.pop("last_image", None)
    is_old = takes_last is not None or (
        "request_form" in fields and not {"like", "snapshot_of"} & fields.keys()
    )
    if is_old and "combinations" not in fields:
        value = takes_last["value"] if isinstance(takes_last, dict) else takes_last
        last = ["last_frame?"] if value else []
        fields["combinations"] = [["first_frame", *last, "soundtrack?"]]
    return fields


def _check_shape(source: yaml_source.Source) -> None:
    """The outer form of a user's file: mappings by name, and lists of mappings."""

    def refuse(message: Message, *path: str) -> BadInput:
        return BadInput(Diagnostic("catalog-invalid", message, source.place(path)))

    if not isinstance(source.value, dict):
        raise refuse(tr("a catalog file must be a mapping"))
    for key, value in source.value.items():
        if key not in _KEYS:
            keys = ", ".join(_KEYS)
            raise refuse(tr("unknown key {key!r}; use {keys}", key=key, keys=keys), key)
        if value is None:
            continue
        if key in _BY_NAME and not _are_mappings(value, plain=key == "tier_areas"):
            raise refuse(tr("{key} must be a mapping of names to figures", key=key), key)
        if key in ("prices", "codes") and not _is_list_of_mappings(value):
            raise refuse(tr("{key} must be a list of mappings", key=key), key)
    hosts = source.value.get("result_hosts") or []
    if not isinstance(hosts, list) or not all(_is_host(host) for host in hosts):
        raise refuse(tr("result_hosts must be a list of host names"), "result_hosts")


def _are_mappings(value: Any, *, plain: bool) -> bool:
    return isinstance(value, dict) and (plain or all(isinstance(v, dict) for v in value.values()))


def _is_list_of_mappings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def _is_host(value: Any) -> bool:
    """A host name, perhaps with a port, or ``*.`` and a name for all below it."""
    return (
        isinstance(value, str)
        and re.fullmatch(r"(\*\.)?[\w-]+(\.[\w-]+)*(:\d+)?", value) is not None
    )


_PLAIN = {"name", "title", "aliases", "like", "snapshot_of", "base"}


def _figures(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Bare values become figures whose source is the user's file."""
    return {
        key: value
        if key in _PLAIN or (isinstance(value, dict) and "value" in value)
        else {"value": value, "source": "user"}
        for key, value in fields.items()
    }


def _problems(
    error: ValidationError, source: yaml_source.Source, packaged: int
) -> Iterable[Diagnostic]:
    for problem in error.errors(include_url=False, include_input=False):
        path = tuple(part for part in problem["loc"] if part != "value")
        if path[:1] == ("prices",) and len(path) > 1:  # the file's own follow the packaged ones
            path = ("prices", int(path[1]) - packaged, *path[2:])
        name = ".".join(str(part) for part in path)
        span: Span = source.place(path)
        is_price_key = path[:1] == ("prices",) and problem["type"] == "extra_forbidden"
        keys = tr("known keys: {keys}", keys=joined(Price.model_fields, tr(", ")))
        hint = keys if is_price_key else NOTHING
        yield Diagnostic("catalog-invalid", _explained(name, problem), span, hint)


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
    "greater_than_equal": tr("at least 0"),
    "tuple_": tr("a list"),
    "dict_": tr("a mapping"),
    "model_": tr("a mapping"),
    "too_short": tr("a list of at least one value"),
}
