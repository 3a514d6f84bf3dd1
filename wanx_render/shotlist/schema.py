"""The JSON Schema of the shot list, for editors: made from the models, worded for hover help.

In the subset that yaml-language-server reads (draft 7): ``definitions``, no tuples by position.
"""

import warnings
from typing import Any

from pydantic.json_schema import PydanticJsonSchemaWarning

from wanx_render.catalog import platform_sizes
from wanx_render.catalog.capabilities import Catalog
from wanx_render.shotlist.descriptions import DESCRIPTIONS
from wanx_render.shotlist.model import SOURCES, Matrix, Shot, ShotList


def json_schema(catalog: Catalog) -> dict[str, Any]:
    """The schema as plain data; models and tiers of ``catalog`` are offered as examples."""
    with warnings.catch_warnings():
        # Exact values (fractions) as defaults have no JSON form; defaults are left out anyway.
        warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
        raw = ShotList.model_json_schema(ref_template="#/definitions/{model}")
    definitions = {name: _worded(part) for name, part in raw.pop("$defs").items()}
    _complete_shots(definitions, catalog)
    definitions["Deliverable"]["required"] = ["aspect"]
    names = [platform.name for platform in platform_sizes.every()]
    definitions["Deliverable"]["properties"]["size"]["examples"] = ["1080x1920", *names]
    whole = _worded(raw)
    whole["properties"]["region"]["enum"] = list(catalog.service.regions)
    _complete_list(whole["properties"], definitions)
    for part, name in (
        (whole["properties"], "label"),
        (definitions["Deliverable"]["properties"], "label"),
        (definitions["Sound"]["properties"], "music"),
        (definitions["Shot"]["properties"], "move"),
        (definitions["Defaults"]["properties"], "move"),
    ):
        part[name] = _or_text(part[name])
    for name in ("fade_in", "fade_out"):
        field = definitions["Deliverable"]["properties"][name]
        field["anyOf"] = [*field["anyOf"], {"type": "number", "minimum": 0}]
    for name in ("Shot", "Defaults", "Deliverable"):
        field = definitions[name]["properties"]["overlay"]
        definitions[name]["properties"]["overlay"] = _or_one(field)
    for part in (definitions["Shot"], definitions["Defaults"], definitions["Deliverable"]):
        part["properties"] = {name: _or_filled(field) for name, field in part["properties"].items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "wanx-render shot list",
        **whole,
        "definitions": definitions,
    }


def _complete_shots(definitions: dict[str, Any], catalog: Catalog) -> None:
    """What a shot needs and may be offered; ``defaults`` may hold the same, but for an id.

    The kinds of shots are one here: of a choice editors say only that nothing of it fits.
    """
    kinds = [definitions.pop(kind.__name__) for kind in dict.fromkeys(SOURCES.values())]
    shot = {**kinds[0], "properties": {}, "required": ["id"]}
    for kind in kinds:
        for name, field in kind["properties"].items():
            shot["properties"][name] = _either(shot["properties"].get(name, field), field)
    used = Shot.model_fields  # how the clip is used comes after where it comes from
    order = ["id", *(name for name in shot["properties"] if name not in used), *used]
    shot["properties"] = {name: shot["properties"][name] for name in order}
    definitions["Shot"] = shot
    shot["properties"]["model"]["examples"] = list(catalog.models)
    shot["properties"]["resolution"]["examples"] = list(catalog.service.tier_areas)
    shot["properties"]["fit_image"] = _or_text(shot["properties"]["fit_image"])
    shot["properties"]["fit_image"]["examples"] = ["off", "match", "9:16"]
    shot["properties"]["continue"] = _or_text(shot["properties"]["continue"])
    shot["properties"]["audio"]["examples"] = ["silent", "auto"]
    shot["properties"]["references"] = _described("references", _REFERENCES)
    shot["properties"]["shot_type"]["examples"] = ["single", "multi"]
    fields = {name: part for name, part in shot["properties"].items() if name != "id"}
    definitions["Defaults"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": fields,
    }


