"""Tables and lists of which some are wrong: the rest is rendered, and the wrong ones later."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.support.batches import Day
from tests.support.process import wanx
from tests.support.programs import PROGRAMS
from wanx_render.errors import BadInput
from wanx_render.media import ffmpeg
from wanx_render.session.selection import RenderOptions, Selection

LIST = """\
version: 1
project: shop
backend: dashscope
matrix: {from: shop.csv, name: "${sku}"}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots: [{id: hero, image: "${picture}", prompt: "${words}"}]
deliverables: [{aspect: 9:16, size: 90x160}]
"""
TABLE = """\
sku,picture,words
a1,a.png,A mug
b1,none.png,A comb
a2,a.png,A lamp
b2,tiny.png,A hat
b3,a.png,"A chair, blue",more
a1,a.png,The same name
a3,a.png,A table
"""
BAD = {"b1": 2, "b2": 4, "b3": 5, "#6": 6}  # by what they are called, their numbers


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=s=128x224:r=30:d=0.2"]
    ffmpeg.run(PROGRAMS["wheel"], [*source, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(path)])
    return path


@pytest.fixture
def day(tmp_path: Path, clip: Path) -> Iterator[Day]:
    whole = Day(tmp_path, clip)
    Image.new("RGB", (400, 400), "#335577").save(tmp_path / "a.png")
    Image.new("RGB", (200, 300), "#775533").save(tmp_path / "tiny.png")
    yield whole
    whole.close()


def table(folder: Path, rows: str = TABLE) -> Path:
    (folder / "shop.yaml").write_text(LIST, encoding="utf-8")
    (folder / "shop.csv").write_text(rows, encoding="utf-8")
    return folder / "shop.yaml"


def selected(*files: Path, **options: object) -> Selection:
    asked = RenderOptions(files, out=files[0].parent / "out", keep_going=True, **options)  # type: ignore[arg-type]
    return Selection.of(asked)


def errors(refusal: BadInput) -> list[str]:
    return [problem.code for problem in refusal.diagnostics if problem.severity == "error"]


def names(selection: Selection) -> tuple[list[str], list[str]]:
    """The rows that are rendered, and those that are skipped."""
    return [item.row for item in selection.chosen], [item.row for item in selection.skipped]


def test_the_rows_without_errors_are_rendered_and_paid_once(day: Day) -> None:
    run = day.run(table(day.folder), keep_going=True)
    assert names(run.selection) == (["a1", "a2", "a3"], list(BAD))
    assert {item.row: item.number for item in run.selection.skipped} == BAD
    assert {outcome.code for outcome in run.outcomes.values()} == {0}
    assert len(day.paid()) == 3
    problems = [problem for item in run.selection.skipped for problem in item.problems]
    assert [(problem.code, str(problem.span).rpartition("/")[2]) for problem in problems] == [
        ("image-missing", "shop.csv:3:4"),
        ("image-sides", "shop.csv:5:4"),
        ("table-row", "shop.csv:6:1"),
        ("row-name-twice", "shop.csv:7:1"),
    ]


def test_without_the_option_nothing_is_rendered(day: Day) -> None:
    with pytest.raises(BadInput) as refusal:
        day.run(table(day.folder))
    assert len(errors(refusal.value)) == len(BAD)


def test_a_table_without_a_valid_row_is_refused(day: Day) -> None:
    file = table(day.folder, "sku,picture,words\nb1,none.png,A comb\nb2,tiny.png,A hat\n")
    with pytest.raises(BadInput) as refusal:
        selected(file)
    assert errors(refusal.value) == ["image-missing", "image-sides"]


def test_what_is_wrong_with_the_list_is_wrong_with_every_row(day: Day) -> None:
    file = table(day.folder)
    file.write_text(LIST.replace("480P", "999P"), encoding="utf-8")
    with pytest.raises(BadInput) as refusal:
        selected(file)
    assert "resolution-unsupported" in {problem.code for problem in refusal.value.diagnostics}


def test_choosing_only_rows_with_errors_is_refused_with_their_errors(day: Day) -> None:
    file = table(day.folder)
    for choice in ({"only": ("b1",)}, {"rows": "2"}, {"rows": "b1"}, {"only": ("b1/hero",)}):
        with pytest.raises(BadInput) as refusal:
            selected(file, **choice)
        assert [problem.code for problem in refusal.value.diagnostics] == ["image-missing"]
    assert names(selected(file, rows="1-2")) == (["a1"], ["b1"])
    assert names(selected(file, only=("hero",))) == (["a1", "a2", "a3"], list(BAD))


@pytest.mark.parametrize(
    ("rows", "hint"), [("a99999", "row 1 is below"), ("b11", "'b1'"), ("1..2", "row 1 is below")]
)
def test_a_row_that_the_table_has_not_is_named(day: Day, rows: str, hint: str) -> None:
    with pytest.raises(BadInput) as refusal:
        selected(table(day.folder), rows=f"1,{rows}")
    (problem,) = refusal.value.diagnostics
    assert f"--rows {rows} matches no row; the table has " in str(problem.message)
    assert hint in str(problem.hint)


def test_shares_stay_the_same_whatever_rows_are_wrong(day: Day) -> None:
    file = table(day.folder)
    before = [names(selected(file, shard=f"{part}/3")) for part in (1, 3)]
    assert before == [(["a1", "a3"], ["b2"]), (["a2"], ["#6"])]
    with pytest.raises(BadInput):  # only b1 and b3 are in it
        selected(file, shard="2/3")
    Image.new("RGB", (400, 400)).save(day.folder / "tiny.png")
    assert names(selected(file, shard="1/3")) == (["a1", "b2", "a3"], [])


def test_failed_rows_are_those_that_the_last_run_skipped_or_could_not_render(day: Day) -> None:
    file = table(day.folder)
    day.faults("on=create prompt=lamp status=400 code=DataInspectionFailed times=1")
    run = day.run(file, keep_going=True)
    assert {name: o.code for name, o in run.outcomes.items() if o.code} == {"shop/a2": 1}
    assert names(selected(file, rows="failed")) == (["a2"], list(BAD))

    Image.new("RGB", (400, 400), "#775533").save(day.folder / "tiny.png")
    Image.new("RGB", (400, 400), "#557733").save(day.folder / "none.png")
    repaired = TABLE.replace('blue",more', 'blue"').replace("a1,a.png,The", "c1,a.png,The")
    table(day.folder, repaired.replace("A lamp", "A lantern"))  # the refused words, changed
    sent = day.sent()
    run = day.run(file, rows="failed")
    assert names(run.selection) == (["b1", "a2", "b2", "b3", "c1"], [])
    assert day.sent() == sent + 5
    assert set(day.paid().values()) == {1}
    with pytest.raises(BadInput, match="no row was skipped, failed or left unfinished"):
        selected(file, rows="failed")
    assert names(selected(file, rows="failed,a1")) == (["a1"], [])


def test_a_row_that_the_last_run_never_came_to_is_unfinished(day: Day) -> None:
    file = table(day.folder)
    selection = selected(file)
    assert names(selection)[0] == ["a1", "a2", "a3"]

    class Killed(BaseException):
        pass

    def stop(event: object) -> None:
        raise Killed

    day.events = type("Stop", (list,), {"append": lambda _, event: stop(event)})()
    with pytest.raises(BaseException):  # noqa: B017  # a group of them
        day.run(file, keep_going=True)
    assert names(selected(file, rows="failed")) == (["a1", "a2", "a3"], list(BAD))


def test_a_row_that_is_new_in_the_table_is_not_a_failed_one(day: Day) -> None:
    file = table(day.folder)
    day.run(file, keep_going=True)
    table(day.folder, TABLE + "a9,a.png,New\n")
    with pytest.raises(BadInput):
        selected(file, rows="failed")
    assert names(selected(file, rows="failed,a9")) == (["a9"], list(BAD))


def test_a_skipped_row_keeps_what_it_has(day: Day) -> None:
    rows = "sku,picture,words\na1,a.png,A mug\na2,b.png,A lamp\n"
    file = table(day.folder, rows)
    (day.folder / "b.png").write_bytes((day.folder / "a.png").read_bytes())
    day.run(file)
    (day.folder / "b.png").unlink()
    run = day.run(file, keep_going=True)
    assert names(run.selection) == (["a1"], ["a2"])
    (day.folder / "b.png").write_bytes((day.folder / "a.png").read_bytes())
    sent, day.events = day.sent(), []
    day.run(file, rows="failed")
    assert day.sent() == sent
    assert not [event for event in day.events if event.kind in ("segment", "submitted")]


def test_the_manifest_knows_what_was_skipped_where_the_journal_is_gone(day: Day) -> None:
    file = table(day.folder)
    home = day.folder / "out"
    home.mkdir()
    record = {"skipped": [{"row": "b1"}, {"row": "a2"}]}
    (home / "manifest.json").write_text(json.dumps(record), encoding="utf-8")
    assert names(selected(file, rows="failed")) == (["a2"], ["b1"])


def test_a_list_that_is_wrong_is_skipped_and_the_others_are_rendered(day: Day) -> None:
    file, other = table(day.folder), day.folder / "other.yaml"
    other.write_text("version: 1\nproject: other\nshots: []\n", encoding="utf-8")
    selection = selected(other, file)
    assert names(selection) == (["a1", "a2", "a3"], ["", *BAD])
    assert selection.skipped[0].name == str(other)
    assert selection.chosen[0].home == (day.folder / "out/shop").resolve()
    assert not selection.alone
    with pytest.raises(BadInput):
        selected(other, day.folder / "missing.yaml")


def test_a_retake_in_several_rows_says_what_it_costs(day: Day) -> None:
    file = table(day.folder, "sku,picture,words\na1,a.png,A mug\na2,a.png,A lamp\n")
    day.run(file)
    one = day.run(file, retake=("a1/hero",))
    assert not one.surveyed.messages
    (message,) = day.run(file, retake=("hero",)).surveyed.messages
    assert message == (
        "--retake hero is a shot of 2 rows; the run costs 1.44 CNY; for one row: --retake a1/hero"
    )


@pytest.mark.proof
def test_the_command_names_what_it_skipped_everywhere(tmp_path: Path) -> None:
    file = table(tmp_path)
    file.write_text(LIST.replace("dashscope", "mock"), encoding="utf-8")
    Image.new("RGB", (400, 400), "#335577").save(tmp_path / "a.png")
    Image.new("RGB", (200, 300), "#775533").save(tmp_path / "tiny.png")
    plan = wanx(tmp_path, "plan", file.name, "--keep-going", "--out", "p.json")
    assert (plan.code, "4 of 7 rows are skipped" in plan.text) == (1, True), plan.text
    assert wanx(tmp_path, "validate", file.name, "--keep-going").code == 1
    assert wanx(tmp_path, "validate", file.name).code == 2

    done = wanx(tmp_path, file.name, "--keep-going", "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    skips = {line["list"]: line["problems"] for line in lines if line["event"] == "skipped"}
    assert {name: (p["line"], p["column"]) for name, (p,) in skips.items()} == {
        "shop/b1": (3, 4),
        "shop/b2": (5, 4),
        "shop/b3": (6, 1),
        "shop/#6": (7, 1),
    }
    summary = lines[-1]
    assert (summary["exit_code"], summary["complete"], done.code) == (1, False, 1)
    assert [entry["row"] for entry in summary["skipped"]] == list(BAD)
    manifest = json.loads((tmp_path / "renders/shop/manifest.json").read_text())
    assert [entry["number"] for entry in manifest["skipped"]] == list(BAD.values())
    assert not manifest["complete"]
    index = (tmp_path / "renders/shop/index.html").read_text()
    assert "b2" in index
    assert "accepts sides of 360 to 2000" in index

    Image.new("RGB", (400, 400), "#775533").save(tmp_path / "tiny.png")
    held = wanx(tmp_path, "render", "--plan", "p.json")
    assert (held.code, "shop/b2 was skipped and has no errors now" in held.text) == (4, True)
    rest = wanx(tmp_path, file.name, "--rows", "failed", "--keep-going")
    assert rest.code == 1, rest.text
    assert "3 of 4 rows are skipped because of errors: b1, b3, #6" in rest.text
    assert "wanx-render shop.yaml --rows failed" in rest.text
    assert (tmp_path / "renders/shop/b2/9x16.mp4").exists()


def test_a_saved_plan_holds_what_it_skips(tmp_path: Path) -> None:
    file = table(tmp_path)
    file.write_text(LIST.replace("dashscope", "mock"), encoding="utf-8")
    Image.new("RGB", (400, 400), "#335577").save(tmp_path / "a.png")
    Image.new("RGB", (200, 300), "#775533").save(tmp_path / "tiny.png")
    assert wanx(tmp_path, "plan", file.name, "--keep-going", "--out", "p.json").code == 1
    Image.new("RGB", (400, 400), "#775533").save(tmp_path / "tiny.png")
    held = wanx(tmp_path, "render", "--plan", "p.json")
    assert (held.code, "shop/b2 was skipped and has no errors now" in held.text) == (4, True)
