"""The picks file beside a list: what it overrides and refuses, and that it is written whole."""

import json
from collections.abc import Callable
from fractions import Fraction
from io import StringIO
from pathlib import Path

import pytest

from wanx_render.actions.plan import PlanOptions, plan
from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import full
from wanx_render.errors import BadInput, NeedsApproval
from wanx_render.geometry import Focus
from wanx_render.planning.forecast import forecast
from wanx_render.planning.take_status import take_statuses
from wanx_render.session.approval import hold_to, open_saved
from wanx_render.session.environment import Environment
from wanx_render.session.outlook import make_plan, warnings
from wanx_render.session.render import render
from wanx_render.session.selection import RenderOptions, Selection
from wanx_render.shotlist import picks
from wanx_render.shotlist.picks import Choice
from wanx_render.validation.load import load
from wanx_render.validation.rows.lists import Loaded

LIST = """\
version: 1
project: picked
defaults: {model: wan2.2-i2v-flash, image: a.png}
shots:
  - {id: wake, prompt: it wakes, takes: 2, focus: [0.5, 0.3]}
  - {id: "no", prompt: it refuses}
deliverables: [9:16]
"""


@pytest.fixture
def file(tmp_path: Path, picture: Callable[..., Path]) -> Path:
    picture("a.png", (1280, 720))
    path = tmp_path / "list.yaml"
    path.write_text(LIST, encoding="utf-8")
    return path


def chosen(file: Path, text: str, catalog: Catalog) -> Loaded:
    picks.beside(file).write_text(text, encoding="utf-8")
    return load(file, catalog)


def test_a_pick_and_a_focus_override_the_list(file: Path, catalog: Catalog) -> None:
    text = "version: 1\nshots:\n  wake: {pick: 2, rejected: [1], focus: [0.25, 0.5]}\n"
    loaded = chosen(file, text, catalog)
    made = make_plan(loaded, catalog, None)
    assert loaded.shots.shots[0].focus == Focus(Fraction(1, 4), Fraction(1, 2))
    assert [shot.shot.pick for shot in made.shots] == [2, 1]
    assert [shot.chosen for shot in made.shots] == [True, False]
    predicted = forecast(made, take_statuses(made, None), catalog)
    assert [take.chosen for take in predicted.takes] == [False, True, False]
    out = StringIO()
    assert plan(PlanOptions((file,)), Environment({}, out, StringIO())) == 0
    assert "picked in picks.yaml" in out.getvalue()


def test_a_take_of_later_may_be_picked_and_a_stale_pick_is_passed_over(
    file: Path, catalog: Catalog
) -> None:
    loaded = chosen(file, "version: 1\nshots:\n  wake:\n    pick: 3\n", catalog)
    made = make_plan(loaded, catalog, None)
    assert made.shots[0].shot.pick == 1
    (stale,) = [warning for warning in warnings(loaded, made) if warning.code == "pick-stale"]
    assert str(stale.span) == f"{picks.beside(file)}:4:11"
    more = make_plan(loaded, catalog, None, {made.shots[0].basis: 3})
    assert more.shots[0].shot.pick == 3
    assert not [warning for warning in warnings(loaded, more) if warning.code == "pick-stale"]


def test_of_several_lists_each_is_named_with_its_own_stale_pick(
    file: Path, environ: dict[str, str]
) -> None:
    other = file.with_name("other.yaml")
    other.write_text(LIST.replace("project: picked", "project: other"), encoding="utf-8")
    picks.beside(other).write_text("shots: {wake: {pick: 3}}", encoding="utf-8")
    out = StringIO()
    options = RenderOptions((file, other), free=True, as_json=True)
    render(options, Environment(environ, out, StringIO()))
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    stale = [event for event in events if "take 3" in event.get("text", "")]
    assert [event["list"] for event in stale] == [str(other)]


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("shots: {woke: {pick: 1}}", "1:9", "shot-unknown"),
        ("shots: {wake: {pik: 1}}", "1:16", "unknown-key"),
        ("shot: {}", "1:1", "unknown-key"),
        ("version: 2", "1:10", "value-unknown"),
        ("- a", "1:1", "type-wrong"),
        ("shots: [a]", "1:8", "type-wrong"),
        ("shots:\n  wake: 2", "2:9", "type-wrong"),
        ("shots: {wake: {pick: two}}", "1:22", "type-wrong"),
        ("shots: {wake: {pick: true}}", "1:22", "type-wrong"),
        ("shots: {wake: {pick: 0}}", "1:22", "value-out-of-range"),
        ("shots: {wake: {rejected: 1}}", "1:26", "type-wrong"),
        ("shots: {wake: {rejected: [1, -1]}}", "1:30", "value-out-of-range"),
        ("shots: {wake: {pick: 1, rejected: [1]}}", "1:22", "pick-rejected"),
        ("shots: {wake: {focus: [0.5, 1.5]}}", "1:23", "focus-invalid"),
        ("shots: {wake: {focus: middle}}", "1:23", "focus-invalid"),
        ("shots: {wake: {pick: 1, pick: 2}}", "1:25", "duplicate-key"),
    ],
)
def test_what_is_wrong_is_reported_at_its_place_in_the_picks_file(
    file: Path, catalog: Catalog, text: str, place: str, code: str
) -> None:
    with pytest.raises(BadInput) as caught:
        chosen(file, text, catalog)
    (problem,) = [
        diagnostic for diagnostic in caught.value.diagnostics if diagnostic.severity == "error"
    ]
    assert (str(problem.span), problem.code) == (f"{picks.beside(file)}:{place}", code)
    assert "^" in full(problem, caught.value.texts)


def test_an_empty_picks_file_chooses_nothing(file: Path, catalog: Catalog) -> None:
    for text in ("", "# nothing yet\n", "version: 1\nshots:\n"):
        assert chosen(file, text, catalog).picks.shots == {}


def test_what_is_written_reads_back_the_same(file: Path, catalog: Catalog) -> None:
    before = load(file, catalog).picks
    focus = Focus(Fraction(1, 8), Fraction(999, 1000))
    picks.write(before.having("wake", Choice(2, (1,), focus)).having("no", Choice(rejected=(1,))))
    text = picks.beside(file).read_text(encoding="utf-8")
    assert "focus: [0.125, 0.999]" in text
    again = load(file, catalog).picks
    assert again.shots == {"wake": Choice(2, (1,), focus), "no": Choice(rejected=(1,))}
    picks.write(again.having("wake", Choice()))
    assert set(load(file, catalog).picks.shots) == {"no"}
    assert [path.name for path in file.parent.glob(".*")] == []
    assert file.read_text(encoding="utf-8") == LIST


def test_a_saved_plan_holds_the_picks_fast(file: Path, catalog: Catalog) -> None:
    chosen(file, "shots: {wake: {pick: 2, focus: [0.1, 0.3]}}", catalog)
    saved = file.with_name("plan.json")
    assert plan(PlanOptions((file,), save=saved), Environment({}, StringIO(), StringIO())) == 0

    def held() -> None:
        hold_to(open_saved(saved), Selection.of(RenderOptions((file,))), {})

    held()
    chosen(file, "shots: {wake: {pick: 1}}", catalog)
    with pytest.raises(NeedsApproval, match="the picks have changed"):
        held()
    assert json.loads(saved.read_text())["picks"]["wake"]["pick"] == 2
