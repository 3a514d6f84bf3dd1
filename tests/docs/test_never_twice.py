"""The example projects of the page on paying twice, run as its reader runs them.

Each has a pipeline that pays once whatever happens, and one that tries three times. The same test
has to pass with the first and to fail with the second.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.pages import CHINESE, GUIDE, blocks_of
from tests.support.emulator import Twin
from tests.support.places import ROOT

PROJECTS = ROOT / "docs" / "examples" / "never-twice"
PAGE = "never-twice.md"


@dataclass(frozen=True)
class ExampleProject:
    """A project, its commands as the page has them, and what its test prints."""

    name: str
    needs: str
    prepare: str
    test: str
    naive: str
    passed: str
    failed: str
    twice: str  # how it says that two tasks were paid


EXAMPLES = (
    ExampleProject(
        "python", "python3", "", "pytest", 'PIPELINE="python naive.py" pytest',
        "11 passed", "10 failed, 1 passed", r"'a cat wakes on a roof': 2",
    ),
    ExampleProject(
        "node", "node", "", "npm test", 'PIPELINE="node naive.mjs" npm test',
        r"(?m)^. pass 11$", r"(?m)^. pass 1\n. fail 10$", r"tasks: \[",
    ),
    ExampleProject(
        "java", "javac", "javac -d classes *.java", "java -cp classes NeverTwiceTest",
        'PIPELINE="java -cp classes Naive" java -cp classes NeverTwiceTest',
        r"(passed: .*\n){11}", r"(FAILED: .*\n){10}passed: a refusal", "tasks: expected 1, got 2",
    ),
)  # fmt: skip
# .ci/run shows in one language what a bad pipeline looks like, .ci/proofs in all.
CAUGHT = EXAMPLES if os.environ.get("WALKS") == "whole" else EXAMPLES[:1]


def ids(project: ExampleProject) -> str:
    return project.name


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command of the page, where the programs of this environment are found first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {
        **os.environ,
        "PATH": path,
        "COLUMNS": "200",
        "PYTHONPATH": str(ROOT),
        "PYTEST_ADDOPTS": "",
        "HOME": str(folder),
        "NO_UPDATE_NOTIFIER": "1",  # npm
    }
    return subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a project, as its reader has it."""
    project = request.getfixturevalue("project")
    if shutil.which(project.needs) is None:
        pytest.skip(f"{project.needs} is missing")
    copy = tmp_path / project.name
    shutil.copytree(PROJECTS / project.name, copy)
    if project.prepare:
        prepared = run(project.prepare, copy)
        assert prepared.returncode == 0, prepared.stderr
    return copy


@pytest.mark.proof
@pytest.mark.parametrize("project", EXAMPLES, ids=ids)
def test_the_pipeline_of_a_project_pays_once(project: ExampleProject, folder: Path) -> None:
    ran = run(project.test, folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(project.passed, ran.stdout), ran.stdout


@pytest.mark.proof
@pytest.mark.parametrize("project", CAUGHT, ids=ids)
def test_a_pipeline_that_tries_three_times_is_caught(project: ExampleProject, folder: Path) -> None:
    ran = run(project.naive, folder)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert re.search(project.failed, ran.stdout), ran.stdout
    assert re.search(project.twice, ran.stdout), ran.stdout


@pytest.mark.parametrize("page", [GUIDE / PAGE, CHINESE / PAGE], ids=["en", "zh"])
def test_the_page_has_the_commands_and_links_every_file(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for project in EXAMPLES:
        for command in (project.prepare, project.test, project.naive):
            assert command in text
        for file in (PROJECTS / project.name).iterdir():
            assert f"examples/never-twice/{project.name}/{file.name})" in text


@pytest.mark.parametrize("page", [GUIDE / PAGE, CHINESE / PAGE], ids=["en", "zh"])
def test_the_ledger_has_the_names_that_the_page_promises(page: Path) -> None:
    (shown,) = (json.loads(block.text) for block in blocks_of(page) if block.kind == "json")
    twin = Twin()
    for _ in range(2):
        twin.task()
    ledger = twin.ledger()
    assert [*ledger] == [*shown]
    assert [*ledger["submissions"][0]] == [*shown["submissions"][0]]
    assert [*ledger["totals"]] == [*shown["totals"]]
    (request,) = twin.call("GET", "/_mock/requests?limit=1").json()["requests"]
    (note,) = request["notes"]  # of a parameter that no document has
    for name in (*ledger["paid_twice"][0], *request, *note):
        assert f"`{name}`" in page.read_text(encoding="utf-8")


def test_the_three_calls_of_the_page_work_in_any_language() -> None:
    """With the headers that curl sends: its bodies have the type of a form."""
    (calls,) = (b for b in blocks_of(GUIDE / PAGE) if "$ADMIN/faults" in b.text)
    faults, clock = re.findall(r"-d '(.*)'", calls.text)
    twin = Twin()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    before = twin.service.clock.now("t1")
    for path, body in (("faults", faults), ("clock", clock)):
        assert twin.call("POST", f"/_mock/{path}", headers=form, content=body).status_code == 200
    assert (twin.service.clock.now("t1") - before).total_seconds() == 90_000
    line = json.dumps(["account=t1 on=create nth=1 effect=reset stage=after"])
    same = twin.call("PUT", "/_mock/faults", headers=form, content=line).json()["faults"][0]
    assert {**json.loads(faults)[0], "nth": [1], "struck": 0} == same
    assert twin.call("GET", "/_mock/ledger?account=t1").json()["submissions"] == []
