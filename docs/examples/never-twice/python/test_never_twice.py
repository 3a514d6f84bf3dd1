"""Whatever happens to the answer or to the pipeline, a clip is paid for once.

PIPELINE is the command to test: your own, if it takes a job, a prompt and the address of a picture.
"""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

PIPELINE = shlex.split(os.environ.get("PIPELINE", f"{shlex.quote(sys.executable)} pipeline.py"))
PROMPT = "a cat wakes on a roof"
COMMAND = [*PIPELINE, "cat", PROMPT, "https://example.com/roof.png"]
HERE = Path(__file__).parent
LOST = (
    "effect=reset stage=after",
    "effect=close stage=headers",
    "effect=truncated stage=after",
    "effect=html stage=after",
    "effect=error status=503 stage=after",
    "effect=error status=500 form=nested stage=after",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for each test, and no waiting."""
    monkeypatch.setenv("PIPELINE_FOLDER", str(tmp_path))
    monkeypatch.setenv("PIPELINE_PACE", "0.02")
    return tmp_path


def run() -> int:
    return subprocess.run(COMMAND, cwd=HERE, timeout=60).returncode


def run_and_kill(account) -> None:
    """Start the pipeline, and kill it between the service's acceptance and its answer."""
    process = subprocess.Popen(COMMAND, cwd=HERE)
    deadline = time.monotonic() + 30
    while not account.ledger["submissions"] and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer(wanx_mock, folder, fault) -> None:
    wanx_mock.faults(f"on=create nth=1 {fault}")
    assert run() == 0
    wanx_mock.assert_submitted_once(PROMPT)
    assert (folder / "cat.mp4").read_bytes()[4:8] == b"ftyp"


@pytest.mark.wanx_faults("on=create nth=1 effect=reset stage=after", "on=list times=2 effect=lag")
def test_a_lost_answer_and_a_list_that_lags(wanx_mock) -> None:
    assert run() == 0
    wanx_mock.assert_submitted_once(PROMPT)


@pytest.mark.wanx_faults("on=create nth=1 effect=never stage=after")
def test_a_killed_pipeline_continues(wanx_mock) -> None:
    run_and_kill(wanx_mock)
    assert run() == 0
    wanx_mock.assert_submitted_once(PROMPT)


@pytest.mark.wanx_faults("on=create nth=1 effect=never stage=after")
def test_a_pipeline_that_was_dead_for_a_day_asks_a_person(wanx_mock) -> None:
    run_and_kill(wanx_mock)
    wanx_mock.clock.advance(25 * 3600)
    assert run() == 4
    wanx_mock.assert_submitted_once(PROMPT)


def test_a_finished_job_sends_nothing(wanx_mock) -> None:
    assert run() == run() == 0
    wanx_mock.assert_submitted_once(PROMPT)
    wanx_mock.assert_no_key_sent_to_media()


@pytest.mark.wanx_faults("on=create times=2 status=429")
def test_a_refusal_is_tried_again(wanx_mock) -> None:
    assert run() == 0
    wanx_mock.assert_submitted_once(PROMPT)
