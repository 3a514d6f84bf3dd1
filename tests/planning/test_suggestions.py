"""`plan --suggest`: what is suggested is measured, applies as a patch, and is better."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from wanx_render.actions.suggest import Offer
from wanx_render.cli import main
from wanx_render.geometry import Size
from wanx_render.language import tr
from wanx_render.planning.suggestions import FilmFigures, Suggestion, is_better
from wanx_render.session.environment import Environment
from wanx_render.session.selection import RenderOptions, Selection
from wanx_render.session.survey import Survey, paid_again, unpaid

LIST = """\
version: 1
project: uneven   # thirty frames a second
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, image: a.png}
shots:
  - {id: wake, prompt: it wakes}
  - {id: leap, prompt: it leaps}
deliverables:
  - {aspect: 3:4, fps: 50}  # of television
  - {name: kept, aspect: 3:4, fps: 50, motion: repeat}
"""
PATCH = ["patch", "-p0"]


@pytest.fixture(autouse=True)
def in_the_folder(
    tmp_path: Path, picture: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture("a.png", (300, 400))
    (tmp_path / "list.yaml").write_text(LIST, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def plan(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[str, str]:
    """What `plan --suggest` writes to stdout and stderr."""
    assert exit_code("--suggest", *options) == 0
    written = capsys.readouterr()
    return written.out, written.err


def exit_code(*options: str) -> Any:
    with pytest.raises(SystemExit) as caught:
        main(["plan", "list.yaml", *options])
    return caught.value.code


def test_a_suggestion_is_a_patch_with_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    diff, words = plan(capsys)
    assert words == (
        "deliverables[3x4].fps: 30: all clips have 30 fps\n  3x4: repeats 0 frames, now 120\n"
    )
    assert Path("list.yaml").read_text(encoding="utf-8") == LIST
    subprocess.run(PATCH, input=diff.encode(), cwd=tmp_path, check=True, timeout=20)
    expected = LIST.replace("3:4, fps: 50}  #", "3:4, fps: 30}  #")
    assert Path("list.yaml").read_text(encoding="utf-8") == expected
    assert plan(capsys) == ("", "nothing to suggest\n")


WIDE = """\
version: 1
project: wide
defaults: {model: wanx2.1-i2v-turbo, resolution: 720P, duration: 5}
shots:
  - {id: tall, image: a.png, prompt: it stands}  # good as it is
  - id: wide
    image: b.png
    prompt: it lies
  - {id: left, image: b.png, fit_image: off, prompt: it stays}
  - {id: other, image: b.png, prompt: it lies too}
deliverables: [3:4]
"""


def test_first_frames_of_another_shape_are_fitted_where_nobody_said_how(
    picture: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    picture("b.png", (1600, 900))
    Path("list.yaml").write_text(WIDE, encoding="utf-8")
    diff, words = plan(capsys)
    assert [line for line in diff.splitlines()[2:] if line[0] in "+-"] == [
        "+    fit_image: match",
        "-  - {id: other, image: b.png, prompt: it lies too}",
        "+  - {id: other, image: b.png, prompt: it lies too, fit_image: match}",
    ]
    assert words == (
        "shots[wide].fit_image, shots[other].fit_image: match: "
        "the first frame has another aspect than the deliverables\n"
        "  3x4: keeps at least 100% of wide, other, now 42%\n"
    )


def test_one_line_in_the_defaults_does_where_all_first_frames_are_alike(
    picture: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    picture("a.png", (1600, 900))
    text = LIST.replace("fps: 50", "fps: 30").replace("3:4", "9:16")
    Path("list.yaml").write_text(text, encoding="utf-8")
    diff, words = plan(capsys)
    assert ", image: a.png, fit_image: match}" in diff
    assert "  9x16: keeps at least 98% of wake, leap, now 29%; 468x832, now 252x448\n" in words


def test_suggestions_are_data_too(capsys: pytest.CaptureFixture[str]) -> None:
    written, _ = plan(capsys, "--json")
    (file,) = json.loads(written)["files"]
    (suggestion,) = file["suggestions"]
    assert file["diff"].startswith("--- list.yaml\n+++ list.yaml\n@@ ")
    films = suggestion.pop("deliverables")
    assert suggestion == {
        "kind": "own-rate", "where": ["deliverables[3x4].fps"], "value": "30",
        "why": "all clips have 30 fps", "stale": [], "cost": "0.00", "currency": "CNY",
    }  # fmt: skip
    assert films[0]["before"]["repeated_frames"] == 120
    assert films[0]["after"]["repeated_frames"] == 0
    assert films[1]["before"] == films[1]["after"]


def test_suggestions_are_for_people_and_not_for_a_saved_plan(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code("--suggest", "--out", "p.json") == 2
    assert "--suggest cannot be used with --out" in capsys.readouterr().err
    assert not Path("p.json").exists()


def test_what_a_suggestion_makes_stale_has_its_price() -> None:
    selection = Selection.of(RenderOptions((Path("list.yaml"),)))
    after = unpaid(Survey(selection, {}).outlooks())
    leap = {name: take for name, take in after.items() if "leap" in str(name)}
    stale, cost = paid_again(leap, after, selection)
    environment = Environment({}, StringIO(), StringIO())
    suggestion = Suggestion("own-rate", ("x",), "1", tr("because"), ())
    offer = Offer(suggestion, {"a": FILM}, {"a": replace(FILM, repeated=1)}, stale, cost, mock=True)
    offer.say(environment)
    assert environment.stderr.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "x: 1: because",
        "  a: repeats 1 frame, now 10",
        "  MOCK, play money: makes paid clips stale: wake take 1; again 0.72 CNY",
    ]
    assert offer.record["stale"] == ["wake take 1"]
    assert offer.record["cost"] == "0.72"


FILM = FilmFigures({"wake": Fraction(1, 2)}, Size(540, 960), 10)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"kept": {"wake": Fraction(3, 4)}}, True),
        ({"size": Size(720, 1280)}, True),
        ({"repeated": 0}, True),
        ({"kept": {"wake": Fraction(3, 4)}, "size": Size(360, 640)}, False),
        ({"kept": {"wake": Fraction(3, 4)}, "repeated": 11}, False),
        ({"kept": {"wake": Fraction(1, 4)}, "repeated": 0}, False),
    ],
)
def test_better_is_more_of_something_and_less_of_nothing(
    changes: dict[str, Any], expected: bool
) -> None:
    after = replace(FILM, **changes)
    assert is_better({"a": FILM}, {"a": after}) == expected
    assert not is_better({"a": FILM}, {"a": replace(after, repeated=99)})


def test_of_a_shot_the_crop_that_keeps_least_counts() -> None:
    tall, wide = (replace(FILM, kept={"wake": Fraction(kept, 100)}) for kept in (30, 99))
    even = replace(FILM, kept={"wake": Fraction(86, 100)})
    assert is_better({"a": tall, "b": wide}, {"a": even, "b": even})
    assert not is_better({"a": even, "b": even}, {"a": tall, "b": wide})
    assert not is_better({"a": even}, {"a": replace(even, kept={})})
