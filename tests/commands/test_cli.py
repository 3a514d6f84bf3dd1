"""The program as people meet it: real processes, exit codes, stdout and stderr."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tests.support import forking
from tests.support.media import facts
from tests.tiers import sample

LIST = """\
version: 1
project: small
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: a.png, prompt: 一只猫}
  - {id: two, image: a.png, prompt: second}
deliverables:
  - {aspect: 9:16, size: 90x160}
"""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    Image.new("RGB", (450, 800), "#884422").save(tmp_path / "a.png")
    (tmp_path / "list.yaml").write_text(LIST)

    def start(*arguments: str, env: dict[str, str] | None = None) -> Done:
        done = forking.run_text(arguments, tmp_path, {**os.environ, **(env or {})})
        assert "Traceback" not in done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return start


def test_a_file_alone_is_rendered(run: Run, tmp_path: Path) -> None:
    done = run("list.yaml")
    assert done.code == 0, done.err
    assert done.out == f"{Path('renders/small/9x16.mp4')}\n"
    assert "MOCK" in done.err
    assert "\x1b" not in done.err
    assert {p.name for p in (tmp_path / "renders" / "small").iterdir()} >= {
        "9x16.mp4", "manifest.json", "clips", "journal.sqlite", "storyboard.html",
    }  # fmt: skip
    seen = facts(tmp_path / "renders" / "small" / "9x16.mp4")
    assert (seen.width, seen.height, seen.frames) == (90, 160, 180)
    page = tmp_path / "renders" / "small" / "storyboard.html"
    first = page.read_bytes()
    page.unlink()
    report = run("report", "list.yaml")
    assert (report.code, report.out) == (0, f"{page.resolve()}\n")
    assert page.read_bytes() == first
    again = run("render", "list.yaml")
    assert again.code == 0
    assert "0 to generate" in again.err


def test_json_is_one_object_a_line_and_ends_in_a_summary(run: Run) -> None:
    done = run("render", "list.yaml", "--json", "--out", "elsewhere")
    records = [json.loads(line) for line in done.out.splitlines()]
    assert {"submitted", "clip", "segment", "deliverable"} <= {r["event"] for r in records}
    assert records[-1]["event"] == "summary"
    assert records[-1]["exit_code"] == done.code == 0
    assert records[-1]["backend"] == "mock"
    assert records[-1]["takes"] == {"succeeded": 2}
    assert records[0]["event"] == "start"
    assert (records[0]["to_make"], records[0]["cost"], records[0]["limit"]) == (2, "1.44", None)
    assert [r["spent"] for r in records if r["event"] == "clip"][-1] == "1.44"
    polled = [r for r in records if r["event"] in ("pending", "running", "polled")]
    assert polled
    assert all(r["polls"] > 0 and r["task_id"] for r in polled)
    assert Path(records[-1]["deliverables"][0]).is_file()


@pytest.mark.parametrize(
    ("change", "code"),
    sample(
        3,
        [
            (("image: a.png, prompt: second", "image: none.png"), "image-missing"),
            (("image: a.png, prompt: second", "image: bad.png"), "image-unreadable"),
            (("wanx2.1-i2v-turbo", "wanx2.1-i2v-turob"), "model-unknown"),
            (("duration: 3", "duration: 7"), "duration-unsupported"),
            ((LIST, ""), "file-empty"),
            (("shots:\n  -", "shots:\n\t-"), "yaml-tab"),
            (("project: small", "project: small\nbackend: dashscope"), "key-missing"),
        ],
    ),
)
def test_bad_input_is_reported_at_its_line_and_nothing_is_started(
    run: Run, tmp_path: Path, change: tuple[str, str], code: str
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (tmp_path / "list.yaml").write_text(LIST.replace(*change))
    done = run("list.yaml")
    assert done.code == 2
    assert f"error[{code}]" in done.err
    if code != "key-missing":
        assert re.search(r"^list\.yaml(:\d+:\d+)?: error", done.err, re.MULTILINE)
    assert "hint: " in done.err or code in ("yaml-tab", "image-unreadable")
    assert done.out == ""
    assert not (tmp_path / "renders").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    sample(
        3,
        [
            (("missing.yaml",), "missing.yaml does not exist"),
            (("rendr", "list.yaml"), "did you mean render?"),
            (("render", "list.yaml", "--ony", "one"), "--only"),
            (("render", "list.yaml", "--only", "onee"), "did you mean 'one'?"),
            (("render", "list.yaml", "--max-cost", "cheap"), "not a valid amount"),
            (("render", "list.yaml", "--out", "a.png/x"), "cannot write to the render folder"),
            (("render",), "Missing argument"),
        ],
    ),
)
def test_wrong_usage_ends_in_two_and_says_what_was_meant(
    run: Run, arguments: tuple[str, ...], expected: str
) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert expected in done.err
    assert done.out == ""


def test_an_ffmpeg_that_is_none_is_refused_before_anything_starts(run: Run, tmp_path: Path) -> None:
    done = run("list.yaml", env={"WANX_FFMPEG": sys.executable})
    assert done.code == 2
    assert "error[ffmpeg-unusable]" in done.err
    assert not (tmp_path / "renders").exists()


@pytest.mark.proof
def test_a_failed_shot_ends_in_one_and_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text(
        LIST.replace("second", '"x [[mock: fail=DataInspectionFailed]]"')
    )
    done = run("list.yaml")
    assert done.code == 1
    assert "two take 1: DataInspectionFailed" in done.err
    assert len(list((tmp_path / "renders/small/clips").glob("one-*.mp4"))) == 1
    # What failed once is tried again, and fails again.
    assert run("list.yaml").code == 1


@pytest.mark.proof
def test_a_budget_stops_a_run_before_it_starts(run: Run, tmp_path: Path) -> None:
    assert run("render", "list.yaml", "--max-cost", "1").code == 4
    budget = LIST.replace("project: small", "project: small\nbudget: {max_cost: 1.00 CNY}")
    (tmp_path / "list.yaml").write_text(budget)
    done = run("list.yaml")
    assert done.code == 4
    assert "the run costs 1.44 CNY" in done.err
    assert not list(tmp_path.glob("renders/small/clips/*"))
    (tmp_path / "list.yaml").write_text(budget.replace("1.00 CNY", "1.44 CNY"))
    assert run("list.yaml").code == 0
    # What is paid is paid: nothing is left to spend.
    (tmp_path / "list.yaml").write_text(budget.replace("1.00 CNY", "0 CNY"))
    assert run("list.yaml").code == 0


def test_an_unknown_price_is_never_taken_for_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text(
        LIST.replace("wanx2.1-i2v-turbo, resolution: 480P, duration: 3", "wan2.2-i2v-plus").replace(
            "project: small", "project: small\nregion: singapore"
        )
    )
    done = run("render", "list.yaml", "--max-cost", "100")
    assert done.code == 4
    assert "unknown price" in done.err


def test_a_folder_is_held_by_one_run(run: Run, tmp_path: Path) -> None:
    from filelock import FileLock

    folder = tmp_path / "renders" / "small"
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"):
        done = run("list.yaml")
    assert done.code == 5
    assert "another run" in done.err


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("moment", sample(1, ["submitted", "done", "fitted"]))
def test_an_interrupted_run_says_how_to_go_on_and_does(
    run: Run, tmp_path: Path, moment: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "wanx_render", "list.yaml"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # A suite that runs in the background inherits a SIGINT that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr
    output = ""
    for line in process.stderr:
        output += line
        if moment in line:
            process.send_signal(signal.SIGINT)
            break
    out, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Run the same command again" in rest
    assert "Traceback" not in rest
    assert out == ""
    done = run("list.yaml")
    assert done.code == 0
    ids = re.findall(r"submitted, task (\S+)", output + rest + done.err)
    assert len(ids) == len(set(ids)) == 2


def test_validate_reports_everything_and_sends_nothing(run: Run, tmp_path: Path) -> None:
    assert run("validate", "list.yaml").code == 0
    (tmp_path / "bad.yaml").write_text(LIST.replace("480P", "4K").replace("duration", "duratoin"))
    done = run("validate", "list.yaml", "bad.yaml", "--format", "concise")
    assert done.code == 2
    assert [line.split(": ")[1] for line in done.out.splitlines()] == [
        "error[resolution-unsupported]",
        "error[unknown-key]",
    ]
    records = json.loads(run("validate", "bad.yaml", "--format", "json").out)
    assert {r["line"] for r in records} == {3}
    assert not (tmp_path / "renders").exists()


def test_help_and_version_need_no_file(run: Run) -> None:
    assert "render" in run("--help").out
    assert run("--version").out.startswith("wanx-render, version 0.")


@pytest.mark.proof
def test_nothing_is_said_twice_and_the_prompt_cannot_move_the_cursor(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "list.yaml").write_text(
        LIST.replace("second", '"a \\e[2J [[mock: fail=InvalidParameter]]"')
    )
    done = run("list.yaml")
    assert "\x1b" not in done.err
    assert done.err.count("two take 1: submitted") == 1


def test_the_command_of_the_package_is_the_same() -> None:
    script = Path(sys.executable).with_name("wanx-render")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert "0.1" in done.stdout
