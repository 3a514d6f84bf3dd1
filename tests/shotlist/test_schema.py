import json
from collections.abc import Iterator
from typing import Any

import pytest

from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.shotlist.model import SOURCES, Deliverable, ShotList, every_key, keys_of
from wanx_render.shotlist.schema import json_schema


@pytest.fixture(scope="module")
def schema(catalog: Catalog) -> dict[str, Any]:
    return json_schema(catalog)


def mappings(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"the list": schema, **schema["definitions"]}


def test_every_mapping_refuses_unknown_keys(schema: dict[str, Any]) -> None:
    for name, part in mappings(schema).items():
        assert part["additionalProperties"] is False, name


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (ShotList, "the list"),
        *((kind, "Shot") for kind in SOURCES.values()),
        (Deliverable, "Deliverable"),
    ],
)
def test_every_field_of_the_models_can_be_written_and_is_explained(
    model: Any, name: str, schema: dict[str, Any]
) -> None:
    properties = mappings(schema)[name]["properties"]
    assert keys_of(model) <= set(properties)
    assert all(properties[field]["description"] for field in keys_of(model))


def test_defaults_take_every_field_of_a_shot_but_its_id(schema: dict[str, Any]) -> None:
    definitions = schema["definitions"]
    shot, defaults = definitions["Shot"]["properties"], definitions["Defaults"]["properties"]
    assert set(shot) - set(defaults) == {"id"}
    assert "required" not in definitions["Defaults"]


def test_every_reference_leads_somewhere(schema: dict[str, Any]) -> None:
    words = json.dumps(schema).split('"#/definitions/')[1:]
    assert words
    assert {word.split('"')[0] for word in words} <= set(schema["definitions"])


def test_nothing_newer_than_draft_7_is_used(schema: dict[str, Any]) -> None:
    text = json.dumps(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert not [
        word for word in ("$defs", "prefixItems", "$dynamicRef", "unevaluated") if word in text
    ]


def test_a_model_of_the_users_own_is_offered_too(catalog: Catalog) -> None:
    mine: Model = next(iter(catalog.models.values())).model_copy(update={"name": "mine"})
    wider = catalog.model_copy(update={"models": {**catalog.models, "mine": mine}})
    model = json_schema(wider)["definitions"]["Shot"]["properties"]["model"]
    assert "mine" in model["examples"]
    assert "enum" not in model


def test_every_key_of_the_schema_is_known_as_a_key_and_no_other(schema: dict[str, Any]) -> None:
    assert every_key() == set(keys_in(schema))


def keys_in(part: Any) -> Iterator[str]:
    """The names of all properties, however deep."""
    if isinstance(part, dict):
        yield from part.get("properties", {})
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            yield from keys_in(inner)
