"""One list and a table make many lists; what a cell holds can change nothing but its own value."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.places import SPECS
from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import concise, full
from wanx_render.errors import BadInput
from wanx_render.shotlist.tables.rows import numbers, shard, slug
from wanx_render.shotlist.tables.variables import template
from wanx_render.validation.load import Batch, load_all

LIST = """\
version: 1
project: shop
vars: {model: wan2.5-i2v-preview, tone: warm}
matrix: {from: products.csv}
defaults: {model: "${model}", resolution: 720P}
shots:
  - id: hero
    image: ${picture}
    prompt: "${words}, ${tone} $${not}"
    duration: ${seconds}
    seed: ${seed}
  - {id: outro, image: a.png, prompt: "${words}"}
deliverables: [{aspect: 9:16, fit: blur}]
"""
HEAD = "sku,picture,words,seconds,seed\n"


@pytest.fixture
def shop(tmp_path: Path, catalog: Catalog, picture):  # type: ignore[no-untyped-def]
    picture("a.png")
    picture("b.png", (400, 600))

    def load(rows: str, text: str = LIST, table: str = "products.csv") -> Batch:
        (tmp_path / "list.yaml").write_text(text, encoding="utf-8")
        (tmp_path / table).write_text(rows, encoding="utf-8")
        return load_all(tmp_path / "list.yaml", catalog)

    return load


def problems(load, *arguments: str) -> list[str]:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput) as caught:
        load(*arguments)
    assert all(full(diagnostic, caught.value.texts) for diagnostic in caught.value.diagnostics)
    return [re.sub(r"/\S*/", "", concise(diagnostic)) for diagnostic in caught.value.diagnostics]


def test_each_row_is_a_list_of_its_own(shop) -> None:  # type: ignore[no-untyped-def]
    batch = shop(HEAD + "red mug,a.png,A mug,5,7\nblue,b.png,蓝: [杯],10,\n")
    assert batch.tabular
    assert [loaded.row.name for loaded in batch.lists] == ["red-mug", "blue"]
    red, blue = (loaded.shots.shots for loaded in batch.lists)
    assert (red[0].prompt, red[0].duration, red[0].seed) == ("A mug, warm ${not}", 5, 7)
    assert (blue[0].prompt, blue[0].duration, blue[0].seed) == ("蓝: [杯], warm ${not}", 10, None)
    assert blue[1].prompt == "蓝: [杯]"
    assert str(batch.lists[1].media["b.png"].size) == "400x600"


def test_text_stays_text_though_it_looks_like_a_number(shop) -> None:  # type: ignore[no-untyped-def]
    batch = shop(HEAD + "007,a.png,1e3,5,0010\n")
    shots = batch.lists[0].shots.shots
    assert (shots[1].prompt, shots[0].seed) == ("1e3", 10)
    assert batch.lists[0].row.name == "007"


@given(st.text(min_size=1))
def test_no_cell_can_become_anything_but_text(cell: str) -> None:
    found = template("before ${x}, $${x} and ${y}")
    assert found.text({"x": cell, "y": ""}) == f"before {cell}, ${{x}} and "


def test_a_bad_cell_is_reported_by_its_line_and_by_where_it_went(shop) -> None:  # type: ignore[no-untyped-def]
    rows = HEAD + '"a\nb",a.png,x,5,\nc,none.png,x,5,\nd,a.png,x,7,\ne,a.png,x,5,abc\n'
    assert problems(shop, rows) == [
        "products.csv:4:3: error[image-missing]: the picture 'none.png' does not exist "
        "(used at list.yaml:8:12)",
        "products.csv:5:11: error[duration-unsupported]: "
        "duration 7 is not supported by wan2.5-i2v-preview (used at list.yaml:10:15)",
        "products.csv:6:13: error[type-wrong]: seed must be a whole number "
        "(used at list.yaml:11:11)",
    ]


def test_what_is_wrong_with_the_list_itself_is_reported_once(shop) -> None:  # type: ignore[no-untyped-def]
    text = LIST.replace("id: outro, ", "id: outro, takes: 0, ")
    rows = HEAD + "".join(f"s{n},a.png,x,5,\n" for n in range(50))
    assert problems(shop, rows, text) == [
        "list.yaml:12:24: error[value-out-of-range]: takes must be at least 1"
    ]


def test_a_fault_of_some_rows_only_names_one_of_them(shop) -> None:  # type: ignore[no-untyped-def]
    text = LIST.replace('"${model}"', '"${kind}"').replace("${seconds}", "4")
    rows = (
        "sku,picture,words,seed,kind\na,a.png,x,,wanx2.1-i2v-turbo\n"
        "b,a.png,x,,wan2.5-i2v-preview\nc,a.png,x,,wan2.5-i2v-preview\n"
    )
    (found,) = problems(shop, rows, text)
    assert found.startswith("list.yaml:10:15: error[duration-unsupported]")
    assert found.endswith("products.csv:3:1, and 1 more row)")


def test_an_empty_cell_leaves_the_key_out(shop) -> None:  # type: ignore[no-untyped-def]
    text = LIST.replace("resolution: 720P", "resolution: 720P, duration: 10")
    batch = shop(HEAD + "a,a.png,x,,\n", text)
    assert batch.lists[0].shots.shots[0].duration == 10


def test_unused_columns_are_fine_and_a_column_wins_over_a_variable(shop) -> None:  # type: ignore[no-untyped-def]
    batch = shop("sku,picture,words,seconds,seed,tone,stock\na,a.png,x,5,,cold,17\n")
    assert batch.lists[0].shots.shots[0].prompt == "x, cold ${not}"


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("rows.json", '[{"sku": "a", "picture": "a.png", "words": "x", "seconds": 5, "seed": 1}]'),
        ("rows.jsonl", '{"sku": "a", "picture": "a.png", "words": "x", "seconds": 5, "seed": 1}'),
    ],
)
def test_json_makes_the_same_lists_as_csv(shop, name: str, rows: str) -> None:  # type: ignore[no-untyped-def]
    by_csv = shop(HEAD + "a,a.png,x,5,1\n").lists[0].shots
    assert shop(rows, LIST.replace("products.csv", name), name).lists[0].shots == by_csv


def test_rows_can_stand_in_the_list(shop) -> None:  # type: ignore[no-untyped-def]
    row = "{sku: a, picture: a.png, words: x, seconds: 5, seed: 1}"
    inline = LIST.replace("{from: products.csv}", f"{{rows: [{row}], name: 'x ${{sku}}'}}")
    batch = shop("", inline)
    assert batch.lists[0].row.name == "x-a"
    assert batch.lists[0].shots == shop(HEAD + "a,a.png,x,5,1\n").lists[0].shots


def test_a_key_in_a_table_is_found(shop) -> None:  # type: ignore[no-untyped-def]
    (found,) = problems(shop, HEAD + "a,a.png,sk-abcdefghijklmnop1234,5,\n")
    assert "products.csv:2:9: error[key-in-file]" in found


def test_a_list_without_a_table_may_have_variables(shop) -> None:  # type: ignore[no-untyped-def]
    text = (SPECS / "hello.yaml").read_text(encoding="utf-8")
    text = text.replace("frames/", f"{SPECS}/frames/").replace("project: hello", "project: ${p}")
    batch = shop("", text + "vars: {p: other}\n")
    assert (batch.lists[0].shots.project, batch.tabular) == ("other", False)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Red Mug / 2", "Red-Mug-2"),
        ("../../etc", "etc"),
        ("杯子 蓝", "杯子-蓝"),
        ("a" * 100, "a" * 64),
        ("..", ""),
        ("ﬁne\u202eeman", "fine-eman"),
    ],
)
def test_a_row_is_called_what_any_disk_can_hold(text: str, name: str) -> None:
    assert slug(text) == name


@given(st.text())
def test_no_name_leaves_its_folder(text: str) -> None:
    made = slug(text)
    assert not set(made) & set('/\\:*?"<>|\0\n')
    assert made not in (".", "..") and not made.startswith(".")


def test_rows_are_chosen_by_number_and_by_share() -> None:
    assert numbers("1-3,7") == {1, 2, 3, 7}
    assert [numbers(text) for text in ("0", "3-1", "a", "")] == [None] * 4
    assert shard("2/5") == (2, 5)
    assert [shard(text) for text in ("0/5", "6/5", "1", "a/b")] == [None] * 4


CELLS = "\u00a0A mug \u3000"


def test_cells_are_taken_as_spreadsheets_write_them(shop) -> None:  # type: ignore[no-untyped-def]
    text = LIST.replace("shots:", "shots:\n", 1).replace(
        "seed: ${seed}", "seed: ${seed}\n    watermark: ${mark}\n    speed: ${speed}"
    )
    text = text.replace('model: "${model}"', 'model: "${engine}"')
    head = HEAD.strip() + ",mark,speed,engine\n"
    row = f"a1 ,\u3000a.png\u00a0,{CELLS},５.0,１２.00,TRUE,１．２５,ｗan2.5-i2v-preview \n"
    hero, outro = shop(head + row, text).lists[0].shots.shots
    assert (hero.image, hero.duration, hero.seed) == ("a.png", 5, 12)
    assert (hero.watermark, hero.speed) == (True, Fraction(5, 4))
    assert (hero.model, outro.model) == ("wan2.5-i2v-preview", "wan2.5-i2v-preview")
    assert outro.prompt == CELLS  # what was paid for with it stays what it is


def test_a_blank_cell_leaves_its_key_out(shop) -> None:  # type: ignore[no-untyped-def]
    batch = shop(HEAD + "a1,a.png,A mug,\u3000,\u00a0\n")
    assert (batch.lists[0].shots.shots[0].duration, batch.lists[0].shots.shots[0].seed) == (
        None,
    ) * 2


@pytest.mark.parametrize("seed", ['"1,000"', "1.5", "1e3", "7 8"])
def test_what_is_no_whole_number_is_not_guessed_at(shop, seed: str) -> None:  # type: ignore[no-untyped-def]
    (problem,) = problems(shop, HEAD + f"a1,a.png,A mug,5,{seed}\n")
    assert problem.startswith("products.csv:2:18: error[type-wrong]: seed must be a whole number")


def test_columns_fill_captions_their_style_and_overlays(shop) -> None:  # type: ignore[no-untyped-def]
    text = LIST.replace(
        "seed: ${seed}",
        'seed: ${seed}\n    caption: "${price}"\n'
        '    overlay: [{image: a.png}, {image: "${badge}", width: "${wide}"}]',
    ).replace("fit: blur", 'fit: blur, caption_style: {size: "${high}", colour: "${colour}"}')
    head = HEAD.strip() + ",price,badge,wide,high,colour\n"
    rows = "a1,a.png,A mug,5,1,￥199,b.png,０.25,0.1,gold\na2,a.png,A mug,5,1,,,,,\n"
    tagged, plain = (loaded.shots for loaded in shop(head + rows, text).lists)
    (shot, film), (bare, plain_film) = (
        (shots.shots[0], shots.deliverables[0]) for shots in (tagged, plain)
    )
    assert (shot.caption, bare.caption) == ("￥199", "")
    assert [overlay.image for overlay in shot.overlay] == ["a.png", "b.png"]
    assert shot.overlay[1].width == Fraction(1, 4)
    assert [overlay.image for overlay in bare.overlay] == ["a.png"]
    style, default = film.caption_style, plain_film.caption_style
    assert (style.size, style.colour) == (Fraction(1, 10), "gold")
    assert (default.size, default.colour) == (Fraction(58, 1000), "white")
