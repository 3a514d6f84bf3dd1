"""Which pictures and shots are meant: by ``--pictures``, ``--only`` and ``--retake``."""

import json
from pathlib import Path

import pytest

from wanx_render.cli import main

LIST = """\
version: 1
project: made
defaults: {model: wan2.2-i2v-flash, resolution: 480P}
shots:
  - {id: wake, image: {model: qwen-image, prompt: A cat}, prompt: it wakes}
  - {id: leap, image: {shot: wake, frame: last}, prompt: it leaps}
  - {id: sea, image: {model: qwen-image, prompt: A harbour}, prompt: a ship}
deliverables: [9:16]
"""
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "list.yaml"
    path.write_text(LIST)
    return str(path)


def run(printed: Printed, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = printed.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def requests(printed: Printed, file: str, *words: str) -> dict[str, object]:
    """What a run would ask for and spend; a limit of nothing keeps it from that."""
    code, _, err = run(printed, "render", file, "--max-cost", "0", *words)
    assert code == 4
    return {"cost": err.partition("the run costs ")[2].partition(",")[0]}


def test_a_shot_that_is_meant_brings_its_picture(file: str, capsys: Printed) -> None:
    assert requests(capsys, file)["cost"] == "2.00 CNY"
    assert requests(capsys, file, "--only", "wake")["cost"] == "0.75 CNY"
    assert requests(capsys, file, "--only", "wake.image")["cost"] == "0.25 CNY"
    assert requests(capsys, file, "--only", "leap")["cost"] == "0.50 CNY"
    assert requests(capsys, file, "--pictures")["cost"] == "0.50 CNY"
    assert requests(capsys, file, "--pictures", "--only", "sea")["cost"] == "0.25 CNY"


def test_names_of_pictures_are_known(file: str, capsys: Printed) -> None:
    code, _, err = run(capsys, "render", file, "--retake", "wake.imag")
    assert (code, "did you mean 'wake.image'?" in err) == (2, True)
    code, out, _ = run(capsys, "plan", file, "--json")
    plan = json.loads(out)
    assert [take["shot"] for take in plan["takes"]] == [
        "wake.image", "sea.image", "wake", "leap", "sea",
    ]  # fmt: skip
    assert [take["kind"] for take in plan["takes"]] == ["picture"] * 2 + ["video"] * 3
    assert (plan["pictures_to_make"], plan["pictures_cost"]) == (2, "0.50")
    assert (code, plan["cost"]) == (0, "2.00")


def test_a_list_without_such_pictures_has_none_to_make(file: str, capsys: Printed) -> None:
    frame = Path(__file__).parents[2] / "specs/frames/rooftop.jpg"
    text = LIST.replace("{model: qwen-image, prompt: A cat}", str(frame))
    Path(file).write_text(text.replace("{model: qwen-image, prompt: A harbour}", str(frame)))
    code, _, err = run(capsys, "render", file, "--pictures")
    assert (code, "error[pictures-none]" in err) == (2, True)


def test_a_saved_plan_has_the_pictures_too(file: str, capsys: Printed) -> None:
    saved = str(Path(file).with_name("saved.json"))
    assert run(capsys, "plan", file, "--out", saved)[0] == 0
    takes = json.loads(Path(saved).read_text())["takes"]["made"]
    assert takes["wake.image take 1"] == "0.25 CNY"
    assert len(takes) == 5
