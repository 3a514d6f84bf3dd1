import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from tests.support.places import SPECS
from wanx_render.actions.plan import PlanOptions
from wanx_render.actions.plan import plan as plan_command
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput, NeedsApproval
from wanx_render.planning import plan
from wanx_render.planning.forecast import forecast
from wanx_render.planning.take_status import take_statuses
from wanx_render.session.environment import Environment
from wanx_render.session.render import render
from wanx_render.session.selection import RenderOptions
from wanx_render.validation.load import load

LIST = """\
version: 1
project: small
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: first}
  - {id: two, image: {shot: one, frame: last}, prompt: second}
  - {id: three, image: "https://example.com/c.png", takes: 2, pick: 2}
deliverables:
  - {name: tall, aspect: 9:16, size: 90x160}
  - {name: free, aspect: 1:1}
"""


@dataclass
class Desk:
    folder: Path
    environ: dict[str, str]
    out: str = ""

    def write(self, text: str) -> None:
        (self.folder / "list.yaml").write_text(text)

    def _do(self, command: Callable[[Environment], int]) -> int:
        environment = Environment(self.environ, io.StringIO(), io.StringIO())
        code = command(environment)
        self.out = environment.stdout.getvalue()  # type: ignore[attr-defined]
        return code

    def plan(self, **more: object) -> int:
        options = PlanOptions((self.folder / "list.yaml",), **more)  # type: ignore[arg-type]
        return self._do(lambda environment: plan_command(options, environment))

    def forecast(self) -> dict[str, object]:
        self.plan(as_json=True)
        return json.loads(self.out)  # type: ignore[no-any-return]

    def states(self) -> dict[str, str]:
        takes = self.forecast()["takes"]
        return {f"{t['shot']}{t['take']}": t["state"] for t in takes}  # type: ignore[attr-defined, index]

    def render(self, **more: object) -> int:
        file = more.pop("file", self.folder / "list.yaml")
        options = RenderOptions((file,) if file else (), **more)  # type: ignore[arg-type]
        return self._do(lambda environment: render(options, environment))


@pytest.fixture
def desk(tmp_path: Path, environ: dict[str, str]) -> Desk:
    Image.new("RGB", (400, 500), "#884422").save(tmp_path / "a.png")
    made = Desk(tmp_path, environ)
    made.write(LIST)
    return made


def test_a_plan_says_what_is_asked_for_and_why(desk: Desk) -> None:
    record = desk.forecast()
    assert record["version"] == 1
    assert record["mock"] is True
    assert (record["to_make"], record["cost"], record["currency"]) == (4, "2.88", "CNY")
    takes = record["takes"]
    assert [t["reason"] for t in takes] == [  # type: ignore[attr-defined, index]
        "not requested yet",
        "starts from the last frame of one",
        "not requested yet",
        "not requested yet",
    ]
    assert takes[0]["width"] == 560  # type: ignore[index]
    assert takes[2]["width"] is None  # type: ignore[index]
    tall, free = record["deliverables"]  # type: ignore[misc]
    assert (tall["width"], tall["frames"]) == (90, 270)
    assert tall["parts"][0]["box"] == "396x704+82+0"
    assert tall["parts"][0]["lost_percent"] == pytest.approx(29.3, abs=0.1)
    assert free["width"] is None
    assert not (desk.folder / "renders").exists()


def test_a_plan_is_a_table_for_people(desk: Desk) -> None:
    assert desk.plan() == 0
    assert "MOCK" in desk.out
    assert "4 takes, 4 to generate: 2.88 CNY" in desk.out
    assert "unknown until the clip is there" in desk.out
    assert desk.plan(detailed=True) == 6


