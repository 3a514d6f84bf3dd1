"""The project's own files keep their word: pins, README, docs, examples."""

import inspect
import re
import tomllib
from typing import Any

import pytest

from tests.docs.errors_page import registry as registry_of_codes
from tests.support.places import BROKEN, ROOT, SPECS
from wanx_render.catalog.capabilities import packaged
from wanx_render.source import yaml_source
from wanx_render.validation import registry
from wanx_render.validation.load import load

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTED = [entry for group in registry_of_codes()["groups"] for entry in group["codes"]]
DIAGNOSTICS = {entry["code"] for entry in DOCUMENTED}


def test_pip_and_uv_are_given_the_same_pins() -> None:
    listed = (ROOT / ".ci" / "constraints.txt").read_text().splitlines()
    assert PROJECT["tool"]["uv"]["constraint-dependencies"] == listed
    assert all("==" in pin and "://" not in pin for pin in listed)


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "uv run pytest\n" in README
    steps = (ROOT / ".ci" / "run").read_text().strip().splitlines()
    assert steps[-2:] == ["step uv run pytest", "step uv run pytest -m proof"]


def test_the_readme_shows_two_commands_before_anything_else() -> None:
    before = README.split("uv run wanx-render specs/hello.yaml")[0]
    assert len(before.split()) < 80


def code_values() -> set[str]:
    """Every diagnostic code that stands in the program's text."""
    found: set[str] = set()
    pattern = re.compile(
        r'(?:Diagnostic\(|_fail\(|self\.refuse\(|_problem\()\s*f?"([a-z]+(?:-[a-z0-9]+)+)"'
    )
    for path in (ROOT / "wanx_render").rglob("*.py"):
        found.update(pattern.findall(path.read_text(encoding="utf-8")))
    return found


def test_every_diagnostic_code_is_explained() -> None:
    codes = code_values()
    assert len(codes) > 30
    assert codes - DIAGNOSTICS == set()


def test_every_explanation_is_there_once_in_both_languages() -> None:
    assert len(DOCUMENTED) == len(DIAGNOSTICS)
    for entry in DOCUMENTED:
        assert set(entry) - {"yaml", "sh", "text"} == {"code", "en", "zh"}
        assert re.search("[\u4e00-\u9fff]", entry["zh"]), entry["code"]


def test_every_broken_list_names_a_documented_code() -> None:
    for path in BROKEN.glob("*.yaml"):
        for code in re.findall(r"# error\[([a-z-]+)\]", path.read_text()):
            assert code in DIAGNOSTICS, path.name


# No packaged model ends today; tests/validation/test_offers.py ends one.
_OF_OTHER_CATALOGUES = {"model_retired"}


def test_every_rule_says_something_in_some_broken_list() -> None:
    lists = " ".join(p.read_text() for p in BROKEN.glob("*.yaml"))
    for rule in registry.RULES:
        module = vars(inspect.getmodule(rule))
        helpers = [module.get(name) for name in rule.__code__.co_names]
        used: list[Any] = [rule, *(helper for helper in helpers if inspect.isfunction(helper))]
        body = "".join(inspect.getsource(function) for function in used)
        codes = re.findall(r'"([a-z]+(?:-[a-z]+)+)",', body)
        is_said = any(f"[{code}]" in lists for code in codes)
        assert is_said or rule.__name__ in _OF_OTHER_CATALOGUES, rule.__name__


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_has_something_of_its_own_to_say(path) -> None:  # type: ignore[no-untyped-def]
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert load(path, packaged()).shots.project == path.stem
    assert yaml_source.parse(text, path.name).value["version"] == 1


def test_the_examples_tour_every_model() -> None:
    tour = load(SPECS / "tour.yaml", packaged()).shots
    official = {"wan2.5-i2v-preview", "wan2.2-i2v-flash", "wan2.2-i2v-plus"}
    official |= {"wanx2.1-i2v-plus", "wanx2.1-i2v-turbo"}
    assert {shot.model for shot in tour.shots} == official


def test_the_coverage_page_is_what_the_code_says() -> None:
    from mock_server.coverage import page
    from mock_server.wire.provenance import RULES

    assert (ROOT / "docs" / "emulator-coverage.md").read_text(encoding="utf-8") == page()
    assert {rule.basis for rule in RULES} == {"official text", "captured", "third party", "guess"}
