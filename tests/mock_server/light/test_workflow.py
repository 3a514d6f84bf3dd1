"""The example for GitHub Actions: valid by the schema of workflows, and its steps really run."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.mock_server.light.environments import (
    UV,
    environment,
    free_port,
    ran,
    skip_without_registry,
    substituted,
)
from tests.support.places import ROOT

pytestmark = [pytest.mark.proof, pytest.mark.skipif(not UV, reason="needs uv")]

FOLDER = ROOT / "docs" / "examples" / "github-actions"
WORKFLOW = FOLDER / "emulator.yml"
STEPS = ["Install the emulator", "Start the emulator", "Test", "Nothing was paid twice"]


@dataclass
class Job:
    """A job of the workflow in a checkout, as a runner plays it: what ran, and what it printed."""

    folder: Path
    machine: Path
    workflow: dict[str, Any]
    done: list[str] = field(default_factory=list)
    printed: str = ""
    failed: str = ""
    groups: list[int] = field(default_factory=list)

    def play(self) -> None:
        """Play the steps that are commands; those that ``uses`` actions are given here."""
        for step in self.workflow["jobs"]["test"]["steps"]:
            if "run" in step and (step.get("if") == "failure()") == bool(self.failed):
                self._run(step)

    def _run(self, step: dict[str, Any]) -> None:
        process = subprocess.Popen(
            ["/bin/bash", "-e", "-c", step["run"]], cwd=self.folder, env=self._environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        )  # fmt: skip
        self.groups.append(process.pid)
        printed, _ = process.communicate(timeout=300)
        skip_without_registry(printed if process.returncode else "")
        self.printed += printed
        self.done.append(step["name"])
        if process.returncode:
            self.failed = self.failed or step["name"]

    def _environment(self) -> dict[str, str]:
        temporary = self.machine / "temporary"
        temporary.mkdir(exist_ok=True)
        path = f"{self.machine / 'python' / 'bin'}:{environment()['PATH']}"
        return environment(
            **self.workflow["env"], RUNNER_TEMP=str(temporary), PATH=path, NO_PROXY="127.0.0.1"
        )

    def end(self) -> None:
        """End what its steps left running, as a runner does at the end of a job."""
        for group in self.groups:
            try:
                os.killpg(group, signal.SIGTERM)
            except ProcessLookupError:
                continue


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where jobs run one after another, with the Python of ``setup-python``."""
    folder = tmp_path_factory.mktemp("machine")
    ran([UV, "venv", "-q", "--seed", folder / "python"], folder)
    return folder


@pytest.fixture
def job(wheel: Path, machine: Path, tmp_path: Path) -> Iterator[Job]:
    """A checkout with the example and the wheel in it."""
    if shutil.which("curl", path=environment()["PATH"]) is None:
        pytest.skip("needs curl")
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / "wheels").mkdir()
    shutil.copy(wheel, tmp_path / "wheels")
    text = substituted(WORKFLOW.read_text(encoding="utf-8"), {"8765": str(free_port())})
    job = Job(tmp_path, machine, yaml.safe_load(text))
    yield job
    job.end()


def test_the_workflow_is_valid_by_the_schema_of_workflows(tmp_path: Path) -> None:
    command = [UV, "tool", "run", "-q", "check-jsonschema", "--builtin-schema"]
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOW.read_text(encoding="utf-8").replace("runs-on:", "run-on:"))
    for file, word in ((WORKFLOW, "ok"), (broken, "runs-on")):
        done = subprocess.run(
            [*command, "vendor.github-workflows", file], cwd=tmp_path, env=environment(),
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        skip_without_registry(done.stderr)
        assert word in done.stdout, done.stdout + done.stderr
        assert (done.returncode == 0) == (file == WORKFLOW)


def test_its_steps_install_start_test_and_ask_the_ledger(job: Job) -> None:
    job.play()
    assert (job.failed, job.done) == ("", STEPS), job.printed
    assert (job.folder / "clip.mp4").is_file()


def test_a_pipeline_that_pays_twice_fails_and_its_requests_are_shown(job: Job) -> None:
    (test,) = (s for s in job.workflow["jobs"]["test"]["steps"] if s.get("name") == "Test")
    test["run"] += "\nsh pipeline.sh"
    job.play()
    assert job.failed == "Nothing was paid twice", job.printed
    assert job.done == [*STEPS, "Say what was sent"]
    assert "video-synthesis" in job.printed and "sk-mock-ci" not in job.printed