_REFERENCE = {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/ReferenceFile"}]}
_REFERENCES: dict[str, Any] = {
    "anyOf": [
        {"type": "array", "items": _REFERENCE},
        {"type": "object", "additionalProperties": _REFERENCE},
    ]
}


def _either(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A key of two kinds of shots that takes what either does."""
    options = [
        {key: value for key, value in field.items() if key != "description"}
        for field in (first, second)
    ]
    if options[0] == options[1]:
        return first
    return {"description": first["description"], "anyOf": options}


def _complete_list(properties: dict[str, Any], definitions: dict[str, Any]) -> None:
    """The keys of a list that are merged into others before it becomes a ``ShotList``."""
    properties["vars"] = _described("vars", {"type": "object", "additionalProperties": _SCALAR})
    definitions["Matrix"] = _matrix()
    matrix = {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/Matrix"}]}
    properties["matrix"] = _described("matrix", matrix)
    properties["defaults"] = _described("defaults", {"$ref": "#/definitions/Defaults"})
    properties["shots"]["items"] = {"$ref": "#/definitions/Shot"}
    aspect = definitions["Deliverable"]["properties"]["aspect"]
    properties["deliverables"]["items"] = {"anyOf": [aspect, {"$ref": "#/definitions/Deliverable"}]}


def _or_one(field: dict[str, Any]) -> dict[str, Any]:
    """A list that may also be written as its one item."""
    listing = {key: value for key, value in field.items() if key != "description"}
    return {"description": field["description"], "anyOf": [listing, listing["items"]]}


def _or_text(field: dict[str, Any]) -> dict[str, Any]:
    """A mapping that may also be written as one text."""
    return {**field, "anyOf": [*field["anyOf"], {"type": "string"}]}


_FILLED: dict[str, Any] = {"type": "string", "pattern": r"\$\{[^{}]+\}"}
_SCALAR = {"type": ["string", "number", "boolean", "null"]}


def _matrix() -> dict[str, Any]:
    """``from`` or ``rows``, and what names a row."""
    part = _worded(Matrix.model_json_schema(by_alias=True))
    row = {"type": "object", "additionalProperties": _SCALAR}
    part["properties"]["rows"] = _described("rows", {"type": "array", "items": row, "minItems": 1})
    part["properties"]["from"] = _described("from", {"type": "string"})
    part["properties"]["name"] = _described("name", {"type": "string"}, "Matrix")
    return part


def _items_filled(schema: dict[str, Any]) -> dict[str, Any]:
    """The items of a list of numbers may be filled in too."""
    result = dict(schema)
    if isinstance(items := result.get("items"), dict) and "type" in items:
        result["items"] = {"anyOf": [items, _FILLED]}
    if "anyOf" in result:
        result["anyOf"] = [_items_filled(option) for option in result["anyOf"]]
    return result


def _or_filled(field: dict[str, Any]) -> dict[str, Any]:
    """A field that may also be filled in from a variable; plain text may hold one anyway."""
    head: dict[str, Any] = {key: field[key] for key in ("description", "examples") if key in field}
    rest = {key: value for key, value in field.items() if key not in head}
    rest = _items_filled(rest)
    if rest == {"type": "string"}:
        return field
    return {**head, "anyOf": [rest, _FILLED]}


# All kinds of shots are described as one.
_PARTS = {kind.__name__: "Shot" for kind in SOURCES.values()}


def _worded(part: dict[str, Any]) -> dict[str, Any]:
    """A model's schema without titles and defaults, each key with its description."""
    properties = {
        name: _described(name, _plain(field), _PARTS.get(part["title"], part["title"]))
        for name, field in part["properties"].items()
    }
    rest = {key: value for key, value in part.items() if key in ("type", "required")}
    return {**rest, "additionalProperties": False, "properties": properties}


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key not in ("title", "default")}


def _described(name: str, field: dict[str, Any], part: str = "") -> dict[str, Any]:
    """Draft 7 passes over what stands beside a ``$ref``, so a reference goes into ``allOf``."""
    if "$ref" in field:
        field = {"allOf": [{"$ref": field["$ref"]}]}
    description = DESCRIPTIONS.get(f"{part}.{name}") or DESCRIPTIONS[name]
    return {"description": description, **field}
