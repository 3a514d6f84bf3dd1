"""The pages for those who change the program: every path and name in them is there, and each how-to
is carried out in a copy of the program."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.recipes import Recipe, recipes
from tests.support.places import ROOT
from tests.tiers import sample

PAGES = [ROOT / "docs" / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
PROSE = re.sub(r"^```.*?^```", "", TEXT, flags=re.MULTILINE | re.DOTALL)
NEW = {edit.path for recipe in recipes() for edit in recipe.edits if edit.where in ("", "copy")}
ROOMS = ("", "wanx_render", "docs")


def paths() -> list[str]:
    spans = re.findall(r"`([\w./*-]+)`", PROSE)
    return sorted({s for s in spans if "/" in s or s.endswith((".py", ".md", ".yaml"))} - NEW)


@pytest.mark.parametrize("path", paths())
def test_every_path_of_the_pages_is_there(path: str) -> None:
    places = [ROOT / room for room in ROOMS]
    assert any(list(place.glob(path.rstrip("/"))) for place in places), path


@pytest.mark.parametrize(
    ("name", "path"), sorted(set(re.findall(r"`(\w+)` (?:in|of) `([\w./-]+\.\w+)`", PROSE)))
)
def test_every_name_of_the_pages_is_in_its_file(name: str, path: str) -> None:
    (file,) = [ROOT / room / path for room in ROOMS if (ROOT / room / path).is_file()]
    assert re.search(rf"\b{name}\b", file.read_text(encoding="utf-8")), f"{path} has no {name}"


def test_every_script_and_test_of_the_pages_is_there() -> None:
    for words in re.findall(r"uv run (?:python|pytest) ([^#\n`]*)", TEXT):
        for word in re.findall(r"[\w/-]+\.py|tests/[\w/]+", words):
            assert (ROOT / word).exists() or word in NEW, word


CARRIED_OUT = [recipe for recipe in recipes() if recipe.edits]


def test_every_how_to_but_one_shows_its_result() -> None:
    assert all(recipe.commands for recipe in CARRIED_OUT)
    assert {recipe.title for recipe in recipes() if not recipe.edits} == {"Add a backend"}


@pytest.mark.parametrize("recipe", sample(3, CARRIED_OUT), ids=lambda recipe: recipe.title)
def test_each_how_to_is_carried_out_in_a_copy(recipe: Recipe, tmp_path: Path) -> None:
    for name in ("wanx_render", "mock_server", "specs", "docs", "tests/broken"):
        shutil.copytree(ROOT / name, tmp_path / name)  # with what Python compiled of it
    for edit in recipe.edits:
        edit.apply(tmp_path)
    printed = "".join(carried_out(command, tmp_path, recipe) for command in recipe.commands)
    for text in recipe.prints:
        assert text in printed


def carried_out(command: str, folder: Path, recipe: Recipe) -> str:
    """What a command of a how-to prints; it must end as the how-to says."""
    words = shlex.split(command.partition("  #")[0])
    assert words[:2] == ["uv", "run"], command
    start = {
        "wanx-render": [sys.executable, "-m", "wanx_render"],
        "python": [sys.executable],
        "pytest": [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
    }
    program = [*start[words[2]], *words[3:]]
    home = folder / "home"
    environment = os.environ | {"PYTHONPATH": str(folder), "HOME": str(home)}
    ran = subprocess.run(
        program, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == recipe.exits, f"{command}\n{ran.stdout}{ran.stderr}"
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.title)
def test_each_how_to_changes_few_lines_of_few_files(recipe: Recipe) -> None:
    assert len(recipe.existing) <= 3
    assert sum(recipe.existing.values()) <= 50
