"""Sizes by the names of platforms: exact, dated, and in agreement with the aspect."""

import jsonschema
import pytest
from pydantic import ValidationError

from wanx_render.catalog import platform_sizes
from wanx_render.catalog.capabilities import Catalog
from wanx_render.geometry import Aspect, Size
from wanx_render.shotlist.model import Deliverable
from wanx_render.shotlist.schema import json_schema


@pytest.mark.parametrize("name", [size.name for size in platform_sizes.every()])
def test_every_name_is_an_exact_even_size(name: str) -> None:
    known = platform_sizes.find(name)
    assert known is not None
    assert known.size.width % 2 == known.size.height % 2 == 0
    assert max(known.aspect.width, known.aspect.height) <= 16
    for written in (name, name.upper(), known.title):
        made = Deliverable.model_validate({"aspect": str(known.aspect), "size": written})
        assert made.size == known.size


def test_the_data_says_when_and_from_where_it_is() -> None:
    data = platform_sizes._data()
    assert data["as_of"] == "2026-11"
    assert "not read" in data["basis"]


@pytest.mark.parametrize(
    ("name", "size"), [("douyin", Size(1080, 1920)), ("小红书", Size(1080, 1440))]
)
def test_usual_names(name: str, size: Size) -> None:
    known = platform_sizes.find(name)
    assert known is not None and known.size == size


@pytest.mark.parametrize(
    ("aspect", "size", "code", "words"),
    [
        ("3:4", "douyin", "size-not-exact", ("size douyin (1080x1920) is 9:16", "xiaohongshu")),
        ("9:16", "xiaohongshu", "size-not-exact", ("3:4, not 9:16", "douyin, kuaishou")),
        ("5:4", "reels", "size-not-exact", ("for Instagram Reels write aspect: 9:16",)),
        ("9:16", "douyn", "size-invalid", ("did you mean 'douyin'?",)),
        ("9:16", "large", "size-invalid", ("1080x1920", "douyin")),
        ("9:16", 12, "size-invalid", ("write it as 1080x1920",)),
    ],
)
def test_what_does_not_fit_says_what_would(
    aspect: str, size: object, code: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        Deliverable.model_validate({"aspect": aspect, "size": size})
    error = caught.value.errors()[0]
    assert error["ctx"]["code"] == code
    said = f"{error['msg']} {error['ctx']['hint']}"
    assert all(word in said for word in words), said


def test_names_of_an_aspect() -> None:
    assert platform_sizes.fitting(Aspect(4, 5)) == ("instagram",)
    assert platform_sizes.find("") is None


def test_the_schema_takes_names_and_offers_them(catalog: Catalog) -> None:
    schema = json_schema(catalog)
    part = {**schema["definitions"]["Deliverable"]["properties"]["size"]}
    assert "douyin" in part["examples"]
    check = jsonschema.Draft7Validator({**part, "definitions": schema["definitions"]})
    assert all(check.is_valid(text) for text in ("1080x1920", "douyin", "小红书"))
    assert not check.is_valid("1080 1920")
