"""A model that is none is answered with those that are meant, and with nothing else."""

import pytest

from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.model_names import hint, meant

PREVIEW = ["wan2.5-i2v-preview"]


@pytest.mark.parametrize(
    "text",
    [
        "wan2.5-i2v", "Wan2.5-I2V-Preview", "WAN 2.5 i2v", "wan2.5_i2v_preview",
        "wanx2.5-i2v-preview", "万相2.5图生视频", "wan2.5 image to video", "wan2.5-i2v-preveiw",
        "wan2.5-i2v-preview-2025-09-23", "wna2.5-i2v-preview",
    ],
)  # fmt: skip
def test_a_part_or_another_spelling_means_the_model(text: str, catalog: Catalog) -> None:
    assert list(meant(text, catalog.models)) == PREVIEW
    assert hint(text, catalog.models) == "did you mean 'wan2.5-i2v-preview'?"


@pytest.mark.parametrize(
    "text",
    [
        "wan2.5", "wan25", "万相2.5", "通义万相 2.5", "wan-2.5", "wan2.5-preview", "2.5", "wan2-5",
        "ｗａｎ２．５", "preview",
    ],
)  # fmt: skip
def test_a_name_without_its_kind_means_every_kind(text: str, catalog: Catalog) -> None:
    assert list(meant(text, catalog.models)) == [*PREVIEW, "wan2.5-t2v-preview"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("wan2.2", ["wan2.2-i2v-flash", "wan2.2-i2v-plus", "wan2.2-kf2v-flash", "wan2.2-t2v-plus"]),
        ("万相2.2 图生视频", ["wan2.2-i2v-flash", "wan2.2-i2v-plus"]),
        ("wan2.6", ["wan2.6-i2v", "wan2.6-r2v", "wan2.6-t2v"]),
        ("wan2.6-i2v", ["wan2.6-i2v"]),
        ("wan2.1-i2v", ["wanx2.1-i2v-plus", "wanx2.1-i2v-turbo"]),
        ("首尾帧", ["wan2.2-kf2v-flash", "wanx2.1-kf2v-plus"]),
        ("turbo", ["wanx2.1-i2v-turbo", "wanx2.1-t2v-turbo"]),
        ("wan2.1-i2v-turbo", ["wanx2.1-i2v-turbo"]),
        ("wan2.7", ["wan2.7-i2v", "wan2.7-r2v", "wan2.7-t2v"]),
        ("wan2.7-i2v-2026-05-01", ["wan2.7-i2v"]),
        ("wan3", ["wan3.0-video", "wan3.0-video-prime"]),
        ("wan3.0-i2v", ["wan3.0-video", "wan3.0-video-prime"]),
        ("万相3.0文生视频", ["wan3.0-video", "wan3.0-video-prime"]),
        ("快乐马1.1文生视频", ["happyhorse-1.1-t2v"]),
        ("wan2.5文生视频", ["wan2.5-t2v-preview"]),
        ("万相 2.6 参考生视频", ["wan2.6-r2v"]),
    ],
)
def test_several_are_listed_in_the_order_of_the_matrix(
    text: str, names: list[str], catalog: Catalog
) -> None:
    assert sorted(meant(text, catalog.models)) == sorted(names)
    assert [n for n in catalog.models if n in names] == list(meant(text, catalog.models))
    assert all(name in hint(text, catalog.models) for name in names)


@pytest.mark.parametrize(
    "text",
    [
        "", "wan", "万相", "gpt-4", "sora-2", "wan2.5-r2v-preview",
        "wan2.5参考生视频", "kling", "wan2.2-s2v", "猫", "-", "v",
    ],
)  # fmt: skip
def test_nothing_is_offered_where_nothing_fits(text: str, catalog: Catalog) -> None:
    assert meant(text, catalog.models) == ()
    assert hint(text, catalog.models).startswith("`wanx-render models` lists the models")


def test_a_model_of_the_user_s_own_is_offered_too() -> None:
    assert meant("my-modle", ["my-model", "wan2.5-i2v-preview"]) == ("my-model",)
