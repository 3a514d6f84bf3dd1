"""A forked program does what one that was started does: most tests run the former."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import forking
from tests.support.process import environment, project, wanx


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "list.yaml", "bad.yaml", "--format", "json"),
        ("status", "list.yaml"),
        ("list.yaml", "--ony", "one"),
        ("plan", "list.yaml"),
    ],
)
def test_it_says_the_same_and_ends_with_the_same_code(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    project(tmp_path)
    (tmp_path / "bad.yaml").write_text("version: 1\n猫: 🎉\n", encoding="utf-8")
    environ = environment(WANX_LANG="zh")
    forked = forking.run(arguments, tmp_path, environ)
    command = [sys.executable, "-m", "wanx_render", *arguments]
    started = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True)
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        started.returncode, started.stdout, started.stderr,
    )  # fmt: skip
    assert forked.stdout or forked.stderr


def test_runs_do_not_see_each_others_environment(tmp_path: Path) -> None:
    project(tmp_path)
    chinese, english = (
        wanx(tmp_path, "status", "list.yaml", WANX_LANG=language).text for language in ("zh", "en")
    )
    assert "nothing was rendered yet" in english
    assert "nothing was rendered yet" not in chinese


def test_an_interpreter_with_other_settings_is_started(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('hello')")
    done = wanx(tmp_path, "validate", "none.yaml", PYTHONPATH=str(tmp_path))
    assert (done.code, done.out.startswith(b"hello")) == (2, True)


def test_a_run_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    project(tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        forking.run(("list.yaml",), tmp_path, environment(), timeout=0.05)
    # It has gone: the folder is free at once, which a run that went on would hold.
    assert forking.run(("list.yaml",), tmp_path, environment()).returncode == 0


def test_a_run_that_is_killed_says_by_what(tmp_path: Path) -> None:
    project(tmp_path)
    script = tmp_path / "ffmpeg"
    script.write_text("#!/bin/sh\nkill -9 $PPID\n")
    script.chmod(0o755)
    done = forking.run(("list.yaml",), tmp_path, environment(WANX_FFMPEG=str(script)))
    assert done.returncode == -signal.SIGKILL
