"""Plans that earlier versions saved: they still open, and still hold what was approved."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.process import wanx
from tests.tiers import sample
from wanx_render.catalog.capabilities import packaged
from wanx_render.planning.forecast import fingerprint

OLD = ROOT / "tests" / "golden" / "saved_plans"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The lists, and both kinds of saved plan as version 589904b wrote them."""
    for path in OLD.iterdir():
        shutil.copy(path, tmp_path / path.name)
    for path in tmp_path.glob("*.plan.json"):
        text = path.read_text(encoding="utf-8").replace("@CATALOG@", fingerprint(packaged()))
        path.write_text(text.replace("@FOLDER@", str(tmp_path)), encoding="utf-8")
    return tmp_path


@pytest.mark.proof
@pytest.mark.parametrize(
    ("plan", "films"),
    sample(
        1,
        [
            ("one.plan.json", ["renders/one/9x16.mp4"]),
            ("many.plan.json", ["renders/many/Hat/9x16.mp4"]),
        ],
    ),
)
def test_an_old_plan_is_run_as_it_was_approved(folder: Path, plan: str, films: list[str]) -> None:
    done = wanx(folder, "render", "--plan", plan)
    assert done.code == 0, done.text
    made = sorted(
        path.relative_to(folder).as_posix() for path in folder.glob("renders/**/9x16.mp4")
    )
    assert made == films
    assert wanx(folder, "render", "--plan", plan).code == 0  # nothing is left to pay for


CHANGES = {
    "one": ("list.yaml", "the shot list has changed"),
    "many": ("table.yaml", "table.yaml has changed"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_an_old_plan_is_refused_where_something_changed(folder: Path, kind: str) -> None:
    name, message = CHANGES[kind]
    plan = folder / f"{kind}.plan.json"
    for path, words in ((folder / name, message), (folder / "a.png", "a.png have changed")):
        before = path.read_bytes()
        path.write_bytes(before + b"# more\n")
        done = wanx(folder, "render", "--plan", plan.name)
        assert (done.code, words in done.text) == (4, True), done.text
        path.write_bytes(before)
    text = plan.read_text(encoding="utf-8")
    plan.write_text(text.replace("0.72", "0.71"), encoding="utf-8")
    done = wanx(folder, "render", "--plan", plan.name)
    assert (done.code, "the price of" in done.text) == (4, True), done.text
    assert not list(folder.glob("renders/*/clips/*"))


def test_an_old_plan_holds_the_picks(folder: Path) -> None:
    picks = folder / "list.picks.yaml"
    picks.write_text(picks.read_text().replace("pick: 2", "pick: 1"), encoding="utf-8")
    done = wanx(folder, "render", "--plan", "one.plan.json")
    assert (done.code, "the picks have changed" in done.text) == (4, True), done.text


def test_an_old_plan_of_one_list_has_no_rows(folder: Path) -> None:
    done = wanx(folder, "render", "--plan", "one.plan.json", "--rows", "1")
    assert (done.code, "which has no rows" in done.text) == (2, True), done.text


def test_the_golden_plans_are_of_both_kinds() -> None:
    kinds = [json.loads(path.read_text())["kind"] for path in sorted(OLD.glob("*.plan.json"))]
    assert kinds == ["wanx-render plan of lists", "wanx-render plan"]


@pytest.mark.proof
def test_a_plan_has_one_form_for_one_list_and_for_many(folder: Path) -> None:
    forms = []
    for name in ("list.yaml", "table.yaml"):
        assert wanx(folder, "plan", name, "--out", "new.json").code == 0
        record = json.loads((folder / "new.json").read_text(encoding="utf-8"))
        assert (record["kind"], record["version"]) == ("wanx-render plan", 2)
        forms.append(set(record))
        assert wanx(folder, "render", "--plan", "new.json").code == 0
    assert forms[0] == forms[1]