def test_what_is_done_is_cached_and_what_changed_is_named(desk: Desk) -> None:
    assert desk.render() == 0
    assert set(desk.states().values()) == {"cached"}
    assert desk.plan(detailed=True) == 0
    assert "nothing to generate: 0.00 CNY" in desk.out
    desk.write(LIST.replace("first", "another"))
    takes = desk.forecast()["takes"]
    assert takes[0]["reason"] == "changed: prompt"  # type: ignore[index]
    # The chained shot's first frame will be another one.
    assert [t["state"] for t in takes] == ["new", "new", "cached", "cached"]  # type: ignore[attr-defined, index]


@pytest.mark.proof
def test_a_finished_chain_costs_nothing_again(desk: Desk) -> None:
    assert desk.render() == 0
    desk.write(LIST.replace("project: small", "project: small\nbudget: {max_cost: 0 CNY}"))
    assert desk.render() == 0


@pytest.mark.proof
def test_a_saved_plan_is_run_as_it_was_approved(desk: Desk) -> None:
    saved = desk.folder / "plan.json"
    desk.plan(save=saved)
    assert desk.render(file=None, plan=saved) == 0
    # Nothing is left to pay for, and nothing that was approved has changed.
    assert desk.render(file=None, plan=saved) == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("list", "the shot list has changed"),
        ("picture", "the bytes of a.png have changed"),
        ("price", "the price of one take 1 was 0.72 CNY and is 3.00 CNY"),
    ],
)
def test_a_saved_plan_is_refused_where_something_changed(
    desk: Desk, change: str, reason: str
) -> None:
    saved = desk.folder / "plan.json"
    desk.plan(save=saved)
    catalog = None
    match change:
        case "list":
            desk.write(LIST + "# a remark\n")
        case "picture":
            Image.new("RGB", (400, 500), "#000000").save(desk.folder / "a.png")
        case "price":
            catalog = desk.folder / "mine.yaml"
            catalog.write_text(
                "prices: [{model: wanx2.1-i2v-turbo, region: beijing, currency: CNY,"
                " per_second: {480P: 1}}]\n"
            )
    with pytest.raises(NeedsApproval, match=reason):
        desk.render(file=None, plan=saved, catalog=catalog)
    assert not list(desk.folder.glob("renders/small/clips/*"))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind": "wanx-render plan"}', "\x00"])
def test_what_is_no_saved_plan_is_refused(desk: Desk, text: str) -> None:
    path = desk.folder / "plan.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="not a saved plan"):
        desk.render(file=None, plan=path)


def test_an_unknown_price_is_reported_and_never_summed_as_nothing(desk: Desk) -> None:
    desk.write(
        LIST.replace("wanx2.1-i2v-turbo, resolution: 480P, duration: 3", "wan2.2-i2v-plus").replace(
            "project: small", "project: small\nregion: singapore"
        )
    )
    record = desk.forecast()
    assert record["unknown_prices"] == 4
    assert [t["price"] for t in record["takes"]] == [None] * 4  # type: ignore[attr-defined]
    assert desk.plan() == 0
    assert "4 takes of unknown price" in desk.out


def test_a_run_that_may_outlast_its_results_is_warned_of(desk: Desk) -> None:
    many = LIST.replace("takes: 2, pick: 2", "takes: 20")
    shots = "".join(f"  - {{id: s{n}, image: a.png, takes: 20, prompt: p{n}}}\n" for n in range(50))
    desk.write(many.replace("deliverables:", f"{shots}deliverables:"))
    record = desk.forecast()
    assert record["at_least_seconds"] == 1022 * 60 // 2
    assert any("results expire after 24 h" in warning for warning in record["warnings"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_plan_of_every_example_says_what_will_come_out(path: Path, catalog: Catalog) -> None:
    loaded = load(path, catalog)
    made = plan.make(loaded.shots, "mock", loaded.media, catalog)
    outlook = forecast(made, take_statuses(made, None), catalog)
    assert all(d.width and d.height for d in outlook.deliverables)
    assert Decimal(outlook.cost) == sum(Decimal(t.price or 0) for t in outlook.takes)
